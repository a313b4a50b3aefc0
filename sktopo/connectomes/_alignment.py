"""Recordings with different units brought together by the names of the units."""

from __future__ import annotations

from collections import Counter
from math import ceil
from typing import TYPE_CHECKING

from sktopo._utils.parameters import check_option, check_real
from sktopo._utils.samples import check_kinds

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    from sktopo._typing import Table

HOW = ("intersection", "union")
# What keeps shares such as 0.7 of 10 recordings from being rounded up.
_ROUNDING = 1e-9


def align_units(
    recordings: Sequence[Table],
    *,
    how: Literal["intersection", "union"] = "intersection",
    min_share: float | None = None,
) -> list[Table]:
    """Give all recordings the same units, by their names, in the same order.

    Recordings of one study may lack different regions, neurons or electrodes. Groups
    can only be compared over the units that they share: a graph of other nodes, or of
    fewer, has other births and deaths.

    Parameters
    ----------
    recordings : sequence of pandas.DataFrame of shape (n_observations, n_units)
        Recordings, whose columns are named by strings. They may differ in both sizes.

    how : {"intersection", "union"}, default="intersection"
        Which units to keep: those that all recordings have, or those that any has.
        With "union" units that a recording lacks are NaN throughout;
        ``FunctionalConnectome(constant_units="drop")`` leaves them out again.

    min_share : float or None, default=None
        The share of recordings, from 0 to 1, that must have a unit for it to be kept;
        only with ``how="union"``. None keeps all.

    Returns
    -------
    aligned : list of pandas.DataFrame of shape (n_observations, n_kept)
        New data frames with the same columns: those of the first recording in their
        order, then those that the second adds, and so on. Indices are kept.

    Raises
    ------
    ValueError
        If `how` is unknown, `min_share` is not in [0, 1] or given without "union", a
        recording has columns that are not strings or have the same name, or fewer than
        two units are kept.

    TypeError
        If a recording is not a data frame of pandas: arrays have no names.

    See Also
    --------
    sktopo.FunctionalConnectome : Relates units, and leaves out units without data.

    Examples
    --------
    >>> import pandas as pd
    >>> from sktopo.connectomes import align_units
    >>> first = pd.DataFrame({"V1": [0.0, 1.0], "V2": [2.0, 1.0], "MT": [3.0, 5.0]})
    >>> second = pd.DataFrame({"MT": [1.0, 4.0], "V1": [2.0, 2.5]})
    >>> align_units([first, second])[1]
        V1   MT
    0  2.0  1.0
    1  2.5  4.0
    >>> align_units([first, second], how="union")[1]
        V1  V2   MT
    0  2.0 NaN  1.0
    1  2.5 NaN  4.0
    """
    check_option("how", how, HOW)
    if min_share is not None:
        check_real("min_share", min_share, 0, 1)
        if how != "union":
            raise ValueError(
                f"min_share={min_share!r} needs how='union'; how={how!r} keeps the "
                "units that all recordings have."
            )
    expected = "a list of data frames of pandas, one for each recording"
    recordings = check_kinds(recordings, "recordings", expected)
    if not isinstance(recordings, list) or not recordings:
        what = "empty" if isinstance(recordings, list) else type(recordings).__name__
        raise TypeError(f"recordings is {what}; expected {expected}.")
    columns = [
        read_column_names(recording, i) for i, recording in enumerate(recordings)
    ]
    counts = Counter(name for names in columns for name in names)
    share = 1.0 if how == "intersection" else min_share or 0.0
    least = ceil(share * len(columns) - _ROUNDING)
    kept = [name for name, count in counts.items() if count >= least]
    if len(kept) < 2:
        raise ValueError(
            f"{len(kept)} of {len(counts)} unit(s) are in {least} of {len(columns)} "
            "recording(s) or more; expected at least 2. Leave out recordings that lack "
            "many units, or choose how='union' with a smaller min_share."
        )
    return [choose_columns(recording, kept) for recording in recordings]


def choose_columns(recording, kept):
    """Return the columns `kept`; those that it lacks hold NaN, in the dtype of all."""
    chosen = recording.reindex(columns=kept)
    dtypes = set(recording.dtypes)
    if len(dtypes) == 1 and (dtype := dtypes.pop()).kind == "f":
        return chosen.astype(dtype)
    return chosen


def read_column_names(recording, number):
    """Return the names of the columns of a data frame, a list of strings."""
    name = f"Recording {number}"
    if not (hasattr(recording, "columns") and hasattr(recording, "reindex")):
        raise TypeError(
            f"{name} is of type {type(recording).__name__}, without names of units; "
            "expected a data frame of pandas. Make one with "
            "pandas.DataFrame(recording, columns=names)."
        )
    names = list(recording.columns)
    for column in names:
        if not isinstance(column, str):
            raise ValueError(
                f"{name} has the column {column!r}; expected strings, the names of "
                "units. Set them with recording.columns = names."
            )
    twice = [column for column, count in Counter(names).items() if count > 1]
    if twice:
        raise ValueError(
            f"{name} has {len(twice)} name(s) of several columns, the first "
            f"{twice[0]!r}; expected different names. Rename these columns, or leave "
            "all but one out."
        )
    return names
