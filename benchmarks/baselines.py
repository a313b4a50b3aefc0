"""All baselines on 80 real MNIST networks: ``python -m benchmarks.baselines``.

Reads ``mnist-strategies-connectomes.npz`` from ``--data``, from the folder that the
environment variable SKTOPO_DATA names, or from ``networks`` beside it, and writes one
table, as Markdown and JSON, to ``benchmarks/results``.
"""

import argparse
import json
import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path

from sklearn.base import clone
from sklearn.model_selection import StratifiedKFold

from benchmarks._data import add_data_option, load_connectomes
from sktopo.baselines import baseline_clusterers, baseline_kernels
from sktopo.comparison import compare_classifiers, compare_clusterers, summarize

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("sktopo", "numpy", "scipy", "scikit-learn", "gudhi", "kmedoids", "networkx")
PENALTIES = [0.1, 1, 10, 100]
COLUMNS = {
    "purity": "purity, all samples",
    "rand": "adjusted Rand",
    "seconds": "seconds, one start",
    "starts_seconds": "seconds, all starts",
    "held_out": "purity, held out",
    "accuracy": "accuracy, nested CV",
    "nested_seconds": "seconds, nested CV",
}
TEXT = """\
# Baselines on 80 MNIST networks

80 connectomes of {n_edges} edges (192 hidden units), 20 networks for each of four ways
of training; the classes are the four ways.

- purity, all samples; adjusted Rand: {n_starts} random starts, mean ± standard
  deviation
- seconds, one start: from connectomes to labels, one core, nothing kept from before
- seconds, all starts: what the {n_starts} starts computed together; starts share
  distances, and all rows share diagrams and summaries, which count where they came
  first
- purity, held out: fitted to 4 of 5 folds, predicted on the fifth, 4 starts each
- accuracy, nested CV: SVC with the kernel, 5 outer folds, C out of {penalties} by 3
  inner folds
- seconds, nested CV: what all folds computed together, shared likewise

{table}

Every start is a single one, but "best of 20" keeps the best of 20 by the inertia. PI
(wide) has Gaussians of width 1, much wider than the diagrams. What has a dash is for
clustering only.

Command: `{command}`. Machine: {cores} cores, {machine}; the
seconds are those of one run. Python {python}; {versions}.
"""


def main():
    """Run all comparisons and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_data_option(parser)
    parser.add_argument("--n-starts", type=int, default=20, help="random starts")
    parser.add_argument("--n-jobs", type=int, default=2, help="parallel jobs")
    parser.add_argument("--memory", help="folder to keep finished pieces in")
    args = parser.parse_args()
    if args.data is None:
        parser.error("say where the data is: --data FOLDER, or SKTOPO_DATA=FOLDER")
    X, y = load_connectomes(args.data)
    rows = compare(X, y, args)
    table = write_markdown(rows)
    facts = {
        "n_edges": X.shape[1],
        "n_starts": args.n_starts,
        "n_jobs": args.n_jobs,
        "penalties": PENALTIES,
        "command": " ".join(["python -m benchmarks.baselines", *options(args)]),
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "versions": ", ".join(f"{name} {version(name)}" for name in PACKAGES[1:]),
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "baselines.md").write_text(TEXT.format(table=table, **facts))
    (RESULTS / "baselines.json").write_text(
        json.dumps({"facts": facts, "rows": rows}, indent=1) + "\n"
    )
    sys.stdout.write(table + "\n")


def options(args):
    """Repeat the options that change figures."""
    return ["--n-starts", str(args.n_starts), "--n-jobs", str(args.n_jobs)]


def compare(X, y, args):
    """Run the four comparisons; a row of numbers or errors for each name."""
    clusterers = baseline_clusterers(4)
    for name in ("Top (normalised)", "Top (sum)"):
        best = clone(clusterers[name]).set_params(clusterer__n_init=20)
        clusterers[f"{name}, best of 20"] = best
    wide = clone(clusterers["PI"]).set_params(rows__bandwidth=1.0)
    clusterers["PI (wide)"] = wide
    rows = {name: {} for name in clusterers}
    for name, clusterer in clusterers.items():
        # One by one and without --memory, so that each pays for its own diagrams.
        alone = compare_clusterers(X, y, {name: clusterer}, n_starts=1, random_state=0)
        add(rows, alone, {"seconds": ["seconds"]})
    options = {"n_jobs": args.n_jobs, "memory": args.memory, "verbose": True}
    starts = compare_clusterers(
        X, y, clusterers, n_starts=args.n_starts, random_state=0, **options
    )
    add(
        rows,
        starts,
        {
            "purity": mean_std("purity"),
            "rand": mean_std("adjusted_rand"),
            "starts_seconds": ["seconds"],
        },
    )
    cv = StratifiedKFold(5, shuffle=True, random_state=0)
    held_out = compare_clusterers(
        X, y, clusterers, cv=cv, n_starts=4, random_state=0, **options
    )
    add(rows, held_out, {"held_out": mean_std("purity")})
    classifiers = {
        name: (classifier, {"svc__C": PENALTIES})
        for name, classifier in baseline_kernels().items()
    }
    nested = compare_classifiers(X, y, classifiers, cv=cv, inner_cv=3, **options)
    add(rows, nested, {"accuracy": mean_std("score"), "nested_seconds": ["seconds"]})
    return rows


def mean_std(score):
    """Name the two columns of a score."""
    return [f"mean_{score}", f"std_{score}"]


def add(rows, table, wanted):
    """Add columns of a comparison's summary to the rows."""
    summary = summarize(table)
    for i, name in enumerate(summary["candidate"]):
        for key, columns in wanted.items():
            numbers = [round(float(summary[column][i]), 4) for column in columns]
            rows[name][key] = summary["error"][i] or numbers


def write_markdown(rows):
    """Write the table, best purity first."""
    lines = [
        "| | " + " | ".join(COLUMNS.values()) + " |",
        "|---" * (len(COLUMNS) + 1) + "|",
    ]
    order = sorted(rows, key=lambda name: str(rows[name]["purity"]), reverse=True)
    for name in order:
        cells = [write_cell(rows[name].get(key)) for key in COLUMNS]
        name = name.replace("|", r"\|")
        lines.append("| " + " | ".join([name, *cells]) + " |")
    return "\n".join(lines)


def write_cell(value):
    """Write a number, mean ± standard deviation, an error, or a dash."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    if len(value) == 2:
        return "{:.3f} ± {:.3f}".format(*value)
    return f"{value[0]:.2f}" if value[0] < 10 else f"{value[0]:.0f}"


if __name__ == "__main__":
    main()
