"""Connectomes with a given barcode: the weights of a barcode put on edges."""

from __future__ import annotations

import contextlib

import numpy as np

from sktopo._utils.geometry import column_blocks
from sktopo.barcodes._filtration import barcode_edges
from sktopo.barcodes._layout import count_deaths, count_nodes, split_barcodes

_MAX_STEPS = 10
# Number of edges that are checked together in the search for the next merger.
_CHECKED_EDGES = 1024


def average_template(rows):
    """Return the mean row, computed in float64; no sum of large weights overflows."""
    mean = np.empty(rows.shape[1], dtype=rows.dtype)
    for columns in column_blocks(rows):
        mean[columns] = np.divide(rows[:, columns], len(rows), dtype=np.float64).sum(
            axis=0
        )
    return mean


def realize_barcode(barcode, template):
    """Put the weights of a barcode on the edges of a graph, in a template's order.

    The weights are placed from the largest to the smallest. A birth is placed on the
    strongest edge of the template between two components, a death on the strongest
    free edge within a component. A birth skips an edge if the components would then be
    too small for the deaths that follow.

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
    needed = _count_needed(births, deaths)
    tree, available_from = _grow_tree(template, needed)
    connectome = np.empty_like(barcode)
    connectome[tree] = births
    # Edges are ranked by the template, the strongest first, so sorting ranks gives the
    # strongest free edges.
    strongest = np.argsort(-template, kind="stable")
    rank = np.empty_like(strongest)
    rank[strongest] = np.arange(len(strongest))
    by_merger = np.argsort(available_from, kind="stable")
    sorted_mergers = available_from[by_merger]
    ends = np.searchsorted(sorted_mergers, np.arange(1, len(births) + 1), "right")
    start = np.searchsorted(sorted_mergers, 0, "right")
    free, n_placed = np.empty(0, dtype=int), 0
    for n_needed, end in zip(needed, ends, strict=True):
        if n_needed > n_placed:
            free = np.sort(np.concatenate([free, rank[by_merger[start:end]]]))
            start, n_new = end, n_needed - n_placed
            connectome[strongest[free[:n_new]]] = deaths[n_placed:n_needed]
            free, n_placed = free[n_new:], n_needed
    return connectome


def interpolate_connectome(edges, barcode, edge_scale, birth_scale, death_scale):
    r"""Find the connectome near given edges whose barcode is near a given one.

    Minimises :math:`a \|w - e\|^2 + b_0 \|births(w) - b\|^2 + b_1 \|deaths(w) - d\|^2`
    by fixed-point steps: the barcode is put on the edges in the order of the births and
    deaths of w, and w becomes the weighted mean of the result and of e. The steps end
    when the objective no longer falls, or after 10. They start from the order of e and
    from that of `realize_barcode`, and the lower result is kept.

    Parameters
    ----------
    edges, barcode : ndarray of shape (n_edges,)
        Connectome row e, and the barcode with births b and deaths d.

    edge_scale, birth_scale, death_scale : float
        The weights a, b_0 and b_1.

    Returns
    -------
    connectome : ndarray of shape (n_edges,)
        The row with the lowest objective that was found.
    """
    scales = np.full_like(barcode, death_scale)
    split_barcodes(scales)[0][:] = birth_scale

    def objective(connectome, order):
        misfit = edge_scale * np.sum((connectome - edges) ** 2)
        return misfit + np.sum(scales * (connectome[order] - barcode) ** 2)

    own = _order(edges)
    best, lowest = edges, (start := objective(edges, own))
    for order in _first_orders(own, edges, barcode):
        reached, value = edges, start
        for _ in range(_MAX_STEPS):
            proposal = np.empty_like(edges)
            proposal[order] = (edge_scale * edges[order] + scales * barcode) / (
                edge_scale + scales
            )
            order = _order(proposal)
            if (lower := objective(proposal, order)) >= value:
                break
            reached, value = proposal, lower
        if value < lowest:
            best, lowest = reached, value
    return best


def _first_orders(own, edges, barcode):
    """Yield the orders of edges to start from: their own, and that of the barcode.

    The first is good if edges have a large weight, the second if topology has.
    """
    yield own
    with contextlib.suppress(ValueError):  # no graph has this barcode
        yield _order(realize_barcode(barcode, edges))


def _order(connectome):
    """Return the edges of one graph in the order of its barcode: (n_edges,)."""
    return barcode_edges(connectome[None])[0]


def _count_needed(births, deaths):
    """Count the deaths to place before each next birth: (n_births,).

    Births and deaths descend.
    """
    counts, capacities = count_deaths(births, deaths)
    too_many = counts > capacities
    if too_many.any():
        at = too_many.argmax()
        raise ValueError(
            f"No graph has this barcode: {counts[at]} deaths lie above its birth "
            f"number {at + 2} in descending order, and {at + 1} births leave room for "
            f"{capacities[at]}."
        )
    return counts


def _grow_tree(template, needed):
    """Merge components along strong edges of the template, leaving room for deaths.

    Returns the edges of the tree in the order of the mergers, (n_births,), and for
    every edge the number of the merger from which on a death may be placed on it,
    (n_edges,), 0 for the edges of the tree.
    """
    n_nodes = count_nodes(len(template))
    first, second = np.triu_indices(n_nodes, 1)
    edge_of = np.zeros((n_nodes, n_nodes), dtype=int)
    edge_of[first, second] = edge_of[second, first] = np.arange(len(template))
    component = np.arange(n_nodes)
    available_from = np.zeros(len(template), dtype=int)
    tree = np.empty(n_nodes - 1, dtype=int)
    waiting = np.argsort(-template, kind="stable")
    for step in range(n_nodes - 1):
        if (n_nodes - step).bit_count() == 1:
            # The number of components has halved: drop the edges within components.
            apart = component[first[waiting]] != component[second[waiting]]
            waiting = waiting[apart]
        edge = _pick_edge(component, first[waiting], second[waiting], needed[step:])
        edge = waiting[edge]
        here, there = (
            np.flatnonzero(component == component[end[edge]]) for end in (first, second)
        )
        available_from[edge_of[np.ix_(here, there)]] = step + 1
        available_from[edge] = 0
        tree[step] = edge
        component[there] = component[here[0]]
    return tree, available_from


def _pick_edge(component, first, second, needed):
    """Return the first edge whose merger of components leaves room for all deaths.

    Merging the two largest components always leaves room, so there is such an edge.
    """
    sizes = np.bincount(component)
    refused = set()
    for start in range(0, len(first), _CHECKED_EDGES):
        ends = (
            component[end[start : start + _CHECKED_EDGES]] for end in (first, second)
        )
        component_1, component_2 = ends
        apart = np.flatnonzero(component_1 != component_2)
        pairs = np.sort([sizes[component_1[apart]], sizes[component_2[apart]]], axis=0)
        # Only the two sizes matter, so each pair of sizes is checked once.
        codes, firsts = np.unique(
            pairs[0] * len(component) + pairs[1], return_index=True
        )
        for code, at in sorted(
            zip(codes, firsts, strict=True), key=lambda pair: pair[1]
        ):
            if code not in refused:
                size_1, size_2 = divmod(int(code), len(component))
                if _has_room(sizes, size_1, size_2, needed):
                    return int(start + apart[at])
                refused.add(code)
    raise AssertionError("unreachable: the barcode was checked")


def _has_room(sizes, size_1, size_2, needed):
    """Return whether all deaths find room after components of two sizes merge.

    Merging the largest components from then on makes the most room.
    """
    sizes = np.sort(sizes[sizes > 0])
    apart = np.delete(sizes, np.searchsorted(sizes, size_1))
    apart = np.delete(apart, np.searchsorted(apart, size_2))
    sizes = np.sort(np.append(apart, size_1 + size_2))[::-1]
    merged = np.cumsum(sizes)
    within = sizes * (sizes - 1) // 2
    room = merged * (merged - 1) // 2 + within.sum() - np.cumsum(within)
    n_births = merged[-1] - len(sizes) + np.arange(len(sizes))
    return bool(np.all(room - n_births >= needed))
