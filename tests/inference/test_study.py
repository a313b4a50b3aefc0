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

# Small groups can be compared with loops over all relabellings.
pytestmark = pytest.mark.filterwarnings("ignore:pvalue.* cannot be below")


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
        (
            {"metric": "cosine"},
            "^metric='cosine' is unknown; expected one of 'euclidean', 'precomputed'.$",
        ),
        ({"n_permutations": 0}, "^n_permutations must be an integer of at least 1,"),
        ({"n_permutations": 9.5}, "n_permutations must be an integer"),
        ({"verbose": 2}, "^verbose must be True or False"),
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
        ({"X": np.full((6, 3), np.nan)}, "X contains NaN in row 0, column 0"),
        ({"X": np.diag([1.0, 1, np.inf, 1, 1, 1])}, "infinity in row 2, column 2"),
        ({"X": [["a", "b"]] * 6}, "X cannot be read as a 2-D array of numbers"),
        ({"X": [[1.0], [1.0, 2.0]] * 3}, "X cannot be read as a 2-D array of numbers"),
        ({"X": np.ones((6, 3)) * 1j}, "X cannot be read as a 2-D array of numbers"),
        ({"y": [0, 0, 0, 1, 1, None]}, "missing label, None, at sample 5"),
        ({"y": ["a", "a", np.nan, "b", "b", "b"]}, "missing label, nan, at sample 2"),
        ({"y": np.array([0, 1, np.nan, 1, 0, 1])}, "missing label, nan, at sample 2"),
        ({"random_state": "seed"}, "seed"),
        ({"n_permutations": "9"}, "n_permutations must be an integer.* got '9'"),
        ({"n_jobs": "2"}, "n_jobs must be None or an integer other than 0.* got '2'"),
        ({"n_jobs": 0}, "n_jobs must be None or an integer other than 0.* got 0"),
    ],
)
def test_errors(test, change, message, make_study):
    X, y = make_study((3, 3))
    arguments = {"X": X, "y": y, "n_permutations": 5, **change}
    with pytest.raises(ValueError, match=message):
        test(arguments.pop("X"), arguments.pop("y"), **arguments)


@pytest.mark.parametrize(
    "X", [{"a": [1, 2]}, (row for row in ([1.0], [2.0])), object(), "rows.npy"]
)
def test_objects_that_are_not_tables_are_named(X):
    with pytest.raises(
        TypeError, match=f"X is of type {type(X).__name__}; expected a 2-D"
    ):
        permutation_test(X, [0, 1])


def test_parameters_are_checked_before_samples(pair):
    with pytest.raises(ValueError, match="n_permutations must be"):
        pair[0]([[np.nan]], [0], n_permutations=0)


@pytest.mark.parametrize("unit", [5e-324, 1e-200, 1e200, 2.0**1023])
def test_the_largest_and_smallest_numbers(unit, pair, make_study):
    # In this unit, squares of numbers are 0 or infinite.
    test, loop = pair
    y = make_study((3, 4))[1]
    X = np.random.default_rng(0).integers(-8, 8, (7, 3)) * (2.0 if unit < 1 else 1 / 8)
    expected = test(X, y)
    assert_allclose(expected.statistic, loop(cdist(X, X), y))
    result = test(X * unit, y)
    assert result.pvalue == expected.pvalue
    assert_allclose(result.statistic, expected.statistic)
    distances = np.rint(cdist(X, X)) / (1 if unit < 1 else 64)
    expected = test(distances, y, metric="precomputed")
    result = test(distances * unit, y, metric="precomputed")
    assert result.pvalue == expected.pvalue
    assert_allclose(result.statistic, expected.statistic)


def test_columns_of_one_number_may_be_of_any_size(pair, make_study):
    X, y = make_study((3, 4))
    X *= 1e-300
    wide = np.c_[X, np.full(7, 1e300)]
    expected, result = pair[0](X, y), pair[0](wide, y)
    assert (result.statistic, result.pvalue) == (expected.statistic, expected.pvalue)


def test_overflow_is_not_significant():
    X, y = np.random.default_rng(0).random((16, 6)), np.repeat([0, 1], 8)
    options = {"n_permutations": 999, "random_state": 0}
    for test in (permutation_test, permanova):
        result, expected = test(X * 1e200, y, **options), test(X, y, **options)
        assert 0.01 < result.pvalue == expected.pvalue
        assert_allclose(result.statistic, expected.statistic)
        table = pairwise_permutation_test(X * 1e200, y, **options)
        assert table["pvalue"][0] > 0.01


def test_distances_are_named_by_their_samples_if_not_finite():
    distances = cdist([[0.0], [1], [3]], [[0.0], [1], [3]])
    distances[1, 2] = np.nan
    with pytest.raises(ValueError, match="X contains NaN in row 1, column 2"):
        permanova(distances, [0, 0, 1], metric="precomputed")


@pytest.mark.parametrize("unit", [1e-30, 1, 1e308])
def test_asymmetry_is_judged_in_the_unit_of_distances(unit):
    distances = cdist([[0.0], [1], [1.5]], [[0.0], [1], [1.5]]) * unit
    distances[0, 1] *= 1 + 1e-3
    with pytest.raises(ValueError, match="is not symmetric, by .* samples 0 and 1"):
        permanova(distances, [0, 0, 1], metric="precomputed")
    distances[0, 1] = distances[1, 0] * (1 + 1e-9)
    assert permanova(distances, [0, 0, 1], metric="precomputed").pvalue > 0


def test_distances_of_0_only():
    with pytest.raises(
        ValueError, match="^All samples are the same: there is nothing to compare.$"
    ):
        permanova(np.zeros((4, 4)), [0, 0, 1, 1], metric="precomputed")


def test_errors_of_distances():
    good = cdist([[0.0], [1], [3]], [[0.0], [1], [3]])
    y = [0, 0, 1]
    faults = {
        "is not symmetric, by up to 1.5 at samples 0 and 1": ([0, 1], 2.5),
        "has a diagonal other than 0, by up to 0.5 at samples 1 and 1": (
            [1, 1],
            0.5,
        ),
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
    with pytest.raises(ValueError, match="Row 2 .* is not .* the births do not ascend"):
        permutation_test(X, y, homology_dimensions=(0,))
    X[2] = np.sort(X[2])
    X[4, 4:] = X[4, :3:-1]
    with pytest.raises(ValueError, match="Row 4 .* is not .* the deaths do not ascend"):
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
