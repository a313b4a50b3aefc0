"""Tables and figures about all kept reports, for the page docs/studies/index.rst."""

import numpy as np
import pandas
from matplotlib.figure import Figure

from benchmarks._measure import COLOURS
from benchmarks.studies._clusterings import EDGES, TOP, TOP_SUM
from benchmarks.studies._data import DATASETS
from benchmarks.studies._files import load_json
from benchmarks.studies._report import final_purity

STUDIES = ("strategies", "stimuli")
MARKED = {TOP: "o", TOP_SUM: "s", EDGES: "^", "graph summaries": "D"}


def summarize_reports(folder):
    """Write the tables and figures of the page about the reports in a folder.

    Parameters
    ----------
    folder : pathlib.Path
        Where the reports are, as ``ANY/STUDY/report.json``. For each study,
        ``STUDY.csv`` and ``STUDY.png`` are written beside them, and ``purity.csv``
        with all methods.

    Raises
    ------
    ValueError
        If there is no report.
    """
    tables = {study: collect_purity(folder, study) for study in STUDIES}
    tables = {study: table for study, table in tables.items() if len(table)}
    if not tables:
        raise ValueError(
            f"Expected reports at {folder}/ANY/STUDY/report.json, found none; "
            "copy there what a study left in its output folder."
        )
    everything = pandas.concat(tables, names=["study"]).reset_index(level=0)
    everything.to_csv(folder / "purity.csv", index=False, float_format="%.4f")
    for study, table in tables.items():
        compare_tasks(table).to_csv(folder / f"{study}.csv", index=False)
        draw_tasks(table).savefig(folder / f"{study}.png", dpi=110)


def collect_purity(folder, study):
    """Read the tables of purity of all reports of a study: a data frame."""
    reports = {p: load_json(p) for p in sorted(folder.glob(f"*/{study}/report.json"))}
    order = sorted(
        reports, key=lambda path: DATASETS.index(reports[path]["options"]["dataset"])
    )
    found = []
    for path in order:
        report, data = reports[path], reports[path]["facts"]["data"]
        # A folder that is not named after its data holds a run with other settings.
        if path.parts[-3] != report["options"]["dataset"]:
            data += f", settings {report['facts']['settings']}"
        found += [
            {
                "data": data,
                "clusters of": row["task"],
                "method": row["method"],
                "purity": final_purity(row),
                "single starts": row["purity_mean"],
                "random clusters": row["chance"],
            }
            for row in report["tables"]["purity"]
        ]
    return pandas.DataFrame(found)


def compare_tasks(table):
    """Tabulate purity by task: Top in both forms, edges, and the best other method."""
    rows = []
    for (data, task), part in table.groupby(["data", "clusters of"], sort=False):
        scores = part.set_index("method")["purity"].round(3)
        others = scores.drop([TOP, TOP_SUM, EDGES]).dropna()
        best = others[others == others.max()]
        named = " and ".join(best.index) if len(best) < 3 else f"{len(best)} methods"
        rows.append(
            {
                "data": data,
                "clusters of": task,
                **{name: f"{scores[name]:.3f}" for name in (TOP, TOP_SUM, EDGES)},
                "best other method": f"{named} {best.max():.3f}",
                "random clusters": f"{part['random clusters'].iloc[0]:.3f}",
            }
        )
    return pandas.DataFrame(rows)


def draw_tasks(table):
    """Draw the purity of all methods, a line per task; some methods are marked."""
    tasks = table["data"] + ": " + table["clusters of"]
    order = list(dict.fromkeys(tasks))[::-1]
    places = tasks.map(order.index)
    figure = Figure(figsize=(9, 1.6 + 0.3 * len(order)), layout="constrained")
    ax = figure.subplots()
    ax.plot(table["purity"], places, "|", color="0.6", label="other methods")
    for (method, marker), colour in zip(MARKED.items(), COLOURS, strict=False):
        chosen = table["method"] == method
        ax.plot(
            table["purity"][chosen],
            places[chosen],
            marker,
            color=colour,
            markerfacecolor="none",
            label=method,
        )
    ax.plot(table["random clusters"], places, "kx", label="random clusters")
    ax.set_yticks(np.arange(len(order)), order)
    ax.set(xlabel="purity, best of 20 restarts", xlim=(0, 1.02))
    ax.grid(axis="y", color="0.9")
    figure.legend(loc="outside lower center", ncols=3, frameon=False)
    return figure
