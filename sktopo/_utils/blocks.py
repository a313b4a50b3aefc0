"""Groups of nodes, and the blocks of edges within and between them."""

from __future__ import annotations

import re
from itertools import combinations

import numpy as np

from sktopo._utils.labels import check_labels
from sktopo._utils.nodes import (
    check_node_names,
    fewest_nodes,
    find_layers,
    name_edges,
)


def read_groups(groups, n_nodes, edge_names=None):
    """Read which group each node belongs to.

    Parameters
    ----------
    groups : array-like of shape (n_nodes,), "layer" or None
        The group of each node; "layer" reads it from the names of the nodes, such as
        ``"fc1[0]"``, which the names of the edges contain. None puts all nodes into
        one group.

    n_nodes : int
        Number of nodes of a graph.

    edge_names : array-like of str or None
        Names of the edges, such as ``"fc1[0]--fc1[1]"``, needed for "layer".

    Returns
    -------
    names : list of str
        The names of the groups, in the order of their first node.

    members : ndarray of shape (n_nodes,)
        The number of the group of each node.

    Raises
    ------
    ValueError
        If there is not one group for each node, a group is missing, or layers cannot be
        read from names.
    """
    if groups is None:
        return ["all"], np.zeros(n_nodes, dtype=np.intp)
    if isinstance(groups, str):
        if groups != "layer":
            raise ValueError(
                f"groups={groups!r} must be 'layer', None, or the group of each of the "
                f"{n_nodes} nodes."
            )
        names, members = find_layers(_read_node_names(edge_names, n_nodes))
        if names == [""]:
            raise ValueError(
                "groups='layer' needs names of edges that contain the layer, such as "
                f"'fc1[0]--fc1[1]'; got {edge_names[0]!r} and so on. Give the group of "
                "each node instead."
            )
        return names, members
    labels = check_labels(groups, n_nodes, name="groups", of="node")
    found, first, codes = np.unique(labels, return_index=True, return_inverse=True)
    order = np.argsort(first)
    number = np.empty(len(found), dtype=np.intp)
    number[order] = np.arange(len(found))
    return [str(found[k]) for k in order], number[codes]


def list_blocks(names, members):
    """List the blocks of edges within each group and between each two groups.

    Parameters
    ----------
    names : list of str
        The names of the groups.

    members : ndarray of shape (n_nodes,)
        The number of the group of each node.

    Returns
    -------
    blocks : dict of str to tuple of int
        The numbers of the two groups of each block that has edges, by its name:
        ``"fc1"`` within a group, ``"fc1--fc2"`` between two. The blocks within groups
        come first.

    Raises
    ------
    ValueError
        If two blocks have one name.
    """
    sizes = np.bincount(members, minlength=len(names))
    blocks = {name: (k, k) for k, name in enumerate(names) if sizes[k] > 1}
    for first, second in combinations(range(len(names)), 2):
        name = f"{names[first]}--{names[second]}"
        if name in blocks:
            raise ValueError(
                f"Two blocks of edges have the name {name!r}, because names of groups "
                "contain two dashes; rename these groups."
            )
        blocks[name] = (first, second)
    return blocks


def find_block_edges(members, block):
    """Find the positions of the edges of a block in a connectome row, ascending.

    Parameters
    ----------
    members : ndarray of shape (n_nodes,)
        The number of the group of each node.

    block : tuple of int
        The numbers of its two groups, see `list_blocks`.

    Returns
    -------
    positions : ndarray of shape (n_edges_of_block,)
        Positions in the order of :func:`scipy.spatial.distance.squareform`.
    """
    return np.sort(find_block_graph(members, block), axis=None)


def find_block_graph(members, block):
    """Find the positions of the edges of a block, in the form of its graph.

    Parameters
    ----------
    members : ndarray of shape (n_nodes,)
        The number of the group of each node.

    block : tuple of int
        The numbers of its two groups, see `list_blocks`.

    Returns
    -------
    positions : ndarray of shape (n_edges_of_block,) or (n_nodes_1, n_nodes_2)
        Positions in a connectome row: those of the connectome row of a single group,
        or for two groups those of each pair of their nodes.
    """
    first, second = (np.flatnonzero(members == group) for group in block)
    if block[0] == block[1]:
        pairs = np.triu_indices(len(first), 1)
        first, second = first[pairs[0]], second[pairs[1]]
    else:
        first = first[:, np.newaxis]
    low, high = np.minimum(first, second), np.maximum(first, second)
    return low * (2 * len(members) - low - 3) // 2 - 1 + high


def _read_node_names(edge_names, n_nodes):
    """Read the names of nodes from the names of the edges between them."""
    if edge_names is None:
        raise ValueError(
            "groups='layer' needs names of edges, such as 'fc1[0]--fc1[1]', which X "
            "does not have. Give X as a data frame, FunctionalConnectome().set_output("
            "transform='pandas'), or give the group of each node."
        )
    names = find_node_names(edge_names)
    if names is None or len(names) != n_nodes:
        raise ValueError(
            "groups='layer' needs names of edges such as 'fc1[0]--fc1[1]', in the "
            f"order of a connectome row; got {edge_names[0]!r} and so on. Give the "
            "group of each node instead."
        )
    return names


def find_node_names(edge_names):
    """Read the names of nodes from the names of the edges between them.

    Returns an array (n_nodes,), or None if these are not names of the edges of a
    complete graph, such as ``"fc1[0]--fc1[1]"``, in the order of a connectome row.
    """
    edge_names = np.asarray(edge_names, dtype=object)
    n_nodes = fewest_nodes(len(edge_names))
    first = [str(name) for name in edge_names[: n_nodes - 1]]
    cuts = [cut.start() for cut in re.finditer("--", first[0])] if first else []
    for cut in cuts:
        # A name may contain two dashes itself, so each place where to cut is tried.
        start = first[0][: cut + 2]
        if all(name.startswith(start) for name in first):
            nodes = [start[:-2], *(name[cut + 2 :] for name in first)]
            if np.array_equal(name_edges(nodes, range(len(edge_names))), edge_names):
                return check_node_names(nodes, n_nodes)
    return None
