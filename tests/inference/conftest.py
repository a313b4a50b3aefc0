"""Studies to test, and the two tests beside their statistics, written as loops."""

import numpy as np
import pytest

from sktopo.inference import permanova, permutation_test


@pytest.fixture(name="make_study", scope="session")
def make_study_fixture():
    return make_study


def make_study(sizes, seed=0, n_features=4):
    """Make rows of normal numbers and the labels 0, 0, ..., 1, ... of such groups."""
    rows = np.random.default_rng(seed).normal(size=(sum(sizes), n_features))
    return rows, np.repeat(np.arange(len(sizes)), sizes)


def loop_pairs(distances, y):
    """List distances between and within groups, pair by pair."""
    between, within = [], []
    for i in range(len(y)):
        for j in range(i):
            (within if y[i] == y[j] else between).append(distances[i][j])
    return between, within


def loop_ratio(distances, y):
    between, within = loop_pairs(distances, y)
    return (sum(between) / len(between)) / (sum(within) / len(within))


def loop_f(distances, y):
    """Compute pseudo-F from its definition, pair by pair."""
    n, names = len(y), sorted(set(y))
    total = sum(distances[i][j] ** 2 for i in range(n) for j in range(i)) / n
    within = 0
    for name in names:
        members = [i for i in range(n) if y[i] == name]
        squares = [distances[i][j] ** 2 for i in members for j in members if j < i]
        within += sum(squares) / len(members)
    return ((total - within) / (len(names) - 1)) / (within / (n - len(names)))


TESTS = {"ratio": (permutation_test, loop_ratio), "permanova": (permanova, loop_f)}


@pytest.fixture(params=TESTS)
def pair(request):
    """Provide a test and its statistic, written as loops."""
    return TESTS[request.param]
