"""Study 1: whether connectomes tell how a network was trained."""

from time import perf_counter

import numpy as np
from joblib import Memory, Parallel, delayed
from tqdm import tqdm

from benchmarks.studies._clusterings import (
    METHODS,
    TOP,
    best_labels,
    chance_purity,
    cluster_starts,
    compare_methods,
    span_coordinates,
    time_method,
    to_rows,
)
from sktopo import GraphPersistence
from sktopo.barcodes import (
    barcode_rows,
    quantile_vectors,
    scale_barcodes,
    split_barcodes,
)
from sktopo.inference import pairwise_permutation_test, permanova, permutation_test
from sktopo.metrics import purity_score

ALL = "all strategies together"
FORMS = {"normalised": True, "sum": False}
PARTS = {"births and deaths": (0, 1), "births": (0,), "deaths": (1,)}
WEIGHTS = (0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1)
QUICK_WEIGHTS = (0, 0.5, 1)
N_QUANTILES = 100


def study_strategies(collection, options, cache):
    """Compute study 1 from connectomes.

    Parameters
    ----------
    collection : Bunch
        See the package's docstring.

    options : argparse.Namespace
        Options of the command.

    cache : pathlib.Path
        Folder for what is finished, so that a run that was stopped goes on.

    Returns
    -------
    results : dict
        `parameters`, and rows: `purity`, `starts`, `weights`, `connectomes`,
        `distances`, `barcodes`, `blocks`, `tests`, `pairs`; `null`, numbers;
        and `labels`, clusters of Top (normalised), best of restarts.
    """
    X, names = collection.connectomes, np.asarray(collection.target_names)
    parameters = {
        "n_starts": 4 if options.quick else 20,
        "n_permutations": 999 if options.quick else 9999,
        "weights": QUICK_WEIGHTS if options.quick else WEIGHTS,
        "seed": options.seed,
        "n_quantiles": N_QUANTILES,
    }
    tasks = make_tasks(collection.target, names)
    memory = Memory(cache, verbose=0)
    purity, starts = compare_tasks(X, tasks, parameters, memory, options)
    of_row = names[collection.target]
    permute = memory.cache(permute_strategies)
    return {
        "parameters": {**parameters, "tasks": list(tasks)},
        "purity": purity,
        "starts": starts,
        "weights": sweep_weights(X, tasks, parameters, memory, options),
        **describe_strategies(X, of_row),
        "blocks": average_blocks(X, of_row, collection.node_names),
        **permute(X, of_row, parameters["n_permutations"], options.seed),
        "labels": memory.cache(best_labels)(
            X, len(names), TOP, parameters["n_starts"], options.seed
        ),
    }


def make_tasks(target, names):
    """List the tasks: all strategies, and each against the first; rows and classes."""
    tasks = {ALL: np.arange(len(target))}
    for k in range(1, len(names) if len(names) > 2 else 1):
        tasks[f"{names[k]} against {names[0]}"] = np.flatnonzero(
            np.isin(target, (0, k))
        )
    return {task: (chosen, target[chosen]) for task, chosen in tasks.items()}


def compare_tasks(X, tasks, parameters, memory, options):
    """Cluster each task by all methods: rows of purity, and of all starts."""
    purity, starts = [], []
    for task, (chosen, y) in tasks.items():
        rows, found = compare_methods(
            X[chosen],
            y,
            methods=list(METHODS),
            n_starts=parameters["n_starts"],
            n_jobs=options.n_jobs,
            memory=memory,
            seed=options.seed,
        )
        chance = chance_purity(y, options.seed)
        for row in rows:
            seconds = None
            if task == ALL and not row["error"]:
                seconds = memory.cache(time_method)(
                    X[chosen], y, row["method"], options.seed
                )
            purity.append(
                {
                    "task": task,
                    "chance": chance,
                    **row,
                    "seconds_alone": seconds,
                }
            )
        starts += [{"task": task, **row} for row in found]
    return purity, starts


def sweep_weights(X, tasks, parameters, memory, options):
    """Cluster by Top with the topology weight λ from 0 to 1: rows."""
    pieces = [
        (task, form, weight)
        for task in tasks
        for form in FORMS
        for weight in parameters["weights"]
    ]
    cluster = memory.cache(cluster_weight)
    found = Parallel(n_jobs=options.n_jobs, return_as="generator")(
        delayed(cluster)(
            X[tasks[task][0]],
            tasks[task][1],
            weight,
            FORMS[form],
            parameters["n_starts"],
            parameters["seed"],
        )
        for task, form, weight in pieces
    )
    found = tqdm(found, desc="λ", total=len(pieces))
    return [
        {"task": task, "form": form, "weight": weight, **row}
        for (task, form, weight), row in zip(pieces, found, strict=True)
    ]


def cluster_weight(X, y, weight, normalize, n_starts, seed):
    """Cluster with one topology weight: purity of starts and of best of restarts."""
    start = perf_counter()
    persistence = GraphPersistence(topology_weight=weight, normalize=normalize)
    points = span_coordinates(persistence.fit_transform(X))
    row = {}
    for prefix, n_init in (("", 1), ("best_", n_starts)):
        labels = cluster_starts(
            points, len(np.unique(y)), n_init=n_init, n_starts=n_starts, seed=seed
        )
        purities = [purity_score(y, start) for start in labels]
        row[f"{prefix}purity_mean"] = float(np.mean(purities))
        row[f"{prefix}purity_std"] = float(np.std(purities))
    return {**row, "core_seconds": perf_counter() - start}


def describe_strategies(X, names):
    """Describe connectomes and barcodes of each strategy.

    Returns
    -------
    found : dict of str to list of dict
        `connectomes`: a row per strategy, with the mean edge weight and the
        Wasserstein standard deviation about the barycenter. `distances`: a row per
        pair, the Wasserstein distance of their barycenters. `barcodes`: a row per
        strategy, kind (births, deaths) and quantile, with mean and standard
        deviation over networks. Distances are in the normalised form.
    """
    barcodes = barcode_rows(X)
    scaled = scale_barcodes(barcodes)
    centers, connectomes, quantiles = {}, [], []
    for name in dict.fromkeys(names.tolist()):
        members = names == name
        centers[name] = scaled[members].mean(axis=0, dtype=np.float64)
        squared = ((scaled[members] - centers[name]) ** 2).sum(axis=1)
        edge_means = X[members].mean(axis=1, dtype=np.float64)
        connectomes.append(
            {
                "strategy": name,
                "n_networks": int(members.sum()),
                "edge_mean": float(edge_means.mean()),
                "edge_std": float(edge_means.std()),
                "wasserstein_std": float(np.sqrt(squared.mean())),
            }
        )
        parts = split_barcodes(barcodes[members])
        for kind, values in zip(("births", "deaths"), parts, strict=True):
            quantiles += tabulate_quantiles(name, kind, values)
    distances = [
        {
            "strategy_1": first,
            "strategy_2": second,
            "distance": float(np.linalg.norm(centers[first] - centers[second])),
        }
        for k, second in enumerate(centers)
        for first in list(centers)[:k]
    ]
    return {"connectomes": connectomes, "distances": distances, "barcodes": quantiles}


def tabulate_quantiles(name, kind, values):
    """Tabulate quantile functions of births or deaths: mean, standard deviation."""
    levels = (np.arange(N_QUANTILES) + 0.5) / N_QUANTILES
    quantiles = quantile_vectors(values, N_QUANTILES)
    return [
        {
            "strategy": name,
            "kind": kind,
            "quantile": float(level),
            "mean": float(column.mean()),
            "std": float(column.std()),
        }
        for level, column in zip(levels, quantiles.T.astype(np.float64), strict=True)
    ]


def average_blocks(X, names, node_names):
    """Average edge weights within and between layers: a row per strategy."""
    of_node = np.array([str(name).rsplit("[", 1)[0] for name in node_names])
    layers = list(dict.fromkeys(of_node.tolist()))
    numbers = np.array([layers.index(layer) for layer in of_node])
    ends = np.sort(numbers[np.array(np.triu_indices(len(numbers), 1))], axis=0).T
    rows = []
    for name in dict.fromkeys(names.tolist()):
        mean = X[names == name].mean(axis=0, dtype=np.float64)
        row = {"strategy": name}
        for a, b in sorted(set(map(tuple, ends.tolist()))):
            between = a != b
            key = f"{layers[a]} to {layers[b]}" if between else f"within {layers[a]}"
            row[key] = float(mean[(ends == (a, b)).all(axis=1)].mean())
        rows.append(row)
    return rows


def permute_strategies(X, names, n_permutations, seed):
    """Test whether strategies differ in topology: all at once, and each pair.

    Returns
    -------
    found : dict
        `tests`: rows for births and deaths together and apart, for the ratio of
        distances and for PERMANOVA. `pairs`: rows for the pairs of strategies, with
        p-values adjusted for the false discovery rate. `null`: the statistics of
        random labels for the ratio of births and deaths together.
    """
    rows = GraphPersistence().fit_transform(X)
    options = {"n_permutations": n_permutations, "random_state": seed}
    tests = []
    for part, dimensions in PARTS.items():
        for label, test in (("ratio", permutation_test), ("PERMANOVA", permanova)):
            result = test(rows, names, homology_dimensions=dimensions, **options)
            tests.append(
                {
                    "compared": part,
                    "test": label,
                    "statistic": float(result.statistic),
                    "pvalue": float(result.pvalue),
                    "omega_squared": getattr(result, "omega_squared", None),
                    "n_relabellings": len(result.null_distribution),
                    "exact": result.exact,
                }
            )
            if (part, label) == ("births and deaths", "ratio"):
                null = result.null_distribution.tolist()
    pairs = []
    for label, test in (("ratio", "ratio"), ("PERMANOVA", "permanova")):
        table = pairwise_permutation_test(rows, names, test=test, **options)
        pairs += [{"test": label, **row} for row in to_rows(table)]
    return {"tests": tests, "pairs": pairs, "null": null}
