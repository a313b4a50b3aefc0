"""Activations as users give them, read as finite arrays of floats."""

from __future__ import annotations

import numpy as np

from sktopo._utils.matrices import SYMMETRY, looks_symmetric
from sktopo._utils.samples import (
    ANY_SIZE,
    check_kinds,
    is_stack,
    read_table,
    read_tables,
)
from sktopo.connectomes._nodes import NODES

_EXPECTED = (
    "an array, a data frame or a list of them (record networks with "
    "ActivationExtractor first, and give graphs to GraphPersistence)"
)


def read_samples(X, nodes=NODES["units"], *, allow_nan=False):
    """Return the samples in X, a list of arrays, or None if X is a table of frames.

    The arrays hold finite floats, or also NaN with `allow_nan`, at least two
    observations of two units. Their columns are the nodes, a value of `NODES`: units
    or, in views of the transposed arrays, stimuli.
    """
    X = check_kinds(X, "X", _EXPECTED)
    if not is_stack(X):
        nodes.check_frames()
        return None
    samples = list(read_tables(X, allow_nan=allow_nan, **ANY_SIZE))
    for i, sample in enumerate(samples):
        _check_size(sample, f"Sample {i} of X", min_units=2, nodes=nodes)
    refuse_matrices(samples, nodes)
    return nodes.arrange(samples)


def read_sample(activations, name):
    """Return the activations of one sample as a finite array of floats."""
    check_kinds(activations, name, _EXPECTED)
    table = read_table(activations, name, **ANY_SIZE)
    _check_size(table, name, min_units=1)
    return table


def _check_size(table, name, min_units, nodes=NODES["units"]):
    """Raise a ValueError unless a table has enough observations and units."""
    if len(table) < 2 or table.shape[1] < min_units:
        raise ValueError(
            f"{name} has {len(table)} observation(s) of {table.shape[1]} unit(s); "
            f"expected at least 2 observations of {min_units} unit(s), because a "
            f"connectome relates {nodes.relation}."
        )


def refuse_matrices(samples, nodes=NODES["units"]):
    """Raise a ValueError if all samples are symmetric matrices, not activations."""
    if all(_is_matrix(sample) for sample in samples):
        raise ValueError(
            f"X holds symmetric matrices, such as {samples[0].shape} correlations; "
            "expected activations (n_observations, n_nodes). Matrices are connectomes "
            "already: give them to GraphPersistence. If they are activations, add a "
            f"constant to one {nodes.one}: the measures do not depend on the means of "
            f"{nodes.some}."
        )


def _is_matrix(sample):
    """Return whether a sample is a symmetric matrix rather than activations.

    Matrices of two nodes must be correlations, because two numbers are easily equal.
    """
    n_nodes = sample.shape[1]
    if len(sample) != n_nodes:
        return False
    if n_nodes == 2 and not (
        np.allclose(sample.diagonal(), 1) and np.abs(sample).max() <= 1 + SYMMETRY
    ):
        return False
    return looks_symmetric(sample, sample.T)
