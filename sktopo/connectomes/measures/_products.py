"""Measures that are products of units, and their connectome rows, tile by tile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial.distance import squareform
from scipy.stats import rankdata
from sklearn.utils import gen_batches

from sktopo._utils.nodes import find_edges
from sktopo.connectomes._inputs import read_sample
from sktopo.connectomes._units import find_constant_units, find_factors

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from sktopo._typing import FloatArray

# Observations that are centred at once: large enough for a fast matrix product, and
# small enough that the centred copy stays in the cache.
_BLOCK = 2048
# The products of up to so many units are computed as one matrix.
_FEW_NODES = 1024
# Numbers that are ranked at once: ranking makes several copies of them.
_RANKED = 2**17


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

    Each unit is centred before any product. Where sums leave the range of the dtype,
    each unit is scaled as well, by a power of two. Beyond its result, memory holds the
    upper triangle once more and a centred copy of up to 2,048 observations.

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
    activations = read_sample(activations, "Input activations")
    diagonal = np.where(find_constant_units(activations), np.nan, 1)
    return _fill_matrix(correlation_row(activations), diagonal)


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

    Products of ranks are summed in float64. Memory holds the ranks, a copy of the
    activations.

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
    activations = read_sample(activations, "Input activations")
    diagonal = np.where(find_constant_units(activations), np.nan, 1)
    return _fill_matrix(spearman_row(activations), diagonal)


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
        their covariance is too large or too small for the dtype.

    See Also
    --------
    correlation : Covariance of standardised units.

    Notes
    -----
    With n observations :math:`x_t`, the maximum-likelihood estimate [1]_ is

    .. math::
        c_{ij} = \frac{1}{n} \sum_t (x_{ti} - \bar{x}_i)(x_{tj} - \bar{x}_j).

    Each unit is centred before any product. Beyond its result, memory holds the upper
    triangle once more and a centred copy of up to 2,048 observations.

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
    activations = read_sample(activations, "Input activations")
    return _fill_matrix(*_compute_covariances(activations))


def correlation_row(activations):
    """Compute the upper triangle of `correlation`, without the matrix.

    Like the other functions of rows, it takes activations that were validated.
    """
    constant = find_constant_units(activations)
    row, squares, _ = _sum_products(activations, constant)
    _divide_edges(row, np.sqrt(np.where(constant, np.nan, squares)))
    row = row.astype(activations.dtype, copy=False)
    return np.clip(row, -1, 1, out=row)


def spearman_row(activations):
    """Compute the upper triangle of `spearman`, without the matrix."""
    ranks = _rank(activations)
    # Factors of 1: products are summed in float64, and only the row is float32.
    row, squares = _sum_tiles(ranks, np.ones(ranks.shape[1]), activations.dtype)
    _divide_edges(row, np.sqrt(np.where(squares == 0, np.nan, squares)))
    return np.clip(row, -1, 1, out=row)


def covariance_row(activations):
    """Compute the upper triangle of `covariance`, without the matrix."""
    return _compute_covariances(activations)[0]


#: The functions of connectome rows, for the measures that have one.
ROWS = {
    "correlation": correlation_row,
    "spearman": spearman_row,
    "covariance": covariance_row,
}


def count_working_bytes(measure, n_observations, n_nodes, itemsize):
    """Count the bytes that a function in `ROWS` needs beyond its row.

    Activations far from 1 in size, which are scaled, need more.
    """
    n_units, block = _choose_tiles(n_nodes, measure == "spearman")
    several = n_observations > block
    size = 8 if measure == "spearman" else itemsize
    products = n_units * n_nodes * (8 if several else size)
    centered = n_nodes * min(block, n_observations) * size
    # What is added to the products is as large: those of one block, or of the means.
    added = n_units * n_nodes * size + centered
    if several:
        added = max(added, n_units * n_nodes * 8)
    ranks = n_observations * n_nodes * itemsize if measure == "spearman" else 0
    return products + added + ranks


def _rank(activations):
    """Rank observations, equal ones at their mean rank, in the dtype of activations."""
    exact = len(activations) <= 1 / np.finfo(activations.dtype).eps
    ranks = np.empty(activations.shape, activations.dtype if exact else np.float64)
    n_units = max(1, _RANKED // len(activations))
    for units in gen_batches(activations.shape[1], n_units):
        ranks[:, units] = rankdata(activations[:, units], axis=0)
    return ranks


def _compute_covariances(activations):
    """Compute covariances as a connectome row, and variances (n_nodes,)."""
    constant = find_constant_units(activations)
    row, squares, factors = _sum_products(activations, constant)
    row /= len(activations)
    variances = squares / len(activations)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        if factors is not None:
            _divide_edges(row, factors)
            variances /= factors**2
        row = row.astype(activations.dtype, copy=False)
        variances = variances.astype(activations.dtype)
    variances[constant] = 0
    for unit in np.flatnonzero(constant):
        row[find_edges(unit, len(constant))] = 0
    limits, unit = np.finfo(activations.dtype), variances.argmax()
    if not np.isfinite(variances[unit]):
        problem, direction = "overflows", "down"
    elif variances[unit] < limits.tiny and not constant.all():
        problem, direction = "is too small for", "up"
    else:
        return row, variances
    raise ValueError(
        f"The variance of unit {unit}, the largest, {problem} {limits.dtype}. Scale "
        f"the activations {direction}"
        + (", or give them as float64." if limits.bits == 32 else ".")
    )


def _fill_matrix(row, diagonal):
    """Return the symmetric matrix with this upper triangle and diagonal."""
    matrix = squareform(row, checks=False).astype(row.dtype, copy=False)  # if empty
    np.fill_diagonal(matrix, diagonal)
    return matrix


def _divide_edges(row, divisors):
    """Divide each edge weight by the two numbers of its nodes, in place."""
    # One after the other: the product of the two might leave the range.
    n_nodes = len(divisors)
    if n_nodes <= _FEW_NODES:
        row /= np.repeat(divisors[:-1], range(n_nodes - 1, 0, -1))
        row /= np.concatenate([divisors[node:] for node in range(1, n_nodes + 1)])
        return
    start = 0
    for node in range(n_nodes - 1):
        edges = row[start : start + n_nodes - 1 - node]
        edges /= divisors[node]
        edges /= divisors[node + 1 :]
        start += len(edges)


def _sum_products(activations, constant):
    """Sum the products of centred units over observations.

    Returns
    -------
    row : ndarray of shape (n_edges,)
        Sums of products of pairs of scaled units; in float64 if they were scaled, else
        in the dtype of the activations. Not defined for the units that `constant`, a
        mask (n_nodes,), marks.

    squares : ndarray of shape (n_nodes,)
        Sums of squares of scaled units, in float64.

    factors : ndarray of shape (n_nodes,) or None
        What units were multiplied by. None: no unit was scaled.
    """
    row, squares = _sum_tiles(activations)
    limits = np.finfo(activations.dtype)
    in_range = (squares > limits.tiny / limits.eps) & (squares <= limits.max)
    if np.all(in_range | constant):
        return row, squares, None
    del row  # before the next is made
    factors = find_factors(activations).astype(np.float64)
    return *_sum_tiles(activations, factors), factors


def _choose_tiles(n_nodes, is_scaled):
    """Choose the number of units in a tile, and of observations in a block.

    Scaled activations are float64, so that blocks of half the size take as much memory.
    """
    block = _BLOCK // 2 if is_scaled else _BLOCK
    return (n_nodes // 6, block // 4) if n_nodes > _FEW_NODES else (n_nodes, block)


def _sum_tiles(activations, factors=None, dtype=None):
    """Sum products tile by tile, so that there is no matrix of many units.

    The units of a tile are multiplied by themselves and by all units after them.
    Returns a row, in `dtype` if given, and squares as `_sum_products`.
    """
    n_nodes = activations.shape[1]
    if dtype is None:
        dtype = activations.dtype if factors is None else np.float64
    size, block = _choose_tiles(n_nodes, factors is not None)
    row = np.empty(n_nodes * (n_nodes - 1) // 2, dtype)
    squares, filled = np.empty(n_nodes), 0
    for tile in gen_batches(n_nodes, size):
        rest = slice(tile.start, None)
        products = _sum_blocks(
            activations[:, rest],
            None if factors is None else factors[rest],
            tile.stop - tile.start,
            block,
        )
        squares[tile] = products.diagonal()
        with np.errstate(over="ignore"):
            if size == n_nodes:  # all edges are in this tile
                row[:] = squareform(products, checks=False)
                return row, squares
            for unit, weights in enumerate(products, start=1):
                edges = row[filled : filled + len(weights) - unit]
                edges[:] = weights[unit:]
                filled += len(edges)
        del products, weights  # before the next tile is made
    return row, squares


def _sum_blocks(activations, factors, n_units, block):
    """Sum the products of the first units and all units: (n_units, n_nodes).

    The units of each block of observations are centred on their mean in that block,
    and the products of the means are added. So neither a mean nor a drift costs digits.
    Units are multiplied by factors in float64 if given. Sums over several blocks are in
    float64. What overflows becomes infinite or NaN.
    """
    n_observations, n_nodes = activations.shape
    dtype = activations.dtype if factors is None else np.float64
    blocks = list(gen_batches(n_observations, block))
    products = np.zeros((n_units, n_nodes), np.float64 if len(blocks) > 1 else dtype)
    means, sizes = np.zeros((len(blocks), n_nodes)), np.zeros((len(blocks), 1))
    first = activations[0].astype(np.float64) * (1 if factors is None else factors)
    # Products with ones sum columns several times faster than np.sum does.
    ones = np.ones(block, dtype)
    buffer = np.empty((min(block, n_observations), n_nodes), dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        for k, observations in enumerate(blocks):
            part = activations[observations]
            centered = buffer[: len(part)]
            if factors is not None:
                part = np.multiply(part, factors, out=centered)
            # Differences from an observation are small, so their mean is nearly exact.
            origin = part[0].copy()
            np.subtract(part, origin, out=centered)
            mean = ones[: len(centered)] @ centered / len(centered)
            centered -= mean
            products += centered[:, :n_units].T @ centered
            means[k], sizes[k] = origin - first + mean, len(centered)
        if len(blocks) > 1:
            del buffer, part, centered  # make room for another product
            means -= (sizes * means).sum(axis=0) / n_observations
            means *= np.sqrt(sizes)
            products += means[:, :n_units].T @ means
    return products
