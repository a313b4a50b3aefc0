"""The plane that keeps most of the Wasserstein variance of rows."""

import numpy as np
from sklearn.decomposition import PCA

from sktopo.plotting._axes import fit_labels, measure_axes
from sktopo.plotting._inputs import check_weights

# Axes of a shorter side, in inches, do not hold the full names of components.
_SMALL = 2.8


def check_rows(rows):
    """Validate Wasserstein rows that are projected: at least two, of two columns."""
    rows = check_weights(rows, "rows")
    if len(rows) < 2 or rows.shape[1] < 2:
        raise ValueError(
            f"Got rows of shape {rows.shape}; a plane needs at least two rows and two "
            "columns."
        )
    return rows


def project_rows(rows, others=None):
    """Project rows to the plane of their first two principal components.

    Euclidean distances between Wasserstein rows are Wasserstein distances, so this is
    their classical multidimensional scaling.

    Parameters
    ----------
    rows : ndarray of shape (n_samples, n_features)
        Rows, which decide on the plane.

    others : array-like of shape (n_others, n_features), default=None
        More rows to project, such as barycenters.

    Returns
    -------
    points : ndarray of shape (n_samples, 2)
        The rows in the plane, in their unit.

    other_points : ndarray of shape (n_others, 2) or None
        The others.

    variance_ratio : ndarray of shape (2,)
        Share of the variance of the rows along each axis.
    """
    # A common origin and size first: squares of the rows may leave their range.
    origin = rows[0].astype(np.float64)
    size = np.abs(rows - origin).max()
    if not size:
        raise ValueError("All rows are the same, so there is no plane to draw.")
    # The full solver: for wide rows the others start from random numbers.
    pca = PCA(2, svd_solver="full").fit((rows - origin) / size)
    points, other_points = (
        part
        if part is None
        else size * pca.transform((np.asarray(part) - origin) / size)
        for part in (rows, others)
    )
    return points, other_points, pca.explained_variance_ratio_


def name_components(variance_ratio):
    """Name the axes of the plane, with their shares of the variance."""
    return [
        f"principal component {k} ({100 * ratio:.0f} % of variance)"
        for k, ratio in enumerate(variance_ratio, start=1)
    ]


def label_plane(ax, names):
    """Write the names of components at the axes, without some words if they are small.

    "principal component 1 (93 % of variance)" becomes "component 1 (93 %)".
    """
    if min(measure_axes(ax)) < _SMALL:
        names = [
            name.replace("principal ", "").replace(" of variance", "") for name in names
        ]
    ax.set(xlabel=names[0], ylabel=names[1])
    fit_labels(ax)


def frame_plane(ax, points):
    """Make axes square, with limits around all points and one scale in all directions.

    Distances then mean the same in all directions, and ticks are known before a layout.
    """
    center = (points.min(axis=0) + points.max(axis=0)) / 2
    half = 0.55 * np.ptp(points, axis=0).max()
    ax.set(xlim=(center[0] - half, center[0] + half))
    ax.set(ylim=(center[1] - half, center[1] + half), aspect="equal")
