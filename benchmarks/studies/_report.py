"""The files of one study: tables as CSV, numbers as JSON, figures and pages."""

import numpy as np
import pandas as pd

from benchmarks.studies._figures import draw_figures
from benchmarks.studies._files import save_json
from benchmarks.studies._stimuli import study_stimuli
from benchmarks.studies._strategies import study_strategies
from sktopo.reporting import Report

STUDIES = {"strategies": study_strategies, "stimuli": study_stimuli}
# Long tables, which are written as CSV only.
LONG = {"starts", "barcodes", "confusion"}


def report_study(collection, options):
    """Compute a study and write its report, see the package's docstring.

    Parameters
    ----------
    collection : Bunch
        What `_stages.collect_strategies` or `_stages.collect_stimuli` returned.

    options : argparse.Namespace
        Options of the command.
    """
    folder = collection.folder
    # Finished parts are cached here; the folder can be deleted after the study.
    cache = folder.parent / "cache" / folder.name
    results = STUDIES[options.study](collection, options, cache)
    tables = {"networks": tabulate_networks(collection), **results["tables"]}
    if collection.selection:
        tables["selection"] = tabulate_selection(collection)
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")
    figures = draw_figures(options.study, {collection.facts["data"]: tables})
    for name, figure in figures.items():
        figure.savefig(folder / f"{name}.png", dpi=100)
    save_pages(collection, options)
    # Folders differ from machine to machine.
    given = {k: v for k, v in vars(options).items() if k not in ("data", "output")}
    save_json(
        folder / "report.json",
        {
            "options": given,
            "facts": collection.facts,
            "settings": collection.settings,
            "seconds": collection.seconds,
            "parameters": results["parameters"],
            "tables": {
                name: list_rows(tables[name]) for name in tables if name not in LONG
            },
        },
    )


def save_pages(collection, options):
    """Save a page on the connectomes for readers who do not program, or several.

    Study 2 has one for each strategy, whose classes are those of the stimuli. A network
    that is shown the stimuli of all classes is one sample group.
    """
    pages = {"report": collection.connectomes}
    groups, title = None, "strategies"
    if isinstance(collection.connectomes, dict):
        pages = {f"report-{k}": rows for k, rows in collection.connectomes.items()}
        groups, title = collection.network, "stimuli of different classes"
    for name, connectomes in pages.items():
        Report.from_connectomes(
            connectomes,
            collection.target_names[collection.target],
            node_names=collection.node_names,
            groups=[node.rsplit("[", 1)[0] for node in collection.node_names],
            nodes_correspond=False,
            sample_groups=groups,
            title=f"{collection.facts['data']}: {title}",
            n_jobs=options.n_jobs,
            random_state=options.seed,
        ).save(collection.folder / f"{name}.html")


def list_rows(table):
    """List the rows of a data frame as dicts; what is missing is None."""
    return table.astype(object).where(table.notna(), None).to_dict("records")


def tabulate_networks(collection):
    """Tabulate settings and accuracies of the networks: a row for each strategy."""
    rows = []
    for strategy, settings in collection.settings.items():
        row = {"strategy": strategy, **settings}
        for images, values in collection.accuracies[strategy].items():
            row["n_networks"] = len(values)
            row[f"{images}_mean"] = float(np.mean(values))
            row[f"{images}_std"] = float(np.std(values))
        rows.append(row)
    return pd.DataFrame(rows)


def tabulate_selection(collection):
    """Tabulate the cross-validation: a row for each setting, and whether it is used."""
    used = collection.settings
    return pd.DataFrame(
        [
            {**row, "chosen": used[row["strategy"]].items() <= row.items()}
            for row in collection.selection
        ]
    )
