"""One sample given to a transformer alone: its row, and what else it tells."""

from __future__ import annotations

import builtins
import threading
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from joblib import parallel_config
from sklearn.base import clone

from sktopo._samplewise._items import build, name_sample, refer
from sktopo._samplewise._results import find_file, read_result, write_result
from sktopo._utils.caller import warn_caller
from sktopo._utils.fitting import fit_and_transform

# Rows that differ by less than this share of their largest number are equal.
_ROUNDING = 1e-4


@dataclass(frozen=True)
class Task:
    """What is done with each sample.

    transformer : a transformer, of which every sample gets a clone.
    names : feature names that data frames must have, or None.
    cache : a Cache for the rows, or None.
    key : what the cache knows the transformer by.
    nested : the options of joblib for what runs inside a job.
    """

    transformer: Any
    names: Any = None
    cache: Any = None
    key: str = ""
    nested: Any = None


def transform_sample(name, alone, task):
    """Return the name of a sample, its row, and the warnings that were given.

    A warning is a list of its category and text, which a file can hold.
    """
    with (
        name_sample(name, task.transformer),
        parallel_config(**(task.nested or {})),
        record_warnings() as given,
    ):
        alone = build(alone)
        _check_names(alone, task.names)
        if task.cache is None:
            return name, *_compute(alone, task.transformer)
        path = find_file(task.cache, task.key, alone, "The sample")
        result = read_result(path)
        if result is None:
            result = _compute(alone, task.transformer)
            write_result(path, *result, task.transformer)
        row, found = result
    return name, row, _describe(given) + found


def _compute(alone, transformer):
    """Return the row of a sample, and the warnings that were given."""
    with record_warnings() as given:
        result = fit_and_transform(clone(transformer), alone)
    return only_row(result), _describe(given)


def _describe(given):
    return [[warning.category.__name__, str(warning.message)] for warning in given]


@contextmanager
def record_warnings():
    """Collect warnings, which workers would not show, to repeat them with a name.

    Filters belong to the process, so other threads than the main one leave them alone.
    """
    if threading.current_thread() is not threading.main_thread():
        yield []
        return
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always")
        yield given


def report_warnings(given):
    """Give each different warning once, with the sample that had it first.

    `given` holds the name of each sample and the category and text of its warnings.
    """
    samples = {}
    for name, found in given:
        for warning in dict.fromkeys(map(tuple, found)):
            samples.setdefault(warning, []).append(name)
    for (category, text), names in samples.items():
        more = f", and {len(names) - 1} more" if len(names) > 1 else ""
        kind = getattr(builtins, category, UserWarning)
        warn_caller(f"{names[0]}{more}: {refer(text)}", kind)


def only_row(result):
    """Return what a transformer gave for one sample, without the axis of samples."""
    rows = result if isinstance(result, (list, tuple)) else np.asarray(result)
    if np.ndim(rows) == 0 or len(rows) != 1:
        shape = f" of shape {rows.shape}" if isinstance(rows, np.ndarray) else ""
        raise ValueError(
            f"the result is of type {type(result).__name__}{shape}; expected an array "
            "or a list of one entry for one sample."
        )
    row = np.asarray(rows[0])
    if row.dtype.kind == "O":
        raise TypeError("the result holds Python objects; expected numbers or text.")
    return row


def stack_rows(rows):
    """Stack rows of equal shape; the list is emptied. Ragged rows stay a list."""
    if len({row.shape for row in rows}) > 1:
        return rows
    stack = np.empty((len(rows), *rows[0].shape), dtype=np.result_type(*rows))
    for i, row in enumerate(rows):
        stack[i] = row
        rows[i] = None  # memory holds the rows once
    return stack


def is_equal(row, other):
    """Return whether two rows are equal up to rounding."""
    if row.dtype.kind not in "biufc" or row.shape != other.shape:
        return np.array_equal(row, other)
    tolerance = _ROUNDING * np.nanmax(np.abs(row), initial=0)
    return np.allclose(row, other, rtol=0, atol=tolerance, equal_nan=True)


def _check_names(alone, names):
    """Raise a ValueError if a data frame of the fitted width has other columns."""
    columns = getattr(alone[0], "columns", None) if isinstance(alone, list) else None
    if names is None or columns is None or len(columns) != len(names):
        return
    if list(columns) != list(names):
        raise ValueError(
            "its columns differ from the feature names of the first fitted sample, or "
            "stand in another order."
        )
