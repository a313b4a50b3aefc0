"""Fits that scikit-learn's callbacks can follow, where it has them (from 1.9 on)."""

from __future__ import annotations

import functools
from contextvars import ContextVar
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    Method = TypeVar("Method", bound=Callable[..., Any])

try:
    from sklearn.callback import CallbackSupportMixin, FitCallback, with_callbacks
except ImportError:

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Stands for the class of scikit-learn 1.9."""

    FitCallback = ()  # of which nothing is an instance
    with_callbacks = None

__all__ = [
    "CallbackSupportMixin",
    "as_fit_task",
    "find_callbacks",
    "follow_loop",
    "with_callbacks",
]

#: The estimator that is being fitted in this thread, and the context of its task.
_running: ContextVar[tuple[Any, Any] | None] = ContextVar("_running", default=None)
_END = object()


def as_fit_task(method: Method) -> Method:
    """Make a method `fit` or `fit_transform` a task that callbacks are told of.

    A `fit` within the `fit_transform` of the same estimator is part of its task.
    """
    if with_callbacks is None:
        return method

    @with_callbacks
    def run(self, X, *args, **kwargs):
        context = self._init_callback_context(
            task_name=method.__name__.replace("_", "-"), max_subtasks=None
        )
        context.call_on_fit_task_begin(estimator=self, X=X)
        token = _running.set((self, context))
        try:
            result = method(self, X, *args, **kwargs)
        finally:
            _running.reset(token)
        context.call_on_fit_task_end(estimator=self, X=X)
        return result

    @functools.wraps(method)
    def call(self, X, *args, **kwargs):
        running = _running.get()
        is_within = running is not None and running[0] is self
        return (method if is_within else run)(self, X, *args, **kwargs)

    return cast("Method", call)


def find_callbacks(estimator):
    """Return the callbacks of an estimator, which it holds in a list."""
    lists = [value for value in vars(estimator).values() if isinstance(value, list)]
    return [one for held in lists for one in held if isinstance(one, FitCallback)]


def follow_loop(iterable, description, total=None):
    """Tell callbacks of each step of a loop, if it is part of a fit.

    The loop is a task of its own within that of the fit, and each step one within it.
    `total` is the number of steps, if it is known.
    """
    running = _running.get()
    if running is None:
        return iterable
    return _follow(iter(iterable), description, total, running)


def _follow(results, description, total, running):
    estimator, parent = running
    loop = parent.subcontext(task_name=description or "loop", max_subtasks=total)
    loop.call_on_fit_task_begin(estimator=estimator)
    while (result := _compute_next(results)) is not _END:
        # Steps may run in parallel: what is known is that one more is finished.
        step = loop.subcontext(task_name="step")
        step.call_on_fit_task_begin(estimator=estimator)
        step.call_on_fit_task_end(estimator=estimator)
        yield result
    loop.call_on_fit_task_end(estimator=estimator)


def _compute_next(results):
    """Return the next result; loops within its step are not followed."""
    token = _running.set(None)
    try:
        return next(results, _END)
    finally:
        _running.reset(token)
