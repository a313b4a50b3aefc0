"""Barcodes as curves."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
from sklearn.utils import check_consistent_length

from sktopo._utils.parameters import check_option
from sktopo.barcodes import check_barcodes, split_barcodes
from sktopo.plotting._axes import add_legend, fit_labels, get_axes
from sktopo.plotting._display import Display, count, count_graphs
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

_AGAINST = ("quantile", "rank")
_TITLES = {"births": "births of components", "deaths": "deaths of cycles"}


@dataclass(repr=False, eq=False)
class BarcodeDisplay(Display):
    """Births and deaths as ascending curves: barycenters, with standard deviations.

    Use :meth:`from_estimator` or :meth:`from_barcodes` to make one.

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
        One standard deviation over the graphs of a group about its barycenter, at each
        rank.

    See Also
    --------
    BettiCurvesDisplay : The same numbers, counted by threshold.

    Examples
    --------
    >>> from sktopo.barcodes import barcode_rows
    >>> from sktopo.plotting import BarcodeDisplay
    >>> barcodes = barcode_rows([[0.9, 0.5, 0.7], [0.7, 0.1, 0.3]])
    >>> display = BarcodeDisplay.from_barcodes(barcodes, against="rank")
    >>> display.lines_[0, 0].get_ydata()
    array([0.5, 0.8])
    """

    births: FloatArray | None
    deaths: FloatArray | None
    _: KW_ONLY
    y: ArrayLike | None = None

    def __post_init__(self) -> None:
        for name in ("births", "deaths"):
            values = getattr(self, name)
            if values is not None:
                setattr(self, name, check_weights(values, name))
        check_consistent_length(self.births, self.deaths)

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
            Fitted; a pipeline must end in a GraphPersistence. It may keep only births,
            only deaths, or quantiles.

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
            If the last step is not a GraphPersistence.

        ValueError
            If it keeps only edges.
        """
        check_option("against", against, _AGAINST)
        check_before_computing(cls, ax, X, y=y)
        births, deaths = compute_births_and_deaths(estimator, X)
        return cls(births, deaths, y=y).plot(ax=ax, against=against)

    @classmethod
    def from_barcodes(
        cls,
        barcodes: ArrayLike,
        *,
        y: ArrayLike | None = None,
        against: Literal["quantile", "rank"] = "quantile",
        ax: ManyAxes = None,
    ) -> Self:
        """Draw barcodes.

        Parameters
        ----------
        barcodes : array-like of shape (n_graphs, n_edges)
            Barcodes in units of the edge weights, as
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
            If births or deaths do not ascend, or a label is missing.
        """
        barcodes = check_barcodes(check_weights(barcodes, "barcodes"))
        births, deaths = split_barcodes(barcodes)
        return cls(births, deaths, y=y).plot(ax=ax, against=against)

    def plot(
        self, ax: ManyAxes = None, *, against: Literal["quantile", "rank"] = "quantile"
    ) -> Self:
        """Draw.

        Parameters
        ----------
        ax : sequence of matplotlib Axes, default=None
            Two axes, or one if there are only births or only deaths. A new figure if
            None.

        against : {"quantile", "rank"}, default="quantile"
            What the horizontal axis shows. "quantile": the share of births (deaths)
            below each value, so that the curves are quantile functions. "rank": the
            rank of each birth (death), from 1.

        Returns
        -------
        display : BarcodeDisplay
            Itself.

        Raises
        ------
        ValueError
            If there are neither births nor deaths.
        """
        check_option("against", against, _AGAINST)
        parts = [("births", self.births), ("deaths", self.deaths)]
        parts = [(kind, v) for kind, v in parts if v is not None and v.shape[1]]
        if not parts:
            raise ValueError(
                "There are no births and deaths to draw; topology_weight=0 keeps none, "
                "and graphs on one node have none."
            )
        groups = split_groups(self.y, len(parts[0][1]))
        names = [group.name for group in groups]
        if self.y is None:
            names = [count(len(parts[0][1]), "graph")]
        self.figure_, self.ax_ = get_axes(self, ax, len(parts), names=names)
        shape = (len(parts), len(groups))
        self.lines_, self.bands_ = np.empty(shape, object), np.empty(shape, object)
        for panel, (kind, values) in enumerate(parts):
            x = np.arange(1, values.shape[1] + 1)
            xlabel, xlim = f"rank of {kind}", (1, max(len(x), 2))
            if against == "quantile":
                x = (x - 0.5) / len(x)
                xlabel, xlim = f"cumulative share of {kind}", (0, 1)
            for k, group in enumerate(groups):
                self._draw_group(panel, k, group, x, values[group.members])
            self.ax_[panel].set(title=_TITLES[kind], xlabel=xlabel, xlim=xlim)
            self.ax_[panel].set_ylabel("edge weight")
        low, high = zip(*(axes.get_ylim() for axes in self.ax_), strict=True)
        for axes in self.ax_:
            axes.set_ylim(min(low), max(high))
            fit_labels(axes)
        has_bands = any(group.members.sum() > 1 for group in groups)
        title = "barycenter ± one\nstandard deviation" if has_bands else None
        add_legend(self.ax_[-1], self.lines_[-1], names, title=title)
        return self

    def _describe(self):
        """Count what is drawn."""
        births, deaths = self.births, self.deaths
        return count_graphs(births if deaths is None else deaths, self.y)

    def _draw_group(self, panel, k, group, x, values):
        """Draw the barycenter and the band of group number k.

        `x` has shape (n_values,) and `values` (n_members, n_values).
        """
        values = values.astype(np.float64)  # float32 may not hold the squares
        center, deviation = values.mean(axis=0), values.std(axis=0)
        # A line through one point would not be seen.
        style = {"marker": "o"} | group.line if len(x) == 1 else group.line
        (self.lines_[panel, k],) = self.ax_[panel].plot(
            x, center, **style, label=group.name
        )
        low, high = center - deviation, center + deviation
        self.bands_[panel, k] = self.ax_[panel].fill_between(
            x, low, high, color=group.color, alpha=0.2, lw=0
        )
