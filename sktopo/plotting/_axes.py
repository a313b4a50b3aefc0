"""The axes that displays draw on, their limits, and the names at them."""

from os.path import commonprefix
from textwrap import wrap

import numpy as np

from sktopo._utils.optional import import_optional

# Names are text, whatever they hold: neither "$" nor TeX has a meaning in them.
PLAIN_TEXT = {"parse_math": False, "usetex": False}
# The middle of longer names is left out of figures, where they would take all space.
_LONGEST_NAME = 60
# Names at ticks are written small if one is longer than this.
_LONG_TICK = 25
# The most that names at ticks take of the width or height of a figure.
_SHARE = 0.33
# The width of a letter, in heights.
_LETTER = 0.56
# A legend of more groups than this hides the data and is put beside the axes.
_MANY_GROUPS = 8
# Letters of a line of a legend, the height of a letter in points, the inches of the
# handle, and the least inches that axes need beside a legend.
_LONGEST_LINE, _SMALL, _HANDLE, _LEAST = 28, 8.3, 0.45, 2.4
# Figures with a shorter side, in inches, are small.
_SMALL_FIGURE = 4
# Inches of a legend that a new figure has room for anyway.
_ROOM = 1.1


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


def get_axes(display, ax, n_panels=1, *, width=5.2, height=4.2, names=(), places=None):
    """Return a figure and an array of its axes: those given, or new ones if None.

    `width` and `height` are those of a panel of a new figure, which grows by what a
    legend of `names` needs beside the axes. `places` are the row and column of each
    panel in a grid; if None, they stand in a row.
    """
    axes = check_axes(display, ax, n_panels)
    if axes is None:
        from matplotlib import pyplot  # noqa: PLC0415

        lines = _wrap_names(names)
        if sum(line.count("\n") + 1 for line in lines) > _MANY_GROUPS:
            height = max(height, 0.6 + 0.2 * sum(x.count("\n") + 1 for x in lines))
        if places is None:
            places = [(0, column) for column in range(n_panels)]
        n_rows, n_columns = np.max(places, axis=0) + 1
        extra = max(0, measure_legend(lines) - _ROOM)
        size = (width * n_columns + extra, height * n_rows)
        figure = pyplot.figure(figsize=size, layout="compressed")
        grid = figure.add_gridspec(n_rows, n_columns)
        return figure, np.array([figure.add_subplot(grid[place]) for place in places])
    return axes[0].figure, axes


def measure_axes(ax):
    """Return the width and height of axes in inches; of new ones, before a layout."""
    return ax.get_position().size * ax.figure.get_size_inches()


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


def shorten_names(names, longest=_LONGEST_NAME):
    """Return names as texts, shorter if one is longer than `longest`.

    They lose the words that all of them begin or end with, which do not tell them
    apart, and then their middle.
    """
    names = [str(name) for name in names]
    if len(set(names)) > 1 and max(map(len, names)) > longest:
        names = _strip_common(names, longest)
    return [shorten(name, longest) for name in names]


def _strip_common(names, longest):
    """Leave out the words that all names begin or end with; "…" stands for them.

    It does not where it would make a name longer than `longest`.
    """
    start = _count_common(names)
    end = _count_common([name[start:][::-1] for name in names])
    names = [name[start : len(name) - end] for name in names]
    if max(map(len, names)) + 2 > longest:
        return names
    before, after = "…" if start else "", "…" if end else ""
    return [f"{before}{name}{after}" for name in names]


def _count_common(names):
    """Count the letters of the whole words that all names begin with."""
    common = commonprefix(names)
    while common and (common[-1].isalnum() or common[-1] == "_"):
        common = common[:-1]
    return len(common) if len(common) > 2 else 0


def count_letters(length, size=10):
    """Count the letters of that size, in points, that fit into a length in inches."""
    return max(8, int(72 * length / (_LETTER * size)))


def fit_labels(ax):
    """Break the title and the labels of axes into lines that fit beside them."""
    width, height = measure_axes(ax)
    texts = (ax.title, width), (ax.xaxis.label, width), (ax.yaxis.label, height)
    for text, length in texts:
        _fit(text, length)


def _fit(text, length):
    """Break a text into lines that fit into a length in inches, before a layout."""
    # In small figures, axes lose much of their size to what stands around them.
    is_small = min(text.figure.get_size_inches()) < _SMALL_FIGURE
    n_letters = count_letters(length * (0.75 if is_small else 1), text.get_size())
    lines = text.get_text().split("\n")
    text.set_text("\n".join("\n".join(wrap(x, n_letters)) for x in lines))


def name_ticks(axis, ticks, names):
    """Set ticks of the x axis or y axis, and write names at them as they are."""
    is_x = axis.axis_name == "x"
    size = 6.9 if max(map(len, map(str, names)), default=0) > _LONG_TICK else 10
    room = _SHARE * axis.axes.figure.get_size_inches()[1 if is_x else 0]
    names = [str(name) for name in names]
    n_across = count_letters(0.95 * measure_axes(axis.axes)[0] / max(1, len(names)))
    if is_x and len(set(names)) > 1 and max(map(len, names)) > n_across:
        # Names that lie are easier to read than names that stand upright.
        stripped = _strip_common(names, n_across)
        names = stripped if max(map(len, stripped)) <= n_across else names
    names = shorten_names(names, min(_LONGEST_NAME, count_letters(room, size)))
    longest = max(map(len, names), default=0)
    if longest <= _LONG_TICK:
        size = 10
    is_crowded = is_x and len(names) > 1 and longest > n_across
    style = {"rotation": 90 if is_crowded else 0, **PLAIN_TEXT}
    if size < 10:
        style["fontsize"] = "x-small"
    axis.set_ticks(ticks, names, **style)


def add_legend(ax, handles, names, *, title=None, **style):
    """Add a legend with the names of artists as they are, beside or below the axes.

    It stands in the axes only if `style` says where, or if no layout makes room for it.
    matplotlib leaves out artists whose label is empty or begins with an underscore, so
    the names are written into a legend of other labels.
    """
    names = _wrap_names(names)
    has_room = ax.figure.get_layout_engine() is not None
    if "loc" not in style and (has_room or len(handles) > _MANY_GROUPS):
        lines = [*names, *([title] if title else [])]
        style = {**_place_legend(ax, lines, has_room), **style}
    labels = [f"group {k}" for k in range(len(handles))]
    style = {"frameon": False, "title": title, "title_fontsize": "small", **style}
    legend = ax.legend(handles, labels, **style)
    for text, name in zip(legend.get_texts(), names, strict=True):
        text.set(text=name, **PLAIN_TEXT)
    return legend


def _wrap_names(names):
    """Shorten names for a legend, and break long ones into lines."""
    names = [shorten(name) for name in names]
    return [
        "\n".join(wrap(x, _LONGEST_LINE)) if len(x) > _LONGEST_LINE else x
        for x in names
    ]


def measure_legend(names):
    """Estimate the width of a legend in inches."""
    letters = max((len(x) for name in names for x in name.split("\n")), default=0)
    return _HANDLE + 0.6 * _SMALL / 72 * letters


def _place_legend(ax, names, has_room):
    """Return where a legend stands: beside axes, or below them in narrow figures."""
    from matplotlib.transforms import ScaledTranslation  # noqa: PLC0415

    place = ax.get_subplotspec()
    n_columns = 1 if place is None else place.get_gridspec().ncols
    figure, width = ax.figure, measure_legend(names)
    style = {"loc": "upper left", "fontsize": "small"}
    if not has_room or figure.get_size_inches()[0] - width >= _LEAST * n_columns:
        return {**style, "bbox_to_anchor": (1, 1), "borderaxespad": 0.5}
    label = ax.xaxis.label
    below = 8 + 1.25 * label.get_size() * (2 + label.get_text().count("\n"))
    moved = ax.transAxes + ScaledTranslation(0, -below / 72, figure.dpi_scale_trans)
    style |= {"bbox_to_anchor": (0, 0), "bbox_transform": moved, "borderaxespad": 0}
    return {**style, "ncols": max(1, int(measure_axes(ax)[0] / width))}


def add_colorbar(ax, colored, *, label="", **style):
    """Add a colour bar as tall as the axes, at their right side.

    It is part of the axes, so that it keeps their height in any layout, also where the
    axes become smaller to keep their aspect.
    """
    width, height = measure_axes(ax)
    place = (1 + 0.1 / width, 0, 0.14 / width, 1)
    colorbar = ax.figure.colorbar(colored, cax=ax.inset_axes(place), **style)
    colorbar.set_label(label, **PLAIN_TEXT)
    _fit(colorbar.ax.yaxis.label, height)
    return colorbar
