"""What learnt features hold, as a table."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING

import numpy as np

from sktopo._utils.finite import check_finite
from sktopo._utils.parameters import check_integer
from sktopo._utils.samples import read_array
from sktopo._utils.tables import make_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import ArrayLike

COLUMNS = ("feature", "rank", "unit", "unit_weight", "stimulus", "stimulus_weight")


def feature_table(
    weights: ArrayLike,
    components: ArrayLike,
    *,
    unit_names: Sequence[str] | None = None,
    stimulus_names: Sequence[str] | None = None,
    n_largest: int = 5,
) -> pd.DataFrame:
    """List the units that each feature holds, and the stimuli that activate it most.

    Parameters
    ----------
    weights : array-like of shape (n_stimuli, n_components)
        Weights of the features, as `SemiNMF.transform` returns them.

    components : array-like of shape (n_components, n_units)
        The features, `SemiNMF.components_`.

    unit_names : sequence of str, default=None
        Names of the units. If None, x0, x1, ...

    stimulus_names : sequence of str, default=None
        Names of the stimuli, such as their classes. If None, their numbers.

    n_largest : int, default=5
        Number of units, and of stimuli, to list for each feature.

    Returns
    -------
    table : DataFrame of `n_components * n_largest` rows
        One row for each feature and rank, the largest first. Its columns are `feature`
        (int), `rank` (int, from 1), `unit` and `unit_weight` (the number with its sign;
        units are ordered by absolute numbers), `stimulus` and `stimulus_weight`. A unit
        with the number 0 does not belong to the feature: its name is missing.

    Raises
    ------
    ValueError
        If the arrays are not tables of finite numbers, do not have the same number of
        features, or names are not one for each unit or stimulus.

    TypeError
        If names are not a sequence.

    ImportError
        If pandas is not installed.

    See Also
    --------
    sktopo.SemiNMF : Learns the features.

    Examples
    --------
    Two groups of units, each active for half of the stimuli. Stimuli 3 and 12
    activate their group twice as much as the others:

    >>> import numpy as np
    >>> from sktopo import SemiNMF
    >>> from sktopo.connectomes import feature_table
    >>> A = np.kron(np.eye(2), np.outer(np.ones(10), [3, 2, 1]))
    >>> A[3] *= 2
    >>> A[12] *= 2
    >>> model = SemiNMF(2, keep=1 / 3, random_state=0)
    >>> weights = model.fit_transform(A)
    >>> feature_table(weights, model.components_, n_largest=1).round(1)
       feature  rank unit  unit_weight  stimulus  stimulus_weight
    0        0     1   x0          0.8         3              7.2
    1        1     1   x3          0.8        12              7.2
    """
    check_integer("n_largest", n_largest, 1)
    weights = _read(weights, "weights", ("stimulus", "feature"))
    components = _read(components, "components", ("feature", "unit"))
    if weights.shape[1] != len(components):
        raise ValueError(
            f"weights has {weights.shape[1]} columns, but components has "
            f"{len(components)} rows; expected one of each for every feature."
        )
    n_units = components.shape[1]
    units = _read_names("unit_names", unit_names, [f"x{k}" for k in range(n_units)])
    stimuli = _read_names("stimulus_names", stimulus_names, range(len(weights)))
    rows = []
    for feature, (numbers, active) in enumerate(
        zip(components, weights.T, strict=True)
    ):
        held = np.argsort(-np.abs(numbers), kind="stable")[:n_largest]
        shown = np.argsort(-active, kind="stable")[:n_largest]
        pairs = zip_longest(held, shown)
        for rank, (unit, stimulus) in enumerate(pairs, start=1):
            row: dict[str, object] = {"feature": feature, "rank": rank}
            if unit is not None:
                row["unit"] = units[unit] if numbers[unit] else None
                row["unit_weight"] = float(numbers[unit])
            if stimulus is not None:
                row["stimulus"] = stimuli[stimulus]
                row["stimulus_weight"] = float(active[stimulus])
            rows.append(row)
    return make_table(rows, COLUMNS)


def _read(table, name, words):
    """Return a table of finite numbers as an array of floats."""
    read = read_array(table, name, f"a table of numbers, one row for each {words[0]}")
    check_finite(read, name, words=words)
    return read


def _read_names(parameter, names, default):
    """Return names, or `default`, whose length is that of what is named."""
    if names is None:
        return default
    names = np.asarray(names, dtype=object)
    if names.shape != (len(default),):
        raise ValueError(
            f"{parameter} has the shape {names.shape}; expected {len(default)} names."
        )
    return [str(name) for name in names]
