"""Regressions on confounds against the normal equations."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from sktopo.connectomes._regression import Regression

RNG = np.random.default_rng(0)
CONFOUNDS = RNG.normal(size=(50, 3)) * [1, 1e-9, 1e9] + [0, 5, 1e10]
UNITS = RNG.normal(size=(50, 4)) + 3 * CONFOUNDS[:, :1] + [0, 10, -5, 1]


def fit(units=UNITS, confounds=CONFOUNDS, global_signal=False):
    return Regression.fit(units, confounds, global_signal, "X")


def project(units, confounds):
    """Subtract the projection on confounds, as least squares find it."""
    centred = confounds - confounds.mean(axis=0)
    centred -= centred.mean(axis=0)  # the mean was rounded
    centred /= centred.std(axis=0)
    solution, *_ = np.linalg.lstsq(centred, units - units.mean(axis=0), rcond=None)
    return units - centred @ solution


@pytest.mark.parametrize("global_signal", [False, True])
def test_residuals_are_those_of_least_squares(global_signal):
    confounds = CONFOUNDS
    if global_signal:
        confounds = np.column_stack([CONFOUNDS, UNITS.mean(axis=1)])
    found = fit(global_signal=global_signal).transform(UNITS, CONFOUNDS)
    assert_allclose(found, project(UNITS, confounds), atol=1e-10)
    assert_allclose(found.mean(axis=0), UNITS.mean(axis=0))


def test_other_observations_are_cleaned_by_what_was_learnt():
    fitted = fit(UNITS[:40], CONFOUNDS[:40])
    together = fitted.transform(UNITS, CONFOUNDS)
    for part in (slice(0, 40), slice(40, 50), slice(47, 48)):
        found = fitted.transform(UNITS[part], CONFOUNDS[part])
        assert_allclose(found, together[part], rtol=1e-12)


def test_confounds_that_say_nothing_new_change_nothing():
    expected = fit().transform(UNITS, CONFOUNDS)
    more = np.column_stack([CONFOUNDS, CONFOUNDS[:, 0] * 2 + 1, np.full(50, 0.1)])
    assert_allclose(fit(confounds=more).transform(UNITS, more), expected, atol=1e-9)
    none = np.empty((50, 0))
    assert_allclose(fit(confounds=none).transform(UNITS, none), UNITS, rtol=1e-13)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_units_that_are_explained_become_constant(dtype):
    units = np.column_stack([2 * CONFOUNDS[:, 0] + 1, UNITS[:, 1], np.full(50, 0.1)])
    found = fit(units.astype(dtype)).transform(units.astype(dtype), CONFOUNDS)
    assert found.dtype == dtype
    assert np.ptp(found, axis=0)[[0, 2]].tolist() == [0, 0]
    assert np.ptp(found[:, 1]) > 1


@given(
    scale=st.sampled_from([1e-30, 1e-8, 1, 1e30]),
    shift=st.sampled_from([0.0, 2.0**20]),
    seed=st.integers(0, 2**16),
)
def test_units_of_measurement_do_not_matter(scale, shift, seed):
    rng = np.random.default_rng(seed)
    units = rng.integers(-64, 64, (12, 3)) / 64
    confounds = rng.normal(size=(12, 2))
    expected = fit(units, confounds, True).transform(units, confounds)
    moved = (units + shift) * scale
    found = fit(moved, confounds * scale, True).transform(moved, confounds * scale)
    assert_allclose(found / scale - shift, expected, atol=1e-9)


@pytest.mark.parametrize(("n", "n_confounds"), [(4, 3), (2, 1), (3, 9)])
def test_too_few_observations(n, n_confounds):
    confounds = RNG.normal(size=(n, n_confounds))
    with pytest.raises(ValueError, match=f"^X has {n} observations for .* everything"):
        fit(UNITS[:n], confounds)
    assert_array_equal(fit(UNITS[:n], confounds[:, :0]).coefficients.shape, (0, 4))
