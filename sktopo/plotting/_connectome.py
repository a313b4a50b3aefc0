"""Connectomes as heatmaps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform

from sktopo._utils.nodes import find_layers
from sktopo._utils.parameters import check_flag
from sktopo.plotting._common import find_node_names, get_axes, mean_connectome

if TYPE_CHECKING:
    from typing import Any, Self

    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from numpy.typing import ArrayLike
    from sklearn.base import BaseEstimator

    from sktopo._typing import FloatArray, IntArray, Samples

# Up to so many units without layers, each has its name at the axes.
_NAMED_UNITS = 30


class ConnectomeDisplay:
    """Connectome as a heatmap, its units grouped by layer.

    Use :meth:`from_estimator` or :meth:`from_predictions` to make one.

    Parameters
    ----------
    connectome : ndarray of shape (n_edges,)
        Connectome row.

    node_names : array-like of str of shape (n_nodes,)
        Names of units, such as ``"fc1[0]"``; what stands before the bracket is the
        layer.

    order : ndarray of shape (n_nodes,)
        The units from the top down and from left to right.

    n_connectomes : int, default=1
        How many connectomes this is the mean of.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes.

    figure_ : matplotlib Figure
        The figure.

    im_ : matplotlib AxesImage
        The heatmap, its diagonal left blank.

    lines_ : list of matplotlib Line2D
        The boundaries of layers.

    colorbar_ : matplotlib Colorbar or None
        The colour bar.

    See Also
    --------
    SpanningTreeDisplay : The edges that hold a connectome together.

    Examples
    --------
    >>> from sktopo.plotting import ConnectomeDisplay
    >>> display = ConnectomeDisplay.from_predictions(
    ...     [0.9, 0.5, 0.7], node_names=["fc1[0]", "fc1[1]", "fc2[0]"]
    ... )
    >>> [label.get_text() for label in display.ax_.get_xticklabels()]
    ['fc1', 'fc2']
    """

    def __init__(
        self,
        connectome: FloatArray,
        *,
        node_names: ArrayLike,
        order: IntArray,
        n_connectomes: int = 1,
    ) -> None:
        self.connectome = connectome
        self.node_names = node_names
        self.order = order
        self.n_connectomes = n_connectomes

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        X: Samples,
        *,
        reorder: bool = False,
        ax: Axes | None = None,
        cmap: str | Colormap | None = None,
        colorbar: bool = True,
    ) -> Self:
        """Draw the mean connectome that a fitted estimator computes.

        Parameters
        ----------
        estimator : FunctionalConnectome or Pipeline
            Fitted transformer that returns connectome rows; of a longer pipeline give
            its first steps, ``pipeline[:2]``.

        X : array-like or sequence
            What the estimator takes.

        reorder : bool, default=False
            See `from_predictions`.

        ax : matplotlib Axes, default=None
            See `plot`.

        cmap : str or matplotlib Colormap, default=None
            See `plot`.

        colorbar : bool, default=True
            See `plot`.

        Returns
        -------
        display : ConnectomeDisplay
            What was drawn.
        """
        return cls.from_predictions(
            estimator.transform(X),
            node_names=find_node_names(estimator),
            reorder=reorder,
            ax=ax,
            cmap=cmap,
            colorbar=colorbar,
        )

    @classmethod
    def from_predictions(
        cls,
        connectomes: ArrayLike,
        *,
        node_names: ArrayLike | None = None,
        reorder: bool = False,
        ax: Axes | None = None,
        cmap: str | Colormap | None = None,
        colorbar: bool = True,
    ) -> Self:
        """Draw a connectome, or the mean of several.

        The units of networks that were trained apart do not correspond: of their
        mean, compare blocks, not cells.

        Parameters
        ----------
        connectomes : array-like
            Connectome rows (n_connectomes, n_edges), one row (n_edges,), a symmetric
            matrix (n_nodes, n_nodes) or a stack of them.

        node_names : array-like of str of shape (n_nodes,), default=None
            Names of units, such as ``"fc1[0]"``. If None, x0, x1, ...

        reorder : bool, default=False
            Whether units move within their layer so that those with strong edges
            come together, in the order of the leaves of a hierarchical clustering.

        ax : matplotlib Axes, default=None
            See `plot`.

        cmap : str or matplotlib Colormap, default=None
            See `plot`.

        colorbar : bool, default=True
            See `plot`.

        Returns
        -------
        display : ConnectomeDisplay
            What was drawn.

        Raises
        ------
        ValueError
            If rows are no upper triangles, matrices are not symmetric, or the number
            of names is not the number of nodes.
        """
        check_flag("reorder", reorder)
        row, names, n_connectomes = mean_connectome(connectomes, node_names)
        _, of_unit = find_layers(names)
        if reorder:
            order = _order_within(row, of_unit)
        else:
            order = np.argsort(of_unit, kind="stable")
        display = cls(row, node_names=names, order=order, n_connectomes=n_connectomes)
        return display.plot(ax=ax, cmap=cmap, colorbar=colorbar)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        cmap: str | Colormap | None = None,
        colorbar: bool = True,
    ) -> Self:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; a new figure if None.

        cmap : str or matplotlib Colormap, default=None
            Colours. If None, viridis, or PuOr around zero if there are negative
            weights. Set limits with ``display.im_.set_clim``.

        colorbar : bool, default=True
            Whether to draw a colour bar.

        Returns
        -------
        display : ConnectomeDisplay
            Itself.
        """
        self.figure_, (self.ax_,) = get_axes(ax, 1, self)
        matrix = squareform(self.connectome)[np.ix_(self.order, self.order)]
        np.fill_diagonal(matrix, np.nan)  # a unit with itself says nothing
        signed = self.connectome.min() < 0
        bound = np.abs(self.connectome).max() or 1
        self.im_ = self.ax_.imshow(
            matrix,
            cmap=cmap if cmap is not None else ("PuOr" if signed else "viridis"),
            vmin=-bound if signed else 0,
            vmax=bound,
            interpolation="nearest",
        )
        self._draw_layers()
        self.colorbar_ = None
        if colorbar:
            many = self.n_connectomes > 1
            self.colorbar_ = self.figure_.colorbar(
                self.im_,
                ax=self.ax_,
                label=f"mean edge weight of {self.n_connectomes} connectomes"
                if many
                else "edge weight",
            )
        return self

    def _draw_layers(self) -> None:
        """Draw boundaries between layers and name them, or the units if there are few.

        The layers come in the order of their units in `order`.
        """
        names = np.asarray(self.node_names, dtype=object)[self.order]
        layers, of_unit = find_layers(names)
        bounds = np.flatnonzero(np.diff(of_unit)) + 0.5
        self.lines_ = [
            draw(bound, color="white", linewidth=1.2)
            for bound in bounds
            for draw in (self.ax_.axhline, self.ax_.axvline)
        ]
        self.ax_.tick_params(length=0)
        ticks: Any = []
        labels: Any = []
        if layers == [""]:
            if len(names) <= _NAMED_UNITS:
                ticks, labels = range(len(names)), names
            self.ax_.set(xlabel="unit", ylabel="unit")
        else:
            edges = np.concatenate([[-0.5], bounds, [len(names) - 0.5]])
            ticks, labels = (edges[:-1] + edges[1:]) / 2, layers
        crowded = sum(len(str(label)) for label in labels) > 40
        self.ax_.set_xticks(ticks, labels, rotation=90 if crowded else 0)
        self.ax_.set_yticks(ticks, labels)


def _order_within(row: FloatArray, of_unit: IntArray) -> IntArray:
    """Order units by layer, and within it by the leaves of average linkage."""
    far = squareform(row.max() - row)
    order: list[int] = []
    for layer in range(of_unit.max() + 1):
        units = np.flatnonzero(of_unit == layer)
        if len(units) > 2:
            within = squareform(far[np.ix_(units, units)], checks=False)
            units = units[
                leaves_list(linkage(within, "average", optimal_ordering=True))
            ]
        order.extend(units)
    return np.array(order)
