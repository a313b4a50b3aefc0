"""Tables of the states that recordings go through: how long, how often, what next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sktopo._utils.labels import check_labels
from sktopo._utils.parameters import check_positive
from sktopo._utils.tables import make_table

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from sktopo._typing import Table


def state_table(
    labels: ArrayLike, recordings: ArrayLike, *, interval: float = 1.0
) -> Table:
    """List how long and how often each recording is in each state.

    Parameters
    ----------
    labels : array-like of shape (n_windows,)
        The state of each window, such as the `labels_` of a
        :class:`~sktopo.TopClusterer`. Windows of a recording stand in the order of
        time.

    recordings : array-like of shape (n_windows,)
        The recording of each window, such as the `window_recordings_` of
        :class:`~sktopo.SlidingWindows`.

    interval : float, default=1.0
        Time from the start of a window to the start of the next: the `step` of the
        windows times the time between observations.

    Returns
    -------
    table : pandas.DataFrame
        One row for each recording and state, those that it does not visit included:

        - `recording`, `state`
        - `occupancy`: the share of its windows that are in the state
        - `n_visits`: the number of times that it enters the state, or begins in it
        - `dwell_time`: the mean length of these visits, in the unit of `interval`; nan
          if there are none

    Raises
    ------
    ValueError
        If labels or recordings are not one-dimensional, differ in length or are
        missing somewhere, there are none, or `interval` is not a positive number.

    ImportError
        If pandas is not installed (``pip install 'sktopo[tables]'``).

    See Also
    --------
    transition_table : Says which state follows which.
    state_test : Tests whether there are states.
    sktopo.plotting.StatesDisplay : Draws states over time.

    Notes
    -----
    The first visit may have begun before the recording, and the last may go on after
    it; their lengths count as they were seen. Windows that overlap share observations,
    which makes visits longer: compare recordings that were cut alike.

    Examples
    --------
    >>> from sktopo.inference import state_table
    >>> state_table(list("aabaab"), [0, 0, 0, 0, 1, 1], interval=2.0)
       recording state  occupancy  n_visits  dwell_time
    0          0     a       0.75         2         3.0
    1          0     b       0.25         1         2.0
    2          1     a       0.50         1         2.0
    3          1     b       0.50         1         2.0
    """
    check_positive("interval", interval)
    names, states, sequences = _split_sequences(labels, recordings)
    rows = []
    for recording, sequence in sequences:
        begins = np.append(True, sequence[1:] != sequence[:-1])
        n_windows = np.bincount(sequence, minlength=len(states))
        n_visits = np.bincount(sequence[begins], minlength=len(states))
        for state, count, visits in zip(states, n_windows, n_visits, strict=True):
            rows.append(
                {
                    "recording": names[recording],
                    "state": state,
                    "occupancy": count / len(sequence),
                    "n_visits": int(visits),
                    "dwell_time": interval * count / visits if visits else np.nan,
                }
            )
    return make_table(rows)


def transition_table(labels: ArrayLike, recordings: ArrayLike) -> Table:
    """Count which state follows which, within recordings.

    The last window of a recording is not followed by the first of the next.

    Parameters
    ----------
    labels : array-like of shape (n_windows,)
        The state of each window, as in :func:`state_table`.

    recordings : array-like of shape (n_windows,)
        The recording of each window.

    Returns
    -------
    table : pandas.DataFrame
        One row for each recording and ordered pair of states, equal ones included:

        - `recording`, `state`, `next_state`
        - `count`: the number of windows in `state` whose next window is in
          `next_state`
        - `probability`: the share of `count` in all windows in `state` that have a
          next window; nan if there are none

    Raises
    ------
    ValueError
        If labels or recordings are not one-dimensional, differ in length or are
        missing somewhere, or there are none.

    ImportError
        If pandas is not installed (``pip install 'sktopo[tables]'``).

    See Also
    --------
    state_table : Says how long and how often recordings are in each state.

    Notes
    -----
    If windows overlap, staying in a state is likely because windows share
    observations. The share of a `next_state` in all changes of state does not depend
    on that.

    Examples
    --------
    >>> from sktopo.inference import transition_table
    >>> table = transition_table(list("aabbaa"), [0, 0, 0, 1, 1, 1])
    >>> table[table["count"] > 0]
       recording state next_state  count  probability
    0          0     a          a      1          0.5
    1          0     a          b      1          0.5
    4          1     a          a      1          1.0
    6          1     b          a      1          1.0
    """
    names, states, sequences = _split_sequences(labels, recordings)
    rows = []
    for recording, sequence in sequences:
        counts = np.zeros((len(states), len(states)), dtype=int)
        np.add.at(counts, (sequence[:-1], sequence[1:]), 1)
        for (i, j), count in np.ndenumerate(counts):
            n_followed = counts[i].sum()
            rows.append(
                {
                    "recording": names[recording],
                    "state": states[i],
                    "next_state": states[j],
                    "count": int(count),
                    "probability": count / n_followed if n_followed else np.nan,
                }
            )
    return make_table(rows)


def _split_sequences(labels, recordings):
    """Split the states of windows by recording.

    Returns the names of recordings and of states, and a list of pairs: the number of a
    recording, and the numbers of the states of its windows in their order.
    """
    make_table([])  # without pandas, nothing should be computed
    labels = check_labels(labels, None, "labels", of="window")
    recordings = check_labels(recordings, len(labels), "recordings", of="window")
    if not len(labels):
        raise ValueError("labels holds no windows; expected at least one.")
    states, numbers = np.unique(labels, return_inverse=True)
    names, members = np.unique(recordings, return_inverse=True)
    sequences = [(k, numbers[members == k]) for k in range(len(names))]
    return names.tolist(), states.tolist(), sequences
