"""The axes that displays draw on, and their limits."""

import numpy as np

from sktopo._utils.optional import import_optional


def get_axes(display, ax, n_panels=1, *, height=4.2):
    """Return a figure and an array of its axes: those given, or new ones if None."""
    if ax is None:
        pyplot = import_optional(
            "matplotlib.pyplot", extra="plot", purpose=type(display).__name__
        )
        size = (5.2 * n_panels, height)
        figure, axes = pyplot.subplots(
            1, n_panels, figsize=size, squeeze=False, layout="compressed"
        )
        return figure, axes[0]
    axes = np.atleast_1d(np.asarray(ax, dtype=object)).ravel()
    if len(axes) != n_panels:
        raise ValueError(
            f"Got {len(axes)} axes for {n_panels} panels; give "
            f"plt.subplots(1, {n_panels})[1], or None."
        )
    return axes[0].figure, axes


def find_limits(*parts, margin=0.0):
    """Return limits around the values of all arrays, apart even if all are equal.

    They are wider than the range of the values by `margin` times this range on both
    sides.
    """
    values = np.concatenate([np.ravel(part) for part in parts])
    low, high = values.min(), values.max()
    if low == high:
        low, high = low - 0.5, high + 0.5
    gap = margin * (high - low)
    return low - gap, high + gap
