"""Surrogates: recordings with the spectra of others and nothing else of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.fft import irfft, rfft

from sktopo._utils.parameters import check_flag, read_random_state
from sktopo._utils.samples import detach
from sktopo.connectomes._inputs import read_sample, read_samples
from sktopo.connectomes._units import find_factors

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from sktopo._typing import FloatArray, RandomState


def phase_randomize(
    X: ArrayLike, *, common: bool = True, random_state: RandomState = None
) -> FloatArray | list[FloatArray]:
    """Make surrogates of recordings by randomising the phases of their spectra.

    A surrogate has the means and the power spectra of its recording. With common
    phases it also has the correlations between nodes, at any lag [1]_: it looks like
    another recording of a process that is Gaussian and stationary, so that all that
    differs between its windows is chance. With independent phases nodes are unrelated.

    Parameters
    ----------
    X : array-like of shape (n_recordings, n_observations, n_nodes), sequence of \
            array-like of shape (n_observations, n_nodes), or one such array
        Recordings, observed at equal intervals.

    common : bool, default=True
        Whether all nodes of a recording have the same random phases. With False each
        has its own. Recordings always have phases of their own.

    random_state : int, RandomState instance or None, default=None
        Determines the phases. Pass an int for repeatable results.

    Returns
    -------
    surrogates : ndarray or list of ndarray
        One surrogate for each recording, in the shape of X: a list if X is a sequence.
        float32 where recordings are, else float64.

    Raises
    ------
    ValueError
        If a parameter is out of range, X holds numbers that are not finite or
        symmetric matrices, a recording has fewer than two observations, one of
        several recordings has fewer than two nodes, or its surrogate leaves the range
        of its dtype.

    TypeError
        If X, or a recording in it, is not an array of numbers.

    See Also
    --------
    sktopo.inference.state_test : Compares windows of recordings and of surrogates.

    Notes
    -----
    The spectrum is kept exactly, for even and odd numbers of observations: the mean
    keeps its phase, and the highest frequency of an even number keeps or changes its
    sign. A node that never varies stays as it is. The Fourier transform takes the end
    of a recording for the neighbour of its beginning; where these differ much, remove
    trends first.

    References
    ----------
    .. [1] Prichard & Theiler, "Generating surrogate data for time series with several
       simultaneously measured variables", Physical Review Letters 73(7), 1994.

    Examples
    --------
    >>> import numpy as np
    >>> from sktopo.connectomes import phase_randomize
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(100, 3)) + rng.normal(size=(100, 1))
    >>> surrogate = phase_randomize(X, random_state=0)
    >>> np.allclose(np.corrcoef(surrogate.T), np.corrcoef(X.T))
    True
    >>> apart = phase_randomize(X, common=False, random_state=0)
    >>> np.allclose(apart.std(axis=0), X.std(axis=0))
    True
    """
    check_flag("common", common)
    random_state = read_random_state(random_state)
    recordings = read_samples(X)
    if recordings is None:
        return _randomize(read_sample(detach(X), "X"), "X", common, random_state)
    surrogates = [
        _randomize(recording, f"Sample {i} of X", common, random_state)
        for i, recording in enumerate(recordings)
    ]
    return np.stack(surrogates) if getattr(X, "ndim", 1) == 3 else surrogates


def _randomize(recording, name, common, random_state):
    """Make the surrogate of one recording (n_observations, n_nodes)."""
    n_observations, n_nodes = recording.shape
    factors = find_factors(recording).astype(np.float64)
    scaled = recording * factors
    # Distances from the first observation: those of a constant node are exactly 0.
    first = scaled[0].copy()
    scaled -= first
    spectrum = rfft(scaled, axis=0)
    n_columns = 1 if common else n_nodes
    spectrum *= _draw_rotations(n_observations, n_columns, random_state)
    surrogate = irfft(spectrum, n_observations, axis=0)
    surrogate += first
    with np.errstate(over="ignore"):
        surrogate = (surrogate / factors).astype(recording.dtype)
    if not np.isfinite(surrogate).all():
        raise ValueError(
            f"{name} holds numbers up to {np.abs(recording).max():.3g}, and its "
            f"surrogate leaves the range of {recording.dtype}. Divide X by one "
            "constant first."
        )
    return surrogate


def _draw_rotations(n_observations, n_columns, random_state):
    """Draw rotations of the Fourier coefficients: (n_frequencies, n_columns)."""
    shape = (n_observations // 2 + 1, n_columns)
    rotations = np.exp(2j * np.pi * random_state.uniform(size=shape))
    rotations[0] = 1
    if n_observations % 2 == 0:
        rotations[-1] = np.where(rotations[-1].real < 0, -1, 1)
    return rotations
