"""Where the nodes of a tree stand, and how its edges run."""

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, depth_first_order

# How often each node is moved towards those that it is joined to.
_N_SWEEPS = 20


def place_in_columns(edges, members):
    """Place nodes in columns, with joined nodes at similar heights.

    Parameters
    ----------
    edges : ndarray of shape (n_nodes - 1, 2)
        The nodes that each edge joins.

    members : ndarray of shape (n_nodes,)
        The column of each node.

    Returns
    -------
    places : ndarray of shape (n_nodes, 2)
        The column of each node, and its height from 0 to 1.
    """
    n_nodes = len(members)
    tree = _make_tree(edges)
    degrees = tree.sum(axis=0)
    order = depth_first_order(tree, np.argmax(degrees), return_predecessors=False)
    heights = np.empty(n_nodes)
    heights[order] = np.arange(n_nodes)
    for _ in range(_N_SWEEPS):
        for column in np.unique(members):
            nodes = np.flatnonzero(members == column)
            ranks = np.argsort(np.argsort(heights[nodes], kind="stable"), kind="stable")
            heights[nodes] = (ranks + 0.5) / len(nodes)
        even_heights = heights.copy()
        heights = (heights + tree @ heights) / (1 + degrees)
    return np.column_stack([members, even_heights])


def place_around(edges):
    """Place nodes on circles around the centroid of a tree, by their distance to it.

    Each branch has a sector to itself, as wide as it has ends, so that branches do not
    cross.

    Parameters
    ----------
    edges : ndarray of shape (n_nodes - 1, 2)
        The nodes that each edge joins.

    Returns
    -------
    places : ndarray of shape (n_nodes, 2)
        Places within the circle of radius 1.
    """
    tree = _make_tree(edges)
    n_nodes = tree.shape[0]
    order, parents = breadth_first_order(tree, 0)
    sizes = _add_up(order, parents, np.ones(n_nodes))
    largest = n_nodes - sizes
    np.maximum.at(largest, parents[order[1:]], sizes[order[1:]])
    order, parents = breadth_first_order(tree, np.argmin(largest))
    has_no_child = np.bincount(parents[order[1:]], minlength=n_nodes) == 0
    widths = _add_up(order, parents, has_no_child.astype(float))
    widths *= 2 * np.pi / widths[order[0]]
    starts, depths = np.zeros(n_nodes), np.zeros(n_nodes)
    free = np.zeros(n_nodes)  # where the sector of the next branch begins
    for node in order[1:]:
        parent = parents[node]
        starts[node] = free[node] = free[parent]
        free[parent] += widths[node]
        depths[node] = depths[parent] + 1
    angles = starts + widths / 2
    circle = np.column_stack([np.cos(angles), np.sin(angles)])
    return circle * (depths / depths.max())[:, np.newaxis]


def find_path(start, end, direction):
    """Return a line between two places, or an arc within one column: (n_points, 2).

    Arcs bend to the right if `direction` is 1, and to the left if it is -1.
    """
    if start[0] != end[0]:
        return np.array([start, end])
    along = np.linspace(0, 1, 21)[:, None]
    path = (1 - along) * start + along * end
    bend = (0.1 + 0.4 * abs(end[1] - start[1])) * np.sin(np.pi * along[:, 0])
    path[:, 0] += direction * bend
    return path


def _make_tree(edges):
    """Make a symmetric matrix that is 1 for each edge."""
    n_nodes = len(edges) + 1
    tree = csr_array((np.ones(len(edges)), edges.T), shape=(n_nodes, n_nodes))
    return tree + tree.T


def _add_up(order, parents, values):
    """Add to the value of each node those of all nodes below it."""
    sums = values.copy()
    for node in order[:0:-1]:
        sums[parents[node]] += sums[node]
    return sums
