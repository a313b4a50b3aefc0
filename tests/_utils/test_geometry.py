"""Distances, variances and means of rows, against exact and plain computations."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import cdist

from sktopo._utils import geometry
from sktopo._utils.geometry import (
    find_deviation,
    mean_row,
    restore_unit,
    total_variance,
)

CALLER = "Someone"


def make_steps(seed, n_rows=9, n_columns=5):
    """Make rows of small integers, among them equal ones."""
    steps = np.random.default_rng(seed).integers(0, 9, (n_rows, n_columns))
    steps[1] = steps[0]
    return steps.astype(float)


def squared_distances(X, Y=None):
    return geometry.squared_distances(X, Y, caller=CALLER)


def restored(result, power=2):
    return restore_unit(*result, power=power, caller=CALLER)


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), st.integers(-45, 0), st.booleans())
def test_a_common_offset_changes_nothing(seed, exponent, negative):
    steps = make_steps(seed)
    offset = -1.0 if negative else 1.0
    rows = offset + steps * 2.0**exponent  # exact in float64
    squared = restored(squared_distances(rows)) / 4.0**exponent
    assert_allclose(squared, cdist(steps, steps, "sqeuclidean"), rtol=1e-9)
    assert_array_equal(squared.diagonal(), 0)
    assert_array_equal(squared, squared.T)
    between = restored(squared_distances(rows[:4], rows[3:])) / 4.0**exponent
    assert_allclose(between, squared[:4, 3:], rtol=1e-9)
    variance = restored(total_variance(rows, caller=CALLER)) / 4.0**exponent
    assert_allclose(variance, steps.var(axis=0).sum(), rtol=1e-9)
    assert_allclose(
        (mean_row(rows, caller=CALLER)[0] - offset) / 2.0**exponent,
        steps.mean(axis=0),
        atol=2.0 ** (-50 - exponent),
    )


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), st.integers(-500, 500))
def test_powers_of_two_change_nothing(seed, exponent):
    rows = np.random.default_rng(seed).normal(size=(6, 4))
    unit = 2.0**exponent
    expected = squared_distances(rows)[0]
    found = restored(squared_distances(rows * unit))
    assert_array_equal(found / unit / unit, expected)
    variance = restored(total_variance(rows * unit, caller=CALLER)) / unit / unit
    assert variance == restored(total_variance(rows, caller=CALLER))


@pytest.mark.parametrize("unit", [1e-300, 1e-170, 1e170, 1e300])
def test_distances_whose_squares_leave_the_range(unit):
    rows = make_steps(0)
    squared, found = squared_distances(rows * unit)
    distances = restored((np.sqrt(squared), found), power=1)
    assert_allclose(distances / unit, cdist(rows, rows), rtol=1e-12)
    with pytest.raises(ValueError, match="squared distances of Someone are too"):
        restored((squared, found))


def test_tight_groups_far_apart():
    rows = np.random.default_rng(0).normal(size=(8, 300)) * 1e-9
    rows[4:] += 1
    found = restored(squared_distances(rows))
    assert_allclose(found, cdist(rows, rows, "sqeuclidean"), rtol=1e-9)


def spread_rows(kind, n_columns):
    """Make rows that differ by about 1, some of them hard to tell apart."""
    rows = np.random.default_rng(n_columns).normal(size=(12, n_columns)) / 8
    if kind == "tight groups":
        rows[6:] = rows[:6] + 1e-7 * rows[6:]
    elif kind == "one far row":
        rows *= 1e-9
        rows[3] += 1
    elif kind == "two sizes":
        rows[::2] *= 1e-9
    elif kind == "offset":
        rows += 2.0**20
    elif kind == "equal rows":
        rows[4] = rows[9]
        rows[:, 0] = 0.5
    return rows


@pytest.mark.parametrize("n_columns", [1, 7, 5000])
@pytest.mark.parametrize(
    "kind",
    ["plain", "tight groups", "one far row", "two sizes", "offset", "equal rows"],
)
def test_precise_squares_are_exact_to_rounding(kind, n_columns, monkeypatch):
    monkeypatch.setattr(geometry, "_FEW", 0)
    rows = spread_rows(kind, n_columns)
    exact = cdist(rows, rows, "sqeuclidean")
    if n_columns < 10:
        fractions = [[Fraction(value) for value in row] for row in rows]
        exact = [
            [
                float(sum((a - b) ** 2 for a, b in zip(x, y, strict=True)))
                for x in fractions
            ]
            for y in fractions
        ]
    found = geometry.precise_squares(rows)
    assert_allclose(found, exact, rtol=2e-14, atol=0)
    assert_array_equal(found, found.T)


def test_precise_squares_of_numbers_whose_squares_vanish(monkeypatch):
    monkeypatch.setattr(geometry, "_FEW", 0)
    rows = spread_rows("plain", 7) * 1e-300
    assert_array_equal(geometry.precise_squares(rows), np.zeros((12, 12)))


def test_overflow_names_the_caller_and_the_sample():
    rows = np.array([[0.0, 1], [-1.7e308, 0], [1.7e308, 0]])
    with pytest.raises(ValueError, match=r"sample 2 are too large for Someone"):
        squared_distances(rows, rows[1:2])
    with pytest.raises(ValueError, match="too large for Someone"):
        total_variance(rows[1:], caller=CALLER)
    with pytest.raises(ValueError, match="too large for Someone"):
        mean_row(rows[1:], caller=CALLER)


def test_results_that_do_not_fit_float32():
    with pytest.raises(ValueError, match="too large for float32. Divide all samples"):
        restore_unit([1e39], 1.0, power=1, dtype=np.float32, caller=CALLER)
    assert restore_unit([1e38], 1.0, power=1, dtype=np.float32, caller=CALLER) == (
        np.float32(1e38)
    )


@settings(max_examples=25)
@given(st.lists(st.floats(-10, 10), min_size=2, max_size=6), st.data())
def test_weighted_means_are_exact_to_rounding(values, data):
    weights = data.draw(
        st.lists(
            st.sampled_from([0.0, 5e-324, 1e-300, 1.0, 3.0, 1e308]),
            min_size=len(values),
            max_size=len(values),
        ).filter(any)
    )
    total = sum(map(Fraction, weights))
    pairs = zip(values, weights, strict=True)
    expected = sum(Fraction(v) * Fraction(w) for v, w in pairs) / total
    found, _ = mean_row(np.array(values)[:, None], np.array(weights), caller=CALLER)
    assert_allclose(found, [float(expected)], rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("n_rows", range(1, 12))
def test_the_mean_of_equal_rows_is_that_row(n_rows):
    row = np.random.default_rng(n_rows).random(50)
    assert_array_equal(mean_row(np.tile(row, (n_rows, 1)), caller=CALLER)[0], row)


@pytest.mark.parametrize("numbers", [1, 2**16])
def test_blocks_of_rows_do_not_show(numbers, monkeypatch):
    rng = np.random.default_rng(0)
    rows, others = rng.random((40, 3000)), rng.random((3, 3000))
    monkeypatch.setattr(geometry, "_NUMBERS", numbers)
    expected = cdist(rows, others, "sqeuclidean")
    assert_allclose(restored(squared_distances(rows, others)), expected, rtol=1e-12)
    members = np.array([3, 39, 7, 20])
    mean, _ = mean_row(rows, members=members, caller=CALLER)
    assert_allclose(mean, rows[members].mean(axis=0), rtol=1e-14)
    weights = np.array([0.0, 1, 2, 3])
    mean, _ = mean_row(rows, weights, members=members, caller=CALLER)
    assert_allclose(mean, weights @ rows[members] / 6, rtol=1e-14)


def test_more_columns_than_a_block():
    rows = np.random.default_rng(0).random((4, 5000))
    expected = cdist(rows, rows, "sqeuclidean")
    assert_allclose(restored(squared_distances(rows)), expected, rtol=1e-12)
    rows[1] = rows[0] + 1e-9  # compared by its differences
    expected = cdist(rows, rows, "sqeuclidean")
    assert_allclose(restored(squared_distances(rows)), expected, rtol=1e-12)
    assert_allclose(mean_row(rows, caller=CALLER)[0], rows.mean(axis=0), rtol=1e-14)
    assert_allclose(
        total_variance(rows, caller=CALLER)[0], rows.var(axis=0).sum(), rtol=1e-12
    )


def test_deviations_of_rounding_are_none():
    rows = np.array([[1.0, 2.0], [1.0, 2.0]])
    rows[0, 0] += 4e-16
    assert find_deviation(rows, caller=CALLER) == 0
    rows[0, 0] = 1.5  # variances of 0.25 ** 2 and 0
    for unit in (1, 2.0**-600, 2.0**600):
        found = find_deviation(rows * unit, caller=CALLER) / unit
        assert_allclose(found, 0.25 / np.sqrt(2))
