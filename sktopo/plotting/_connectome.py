"""Connectomes as heatmaps."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform

from sktopo._utils.nodes import check_node_names, find_layers
from sktopo._utils.optional import import_optional
from sktopo._utils.parameters import check_flag
from sktopo.barcodes import count_nodes
from sktopo.plotting._axes import get_axes, name_ticks
from sktopo.plotting._inputs import (
    average_connectomes,
    check_before_computing,
    check_weights,
    compute_connectomes,
)

if TYPE_CHECKING:
    from matplotlib.colors import Colormap
    from numpy.typing import ArrayLike
    from sklearn.base import BaseEstimator

    from sktopo._typing import FloatArray, IntArray, ManyAxes, Samples

# Nodes without layers are named at the axes if there are at most this many.
_MAX_NAMED_NODES = 30


@dataclass(repr=False, eq=False)
class ConnectomeDisplay:
    """Connectome as a heatmap, with its nodes grouped by layer.

    Use :meth:`from_estimator` or :meth:`from_connectomes` to make one.

    Parameters
    ----------
    connectome : ndarray of shape (n_edges,)
        Connectome row.

    node_names : array-like of str of shape (n_nodes,)
        Names of nodes, such as ``"fc1[0]"``; the part before the bracket is the layer.

    order : ndarray of shape (n_nodes,)
        The nodes from top to bottom and from left to right.

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
        The boundaries between layers.

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
    """

    connectome: FloatArray
    _: KW_ONLY
    node_names: ArrayLike
    order: IntArray
    n_connectomes: int = 1

    def __post_init__(self) -> None:
        name = "connectome"
        self.connectome = check_weights(self.connectome, name, n_dimensions=(1,))
        n_nodes = count_nodes(len(self.connectome))
        self.node_names = check_node_names(self.node_names, n_nodes)
        if not np.array_equal(np.sort(self.order, axis=None), np.arange(n_nodes)):
            raise ValueError(f"order must hold each of {n_nodes} nodes once.")

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        X: Samples,
        *,
        reorder: bool = False,
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

        reorder : bool, default=False
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
        check_flag("reorder", reorder)
        _check_style(cmap, colorbar)
        check_before_computing(cls, ax, X)
        connectomes, node_names = compute_connectomes(estimator, X)
        display = cls._average(connectomes, node_names, reorder)
        return display.plot(ax=ax, cmap=cmap, colorbar=colorbar)

    @classmethod
    def from_connectomes(
        cls,
        connectomes: ArrayLike,
        *,
        node_names: ArrayLike | None = None,
        reorder: bool = False,
        ax: ManyAxes = None,
        cmap: str | Colormap | None = None,
        colorbar: bool = True,
    ) -> Self:
        """Draw a connectome, or the mean of several.

        The nodes of networks that were trained separately do not correspond. Compare
        blocks of their mean, not single cells.

        Parameters
        ----------
        connectomes : array-like
            Connectome rows (n_connectomes, n_edges), one row (n_edges,), a symmetric
            matrix (n_nodes, n_nodes) or a stack of them.

        node_names : array-like of str of shape (n_nodes,), default=None
            Names of nodes, such as ``"fc1[0]"``. If None, x0, x1, ...

        reorder : bool, default=False
            Whether to reorder the nodes of each layer so that nodes with strong edges
            between them are neighbours: in the order of the leaves of a hierarchical
            clustering.

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
        display = cls._average(connectomes, node_names, reorder)
        return display.plot(ax=ax, cmap=cmap, colorbar=colorbar)

    @classmethod
    def _average(cls, connectomes, node_names, reorder):
        """Make a display of the mean of connectomes."""
        check_flag("reorder", reorder)
        row, names, n_connectomes = average_connectomes(connectomes, node_names)
        _, layer_of_node = find_layers(names)
        if reorder:
            order = _order_nodes(row, layer_of_node)
        else:
            order = np.argsort(layer_of_node, kind="stable")
        return cls(row, node_names=names, order=order, n_connectomes=n_connectomes)

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
        self.figure_, (self.ax_,) = get_axes(self, ax)
        matrix = squareform(self.connectome)[np.ix_(self.order, self.order)]
        np.fill_diagonal(matrix, np.nan)  # a node is not joined to itself
        high = np.abs(self.connectome).max() or 1
        low, colors = (-high, "PuOr") if self.connectome.min() < 0 else (0, "viridis")
        self.im_ = self.ax_.imshow(
            matrix, cmap=cmap or colors, vmin=low, vmax=high, interpolation="nearest"
        )
        self._draw_layers()
        self.colorbar_ = None
        if colorbar:
            n = self.n_connectomes
            label = "edge weight" if n == 1 else f"mean edge weight of {n} connectomes"
            self.colorbar_ = self.figure_.colorbar(self.im_, ax=self.ax_, label=label)
        return self

    def _draw_layers(self):
        """Draw the boundaries between layers and name the layers at the axes.

        Without layers, the nodes are named if there are few. Layers come in the order
        of their nodes in `order`.
        """
        names = np.asarray(self.node_names, dtype=object)[self.order]
        layers, layer_of_node = find_layers(names)
        bounds = np.flatnonzero(np.diff(layer_of_node)) + 0.5
        self.lines_ = [
            draw(bound, color="white", linewidth=1.2)
            for bound in bounds
            for draw in (self.ax_.axhline, self.ax_.axvline)
        ]
        if layers == [""]:
            labels = names if len(names) <= _MAX_NAMED_NODES else []
            ticks = range(len(labels))
            self.ax_.set(xlabel="node", ylabel="node")
        else:
            labels = layers
            ends = np.concatenate([[-0.5], bounds, [len(names) - 0.5]])
            ticks = (ends[:-1] + ends[1:]) / 2
        self.ax_.tick_params(length=0)
        name_ticks(self.ax_.xaxis, ticks, labels)
        name_ticks(self.ax_.yaxis, ticks, labels)


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
