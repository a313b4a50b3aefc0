"""The graph filtration: persistence diagram and Betti curves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sktopo.barcodes import scale_barcodes, split_barcodes
from sktopo.plotting._common import (
    COLORS,
    LINES,
    births_and_deaths,
    get_axes,
    split_groups,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Self

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike
    from sklearn.base import BaseEstimator

    from sktopo._typing import FloatArray, ManyAxes, Samples


class PersistenceDiagramDisplay:
    """Persistence diagram of the filtration of one graph.

    The edges of weight above the threshold are kept, and the threshold grows. Each
    edge of the maximum spanning tree, when it goes, gives birth to a component, which
    never dies; each other edge, when it goes, is the death of a cycle that was there
    from the start. So all points lie on two lines at infinity, and one, the component
    that is there from the start, in their corner.

    Use :meth:`from_estimator` or :meth:`from_predictions` to make one.

    Parameters
    ----------
    births : ndarray of shape (n_births,)
        Births of components, in units of the edge weights.

    deaths : ndarray of shape (n_deaths,)
        Deaths of cycles.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes.

    figure_ : matplotlib Figure
        The figure.

    components_ : matplotlib Line2D
        The components, at (birth, infinity), the oldest last.

    cycles_ : matplotlib Line2D
        The cycles, at (-infinity, death).

    infinity_ : tuple of float
        Where the two lines were drawn: the x of -infinity, the y of infinity.

    See Also
    --------
    BettiCurvesDisplay : How many components and cycles there are at each threshold.

    Examples
    --------
    >>> from sktopo.plotting import PersistenceDiagramDisplay
    >>> display = PersistenceDiagramDisplay.from_predictions([0.7, 0.9, 0.5])
    >>> display.components_.get_xdata()[:2], display.cycles_.get_ydata()
    (array([0.7, 0.9]), array([0.5]))
    """

    def __init__(self, births: FloatArray, deaths: FloatArray) -> None:
        self.births = births
        self.deaths = deaths

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        X: Samples,
        *,
        sample: int = 0,
        ax: Axes | None = None,
    ) -> Self:
        """Draw the barcode that a fitted GraphPersistence computes of one graph.

        Parameters
        ----------
        estimator : GraphPersistence or Pipeline
            Fitted; a pipeline must end in a GraphPersistence. It must keep births and
            deaths, no quantiles.

        X : array-like or sequence
            What the estimator takes.

        sample : int, default=0
            Which sample of X to draw.

        ax : matplotlib Axes, default=None
            See `plot`.

        Returns
        -------
        display : PersistenceDiagramDisplay
            What was drawn.

        Raises
        ------
        TypeError
            If the last step is no GraphPersistence.

        ValueError
            If it does not keep births and deaths each by each.
        """
        births, deaths = _all_births_and_deaths(estimator, X)
        return cls(births[sample], deaths[sample]).plot(ax=ax)

    @classmethod
    def from_predictions(cls, barcode: ArrayLike, *, ax: Axes | None = None) -> Self:
        """Draw one barcode row.

        Parameters
        ----------
        barcode : array-like of shape (n_edges,)
            Barcode row in units of the edge weights.

        ax : matplotlib Axes, default=None
            See `plot`.

        Returns
        -------
        display : PersistenceDiagramDisplay
            What was drawn.

        Raises
        ------
        ValueError
            If births or deaths do not ascend, or there are several rows.
        """
        if np.ndim(barcode) != 1:
            raise ValueError(
                f"Got barcodes of shape {np.shape(barcode)}; a diagram is of one "
                "graph: give one barcode row."
            )
        (row,) = scale_barcodes(np.reshape(barcode, (1, -1)), normalize=False)
        return cls(*split_barcodes(row)).plot(ax=ax)

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; a new figure if None.

        Returns
        -------
        display : PersistenceDiagramDisplay
            Itself.
        """
        self.figure_, (self.ax_,) = get_axes(ax, 1, self)
        low, high = _range([self.births, self.deaths])
        margin = 0.12 * (high - low)
        left, top = self.infinity_ = (low - margin, high + margin)
        self.ax_.plot([low, high], [low, high], color="0.7", linewidth=1, zorder=0)
        self.ax_.axhline(top, color="0.7", linestyle="--", linewidth=1, zorder=0)
        self.ax_.axvline(left, color="0.7", linestyle="--", linewidth=1, zorder=0)
        births = np.append(self.births, left)
        (self.components_,) = self.ax_.plot(
            births,
            np.full(len(births), top),
            "|",
            color=COLORS[0],
            markersize=14,
            alpha=_see_through(births),
            label=f"{len(births)} components: born, never die",
        )
        (self.cycles_,) = self.ax_.plot(
            np.full(len(self.deaths), left),
            self.deaths,
            "_",
            color=COLORS[4],
            markersize=14,
            alpha=_see_through(self.deaths),
            label=f"{len(self.deaths)} cycles: there from the start, die",
        )
        self._label(low, high, margin)
        return self

    def _label(self, low: float, high: float, margin: float) -> None:
        """Name the axes, and infinity on them."""
        left, top = self.infinity_
        limits = (left - margin / 2, top + margin / 2)
        self.ax_.set(
            xlim=limits,
            ylim=limits,
            aspect="equal",
            xlabel="birth (threshold on edge weights)",
            ylabel="death (threshold on edge weights)",
        )
        near = margin / 4
        ticks = self.ax_.get_xticks()
        ticks = ticks[(ticks >= low - near) & (ticks <= high + near)]
        names = [f"{tick:g}" for tick in ticks]
        self.ax_.set_xticks([left, *ticks], ["−∞", *names])
        self.ax_.set_yticks([*ticks, top], [*names, "∞"])
        legend = self.ax_.legend(loc="lower right", frameon=False, fontsize="small")
        for handle in legend.legend_handles:
            handle.set_alpha(1)


class BettiCurvesDisplay:
    r"""Betti curves: how many components and cycles a graph has at each threshold.

    With the edges of weight above :math:`\epsilon` kept, a graph has
    :math:`\beta_0(\epsilon) = 1 + \#\{b \le \epsilon\}` components and
    :math:`\beta_1(\epsilon) = \#\{d > \epsilon\}` independent cycles. Of a group of
    graphs the mean is drawn; it too is exact, a step at every birth (death).

    Use :meth:`from_estimator` or :meth:`from_predictions` to make one.

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
    >>> display = BettiCurvesDisplay.from_predictions([[0.7, 0.9, 0.5]])
    >>> display.lines_[0, 0].get_xydata()[1:-1]
    array([[0.7, 2. ],
           [0.9, 3. ]])
    """

    def __init__(
        self, births: FloatArray, deaths: FloatArray, *, y: ArrayLike | None = None
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
        ax: ManyAxes = None,
    ) -> Self:
        """Draw the barcodes that a fitted GraphPersistence computes.

        Parameters
        ----------
        estimator : GraphPersistence or Pipeline
            Fitted; a pipeline must end in a GraphPersistence. It must keep births and
            deaths, no quantiles.

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
            If the last step is no GraphPersistence.

        ValueError
            If it does not keep births and deaths each by each.
        """
        return cls(*_all_births_and_deaths(estimator, X), y=y).plot(ax=ax)

    @classmethod
    def from_predictions(
        cls, barcodes: ArrayLike, *, y: ArrayLike | None = None, ax: ManyAxes = None
    ) -> Self:
        """Draw barcode rows.

        Parameters
        ----------
        barcodes : array-like of shape (n_graphs, n_edges)
            Barcode rows in units of the edge weights.

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
            If births or deaths do not ascend.
        """
        rows = scale_barcodes(barcodes, normalize=False)
        return cls(*split_barcodes(rows), y=y).plot(ax=ax)

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
        self.figure_, self.ax_ = get_axes(ax, 2, self)
        groups = split_groups(self.y, len(self.births))
        self.lines_ = np.empty((2, len(groups)), dtype=object)
        low, high = _range([self.births, self.deaths])
        margin = 0.05 * (high - low)
        panels = (
            (self.births, 1, 1, "components (β₀)"),
            (self.deaths, self.deaths.shape[1], -1, "cycles (β₁)"),
        )
        for panel, (values, start, step, name) in enumerate(panels):
            for k, (label, members) in enumerate(groups):
                steps = np.sort(values[members], axis=None)
                counts = start + step * np.arange(len(steps) + 1) / members.sum()
                # Drawn out to both ends: a curve holds before its first step.
                (self.lines_[panel, k],) = self.ax_[panel].step(
                    np.concatenate([[low - margin], steps, [high + margin]]),
                    np.append(counts, counts[-1]),
                    where="post",
                    color=COLORS[k % len(COLORS)],
                    linestyle=LINES[k % len(LINES)],
                    label=label,
                )
            self.ax_[panel].set(
                title=name,
                xlabel="threshold on edge weights",
                ylabel="number" if members.sum() == 1 else "mean number",
                xlim=(low - margin, high + margin),
            )
        if self.y is not None:
            self.ax_[0].legend(frameon=False)
        return self


def _all_births_and_deaths(estimator: Any, X: Samples) -> tuple[FloatArray, FloatArray]:
    """Compute births and deaths, all of both."""
    births, deaths = births_and_deaths(estimator, X)
    last = estimator[-1] if hasattr(estimator, "steps") else estimator
    if births is None or deaths is None or last.n_quantiles is not None:
        raise ValueError(
            "The graph filtration needs all births and deaths; the estimator has "
            f"homology_dimensions={last.homology_dimensions}, "
            f"n_quantiles={last.n_quantiles}."
        )
    return births, deaths


def _see_through(points: FloatArray) -> float:
    """Choose an opacity at which the density of points on a line can be seen."""
    return float(np.clip(50 / max(len(points), 1), 0.02, 0.7))


def _range(parts: Sequence[FloatArray]) -> tuple[float, float]:
    """Find the least and the largest value, apart even if all are equal."""
    values = np.concatenate([np.ravel(part) for part in parts])
    low, high = values.min(), values.max()
    return (low, high) if low < high else (low - 0.5, high + 0.5)
