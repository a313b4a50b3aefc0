"""Groups of samples, each with its name, colour, line style and marker."""

from collections import namedtuple

import numpy as np
from sklearn.utils import check_consistent_length, column_or_1d

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
MARKERS = ("o", "s", "^", "D", "v", "P", "X")

# `members` is a mask of shape (n_samples,).
Group = namedtuple("Group", ["name", "members", "color", "line", "marker"])


def split_groups(y, n_samples):
    """List the groups of samples, in the order of their sorted names.

    If y is None, there is one group, and its name is None.
    """
    members = {None: np.ones(n_samples, dtype=bool)}
    if y is not None:
        y = column_or_1d(y)
        check_consistent_length(y, np.empty(n_samples))
        members = {str(value): y == value for value in np.unique(y)}
    return [
        Group(name, mask, pick(COLORS, k), pick(LINES, k), pick(MARKERS, k))
        for k, (name, mask) in enumerate(members.items())
    ]


def pick(options, k):
    """Return the option with number k, starting again after the last."""
    return options[k % len(options)]
