"""Reading of samples and other arrays, with errors that name what was given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager
from numbers import Number
from os import PathLike

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import check_array
from sklearn.utils.validation import check_non_negative, validate_data

from sktopo._utils.finite import check_finite

FLOATS = [np.float64, np.float32]
# Options of `check_array`.
ANY_SHAPE = {"ensure_2d": False, "allow_nd": True}
ANY_SIZE = {"ensure_min_samples": 0, "ensure_min_features": 0}
# What arrays and data frames of other libraries offer to be read by.
_ARRAY_PROTOCOLS = ("__array__", "__array_namespace__", "__dataframe__", "__dlpack__")


@contextmanager
def name_errors(name):
    """Begin the message of an error about data with the name of that data."""
    try:
        yield
    except (ValueError, ArithmeticError) as error:  # such as integers beyond floats
        raise ValueError(f"{name}: {error}") from error
    except (MemoryError, ImportError):
        raise
    except Exception as error:  # arrays of other libraries raise what they like
        raise TypeError(f"{name}: {error}") from error


def check_kind(value, name, expected, others=(list, tuple, range)):
    """Raise a TypeError unless `value` is an array, a data frame or one of `others`.

    `expected` says in the error what `value` may be.
    """
    if not isinstance(value, (type, str, bytes)) and (
        isinstance(value, others)
        or issparse(value)
        or any(hasattr(value, protocol) for protocol in _ARRAY_PROTOCOLS)
    ):
        return
    advice = ""
    if isinstance(value, Mapping):
        advice = " Give the list of its values."
    elif isinstance(value, (Iterator, Set)):
        advice = " Make a list of what it holds."
    elif isinstance(value, (str, bytes, PathLike)):
        advice = " Load files first, e.g. with numpy.load."
    raise TypeError(
        f"{name} is of type {type(value).__name__}; expected {expected}.{advice}"
    )


def check_kinds(X, name, expected, others=(list, tuple, range), parts=()):
    """Check the kind of X and, if it is a sequence, the kinds of the samples in it.

    `others` are the types of X, beside arrays, and `parts` those of samples, beside
    arrays, lists and numbers. Returns X, a sequence as a new list.
    """
    check_kind(X, name, expected, others)
    is_objects = getattr(X, "dtype", None) == np.dtype(object) and X.ndim == 1
    if not (isinstance(X, others) or is_objects):
        return X
    for i, part in enumerate(X):
        kinds = (list, tuple, range, Number, parts)
        check_kind(part, f"Sample {i} of {name}", expected, kinds)
    return list(X)


def read_array(value, name, expected, *, dtype=FLOATS, **options):
    """Return an array of floats, or of `dtype`, which may hold NaN and infinity.

    `expected` says in errors what `value` may be; `options` are those of `check_array`.
    """
    check_kinds(value, name, expected)
    with name_errors(f"{name} cannot be read as {expected}"):
        if isinstance(value, (list, tuple)):
            value = np.asarray(value)  # float32 rows in a list stay float32
        return check_array(
            value, dtype=dtype, input_name=name, ensure_all_finite=False, **options
        )


def read_table(table, name, *, allow_nan=False, **options):
    """Return the activations of one sample: finite floats (n_observations, n_nodes)."""
    read = read_array(detach(table), name, "a table of numbers", **options)
    columns = getattr(table, "columns", None)
    words = ("observation", "unit")
    check_finite(read, name, columns, words, allow_nan=allow_nan)
    return read


def validate_table(
    estimator,
    X,
    *,
    reset=True,
    finite=True,
    non_negative=False,
    words=("row", "column"),
    **options,
):
    """Return X, a table, as floats; let `validate_data` check its width and columns.

    `words` say in errors what rows and columns stand for; `options` are those of
    `check_array`.
    """
    table = read_array(X, "X", "a table of numbers", estimator=estimator, **options)
    if finite:
        check_finite(table, "X", getattr(X, "columns", None), words)
    if non_negative:
        check_non_negative(table, type(estimator).__name__)
    check_columns(estimator, X, table, reset=reset)
    return table


def check_columns(estimator, X, table, *, reset):
    """Let `validate_data` check width and columns of X, which was read as `table`."""
    named = X if hasattr(X, "columns") or hasattr(X, "__dataframe__") else table
    validate_data(estimator, named, reset=reset, skip_check_array=True)


def count_samples(X):
    """Return the number of samples in an array, a data frame or a sequence."""
    return X.shape[0] if getattr(X, "shape", None) else len(X)


def read_rows(X, name, **options):
    """Return a table of finite numbers as an array of floats (n_samples, n_columns)."""
    expected = "a 2-D array of numbers, one row for each sample"
    rows = read_array(X, name, expected, **options)
    check_finite(rows, name, getattr(X, "columns", None))
    return rows


def read_tables(X, *, allow_nan=False, **options):
    """Return the activations of samples, a stack or a sequence of tables, as floats.

    The result is a 3-D array if X is one, else a list of 2-D arrays. `options` of
    `check_array` apply to the tables of a sequence. Numbers must be finite, or may be
    NaN with `allow_nan`.
    """
    if hasattr(X, "ndim") and X.ndim > 1:
        X = read_array(detach(X), "X", "a stack of tables of numbers", allow_nd=True)
        if X.ndim != 3:
            raise ValueError(
                f"X has {X.ndim} dimensions; expected 3, (n_samples, n_observations, "
                "n_nodes)."
            )
        if not X.size:
            raise ValueError(
                f"X has shape {X.shape}; expected at least one sample, observation and "
                "node."
            )
        for i, table in enumerate(X):
            words = ("observation", "unit")
            check_finite(table, f"Sample {i} of X", words=words, allow_nan=allow_nan)
        return X
    return [
        read_table(table, f"Sample {i} of X", allow_nan=allow_nan, **options)
        for i, table in enumerate(X)
    ]


def detach(array):
    """Return a tensor of torch without its gradient, and anything else as it is."""
    return array.detach().cpu() if hasattr(array, "detach") else array


def is_stack(X):
    """Return whether X is a stack or sequence of tables, and not a single table."""
    if hasattr(X, "ndim") and not (X.ndim == 1 and X.dtype == object):
        return X.ndim > 2
    if not isinstance(X, (list, tuple, np.ndarray)) or len(X) == 0:
        return False
    with name_errors("X[0] is not an array of numbers"):
        return np.ndim(X[0]) >= 2


def check_units(estimator, X, samples, *, reset):
    """Let `validate_data` check the widths and column names of samples of one width.

    `samples` are the arrays that were read from X.
    """
    for i, (given, sample) in enumerate(zip(X, samples, strict=True)):
        is_frame, first = hasattr(given, "columns"), i == 0
        table = given if is_frame else sample
        if first or is_frame or sample.shape[1] != estimator.n_features_in_:
            with name_errors(f"Sample {i} of X"):
                validate_data(
                    estimator, table, skip_check_array=True, reset=reset and first
                )
