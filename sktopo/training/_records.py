"""The records of a run: rows, their steps, and the file that holds them."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from sktopo._utils.parameters import check_integer
from sktopo.training._network_rows import RowLayout
from sktopo.training._storage import read_arrays, write_arrays

# The step after it is a number of 64 bits too.
_LARGEST_STEP = 2**63 - 2


@dataclass
class Records:
    """Rows of a network at ascending steps.

    Parameters
    ----------
    rows : list of ndarray of shape (n_columns + n_layers,)
        What `NetworkRows` returned at each step.

    steps : list of int
        The steps.

    next_step : int
        The step of the next call that does not give one.

    layout : RowLayout or None
        What the columns hold; None if there are no rows.

    reference : ndarray of shape (n_columns + n_layers,) or None
        The row of the reference.
    """

    rows: list[np.ndarray] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    next_step: int = 0
    layout: RowLayout | None = None
    reference: np.ndarray | None = None

    def read_step(self, step):
        """Return the step of a call, and raise unless it is above the last record."""
        if step is None:
            return self.next_step
        check_step("step", step)
        if self.steps and step <= self.steps[-1]:
            raise ValueError(
                f"step={step} is not above {self.steps[-1]}, the last that was "
                "recorded. Steps are counted over the whole run, not in each epoch; "
                f"rewind({step}) forgets the records from this step on."
            )
        return int(step)

    def add(self, rows, steps, layout):
        """Add rows at steps that were read."""
        self._check_layout(layout, "network")
        self.rows.extend(rows)
        self.steps.extend(steps)
        self.next_step = self.steps[-1] + 1

    def add_reference(self, row, layout):
        """Add the row of the reference."""
        self._check_layout(layout, "reference")
        self.reference = row

    def rewind(self, step):
        """Forget the rows at a step and after it."""
        n_kept = bisect_left(self.steps, step)
        del self.rows[n_kept:], self.steps[n_kept:]
        self.next_step = step

    def write(self, path, settings):
        """Write the records and the settings, a dict of plain values, to a file."""
        layout = None if self.layout is None else self.layout.to_plain()
        no_row = np.empty(0)
        write_arrays(
            path,
            {
                "rows": np.stack(self.rows) if self.rows else no_row,
                "steps": np.array(self.steps, dtype=np.int64),
                "next_step": np.int64(self.next_step),
                "reference": no_row if self.reference is None else self.reference,
            },
            {"settings": settings, "layout": layout},
        )

    @classmethod
    def read(cls, path):
        """Read a file; return the records and the settings."""
        names = ("rows", "steps", "next_step", "reference")
        arrays, plain = read_arrays(path, names, ("settings", "layout"))
        layout, reference = plain["layout"], arrays["reference"]
        is_whole = isinstance(plain["settings"], dict) and (
            len(arrays["rows"]) == arrays["steps"].size
            and bool(layout) == bool(arrays["steps"].size or reference.size)
        )
        if not is_whole:
            raise ValueError(f"{path} is not a file that TopologyMonitor.save wrote.")
        records = cls(
            rows=list(arrays["rows"]),
            steps=arrays["steps"].tolist(),
            next_step=int(arrays["next_step"]),
            layout=RowLayout.from_plain(layout) if layout else None,
            reference=reference if reference.size else None,
        )
        return records, plain["settings"]

    def _check_layout(self, layout, name):
        if self.layout is None:
            self.layout = layout
        if layout != self.layout:
            raise ValueError(
                f"The {name} has the layers {layout.n_nodes}, with their numbers of "
                f"nodes, but recorded were {self.layout.n_nodes}; all networks of a "
                "monitor must have the same layers."
            )


def check_step(name, step):
    """Raise a ValueError unless a step is an integer of at least 0, in 64 bits."""
    check_integer(name, step, 0)
    if step > _LARGEST_STEP:
        raise ValueError(f"{name} must be at most {_LARGEST_STEP}, got {step}.")


def order_steps(checkpoints, steps):
    """Return the order of checkpoints by step, and their steps in this order.

    `steps` is the step of each, or None: they are read from the names of checkpoints.
    """
    if not hasattr(checkpoints, "__len__") or not hasattr(checkpoints, "__getitem__"):
        raise TypeError(
            f"checkpoints is of type {type(checkpoints).__name__}; expected "
            "Checkpoints or a list of networks."
        )
    if not len(checkpoints):
        raise ValueError("checkpoints is empty; expected at least one network.")
    names = list(getattr(checkpoints, "names", range(len(checkpoints))))
    if steps is None:
        steps = getattr(checkpoints, "steps", [None] * len(names))
    steps = list(steps)
    if len(steps) != len(names):
        raise ValueError(f"There are {len(steps)} steps for {len(names)} checkpoints.")
    for name, step in zip(names, steps, strict=True):
        if step is None:
            raise ValueError(
                f"Checkpoint {name!r} has no step in its name; give the step of each "
                "checkpoint as steps=."
            )
        check_step(f"The step of checkpoint {name!r}", step)
    order = sorted(range(len(steps)), key=steps.__getitem__)
    for first, second in pairwise(order):
        if steps[first] == steps[second]:
            raise ValueError(
                f"Checkpoints {names[first]!r} and {names[second]!r} both have the "
                f"step {steps[first]}; give different steps as steps=."
            )
    return order, [int(steps[i]) for i in order]
