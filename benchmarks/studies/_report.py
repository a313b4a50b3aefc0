"""Reports of the studies: every number as JSON and CSV, and figures of purity and λ."""

from importlib.metadata import PackageNotFoundError, version

import numpy as np
import pandas
from matplotlib.figure import Figure
from sklearn.utils import Bunch

from benchmarks._measure import COLOURS
from benchmarks.studies._files import save_json

PACKAGES = ("sktopo", "scikit-learn", "torch", "gudhi", "kmedoids", "networkx")
NAMES = {"batch_norm": "batch norm", "l2": "L2"}
SETTINGS = ("epochs", "slope", "weight_decay", "dropout")


def write_report(collection, options, study):
    """Compute a study and write its report, tables and figures.

    Parameters
    ----------
    collection : Bunch
        Connectomes and what is known about them, see the package's docstring.

    options : argparse.Namespace
        Options of the command.

    study : callable
        `study_strategies` or `study_stimuli`.
    """
    collection, folder = name_strategies(collection), collection.folder
    cache = folder.parent / "cache" / folder.name
    parameters, tables = study(collection, options, cache)
    tables = {
        "networks": tabulate_networks(collection),
        "selection": tabulate_selection(collection),
        **tables,
    }
    save_json(
        folder / "report.json",
        {
            "study": folder.name,
            # Folders are the reader's own.
            "options": {
                key: value
                for key, value in vars(options).items()
                if key not in ("data", "output")
            },
            "facts": collection.facts,
            "seconds": collection.seconds,
            "parameters": parameters,
            "versions": {package: find_version(package) for package in PACKAGES},
            "tables": tables,
        },
    )
    for name, rows in tables.items():
        pandas.DataFrame(rows).to_csv(folder / f"{name}.csv", index=False)
    draw_purity(tables["purity"]).savefig(folder / "purity.png", dpi=90)
    if "weights" in tables:
        draw_weights(tables["weights"]).savefig(folder / "weights.png", dpi=90)


def name_strategies(collection):
    """Copy a collection, with strategies named as readers know them."""

    def rename(values):
        return {NAMES.get(key, key): value for key, value in values.items()}

    renamed = Bunch(**collection)
    for key in ("accuracies", "settings", "connectomes"):
        if isinstance(collection[key], dict):
            renamed[key] = rename(collection[key])
    names = [NAMES.get(str(name), str(name)) for name in collection.target_names]
    renamed.target_names = np.array(names)
    return renamed


def tabulate_networks(collection):
    """Tabulate settings and accuracies (shares of images): a row per strategy."""
    rows = []
    for strategy, settings in collection.settings.items():
        row = {"strategy": strategy, **settings}
        for images, values in collection.accuracies[strategy].items():
            row["n_networks"] = len(values)
            row[f"{images}_mean"] = float(np.mean(values))
            row[f"{images}_std"] = float(np.std(values))
        rows.append(row)
    return rows


def tabulate_selection(collection):
    """Tabulate the cross-validation: a row per setting, the chosen ones marked."""
    rows = []
    for row in collection.selection:
        name = NAMES.get(row["strategy"], row["strategy"])
        chosen = all(row[key] == collection.settings[name][key] for key in SETTINGS)
        rows.append({**row, "strategy": name, "chosen": chosen})
    return rows


def find_version(package):
    """Return the version of an installed package."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def final_purity(row):
    """Return the purity of the best of restarts, or the mean where there is none."""
    best = row["best_purity_mean"]
    return row["purity_mean"] if best is None else best


def make_panels(n_panels, height):
    """Make a figure of panels in two columns: figure, list of axes."""
    n_rows = -(-n_panels // 2)
    figure = Figure(figsize=(8.4, height * n_rows), layout="constrained")
    axes = figure.subplots(n_rows, 2, squeeze=False).ravel()
    for ax in axes[n_panels:]:
        ax.set_axis_off()
    return figure, axes[:n_panels]


def draw_purity(rows):
    """Draw the purity of all methods, a panel per task."""
    table = pandas.DataFrame(rows)
    figure, axes = make_panels(table["task"].nunique(), 4)
    for ax, (task, part) in zip(axes, table.groupby("task", sort=False), strict=True):
        part = part.sort_values("purity_mean")
        ax.errorbar(
            part["purity_mean"].astype(float),
            part["method"],
            xerr=part["purity_std"].astype(float),
            fmt="o",
            color=COLOURS[0],
            label="single starts, mean ± standard deviation",
        )
        best = part["best_purity_mean"].astype(float)
        ax.plot(best, part["method"], "d", color=COLOURS[1], label="best of restarts")
        chance = part["chance"].iloc[0]
        ax.axvline(chance, color="black", linestyle=":", label="random clusters")
        ax.set(title=task, xlabel="purity", xlim=(0, 1.04))
    figure.legend(
        *axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3
    )
    return figure


def draw_weights(rows):
    """Draw the purity of Top (best of restarts) against λ, a panel per task."""
    table = pandas.DataFrame(rows)
    figure, axes = make_panels(table["task"].nunique(), 2.9)
    for ax, (task, part) in zip(axes, table.groupby("task", sort=False), strict=True):
        for (form, line), style in zip(
            part.groupby("form"), ("o-", "s--"), strict=True
        ):
            ax.plot(line["weight"], line["best_purity_mean"], style, label=form)
        ax.set(title=task, xlabel="topology weight λ", ylabel="purity", ylim=(0, 1.04))
    axes[0].legend(title="form", frameon=False)
    return figure
