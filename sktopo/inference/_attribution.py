"""Trace the distance between two groups of connectomes to births, units and layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.utils import check_array, check_consistent_length, column_or_1d

from sktopo._utils.nodes import check_node_names, find_layers
from sktopo._utils.optional import import_optional
from sktopo._utils.parameters import check_option
from sktopo._utils.samples import FLOATS
from sktopo.barcodes import barcode_edges, count_nodes, split_barcodes

if TYPE_CHECKING:
    from typing import Literal

    from numpy.typing import ArrayLike, NDArray

    from sktopo._typing import BoolArray, FloatArray, IntArray, Table

__all__ = ["attribute_distance"]


def attribute_distance(
    connectomes: ArrayLike,
    y: ArrayLike,
    *,
    by: Literal["unit", "layer", "edge", "rank"] = "unit",
    unit_names: ArrayLike | None = None,
    homology_dimension: Literal[0, 1] = 0,
) -> Table:
    r"""List what sets two groups of connectomes apart: units, layers, edges or births.

    The squared Wasserstein distance between the barycenters of two groups is a sum
    over ranks, :math:`\sum_k \delta_k^2` with :math:`\delta_k` the difference of the
    two mean births of rank k. It splits further, without remainder: with :math:`m_k`
    midway between the two means, a birth :math:`b_k` of a graph adds
    :math:`\delta_k (b_k - m_k)`, and the mean of these sums in one group less that in
    the other is the squared distance. Each birth has an edge, so edges, pairs of
    layers and units (half an edge each) have their shares.

    Parameters
    ----------
    connectomes : array-like of shape (n_graphs, n_edges)
        Connectome rows.

    y : array-like of shape (n_graphs,)
        The group of each graph; two different values.

    by : {"unit", "layer", "edge", "rank"}, default="unit"
        What to list. "layer" lists pairs of layers: choose it (or "rank") where the
        units of different networks do not correspond.

    unit_names : array-like of str of shape (n_nodes,), default=None
        Names of the units, such as ``ActivationExtractor.get_feature_names_out``
        gives. If None, x0, x1, ...; "layer" needs names such as ``"fc1[0]"``.

    homology_dimension : {0, 1}, default=0
        What to trace: 0 for births (of components), 1 for deaths (of cycles).

    Returns
    -------
    table : pandas.DataFrame or dict of ndarray
        One row per unit (pair of layers, edge, rank) that has a birth in some graph,
        largest share first:

        - `name`: ``"a"``, ``"a--b"`` or ``"birth0"``;
        - `share`: of the squared distance; shares sum to 1, and some may be negative;
        - `effect_size`: Cohen's d of what the births there add, positive if the share
          is; nan if no group has two graphs;
        - `number_1`, `number_2`: the mean number of births per graph, in the groups in
          the order of ``np.unique(y)``; a birth counts at both of its units;
        - `mean_1`, `mean_2`: the mean weight of these births, nan if there are none.

        A dict of columns where pandas is not installed.

    Raises
    ------
    ValueError
        If y has not two different values or another length, a parameter is unknown,
        the number of names is not that of the nodes, graphs have no deaths to trace,
        or the two barycenters are the same.

    See Also
    --------
    sktopo.GraphPersistence.edge_names : The edge behind each birth and death.

    Notes
    -----
    The table describes the groups it was made from: the direction is chosen on the
    same graphs that are measured along it, so effect sizes are too large as estimates
    for others, and no test.

    Examples
    --------
    >>> from sktopo.inference import attribute_distance
    >>> triangles = [[0.9, 0.5, 0.7], [0.9, 0.1, 0.7], [0.9, 0.2, 0.3]]  # 01, 02, 12
    >>> table = attribute_distance(triangles, ["a", "a", "b"], by="edge")
    >>> [(name, float(share)) for name, share in zip(table["name"], table["share"])]
    [('x1--x2', 1.0), ('x0--x1', 0.0)]
    """
    rows = check_array(connectomes, dtype=FLOATS)
    check_option("by", by, ("unit", "layer", "edge", "rank"))
    if homology_dimension not in (0, 1):
        raise ValueError(
            f"homology_dimension={homology_dimension!r} must be 0, for births, or 1, "
            "for deaths."
        )
    second = _check_groups(rows, y)
    edges = split_barcodes(barcode_edges(rows))[homology_dimension]
    if not edges.shape[1]:
        raise ValueError("Graphs of two nodes have no deaths to trace.")
    values = np.take_along_axis(rows, edges, axis=1).astype(np.float64)
    n_nodes = count_nodes(rows.shape[1])
    names, items = _find_items(
        by, check_node_names(unit_names, n_nodes), edges, homology_dimension
    )
    return _tabulate(names, items, values, second)


def _check_groups(rows: FloatArray, y: ArrayLike) -> BoolArray:
    """Return a mask of the second group."""
    y = column_or_1d(y)
    check_consistent_length(rows, y)
    groups = np.unique(y)
    if len(groups) != 2:
        raise ValueError(
            f"y has {len(groups)} different values; expected 2. Choose the graphs of "
            "two groups."
        )
    return y == groups[1]


def _find_items(
    by: str, units: NDArray[np.object_], edges: IntArray, homology_dimension: int
) -> tuple[list[str], IntArray]:
    """Find the items of a table: their names, and for each birth its items.

    Items are integers of shape (n_items_of_a_birth, n_graphs, n_births).
    """
    first, second = np.triu_indices(len(units), 1)
    if by == "rank":
        kind = ("birth", "death")[homology_dimension]
        ranks = np.arange(edges.shape[1])
        return [f"{kind}{rank}" for rank in ranks], np.broadcast_to(
            ranks, (1, *edges.shape)
        )
    if by == "edge":
        names = [f"{units[i]}--{units[j]}" for i, j in zip(first, second, strict=True)]
        return names, edges[None]
    if by == "unit":
        return list(units), np.stack([first[edges], second[edges]])
    layers, of_unit = find_layers(units)
    if layers == [""]:
        raise ValueError(
            "by='layer' needs unit_names that tell the layer, such as 'fc1[0]'; got "
            f"{units[0]!r} and so on."
        )
    pairs = np.sort([of_unit[first], of_unit[second]], axis=0)
    codes, of_edge = np.unique(pairs[0] * len(layers) + pairs[1], return_inverse=True)
    sides = (divmod(code, len(layers)) for code in codes)
    names = [f"{layers[i]}--{layers[j]}" for i, j in sides]
    return names, of_edge[edges][None]


def _tabulate(
    names: list[str], items: IntArray, values: FloatArray, second: BoolArray
) -> Table:
    """Sum what births add, their numbers and their weights over items."""
    means = [values[group].mean(axis=0) for group in (~second, second)]
    direction = means[1] - means[0]
    distance = np.sum(direction**2)
    if distance == 0:
        raise ValueError("The barycenters of the two groups are the same.")
    added = direction * (values - (means[0] + means[1]) / 2) / distance
    added, number, weight = (
        np.sum([_sum_over(part, item, len(names)) for item in items], axis=0)
        for part in (added / len(items), np.ones_like(values), values)
    )
    share = added[second].mean(axis=0) - added[~second].mean(axis=0)
    table = {
        "name": np.array(names, dtype=object),
        "share": share,
        "effect_size": _effect_size(share, added, second),
    }
    for k, group in enumerate((~second, second), start=1):
        table[f"number_{k}"] = number[group].mean(axis=0)
        with np.errstate(invalid="ignore"):
            table[f"mean_{k}"] = weight[group].sum(axis=0) / number[group].sum(axis=0)
    order = np.argsort(-share, kind="stable")
    order = order[number.any(axis=0)[order]]
    pandas = import_optional("pandas", extra="tables", purpose="A table of results")
    return pandas.DataFrame({name: column[order] for name, column in table.items()})


def _sum_over(values: FloatArray, items: IntArray, n_items: int) -> FloatArray:
    """Sum the values of each graph over items: (n_graphs, n_items)."""
    return np.stack(
        [
            np.bincount(item, value, minlength=n_items)
            for item, value in zip(items, values, strict=True)
        ]
    )


def _effect_size(
    difference: FloatArray, added: FloatArray, second: BoolArray
) -> FloatArray:
    """Compute Cohen's d, of a difference of means and the pooled deviation."""
    squares = sum(
        np.sum((added[group] - added[group].mean(axis=0)) ** 2, axis=0)
        for group in (~second, second)
    )
    freedom = len(added) - 2
    if not freedom:
        return np.full_like(difference, np.nan)
    deviation = np.sqrt(squares / freedom)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(difference == 0, 0.0, difference / deviation)
