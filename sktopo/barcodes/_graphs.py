"""Graphs as users give them, checked and brought to connectome rows."""

from __future__ import annotations

from math import isqrt

import numpy as np
from sklearn.utils import assert_all_finite, check_array
from sklearn.utils.validation import validate_data

from sktopo._utils.samples import FLOATS, SYMMETRY, is_stack, upper_triangle
from sktopo.barcodes._layout import warn_incomplete


def check_graphs(estimator, X, *, reset, any_size):
    """Validate graphs and group them by size.

    Parameters
    ----------
    estimator : estimator
        Whose number and names of features are set, or else checked.

    X : array-like or sequence
        Connectome rows or symmetric matrices.

    reset : bool
        Whether X is the X of `fit`.

    any_size : bool
        Whether the numbers of edges may differ, between graphs and from `fit`.

    Returns
    -------
    groups : list of (ndarray of shape (k,), ndarray of shape (k, n_edges))
        The samples of each size, ascending, and their connectome rows.
    """
    if is_stack(X):
        X = [_condense(matrix, sample) for sample, matrix in enumerate(X)]
        if not X:
            raise ValueError("X holds 0 samples; expected at least 1 graph.")
    if differ_in_length(X):
        if not any_size:
            raise ValueError(
                "The rows of X differ in length; give n_quantiles to put graphs of "
                "different sizes into one space."
            )
        groups = group_by_length(
            [
                check_array(row, dtype=FLOATS, ensure_2d=False, input_name="X")
                for row in X
            ]
        )
    elif any_size and not reset:
        rows = check_array(X, dtype=FLOATS)
        groups = [(np.arange(len(rows)), rows)]
    else:
        rows = validate_data(estimator, X, dtype=FLOATS, reset=reset)
        groups = [(np.arange(len(rows)), rows)]
    for _, rows in groups:
        if reset:
            _check_not_flattened(rows)
        if reset or any_size:
            warn_incomplete(rows.shape[1])
    return groups


def differ_in_length(X):
    """Return whether X is a sequence of rows of different lengths."""
    if hasattr(X, "ndim") and not (X.ndim == 1 and X.dtype == object):
        return False
    if not isinstance(X, (list, tuple, np.ndarray)):
        return False
    shapes = {np.shape(row) for row in X}
    if len({len(shape) for shape in shapes}) > 1:
        raise ValueError(
            f"The samples of X have shapes {sorted(shapes)}; expected rows only, or "
            "matrices only."
        )
    return len(shapes) > 1


def group_by_length(rows):
    """Stack rows of equal length: a list of (samples, rows of shape (k, length))."""
    lengths = np.array([len(row) for row in rows])
    groups = []
    for length in np.unique(lengths):
        samples = np.flatnonzero(lengths == length)
        groups.append((samples, np.stack([rows[sample] for sample in samples])))
    return groups


def _condense(matrix, sample):
    """Turn a symmetric matrix into a connectome row; `sample` names it in errors."""
    matrix = check_array(
        matrix, dtype=FLOATS, input_name="X", allow_nd=True, ensure_all_finite=False
    )
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or len(matrix) < 2:
        raise ValueError(
            f"Sample {sample} of X has shape {matrix.shape}; expected rows (n_samples, "
            "n_edges), or symmetric matrices (n_samples, n_nodes, n_nodes) of two "
            "nodes or more."
        )
    row = upper_triangle(matrix, f"The matrix of sample {sample}")
    assert_all_finite(row, input_name=f"Sample {sample} of X")
    return row


def _check_not_flattened(rows):
    """Raise if rows of one length read as symmetric matrices, or all as one."""
    if len(rows) == rows.shape[1] > 2 and np.ptp(rows) and np.allclose(rows, rows.T):
        raise ValueError(
            f"X looks like one symmetric matrix of {len(rows)} nodes, but samples come "
            "in a stack: give X[None]."
        )
    n_nodes = isqrt(rows.shape[1])
    if n_nodes < 2 or n_nodes**2 != rows.shape[1]:
        return
    squares = rows.reshape(-1, n_nodes, n_nodes)
    weights = squares[:, ~np.eye(n_nodes, dtype=bool)]
    # Equal weights are symmetric in any arrangement. Others may differ by rounding.
    gaps = np.abs(squares - squares.transpose(0, 2, 1)).max()
    if np.ptp(weights) and gaps <= SYMMETRY * np.abs(weights).max():
        raise ValueError(
            f"The rows of X look like flattened {n_nodes} x {n_nodes} symmetric "
            f"matrices. Give matrices of shape (n_samples, {n_nodes}, {n_nodes}), or "
            "their upper triangles as scipy.spatial.distance.squareform makes them."
        )
