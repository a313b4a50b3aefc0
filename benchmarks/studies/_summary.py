"""One page about all reports that are kept, made from their numbers."""

import json

from benchmarks.studies._clusterings import EDGES, TOP, TOP_SUM
from benchmarks.studies._data import DATASETS
from benchmarks.studies._findings import DIGITS, final_purity, join, write

STUDIES = {"strategies": "training strategies", "stimuli": "classes of stimuli"}
BEGIN, END = "<!-- made by the command, from here -->", "<!-- to here -->"


def summarize_reports(folder):
    """Rewrite what the page README.md of a folder says about the reports in it.

    Parameters
    ----------
    folder : pathlib.Path
        Where the reports are, as ``ANY/STUDY/report.json``, and README.md, with the
        two comments between which the text is.

    Raises
    ------
    ValueError
        If there is no report, or no such page.
    """
    page = folder / "README.md"
    reports = {study: find_reports(folder, study) for study in STUDIES}
    if not any(reports.values()):
        raise ValueError(
            f"Expected reports at {folder}/ANY/STUDY/report.json, found none; "
            "copy there what a study left in its output folder."
        )
    before, found, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, closed, after = rest.partition(END)
    if not (found and closed):
        raise ValueError(f"Expected the lines {BEGIN!r} and {END!r} in {page}.")
    text = "\n\n".join(
        part for study in STUDIES for part in write_study(study, reports[study])
    )
    page.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")


def find_reports(folder, study):
    """Read the reports of a study: dict of folder to report, by data set."""
    reports = {
        path.parent.relative_to(folder).as_posix(): json.loads(
            path.read_text(encoding="utf-8")
        )
        for path in sorted(folder.glob(f"*/{study}/report.json"))
    }
    order = sorted(
        reports, key=lambda path: DATASETS.index(reports[path]["options"]["dataset"])
    )
    return {path: reports[path] for path in order}


def write_study(study, reports):
    """Write the paragraphs about one study."""
    if not reports:
        return []
    number = list(STUDIES).index(study) + 1
    lines = ["| data | clusters of | Top (normalised) | Top (sum) | edges alone | "]
    lines[0] += "best other method | random clusters |"
    lines.append("|---|---|---|---|---|---|---|")
    parts = [f"## Study {number}: {STUDIES[study]}"]
    for path, report in reports.items():
        parts.append(describe_report(path, report))
        data = f"[{name_report(path, report)}]({path}/report.md)"
        lines += [
            "| " + " | ".join([data, *cells]) + " |" for cells in compare_tasks(report)
        ]
    return [*parts, "\n".join(lines)]


def describe_report(path, report):
    """Say what a report is about, and the first of its findings."""
    facts, name = report["facts"], name_report(path, report)
    told = " ".join([*report["differences"], report["findings"][0]])
    return (
        f"**[{name}]({path}/report.md)** ([page]({path}/report.html)): "
        f"{facts['networks per strategy']} networks per strategy, {facts['epochs']} "
        f"epochs, {facts['images trained on']} images. {told}"
    )


def name_report(path, report):
    """Name the data, and the settings where a folder is not named after its data."""
    facts = report["facts"]
    if path.split("/")[0] == report["options"]["dataset"]:
        return facts["data"]
    return f"{facts['data']}, settings {facts['settings']}"


def compare_tasks(report):
    """List purity by task: Top in both forms, edges alone, the best of the others."""
    rows = report["tables"]["purity-all"]
    for task in dict.fromkeys(row["task"] for row in rows):
        found = {row["method"]: row for row in rows if row["task"] == task}
        scores = {name: final_purity(row) for name, row in found.items()}
        own = [write(scores.pop(name)) for name in (TOP, TOP_SUM, EDGES)]
        others = {k: round(v, DIGITS) for k, v in scores.items() if v is not None}
        best = max(others.values())
        tied = [name for name, score in others.items() if score == best]
        named = join(tied) if len(tied) < 3 else f"{len(tied)} methods"
        yield [task, *own, f"{named} {write(best)}", write(found[TOP]["chance"])]
