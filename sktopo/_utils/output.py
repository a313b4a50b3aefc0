"""Output containers of transformers whose samples are tables."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np

from sktopo._utils.callbacks import as_fit_task
from sktopo._utils.samples import is_stack

if TYPE_CHECKING:
    from typing import Any


class StackOutputMixin:
    """Give results their container, also where a result is a stack of tables.

    TransformerMixin would hand a stack of tables to pandas or polars, which refuse
    it, so a Pipeline through such a step could not have its output set. With this
    mixin, named before TransformerMixin, a stack becomes a list of data frames where
    data frames are asked for, so that the names of units reach the next step. A
    result whose columns have no common names stays as it is.
    """

    def __init_subclass__(cls, **kwargs):
        names = ("transform", "fit_transform")
        computed = {name: vars(cls)[name] for name in names if name in vars(cls)}
        if "fit_transform" in computed:
            computed["fit_transform"] = as_fit_task(computed["fit_transform"])
        # TransformerMixin wraps the method `transform` that it finds in the class.
        # Here it finds one that returns a finished result, to put in its container.
        cls.transform = _return_result
        super().__init_subclass__(**kwargs)
        put = cls.transform
        for name, compute in computed.items():
            setattr(cls, name, _put_in_container(compute, put))

    @as_fit_task
    def fit_transform(self: Any, X: Any, y: object = None) -> Any:
        """Fit to X and transform it: ``fit(X, y).transform(X)``."""
        return self.fit(X, y).transform(X)


def _put_in_container(compute, put):
    """Wrap a method that computes a result, so that `put` gives it its container."""

    @functools.wraps(compute)
    def wrapped(self, X, *args, **kwargs):
        result = compute(self, X, *args, **kwargs)
        if not is_stack(result):
            is_table = isinstance(result, np.ndarray)
            return put(self, X, result) if is_table else result
        try:
            n_names = len(self.get_feature_names_out())
        except ValueError:  # samples of different widths have no common names
            return result
        if any(sample.shape[1] != n_names for sample in result):
            return result
        tables = [put(self, None, sample) for sample in result]
        return result if isinstance(tables[0], np.ndarray) else tables

    return wrapped


def _return_result(self, X, *result):
    # Not a named parameter: scikit-learn would take it for metadata to route.
    return result[0]
