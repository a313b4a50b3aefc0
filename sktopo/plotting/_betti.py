"""Betti curves: components and cycles by threshold."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from sklearn.utils import check_consistent_length

from sktopo.barcodes import check_barcodes, split_barcodes
from sktopo.plotting._axes import add_legend, find_limits, fit_labels, get_axes
from sktopo.plotting._display import Display, count_graphs
from sktopo.plotting._groups import split_groups
from sktopo.plotting._inputs import (
    check_before_computing,
    check_weights,
    compute_births_and_deaths,
)

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from sklearn.base import BaseEstimator

    from sktopo._typing import FloatArray, ManyAxes, Samples


@dataclass(repr=False, eq=False)
class BettiCurvesDisplay(Display):
    r"""Betti curves: how many components and cycles a graph has at each threshold.

    With the edges of weight above :math:`\epsilon` kept, a graph has
    :math:`\beta_0(\epsilon) = 1 + \#\{b \le \epsilon\}` components and
    :math:`\beta_1(\epsilon) = \#\{d > \epsilon\}` independent cycles. For a group of
    graphs, the mean curve is drawn; it is exact, with a step at every birth (death).

    Use :meth:`from_estimator` or :meth:`from_barcodes` to make one.

    Parameters
    ----------
    births : ndarray of shape (n_graphs, n_births)
        Births of each graph, in units of the edge weights.

    deaths : ndarray of shape (n_graphs, n_deaths)
        Deaths of each graph.

    y : array-like of shape (n_graphs,), default=None
        The group of each graph, such as a cluster. If None, they are one group.

    Attributes
    ----------
    ax_ : ndarray of matplotlib Axes
        The axes, of components and of cycles.

    figure_ : matplotlib Figure
        The figure.

    lines_ : ndarray of shape (2, n_groups) of matplotlib Line2D
        The mean curve of each group.

    See Also
    --------
    BarcodeDisplay : The same numbers, by rank.

    Examples
    --------
    >>> from sktopo.plotting import BettiCurvesDisplay
    >>> display = BettiCurvesDisplay.from_barcodes([[0.7, 0.9, 0.5]])
    >>> display.lines_[0, 0].get_xydata()[1:-1]
    array([[0.7, 2. ],
           [0.9, 3. ]])
    """

    births: FloatArray
    deaths: FloatArray
    _: KW_ONLY
    y: ArrayLike | None = None

    def __post_init__(self) -> None:
        self.births = check_weights(self.births, "births")
        self.deaths = check_weights(self.deaths, "deaths")
        check_consistent_length(self.births, self.deaths)

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        X: Samples,
        *,
        y: ArrayLike | None = None,
        ax: ManyAxes = None,
    ) -> Self:
        """Draw the barcodes that a fitted GraphPersistence computes.

        Parameters
        ----------
        estimator : GraphPersistence or Pipeline
            Fitted; a pipeline must end in a GraphPersistence. It must keep all births
            and deaths, without `n_quantiles`.

        X : array-like or sequence
            What the estimator takes.

        y : array-like of shape (n_graphs,), default=None
            Groups, such as ``top.labels_``.

        ax : sequence of two matplotlib Axes, default=None
            See `plot`.

        Returns
        -------
        display : BettiCurvesDisplay
            What was drawn.

        Raises
        ------
        TypeError
            If the last step is not a GraphPersistence.

        ValueError
            If it does not keep all births and deaths.
        """
        check_before_computing(cls, ax, X, y=y)
        births, deaths = compute_births_and_deaths(estimator, X, complete=True)
        return cls(births, deaths, y=y).plot(ax=ax)

    @classmethod
    def from_barcodes(
        cls, barcodes: ArrayLike, *, y: ArrayLike | None = None, ax: ManyAxes = None
    ) -> Self:
        """Draw barcodes.

        Parameters
        ----------
        barcodes : array-like of shape (n_graphs, n_edges)
            Barcodes in units of the edge weights.

        y : array-like of shape (n_graphs,), default=None
            Groups.

        ax : sequence of two matplotlib Axes, default=None
            See `plot`.

        Returns
        -------
        display : BettiCurvesDisplay
            What was drawn.

        Raises
        ------
        ValueError
            If births or deaths do not ascend, or a label is missing.
        """
        barcodes = check_barcodes(check_weights(barcodes, "barcodes"))
        births, deaths = split_barcodes(barcodes)
        return cls(births, deaths, y=y).plot(ax=ax)

    def plot(self, ax: ManyAxes = None) -> Self:
        """Draw.

        Parameters
        ----------
        ax : sequence of two matplotlib Axes, default=None
            Where to draw components and cycles; a new figure if None.

        Returns
        -------
        display : BettiCurvesDisplay
            Itself.
        """
        if not self.births.size:
            raise ValueError("There are no births to draw; a graph needs two nodes.")
        groups = split_groups(self.y, len(self.births))
        names = [] if self.y is None else [group.name for group in groups]
        self.figure_, self.ax_ = get_axes(self, ax, 2, names=names)
        self.lines_ = np.empty((2, len(groups)), dtype=object)
        low, high = find_limits(self.births, self.deaths, margin=0.05)
        panels = (
            ("components (β₀)", self.births, 1, 1),
            ("cycles (β₁)", self.deaths, self.deaths.shape[1], -1),
        )
        for panel, (title, values, start, change) in enumerate(panels):
            for k, group in enumerate(groups):
                steps = np.sort(values[group.members], axis=None)
                n_graphs = group.members.sum()
                counts = start + change * np.arange(len(steps) + 1) / n_graphs
                # The curve goes on before its first step and after its last.
                x, y = [low, *steps, high], np.append(counts, counts[-1])
                (self.lines_[panel, k],) = self.ax_[panel].step(
                    x, y, where="post", **group.line, label=group.name
                )
            ylabel = "number" if n_graphs == 1 else "mean number"
            self.ax_[panel].set(title=title, ylabel=ylabel, xlim=(low, high))
            self.ax_[panel].set_xlabel("threshold on edge weights")
            fit_labels(self.ax_[panel])
        if names:
            add_legend(self.ax_[-1], self.lines_[-1], names)
        return self

    def _describe(self):
        """Count what is drawn."""
        return count_graphs(self.births, self.y)
