"""Comparison of the trees of graphs that share their nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.cluster.hierarchy import cophenet, linkage

from sktopo._utils.geometry import find_unit, restore_unit
from sktopo._utils.matrices import read_matrix
from sktopo._utils.parameters import check_flag
from sktopo._utils.samples import check_kinds, is_stack, read_rows
from sktopo._utils.stimuli import find_difference
from sktopo.barcodes._filtration import complete_rows, compute_births
from sktopo.barcodes._graphs import check_not_flattened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

_EXPECTED = (
    "connectome rows (n_samples, n_edges) or symmetric matrices (n_samples, n_nodes, "
    "n_nodes)"
)
# Numbers in the joint graphs that are made at a time.
_NUMBERS = 2**22


def matched_tree_distance(
    connectome_1: ArrayLike, connectome_2: ArrayLike, *, symmetric: bool = True
) -> float:
    r"""Compute how far the spanning trees of two graphs on the same nodes differ.

    Barcodes forget which nodes an edge joins. Where the nodes of two graphs correspond,
    as for one network at two epochs, their components can be compared with each other.
    The joint graph has the larger weight of each pair of nodes,
    :math:`C_{ij} = \max(A_{ij}, B_{ij})`, so that at each threshold its components are
    those of the edges of A and B together. With :math:`b_1 \le b_2 \le \ldots` the
    births of a graph and :math:`\beta_0(X_\epsilon)` the number of components left by
    the edges of weight above :math:`\epsilon`, the distance from A to B is

    .. math:: d(A \to B)
       = \int \left(\beta_0(A_\epsilon) - \beta_0(C_\epsilon)\right) d\epsilon
       = \sum_i \left(b_i(C) - b_i(A)\right),

    the sum of the bars of RTD-Lite [1]_. It says how much of what A keeps apart is
    joined by B. The symmetric distance is the mean of both directions.

    Parameters
    ----------
    connectome_1, connectome_2 : array-like of shape (n_edges,) or (n_nodes, n_nodes)
        Two connectome rows or two symmetric matrices, nodes in the same order. Larger
        weights are stronger edges.

    symmetric : bool, default=True
        Whether to average both directions. If False, the distance from
        `connectome_1` to `connectome_2`.

    Returns
    -------
    distance : float
        The distance, in units of the edge weights.

    Raises
    ------
    ValueError
        If the numbers are not finite or differ in how many they are, a matrix is not
        symmetric, names of nodes or edges in data frames do not correspond, or the
        distance overflows.

    TypeError
        If a graph is not an array.

    See Also
    --------
    matched_tree_distances : The same for many graphs.
    merge_order_correlation : Compares the order alone in which nodes are joined.
    wasserstein_distance : Compares barcodes, so nodes need not correspond.

    Notes
    -----
    The paper takes distances between nodes, minimum spanning trees and
    :math:`\min(A, B)`. With distances :math:`c - A` and :math:`c - B`, for any number
    c, these are the maximum spanning trees and :math:`\max(A, B)` here, and the bars
    are as long. The paper first divides the distances of each graph by their 0.9
    quantile. Here the weights of both graphs keep their common unit.

    The symmetric distance is 0 if and only if the same nodes are joined at the same
    weights, and the triangle inequality holds: at each threshold it is half the number
    of steps between two partitions of the nodes, where a step joins two sets or splits
    one [2]_. It is at least half of :math:`\sum_i |b_i(A) - b_i(B)|`, which barcodes
    show, and at most the number of births times the largest difference of weights.

    Three spanning trees take :math:`O(n^2)` time for n nodes.

    References
    ----------
    .. [1] Tulchinskii et al., "RTD-Lite: scalable topological analysis for comparing
       weighted graphs in learning tasks", AISTATS 2025, arXiv:2503.11910.
    .. [2] Monjardet, "Metrics on partially ordered sets: a survey", Discrete
       Mathematics 35, 1981.

    Examples
    --------
    Two paths of three nodes with the same barcode: 1-2-3 and 1-3-2.

    >>> from sktopo.barcodes import matched_tree_distance
    >>> matched_tree_distance([0.75, 0.0, 0.5], [0.0, 0.75, 0.5])
    0.25
    """
    return float(
        matched_tree_distances([connectome_1], [connectome_2], symmetric=symmetric)[
            0, 0
        ]
    )


def matched_tree_distances(
    connectomes_1: ArrayLike | Sequence[ArrayLike],
    connectomes_2: ArrayLike | Sequence[ArrayLike] | None = None,
    *,
    symmetric: bool = True,
) -> NDArray[np.float64]:
    """Compute matched tree distances within a set of graphs or between two.

    Parameters
    ----------
    connectomes_1 : array-like of shape (n_1, n_edges) or (n_1, n_nodes, n_nodes)
        Connectome rows, symmetric matrices, or a list of either, all with the same
        nodes in the same order.

    connectomes_2 : array-like, default=None
        Graphs on the same nodes to compare with. If None, `connectomes_1`.

    symmetric : bool, default=True
        Whether to average both directions. If False, the distances from
        `connectomes_1` to `connectomes_2`.

    Returns
    -------
    distances : ndarray of shape (n_1, n_2)
        Distances, float64, in units of the edge weights.

    Raises
    ------
    ValueError, TypeError
        As :func:`matched_tree_distance`.

    See Also
    --------
    matched_tree_distance : The definition.

    Notes
    -----
    Each pair of graphs takes one spanning tree, of time :math:`O(n^2)` for n nodes, and
    each graph another. Beside the weights, the largest array holds the weights of one
    set of graphs, or 4 million numbers if these are fewer.

    Examples
    --------
    >>> from sktopo.barcodes import matched_tree_distances
    >>> epochs = [[0.75, 0.0, 0.5], [0.0, 0.75, 0.5], [0.25, 0.75, 0.5]]
    >>> matched_tree_distances(epochs)
    array([[0.  , 0.25, 0.25],
           [0.25, 0.  , 0.  ],
           [0.25, 0.  , 0.  ]])
    """
    check_flag("symmetric", symmetric)
    rows_1, rows_2 = _read_matched(connectomes_1, connectomes_2)
    caller, is_within = "matched_tree_distances", rows_2 is rows_1
    unit = find_unit(rows_1, 0.0, caller, also=rows_2)
    births_1 = births_2 = _scale_births(rows_1, unit)
    if not is_within:
        births_2 = _scale_births(rows_2, unit)
    forth, back = np.zeros((2, len(rows_1), len(rows_2)))
    n_together = max(1, _NUMBERS // rows_1.shape[1])
    for i, row in enumerate(rows_1):
        first = i + 1 if is_within else 0  # the other half is the mirror image
        for start in range(first, len(rows_2), n_together):
            part = slice(start, start + n_together)
            joint = _scale_births(np.maximum(row, rows_2[part]), unit)
            forth[i, part] = (joint - births_1[i]).sum(axis=1)
            back[i, part] = (joint - births_2[part]).sum(axis=1)
    if is_within:
        forth, back = forth + back.T, back + forth.T
    distances = forth / 2 + back / 2 if symmetric else forth
    return restore_unit(distances, unit, power=1, caller=caller)


def merge_order_correlation(connectome_1: ArrayLike, connectome_2: ArrayLike) -> float:
    """Correlate the order in which two graphs on the same nodes join their nodes.

    As the threshold falls, each pair of nodes is joined in one component at some
    weight: the weakest edge on its path in the maximum spanning tree. Both graphs rank
    all pairs by it, equal weights with their mean rank, and the result is the
    correlation of the ranks (Spearman). It is the cophenetic correlation [1]_ of the
    two trees of single linkage, with ranks in place of weights.

    Parameters
    ----------
    connectome_1, connectome_2 : array-like of shape (n_edges,) or (n_nodes, n_nodes)
        Two connectome rows or two symmetric matrices, nodes in the same order.

    Returns
    -------
    correlation : float
        A number from -1 to 1. It is 1 if all pairs are joined in the same order, and
        near 0 for trees that have nothing to do with each other.

    Raises
    ------
    ValueError
        As :func:`matched_tree_distance`, or if a graph joins all its nodes at one
        weight, which is not an order.

    TypeError
        If a graph is not an array.

    See Also
    --------
    merge_order_correlations : The same for many graphs.
    matched_tree_distance : Compares also the weights at which nodes are joined.

    Notes
    -----
    Any increasing function of the weights, another one for each graph, leaves the
    correlation as it is.

    Of n (n - 1) / 2 pairs at most n - 1 differ in weight, so that most pairs are tied.
    Mean ranks need the sizes of the components that are joined, and :math:`O(n^2)` time
    in all. Kendall's tau-b, which accounts for ties too, would need the sorting of all
    pairs. Two trees cannot be opposites of each other: with three nodes the lowest
    correlation is -0.5.

    References
    ----------
    .. [1] Sokal & Rohlf, "The comparison of dendrograms by objective methods", Taxon
       11, 1962.

    Examples
    --------
    The first tree joins nodes 1 and 2 first, the second tree nodes 2 and 3.

    >>> from sktopo.barcodes import merge_order_correlation
    >>> round(merge_order_correlation([0.9, 0.1, 0.5], [0.1, 0.2, 0.3]), 3)
    -0.5
    """
    return float(merge_order_correlations([connectome_1], [connectome_2])[0, 0])


def merge_order_correlations(
    connectomes_1: ArrayLike | Sequence[ArrayLike],
    connectomes_2: ArrayLike | Sequence[ArrayLike] | None = None,
) -> NDArray[np.float64]:
    """Correlate the merge orders of a set of graphs with each other or another set.

    Parameters
    ----------
    connectomes_1 : array-like of shape (n_1, n_edges) or (n_1, n_nodes, n_nodes)
        Connectome rows, symmetric matrices, or a list of either, all with the same
        nodes in the same order.

    connectomes_2 : array-like, default=None
        Graphs on the same nodes to compare with. If None, `connectomes_1`.

    Returns
    -------
    correlations : ndarray of shape (n_1, n_2)
        Correlations from -1 to 1, float64. One minus them are distances.

    Raises
    ------
    ValueError, TypeError
        As :func:`merge_order_correlation`.

    See Also
    --------
    merge_order_correlation : The definition.

    Notes
    -----
    The ranks of all pairs of nodes are held in memory, as many numbers as there are
    weights, so that the correlations are one product of matrices.

    Examples
    --------
    >>> from sktopo.barcodes import merge_order_correlations
    >>> epochs = [[0.9, 0.1, 0.5], [0.8, 0.4, 0.2], [0.1, 0.2, 0.3]]
    >>> merge_order_correlations(epochs).round(3)
    array([[ 1. ,  1. , -0.5],
           [ 1. ,  1. , -0.5],
           [-0.5, -0.5,  1. ]])
    """
    rows_1, rows_2 = _read_matched(connectomes_1, connectomes_2)
    ranks_1 = ranks_2 = _rank_merges(rows_1, "connectomes_1")
    if rows_2 is not rows_1:
        ranks_2 = _rank_merges(rows_2, "connectomes_2")
    correlations = np.clip(ranks_1 @ ranks_2.T, -1, 1)
    if rows_2 is rows_1:
        np.fill_diagonal(correlations, 1)
    return correlations


def _scale_births(rows, unit):
    """Find the births of graphs, float64, and divide them by a power of two."""
    return compute_births(rows).astype(np.float64) / unit


def _rank_merges(rows, name):
    """Rank the pairs of nodes of each graph by when they are joined.

    Returns ranks of mean 0 and length 1, (n_graphs, n_nodes (n_nodes - 1) / 2).
    """
    complete = complete_rows(rows)
    ranks = np.empty(complete.shape)
    for i, row in enumerate(complete):
        # Each row of merges: two clusters, minus the weight that joins them, the size.
        merges = linkage(np.negative(row, dtype=np.float64), "single")
        _, place = np.unique(merges[:, 2], return_inverse=True)
        if not place.any():
            raise ValueError(
                f"Sample {i} of {name} joins all its nodes at the weight "
                f"{float(-merges[0, 2])}, so there is no order of joining to compare. "
                "Leave it out."
            )
        sizes = np.concatenate([np.ones(len(merges) + 1), merges[:, 3]])
        n_joined = np.bincount(place, sizes[merges[:, :2].astype(np.intp)].prod(axis=1))
        levels = np.cumsum(n_joined) - (n_joined - 1) / 2
        centered = levels - (len(row) + 1) / 2
        # Later merges have larger ranks.
        merges[:, 2] = levels[place]
        np.subtract(cophenet(merges), (len(row) + 1) / 2, out=ranks[i])
        ranks[i] /= np.sqrt(n_joined @ centered**2)
    return ranks


def _read_matched(connectomes_1, connectomes_2):
    """Read two sets of graphs on the same nodes: connectome rows of one length.

    Without a second set the first is returned twice, as one object.
    """
    rows_1, names = _read_connectomes(connectomes_1, "connectomes_1", None)
    if connectomes_2 is None:
        return rows_1, rows_1
    rows_2, _ = _read_connectomes(connectomes_2, "connectomes_2", names)
    if rows_1.shape[1] != rows_2.shape[1]:
        raise ValueError(
            f"connectomes_1 have {rows_1.shape[1]} edges and connectomes_2 have "
            f"{rows_2.shape[1]}; expected graphs on the same nodes."
        )
    return rows_1, rows_2


def _read_connectomes(given, name, names):
    """Read graphs on the same nodes: their rows, and names of their nodes or edges.

    `names` are those of other graphs on these nodes, or None.
    """
    given = check_kinds(given, name, _EXPECTED)
    if not is_stack(given):
        rows, names = read_rows(given, name), _check_names(given, name, names)
        check_not_flattened(rows, name)
        return rows, names
    rows = []
    for i, matrix in enumerate(given):
        sample = f"Sample {i} of {name}"
        rows.append(read_matrix(matrix, sample))
        if len(rows[i]) != len(rows[0]):
            raise ValueError(
                f"{sample} has the shape {np.shape(matrix)} and sample 0 "
                f"{np.shape(given[0])}; expected graphs on the same nodes."
            )
        names = _check_names(matrix, sample, names)
    if not rows:
        raise ValueError(f"{name} holds 0 samples; expected at least 1 graph.")
    return np.stack(rows), names


def _check_names(given, name, expected):
    """Raise a ValueError if the columns of a data frame are others than expected.

    Columns are names if all are strings. Returns them, or those expected.
    """
    columns = list(getattr(given, "columns", ()))
    if not columns or not all(isinstance(column, str) for column in columns):
        return expected
    if expected is None or len(columns) != len(expected):
        return columns
    place = find_difference(columns, expected)
    if place is not None:
        raise ValueError(
            f"{name} has {columns[place]!r} in column {place} where other graphs have "
            f"{expected[place]!r}; expected the same nodes in the same order."
        )
    return expected
