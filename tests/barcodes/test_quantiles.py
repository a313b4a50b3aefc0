"""Quantile vectors, against integrals of quantile functions."""

import numpy as np
import ot
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from sktopo import barcodes as bc


def test_quantiles_of_float32_are_summed_in_float64():
    values = np.full((1, 498_501), 0.1, dtype=np.float32)
    assert bc.quantile_vectors(values, 1)[0, 0] == np.float32(0.1)


@pytest.mark.parametrize(("n_values", "q"), [(6, 6), (6, 12), (6, 3), (6, 4), (5, 7)])
def test_quantiles_integrate_the_quantile_function(n_values, q):
    values = np.sort(np.random.default_rng(q).normal(size=n_values))
    fine = np.repeat(values, q)  # the quantile function on n_values * q equal pieces
    expected = fine.reshape(q, n_values).mean(axis=1)
    assert_allclose(bc.quantile_vectors([values], q)[0], expected, rtol=1e-12)


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
