"""Nodes of figures: their names, groups and order, and labels where they fit."""

import numpy as np
from scipy.optimize import isotonic_regression
from scipy.spatial.distance import squareform

from sktopo._utils.blocks import find_node_names, read_groups
from sktopo._utils.nodes import find_layers
from sktopo.plotting._axes import PLAIN_TEXT, count_letters, shorten, shorten_names

# Heights of letters in points, and the distance of lines in heights of letters.
_LARGEST, _READABLE, _SMALLEST, _LINE = 10.0, 8.0, 6.0, 1.2
# The most that names at an axis take of the width or height of a figure.
_SHARE = 0.3
# The mean width of a letter, in heights.
_LETTER = 0.62
# Names of nodes are shortened to this: they are many, and take the space of the nodes.
_LONGEST_NAME = 28
# Inches of a side of a new heatmap.
_SHORTEST_SIDE, _LONGEST_SIDE = 3.2, 6.0
# Length in points of the lines between groups and names that had to move.
_LEADER = 9


def find_groups(groups, names):
    """Return the names of groups, and the number of the group of each node.

    `groups` are labels of nodes, "layer" for those in the names of nodes, or None.
    Without groups there is one, whose name is empty.
    """
    if groups is None:
        return [""], np.zeros(len(names), dtype=np.intp)
    if isinstance(groups, str) and groups == "layer":
        return find_layers(names)
    return read_groups(groups, len(names))


def read_column_names(connectomes):
    """Read names of nodes from data frames of connectomes; None if there are none.

    The columns are edges, such as ``"a--b"``, or the nodes of a symmetric matrix, or of
    several that all have the same columns.
    """
    is_list = isinstance(connectomes, (list, tuple))
    frames = connectomes if is_list else [connectomes]
    columns = [list(getattr(frame, "columns", [])) for frame in frames]
    if not columns or not columns[0]:
        return None
    for k, others in enumerate(columns):
        if others != columns[0]:
            raise ValueError(
                f"Sample {k} of connectomes has other columns than sample 0, and a "
                "mean needs nodes that correspond; give all samples the same columns, "
                "in the same order."
            )
    names = None if is_list else find_node_names(columns[0])
    are_square = all(len(frame) == len(columns[0]) for frame in frames)
    return columns[0] if names is None and are_square else names


def sort_by_strength(rows, members):
    """Order the nodes of each connectome by group, and within it by strength.

    The strength of a node is the sum of its weights; the strongest comes first.

    Parameters
    ----------
    rows : ndarray of shape (n_connectomes, n_edges)
        Connectome rows.

    members : ndarray of shape (n_nodes,)
        The number of the group of each node.

    Returns
    -------
    rows : ndarray of shape (n_connectomes, n_edges)
        The rows in the new order.

    orders : ndarray of shape (n_connectomes, n_nodes)
        The nodes of each connectome in this order.
    """
    upper = np.triu_indices(len(members), 1)
    # Strengths are compared only, so that weights of any unit can be divided first.
    size = np.abs(rows).max() or 1
    moved, orders = np.empty_like(rows), []
    for k, row in enumerate(rows):
        matrix = squareform(row)
        strengths = (matrix / size).sum(axis=0, dtype=np.float64)
        order = np.lexsort((-strengths, members))
        moved[k] = matrix[order[upper[0]], order[upper[1]]]
        orders.append(order)
    return moved, np.array(orders)


def choose_side(n_labels):
    """Return the inches of the side of a new heatmap with so many labels."""
    needed = n_labels * _SMALLEST * _LINE / 72
    return float(np.clip(needed, _SHORTEST_SIDE, _LONGEST_SIDE))


def count_lines(length):
    """Return how many lines that can be read fit into a length in inches."""
    return int(72 * length / (_SMALLEST * _LINE) + 0.01)


def fit_font(n_labels, length):
    """Return a size of letters, in points, at which lines fit into a length in inches.

    It is at least the smallest that can be read, whether they fit or not.
    """
    return float(np.clip(72 * length / max(n_labels, 1) / _LINE, _SMALLEST, _LARGEST))


def label_items(axis, names, length, *, longest=_LONGEST_NAME, share=_SHARE):
    """Write names at ticks 0, 1, ... of an axis of that length in inches.

    Only every second (third, ...) name is written if all do not fit. Names of more than
    `longest` letters, or wider than this share of the figure, lose their middle.
    """
    n_names = len(names)
    size = fit_font(n_names, length)
    step = max(1, int(np.ceil(n_names * size * _LINE / (72 * length) - 0.01)))
    ticks = np.arange(n_names)[::step]
    names = shorten_names([names[k] for k in ticks], _limit(axis, size, longest, share))
    _write(axis, ticks, names, size, step * length / n_names)


def label_groups(ax, axis, names, members, length):
    """Write the names of groups at the middle of their nodes, which stand together.

    Names of small groups move apart. Returns the lines that lead to those that moved.

    Parameters
    ----------
    ax : matplotlib Axes
        The axes, from -0.5 to n_nodes - 0.5 in both directions.

    axis : matplotlib Axis
        Its x axis or y axis.

    names : list of str
        Names of the groups, in the order in which they stand.

    members : ndarray of shape (n_nodes,)
        The number of the group of each node, ascending.

    length : float
        Length of the axis in inches.
    """
    n_nodes = len(members)
    names = shorten_names(names, _limit(axis, _LARGEST, _LONGEST_NAME))
    sizes = np.bincount(members, minlength=len(names))
    centers = np.cumsum(sizes) - (sizes + 1) / 2
    size, inches = fit_font(len(names), length), length / n_nodes
    gap = min(size * _LINE / 72 / inches, n_nodes / len(names))
    if axis.axis_name == "x" and not _is_wide(names, sizes * inches, size):
        _write(axis, centers, names, size, None)
        return []
    places = spread(centers, gap, gap / 2 - 0.5, n_nodes - 0.5 - gap / 2)
    _write(axis, places, names, size, 0)
    if np.abs(places - centers).max() < gap / 4:
        return []
    axis.set_tick_params(pad=_LEADER + 1)
    end = _LEADER / 72 / inches
    edge = (n_nodes - 0.5, n_nodes - 0.5 + end) if axis.axis_name == "x" else None
    edge = edge or (-0.5, -0.5 - end)
    lines = []
    for ends in zip(centers, places, strict=True):
        path = (ends, edge) if axis.axis_name == "x" else (edge, ends)
        style = {"color": "0.5", "linewidth": 0.7, "clip_on": False}
        lines += ax.plot(*path, **style, scalex=False, scaley=False)
    return lines


def spread(places, gap, low, high):
    """Move ascending places as little as possible until they are a gap apart.

    The sum of squared moves is least, among places between `low` and `high`.
    """
    steps = gap * np.arange(len(places))
    moved = isotonic_regression(np.asarray(places) - steps).x
    return np.clip(moved, low, max(low, high - steps[-1])) + steps


def choose_apart(boxes, priority, obstacles):
    """Choose boxes that do not overlap, those of the highest priority first.

    Parameters
    ----------
    boxes : ndarray of shape (n_boxes, 4)
        The left, bottom, right and top of each.

    priority : ndarray of shape (n_boxes,)
        Numbers; among equal ones, the first comes first.

    obstacles : ndarray of shape (n_obstacles, 4)
        More boxes, which no chosen one may overlap.

    Returns
    -------
    chosen : ndarray of shape (n_chosen,)
        The numbers of the boxes, ascending.
    """
    chosen = []
    for k in np.argsort(-np.asarray(priority), kind="stable"):
        left, bottom, right, top = boxes[k]
        others = np.vstack([obstacles, boxes[chosen]])
        overlaps = (others[:, 0] < right) & (left < others[:, 2])
        overlaps &= (others[:, 1] < top) & (bottom < others[:, 3])
        if not overlaps.any():
            chosen.append(int(k))
    return np.sort(np.array(chosen, dtype=np.intp))


def measure_text(text, size):
    """Estimate the width and height in points of a text in letters of that size."""
    return _LETTER * size * len(text), _LINE * size


def shorten_node(name):
    """Return the name of a node as it is written in figures."""
    return shorten(name, _LONGEST_NAME)


def _limit(axis, size, longest, share=_SHARE):
    """Return the most letters of names at an axis, which leave room for the axes."""
    side = axis.axes.figure.get_size_inches()[int(axis.axis_name == "x")]
    return min(longest, count_letters(share * side, size))


def _is_wide(names, widths, size):
    """Return whether a name is wider than its width in inches."""
    texts = [measure_text(name, size)[0] for name in names]
    return bool(np.any(np.array(texts) > 72 * np.asarray(widths)))


def _write(axis, ticks, names, size, room):
    """Write names at ticks; upwards at an x axis, if wider than `room` in inches."""
    is_upright = axis.axis_name == "x" and room is not None
    if is_upright and room:
        # Slightly smaller letters are easier to read than names that stand upright.
        sizes = [size, max(size - 2, min(size, _READABLE))]
        size = next((k for k in sizes if not _is_wide(names, [room], k)), size)
        is_upright = _is_wide(names, [room] * len(names), size)
    style = {"rotation": 90 if is_upright else 0, "fontsize": size, **PLAIN_TEXT}
    axis.set_ticks(ticks, names, **style)
