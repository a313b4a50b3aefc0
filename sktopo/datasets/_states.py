"""Simulated recordings whose nodes are related in states that come and go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy.signal import lfilter

from sktopo._utils.parameters import check_integer, check_real, read_random_state
from sktopo.datasets._modular import check_modules

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sktopo._typing import RandomState


def make_state_recordings(
    n_recordings: int = 10,
    *,
    n_observations: int = 400,
    n_nodes: int = 20,
    n_modules: Sequence[int] = (1, 2, 5),
    dwell: float = 80.0,
    strength: float = 0.6,
    autocorrelation: float = 0.4,
    random_state: RandomState = None,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Make recordings that change between states of functional connectivity.

    In a state, the nodes form as many modules as `n_modules` says. Two nodes of a
    module have the correlation `strength`, two nodes of different modules 0. All nodes
    have mean 0, variance 1 and the same autocorrelation in all states, so that nothing
    but correlations tells states apart. With one state the recordings are those of a
    stationary Gaussian process: there are no states to find.

    Parameters
    ----------
    n_recordings : int, default=10
        Number of recordings.

    n_observations : int, default=400
        Number of observations of each recording.

    n_nodes : int, default=20
        Number of nodes, at least 2.

    n_modules : sequence of int, default=(1, 2, 5)
        Number of modules in each state, between 1 and `n_nodes`; as many states are
        made as there are entries.

    dwell : float, default=80.0
        Mean number of observations that a recording stays in a state, at least 1. Each
        observation ends a stay with the same probability, and all other states are
        equally likely to follow.

    strength : float, default=0.6
        Correlation, in [0, 1], between nodes of a module.

    autocorrelation : float, default=0.4
        Correlation, in [0, 0.999], between one observation of a signal and the next:
        signals are autoregressive of order 1.

    random_state : int, RandomState instance or None, default=None
        Determines the recordings. Pass an int for reproducible output across multiple
        function calls.

    Returns
    -------
    X : ndarray of shape (n_recordings, n_observations, n_nodes), dtype float64
        The recordings.

    states : ndarray of shape (n_recordings, n_observations), dtype int64
        The state at each observation: an index into `n_modules`.

    Raises
    ------
    ValueError
        If a parameter is outside the range given above.

    See Also
    --------
    make_modular_connectomes : Makes connectomes that differ in their modules.
    sktopo.SlidingWindows : Cuts recordings into windows.

    Examples
    --------
    >>> from sktopo.datasets import make_state_recordings
    >>> X, states = make_state_recordings(2, n_observations=12, dwell=4, random_state=0)
    >>> X.shape
    (2, 12, 20)
    >>> states
    array([[2, 2, 2, 2, 2, 2, 2, 2, 1, 0, 2, 2],
           [1, 1, 1, 1, 1, 1, 1, 1, 2, 1, 0, 0]])
    """
    check_integer("n_recordings", n_recordings, 1)
    check_integer("n_observations", n_observations, 1)
    check_integer("n_nodes", n_nodes, 2)
    check_modules(n_modules, n_nodes)
    check_real("dwell", dwell, 1, np.inf)
    check_real("strength", strength, 0, 1)
    check_real("autocorrelation", autocorrelation, 0, 0.999)
    rng = read_random_state(random_state)
    n_states = len(n_modules)
    X = np.empty((n_recordings, n_observations, n_nodes))
    states = np.empty((n_recordings, n_observations), dtype=np.int64)
    for recording, state in zip(X, states, strict=True):
        state[:] = _draw_states(n_observations, n_states, dwell, rng)
        own = _draw_signals(n_observations, n_nodes, autocorrelation, rng)
        recording[:] = np.sqrt(1 - strength) * own
        for k, count in enumerate(n_modules):
            shared = _draw_signals(n_observations, count, autocorrelation, rng)
            module = np.arange(n_nodes) * count // n_nodes
            during = state == k
            recording[during] += np.sqrt(strength) * shared[during][:, module]
    return X, states


def _draw_states(n_observations, n_states, dwell, rng):
    """Draw the state at each observation: a Markov chain (n_observations,)."""
    # How far to go on, in the circle of states.
    steps = rng.randint(1, max(n_states, 2), size=n_observations)
    steps[rng.uniform(size=n_observations) >= 1 / dwell] = 0
    steps[0] = rng.randint(n_states)
    return np.cumsum(steps) % n_states


def _draw_signals(n_observations, n_signals, autocorrelation, rng):
    """Draw stationary signals of variance 1: (n_observations, n_signals)."""
    noise = rng.normal(size=(n_observations, n_signals))
    noise[1:] *= np.sqrt(1 - autocorrelation**2)
    return lfilter([1], [1, -autocorrelation], noise, axis=0)
