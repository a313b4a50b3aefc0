"""Connectomes behind barcodes: edge weights with a given barcode, near a template."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import numpy as np

from sktopo.barcodes._filtration import barcode_edges
from sktopo.barcodes._layout import count_nodes, split_barcodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sktopo._typing import FloatArray, IntArray

_MAX_STEPS = 10
# Edges looked at together when the next one to merge along is sought.
_GLANCE = 1024


def realize_barcode(barcode: FloatArray, template: FloatArray) -> FloatArray:
    """Put the weights of a barcode on the edges of a graph, in a template's order.

    The weights are placed from the largest down, as the filtration meets them: a
    birth on the strongest edge of the template between two components, a death on
    the strongest edge left within one. A birth passes over an edge if the components
    would then be too small to hold the deaths to come.

    Parameters
    ----------
    barcode : ndarray of shape (n_edges,)
        Barcode row of a complete graph.

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
    demand = _count_due(births, deaths)
    tree, opened = _grow_tree(template, demand)
    connectome = np.empty_like(barcode)
    connectome[tree] = births
    pool, placed = np.empty(0, dtype=int), 0
    # Edges are ranked by the template, strongest first, so a pool sorts by rank.
    strongest = np.argsort(-template, kind="stable")
    rank = np.empty_like(strongest)
    rank[strongest] = np.arange(len(strongest))
    by_step = np.argsort(opened, kind="stable")
    ends = np.searchsorted(opened[by_step], np.arange(1, len(births) + 1), "right")
    taken = np.searchsorted(opened[by_step], 0, "right")
    for due, end in zip(demand, ends, strict=True):
        if due > placed:
            pool = np.sort(np.concatenate([pool, rank[by_step[taken:end]]]))
            taken = end
            connectome[strongest[pool[: due - placed]]] = deaths[placed:due]
            pool, placed = pool[due - placed :], due
    return connectome


def interpolate_connectome(
    edges: FloatArray,
    barcode: FloatArray,
    edge_scale: float,
    birth_scale: float,
    death_scale: float,
) -> FloatArray:
    r"""Find the connectome near given edges whose barcode is near a given one.

    Lowers :math:`a \|w - e\|^2 + b_0 \|births(w) - b\|^2 + b_1 \|deaths(w) - d\|^2`
    by a fixed-point step: the barcode is put back on the edges in the order of the
    births and deaths of w, and w becomes the weighted mean of that and of e. Steps
    end when the objective no longer falls, after 10 at most. They are taken from the
    order of e and from that of `realize_barcode`, and the lower end is kept.

    Parameters
    ----------
    edges, barcode : ndarray of shape (n_edges,)
        Connectome row e, and the row of births b and deaths d.

    edge_scale, birth_scale, death_scale : float
        The weights a, b_0 and b_1.

    Returns
    -------
    connectome : ndarray of shape (n_edges,)
        The row of the lowest objective met.
    """
    scales = np.full_like(barcode, death_scale)
    split_barcodes(scales)[0][:] = birth_scale

    def measure(connectome: FloatArray, order: IntArray) -> float:
        misfit = edge_scale * np.sum((connectome - edges) ** 2)
        return misfit + np.sum(scales * (connectome[order] - barcode) ** 2)

    own = _order(edges)
    best, lowest = edges, (start := measure(edges, own))
    for order in _first_orders(own, edges, barcode):
        reached, value = edges, start
        for _ in range(_MAX_STEPS):
            proposal = np.empty_like(edges)
            proposal[order] = (edge_scale * edges[order] + scales * barcode) / (
                edge_scale + scales
            )
            order = _order(proposal)
            if (lower := measure(proposal, order)) >= value:
                break
            reached, value = proposal, lower
        if value < lowest:
            best, lowest = reached, value
    return best


def _first_orders(
    own: IntArray, edges: FloatArray, barcode: FloatArray
) -> Iterator[IntArray]:
    """Yield orders of the edges to start from: their own, and that of the barcode.

    The first is good where edges weigh much, the second where topology does.
    """
    yield own
    with contextlib.suppress(ValueError):  # a barcode that no graph has
        yield _order(realize_barcode(barcode, edges))


def _order(connectome: FloatArray) -> IntArray:
    """Order the edges of one graph as its barcode row."""
    return barcode_edges(connectome[None])[0]


def _count_due(births: FloatArray, deaths: FloatArray) -> IntArray:
    """Count the deaths that come before each next birth: (n_births,).

    Births and deaths descend. Deaths equal to a birth up to rounding come after it.
    """
    slack = 16 * np.finfo(births.dtype).eps * max(np.abs(births).max(), 1e-300)
    due = np.searchsorted(-deaths, -(births[1:] + slack), side="left")
    due = np.append(due, len(deaths))
    n_merged = np.arange(1, len(births) + 1)
    too_many = due > n_merged * (n_merged - 1) // 2
    if too_many.any():
        at = too_many.argmax()
        raise ValueError(
            f"No graph has this barcode: {due[at]} deaths lie above its birth number "
            f"{at + 2} in descending order, and {at + 1} births leave room for "
            f"{(at + 1) * at // 2}."
        )
    return due


def _grow_tree(template: FloatArray, demand: IntArray) -> tuple[IntArray, IntArray]:
    """Merge components along strong edges of the template, leaving room for deaths.

    Returns the tree edges in the order of the merges, and for every edge the number
    of the merge after which it may take a death (0 for the tree edges).
    """
    n_nodes = count_nodes(len(template))
    first, second = np.triu_indices(n_nodes, 1)
    edge_of = np.zeros((n_nodes, n_nodes), dtype=int)
    edge_of[first, second] = edge_of[second, first] = np.arange(len(template))
    component = np.arange(n_nodes)
    opened = np.zeros(len(template), dtype=int)
    tree = np.empty(n_nodes - 1, dtype=int)
    waiting = np.argsort(-template, kind="stable")
    for step in range(n_nodes - 1):
        if (n_nodes - step).bit_count() == 1:
            # Components have halved in number: drop the edges that fell within one.
            apart = component[first[waiting]] != component[second[waiting]]
            waiting = waiting[apart]
        edge = _pick_edge(component, first[waiting], second[waiting], demand[step:])
        edge = waiting[edge]
        here, there = (
            np.flatnonzero(component == component[end[edge]]) for end in (first, second)
        )
        opened[edge_of[np.ix_(here, there)]] = step + 1
        opened[edge] = 0
        tree[step] = edge
        component[there] = component[here[0]]
    return tree, opened


def _pick_edge(
    component: IntArray, first: IntArray, second: IntArray, demand: IntArray
) -> int:
    """Return the first edge whose merger of components leaves room for all deaths.

    Merging the two largest components always does, so there is one.
    """
    sizes = np.bincount(component)
    refused = set()
    for start in range(0, len(first), _GLANCE):
        ends = (component[end[start : start + _GLANCE]] for end in (first, second))
        component_1, component_2 = ends
        apart = np.flatnonzero(component_1 != component_2)
        pairs = np.sort([sizes[component_1[apart]], sizes[component_2[apart]]], axis=0)
        # What matters of a merger is the two sizes; look at each pair of them once.
        codes, firsts = np.unique(
            pairs[0] * len(component) + pairs[1], return_index=True
        )
        for code, at in sorted(
            zip(codes, firsts, strict=True), key=lambda pair: pair[1]
        ):
            if code not in refused:
                size_1, size_2 = divmod(int(code), len(component))
                if _has_room(sizes, size_1, size_2, demand):
                    return int(start + apart[at])
                refused.add(code)
    raise AssertionError("unreachable: the barcode was checked")


def _has_room(sizes: IntArray, size_1: int, size_2: int, demand: IntArray) -> bool:
    """Tell whether all deaths find room after merging components of two sizes.

    Most room comes from merging the largest components ever after.
    """
    sizes = np.sort(sizes[sizes > 0])
    apart = np.delete(sizes, np.searchsorted(sizes, size_1))
    apart = np.delete(apart, np.searchsorted(apart, size_2))
    sizes = np.sort(np.append(apart, size_1 + size_2))[::-1]
    merged = np.cumsum(sizes)
    within = sizes * (sizes - 1) // 2
    room = merged * (merged - 1) // 2 + within.sum() - np.cumsum(within)
    n_births = merged[-1] - len(sizes) + np.arange(len(sizes))
    return bool(np.all(room - n_births >= demand))
