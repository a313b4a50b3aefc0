"""From connectomes and Wasserstein rows to a study of them."""

from __future__ import annotations

import numpy as np

from sktopo._utils.finite import check_finite
from sktopo._utils.samples import read_array, read_rows
from sktopo.barcodes import (
    BarcodeLayout,
    GraphPersistence,
    GraphProfiles,
    barcode_rows,
    count_nodes,
    split_barcodes,
)
from sktopo.barcodes._graphs import check_graphs
from sktopo.inference._blocks import check_slices
from sktopo.inference._study import refuse_barcodes
from sktopo.plotting._nodes import read_column_names
from sktopo.reporting._study import (
    Study,
    measure_time,
    read_design,
    read_names,
    read_node_groups,
    read_node_names,
    run_by_sample,
    say_range,
    take_notes,
)

# Averages of quantile functions that put graphs of different sizes into one space.
N_QUANTILES = 200
ROWS_OF_GRAPHS = "the normalised 2-Wasserstein distance of births and deaths"


def study_connectomes(
    connectomes, y, options, *, samples, nodes, sample_groups, covariates, are_matched
):
    """Read connectomes that were computed elsewhere, and return their study.

    `samples` are names of samples, `nodes` the names and the groups of nodes.
    """
    noun, (node_names, groups) = "connectome", nodes
    blocks = check_graphs(GraphPersistence(), connectomes, reset=True, any_size=True)
    n_samples = sum(len(numbers) for numbers, _ in blocks)
    if samples is None and hasattr(connectomes, "iloc"):
        samples = list(map(str, connectomes.index))
    names = read_names(samples, n_samples, noun)
    design = read_design(noun, y, n_samples, sample_groups, covariates)
    if len(blocks) == 1:
        rows = blocks[0][1]
        refuse_barcodes(rows, "The connectomes")
        if node_names is None:
            node_names = read_column_names(connectomes)
        node_names = read_node_names(node_names, count_nodes(rows.shape[1]))
        nodes = node_names, read_node_groups(groups, node_names)
    else:
        refuse_nodes(node_names, groups)
        rows = [None] * n_samples
        for numbers, block in blocks:
            for number, row in zip(numbers, block, strict=True):
                rows[number] = row
        nodes = None, None
    study = Study(design, names, None, ROWS_OF_GRAPHS, are_matched=are_matched)
    study.facts["Edge weights"] = "as they were given"
    study.steps.append(
        f"{len(names)} connectomes, matrices of edge weights, were given"
    )
    add_graphs(study, rows, nodes, options)
    return study


def refuse_nodes(node_names, groups):
    """Raise a ValueError if nodes are described that samples do not share."""
    for name, value in (("node_names", node_names), ("groups", groups)):
        if value is not None:
            raise ValueError(
                f"{name} are given, but the samples differ in their number of nodes, "
                f"so their nodes are not the same. Leave out {name}."
            )


def add_graphs(study, graphs, nodes, options):
    """Add connectome rows to a study: an array, or a list if samples differ in nodes.

    `nodes` are the names and the groups of nodes.
    """
    study.node_names, study.groups = nodes
    is_ragged = isinstance(graphs, list)
    persistence = GraphPersistence(n_quantiles=N_QUANTILES if is_ragged else None)
    study.settings["GraphPersistence"] = repr(persistence)
    with measure_time(study.seconds, "births and deaths"), take_notes(study.notes):
        study.rows = np.asarray(run_by_sample(persistence, graphs, options))
    study.level = np.array([np.mean(row, dtype=np.float64) for row in graphs])
    n_nodes = np.array([count_nodes(len(row)) for row in graphs])
    study.columns["nodes"] = n_nodes
    study.facts["Nodes"] = say_range(n_nodes)
    _say_groups(study)
    study.cited += ["functional"]
    study.steps.append(
        "Each was described by its births and deaths, the edge weights at which "
        "components appear and cycles disappear in its graph filtration [functional], "
        "and two graphs were compared by the 2-Wasserstein distance between their "
        "births and between their deaths, each taken as a probability distribution"
    )
    _count_isolated(study, graphs)
    if is_ragged:
        _add_ragged(study, graphs)
        return
    study.connectomes = graphs
    births, deaths = split_barcodes(barcode_rows(graphs))
    study.barcodes = {"births": births, "deaths": deaths}


def _add_ragged(study, graphs):
    """Add profiles of graphs of different sizes, and say what that means."""
    add_barcodes(study, N_QUANTILES)
    profiles = GraphProfiles(n_quantiles=20, balance=False)
    with measure_time(study.seconds, "profiles"), take_notes(study.notes):
        rows = np.asarray(profiles.fit_transform(graphs))
    study.profiles = rows, profiles.profile_slices_
    study.settings["GraphProfiles"] = repr(profiles)
    study.steps.append(
        f"Because graphs differ in their number of nodes, {N_QUANTILES} averages of "
        "quantile functions stood for births, and as many for deaths [sizes]"
    )
    study.cited += ["sizes"]
    study.notes.append(
        f"The {study.noun}s differ in their number of nodes. Births and deaths depend "
        "on which nodes there are and on how many: if classes differ in that, it can "
        "be the difference that tests find. Parts of the graph are not compared, and "
        "mean connectomes are not drawn."
    )


def add_barcodes(study, n_quantiles):
    """Add births and deaths in units of the weights, read from rows of quantiles."""
    layout = BarcodeLayout(3, n_quantiles=n_quantiles)
    parts = layout.unscale(study.rows.astype(np.float64))
    study.barcodes = {"births": parts["birth"], "deaths": parts["death"]}


def _say_groups(study):
    """Say how many nodes each group has."""
    if study.groups is None:
        return
    counts = dict.fromkeys(study.groups, 0)
    for name in study.groups:
        counts[name] += 1
    listed = [f"{name} ({size})" for name, size in counts.items()]
    if len(listed) > 20:
        listed = [*listed[:20], f"and {len(listed) - 20} more"]
    study.facts["Groups of nodes"] = f"{len(counts)}: {', '.join(listed)}"


def _count_isolated(study, graphs):
    """Count the nodes whose weights are all 0, and warn if classes differ in them."""
    counts = np.empty(len(graphs), dtype=int)
    ends_of = {}  # graphs of the same size have the same edges
    for sample, row in enumerate(graphs):
        n_nodes = count_nodes(len(row))
        if n_nodes * (n_nodes - 1) // 2 != len(row):
            return
        if n_nodes not in ends_of:
            ends_of[n_nodes] = np.triu_indices(n_nodes, 1)
        first, second = ends_of[n_nodes]
        ends = np.concatenate([first[row != 0], second[row != 0]])
        counts[sample] = np.count_nonzero(np.bincount(ends, minlength=n_nodes) == 0)
    if not counts.any():
        return
    study.columns["constant nodes"] = counts
    text = f"{counts.sum()} in all, at most {counts.max()} in one {study.noun}"
    study.facts["Nodes whose weights are all 0"] = text
    _join_constant(study, counts)
    names = study.design.names
    if names is None:
        return
    means = {name: counts[names == name].mean() for name in dict.fromkeys(names)}
    if len(set(means.values())) > 1:
        listed = ", ".join(f"{name} {mean:.3g}" for name, mean in means.items())
        study.notes.append(
            "Nodes that never vary have the weight 0 with all others, and the classes "
            f"have different numbers of them (means: {listed}). This alone can be the "
            "difference that tests find."
        )


def study_rows(rows, y, *, samples, slices, level, sample_groups, covariates):
    """Read Wasserstein rows that were computed elsewhere, and return their study."""
    noun, index = "sample", getattr(rows, "index", None)
    values = read_rows(rows, "rows")
    if values.shape[1] < 2:
        raise ValueError(
            f"rows has shape {values.shape}; expected Wasserstein rows of two columns "
            "or more, such as GraphPersistence returns."
        )
    if samples is None and index is not None:
        samples = list(map(str, index))
    names = read_names(samples, len(values), noun)
    design = read_design(noun, y, len(values), sample_groups, covariates)
    about = "the Euclidean distance between the given Wasserstein rows"
    study = Study(design, names, values, about)
    if level is not None:
        study.level = read_level(level, len(values))
    if slices is not None:
        check_slices(slices, values.shape[1])
        study.profiles = values, dict(slices)
    study.facts["Columns of each row"] = f"{values.shape[1]:,}"
    study.steps.append(
        f"{len(values)} Wasserstein rows were given, whose Euclidean distance is a "
        "Wasserstein distance between graphs [functional]"
    )
    study.cited += ["functional"]
    return study


def read_level(level, n_samples):
    """Return the level of each sample, (n_samples,)."""
    level = read_array(level, "level", "a number for each row", ensure_2d=False)
    if level.ndim != 1 or len(level) != n_samples:
        raise ValueError(
            f"level has shape {level.shape} for {n_samples} rows; expected the mean "
            "weight of each graph."
        )
    check_finite(level, "level")
    return level.astype(np.float64)


def _join_constant(study, counts):
    """Say once what a warning for each sample says: its nodes that never vary."""
    others = [note for note in study.notes if "their weights are set to 0" not in note]
    if len(others) == len(study.notes):
        return
    samples = f"{np.count_nonzero(counts)} of {len(counts)} {study.noun}s"
    study.notes[:] = [
        *others,
        f"{samples} have nodes that never vary or hold NaN only ({counts.sum()} in "
        "all): their weights are 0. constant_units='drop' leaves these nodes out "
        "(--constant-units drop in the command).",
    ]
