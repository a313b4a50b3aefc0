"""Tables, words and the figure of the page about all reports that are kept."""

from textwrap import fill

import pandas as pd

from benchmarks.grounded._conditions import SAME
from benchmarks.grounded._designs import DESIGNS
from benchmarks.grounded._evaluation import BOTH
from benchmarks.grounded._figures import draw_ranks
from benchmarks.grounded._methods import (
    CANDIDATES,
    CHOSEN_ON,
    CONTROL,
    METHODS,
    REPRESENTATION,
)
from benchmarks.grounded._ranks import gather_tests, rank_methods
from benchmarks.studies._data import DATASETS, TITLES
from benchmarks.studies._files import load_json
from benchmarks.studies._ranks import LIST
from benchmarks.studies._summary import join_rows, replace_results, replace_table

STUDIES = ("designs", "conditions")
RUNS = (
    *("data", "stimuli", "networks per group", "average precision by chance"),
    *("mlp", "cnn"),
)
# Tables that reports have as CSV only.
LONG = {"designs": ("scores", "margins"), "conditions": ("scores",)}


def summarize_reports(folder):
    """Put the numbers of all reports in a folder into the page beside it.

    Parameters
    ----------
    folder : pathlib.Path
        It holds ``DATASET/designs`` and ``DATASET/conditions``, each with
        ``report.json`` and ``scores.csv``, and the first with ``margins.csv``. The page
        is the file of the same name that ends in ``.rst``, with a ``csv-table``
        directive for each table of `make_tables` and the two comments of
        `benchmarks.studies._summary.replace_results`. ``ranks.csv`` and ``ranks.png``
        are written into the folder.

    Raises
    ------
    ValueError
        If the report of the designs is missing for the data set on which the method is
        chosen, or the page has no place for a table.
    """
    page = folder.with_suffix(".rst")
    reports = {study: read_reports(folder, study) for study in STUDIES}
    ranks = rank_methods(_list_tables(reports["designs"], "scores"))
    chosen = choose_method(reports["designs"])
    text = page.read_text(encoding="utf-8")
    for name, table in make_tables(reports, ranks, chosen).items():
        text = replace_table(text, name, table)
    text = replace_results(text, state_results(reports["designs"], chosen))
    draw_ranks(ranks).savefig(folder / "ranks.png", dpi=90, metadata={"Software": None})
    path = folder / "ranks.csv"
    ranks.to_csv(path, index=False, lineterminator="\n", float_format="%.4g")
    page.write_text(text, encoding="utf-8")


def read_reports(folder, study):
    """Read the reports of a study: by the title of the data, with data frames."""
    reports = {}
    for dataset in DATASETS:
        place = folder / dataset / study
        if not (place / "report.json").exists():
            continue
        report = load_json(place / "report.json")
        tables = {name: pd.DataFrame(rows) for name, rows in report["tables"].items()}
        tables |= {name: pd.read_csv(place / f"{name}.csv") for name in LONG[study]}
        _refuse_failures(tables["scores"], place)
        reports[TITLES[dataset]] = report | {"tables": tables}
    return reports


def _refuse_failures(scores, place):
    """Raise a ValueError if a method failed, which a table would show as no value.

    A ValueError does not count as one: it says what the method cannot compare.
    """
    missing = scores["missing"].dropna()
    failures = missing[~missing.str.startswith(("needs ", "ValueError: "))]
    if len(failures):
        row = scores.loc[failures.index[0]]
        raise ValueError(
            f"{len(failures)} score(s) in {place} are missing because a method failed, "
            f"the first: {row['method']}, {row['missing']}. Mend it and run again."
        )


def choose_method(reports):
    """Choose the candidate with the highest mean average precision on `CHOSEN_ON`."""
    title = TITLES[CHOSEN_ON]
    if title not in reports:
        raise ValueError(f"Expected a report of the designs on {title}, found none.")
    means = _find_means(reports[title], SAME)
    return means["value"].reindex(CANDIDATES).idxmax()


def make_tables(reports, ranks, chosen):
    """Make the tables of the page, by name: data frames as they are shown.

    Cells with several values have one for each data set, in the order of the table of
    the runs.
    """
    designs, conditions = (reports[study] for study in STUDIES)
    tests = gather_tests(_list_tables(designs, "scores"), complete=False)
    tables = {
        "grounded-methods": tabulate_methods(designs),
        "grounded-runs": pd.DataFrame(
            [{"data": data, **report["facts"]} for data, report in designs.items()]
        )[list(RUNS)],
        "grounded-networks": tabulate_accuracies(designs),
        "grounded-ranks": tabulate_ranks(ranks),
        "grounded-means": tabulate_means(designs),
        "grounded-margins": tabulate_margins(designs, chosen),
        "grounded-conditions": tabulate_conditions(conditions),
    }
    for architecture, own in tests.groupby("architecture"):
        tables[f"grounded-{architecture}"] = tabulate_tests(own)
    return tables


def tabulate_methods(reports):
    """Tabulate the methods: what they compare, what they need, how long they take."""
    report = next(iter(reports.values()))
    scores = report["tables"]["scores"]
    seconds = scores[scores["design"] == next(iter(DESIGNS))]
    seconds = seconds.drop_duplicates("method").set_index("method")["seconds"]
    rows = [
        {
            "method": name,
            "kind": method.kind,
            "what is compared": method.about,
            "needs the same": " and ".join(method.needs),
            "seconds": f"{seconds.get(name, float('nan')):.2g}",
        }
        for name, method in METHODS.items()
        if name in seconds
    ]
    return pd.DataFrame(rows)


def tabulate_accuracies(reports):
    """Tabulate the accuracies of the groups of networks."""
    tables = {data: report["tables"]["networks"] for data, report in reports.items()}
    table = join_rows(tables, "data").dropna(subset="group")
    table["group"] = table["group"].map("{:g}".format)
    table["accuracy"] = table["accuracy_mean"].map("{:.3f}".format)
    return _spread(table, ["architecture", "design", "group"], "accuracy")


def tabulate_ranks(ranks):
    """Tabulate mean ranks with intervals, and in how many tests a method is first."""
    shown = ranks.rename(columns={"mean_score": "mean score"})
    shown["mean rank"] = [
        f"{row.mean_rank:.1f} ({row.low:.1f} to {row.high:.1f})"
        for row in ranks.itertuples()
    ]
    shown["first in"] = [
        f"{row.n_first} of {row.n_tests}" for row in ranks.itertuples()
    ]
    return shown[["method", "mean rank", "mean score", "first in"]]


def tabulate_means(reports):
    """Tabulate mean average precisions over the designs, with intervals."""
    columns = {}
    for data, report in reports.items():
        means = _find_means(report, SAME)
        columns[data] = pd.Series(
            {row.Index: _write_interval(row) for row in means.itertuples()}
        )
    table = pd.DataFrame(columns).reindex([m for m in METHODS if _is_in(m, columns)])
    return table.fillna("no value").rename_axis("method").reset_index()


def _is_in(method, columns):
    return any(method in column for column in columns.values())


def tabulate_margins(reports, chosen):
    """Tabulate how far the chosen method is ahead of measures and of controls."""
    columns = {}
    for data, report in reports.items():
        margins = _find_margins(report, chosen)
        columns[data] = pd.Series(
            {row.rival: _write_interval(row) for row in margins.itertuples()},
            dtype=object,
        )
    return pd.DataFrame(columns).rename_axis("ahead of").reset_index()


def tabulate_conditions(reports):
    """Tabulate mean average precisions over the designs, by condition."""
    parts = []
    for data, report in reports.items():
        means = report["tables"]["means"].assign(data=data)
        means["shown"] = means["value"].map("{:.2f}".format)
        scores = report["tables"]["scores"]
        lacking = scores[scores["missing"].notna()].drop_duplicates(
            ["condition", "method"]
        )
        lacking = lacking.assign(data=data, shown="no value")
        known = ["data", "condition", "method", "shown"]
        parts += [means[known], lacking[known]]
    if not parts:
        return pd.DataFrame()
    table = pd.concat(parts)
    joined = _spread(table, ["method", "condition"], "shown")
    return joined.pivot_table(
        "shown", "method", "condition", "first", sort=False, fill_value=""
    ).reset_index()


def tabulate_tests(tests):
    """Tabulate the six tests of one architecture: methods by tests."""
    long = tests.melt(ignore_index=False, var_name="method", value_name="value")
    long = long.reset_index()
    values = long["value"].map("{:.2f}".format)
    long["shown"] = values.where(long["value"].notna(), "no value")
    joined = _spread(long, ["method", "test"], "shown")
    table = joined.pivot_table("shown", "method", "test", "first", sort=False)
    return table.reset_index()


def state_results(reports, chosen):
    """Say in words what is chosen, and where it is ahead or behind."""
    best = _find_means(reports[TITLES[CHOSEN_ON]], SAME)["value"][chosen]
    items = [
        f"Chosen on {TITLES[CHOSEN_ON]} among {len(CANDIDATES)} candidates: {chosen}, "
        f"mean average precision {best:.3f}."
    ]
    for data, report in reports.items():
        means = _find_means(report, SAME)
        if chosen not in means.index:
            continue
        said = [
            f"**{data}**: mean average precision {_write_interval(means.loc[chosen])}."
        ]
        for kind, name in _RIVALS.items():
            own = means[[METHODS[method].kind == kind for method in means.index]]
            if not own.empty:
                said.append(_state_rival(report, chosen, own, name))
        items.append(" ".join([*said, _state_deficits(report, chosen)]))
    return "\n\n".join(fill(item, 88, **LIST) for item in items)


_RIVALS = {REPRESENTATION: "representational measure", CONTROL: "control"}


def _state_rival(report, chosen, means, name):
    """Say which rival of a kind is the best, and how far the chosen method is ahead."""
    rival = means["value"].idxmax()
    margin = _find_margins(report, chosen).set_index("rival").loc[rival]
    verb = "ahead" if margin["value"] > 0 else "behind"
    return (
        f"The best {name}, {rival}, has {_write_interval(means.loc[rival])}; the "
        f"chosen method is {verb}, difference {_write_interval(margin)}."
    )


def _state_deficits(report, chosen):
    """Say in which tests a representational measure is ahead of the chosen method."""
    tests = gather_tests({"": report["tables"]["scores"]}, complete=False)
    tests = tests.droplevel("data")
    rivals = [name for name in tests if METHODS[name].kind == REPRESENTATION]
    behind = ~(tests[rivals].max(axis=1) <= tests[chosen])
    if not behind.any():
        return "No representational measure is ahead in any test."
    named = [f"{test} ({architecture})" for architecture, test in tests.index[behind]]
    return f"Some representational measure is ahead in {', '.join(named)}."


def _list_tables(reports, name):
    return {data: report["tables"][name] for data, report in reports.items()}


def _find_means(report, condition):
    """Return the means over architectures of a report, by method."""
    return _choose_rows(report["tables"]["means"], condition).set_index("method")


def _find_margins(report, chosen):
    """Return the margins between a method and measures of representations, controls."""
    margins = _choose_rows(report["tables"]["margins"], SAME)
    margins = margins[margins["method"] == chosen]
    kinds = margins["rival"].map(lambda name: METHODS[name].kind)
    return margins[kinds.isin(_RIVALS)]


def _choose_rows(table, condition):
    """Choose the rows of a condition, over all architectures where there are two."""
    table = table[table["condition"] == condition]
    several = table["architecture"] == BOTH
    return table[several] if several.any() else table


def _write_interval(row):
    return f"{row.value:.2f} ({row.low:.2f} to {row.high:.2f})"


def _spread(table, keys, column):
    """Join the values of all data sets in one cell, in the order of the data sets."""
    data = list(dict.fromkeys(table["data"]))
    index = list(dict.fromkeys(zip(*(table[key] for key in keys), strict=True)))
    values = table.set_index(["data", *keys])[column].to_dict()
    rows = [
        {
            **dict(zip(keys, key, strict=True)),
            column: " / ".join(str(values.get((name, *key), "–")) for name in data),
        }
        for key in index
    ]
    return pd.DataFrame(rows)
