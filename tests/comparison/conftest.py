"""Connectomes and estimators that the tests of comparisons share."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, ClusterMixin

from sktopo.datasets import make_modular_connectomes


@pytest.fixture(scope="module")
def study():
    """Connectomes of 2 groups of 9 modular graphs, as shares of 1; their groups."""
    X, y = make_modular_connectomes(
        9, n_nodes=12, n_modules=(2, 5), p_within=0.9, random_state=0
    )
    return X / X.max(), y


@pytest.fixture(scope="module")
def small_study():
    """Make few small graphs, whose diagrams are compared in little time."""
    X, y = make_modular_connectomes(6, n_nodes=8, n_modules=(2, 4), random_state=0)
    return X / X.max(), y


class Spy(ClassifierMixin, ClusterMixin, BaseEstimator):
    """Note which samples, identified by their first number, reach which method."""

    seen = []

    def __init__(self, power=1, random_state=None):
        self.power = power
        self.random_state = random_state

    def fit(self, X, y=None):
        self.seen.append(("fit", set(X[:, 0]), y is not None))
        self.classes_ = np.array([0, 1])
        self.labels_ = np.zeros(len(X), dtype=int)
        return self

    def predict(self, X):
        self.seen.append(("predict", set(X[:, 0]), None))
        return np.zeros(len(X), dtype=int)


@pytest.fixture
def spy(monkeypatch):
    """Return the class Spy, which has seen nothing."""
    monkeypatch.setattr(Spy, "seen", [])
    return Spy


class Failing(ClassifierMixin, ClusterMixin, BaseEstimator):
    """Fail in `fit` as long as the file does not exist."""

    def __init__(self, path=None):
        self.path = path

    def fit(self, X, y=None):
        if self.path is None or not self.path.exists():
            raise RuntimeError("the cable is not plugged in")
        self.labels_ = np.zeros(len(X), dtype=int)
        self.classes_ = np.array([0, 1])
        return self

    def predict(self, X):
        return np.zeros(len(X), dtype=int)


@pytest.fixture
def failing():
    """Return the class Failing."""
    return Failing


class Counting:
    """Count calls of a function that returns its argument."""

    def __init__(self):
        self.calls = 0

    def __call__(self, X):
        self.calls += 1
        return X


COUNTING = Counting()


def count(X):
    return COUNTING(X)


@pytest.fixture
def counting(monkeypatch):
    """Return a function that counts its calls, and the object with the number."""
    monkeypatch.setattr(COUNTING, "calls", 0)
    return count, COUNTING
