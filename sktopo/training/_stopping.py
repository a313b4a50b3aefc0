"""When to stop: a rule from the speed at which rows move."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sktopo._utils.parameters import check_integer, check_real
from sktopo.training._network_rows import ALL_LAYERS

if TYPE_CHECKING:
    from sktopo._typing import FloatArray, IntArray, Table


def check_rule(rule):
    """Raise a TypeError unless `rule` is a StoppingRule or None."""
    if rule is not None and not isinstance(rule, StoppingRule):
        raise TypeError(
            f"rule is of type {type(rule).__name__}; expected a StoppingRule or None."
        )


@dataclass(frozen=True, kw_only=True)
class StoppingRule:
    r"""Stop training when the topology of a network no longer slows down.

    The speed of a record is its distance from the record before, divided by the steps
    between them. Speeds rise when a network begins to learn, then fall, and in the end
    stay at what the noise of training makes of them. The rule stops when they have not
    fallen for some time. It needs no labels, and does not depend on the unit of speeds.

    Parameters
    ----------
    tolerance : float, default=0.2
        By which share of its lowest value the speed must fall to be counted as falling.

    patience : int, default=8
        For how many records the speed may stay without falling.

    window : int, default=3
        Over how many records the speed is averaged.

    burn_in : int, default=5
        The number of records after the first that are not counted as waiting.

    layer : str, default=None
        Whose rows are looked at, a name in `TopologyMonitor.layer_slices_`. None stands
        for all layers together.

    See Also
    --------
    TopologyMonitor.should_stop : Applies a rule while a network trains.

    Notes
    -----
    With the rows :math:`w_k` at the steps :math:`t_k`, the speed of a record is

    .. math:: v_k = \frac{\sum_{j = k - n + 1}^{k} |w_j - w_{j-1}|}{t_k - t_{k-n}}

    where n is `window`, or k if that is smaller. A record is waiting unless its speed
    is the largest so far, or lower than (1 - `tolerance`) times the speed of the last
    record that was not waiting, or the record is within `burn_in`. The rule stops at
    the first record that is the last of `patience` waiting ones in a row.

    A plateau that is followed by another transition, as in grokking, is the end for
    this rule. The defaults were chosen on networks trained on the digits of
    scikit-learn, with one record an epoch. On other data the rule was worse than a
    fixed number of epochs: :doc:`/guide/training` shows the comparison.

    Examples
    --------
    >>> import pandas as pd
    >>> from sktopo.training import StoppingRule
    >>> changes = [float("nan"), 0.1, 0.8, 0.4, 0.2, 0.2, 0.3, 0.2]
    >>> table = pd.DataFrame({"step": range(8), "change": changes})
    >>> StoppingRule(patience=3, window=1, burn_in=0).find_stop(table)
    7
    """

    tolerance: float = 0.2
    patience: int = 8
    window: int = 3
    burn_in: int = 5
    layer: str | None = None

    def __post_init__(self) -> None:
        check_real("tolerance", self.tolerance, 0, 1)
        check_integer("patience", self.patience, 1)
        check_integer("window", self.window, 1)
        check_integer("burn_in", self.burn_in, 0)
        given: object = self.layer  # users without a type checker give anything
        if given is not None and not isinstance(given, str):
            raise TypeError(
                f"layer must be the name of a layer or None, got {given!r:.80}."
            )

    @property
    def layer_name(self) -> str:
        """The name in tables of the layer that is looked at."""
        return ALL_LAYERS if self.layer is None else self.layer

    def find_stop(self, table: Table) -> int | None:
        """Return the step at which the rule stops a run.

        Parameters
        ----------
        table : pandas.DataFrame
            What :meth:`TopologyMonitor.table` returned, of one run; of its columns
            `step`, `change` and, if there is one, `layer` are needed.

        Returns
        -------
        step : int or None
            The step of the first record at which the rule stops, None if it never does.

        Raises
        ------
        ValueError
            If columns are missing, no row is of the layer, a change after the first is
            not finite, or steps do not ascend, as in a table of several runs.
        """
        missing = [name for name in ("step", "change") if name not in table]
        if missing:
            raise ValueError(
                f"The table has no column {missing[0]!r}; expected what "
                "TopologyMonitor.table returned."
            )
        if "layer" in table:
            chosen = table[table["layer"] == self.layer_name]
            if not len(chosen):
                known = list(dict.fromkeys(table["layer"]))
                raise ValueError(
                    f"No layer {self.layer_name!r} in the table; got {known}."
                )
            table = chosen
        steps = table["step"].to_numpy()
        if (np.diff(steps) <= 0).any():
            raise ValueError(
                "The steps of the table do not ascend; expected the table of one run."
            )
        record = self.find_record(steps, table["change"].to_numpy())
        return None if record is None else int(steps[record])

    def find_record(self, steps: IntArray, changes: FloatArray) -> int | None:
        """Return the number of the record at which the rule stops.

        Parameters
        ----------
        steps : ndarray of shape (n_records,)
            Ascending steps.

        changes : ndarray of shape (n_records,)
            The distance of each record from the one before; the first is ignored.

        Returns
        -------
        record : int or None
            The number of the first record at which the rule stops, counted from 0;
            None if it never does.

        Raises
        ------
        ValueError
            If a change after the first is not a finite number.
        """
        changes = np.asarray(changes, dtype=float)[1:]
        if not np.isfinite(changes).all():
            record = int(np.flatnonzero(~np.isfinite(changes))[0]) + 1
            raise ValueError(
                f"The change of record {record}, at step {steps[record]}, is "
                f"{changes[record - 1]}; expected a finite number. Leave records "
                "without a change out."
            )
        travelled = np.append(0.0, np.cumsum(changes))
        largest = lowest = -np.inf
        n_waiting = 0
        for record in range(1, len(travelled)):
            first = max(0, record - self.window)
            speed = (travelled[record] - travelled[first]) / (
                float(steps[record]) - float(steps[first])
            )
            falls = speed < (1 - self.tolerance) * lowest
            if speed > largest or falls or record <= self.burn_in:
                lowest, n_waiting = speed, 0
            else:
                n_waiting += 1
            largest = max(largest, speed)
            if n_waiting >= self.patience:
                return record
        return None
