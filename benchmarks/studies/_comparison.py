"""All methods in all tasks of a study: clusters and classifiers."""

from itertools import product
from typing import NamedTuple

import numpy as np
import pandas as pd

from benchmarks.studies._classifications import classify
from benchmarks.studies._clusterings import (
    best_labels,
    chance_purity,
    cluster,
    time_start,
)
from benchmarks.studies._files import run_parallel
from benchmarks.studies._methods import (
    make_classifier,
    make_clusterer,
    make_grid,
    make_methods,
    represent,
)

GRID = make_grid(exponents=(0.25, 1, 4), costs=(1, 10, 100))
QUICK_GRID = make_grid(exponents=(1,), costs=(1, 10))


class Setting(NamedTuple):
    """What all pieces of a comparison have in common: see `compare_tasks`."""

    groups: np.ndarray
    n_starts: int
    n_repeats: int
    grid: dict
    seed: int


def choose_setting(node_names, options):
    """Choose how often methods are started and samples split into folds."""
    return Setting(
        groups=np.array([str(name).rsplit("[", 1)[0] for name in node_names]),
        n_starts=4 if options.quick else 20,
        n_repeats=1 if options.quick else 2,
        grid=QUICK_GRID if options.quick else GRID,
        seed=options.seed,
    )


def compare_tasks(tasks, methods, setting, options, cache):
    """Cluster and classify by several methods in several tasks.

    Parameters
    ----------
    tasks : dict of str to tuple
        By the name of a task, its connectome rows (n_samples, n_edges) and their
        classes, as many as clusters.

    methods : sequence of str
        Keys of `METHODS`.

    setting : Setting
        The layer of each node; number of single starts, of restarts of which the best
        is kept, and of repetitions of these; number of partitions into folds; the grid
        of classifiers; the seed.

    options : argparse.Namespace
        With `n_jobs` and `quick`.

    cache : Cache
        What is finished.

    Returns
    -------
    scores : DataFrame
        One row per task and method: the purity of random clusters (`chance`), means
        and standard deviations of purity and adjusted Rand index for single starts
        and for the best of restarts, and of the accuracy over held-out folds (missing
        where a method has none); core seconds of all clusterings, of all classifiers,
        and of one start from connectomes (`seconds_alone`); the first error or "".

    starts : DataFrame
        One row per task, candidate and start.
    """
    pieces = list(product(tasks, methods))
    calls = [(*tasks[task], method, setting, cache) for task, method in pieces]
    found = run_parallel(run_method, calls, n_jobs=options.n_jobs, what="methods")
    n_draws = 99 if options.quick else 999
    chances = {
        task: chance_purity(y, setting.seed, n_draws) for task, (_, y) in tasks.items()
    }
    scores = [
        {"task": task, "chance": chances[task], "method": method, **row}
        for (task, method), (row, _) in zip(pieces, found, strict=True)
    ]
    starts = [
        {"task": task, **row}
        for (task, _), (_, rows) in zip(pieces, found, strict=True)
        for row in rows
    ]
    return pd.DataFrame(scores), pd.DataFrame(starts)


def run_method(X, y, name, setting, cache):
    """Cluster and classify by one method: a row of scores, and rows of starts."""
    X = np.asarray(X)  # joblib sends large arrays as memory maps
    row, starts, error = {}, [], ""
    try:
        method, (R, sizes, seconds) = find_rows(X, y, name, setting, cache)
        row, starts = cache.recall(score_method, R, sizes, y, name, setting)
        row["seconds_alone"] += seconds
    except Exception as failure:  # whatever a method raises is reported in its row
        error = f"{type(failure).__name__}: {failure}"
    return {"n_connectomes": len(y), **row, "error": error}, starts


def find_rows(X, y, name, setting, cache):
    """Compute what a method computes of connectomes, or read what was computed.

    Returns
    -------
    method : Method
        The method.

    found : tuple
        What `represent` returns.
    """
    method = make_methods(len(np.unique(y)), setting.groups)[name]
    return method, cache.cache(represent)(method.rows, method.form, X)


def score_method(R, sizes, y, name, setting):
    """Cluster and classify what a method computes: a row of scores, rows of starts."""
    method = make_methods(len(np.unique(y)), setting.groups)[name]
    clusterer = make_clusterer(method, sizes)
    row, starts = cluster(R, y, name, clusterer, setting.n_starts, setting.seed)
    classifier = make_classifier(method, sizes)
    row |= classify(R, y, classifier, setting.grid, setting.n_repeats, setting.seed)
    return row | {"seconds_alone": time_start(clusterer, R)}, starts


def find_labels(X, y, name, setting, cache):
    """Cluster by one method, the best of restarts: a list of n_samples labels."""
    method, (R, sizes, _) = find_rows(X, y, name, setting, cache)
    clusterer = make_clusterer(method, sizes)
    return cache.recall(best_labels, R, clusterer, setting.n_starts, setting.seed)


def label_rows(frame, **labels):
    """Put columns of one value each before those of a data frame."""
    return frame.assign(**labels)[[*labels, *frame.columns]]
