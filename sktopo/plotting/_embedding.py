"""Networks as points in a plane, with the barycenters of their groups."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from sklearn.decomposition import PCA

from sktopo.plotting._axes import PLAIN_TEXT, add_legend, get_axes, shorten
from sktopo.plotting._display import Display, count
from sktopo.plotting._groups import number_names, split_groups
from sktopo.plotting._inputs import (
    check_before_computing,
    check_fitted,
    check_weights,
    split_steps,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike
    from sklearn.base import BaseEstimator

    from sktopo._typing import FloatArray, ManyAxes, Samples

_EXPECTED = "a fitted TopClusterer, or a Pipeline that ends in one"


@dataclass(repr=False, eq=False)
class EmbeddingDisplay(Display):
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

    def __post_init__(self) -> None:
        for name in ("points", "barycenters"):
            places = check_weights(getattr(self, name), name)
            if places.shape[1] != 2:
                raise ValueError(
                    f"The shape of the {name} is {places.shape}; expected 2 columns."
                )
            setattr(self, name, places)

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
        TypeError
            If the last step cannot predict clusters, or has no barycenters.

        ValueError
            If it is not fitted, there are fewer than two samples, all rows are the
            same, or a label is missing.
        """
        first_steps, clusterer = split_steps(estimator)
        is_clusterer = hasattr(clusterer, "predict") and not isinstance(clusterer, type)
        check_fitted(clusterer, is_clusterer, _EXPECTED)
        if not hasattr(clusterer, "cluster_centers_"):
            name = type(clusterer).__name__
            raise TypeError(f"A {name} has no barycenters; expected {_EXPECTED}.")
        check_before_computing(cls, ax, X, y=y)
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
            If there are fewer than two rows or columns, all rows are the same, or a
            label is missing.
        """
        return cls._embed(rows, y).plot(ax=ax)

    @classmethod
    def _embed(cls, rows, y, barycenters=None):
        """Make a display of rows and of barycenters, by default of the groups in y."""
        rows = check_weights(rows, "rows")
        if len(rows) < 2 or rows.shape[1] < 2:
            raise ValueError(
                f"Got rows of shape {rows.shape}; a plane needs at least two rows and "
                "two columns."
            )
        names = None
        if barycenters is None:
            groups = split_groups(y, len(rows))
            barycenters = [rows[group.members].mean(axis=0) for group in groups]
        else:
            names = [str(k) for k in range(len(barycenters))]
        if np.shape(barycenters)[1] != rows.shape[1]:
            raise ValueError(
                f"The rows have {rows.shape[1]} columns, but the clusterer was fitted "
                f"on rows of {np.shape(barycenters)[1]}."
            )
        # A common origin and size first: squares of the rows may leave their range.
        origin = rows[0].astype(np.float64)
        size = np.abs(rows - origin).max()
        if not size:
            raise ValueError("All rows are the same, so there is no plane to draw.")
        # The full solver: for wide rows the others start from random numbers.
        pca = PCA(2, svd_solver="full").fit((rows - origin) / size)
        return cls(
            size * pca.transform((rows - origin) / size),
            variance_ratio=pca.explained_variance_ratio_,
            barycenters=size * pca.transform((barycenters - origin) / size),
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
        groups = split_groups(self.y, len(self.points))
        self.figure_, (self.ax_,) = get_axes(self, ax, n_names=len(groups))
        self.points_ = [
            self.ax_.scatter(
                *self.points[group.members].T,
                s=32,
                alpha=0.75,
                label=group.name,
                **group.points,
            )
            for group in groups
        ]
        self._draw_barycenters()
        titles = [
            f"principal component {k} ({100 * ratio:.0f} % of variance)"
            for k, ratio in enumerate(self.variance_ratio, start=1)
        ]
        self.ax_.set(xlabel=titles[0], ylabel=titles[1])
        # Distances mean the same in all directions.
        self.ax_.set_aspect("equal", adjustable="datalim")
        named = [] if self.y is None else self.points_
        names = [group.name for group in groups[: len(named)]]
        handles = [*named, self.barycenters_]
        add_legend(self.ax_, handles, [*names, "barycenter"])
        return self

    def _draw_barycenters(self):
        """Draw an open star at each barycenter, with its name if there are names.

        Nothing is filled, so that the points behind can be seen.
        """
        from matplotlib.patheffects import withStroke  # noqa: PLC0415

        star = {"marker": "*", "facecolors": "none", "edgecolors": "black"}
        self.barycenters_ = self.ax_.scatter(
            *self.barycenters.T, s=240, linewidths=1.4, **star, label="barycenter"
        )
        style = {"xytext": (9, 9), "textcoords": "offset points", "weight": "bold"}
        style["path_effects"] = [withStroke(linewidth=2, foreground="white")]
        places = zip(self.barycenter_names or [], self.barycenters, strict=False)
        self.texts_ = [
            self.ax_.annotate(shorten(name), place, **style, **PLAIN_TEXT)
            for name, place in places
        ]

    def _describe(self):
        """Count what is drawn."""
        text = count(len(self.points), "sample")
        if self.y is not None:
            names, _ = number_names(self.y, len(self.points))
            text += f" in {count(len(names), 'group')}"
        return f"{text}, {count(len(self.barycenters), 'barycenter')}"
