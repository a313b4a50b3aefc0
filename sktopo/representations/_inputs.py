"""Activations as users give them: samples of any width, or a table of single units."""

from __future__ import annotations

from sktopo._utils.samples import (
    ANY_SIZE,
    check_kinds,
    is_stack,
    read_table,
    read_tables,
)
from sktopo.connectomes._inputs import refuse_matrices
from sktopo.connectomes._units import find_constant_units

_EXPECTED = (
    "activations: a 3-D array, a list of 2-D arrays or data frames, or a table "
    "(record networks with ActivationExtractor first)"
)


def read_samples(X):
    """Return the samples in X, a list of arrays, and the samples as they were given.

    Both are None if X is a table. The arrays (n_observations, n_nodes) hold finite
    floats, and at least two observations of one unit.
    """
    X = check_kinds(X, "X", _EXPECTED)
    if not is_stack(X):
        return None, None
    samples = list(read_tables(X, **ANY_SIZE))
    for i, sample in enumerate(samples):
        _check_size(sample, f"Sample {i} of X")
    refuse_matrices(samples)
    return samples, list(X)


def read_sample(activations, name):
    """Return the activations of one sample as a finite array of floats."""
    check_kinds(activations, name, _EXPECTED)
    table = read_table(activations, name, **ANY_SIZE)
    _check_size(table, name)
    if find_constant_units(table).all():
        raise ValueError(
            f"{name}: all {table.shape[1]} unit(s) are constant, so they tell no "
            "observations apart."
        )
    return table


def _check_size(table, name):
    """Raise a ValueError unless a table has enough observations and units."""
    if len(table) < 2 or not table.shape[1]:
        raise ValueError(
            f"{name} has {len(table)} observation(s) of {table.shape[1]} unit(s); "
            "expected at least 2 observations of 1 unit."
        )
