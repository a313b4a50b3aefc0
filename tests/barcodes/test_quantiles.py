"""Quantile vectors, against integrals of quantile functions."""

from fractions import Fraction

import numpy as np
import ot
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from sktopo import barcodes as bc
from sktopo.barcodes import _quantiles


def test_quantiles_of_float32_are_summed_in_float64():
    values = np.full((1, 498_501), 0.1, dtype=np.float32)
    assert bc.quantile_vectors(values, 1)[0, 0] == np.float32(0.1)


@pytest.mark.parametrize(("n_values", "q"), [(6, 6), (6, 12), (6, 3), (6, 4), (5, 7)])
def test_quantiles_integrate_the_quantile_function(n_values, q):
    values = np.sort(np.random.default_rng(q).normal(size=n_values))
    fine = np.repeat(values, q)  # the quantile function on n_values * q equal pieces
    expected = fine.reshape(q, n_values).mean(axis=1)
    assert_allclose(bc.quantile_vectors([values], q)[0], expected, rtol=1e-12)


@pytest.mark.parametrize("q", [1, 3, 7, 40])
@pytest.mark.parametrize(
    ("offset", "unit"), [(0, 1), (2.0**40, 1), (-1, 2.0**-40), (0, 1e-300), (0, 1e304)]
)
def test_quantiles_keep_their_digits(q, offset, unit):
    steps = np.random.default_rng(q).integers(0, 2**10, (3, 11)).cumsum(axis=1)
    values = offset + steps.astype(float) * unit
    fine = np.repeat([[Fraction(v) for v in row] for row in values], q, axis=1)
    means = fine.reshape(3, q, 11).sum(axis=2) / 11
    found = bc.quantile_vectors(values, q)
    many = bc.quantile_vectors(np.repeat(values, 3, axis=0), q)
    assert_allclose(many[::3], found, rtol=1e-15)
    for value, mean in zip(found.ravel(), means.ravel(), strict=True):
        assert abs(Fraction(value) - mean) <= 2 * Fraction(np.spacing(abs(value)))


@pytest.mark.parametrize("block", [1, 3, 16, 200])
@given(n_values=st.integers(1, 40), q=st.integers(1, 40), seed=st.integers(0, 99))
def test_blocks_of_bins_do_not_show(block, n_values, q, seed):
    values = np.random.default_rng(seed).normal(size=(3, n_values)).cumsum(axis=1)
    values.sort(axis=1)
    whole = bc.quantile_vectors(values, q)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_quantiles, "_BLOCK", block)
        assert_allclose(bc.quantile_vectors(values, q), whole, rtol=1e-12, atol=1e-14)


@given(n_values=st.integers(1, 40), q=st.integers(1, 40), seed=st.integers(0, 99))
def test_many_rows_are_averaged_like_one(n_values, q, seed):
    values = np.random.default_rng(seed).normal(size=(30, n_values))
    values.sort(axis=1)
    alone = [bc.quantile_vectors(row[None], q)[0] for row in values]
    assert_allclose(bc.quantile_vectors(values, q), alone, rtol=1e-12, atol=1e-14)


def test_the_largest_numbers_do_not_overflow():
    largest = np.finfo(float).max
    found = bc.quantile_vectors([[-largest, 0, largest], [largest] * 3], 2)
    assert_allclose(found / largest, [[-2 / 3, 2 / 3], [1, 1]], rtol=1e-15)


@pytest.mark.parametrize("block", [2, 2**16])
@given(n_1=st.integers(1, 30), n_2=st.integers(1, 30))
def test_pieces_of_two_step_functions(block, n_1, n_2):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_quantiles, "_BLOCK", block)
        pieces = list(_quantiles.merge_quantiles(n_1, n_2))
    steps_1, steps_2, widths = map(np.concatenate, zip(*pieces, strict=True))
    assert len(widths) == n_1 + n_2 - np.gcd(n_1, n_2)
    shared = np.zeros((n_1, n_2))
    shared[steps_1, steps_2] = widths
    # On n_1 * n_2 equal parts of [0, 1], both functions are constant.
    parts = np.arange(n_1 * n_2)
    expected = np.zeros((n_1, n_2))
    np.add.at(expected, (parts // n_2, parts // n_1), 1 / len(parts))
    assert_allclose(shared, expected, rtol=1e-12, atol=1e-15)


@given(
    st.integers(1, 9), st.integers(1, 9), st.integers(1, 30), st.integers(0, 2**32 - 1)
)
def test_quantile_distances_never_exceed_wasserstein(n_1, n_2, q, seed):
    rng = np.random.default_rng(seed)
    values = [np.sort(rng.normal(size=n)) for n in (n_1, n_2)]
    exact = ot.emd2_1d(*values, metric="sqeuclidean")
    vectors = [bc.quantile_vectors([v], q)[0] for v in values]
    assert np.mean((vectors[0] - vectors[1]) ** 2) <= exact + 1e-9
    common = [bc.quantile_vectors([v], n_1 * n_2)[0] for v in values]
    assert_allclose(np.mean((common[0] - common[1]) ** 2), exact, atol=1e-9)


@pytest.mark.parametrize("q", [0, 2.5, "3", True, None])
def test_bad_quantiles(q):
    with pytest.raises(
        ValueError, match="^n_quantiles must be an integer of at least 1,"
    ):
        bc.quantile_vectors([[1.0, 2.0]], q)


def test_values_that_are_not_finite():
    with pytest.raises(ValueError, match="^values contains NaN"):
        bc.quantile_vectors([[1.0, np.nan]], 2)


def test_values_that_do_not_ascend():
    with pytest.raises(
        ValueError, match="^Row 1 of the values does not ascend. Sort .* first.$"
    ):
        bc.quantile_vectors([[1.0, 2.0], [2.0, 1.0]], 2)
