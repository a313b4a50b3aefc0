"""Barcodes of graph filtrations and their Wasserstein geometry, on plain arrays.

A *connectome row* holds the edge weights of one complete graph on ``n_nodes``
nodes, in the order of :func:`scipy.spatial.distance.squareform`:
``n_edges = n_nodes (n_nodes - 1) / 2`` numbers. Its *barcode row* holds the same
numbers in another order: the ``n_births = n_nodes - 1`` births, ascending, then
the ``n_deaths`` deaths, ascending. Functions take many rows at once.

A row of another length is a graph on the fewest nodes that hold that many edges,
its last edges absent. Such a graph is connected (all edges of its first node are
there), so it has ``n_nodes - 1`` births too, and fewer deaths.
"""

from __future__ import annotations

import warnings
from math import isqrt, sqrt
from numbers import Integral
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
from scipy.cluster.hierarchy import linkage
from scipy.sparse import csr_array
from scipy.spatial.distance import cdist
from sklearn.utils import check_array, gen_batches

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from numpy.typing import ArrayLike, NDArray

    from sktopo._typing import FloatArray, IntArray, S

__all__ = [
    "barcode_edges",
    "barcode_rows",
    "barycenter",
    "birth_death_decomposition",
    "count_nodes",
    "quantile_vectors",
    "scale_barcodes",
    "split_barcodes",
    "unscale_barcodes",
    "wasserstein_distance",
    "wasserstein_distances",
    "wasserstein_variance",
]

# Three ways to find births, each the fastest where it is used (benchmarks/barcodes.py).
# Walking many small graphs in step takes batches of some size, and unpacked matrices
# that stay in the cache; walking the row of one graph in place pays for its calls from
# some thousands of nodes on; between the two, scipy walks one graph.
_BATCHED_NODES = 512
_FEWEST_GRAPHS = 3
_COMPILED_NODES = 1500
# Numbers in one step of the batched walk: enough to hide the cost of the calls,
# few enough that the unpacked matrices of a block stay small.
_BATCH_WIDTH = 8192
# Steps of the walk in place after which it drops the nodes it has reached.
_STEPS = 64
# Threads that walk at once hand Python's lock to each other at every step, which takes
# longer than to walk in turn, and sort meanwhile.
_ONE_AT_A_TIME = Lock()
# Columns taken at a time when squares are summed.
_COLUMNS = 4096


def count_nodes(n_edges: int) -> int:
    """Count the nodes of the smallest complete graph with at least `n_edges` edges.

    Parameters
    ----------
    n_edges : int
        Number of edges, at least 0.

    Returns
    -------
    n_nodes : int
        The least n with ``n (n - 1) / 2 >= n_edges``.

    Examples
    --------
    >>> from sktopo.barcodes import count_nodes
    >>> count_nodes(6), count_nodes(7)
    (4, 5)
    """
    return (1 + isqrt(8 * n_edges - 7)) // 2 + 1 if n_edges else 1


def birth_death_decomposition(connectomes: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Split the edges of each graph into births and deaths.

    In the graph filtration of decreasing edges, the edges of the maximum spanning
    tree give birth to connected components and all other edges give death to
    cycles [1]_. Ties, zeros and negative weights are exact: whichever maximum
    spanning tree is taken, its sorted weights are the same.

    Parameters
    ----------
    connectomes : array-like of shape (n_graphs, n_edges)
        Connectome rows.

    Returns
    -------
    births : ndarray of shape (n_graphs, n_births)
        Weights of the maximum spanning tree, ascending; float32 or float64 as
        the input.

    deaths : ndarray of shape (n_graphs, n_deaths)
        All other weights, ascending. Both arrays are views of one.

    Raises
    ------
    ValueError
        If the rows are not a 2-D array of finite real numbers.

    References
    ----------
    .. [1] Songdechakraiwut & Wu, "Functional connectomes of neural networks",
       AAAI 2025, arXiv:2412.15279.

    Examples
    --------
    >>> from sktopo.barcodes import birth_death_decomposition
    >>> births, deaths = birth_death_decomposition([[0.9, 0.5, 0.7]])  # a triangle
    >>> births, deaths
    (array([[0.7, 0.9]]), array([[0.5]]))
    """
    return split_barcodes(barcode_rows(connectomes))


def barcode_rows(connectomes: ArrayLike) -> FloatArray:
    """Turn connectome rows into barcode rows: births, then deaths, each ascending.

    Parameters
    ----------
    connectomes : array-like of shape (n_graphs, n_edges)
        Connectome rows.

    Returns
    -------
    barcodes : ndarray of shape (n_graphs, n_edges)
        Barcode rows, float32 or float64 as the input.

    Raises
    ------
    ValueError
        If the rows are not a 2-D array of finite real numbers.

    Notes
    -----
    Each row is sorted once, the births are found by Prim's algorithm and moved to
    the front of the sorted row. The largest arrays are the input, the output, and up
    to 8192 n_nodes numbers for a block of unpacked graphs of at most 512 nodes.

    Examples
    --------
    >>> from sktopo.barcodes import barcode_rows
    >>> barcode_rows([[0.9, 0.5, 0.7], [-1.0, 0.0, 0.0]])
    array([[ 0.7,  0.9,  0.5],
           [ 0. ,  0. , -1. ]])
    """
    connectomes = check_array(
        connectomes, dtype=[np.float64, np.float32], ensure_min_features=0
    )
    return compute_barcodes(connectomes)


def barcode_edges(connectomes: ArrayLike) -> NDArray[np.intp]:
    """Find the edge behind each birth and death.

    Of equal weights the edge that comes first in the row counts as the stronger, so
    that the maximum spanning tree, and all that comes of it, is unique.

    Parameters
    ----------
    connectomes : array-like of shape (n_graphs, n_edges)
        Connectome rows.

    Returns
    -------
    edges : ndarray of shape (n_graphs, n_edges), dtype intp
        Positions in the connectome row, in the order of the barcode row:
        ``np.take_along_axis(connectomes, edges, axis=1)`` are the barcode rows.
        With ``first, second = np.triu_indices(n_nodes, 1)`` the edge at position p
        joins the nodes ``first[p]`` and ``second[p]``.

    Raises
    ------
    ValueError
        If the rows are not a 2-D array of finite real numbers.

    Notes
    -----
    The barcodes of the ranks of the weights, which are distinct, name their edges.

    Examples
    --------
    >>> from sktopo.barcodes import barcode_edges
    >>> barcode_edges([[0.9, 0.5, 0.7]])  # births 0.7, 0.9; death 0.5
    array([[2, 0, 1]])
    """
    connectomes = check_array(
        connectomes, dtype=[np.float64, np.float32], ensure_min_features=0
    )
    n_edges = connectomes.shape[1]
    # A stable sort from the right puts the first of equal weights above the others.
    from_right = np.argsort(connectomes[:, ::-1], axis=1, kind="stable")
    ascending = n_edges - 1 - from_right
    ranks = np.empty(connectomes.shape)
    np.put_along_axis(ranks, ascending, np.arange(n_edges, dtype=float)[None], axis=1)
    return np.take_along_axis(ascending, barcode_rows(ranks).astype(np.intp), axis=1)


def split_barcodes(barcodes: NDArray[S]) -> tuple[NDArray[S], NDArray[S]]:
    """Split barcode rows into views of their births and deaths.

    Parameters
    ----------
    barcodes : ndarray of shape (..., n_edges)
        Barcode rows.

    Returns
    -------
    births : ndarray of shape (..., n_births)
        The first ``count_nodes(n_edges) - 1`` columns.

    deaths : ndarray of shape (..., n_deaths)
        The other columns.

    Examples
    --------
    >>> import numpy as np
    >>> from sktopo.barcodes import split_barcodes
    >>> split_barcodes(np.array([0.7, 0.9, 0.5]))
    (array([0.7, 0.9]), array([0.5]))
    """
    n_births = count_nodes(barcodes.shape[-1]) - 1
    return barcodes[..., :n_births], barcodes[..., n_births:]


def scale_barcodes(barcodes: ArrayLike, *, normalize: bool = True) -> FloatArray:
    """Scale barcode rows so that the Wasserstein distance becomes Euclidean.

    Parameters
    ----------
    barcodes : array-like of shape (n_graphs, n_edges)
        Barcode rows.

    normalize : bool, default=True
        Whether births and deaths each count as a probability measure: births are
        divided by the root of their number, deaths likewise. If False, the rows
        come back as they are: the published sum form is already Euclidean.

    Returns
    -------
    scaled : ndarray of shape (n_graphs, n_edges)
        Rows whose Euclidean distances are the Wasserstein distances.

    Examples
    --------
    >>> from sktopo.barcodes import scale_barcodes
    >>> scale_barcodes([[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]]).round(2)
    array([[0.58, 1.15, 1.73, 2.31, 2.89, 3.46]])
    """
    return _scale(_check_barcodes(barcodes), normalize)


def unscale_barcodes(scaled: ArrayLike, *, normalize: bool = True) -> FloatArray:
    """Undo `scale_barcodes`: bring scaled rows back to units of the edge weights.

    Barycenters of a :class:`~sktopo.TopClusterer`, or rows of a
    :class:`~sktopo.GraphPersistence` that keeps births and deaths, are scaled rows.

    Parameters
    ----------
    scaled : array-like of shape (n_graphs, n_edges)
        Scaled barcode rows.

    normalize : bool, default=True
        Whether births and deaths were each scaled to a probability measure.

    Returns
    -------
    barcodes : ndarray of shape (n_graphs, n_edges)
        Barcode rows.

    Examples
    --------
    >>> from sktopo.barcodes import scale_barcodes, unscale_barcodes
    >>> unscale_barcodes(scale_barcodes([[1.0, 2.0, 3.0]])).round(2)
    array([[1., 2., 3.]])
    """
    scaled = _check_barcodes(scaled)
    if not normalize:
        return scaled
    return np.hstack(
        [part * sqrt(max(part.shape[1], 1)) for part in split_barcodes(scaled)]
    )


def wasserstein_distance(
    barcode_1: ArrayLike, barcode_2: ArrayLike, *, normalize: bool = True
) -> float:
    r"""Compute the 2-Wasserstein distance between two barcodes.

    Optimal matchings of sorted numbers match them in order, so for barcodes of
    equal size the distance has a closed form, published as a sum [1]_:

    .. math:: W_2^2 = \sum_i (b_i - b'_i)^2 + \sum_i (d_i - d'_i)^2

    The normalised form has means in place of the sums. It is also exact between
    barcodes of *different* sizes, where it integrates the squared difference of
    the two quantile functions, once for births and once for deaths [2]_.

    Parameters
    ----------
    barcode_1, barcode_2 : array-like of shape (n_edges_1,) and (n_edges_2,)
        Barcode rows.

    normalize : bool, default=True
        Whether births and deaths each count as a probability measure. Needed if
        the sizes differ.

    Returns
    -------
    distance : float
        The distance, in units of the edge weights.

    Raises
    ------
    ValueError
        If the sizes differ and `normalize` is False, or one graph has deaths and
        the other, having two nodes, has none.

    References
    ----------
    .. [1] Songdechakraiwut et al., "Fast topological clustering with Wasserstein
       distance", ICLR 2022, arXiv:2112.00101.
    .. [2] Songdechakraiwut et al., "Wasserstein distance-preserving vector space
       of persistent homology", MICCAI 2023, arXiv:2202.01275.

    Examples
    --------
    >>> from sktopo.barcodes import wasserstein_distance
    >>> wasserstein_distance([0.7, 0.9, 0.5], [0.7, 0.9, 0.1], normalize=False)
    0.4
    """
    return float(
        wasserstein_distances([barcode_1], [barcode_2], normalize=normalize)[0, 0]
    )


def wasserstein_distances(
    barcodes_1: ArrayLike | Sequence[ArrayLike],
    barcodes_2: ArrayLike | Sequence[ArrayLike] | None = None,
    *,
    normalize: bool = True,
    squared: bool = False,
) -> NDArray[np.float64]:
    """Compute 2-Wasserstein distances within a set of barcodes or between two.

    These are functions of barcodes in units of the edge weights. Between rows of a
    :class:`~sktopo.GraphPersistence`, which are scaled, take Euclidean distances.

    Parameters
    ----------
    barcodes_1 : array-like of shape (n_1, n_edges) or sequence of n_1 barcode rows
        Barcode rows; in a sequence their lengths may differ.

    barcodes_2 : array-like or sequence, default=None
        Barcode rows to compare with. If None, `barcodes_1`.

    normalize : bool, default=True
        Whether births and deaths each count as a probability measure, see
        :func:`wasserstein_distance`. Needed if lengths differ.

    squared : bool, default=False
        Whether to return squared distances.

    Returns
    -------
    distances : ndarray of shape (n_1, n_2)
        Distances, float64, in units of the edge weights.

    Raises
    ------
    ValueError
        As :func:`wasserstein_distance`.

    Notes
    -----
    Rows of one length share one matching, so the pairs of two lengths are one
    call of :func:`scipy.spatial.distance.cdist`.

    Examples
    --------
    >>> from sktopo.barcodes import wasserstein_distances
    >>> triangle, square = [0.7, 0.9, 0.5], [0.4, 0.6, 0.8, 0.1, 0.2, 0.3]
    >>> wasserstein_distances([triangle, square]).round(3)
    array([[0.   , 0.383],
           [0.383, 0.   ]])
    """
    groups_1 = _group_by_length(barcodes_1)
    groups_2 = groups_1 if barcodes_2 is None else _group_by_length(barcodes_2)
    distances = np.empty(
        [sum(len(index) for index, _ in groups) for groups in (groups_1, groups_2)]
    )
    for index_1, rows_1 in groups_1:
        for index_2, rows_2 in groups_2:
            distances[np.ix_(index_1, index_2)] = _squared_distances(
                rows_1, rows_2, normalize
            )
    return distances if squared else np.sqrt(distances, out=distances)


def barycenter(barcodes: ArrayLike, *, weights: ArrayLike | None = None) -> FloatArray:
    """Compute the Wasserstein barycenter of barcodes of one size: their mean row.

    The mean minimises the sum of squared Wasserstein distances to the barcodes,
    in the sum and in the normalised form alike.

    Parameters
    ----------
    barcodes : array-like of shape (n_graphs, n_edges)
        Barcode rows.

    weights : array-like of shape (n_graphs,), default=None
        Weights of the barcodes, not negative and not all zero. If None, equal.

    Returns
    -------
    barycenter : ndarray of shape (n_edges,)
        The barcode row of the barycenter, in the dtype of the barcodes.

    Raises
    ------
    ValueError
        If a weight is negative or all are zero.

    Examples
    --------
    >>> from sktopo.barcodes import barycenter
    >>> barycenter([[0.7, 0.9, 0.5], [0.5, 0.7, 0.1]])
    array([0.6, 0.8, 0.3])
    """
    barcodes = _check_barcodes(barcodes)
    if weights is None:
        return barcodes.mean(axis=0, dtype=np.float64).astype(barcodes.dtype)
    weights = check_array(weights, dtype=np.float64, ensure_2d=False)
    if weights.shape != (len(barcodes),) or weights.min() < 0 or not weights.any():
        raise ValueError(
            f"weights must be {len(barcodes)} numbers, none negative and not all "
            f"zero, one for each barcode; got {weights}."
        )
    return np.average(barcodes, axis=0, weights=weights).astype(barcodes.dtype)


def wasserstein_variance(barcodes: ArrayLike, *, normalize: bool = True) -> float:
    """Compute the mean squared Wasserstein distance of barcodes to their barycenter.

    Parameters
    ----------
    barcodes : array-like of shape (n_graphs, n_edges)
        Barcode rows.

    normalize : bool, default=True
        Whether births and deaths each count as a probability measure.

    Returns
    -------
    variance : float
        The variance, in squared units of the edge weights.

    Examples
    --------
    >>> from sktopo.barcodes import wasserstein_variance
    >>> wasserstein_variance([[0.0, 1.0, 2.0], [0.0, 1.0, 4.0]])
    1.0
    """
    return total_variance(scale_barcodes(barcodes, normalize=normalize))


def quantile_vectors(values: ArrayLike, n_quantiles: int) -> FloatArray:
    r"""Average quantile functions over equal bins, so that sizes become comparable.

    Entry k is :math:`q \int_{k/q}^{(k+1)/q} F^{-1}(u)\,du` of the quantile function
    :math:`F^{-1}` of a row. Among the step functions with q equal steps this is
    the nearest one to the quantile function, so distances between such vectors,
    over :math:`\sqrt q`, never exceed the Wasserstein distance; they equal it where
    q is a multiple of both sizes, and converge to it as q grows [1]_.

    Parameters
    ----------
    values : array-like of shape (n_rows, n_values)
        Rows of ascending numbers (births, or deaths).

    n_quantiles : int
        Number of bins q, at least 1.

    Returns
    -------
    quantiles : ndarray of shape (n_rows, n_quantiles)
        Ascending rows, in the dtype of the values.

    Raises
    ------
    ValueError
        If `n_quantiles` is less than 1 or the rows are empty.

    References
    ----------
    .. [1] Songdechakraiwut et al., "Wasserstein distance-preserving vector space
       of persistent homology", MICCAI 2023, arXiv:2202.01275.

    Examples
    --------
    >>> from sktopo.barcodes import quantile_vectors
    >>> quantile_vectors([[0.0, 3.0, 6.0]], 2)
    array([[1., 5.]])
    """
    values = check_array(values, dtype=[np.float64, np.float32])
    if not isinstance(n_quantiles, Integral) or n_quantiles < 1:
        raise ValueError(
            f"n_quantiles must be an integer of at least 1, got {n_quantiles!r}."
        )
    n_values = values.shape[1]
    index, bins, widths = _merge_quantiles(n_values, n_quantiles)
    weights = csr_array(
        (widths * n_quantiles, (bins, index)), shape=(n_quantiles, n_values)
    )
    # Summed in float64: there are many deaths, and ties add up their roundings.
    quantiles = np.empty((len(values), n_quantiles), dtype=values.dtype)
    for row, quantile_row in zip(values, quantiles, strict=True):
        quantile_row[:] = weights @ row.astype(np.float64)
    return quantiles


def total_variance(rows: FloatArray) -> float:
    """Sum the variances of columns, in float64 and without a copy of the rows."""
    total = 0.0
    for columns in gen_batches(rows.shape[1], _COLUMNS):
        # Less one row, products keep their digits, and equal rows have no variance.
        block = np.subtract(rows[:, columns], rows[0, columns], dtype=np.float64)
        sums = block.sum(axis=0)
        total += np.vdot(block, block) - np.vdot(sums, sums) / len(rows)
    return max(float(total) / len(rows), 0.0)


def compute_barcodes(connectomes: FloatArray) -> FloatArray:
    """Do the work of `barcode_rows` on an array known to be finite."""
    n_graphs, n_edges = connectomes.shape
    n_nodes = count_nodes(n_edges)
    barcodes = np.empty(connectomes.shape, dtype=connectomes.dtype)
    if not n_edges:
        return barcodes
    if n_nodes > _BATCHED_NODES or n_graphs < _FEWEST_GRAPHS:
        for row, barcode in zip(connectomes, barcodes, strict=True):
            births = _births_of_one(_complete(row), n_nodes)
            barcode[:] = row
            _sort_in_place(barcode, births)
        return barcodes
    edge_of = np.zeros((n_nodes, n_nodes), dtype=np.intp)
    edge_of[np.triu_indices(n_nodes, 1)] = np.arange(n_nodes * (n_nodes - 1) // 2)
    edge_of += edge_of.T
    block = min(n_graphs, _BATCH_WIDTH // n_nodes)
    unpacked = np.empty((block, n_nodes, n_nodes), dtype=connectomes.dtype)
    for start in range(0, n_graphs, block):
        rows = connectomes[start : start + block]
        weights = _complete(rows).take(
            edge_of, axis=1, out=unpacked[: len(rows)], mode="clip"
        )
        with _ONE_AT_A_TIME:
            births = np.sort(_births_batched(weights), axis=1)
        for i, (row, row_births) in enumerate(zip(rows, births, strict=True)):
            _write_barcode(row, row_births, barcodes[start + i])
    return barcodes


def count_absent(n_edges: int) -> int:
    """Count the edges that graphs on `count_nodes(n_edges)` nodes lack."""
    n_nodes = count_nodes(n_edges)
    return n_nodes * (n_nodes - 1) // 2 - n_edges


def warn_incomplete(n_edges: int) -> None:
    """Warn if rows of this length are no upper triangles."""
    absent = count_absent(n_edges)
    if absent:
        warnings.warn(
            f"Rows of {n_edges} edges are no upper triangle, n(n-1)/2: they are taken "
            f"for graphs on {count_nodes(n_edges)} nodes whose last {absent} edges are "
            "absent.",
            stacklevel=3,
        )


def _check_barcodes(barcodes: ArrayLike) -> FloatArray:
    """Validate barcode rows: an array of births and deaths, each ascending."""
    barcodes = check_array(
        barcodes, dtype=[np.float64, np.float32], ensure_min_features=0
    )
    for name, part in zip(("births", "deaths"), split_barcodes(barcodes), strict=True):
        if np.any(part[:, 1:] < part[:, :-1]):
            raise ValueError(
                f"These are no barcode rows: {name} do not ascend. Connectome rows "
                "become barcode rows by barcode_rows."
            )
    return barcodes


def _scale(barcodes: FloatArray, normalize: bool) -> FloatArray:
    if not normalize:
        return barcodes
    return np.hstack(
        [part / sqrt(max(part.shape[1], 1)) for part in split_barcodes(barcodes)]
    )


def _complete(rows: FloatArray) -> FloatArray:
    """Pad rows with absent edges as weak as the weakest: a tree can do without them."""
    absent = count_absent(rows.shape[-1])
    if not absent:
        return rows
    padding = np.repeat(rows.min(axis=-1, keepdims=True), absent, axis=-1)
    return np.concatenate([rows, padding], axis=-1)


def _births_of_one(row: FloatArray, n_nodes: int) -> FloatArray:
    """Find the births of one graph, ascending."""
    if n_nodes > _COMPILED_NODES:
        row = np.ascontiguousarray(row)
        with _ONE_AT_A_TIME:
            return np.sort(_births_in_place(row, n_nodes))
    # Clusters merge in single linkage along the edges of a minimum spanning tree.
    merges = linkage(np.negative(row, dtype=np.float64), "single")
    return -merges[::-1, 2].astype(row.dtype)


def _births_batched(weights: FloatArray) -> FloatArray:
    """Run Prim's algorithm on unpacked graphs in step; (n_graphs, n_nodes - 1)."""
    n_graphs, n_nodes, _ = weights.shape
    births = np.empty((n_graphs, n_nodes - 1), dtype=weights.dtype)
    graphs = np.arange(n_graphs)
    # cap lowers the nodes already in the tree, whatever edges lead to them.
    cap = np.full((n_graphs, n_nodes), np.inf, dtype=weights.dtype)
    cap[:, 0] = -np.inf
    best = np.minimum(weights[:, 0], cap)
    for step in range(n_nodes - 1):
        nearest = best.argmax(axis=1)
        births[:, step] = best[graphs, nearest]
        cap[graphs, nearest] = -np.inf
        np.maximum(best, weights[graphs, nearest], out=best)
        np.minimum(best, cap, out=best)
    return births


def _births_in_place(row: FloatArray, n_nodes: int) -> FloatArray:
    """Run Prim's algorithm on the row of one graph without unpacking it."""
    nodes = np.arange(n_nodes)
    # Edge (i, j), i < j, stands at first[i] + j.
    first = nodes * (2 * n_nodes - nodes - 3) // 2 - 1
    left, left_first, best = nodes[1:], first[1:], row[: n_nodes - 1].copy()
    cap, weights = np.full_like(best, np.inf), np.empty_like(best)
    # Calls take much of the time, and Python's own numbers are the quicker ones.
    births, lowest, maximum, minimum = [], -np.inf, np.maximum, np.minimum
    for step in range(1, n_nodes):
        at = int(best.argmax())
        births.append(best.item(at))
        node, node_first = left.item(at), left_first.item(at)
        # As in the batched walk, but nodes that were reached leave now and then.
        cap[at] = lowest
        if step % _STEPS == 0:
            keep = cap > lowest
            left, left_first = left[keep], left_first[keep]
            best, cap = best[keep], cap[keep]
            weights = weights[: len(best)]
            at = int(left.searchsorted(node))
        # Views that start at the node save an array of indices; "clip" saves a copy.
        row[node:].take(left_first[:at], None, weights[:at], "clip")
        row[node_first:].take(left[at:], None, weights[at:], "clip")
        maximum(best, weights, out=best)
        minimum(best, cap, out=best)
    return np.array(births, dtype=row.dtype)


def _find(values: FloatArray, births: FloatArray) -> IntArray:
    """Locate the births among the ascending weights of their graph, ties included."""
    among_ties = np.arange(len(births)) - births.searchsorted(births)
    return values.searchsorted(births) + among_ties


def _write_barcode(row: FloatArray, births: FloatArray, out: FloatArray) -> None:
    """Write the births and the other weights, ascending; fast for few weights."""
    values = np.sort(row)
    keep = np.ones(len(values), dtype=bool)
    keep[_find(values, births)] = False
    out[: len(births)] = births
    out[len(births) :] = values[keep]


def _sort_in_place(barcode: FloatArray, births: FloatArray) -> None:
    """Turn a row into its barcode without another array; fast for many weights."""
    barcode.sort()
    stop = len(barcode)
    for shift, at in enumerate(_find(barcode, births)[::-1].tolist()):
        barcode[at + 1 + shift : stop + shift] = barcode[at + 1 : stop]
        stop = at
    barcode[len(births) : len(births) + stop] = barcode[:stop]
    barcode[: len(births)] = births


def _group_by_length(barcodes: Any) -> list[tuple[IntArray, FloatArray]]:
    """Collect rows of equal length: a list of (indices, rows of shape (k, length))."""
    listed = isinstance(barcodes, (list, tuple)) and len(barcodes)
    if not listed and getattr(barcodes, "dtype", None) != np.dtype(object):
        barcodes = _check_barcodes(barcodes)
        return [(np.arange(len(barcodes)), barcodes)]
    rows = [check_array(row, ensure_2d=False, ensure_min_samples=0) for row in barcodes]
    lengths = np.array([len(row) for row in rows], dtype=int)
    groups: list[tuple[IntArray, FloatArray]] = []
    for length in np.unique(lengths):
        index = np.flatnonzero(lengths == length)
        groups.append((index, _check_barcodes(np.stack([rows[i] for i in index]))))
    return groups


def _squared_distances(
    rows_1: FloatArray, rows_2: FloatArray, normalize: bool
) -> FloatArray:
    if rows_1.shape[1] == rows_2.shape[1]:
        return cdist(
            _scale(rows_1, normalize),
            _scale(rows_2, normalize),
            "sqeuclidean",
        )
    if not normalize:
        raise ValueError(
            f"Barcodes of {rows_1.shape[1]} and {rows_2.shape[1]} edges have no "
            "distance in the sum form; use normalize=True."
        )
    distances = np.zeros((len(rows_1), len(rows_2)))
    for part_1, part_2 in zip(
        split_barcodes(rows_1), split_barcodes(rows_2), strict=True
    ):
        if not (part_1.shape[1] and part_2.shape[1]):
            raise ValueError(
                f"Barcodes of {rows_1.shape[1]} and {rows_2.shape[1]} edges have no "
                "distance: one has deaths (or births) and the other has none."
            )
        index_1, index_2, widths = _merge_quantiles(part_1.shape[1], part_2.shape[1])
        root = np.sqrt(widths)
        distances += cdist(
            part_1[:, index_1] * root, part_2[:, index_2] * root, "sqeuclidean"
        )
    return distances


def _merge_quantiles(n_1: int, n_2: int) -> tuple[IntArray, IntArray, FloatArray]:
    """Cut [0, 1] where either of two quantile functions steps.

    Returns for each piece the step of the first, the step of the second (both
    int arrays) and its width. Integer arithmetic keeps the cuts exact.
    """
    cuts = np.union1d(np.arange(1, n_1 + 1) * n_2, np.arange(1, n_2 + 1) * n_1)
    widths = np.diff(cuts, prepend=0) / (n_1 * n_2)
    return (cuts - 1) // n_2, (cuts - 1) // n_1, widths
