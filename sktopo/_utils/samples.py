"""Checks of samples: tables, stacks of tables and symmetric matrices."""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import squareform
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data

FLOATS = [np.float64, np.float32]
# Largest asymmetry accepted, as a share of the largest weight: float32 rounding.
SYMMETRY = 1e-6


def is_stack(X):
    """Return whether X is a stack or sequence of tables, and not a single table."""
    if hasattr(X, "ndim") and not (X.ndim == 1 and X.dtype == object):
        return X.ndim > 2
    return (
        isinstance(X, (list, tuple, np.ndarray)) and len(X) > 0 and np.ndim(X[0]) >= 2
    )


def check_samples(X):
    """Validate activations of samples, each of shape (n_observations, n_nodes).

    Returns a 3-D array if X is one, else a list of 2-D arrays.
    """
    if not hasattr(X, "ndim") or X.ndim == 1:
        return [check_array(sample, dtype=FLOATS, input_name="X") for sample in X]
    X = check_array(X, dtype=FLOATS, allow_nd=True, input_name="X")
    if X.ndim != 3:
        raise ValueError(
            f"X has {X.ndim} dimensions; expected 3, (n_samples, n_observations, "
            "n_nodes)."
        )
    return X


def check_units(estimator, X, *, reset):
    """Let `validate_data` check the widths and column names of samples of one width."""
    for sample, table in enumerate(X):
        first = sample == 0
        width = np.shape(table)[1]
        if first or hasattr(table, "columns") or width != estimator.n_features_in_:
            validate_data(
                estimator, table, skip_check_array=True, reset=reset and first
            )


def upper_triangle(matrix, name):
    """Return the connectome row of a symmetric matrix; `name` is for errors."""
    row = squareform(matrix, checks=False)
    mirrored = squareform(matrix.T, checks=False)
    gap = np.abs(row - mirrored).max(initial=0)
    if gap > SYMMETRY * max(
        np.abs(row).max(initial=0), np.abs(mirrored).max(initial=0)
    ):
        raise ValueError(
            f"{name} is not symmetric: entries differ from their mirror image by up to "
            f"{gap:.3g}. A connectome relates pairs without direction; symmetrise it "
            "first, e.g. (A + A.T) / 2."
        )
    return row
