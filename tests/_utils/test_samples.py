"""Checks of samples: tables, stacks of tables and symmetric matrices."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator

from sktopo._utils.samples import (
    SYMMETRY,
    check_samples,
    check_units,
    is_stack,
    upper_triangle,
)


@pytest.mark.parametrize(
    ("X", "expected"),
    [
        (np.zeros((2, 3)), False),
        (np.zeros((2, 3, 4)), True),
        ([np.zeros((3, 4)), np.zeros((5, 2))], True),
        ([[0.0, 1.0], [2.0, 3.0]], False),
        ([[[0.0]], [[1.0]]], True),
        ([], False),
        ("text", False),
    ],
)
def test_stacks_have_tables_as_elements(X, expected):
    assert is_stack(X) is expected


def test_an_object_array_of_tables_is_a_stack():
    X = np.empty(2, dtype=object)
    X[:] = [np.zeros((3, 4)), np.zeros((5, 2))]
    assert is_stack(X)


def test_a_stack_stays_an_array_and_a_list_stays_a_list():
    stack = np.ones((2, 3, 4), dtype=np.float32)
    assert check_samples(stack).dtype == np.float32
    samples = check_samples([np.ones((3, 4), dtype=int), np.ones((5, 2))])
    assert [sample.shape for sample in samples] == [(3, 4), (5, 2)]
    assert {sample.dtype for sample in samples} == {np.dtype(np.float64)}


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.ones((2, 3)), "X has 2 dimensions; expected 3"),
        (np.ones((2, 3, 4, 5)), "X has 4 dimensions; expected 3"),
        (np.full((2, 3, 4), np.nan), "X contains NaN"),
        ([np.ones((3, 4)), np.full((3, 4), np.inf)], "X contains infinity"),
    ],
)
def test_other_arrays_are_refused(X, message):
    with pytest.raises(ValueError, match=message):
        check_samples(X)


def test_widths_and_column_names_are_those_of_the_fit():
    pandas = pytest.importorskip("pandas")
    estimator = BaseEstimator()
    frame = pandas.DataFrame(np.ones((3, 2)), columns=["a", "b"])
    check_units(estimator, [frame, frame], reset=True)
    assert estimator.n_features_in_ == 2
    assert list(estimator.feature_names_in_) == ["a", "b"]
    check_units(estimator, [frame], reset=False)
    with pytest.raises(ValueError, match="feature names should match"):
        check_units(estimator, [frame, frame[["b", "a"]]], reset=False)


def test_a_sample_of_another_width_is_refused():
    estimator = BaseEstimator()
    check_units(estimator, np.ones((2, 3, 2)), reset=True)
    check_units(estimator, [np.ones((5, 2))], reset=False)
    with pytest.raises(ValueError, match="X has 3 features"):
        check_units(estimator, [np.ones((3, 2)), np.ones((3, 3))], reset=False)


def test_the_upper_triangle_is_in_the_order_of_squareform():
    matrix = np.array([[9.0, 1, 2], [1, 9, 3], [2, 3, 9]])
    assert_array_equal(upper_triangle(matrix, "X"), [1, 2, 3])


@pytest.mark.parametrize("unit", [1e-20, 1.0, 1e20])
def test_asymmetry_is_judged_by_the_spread_of_the_weights(unit):
    matrix = unit * np.array([[0.0, 1, 2], [1, 0, 4], [2, 4, 0]])
    matrix[0, 1] += 2 * SYMMETRY * unit
    assert upper_triangle(matrix, "X")[0] == matrix[0, 1]
    matrix[0, 1] += 2 * SYMMETRY * unit
    with pytest.raises(ValueError, match="the matrix of network 3 is not symmetric"):
        upper_triangle(matrix, "the matrix of network 3")
