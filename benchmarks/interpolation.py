"""The connectome behind a barycenter: ``python -m benchmarks.interpolation``.

GraphPersistence.inverse_transform takes fixed-point steps towards the minimum of

    (1 - λ) ‖w - e‖² + λ W2²(barcode of w, b),

with e the mean connectome and b the barycenter of a group of modular connectomes.
The published topological interpolation takes 300 gradient steps of a learning rate
of 0.05, from the barycenter before, which in the first round is one of the networks.
Here the gradient starts from networks of the group, as published, and also from the
mean connectome, as the fixed-point steps do, at several learning rates. All objectives
are those of the published sum form.

T. Songdechakraiwut, B. M. Krause, M. I. Banks, K. V. Nourski and B. D. Van Veen, "Fast
topological clustering with Wasserstein distance", ICLR 2022,
https://arxiv.org/abs/2112.00101
"""

import argparse
from time import perf_counter

import numpy as np

from sktopo import GraphPersistence
from sktopo.barcodes import barcode_edges, barcode_rows
from sktopo.datasets import make_modular_connectomes

N_MODULES = (2, 3, 5)
WEIGHTS = (0.9, 0.99)
PUBLISHED_RATE = 0.05
RATES = (0.01, PUBLISHED_RATE, 0.2)
N_STEPS = 300
N_STARTS = 5


def measure(w, e, b, weight):
    """Objective at w, and the order of its births and deaths.

    Parameters
    ----------
    w, e, b : ndarray of shape (n_edges,)
        Connectome row, mean connectome row, barcode of the barycenter.

    weight : float
        The weight λ of topology.

    Returns
    -------
    objective : float
        In squared units of the edge weights.

    order : ndarray of shape (n_edges,)
        The edges of w in the order of its barcode.
    """
    order = barcode_edges(w[None])[0]
    distance = np.sum((w[order] - b) ** 2)
    return (1 - weight) * np.sum((w - e) ** 2) + weight * distance, order


def descend(w, e, b, weight, rate, n_steps=N_STEPS):
    """Objective after gradient steps; a rate of 1/2 is the fixed-point step.

    Parameters
    ----------
    w, e, b : ndarray of shape (n_edges,)
        Where to start, mean connectome row, barcode of the barycenter.

    weight : float
        The weight λ of topology.

    rate : float
        Learning rate.

    n_steps : int, default=300
        Number of steps.

    Returns
    -------
    objective : float
        Objective after the last step.
    """
    objective, order = measure(w, e, b, weight)
    for _ in range(n_steps):
        placed = np.empty_like(w)
        placed[order] = b
        w = w - 2 * rate * ((1 - weight) * (w - e) + weight * (w - placed))
        objective, order = measure(w, e, b, weight)
    return objective


def compare(X, weight):
    """Compare both ways to the connectome behind the barycenter of some connectomes.

    Parameters
    ----------
    X : ndarray of shape (n_networks, n_edges)
        Connectome rows of one group.

    weight : float
        The weight λ of topology.

    Returns
    -------
    row : dict of str to float
        Objectives, and seconds of the two ways from the mean connectome.
    """
    e, b = X.mean(axis=0), barcode_rows(X).mean(axis=0)
    persistence = GraphPersistence(normalize=False, topology_weight=weight).fit(X)
    center = persistence.transform(X).mean(axis=0, keepdims=True)
    start = perf_counter()
    found = persistence.inverse_transform(center)[0]
    row = {"seconds": perf_counter() - start}
    row["found"] = measure(found, e, b, weight)[0]
    row["one step"] = descend(e, e, b, weight, 0.5, n_steps=1)
    for rate in RATES:
        start = perf_counter()
        row[f"mean, {rate}"] = descend(e, e, b, weight, rate)
        row["gradient seconds"] = perf_counter() - start
    row["networks"] = [
        descend(network, e, b, weight, PUBLISHED_RATE) for network in X[:N_STARTS]
    ]
    return row


def main(argv=None):
    """Print objectives of both ways for each group."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n-nodes", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(argv)
    print(
        f"{options.n_nodes} nodes, 20 networks a group; objective in the sum form, "
        f"after {N_STEPS} gradient steps where not said otherwise"
    )
    rates = "".join(f"{f'mean, {rate}':>12}" for rate in RATES)
    print(
        f"{'λ':4}  modules  inverse_transform  one step{rates}  "
        f"{f'{N_STARTS} networks, {PUBLISHED_RATE}':>20}  seconds: inverse  gradient"
    )
    X, y = make_modular_connectomes(
        n_nodes=options.n_nodes, n_modules=N_MODULES, random_state=options.seed
    )
    for weight in WEIGHTS:
        for group, n_modules in enumerate(N_MODULES):
            row = compare(X[y == group], weight)
            from_mean = "".join(f"{row[f'mean, {rate}']:12.4f}" for rate in RATES)
            spread = f"{min(row['networks']):.4f} to {max(row['networks']):.4f}"
            print(
                f"{weight:<4}  {n_modules:7}  {row['found']:17.4f}  "
                f"{row['one step']:8.4f}{from_mean}  {spread:>20}  "
                f"{row['seconds']:16.3f}  {row['gradient seconds']:8.3f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
