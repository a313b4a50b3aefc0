"""Blocks of columns of Wasserstein rows: where they lie, and what sets groups apart."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.spatial.distance import cdist
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from sktopo._utils.geometry import find_unit, subtract
from sktopo._utils.parameters import check_integer
from sktopo.barcodes._decomposition import split_squared_distances

# The block of a profile of all nodes.
_WHOLE = "all"
# How many rounding errors of the numbers are forgiven in barycenters that agree.
_FORGIVEN = 64


def check_slices(slices, n_columns):
    """Validate the columns of profiles, a dict of slices by name."""
    if not isinstance(slices, Mapping) or not slices:
        raise ValueError(
            "slices must be a dict of slices of columns by the name of a profile, such "
            f"as GraphProfiles().profile_slices_, got {slices!r:.80}."
        )
    for name, columns in slices.items():
        is_right = isinstance(name, str) and isinstance(columns, slice)
        try:
            n_chosen = len(range(n_columns)[columns]) if is_right else 0
        except (TypeError, ValueError):  # slice("a"), slice(0, 1, 0)
            n_chosen = 0
        if not n_chosen:
            raise ValueError(
                f"slices has {columns!r:.80} for {name!r:.80}; expected the name of a "
                f"profile, and a slice of the {n_columns} columns of X that chooses at "
                "least one."
            )


def split_name(name):
    """Split the name of a slice into profile and block: "births[relu1]", "births"."""
    profile, _, block = name.partition("[")
    return profile, block.removesuffix("]") if block else _WHOLE


def check_names(slices):
    """Raise a ValueError if two slices are of the same profile and block."""
    names = {}
    for name in slices:
        other = names.setdefault(split_name(name), name)
        if other != name:
            raise ValueError(
                f"{other!r} and {name!r} would have the same profile and block in the "
                f"table, because {_WHOLE!r} is the block of all nodes; rename the "
                "group of nodes."
            )


def bring_to_unit(rows, caller):
    """Subtract a number from rows, and divide them by one: float64, in [-2, 2]."""
    origin = rows[0, 0]
    return subtract(rows, origin, find_unit(rows, origin, caller))


def embed_rows(rows):
    """Return points with the distances of rows, (n_samples, at most n_samples)."""
    points = rows - rows[0]
    # Rows that hardly differ would have squares near 0.
    size = np.abs(points).max()
    points /= 2.0 ** np.frexp(size)[1]
    if points.shape[1] > len(points):
        return np.linalg.qr(points.T, mode="r").T
    return points


def split_between(rows, groups, precision):
    """Split the sum of squares between groups into level, scale and shape.

    The sum of squares between groups is the sum over pairs of groups g and h of
    ``n_g n_h / n`` times the squared distance of their barycenters.

    Parameters
    ----------
    rows : ndarray of shape (n_samples, n_columns)
        The rows of one profile, from `bring_to_unit`.

    groups : ndarray of shape (n_samples,)
        The group of each sample, 0 to n_groups - 1.

    precision : float
        The rounding error of the numbers that were given, relative to their size.

    Returns
    -------
    shares : ndarray of shape (3,)
        Shares of the sum; NaN if the barycenters agree.
    """
    sizes = np.bincount(groups)
    means = np.stack([rows[groups == k].mean(axis=0) for k in range(len(sizes))])
    first, second = np.triu_indices(len(sizes), 1)
    parts = np.stack(split_squared_distances(means[first], means[second]))
    sums = parts @ (sizes[first] * sizes[second] / len(groups))
    gaps = rows - rows.mean(axis=0)
    rounding = (_FORGIVEN * precision) ** 2 * np.vdot(gaps, gaps)
    if sums.sum() <= rounding:
        return np.full(3, np.nan)
    return sums / sums.sum()


def list_folds(labels, cv, strata=None):
    """List the stratified folds: indices of training and of test samples.

    Samples of one stratum are in one fold.
    """
    check_integer("cv", cv, 2)
    names, sizes = np.unique(labels, return_counts=True)
    if sizes.min() < cv:
        raise ValueError(
            f"cv={cv} needs {cv} samples in each group, but group "
            f"{names[sizes.argmin()]!s} of y has {sizes.min()}; give a smaller cv, or "
            "leave out the group."
        )
    X = np.zeros(len(labels))
    if strata is None:
        return list(StratifiedKFold(cv).split(X, labels))
    folds = []
    if strata.max() + 1 >= cv:
        folds = list(StratifiedGroupKFold(cv).split(X, labels, strata))
    learnt = [len(np.unique(labels[train])) for train, _ in folds]
    if min(learnt, default=0) < len(names):
        raise ValueError(
            f"cv={cv} folds that keep the {strata.max() + 1} sample_groups together "
            "leave some groups of y without samples to learn from; give a smaller cv."
        )
    return folds


def classify(points, groups, folds):
    """Put samples into the group of the nearest barycenter; return the accuracy.

    Parameters
    ----------
    points : ndarray of shape (n_samples, n_columns)
        Rows, or points with their distances.

    groups : ndarray of shape (n_samples,)
        The group of each sample, 0 to n_groups - 1.

    folds : list of tuple of ndarray
        Indices of training and of test samples.

    Returns
    -------
    accuracy : float
        The mean over groups of the share of samples that are found.
    """
    predicted = np.empty_like(groups)
    for train, test in folds:
        barycenters = [
            points[train[groups[train] == k]].mean(axis=0) for k in np.unique(groups)
        ]
        distances = cdist(points[test], barycenters, "sqeuclidean")
        predicted[test] = distances.argmin(axis=1)
    shares = np.bincount(groups, predicted == groups) / np.bincount(groups)
    return float(shares.mean())
