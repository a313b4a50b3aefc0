"""The maximum spanning tree, layer by layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import depth_first_order

from sktopo._utils.nodes import find_layers
from sktopo.barcodes import barcode_edges, split_barcodes
from sktopo.plotting._common import (
    COLORS,
    DARK,
    find_node_names,
    get_axes,
    mean_connectome,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Self

    from matplotlib.axes import Axes
    from matplotlib.text import Text
    from numpy.typing import ArrayLike, NDArray
    from sklearn.base import BaseEstimator

    from sktopo._typing import FloatArray, IntArray, Samples

# Height of a new figure for each unit of the largest layer.
_INCHES = 0.17
# Rounds of moving each unit towards those it is joined to.
_SWEEPS = 20


class SpanningTreeDisplay:
    """Maximum spanning tree of a connectome, each layer a column.

    Its edges are the births: the strongest connections that hold all units together.
    Edges within a layer are drawn as arcs.

    Use :meth:`from_estimator` or :meth:`from_predictions` to make one.

    Parameters
    ----------
    edges : ndarray of shape (n_births, 2)
        The units that each edge joins.

    weights : ndarray of shape (n_births,)
        Weights of the edges, the births, ascending.

    node_names : array-like of str of shape (n_nodes,)
        Names of units, such as ``"fc1[0]"``; what stands before the bracket is the
        layer.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes.

    figure_ : matplotlib Figure
        The figure.

    lines_ : matplotlib LineCollection
        The edges, the strongest on top.

    nodes_ : matplotlib PathCollection
        The units, in the colour of their layer, the larger the more edges they have
        unless labelled.

    texts_ : list of matplotlib Text
        Names of units, if drawn.

    colorbar_ : matplotlib Colorbar
        The colour bar.

    See Also
    --------
    ConnectomeDisplay : All edges, as a heatmap.

    Examples
    --------
    >>> from sktopo.plotting import SpanningTreeDisplay
    >>> display = SpanningTreeDisplay.from_predictions(
    ...     [0.9, 0.5, 0.7], node_names=["fc1[0]", "fc1[1]", "fc2[0]"]
    ... )
    >>> display.edges
    array([[1, 2],
           [0, 1]])
    """

    def __init__(
        self,
        edges: IntArray,
        weights: FloatArray,
        *,
        node_names: Sequence[str] | NDArray[Any],
    ) -> None:
        self.edges = edges
        self.weights = weights
        self.node_names = node_names

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        X: Samples,
        *,
        label_units: bool = False,
        ax: Axes | None = None,
    ) -> Self:
        """Draw the tree of the mean connectome that a fitted estimator computes.

        Parameters
        ----------
        estimator : FunctionalConnectome or Pipeline
            Fitted transformer that returns connectome rows; of a longer pipeline give
            its first steps, ``pipeline[:2]``.

        X : array-like or sequence
            What the estimator takes; one sample, where units do not correspond.

        label_units : bool, default=False
            See `plot`.

        ax : matplotlib Axes, default=None
            See `plot`.

        Returns
        -------
        display : SpanningTreeDisplay
            What was drawn.
        """
        return cls.from_predictions(
            estimator.transform(X),
            node_names=find_node_names(estimator),
            label_units=label_units,
            ax=ax,
        )

    @classmethod
    def from_predictions(
        cls,
        connectomes: ArrayLike,
        *,
        node_names: ArrayLike | None = None,
        label_units: bool = False,
        ax: Axes | None = None,
    ) -> Self:
        """Draw the tree of a connectome, or of the mean of several.

        Parameters
        ----------
        connectomes : array-like
            Connectome rows (n_connectomes, n_edges), one row (n_edges,), a symmetric
            matrix (n_nodes, n_nodes) or a stack of them. The units of networks that
            were trained apart do not correspond: draw one at a time.

        node_names : array-like of str of shape (n_nodes,), default=None
            Names of units, such as ``"fc1[0]"``. If None, x0, x1, ...

        label_units : bool, default=False
            See `plot`.

        ax : matplotlib Axes, default=None
            See `plot`.

        Returns
        -------
        display : SpanningTreeDisplay
            What was drawn.

        Raises
        ------
        ValueError
            If rows are no upper triangles, matrices are not symmetric, or the number
            of names is not the number of nodes.
        """
        row, names, _ = mean_connectome(connectomes, node_names)
        births, _ = split_barcodes(barcode_edges([row])[0])
        pairs = np.transpose(np.triu_indices(len(names), 1))
        display = cls(pairs[births], row[births], node_names=names)
        return display.plot(ax=ax, label_units=label_units)

    def plot(self, ax: Axes | None = None, *, label_units: bool = False) -> Self:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; a new figure if None.

        label_units : bool, default=False
            Whether to write at each unit its number in its layer, or its name.

        Returns
        -------
        display : SpanningTreeDisplay
            Itself.
        """
        layers, of_unit = find_layers(self.node_names)
        tall = np.bincount(of_unit).max() * _INCHES
        self.figure_, (self.ax_,) = get_axes(ax, 1, self, height=max(4.2, tall))
        places = _place(self.edges, of_unit)
        # Imported here, when get_axes has said what to do where it is missing.
        from matplotlib.collections import LineCollection  # noqa: PLC0415

        self.lines_ = LineCollection(
            [_draw_edge(places[a], places[b], len(layers) > 1) for a, b in self.edges],
            array=self.weights,
            cmap="viridis_r",
            linewidths=1.6,
            zorder=1,
        )
        self.ax_.add_collection(self.lines_)
        n_edges = np.bincount(self.edges.ravel(), minlength=len(places))
        self.nodes_ = self.ax_.scatter(
            *places.T,
            s=120 if label_units else 14 * n_edges,
            color=[COLORS[layer % len(COLORS)] for layer in of_unit],
            edgecolors="white",
            linewidths=0.5,
            zorder=2,
        )
        self.texts_ = self._label_units(layers, of_unit, places) if label_units else []
        self.ax_.set(xlim=(-0.6, len(layers) - 0.4), ylim=(-0.02, 1.02), yticks=[])
        self.ax_.set_xticks(range(len(layers)), layers)
        self.ax_.tick_params(length=0)
        self.ax_.spines[:].set_visible(False)
        self.colorbar_ = self.figure_.colorbar(
            self.lines_, ax=self.ax_, label="birth (edge weight)"
        )
        return self

    def _label_units(
        self, layers: list[str], of_unit: IntArray, places: FloatArray
    ) -> list[Text]:
        """Write into each node the number of the unit in its layer, or its name."""
        return [
            self.ax_.text(
                *place,
                str(name).removeprefix(f"{layers[layer]}[").removesuffix("]"),
                fontsize=6,
                color="white" if COLORS[layer % len(COLORS)] in DARK else "black",
                ha="center",
                va="center",
            )
            for name, layer, place in zip(self.node_names, of_unit, places, strict=True)
        ]


def _place(edges: IntArray, of_unit: IntArray) -> FloatArray:
    """Place units in columns, those joined at like heights: (n_nodes, 2)."""
    n_nodes = len(of_unit)
    tree = csr_array((np.ones(len(edges)), edges.T), shape=(n_nodes, n_nodes))
    tree = tree + tree.T
    height = np.empty(n_nodes)
    start = np.argmax(tree.sum(axis=0))
    height[depth_first_order(tree, start, return_predecessors=False)] = np.arange(
        n_nodes
    )
    for _ in range(_SWEEPS):
        for layer in np.unique(of_unit):
            units = np.flatnonzero(of_unit == layer)
            rank = np.argsort(np.argsort(height[units], kind="stable"), kind="stable")
            height[units] = (rank + 0.5) / len(units)
        spread = height.copy()
        height = (height + tree @ height) / (1 + tree.sum(axis=0))
    return np.column_stack([of_unit, spread])


def _draw_edge(start: FloatArray, end: FloatArray, outward: bool) -> FloatArray:
    """Draw a line between two places, an arc within one column: (n_points, 2).

    In the first column of several the arcs bend outward, to the left.
    """
    if start[0] != end[0]:
        return np.array([start, end])
    along = np.linspace(0, 1, 21)[:, None]
    path = (1 - along) * start + along * end
    bend = (0.1 + 0.4 * abs(end[1] - start[1])) * np.sin(np.pi * along[:, 0])
    path[:, 0] += -bend if outward and start[0] == 0 else bend
    return path
