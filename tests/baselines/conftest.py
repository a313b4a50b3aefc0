"""Connectomes and diagrams that the tests of the baselines share."""

import pytest

from sktopo.baselines import (
    RipsDiagrams,
)
from sktopo.datasets import make_modular_connectomes

gudhi = pytest.importorskip("gudhi")
kmedoids = pytest.importorskip("kmedoids")
networkx = pytest.importorskip("networkx")


@pytest.fixture(scope="module")
def study():
    """Connectomes of 2 groups of 8 modular graphs, as shares of 1; their groups."""
    X, y = make_modular_connectomes(
        8, n_nodes=14, n_modules=(2, 5), p_within=0.9, random_state=0
    )
    return X / X.max(), y


@pytest.fixture(scope="module")
def diagrams(study):
    return RipsDiagrams().fit_transform(study[0])
