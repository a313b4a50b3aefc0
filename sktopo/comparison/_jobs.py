"""What comparisons of classifiers and of clusterers share."""

from __future__ import annotations

import os
from functools import partial
from tempfile import TemporaryDirectory

import numpy as np
from joblib import Memory, effective_n_jobs, parallel_config
from sklearn.base import clone
from sklearn.utils import check_consistent_length, column_or_1d
from sklearn.utils.validation import check_memory

from sktopo._utils.optional import import_optional
from sktopo._utils.parallel import run_parallel
from sktopo._utils.parameters import check_flag
from sktopo._utils.tables import make_table

SECONDS = ("fit_seconds", "score_seconds")


def check_comparison(X, y, candidates, verbose):
    """Validate the input; return y and a dict of pairs (estimator, grid or None)."""
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


def run_jobs(compute, jobs, X, y, columns, *, n_jobs, memory, verbose):
    """Run the jobs that are not in the cache, and make the table of all of them.

    Parameters
    ----------
    compute : function
        ``compute(*arguments, X=X, y=y, memory=memory)`` returns the results of a row.
        It is called with a memory in which steps of pipelines cache their results.

    jobs : list of (dict, tuple)
        What identifies a row, and the arguments of `compute`.

    X, y : samples and their classes

    columns : sequence of str
        The columns of the table, without `error`.

    n_jobs, memory, verbose : see :func:`compare_classifiers`

    Returns
    -------
    table : pandas.DataFrame
        One row per job, with a last column `error`. Without jobs it is empty.
    """
    # The jobs of a parallel comparison already use all workers. What is nested in a job
    # runs in the worker of the job: Dask would send it to all machines again.
    nested = {}
    if effective_n_jobs(n_jobs) > 1:
        nested = {"require": "sharedmem", "n_jobs": 1}
    # The path is made absolute because workers may run in another folder.
    results = check_memory(
        os.path.abspath(memory) if isinstance(memory, str) else memory
    )
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        steps = Memory(folder, verbose=0) if results.location is None else results
        compute = partial(results.cache(compute, ignore=["memory"]), memory=steps)
        rows = run_parallel(
            partial(_run_job, compute, nested),
            jobs,
            shared=(X, y),
            n_jobs=n_jobs,
            verbose=verbose,
            description="comparison",
        )
        return make_table(list(rows), [*columns, "error"])


def _run_job(compute, nested, label, arguments, X, y):
    """Return the row of a job, whose `error` says why there is no result, or is ""."""
    # joblib sends large arrays to workers as memory maps, whose cached results would
    # not be recognised as those of the array.
    X, y = (np.asarray(v) if isinstance(v, np.memmap) else v for v in (X, y))
    try:
        with parallel_config(**nested):
            return {**label, **compute(*arguments, X=X, y=y), "error": ""}
    except Exception as error:  # whatever a candidate raises is reported in its row
        return {**label, "error": f"{type(error).__name__}: {error}"}


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
