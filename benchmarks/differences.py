"""Errors and power of tables of differences: ``python -m benchmarks.differences``.

Simulated studies of graphs with two layers, in two groups. It is counted how often
``sktopo.inference.difference_table`` reports a difference (a corrected p-value of at
most 0.05 in any row) where there is none, where groups follow the mean weight and
nothing else, and where one layer differs. Each rate is printed with its standard error.

Where groups follow the mean weight, it varies for one of two reasons: a number was
added to all weights of a graph, or its units share a factor of another strength.
"""

import argparse

import numpy as np
from joblib import Parallel, delayed

from sktopo import FunctionalConnectome
from sktopo.inference import difference_table

LAYERS = np.repeat(["first", "second"], [12, 8])
GROUP_SIZE = 12
N_OBSERVATIONS = 60
LEVEL = 0.05
# Columns of the table that are counted, and what they are called here.
COLUMNS = {
    "pvalue": "uncorrected",
    "adjusted_pvalue": "corrected",
    "adjusted_pvalue_given_level": "corrected, given level",
}
KINDS = ("no difference", "level, added", "level, by factor", "second layer")


def simulate_study(kind, seed):
    """Simulate the connectomes of two groups.

    Parameters
    ----------
    kind : str
        One of `KINDS`.

    seed : int
        Seed of the random numbers.

    Returns
    -------
    X : ndarray of shape (n_graphs, n_edges)
        Absolute correlations, to which a number is added in one kind of studies.

    y : ndarray of shape (n_graphs,)
        The group of each graph.
    """
    rng = np.random.default_rng([KINDS.index(kind), seed])
    y = np.repeat([0, 1], GROUP_SIZE)
    shape = (len(y), N_OBSERVATIONS, len(LAYERS))
    activations = rng.normal(size=shape)
    # How strong the common factor is varies between graphs, as in trained networks.
    strength = rng.uniform(0.4, 1.0, size=(len(y), 1, 1))
    if kind == "level, added":
        strength[:] = 0.7
    activations += strength * rng.normal(size=(*shape[:2], 1))
    if kind == "second layer":
        own = 0.7 * np.outer(y, LAYERS == "second")
        activations += own[:, None] * rng.normal(size=(*shape[:2], 1))
    X = FunctionalConnectome().fit_transform(activations)
    if kind == "level, added":
        X += 0.5 + 0.1 * rng.normal(size=(len(y), 1))
    if kind.startswith("level"):
        level = X.mean(axis=1)
        # The upper half of the mean weights, with noise, is the second group.
        order = np.argsort(level + level.std() * rng.normal(size=len(y)))
        y = np.argsort(order) // GROUP_SIZE
    return X, y


def analyse_study(kind, seed, n_permutations):
    """Make the table of one study.

    Returns the smallest p-value of each of `COLUMNS`, the block of the row with the
    largest effect, and the smallest corrected p-values of rows within the first layer.
    """
    X, y = simulate_study(kind, seed)
    table = difference_table(
        X,
        y,
        groups=LAYERS,
        n_permutations=n_permutations,
        random_state=seed,
        n_jobs=1,
    )
    largest = table["omega_squared"].idxmax()
    first = table[table["block"] == "first"]
    return {
        **{name: float(table[column].min()) for column, name in COLUMNS.items()},
        "block": table["block"][largest],
        "first": float(first["adjusted_pvalue"].min()),
        "first, given level": float(first["adjusted_pvalue_given_level"].min()),
    }


def describe_rate(hits):
    """Describe a share and its standard error."""
    share = np.mean(hits)
    error = np.sqrt(share * (1 - share) / len(hits))
    return f"{share:.3f} ± {error:.3f}"


def main(argv=None):
    """Print the rates of every kind of study."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=1000, help="of each kind")
    parser.add_argument("--permutations", type=int, default=999)
    parser.add_argument("--n-jobs", type=int, default=2)
    options = parser.parse_args(argv)
    if options.studies < 1:
        parser.error(f"--studies must be at least 1, got {options.studies}")

    print(f"Share of {options.studies} studies with a p-value of at most {LEVEL}")
    print(f"{'':20}" + "".join(f"{name:>24}" for name in COLUMNS.values()))
    for kind in KINDS:
        found = Parallel(n_jobs=options.n_jobs)(
            delayed(analyse_study)(kind, seed, options.permutations)
            for seed in range(options.studies)
        )
        rates = [
            describe_rate([study[name] <= LEVEL for study in found])
            for name in COLUMNS.values()
        ]
        print(f"{kind:20}" + "".join(f"{rate:>24}" for rate in rates), flush=True)
        if kind == "second layer":
            for title, hits in (
                (
                    "largest effect is within it",
                    [s["block"] == "second" for s in found],
                ),
                ("first layer differs", [s["first"] <= LEVEL for s in found]),
                (
                    "first layer differs, given level",
                    [s["first, given level"] <= LEVEL for s in found],
                ),
            ):
                print(f"  {title:34}{describe_rate(hits)}")


if __name__ == "__main__":
    main()
