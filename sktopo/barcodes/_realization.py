"""Connectomes behind barcodes: edge weights with a given barcode, near a template."""

from __future__ import annotations

import numpy as np

from sktopo.barcodes._filtration import barcode_edges
from sktopo.barcodes._layout import count_deaths, count_nodes, split_barcodes

_MAX_STEPS = 10
# Candidates for the next tree edge that are examined together.
_BLOCK = 1024


def realize_barcode(barcode, template):
    """Put the weights of a barcode on the edges of a graph, in a template's order.

    The weights are placed in descending order. A birth goes to the strongest edge of
    the template between two components, a death to the strongest free edge within
    one. An edge is skipped for a birth if the components would then be too small to
    hold the deaths that follow.

    Parameters
    ----------
    barcode : ndarray of shape (n_edges,)
        Barcode of a complete graph.

    template : ndarray of shape (n_edges,)
        Connectome row whose order of edges to follow.

    Returns
    -------
    connectome : ndarray of shape (n_edges,)
        Connectome row with exactly that barcode.

    Raises
    ------
    ValueError
        If no graph has that barcode.
    """
    births, deaths = (part[::-1] for part in split_barcodes(barcode))
    counts, capacities = count_deaths(births, deaths)
    if (counts > capacities).any():
        k = (counts > capacities).argmax()
        raise ValueError(
            f"No graph has this barcode: {counts[k]} deaths lie above its birth number "
            f"{k + 2} in descending order, and {k + 1} births make only "
            f"{capacities[k]} possible."
        )
    tree, merge_of = _grow_tree(template, counts)
    connectome = np.empty_like(barcode)
    connectome[tree] = births
    # Edges are ranked by the template, strongest first, so sorted ranks are an order.
    strongest = np.argsort(-template, kind="stable")
    rank = np.argsort(strongest)
    by_merge = np.argsort(merge_of, kind="stable")
    merges = np.arange(len(births) + 1)
    start, *stops = np.searchsorted(merge_of[by_merge], merges, "right")
    free, placed = np.empty(0, dtype=int), 0
    for count, stop in zip(counts, stops, strict=True):
        if count > placed:
            free = np.sort(np.concatenate([free, rank[by_merge[start:stop]]]))
            start = stop
            connectome[strongest[free[: count - placed]]] = deaths[placed:count]
            free, placed = free[count - placed :], count
    return connectome


def interpolate_connectome(edges, barcode, edge_weight, birth_weight, death_weight):
    r"""Find the connectome near given edges whose barcode is near a given one.

    Lowers :math:`a \|w - e\|^2 + b_0 \|births(w) - b\|^2 + b_1 \|deaths(w) - d\|^2`
    by a fixed-point step: the barcode is put back on the edges in the order of the
    births and deaths of w, and w becomes the weighted mean of that and of e. Steps
    end when the objective no longer falls, after 10 at most. They are taken from the
    order of e and from that of `realize_barcode`, and the better result is kept.

    Parameters
    ----------
    edges, barcode : ndarray of shape (n_edges,)
        Connectome row e, and the barcode of births b and deaths d.

    edge_weight, birth_weight, death_weight : float
        The coefficients a, b_0 and b_1.

    Returns
    -------
    connectome : ndarray of shape (n_edges,)
        The connectome row of the lowest objective found.
    """
    weights = np.full_like(barcode, death_weight)
    split_barcodes(weights)[0][:] = birth_weight

    def measure(connectome, order):
        misfit = edge_weight * np.sum((connectome - edges) ** 2)
        return misfit + np.sum(weights * (connectome[order] - barcode) ** 2)

    own_order = _order_edges(edges)
    # The first order is good where edges weigh much, the second where topology does.
    orders = [own_order]
    try:
        orders.append(_order_edges(realize_barcode(barcode, edges)))
    except ValueError:  # no graph has this barcode
        pass
    best, lowest = edges, (start := measure(edges, own_order))
    for order in orders:
        found, value = edges, start
        for _ in range(_MAX_STEPS):
            proposal = np.empty_like(edges)
            proposal[order] = (edge_weight * edges[order] + weights * barcode) / (
                edge_weight + weights
            )
            order = _order_edges(proposal)
            proposed = measure(proposal, order)
            if proposed >= value:
                break
            found, value = proposal, proposed
        if value < lowest:
            best, lowest = found, value
    return best


def _order_edges(connectome):
    """Order the edges of one connectome row, (n_edges,), as its barcode."""
    return barcode_edges(connectome[None])[0]


def _grow_tree(template, counts):
    """Merge components along strong edges of the template, leaving room for deaths.

    Parameters
    ----------
    template : ndarray of shape (n_edges,)
        Connectome row.

    counts : ndarray of shape (n_births,)
        The deaths that must fit after each merge, see `count_deaths`.

    Returns
    -------
    tree : ndarray of shape (n_births,)
        The tree edges, in the order of the merges.

    merge_of : ndarray of shape (n_edges,)
        The number of the merge after which each edge may take a death, from 1; 0 for
        the tree edges.
    """
    n_nodes = count_nodes(len(template))
    first, second = np.triu_indices(n_nodes, 1)
    edge_of = np.zeros((n_nodes, n_nodes), dtype=int)
    edge_of[first, second] = edge_of[second, first] = np.arange(len(template))
    component = np.arange(n_nodes)
    merge_of = np.zeros(len(template), dtype=int)
    tree = np.empty(n_nodes - 1, dtype=int)
    waiting = np.argsort(-template, kind="stable")
    for step in range(n_nodes - 1):
        if (n_nodes - step).bit_count() == 1:
            # Half of the components are left: drop the edges that are now within one.
            apart = component[first[waiting]] != component[second[waiting]]
            waiting = waiting[apart]
        edge = waiting[
            _pick_edge(component, first[waiting], second[waiting], counts[step:])
        ]
        nodes_1, nodes_2 = (
            np.flatnonzero(component == component[end[edge]]) for end in (first, second)
        )
        merge_of[edge_of[np.ix_(nodes_1, nodes_2)]] = step + 1
        merge_of[edge] = 0
        tree[step] = edge
        component[nodes_2] = component[nodes_1[0]]
    return tree, merge_of


def _pick_edge(component, first, second, counts):
    """Return the first edge whose merge of components leaves room for all deaths.

    `component`, (n_nodes,), is the component of each node; `first` and `second`,
    (n_candidates,), are the nodes of the candidates; `counts` are the deaths that
    must fit after this merge and each later one. Merging the two largest components
    always leaves room, so there is such an edge.
    """
    sizes = np.bincount(component)
    refused = set()
    for start in range(0, len(first), _BLOCK):
        component_1 = component[first[start : start + _BLOCK]]
        component_2 = component[second[start : start + _BLOCK]]
        apart = np.flatnonzero(component_1 != component_2)
        pairs = np.sort([sizes[component_1[apart]], sizes[component_2[apart]]], axis=0)
        # The answer depends on the two sizes only: examine each pair of sizes once.
        codes, positions = np.unique(
            pairs[0] * len(component) + pairs[1], return_index=True
        )
        for k in np.argsort(positions):
            if codes[k] not in refused:
                size_1, size_2 = divmod(int(codes[k]), len(component))
                if _leaves_room(sizes, size_1, size_2, counts):
                    return int(start + apart[positions[k]])
                refused.add(codes[k])
    raise AssertionError("unreachable: count_deaths has shown that the deaths fit")


def _leaves_room(sizes, size_1, size_2, counts):
    """Return whether all deaths fit after merging components of two sizes.

    `sizes`, (n_nodes,), are the sizes of components, 0 for labels not in use. Merging
    the largest components from then on makes the most room.
    """
    sizes = np.sort(sizes[sizes > 0])
    others = np.delete(sizes, np.searchsorted(sizes, size_1))
    others = np.delete(others, np.searchsorted(others, size_2))
    sizes = np.sort(np.append(others, size_1 + size_2))[::-1]
    merged = np.cumsum(sizes)
    within = sizes * (sizes - 1) // 2
    room = merged * (merged - 1) // 2 + within.sum() - np.cumsum(within)
    n_births = merged[-1] - len(sizes) + np.arange(len(sizes))
    return bool(np.all(room - n_births >= counts))
