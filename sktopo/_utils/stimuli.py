"""Names of stimuli, the index of data frames, and their order."""

from __future__ import annotations

import numpy as np


def read_index(given):
    """Return the index of a data frame or series as an array of objects, or None."""
    if hasattr(given, "iloc") and hasattr(given, "index"):
        return np.asarray(given.index, dtype=object)
    return None


def find_difference(index, expected):
    """Return the first place in which two indices differ, or None.

    Both are arrays of as many objects, which may hold missing values.
    """
    pairs = enumerate(zip(index, expected, strict=True))
    return next((at for at, pair in pairs if not _is_same(*pair)), None)


def is_reordered(index, expected):
    """Return whether two indices have the same names, each once, in another order."""
    if len(index) != len(expected) or find_difference(index, expected) is None:
        return False
    names = set(index)
    return len(names) == len(index) and names == set(expected)


def _is_same(first, second):
    if first is second:
        return True
    found = first == second
    if not isinstance(found, (bool, np.bool_)):  # pandas.NA
        return False
    return bool(found) or bool(first != first and second != second)
