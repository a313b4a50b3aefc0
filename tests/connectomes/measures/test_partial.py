"""Partial correlation against scikit-learn, regression and nilearn's formula."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.covariance import OAS, EmpiricalCovariance, LedoitWolf, ShrunkCovariance

from sktopo import FunctionalConnectome
from sktopo.connectomes.measures import partial_correlation
from sktopo.connectomes.measures._partial import find_shrinkage


def relate_by(estimator, sample):
    """Compute partial correlations with an estimator of scikit-learn."""
    scores = (sample - sample.mean(axis=0)) / sample.std(axis=0)
    precision = estimator.fit(scores).precision_
    matrix = -precision / np.sqrt(np.outer(*[precision.diagonal()] * 2))
    np.fill_diagonal(matrix, 1)
    return matrix


def test_partial_correlation_separates_direct_from_indirect():
    rng = np.random.default_rng(1)
    a = rng.normal(size=20000)
    b = a + rng.normal(size=a.size)
    c = b + rng.normal(size=a.size)
    matrix = partial_correlation(np.column_stack([a, b, c]))
    # Given b, a and c are independent; the other two follow from the precision
    # matrix [[2, -1, 0], [-1, 2, -1], [0, -1, 1]] of (a, b, c).
    root = 1 / np.sqrt(2)
    expected = [[1, 1 / 2, 0], [1 / 2, 1, root], [0, root, 1]]
    assert_allclose(matrix, expected, atol=0.02)


def test_partial_correlation_equals_residuals_of_regression():
    sample = np.random.default_rng(2).normal(size=(20000, 4)) @ np.tri(4)
    rest = sample[:, 2:] - sample[:, 2:].mean(0)
    residuals = [
        unit
        - unit.mean()
        - rest @ np.linalg.lstsq(rest, unit - unit.mean(), rcond=None)[0]
        for unit in sample[:, :2].T
    ]
    found = partial_correlation(sample)[0, 1]
    assert_allclose(found, np.corrcoef(residuals)[0, 1], atol=0.01)


@pytest.mark.parametrize("n_observations", [4, 40])  # fewer than units, and more
def test_partial_correlation_of_collinear_units(n_observations):
    sample = np.random.default_rng(3).normal(size=(n_observations, 6))
    sample[:, 1] = sample[:, 0] * 2
    expected = relate_by(LedoitWolf(assume_centered=True), sample)
    assert_allclose(partial_correlation(sample), expected, rtol=1e-6)


@pytest.mark.parametrize(
    "sample", [[[0, 5, 1], [1, 7, 0]], [[0, 0, 1], [1, 1, 1], [0, 0, 1], [1, 1, 1]]]
)
def test_partial_correlation_that_is_not_defined(sample):
    """Nothing is shrunk where all scores are -1 or 1, so there is no inverse."""
    with pytest.raises(
        ValueError,
        match="^The partial correlation of unit 0 is not defined: .* as a number.$",
    ):
        partial_correlation(sample)


SAMPLE = np.random.default_rng(0).normal(size=(30, 4)) @ np.tri(4)


@pytest.mark.parametrize(
    ("shrinkage", "estimator"),
    [
        ("ledoit-wolf", LedoitWolf(assume_centered=True)),
        ("oas", OAS(assume_centered=True)),
        (0.3, ShrunkCovariance(shrinkage=0.3, assume_centered=True)),
        (0, EmpiricalCovariance(assume_centered=True)),
    ],
)
def test_shrinkage_is_that_of_scikit_learn(shrinkage, estimator):
    found = partial_correlation(SAMPLE, shrinkage=shrinkage)
    assert_allclose(found, relate_by(estimator, SAMPLE), rtol=1e-8)
    expected = getattr(estimator, "shrinkage_", getattr(estimator, "shrinkage", 0))
    assert_allclose(find_shrinkage(SAMPLE, shrinkage), expected, rtol=1e-8)


def test_all_is_shrunk():
    assert_allclose(partial_correlation(SAMPLE, shrinkage=1), np.eye(4), atol=1e-15)


def test_shrinkage_leaves_constant_units_out():
    sample = np.insert(SAMPLE, 2, 7, axis=1)
    assert_allclose(find_shrinkage(sample, "oas"), find_shrinkage(SAMPLE, "oas"))
    assert np.isnan(find_shrinkage(np.ones((5, 3)), 0.5))


@pytest.mark.parametrize("shrinkage", ["lw", -0.1, 1.1, np.nan, True, None])
def test_unknown_shrinkage(shrinkage):
    with pytest.raises(ValueError, match="^shrinkage"):
        partial_correlation(SAMPLE, shrinkage=shrinkage)


@pytest.mark.parametrize("shrinkage", [None, "ledoit-wolf", "oas", 0.2])
def test_the_estimator_keeps_the_shrinkage_of_each_fitted_sample(shrinkage):
    samples = [SAMPLE, SAMPLE[:12]]
    connectome = FunctionalConnectome(
        "partial correlation", shrinkage=shrinkage, absolute=False
    ).fit(samples)
    used = "ledoit-wolf" if shrinkage is None else shrinkage
    expected = [find_shrinkage(sample, used) for sample in samples]
    assert_array_equal(connectome.shrinkage_, expected)
    with pytest.warns(UserWarning, match="differ in their number of observations"):
        rows = connectome.transform(samples)
    upper = np.triu_indices(4, 1)
    expected = [partial_correlation(s, shrinkage=used)[upper] for s in samples]
    assert_array_equal(rows, expected)


def test_shrinkage_is_of_partial_correlations_only():
    for measure in ("correlation", partial_correlation):
        connectome = FunctionalConnectome(measure, shrinkage=0.1)
        with pytest.raises(ValueError, match="for measure='partial correlation' only"):
            connectome.fit([SAMPLE])
    assert not hasattr(FunctionalConnectome().fit([SAMPLE]), "shrinkage_")
