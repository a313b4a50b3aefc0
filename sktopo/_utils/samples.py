"""Checks of samples: tables, stacks of tables and symmetric matrices."""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import squareform
from sklearn.utils import assert_all_finite, check_array
from sklearn.utils.validation import validate_data

from sktopo._utils.nodes import check_node_names, name_edges

FLOATS = [np.float64, np.float32]
# The largest asymmetry accepted, as a share of the spread of the weights.
SYMMETRY = 1e-6
# Mirrored numbers may also differ by rounding, by so many times eps of their size.
_ROUNDING = 4
# Differences above this share of the spread are not taken for rounding without proof.
_NOTABLE = 0.01


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


def upper_triangle(matrix, name, nodes=None):
    """Return the connectome row of a symmetric matrix, whose diagonal is ignored.

    `name` names the matrix in errors, `nodes` its nodes.
    """
    row = squareform(matrix, checks=False)
    mirrored = squareform(matrix.T, checks=False)
    for part in (row, mirrored):
        check_finite_weights(part, name, len(matrix), nodes)
    gap, tolerance, _ = measure_asymmetry(row, mirrored)
    if gap <= tolerance:
        return row
    if not (row.any() and mirrored.any()):
        side = "below" if row.any() else "above"
        raise ValueError(
            f"{name} has only zeros {side} its diagonal and is not symmetric. If it "
            "holds one triangle of a symmetric matrix A, give A + A.T."
        )
    raise ValueError(
        f"{name} is not symmetric: entries differ from their mirror image by up to "
        f"{2 * gap:.3g}. A connectome relates pairs without direction; symmetrise it "
        "first, e.g. (A + A.T) / 2."
    )


def check_finite_weights(row, name, n_nodes, nodes=None, edges=None):
    """Raise a ValueError that names the first edge whose weight is not finite.

    `name` names the graph in the error, `nodes` its nodes or `edges` its edges.
    """
    try:
        assert_all_finite(row)
    except ValueError as error:
        at = np.flatnonzero(~np.isfinite(row))[0]
        found = "NaN" if np.isnan(row[at]) else "infinity"
        if edges is None:
            edge = name_edges(check_node_names(nodes, n_nodes), [at])[0]
        else:
            edge = edges[at]
        raise ValueError(
            f"{name} contains {found} as the weight of edge {edge}; expected finite "
            "weights."
        ) from error


def looks_symmetric(values, mirrored):
    """Return whether weights equal their mirror images too well to be there by chance.

    Equal weights are symmetric in any arrangement, and so they prove nothing. Neither
    do weights whose spread is as small as the rounding of their size.
    """
    gap, tolerance, spread = measure_asymmetry(values, mirrored)
    return spread > 0 and gap <= min(tolerance, _NOTABLE * spread)


def measure_asymmetry(values, mirrored):
    """Compare weights with their mirror images, whatever their origin and unit.

    Returns half the largest difference, half the difference that is forgiven, and half
    the spread of the weights: halves of finite numbers do not overflow.
    """
    low = float(min(values.min(initial=np.inf), mirrored.min(initial=np.inf))) / 2
    high = float(max(values.max(initial=-np.inf), mirrored.max(initial=-np.inf))) / 2
    with np.errstate(over="ignore"):
        difference = values - mirrored
    gap = float(max(difference.max(initial=0), -difference.min(initial=0))) / 2
    spread, size = high - low, max(-low, high)
    tolerance = max(SYMMETRY * spread, _ROUNDING * np.finfo(values.dtype).eps * size)
    if gap > tolerance and _are_single(values) and _are_single(mirrored):
        rounding = _ROUNDING * float(np.finfo(np.float32).eps) * size
        tolerance = max(tolerance, min(rounding, _NOTABLE * spread))
    return gap, tolerance, spread


def _are_single(values):
    """Return whether float32 holds all numbers exactly, as if they came from there."""
    with np.errstate(over="ignore", under="ignore"):
        return np.array_equal(values.astype(np.float32), values)
