"""Checks of the samples and labels of a test."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import cdist

from sktopo import GraphPersistence, barcodes
from sktopo.datasets import make_modular_connectomes
from sktopo.inference import (
    pairwise_permutation_test,
    permanova,
    permutation_test,
)


def test_distances_in_place_of_rows(pair):
    test, _ = pair
    X, y = make_modular_connectomes(4, n_nodes=8, random_state=0)
    whole = barcodes.barcode_rows(X)
    options = {"n_permutations": 99, "random_state": 0}
    rows = GraphPersistence().fit_transform(X)
    expected = test(rows, y, **options)
    distances = barcodes.wasserstein_distances(whole)
    kept = distances.copy()
    result = test(distances, y, metric="precomputed", **options)
    assert_array_equal(distances, kept)
    assert_allclose(result.null_distribution, expected.null_distribution)
    single = distances.astype(np.float32)
    result = test(single, y, metric="precomputed", **options)
    assert_allclose(result.null_distribution, expected.null_distribution, rtol=1e-5)


@pytest.mark.parametrize("kept", [(0,), (1,), [1]])
def test_births_or_deaths_alone(kept, pair):
    test, _ = pair
    X, y = make_modular_connectomes(4, n_nodes=8, random_state=0)
    rows = GraphPersistence().fit_transform(X)
    options = {"n_permutations": 99, "random_state": 0}
    only = GraphPersistence(homology_dimensions=kept).fit_transform(X)
    result = test(rows, y, homology_dimensions=kept, **options)
    expected = test(only, y, **options)
    assert_allclose(result.null_distribution, expected.null_distribution)
    assert_allclose(result.statistic, expected.statistic)
    assert abs(result.statistic - test(rows, y, **options).statistic) > 1e-3


@pytest.mark.parametrize(
    "test", [permutation_test, permanova, pairwise_permutation_test]
)
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"metric": "cosine"}, "metric='cosine' is unknown"),
        ({"n_permutations": 0}, "n_permutations must be an integer of at least 1"),
        ({"n_permutations": 9.5}, "n_permutations must be an integer"),
        ({"verbose": 2}, "verbose must be True or False"),
        ({"homology_dimensions": (2,)}, r"must be \(0, 1\), \(0,\) or"),
        ({"homology_dimensions": 0}, r"must be \(0, 1\), \(0,\) or"),
        ({"homology_dimensions": (0,)}, "Rows of 4 numbers are not the births"),
        ({"metric": "precomputed"}, r"shape \(6, 4\) is not square"),
        ({"y": [0] * 6}, "expected at least two groups"),
        ({"y": range(6)}, "one of them of two samples or more"),
        ({"y": [0, 1, 0, 1, 0]}, "inconsistent"),
        ({"y": [0.5, 0.1, 0.5, 0.1, 0.2, 0.5]}, "Unknown label type"),
        ({"y": [[0, 1]] * 6}, "1d array"),
        ({"X": np.ones((6, 3))}, "All samples are the same"),
        ({"X": np.ones(6)}, "2D array"),
        ({"X": np.full((6, 3), np.nan)}, "NaN"),
        ({"random_state": "seed"}, "seed"),
    ],
)
def test_errors(test, change, message, make_study):
    X, y = make_study((3, 3))
    arguments = {"X": X, "y": y, "n_permutations": 5, **change}
    with pytest.raises(ValueError, match=message):
        test(arguments.pop("X"), arguments.pop("y"), **arguments)


def test_errors_of_distances():
    good = cdist([[0.0], [1], [3]], [[0.0], [1], [3]])
    y = [0, 0, 1]
    faults = {
        "is not symmetric, by up to 1.5 at samples 0 and 1": ([0, 1], 2.5),
        "has a diagonal other than 0, by up to 0.5 at samples 1 and 1": ([1, 1], 0.5),
    }
    for message, (place, value) in faults.items():
        bad = good.copy()
        bad[tuple(place)] = value
        with pytest.raises(ValueError, match=message):
            permutation_test(bad, y, metric="precomputed")
    with pytest.raises(
        ValueError, match="has negative numbers, by up to 3 at samples 0 and 2"
    ):
        permutation_test(-good, y, metric="precomputed")
    with pytest.raises(ValueError, match="needs Wasserstein rows"):
        permanova(good, y, metric="precomputed", homology_dimensions=(1,))


def test_rounding_errors_of_distances_are_forgiven(pair, make_study):
    test, loop = pair
    X, y = make_study((3, 3))
    distances = cdist(X, X)
    rounded = distances + 1e-7 * np.random.default_rng(0).normal(size=(6, 6))
    rounded[np.diag_indices(6)] = 5e-7
    expected = test(distances, y, metric="precomputed")
    result = test(rounded, y, metric="precomputed")
    assert_allclose(result.statistic, expected.statistic, rtol=1e-6)
    symmetric = (rounded + rounded.T) / 2
    np.fill_diagonal(symmetric, 0)
    assert_allclose(result.statistic, loop(symmetric, y), rtol=1e-12)


def test_rows_whose_births_or_deaths_do_not_ascend_are_not_split(make_study):
    X, y = make_study((3, 3), n_features=10)
    X = np.sort(X, axis=1)
    permutation_test(X, y, homology_dimensions=(0,))
    X[2, :4] = X[2, 3::-1]
    with pytest.raises(ValueError, match="Row 2 is not .* its births do not ascend"):
        permutation_test(X, y, homology_dimensions=(0,))
    X[2] = np.sort(X[2])
    X[4, 4:] = X[4, :3:-1]
    with pytest.raises(ValueError, match="Row 4 is not .* its deaths do not ascend"):
        permutation_test(X, y, homology_dimensions=(0,))


def test_input_is_not_changed_and_single_precision_is_enough(pair, make_study):
    test, _ = pair
    X, y = make_study((8, 9))
    X = X.astype(np.float32)
    kept = X.copy()
    X.setflags(write=False)
    options = {"n_permutations": 99, "random_state": 0}
    result = test(X, y, **options)
    assert_array_equal(X, kept)
    double = test(X.astype(np.float64), y, **options)
    assert_array_equal(result.null_distribution, double.null_distribution)
