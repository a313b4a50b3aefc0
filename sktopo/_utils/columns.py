"""Blocks of columns of rows: where they are, how they are balanced, their names."""

from __future__ import annotations

import numpy as np

from sktopo._utils.geometry import find_deviation


def cut_columns(sizes):
    """Cut the columns into consecutive slices of given sizes, by name."""
    stops = np.cumsum(list(sizes.values())).tolist()
    cuts = zip(sizes, [0, *stops], stops, strict=False)
    return {name: slice(start, stop) for name, start, stop in cuts}


def find_factors(values, slices, *, free=(), caller):
    """Find the factors with which all blocks of columns vary alike, by name.

    Blocks are scaled to the mean of their variances, each divided by its number of
    columns; one that does not vary, or by rounding only, keeps its scale. Blocks whose
    name, up to a bracket, is in `free` have no unit: they take the common variance,
    but do not count for it unless no other block varies. Errors name `caller`.
    """
    deviations = {
        name: find_deviation(values[:, columns], caller=caller)
        for name, columns in slices.items()
    }
    is_free = {name: name.split("[")[0] in free for name in slices}
    with_unit = [
        size for name, size in deviations.items() if size and not is_free[name]
    ]
    varying = with_unit or [size for size in deviations.values() if size] or [1.0]
    largest = max(varying)
    common = largest * float(np.sqrt(np.mean(np.square(np.divide(varying, largest)))))
    return {
        name: common / size if size else common if with_unit and is_free[name] else 1.0
        for name, size in deviations.items()
    }


def name_values(slices, mark, positions):
    """Name the columns at positions of a row by block, `mark` and place in it."""
    names, starts = list(slices), [columns.start for columns in slices.values()]
    positions = np.asarray(positions, dtype=np.intp)
    which = np.searchsorted(starts, positions, side="right") - 1
    inside = positions - np.take(starts, which)
    pairs = zip(which.tolist(), inside.tolist(), strict=True)
    return np.array([f"{names[k]}[{mark}{at}]" for k, at in pairs], dtype=object)
