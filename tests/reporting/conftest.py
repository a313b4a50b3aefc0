"""Samples that reports are made of."""

import numpy as np
import pytest

for library in ("jinja2", "matplotlib", "pandas"):
    pytest.importorskip(library)


@pytest.fixture(scope="session")
def make_graphs():
    """Return a function that makes connectomes of classes that differ by `shift`."""

    def make(n_classes=2, n_samples=8, n_nodes=8, shift=0.3):
        rng = np.random.default_rng(0)
        y = np.repeat(np.arange(n_classes), n_samples)
        X = rng.random((len(y), n_nodes * (n_nodes - 1) // 2)) / 2
        X += shift * y[:, np.newaxis] / max(1, n_classes - 1)
        return X, y

    return make


@pytest.fixture(scope="session")
def make_options():
    """Return a function that makes the options of a quick report."""
    from sktopo.reporting._study import read_options

    def make(n_permutations=99, **other):
        given = {
            "title": None,
            "random_state": 0,
            "n_jobs": None,
            "memory": None,
            "verbose": False,
        }
        return read_options(n_permutations=n_permutations, **{**given, **other})

    return make


@pytest.fixture(scope="session")
def make_study(make_graphs, make_options):
    """Return a function that makes a study of connectomes, and its options."""
    from sktopo.reporting._sources import study_connectomes

    def make(X=None, y=None, **parameters):
        names = ("samples", "sample_groups", "covariates")
        given = {name: parameters.get(name) for name in names}
        options = make_options(parameters.get("n_permutations", 99))
        nodes = (None, parameters.get("groups"))
        are_matched = parameters.get("are_matched", True)
        study = study_connectomes(
            X, y, options, nodes=nodes, are_matched=are_matched, **given
        )
        return study, options

    return make
