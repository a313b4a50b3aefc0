"""The states of recordings over time."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from sktopo._utils.labels import check_labels
from sktopo._utils.parameters import check_positive
from sktopo.connectomes import SlidingWindows
from sktopo.plotting._axes import (
    PLAIN_TEXT,
    add_legend,
    fit_labels,
    get_axes,
    name_ticks,
)
from sktopo.plotting._display import Display, count
from sktopo.plotting._groups import number_names, split_groups
from sktopo.plotting._inputs import (
    check_before_computing,
    check_fitted,
    check_weights,
    split_steps,
)

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import ArrayLike, NDArray
    from sklearn.pipeline import Pipeline

    from sktopo._typing import FloatArray, ManyAxes

# The colours of more states are used again, with these hatches.
_HATCHES = ("", "////", "....")
_MOST_STATES = 24
# More recordings are too many for one figure.
_MOST_RECORDINGS = 100


@dataclass(repr=False, eq=False)
class StatesDisplay(Display):
    """The state of each recording over time: a row of coloured bars for each.

    A bar begins at the start of the first window in a state, and ends at the start of
    the first window in another.

    Use :meth:`from_estimator` or :meth:`from_labels` to make one.

    Parameters
    ----------
    labels : ndarray of shape (n_windows,)
        The state of each window.

    recordings : ndarray of shape (n_windows,)
        The recording of each window: its name or number.

    times : ndarray of shape (n_windows,)
        The start of each window, ascending within recordings.

    unit : str, default=None
        The unit of the times, for the label of the axis.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes.

    figure_ : matplotlib Figure
        The figure.

    bars_ : list of matplotlib BarContainer
        The bars of each state, in the natural order of the names of the states.

    Examples
    --------
    >>> from sktopo.plotting import StatesDisplay
    >>> display = StatesDisplay.from_labels(
    ...     ["rest", "rest", "task", "rest"], [0, 0, 0, 1], times=[0, 10, 20, 0]
    ... )
    >>> [float(bar.get_width()) for bar in display.bars_[0]]
    [20.0, 10.0]
    """

    labels: NDArray[Any]
    _: KW_ONLY
    recordings: NDArray[Any]
    times: FloatArray
    unit: str | None = None

    def __post_init__(self) -> None:
        self.labels = check_labels(self.labels, None, "labels", of="window")
        n_windows = len(self.labels)
        self.recordings = check_labels(
            self.recordings, n_windows, "recordings", of="window"
        )
        self.times = check_weights(self.times, "times", n_dimensions=(1,))
        if len(self.times) != n_windows:
            raise ValueError(
                f"Got {len(self.times)} times for {n_windows} windows; expected one "
                "time for each window."
            )
        if self.unit is not None and not isinstance(self.unit, str):
            raise ValueError(f"unit must be a text or None, got {self.unit!r}.")

    @classmethod
    def from_estimator(
        cls,
        estimator: Pipeline,
        X: ArrayLike,
        *,
        names: ArrayLike | None = None,
        interval: float = 1.0,
        unit: str | None = None,
        ax: ManyAxes = None,
    ) -> Self:
        """Draw the states that a fitted pipeline finds in recordings.

        Parameters
        ----------
        estimator : Pipeline
            Fitted; begins with :class:`~sktopo.SlidingWindows` and ends in a clusterer
            with `predict`.

        X : array-like or sequence
            Recordings.

        names : array-like of shape (n_recordings,), default=None
            Names of the recordings. If None, their numbers.

        interval : float, default=1.0
            Time between observations.

        unit : str, default=None
            Unit of the interval, such as "s".

        ax : matplotlib Axes, default=None
            See `plot`.

        Returns
        -------
        display : StatesDisplay
            What was drawn.

        Raises
        ------
        TypeError
            If `estimator` is not such a pipeline.

        ValueError
            If there is not one name for each recording, `interval` is not a positive
            number, or there are too many states or recordings for a figure.

        NotFittedError
            If it is not fitted.
        """
        check_positive("interval", interval)
        first_steps, clusterer = split_steps(estimator)
        is_right = hasattr(clusterer, "predict") and first_steps is not None
        is_right = is_right and isinstance(first_steps[0], SlidingWindows)
        check_fitted(
            clusterer,
            is_right and not isinstance(clusterer, type),
            "a fitted Pipeline that begins with SlidingWindows and ends in a clusterer "
            "with `predict`; from_labels draws the states of others",
        )
        check_before_computing(cls, ax, X)
        recordings, starts = first_steps[0].locate(X)
        if names is not None:
            n_recordings = int(recordings[-1]) + 1
            names = check_labels(names, n_recordings, "names", of="recording")
            recordings = names[recordings]
        labels, times = estimator.predict(X), interval * starts
        return cls.from_labels(labels, recordings, times=times, unit=unit, ax=ax)

    @classmethod
    def from_labels(
        cls,
        labels: ArrayLike,
        recordings: ArrayLike,
        *,
        times: ArrayLike | None = None,
        unit: str | None = None,
        ax: ManyAxes = None,
    ) -> Self:
        """Draw states over time.

        Parameters
        ----------
        labels : array-like of shape (n_windows,)
            The state of each window.

        recordings : array-like of shape (n_windows,)
            The recording of each window: its name or number.

        times : array-like of shape (n_windows,), default=None
            The start of each window, ascending within recordings. If None, windows are
            counted within recordings.

        unit : str, default=None
            Unit of the times, such as "s".

        ax : matplotlib Axes, default=None
            See `plot`.

        Returns
        -------
        display : StatesDisplay
            What was drawn.

        Raises
        ------
        ValueError
            If labels, recordings and times differ in length, times do not ascend
            within a recording, or there are too many states or recordings for a figure.
        """
        labels = check_labels(labels, None, "labels", of="window")
        recordings = check_labels(recordings, len(labels), "recordings", of="window")
        if times is None:
            starts = _count_windows(recordings)
        else:
            starts = check_weights(times, "times", n_dimensions=(1,))
        return cls(labels, recordings=recordings, times=starts, unit=unit).plot(ax=ax)

    def plot(self, ax: ManyAxes = None) -> Self:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; a new figure if None.

        Returns
        -------
        display : StatesDisplay
            Itself.

        Raises
        ------
        ValueError
            If there are more than 24 states or 100 recordings, or times do not ascend
            within a recording.
        """
        names, rows = number_names(self.recordings, None, "recordings")
        states, numbers = number_names(self.labels, None, "labels")
        for what, found, most in (
            ("states", states, _MOST_STATES),
            ("recordings", names, _MOST_RECORDINGS),
        ):
            if len(found) > most:
                raise ValueError(
                    f"There are {len(found)} {what}; at most {most} fit into a figure. "
                    "Draw some of them."
                )
        bars = _find_bars(numbers, rows, self.times, names)
        height = 1.7 + max(0.16, 0.34 - 0.004 * len(names)) * len(names)
        self.figure_, (self.ax_,) = get_axes(
            self, ax, height=height, names=states if len(states) > 8 else []
        )
        self._draw_bars(bars, len(states))
        name_ticks(self.ax_.yaxis, range(len(names)), names)
        unit = "" if self.unit is None else f" ({self.unit})"
        self.ax_.set_xlabel(f"start of the window{unit}", **PLAIN_TEXT)
        self.ax_.set(ylim=(len(names) - 0.5, -0.5), ylabel="recording")
        fit_labels(self.ax_)
        style: dict[str, Any] = {"title": "state"}
        if len(states) <= 8:  # above the axes, where bars cannot be hidden
            style |= {"loc": "lower center", "bbox_to_anchor": (0.5, 1)}
            style |= {"ncols": min(len(states), 4), "borderaxespad": 0.2}
        add_legend(self.ax_, self.bars_, states, **style)
        return self

    def _describe(self):
        """Count what is drawn."""
        recordings = count(len(np.unique(self.recordings)), "recording")
        states = count(len(np.unique(self.labels)), "state")
        return f"{count(len(self.labels), 'window')} of {recordings} in {states}"

    def _draw_bars(self, bars, n_states):
        """Draw bars, an array of columns state, row, start and end."""
        self.bars_ = []
        for group in split_groups(self.labels, len(self.labels)):
            k = len(self.bars_)
            mine = bars[bars[:, 0] == k]
            self.bars_.append(
                self.ax_.barh(
                    mine[:, 1],
                    mine[:, 3] - mine[:, 2],
                    left=mine[:, 2],
                    height=0.8,
                    color=group.color,
                    hatch=_HATCHES[k // 8],
                    edgecolor="black" if k >= 8 else group.color,
                    linewidth=0,
                )
            )
        self.ax_.set_xlim(bars[:, 2].min(), bars[:, 3].max())


def _count_windows(recordings):
    """Count windows within recordings: 0, 1, ... for each."""
    _, rows = number_names(recordings, None, "recordings")
    times = np.empty(len(rows))
    for row in np.unique(rows):
        times[rows == row] = np.arange(np.count_nonzero(rows == row))
    return times


def _find_bars(states, rows, times, names):
    """Join windows of one state that follow each other.

    Returns the bars as an array with columns state, row, start and end. The last window
    of a recording is as long as the typical window of all recordings.
    """
    steps = [np.diff(times[rows == row]) for row in range(len(names))]
    for name, found in zip(names, steps, strict=True):
        if not (found > 0).all():
            raise ValueError(
                f"The times of recording {name!r} do not ascend; expected the starts "
                "of its windows, in order."
            )
    lengths = np.concatenate(steps)
    last = float(np.median(lengths)) if len(lengths) else 1.0
    bars = []
    for row in range(len(names)):
        mine, edges = states[rows == row], times[rows == row]
        edges = np.append(edges, edges[-1] + last)
        begins = np.flatnonzero(np.append(True, mine[1:] != mine[:-1]))
        ends = np.append(begins[1:], len(mine))
        bars += [
            (mine[begin], row, edges[begin], edges[end])
            for begin, end in zip(begins, ends, strict=True)
        ]
    return np.array(bars)
