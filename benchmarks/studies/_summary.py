"""Tables and figures of the page about all reports that are kept."""

from textwrap import indent

import pandas as pd

from benchmarks.studies._data import DATASETS
from benchmarks.studies._figures import draw_figures, draw_ranks
from benchmarks.studies._files import load_json
from benchmarks.studies._methods import (
    CONTROLS,
    EDGES,
    METHODS,
    PROFILES,
    RANKED,
    SUMMARIES,
    TOP,
    TOP_BALANCED,
    TOP_SUM,
)
from benchmarks.studies._ranks import (
    add_final_purity,
    gather_scores,
    rank_methods,
    state_ranks,
    tabulate_ranks,
    tabulate_rivals,
    tabulate_seeds,
)

STUDIES = ("strategies", "stimuli")
# The table that a figure is drawn from and that is in a file of its own.
LONG = {"strategies": "barcodes", "stimuli": "confusion"}
SHOWN_RAND = {
    "adjusted_rand_class": "adjusted Rand index with the class",
    "adjusted_rand_network": "with the network",
}
# Methods with a column of their own, as they are called there.
SHOWN = {name: name for name in (PROFILES, TOP_BALANCED, TOP, TOP_SUM)}
SHOWN |= {EDGES: "edges alone"} | {name: name for name in (*CONTROLS, SUMMARIES)}
# Where the page has its results in words.
BEGIN, END = (
    "..\n   Results in words, from the reports.\n",
    "..\n   End of the results.\n",
)


def summarize_reports(folder):
    """Put the numbers of all reports in a folder into the page beside it.

    Parameters
    ----------
    folder : pathlib.Path
        It holds ``DATA/STUDY/report.json`` and beside it ``barcodes.csv`` for the
        strategies, ``confusion.csv`` for the stimuli. The page is the file of the same
        name that ends in ``.rst``. Figures, ``scores.csv`` and ``ranks.csv``, the
        scores and ranks of all methods, are written into the folder.

    Raises
    ------
    ValueError
        If a study has no report, or the page has no place for a table.
    """
    page = folder.with_suffix(".rst")
    reports = {study: read_reports(folder, study) for study in STUDIES}
    scores = gather_scores(reports)
    ranks = rank_methods(scores)
    text = page.read_text(encoding="utf-8")
    for name, table in make_tables(reports, scores, ranks).items():
        text = replace_table(text, name, table)
    text = replace_results(text, state_ranks(scores, ranks))
    figures = {"ranks": draw_ranks(ranks)}
    for study, found in reports.items():
        # One draw of the training is enough for figures.
        shown = {n: r["tables"] for n, r in found.items() if not r["options"]["seed"]}
        drawn = draw_figures(study, shown)
        figures |= {f"{study}-{name}": figure for name, figure in drawn.items()}
    for name, figure in figures.items():
        figure.savefig(folder / f"{name}.png", dpi=90, metadata={"Software": None})
    joined = {study: join_tables(found, "scores") for study, found in reports.items()}
    for name, table in (("scores", join_rows(joined, "study")), ("ranks", ranks)):
        path = folder / f"{name}.csv"
        # Means that versions of pandas round otherwise are written alike.
        rounded = table.round(9)
        rounded.to_csv(path, index=False, lineterminator="\n", float_format="%.4g")
    page.write_text(text, encoding="utf-8")


def read_reports(folder, study):
    """Read the reports of a study, by data set, settings and seed.

    Each has its `tables` as data frames, and a `title` without the seed.
    """
    reports = {}
    paths = [
        path
        for dataset in DATASETS
        for path in sorted(folder.glob(f"{dataset}*/{study}/report.json"))
    ]
    for path in paths:
        report = load_json(path)
        tables = {name: pd.DataFrame(rows) for name, rows in report["tables"].items()}
        long = path.with_name(f"{LONG[study]}.csv")
        tables[LONG[study]] = pd.read_csv(long, dtype={"class": str})
        options, title = report["options"], report["facts"]["data"]
        seed = f"-seed{options['seed']}"
        if path.parts[-3].removesuffix(seed) != options["dataset"]:
            title += f", settings {report['facts']['settings']}"
        label = f"{title}, seed {options['seed']}" if options["seed"] else title
        reports[label] = report | {"tables": tables, "title": title}
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
    columns = dict.fromkeys(name for table in tables.values() for name in table)
    # Columns without any value would decide on the dtype of the others.
    known = {key: table.dropna(axis=1, how="all") for key, table in tables.items()}
    joined = pd.concat(known, names=[column, None]).reset_index(column)
    return joined.reindex(columns=[column, *columns])


def make_tables(reports, scores, ranks):
    """Make the tables of the page, by name: data frames as they are shown."""
    strategies, stimuli = (reports[study] for study in STUDIES)
    clusters = join_tables(stimuli, "clusters")
    clusters = clusters[clusters["method"].isin([TOP, PROFILES])]
    clusters = clusters.rename(columns=SHOWN_RAND)
    clusters = clusters[["data", "strategy", "method", *SHOWN_RAND.values()]]
    return {
        "studies-methods": tabulate_methods(strategies),
        "studies-runs": tabulate_runs(strategies),
        "studies-networks": tabulate_networks(strategies),
        "studies-ranks": tabulate_ranks(ranks),
        "studies-rivals": tabulate_rivals(scores),
        "studies-seeds": tabulate_seeds(scores),
        "studies-strategies": compare_methods(strategies, "final"),
        "studies-strategies-accuracy": compare_methods(strategies, "accuracy_mean"),
        "studies-tests": tabulate_tests(strategies),
        "studies-stimuli": compare_methods(stimuli, "final"),
        "studies-stimuli-accuracy": compare_methods(stimuli, "accuracy_mean"),
        "studies-classes": clusters[
            ["data", "strategy", "method", *SHOWN_RAND.values()]
        ],
    }


def tabulate_methods(reports):
    """Tabulate what the methods are, and the seconds of one start in a report."""
    scores = next(iter(reports.values()))["tables"]["scores"]
    methods = scores.drop_duplicates("method")[["method", "seconds_alone"]]
    methods.insert(1, "what is clustered, and how", methods["method"].map(METHODS))
    methods["seconds"] = methods.pop("seconds_alone").map("{:.2g}".format)
    return methods


def tabulate_runs(reports):
    """Tabulate what was run: a row for each report."""
    columns = ("networks per strategy", "epochs", "images trained on", "settings")
    rows = [{**report["facts"], "data": label} for label, report in reports.items()]
    return pd.DataFrame(rows)[["data", *columns]]


def tabulate_networks(reports):
    """Tabulate settings and accuracies of the networks."""
    table = join_tables(reports, "networks").rename(
        columns={"weight_decay": "weight decay", "test_mean": "test accuracy"}
    )
    settings = ["slope", "weight decay", "dropout"]
    table[settings] = table[settings].map("{:g}".format)
    return table[["data", "strategy", *settings, "test accuracy"]]


def compare_methods(reports, column):
    """Tabulate a score by task: some methods, and the best of the other ranked ones.

    Methods with equal rounded scores share a cell, or are counted from three on.
    """
    scores = add_final_purity(join_tables(reports, "scores"))
    rows = []
    for (data, task), found in scores.groupby(["data", "task"], sort=False):
        values = found.set_index("method").reindex(columns=[column])[column]
        values = values.astype(float).dropna().map(lambda value: round(value, 3))
        if values.empty:
            continue
        shown = {title: values.get(name) for name, title in SHOWN.items()}
        others = values[values.index.isin(list(RANKED))].drop(SHOWN, errors="ignore")
        best = others.index[others == others.max()]
        named = " and ".join(best) if len(best) < 3 else f"{len(best)} methods"
        row = {"data": data, "task": task, **shown}
        if len(others):
            row["best other method"] = f"{named} {others.max():.3f}"
        if column == "final":
            row["random clusters"] = found["chance"].iloc[0]
        rows.append(row)
    return pd.DataFrame(rows).dropna(axis="columns", how="all")


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
    if table.empty:  # an empty table is an error of docutils
        table = pd.DataFrame({"results": ["none in these reports"]})
    rows = table.round(9).to_csv(index=False, float_format="%.3f", lineterminator="\n")
    rows = escape_bars(rows)
    return f"{before}{found}{options}\n\n{indent(rows, '   ')}\n{rest}"


def replace_results(page, results):
    """Put the results in words between the two comments of the page."""
    before, found, rest = page.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not (found and ended):
        raise ValueError(f"Expected the comments {BEGIN!r} and {END!r} on the page.")
    return f"{before}{BEGIN}\n{escape_bars(results)}\n\n{END}{after}"


def escape_bars(text):
    """Escape what reStructuredText takes for substitutions, as in "mean |r|"."""
    return text.replace("|", "\\|")
