"""Groups of samples, each with its name, colour, line style and marker."""

import re
from collections import namedtuple

import numpy as np

from sktopo._utils.labels import check_labels

# Okabe and Ito; yellow and black come last.
COLORS = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#CC79A7",
    "#D55E00",
    "#56B4E9",
    "#F0E442",
    "#000000",
)
LINES = ("-", "--", "-.", ":")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p")
# Groups of up to this many have a style each; 20 also differ without their colours.
MOST_GROUPS = 50

# `members` is a mask of shape (n_samples,). `line` holds the style of a line and
# `points` that of a scatter plot, as keyword arguments of matplotlib.
Group = namedtuple("Group", ["name", "members", "color", "line", "points"])

_NUMBER = re.compile(r"((?:^-)?[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?)")


def split_groups(y, n_samples):
    """List the groups of samples, in the natural order of their names.

    If y is None, there is one group, and its name is None. Labels that read the same,
    such as 1 and "1", are one group.
    """
    if y is None:
        return [_style_group(None, np.ones(n_samples, dtype=bool), 0)]
    names, numbers = number_names(y, n_samples)
    if len(names) > MOST_GROUPS:
        raise ValueError(
            f"y has {len(names)} groups; at most {MOST_GROUPS} can be told apart in a "
            "figure. Join some, or divide numbers into ranges, as pandas.cut does."
        )
    styles = _choose_styles(names)
    return [
        _style_group(name, numbers == k, style)
        for k, (name, style) in enumerate(zip(names, styles, strict=True))
    ]


def number_names(labels, n_samples, name="y"):
    """List the names of labels, and give the number of each sample's name in the list.

    The names are in natural order: numbers in them by value, so that 10 follows 9.
    `name` is for errors. The numbers have shape (n_samples,).
    """
    texts = [str(label) for label in check_labels(labels, n_samples, name)]
    if not texts:
        raise ValueError(f"{name} holds no labels; expected one for each sample.")
    names = sorted(set(texts), key=lambda text: (_split_numbers(text), text))
    numbers = {text: number for number, text in enumerate(names)}
    return names, np.array([numbers[text] for text in texts])


def pick(options, k):
    """Return the option with number k, starting again after the last."""
    return options[k % len(options)]


def _split_numbers(name):
    """Split a name into text and numbers, in turn; text comes first, maybe empty."""
    parts = _NUMBER.split(name)
    parts[1::2] = [float(number) for number in parts[1::2]]
    return parts


def _choose_styles(names):
    """Choose the numbers of the styles of groups.

    Groups that are numbered, such as "cluster 2", have the style of their number, so
    that they keep it where another group is empty. Others are numbered in turn.
    """
    parts = [_split_numbers(name) for name in names]
    numbers = [part[1] for part in parts if len(part) > 1]
    are_numbered = len(set(numbers)) == len(names) and len({p[0] for p in parts}) == 1
    if are_numbered and set(numbers) <= set(range(MOST_GROUPS)):
        return [int(number) for number in numbers]
    return range(len(names))


def _style_group(name, members, k):
    """Make a group with style number k.

    The first styles differ in colour and line (marker). Later ones take a marker on
    the line (a pale marker), and colours that differ in each round.
    """
    color = pick(COLORS, k + k // len(COLORS))
    line = {"color": color, "linestyle": pick(LINES, k)}
    n_lines, n_markers = len(LINES), len(MARKERS)
    if k // n_lines % n_markers:
        marker = MARKERS[k // n_lines % n_markers - 1]
        # Markers begin at different places, so that equal curves can be seen.
        line |= {"marker": marker, "markersize": 5, "markevery": (k % 10 / 100, 0.1)}
    is_pale = k // n_markers % 2
    points = {
        "marker": pick(MARKERS, k),
        "edgecolors": color,
        "facecolors": _make_pale(color) if is_pale else color,
        "linewidths": 1.2 if is_pale else 0,
    }
    return Group(name, members, color, line, points)


def _make_pale(color):
    """Mix a colour with four parts of white."""
    parts = [int(color[at : at + 2], 16) for at in (1, 3, 5)]
    return tuple((part + 4 * 255) / (5 * 255) for part in parts)
