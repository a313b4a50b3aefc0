"""Units that never vary, and the magnitudes of units."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from sktopo.connectomes._units import find_constant_units, find_factors, standardize


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("level", [0.0, 0.1, -3.0, 1e30])
def test_constant_units_are_found_whatever_their_level(dtype, level):
    activations = np.random.default_rng(0).normal(size=(300, 4)).astype(dtype)
    activations[:, 2] = level
    assert_array_equal(find_constant_units(activations), [False, False, True, False])


def test_a_unit_that_varies_once_is_not_constant():
    activations = np.zeros((1000, 3))
    activations[-1, 1] = 1e-300
    activations[0, 2] = 5
    assert_array_equal(find_constant_units(activations), [True, False, False])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_factors_are_powers_of_two(dtype):
    limits = np.finfo(dtype)
    activations = np.array(
        [[1, -4, 0, limits.max, limits.smallest_subnormal, 3e-20], [-2, 3, 0, 0, 0, 0]]
    ).astype(dtype)
    factors = find_factors(activations)
    assert factors.dtype == dtype
    assert_array_equal(np.frexp(factors)[0], 0.5)
    assert np.all(np.isfinite(1 / factors) & (factors > 0))
    assert_array_equal(factors[:3], [0.25, 0.125, 1])
    assert np.abs(activations * factors).max() < 1000


def test_scores_by_hand():
    # Deviations (-1, 1), and (0, 0) for the unit that is always 0.
    scores, mean, remainder, deviation = standardize(np.array([[2.0, 0], [4, 0]]))
    assert_array_equal(scores, [[-1, 0], [1, 0]])
    assert_array_equal(mean, [3, 0])
    assert_array_equal(remainder, [0, 0])
    assert_array_equal(deviation, [1, 0])


@given(
    unit=st.integers(-90, 90), shift=st.sampled_from([0, 2.0**46]), n=st.integers(2, 30)
)
@settings(max_examples=40)
def test_scores_depend_on_neither_shift_nor_unit(unit, shift, n):
    values = np.random.default_rng(n).integers(-9, 9, size=(n, 3)) + np.eye(n, 3)
    scores, *_ = standardize(values)
    moved, mean, remainder, deviation = standardize((values + shift) * 2.0**unit)
    assert_allclose(moved, scores, rtol=1e-11, atol=1e-13)
    exact = [Fraction(v) for v in (values[:, 0] + shift)]
    expected = sum(exact) / n
    found = Fraction(mean[0] / 2.0**unit) + Fraction(remainder[0] / 2.0**unit)
    assert abs(found - expected) < Fraction(1, 10**12)
    assert_allclose(deviation / 2.0**unit, values.std(axis=0), rtol=1e-12)
