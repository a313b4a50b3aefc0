"""Simulation study of the ICLR 2022 paper: ``python -m benchmarks.iclr_simulation``.

Groups of random modular connectomes are clustered by their topology, and the purity
is compared with the published one. Groups with equal numbers of modules cannot be
distinguished: their row shows the purity that is expected by chance.

Published figures: T. Songdechakraiwut, B. M. Krause, M. I. Banks, K. V. Nourski and
B. D. Van Veen, "Fast topological clustering with Wasserstein distance", ICLR 2022,
https://arxiv.org/abs/2112.00101
"""

import argparse

import numpy as np
from joblib import Parallel, delayed
from sklearn.pipeline import make_pipeline

from sktopo import GraphPersistence, TopClusterer
from sktopo.datasets import make_modular_connectomes
from sktopo.metrics import purity_score

# (nodes, modules of each group, published mean, published standard deviation)
PUBLISHED = (
    (60, (2, 3, 5), 0.75, 0.06),
    (60, (2, 5, 10), 0.78, 0.07),
    (120, (2, 3, 5), 0.95, 0.03),
    (120, (2, 5, 10), 0.86, 0.12),
    (60, (2, 2, 2), 0.42, 0.03),
    (60, (5, 5, 5), 0.42, 0.03),
)


def simulate_purity(n_nodes, n_modules, seed):
    """Purity of one clustering of connectomes drawn with `seed`.

    As published: the distance is the sum over births and deaths, the weights are
    not used beyond their topology, and k-means has one random start.

    Parameters
    ----------
    n_nodes : int
        Number of nodes of every connectome.

    n_modules : tuple of int
        Number of modules of each group.

    seed : int
        Seed of the connectomes and of the clustering.

    Returns
    -------
    purity : float
        Purity of the clusters, in [0, 1].
    """
    X, y = make_modular_connectomes(
        n_nodes=n_nodes, n_modules=n_modules, random_state=seed
    )
    study = make_pipeline(
        GraphPersistence(normalize=False),
        TopClusterer(
            n_clusters=len(n_modules), init="random", n_init=1, random_state=seed
        ),
    )
    return purity_score(y, study.fit_predict(X))


def main(argv=None):
    """Print published and measured purity of every simulation."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=30)
    parser.add_argument("--n-jobs", type=int, default=2)
    options = parser.parse_args(argv)
    if options.repetitions < 1:
        parser.error(f"--repetitions must be at least 1, got {options.repetitions}")

    print(f"Purity over {options.repetitions} repetitions, mean ± standard deviation")
    print(f"{'nodes':>5}  {'modules':8}  published    measured     difference")
    for n_nodes, n_modules, mean, std in PUBLISHED:
        purities = Parallel(n_jobs=options.n_jobs)(
            delayed(simulate_purity)(n_nodes, n_modules, seed)
            for seed in range(options.repetitions)
        )
        measured, spread = np.mean(purities), np.std(purities)
        modules = "/".join(str(m) for m in n_modules)
        print(
            f"{n_nodes:5}  {modules:8}  {mean:.2f} ± {std:.2f}  "
            f"{measured:.3f} ± {spread:.3f}  {measured - mean:+.3f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
