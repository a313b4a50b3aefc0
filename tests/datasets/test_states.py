"""Simulated recordings with known states."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sktopo.datasets import make_state_recordings


def test_shapes():
    X, states = make_state_recordings(
        3, n_observations=50, n_nodes=7, n_modules=[1, 7], random_state=0
    )
    assert X.shape == (3, 50, 7) and X.dtype == np.float64
    assert states.shape == (3, 50) and states.dtype == np.int64
    assert set(np.unique(states)) == {0, 1}


def test_correlations_are_those_of_the_state():
    X, states = make_state_recordings(
        1,
        n_observations=60_000,
        n_nodes=6,
        n_modules=(2, 3),
        dwell=200,
        strength=0.5,
        random_state=0,
    )
    for state, n_modules in enumerate((2, 3)):
        module = np.arange(6) * n_modules // 6
        expected = np.where(module[:, None] == module, 0.5, 0.0)
        np.fill_diagonal(expected, 1)
        found = np.cov(X[0, states[0] == state].T)
        assert_allclose(found, expected, atol=0.05)


@pytest.mark.parametrize("autocorrelation", [0, 0.8])
def test_signals_are_autoregressive_from_the_start(autocorrelation):
    X, _ = make_state_recordings(
        4_000,
        n_observations=4,
        n_nodes=2,
        n_modules=(1,),
        autocorrelation=autocorrelation,
        random_state=0,
    )
    expected = autocorrelation ** np.abs(np.subtract.outer(range(4), range(4)))
    assert_allclose(np.cov(X[:, :, 0].T), expected, atol=0.1)
    assert_allclose(X.mean(axis=0), 0, atol=0.1)


def test_stays_are_as_long_as_said():
    _, states = make_state_recordings(
        1, n_observations=40_000, n_nodes=2, n_modules=(1, 1, 2), dwell=20
    )
    changes = np.flatnonzero(np.diff(states[0]))
    assert abs(len(changes) / 40_000 - 1 / 20) < 0.005
    followed = np.bincount(
        3 * states[0][changes] + states[0][changes + 1], minlength=9
    ).reshape(3, 3)
    shares = followed / followed.sum(axis=1, keepdims=True)
    assert_allclose(shares, 0.5 * (1 - np.eye(3)), atol=0.08)


def test_one_state_never_changes():
    _, states = make_state_recordings(2, n_observations=30, n_modules=(3,))
    assert_array_equal(states, 0)


def test_random_states():
    first, again, other = (make_state_recordings(1, random_state=k) for k in (0, 0, 1))
    assert_array_equal(first[0], again[0])
    assert np.abs(first[0] - other[0]).max() > 0.1


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_modules": (1, 30)}, "n_modules must be"),
        ({"dwell": 0.5}, "dwell must be"),
        ({"strength": 1.1}, "strength must be"),
        ({"autocorrelation": 1}, "autocorrelation must be"),
    ],
)
def test_parameters_are_checked(parameters, message):
    with pytest.raises(ValueError, match=message):
        make_state_recordings(**parameters)
