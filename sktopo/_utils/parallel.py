"""Running many calls on whichever engine joblib was given."""

from __future__ import annotations

import functools
import multiprocessing
import os
import threading
import time
from functools import partial
from itertools import starmap
from operator import length_hint

from joblib import Parallel, cpu_count, delayed, effective_n_jobs
from threadpoolctl import threadpool_limits

from sktopo._utils.callbacks import follow_loop
from sktopo._utils.optional import import_optional
from sktopo._utils.parameters import check_n_jobs

#: Held by threads whose work changes state that all share (the mode and hooks of a
#: network, torch's random generator), or that is faster done in turn.
ONE_AT_A_TIME = threading.RLock()


class _Shared:
    """Values that all calls need, in one object that an engine sends only once.

    Dask's backend sends an argument once, and not with every call, if it is large and
    can be weakly referenced, which lists cannot.
    """

    def __init__(self, values):
        self.values = values

    def __sizeof__(self):
        return 2**20


def run_parallel(
    function,
    items,
    *,
    shared=(),
    n_jobs=None,
    prefer=None,
    verbose=False,
    description=None,
    total=None,
    one_per_job=False,
):
    """Call ``function(*item, *shared)`` for each item, perhaps in parallel.

    Parameters
    ----------
    function : callable
        What to call; it is sent with every call, so it should be small.

    items : iterable of tuple
        The arguments in which calls differ. Without a length, they are read one by one
        as calls are made.

    shared : tuple
        Large arguments that are the same in all calls.

    n_jobs : int or None, default=None
        See :term:`n_jobs`. With 1 all calls are made in this process, whatever
        backend joblib was given.

    prefer : {"threads", "processes"} or None, default=None
        What to run on if joblib was given no backend.

    verbose : bool, default=False
        Whether to show a progress bar.

    description : str
        The title of the progress bar.

    total : int, default=None
        The number of items, if it is known and they have no length.

    one_per_job : bool, default=False
        Whether to take the next item only when a job is free, and to forget it when
        its call has returned.

    Returns
    -------
    results : iterable
        The results, in the order of the items. If the backend can do that, each is
        yielded as soon as it and those before it are finished.

    Raises
    ------
    ValueError
        If `n_jobs` is neither None nor an integer other than 0.
    """
    check_n_jobs(n_jobs)
    bar = {
        "verbose": verbose,
        "description": description,
        "total": length_hint(items) or total,
    }
    if n_jobs == 1:
        # Left to joblib, Dask's backend would use all workers even with n_jobs=1.
        # Unlike a loop, starmap keeps no item when it asks for the next.
        return progress(starmap(partial(_call_with, function, shared), items), **bar)
    # An item stays a tuple, which Dask's backend sends within its call. An array as an
    # argument of its own would be put on one worker, and lost with it.
    common = _Shared(shared) if shared else None
    calls = (delayed(_call)(function, item, common) for item in items)
    options = {"n_jobs": n_jobs, "prefer": prefer}
    if one_per_job:
        options |= {"pre_dispatch": "n_jobs", "batch_size": 1}
    try:
        parallel = Parallel(**options, return_as="generator")
    except ValueError:
        # Ray's backend, multiprocessing, and Dask's before joblib 1.4 return all
        # results at the end: the bar then counts the calls handed out.
        return Parallel(**options)(progress(calls, **bar))
    if prefer == "threads" and effective_n_jobs(n_jobs) > cpu_count() / 2:
        return progress(_on_single_blas_threads(parallel, calls), **bar)
    return progress(parallel(calls), **bar)


def progress(iterable, *, verbose, description, total=None):
    """Wrap an iterable in a progress bar if `verbose`; callbacks follow it too."""
    iterable = follow_loop(iterable, description, total)
    if not verbose:
        return iterable
    tqdm = import_optional("tqdm", extra="torch", purpose="verbose=True")
    return tqdm.tqdm(iterable, desc=description, total=total)


def _on_single_blas_threads(parallel, calls):
    """Yield results of jobs that occupy all cores, so BLAS gets one thread in each."""
    with threadpool_limits(1, "blas"):
        yield from parallel(calls)


@functools.cache
def _end_with_parent():
    """End this process, if joblib started it, soon after the one that started it.

    joblib's own processes wait five minutes for work after their parent was killed.
    """
    parent = multiprocessing.parent_process()
    if parent and multiprocessing.current_process().name.startswith("LokyProcess"):
        threading.Thread(target=_watch, args=(parent.pid,), daemon=True).start()


def _watch(parent):
    # Windows keeps the number of a parent that has ended.
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def _call_with(function, shared, *item):
    return function(*item, *shared)


def _call(function, item, common):
    _end_with_parent()
    return function(*item, *(common.values if common else ()))
