"""What the displays share: axes, colours, groups, and what they take in."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial.distance import squareform
from sklearn.utils import check_array, check_consistent_length, column_or_1d
from sklearn.utils.validation import check_is_fitted

from sktopo._utils.nodes import check_node_names
from sktopo._utils.optional import import_optional
from sktopo._utils.samples import FLOATS, is_stack, upper_triangle
from sktopo.barcodes import count_nodes
from sktopo.barcodes._layout import count_absent

if TYPE_CHECKING:
    from typing import Any

    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike, NDArray
    from sklearn.base import BaseEstimator

    from sktopo._typing import BoolArray, FloatArray, Samples

# Okabe and Ito; yellow and black come last.
COLORS = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#CC79A7",
    "#D55E00",
    "#56B4E9",
    "#F0E442",
    "#000000",
)
# On these, white is easier to read than black.
DARK = ("#0072B2", "#D55E00", "#000000")
LINES = ("-", "--", "-.", ":")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")


def get_axes(
    ax: Any, n_panels: int, display: object, *, height: float = 4.2
) -> tuple[Figure, Any]:
    """Return a figure and its axes, an array: those given, or new ones."""
    if ax is None:
        pyplot = import_optional(
            "matplotlib.pyplot", extra="plot", purpose=type(display).__name__
        )
        figure, axes = pyplot.subplots(
            1,
            n_panels,
            figsize=(5.2 * n_panels, height),
            squeeze=False,
            layout="compressed",
        )
        return figure, axes[0]
    axes = np.atleast_1d(np.asarray(ax, dtype=object)).ravel()
    if len(axes) != n_panels:
        raise ValueError(
            f"Got {len(axes)} axes for {n_panels} panels; give "
            f"plt.subplots(1, {n_panels})[1], or None."
        )
    return axes[0].figure, axes


def split_groups(
    y: ArrayLike | None, n_samples: int
) -> list[tuple[str | None, BoolArray]]:
    """List the groups of samples: names and masks; a nameless one if y is None."""
    if y is None:
        return [(None, np.ones(n_samples, dtype=bool))]
    y = column_or_1d(y)
    check_consistent_length(y, np.empty(n_samples))
    return [(str(value), y == value) for value in np.unique(y)]


def split_steps(estimator: Any) -> tuple[Any, Any]:
    """Split a pipeline into all steps but the last, None if there are none, and it."""
    if not hasattr(estimator, "steps"):
        return None, estimator
    return (estimator[:-1] if len(estimator) > 1 else None), estimator[-1]


def find_node_names(estimator: BaseEstimator) -> NDArray[np.object_] | None:
    """Find the names of the units that a fitted connectome estimator relates."""
    head, last = split_steps(estimator)
    if hasattr(head, "get_feature_names_out"):
        return head.get_feature_names_out()
    return getattr(last, "feature_names_in_", None)


def mean_connectome(
    connectomes: ArrayLike, node_names: ArrayLike | None
) -> tuple[FloatArray, NDArray[np.object_], int]:
    """Average connectomes: a row, the names of nodes, how many there are.

    Takes rows, one row, one matrix, or a stack of matrices.
    """
    if is_stack(connectomes):
        matrices = check_array(connectomes, dtype=FLOATS, allow_nd=True)
        rows = [upper_triangle(m, f"Matrix {k}") for k, m in enumerate(matrices)]
    else:
        rows = np.atleast_2d(check_array(connectomes, dtype=FLOATS, ensure_2d=False))
        if len(rows) == rows.shape[1] > 1 and np.allclose(rows, rows.T):
            rows = squareform(rows, checks=False)[None]
    row = np.mean(rows, axis=0)
    if count_absent(len(row)):
        raise ValueError(
            f"Rows of {len(row)} edges are no upper triangle, n(n-1)/2; give "
            "connectome rows or symmetric matrices."
        )
    return row, check_node_names(node_names, count_nodes(len(row))), len(rows)


def births_and_deaths(estimator: BaseEstimator, X: Samples) -> list[FloatArray | None]:
    """Compute births and deaths in units of the edge weights; None for those not kept.

    The estimator is a fitted GraphPersistence, or a pipeline that ends in one.
    """
    _, persistence = split_steps(estimator)
    if not hasattr(persistence, "topology_weight"):
        raise TypeError(
            f"Got a {type(persistence).__name__}; expected a fitted GraphPersistence, "
            "or a Pipeline that ends in one, such as pipeline[:-1]."
        )
    check_is_fitted(persistence)
    rows = np.asarray(estimator.transform(X))
    weight = persistence.topology_weight
    if weight == 0:
        raise ValueError("topology_weight=0 keeps no births and deaths to draw.")
    first = persistence.n_features_in_ if weight < 1 else 0
    names = persistence.get_feature_names_out()[first:]
    parts: list[FloatArray | None] = []
    for kind in ("birth", "death"):
        columns = np.array([name.startswith(kind) for name in names])
        part = rows[:, first:][:, columns]
        scale = sqrt(weight / (max(part.shape[1], 1) if persistence.normalize else 1))
        parts.append(part / scale if columns.any() else None)
    return parts
