"""The maximum spanning tree, layer by layer."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Literal, Self

import numpy as np

from sktopo._utils.nodes import check_node_names
from sktopo._utils.parameters import check_flag
from sktopo.barcodes import barcode_edges, split_barcodes
from sktopo.plotting._axes import (
    PLAIN_TEXT,
    add_colorbar,
    get_axes,
    measure_axes,
    name_ticks,
)
from sktopo.plotting._display import Display, count
from sktopo.plotting._groups import COLORS, pick
from sktopo.plotting._inputs import (
    average,
    check_before_computing,
    check_weights,
    compute_connectomes,
    read_connectomes,
)
from sktopo.plotting._nodes import (
    choose_apart,
    find_groups,
    fit_font,
    measure_text,
    shorten_node,
)
from sktopo.plotting._tree_layout import find_path, place_around, place_in_columns

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from sklearn.base import BaseEstimator

    from sktopo._typing import FloatArray, IntArray, ManyAxes, Samples

# Inches that each node of the largest column, and each column, adds to a new figure,
# and the least and the most of the figure.
_OF_NODE, _OF_COLUMN = 0.17, 0.8
_LEAST, _MOST, _WIDEST = 4.2, 8.0, 12.0
# Points: the diameter of nodes that labels fit into, and the size of these labels.
_WIDE_NODE, _IN_NODE = 8.5, 6
# The most letters of labels in nodes.
_LONGEST_INSIDE = 3
# Points from a node to the next on a circle.
_ROOM = 12.0
# White is easier to read than black on these colours of nodes.
_DARK_COLORS = ("#0072B2", "#D55E00", "#000000")


@dataclass(repr=False, eq=False)
class SpanningTreeDisplay(Display):
    """Maximum spanning tree of a connectome, with each group of nodes in a column.

    The weights of its edges are the births: it is the strongest set of edges that
    connects all nodes. Groups are layers, or brain systems; edges within a group are
    drawn as arcs. Without groups, the tree is drawn around its centroid, the node whose
    branches are smallest, on one circle for each number of edges from there.

    Use :meth:`from_estimator` or :meth:`from_connectomes` to make one.

    Parameters
    ----------
    edges : ndarray of shape (n_births, 2)
        The nodes that each edge joins.

    weights : ndarray of shape (n_births,)
        Weights of the edges, the births, ascending.

    node_names : array-like of str of shape (n_nodes,)
        Names of nodes, such as ``"fc1[0]"``; the part before the bracket is the layer.

    groups : array-like of shape (n_nodes,), "layer" or None, default="layer"
        The group of each node, such as a brain system; "layer" reads it from
        `node_names`.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes.

    figure_ : matplotlib Figure
        The figure.

    lines_ : matplotlib LineCollection
        The edges, with the strongest on top.

    nodes_ : matplotlib PathCollection
        The nodes, in the colour of their group. Unless they are labelled, their area
        is proportional to their number of edges.

    texts_ : list of matplotlib Text
        Labels of nodes, if drawn. Where labels would overlap, only the nodes with most
        edges have one.

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
    >>> display
    <SpanningTreeDisplay: 2 edges between 3 nodes in 2 groups>
    """

    edges: IntArray
    weights: FloatArray
    _: KW_ONLY
    node_names: ArrayLike
    groups: ArrayLike | Literal["layer"] | None = "layer"

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
        find_groups(self.groups, self.node_names)

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        X: Samples,
        *,
        groups: ArrayLike | Literal["layer"] | None = "layer",
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

        groups : array-like of shape (n_nodes,), "layer" or None, default="layer"
            See `from_connectomes`.

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
        display = cls._average(connectomes, node_names, groups)
        return display.plot(ax=ax, label_nodes=label_nodes)

    @classmethod
    def from_connectomes(
        cls,
        connectomes: ArrayLike,
        *,
        node_names: ArrayLike | None = None,
        groups: ArrayLike | Literal["layer"] | None = "layer",
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
            Names of nodes, such as ``"fc1[0]"``. If None, those in the columns of data
            frames, else x0, x1, ...

        groups : array-like of shape (n_nodes,), "layer" or None, default="layer"
            The group of each node, such as a brain system, which has a column and a
            colour of its own. "layer" reads it from the names of nodes: the part before
            the bracket. None draws no groups.

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
        display = cls._average(connectomes, node_names, groups)
        return display.plot(ax=ax, label_nodes=label_nodes)

    @classmethod
    def _average(cls, connectomes, node_names, groups):
        """Make a display of the tree of the mean of connectomes."""
        rows, names = read_connectomes(connectomes, node_names)
        row = average(rows)
        births, _ = split_barcodes(barcode_edges([row])[0])
        pairs = np.transpose(np.triu_indices(len(names), 1))
        return cls(pairs[births], row[births], node_names=names, groups=groups)

    def plot(self, ax: ManyAxes = None, *, label_nodes: bool = False) -> Self:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; a new figure if None.

        label_nodes : bool, default=False
            Whether to label the nodes by their number in their layer, or their name if
            it does not hold a layer. Where labels would overlap, only the nodes with
            most edges have one.

        Returns
        -------
        display : SpanningTreeDisplay
            Itself.
        """
        check_flag("label_nodes", label_nodes)
        known, members = find_groups(self.groups, self.node_names)
        labels = self._find_labels() if label_nodes else []
        n_tallest, n_columns = np.bincount(members).max(), len(known)
        are_short = max(map(len, labels), default=0) <= _LONGEST_INSIDE
        # Inches of the longest label that stands beside a node.
        wide = 0 if are_short else max(measure_text(x, 7)[0] for x in labels) / 72
        size = np.clip(_OF_NODE * n_tallest, _LEAST, _MOST) * np.ones(2)
        if n_columns > 1:
            size[0] = np.clip((_OF_COLUMN + wide) * n_columns + wide, _LEAST, _WIDEST)
        width, height = map(float, size)
        self.figure_, (self.ax_,) = get_axes(self, ax, width=width + 1, height=height)
        size = 0.9 * size if ax is None else measure_axes(self.ax_)
        if n_columns > 1:
            margin = 0.6 + wide / (size[0] - 2 * wide) * n_columns
            limits = ((-margin, n_columns - 1 + margin), (-0.02, 1.02))
            places = place_in_columns(self.edges, members)
        else:
            limits = ((-1.05, 1.05), (-1.05, 1.05))
            places = place_around(self.edges)
            size = np.full(2, size.min())
        # Points in a unit of each axis, and from a node to the next.
        unit = 72 * size / np.ptp(limits, axis=1)
        room = unit[1] / n_tallest if n_columns > 1 else _ROOM
        are_inside = room >= _WIDE_NODE and are_short
        self._draw_edges(places, n_columns, bend_outward=are_inside or not labels)
        self._draw_nodes(places, members, room, are_inside and label_nodes)
        self.texts_ = []
        if labels and are_inside:
            self.texts_ = self._label_inside(labels, places, members)
        elif labels:
            self.texts_ = self._label_beside(labels, places, n_columns, unit, room)
        self._finish(known, limits)
        return self

    def _find_labels(self):
        """Return what labels nodes: the unit of a layer, or else the name."""
        texts = [str(name) for name in self.node_names]
        layers, numbers = find_groups("layer", texts)
        if layers == [""]:
            return [shorten_node(text) for text in texts]
        starts = [layers[number] for number in numbers]
        return [
            shorten_node(text.removeprefix(f"{start}[").removesuffix("]"))
            for text, start in zip(texts, starts, strict=True)
        ]

    def _draw_edges(self, places, n_columns, bend_outward):
        """Draw the edges between places of nodes, an array of shape (n_nodes, 2)."""
        # Imported after get_axes, whose error says how to install matplotlib.
        from matplotlib.collections import LineCollection  # noqa: PLC0415

        paths = []
        for start, end in self.edges:
            column = places[start, 0]
            # Labels beside nodes stand outside, and arcs then bend to the other side.
            is_left = column == 0 if bend_outward else column == n_columns - 1
            if n_columns == 1:
                paths.append(places[[start, end]])
            else:
                direction = -1 if is_left else 1
                paths.append(find_path(places[start], places[end], direction))
        self.lines_ = LineCollection(
            paths, array=self.weights, cmap="viridis_r", linewidths=1.4, zorder=1
        )
        self.ax_.add_collection(self.lines_)

    def _draw_nodes(self, places, members, room, are_labelled):
        """Draw the nodes, `room` points apart."""
        degrees = np.bincount(self.edges.ravel(), minlength=len(places))
        sizes = min(11, 0.95 * room) ** 2
        if not are_labelled:
            sizes = min(14, (0.5 * room) ** 2) * degrees
        self.nodes_ = self.ax_.scatter(
            *places.T,
            s=sizes,
            color=[pick(COLORS, number) for number in members],
            edgecolors="white",
            linewidths=0.5,
            zorder=2,
        )

    def _label_inside(self, labels, places, members):
        """Write labels into the nodes."""
        style = {"fontsize": _IN_NODE, "ha": "center", "va": "center", **PLAIN_TEXT}
        texts = []
        for label, place, number in zip(labels, places, members, strict=True):
            color = "white" if pick(COLORS, number) in _DARK_COLORS else "black"
            texts.append(self.ax_.text(*place, label, color=color, **style))
        return texts

    def _label_beside(self, labels, places, n_columns, unit, room):
        """Write those labels that do not overlap beside their nodes.

        `unit` holds the points in a unit of each axis.
        """
        from matplotlib.patheffects import withStroke  # noqa: PLC0415

        font = fit_font(72, room) if n_columns > 1 else 6.5
        font = min(font, 8)
        # To the left of nodes, and to their right in the last column.
        side = np.where(places[:, 0] == n_columns - 1, 1, -1)
        if n_columns == 1:
            side = np.where(places[:, 0] < 0, -1, 1)
        points = places * unit
        sizes = np.array([measure_text(label, font) for label in labels])
        starts = points[:, 0] + 5 * side
        ends = starts + side * sizes[:, 0]
        boxes = np.column_stack([np.minimum(starts, ends), points[:, 1] - font / 2])
        boxes = np.column_stack([boxes, np.maximum(starts, ends), boxes[:, 1]])
        boxes[:, 3] += 1.15 * font
        nodes = np.hstack([points - 3, points + 3])
        degrees = np.bincount(self.edges.ravel(), minlength=len(places))
        chosen = choose_apart(boxes, degrees, nodes if n_columns == 1 else nodes[:0])
        style = {"fontsize": font, "va": "center", "textcoords": "offset points"}
        style["path_effects"] = [withStroke(linewidth=1.5, foreground="white")]
        return [
            self.ax_.annotate(
                labels[k],
                places[k],
                xytext=(5 * side[k], 0),
                ha="left" if side[k] > 0 else "right",
                annotation_clip=False,
                **style,
                **PLAIN_TEXT,
            )
            for k in chosen
        ]

    def _finish(self, known, limits):
        """Set limits, name the columns, and add the colour bar."""
        self.ax_.set(xlim=limits[0], ylim=limits[1], xticks=[], yticks=[])
        if len(known) > 1:
            name_ticks(self.ax_.xaxis, range(len(known)), known)
        else:
            self.ax_.set_aspect("equal")
        self.ax_.tick_params(length=0)
        self.ax_.spines[:].set_visible(False)
        self.colorbar_ = add_colorbar(
            self.ax_, self.lines_, label="birth (edge weight)"
        )

    def _describe(self):
        """Count what is drawn."""
        known, _ = find_groups(self.groups, self.node_names)
        text = f"{count(len(self.edges), 'edge')} between {len(self.node_names)} nodes"
        return text if known == [""] else f"{text} in {count(len(known), 'group')}"
