"""Checks of the samples and labels that are given to a test."""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import pdist, squareform
from sklearn.utils import check_array, check_consistent_length, column_or_1d
from sklearn.utils.multiclass import check_classification_targets

from sktopo._utils.parameters import check_option
from sktopo._utils.samples import FLOATS, SYMMETRY
from sktopo.barcodes import BarcodeLayout, count_nodes
from sktopo.barcodes._layout import check_homology_dimensions


def check_study(X, y, metric, homology_dimensions):
    """Validate samples and labels, the arguments of a test.

    Returns the distances between samples, a new array (n_samples, n_samples), and
    the number of the group of each sample, (n_samples,).
    """
    check_option("metric", metric, ("euclidean", "precomputed"))
    check_homology_dimensions(homology_dimensions)
    X = check_array(X, dtype=FLOATS, input_name="X")
    y = column_or_1d(y)
    check_consistent_length(X, y)
    check_classification_targets(y)
    groups = _number_groups(y)
    if metric == "euclidean":
        return squareform(pdist(_choose_columns(X, homology_dimensions))), groups
    if set(homology_dimensions) != {0, 1}:
        raise ValueError(
            f"homology_dimensions={homology_dimensions!r} needs Wasserstein rows; for "
            "metric='precomputed' compute distances of births or deaths alone."
        )
    return _check_distances(X), groups


def _number_groups(y):
    """Assign numbers to the groups by ascending size; their names do not matter."""
    names, groups, sizes = np.unique(y, return_inverse=True, return_counts=True)
    if len(names) < 2 or sizes.max() < 2:
        raise ValueError(
            f"y has {len(names)} group(s), the largest of {sizes.max()} sample(s); "
            "expected at least two groups, one of them of two samples or more."
        )
    number = np.empty(len(names), dtype=np.intp)
    number[np.argsort(sizes, kind="stable")] = np.arange(len(names))
    return number[groups]


def _choose_columns(X, homology_dimensions):
    """Return the columns of births or deaths, or all columns, of Wasserstein rows."""
    if set(homology_dimensions) == {0, 1}:
        return X
    n_nodes = count_nodes(X.shape[1])
    if X.shape[1] != n_nodes * (n_nodes - 1) // 2:
        raise ValueError(
            f"Rows of {X.shape[1]} numbers are not the births and deaths of complete "
            "graphs; choose homology_dimensions in GraphPersistence instead."
        )
    parts = BarcodeLayout(X.shape[1]).split(X)
    for kind, part in parts.items():
        falls = (part[:, 1:] < part[:, :-1]).any(axis=1)
        if falls.any():
            raise ValueError(
                f"Row {falls.argmax()} is not a row of births and deaths: its {kind}s "
                "do not ascend. Choose homology_dimensions in GraphPersistence instead."
            )
    return parts["birth" if 0 in homology_dimensions else "death"]


def _check_distances(X):
    """Validate distances, and return a copy that is exactly symmetric."""
    if X.shape[0] != X.shape[1]:
        raise ValueError(
            f"X of shape {X.shape} is not square; expected the distances between all "
            "samples, or metric='euclidean' for Wasserstein rows."
        )
    gaps = {
        "is not symmetric": np.abs(X - X.T),
        "has a diagonal other than 0": np.abs(np.diag(X.diagonal())),
        "has negative numbers": -X,
    }
    for fault, gap in gaps.items():
        if gap.max() > SYMMETRY * np.abs(X).max():
            i, j = np.unravel_index(gap.argmax(), gap.shape)
            raise ValueError(
                f"X {fault}, by up to {gap.max():.3g} at samples {i} and {j}; expected "
                "distances between all samples."
            )
    distances = np.maximum(X + X.T.astype(np.float64), 0) / 2
    np.fill_diagonal(distances, 0)
    return distances
