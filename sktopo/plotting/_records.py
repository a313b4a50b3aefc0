"""Scalars recorded at steps: read from a table, and summarised over runs."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from sktopo._utils.labels import check_labels, is_missing
from sktopo.plotting._inputs import check_weights

_STEP, _RUN, _LAYER = "step", "run", "layer"
# Quartiles of a median.
_QUARTILES = (0.25, 0.5, 0.75)


class Records(NamedTuple):
    """Columns of a table in long form, each of shape (n_records,), or None.

    `values` has shape (n_records, n_scalars), may hold NaN, and is named by `names`.
    """

    steps: Any
    values: Any
    names: list[str]
    runs: Any
    layers: Any
    groups: Any


def read_records(table, y, hue):
    """Read the records of a data frame, or of a mapping from names to columns.

    `y` names a column of numbers, or several; None stands for all. `hue` names the
    column of the groups.
    """
    columns = _list_columns(table)
    if _STEP not in columns or not np.size(table[_STEP]):
        lacks = "no rows" if _STEP in columns else f"no column {_STEP!r}"
        raise ValueError(
            f"table has {lacks}; expected a row for each record, with columns "
            f"{_STEP!r} and of scalars and, where there are several, {_RUN!r} and "
            f"{_LAYER!r}."
        )
    if hue is not None and not (isinstance(hue, str) and hue in columns):
        raise ValueError(
            f"hue={hue!r:.80} is not a column of table; expected None or one of "
            f"{columns}."
        )
    steps = check_weights(_read_numbers(table, _STEP), _STEP, n_dimensions=(1,))
    runs, layers, groups = (
        check_labels(np.asarray(table[name]), len(steps), name, of="row")
        if name in columns
        else None
        for name in (_RUN, _LAYER, hue)
    )
    others = [name for name in columns if name not in (_STEP, _RUN, _LAYER, hue)]
    scalars = _read_scalars(table, y, others)
    values = np.column_stack(list(scalars.values()))
    layers = None if hue == _LAYER else layers
    return Records(steps, values, list(scalars), runs, layers, groups)


def check_once(steps, *labels):
    """Raise a ValueError if two records have the same step and the same labels.

    Labels are arrays of shape (n_records,), or None.
    """
    keys = [steps, *(label for label in labels if label is not None)]
    known = {}
    for row, key in enumerate(zip(*(key.tolist() for key in keys), strict=True)):
        if key in known:
            raise ValueError(
                f"Rows {known[key]} and {row} are of the same run at step {key[0]:g}; "
                "expected one record of each run at a step. Name the runs, in the "
                f"column {_RUN!r} of a table or as `runs`."
            )
        known[key] = row


def summarize_runs(steps, values, average):
    """Summarise a scalar over the runs at each step, leaving out NaN.

    Parameters
    ----------
    steps, values : ndarray of shape (n_records,)
        One record of each run at a step.

    average : {"mean", "median"}
        What to compute: the mean and one standard deviation to both sides, or the
        median and the quartiles.

    Returns
    -------
    steps : ndarray of shape (n_steps,)
        The steps with a value, ascending.

    low, center, high : ndarray of shape (n_steps,)
        The average, and the limits of the band.
    """
    is_known = ~np.isnan(values)
    steps, values = steps[is_known], values[is_known].astype(np.float64)
    found, numbers = np.unique(steps, return_inverse=True)
    bands = np.empty((len(found), 3))
    for k in range(len(found)):
        mine = values[numbers == k]
        if average == "median":
            bands[k] = np.quantile(mine, _QUARTILES)
        else:
            bands[k] = mine.mean() + mine.std() * np.array([-1, 0, 1])
    return found, *bands.T


def _list_columns(table):
    """Return the names of the columns of a data frame or mapping."""
    if isinstance(table, type) or not (
        hasattr(table, "columns") or isinstance(table, Mapping)
    ):
        raise TypeError(
            "table must be a data frame in long form, such as TopologyMonitor.table "
            f"returns, got {type(table).__name__}."
        )
    return list(getattr(table, "columns", table))


def _read_scalars(table, y, others):
    """Return a dict of those columns that `y` names, or of all that hold numbers."""
    if y is None:
        scalars = {
            name: _read_numbers(table, name)
            for name in others
            if np.asarray(table[name]).dtype.kind in "iuf"
        }
        scalars = {name: v for name, v in scalars.items() if not np.isnan(v).all()}
        if not scalars:
            raise ValueError(
                f"table has no column of scalars besides {_STEP!r}, {_RUN!r}, "
                f"{_LAYER!r} and that of hue; expected a column of numbers."
            )
    else:
        names = [y] if isinstance(y, str) or not np.iterable(y) else list(y)
        unknown = [name for name in names if name not in others]
        if unknown or not names:
            raise ValueError(
                f"y={y!r:.80} does not name scalars of the table; expected None, one "
                f"of {others}, or a list of them."
            )
        scalars = {name: _read_numbers(table, name) for name in names}
    for name, values in scalars.items():
        if values.shape != np.shape(table[_STEP]):
            raise ValueError(
                f"Column {name!r} of table has {values.size} numbers for "
                f"{np.size(table[_STEP])} steps; expected one for each."
            )
        is_known = ~np.isnan(values)
        if not is_known.any():
            raise ValueError(f"Column {name!r} of table is missing in all rows.")
        check_weights(values[is_known], f"Column {name!r}", n_dimensions=(1,))
    return scalars


def _read_numbers(table, name):
    """Return a column as floats, with NaN for what is missing."""
    values = np.asarray(table[name])
    if values.dtype.kind == "O":
        values = [np.nan if is_missing(value) else value for value in values]
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"Column {name!r} of table does not hold numbers: {error}"
        ) from error
