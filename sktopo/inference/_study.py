"""Checks of the samples and labels that are given to a test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sktopo._utils.geometry import precise_squares
from sktopo._utils.labels import check_labels
from sktopo._utils.matrices import SYMMETRY
from sktopo._utils.parameters import check_option
from sktopo._utils.samples import read_rows
from sktopo.barcodes import count_nodes, split_barcodes
from sktopo.barcodes._layout import check_ascending, check_homology_dimensions
from sktopo.inference._freedman_lane import center, read_covariates

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

# Weights in the order of their edges do not ascend as often as this by chance.
_MANY_STEPS = 20


@dataclass(frozen=True, eq=False)
class Study:
    """Samples and groups of a test, in a unit of their own that keeps all digits.

    Parameters
    ----------
    distances : ndarray of shape (n_samples, n_samples)
        Distances, none much larger than 1.

    rows : ndarray of shape (n_samples, n_features) or None
        Rows with these Euclidean distances, if rows were given.

    labels : ndarray of shape (n_samples,)
        The labels as they were given.

    precision : float
        The rounding error of the numbers that were given, relative to their size.

    groups : ndarray of shape (n_samples,) or None
        The number of the group of each sample within which, or as a whole, labels are
        exchanged.

    covariates : ndarray of shape (n_samples, n_covariates) or None
        Centred columns.
    """

    distances: NDArray[np.float64]
    rows: NDArray[np.float64] | None
    labels: NDArray[Any]
    precision: float
    groups: NDArray[np.intp] | None = None
    covariates: NDArray[np.float64] | None = None

    def choose(self, samples):
        """Return the study of the given samples alone."""
        return Study(
            self.distances[np.ix_(samples, samples)],
            None if self.rows is None else self.rows[samples],
            self.labels[samples],
            self.precision,
            None if self.groups is None else self.groups[samples],
            None if self.covariates is None else center(self.covariates[samples]),
        )


def check_study(X, y, metric, homology_dimensions, groups=None, covariates=None):
    """Validate samples and labels, the arguments of a test, and return a study."""
    check_option("metric", metric, ("euclidean", "precomputed"))
    check_homology_dimensions(homology_dimensions)
    X = read_rows(X, "X")
    labels = check_labels(y, len(X), discrete=True)
    number_groups(labels)
    groups = read_groups(groups, len(X))
    if covariates is not None:
        covariates = read_covariates(covariates, len(X))
    precision = float(np.finfo(X.dtype).eps)
    design = (labels, precision, groups, covariates)
    if metric == "euclidean":
        rows = _scale_rows(_choose_columns(X, homology_dimensions))
        return Study(np.sqrt(precise_squares(rows)), rows, *design)
    if set(homology_dimensions) != {0, 1}:
        raise ValueError(
            f"homology_dimensions={homology_dimensions!r} needs Wasserstein rows; for "
            "metric='precomputed' compute distances of births or deaths alone."
        )
    return Study(_check_distances(X), None, *design)


def read_groups(groups, n_samples, name="groups"):
    """Validate groups of samples, and return their numbers.

    Returns None if all samples are in one group or each is in its own, where groups
    change nothing.
    """
    if groups is None:
        return None
    labels = check_labels(groups, n_samples, name)
    names, numbers = np.unique(labels, return_inverse=True)
    return None if len(names) in (1, n_samples) else numbers


def refuse_barcodes(rows, name):
    """Raise a ValueError if connectome rows are evidently births and deaths."""
    births, deaths = split_barcodes(rows)
    if not deaths.shape[1] or (births[:, -1] < deaths[:, -1]).any():
        return
    steps = np.hstack([np.diff(births, axis=1), np.diff(deaths, axis=1)])
    if (steps >= 0).all() and np.count_nonzero(steps) >= _MANY_STEPS:
        raise ValueError(
            f"{name} look like births and deaths, which ascend in every row; expected "
            "connectome rows, such as GraphPersistence takes and FunctionalConnectome "
            "returns."
        )


def find_exponent(size):
    """Return the exponent of the power of two next to a size."""
    return int(np.frexp(np.float64(size))[1])


def number_groups(labels):
    """Assign numbers to the groups by ascending size; their names do not matter."""
    names, groups, sizes = np.unique(labels, return_inverse=True, return_counts=True)
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
    births, deaths = split_barcodes(check_ascending(X))
    return births if 0 in homology_dimensions else deaths


def _scale_rows(X):
    """Bring rows to a unit in which they differ by about 1; their digits stay.

    Columns of equal numbers are left out. They could be too large for this unit.
    """
    low, high = X.min(axis=0, initial=np.inf), X.max(axis=0, initial=-np.inf)
    varied = low < high
    # Halves, because the difference of the largest numbers would overflow.
    spread = (high[varied] / 2 - low[varied] / 2).max(initial=0)
    if not varied.all():
        X = X[:, varied]
    return np.ldexp(X, -find_exponent(spread), dtype=np.float64)


def _check_distances(X):
    """Validate distances, and return them in another unit and exactly symmetric."""
    if X.shape[0] != X.shape[1]:
        raise ValueError(
            f"X of shape {X.shape} is not square; expected the distances between all "
            "samples, or metric='euclidean' for Wasserstein rows."
        )
    exponent = find_exponent(np.abs(X).max())
    distances = np.ldexp(X, -exponent, dtype=np.float64)
    gaps = {
        "is not symmetric": np.abs(distances - distances.T),
        "has a diagonal other than 0": np.abs(np.diag(distances.diagonal())),
        "has negative numbers": -distances,
    }
    for fault, gap in gaps.items():
        if gap.max() > SYMMETRY:
            i, j = np.unravel_index(gap.argmax(), gap.shape)
            raise ValueError(
                f"X {fault}, by up to {np.ldexp(gap.max(), exponent):.3g} at samples "
                f"{i} and {j}; expected distances between all samples."
            )
    distances = np.maximum(distances + distances.T, 0) / 2
    np.fill_diagonal(distances, 0)
    return distances
