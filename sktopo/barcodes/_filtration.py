"""Births and deaths of graph filtrations: from connectome rows to barcodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.cluster.hierarchy import linkage

from sktopo._utils.parallel import ONE_AT_A_TIME
from sktopo._utils.samples import read_rows
from sktopo.barcodes._layout import count_absent, count_nodes, split_barcodes
from sktopo.barcodes._sampled_tree import find_dense_tree

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from sktopo._typing import FloatArray

# There are three ways to find births, each used where it is the fastest
# (benchmarks/barcodes.py). Many graphs of up to _BATCHED_NODES nodes are walked
# together, one step at a time, on unpacked matrices that fit the cache. A single graph
# of up to _COMPILED_NODES nodes is given to scipy. In a larger one, a sample of the
# nodes shows which edges its tree can need.
_BATCHED_NODES = 512
_FEWEST_GRAPHS = 3
_COMPILED_NODES = 1000
# Numbers in one step of the batched walk: enough to outweigh the overhead of calls, few
# enough that the unpacked matrices of a block stay small.
_BATCH_WIDTH = 8192


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
    """Turn connectome rows into barcodes: births, then deaths, each ascending.

    Parameters
    ----------
    connectomes : array-like of shape (n_graphs, n_edges)
        Connectome rows.

    Returns
    -------
    barcodes : ndarray of shape (n_graphs, n_edges)
        Barcodes in units of the edge weights, float32 or float64 as the input.

    Raises
    ------
    ValueError
        If the rows are not a 2-D array of finite real numbers.

    Notes
    -----
    Each row is sorted once. The births of many small graphs are found by Prim's
    algorithm, those of one graph of up to 1000 nodes by single linkage. In a larger
    graph, the maximum spanning tree of a sample of the nodes shows which edges can give
    birth, and Kruskal's algorithm is run on these. The largest arrays are the input,
    the output, and up to 8192 n_nodes numbers for a block of unpacked graphs of at most
    512 nodes.

    Examples
    --------
    >>> from sktopo.barcodes import barcode_rows
    >>> barcode_rows([[0.9, 0.5, 0.7], [-1.0, 0.0, 0.0]])
    array([[ 0.7,  0.9,  0.5],
           [ 0. ,  0. , -1. ]])
    """
    connectomes = read_rows(connectomes, "connectomes", ensure_min_features=0)
    return compute_barcodes(connectomes)


def barcode_edges(connectomes: ArrayLike) -> NDArray[np.intp]:
    """Find the edge behind each birth and death.

    Of equal weights the edge that comes first in the row counts as the stronger, so
    that the maximum spanning tree is unique.

    Parameters
    ----------
    connectomes : array-like of shape (n_graphs, n_edges)
        Connectome rows.

    Returns
    -------
    edges : ndarray of shape (n_graphs, n_edges), dtype intp
        Positions in the connectome row, in the order of the barcode:
        ``np.take_along_axis(connectomes, edges, axis=1)`` are the barcodes.
        With ``first, second = np.triu_indices(n_nodes, 1)`` the edge at position p
        joins the nodes ``first[p]`` and ``second[p]``.

    Raises
    ------
    ValueError
        If the rows are not a 2-D array of finite real numbers.

    Notes
    -----
    The ranks of the weights are distinct, so their barcodes identify the edges.

    Examples
    --------
    >>> from sktopo.barcodes import barcode_edges
    >>> barcode_edges([[0.9, 0.5, 0.7]])  # births 0.7, 0.9; death 0.5
    array([[2, 0, 1]])
    """
    connectomes = read_rows(connectomes, "connectomes", ensure_min_features=0)
    n_edges = connectomes.shape[1]
    # A stable sort of the reversed row ranks the first of equal weights highest.
    from_right = np.argsort(connectomes[:, ::-1], axis=1, kind="stable")
    ascending = n_edges - 1 - from_right
    ranks = np.empty(connectomes.shape)
    np.put_along_axis(ranks, ascending, np.arange(n_edges, dtype=float)[None], axis=1)
    return np.take_along_axis(ascending, barcode_rows(ranks).astype(np.intp), axis=1)


def compute_barcodes(connectomes):
    """Compute the barcodes of connectome rows that are known to be finite."""
    n_graphs, n_edges = connectomes.shape
    n_nodes = count_nodes(n_edges)
    barcodes = np.empty(connectomes.shape, dtype=connectomes.dtype)
    if not n_edges:
        return barcodes
    if n_nodes > _BATCHED_NODES or n_graphs < _FEWEST_GRAPHS:
        for row, barcode in zip(connectomes, barcodes, strict=True):
            _compute_barcode(row, n_nodes, barcode)
        return barcodes
    births = compute_births(connectomes)
    for row, row_births, barcode in zip(connectomes, births, barcodes, strict=True):
        _write_barcode(row, row_births, barcode)
    return barcodes


def compute_births(connectomes):
    """Compute the births of finite connectome rows, ascending: (n_graphs, n_births)."""
    n_graphs, n_edges = connectomes.shape
    n_nodes = count_nodes(n_edges)
    births = np.empty((n_graphs, n_nodes - 1), dtype=connectomes.dtype)
    if n_nodes > _BATCHED_NODES or n_graphs < _FEWEST_GRAPHS:
        for row, row_births in zip(connectomes, births, strict=True):
            row_births[:] = find_births(complete_rows(row), n_nodes)
        return births
    edge_of = np.zeros((n_nodes, n_nodes), dtype=np.intp)
    edge_of[np.triu_indices(n_nodes, 1)] = np.arange(n_nodes * (n_nodes - 1) // 2)
    edge_of += edge_of.T
    block = min(n_graphs, _BATCH_WIDTH // n_nodes)
    unpacked = np.empty((block, n_nodes, n_nodes), dtype=connectomes.dtype)
    for start in range(0, n_graphs, block):
        rows = connectomes[start : start + block]
        weights = complete_rows(rows).take(
            edge_of, axis=1, out=unpacked[: len(rows)], mode="clip"
        )
        with ONE_AT_A_TIME:
            births[start : start + block] = _births_batched(weights)
    births.sort(axis=1)
    return births


def _compute_barcode(row, n_nodes, out):
    """Write the barcode of one graph to `out`."""
    complete = complete_rows(row)
    if n_nodes <= _COMPILED_NODES:
        _write_barcode(row, find_births(complete, n_nodes), out)
    elif complete is row:
        out[:] = row
        _sort_in_place(out, find_dense_tree(out, n_nodes))
    else:
        # The absent edges become the weakest deaths.
        _sort_in_place(complete, find_dense_tree(complete, n_nodes))
        n_births, absent = n_nodes - 1, len(complete) - len(row)
        out[:n_births] = complete[:n_births]
        out[n_births:] = complete[n_births + absent :]


def complete_rows(rows):
    """Pad rows with absent edges as weak as the weakest, which no tree needs."""
    absent = count_absent(rows.shape[-1])
    if not absent:
        return rows
    padding = np.repeat(rows.min(axis=-1, keepdims=True), absent, axis=-1)
    return np.concatenate([rows, padding], axis=-1)


def find_births(row, n_nodes):
    """Find the births of one complete graph, ascending."""
    if n_nodes > _COMPILED_NODES:
        row = np.ascontiguousarray(row)
        return np.sort(row[find_dense_tree(row, n_nodes)])
    # Single linkage merges clusters along the edges of a minimum spanning tree.
    merges = linkage(np.negative(row, dtype=np.float64), "single")
    return -merges[::-1, 2].astype(row.dtype)


def _births_batched(weights):
    """Run Prim's algorithm on many unpacked graphs at once: (n_graphs, n_births).

    The weights are (n_graphs, n_nodes, n_nodes).
    """
    n_graphs, n_nodes, _ = weights.shape
    births = np.empty((n_graphs, n_nodes - 1), dtype=weights.dtype)
    graphs = np.arange(n_graphs)
    # cap is -inf for nodes that are in the tree, so that they are not chosen again.
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


def locate_births(values, births):
    """Find the positions of the births among the ascending weights of their graph."""
    among_ties = np.arange(len(births)) - births.searchsorted(births)
    return values.searchsorted(births) + among_ties


def _write_barcode(row, births, out):
    """Write births and then the other weights to `out`; fast for small graphs."""
    values = np.sort(row)
    places, n_births = locate_births(values, births), len(births)
    start = places[0]  # all weights before are deaths
    is_death = np.ones(len(values) - start, dtype=bool)
    is_death[places - start] = False
    out[:n_births] = births
    out[n_births : n_births + start] = values[:start]
    out[n_births + start :] = values[start:][is_death]


def _sort_in_place(row, edges):
    """Turn a row into its barcode, given the positions of the births in it."""
    births, n_births = np.sort(row[edges]), len(edges)
    is_death = np.ones(n_births, dtype=bool)
    is_death[edges[edges < n_births]] = False
    row[edges[edges >= n_births]] = row[:n_births][is_death]
    row[:n_births] = births
    row[n_births:].sort()
