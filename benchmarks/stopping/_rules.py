"""Stopping rules, applied to the curves of runs that went to the end."""

from dataclasses import dataclass, field
from itertools import product

import numpy as np

from sktopo.training import StoppingRule

# Parameters are chosen so that few epochs are needed, and at most so much of the final
# test accuracy is lost on average: one point of a hundred.
LARGEST_LOSS = 0.01


def stop_by_topology(curves, **parameters):
    """Apply our own rule; it looks at no labels."""
    changes = curves["change"]
    return StoppingRule(**parameters).find_record(np.arange(len(changes)), changes)


def stop_without_progress(values, patience):
    """Return the epoch when values have not fallen to a new minimum for some time."""
    best, waited = np.inf, 0
    for epoch, value in enumerate(values):
        waited = 0 if value < best else waited + 1
        best = min(best, value)
        if waited >= patience:
            return epoch
    return None


def stop_by_validation(curves, *, patience):
    """Apply early stopping on the validation loss; it needs labels."""
    return stop_without_progress(curves["validation_loss"], patience)


def stop_by_persistence(curves, *, patience, direction):
    """Stop when the mean lifetime of holes reaches no new maximum, or minimum."""
    sign = -1 if direction == "maximum" else 1
    return stop_without_progress(sign * curves["mean_lifetime"], patience)


def stop_at_epoch(curves, *, epoch):
    """Stop after a number of epochs."""
    return epoch if epoch < len(curves["change"]) else None


@dataclass(frozen=True, eq=False)
class Rule:
    """A rule by its name in tables, its function, and the grid of its parameters."""

    name: str
    stop: object
    grid: dict = field(default_factory=dict)

    def list_parameters(self):
        """List all combinations of the grid."""
        return [
            dict(zip(self.grid, values, strict=True))
            for values in product(*self.grid.values())
        ]


RULES = (
    Rule(
        "topology",
        stop_by_topology,
        {
            "tolerance": (0.0, 0.05, 0.1, 0.2, 0.3),
            "patience": (3, 5, 8, 10),
            "window": (1, 3, 5),
        },
    ),
    Rule("validation loss", stop_by_validation, {"patience": (1, 2, 3, 5, 8, 10, 15)}),
    Rule(
        "mean lifetime of H1",
        stop_by_persistence,
        {"patience": (3, 5, 8, 10, 15, 20), "direction": ("maximum", "minimum")},
    ),
    Rule("fixed number", stop_at_epoch, {"epoch": tuple(range(1, 61))}),
)


def apply(rule, parameters, curves):
    """Apply a rule to a run; return its last epoch and the test accuracy there."""
    accuracy = curves["test_accuracy"]
    epoch = rule.stop(curves, **parameters)
    epoch = len(accuracy) - 1 if epoch is None else epoch
    return epoch, accuracy[epoch]


def evaluate(rule, parameters, many_curves):
    """Return the mean number of epochs, and the mean and the largest loss.

    The loss is the test accuracy after all epochs less that at the stop.
    """
    stops = [apply(rule, parameters, curves) for curves in many_curves]
    losses = [
        curves["test_accuracy"][-1] - accuracy
        for curves, (_, accuracy) in zip(many_curves, stops, strict=True)
    ]
    return np.mean([epoch for epoch, _ in stops]), np.mean(losses), np.max(losses)


def choose(rule, many_curves):
    """Evaluate a grid; return a row for each of its points, the chosen one marked."""
    rows = []
    for parameters in rule.list_parameters():
        epochs, loss, largest = evaluate(rule, parameters, many_curves)
        rows.append(
            {
                "rule": rule.name,
                "parameters": parameters,
                "epochs": epochs,
                "loss": loss,
                "largest_loss": largest,
                "chosen": False,
            }
        )
    allowed = [row for row in rows if row["loss"] <= LARGEST_LOSS]
    best = min(allowed or rows, key=lambda row: (row["epochs"], row["loss"]))
    best["chosen"] = True
    return rows
