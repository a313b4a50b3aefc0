"""Tables and figures of the page about all reports that are kept."""

from textwrap import indent

import pandas as pd

from benchmarks.studies._clusterings import EDGES, METHODS, TOP, TOP_SUM
from benchmarks.studies._data import DATASETS
from benchmarks.studies._figures import add_final_purity, draw_figures
from benchmarks.studies._files import load_json

STUDIES = ("strategies", "stimuli")
# The table that a figure is drawn from and that is in a file of its own.
LONG = {"strategies": "barcodes", "stimuli": "confusion"}
SHOWN_RAND = {
    "adjusted_rand_class": "adjusted Rand index with the class",
    "adjusted_rand_network": "with the network",
}
OWN = {"Top (normalised)": TOP, "Top (sum)": TOP_SUM, "edges alone": EDGES}


def summarize_reports(folder):
    """Put the numbers of all reports in a folder into the page beside it.

    Parameters
    ----------
    folder : pathlib.Path
        It holds ``DATA/STUDY/report.json`` and beside it ``barcodes.csv`` for the
        strategies, ``confusion.csv`` for the stimuli. The page is the file of the same
        name that ends in ``.rst``. Figures and ``purity.csv``, the scores of all
        methods, are written into the folder.

    Raises
    ------
    ValueError
        If a study has no report, or the page has no place for a table.
    """
    page = folder.with_suffix(".rst")
    reports = {study: read_reports(folder, study) for study in STUDIES}
    text = page.read_text(encoding="utf-8")
    for name, table in make_tables(reports).items():
        text = replace_table(text, name, table)
    for study, found in reports.items():
        tables = {label: report["tables"] for label, report in found.items()}
        for name, figure in draw_figures(study, tables).items():
            path = folder / f"{study}-{name}.png"
            figure.savefig(path, dpi=90, metadata={"Software": None})
    purity = {study: join_tables(found, "purity") for study, found in reports.items()}
    purity = join_rows(purity, "study")
    purity.to_csv(folder / "purity.csv", index=False, lineterminator="\n")
    page.write_text(text, encoding="utf-8")


def read_reports(folder, study):
    """Read the reports of a study: by data set and settings, tables as data frames."""
    reports = {}
    for path in (p for d in DATASETS for p in folder.glob(f"{d}*/{study}/report.json")):
        report = load_json(path)
        tables = {name: pd.DataFrame(rows) for name, rows in report["tables"].items()}
        long = path.with_name(f"{LONG[study]}.csv")
        tables[LONG[study]] = pd.read_csv(long, dtype={"class": str})
        label = report["facts"]["data"]
        if path.parts[-3] != report["options"]["dataset"]:
            label += f", settings {report['facts']['settings']}"
        reports[label] = report | {"tables": tables}
    if not reports:
        raise ValueError(
            f"Expected reports at {folder}/DATA/{study}/report.json, found none. Copy "
            "there what a study wrote into its output folder."
        )
    return reports


def join_tables(reports, name):
    """Join a table of all reports, after a column `data` that says which report."""
    tables = {label: report["tables"][name] for label, report in reports.items()}
    return join_rows(tables, "data")


def join_rows(tables, column):
    """Join data frames, after a column that holds the keys of the dict."""
    return pd.concat(tables, names=[column, None]).reset_index(column)


def make_tables(reports):
    """Make the tables of the page, by name: data frames as they are shown."""
    strategies, stimuli = (reports[study] for study in STUDIES)
    first = next(iter(strategies.values()))["tables"]["purity"]
    methods = first.drop_duplicates("method")[["method", "seconds_alone"]]
    methods.insert(1, "what is clustered, and how", methods["method"].map(METHODS))
    methods["seconds"] = methods.pop("seconds_alone").map("{:.2g}".format)
    clusters = join_tables(stimuli, "clusters")
    clusters = clusters[clusters["method"] == TOP].rename(columns=SHOWN_RAND)
    return {
        "studies-methods": methods,
        "studies-runs": tabulate_runs(strategies),
        "studies-networks": tabulate_networks(strategies),
        "studies-strategies": compare_methods(strategies),
        "studies-tests": tabulate_tests(strategies),
        "studies-stimuli": compare_methods(stimuli),
        "studies-classes": clusters[["data", "strategy", *SHOWN_RAND.values()]],
    }


def tabulate_runs(reports):
    """Tabulate what was run: a row for each report."""
    columns = ("networks per strategy", "epochs", "images trained on", "settings")
    rows = [{"data": label, **report["facts"]} for label, report in reports.items()]
    return pd.DataFrame(rows)[["data", *columns]]


def tabulate_networks(reports):
    """Tabulate settings and accuracies of the networks."""
    table = join_tables(reports, "networks").rename(
        columns={"weight_decay": "weight decay", "test_mean": "test accuracy"}
    )
    settings = ["slope", "weight decay", "dropout"]
    table[settings] = table[settings].map("{:g}".format)
    return table[["data", "strategy", *settings, "test accuracy"]]


def compare_methods(reports):
    """Tabulate purity by task: the forms of Top, edges alone, the best of the others.

    Methods with equal rounded purity share a cell, or are counted from three on.
    """
    purity = add_final_purity(join_tables(reports, "purity"))
    rows = []
    for (data, task), found in purity.groupby(["data", "task"], sort=False):
        scores = found.set_index("method")["final"].map(lambda v: round(v, 3))
        others = scores.drop(list(OWN.values())).dropna()
        best = others.index[others == others.max()]
        named = " and ".join(best) if len(best) < 3 else f"{len(best)} methods"
        rows.append(
            {
                "data": data,
                "clusters of": task,
                **{shown: scores[name] for shown, name in OWN.items()},
                "best other method": f"{named} {others.max():.3f}",
                "random clusters": found["chance"].iloc[0],
            }
        )
    return pd.DataFrame(rows)


def tabulate_tests(reports):
    """Tabulate the tests of births and deaths, and how many pairs differ."""
    tests = join_tables(reports, "tests")
    tests = tests[tests["compared"] == "births and deaths"]
    pairs = join_tables(reports, "pairs")
    differ = (pairs["adjusted_pvalue"] <= 0.05).groupby([pairs["data"], pairs["test"]])
    differ = differ.agg(lambda found: f"{found.sum()} of {len(found)}")
    shown = {
        "pvalue": "p",
        "omega_squared": "ω²",
        "adjusted_pvalue": "pairs that differ",
    }
    table = tests.join(differ, on=["data", "test"]).rename(columns=shown)
    table["p"] = table["p"].map("{:.2g}".format)
    return table[["data", "test", "statistic", *shown.values()]]


def replace_table(page, name, table):
    """Put a table into the ``csv-table`` directive of this name in the page."""
    before, found, after = page.partition(f"   :name: {name}\n")
    if not found:
        raise ValueError(f"Expected a csv-table with ':name: {name}' on the page.")
    options, _, rest = after.partition("\n\n")
    _, _, rest = rest.partition("\n\n")
    rows = table.to_csv(index=False, float_format="%.3f", lineterminator="\n")
    return f"{before}{found}{options}\n\n{indent(rows, '   ')}\n{rest}"
