"""From networks and stimuli to a study: with the matrices of weights, or without."""

from __future__ import annotations

import numpy as np
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from sktopo._samplewise._items import is_network
from sktopo._utils.optional import import_optional
from sktopo.barcodes import ConnectomePersistence, count_nodes
from sktopo.connectomes import FunctionalConnectome
from sktopo.recording import ActivationExtractor
from sktopo.reporting._recordings import describe_connectome, name_weights
from sktopo.reporting._sources import (
    ROWS_OF_GRAPHS,
    add_barcodes,
    add_graphs,
    refuse_nodes,
)
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

# Networks with more nodes go without the matrix of weights, unless it is asked for.
MOST_NODES = 2000


def study_networks(
    networks,
    y,
    options,
    *,
    stimuli,
    extraction,
    constant_units,
    matrix,
    samples,
    nodes,
    sample_groups,
    covariates,
):
    """Record networks one at a time, and return their study.

    `extraction` are the parameters of :class:`sktopo.ActivationExtractor`.
    """
    noun = "network"
    import_optional("torch", extra="torch", purpose="A report of networks")
    names, n_samples = _name_networks(networks, samples)
    design = read_design(noun, y, n_samples, sample_groups, covariates)
    study = Study(design, names, None, ROWS_OF_GRAPHS, are_matched=False)
    extractor = _fit_extractor(study, networks, stimuli, extraction)
    nodes = _read_nodes(extractor, *nodes)
    n_nodes = _count_nodes(extractor, networks)
    is_large = matrix is False or (matrix == "auto" and n_nodes.max() > MOST_NODES)
    kind = ConnectomePersistence if is_large else FunctionalConnectome
    graph_step = kind(constant_units=constant_units)
    chain = make_pipeline(extractor, graph_step)
    with measure_time(study.seconds, "networks to graphs"), take_notes(study.notes):
        rows = run_by_sample(chain, networks, options)
    _describe_networks(study, stimuli, extraction)
    if is_large:
        _add_rows(study, rows, graph_step, n_nodes)
        _say_why(study, matrix, _are_built_in_turn(networks))
        return study
    describe_connectome(study, graph_step)
    study.steps.append(
        "The functional connectome of a network has the units as nodes, and the "
        f"{name_weights(graph_step)} of each two over the stimuli as edge weight "
        "[functional]"
    )
    add_graphs(study, rows, _choose_nodes(study, rows, n_nodes, nodes), options)
    return study


def _fit_extractor(study, networks, stimuli, extraction):
    """Run each network on a few stimuli, and return what is to be recorded."""
    extractor = ActivationExtractor(stimuli=stimuli, **extraction)
    with take_notes(study.notes):
        extractor.fit(networks)
    if extractor.input_kind_ not in ("networks", "pairs"):
        raise TypeError(
            f"networks holds {extractor.input_kind_}; expected networks. "
            "Report.from_recordings takes recorded activations."
        )
    return extractor


def _choose_nodes(study, rows, n_nodes, nodes):
    """Return names and groups of nodes, as far as all networks have the same."""
    if isinstance(rows, list):
        nodes = None, None
    n_left = np.array([count_nodes(len(row)) for row in rows])
    if "drop" in study.settings["FunctionalConnectome"] and (n_left < n_nodes).any():
        study.columns["nodes left out"] = n_nodes - n_left
        study.steps.append(
            f"units that never vary were left out ({say_range(n_nodes - n_left)} of "
            "each network)"
        )
        if not isinstance(rows, list):  # as many of each, but not the same
            nodes = read_node_names(None, n_left[0]), None
    return nodes


def _are_built_in_turn(networks):
    """Return whether networks are functions that build them."""
    first = next(iter(networks))
    return callable(first) and not is_network(first)


def _name_networks(networks, samples):
    """Return the names of networks, and how many there are."""
    if isinstance(networks, type) or not hasattr(networks, "__len__"):
        raise TypeError(
            f"networks is of type {type(networks).__name__}; expected a list of "
            "networks, or of functions that build them, or "
            "sktopo.recording.Checkpoints."
        )
    if samples is None:
        samples = getattr(networks, "names", None)
    n_samples = len(networks)
    if not n_samples:
        raise ValueError("networks is empty; expected at least one network.")
    return read_names(samples, n_samples, "network"), n_samples


def _read_nodes(extractor, node_names, groups):
    """Return the names of nodes and their groups, by default their layers."""
    if not hasattr(extractor, "node_names_"):
        refuse_nodes(node_names, groups)
        return None, None
    recorded = extractor.node_names_
    names = read_node_names(
        recorded if node_names is None else node_names, len(recorded)
    )
    if groups is None:
        return names, read_node_groups("layer", recorded)
    return names, read_node_groups(groups, names)


def _count_nodes(extractor, networks):
    """Count the nodes of each network; of functions that build them, of the first."""
    if hasattr(extractor, "n_nodes_"):
        return np.full(len(networks), extractor.n_nodes_)
    return np.array([clone(extractor).fit([one]).n_nodes_ for one in networks])


def _describe_networks(study, stimuli, extraction):
    """Say what was shown to the networks, and what was recorded of them."""
    study.settings["ActivationExtractor"] = repr(ActivationExtractor(**extraction))
    shown = "stimuli of their own"
    if stimuli is not None:
        shown = "the same stimuli"
        if hasattr(stimuli, "shape"):
            shown = f"the same {len(stimuli):,} stimuli"
            study.facts["Stimuli"] = f"{len(stimuli):,}"
    where = "their activation functions"
    if extraction["layers"] is not None:
        where = f"the layers {extraction['layers']!r}"
    study.facts["Recorded"] = where
    study.steps.append(
        f"{len(study.names)} networks were shown {shown}, and the activations of "
        f"{where} were recorded with sktopo's ActivationExtractor "
        f"(reduce={extraction['reduce']!r})"
    )


def _add_rows(study, rows, step, n_nodes):
    """Add rows that were computed without a matrix of weights."""
    weights = name_weights(step)
    study.rows = np.asarray(rows)
    add_barcodes(study, step.n_quantiles)
    # Births are n - 1 of n (n - 1) / 2 weights.
    share = 2 / n_nodes
    births, deaths = (values.mean(axis=1) for values in study.barcodes.values())
    study.level = share * births + (1 - share) * deaths
    n_births = step.n_quantiles
    columns = {"births": slice(0, n_births), "deaths": slice(n_births, None)}
    study.profiles = study.rows, columns
    study.columns["nodes"] = n_nodes
    study.settings["ConnectomePersistence"] = repr(step)
    study.facts |= {"Nodes": say_range(n_nodes), "Edge weights": weights}
    study.cited += ["functional", "sizes"]
    study.steps.append(
        f"The functional connectome of each, with the {weights} of each two units as "
        "edge weight, was described by its births and deaths [functional] without "
        "computing the matrix of weights (sktopo's ConnectomePersistence, "
        f"{step.n_quantiles} averages of each quantile function [sizes]), and two "
        "networks were compared by the 2-Wasserstein distance between their births "
        "and between their deaths, each taken as a probability distribution"
    )


def _say_why(study, matrix, are_built_in_turn):
    """Say why there is no matrix of weights, and what that means."""
    why = "as was asked for with matrix=False"
    if matrix == "auto":
        why = f"because there are more than {MOST_NODES:,} units"
    if are_built_in_turn:
        study.facts["Nodes"] += " in the first network"
        del study.columns["nodes"]
    study.notes.append(
        f"The matrices of weights between units were not computed, {why}. Births and "
        "deaths of the whole graph are compared, but neither layers nor other "
        "profiles, and mean connectomes are not drawn."
    )
