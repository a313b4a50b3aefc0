"""Labels against clusters."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.metrics.cluster import contingency_matrix

from sktopo.plotting._axes import add_colorbar, fit_labels, get_axes, name_ticks
from sktopo.plotting._display import Display, count
from sktopo.plotting._groups import number_names
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

    from sktopo._typing import IntArray, ManyAxes, Samples


@dataclass(repr=False, eq=False)
class ClusterConfusionDisplay(Display):
    """Counts of samples by label and cluster, with matched clusters on the diagonal.

    Clusters are matched to labels one to one so that as many samples as possible lie
    on the diagonal. Their share is :func:`sktopo.metrics.matched_accuracy_score`.
    Labels and clusters without a match come last.

    Use :meth:`from_estimator` or :meth:`from_labels` to make one.

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
        Each count as a share of the samples with its label.

    text_ : ndarray of shape (n_labels, n_clusters) of matplotlib Text
        The counts, as numbers.

    Examples
    --------
    >>> from sktopo.plotting import ClusterConfusionDisplay
    >>> display = ClusterConfusionDisplay.from_labels(
    ...     ["a", "a", "b", "b"], [1, 1, 1, 0]
    ... )
    >>> display.counts
    array([[2, 0],
           [1, 1]])
    >>> display.clusters
    ['1', '0']
    """

    counts: IntArray
    _: KW_ONLY
    labels: Sequence[str]
    clusters: Sequence[str]

    def __post_init__(self) -> None:
        self.counts = check_weights(self.counts, "counts").astype(int)
        shape = (len(self.labels), len(self.clusters))
        if self.counts.shape != shape or not self.counts.sum(axis=1).all():
            raise ValueError(
                f"Got counts of shape {self.counts.shape} for {shape[0]} labels and "
                f"{shape[1]} clusters; expected a row for each label, with samples, "
                "and a column for each cluster."
            )

    @classmethod
    def from_estimator(
        cls, estimator: BaseEstimator, X: Samples, y: ArrayLike, *, ax: ManyAxes = None
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

        Raises
        ------
        TypeError
            If the last step cannot predict clusters.

        NotFittedError
            If it is not fitted.
        """
        _, clusterer = split_steps(estimator)
        check_fitted(
            clusterer,
            hasattr(clusterer, "predict") and not isinstance(clusterer, type),
            "a fitted clusterer with `predict`, or a Pipeline that ends in one; "
            "from_labels draws the `labels_` of other clusterers",
        )
        check_before_computing(cls, ax, X, y=y)
        return cls.from_labels(y, estimator.predict(X), ax=ax)

    @classmethod
    def from_labels(
        cls, labels_true: ArrayLike, labels_pred: ArrayLike, *, ax: ManyAxes = None
    ) -> Self:
        """Draw labels against clusters.

        Parameters
        ----------
        labels_true : array-like of shape (n_samples,)
            Labels.

        labels_pred : array-like of shape (n_samples,)
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
            If the lengths differ, a label is missing, or the input is not
            one-dimensional.
        """
        labels, rows = number_names(labels_true, None, "labels_true")
        clusters, columns = number_names(labels_pred, len(rows), "labels_pred")
        counts = np.asarray(contingency_matrix(rows, columns))
        rows, columns = linear_sum_assignment(counts, maximize=True)
        # Labels or clusters without a match come last.
        rows = [*rows, *np.setdiff1d(np.arange(len(labels)), rows)]
        columns = [*columns, *np.setdiff1d(np.arange(len(clusters)), columns)]
        return cls(
            counts[np.ix_(rows, columns)],
            labels=[labels[row] for row in rows],
            clusters=[clusters[column] for column in columns],
        ).plot(ax=ax)

    def plot(self, ax: ManyAxes = None) -> Self:
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
        extra = 0.25 * max(0, max(self.counts.shape) - 10)
        size = {"width": 5.2 + extra, "height": 4.2 + extra}
        self.figure_, (self.ax_,) = get_axes(self, ax, **size)
        shares = self.counts / self.counts.sum(axis=1, keepdims=True)
        self.im_ = self.ax_.imshow(shares, cmap="cividis", vmin=0, vmax=1)
        self.text_ = np.empty(self.counts.shape, dtype=object)
        for (row, column), number in np.ndenumerate(self.counts):
            color = "white" if shares[row, column] < 0.5 else "black"
            self.text_[row, column] = self.ax_.text(
                column, row, str(number), color=color, ha="center", va="center"
            )
        title = f"matched accuracy {np.trace(self.counts) / self.counts.sum():.2f}"
        name_ticks(self.ax_.xaxis, range(len(self.clusters)), self.clusters)
        name_ticks(self.ax_.yaxis, range(len(self.labels)), self.labels)
        self.ax_.set(xlabel="cluster", ylabel="label", title=title)
        fit_labels(self.ax_)
        add_colorbar(self.ax_, self.im_, label="share of the label")
        return self

    def _describe(self):
        """Count what is drawn."""
        n_samples, n_labels = self.counts.sum(), len(self.labels)
        return (
            f"{count(n_samples, 'sample')}, {count(n_labels, 'label')} and "
            f"{count(len(self.clusters), 'cluster')}"
        )
