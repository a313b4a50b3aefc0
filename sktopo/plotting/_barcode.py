"""Barcodes as curves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sktopo._utils.parameters import check_option
from sktopo.barcodes import scale_barcodes, split_barcodes
from sktopo.plotting._common import (
    COLORS,
    LINES,
    births_and_deaths,
    get_axes,
    split_groups,
)

if TYPE_CHECKING:
    from typing import Any, Literal, Self

    from numpy.typing import ArrayLike, NDArray
    from sklearn.base import BaseEstimator

    from sktopo._typing import FloatArray, ManyAxes, Samples

_OF = {"births": "components", "deaths": "cycles"}


class BarcodeDisplay:
    """Births and deaths as monotone curves: barycenters, with standard deviations.

    Use :meth:`from_estimator` or :meth:`from_predictions` to make one.

    Parameters
    ----------
    births : ndarray of shape (n_graphs, n_births) or None
        Births of each graph, ascending, in units of the edge weights.

    deaths : ndarray of shape (n_graphs, n_deaths) or None
        Deaths likewise.

    y : array-like of shape (n_graphs,), default=None
        The group of each graph, such as a cluster. If None, they are one group.

    Attributes
    ----------
    ax_ : ndarray of matplotlib Axes
        The axes, of births and of deaths.

    figure_ : matplotlib Figure
        The figure.

    lines_ : ndarray of shape (n_panels, n_groups) of matplotlib Line2D
        The barycenter of each group.

    bands_ : ndarray of shape (n_panels, n_groups) of matplotlib PolyCollection
        One standard deviation over the graphs of a group about it, at each rank.

    See Also
    --------
    BettiCurvesDisplay : The same numbers, counted by threshold.

    Examples
    --------
    >>> from sktopo.barcodes import barcode_rows
    >>> from sktopo.plotting import BarcodeDisplay
    >>> barcodes = barcode_rows([[0.9, 0.5, 0.7], [0.7, 0.1, 0.3]])
    >>> display = BarcodeDisplay.from_predictions(barcodes, against="rank")
    >>> display.lines_[0, 0].get_ydata()
    array([0.5, 0.8])
    """

    def __init__(
        self,
        births: FloatArray | None,
        deaths: FloatArray | None,
        *,
        y: ArrayLike | None = None,
    ) -> None:
        self.births = births
        self.deaths = deaths
        self.y = y

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        X: Samples,
        *,
        y: ArrayLike | None = None,
        against: Literal["quantile", "rank"] = "quantile",
        ax: ManyAxes = None,
    ) -> Self:
        """Draw the barcodes that a fitted GraphPersistence computes.

        Parameters
        ----------
        estimator : GraphPersistence or Pipeline
            Fitted; a pipeline must end in a GraphPersistence. One dimension alone and
            quantiles can be drawn too.

        X : array-like or sequence
            What the estimator takes.

        y : array-like of shape (n_graphs,), default=None
            Groups, such as ``top.labels_``.

        against : {"quantile", "rank"}, default="quantile"
            See `plot`.

        ax : sequence of matplotlib Axes, default=None
            See `plot`.

        Returns
        -------
        display : BarcodeDisplay
            What was drawn.

        Raises
        ------
        TypeError
            If the last step is no GraphPersistence.

        ValueError
            If it keeps edges only.
        """
        display = cls(*births_and_deaths(estimator, X), y=y)
        return display.plot(ax=ax, against=against)

    @classmethod
    def from_predictions(
        cls,
        barcodes: ArrayLike,
        *,
        y: ArrayLike | None = None,
        against: Literal["quantile", "rank"] = "quantile",
        ax: ManyAxes = None,
    ) -> Self:
        """Draw barcode rows.

        Parameters
        ----------
        barcodes : array-like of shape (n_graphs, n_edges)
            Barcode rows in units of the edge weights, as
            :func:`sktopo.barcodes.barcode_rows` returns them.

        y : array-like of shape (n_graphs,), default=None
            Groups.

        against : {"quantile", "rank"}, default="quantile"
            See `plot`.

        ax : sequence of matplotlib Axes, default=None
            See `plot`.

        Returns
        -------
        display : BarcodeDisplay
            What was drawn.

        Raises
        ------
        ValueError
            If births or deaths do not ascend.
        """
        births, deaths = split_barcodes(scale_barcodes(barcodes, normalize=False))
        display = cls(births, deaths if deaths.shape[1] else None, y=y)
        return display.plot(ax=ax, against=against)

    def plot(
        self, ax: ManyAxes = None, *, against: Literal["quantile", "rank"] = "quantile"
    ) -> Self:
        """Draw.

        Parameters
        ----------
        ax : sequence of matplotlib Axes, default=None
            Two axes, one if there are only births or only deaths. A new figure if
            None.

        against : {"quantile", "rank"}, default="quantile"
            What the horizontal axis counts: the share of births (deaths) below, so
            that the curves are quantile functions, or their rank from 1.

        Returns
        -------
        display : BarcodeDisplay
            Itself.
        """
        check_option("against", against, ("quantile", "rank"))
        parts = {"births": self.births, "deaths": self.deaths}
        parts = {name: part for name, part in parts.items() if part is not None}
        self.figure_, self.ax_ = get_axes(ax, len(parts), self)
        groups = split_groups(self.y, len(next(iter(parts.values()))))
        shape = (len(parts), len(groups))
        self.lines_, self.bands_ = (np.empty(shape, dtype=object) for _ in range(2))
        for panel, (name, part) in enumerate(parts.items()):
            n_values = part.shape[1]
            rank = np.arange(1, n_values + 1)
            x = rank if against == "rank" else (rank - 0.5) / n_values
            for k, (label, members) in enumerate(groups):
                self._draw_group(panel, k, x, part[members], label)
            self.ax_[panel].set(
                title=f"{name} of {_OF[name]}",
                xlabel=f"rank of {name}" if against == "rank" else f"share of {name}",
                ylabel="edge weight",
                xlim=(1, max(n_values, 2)) if against == "rank" else (0, 1),
            )
        self._align()
        several = any(members.sum() > 1 for _, members in groups)
        self.ax_[0].legend(
            title="barycenter ± one standard deviation" if several else None,
            frameon=False,
        )
        return self

    def _draw_group(
        self, panel: int, k: int, x: NDArray[Any], values: FloatArray, label: str | None
    ) -> None:
        """Draw the barycenter and the band of one group."""
        center, deviation = values.mean(axis=0), values.std(axis=0)
        if label is None:
            label = f"{len(values)} graph" + "s" * (len(values) != 1)
        color, ax = COLORS[k % len(COLORS)], self.ax_[panel]
        (self.lines_[panel, k],) = ax.plot(
            x,
            center,
            color=color,
            linestyle=LINES[k % len(LINES)],
            label=label,
        )
        self.bands_[panel, k] = ax.fill_between(
            x, center - deviation, center + deviation, color=color, alpha=0.2, lw=0
        )

    def _align(self) -> None:
        """Give all panels the same vertical limits."""
        limits = [ax.get_ylim() for ax in self.ax_]
        for ax in self.ax_:
            ax.set_ylim(min(low for low, _ in limits), max(high for _, high in limits))
