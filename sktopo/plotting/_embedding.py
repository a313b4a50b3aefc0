"""Networks as points in a plane, with the barycenters of their groups."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from sklearn.decomposition import PCA
from sklearn.utils import check_array

from sktopo._utils.samples import FLOATS
from sktopo.plotting._axes import get_axes
from sktopo.plotting._groups import split_groups
from sktopo.plotting._inputs import split_steps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike
    from sklearn.base import BaseEstimator

    from sktopo._typing import FloatArray, ManyAxes, Samples


@dataclass(repr=False, eq=False)
class EmbeddingDisplay:
    """Networks as points in the plane that keeps most of their Wasserstein variance.

    The Euclidean distance between Wasserstein rows is the Wasserstein distance, so
    their first two principal components are its classical multidimensional scaling.

    Use :meth:`from_estimator` or :meth:`from_rows` to make one.

    Parameters
    ----------
    points : ndarray of shape (n_samples, 2)
        Coordinates, in units of the Wasserstein distance.

    variance_ratio : ndarray of shape (2,)
        Share of the variance along each axis.

    barycenters : ndarray of shape (n_barycenters, 2)
        Coordinates of the barycenters.

    y : array-like of shape (n_samples,), default=None
        The group of each sample, such as a label or a cluster. If None, they are one
        group.

    barycenter_names : list of str, default=None
        Names to write beside the barycenters. If None, nothing is written.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes.

    figure_ : matplotlib Figure
        The figure.

    points_ : list of matplotlib PathCollection
        The points of each group.

    barycenters_ : matplotlib PathCollection
        The barycenters.

    texts_ : list of matplotlib Annotation
        The names of the barycenters.

    Examples
    --------
    >>> from sktopo.plotting import EmbeddingDisplay
    >>> display = EmbeddingDisplay.from_rows([[0, 0, 0], [3, 0, 0], [0, 1, 0]])
    >>> display.ax_.get_xlabel()
    'principal component 1 (93 % of variance)'
    """

    points: FloatArray
    _: KW_ONLY
    variance_ratio: FloatArray
    barycenters: FloatArray
    y: ArrayLike | None = None
    barycenter_names: Sequence[str] | None = None

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        X: Samples,
        *,
        y: ArrayLike | None = None,
        ax: ManyAxes = None,
    ) -> Self:
        """Draw the samples of a clustering and its barycenters.

        Parameters
        ----------
        estimator : TopClusterer or Pipeline
            Fitted; in a pipeline all steps but the last compute Wasserstein rows.

        X : array-like or sequence
            What the estimator takes.

        y : array-like of shape (n_samples,), default=None
            Groups, such as the training strategy. If None, the clusters that the
            estimator predicts.

        ax : matplotlib Axes, default=None
            See `plot`.

        Returns
        -------
        display : EmbeddingDisplay
            What was drawn.

        Raises
        ------
        ValueError
            If there are fewer than two samples, or all rows are the same.
        """
        first_steps, clusterer = split_steps(estimator)
        rows = X if first_steps is None else first_steps.transform(X)
        if y is None:
            y = [f"cluster {label}" for label in clusterer.predict(rows)]
        return cls._embed(rows, y, clusterer.cluster_centers_).plot(ax=ax)

    @classmethod
    def from_rows(
        cls, rows: ArrayLike, *, y: ArrayLike | None = None, ax: ManyAxes = None
    ) -> Self:
        """Draw Wasserstein rows, and the barycenters of their groups.

        Parameters
        ----------
        rows : array-like of shape (n_samples, n_features)
            Rows whose Euclidean distance is the Wasserstein distance, as
            :class:`~sktopo.GraphPersistence` and
            :func:`~sktopo.barcodes.scale_barcodes` return them.

        y : array-like of shape (n_samples,), default=None
            Groups. If None, they are one group.

        ax : matplotlib Axes, default=None
            See `plot`.

        Returns
        -------
        display : EmbeddingDisplay
            What was drawn.

        Raises
        ------
        ValueError
            If there are fewer than two rows or columns, or all rows are the same.
        """
        return cls._embed(rows, y).plot(ax=ax)

    @classmethod
    def _embed(cls, rows, y, barycenters=None):
        """Make a display of rows and of barycenters, by default of the groups in y."""
        rows = check_array(
            rows, dtype=FLOATS, ensure_min_samples=2, ensure_min_features=2
        )
        if not np.ptp(rows, axis=0).any():
            raise ValueError("All rows are the same, so there is no plane to draw.")
        names = None
        if barycenters is None:
            groups = split_groups(y, len(rows))
            barycenters = [rows[group.members].mean(axis=0) for group in groups]
        else:
            names = [str(k) for k in range(len(barycenters))]
        # The full solver: for wide rows the others start from random numbers.
        pca = PCA(2, svd_solver="full").fit(rows)
        return cls(
            pca.transform(rows),
            variance_ratio=pca.explained_variance_ratio_,
            barycenters=pca.transform(barycenters),
            y=y,
            barycenter_names=names,
        )

    def plot(self, ax: ManyAxes = None) -> Self:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; a new figure if None.

        Returns
        -------
        display : EmbeddingDisplay
            Itself.
        """
        self.figure_, (self.ax_,) = get_axes(self, ax)
        self.points_ = []
        for group in split_groups(self.y, len(self.points)):
            style = {"color": group.color, "marker": group.marker, "label": group.name}
            x, y = self.points[group.members].T
            points = self.ax_.scatter(x, y, s=32, alpha=0.75, linewidths=0, **style)
            self.points_.append(points)
        self._draw_barycenters()
        names = [
            f"principal component {k} ({100 * ratio:.0f} % of variance)"
            for k, ratio in enumerate(self.variance_ratio, start=1)
        ]
        self.ax_.set(xlabel=names[0], ylabel=names[1])
        # Distances mean the same in all directions.
        self.ax_.set_aspect("equal", adjustable="datalim")
        self.ax_.legend(frameon=False)
        return self

    def _draw_barycenters(self):
        """Draw a star at each barycenter, with its name if there are names."""
        star = {"marker": "*", "color": "black", "edgecolors": "white"}
        self.barycenters_ = self.ax_.scatter(
            *self.barycenters.T, s=220, **star, label="barycenter"
        )
        box = {"boxstyle": "round,pad=0.1", "fc": "white", "ec": "none"}
        style = {"xytext": (9, 9), "textcoords": "offset points", "weight": "bold"}
        places = zip(self.barycenter_names or [], self.barycenters, strict=False)
        self.texts_ = [
            self.ax_.annotate(name, place, **style, bbox=box) for name, place in places
        ]
