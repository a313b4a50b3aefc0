"""From recordings to a study: what is missing or constant, and which nodes are left."""

from __future__ import annotations

import numpy as np

from sktopo._utils.samples import check_kind, count_samples
from sktopo.connectomes import FunctionalConnectome
from sktopo.connectomes._base import warn_lengths
from sktopo.connectomes._nodes import NODES
from sktopo.reporting._sources import ROWS_OF_GRAPHS, add_graphs, refuse_nodes
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

_EXPECTED = "a list of recordings, tables of numbers (n_observations, n_nodes)"


def study_recordings(
    recordings, y, options, *, samples, nodes, sample_groups, covariates, parameters
):
    """Relate the units of recordings, and return their study.

    `parameters` are those of :class:`sktopo.FunctionalConnectome`.
    """
    noun = "recording"
    check_kind(recordings, "recordings", _EXPECTED, (list, tuple))
    n_samples = count_samples(recordings)
    names = read_names(samples, n_samples, noun)
    design = read_design(noun, y, n_samples, sample_groups, covariates)
    study = Study(design, names, None, ROWS_OF_GRAPHS)
    connectome = FunctionalConnectome(**parameters)
    with take_notes(study.notes):
        connectome.fit(recordings)
    if connectome.input_kind_ == "frames":
        raise ValueError(
            f"recordings is one table of shape {np.shape(recordings)}; expected "
            f"{_EXPECTED}. Give [recordings] for a single one."
        )
    nodes = _choose_nodes(connectome, *nodes)
    with measure_time(study.seconds, "connectomes"), take_notes(study.notes):
        graphs = run_by_sample(connectome, recordings, options)
    describe_connectome(study, connectome)
    _describe_recordings(study, recordings, connectome)
    study.are_matched = nodes[0] is not None
    if nodes[0] is None and not isinstance(graphs, list):
        # Equal places are edges between other nodes, but all graphs have one size.
        nodes = read_node_names(None, _count_left(connectome)), None
    add_graphs(study, graphs, nodes, options)
    return study


def describe_connectome(study, connectome):
    """Say which weights the edges have."""
    weights = name_weights(connectome)
    study.settings["FunctionalConnectome"] = repr(connectome)
    study.facts["Edge weights"] = weights


def name_weights(connectome):
    """Name the weights that a FunctionalConnectome or ConnectomePersistence gives."""
    measure = connectome.measure
    if measure == "correlation":
        measure = "Pearson correlation"
    elif measure == "spearman":
        measure = "Spearman correlation"
    elif not isinstance(measure, str):
        measure = getattr(measure, "__name__", "measure of the user")
    fisher = ", as Fisher's z" if getattr(connectome, "fisher", False) else ""
    return f"{'absolute ' if connectome.absolute else ''}{measure}{fisher}"


def _choose_nodes(connectome, node_names, groups):
    """Return the names and groups of nodes that all recordings keep, None if none."""
    dropped = [tuple(left["nodes"]) for left in getattr(connectome, "dropped_", [])]
    is_ragged = connectome.input_kind_ == "ragged samples"
    if is_ragged:
        refuse_nodes(node_names, groups)
        return None, None
    known = getattr(connectome, "feature_names_in_", None)
    n_nodes = connectome.n_features_in_
    given = known if node_names is None else node_names
    names = read_node_names(given, n_nodes)
    groups = read_node_groups(groups, names)
    if len(set(dropped)) > 1:
        return None, None
    missing = list(dropped[0]) if dropped else []
    original = np.arange(n_nodes) if known is None else known
    is_left = ~np.isin(original, missing)
    return names[is_left], None if groups is None else groups[is_left]


def _count_left(connectome):
    """Return the number of nodes that every recording keeps."""
    return connectome.n_features_in_ - len(connectome.dropped_[0]["nodes"])


def _describe_recordings(study, recordings, connectome):
    """Say how long recordings are, and what was left out of them."""
    lengths = np.array([len(recording) for recording in recordings])
    study.columns["observations"] = lengths
    study.facts["Observations"] = f"{say_range(lengths)} in each recording"
    study.steps.append(
        f"{len(lengths)} recordings of {say_range(lengths)} observations were turned "
        "into functional connectomes, whose edge weight between two nodes is the "
        f"{name_weights(connectome)} of their time series"
    )
    left_out = getattr(connectome, "dropped_", [])
    n_left = lengths - (
        [len(left["observations"]) for left in left_out] if left_out else 0
    )
    with take_notes(study.notes):  # each recording was related by itself
        warn_lengths(n_left.tolist(), NODES["units"])
    for what in ("nodes", "observations"):
        counts = np.array([len(dropped[what]) for dropped in left_out])
        if not counts.any():
            continue
        study.columns[f"{what} left out"] = counts
        text = f"{say_range(counts)} in each recording"
        study.facts[f"{what.capitalize()} left out"] = text
        study.steps.append(
            f"{what} were left out ({text}; missing={connectome.missing!r}, "
            f"constant_units={connectome.constant_units!r})"
        )
    if hasattr(connectome, "least_observations_"):
        least = connectome.least_observations_
        study.columns["least common observations"] = least
        study.facts["Least observations of a pair of nodes"] = say_range(least)
