"""Running many calls on whichever engine joblib was given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from joblib import Parallel, cpu_count, delayed, effective_n_jobs
from threadpoolctl import threadpool_limits

from sktopo._validation import progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any, Literal

    from sktopo._typing import T


class _Shared:
    """Values that all calls need, in one object that an engine need send only once.

    Dask's backend sends an argument once, not once a call, if it can be weakly
    referenced, which lists cannot, and says that it is large.
    """

    def __init__(self, values: tuple[Any, ...]) -> None:
        self.values = values

    def __sizeof__(self) -> int:
        return 2**20


def run_parallel(
    function: Callable[..., T],
    items: Sequence[tuple[Any, ...]],
    *,
    shared: tuple[Any, ...] = (),
    n_jobs: int | None = None,
    prefer: Literal["threads", "processes"] | None = None,
    verbose: bool = False,
    description: str | None = None,
) -> Iterable[T]:
    """Call ``function(*item, *shared)`` for each item, perhaps in parallel.

    Parameters
    ----------
    function : callable
        What to call; it travels with every call, so it should be small.

    items : list of tuple
        The arguments in which calls differ.

    shared : tuple
        Large arguments that are the same in all calls.

    n_jobs : int or None, default=None
        See :term:`n_jobs`. With 1 all calls are made here, whatever joblib was given.

    prefer : {"threads", "processes"} or None, default=None
        What to run on if joblib was given no engine.

    verbose : bool, default=False
        Whether to show a progress bar.

    description : str
        What the bar is called.

    Returns
    -------
    results : iterable
        What the calls return, in the order of the items, each as soon as it and those
        before it are there, if the engine can do that.
    """
    bar: dict[str, Any] = {
        "verbose": verbose,
        "description": description,
        "total": len(items),
    }
    if n_jobs == 1:
        # Left to joblib, Dask's backend would use all workers even so.
        return progress((function(*item, *shared) for item in items), **bar)
    # An item stays a tuple, which Dask's backend sends within its call: as an argument
    # of its own an array would be put on one worker, and lost with it.
    common = _Shared(shared) if shared else None
    calls = (delayed(_call)(function, item, common) for item in items)
    options: dict[str, Any] = {"n_jobs": n_jobs, "prefer": prefer}
    try:
        parallel = Parallel(**options, return_as="generator")
    except ValueError:
        # Ray's backend, multiprocessing and Dask's before joblib 1.4 return all at
        # the end: their bar counts calls handed out, a few more than are done.
        return Parallel(**options)(progress(calls, **bar))
    if prefer == "threads" and effective_n_jobs(n_jobs) > cpu_count() / 2:
        return progress(_leave_no_cores(parallel, calls), **bar)
    return progress(parallel(calls), **bar)


def _leave_no_cores(parallel: Parallel, calls: Iterable[Any]) -> Iterator[Any]:
    """Yield results of threads that take all cores, so that BLAS takes no more."""
    with threadpool_limits(1, "blas"):
        yield from parallel(calls)


def _call(
    function: Callable[..., T], item: tuple[Any, ...], common: _Shared | None
) -> T:
    return function(*item, *(common.values if common else ()))
