"""Activations as users give them, read as finite arrays of floats."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from numbers import Number
from os import PathLike

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import assert_all_finite, check_array

from sktopo._utils.samples import FLOATS, SYMMETRY, check_units, is_stack


@contextmanager
def name_errors(name):
    """Begin the message of an error about data with the name of that data."""
    try:
        yield
    except (TypeError, ValueError, RuntimeError) as error:  # RuntimeError: of torch
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{name}: {error}") from error


def read_samples(X):
    """Return the samples in X, a list of arrays, or None if X is a table of frames.

    The arrays (n_observations, n_nodes) hold finite floats, and at least two
    observations of two units.
    """
    _check_type(X, "X")
    is_array = isinstance(X, np.ndarray) and X.dtype == object and X.ndim > 0
    for i, sample in enumerate(X if isinstance(X, (list, tuple)) or is_array else ()):
        if not isinstance(sample, Number):
            _check_type(sample, f"Sample {i} of X")
    with name_errors("X cannot be read as numbers"):
        if not is_stack(X):
            return None
        if not isinstance(X, (list, tuple)) and X.ndim > 1:
            X = check_array(
                detach(X), dtype=FLOATS, allow_nd=True, ensure_all_finite=False
            )
            if X.ndim != 3:
                raise ValueError(
                    f"got {X.ndim} dimensions; expected 3, (n_samples, n_observations, "
                    "n_nodes)."
                )
    samples = [
        read_sample(sample, f"Sample {i} of X", min_units=2)
        for i, sample in enumerate(X)
    ]
    refuse_matrices(samples)
    return samples


def read_sample(activations, name, *, min_units=1):
    """Return the activations of one sample as a finite array of floats."""
    _check_type(activations, name)
    with name_errors(f"{name} cannot be read as a table of numbers"):
        table = check_array(
            detach(activations),
            dtype=FLOATS,
            ensure_all_finite=False,
            ensure_min_samples=0,
            ensure_min_features=0,
        )
    if len(table) < 2 or table.shape[1] < min_units:
        raise ValueError(
            f"{name} has {len(table)} observation(s) of {table.shape[1]} unit(s); "
            f"expected at least 2 observations of {min_units} unit(s), because a "
            "connectome relates pairs of units over their observations."
        )
    check_finite(table, name, getattr(activations, "columns", None))
    return table


def check_finite(table, name, units=None, row="observation"):
    """Raise a ValueError that says where a table holds numbers that are not finite."""
    try:
        assert_all_finite(table)
    except ValueError:
        places = np.argwhere(~np.isfinite(table))
        place, unit = places[0]
        value = "NaN" if np.isnan(table[place, unit]) else "infinity"
        raise ValueError(
            f"{name} contains {value}: {row} {place} of {describe_unit(unit, units)}, "
            f"the first of {len(places)} number(s) that are not finite, in "
            f"{len(np.unique(places[:, 1]))} unit(s). Replace them, or leave out these "
            f"{row}s or units."
        ) from None


def describe_unit(unit, units=None):
    """Return the words for a unit in messages, with its name where `units` has one."""
    return f"unit {unit}" if units is None else f"unit {unit} ({units[unit]!r})"


def match_units(estimator, X, samples, *, reset):
    """Let `validate_data` check the widths and column names of samples of one width."""
    for i, (given, sample) in enumerate(zip(X, samples, strict=True)):
        table = given if hasattr(given, "columns") else sample
        with name_errors(f"Sample {i} of X"):
            check_units(estimator, [table], reset=reset and i == 0)


def refuse_matrices(samples):
    """Raise a ValueError if all samples are symmetric matrices, not activations."""
    if all(_is_matrix(sample) for sample in samples):
        raise ValueError(
            f"X holds symmetric matrices, such as {samples[0].shape} correlations; "
            "expected activations (n_observations, n_nodes). Matrices are connectomes "
            "already: give them to GraphPersistence. If they are activations, add a "
            "constant to one unit: the measures do not depend on the means of units."
        )


def detach(table):
    """Return a tensor of torch without its gradient, and anything else as it is."""
    return table.detach().cpu() if hasattr(table, "detach") else table


def _check_type(candidate, name):
    """Raise a TypeError unless an object may be an array or a table of numbers."""
    if isinstance(candidate, (list, tuple)) or issparse(candidate):
        return
    if hasattr(type(candidate), "__array__") or hasattr(candidate, "columns"):
        return
    if isinstance(candidate, (str, bytes, PathLike)):
        advice = "Load the file first, e.g. with numpy.load."
    elif isinstance(candidate, Mapping):
        advice = "Give its values in a list."
    elif isinstance(candidate, Iterator):
        advice = "Make a list of it, because it is read more than once."
    else:
        advice = (
            "Record networks with ActivationExtractor first, and give graphs to "
            "GraphPersistence."
        )
    raise TypeError(
        f"{name} is of type {type(candidate).__name__}; expected an array, a data "
        f"frame or a list of them. {advice}"
    )


def _is_matrix(sample):
    """Return whether a sample is a symmetric matrix rather than activations.

    Matrices of two nodes must be correlations, because two numbers are easily equal.
    Numbers that are all equal are symmetric by themselves.
    """
    n_nodes = sample.shape[1]
    if len(sample) != n_nodes:
        return False
    if n_nodes == 2 and not (
        np.allclose(sample.diagonal(), 1) and np.abs(sample).max() <= 1 + SYMMETRY
    ):
        return False
    with np.errstate(over="ignore"):
        spread = sample.max() - sample.min()
        gap = np.abs(sample - sample.T).max()
    return bool(0 < spread < np.inf and gap <= SYMMETRY * spread)
