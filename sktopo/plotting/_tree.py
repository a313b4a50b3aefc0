"""The maximum spanning tree, layer by layer."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import depth_first_order

from sktopo._utils.nodes import check_node_names, find_layers
from sktopo._utils.parameters import check_flag
from sktopo.barcodes import barcode_edges, split_barcodes
from sktopo.plotting._axes import PLAIN_TEXT, get_axes, name_ticks, shorten
from sktopo.plotting._groups import COLORS, pick
from sktopo.plotting._inputs import (
    average_connectomes,
    check_before_computing,
    check_weights,
    compute_connectomes,
)

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from sklearn.base import BaseEstimator

    from sktopo._typing import FloatArray, IntArray, ManyAxes, Samples

# Height in inches that each node of the largest layer adds to a new figure.
_HEIGHT_OF_NODE = 0.17
# How often each node is moved towards those that it is joined to.
_N_SWEEPS = 20
# White is easier to read than black on these colours of nodes.
_DARK_COLORS = ("#0072B2", "#D55E00", "#000000")


@dataclass(repr=False, eq=False)
class SpanningTreeDisplay:
    """Maximum spanning tree of a connectome, with each layer in a column.

    The weights of its edges are the births: it is the strongest set of edges that
    connects all nodes. Edges within a layer are drawn as arcs.

    Use :meth:`from_estimator` or :meth:`from_connectomes` to make one.

    Parameters
    ----------
    edges : ndarray of shape (n_births, 2)
        The nodes that each edge joins.

    weights : ndarray of shape (n_births,)
        Weights of the edges, the births, ascending.

    node_names : array-like of str of shape (n_nodes,)
        Names of nodes, such as ``"fc1[0]"``; the part before the bracket is the layer.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes.

    figure_ : matplotlib Figure
        The figure.

    lines_ : matplotlib LineCollection
        The edges, with the strongest on top.

    nodes_ : matplotlib PathCollection
        The nodes, in the colour of their layer. Unless they are labelled, their area
        is proportional to their number of edges.

    texts_ : list of matplotlib Text
        Labels of nodes, if drawn.

    colorbar_ : matplotlib Colorbar
        The colour bar.

    See Also
    --------
    ConnectomeDisplay : All edges, as a heatmap.

    Examples
    --------
    >>> from sktopo.plotting import SpanningTreeDisplay
    >>> display = SpanningTreeDisplay.from_connectomes(
    ...     [0.9, 0.5, 0.7], node_names=["fc1[0]", "fc1[1]", "fc2[0]"]
    ... )
    >>> display.edges
    array([[1, 2],
           [0, 1]])
    """

    edges: IntArray
    weights: FloatArray
    _: KW_ONLY
    node_names: ArrayLike

    def __post_init__(self) -> None:
        self.weights = check_weights(self.weights, "weights", n_dimensions=(1,))
        n_nodes = len(self.weights) + 1
        self.node_names = check_node_names(self.node_names, n_nodes)
        self.edges = np.asarray(self.edges)
        if not set(self.edges.ravel()) <= set(range(n_nodes)) or (
            self.edges.shape != (len(self.weights), 2)
        ):
            raise ValueError(
                f"Got edges of shape {self.edges.shape} for {len(self.weights)} "
                "weights; expected a pair of numbers of nodes for each."
            )

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        X: Samples,
        *,
        label_nodes: bool = False,
        ax: ManyAxes = None,
    ) -> Self:
        """Draw the tree of the mean connectome that a fitted estimator computes.

        Parameters
        ----------
        estimator : FunctionalConnectome or Pipeline
            Fitted transformer that returns connectome rows. Of a longer pipeline, give
            the first steps, such as ``pipeline[:2]``.

        X : array-like or sequence
            What the estimator takes. Give one sample if the nodes of samples do not
            correspond.

        label_nodes : bool, default=False
            See `plot`.

        ax : matplotlib Axes, default=None
            See `plot`.

        Returns
        -------
        display : SpanningTreeDisplay
            What was drawn.

        Raises
        ------
        TypeError
            If the last step does not return connectomes, as a GraphPersistence.

        NotFittedError
            If it is not fitted.
        """
        check_flag("label_nodes", label_nodes)
        check_before_computing(cls, ax, X)
        connectomes, node_names = compute_connectomes(estimator, X)
        display = cls._average(connectomes, node_names)
        return display.plot(ax=ax, label_nodes=label_nodes)

    @classmethod
    def from_connectomes(
        cls,
        connectomes: ArrayLike,
        *,
        node_names: ArrayLike | None = None,
        label_nodes: bool = False,
        ax: ManyAxes = None,
    ) -> Self:
        """Draw the tree of a connectome, or of the mean of several.

        Parameters
        ----------
        connectomes : array-like
            Connectome rows (n_connectomes, n_edges), one row (n_edges,), a symmetric
            matrix (n_nodes, n_nodes) or a stack of them. The nodes of networks that
            were trained separately do not correspond: draw one network at a time.

        node_names : array-like of str of shape (n_nodes,), default=None
            Names of nodes, such as ``"fc1[0]"``. If None, x0, x1, ...

        label_nodes : bool, default=False
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
            If the edges of a row do not form an upper triangle, a matrix is not
            symmetric, or the number of names is not the number of nodes.
        """
        display = cls._average(connectomes, node_names)
        return display.plot(ax=ax, label_nodes=label_nodes)

    @classmethod
    def _average(cls, connectomes, node_names):
        """Make a display of the tree of the mean of connectomes."""
        row, names, _ = average_connectomes(connectomes, node_names)
        births, _ = split_barcodes(barcode_edges([row])[0])
        pairs = np.transpose(np.triu_indices(len(names), 1))
        return cls(pairs[births], row[births], node_names=names)

    def plot(self, ax: ManyAxes = None, *, label_nodes: bool = False) -> Self:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; a new figure if None.

        label_nodes : bool, default=False
            Whether to write into each node its number in its layer, or its name if it
            has no layer.

        Returns
        -------
        display : SpanningTreeDisplay
            Itself.
        """
        check_flag("label_nodes", label_nodes)
        layers, layer_of_node = find_layers(self.node_names)
        height = max(4.2, _HEIGHT_OF_NODE * np.bincount(layer_of_node).max())
        self.figure_, (self.ax_,) = get_axes(self, ax, height=height)
        places = _place_nodes(self.edges, layer_of_node)
        colors = [pick(COLORS, layer) for layer in layer_of_node]
        self._draw_edges(places, bend_outward=len(layers) > 1)
        degrees = np.bincount(self.edges.ravel(), minlength=len(places))
        sizes = 120 if label_nodes else 14 * degrees
        style = {"edgecolors": "white", "linewidths": 0.5, "zorder": 2}
        self.nodes_ = self.ax_.scatter(*places.T, s=sizes, color=colors, **style)
        self.texts_ = (
            self._label_nodes(layers, layer_of_node, places) if label_nodes else []
        )
        self.ax_.set(xlim=(-0.6, len(layers) - 0.4), ylim=(-0.02, 1.02), yticks=[])
        name_ticks(self.ax_.xaxis, range(len(layers)), layers)
        self.ax_.tick_params(length=0)
        self.ax_.spines[:].set_visible(False)
        self.colorbar_ = self.figure_.colorbar(
            self.lines_, ax=self.ax_, label="birth (edge weight)"
        )
        return self

    def _draw_edges(self, places, bend_outward):
        """Draw the edges between places of nodes, an array of shape (n_nodes, 2)."""
        # Imported after get_axes, whose error says how to install matplotlib.
        from matplotlib.collections import LineCollection  # noqa: PLC0415

        paths = [_find_path(*places[edge], bend_outward) for edge in self.edges]
        self.lines_ = LineCollection(
            paths, array=self.weights, cmap="viridis_r", linewidths=1.6, zorder=1
        )
        self.ax_.add_collection(self.lines_)

    def _label_nodes(self, layers, layer_of_node, places):
        """Write into each node its number in its layer, or its name if it has none."""
        style = {"fontsize": 6, "ha": "center", "va": "center", **PLAIN_TEXT}
        texts = []
        nodes = zip(self.node_names, layer_of_node, places, strict=True)
        for name, layer, place in nodes:
            number = str(name).removeprefix(f"{layers[layer]}[").removesuffix("]")
            color = "white" if pick(COLORS, layer) in _DARK_COLORS else "black"
            texts.append(self.ax_.text(*place, shorten(number), color=color, **style))
        return texts


def _place_nodes(edges, layer_of_node):
    """Place nodes in columns, with joined nodes at similar heights.

    Returns an array of shape (n_nodes, 2): the layer of each node, and its height.
    """
    n_nodes = len(layer_of_node)
    tree = csr_array((np.ones(len(edges)), edges.T), shape=(n_nodes, n_nodes))
    tree = tree + tree.T
    degrees = tree.sum(axis=0)
    order = depth_first_order(tree, np.argmax(degrees), return_predecessors=False)
    heights = np.empty(n_nodes)
    heights[order] = np.arange(n_nodes)
    for _ in range(_N_SWEEPS):
        for layer in np.unique(layer_of_node):
            nodes = np.flatnonzero(layer_of_node == layer)
            ranks = np.argsort(np.argsort(heights[nodes], kind="stable"), kind="stable")
            heights[nodes] = (ranks + 0.5) / len(nodes)
        even_heights = heights.copy()
        heights = (heights + tree @ heights) / (1 + degrees)
    return np.column_stack([layer_of_node, even_heights])


def _find_path(start, end, bend_outward):
    """Return a line between two places, or an arc within one column: (n_points, 2).

    In the first of several columns, arcs bend outward, to the left.
    """
    if start[0] != end[0]:
        return np.array([start, end])
    along = np.linspace(0, 1, 21)[:, None]
    path = (1 - along) * start + along * end
    bend = (0.1 + 0.4 * abs(end[1] - start[1])) * np.sin(np.pi * along[:, 0])
    path[:, 0] += -bend if bend_outward and start[0] == 0 else bend
    return path
