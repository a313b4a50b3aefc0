"""Partial correlation, from the inverse of a shrunk covariance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve
from sklearn.covariance import empirical_covariance, ledoit_wolf, oas, shrunk_covariance

from sktopo._utils.parameters import check_real
from sktopo.connectomes._inputs import read_sample
from sktopo.connectomes._units import find_constant_units, standardize

if TYPE_CHECKING:
    from typing import Literal

    from numpy.typing import ArrayLike

    from sktopo._typing import FloatArray

# What estimates the shrunk covariance and the shrinkage, by the name of the shrinkage.
_ESTIMATORS = {"ledoit-wolf": ledoit_wolf, "oas": oas}


def partial_correlation(
    activations: ArrayLike,
    *,
    shrinkage: Literal["ledoit-wolf", "oas"] | float = "ledoit-wolf",
) -> FloatArray:
    r"""Compute the correlation of every pair of units given all other units.

    The covariance of the standardised activations is shrunk towards the identity, so
    that it can be inverted with fewer observations than units too.

    Parameters
    ----------
    activations : array-like of shape (n_observations, n_nodes)
        Activations of one sample, at least two observations.

    shrinkage : {"ledoit-wolf", "oas"} or float, default="ledoit-wolf"
        The weight of the identity, a number in [0, 1], or how it is estimated from the
        activations: as Ledoit and Wolf do [1]_, or by oracle approximating
        shrinkage [2]_.

    Returns
    -------
    correlations : ndarray of shape (n_nodes, n_nodes)
        Numbers in [-1, 1], float32 if the activations are, else float64. NaN in the
        rows and columns of units that never vary; the others are related as if those
        were not there.

    Raises
    ------
    ValueError
        If activations are not a table of finite numbers or have fewer than two rows, if
        `shrinkage` has another value, or if the covariance is singular and is not
        shrunk, as with two observations.

    See Also
    --------
    correlation : Correlation without regard to other units.
    sklearn.covariance.LedoitWolf : The default estimator of the covariance.
    sklearn.covariance.OAS : The estimator for ``shrinkage="oas"``.

    Notes
    -----
    With :math:`R` the correlations, :math:`\alpha` the shrinkage and :math:`P` the
    inverse of the shrunk covariance [3]_,

    .. math::
        P = \left( (1 - \alpha) R + \alpha I \right)^{-1},
        \qquad r_{ij} = -\frac{P_{ij}}{\sqrt{P_{ii} P_{jj}}} \quad (i \neq j),
        \qquad r_{ii} = 1.

    The more a covariance is shrunk, the smaller are the partial correlations. An
    estimated shrinkage differs between samples, with their number of observations and
    with their correlations; give a number to shrink all alike.

    All is computed in float64. Memory holds a few copies of the activations and a few
    matrices (n_nodes, n_nodes).

    References
    ----------
    .. [1] Ledoit & Wolf, "A well-conditioned estimator for large-dimensional
       covariance matrices", Journal of Multivariate Analysis 88(2), 2004.
    .. [2] Chen, Wiesel, Eldar & Hero, "Shrinkage algorithms for MMSE covariance
       estimation", IEEE Transactions on Signal Processing 58(10), 2010.
    .. [3] Marrelec et al., "Partial correlation for functional brain interactivity
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
    activations = read_sample(activations, "Input activations")
    check_shrinkage(shrinkage)
    varying = np.flatnonzero(~find_constant_units(activations))
    partial = np.full(2 * activations.shape[1:], np.nan, dtype=activations.dtype)
    if len(varying) == 0:
        return partial
    scores, *_ = standardize(activations[:, varying])
    shrunk, _ = _shrink_covariance(scores, shrinkage)
    precision = _invert(shrunk, varying)
    root = np.sqrt(precision.diagonal())
    precision /= -root
    precision /= root[:, np.newaxis]
    np.clip(precision, -1, 1, out=precision)
    np.fill_diagonal(precision, 1)
    partial[np.ix_(varying, varying)] = precision
    return partial


def check_shrinkage(shrinkage):
    """Raise a ValueError unless `shrinkage` is a known name or in [0, 1]."""
    if isinstance(shrinkage, str) and shrinkage not in _ESTIMATORS:
        raise ValueError(
            f"shrinkage={shrinkage!r} is unknown; expected 'ledoit-wolf', 'oas' or a "
            "number in [0, 1]."
        )
    if not isinstance(shrinkage, str):
        check_real("shrinkage", shrinkage, 0, 1)


def find_shrinkage(activations, shrinkage):
    """Return the shrinkage of a sample that was read; NaN if no unit varies."""
    varying = ~find_constant_units(activations)
    if not varying.any():
        return np.nan
    scores, *_ = standardize(activations[:, varying])
    return _shrink_covariance(scores, shrinkage)[1]


def _shrink_covariance(scores, shrinkage):
    """Return the shrunk covariance of standardised activations, and the shrinkage."""
    if isinstance(shrinkage, str):
        return _ESTIMATORS[shrinkage](scores, assume_centered=True)
    empirical = empirical_covariance(scores, assume_centered=True)
    return shrunk_covariance(empirical, shrinkage), float(shrinkage)


def _invert(covariance, units):
    """Return the inverse of a covariance matrix, whose rows stand for `units`."""
    try:
        inverse = cho_solve(cho_factor(covariance), np.eye(len(covariance)))
    except LinAlgError:
        inverse = np.full_like(covariance, np.inf)
    # How many times the variance of a unit is what the other units do not explain.
    shares = inverse.diagonal() * covariance.diagonal()
    unit = shares.argmax()
    if not shares[unit] < 1 / (len(shares) * np.finfo(shares.dtype).eps):
        raise ValueError(
            f"The partial correlation of unit {units[unit]} is not defined: the other "
            "units explain it exactly, and too little is shrunk. Leave it out, give "
            "more observations, or a larger shrinkage as a number."
        )
    return (inverse + inverse.T) / 2
