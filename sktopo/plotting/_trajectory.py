"""Networks over steps, such as those of training: curves, or a path in a plane."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Literal, Self

import numpy as np

from sktopo._utils.labels import check_labels
from sktopo._utils.parameters import check_flag, check_option
from sktopo.plotting._axes import (
    PLAIN_TEXT,
    add_colorbar,
    add_legend,
    check_axes,
    find_limits,
    fit_labels,
    get_axes,
    measure_axes,
    measure_legend,
    shorten,
    shorten_names,
)
from sktopo.plotting._display import Display, count
from sktopo.plotting._groups import LINES, MARKERS, pick, split_groups
from sktopo.plotting._inputs import check_weights
from sktopo.plotting._plane import (
    check_rows,
    frame_plane,
    label_plane,
    name_components,
    project_rows,
)
from sktopo.plotting._records import check_once, read_records, summarize_runs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.collections import PathCollection
    from matplotlib.colorbar import Colorbar
    from numpy.typing import ArrayLike

    from sktopo._typing import FloatArray, ManyAxes, Table

_AVERAGES = ("mean", "median")
_BANDS = {"mean": "mean ± one\nstandard deviation", "median": "median and\nquartiles"}
# More panels stand in further rows.
_MOST_COLUMNS = 4
_MOST_PANELS = 40
# Letters of the longest name of a layer or run.
_LONGEST_NAME = 28


@dataclass(repr=False, eq=False)
class TrajectoryDisplay(Display):
    """Networks over steps: curves of scalars, or the path of rows in a plane.

    :meth:`from_table` draws scalars over steps: a line at the average over runs, and a
    band of their spread. There is a panel for each scalar and layer; panels of one
    scalar have the same vertical axis. Where a scalar is missing (NaN), the step is
    left out of the average.

    :meth:`from_rows` draws the path of each run in the plane that keeps most of the
    Wasserstein variance of all rows, the plane of :class:`EmbeddingDisplay`. Colours
    are steps.

    Parameters
    ----------
    steps : ndarray of shape (n_records,)
        The step of each record, such as a number of batches or epochs.

    values : ndarray of shape (n_records, n_scalars)
        The scalars; NaN where they are missing. Of a path, the two coordinates.

    names : list of str
        Names of the scalars. Of a path, of the two axes.

    runs : array-like of shape (n_records,), default=None
        The run of each record. If None, there is one run.

    layers : array-like of shape (n_records,), default=None
        The layer of each record. If None, there is one panel for each scalar.

    groups : array-like of shape (n_records,), default=None
        The group of each record, such as a training strategy. If None, there is one
        line in each panel.

    average : {"mean", "median"} or None, default="mean"
        What lines and bands are: the mean over runs and one standard deviation to both
        sides, or the median and the quartiles. None draws the path of `values`.

    log_steps : bool, default=False
        Whether steps are drawn on a logarithmic scale. If there is a step 0, it is
        linear from 0 to the smallest step above it.

    Attributes
    ----------
    ax_ : ndarray of shape (n_scalars, n_layers) of matplotlib Axes, or matplotlib Axes
        The axes; of a path, the only one.

    figure_ : matplotlib Figure
        The figure.

    lines_ : ndarray of shape (n_scalars, n_layers, n_groups) of matplotlib Line2D
        The average of each group; None where it has no values. Of a path, the list of
        the lines of the runs.

    bands_ : ndarray of shape (n_scalars, n_layers, n_groups) of matplotlib \
PolyCollection
        The bands. Of a path, an empty list.

    points_ : list of matplotlib PathCollection
        The points of each run of a path, in the order of their steps; else empty.

    colorbar_ : matplotlib Colorbar or None
        The colour bar of a path.

    See Also
    --------
    EmbeddingDisplay : Networks in the same plane, without an order.

    Examples
    --------
    >>> from sktopo.plotting import TrajectoryDisplay
    >>> table = {
    ...     "run": ["a", "a", "b", "b"],
    ...     "step": [0, 100, 0, 100],
    ...     "level": [0.2, 0.5, 0.4, 0.7],
    ... }
    >>> display = TrajectoryDisplay.from_table(table)
    >>> display.lines_[0, 0, 0].get_ydata().round(2)
    array([0.3, 0.6])
    >>> display
    <TrajectoryDisplay: level over 2 steps of 2 runs>
    """

    steps: FloatArray
    values: FloatArray
    _: KW_ONLY
    names: Sequence[str]
    runs: ArrayLike | None = None
    layers: ArrayLike | None = None
    groups: ArrayLike | None = None
    average: Literal["mean", "median"] | None = "mean"
    log_steps: bool = False

    def __post_init__(self) -> None:
        if self.average is not None:
            check_option("average", self.average, _AVERAGES)
        check_flag("log_steps", self.log_steps)
        self.steps = check_weights(self.steps, "steps", n_dimensions=(1,))
        self.values = np.asarray(self.values, dtype=np.float64)
        n_columns = len(self.names) if self.average is not None else 2
        if self.values.shape != (len(self.steps), n_columns):
            raise ValueError(
                f"The shape of the values is {self.values.shape}; expected a row for "
                f"each of {len(self.steps)} steps and {count(n_columns, 'column')}."
            )
        for name in ("runs", "layers", "groups"):
            if getattr(self, name) is not None:
                labels = check_labels(getattr(self, name), len(self.steps), name)
                setattr(self, name, labels)
        check_once(self.steps, self.runs, self.layers, self.groups)
        if self.log_steps and not 0 <= self.steps.min() <= self.steps.max() > 0:
            raise ValueError(
                "log_steps=True needs steps of at least 0, and one above it; they go "
                f"from {self.steps.min():g} to {self.steps.max():g}."
            )

    @classmethod
    def from_table(
        cls,
        table: Table,
        *,
        y: str | Sequence[str] | None = None,
        hue: str | None = None,
        average: Literal["mean", "median"] = "mean",
        log_steps: bool = False,
        ax: ManyAxes = None,
    ) -> Self:
        """Draw scalars over steps.

        Parameters
        ----------
        table : data frame, or mapping from names to columns
            A row for each record, with a column `step`. A column `run` tells runs
            apart, which are averaged, and a column `layer` makes a panel for each
            layer. Data frames of pandas and polars are taken.

        y : str or sequence of str, default=None
            The column of a scalar, or several. If None, all columns of numbers.

        hue : str, default=None
            The column of groups, such as training strategies, which have a line each.
            With "layer", layers are lines in one panel.

        average : {"mean", "median"}, default="mean"
            What lines and bands are: the mean over runs and one standard deviation to
            both sides, or the median and the quartiles.

        log_steps : bool, default=False
            Whether steps are drawn on a logarithmic scale. If there is a step 0, it is
            linear from 0 to the smallest step above it.

        ax : sequence of matplotlib Axes, default=None
            See `plot`.

        Returns
        -------
        display : TrajectoryDisplay
            What was drawn.

        Raises
        ------
        TypeError
            If `table` is not a data frame or mapping.

        ValueError
            If a column is missing or does not hold numbers, two rows are of the same
            run at the same step, or steps below 0 are drawn on a logarithmic scale.
        """
        check_axes(cls, ax)
        check_option("average", average, _AVERAGES)
        records = read_records(table, y, hue)._asdict()
        steps, values = records.pop("steps"), records.pop("values")
        display = cls(steps, values, average=average, log_steps=log_steps, **records)
        return display.plot(ax=ax)

    @classmethod
    def from_rows(
        cls,
        rows: ArrayLike,
        steps: ArrayLike,
        *,
        runs: ArrayLike | None = None,
        log_steps: bool = False,
        ax: ManyAxes = None,
    ) -> Self:
        """Draw the path of Wasserstein rows in two dimensions.

        Parameters
        ----------
        rows : array-like of shape (n_records, n_features)
            Rows whose Euclidean distance is the Wasserstein distance, as
            :class:`~sktopo.GraphPersistence` and
            :func:`~sktopo.barcodes.scale_barcodes` return them.

        steps : array-like of shape (n_records,)
            The step of each row, in any order.

        runs : array-like of shape (n_records,), default=None
            The run of each row; each has a path. If None, there is one run.

        log_steps : bool, default=False
            Whether the colours of steps have a logarithmic scale.

        ax : matplotlib Axes, default=None
            See `plot`.

        Returns
        -------
        display : TrajectoryDisplay
            What was drawn.

        Raises
        ------
        ValueError
            If there are fewer than two rows or columns, all rows are the same, there
            is not one step for each row, two rows are of the same run at the same step,
            or steps below 0 are drawn on a logarithmic scale.
        """
        check_axes(cls, ax)
        rows = check_rows(rows)
        steps = check_weights(steps, "steps", n_dimensions=(1,))
        if len(steps) != len(rows):
            raise ValueError(
                f"Got {len(steps)} steps for {len(rows)} rows; expected one step for "
                "each row."
            )
        points, _, ratio = project_rows(rows)
        names = name_components(ratio)
        display = cls(
            steps, points, names=names, runs=runs, average=None, log_steps=log_steps
        )
        return display.plot(ax=ax)

    def plot(self, ax: ManyAxes = None) -> Self:
        """Draw.

        Parameters
        ----------
        ax : sequence of matplotlib Axes, default=None
            An axes for each panel, the layers of the first scalar first; of a path,
            one. A new figure if None.

        Returns
        -------
        display : TrajectoryDisplay
            Itself.

        Raises
        ------
        ValueError
            If there are too many panels, groups or runs for a figure.
        """
        self.points_: list[PathCollection] = []
        self.colorbar_: Colorbar | None = None
        if self.average is None:
            self._draw_path(ax)
        else:
            self._draw_curves(ax)
        return self

    def _draw_curves(self, ax):
        """Draw a panel for each scalar and layer."""
        groups = split_groups(self.groups, len(self.steps))
        layers = [None] if self.layers is None else list(dict.fromkeys(self.layers))
        shape = (len(self.names), len(layers))
        n_panels = shape[0] * shape[1]
        if n_panels > _MOST_PANELS:
            raise ValueError(
                f"{shape[0]} scalars of {shape[1]} layers make {n_panels} panels; at "
                f"most {_MOST_PANELS} fit into a figure. Choose scalars as y, or draw "
                'layers as lines with hue="layer".'
            )
        places = _place_panels(*shape)
        size = {"width": 4.2 if len(layers) == 1 else 3.0, "height": 2.6}
        names = [] if self.groups is None else [group.name for group in groups]
        size |= {"names": [*names, *_BANDS[self.average].split("\n")], "places": places}
        self.figure_, axes = get_axes(self, ax, len(places), **size)
        self.ax_ = np.reshape(axes, shape)
        self.lines_, self.bands_ = np.full((2, *shape, len(groups)), None, object)
        titles = shorten_names(layers, _LONGEST_NAME)
        for panel in np.ndindex(shape):
            scalar, layer = panel
            self._draw_panel(panel, groups, layers[layer])
            if len(layers) > 1 or layers[0] is not None:
                title = titles[layer]
                self.ax_[panel].set_title(title, fontsize="medium", **PLAIN_TEXT)
            if places[scalar * shape[1] + layer][1] == 0:
                self.ax_[panel].set_ylabel(shorten(self.names[scalar]), **PLAIN_TEXT)
            self.ax_[panel].set_xlabel("step")
            self._scale_steps(self.ax_[panel])
            fit_labels(self.ax_[panel])
        for panels in self.ax_:
            low, high = zip(*(axes.get_ylim() for axes in panels), strict=True)
            for axes in panels:
                axes.set_ylim(min(low), max(high))
        self._add_legend(self.ax_[0, min(shape[1], _MOST_COLUMNS) - 1], groups)

    def _draw_panel(self, panel, groups, layer):
        """Draw the line and the band of each group in a panel."""
        values = self.values[:, panel[0]]
        is_here = np.ones(len(values), bool) if layer is None else self.layers == layer
        for k, group in enumerate(groups):
            mine = is_here & group.members
            steps, low, center, high = summarize_runs(
                self.steps[mine], values[mine], self.average
            )
            if not len(steps):
                continue
            # A line through one point would not be seen.
            style = {"marker": "o"} | group.line if len(steps) == 1 else group.line
            (self.lines_[*panel, k],) = self.ax_[panel].plot(steps, center, **style)
            self.bands_[*panel, k] = self.ax_[panel].fill_between(
                steps, low, high, color=group.color, alpha=0.2, lw=0
            )

    def _scale_steps(self, axes):
        """Scale the horizontal axis: linear, or logarithmic with step 0 shown."""
        axes.set_xlim(*find_limits(self.steps))
        if self.log_steps and self.steps.min() > 0:
            axes.set_xscale("log")
        elif self.log_steps:
            linear = self.steps[self.steps > 0].min()
            axes.set_xscale("symlog", linthresh=linear)

    def _add_legend(self, axes, groups):
        """Add a legend that names the groups, and says what lines and bands are."""
        n_runs = max(self._count_runs(group.members) for group in groups)
        lines = [
            next((line for line in self.lines_[..., k].flat if line is not None), None)
            for k in range(len(groups))
        ]
        # A group without values has no line.
        handles = [line for line in lines if line is not None]
        names = [group.name for group, line in zip(groups, lines, strict=True) if line]
        title = None if n_runs == 1 else _BANDS[self.average]
        if self.groups is None:
            names = [count(n_runs, "run")]
        add_legend(axes, handles, names, title=title)

    def _draw_path(self, ax):
        """Draw the path of each run, with steps as colours."""
        runs = split_groups(self.runs, len(self.steps))
        self.figure_, (self.ax_,) = get_axes(self, ax)
        norm, self.lines_, self.bands_ = self._make_norm(), [], []
        for k, run in enumerate(runs):
            steps, points = self.steps[run.members], self.values[run.members]
            order = np.argsort(steps, kind="stable")
            steps, points = steps[order], points[order]
            self.lines_ += self.ax_.plot(*points.T, **self._style_path(k), zorder=1)
            marker = pick(MARKERS, k)
            style = {"marker": marker, "edgecolors": "0.2", "linewidths": 0.4}
            colors = {"c": steps, "cmap": "viridis", "norm": norm, "alpha": 0.8}
            self.points_.append(self.ax_.scatter(*points.T, s=28, **style, **colors))
        label_plane(self.ax_, self.names)
        frame_plane(self.ax_, self.values)
        self.colorbar_ = add_colorbar(self.ax_, self.points_[0], label="step")
        if len(runs) > 1:
            self._name_runs([run.name for run in runs])

    def _name_runs(self, names):
        """Add a legend of the runs of a path above the axes, beside the colour bar."""
        from matplotlib.lines import Line2D  # noqa: PLC0415

        names = shorten_names(names, _LONGEST_NAME)
        handles = [
            Line2D([], [], marker=pick(MARKERS, k), **self._style_path(k))
            for k in range(len(names))
        ]
        n_columns = max(1, int(measure_axes(self.ax_)[0] / measure_legend(names)))
        style = {"loc": "lower left", "bbox_to_anchor": (0, 1), "fontsize": "small"}
        add_legend(self.ax_, handles, names, ncols=n_columns, **style)

    def _style_path(self, k):
        """Return the style of the line of run number k."""
        return {"color": "0.4", "linewidth": 0.8, "linestyle": pick(LINES, k)}

    def _make_norm(self):
        """Make the scale of the colours of steps."""
        from matplotlib import colors  # noqa: PLC0415

        low, high = find_limits(self.steps)
        if not self.log_steps:
            return colors.Normalize(low, high)
        if self.steps.min() > 0:
            return colors.LogNorm(low, high)
        linear = self.steps[self.steps > 0].min()
        return colors.SymLogNorm(linear, vmin=low, vmax=high, base=10)

    def _count_runs(self, members=slice(None)):
        return 1 if self.runs is None else len(np.unique(self.runs[members]))

    def _describe(self):
        """Count what is drawn."""
        what = "path" if self.average is None else ", ".join(self.names)
        n_steps, n_runs = len(np.unique(self.steps)), self._count_runs()
        text = f"{what} over {count(n_steps, 'step')} of {count(n_runs, 'run')}"
        for noun, labels in (("group", self.groups), ("layer", self.layers)):
            if labels is not None:
                text += f", {count(len(np.unique(labels)), noun)}"
        return text


def _place_panels(n_scalars, n_layers):
    """Return the row and column of the panels of all layers of each scalar."""
    n_columns = min(n_layers, _MOST_COLUMNS)
    n_rows = -(-n_layers // n_columns)
    return [
        (scalar * n_rows + layer // n_columns, layer % n_columns)
        for scalar in range(n_scalars)
        for layer in range(n_layers)
    ]
