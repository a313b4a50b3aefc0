"""Symmetric matrices, and the connectome rows that hold their upper triangles."""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import squareform

from sktopo._utils.finite import check_finite_weights
from sktopo._utils.samples import ANY_SHAPE, read_array

# The largest asymmetry accepted, as a share of the spread of the weights.
SYMMETRY = 1e-6
# Mirrored numbers may also differ by rounding, by so many times eps of their size.
_ROUNDING = 4
# Numbers with so many digits at most are taken for rounded ones. MATLAB's csvwrite
# writes five; seven and more are within SYMMETRY.
_MOST_DIGITS = 6
# Differences above this share of the spread are not taken for rounding without proof.
_NOTABLE = 0.01


def read_matrix(matrix, name, nodes=None):
    """Return the connectome row of a symmetric matrix as users give it.

    `name` names the matrix in errors, `nodes` its nodes.
    """
    if nodes is None and hasattr(matrix, "columns"):
        nodes = list(matrix.columns)
    matrix = read_array(matrix, name, "a matrix of numbers", **ANY_SHAPE)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or len(matrix) < 2:
        raise ValueError(
            f"{name} has shape {matrix.shape}; expected rows (n_samples, n_edges), or "
            "symmetric matrices (n_samples, n_nodes, n_nodes) of two nodes or more."
        )
    return upper_triangle(matrix, name, nodes)


def upper_triangle(matrix, name, nodes=None):
    """Return the connectome row of a symmetric matrix, whose diagonal is ignored.

    `name` names the matrix in errors, `nodes` its nodes.
    """
    row = squareform(matrix, checks=False)
    mirrored = squareform(matrix.T, checks=False)
    for part in (row, mirrored):
        check_finite_weights(part, name, nodes)
    gap, tolerance, spread = measure_asymmetry(row, mirrored)
    if gap <= SYMMETRY * spread:
        return row
    if gap <= tolerance:  # the mean is the same in any order of the nodes
        return np.where(row == mirrored, row, row / 2 + mirrored / 2)
    if not (row.any() and mirrored.any()):
        side = "below" if row.any() else "above"
        raise ValueError(
            f"{name} has only zeros {side} its diagonal and is not symmetric. If it "
            "holds one triangle of a symmetric matrix A, give A + A.T, or "
            "sktopo.connectomes.connectome_rows(X)."
        )
    raise ValueError(
        f"{name} is not symmetric: entries differ from their mirror image by up to "
        f"{2 * gap:.3g}. A connectome relates pairs without direction; symmetrise it "
        "first, e.g. (A + A.T) / 2."
    )


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
    if gap > tolerance:
        unit = min(find_last_digit(values), find_last_digit(mirrored))
        # The half of one unit and a half: between one unit and two.
        tolerance = max(tolerance, min(0.75 * unit, _NOTABLE * spread))
    return gap, tolerance, spread


def find_last_digit(values):
    """Return the unit of the last decimal digit that the largest of the numbers holds.

    It is 0 if the numbers have more than `_MOST_DIGITS` significant digits. Matrices
    that are symmetric but for rounding, as in float32, differ from their mirror images
    by one such unit here and there once they are written with few digits.
    """
    sizes = np.abs(values[values != 0], dtype=np.float64)
    if not sizes.size or not np.isfinite(sizes).all():
        return 0.0
    places = np.floor(np.log10(sizes))
    # Of the numbers as they are stored, and of their scaling.
    eps = float(np.finfo(values.dtype).eps + 4 * np.finfo(np.float64).eps)
    for n_digits in range(1, _MOST_DIGITS + 1):
        largest = 10.0**n_digits
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            scaled = sizes / 10.0 ** (places - n_digits + 1)
            rounding = np.abs(scaled - np.rint(scaled)).max()
        if rounding <= eps * largest < 0.2:
            return float(10.0 ** (places.max() - n_digits + 1))
    return 0.0


def _are_single(values):
    """Return whether float32 holds all numbers exactly, as if they came from there."""
    with np.errstate(over="ignore", under="ignore"):
        return np.array_equal(values.astype(np.float32), values)
