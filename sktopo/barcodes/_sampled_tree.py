"""The maximum spanning tree of one large graph, from that of a sample of its nodes."""

from __future__ import annotations

import numpy as np
from scipy.cluster.hierarchy import cophenet, linkage
from scipy.sparse import csr_array
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial.distance import squareform

# Size of the sample, in units of the root of the number of nodes: the time to read the
# weights of the sample grows with it, and the number of edges that it leaves shrinks.
_SAMPLE = 4.0
# Births do not depend on the sample. A random one suits any order of the nodes, unless
# they were put in order by the same numbers: so not a seed that people use.
_SEED = 2115126791
# Number of weights that are compared at once.
_BLOCK = 2**16
# The largest share of the edges that is kept for later, which limits the memory.
_MOST = 1 / 16


def find_dense_tree(row, n_nodes):
    """Find a maximum spanning tree of a complete graph.

    A first tree joins the nodes of a sample, and each other node to the one of them
    that it has the strongest edge to. Any other edge is only needed if it is stronger
    than the weakest edge of the path between its ends: if not, it closes a cycle in
    which it is the weakest. About n_nodes / n_sample edges of each node are needed.

    Parameters
    ----------
    row : ndarray of shape (n_edges,)
        A connectome row; contiguous.

    n_nodes : int
        Number of nodes.

    Returns
    -------
    edges : ndarray of shape (n_nodes - 1,)
        Positions in the row of the edges of the tree.
    """
    nodes = np.arange(n_nodes)
    # The edge from node i to j > i is at firsts[i] + j, and those of i start at starts.
    firsts = nodes * (2 * n_nodes - nodes - 3) // 2 - 1
    starts = np.append(firsts + nodes + 1, len(row))
    edges, nearest, links, weakest = _join_sample(row, firsts)
    found, nearest, step = [edges], nearest.tolist(), max(1, _BLOCK // n_nodes)
    for begin in range(0, n_nodes, step):
        end = min(begin + step, n_nodes)
        limits = [weakest[nearest[node], node + 1 :] for node in range(begin, end)]
        limits = np.concatenate(limits)
        own = np.repeat(links[begin:end], np.diff(starts[begin : end + 1]))
        np.minimum(limits, own, out=limits)
        needed = np.flatnonzero(row[starts[begin] : starts[end]] > limits)
        found.append(needed + starts[begin])
        if sum(map(len, found)) > max(_MOST * len(row), 2 * n_nodes):
            found = [_keep_tree(row, found, firsts, starts)]
    return _keep_tree(row, found, firsts, starts)


def _join_sample(row, firsts):
    """Join a sample of nodes in a tree, and each other node to one of them.

    Returns edges that hold this tree, which of the sample each node is joined to and
    the weight of that edge, and the weakest edges of the paths from the sample to all
    nodes (n_sample, n_nodes). Nodes of the sample are joined to themselves, by infinite
    weights.
    """
    n_nodes = len(firsts)
    size = min(n_nodes, int(_SAMPLE * n_nodes**0.5))
    sample = np.sort(np.random.default_rng(_SEED).permutation(n_nodes)[:size])
    weights = np.empty((size, n_nodes), dtype=row.dtype)
    for node, out in zip(sample.tolist(), weights, strict=True):
        row.take(firsts[:node] + node, None, out[:node], "clip")
        out[node] = np.inf
        start = firsts[node] + node + 1
        out[node + 1 :] = row[start : start + n_nodes - 1 - node]
    nearest, links = weights.argmax(axis=0), weights.max(axis=0)
    between = weights[:, sample]
    paths = _find_weakest(between)
    first, second = np.nonzero(np.triu(between == paths, 1))
    others = np.flatnonzero(links < np.inf)
    ends = np.array([others, sample[nearest[others]]])
    ends = np.hstack([ends, sample[[first, second]]])
    edges = firsts[ends.min(axis=0)] + ends.max(axis=0)
    weakest = paths.take(nearest, axis=1, out=weights, mode="clip")
    return edges, nearest, links, np.minimum(weakest, links, out=weakest)


def _find_weakest(weights):
    """Find the weakest edges of all paths in a maximum spanning tree: (n, n)."""
    row = squareform(weights, checks=False)
    merges = linkage(np.negative(row, dtype=np.float64), "single")
    strengths = -merges[:, 2].astype(row.dtype)
    merges[:, 2] = np.arange(len(merges))  # scipy takes no negative distances
    paths = squareform(strengths[cophenet(merges).astype(np.intp)])
    np.fill_diagonal(paths, np.inf)
    return paths


def _keep_tree(row, edges, firsts, starts):
    """Keep those of some edges that are a maximum spanning tree of their graph."""
    edges = np.sort(np.concatenate(edges))
    order = np.argsort(-row[edges])
    ranks = np.empty(len(edges))
    ranks[order] = np.arange(1, len(edges) + 1)  # 0 would be a missing edge
    bounds = np.searchsorted(edges, starts)
    others = edges - np.repeat(firsts, np.diff(bounds))
    # Before scipy 1.15 trees need indices of 32 bits.
    indices = others.astype(np.int32), bounds.astype(np.int32)
    graph = csr_array((ranks, *indices), (len(firsts), len(firsts)))
    tree = minimum_spanning_tree(graph, overwrite=True)
    return edges[order[tree.data.astype(np.intp) - 1]]
