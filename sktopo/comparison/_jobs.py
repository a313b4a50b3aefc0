"""What comparisons of classifiers and of clusterers share: candidates, caches, jobs."""

from __future__ import annotations

import os
from contextlib import contextmanager, nullcontext
from tempfile import TemporaryDirectory

import numpy as np
from joblib import Memory, effective_n_jobs, parallel_config
from sklearn.base import clone
from sklearn.utils import check_consistent_length, column_or_1d
from sklearn.utils.validation import check_memory

from sktopo._utils.optional import import_optional
from sktopo._utils.parallel import run_parallel
from sktopo._utils.parameters import check_flag

SECONDS = ("fit_seconds", "score_seconds")


def check_comparison(X, y, candidates, verbose):
    """Validate the input; returns y and a dict of pairs (estimator, grid or None)."""
    import_optional("pandas", extra="tables", purpose="A comparison")
    if not isinstance(candidates, dict):
        raise TypeError(f"candidates must be a dict, got {type(candidates).__name__}.")
    if not candidates:
        raise ValueError("candidates is empty; expected names and estimators.")
    pairs = {}
    for name, candidate in candidates.items():
        pair = candidate if isinstance(candidate, tuple) else (candidate, None)
        if len(pair) != 2 or not hasattr(pair[0], "get_params"):
            raise TypeError(
                f"Candidate {name!r} is {candidate!r:.80}; expected an estimator or a "
                "tuple (estimator, param_grid)."
            )
        pairs[name] = pair
    check_flag("verbose", verbose)
    check_consistent_length(X, y)
    return column_or_1d(y), pairs


@contextmanager
def open_memory(memory):
    """Open the cache of finished jobs and that of steps, which may be temporary."""
    # The path is made absolute because workers may run in another folder.
    results = check_memory(
        os.path.abspath(memory) if isinstance(memory, str) else memory
    )
    if results.location is not None:
        yield results, results
        return
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        yield results, Memory(folder, verbose=0)


def run_jobs(compute, jobs, X, y, n_jobs, verbose):
    """Run jobs in parallel and return a row for each.

    A job is a pair: a dict of the first columns of its row, and the arguments of
    `compute`, which also takes X and y and returns a dict of the other columns.
    """
    is_parallel = effective_n_jobs(n_jobs) > 1
    rows = run_parallel(
        _run_job,
        [(compute, arguments, is_parallel) for _, arguments in jobs],
        shared=(X, y),
        n_jobs=n_jobs,
        verbose=verbose,
        description="comparison",
    )
    return [{**job[0], **row} for job, row in zip(jobs, rows, strict=True)]


def _run_job(compute, arguments, is_parallel, X, y):
    """Compute the columns of one row, or say in `error` why there are none."""
    # joblib sends large arrays to workers as memory maps, whose cached results would
    # not be recognised as those of the array.
    X, y = (np.asarray(v) if isinstance(v, np.memmap) else v for v in (X, y))
    # Jobs already use all workers. Without this, a step inside a job on Dask would
    # send its data to all machines again, and the seconds would not be its own.
    inside = (
        parallel_config(require="sharedmem", n_jobs=1) if is_parallel else nullcontext()
    )
    try:
        with inside:
            return {**compute(*arguments, X=X, y=y), "error": ""}
    except Exception as error:  # whatever a candidate raises becomes its row
        return {"error": f"{type(error).__name__}: {error}"}


def parameters_named(estimator, name):
    """List the parameters called `name`, those of steps included."""
    return [key for key in estimator.get_params() if key.split("__")[-1] == name]


def share_memory(value, memory):
    """Clone an estimator and set `memory` in all parts that have none.

    What is not an estimator comes back as it is, so that values of grids can be
    given; a grid, or a list of grids, is mapped value by value.
    """
    if isinstance(value, dict):
        return {
            key: [share_memory(option, memory) for option in options]
            for key, options in value.items()
        }
    if isinstance(value, list) and all(isinstance(part, dict) for part in value):
        return [share_memory(part, memory) for part in value]
    if not hasattr(value, "get_params") or isinstance(value, type):
        return value
    estimator = clone(value)
    parameters = estimator.get_params()
    unset = [
        key for key in parameters_named(estimator, "memory") if parameters[key] is None
    ]
    return estimator.set_params(**dict.fromkeys(unset, memory))
