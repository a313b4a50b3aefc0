"""Lagged correlation: the largest correlation of two units some observations apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sktopo._utils.parameters import check_integer
from sktopo.connectomes._inputs import read_sample
from sktopo.connectomes._units import find_constant_units, standardize

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from sktopo._typing import FloatArray


def lagged_correlation(activations: ArrayLike, *, max_lag: int = 1) -> FloatArray:
    r"""Compute the largest correlation of every pair of units over a range of lags.

    Parameters
    ----------
    activations : array-like of shape (n_observations, n_nodes)
        Activations of one sample in the order of time, at least two observations.

    max_lag : int, default=1
        The largest lag, in observations. 0 gives the correlation.

    Returns
    -------
    correlations : ndarray of shape (n_nodes, n_nodes)
        Numbers in [-1, 1], float32 if the activations are, else float64. NaN in the
        rows and columns of units that never vary.

    Raises
    ------
    ValueError
        If activations are not a table of finite numbers or have fewer than two rows, or
        if `max_lag` is not an integer from 0 to n_observations - 1.

    See Also
    --------
    correlation : Correlation of what was observed at the same time.
    coherence : Relation within a band of frequencies, whatever the lag.

    Notes
    -----
    With :math:`z_{ti}` the standardised activation of unit i at observation t, of n,
    the cross-correlation [1]_ at lag l and the weight are

    .. math::
        r_{ij}(l) = \frac{1}{n} \sum_{t=1}^{n-l} z_{ti} z_{t+l,j},
        \qquad r_{ij}(-l) = r_{ji}(l),
        \qquad w_{ij} = r_{ij}(l^*), \quad l^* = \arg\max_{|l| \leq L} |r_{ij}(l)|.

    The maximum over lags serves as a weight in [2]_. It has the sign of the
    cross-correlation that is largest in size; if a positive and a negative one are of
    equal size, the positive one is taken. Either unit may lead, so the matrix is
    symmetric, and its diagonal is 1. Sums over fewer observations are divided by n all
    the same, which keeps them in [-1, 1] and makes long lags count a little less.

    The maximum of several correlations of unrelated units is larger than one of them,
    so use one `max_lag` for all samples. All is computed in float64. Memory holds a
    copy of the activations and four matrices (n_nodes, n_nodes).

    References
    ----------
    .. [1] Box, Jenkins & Reinsel, "Time Series Analysis: Forecasting and Control",
       4th edition, 2008, chapter 12.
    .. [2] Kramer, Eden, Cash & Kolaczyk, "Network inference with confidence from
       multivariate time series", Physical Review E 79, 061916, 2009.

    Examples
    --------
    The second unit repeats what the first did two observations before:

    >>> import numpy as np
    >>> from sktopo.connectomes.measures import correlation, lagged_correlation
    >>> first = np.random.default_rng(0).normal(size=500)
    >>> sample = np.column_stack([first, np.roll(first, 2)])
    >>> bool(abs(correlation(sample)[0, 1]) < 0.1)
    True
    >>> print(lagged_correlation(sample, max_lag=3)[0, 1].round(1))
    1.0
    """
    activations = read_sample(activations, "Input activations")
    n_observations, n_nodes = activations.shape
    check_integer("max_lag", max_lag, 0)
    if max_lag >= n_observations:
        raise ValueError(
            f"max_lag={max_lag} needs more than {max_lag} observations, but there are "
            f"{n_observations}; give a smaller max_lag."
        )
    varying = np.flatnonzero(~find_constant_units(activations))
    scores, *_ = standardize(activations[:, varying])
    highest = scores.T @ scores
    lowest = highest.copy()
    for lag in range(1, max_lag + 1):
        products = scores[:-lag].T @ scores[lag:]
        for part in (products, products.T):
            np.maximum(highest, part, out=highest)
            np.minimum(lowest, part, out=lowest)
        del products, part  # before the next is made
    weights = np.where(highest >= -lowest, highest, lowest)
    weights /= n_observations
    np.clip(weights, -1, 1, out=weights)
    np.fill_diagonal(weights, 1)
    matrix = np.full((n_nodes, n_nodes), np.nan, dtype=activations.dtype)
    matrix[np.ix_(varying, varying)] = weights
    return matrix
