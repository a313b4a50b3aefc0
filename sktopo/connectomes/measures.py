"""Measures that relate the units of one sample, and the dict that names them.

A measure takes activations ``(n_observations, n_nodes)`` and returns a symmetric
matrix ``(n_nodes, n_nodes)`` without changing its input. :data:`MEASURES` maps the
names that :class:`~sktopo.FunctionalConnectome` accepts to these functions, so a new
measure is a function and a line in that dict.

*Units that never vary.* The correlation of such a unit is 0 / 0, so its row and column
are NaN in the three correlations; its covariance is 0. FunctionalConnectome finds these
units itself and replaces their weights as its parameter `constant_units` says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import rankdata
from sklearn.covariance import LedoitWolf
from sklearn.utils import check_array, gen_batches

from sktopo._utils.samples import FLOATS
from sktopo.connectomes._units import find_constant_units, largest_magnitudes

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from sktopo._typing import FloatArray

__all__ = ["MEASURES", "correlation", "covariance", "partial_correlation", "spearman"]

# Observations that are centred at once: large enough for a fast matrix product, and
# small enough that the centred copy stays in the cache.
_BLOCK = 2048


def correlation(activations: ArrayLike) -> FloatArray:
    r"""Compute the Pearson correlation of every pair of units.

    Parameters
    ----------
    activations : array-like of shape (n_observations, n_nodes)
        Activations of one sample, at least two observations.

    Returns
    -------
    correlations : ndarray of shape (n_nodes, n_nodes)
        Numbers in [-1, 1], float32 if the activations are, else float64. NaN in the
        rows and columns of units that never vary.

    Raises
    ------
    ValueError
        If activations are not a table of finite numbers or have fewer than two rows.

    See Also
    --------
    spearman : Correlation of ranks, for outliers and monotone relations.
    partial_correlation : Correlation given all other units.

    Notes
    -----
    With :math:`x_{ti}` the activation of unit i at observation t and
    :math:`\bar{x}_i` its mean,

    .. math::
        r_{ij} = \frac{\sum_t (x_{ti} - \bar{x}_i)(x_{tj} - \bar{x}_j)}
        {\sqrt{\sum_t (x_{ti} - \bar{x}_i)^2 \sum_t (x_{tj} - \bar{x}_j)^2}}.

    Units are divided by their largest absolute value where the sums would leave the
    range of the dtype. Beyond its result, memory holds a second matrix
    (n_nodes, n_nodes) and a centred copy of 2,048 observations.

    References
    ----------
    .. [1] Songdechakraiwut & Wu, "Functional connectomes of neural networks",
       AAAI 2025, arXiv:2412.15279.

    Examples
    --------
    >>> from sktopo.connectomes.measures import correlation
    >>> correlation([[0, 1, 3], [1, 2, 1], [2, 3, 0], [3, 4, 1]]).round(2)
    array([[ 1.  ,  1.  , -0.72],
           [ 1.  ,  1.  , -0.72],
           [-0.72, -0.72,  1.  ]])
    """
    activations = _check_activations(activations)
    constant = find_constant_units(activations)
    products = _sum_products(activations)
    if not _in_range(products.diagonal()[~constant]):
        products = _sum_products(activations / largest_magnitudes(activations))
    lengths = np.sqrt(np.where(constant, np.nan, products.diagonal()))
    products /= lengths
    products /= lengths[:, None]
    return np.clip(products, -1, 1, out=products)


def spearman(activations: ArrayLike) -> FloatArray:
    r"""Compute the rank correlation of every pair of units.

    Parameters
    ----------
    activations : array-like of shape (n_observations, n_nodes)
        Activations of one sample, at least two observations.

    Returns
    -------
    correlations : ndarray of shape (n_nodes, n_nodes)
        Numbers in [-1, 1], float32 if the activations are, else float64. NaN in the
        rows and columns of units that never vary.

    Raises
    ------
    ValueError
        If activations are not a table of finite numbers or have fewer than two rows.

    See Also
    --------
    correlation : Correlation of the activations themselves.

    Notes
    -----
    With :math:`R_{ti}` the rank of observation t among those of unit i, equal
    activations at their mean rank,

    .. math::
        \rho_{ij} = \frac{\sum_t (R_{ti} - \bar{R})(R_{tj} - \bar{R})}
        {\sqrt{\sum_t (R_{ti} - \bar{R})^2 \sum_t (R_{tj} - \bar{R})^2}},
        \qquad \bar{R} = \frac{n + 1}{2}.

    All is computed in float64. Memory holds the ranks, an array of the shape of the
    activations, and while ranking a few more of that shape.

    References
    ----------
    .. [1] Spearman, "The proof and measurement of association between two things",
       American Journal of Psychology 15(1), 1904.

    Examples
    --------
    >>> from sktopo.connectomes.measures import spearman
    >>> spearman([[0, 9], [1, 4], [2, 5], [3, 1]]).round(2)
    array([[ 1. , -0.8],
           [-0.8,  1. ]])
    """
    activations = _check_activations(activations)
    ranks = rankdata(activations, axis=0)
    return correlation(ranks).astype(activations.dtype, copy=False)


def partial_correlation(activations: ArrayLike) -> FloatArray:
    r"""Compute the correlation of every pair of units given all other units.

    The covariance of the standardised activations is shrunk as Ledoit and Wolf
    do [1]_, so that it can be inverted with fewer observations than units too.

    Parameters
    ----------
    activations : array-like of shape (n_observations, n_nodes)
        Activations of one sample, at least two observations.

    Returns
    -------
    correlations : ndarray of shape (n_nodes, n_nodes)
        Numbers in [-1, 1], float32 if the activations are, else float64. NaN in the
        rows and columns of units that never vary; the others are related as if those
        were not there.

    Raises
    ------
    ValueError
        If activations are not a table of finite numbers or have fewer than two rows.

    See Also
    --------
    correlation : Correlation without regard to other units.
    sklearn.covariance.LedoitWolf : The estimator of the covariance.

    Notes
    -----
    With :math:`P` the inverse of the shrunk covariance [2]_,

    .. math::
        r_{ij} = -\frac{P_{ij}}{\sqrt{P_{ii} P_{jj}}} \quad (i \neq j),
        \qquad r_{ii} = 1.

    All is computed in float64. Memory holds a few copies of the activations and a few
    matrices (n_nodes, n_nodes).

    References
    ----------
    .. [1] Ledoit & Wolf, "A well-conditioned estimator for large-dimensional
       covariance matrices", Journal of Multivariate Analysis 88(2), 2004.
    .. [2] Marrelec et al., "Partial correlation for functional brain interactivity
       investigation in functional MRI", NeuroImage 32(1), 2006.

    Examples
    --------
    The third unit follows the second, which follows the first: given the second, the
    first and the third are hardly related.

    >>> import numpy as np
    >>> from sktopo.connectomes.measures import partial_correlation
    >>> noise = np.random.default_rng(0).normal(size=(1000, 3))
    >>> partial_correlation(noise.cumsum(axis=1)).round(1)
    array([[1. , 0.5, 0. ],
           [0.5, 1. , 0.7],
           [0. , 0.7, 1. ]])
    """
    activations = _check_activations(activations)
    varying = np.flatnonzero(~find_constant_units(activations))
    partial = np.full(2 * activations.shape[1:], np.nan, dtype=activations.dtype)
    if len(varying) == 0:
        return partial
    scores = activations[:, varying].astype(np.float64)
    scores /= largest_magnitudes(scores)
    scores -= scores.mean(axis=0)
    scores /= scores.std(axis=0)
    precision = LedoitWolf(assume_centered=True).fit(scores).precision_
    root = np.sqrt(precision.diagonal())
    related = np.clip(-precision / np.outer(root, root), -1, 1)
    np.fill_diagonal(related, 1)
    partial[np.ix_(varying, varying)] = related
    return partial


def covariance(activations: ArrayLike) -> FloatArray:
    r"""Compute the covariance of every pair of units.

    Parameters
    ----------
    activations : array-like of shape (n_observations, n_nodes)
        Activations of one sample, at least two observations.

    Returns
    -------
    covariances : ndarray of shape (n_nodes, n_nodes)
        In squared units of the activations, float32 if the activations are, else
        float64. 0 in the rows and columns of units that never vary.

    Raises
    ------
    ValueError
        If activations are not a table of finite numbers, have fewer than two rows, or
        their covariance is too large for the dtype.

    See Also
    --------
    correlation : Covariance of standardised units.

    Notes
    -----
    With n observations :math:`x_t`, the maximum-likelihood estimate [1]_ is

    .. math::
        c_{ij} = \frac{1}{n} \sum_t (x_{ti} - \bar{x}_i)(x_{tj} - \bar{x}_j).

    Beyond its result, memory holds a second matrix (n_nodes, n_nodes) and a centred
    copy of 2,048 observations.

    References
    ----------
    .. [1] Anderson, "An Introduction to Multivariate Statistical Analysis", 3rd
       edition, 2003, section 3.2.

    Examples
    --------
    >>> from sktopo.connectomes.measures import covariance
    >>> covariance([[0, 6], [1, 2], [2, 1]]).round(2)
    array([[ 0.67, -1.67],
           [-1.67,  4.67]])
    """
    activations = _check_activations(activations)
    products = _sum_products(activations)
    constant = find_constant_units(activations)
    products[constant] = 0
    products[:, constant] = 0
    if not np.isfinite(products).all():
        raise ValueError(
            f"The covariance overflows {products.dtype}; scale the activations down, "
            "or give them as float64."
        )
    products /= len(activations)
    return products


#: The measures by name. FunctionalConnectome accepts every name in this dict.
MEASURES = {
    "correlation": correlation,
    "spearman": spearman,
    "partial correlation": partial_correlation,
    "covariance": covariance,
}


def _check_activations(activations):
    """Return activations as a finite float table of at least two observations."""
    return check_array(
        activations, dtype=FLOATS, ensure_min_samples=2, input_name="activations"
    )


def _sum_products(activations):
    """Sum the products of centred units over observations: (n_nodes, n_nodes).

    What overflows becomes infinite or NaN, without a warning.
    """
    n_observations, n_nodes = activations.shape
    dtype = activations.dtype
    products, sums = np.zeros((n_nodes, n_nodes), dtype), np.zeros(n_nodes, dtype)
    # Products with ones sum columns several times faster than np.sum does.
    ones = np.ones(n_observations, dtype)
    buffer = np.empty((min(_BLOCK, n_observations), n_nodes), dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        mean = ones @ activations / n_observations
        for block in gen_batches(n_observations, _BLOCK):
            centered = buffer[: block.stop - block.start]
            np.subtract(activations[block], mean, out=centered)
            products += centered.T @ centered
            sums += ones[block] @ centered
        # The computed mean is rounded, so the centred units keep a small mean.
        products -= np.outer(sums, sums / n_observations)
    return products


def _in_range(squares):
    """Return whether sums of squares neither overflow nor lose digits to underflow."""
    limits = np.finfo(squares.dtype)
    return bool(np.all((squares > limits.tiny / limits.eps) & (squares < np.inf)))
