"""The persistence diagram of a graph filtration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from sktopo._utils.parameters import is_integer
from sktopo.barcodes import check_barcodes, split_barcodes
from sktopo.plotting._axes import (
    add_legend,
    find_limits,
    fit_labels,
    get_axes,
    measure_axes,
)
from sktopo.plotting._display import Display, count
from sktopo.plotting._groups import COLORS
from sktopo.plotting._inputs import (
    check_before_computing,
    check_weights,
    compute_births_and_deaths,
)
from sktopo.plotting._interactive import draw_diagram, list_ticks

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from plotly.graph_objects import Figure
    from sklearn.base import BaseEstimator

    from sktopo._typing import FloatArray, ManyAxes, Samples

# Inches of axes that hold the legend.
_WIDE = 3.0


@dataclass(repr=False, eq=False)
class PersistenceDiagramDisplay(Display):
    """Persistence diagram of the filtration of one graph.

    The edges with a weight above the threshold are kept, and the threshold grows.
    Removing an edge of the maximum spanning tree gives birth to a component, which
    never dies. Removing any other edge is the death of a cycle, which existed from the
    start. So all points lie on two lines at infinity. One point, the component that
    exists from the start, lies in their corner.

    Use :meth:`from_estimator` or :meth:`from_barcodes` to make one.

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
    >>> display = PersistenceDiagramDisplay.from_barcodes([0.7, 0.9, 0.5])
    >>> display.components_.get_xdata()[:2], display.cycles_.get_ydata()
    (array([0.7, 0.9]), array([0.5]))
    """

    births: FloatArray
    deaths: FloatArray

    def __post_init__(self) -> None:
        self.births = check_weights(self.births, "births", n_dimensions=(1,))
        self.deaths = check_weights(self.deaths, "deaths", n_dimensions=(1,))
        if not self.births.size:
            raise ValueError("There are no births to draw; a graph needs two nodes.")

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        X: Samples,
        *,
        sample: int = 0,
        ax: ManyAxes = None,
    ) -> Self:
        """Draw the barcode that a fitted GraphPersistence computes of one graph.

        Parameters
        ----------
        estimator : GraphPersistence or Pipeline
            Fitted; a pipeline must end in a GraphPersistence. It must keep all births
            and deaths, without `n_quantiles`.

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
            If the last step is not a GraphPersistence.

        ValueError
            If it does not keep all births and deaths, or `sample` is out of range.
        """
        if not is_integer(sample):
            raise ValueError(f"sample must be an integer, got {sample!r}.")
        check_before_computing(cls, ax, X)
        births, deaths = compute_births_and_deaths(estimator, X, complete=True)
        if not -len(births) <= sample < len(births):
            raise ValueError(
                f"sample={sample} is not one of the {len(births)} samples of X; "
                f"expected 0 to {len(births) - 1}."
            )
        return cls(births[sample], deaths[sample]).plot(ax=ax)

    @classmethod
    def from_barcodes(cls, barcode: ArrayLike, *, ax: ManyAxes = None) -> Self:
        """Draw one barcode.

        Parameters
        ----------
        barcode : array-like of shape (n_edges,)
            Barcode of one graph, in units of the edge weights.

        ax : matplotlib Axes, default=None
            See `plot`.

        Returns
        -------
        display : PersistenceDiagramDisplay
            What was drawn.

        Raises
        ------
        ValueError
            If births or deaths do not ascend, or there are several barcodes.
        """
        barcode = check_weights(barcode, "barcode", n_dimensions=(1, 2))
        if barcode.ndim != 1:
            raise ValueError(
                f"Got barcodes of shape {barcode.shape}, but a diagram is of one "
                "graph; give one barcode, such as barcodes[0]."
            )
        (row,) = check_barcodes(barcode[None])
        return cls(*split_barcodes(row)).plot(ax=ax)

    def plot(self, ax: ManyAxes = None) -> Self:
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
        self.figure_, (self.ax_,) = get_axes(self, ax)
        left, top = self.infinity_ = find_limits(self.births, self.deaths, margin=0.12)
        low, high = find_limits(self.births, self.deaths)
        births = np.append(self.births, left)
        born = f"{len(births)} components: born, never die"
        dying = f"{len(self.deaths)} cycles: exist from the start, die"
        self.components_ = self._draw_points(births, top, "|", COLORS[0], born)
        self.cycles_ = self._draw_points(left, self.deaths, "_", COLORS[4], dying)
        line = {"color": "0.7", "linewidth": 1, "zorder": 0}
        self.ax_.plot([low, high], [low, high], **line)
        self.ax_.axhline(top, linestyle="--", **line)
        self.ax_.axvline(left, linestyle="--", **line)
        self._label_axes(low, high)
        return self

    def to_plotly(self, *, edge_names: ArrayLike | None = None) -> Figure:
        """Make an interactive figure with the edge behind each point on hover.

        Needs plotly: ``pip install 'sktopo[interactive]'``. Background and grid suit
        light and dark pages; ``figure.write_html("diagram.html")`` saves it.

        Parameters
        ----------
        edge_names : array-like of str of shape (n_births + n_deaths,), default=None
            The edge behind each birth and then each death, ascending, such as one row
            of :meth:`GraphPersistence.edge_names <sktopo.GraphPersistence.edge_names>`:
            ``"a--b"`` joins the nodes a and b. If None, edges are not named.

        Returns
        -------
        figure : plotly.graph_objects.Figure
            The figure.

        Raises
        ------
        ImportError
            If plotly is not installed.

        ValueError
            If there is not one name for each birth and death, or there are so many
            points that a page could not show them.
        """
        return draw_diagram(self, edge_names)

    def _describe(self):
        """Count what is drawn."""
        n_components, n_cycles = len(self.births) + 1, len(self.deaths)
        return f"{count(n_components, 'component')} and {count(n_cycles, 'cycle')}"

    def _draw_points(self, x, y, marker, color, label):
        """Draw points on a line, so transparent that their density can be seen."""
        x, y = np.broadcast_arrays(x, y)
        opacity = np.clip(50 / max(len(x), 1), 0.02, 0.7)
        (points,) = self.ax_.plot(
            x, y, marker, color=color, markersize=14, alpha=opacity, label=label
        )
        return points

    def _label_axes(self, low, high):
        """Label the axes, with infinity on both, and add the legend.

        `low` and `high` are the least and the largest birth or death.
        """
        left, top = self.infinity_
        spread = high - low
        limits = (left - 0.06 * spread, top + 0.06 * spread)
        self.ax_.set(xlim=limits, ylim=limits, aspect="equal")
        self.ax_.set_xlabel("birth (threshold on edge weights)")
        self.ax_.set_ylabel("death (threshold on edge weights)")
        ticks, names = list_ticks(self.ax_.get_xticks(), low, high)
        # Where the first tick is close, it would touch the name of infinity.
        gap = 72 * measure_axes(self.ax_)[0] * (ticks - left) / np.ptp(limits)
        close = gap < 32
        names_x = [x for x, is_close in zip(names, close, strict=True) if not is_close]
        self.ax_.set_xticks([left, *ticks[~close]], ["−∞", *names_x])
        self.ax_.set_yticks([*ticks, top], [*names, "∞"])
        fit_labels(self.ax_)
        handles = [self.components_, self.cycles_]
        names = [handle.get_label() for handle in handles]
        style = {}
        has_layout = self.figure_.get_layout_engine() is not None
        if measure_axes(self.ax_)[0] > _WIDE or not has_layout:
            # No point lies below the diagonal.
            style = {"loc": "lower right", "fontsize": "small"}
        legend = add_legend(self.ax_, handles, names, **style)
        for handle in legend.legend_handles:
            handle.set_alpha(1)
