"""Checks of labels: the groups, classes or clusters of samples."""

from __future__ import annotations

import numpy as np


def check_labels(labels, n_samples, name="y", *, discrete=False, of="sample"):
    """Validate the labels of samples, and return them as an array (n_samples,).

    `n_samples` may be None if the labels decide how many samples there are. `name` is
    that of the parameter, for errors, and `of` says what is labelled. With `discrete`,
    numbers that are not integers are refused, because they are measurements rather
    than groups.
    """
    try:
        values = np.asarray(labels)
        # In a list of strings, NumPy would turn a missing label into a string as well.
        entries = np.array(labels, dtype=object) if _is_listed(labels) else values
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(
            f"{name} must be a 1d array of labels, one for each {of}: {error}"
        ) from error
    if values.ndim == 2 and values.shape[1] == 1:
        values, entries = values.ravel(), entries.ravel()
    if values.ndim != 1 or entries.shape != values.shape:
        raise ValueError(
            f"{name} must be a 1d array of labels, one for each {of}, got "
            f"{type(labels).__name__} of shape {values.shape}."
        )
    if n_samples is not None and len(values) != n_samples:
        raise ValueError(
            f"{name} has {len(values)} labels for {n_samples} {of}s; these are "
            f"inconsistent numbers of {of}s."
        )
    for sample in _find(entries, is_missing):
        raise ValueError(
            f"{name} contains a missing label, {entries[sample]}, at {of} {sample}. "
            f"None, NaN, NaT and NA are not labels; leave such {of}s out."
        )
    for sample in _find(values, is_continuous) if discrete else ():
        raise ValueError(
            f"Unknown label type: {name} contains {values[sample]} at {of} {sample}; "
            "expected groups, named by integers or strings."
        )
    _check_types(values, entries, name)
    return values


def _check_types(values, entries, name):
    """Raise a ValueError if labels, with entries as they were given, mix types."""
    is_text = values.dtype.kind in "US"
    if is_text and not all(isinstance(entry, (str, bytes)) for entry in entries):
        # NumPy has turned the others into strings, and 1 and "1" would be one label.
        raise ValueError(
            f"{name} mixes labels of different types: strings and others. Give strings "
            "only, or numbers only."
        )
    try:
        np.unique(values)
    except TypeError as error:
        raise ValueError(
            f"{name} mixes labels of different types, which have no order: {error}"
        ) from error


def _is_listed(labels):
    return isinstance(labels, (list, tuple))


def _find(values, condition):
    """Find the first entry that meets the condition: its number, or nothing."""
    entries = values if values.dtype.kind in "OTMm" else values.tolist()
    return [k for k, value in enumerate(entries) if condition(value)][:1]


def is_missing(value):
    """Return whether a label is None, NaN, NaT or NA, which do not equal themselves."""
    equal = value == value
    return value is None or not (isinstance(equal, (bool, np.bool_)) and equal)


def is_continuous(value):
    """Return whether a label is a number but not an integer."""
    if isinstance(value, (complex, np.complexfloating)):
        return True
    return isinstance(value, (float, np.floating)) and not float(value).is_integer()
