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
)
from sktopo import GraphPersistence
from sktopo.inference import pairwise_permutation_test, permanova, permutation_test
from sktopo.metrics import purity_score

ALL = "all strategies together"
FORMS = {"normalised": True, "sum": False}
PARTS = {"births and deaths": (0, 1), "births": (0,), "deaths": (1,)}
WEIGHTS = (0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1)
QUICK_WEIGHTS = (0, 0.5, 1)


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
    parameters : dict
        What was asked for.

    tables : dict of str to list of dict
        `purity` and `weights` (purity by topology weight), `starts` (every start),
        `clusters` (of Top (normalised), best of restarts), `connectomes`, `distances`,
        `tests` and `pairs`.
    """
    X, names = collection.connectomes, np.asarray(collection.target_names)
    parameters = {
        "n_starts": 4 if options.quick else 20,
        "n_permutations": 999 if options.quick else 9999,
        "weights": QUICK_WEIGHTS if options.quick else WEIGHTS,
        "seed": options.seed,
    }
    tasks = make_tasks(collection.target, names)
    memory = Memory(cache, verbose=0)
    purity, starts = compare_tasks(X, tasks, parameters, memory, options)
    of_row = names[collection.target]
    permute = memory.cache(permute_strategies)
    labels = memory.cache(best_labels)(
        X, len(names), TOP, parameters["n_starts"], options.seed
    )
    tables = {
        "purity": purity,
        "weights": sweep_weights(X, tasks, parameters, memory, options),
        **describe_strategies(X, of_row, collection.node_names),
        **permute(X, of_row, parameters["n_permutations"], options.seed),
        "clusters": [
            {"strategy": str(name), "network": int(network), "cluster": int(label)}
            for name, network, label in zip(
                of_row, collection.network, labels, strict=True
            )
        ],
        "starts": starts,
    }
    return {**parameters, "tasks": list(tasks)}, tables


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


def describe_strategies(X, names, node_names):
    """Describe the connectomes of each strategy.

    Returns
    -------
    tables : dict of str to list of dict
        `connectomes`: a row per strategy, with the mean edge weight, in all and by
        pair of layers, and the Wasserstein standard deviation. `distances`: a row per
        pair of strategies, the Wasserstein distance of their barycenters. Distances
        are in the normalised form.
    """
    rows = GraphPersistence().fit_transform(X)
    centers, connectomes = {}, []
    for name in dict.fromkeys(names.tolist()):
        members = names == name
        centers[name] = rows[members].mean(axis=0, dtype=np.float64)
        squared = ((rows[members] - centers[name]) ** 2).sum(axis=1)
        edge_means = X[members].mean(axis=1, dtype=np.float64)
        connectomes.append(
            {
                "strategy": name,
                "n_networks": int(members.sum()),
                "edge_mean": float(edge_means.mean()),
                "edge_std": float(edge_means.std()),
                "wasserstein_std": float(np.sqrt(squared.mean())),
                **average_blocks(X[members], node_names),
            }
        )
    distances = [
        {
            "strategy_1": first,
            "strategy_2": second,
            "distance": float(np.linalg.norm(centers[first] - centers[second])),
        }
        for k, second in enumerate(centers)
        for first in list(centers)[:k]
    ]
    return {"connectomes": connectomes, "distances": distances}


def average_blocks(X, node_names):
    """Average edge weights within and between layers: a dict."""
    of_node = np.array([str(name).rsplit("[", 1)[0] for name in node_names])
    layers = list(dict.fromkeys(of_node.tolist()))
    numbers = np.array([layers.index(layer) for layer in of_node])
    ends = np.sort(numbers[np.array(np.triu_indices(len(numbers), 1))], axis=0).T
    mean, blocks = X.mean(axis=0, dtype=np.float64), {}
    for a, b in sorted(set(map(tuple, ends.tolist()))):
        key = f"{layers[a]} to {layers[b]}" if a != b else f"within {layers[a]}"
        blocks[key] = float(mean[(ends == (a, b)).all(axis=1)].mean())
    return blocks


def permute_strategies(X, names, n_permutations, seed):
    """Test whether strategies differ in topology: all at once, and each pair.

    Returns
    -------
    found : dict
        `tests`: rows for births and deaths together and apart, for the ratio of
        distances and for PERMANOVA. `pairs`: rows for the pairs of strategies, with
        p-values adjusted for the false discovery rate.
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
    pairs = []
    for label, test in (("ratio", "ratio"), ("PERMANOVA", "permanova")):
        table = pairwise_permutation_test(rows, names, test=test, **options)
        pairs += [{"test": label, **row} for row in table.to_dict("records")]
    return {"tests": tests, "pairs": pairs}
