"""The level of graphs: the mean weights that a table of differences accounts for."""

from __future__ import annotations

from functools import partial

import numpy as np

from sktopo._utils.blocks import find_block_edges, list_blocks, read_groups
from sktopo._utils.geometry import column_blocks, find_unit, subtract
from sktopo.barcodes import count_nodes
from sktopo.barcodes._layout import count_absent
from sktopo.inference._freedman_lane import (
    center,
    make_design,
    read_covariates,
)

# How many rounding errors of the weights are forgiven in means that agree.
_FORGIVEN = 64


def make_designs(number, level, covariates, rows, parts, units):
    """Make the models beside covariates, and beside covariates and level.

    Parameters
    ----------
    number : ndarray of shape (n_units,)
        The group of each unit, from `number_groups`.

    level : "mean", "block", array-like of shape (n_samples,) or \
(n_samples, n_numbers), or None
        As in `difference_table`.

    covariates : array-like or None
        As in `difference_table`.

    rows : ndarray of shape (n_samples, n_edges)
        Connectome rows, for "mean" and "block".

    parts : dict of str to (slice or ndarray), or None
        The edges of each part of the graph, from `find_parts`; None if `rows` are not
        connectome rows.

    units : Units
        What is compared: samples or averages of samples. Strata are covariates.

    Returns
    -------
    design : Design
        The model beside covariates.

    given : dict of str to Design, or None
        The models beside covariates and level by the part of the graph, for
        `choose_designs`. One of the name "" is of all parts that are not named. The
        model of a part is `design` if all graphs have the same mean weight there. None
        without a level.
    """
    name = "covariates" if units.strata is None else "covariates and sample_groups"
    covariates = _read(covariates, len(rows), units)
    model = partial(make_design, number, strata=units.strata)
    design = model(covariates, name)
    if level is None:
        return design, None
    if not isinstance(level, str):
        both = np.hstack([covariates, _read(level, len(rows), units, "level")])
        return design, {"": model(both, f"level and {name}")}
    _check_level(level, parts)
    given = {}
    rows = units.average(rows)
    for part, edges in parts.items():
        means = average_weights(rows[:, edges])
        both, where = covariates, f" of part {part!r}" if part else ""
        if means.any():
            both = np.hstack([covariates, read_covariates(means, len(rows), "level")])
        names = f"level={level!r}{where} and {name}"
        given[part] = model(both, names) if means.any() else design
    return design, given


def _read(covariates, n_samples, units, name="covariates"):
    """Validate covariates, and return centred columns, one row for each unit."""
    centred = read_covariates(covariates, n_samples, name)
    return centred if units.groups is None else center(units.average(centred))


def find_parts(level, groups, edge_names, n_edges):
    """Find the columns of the edges of each part of the graph that `level` is about.

    The names of parts are as in the names of profiles: "" of the whole graph and, if
    `level` is "block", "[fc1]" and "[fc1--fc2]" of its parts. Graphs that are not
    complete, whose groups are refused elsewhere, have the whole only.
    """
    parts = {"": slice(None)}
    is_block = isinstance(level, str) and level == "block"
    if not is_block or groups is None or count_absent(n_edges):
        return parts
    names, members = read_groups(groups, count_nodes(n_edges), edge_names)
    for name, block in list_blocks(names, members).items():
        parts[f"[{name}]"] = find_block_edges(members, block)
    return parts


def choose_designs(names, given):
    """Return the model for each profile of these names, such as "births[fc1]".

    `given` is what `make_designs` returns.
    """
    parts = [name.removeprefix(name.partition("[")[0]) for name in names]
    return [given.get(part, given[""]) for part in parts]


def _check_level(level, parts):
    """Raise a ValueError unless `level` is known, and there are connectome rows."""
    if level not in ("mean", "block"):
        raise ValueError(
            f"level={level!r} must be 'mean', 'block', None, or the level of each "
            "graph as numbers."
        )
    if parts is None:
        raise ValueError(
            f"level={level!r} needs connectome rows, but slices are for Wasserstein "
            "rows, which do not tell the mean weight. Leave slices out, or give the "
            "level as numbers, such as connectomes.mean(axis=1)."
        )


def average_weights(rows):
    """Average the weights of each graph, from those of the first: (n_samples,).

    Means that differ by rounding errors only are all 0.
    """
    unit = find_unit(rows, rows[0], "difference_table")
    totals = np.zeros(len(rows))
    size = 0.0
    for columns in column_blocks(rows):
        gaps = subtract(rows[:, columns], rows[0, columns], unit)
        totals += gaps.sum(axis=1)
        size = max(size, float(np.abs(gaps).max()))
    means = totals / rows.shape[1]
    rounding = _FORGIVEN * np.finfo(rows.dtype).eps * size
    return means if np.ptp(means) > rounding else np.zeros_like(means)
