"""Tables of the study: what was chosen, every run, and means over runs."""

import numpy as np
import pandas as pd

from benchmarks.stopping import _rules
from benchmarks.stopping._runs import COLUMNS, TUNED_ON

# Fixed numbers of epochs shown beside the one that was chosen.
FIXED = (10, 15, 20, 30, 40)
TITLES = {"digits": "digits", "mnist": "MNIST", "fashion-mnist": "Fashion-MNIST"}
POINTS = {"test accuracy", "loss", "largest loss", "against fixed", "± (s.e.)"}


def write_tables(collected, folder, *, is_quick=False):
    """Write the tables about runs and their curves, as CSV; print the means.

    Parameters
    ----------
    collected : list of tuple
        Runs and their curves.

    folder : pathlib.Path
        Where ``curves.csv``, ``tuning.csv``, ``runs.csv``, ``summary.csv`` and
        ``kinds.csv`` are written.

    is_quick : bool, default=False
        Whether this is a trial: parameters are then chosen on the first seed of the
        digits and shown on the others.

    Returns
    -------
    tables : dict of str to pandas.DataFrame
        The tables by the names of their files.
    """
    tuned, shown = [], []
    for run, curves in collected:
        is_tuned = run["seed"] == 0 if is_quick else run["dataset"] == TUNED_ON
        (tuned if is_tuned else shown).append((run, curves))
    tuning = tabulate_tuning([curves for _, curves in tuned])
    chosen = list_chosen(tuning)
    runs = tabulate_runs(shown, chosen)
    tables = {
        "curves": tabulate_curves(collected),
        "tuning": tuning.assign(parameters=tuning["parameters"].map(describe)),
        "runs": runs,
        "summary": summarize(runs, chosen),
        "kinds": tabulate_kinds(runs),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    print(tables["summary"].to_string(index=False))
    return tables


def describe(parameters):
    """Describe parameters in words."""
    return ", ".join(f"{name} {value}" for name, value in parameters.items())


def tabulate_curves(collected):
    """Make a table of all that was measured, a row for each epoch of each run."""
    tables = []
    for run, curves in collected:
        table = pd.DataFrame({name: curves[name] for name in COLUMNS}).round(5)
        place = {**run, "epoch": range(len(table))}
        tables.append(pd.concat([pd.DataFrame(place), table], axis=1))
    return pd.concat(tables)


def tabulate_tuning(many_curves):
    """Make a table of the grids of all rules on the runs of tuning."""
    rows = [row for rule in _rules.RULES for row in _rules.choose(rule, many_curves)]
    return pd.DataFrame(rows).round({"epochs": 2, "loss": 5, "largest_loss": 5})


def list_chosen(tuning):
    """List rules and parameters to show: those chosen, and further fixed numbers."""
    rules = {rule.name: rule for rule in _rules.RULES}
    chosen = [
        (row.rule, rules[row.rule], row.parameters)
        for row in tuning[tuning["chosen"]].itertuples()
    ]
    fixed = rules["fixed number"]
    further = [(f"{n} epochs", fixed, {"epoch": n}) for n in FIXED]
    return [*chosen, *further, ("all epochs", fixed, {"epoch": 10**9})]


def tabulate_runs(collected, chosen):
    """Make a table with a row for each run and rule."""
    rows = []
    for run, curves in collected:
        accuracy, losses = curves["test_accuracy"], curves["validation_loss"]
        for name, rule, parameters in chosen:
            epoch, found = _rules.apply(rule, parameters, curves)
            rows.append({**run, "rule": name, "epoch": epoch, "test_accuracy": found})
            if name == "validation loss":
                best = accuracy[np.argmin(losses[: epoch + 1])]
                with_best = {"rule": f"{name}, best weights", "test_accuracy": best}
                rows.append({**run, "epoch": epoch, **with_best})
    table = pd.DataFrame(rows)
    columns = ["dataset", "network", "strategy", "seed", "rule"]
    return table[[*columns, "epoch", "test_accuracy"]].round(5)


def add_differences(runs):
    """Add what each stop loses to all epochs, and gains on the fixed number."""
    keys = ["dataset", "network", "strategy", "seed"]
    for column, rule in (("at_end", "all epochs"), ("at_fixed", "fixed number")):
        other = runs[runs["rule"] == rule].set_index(keys)["test_accuracy"]
        runs = runs.join(other.rename(column), on=keys)
    return runs.assign(
        loss=runs["at_end"] - runs["test_accuracy"],
        gain=runs["test_accuracy"] - runs["at_fixed"],
    )


def summarize(runs, chosen):
    """Average over all runs that were not used to choose parameters."""
    parameters = {
        name: describe(found) for name, _, found in chosen[: len(_rules.RULES)]
    }
    runs = add_differences(runs)
    n_epochs = runs["epoch"].max()
    rows = []
    for rule, found in runs.groupby("rule", sort=False):
        gain = found["gain"]
        rows.append(
            {
                "rule": rule,
                "parameters": parameters.get(rule.removesuffix(", best weights"), ""),
                "epochs": round(found["epoch"].mean(), 1),
                "saved, %": round(100 * (1 - found["epoch"].mean() / n_epochs)),
                "test accuracy": found["test_accuracy"].mean(),
                "loss": found["loss"].mean(),
                "largest loss": found["loss"].max(),
                "against fixed": gain.mean(),
                "± (s.e.)": gain.std() / np.sqrt(len(gain)),
            }
        )
    table = pd.DataFrame(rows)
    for name in POINTS:
        table[name] = (100 * table[name]).round(2)
    return table


def tabulate_kinds(runs):
    """Average over the runs of each data set and kind of network: epochs and loss."""
    runs = add_differences(runs)
    kind = runs["dataset"].map(TITLES) + ", " + runs["network"].str.upper()
    means = runs.groupby(["rule", kind.rename("kind")], sort=False)
    table = pd.DataFrame(
        {
            "epochs": means["epoch"].mean().round(1),
            "loss": (100 * means["loss"].mean()).round(2),
        }
    ).unstack("kind")
    table = table.swaplevel(axis=1)
    ordered = [(kind, part) for kind in kind.unique() for part in ("epochs", "loss")]
    table = table[ordered]
    table.columns = [f"{kind}: {part}" for kind, part in table.columns]
    return table.reset_index()
