"""Connectomes as heatmaps."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform

from sktopo._utils.nodes import check_node_names, find_layers
from sktopo._utils.optional import import_optional
from sktopo._utils.parameters import check_flag
from sktopo.barcodes import count_nodes
from sktopo.plotting._axes import add_colorbar, fit_labels, get_axes, measure_axes
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
    choose_side,
    count_lines,
    find_groups,
    label_groups,
    label_items,
    sort_by_strength,
)

if TYPE_CHECKING:
    from matplotlib.colors import Colormap
    from numpy.typing import ArrayLike
    from sklearn.base import BaseEstimator

    from sktopo._typing import FloatArray, IntArray, ManyAxes, Samples


@dataclass(repr=False, eq=False)
class ConnectomeDisplay(Display):
    """Connectome as a heatmap, with its nodes grouped, by layer or otherwise.

    The groups are named at the axes. Nodes are named where there are no groups; if the
    groups were given and all names fit, nodes are named at the left and groups below.
    Use :meth:`from_estimator` or :meth:`from_connectomes` to make one.

    Parameters
    ----------
    connectome : ndarray of shape (n_edges,)
        Connectome row.

    node_names : array-like of str of shape (n_nodes,)
        Names of nodes, such as ``"fc1[0]"``; the part before the bracket is the layer.

    order : ndarray of shape (n_nodes,)
        The nodes from top to bottom and from left to right. Those of a group stand
        together.

    groups : array-like of shape (n_nodes,), "layer" or None, default="layer"
        The group of each node, such as a brain system; "layer" reads it from
        `node_names`.

    by_strength : bool, default=False
        Whether nodes were sorted by their strength in each connectome; the axes say so.

    n_connectomes : int, default=1
        The number of connectomes that were averaged.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes.

    figure_ : matplotlib Figure
        The figure.

    im_ : matplotlib AxesImage
        The heatmap. Its diagonal is left blank.

    lines_ : list of matplotlib Line2D
        The boundaries between groups.

    leaders_ : list of matplotlib Line2D
        Lines from groups to their names, where names had to move apart.

    colorbar_ : matplotlib Colorbar or None
        The colour bar, if there is one.

    See Also
    --------
    SpanningTreeDisplay : The strongest edges that connect all nodes.

    Examples
    --------
    >>> from sktopo.plotting import ConnectomeDisplay
    >>> display = ConnectomeDisplay.from_connectomes(
    ...     [0.9, 0.5, 0.7], node_names=["fc1[0]", "fc1[1]", "fc2[0]"]
    ... )
    >>> [label.get_text() for label in display.ax_.get_xticklabels()]
    ['fc1', 'fc2']
    >>> display
    <ConnectomeDisplay: 3 nodes in 2 groups>
    """

    connectome: FloatArray
    _: KW_ONLY
    node_names: ArrayLike
    order: IntArray
    groups: ArrayLike | Literal["layer"] | None = "layer"
    by_strength: bool = False
    n_connectomes: int = 1

    def __post_init__(self) -> None:
        name = "connectome"
        self.connectome = check_weights(self.connectome, name, n_dimensions=(1,))
        n_nodes = count_nodes(len(self.connectome))
        self.node_names = check_node_names(self.node_names, n_nodes)
        if not np.array_equal(np.sort(self.order, axis=None), np.arange(n_nodes)):
            raise ValueError(f"order must hold each of {n_nodes} nodes once.")
        _, members = find_groups(self.groups, self.node_names)
        if np.count_nonzero(np.diff(members[self.order])) > members.max():
            raise ValueError("order must keep the nodes of each group together.")

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        X: Samples,
        *,
        groups: ArrayLike | Literal["layer"] | None = "layer",
        reorder: bool | Literal["strength"] = False,
        ax: ManyAxes = None,
        cmap: str | Colormap | None = None,
        colorbar: bool = True,
    ) -> Self:
        """Draw the mean connectome that a fitted estimator computes.

        Parameters
        ----------
        estimator : FunctionalConnectome or Pipeline
            Fitted transformer that returns connectome rows. Of a longer pipeline, give
            the first steps, such as ``pipeline[:2]``.

        X : array-like or sequence
            What the estimator takes.

        groups : array-like of shape (n_nodes,), "layer" or None, default="layer"
            See `from_connectomes`.

        reorder : bool or "strength", default=False
            See `from_connectomes`.

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
        TypeError
            If the last step does not return connectomes, as a GraphPersistence.

        NotFittedError
            If it is not fitted.
        """
        _check_order(reorder)
        _check_style(cmap, colorbar)
        check_before_computing(cls, ax, X)
        connectomes, node_names = compute_connectomes(estimator, X)
        display = cls._average(connectomes, node_names, groups, reorder)
        return display.plot(ax=ax, cmap=cmap, colorbar=colorbar)

    @classmethod
    def from_connectomes(
        cls,
        connectomes: ArrayLike,
        *,
        node_names: ArrayLike | None = None,
        groups: ArrayLike | Literal["layer"] | None = "layer",
        reorder: bool | Literal["strength"] = False,
        ax: ManyAxes = None,
        cmap: str | Colormap | None = None,
        colorbar: bool = True,
    ) -> Self:
        """Draw a connectome, or the mean of several.

        The nodes of networks that were trained separately do not correspond, and their
        mean hides what each of them has in common with the others. Use
        ``reorder="strength"`` for them, and give panels that are compared one scale of
        colours: ``display.im_.set_clim(0, 1)``.

        Parameters
        ----------
        connectomes : array-like
            Connectome rows (n_connectomes, n_edges), one row (n_edges,), a symmetric
            matrix (n_nodes, n_nodes) or a stack of them.

        node_names : array-like of str of shape (n_nodes,), default=None
            Names of nodes, such as ``"fc1[0]"``. If None, those in the columns of data
            frames, else x0, x1, ...

        groups : array-like of shape (n_nodes,), "layer" or None, default="layer"
            The group of each node, such as a brain system. The nodes of a group are
            drawn together, in a block with its name. "layer" reads it from the names of
            nodes: the part before the bracket. None draws no groups.

        reorder : bool or "strength", default=False
            How to order the nodes of each group. If True, nodes with strong edges
            between them are neighbours: the order is that of the leaves of a
            hierarchical clustering of the mean connectome. If "strength", the nodes of
            each connectome are sorted by their strength, the sum of their weights,
            *before* the mean is taken: the first node of a group is then the strongest
            one of each connectome, and nodes need not correspond between connectomes.
            The nodes of such a mean are named by group and rank.

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
            If the edges of a row do not form an upper triangle, a matrix is not
            symmetric, or the number of names is not the number of nodes.
        """
        _check_order(reorder)
        display = cls._average(connectomes, node_names, groups, reorder)
        return display.plot(ax=ax, cmap=cmap, colorbar=colorbar)

    @classmethod
    def _average(cls, connectomes, node_names, groups, reorder):
        """Make a display of the mean of connectomes."""
        rows, names = read_connectomes(connectomes, node_names)
        known, members = find_groups(groups, names)
        # Groups keep their names where nodes lose theirs.
        groups = None if known == [""] else np.array(known, dtype=object)[members]
        if reorder == "strength":
            rows, orders = sort_by_strength(rows, members)
            members, order = np.sort(members), np.arange(len(names))
            groups = None if groups is None else groups[orders[0]]
            names = _name_ranks(known, members) if len(rows) > 1 else names[orders[0]]
        elif reorder:
            order = _order_nodes(average(rows), members)
        else:
            order = np.argsort(members, kind="stable")
        return cls(
            average(rows),
            node_names=names,
            order=order,
            groups=groups,
            by_strength=reorder == "strength",
            n_connectomes=len(rows),
        )

    def plot(
        self,
        ax: ManyAxes = None,
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
            Colours. If None, viridis, or PuOr centred on zero if there are negative
            weights. Change the limits with ``display.im_.set_clim``.

        colorbar : bool, default=True
            Whether to draw a colour bar.

        Returns
        -------
        display : ConnectomeDisplay
            Itself.
        """
        _check_style(cmap, colorbar)
        side = choose_side(np.size(self.node_names))
        size = {"width": side + 1.6, "height": side + 1.0}
        self.figure_, (self.ax_,) = get_axes(self, ax, **size)
        matrix = squareform(self.connectome)[np.ix_(self.order, self.order)]
        np.fill_diagonal(matrix, np.nan)  # a node is not joined to itself
        high = np.abs(self.connectome).max() or 1
        low, colors = (-high, "PuOr") if self.connectome.min() < 0 else (0, "viridis")
        self.im_ = self.ax_.imshow(
            matrix, cmap=cmap or colors, vmin=low, vmax=high, interpolation="nearest"
        )
        self._draw_groups(side if ax is None else min(measure_axes(self.ax_)))
        self.colorbar_ = None
        if colorbar:
            n = self.n_connectomes
            label = "edge weight" if n == 1 else f"mean edge weight of {n} connectomes"
            self.colorbar_ = add_colorbar(self.ax_, self.im_, label=label)
        return self

    def plot_brain(
        self,
        coordinates: ArrayLike,
        *,
        edge_threshold: float | str | None = None,
        display_mode: str = "ortho",
    ) -> Any:
        """Draw the strongest edges in a glass brain, with nilearn.

        Needs nilearn: ``pip install 'sktopo[brain]'``.

        Parameters
        ----------
        coordinates : array-like of shape (n_nodes, 3)
            The place of each node in millimetres of MNI space, in the order of
            `node_names`.

        edge_threshold : float or str, default=None
            Weights of a smaller size are not drawn; a text such as "95%" is a
            percentile. If None, as many edges as there are nodes are drawn.

        display_mode : str, default="ortho"
            The views, as in ``nilearn.plotting.plot_connectome``.

        Returns
        -------
        brain : nilearn.plotting.displays.OrthoProjector
            The display of nilearn, of another class in other modes. Nodes have the
            colours of their groups.

        Raises
        ------
        ImportError
            If nilearn is not installed.

        ValueError
            If there are not three finite coordinates for each node, or the nodes of
            several connectomes were sorted by strength and have no common place.
        """
        purpose = "ConnectomeDisplay.plot_brain"
        plotting = import_optional("nilearn.plotting", extra="brain", purpose=purpose)
        n_nodes = np.size(self.node_names)
        coordinates = check_weights(coordinates, "coordinates")
        if coordinates.shape != (n_nodes, 3):
            raise ValueError(
                f"coordinates has shape {coordinates.shape}; expected x, y and z of "
                f"each of the {n_nodes} nodes, an array of shape ({n_nodes}, 3)."
            )
        if self.by_strength and self.n_connectomes > 1:
            raise ValueError(
                "The nodes of each connectome were sorted by strength, so that those "
                "of the mean have no place in the brain; draw it with reorder=False."
            )
        sizes = np.sort(np.abs(self.connectome))
        if edge_threshold is None:
            edge_threshold = float(sizes[-min(n_nodes, len(sizes))])
        is_signed = self.connectome.min() < 0
        _, members = find_groups(self.groups, self.node_names)
        return plotting.plot_connectome(
            squareform(self.connectome),
            coordinates,
            node_color=[pick(COLORS, number) for number in members],
            node_size=30,
            edge_cmap="PuOr" if is_signed else "viridis_r",
            edge_vmin=-sizes[-1] if is_signed else sizes[-min(n_nodes, len(sizes))],
            edge_vmax=sizes[-1],
            edge_threshold=edge_threshold,
            display_mode=display_mode,
            colorbar=True,
        )

    def _draw_groups(self, side):
        """Draw the boundaries between groups, and name groups and nodes at the axes.

        `side` is the length of both axes in inches.
        """
        names = np.asarray(self.node_names, dtype=object)[self.order]
        known, members = find_groups(self.groups, self.node_names)
        drawn = members[self.order]
        bounds = np.flatnonzero(np.diff(drawn)) + 0.5
        # White is the middle of the colours about zero.
        style = {"color": "0.3" if self.im_.norm.vmin < 0 else "white", "linewidth": 1}
        self.lines_ = [
            draw(bound, **style)
            for bound in bounds
            for draw in (self.ax_.axhline, self.ax_.axvline)
        ]
        self.leaders_ = []
        self.ax_.tick_params(length=0)
        # The names of the units of layers hold little more than the layer.
        are_named = find_layers(names)[0] == [""] and len(names) <= count_lines(side)
        for axis in (self.ax_.xaxis, self.ax_.yaxis):
            if known == [""] or (are_named and axis.axis_name == "y"):
                label_items(axis, names, side)
                continue
            found = [known[number] for number in dict.fromkeys(drawn)]
            numbers = np.cumsum(np.diff(drawn, prepend=drawn[0]) != 0)
            self.leaders_ += label_groups(self.ax_, axis, found, numbers, side)
        if self.by_strength:
            place = "" if known == [""] else " of each group"
            label = f"nodes{place}, the strongest first"
            self.ax_.set(xlabel=label, ylabel=label)
        elif known == [""]:
            self.ax_.set(xlabel="node", ylabel="node")
        fit_labels(self.ax_)

    def _describe(self):
        """Count what is drawn."""
        known, _ = find_groups(self.groups, self.node_names)
        text = count(len(self.node_names), "node")
        if known != [""]:
            text += f" in {count(len(known), 'group')}"
        if self.n_connectomes > 1:
            text += f", mean of {self.n_connectomes} connectomes"
        return text


def _check_order(reorder):
    """Raise a ValueError unless `reorder` is a flag or "strength"."""
    if not (isinstance(reorder, str) and reorder == "strength"):
        check_flag("reorder", reorder)


def _name_ranks(groups, members):
    """Name nodes by their group and their rank in it; `members` ascend."""
    ranks = np.arange(len(members)) - np.searchsorted(members, members)
    if groups == [""]:
        return [str(rank) for rank in ranks]
    return [f"{groups[k]}[{rank}]" for k, rank in zip(members, ranks, strict=True)]


def _check_style(cmap, colorbar):
    """Raise a ValueError unless `cmap` is a colour map and `colorbar` is a flag."""
    check_flag("colorbar", colorbar)
    purpose = ConnectomeDisplay.__name__
    matplotlib = import_optional("matplotlib", extra="plot", purpose=purpose)
    is_name = isinstance(cmap, str) and cmap in matplotlib.colormaps
    if not (cmap is None or is_name or isinstance(cmap, matplotlib.colors.Colormap)):
        raise ValueError(
            f"cmap={cmap!r} is unknown; expected the name of a colour map of "
            "matplotlib, such as 'viridis', or a Colormap."
        )


def _order_nodes(row, layer_of_node):
    """Order nodes by layer, and within it by the leaves of average linkage.

    Takes a connectome row and the number of the layer of each node, and returns an
    array of shape (n_nodes,).
    """
    distances = squareform(row.max() - row)
    order = []
    for layer in range(layer_of_node.max() + 1):
        nodes = np.flatnonzero(layer_of_node == layer)
        if len(nodes) > 2:
            within = squareform(distances[np.ix_(nodes, nodes)], checks=False)
            tree = linkage(within, "average", optimal_ordering=True)
            nodes = nodes[leaves_list(tree)]
        order.extend(nodes)
    return np.array(order)
