"""What comparisons of classifiers and of clusterers share."""

from __future__ import annotations

from functools import partial
from tempfile import TemporaryDirectory

import numpy as np
from joblib import effective_n_jobs, parallel_config
from sklearn.base import clone
from sklearn.model_selection import ParameterGrid, StratifiedGroupKFold, check_cv

from sktopo._utils.labels import check_labels
from sktopo._utils.optional import import_optional
from sktopo._utils.parallel import run_parallel
from sktopo._utils.parameters import check_flag, check_n_jobs, is_integer
from sktopo._utils.samples import count_samples
from sktopo.comparison._cache import Cache, open_cache, read_json, write_json

SECONDS = ("fit_seconds", "score_seconds")


def check_comparison(X, y, candidates, verbose, kind, is_candidate):
    """Validate the input before any work.

    Returns y, and by the name of each candidate a clone of the estimator and the list
    of the settings in its grid, None without a grid.
    """
    import_optional("pandas", extra="tables", purpose="A comparison")
    check_flag("verbose", verbose)
    if not isinstance(candidates, dict):
        raise TypeError(f"candidates must be a dict, got {type(candidates).__name__}.")
    if not candidates:
        raise ValueError("candidates is empty; expected names and estimators.")
    y = _check_samples(X, y)
    return y, {
        name: _check_candidate(name, candidate, kind, is_candidate)
        for name, candidate in candidates.items()
    }


def _check_samples(X, y):
    """Return y as an array, after checks that it has a class for each sample of X."""
    if isinstance(X, (type, str, bytes, dict, set)) or not hasattr(X, "__len__"):
        raise TypeError(
            f"X is {type(X).__name__}; expected an array or a sequence of samples."
        )
    n_samples = count_samples(X)
    if not n_samples:
        raise ValueError("X holds 0 samples; expected two or more.")
    return check_labels(y, n_samples, discrete=True)


def _check_candidate(name, candidate, kind, is_candidate):
    """Return a clone of the estimator, and the settings of its grid or None."""
    if not isinstance(name, str):
        raise TypeError(f"The name {name!r:.80} of a candidate is not a string.")
    pair = candidate if isinstance(candidate, tuple) else (candidate, None)
    if len(pair) != 2 or not hasattr(pair[0], "get_params"):
        raise TypeError(
            f"Candidate {name!r} is {candidate!r:.80}; expected an estimator or a "
            "tuple (estimator, param_grid)."
        )
    estimator, grid = pair
    if isinstance(estimator, type):
        raise TypeError(
            f"Candidate {name!r} is the class {estimator.__name__}; expected an "
            f"estimator, such as {estimator.__name__}()."
        )
    if not is_candidate(estimator):
        raise TypeError(
            f"Candidate {name!r} is {estimator!r:.80}; expected a {kind}, with the "
            "methods fit and predict."
        )
    try:
        estimator = clone(estimator)
        settings = None if grid is None else list(ParameterGrid(grid))
        for setting in settings or ():
            clone(estimator).set_params(**setting)
    except Exception as error:  # whatever the estimator's own code raises
        raise ValueError(
            f"Candidate {name!r} or its grid {grid!r:.80} cannot be used: {error}"
        ) from error
    if settings == []:
        raise ValueError(f"The grid of candidate {name!r} is empty: it has no setting.")
    return estimator, settings


def check_groups(groups, n_samples):
    """Validate groups of samples, and return them as an array, or None."""
    return None if groups is None else check_labels(groups, n_samples, "groups")


def choose_splitter(cv, y, groups=None):
    """Return a splitter for `cv`; a number means stratified folds.

    With groups of samples, these folds keep the samples of a group together.
    """
    if groups is not None and (cv is None or is_integer(cv)):
        return StratifiedGroupKFold(5 if cv is None else cv)
    return check_cv(cv, y, classifier=True)


def split_samples(X, y, cv, name="cv", groups=None):
    """List the folds, (training samples, held-out samples) each, as arrays of numbers.

    Raises a ValueError, which names the parameter, if there are none, one is empty, or
    a group of samples is in both parts of a fold.
    """
    try:
        parts = list(choose_splitter(cv, y, groups).split(X, y, groups))
        samples = np.arange(len(y))
        folds = [
            (samples[np.asarray(train)], samples[np.asarray(test)])
            for train, test in parts
        ]
    except Exception as error:  # a splitter may be the user's own
        raise ValueError(
            f"{name}={cv!r:.80} does not split the {len(y)} samples: {error}"
        ) from error
    if not folds:
        raise ValueError(f"{name}={cv!r:.80} has no folds; expected at least one.")
    for fold, (train, test) in enumerate(folds):
        if not (train.ndim == test.ndim == 1 and len(train) and len(test)):
            raise ValueError(
                f"Fold {fold} of {name} has training samples of shape {train.shape} "
                f"and held-out samples of shape {test.shape}; expected some of each."
            )
        check_apart(train, test, groups, f"Fold {fold} of {name}={cv!r:.80}")
    return folds


def check_apart(train, test, groups, where):
    """Raise a ValueError if a group has training samples and held-out samples."""
    if groups is None:
        return
    shared = np.intersect1d(groups[train], groups[test])
    if len(shared):
        raise ValueError(
            f"{where} has samples of group {shared[0]} among the training samples and "
            "among the held-out ones; give a number of folds, or a splitter such as "
            "GroupKFold that keeps groups together."
        )


def run_jobs(compute, jobs, X, y, *, n_jobs, memory, verbose):
    """Run the jobs whose results are not in the cache.

    Parameters
    ----------
    compute : function
        ``compute(*arguments, X=X, y=y, memory=memory)`` returns the results of a row,
        a dict of plain values. It is called with a memory in which steps of pipelines
        cache their results.

    jobs : list of (dict, tuple)
        What identifies a row, and the arguments of `compute`.

    X, y : samples and their classes

    n_jobs, memory, verbose : see :func:`compare_classifiers`

    Returns
    -------
    rows : list of dict
        One per job, with its `error`, which is "" or says why there are no results.
    """
    # The jobs of a parallel comparison already use all workers. What is nested in a job
    # runs in the worker of the job: Dask would send it to all machines again.
    nested = {}
    check_n_jobs(n_jobs)
    if effective_n_jobs(n_jobs) > 1:
        nested = {"require": "sharedmem", "n_jobs": 1}
    cache = open_cache(memory)
    paths = [None] * len(jobs) if cache is None else _place(cache, compute, jobs, X, y)
    rows = [path and read_json(path) for path in paths]
    todo = [job for job, row in enumerate(rows) if row is None]
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        run = partial(_run_job, compute, Cache(folder) if cache is None else cache)
        found = run_parallel(
            partial(run, nested),
            [(jobs[job][1], paths[job]) for job in todo],
            shared=(X, y),
            n_jobs=n_jobs,
            verbose=verbose,
            description="comparison",
        )
        for job, row in zip(todo, found, strict=True):
            rows[job] = [row]
            # The worker may be a machine whose disk is another.
            if paths[job] and not row["error"] and not paths[job].exists():
                write_json(paths[job], [row])
    return [{**label, **row} for (label, _), (row,) in zip(jobs, rows, strict=True)]


def _place(cache, compute, jobs, X, y):
    """Return the file of each job's result; samples are hashed once for all jobs."""
    samples = cache.make_key(X, y)
    paths = []
    for label, arguments in jobs:
        try:
            paths.append(cache.place(compute, samples, *arguments))
        except Exception as error:  # whatever pickle raises
            raise ValueError(
                f"Candidate {label['candidate']!r} cannot be cached, because it cannot "
                f"be pickled ({error}). Pass memory=None, or change the candidate."
            ) from error
    return paths


def _run_job(compute, steps, nested, arguments, path, X, y):
    """Return results, and an `error` that says why there are none, or is ""."""
    # joblib sends large arrays to workers as memory maps, whose class some steps show.
    X, y = (np.asarray(v) if isinstance(v, np.memmap) else v for v in (X, y))
    try:
        with parallel_config(**nested):
            row = {**compute(*arguments, X=X, y=y, memory=steps), "error": ""}
    except Exception as error:  # whatever a candidate raises is reported in its row
        return {"error": f"{type(error).__name__}: {error}"}
    if path is not None:
        write_json(path, [row])  # here, so that an interruption loses nothing finished
    return row


def list_parameters(estimator, name):
    """List the parameters called `name`, those of steps included."""
    return [key for key in estimator.get_params() if key.split("__")[-1] == name]


def share_memory(value, memory):
    """Clone an estimator and set each of its parameters `memory` that is None.

    A value that is not an estimator is returned as it is.
    """
    if not hasattr(value, "get_params") or isinstance(value, type):
        return value
    estimator = clone(value)
    parameters = estimator.get_params()
    names = list_parameters(estimator, "memory")
    unset = [name for name in names if parameters[name] is None]
    return estimator.set_params(**dict.fromkeys(unset, memory))
