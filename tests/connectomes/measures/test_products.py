"""Measures that are products, and in part the partial correlation, in any unit."""

import warnings
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import spearmanr

from sktopo.connectomes.measures import (
    correlation,
    covariance,
    partial_correlation,
    spearman,
)

CORRELATIONS = (correlation, spearman, partial_correlation)
ORACLES = {
    correlation: lambda sample: np.corrcoef(sample, rowvar=False),
    spearman: lambda sample: spearmanr(sample).statistic,
    covariance: lambda sample: np.cov(sample, rowvar=False, bias=True),
}


def test_spearman_equals_scipy_with_ties(activations):
    sample = activations[0].round(0)
    assert len(np.unique(sample[:, 0])) < len(sample)
    assert_allclose(spearman(sample), spearmanr(sample).statistic, rtol=1e-10)


def test_correlation_by_hand():
    # Deviations (-1, 0, 1) and (1, -2, 1): -1 + 0 + 1 = 0. The third unit is twice
    # the first.
    sample = [[0, 2, 5], [1, -1, 7], [2, 2, 9]]
    expected = [[1, 0, 1], [0, 1, 0], [1, 0, 1]]
    assert_allclose(correlation(sample), expected, atol=1e-15)
    expected = [[2 / 3, 0, 4 / 3], [0, 2, 0], [4 / 3, 0, 8 / 3]]
    assert_allclose(covariance(sample), expected, atol=1e-15)


@pytest.mark.parametrize("scale", [1e-25, 1, 1e25])
@pytest.mark.parametrize("measure", CORRELATIONS)
def test_correlations_of_any_scale(activations, measure, scale):
    for sample in activations:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found = measure((sample * scale).astype(np.float32))
        assert_allclose(found, measure(sample), rtol=2e-3)


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_correlation_beyond_the_range_of_squares(activations, scale):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = correlation(activations[0] * scale)
    assert_allclose(found, correlation(activations[0]), rtol=1e-9)


def test_covariance_that_overflows(activations):
    huge = (activations[0] * 1e25).astype(np.float32)
    with pytest.raises(
        ValueError,
        match="^The variance of unit 0, .* overflows float32. .* down, .* as float64.$",
    ):
        covariance(huge)
    assert np.isfinite(covariance(huge.astype(np.float64))).all()


@given(
    scale=st.sampled_from([1e-30, 1e-8, 1, 1e8, 1e25]),
    shift=st.sampled_from([0, -1, 100]),
    dtype=st.sampled_from([np.float32, np.float64]),
)
def test_correlation_does_not_depend_on_units_of_measurement(scale, shift, dtype):
    sample = np.random.default_rng(3).normal(size=(200, 4))
    moved = ((sample + shift) * scale).astype(dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = correlation(moved)
    atol = 2e-5 if dtype == np.float32 else 1e-12
    assert_allclose(found, correlation(sample), atol=atol)


@pytest.mark.parametrize("measure", [correlation, covariance])
def test_float32_with_large_means_is_as_exact_as_its_input(measure):
    sample = np.random.default_rng(0).normal(size=(5000, 8)) + np.arange(8) * 1000
    sample = sample.astype(np.float32)  # the means are thousands of deviations
    expected = ORACLES[measure](sample.astype(np.float64))
    assert_allclose(measure(sample), expected, atol=2e-6)


def correlate_exactly(first, second):
    """Return the squared correlation, a Fraction."""
    first, second = (
        [value - sum(unit) / len(unit) for value in unit]
        for unit in ([Fraction(float(value)) for value in u] for u in (first, second))
    )
    products = [
        sum(a * b for a, b in zip(*pair, strict=True))
        for pair in ((first, second), (first, first), (second, second))
    ]
    return products[0] ** 2 / (products[1] * products[2])


# Powers of two, so that the moved activations are exact: 1e-30 to 1e30, 1e-26 to 1e18.
EXACT = st.sampled_from(
    [(np.float64, shift, power) for shift in (0, -(2**45)) for power in (-100, 0, 100)]
    + [(np.float32, shift, power) for shift in (0, 2**20) for power in (-86, 0, 60)]
)


@given(
    measure=st.sampled_from(CORRELATIONS),
    moves=st.tuples(EXACT, EXACT, EXACT),
    n=st.sampled_from([9, 60, 2500]),  # 2500: two blocks
    seed=st.integers(0, 2**16),
)
@settings(max_examples=50)
def test_each_unit_may_be_shifted_and_measured_otherwise(measure, moves, n, seed):
    """The units of one sample have offsets and sizes of their own."""
    values = np.random.default_rng(seed).integers(-9, 9, size=(n, 3)).astype(np.float64)
    values[:, 1] += values[:, 0]
    values[0] += [30, 0, 20]  # no unit is constant
    dtype = moves[0][0]
    units = [
        (unit + shift).astype(dtype) * 2.0**power
        for unit, (kind, shift, power) in zip(values.T, moves, strict=True)
        if kind == dtype
    ]
    moved = np.column_stack(units).astype(dtype)
    kept = [kind == dtype for kind, *_ in moves]
    expected = measure(values[:, kept])
    if measure is not partial_correlation and all(kept):
        expected = ORACLES[measure](values)
    found = measure(moved)
    assert found.dtype == dtype
    # Sums of n products in float32 carry about the root of n roundings.
    atol = max(2e-6, 2e-7 * np.sqrt(n)) if dtype == np.float32 else 1e-12
    assert_allclose(found, np.atleast_2d(expected), atol=atol)


@given(move=EXACT, n=st.sampled_from([9, 2500]), seed=st.integers(0, 2**16))
@settings(max_examples=30)
def test_covariance_in_any_unit(move, n, seed):
    dtype, shift, power = move
    power = np.clip(power, -60, 60) if dtype == np.float32 else power
    values = np.random.default_rng(seed).integers(-9, 9, size=(n, 3)).astype(np.float64)
    values[0] += [30, 0, 20]
    moved = ((values + shift) * 2.0**power).astype(dtype)
    expected = np.cov(values.T, bias=True)
    found = covariance(moved).astype(np.float64) / 2.0 ** (2 * power)
    rtol = 1e-5 if dtype == np.float32 else 1e-12  # a product of float32 matrices
    assert_allclose(found, expected, atol=rtol * expected.max())


@given(
    seed=st.integers(0, 2**16),
    shift=st.sampled_from([0, 1e6, 2.0**50]),
    n=st.integers(3, 20),
)
@settings(max_examples=20)
def test_correlation_equals_fractions(seed, shift, n):
    sample = np.random.default_rng(seed).normal(size=(n, 2)) + shift
    if np.any(sample.min(axis=0) == sample.max(axis=0)):
        return
    exact = correlate_exactly(*sample.T)
    assert abs(Fraction(correlation(sample)[0, 1]) ** 2 - exact) < Fraction(1, 10**13)


@pytest.mark.parametrize("measure", [correlation, covariance])
@pytest.mark.parametrize("order", ["C", "F"])
def test_one_unit_leaves_the_others_alone(measure, order):
    rng = np.random.default_rng(0)
    values = rng.integers(-9, 9, size=(200, 2)).astype(np.float64)
    values[:, 1] += values[:, 0]
    for dtype, offset, scale in (
        (np.float32, 3e6, 1e-20),
        (np.float32, 3e6, 1e18),
        (np.float64, 1e14, 1e-160),
        (np.float64, 1e14, 1e150),
    ):
        third = rng.normal(size=(200, 1)) * scale
        sample = np.array(np.hstack([values + offset, third]), dtype=dtype, order=order)
        found, expected = measure(sample)[:2, :2], ORACLES[measure](values)
        eps = np.finfo(dtype).eps
        assert_allclose(found, expected, rtol=10 * eps, err_msg=f"{dtype} {scale}")


@pytest.mark.parametrize("measure", [correlation, covariance])
@pytest.mark.parametrize(
    "record",
    [
        lambda rng: rng.normal(size=(150_000, 3)) + 1.9,
        lambda rng: rng.normal(size=(150_000, 3)) + 1e5,
        lambda rng: np.maximum(rng.normal(size=(150_000, 3)), 0),  # many are equal
        lambda rng: rng.random((150_000, 3)) < 0.001,
        lambda rng: (
            rng.normal(size=(150_000, 3)) + np.linspace(0, 90, 150_000)[:, None]
        ),
    ],
    ids=["mean", "large mean", "relu", "rare", "drift"],
)
def test_long_recordings_of_float32(measure, record):
    """Sums over all observations at once are wrong by 1e-5 to 1e-2 here."""
    sample = record(np.random.default_rng(0)).astype(np.float32)
    sample[:, 2] = (sample[:, 2] + sample[:, 1]) / 2
    expected = ORACLES[measure](sample.astype(np.longdouble).astype(np.float64))
    assert_allclose(measure(sample), expected, rtol=0, atol=4e-7 * expected.max())


def test_huge_activations_of_both_signs():
    largest = np.finfo(np.float64).max
    sample = largest * np.array([[1, -1, 0.5], [-1, 1, 0.25], [1, 1, -1], [1, 0, 0]])
    for measure in CORRELATIONS:
        assert_allclose(measure(sample), measure(sample / largest), atol=1e-14)
    with pytest.raises(ValueError, match="overflows float64. Scale the .* down.$"):
        covariance(sample)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_covariance_that_is_too_small_for_the_dtype(activations, dtype):
    tiny = activations[0].astype(dtype) * np.finfo(dtype).tiny
    with pytest.raises(ValueError, match="too small for float.*Scale the .* up"):
        covariance(tiny)
    # A unit that is negligible beside the others is no reason to refuse them.
    sample = activations[0].astype(dtype)
    sample[:, 0] = tiny[:, 0]
    assert_allclose(covariance(sample)[1:, 1:], covariance(sample[:, 1:]), rtol=1e-5)


def test_covariance_beside_a_huge_constant_unit(activations):
    sample = activations[0] * 1e100
    expected = covariance(sample)
    sample[:, 1] = 1e308
    expected[1] = expected[:, 1] = 0
    assert_allclose(covariance(sample), expected, rtol=1e-10)
    sample[:, 0] *= 1e100
    with pytest.raises(ValueError, match="^The variance of unit 0, .* overflows"):
        covariance(sample)


def test_covariance_that_only_its_sums_overflow():
    sample = (np.random.default_rng(0).normal(size=(900, 3)) * 1e18).astype(np.float32)
    expected = ORACLES[covariance](sample.astype(np.float64))
    assert_allclose(covariance(sample * 10), expected * 100, rtol=1e-5, atol=1e32)


def test_perfect_correlations_do_not_exceed_1():
    rng = np.random.default_rng(0)
    for dtype in (np.float32, np.float64):
        unit = rng.normal(size=(200, 100)).astype(dtype)
        for column in unit.T:
            pair = np.column_stack([column, dtype(3.7) * column + dtype(0.1)])
            found = correlation(pair)
            assert found.max() <= 1
            assert_allclose(found, 1, atol=1e-6)


def test_perfect_correlation_is_clipped():
    unit = np.random.default_rng(4).normal(size=1001)
    found = correlation(np.stack([unit, 3 * unit, -unit / 7]).T)
    assert found.max() <= 1 and found.min() >= -1
    assert_allclose(found, [[1, 1, -1], [1, 1, -1], [-1, -1, 1]])


@given(seed=st.integers(0, 2**16), power=st.sampled_from([1, 3, 5]))
def test_spearman_sees_the_order_only(seed, power):
    sample = np.random.default_rng(seed).normal(size=(15, 3))
    assert_array_equal(spearman(sample**power), spearman(sample))


@given(seed=st.integers(0, 2**16), factor=st.sampled_from([0.5, 4, 1024]))
def test_covariance_is_quadratic(seed, factor):
    sample = np.random.default_rng(seed).normal(size=(15, 3))
    assert_array_equal(covariance(sample * factor), covariance(sample) * factor**2)


def test_almost_constant_is_not_constant():
    sample = np.random.default_rng(5).normal(size=(100, 3))
    sample[:, 0] = 1 + 1e-9 * sample[:, 1]
    assert_allclose(correlation(sample)[0, 1], 1, atol=1e-6)
