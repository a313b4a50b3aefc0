"""Networks as points in a plane, with the barycenters of their groups."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Literal, Self

import numpy as np

from sktopo._utils.labels import check_labels, is_continuous
from sktopo._utils.parameters import check_flag
from sktopo.plotting._axes import (
    PLAIN_TEXT,
    add_colorbar,
    add_legend,
    find_limits,
    get_axes,
    shorten,
)
from sktopo.plotting._display import Display, count
from sktopo.plotting._groups import number_names, split_groups
from sktopo.plotting._inputs import (
    check_before_computing,
    check_fitted,
    check_weights,
    split_steps,
)
from sktopo.plotting._interactive import draw_embedding
from sktopo.plotting._plane import (
    check_rows,
    frame_plane,
    label_plane,
    name_components,
    project_rows,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike
    from plotly.graph_objects import Figure
    from sklearn.base import BaseEstimator

    from sktopo._typing import FloatArray, ManyAxes, Samples

# How much of what lies behind a point its fill hides.
_OPACITY = 0.35
_EXPECTED = "a fitted TopClusterer, or a Pipeline that ends in one"


@dataclass(repr=False, eq=False)
class EmbeddingDisplay(Display):
    """Networks as points in the plane that keeps most of their Wasserstein variance.

    The Euclidean distance between Wasserstein rows is the Wasserstein distance, so
    their first two principal components are its classical multidimensional scaling.
    Points are transparent and their edges are not, so that none hides another.

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
        The group of each sample, such as a label or a cluster, or a number, such as the
        accuracy. If None, the samples are one group.

    barycenter_names : list of str, default=None
        Names to write beside the barycenters. If None, nothing is written.

    continuous : "auto" or bool, default="auto"
        Whether `y` holds numbers on a scale, which are drawn as colours with a colour
        bar, and not groups. "auto": if they are floats and not all of them are whole,
        as scikit-learn tells regression from classification.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes.

    figure_ : matplotlib Figure
        The figure.

    points_ : list of matplotlib PathCollection
        The points of each group; of numbers on a scale, all points.

    barycenters_ : matplotlib PathCollection
        The barycenters.

    texts_ : list of matplotlib Annotation
        The names of the barycenters.

    colorbar_ : matplotlib Colorbar or None
        The colour bar of numbers on a scale.

    See Also
    --------
    TrajectoryDisplay : Draws networks over time in the same plane.

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
    continuous: bool | Literal["auto"] = "auto"

    def __post_init__(self) -> None:
        _check_continuous(self.continuous)
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
        continuous: bool | Literal["auto"] = "auto",
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
            Groups, such as the training strategy, or numbers, such as the accuracy. If
            None, the clusters that the estimator predicts.

        continuous : "auto" or bool, default="auto"
            Whether `y` holds numbers on a scale and not groups. "auto": if they are
            floats and not all of them are whole.

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
        _check_continuous(continuous)
        check_before_computing(cls, ax, X, y=y)
        rows = X if first_steps is None else first_steps.transform(X)
        if y is None:
            y = [f"cluster {label}" for label in clusterer.predict(rows)]
        centers = clusterer.cluster_centers_
        return cls._embed(rows, y, continuous, centers).plot(ax=ax)

    @classmethod
    def from_rows(
        cls,
        rows: ArrayLike,
        *,
        y: ArrayLike | None = None,
        continuous: bool | Literal["auto"] = "auto",
        ax: ManyAxes = None,
    ) -> Self:
        """Draw Wasserstein rows, and the barycenters of their groups.

        Parameters
        ----------
        rows : array-like of shape (n_samples, n_features)
            Rows whose Euclidean distance is the Wasserstein distance, as
            :class:`~sktopo.GraphPersistence` and
            :func:`~sktopo.barcodes.scale_barcodes` return them.

        y : array-like of shape (n_samples,), default=None
            Groups, or numbers, such as the accuracy. If None, the rows are one group.

        continuous : "auto" or bool, default="auto"
            Whether `y` holds numbers on a scale and not groups. "auto": if they are
            floats and not all of them are whole. Of numbers on a scale, the barycenter
            is that of all rows.

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
        _check_continuous(continuous)
        return cls._embed(rows, y, continuous).plot(ax=ax)

    @classmethod
    def _embed(cls, rows, y, continuous, barycenters=None):
        """Make a display of rows and of barycenters, by default of the groups in y."""
        rows = check_rows(rows)
        names = None
        if barycenters is None:
            is_scale = _read_scale(y, continuous, len(rows)) is not None
            groups = split_groups(None if is_scale else y, len(rows))
            barycenters = [rows[group.members].mean(axis=0) for group in groups]
        else:
            names = [str(k) for k in range(len(barycenters))]
        if np.shape(barycenters)[1] != rows.shape[1]:
            raise ValueError(
                f"The rows have {rows.shape[1]} columns, but the clusterer was fitted "
                f"on rows of {np.shape(barycenters)[1]}."
            )
        points, barycenters, ratio = project_rows(rows, barycenters)
        return cls(
            points,
            variance_ratio=ratio,
            barycenters=barycenters,
            y=y,
            barycenter_names=names,
            continuous=continuous,
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
        numbers = _read_scale(self.y, self.continuous, len(self.points))
        # Numbers on a scale are of one group, which has no name.
        groups = split_groups(None if numbers is not None else self.y, len(self.points))
        names = [] if groups[0].name is None else [group.name for group in groups]
        names = [*names, "barycenter"]
        self.figure_, (self.ax_,) = get_axes(self, ax, names=names)
        self.colorbar_ = None
        if numbers is None:
            self.points_ = [self._draw_group(group) for group in groups]
        else:
            self.points_ = [self._draw_numbers(numbers)]
        self._draw_barycenters()
        label_plane(self.ax_, name_components(self.variance_ratio))
        frame_plane(self.ax_, np.vstack([self.points, self.barycenters]))
        handles = [*self.points_[: len(names) - 1], self.barycenters_]
        style = {}
        if numbers is not None:  # above the axes, as the colour bar stands beside them
            style = {"loc": "lower left", "bbox_to_anchor": (0, 1), "fontsize": "small"}
        add_legend(self.ax_, handles, names, **style)
        return self

    def _draw_group(self, group):
        """Draw the points of a group, which keep their edges where they overlap."""
        from matplotlib.colors import to_rgba  # noqa: PLC0415

        style = {"marker": group.points["marker"], "edgecolors": group.color}
        fill = to_rgba(group.points["facecolors"], _OPACITY)
        return self.ax_.scatter(
            *self.points[group.members].T,
            s=32,
            facecolors=[fill],
            linewidths=1,
            label=group.name,
            **style,
        )

    def _draw_numbers(self, numbers):
        """Draw points whose colours are numbers on a scale."""
        low, high = find_limits(numbers)
        style = {"cmap": "viridis", "vmin": low, "vmax": high, "edgecolors": "0.2"}
        points = self.ax_.scatter(
            *self.points.T, c=numbers, s=32, alpha=0.75, linewidths=0.6, **style
        )
        name = getattr(self.y, "name", None)
        label = "y" if name is None else shorten(name)
        self.colorbar_ = add_colorbar(self.ax_, points, label=label)
        return points

    def _draw_barycenters(self):
        """Draw an open star at each barycenter, with its name if there are names.

        Nothing is filled, so that the points behind can be seen.
        """
        from matplotlib.patheffects import withStroke  # noqa: PLC0415

        star = {"marker": "*", "facecolors": "none", "edgecolors": "black"}
        self.barycenters_ = self.ax_.scatter(
            *self.barycenters.T, s=170, linewidths=1.2, **star, label="barycenter"
        )
        style = {"xytext": (9, 9), "textcoords": "offset points", "weight": "bold"}
        style["path_effects"] = [withStroke(linewidth=2, foreground="white")]
        places = zip(self.barycenter_names or [], self.barycenters, strict=False)
        self.texts_ = [
            self.ax_.annotate(shorten(name), place, **style, **PLAIN_TEXT)
            for name, place in places
        ]

    def to_plotly(self, *, sample_names: ArrayLike | None = None) -> Figure:
        """Make an interactive figure with the name of each sample on hover.

        Needs plotly: ``pip install 'sktopo[interactive]'``. Background and grid suit
        light and dark pages; ``figure.write_html("networks.html")`` saves it.

        Parameters
        ----------
        sample_names : array-like of str of shape (n_samples,), default=None
            Names of the samples. If None, their numbers.

        Returns
        -------
        figure : plotly.graph_objects.Figure
            The figure.

        Raises
        ------
        ImportError
            If plotly is not installed.

        ValueError
            If there is not one name for each sample.
        """
        numbers = _read_scale(self.y, self.continuous, len(self.points))
        return draw_embedding(self, numbers, sample_names)

    def _describe(self):
        """Count what is drawn."""
        text = count(len(self.points), "sample")
        numbers = _read_scale(self.y, self.continuous, len(self.points))
        if self.y is not None and numbers is None:
            names, _ = number_names(self.y, len(self.points))
            text += f" in {count(len(names), 'group')}"
        return f"{text}, {count(len(self.barycenters), 'barycenter')}"


def _check_continuous(continuous):
    """Raise a ValueError unless `continuous` is a flag or "auto"."""
    if not (isinstance(continuous, str) and continuous == "auto"):
        check_flag("continuous", continuous)


def _read_scale(y, continuous, n_samples):
    """Return `y` as numbers on a scale, or None if it holds groups."""
    if y is None or not continuous:
        return None
    labels = check_labels(y, n_samples)
    is_scale = continuous != "auto" or any(map(is_continuous, labels.tolist()))
    return check_weights(labels, "y", n_dimensions=(1,)) if is_scale else None
