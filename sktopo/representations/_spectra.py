"""The geometry of stimuli and the spectrum of units, of the activations of one sample.

Both come from singular values of the centred activations, so that no square is formed
that loses the digits of weak directions.
"""

from __future__ import annotations

from math import log, sqrt
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import svd
from scipy.spatial.distance import squareform

from sktopo._utils.parameters import check_flag, check_positive, check_real
from sktopo.representations._inputs import read_sample

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from sktopo._typing import FloatArray


def gram_row(activations: ArrayLike, power: float = 0.5) -> FloatArray:
    r"""Compute a power of the normalised Gram matrix of stimuli, as one row.

    Let Z be the activations, less the mean of each unit, and K = Z Zᵀ. The row holds
    :math:`K^p / \lVert K^p \rVert_F`: first its diagonal, then the entries above it
    times :math:`\sqrt 2`, in the order of :func:`scipy.spatial.distance.squareform`. So
    the Euclidean distance between rows is the Frobenius distance between the
    normalised powers, and rows have length 1.

    Parameters
    ----------
    activations : array-like of shape (n_stimuli, n_nodes)
        Activations of one network. Neither rotations and permutations of the nodes nor
        offsets of single nodes nor a common factor change the result.

    power : float, default=0.5
        The power p, above 0. For 1, products of rows are values of linear CKA [1]_.

    Returns
    -------
    row : ndarray of shape (n_stimuli * (n_stimuli + 1) / 2,)
        In the dtype of the activations; it is computed in float64.

    Raises
    ------
    ValueError
        If the power is not a positive number, the activations are not finite, there
        are fewer than two stimuli, or all nodes are constant.

    See Also
    --------
    sktopo.StimulusGeometry : The estimator, for many networks and their layers.

    Notes
    -----
    With the singular value decomposition :math:`Z = U \Sigma V^T`,
    :math:`K^p = U \Sigma^{2p} U^T`. Singular values below ``eps * max(Z.shape)`` times
    the largest, with the eps of float64, are rounding errors and count as 0.

    References
    ----------
    .. [1] Kornblith et al., "Similarity of neural network representations revisited",
       ICML 2019, eq. 3 and 4.

    Examples
    --------
    >>> from sktopo.representations import gram_row
    >>> row = gram_row([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]], power=1)
    >>> other = gram_row([[1.0], [0.0], [0.0]], power=1)
    >>> float((row @ other).round(4))  # linear CKA
    0.7906
    """
    check_positive("power", power)
    table = read_sample(activations, "activations")
    return compute_gram_row(table, power).astype(table.dtype, copy=False)


def log_spectrum(
    activations: ArrayLike, *, normalize: bool = True, floor: float = 0.01
) -> FloatArray:
    r"""Compute the logarithms of the eigenvalues of the covariance of nodes.

    Parameters
    ----------
    activations : array-like of shape (n_observations, n_nodes)
        Activations of one network. Neither rotations and permutations of the nodes nor
        offsets of single nodes change the result.

    normalize : bool, default=True
        Whether eigenvalues are divided by their mean, so that a common factor of the
        activations changes nothing. Otherwise it adds twice its logarithm to all.

    floor : float, default=0.01
        Smaller eigenvalues are raised to this share of their mean, in (0, 1].

    Returns
    -------
    logs : ndarray of shape (n_nodes,)
        Natural logarithms, ascending, in the dtype of the activations; they are
        computed in float64.

    Raises
    ------
    ValueError
        If a parameter has a wrong value, the activations are not finite, there are
        fewer than two observations, or all nodes are constant.

    See Also
    --------
    sktopo.CovarianceSpectrum : The estimator, for many networks and their layers.

    Notes
    -----
    The eigenvalues are :math:`\sigma_i^2 / m`, for m observations and the singular
    values :math:`\sigma_i` of the activations less the mean of each node; 0 beyond the
    number of observations. All eigenvalues below the floor together hold less than the
    share `floor` of the total variance, because there are `n_nodes` of them at most.
    The result is a continuous function of the activations, at any rank.

    Examples
    --------
    >>> from sktopo.representations import log_spectrum
    >>> activations = [[3.0, 0.0], [-3.0, 0.0], [0.0, 0.3], [0.0, -0.3]]
    >>> log_spectrum(activations, normalize=False).round(3)
    array([-3.101,  1.504])
    """
    check_flag("normalize", normalize)
    check_real("floor", floor, 0, 1)
    check_positive("floor", floor)
    table = read_sample(activations, "activations")
    logs = compute_log_spectrum(table, normalize, floor)
    return logs.astype(table.dtype, copy=False)


def compute_gram_row(activations, power):
    """Run `gram_row` with arguments that are known to be valid, in float64.

    The row of constant activations is 0.
    """
    centred, _ = center(activations)
    if centred.shape[1] > len(centred):
        # The triangular factor has the same vectors and values, and is smaller.
        centred = np.linalg.qr(centred.T, mode="r").T
    vectors, sizes, _ = svd(centred, full_matrices=False, check_finite=False)
    sizes /= sizes[0] or 1.0
    sizes[sizes < max(activations.shape) * np.finfo(np.float64).eps] = 0
    weights = sizes**power
    vectors *= weights / (sqrt(np.linalg.norm(np.square(weights))) or 1.0)
    gram = vectors @ vectors.T
    pairs = squareform(gram, checks=False)
    pairs *= sqrt(2)
    return np.append(gram.diagonal(), pairs)


def compute_log_spectrum(activations, normalize, floor):
    """Run `log_spectrum` with arguments that are known to be valid, in float64.

    The normalised logarithms of constant activations are 0.
    """
    centred, exponent = center(activations)
    sizes = svd(centred, compute_uv=False, check_finite=False)
    if not sizes[0]:
        return np.zeros(activations.shape[1])
    shares = np.zeros(activations.shape[1])
    np.square(sizes / sizes[0], out=shares[: len(sizes)])
    mean = shares.mean()
    logs = np.log(np.maximum(np.sort(shares) / mean, floor))
    if not normalize:
        unit = log(sizes[0]) + exponent * log(2)
        logs += log(mean / len(activations)) + 2 * unit
    return logs


def center(activations):
    """Subtract from each unit its mean, in a unit whose squares are in range.

    Returns
    -------
    centred : ndarray of shape (n_observations, n_nodes), dtype float64
        Deviations from the means, in units of ``2.0 ** exponent``.

    exponent : int
        What makes the largest difference between observations about 1.
    """
    # Differences from one observation keep the digits if there is a large offset, and
    # are exactly 0 for constant units. Those of halves do not overflow.
    centred = np.ldexp(activations, -1, dtype=np.float64, order="C")
    centred -= centred[0].copy()
    exponent = int(np.frexp(max(centred.max(), -centred.min()))[1])
    centred = np.ldexp(centred, -exponent, out=centred)
    centred -= centred.mean(axis=0)
    return centred, exponent + 1
