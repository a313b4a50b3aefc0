"""Measures of a band of frequencies: coherence and the phase locking value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.fft import rfft, rfftfreq
from scipy.signal import get_window

from sktopo._utils.parameters import check_integer, check_positive, check_real
from sktopo.connectomes._inputs import read_sample
from sktopo.connectomes._units import find_constant_units, standardize

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from sktopo._typing import FloatArray

# Fourier coefficients of up to so many roundings of the largest are taken for 0.
_ROUNDINGS = 16


def coherence(
    activations: ArrayLike,
    *,
    sampling_rate: float = 1.0,
    band: tuple[float, float] | None = None,
    segment_length: int | None = None,
) -> FloatArray:
    r"""Compute the coherence of every pair of units, averaged over a band.

    Parameters
    ----------
    activations : array-like of shape (n_observations, n_nodes)
        Activations of one sample, observed at equal intervals of time.

    sampling_rate : float, default=1.0
        Observations per unit of time: in Hz, if `band` is.

    band : tuple of (low, high) or None, default=None
        The lowest and the highest frequency of the band, both included. None: all
        frequencies. The frequency 0 is always left out.

    segment_length : int or None, default=None
        Observations in a segment, see Notes. None: two ninths of all, which makes
        eight segments or a few more.

    Returns
    -------
    coherences : ndarray of shape (n_nodes, n_nodes)
        Numbers in [0, 1], float32 if the activations are, else float64. NaN in the rows
        and columns of units that never vary.

    Raises
    ------
    ValueError
        If activations are not a table of finite numbers, a parameter has a wrong value,
        there are fewer than two segments, or no frequency of theirs lies in the band.

    See Also
    --------
    phase_locking_value : How constant the difference of phases is.
    scipy.signal.coherence : The coherence of one pair at each frequency.

    Notes
    -----
    The observations are cut into K segments, each of which overlaps the one before by
    half. With :math:`Y_{ki}(f)` the Fourier transform of segment k of unit i, centred
    and multiplied by a Hann window, and F the frequencies in the band, the mean
    magnitude-squared coherence [1]_ is

    .. math::
        w_{ij} = \frac{1}{|F|} \sum_{f \in F}
        \frac{\left| \sum_k Y_{ki}(f) \overline{Y_{kj}(f)} \right|^2}
        {\sum_k |Y_{ki}(f)|^2 \sum_k |Y_{kj}(f)|^2}.

    Frequencies are ``sampling_rate / segment_length`` apart: longer segments resolve
    finer bands. The more segments there are, the smaller is the coherence of unrelated
    units, which is about 1 / K without overlap; so all samples should have equally
    many. A unit without any power at a frequency, up to rounding, has the coherence 0
    there.

    All is computed in float64. Memory holds about six copies of the activations and
    five matrices (n_nodes, n_nodes).

    References
    ----------
    .. [1] Carter, Knapp & Nuttall, "Estimation of the magnitude-squared coherence
       function via overlapped fast Fourier transform processing", IEEE Transactions on
       Audio and Electroacoustics 21(4), 1973.

    Examples
    --------
    Two noisy channels share a rhythm of 10 Hz, with different phases:

    >>> import numpy as np
    >>> from sktopo.connectomes.measures import coherence
    >>> time = np.arange(1280) / 128
    >>> rhythms = np.sin(2 * np.pi * 10 * time[:, None] + [0, 1])
    >>> sample = rhythms + np.random.default_rng(0).normal(size=(1280, 2))
    >>> for band in ((9.5, 10.5), (20, 30)):
    ...     print(coherence(sample, sampling_rate=128, band=band)[0, 1].round(1))
    0.9
    0.1
    """
    spectra, matrix, varying = _compute_spectra(
        activations, sampling_rate, band, segment_length
    )
    weights = np.zeros((len(varying), len(varying)))
    for coefficients in spectra:
        size = np.sqrt(np.square(np.abs(coefficients)).sum(axis=0))
        products = _multiply(coefficients / np.where(size == 0, 1, size))
        weights += np.square(products, out=products)
        del products  # before the next are made
    return _fill(matrix, varying, weights / len(spectra))


def phase_locking_value(
    activations: ArrayLike,
    *,
    sampling_rate: float = 1.0,
    band: tuple[float, float] | None = None,
    segment_length: int | None = None,
) -> FloatArray:
    r"""Compute the phase locking value of every pair of units, averaged over a band.

    Parameters
    ----------
    activations : array-like of shape (n_observations, n_nodes)
        Activations of one sample, observed at equal intervals of time.

    sampling_rate : float, default=1.0
        Observations per unit of time: in Hz, if `band` is.

    band : tuple of (low, high) or None, default=None
        The lowest and the highest frequency of the band, both included. None: all
        frequencies. The frequency 0 is always left out.

    segment_length : int or None, default=None
        Observations in a segment, see Notes. None: two ninths of all, which makes
        eight segments or a few more.

    Returns
    -------
    values : ndarray of shape (n_nodes, n_nodes)
        Numbers in [0, 1], float32 if the activations are, else float64. NaN in the rows
        and columns of units that never vary.

    Raises
    ------
    ValueError
        If activations are not a table of finite numbers, a parameter has a wrong value,
        there are fewer than two segments, or no frequency of theirs lies in the band.

    See Also
    --------
    coherence : The same, with segments weighted by their amplitudes.

    Notes
    -----
    The phases are those of the Fourier transforms :math:`Y_{ki}(f)` of K segments, cut
    as for :func:`coherence`. With F the frequencies in the band, the mean of the phase
    locking values [1]_, with segments of one sample for its trials, is

    .. math::
        w_{ij} = \frac{1}{|F|} \sum_{f \in F} \frac{1}{K} \left| \sum_k
        \frac{Y_{ki}(f)}{|Y_{ki}(f)|} \frac{\overline{Y_{kj}(f)}}{|Y_{kj}(f)|} \right|.

    It is 1 if the difference of the phases is the same in all segments. For unrelated
    units it is about :math:`0.9 / \sqrt{K}` without overlap; so all samples should have
    equally many segments. A unit without any power in a segment, up to rounding, has no
    phase there, and the segment counts as 0.

    All is computed in float64. Memory holds about six copies of the activations and
    five matrices (n_nodes, n_nodes).

    References
    ----------
    .. [1] Lachaux, Rodriguez, Martinerie & Varela, "Measuring phase synchrony in brain
       signals", Human Brain Mapping 8(4), 1999.

    Examples
    --------
    Two noisy channels share a rhythm of 10 Hz, with different phases:

    >>> import numpy as np
    >>> from sktopo.connectomes.measures import phase_locking_value
    >>> time = np.arange(1280) / 128
    >>> rhythms = np.sin(2 * np.pi * 10 * time[:, None] + [0, 1])
    >>> sample = rhythms + np.random.default_rng(0).normal(size=(1280, 2))
    >>> for band in ((9.5, 10.5), (20, 30)):
    ...     value = phase_locking_value(sample, sampling_rate=128, band=band)
    ...     print(value[0, 1].round(1))
    1.0
    0.3
    """
    spectra, matrix, varying = _compute_spectra(
        activations, sampling_rate, band, segment_length
    )
    weights = np.zeros((len(varying), len(varying)))
    for coefficients in spectra:
        size = np.abs(coefficients)
        weights += _multiply(coefficients / np.where(size == 0, 1, size))
    n_segments = spectra.shape[1]
    return _fill(matrix, varying, weights / (len(spectra) * n_segments))


def _compute_spectra(activations, sampling_rate, band, segment_length):
    """Compute the Fourier transforms of the segments of units that vary.

    Returns
    -------
    spectra : ndarray of shape (n_frequencies, n_segments, n_varying), complex
        Coefficients at the frequencies in the band. Those that are rounding errors of
        larger ones of the unit are 0.

    matrix : ndarray of shape (n_nodes, n_nodes)
        NaN, in the dtype of the result.

    varying : ndarray of shape (n_varying,)
        The units that vary.
    """
    activations = read_sample(activations, "Input activations")
    length = _choose_length(len(activations), segment_length)
    chosen = _choose_frequencies(length, sampling_rate, band)
    varying = np.flatnonzero(~find_constant_units(activations))
    scores, *_ = standardize(activations[:, varying])
    # In the order (segments, units, observations).
    segments = sliding_window_view(scores, length, axis=0)[:: length - length // 2]
    segments = segments - segments.mean(axis=2, keepdims=True)
    segments *= get_window("hann", length)
    spectra = rfft(segments, axis=2)
    del segments, scores
    sizes = np.abs(spectra)
    limits = _ROUNDINGS * np.finfo(activations.dtype).eps * sizes.max(axis=(0, 2))
    spectra[sizes <= limits[:, np.newaxis]] = 0
    matrix = np.full(2 * activations.shape[1:], np.nan, dtype=activations.dtype)
    return np.moveaxis(spectra[..., chosen], 2, 0), matrix, varying


def _choose_length(n_observations, segment_length):
    """Return the number of observations in a segment, such that there are two."""
    length = segment_length
    if segment_length is None:
        length = max(2, 2 * n_observations // 9)
    check_integer("segment_length", length, 2)
    n_segments = max(0, (n_observations - length // 2) // (length - length // 2))
    if n_segments < 2:
        raise ValueError(
            f"{n_observations} observations make {n_segments} segment(s) of {length}; "
            "expected 2 or more, because units are related over segments. Give a "
            "smaller segment_length, or more observations."
        )
    return length


def _choose_frequencies(length, sampling_rate, band):
    """Return the numbers of the frequencies in a band."""
    check_positive("sampling_rate", sampling_rate)
    frequencies = rfftfreq(length, 1 / sampling_rate)
    if band is None:
        return np.arange(1, len(frequencies))
    if not isinstance(band, (tuple, list, np.ndarray)) or len(band) != 2:
        raise ValueError(f"band must be two frequencies (low, high), got {band!r}.")
    low, high = band
    check_real("The second frequency of band", high, 0, np.inf)
    check_real("The first frequency of band", low, 0, high)
    if high > sampling_rate / 2:
        raise ValueError(
            f"band={band!r} reaches beyond {sampling_rate / 2:g}, half of "
            f"sampling_rate={sampling_rate!r}. Give the rate and the band in one unit."
        )
    inside = (low <= frequencies) & (frequencies <= high)
    inside[0] = False
    if not inside.any():
        raise ValueError(
            f"No frequency lies in band={band!r}: segments of {length} observations at "
            f"sampling_rate={sampling_rate!r} have the frequencies {frequencies[1]:.3g}"
            f", {2 * frequencies[1]:.3g}, ... up to {frequencies[-1]:.3g}. Give a "
            "longer segment_length, or another band."
        )
    return np.flatnonzero(inside)


def _multiply(coefficients):
    """Multiply units by the conjugates of all units: sizes (n_nodes, n_nodes)."""
    return np.abs(coefficients.conj().T @ coefficients)


def _fill(matrix, varying, weights):
    """Return the matrix with the weights of the units that vary, 1 on its diagonal."""
    weights = np.minimum(weights, weights.T)  # they differ by rounding
    np.clip(weights, 0, 1, out=weights)
    np.fill_diagonal(weights, 1)
    matrix[np.ix_(varying, varying)] = weights
    return matrix
