"""The maximum spanning tree of a complete graph, from the strongest neighbours."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree

from sktopo.barcodes._neighbors import keep_strongest
from sktopo.barcodes._tiles import cut

# Numbers in the table of the strongest edge from each row to each component.
_TABLE = 2**24


def find_tree(neighbors, tiles):
    """Find the maximum spanning tree by Borůvka's algorithm.

    The strongest edge that leaves a component belongs to the tree. It is known if it
    is stronger than all edges that the lists of its nodes may lack. Where too few
    components know theirs, weights are computed again for the nodes whose lists are
    used up, and their lists then hold their strongest edge to each of the components
    nearest to them.

    Parameters
    ----------
    neighbors : Neighbors
        Lists of all nodes; they change.

    tiles : ArrayTiles or TorchTiles
        Computes weights again.

    Returns
    -------
    first, second : ndarray of shape (n_nodes - 1,)
        The nodes that each edge joins, ``first < second``.

    weights : ndarray of shape (n_nodes - 1,)
        Their weights, as the tiles have them.

    n_again : int
        How many rows of weights were computed again.
    """
    n_nodes, n_again = len(neighbors.nodes), 0
    labels, n_components = np.arange(n_nodes), n_nodes
    tree = []
    while n_components > 1:
        edges = _find_leaving(neighbors, labels)
        best = _best_of_components(*edges, labels, n_components)
        unsure = _find_unsure(neighbors, edges, best, labels)
        known = np.bincount(labels[unsure], minlength=n_components) == 0
        if 2 * known.sum() < n_components:
            n_again += _look_again(neighbors, tiles, labels, best, unsure)
            continue
        picked = [part[best[1][known]] for part in edges]
        joined = _without_cycles(*picked, labels, n_components)
        tree.append([part[joined] for part in picked])
        ends = [labels[part] for part in tree[-1][:2]]
        graph = make_graph(np.ones(len(joined)), ends, n_components)
        n_components, merged = connected_components(graph, directed=False)
        labels = merged[labels]
    if not tree:
        return *np.empty((2, 0), np.intp), np.empty(0, neighbors.weights.dtype), 0
    first, second, weights = map(np.concatenate, zip(*tree, strict=True))
    return np.minimum(first, second), np.maximum(first, second), weights, n_again


def _find_leaving(neighbors, labels):
    """Find the strongest known edge of each node that leaves its component.

    Returns the nodes, their neighbours and the weights: -inf where there is none.
    """
    nodes = np.arange(len(labels))
    leaves = (labels[neighbors.nodes] != labels[:, None]) & (neighbors.nodes >= 0)
    places = leaves.argmax(axis=1)
    weights = neighbors.weights[nodes, places]
    weights[~leaves[nodes, places]] = -np.inf
    return nodes, neighbors.nodes[nodes, places], weights


def _best_of_components(nodes, others, weights, labels, n_components):
    """Find the strongest edge of each component; ties go to the first in the row.

    Returns its weight and which of the edges it is, two arrays (n_components,).
    """
    ends = np.minimum(nodes, others), np.maximum(nodes, others)
    order = np.lexsort((ends[1], ends[0], -weights, labels))
    starts = np.searchsorted(labels[order], np.arange(n_components))
    return weights[order[starts]], order[starts]


def _find_unsure(neighbors, edges, best, labels):
    """Find the nodes whose lists may lack a stronger edge than their component has."""
    used_up = (edges[2] == -np.inf) & (neighbors.nodes[:, -1] >= 0)
    return np.flatnonzero(used_up & (neighbors.weights[:, -1] >= best[0][labels]))


def _without_cycles(nodes, others, weights, labels, n_components):
    """Return which edges between components form a forest, the strongest first.

    Rounding can differ between tiles, and a few edges could otherwise close a cycle.
    """
    ends = np.minimum(nodes, others), np.maximum(nodes, others)
    order = np.lexsort((ends[1], ends[0], -weights))
    between = np.sort([labels[nodes], labels[others]], axis=0)[:, order]
    _, first = np.unique(between[0] * n_components + between[1], return_index=True)
    graph = make_graph(first + 1.0, between[:, first], n_components)
    return order[minimum_spanning_tree(graph).data.astype(np.intp) - 1]


def make_graph(weights, ends, n_nodes):
    """Make a sparse graph; before scipy 1.15 trees need indices of 32 bits."""
    ends = [part.astype(np.int32) for part in ends]
    return csr_array((weights, ends), (n_nodes, n_nodes))


def _look_again(neighbors, tiles, labels, best, unsure):
    """Compute the lists of unsure nodes again, and return how many were computed.

    One component is left as it is, the one with the most of such nodes: the others
    will join it.
    """
    n_components = len(best[0])
    spared = np.bincount(labels[unsure]).argmax()
    unsure = unsure[labels[unsure] != spared]
    # The nodes that may have the strongest edges come first and can save the others.
    unsure = unsure[np.argsort(-neighbors.weights[unsure, -1], kind="stable")]
    size, n_again = int(np.clip(_TABLE // n_components, 16, tiles.block)), 0
    strongest = best[0].copy()
    for start in range(0, len(unsure), size):
        rows = unsure[start : start + size]
        rows = rows[neighbors.weights[rows, -1] >= strongest[labels[rows]]]
        if len(rows):
            _renew(neighbors, tiles, rows, labels, n_components)
            np.maximum.at(strongest, labels[rows], neighbors.weights[rows, 0])
            n_again += len(rows)
    return n_again


def _renew(neighbors, tiles, rows, labels, n_components):
    """Put the strongest edge to each of the nearest components in lists of rows."""
    shape, block = (len(rows), n_components), tiles.block
    strongest = np.full(shape, -np.inf, neighbors.weights.dtype)
    nodes = np.full(shape, -1, np.int32)
    for columns in cut(len(labels), block):
        tile = tiles.to_numpy(tiles.compute(rows, columns))
        tile[labels[rows, None] == labels[columns]] = -np.inf
        order = np.argsort(labels[columns], kind="stable")
        found, starts = np.unique(labels[columns][order], return_index=True)
        sizes = np.diff(starts, append=len(order))
        tile = tile[:, order]
        largest = np.maximum.reduceat(tile, starts, axis=1)
        ties = np.where(tile == np.repeat(largest, sizes, axis=1), order, block)
        first = np.minimum.reduceat(ties, starts, axis=1)
        better = largest > strongest[:, found]
        at, which = np.nonzero(better)
        strongest[at, found[which]] = largest[at, which]
        nodes[at, found[which]] = columns.start + first[at, which]
    k = neighbors.nodes.shape[1]
    kept = nodes >= 0
    if k < n_components:
        kept &= strongest >= np.partition(strongest, -k, axis=1)[:, [-k]]
    places, which = np.nonzero(kept)
    found = nodes[places, which]
    order = np.argsort(found, kind="stable")
    lists = keep_strongest(
        places[order], found[order], strongest[places, which][order], (len(rows), k)
    )
    neighbors.nodes[rows], neighbors.weights[rows] = lists
