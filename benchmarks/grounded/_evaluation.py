"""All methods in all comparisons: distances, scores and their intervals."""

from itertools import product
from time import process_time
from typing import NamedTuple

import numpy as np
import pandas as pd

from benchmarks.grounded._conditions import LAYERS, SAME
from benchmarks.grounded._designs import DESIGNS
from benchmarks.grounded._methods import (
    CANDIDATES,
    METHODS,
    OURS,
    find_distances,
    join_distances,
)
from benchmarks.grounded._recordings import Recording
from benchmarks.grounded._scores import (
    PRECISION,
    draw_counts,
    find_interval,
    score_groups,
    score_layers,
)
from benchmarks.studies._files import run_parallel

BOTH = "all architectures"
CELL = ["architecture", "condition", "design", "method"]


class Found(NamedTuple):
    """What a method gave in one comparison.

    Attributes
    ----------
    scores : dict of str to ndarray of shape (n_draws,)
        See `_scores.score_groups`; empty if there are none.

    seconds : float
        Processor time from connectomes or activations to distances.

    missing : str
        The reason why there are no scores; empty if there are some.
    """

    scores: dict
    seconds: float
    missing: str


def evaluate(comparisons, methods, dataset, options, folder, cache):
    """Compute the scores of methods in comparisons.

    Parameters
    ----------
    comparisons : list of Comparison
        Networks and what they are shown.

    methods : sequence of str
        Keys of `METHODS`.

    dataset : Bunch
        See `benchmarks.studies._data.load_dataset`.

    options : argparse.Namespace
        What `__main__.read_options` returned.

    folder : pathlib.Path
        Where the networks are kept.

    cache : Cache
        Distances that were computed before.

    Returns
    -------
    found : dict of tuple to Found
        By architecture, condition, design and method.

    accuracies : dict of tuple to ndarray of shape (n_networks,)
        By architecture, condition and design: the accuracy of each network on what it
        is shown.
    """
    # As many in all studies, because shortcuts are drawn for all of them.
    n_stimuli = max(2 * options.n_stimuli, *options.stimuli_numbers)
    stimuli = dataset.stimuli[:n_stimuli]
    labels = dataset.stimuli_labels[:n_stimuli]
    calls = [
        (comparison, methods, stimuli, labels, folder, options.n_draws, cache)
        for comparison in comparisons
    ]
    what = f"comparisons on {dataset.name}"
    parts = run_parallel(compare_networks, calls, n_jobs=options.n_jobs, what=what)
    found = {key: one for part, _ in parts for key, one in part.items()}
    accuracies = {
        comparison[:3]: accuracy
        for comparison, (_, accuracy) in zip(comparisons, parts, strict=True)
    }
    return found, accuracies


def compare_networks(comparison, methods, stimuli, labels, folder, n_draws, cache):
    """Compute the scores of methods in one comparison, see `evaluate`."""
    shown = Recording(comparison, stimuli, labels, folder)
    recall = cache.cache(measure_method, ignore=("shown",))
    recall_outputs = cache.cache(compare_outputs, ignore=("shown",))
    outcomes = recall_outputs(tuple(comparison), shown)
    seed = [*DESIGNS, LAYERS].index(comparison.design)
    n_groups, n_networks = len(comparison.groups), comparison.n_networks
    counts = draw_counts(n_groups, n_networks, n_draws, seed)
    found = {}
    for name in methods:
        missing = [what for what in METHODS[name].needs if what in comparison.lacks]
        scores, seconds, missing = {}, np.nan, _explain(missing)
        if not missing:
            try:
                distances, seconds = recall_method(name, recall, comparison, shown)
                scores = _score(distances, comparison, outcomes, counts)
            except Exception as failure:  # whatever a method raises is in its row
                missing = f"{type(failure).__name__}: {failure}"
        found[(*comparison[:3], name)] = Found(scores, seconds, missing)
    return found, outcomes["accuracy"]


def _explain(missing):
    return f"needs the same {' and '.join(missing)}" if missing else ""


def _score(distances, comparison, outcomes, counts):
    if not np.isfinite(distances).all():
        raise ValueError("Distances are not finite.")
    if comparison.design == LAYERS:
        return score_layers(distances, len(comparison.plans[0]["sizes"]), counts)
    known = outcomes if comparison.condition == SAME else None
    return score_groups(distances, known, counts)


def recall_method(name, recall, comparison, shown):
    """Measure a method, or the parts that it joins, unless it was measured before."""
    if not METHODS[name].parts:
        return recall(name, tuple(comparison), shown)
    found = [recall(part, tuple(comparison), shown) for part in METHODS[name].parts]
    distances, seconds = zip(*found, strict=True)
    return join_distances(distances), sum(seconds)


def measure_method(name, key, shown):
    """Compute the distances of a method, and the processor time without connectomes.

    The key holds all that decides about the recording.
    """
    _ = shown.activations  # recorded here, not in the time of the first method
    before, start = shown.connectome_seconds, process_time()
    distances = find_distances(name, shown)
    prepared = shown.connectome_seconds - before
    return distances, process_time() - start - prepared


def compare_outputs(key, shown):
    """Compare the predictions of networks; the key as in `measure_method`."""
    return shown.compare_outputs()


def tabulate_scores(found):
    """Tabulate scores: one row per comparison, method and score, with intervals.

    A method without scores in a comparison has one row that says why.
    """
    rows = []
    for key, one in found.items():
        cell = dict(zip(CELL, key, strict=True))
        facts = {"seconds": one.seconds, "missing": one.missing}
        rows += [
            {**cell, "score": score, **find_interval(draws), **facts}
            for score, draws in one.scores.items()
        ] or [{**cell, **facts}]
    columns = [*CELL, "score", "value", "low", "high", "seconds", "missing"]
    return pd.DataFrame(rows).reindex(columns=columns)


def average_designs(found):
    """Average the average precision over the designs of groups.

    Returns
    -------
    means : dict of tuple to ndarray of shape (n_draws,)
        By architecture, condition and method; the architecture is also `BOTH`, the
        mean over all. Methods without a value in a design are left out.
    """
    architectures, conditions, _, methods = (
        list(dict.fromkeys(part)) for part in zip(*found, strict=True)
    )
    means = {}
    chosen = [(name,) for name in architectures]
    if len(architectures) > 1:
        chosen.append(tuple(architectures))
    for names, condition, method in product(chosen, conditions, methods):
        cells = [(n, condition, d, method) for n in names for d in DESIGNS]
        scores = [found[cell].scores for cell in cells if cell in found]
        if scores and all(PRECISION in own for own in scores):
            label = names[0] if len(names) == 1 else BOTH
            draws = [own[PRECISION] for own in scores]
            means[label, condition, method] = np.mean(draws, axis=0)
    return means


def tabulate_means(means):
    """Tabulate mean average precisions over the designs, with intervals."""
    rows = [{**_name(key), **find_interval(draws)} for key, draws in means.items()]
    columns = [*_KEY, "value", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


def tabulate_margins(means):
    """Tabulate how far each candidate is ahead of each method that is not ours.

    If there are several architectures, the means are those over all.
    Intervals are those of the differences: both are scored on the same draws.
    """
    rows = []
    for (architecture, condition, candidate), draws in means.items():
        joined = (BOTH, condition, candidate) in means
        if candidate not in CANDIDATES or (joined and architecture != BOTH):
            continue
        for rival, method in METHODS.items():
            other = means.get((architecture, condition, rival))
            if method.kind == OURS or other is None:
                continue
            row = _name((architecture, condition, candidate))
            rows.append(row | {"rival": rival, **find_interval(draws - other)})
    columns = [*_KEY, "rival", "value", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


_KEY = ("architecture", "condition", "method")


def _name(key):
    return dict(zip(_KEY, key, strict=True))
