"""Surrogates of recordings: what they keep, and what they do not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from sktopo.connectomes import phase_randomize


def make_recording(n_observations, n_nodes=4, seed=0):
    rng = np.random.default_rng(seed)
    mixing = rng.normal(size=(n_nodes, n_nodes))
    return np.cumsum(rng.normal(size=(n_observations, n_nodes)), axis=0) @ mixing + 7


def correlate_at_lags(recording):
    """Compute circular cross-covariances at all lags by loops of shifts."""
    centred = recording - recording.mean(axis=0)
    return np.array(
        [centred.T @ np.roll(centred, lag, axis=0) for lag in range(len(recording))]
    )


@given(n_observations=st.integers(2, 41), common=st.booleans(), seed=st.integers(0, 99))
def test_means_and_power_spectra_are_kept(n_observations, common, seed):
    X = make_recording(n_observations, seed=seed)
    surrogate = phase_randomize(X, common=common, random_state=seed)
    assert_allclose(surrogate.mean(axis=0), X.mean(axis=0), rtol=1e-10, atol=1e-10)
    power, expected = (
        np.abs(np.fft.fft(recording, axis=0)) for recording in (surrogate, X)
    )
    assert_allclose(power, expected, rtol=0, atol=1e-11 * expected.max())


@pytest.mark.parametrize("n_observations", [40, 41])
def test_common_phases_keep_cross_covariances_at_all_lags(n_observations):
    X = make_recording(n_observations)
    surrogate = phase_randomize(X, random_state=0)
    expected = correlate_at_lags(X)
    found = correlate_at_lags(surrogate)
    assert_allclose(found, expected, rtol=0, atol=1e-10 * np.abs(expected).max())
    assert np.abs(surrogate - X).max() > 1


def test_independent_phases_destroy_correlations():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2000, 5)) + 3 * rng.normal(size=(2000, 1))
    apart = phase_randomize(X, common=False, random_state=0)
    off = ~np.eye(5, dtype=bool)
    assert np.abs(np.corrcoef(X.T)[off]).min() > 0.8
    # 10 correlations of standard deviation 1 / sqrt(2000).
    assert np.abs(np.corrcoef(apart.T)[off]).max() < 0.1


def test_phases_are_uniform_and_signs_even():
    X = make_recording(6, n_nodes=2)
    spectra = np.fft.rfft(
        phase_randomize([X] * 500, random_state=0), axis=1
    ) / np.fft.rfft(X, axis=0)
    rotations = spectra[:, :, 0]
    assert_allclose(rotations[:, 0], 1)
    assert abs(rotations[:, 1].mean()) < 0.15 and abs(rotations[:, 2].mean()) < 0.15
    assert_allclose(np.abs(rotations[:, 3].real), 1)
    assert abs(rotations[:, 3].real.mean()) < 0.15
    # Each frequency of each recording has its own.
    assert len(np.unique(rotations[:, 1:3].round(9))) == 1000


def test_shapes_are_those_of_the_recordings():
    X = np.array([make_recording(9), make_recording(9, seed=1)])
    surrogates = phase_randomize(X, random_state=0)
    assert surrogates.shape == X.shape
    listed = phase_randomize(list(X), random_state=0)
    assert isinstance(listed, list)
    assert_array_equal(listed, surrogates)
    one = phase_randomize(X[0], random_state=0)
    assert_array_equal(one, surrogates[0])
    ragged = phase_randomize([make_recording(5), make_recording(8, 2)], random_state=0)
    assert [surrogate.shape for surrogate in ragged] == [(5, 4), (8, 2)]
    assert phase_randomize(X[0, :, :1]).shape == (9, 1)


def test_precision_is_kept_and_the_recordings_too():
    X = make_recording(9).astype(np.float32)
    before = X.copy()
    assert phase_randomize([X])[0].dtype == np.float32
    assert_array_equal(X, before)
    assert phase_randomize(np.arange(12).reshape(1, 6, 2)).dtype == np.float64


@pytest.mark.parametrize("common", [True, False])
def test_a_constant_node_stays_as_it_is(common):
    X = make_recording(11)
    X[:, 1] = 0.1
    surrogate = phase_randomize(X, common=common, random_state=0)
    assert_array_equal(surrogate[:, 1], 0.1)
    assert (np.ptp(surrogate, axis=0) > 0).sum() == 3


def test_random_states():
    X = make_recording(20)
    first, again, other = (phase_randomize(X, random_state=k) for k in (0, 0, 1))
    assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.1
