"""The connectome row of one sample, from a measure by name or from a callable."""

from __future__ import annotations

import numpy as np
from sklearn import config_context
from sklearn.utils import check_array

from sktopo._utils.finite import check_finite_weights
from sktopo._utils.matrices import upper_triangle
from sktopo._utils.nodes import find_edges
from sktopo._utils.samples import FLOATS, detach, name_errors
from sktopo.connectomes._measure import transform_fisher
from sktopo.connectomes._missing import fill_row
from sktopo.connectomes._pairwise import pairwise_row


def compute_row(
    measure,
    fill,
    takes_parts,
    absolute,
    fisher,
    dtype,
    index,
    activations,
    selection,
    names,
):
    """Compute the connectome row of one sample, whose columns are the nodes.

    `fill` becomes the weight of nodes that never vary and are not left out. With
    `takes_parts` the measure does not get them.
    """
    name, constant = f"Sample {index} of X", selection.constant
    numbers, edges = np.arange(len(constant)), []
    if takes_parts:
        activations, numbers = selection.take(activations), numbers[selection.related]
    else:
        edges = [find_edges(node, len(constant)) for node in np.flatnonzero(constant)]
    row = np.empty(0, dtype)
    if len(numbers) > 1:
        row = measure(activations, name, numbers, names)
    for positions in edges:
        row[positions] = 0
    names = None if names is None else names[numbers]
    row = _cast_row(row, dtype, name, names)
    if fisher and len(row):
        transform_fisher(row, name, names)
    for positions in edges:
        row[positions] = fill
    kept = ~selection.dropped
    if takes_parts and constant[kept].any():
        row = fill_row(row, selection.related[kept], fill)
    return np.abs(row, out=row) if absolute else row


def _cast_row(row, dtype, name, names):
    """Return a connectome row in a dtype that must hold its weights."""
    size, given = max(row.max(initial=0), -row.min(initial=0)), row.dtype
    with np.errstate(over="ignore"):
        row = row.astype(dtype, copy=False)
    with config_context(assume_finite=False):  # these are not numbers of the user
        check_finite_weights(row, name, names)
    if size > 0 and row.dtype != given and size < np.finfo(dtype).tiny:
        raise ValueError(
            f"{name}: the largest weight, {size:.3g}, is too small for {dtype}; give "
            "the activations as float64."
        )
    return row


def call_known_measure(measure, nodes, activations, name, numbers, names):
    """Compute the connectome row of activations that were validated before.

    `measure` is a KnownMeasure; `numbers` says which nodes the columns are.
    """
    with config_context(assume_finite=True):
        try:
            if np.isnan(activations.min()):
                return pairwise_row(measure.name, activations)
            return measure.compute_row(activations)
        except ValueError as error:
            text = nodes.reword(str(error), numbers, names)
            raise ValueError(f"{name}: {text}") from error


def call_own_measure(measure, nodes, activations, name, numbers, names):
    """Call a measure given by the user and return the upper triangle of its matrix."""
    names = None if names is None else names[numbers]
    read_only = activations.view()
    read_only.flags.writeable = False  # it may be the array of the caller
    result, n_nodes = detach(measure(read_only)), activations.shape[1]
    with name_errors(f"{name}: the measure did not return a matrix of numbers"):
        if np.shape(result) != (n_nodes, n_nodes):
            raise ValueError(
                f"got {type(result).__name__} of shape {np.shape(result)} for "
                f"{n_nodes} {nodes.some}; expected {(n_nodes, n_nodes)}."
            )
        matrix = check_array(result, dtype=FLOATS, ensure_all_finite=False)
    with config_context(assume_finite=False):
        return upper_triangle(
            matrix, f"{name}: the matrix that the measure returned", names
        )
