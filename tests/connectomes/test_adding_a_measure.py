"""A measure is added as the contributing page says: a function and a line."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.spatial.distance import pdist
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from sktopo import FunctionalConnectome
from sktopo.connectomes.measures import MEASURES


def cosine(activations):
    """Compute the cosine of the angle between every pair of units."""
    lengths = np.linalg.norm(activations, axis=0)
    lengths[lengths == 0] = 1
    return activations.T @ activations / np.outer(lengths, lengths)


@pytest.fixture(autouse=True)
def added(monkeypatch):
    """Add the line ``"cosine": cosine`` to MEASURES for each test."""
    monkeypatch.setitem(MEASURES, "cosine", cosine)


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_the_estimator_computes_it(activations, n_jobs):
    connectome = FunctionalConnectome("cosine", absolute=False, n_jobs=n_jobs)
    rows = connectome.fit_transform(activations)
    expected = [1 - pdist(sample.T, "cosine") for sample in activations]
    assert_allclose(rows, expected)
    assert connectome.get_feature_names_out()[0] == "x0--x1"
    copy = clone(connectome)
    assert copy.get_params()["measure"] == "cosine"
    assert_allclose(copy.fit_transform(activations), expected)


def test_constant_units_are_replaced(activations):
    activations[0, :, 1] = 3
    connectome = FunctionalConnectome("cosine", constant_units="nan")
    rows = connectome.fit_transform(activations)
    assert np.isnan(rows).sum(axis=1).tolist() == [4, 0, 0]
    with pytest.warns(UserWarning, match="1 constant unit"):
        rows = connectome.set_params(constant_units="zero").fit_transform(activations)
    assert np.count_nonzero(rows[0] == 0) == 4


def test_unknown_names_are_answered_with_all_names(activations):
    with pytest.raises(ValueError, match="'phase locking value', 'cosine'"):
        FunctionalConnectome("cosin").fit(activations)


def test_it_relates_samples_only(activations):
    with pytest.raises(ValueError, match="measure='cosine' relates units over many"):
        FunctionalConnectome("cosine").fit(activations[0])


def test_a_search_compares_it_with_others():
    """Only the cosine sees a difference in the means of units."""
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], 12)
    X = rng.normal(size=(24, 60, 6)) + 3 * y[:, None, None]
    search = GridSearchCV(
        make_pipeline(FunctionalConnectome(), SVC()),
        {"functionalconnectome__measure": ["correlation", "cosine", "spearman"]},
        cv=3,
    ).fit(X, y)
    assert search.best_params_ == {"functionalconnectome__measure": "cosine"}
    assert search.best_score_ == 1
    assert np.all(np.isfinite(search.cv_results_["mean_test_score"]))
