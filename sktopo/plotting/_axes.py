"""The axes that displays draw on, their limits, and the names at them."""

import numpy as np

from sktopo._utils.optional import import_optional

# Names are text, whatever they hold: neither "$" nor TeX has a meaning in them.
PLAIN_TEXT = {"parse_math": False, "usetex": False}
# The middle of longer names is left out of figures, where they would take all space.
_LONGEST_NAME = 60
# Names at ticks are written small if one is longer than this, and upwards if those at
# the horizontal axis have more letters and gaps in all.
_LONG_TICK = 25
_LONG_TICKS = 40
# A legend of more groups than this hides the data and is put beside the axes.
_MANY_GROUPS = 8


def check_axes(display, ax, n_panels=None):
    """Return an array of the axes in `ax`, or None if it is None.

    `display` is a display or its class. Raises an ImportError without matplotlib.
    """
    name = getattr(display, "__name__", type(display).__name__)
    pyplot = import_optional("matplotlib.pyplot", extra="plot", purpose=name)
    if ax is None:
        return None
    axes = np.atleast_1d(np.asarray(ax, dtype=object)).ravel()
    for other in axes:
        if not isinstance(other, pyplot.Axes):
            raise TypeError(
                f"Got an object of type {type(other).__name__} in ax; expected "
                "matplotlib Axes, as plt.subplots returns them, or None."
            )
    if n_panels is not None and len(axes) != n_panels:
        raise ValueError(
            f"Got {len(axes)} axes for {n_panels} panels; give "
            f"plt.subplots(1, {n_panels})[1], or None."
        )
    return axes


def get_axes(display, ax, n_panels=1, *, width=5.2, height=4.2, n_names=0, places=None):
    """Return a figure and an array of its axes: those given, or new ones if None.

    `width` and `height` are those of a panel of a new figure. It is at least so high
    that a legend of `n_names` fits in beside the axes. `places` are the row and column
    of each panel in a grid; if None, they stand in a row.
    """
    axes = check_axes(display, ax, n_panels)
    if axes is None:
        from matplotlib import pyplot  # noqa: PLC0415

        if n_names > _MANY_GROUPS:
            height = max(height, 0.6 + 0.2 * n_names)
        if places is None:
            places = [(0, column) for column in range(n_panels)]
        n_rows, n_columns = np.max(places, axis=0) + 1
        figure = pyplot.figure(
            figsize=(width * n_columns, height * n_rows), layout="compressed"
        )
        grid = figure.add_gridspec(n_rows, n_columns)
        return figure, np.array([figure.add_subplot(grid[place]) for place in places])
    return axes[0].figure, axes


def find_limits(*parts, margin=0.0):
    """Return limits around the values of all arrays, apart even if all are equal.

    They are wider than the range of the values by `margin` times this range on both
    sides. Values that differ by rounding alone count as equal.
    """
    values = np.concatenate([np.ravel(part) for part in parts]).astype(np.float64)
    low, high = values.min(), values.max()
    size = max(abs(low), abs(high))
    if high - low <= 1e-13 * size:
        low, high = low - 0.5 * (size or 1), high + 0.5 * (size or 1)
    gap = margin * (high - low)
    return low - gap, high + gap


def shorten(name, longest=_LONGEST_NAME):
    """Return a name as text; if it is too long for a figure, without its middle."""
    name = str(name)
    if len(name) <= longest:
        return name
    half = longest // 2
    return f"{name[: half - 1]}…{name[-half:]}"


def name_ticks(axis, ticks, names):
    """Set ticks of the x axis or y axis, and write names at them as they are."""
    names = [shorten(name) for name in names]
    is_long = max(map(len, names), default=0) > _LONG_TICK
    is_crowded = axis.axis_name == "x" and len(" ".join(names)) > _LONG_TICKS
    style = {"rotation": 90 if is_crowded else 0, **PLAIN_TEXT}
    if is_long:
        style["fontsize"] = "x-small"
    axis.set_ticks(ticks, names, **style)


def add_legend(ax, handles, names, **style):
    """Add a legend with the names of artists as they are, beside the axes.

    It stands in the axes only if `style` says where, or if no layout makes room beside
    them. matplotlib leaves out artists whose label is empty or begins with an
    underscore, so the names are written into a legend of other labels.
    """
    has_room = ax.figure.get_layout_engine() is not None
    if "loc" not in style and (has_room or len(handles) > _MANY_GROUPS):
        beside = {"loc": "upper left", "bbox_to_anchor": (1, 1), "fontsize": "small"}
        style = {**beside, "borderaxespad": 0.5, **style}
    labels = [f"group {k}" for k in range(len(handles))]
    legend = ax.legend(handles, labels, frameon=False, **style)
    for text, name in zip(legend.get_texts(), names, strict=True):
        text.set(text=shorten(name), **PLAIN_TEXT)
    return legend


def add_colorbar(ax, colored, **style):
    """Add a colour bar as tall as the axes, at their right side.

    It is part of the axes, so that it keeps their height in any layout, also where the
    axes become smaller to keep their aspect.
    """
    width = ax.get_position().width * ax.figure.get_size_inches()[0]
    place = (1 + 0.1 / width, 0, 0.14 / width, 1)
    return ax.figure.colorbar(colored, cax=ax.inset_axes(place), **style)
