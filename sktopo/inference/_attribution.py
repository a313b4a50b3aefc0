"""Where groups of connectomes differ: units, layers, edges or births."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from sktopo._utils.labels import check_labels
from sktopo._utils.nodes import check_node_names, find_layers
from sktopo._utils.parameters import check_option, is_integer
from sktopo._utils.samples import read_rows
from sktopo._utils.tables import make_table
from sktopo.barcodes import BarcodeLayout, barcode_edges, count_nodes
from sktopo.inference._study import find_exponent, refuse_barcodes

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from sktopo._typing import Table

# How many rounding errors of the births are forgiven.
_FORGIVEN = 8


def attribute_distance(
    connectomes: ArrayLike,
    y: ArrayLike,
    *,
    by: Literal["unit", "layer", "edge", "rank"] = "unit",
    unit_names: ArrayLike | None = None,
    homology_dimension: Literal[0, 1] = 0,
) -> Table:
    r"""List the units, layers, edges or births in which groups differ most.

    The squared Wasserstein distance between the barycenters of two groups is a sum over
    ranks. Of several groups, this function divides the sum of the squared distances
    between all pairs of barycenters, which is proportional to

    .. math:: \sum_k \sum_g \delta_{gk}^2, \qquad \delta_{gk} = c_{gk} - m_k,

    where :math:`c_{gk}` is the mean birth of rank k in group g, and :math:`m_k` the
    mean of these over the groups. This sum can be split further, without remainder. A
    birth :math:`b_k` of a graph contributes :math:`\delta_{gk} (b_k - m_k)` in the
    direction of group g. The mean contribution of the graphs of each group in the
    direction of their own group, added over groups and ranks, is the sum above. Each
    birth is the weight of an edge, so contributions can be summed over edges, over
    pairs of layers and over units, where each of the two units of an edge gets one
    half.

    Parameters
    ----------
    connectomes : array-like of shape (n_graphs, n_edges)
        Connectome rows.

    y : array-like of shape (n_graphs,)
        The group of each graph: two different values or more. Each group counts once,
        however many graphs it has.

    by : {"unit", "layer", "edge", "rank"}, default="unit"
        What to list. "layer" lists pairs of layers. Choose "layer" or "rank" if the
        units of different networks do not correspond.

    unit_names : array-like of str of shape (n_nodes,), default=None
        Names of the units, such as those of
        ``ActivationExtractor.get_feature_names_out``. If None, x0, x1, ...; "layer"
        needs names such as ``"fc1[0]"``.

    homology_dimension : {0, 1}, default=0
        What to compare: 0 for births (of components), 1 for deaths (of cycles). With 1,
        read death for birth everywhere on this page.

    Returns
    -------
    table : pandas.DataFrame
        One row per unit (pair of layers, edge, rank) that has a birth in some graph,
        largest share first:

        - `name`: ``"a"``, ``"a--b"`` or ``"birth0"``;
        - `share`: the share of the sum of squared distances; shares add up to 1, and
          some may be negative;
        - `effect_size`, if there are two groups: Cohen's d of the contributions, with
          the sign of the share; nan if neither group has two graphs;
        - `omega_squared`, if there are more: the share of the variance of the
          contributions that the groups explain, less what they explain by chance,
          over the directions of all groups; nan if no group has two graphs;
        - `number_1`, `number_2`, ...: the mean number of births per graph in each
          group, in the order of ``np.unique(y)``; a birth counts at both of its units;
        - `mean_1`, `mean_2`, ...: the mean weight of these births, nan if there are
          none.

    Raises
    ------
    ValueError
        If y does not have two different values or one value per graph, a label is
        missing, connectomes are not a 2-D array of finite numbers, a parameter is out
        of range, the number of names is not the number of units, the rows are
        evidently births and deaths, the graphs have no deaths, or all barycenters are
        the same up to rounding.

    ImportError
        If pandas is not installed (``pip install 'sktopo[tables]'``).

    See Also
    --------
    permutation_test : Tests whether groups differ.
    sktopo.GraphPersistence.edge_names : The edge behind each birth and death.

    Notes
    -----
    The table describes the given graphs only. It is not a test. The direction of the
    difference is estimated from the same graphs that are then measured along it, so
    effect sizes are large even if the labels are drawn at random. In particular, a
    large effect size of a layer does not mean that the groups differ in this layer by
    more than chance: :doc:`/auto_examples/plot_which_units` shows both numbers for one
    layer. To test a layer, give the births and deaths of its own edges to
    :func:`permutation_test`.

    Examples
    --------
    >>> from sktopo.inference import attribute_distance
    >>> triangles = [[0.9, 0.5, 0.7], [0.9, 0.1, 0.7], [0.9, 0.2, 0.3]]  # 01, 02, 12
    >>> table = attribute_distance(triangles, ["a", "a", "b"], by="edge")
    >>> [(name, float(share)) for name, share in zip(table["name"], table["share"])]
    [('x1--x2', 1.0), ('x0--x1', 0.0)]
    """
    check_option("by", by, ("unit", "layer", "edge", "rank"))
    if not is_integer(homology_dimension) or homology_dimension not in (0, 1):
        raise ValueError(
            f"homology_dimension={homology_dimension!r} must be 0, for births, or 1, "
            "for deaths."
        )
    kind = "death" if homology_dimension else "birth"
    rows = read_rows(connectomes, "connectomes")
    refuse_barcodes(rows, "connectomes")
    groups = _find_groups(rows, y)
    edges = BarcodeLayout(rows.shape[1]).split(barcode_edges(rows))[kind]
    if not edges.shape[1]:
        raise ValueError("Graphs of two nodes have no deaths to compare.")
    values = np.take_along_axis(rows, edges, axis=1)
    units = check_node_names(unit_names, count_nodes(rows.shape[1]))
    names, items = _find_items(by, units, edges, kind)
    return _tabulate(names, items, values, groups)


def _find_groups(rows, y):
    """Validate the labels, and return a mask of the graphs of each group."""
    y = check_labels(y, len(rows), discrete=True)
    groups = np.unique(y)
    if len(groups) < 2:
        raise ValueError(
            f"y has the value {groups[0]} only; expected at least two different "
            "values, the groups of the graphs."
        )
    return [y == group for group in groups]


def _find_items(by, units, edges, kind):
    """Find the items that a table lists, and the items of each birth.

    Returns the names of the items, and the numbers of the items of each birth, an
    array (n_items_of_a_birth, n_graphs, n_births).
    """
    first, second = np.triu_indices(len(units), 1)
    if by == "rank":
        ranks = np.arange(edges.shape[1])
        items = np.broadcast_to(ranks, (1, *edges.shape))
        return [f"{kind}{rank}" for rank in ranks], items
    if by == "edge":
        pairs = zip(units[first], units[second], strict=True)
        return [f"{a}--{b}" for a, b in pairs], edges[np.newaxis]
    if by == "unit":
        return list(units), np.stack([first[edges], second[edges]])
    layers, layer_of_unit = find_layers(units)
    if layers == [""]:
        raise ValueError(
            "by='layer' needs unit_names that contain the layer, such as 'fc1[0]'; got "
            f"{units[0]!r} and so on."
        )
    low, high = np.sort([layer_of_unit[first], layer_of_unit[second]], axis=0)
    codes, pair_of_edge = np.unique(low * len(layers) + high, return_inverse=True)
    pairs = (divmod(code, len(layers)) for code in codes)
    names = [f"{layers[i]}--{layers[j]}" for i, j in pairs]
    return names, pair_of_edge[edges][np.newaxis]


def _tabulate(names, items, values, groups):
    """Sum contributions, numbers and weights of births over items, as a data frame.

    `values` are the weights of the births, (n_graphs, n_births); `groups` are masks of
    the graphs of each group.
    """

    def add_up(part):
        return _sum_over_items(part, items, len(names))

    parts = [part / len(items) for part in _contribute(values, groups)]
    added = [add_up(part) for part in parts]
    # The directions from the middle to all barycenters add up to 0.
    added = [-sum(added), *added]
    sizes = sum(add_up(np.abs(part)).max(axis=0) for part in parts)
    rounding = _FORGIVEN * np.finfo(np.float64).eps * sizes
    means = [
        part[group].mean(axis=0) for part, group in zip(added, groups, strict=True)
    ]
    share = sum(means)
    share[np.abs(share) <= rounding] = 0
    measure = _measure_d if len(groups) == 2 else _measure_omega
    columns = {
        "name": np.array(names, dtype=object),
        "share": share,
        **measure(share, added, groups, rounding),
    }
    exponent = find_exponent(np.abs(values).max())
    number = add_up(np.ones(values.shape))
    weight = add_up(np.ldexp(values, -exponent, dtype=np.float64))
    for k, group in enumerate(groups, start=1):
        columns[f"number_{k}"] = number[group].mean(axis=0)
        with np.errstate(invalid="ignore"):
            mean = weight[group].sum(axis=0) / number[group].sum(axis=0)
        columns[f"mean_{k}"] = np.ldexp(mean, exponent)
    table = make_table(columns)[number.any(axis=0)]
    return table.sort_values("share", ascending=False, kind="stable", ignore_index=True)


def _contribute(values, groups):
    """Compute what each birth contributes to the squared distances, as a share of them.

    The births are brought to a common origin and unit first. Differences of means as
    small as rounding errors of births at this rank count as 0.

    Returns
    -------
    contributions : list of ndarray of shape (n_graphs, n_births)
        How far each birth lies from the middle of the barycenters in the direction of
        a barycenter, for each group but the first.
    """
    # Halves, because the difference of the largest numbers would overflow.
    halves = values.astype(np.float64) / 2
    births = halves - halves[0]
    births = np.ldexp(births, -find_exponent(np.abs(births).max()))
    means = np.array([births[group].mean(axis=0) for group in groups])
    middle = means.mean(axis=0)
    directions = means - middle
    rounding = _FORGIVEN / 2 * np.finfo(values.dtype).eps * np.ptp(births, axis=0)
    directions[:, np.abs(directions).max(axis=0) <= rounding] = 0
    if not directions.any():
        raise ValueError("The barycenters of the groups are the same.")
    # In this unit the largest square is about 1.
    exponent = find_exponent(np.abs(directions).max())
    births, middle, directions = (
        np.ldexp(part, -exponent) for part in (births, middle, directions)
    )
    births -= middle
    total = np.sum(directions**2)
    return [direction * births / total for direction in directions[1:]]


def _sum_over_items(values, items, n_items):
    """Sum the values of the births of each graph over items: (n_graphs, n_items)."""
    return np.stack(
        [
            sum(np.bincount(item, value, minlength=n_items) for item in items_of_graph)
            for items_of_graph, value in zip(items.swapaxes(0, 1), values, strict=True)
        ]
    )


def _measure_d(share, added, groups, rounding):
    """Compute Cohen's d of two groups: the difference of means over the deviation.

    `added` are the contributions of each graph in each direction, of which the second
    is the first with another sign. Deviations of at most `rounding`, (n_items,), count
    as 0.
    """
    noise = _measure_noise(added[1], groups, rounding)
    with np.errstate(divide="ignore", invalid="ignore"):
        effect = np.where(share == 0, 0.0, share / np.sqrt(noise))
    return {"effect_size": np.where(np.isnan(noise), np.nan, effect)}


def _measure_omega(share, added, groups, rounding):
    """Compute the omega squared of contributions, over all directions.

    Parameters are those of `_measure_d`. Without any differences it is 0.
    """
    noise = sum(_measure_noise(part, groups, rounding) for part in added)
    between = np.zeros_like(share)
    for part in added:
        grand = part.mean(axis=0)
        for group in groups:
            gap = part[group].mean(axis=0) - grand
            gap[np.abs(gap) <= rounding] = 0
            between += group.sum() * gap**2
    n_graphs, n_groups = len(added[0]), len(groups)
    explained = between - (n_groups - 1) * noise
    total = between + (n_graphs - n_groups + 1) * noise
    with np.errstate(divide="ignore", invalid="ignore"):
        return {"omega_squared": np.where(total == 0, 0.0, explained / total)}


def _measure_noise(added, groups, rounding):
    """Compute the pooled variance within groups; nan if none has two graphs."""
    n_free = len(added) - len(groups)
    if not n_free:
        return np.full_like(rounding, np.nan)
    squares = sum(
        np.sum((added[group] - added[group].mean(axis=0)) ** 2, axis=0)
        for group in groups
    )
    variance = squares / n_free
    variance[variance <= rounding**2] = 0
    return variance
