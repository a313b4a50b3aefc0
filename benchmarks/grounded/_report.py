"""The files of one study: tables as CSV, facts and short tables as JSON, a figure."""

from argparse import Namespace
from itertools import islice

import numpy as np
import pandas as pd

from benchmarks._measure import collect_facts
from benchmarks.grounded._conditions import list_conditions, list_designs
from benchmarks.grounded._designs import N_GROUPS
from benchmarks.grounded._evaluation import (
    average_designs,
    evaluate,
    tabulate_margins,
    tabulate_means,
    tabulate_scores,
)
from benchmarks.grounded._figures import draw_ranks
from benchmarks.grounded._methods import METHODS, SLOW
from benchmarks.grounded._networks import ABOUT, DEEP_SIZES, SIZES
from benchmarks.grounded._ranks import rank_methods
from benchmarks.grounded._scores import PRECISION
from benchmarks.grounded._training import load_seconds, place_networks, train_networks
from benchmarks.studies._data import TITLES, load_dataset
from benchmarks.studies._files import save_json
from benchmarks.studies._report import list_rows
from sktopo.comparison._cache import Cache

LISTS = {"designs": list_designs, "conditions": list_conditions}
# Long tables, which are written as CSV only.
LONG = ("scores", "margins")
PACKAGES = ("sktopo", "torch", "matplotlib", "gudhi")


def report_study(options):
    """Train networks, compare them by all methods and write the report.

    Parameters
    ----------
    options : argparse.Namespace
        What `__main__.read_options` returned.
    """
    dataset = load_dataset(options.dataset, data=options.data)
    options.n_stimuli = min(options.n_stimuli, len(dataset.stimuli) // 2)
    comparisons = LISTS[options.study](dataset, options)
    kept = options.output / options.dataset
    plans = [plan for comparison in comparisons for plan in comparison.plans]
    train_networks(dataset, plans, folder=kept, n_jobs=options.n_jobs)
    methods = options.methods or [
        name for name in METHODS if options.slow_methods or name not in SLOW
    ]
    cache = Cache(str(kept / "cache"))
    found, accuracies = evaluate(comparisons, methods, dataset, options, kept, cache)
    means = average_designs(found)
    tables = {
        "networks": tabulate_networks(comparisons, accuracies, kept),
        "scores": tabulate_scores(found),
        "means": tabulate_means(means),
    }
    if options.study == "designs":
        tables["margins"] = tabulate_margins(means)
    else:
        # The page shows nothing else of other conditions.
        score = tables["scores"]["score"]
        tables["scores"] = tables["scores"][score.isna() | (score == PRECISION)]
    folder = options.output / options.report / options.study
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        path = folder / f"{name}.csv"
        table.to_csv(path, index=False, lineterminator="\n", float_format="%.4f")
    if options.study == "designs":
        ranks = rank_methods({options.dataset: tables["scores"]})
        draw_ranks(ranks).savefig(folder / "ranks.png", dpi=90)
    # Folders differ from machine to machine.
    given = {k: v for k, v in vars(options).items() if k not in ("data", "output")}
    content = {
        "options": given,
        "facts": collect_study(dataset, options),
        "tables": {k: list_rows(t) for k, t in tables.items() if k not in LONG},
    }
    save_json(folder / "report.json", content)


def tabulate_networks(comparisons, accuracies, folder):
    """Tabulate the networks: a row for each group of each design.

    Accuracies are those on the stimuli; `seconds` is the processor time of training.
    """
    rows = {}
    for comparison in comparisons:
        own = iter(accuracies[comparison[:3]])
        for part in (part for group in comparison.groups for part in group):
            accuracy = np.array(list(islice(own, len(part.numbers))))
            row = {
                "architecture": comparison.architecture,
                "design": comparison.design,
                "group": part.plan["task"].get(comparison.design),
                "sizes": "-".join(map(str, part.plan["sizes"])),
                "side": part.plan["shape"][-1],
                "n_networks": len(part.numbers),
                "accuracy_mean": float(accuracy.mean()),
                "accuracy_std": float(accuracy.std()),
                "seconds": load_seconds(folder, part.plan),
            }
            # The same networks are in several comparisons.
            place = place_networks(folder, part.plan)
            rows.setdefault((comparison.design, place), row)
    return pd.DataFrame(rows.values())


def collect_study(dataset, options):
    """Collect what a reader needs to know: a dict of str to str."""
    given = {key: value for key, value in vars(options).items() if key in _TYPED}
    facts = {
        "data": TITLES[dataset.name],
        "found in": dataset.source,
        "checksum of the data": dataset.digest,
        "stimuli": f"{options.n_stimuli} of a sixth kept out of training",
        "networks per group": f"{options.n_networks}",
        "average precision by chance": f"{_expect_precision(options.n_networks):.2f}",
        "seed": f"{options.seed}",
    }
    for name, setting in options.training.items():
        n_images = min(setting["n_images"], len(dataset.images))
        sizes, deep = ("-".join(map(str, known[name])) for known in (SIZES, DEEP_SIZES))
        facts[name] = (
            f"{ABOUT[name]}; {sizes}, to compare layers {deep}; {n_images} images, "
            f"{setting['epochs']} epochs"
        )
    return facts | collect_facts(
        f"grounded {options.study}", Namespace(**given), *PACKAGES
    )


def _expect_precision(n_networks):
    """Compute the mean average precision of pairs of a group in random order.

    The pair at place k is one of n_same in n; of the k - 1 before it, as many as the
    share (n_same - 1) / (n - 1).
    """
    n_same = n_networks * (n_networks - 1) // 2
    places = np.arange(1, n_same + n_networks**2 * (N_GROUPS - 1) + 1)
    share = (n_same - 1) / (len(places) - 1)
    return float(np.mean((1 + (places - 1) * share) / places))


_TYPED = ("dataset", "quick", "data", "n_networks", "seed", "n_jobs", "methods")
