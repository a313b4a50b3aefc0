"""Clusters of networks: where they lie, and what they hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.decomposition import PCA
from sklearn.metrics.cluster import contingency_matrix
from sklearn.utils import check_array, check_consistent_length, column_or_1d

from sktopo._utils.samples import FLOATS
from sktopo.plotting._common import (
    COLORS,
    MARKERS,
    get_axes,
    split_groups,
    split_steps,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Self

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike
    from sklearn.base import BaseEstimator

    from sktopo._typing import FloatArray, IntArray, Samples


class EmbeddingDisplay:
    """Networks as points in the plane that keeps most of their Wasserstein variance.

    The Euclidean distance of barcode rows is the Wasserstein distance, so their first
    two principal components are the classical multidimensional scaling of it.

    Use :meth:`from_estimator` or :meth:`from_predictions` to make one.

    Parameters
    ----------
    points : ndarray of shape (n_samples, 2)
        Coordinates, in Wasserstein distances.

    variance_ratio : ndarray of shape (2,)
        Share of the variance along each axis.

    barycenters : ndarray of shape (n_barycenters, 2)
        Coordinates of the barycenters.

    y : array-like of shape (n_samples,), default=None
        What colours the points: labels, or clusters.

    barycenter_names : list of str, default=None
        What to write at the barycenters, if anything.

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
    >>> display = EmbeddingDisplay.from_predictions([[0, 0, 0], [3, 0, 0], [0, 1, 0]])
    >>> display.ax_.get_xlabel()
    'principal component 1 (93 % of variance)'
    """

    def __init__(
        self,
        points: FloatArray,
        *,
        variance_ratio: FloatArray,
        barycenters: FloatArray,
        y: ArrayLike | None = None,
        barycenter_names: Sequence[str] | None = None,
    ) -> None:
        self.points = points
        self.variance_ratio = variance_ratio
        self.barycenters = barycenters
        self.y = y
        self.barycenter_names = barycenter_names

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        X: Samples,
        *,
        y: ArrayLike | None = None,
        ax: Axes | None = None,
    ) -> Self:
        """Draw the samples of a clustering and its barycenters.

        Parameters
        ----------
        estimator : TopClusterer or Pipeline
            Fitted; of a pipeline all steps but the last compute barcode rows.

        X : array-like or sequence
            What the estimator takes.

        y : array-like of shape (n_samples,), default=None
            What colours the points, such as the training strategy. If None, the
            clusters that the estimator predicts.

        ax : matplotlib Axes, default=None
            See `plot`.

        Returns
        -------
        display : EmbeddingDisplay
            What was drawn.

        Raises
        ------
        ValueError
            As `from_predictions`.
        """
        head, clusterer = split_steps(estimator)
        rows = X if head is None else head.transform(X)
        centers = clusterer.cluster_centers_
        names = [str(k) for k in range(len(centers))]
        if y is None:
            y = np.array([f"cluster {k}" for k in clusterer.predict(rows)])
        return cls._embed(rows, centers, y, names).plot(ax=ax)

    @classmethod
    def from_predictions(
        cls, rows: ArrayLike, *, y: ArrayLike | None = None, ax: Axes | None = None
    ) -> Self:
        """Draw scaled barcode rows, and the barycenters of their groups.

        Parameters
        ----------
        rows : array-like of shape (n_samples, n_features)
            Rows whose Euclidean distance is the Wasserstein distance, as
            :class:`~sktopo.GraphPersistence` and
            :func:`~sktopo.barcodes.scale_barcodes` return them.

        y : array-like of shape (n_samples,), default=None
            Groups. If None, one.

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
        rows = check_array(rows, dtype=FLOATS)
        groups = split_groups(y, len(rows))
        centers = np.stack([rows[members].mean(axis=0) for _, members in groups])
        return cls._embed(rows, centers, y, None).plot(ax=ax)

    @classmethod
    def _embed(
        cls,
        rows: Any,
        centers: FloatArray,
        y: ArrayLike | None,
        names: Sequence[str] | None,
    ) -> Self:
        rows = check_array(
            rows, dtype=FLOATS, ensure_min_samples=2, ensure_min_features=2
        )
        if not np.ptp(rows, axis=0).any():
            raise ValueError("All rows are the same; there is no plane to draw.")
        # The whole decomposition: others draw random numbers for wide rows.
        pca = PCA(2, svd_solver="full").fit(rows)
        return cls(
            pca.transform(rows),
            variance_ratio=pca.explained_variance_ratio_,
            barycenters=pca.transform(centers),
            y=y,
            barycenter_names=names,
        )

    def plot(self, ax: Axes | None = None) -> Self:
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
        self.figure_, (self.ax_,) = get_axes(ax, 1, self)
        self.points_ = [
            self.ax_.scatter(
                *self.points[members].T,
                color=COLORS[k % len(COLORS)],
                marker=MARKERS[k % len(MARKERS)],
                s=32,
                alpha=0.75,
                linewidths=0,
                label=label,
            )
            for k, (label, members) in enumerate(split_groups(self.y, len(self.points)))
        ]
        self.barycenters_ = self.ax_.scatter(
            *self.barycenters.T,
            color="black",
            edgecolors="white",
            marker="*",
            s=220,
            label="barycenter",
        )
        self.texts_ = [
            self.ax_.annotate(
                name,
                center,
                xytext=(9, 9),
                textcoords="offset points",
                weight="bold",
                bbox={"boxstyle": "round,pad=0.1", "fc": "white", "ec": "none"},
            )
            for name, center in zip(
                self.barycenter_names or [], self.barycenters, strict=False
            )
        ]
        for k, name in enumerate(("xlabel", "ylabel")):
            share = f"{100 * self.variance_ratio[k]:.0f} % of variance"
            self.ax_.set(**{name: f"principal component {k + 1} ({share})"})
        # Distances mean the same in all directions.
        self.ax_.set_aspect("equal", adjustable="datalim")
        self.ax_.legend(frameon=False)
        return self


class ClusterConfusionDisplay:
    """Counts of samples by label and cluster, matched clusters on the diagonal.

    Clusters are matched to labels one to one, so that most samples lie on the
    diagonal; the share of samples there is
    :func:`sktopo.metrics.matched_accuracy_score`. Clusters without a label come last.

    Use :meth:`from_estimator` or :meth:`from_predictions` to make one.

    Parameters
    ----------
    counts : ndarray of shape (n_labels, n_clusters)
        Numbers of samples.

    labels : list of str
        Names of the labels, the rows.

    clusters : list of str
        Names of the clusters, the columns.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes.

    figure_ : matplotlib Figure
        The figure.

    im_ : matplotlib AxesImage
        The counts, each as the share of its label that it is.

    text_ : ndarray of shape (n_labels, n_clusters) of matplotlib Text
        The counts in figures.

    Examples
    --------
    >>> from sktopo.plotting import ClusterConfusionDisplay
    >>> display = ClusterConfusionDisplay.from_predictions(
    ...     ["a", "a", "b", "b"], [1, 1, 1, 0]
    ... )
    >>> display.counts
    array([[2, 0],
           [1, 1]])
    >>> display.clusters
    ['1', '0']
    """

    def __init__(
        self, counts: IntArray, *, labels: Sequence[str], clusters: Sequence[str]
    ) -> None:
        self.counts = counts
        self.labels = labels
        self.clusters = clusters

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        X: Samples,
        y: ArrayLike,
        *,
        ax: Axes | None = None,
    ) -> Self:
        """Draw the clusters that a fitted clusterer predicts.

        Parameters
        ----------
        estimator : TopClusterer or Pipeline
            Fitted clusterer with `predict`.

        X : array-like or sequence
            What the estimator takes.

        y : array-like of shape (n_samples,)
            Labels.

        ax : matplotlib Axes, default=None
            See `plot`.

        Returns
        -------
        display : ClusterConfusionDisplay
            What was drawn.
        """
        return cls.from_predictions(y, estimator.predict(X), ax=ax)

    @classmethod
    def from_predictions(
        cls, y_true: ArrayLike, y_pred: ArrayLike, *, ax: Axes | None = None
    ) -> Self:
        """Draw labels against clusters.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,)
            Labels.

        y_pred : array-like of shape (n_samples,)
            Clusters.

        ax : matplotlib Axes, default=None
            See `plot`.

        Returns
        -------
        display : ClusterConfusionDisplay
            What was drawn.

        Raises
        ------
        ValueError
            If the lengths differ, or the input is not 1-D.
        """
        y_true, y_pred = column_or_1d(y_true), column_or_1d(y_pred)
        check_consistent_length(y_true, y_pred)
        counts = np.asarray(contingency_matrix(y_true, y_pred))
        matched, to = linear_sum_assignment(counts, maximize=True)
        # Columns in the order of their rows, and the unmatched after them.
        order = [*to, *sorted(set(range(counts.shape[1])) - set(to))]
        # With more labels than clusters the rows that have no cluster come last.
        rows = [*matched, *sorted(set(range(counts.shape[0])) - set(matched))]
        return cls(
            counts[np.ix_(rows, order)],
            labels=[str(np.unique(y_true)[k]) for k in rows],
            clusters=[str(np.unique(y_pred)[k]) for k in order],
        ).plot(ax=ax)

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; a new figure if None.

        Returns
        -------
        display : ClusterConfusionDisplay
            Itself.
        """
        self.figure_, (self.ax_,) = get_axes(ax, 1, self)
        shares = self.counts / self.counts.sum(axis=1, keepdims=True)
        self.im_ = self.ax_.imshow(shares, cmap="cividis", vmin=0, vmax=1)
        self.text_ = np.empty(self.counts.shape, dtype=object)
        for (row, column), count in np.ndenumerate(self.counts):
            color = "white" if shares[row, column] < 0.5 else "black"
            self.text_[row, column] = self.ax_.text(
                column, row, str(count), color=color, ha="center", va="center"
            )
        on_diagonal = np.trace(self.counts) / self.counts.sum()
        self.ax_.set_xticks(range(len(self.clusters)), self.clusters)
        self.ax_.set_yticks(range(len(self.labels)), self.labels)
        self.ax_.set(
            xlabel="cluster",
            ylabel="label",
            title=f"matched accuracy {on_diagonal:.2f}",
        )
        self.figure_.colorbar(self.im_, ax=self.ax_, label="share of the label")
        return self
