r"""Affinities: how strongly two nodes are active together at one moment.

The affinity of two nodes is the geometric mean of their signals where these have the
same sign, and 0 where the signals have different signs or one is 0:

.. math:: a_{ij}(t) = \sqrt{\max(0, u_i(t) \, u_j(t))}.

An affinity is known by the function that makes the signals u of one recording. Such a
function takes a recording ``(n_times, n_nodes)`` and returns an array of the same
shape. DynamicConnectome finds the functions by name in one dictionary, so that adding
an affinity is a function and a line in that dictionary. Another value of a parameter is
given with :func:`functools.partial`: ``partial(differential, bandwidth=4.0)``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import gaussian_filter1d

from sktopo._utils.parameters import check_real
from sktopo.connectomes._inputs import read_sample
from sktopo.connectomes._units import standardize

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from sktopo._typing import FloatArray

# A narrower Gaussian reaches no neighbour of an observation.
_NARROWEST = 0.2

__all__ = ["AFFINITIES", "activity", "affinity_rows", "differential"]


def differential(recording: ArrayLike, *, bandwidth: float = 1.0) -> FloatArray:
    r"""Compute how fast each node changes: the signals of the differential affinity.

    Two nodes whose activity rises, or falls, at the same moment have a large affinity,
    whatever their levels are.

    Parameters
    ----------
    recording : array-like of shape (n_times, n_nodes)
        One recording of at least two times.

    bandwidth : float, default=1.0
        Standard deviation, in observations, of the Gaussian that smooths the recording,
        from 0.2 (the difference between next and previous observation) to n_times.

    Returns
    -------
    signals : ndarray of shape (n_times, n_nodes), dtype float64
        The derivative of each smoothed node, divided by its root mean square over time;
        0 for nodes that never vary.

    Raises
    ------
    ValueError
        If the recording is not a table of finite numbers with at least two rows, or
        `bandwidth` is not a number in [0.2, n_times].

    TypeError
        If the recording is not an array of numbers.

    See Also
    --------
    activity : The signals of nodes that are active together.
    sktopo.DynamicConnectome : Finds patterns in affinities.

    Notes
    -----
    The derivative of a smoothed recording is its convolution with the derivative of a
    Gaussian; beyond its ends, the recording is continued by its first and last numbers.

    The differential affinity is introduced in [1]_: non-negative, and large where two
    calcium traces change together. We could not read its formula, and use the geometric
    mean of derivatives that have the same sign.

    References
    ----------
    .. [1] Dyballa, Lang, Haslund-Gourley, Yemini & Zucker, "Learning dynamic
       representations of the functional connectome in neurobiological networks",
       ICLR 2024, arXiv:2402.14102.

    Examples
    --------
    >>> import numpy as np
    >>> from sktopo.connectomes.affinities import differential
    >>> recording = np.array([[0, 0], [1, 5], [2, 5], [3, 0]])
    >>> differential(recording, bandwidth=0.5).round(1)
    array([[ 0.6,  1. ],
           [ 1.3,  1. ],
           [ 1.3, -1. ],
           [ 0.6, -1. ]])
    """
    scores, _, _, _ = standardize(read_sample(recording, "recording"))
    check_real("bandwidth", bandwidth, _NARROWEST, len(scores))
    slopes = gaussian_filter1d(scores, bandwidth, axis=0, order=1, mode="nearest")
    size = np.sqrt(np.square(slopes).mean(axis=0))
    return np.divide(slopes, size, out=np.zeros_like(slopes), where=size > 0)


def activity(recording: ArrayLike) -> FloatArray:
    """Compute how far each node is from its mean: the signals of joint activity.

    Two nodes that are both above, or both below, their means have a large affinity.

    Parameters
    ----------
    recording : array-like of shape (n_times, n_nodes)
        One recording of at least two times.

    Returns
    -------
    signals : ndarray of shape (n_times, n_nodes), dtype float64
        Each node with mean 0 and standard deviation 1; 0 for nodes that never vary.

    Raises
    ------
    ValueError
        If the recording is not a table of finite numbers with at least two rows.

    TypeError
        If the recording is not an array of numbers.

    See Also
    --------
    differential : The signals of nodes that change together.

    Examples
    --------
    >>> from sktopo.connectomes.affinities import activity
    >>> activity([[0.0, 1.0], [2.0, 1.0]])
    array([[-1.,  0.],
           [ 1.,  0.]])
    """
    scores, _, _, _ = standardize(read_sample(recording, "recording"))
    return scores


#: The affinities by name. DynamicConnectome accepts every name in this dict.
AFFINITIES = {"differential": differential, "activity": activity}


def affinity_rows(signals: ArrayLike) -> FloatArray:
    """Compute the affinities of all pairs of nodes at each time.

    Parameters
    ----------
    signals : array-like of shape (n_times, n_nodes)
        Signals of one recording, such as `differential` returns.

    Returns
    -------
    rows : ndarray of shape (n_times, n_edges)
        A connectome row for each time, float32 if the signals are, else float64.

    Raises
    ------
    ValueError
        If the signals are not a table of finite numbers with at least two rows.

    TypeError
        If the signals are not an array of numbers.

    Notes
    -----
    DynamicConnectome works with the signals and never writes these rows out.

    Examples
    --------
    >>> from sktopo.connectomes.affinities import affinity_rows
    >>> affinity_rows([[1.0, 4.0, -1.0], [-2.0, -2.0, -8.0]])
    array([[2., 0., 0.],
           [2., 4., 4.]])
    """
    signals = read_sample(signals, "signals")
    roots = np.sqrt(np.abs(signals))
    first, second = np.triu_indices(signals.shape[1], 1)
    is_same = np.signbit(signals[:, first]) == np.signbit(signals[:, second])
    return np.where(is_same, roots[:, first] * roots[:, second], 0)
