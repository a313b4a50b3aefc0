"""Reports of the studies: statistics, tables, figures, one page of HTML."""

from importlib.metadata import PackageNotFoundError, version

import numpy as np
from sklearn.utils import Bunch

from benchmarks.studies import _figures as figures
from benchmarks.studies import _findings as findings
from benchmarks.studies._clusterings import METHODS, TOP
from benchmarks.studies._pages import Plot, Report, Table, write_report
from benchmarks.studies._stimuli import study_stimuli
from benchmarks.studies._strategies import ALL, study_strategies

PACKAGES = (
    "sktopo",
    "numpy",
    "scipy",
    "scikit-learn",
    "joblib",
    "torch",
    "matplotlib",
    "gudhi",
    "kmedoids",
    "networkx",
)
NAMES = {"batch_norm": "batch norm", "l2": "L2"}
PURITY_NOTE = (
    "Mean ± standard deviation over {n_starts} random starts; best of restarts: of "
    "{n_starts} starts the one of lowest inertia, repeated {n_starts} times. A dash: "
    "the method has no inertia to choose by. One connectome is {one:.4f} of purity."
)


def report_strategies(collection, options):
    """Report study 1, see the package's docstring."""
    collection = name_strategies(collection)
    results = study_strategies(collection, options, find_cache(collection))
    names = np.asarray(collection.target_names)[collection.target]
    told = tell_strategies(collection, results)
    report = Report(
        f"Study 1: training strategies, {collection.facts['data']}",
        "Networks of one architecture were trained in several ways. Does the topology "
        "of their functional connectomes tell how?",
        {
            "What came out": [told],
            **describe_run(collection, results),
            "Clusters": show_purity(results),
            "λ from 0 to 1": show_weights(results),
            "Connectomes and barcodes": show_barcodes(collection, names, results),
            "Do strategies differ?": show_tests(results),
            "Networks as points": show_points(collection, names, results),
            "Files": list_files(results),
        },
        gather_data(collection, options, results, told),
    )
    write_report(report, collection.folder)


def report_stimuli(collection, options):
    """Report study 2, see the package's docstring."""
    collection = name_strategies(collection)
    results = study_stimuli(collection, options, find_cache(collection))
    told = tell_stimuli(collection, results)
    report = Report(
        f"Study 2: classes of stimuli, {collection.facts['data']}",
        "Trained networks were shown the images of one class at a time. Does the "
        "topology of their functional connectomes tell which class?",
        {
            "What came out": [told],
            **describe_run(collection, results),
            "Clusters": show_stimuli(collection, results),
            "Which classes are confused": show_confusions(collection, results),
            "Files": list_files(results),
        },
        gather_data(collection, options, results, told),
    )
    write_report(report, collection.folder)


def name_strategies(collection):
    """Copy a collection, strategies named as readers know them."""

    def rename(values):
        return {NAMES.get(key, key): value for key, value in values.items()}

    renamed = Bunch(
        **{
            **collection,
            "accuracies": rename(collection.accuracies),
            "settings": rename(collection.settings),
        }
    )
    if isinstance(collection.connectomes, dict):
        renamed.connectomes = rename(collection.connectomes)
    else:
        names = [NAMES.get(str(name), str(name)) for name in collection.target_names]
        renamed.target_names = np.array(names)
    return renamed


def find_cache(collection):
    """Name the folder of what is finished; it can be deleted after the study."""
    return collection.folder.parent / "cache" / collection.folder.name


def gather_data(collection, options, results, told):
    """Gather what the JSON file holds beside the tables."""
    return {
        "options": {
            key: value
            for key, value in vars(options).items()
            if key not in ("data", "output")  # folders are the reader's own
        },
        "findings": told,
        "facts": collection.facts,
        "differences": collection.differences,
        "settings": collection.settings,
        "seconds": collection.seconds,
        "parameters": results["parameters"],
        "versions": {package: find_version(package) for package in PACKAGES},
    }


def find_version(package):
    """Find the version of an installed package."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def tell_strategies(collection, results):
    """List the findings of study 1."""
    purity, n_starts = results["purity"], results["parameters"]["n_starts"]
    everything = [row for row in purity if row["task"] == ALL]
    return [
        findings.tell_wins(purity, n_starts),
        *findings.tell_purity(purity, ALL, n_starts),
        *findings.tell_forms(purity, n_starts),
        *findings.tell_weights(results["weights"], n_starts),
        findings.tell_chance(purity),
        *findings.tell_tests(results["tests"], results["pairs"]),
        findings.tell_accuracies(collection.accuracies),
        *findings.tell_seconds(everything),
        *findings.tell_errors(purity),
    ]


def tell_stimuli(collection, results):
    """List the findings of study 2."""
    purity, n_starts = results["purity"], results["parameters"]["n_starts"]
    ranks = [
        f"{task}: {sentence}"
        for task in collection.connectomes
        for sentence in findings.tell_purity(purity, task, n_starts)
    ]
    return [
        findings.tell_wins(purity, n_starts),
        *findings.tell_forms(purity, n_starts),
        *ranks,
        findings.tell_chance(purity),
        *findings.tell_networks(results["clusters"]),
        findings.tell_confusions(results["confusion"], TOP),
        *findings.tell_errors(purity),
    ]


def describe_run(collection, results):
    """Write the sections about what was run."""
    sections = {"What was run": [dict(collection.facts), show_networks(collection)]}
    if collection.selection:
        sections["What was run"].append(show_selection(collection))
    clusterings = [*results["purity"], *results.get("weights", ())]
    spent = collection.seconds | {
        "clusterings": sum(row["core_seconds"] for row in clusterings)
    }
    sections["What was run"] += [
        "Seconds on one core, so that two idle cores need about half of them:",
        {key: f"{value:.0f}" for key, value in spent.items()},
    ]
    sections["How that differs from the paper"] = [collection.differences]
    return sections


def show_selection(collection):
    """Show the cross-validation; what was chosen is marked."""
    keys = ("epochs", "slope", "weight_decay", "dropout")

    def is_chosen(row):
        chosen = collection.settings[row["strategy"]]
        return all(row[key] == chosen[key] for key in keys)

    rows = [
        {**row, "strategy": NAMES.get(row["strategy"], row["strategy"])}
        for row in collection.selection
    ]
    return Table(
        "selection",
        "Settings by cross-validation",
        [{**row, "chosen": is_chosen(row)} for row in rows],
        {
            "strategy": show_plain("strategy"),
            **{key.replace("_", " "): show_plain(key) for key in keys},
            "accuracy": lambda row: f"{row['accuracy']:.4f} ± {row['sd']:.4f}",
            "chosen": lambda row: "chosen" if row["chosen"] else "",
        },
        "Mean ± standard deviation over folds.",
        lambda row: row["chosen"],
    )


def show_networks(collection):
    """Make the table of strategies: settings, accuracies."""
    rows = []
    for strategy, settings in collection.settings.items():
        row = {"strategy": strategy, **settings}
        for images, values in collection.accuracies[strategy].items():
            row["n_networks"] = len(values)
            row[f"{images}_mean"] = float(np.mean(values))
            row[f"{images}_std"] = float(np.std(values))
        rows.append(row)
    columns = {
        "strategy": show_plain("strategy"),
        "networks": show_plain("n_networks"),
        "epochs": show_plain("epochs"),
        "slope": show_plain("slope"),
        "weight decay": show_plain("weight_decay"),
        "dropout": show_plain("dropout"),
    }
    for images in next(iter(collection.accuracies.values())):
        columns[f"accuracy, {images}"] = show_spread(images)
    return Table(
        "networks",
        "The networks",
        rows,
        columns,
        "Accuracies: share of images, mean ± standard deviation over networks. "
        "Held-out images were kept out of training; they are the stimuli.",
    )


def show_purity(results):
    """Show study 1's purity: the four strategies, then each against the first."""
    rows = results["purity"]
    tasks = results["parameters"]["tasks"]
    parts = [
        make_purity_table("purity", f"Clusters of {tasks[0]}", rows, tasks[0], results)
    ]
    if tasks[1:]:
        parts.append(make_pairs_table(rows, tasks[1:]))
    parts.append(
        Plot(
            "purity",
            figures.draw_purity(rows),
            "Purity of each method. Top (normalised) in bold.",
        )
    )
    return [*parts, list_purity(rows), "The methods:", explain_methods(rows)]


def list_purity(rows):
    """List all rows of purity in a file of their own."""
    return Table("purity-all", "Purity of all methods in all tasks", rows, {})


def make_purity_table(name, title, rows, task, results):
    """Make the table of one task, best purity first."""
    rows = sort_methods([row for row in rows if row["task"] == task])
    best = f"best of {results['parameters']['n_starts']} restarts"
    columns = {
        "method": show_plain("method"),
        f"purity, {best}": show_spread("best_purity"),
        "purity, single starts": show_spread("purity"),
        f"adjusted Rand, {best}": show_spread("best_adjusted_rand"),
        "adjusted Rand, single starts": show_spread("adjusted_rand"),
    }
    note = PURITY_NOTE.format(
        n_starts=results["parameters"]["n_starts"], one=1 / rows[0]["n_connectomes"]
    )
    if any(row.get("seconds_alone") is not None for row in rows):
        columns["seconds"] = lambda row: write_number(row["seconds_alone"], ".2g")
        note += (
            " Seconds of processor time: one start from connectomes to clusters, "
            "nothing shared."
        )
    if any(row["error"] for row in rows):
        columns["error"] = show_plain("error")
    return Table(name, title, rows, columns, note, is_own)


def make_pairs_table(rows, tasks):
    """Make the table of the strategies against the first, a row per method."""
    wide = {}
    for row in rows:
        if row["task"] in tasks:
            kept = ("best_purity_mean", "best_purity_std", "purity_mean", "purity_std")
            found = {f"{row['task']}, {key}": row[key] for key in kept}
            wide.setdefault(row["method"], {"method": row["method"]}).update(found)
    columns = {"method": show_plain("method")}
    for task in tasks:
        columns[f"{task}: best of restarts"] = show_spread(f"{task}, best_purity")
        columns[f"{task}: single starts"] = show_spread(f"{task}, purity")
    return Table(
        "purity-pairs",
        f"Purity of clusters: {findings.join(tasks)}",
        list(wide.values()),
        columns,
        own=is_own,
    )


def show_weights(results):
    """Show purity against λ."""
    rows = results["weights"]
    tasks = results["parameters"]["tasks"]
    wide = {}
    for row in rows:
        if row["task"] == ALL:
            line = wide.setdefault(row["weight"], {"weight": row["weight"]})
            for key in ("purity_mean", "purity_std"):
                line[f"{row['form']}, {key}"] = row[key]
                line[f"{row['form']}, best_{key}"] = row[f"best_{key}"]
    columns = {"λ": lambda row: f"{row['weight']:g}"}
    for form in ("normalised", "sum"):
        columns[f"{form}, best of restarts"] = show_spread(f"{form}, best_purity")
        columns[f"{form}, single starts"] = show_spread(f"{form}, purity")
    return [
        "λ = 0 is the edge weights alone, λ = 1 topology alone.",
        Table(
            "weights",
            f"Purity of Top with {ALL}, by λ",
            list(wide.values()),
            columns,
        ),
        Plot(
            "weights",
            figures.draw_weights(rows, tasks),
            "Purity of Top against λ, in both forms.",
        ),
        Table("weights-all", "All tasks by λ", rows, {}),
    ]


def show_barcodes(collection, names, results):
    """Show connectomes, barcodes and what sets strategies apart."""
    rows = [
        {**row, **block}
        for row, block in zip(results["connectomes"], results["blocks"], strict=True)
    ]
    blocks = [key for key in results["blocks"][0] if key != "strategy"]
    columns = {
        "strategy": show_plain("strategy"),
        "mean edge weight": show_spread("edge"),
        **{key: (lambda row, key=key: write_number(row[key], ".3f")) for key in blocks},
        "Wasserstein standard deviation": lambda row: write_number(
            row["wasserstein_std"], ".4f"
        ),
    }
    distances = Table(
        "distances",
        "Wasserstein distances between barycenters",
        results["distances"],
        {
            "between": lambda row: f"{row['strategy_1']} and {row['strategy_2']}",
            "distance": lambda row: write_number(row["distance"], ".4f"),
        },
        "In the normalised form, in units of the edge weight.",
    )
    return [
        Plot(
            "connectomes",
            figures.draw_connectomes(
                collection.connectomes, names, collection.node_names
            ),
            "Above, the mean connectome of each strategy: units of networks that were "
            "trained apart do not correspond, so compare blocks, not cells. Below, the "
            "network nearest to the barycenter of its strategy, its units in the order "
            "of a hierarchical clustering within each layer.",
        ),
        Table(
            "connectomes",
            "Connectomes",
            rows,
            columns,
            "Edge weights are absolute correlations, from 0 to 1; of the mean edge "
            "weight the standard deviation over networks. The Wasserstein standard "
            "deviation is the spread of the networks about their barycenter.",
        ),
        Plot(
            "barcodes",
            figures.draw_barcodes(
                collection.connectomes, names, results["parameters"]["n_quantiles"]
            ),
            "Wasserstein barycenter of each strategy, and a band of one standard "
            "deviation over its networks.",
        ),
        distances,
        Table("barcodes", "Quantiles of births and deaths", results["barcodes"], {}),
    ]


def show_tests(results):
    """Show the permutation tests."""
    observed = results["tests"][0]
    return [
        Table(
            "tests",
            "Permutation tests of whether strategies differ",
            results["tests"],
            {
                "compared": show_plain("compared"),
                "test": show_plain("test"),
                "statistic": lambda row: write_number(row["statistic"], ".3f"),
                "p": show_pvalue,
                "ω²": lambda row: write_number(row["omega_squared"], ".3f"),
            },
            f"{results['parameters']['n_permutations']} random relabellings of the "
            "networks. Ratio: mean distance between strategies over mean distance "
            "within. ω²: the share of the Wasserstein variance that strategies "
            "explain, less what they would by chance.",
        ),
        Plot(
            "null",
            figures.draw_null(results["null"], observed["statistic"]),
            "The ratio of distances for the strategies, and for random labels.",
        ),
        Table(
            "pairs",
            "Pairs of strategies",
            results["pairs"],
            {
                "pair": lambda row: f"{row['group_1']} and {row['group_2']}",
                "test": show_plain("test"),
                "statistic": lambda row: write_number(row["statistic"], ".3f"),
                "p": lambda row: write_number(row["pvalue"], ".2g"),
                "p, adjusted": lambda row: write_number(row["adjusted_pvalue"], ".2g"),
            },
            "Births and deaths together; adjusted by Benjamini and Hochberg for the "
            "rate of false discoveries among the pairs of a test.",
        ),
    ]


def show_points(collection, names, results):
    """Show the networks in the plane, and one clustering of them."""
    labels = results["labels"]
    rows = [
        {"strategy": str(name), "network": int(network), "cluster": int(label)}
        for name, network, label in zip(names, collection.network, labels, strict=True)
    ]
    return [
        Plot(
            "clusters",
            figures.draw_clusters(collection.connectomes, names, labels),
            "Left: networks in the plane that keeps most of their Wasserstein "
            "variance, and barycenters of strategies. Right: one clustering by Top "
            "(normalised), the best of restarts.",
        ),
        Table("clusters", "The cluster of each network", rows, {}),
    ]


def show_stimuli(collection, results):
    """Show study 2's purity by strategy."""
    tasks = list(collection.connectomes)
    rows = results["purity"]
    parts = [
        make_purity_table(f"purity-{task}", f"Clusters, {task}", rows, task, results)
        for task in tasks
    ]
    parts.append(
        Plot(
            "purity",
            figures.draw_purity(rows),
            "Purity of each method by strategy. Top (normalised) in bold.",
        )
    )
    explained = explain_methods(rows)
    left_out = [name for name in METHODS if name not in explained]
    n_pairs = len(collection.target) * (len(collection.target) - 1) // 2
    parts += [list_purity(rows), "The methods:", explained]
    if left_out:
        parts.append(
            f"Left out here: {findings.join(left_out)}, for which study 1 has figures. "
            f"They take longest, and there are {n_pairs:,} pairs of diagrams for each "
            "strategy."
        )
    return parts


def explain_methods(rows):
    """Say what stands behind the names of methods."""
    names = dict.fromkeys(row["method"] for row in rows)
    return {name: METHODS[name] for name in names}


def show_confusions(collection, results):
    """Show classes against clusters."""
    names = np.asarray(collection.target_names)[collection.target]
    labels = {
        row["strategy"]: row["labels"]
        for row in results["clusters"]
        if row["method"] == TOP
    }
    shown = {
        "strategy": show_plain("strategy"),
        "method": show_plain("method"),
        "purity": lambda row: write_number(row["purity"], ".3f"),
        "matched accuracy": lambda row: write_number(row["matched_accuracy"], ".3f"),
        "adjusted Rand, class": lambda row: write_number(
            row["adjusted_rand_class"], ".3f"
        ),
        "adjusted Rand, network": lambda row: write_number(
            row["adjusted_rand_network"], ".3f"
        ),
    }
    rows = [
        {key: value for key, value in row.items() if key != "labels"}
        for row in results["clusters"]
    ]
    return [
        Table(
            "clusters",
            "Classes or networks? Clusters of each form, best of restarts",
            rows,
            shown,
            "Matched accuracy: share of connectomes in the cluster that is matched to "
            "their class. The last two columns: how far clusters agree with the class "
            "of the stimuli, and with the network that was shown them; 0 is what "
            "random clusters reach.",
            is_own,
        ),
        Plot(
            "confusion",
            figures.draw_confusions(names, labels),
            "Connectomes by class and cluster of Top (normalised), best of restarts; "
            "clusters are matched to classes so that most connectomes lie on the "
            "diagonal.",
        ),
        Table("confusion", "Counts by class and cluster", results["confusion"], {}),
    ]


def list_files(results):
    """Say what else the folder holds."""
    return [
        "Beside this page: the same as Markdown (report.md), every number, parameter, "
        "seed and version as JSON (report.json), each table as CSV and Markdown "
        "(tables), each figure as PNG and SVG (figures).",
        Table("starts", "Every start of every method", results["starts"], {}),
    ]


def sort_methods(rows):
    """Sort by purity with the best of restarts; what failed comes last."""
    scored = [row for row in rows if findings.final_purity(row) is not None]
    failed = [row for row in rows if findings.final_purity(row) is None]
    return sorted(scored, key=findings.final_purity, reverse=True) + failed


def is_own(row):
    """Tell the rows of the package's own method."""
    return row["method"] == TOP


def show_plain(key):
    """Show a value as it is."""

    def show(row):
        value = row.get(key)
        return f"{value:g}" if isinstance(value, float) else str(value)

    return show


def show_spread(key):
    """Show mean ± standard deviation, or a dash."""

    def show(row):
        if row[f"{key}_mean"] is None:
            return "–"
        return f"{row[f'{key}_mean']:.3f} ± {row[f'{key}_std']:.3f}"

    return show


def show_pvalue(row):
    """Show a p-value, and whether it is the least there can be."""
    least = "≤ " if findings.is_least(row) else ""
    return f"{least}{row['pvalue']:.2g}"


def write_number(value, form):
    """Write a number, or a dash for None."""
    return "–" if value is None else format(value, form)
