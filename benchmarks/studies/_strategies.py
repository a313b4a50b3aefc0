"""Study 1: whether connectomes tell how a network was trained."""

from functools import partial
from itertools import product

import numpy as np
import pandas as pd

from benchmarks.studies._clusterings import cluster_starts
from benchmarks.studies._comparison import (
    choose_setting,
    compare_tasks,
    find_labels,
    label_rows,
)
from benchmarks.studies._files import run_parallel
from benchmarks.studies._methods import METHODS, TOP, span_coordinates
from sktopo import GraphPersistence
from sktopo._utils.blocks import find_block_edges, list_blocks
from sktopo._utils.nodes import find_layers
from sktopo.barcodes import (
    barcode_rows,
    quantile_vectors,
    scale_barcodes,
    split_barcodes,
)
from sktopo.comparison._cache import Cache
from sktopo.inference import pairwise_permutation_test, permanova, permutation_test
from sktopo.metrics import purity_score

ALL = "all strategies together"
FORMS = {"normalised": True, "balanced": "balanced", "sum": False}
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
        `parameters`, and `tables`, data frames: `scores`, `starts`, `weights`,
        `connectomes`, `distances`, `barcodes`, `tests`, `pairs`, and `clusters`, in
        which Top (normalised), the best of restarts, puts each network.
    """
    X, names = collection.connectomes, np.asarray(collection.target_names)
    setting = choose_setting(collection.node_names, options)
    methods = options.methods or list(METHODS)
    parameters = {
        "n_starts": setting.n_starts,
        "n_repeats": setting.n_repeats,
        "n_permutations": 999 if options.quick else 9999,
        "weights": QUICK_WEIGHTS if options.quick else WEIGHTS,
        "seed": options.seed,
        "n_quantiles": N_QUANTILES,
        "methods": methods,
    }
    tasks = make_tasks(X, collection.target, names)
    cache = Cache(str(cache))
    scores, starts = compare_tasks(tasks, methods, setting, options, cache)
    of_row = names[collection.target]
    tests = cache.recall(
        permute_strategies, X, of_row, parameters["n_permutations"], options.seed
    )
    clusters = {
        "strategy": of_row,
        "network": collection.network,
        "cluster": find_labels(X, collection.target, TOP, setting, cache),
    }
    return {
        "parameters": {**parameters, "tasks": list(tasks)},
        "tables": {
            "scores": scores,
            "starts": starts,
            "weights": sweep_weights(tasks[ALL], parameters, cache, options),
            **describe_strategies(X, of_row, collection.node_names),
            **{name: pd.DataFrame(rows) for name, rows in tests.items()},
            "clusters": pd.DataFrame(clusters),
        },
    }


def make_tasks(X, target, names):
    """List the tasks: all strategies, and each against the first; rows and classes."""
    tasks = {ALL: (X, target)}
    for k in range(1, len(names) if len(names) > 2 else 1):
        chosen = np.isin(target, (0, k))
        tasks[f"{names[k]} against {names[0]}"] = X[chosen], target[chosen]
    return tasks


def sweep_weights(task, parameters, cache, options):
    """Cluster by Top with the topology weight λ from 0 to 1: a data frame."""
    pieces = list(product(FORMS, parameters["weights"]))
    n_starts, seed = parameters["n_starts"], parameters["seed"]
    calls = [(*task, weight, FORMS[form], n_starts, seed) for form, weight in pieces]
    cluster = partial(cache.recall, cluster_weight)
    found = run_parallel(cluster, calls, n_jobs=options.n_jobs, what="λ")
    rows = [
        {"form": form, "weight": weight, **row}
        for (form, weight), row in zip(pieces, found, strict=True)
    ]
    return pd.DataFrame(rows)


def cluster_weight(X, y, weight, normalize, n_starts, seed):
    """Cluster with one topology weight: purity of starts and of best of restarts."""
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
    return row


def describe_strategies(X, names, node_names):
    """Describe connectomes and barcodes of each strategy.

    Returns
    -------
    tables : dict of str to DataFrame
        `connectomes`: a row per strategy, with the mean edge weight, also within and
        between layers, and the Wasserstein standard deviation about the barycenter.
        `distances`: a row per pair, the Wasserstein distance of their barycenters.
        `barcodes`: a row per strategy, kind (births, deaths) and quantile, with mean
        and standard deviation over networks. Distances are in the normalised form.
    """
    barcodes = barcode_rows(X)
    scaled = scale_barcodes(barcodes)
    blocks = find_blocks(node_names)
    centers, connectomes, quantiles = {}, [], []
    for name in dict.fromkeys(names.tolist()):
        members = names == name
        centers[name] = scaled[members].mean(axis=0, dtype=np.float64)
        squared = ((scaled[members] - centers[name]) ** 2).sum(axis=1)
        edge_means = X[members].mean(axis=1, dtype=np.float64)
        mean = X[members].mean(axis=0, dtype=np.float64)
        connectomes.append(
            {
                "strategy": name,
                "n_networks": int(members.sum()),
                "edge_mean": edge_means.mean(),
                "edge_std": edge_means.std(),
                "wasserstein_std": np.sqrt(squared.mean()),
                **{block: mean[edges].mean() for block, edges in blocks.items()},
            }
        )
        parts = split_barcodes(barcodes[members])
        for kind, values in zip(("births", "deaths"), parts, strict=True):
            one = {"strategy": name, "kind": kind}
            quantiles.append(label_rows(tabulate_quantiles(values), **one))
    distances = [
        {
            "strategy_1": first,
            "strategy_2": second,
            "distance": np.linalg.norm(centers[first] - centers[second]),
        }
        for k, second in enumerate(centers)
        for first in list(centers)[:k]
    ]
    return {
        "connectomes": pd.DataFrame(connectomes),
        "distances": pd.DataFrame(distances),
        "barcodes": pd.concat(quantiles),
    }


def tabulate_quantiles(values):
    """Tabulate quantiles of births or deaths (n_networks, n_values) over networks."""
    found = quantile_vectors(values, N_QUANTILES).astype(np.float64)
    levels = (np.arange(N_QUANTILES) + 0.5) / N_QUANTILES
    return pd.DataFrame(
        {"quantile": levels, "mean": found.mean(axis=0), "std": found.std(axis=0)}
    )


def find_blocks(node_names):
    """Find the edges within each layer and between each two: positions by name."""
    layers, members = find_layers(node_names)
    return {
        f"within {layers[a]}" if a == b else f"{layers[a]} to {layers[b]}": (
            find_block_edges(members, (a, b))
        )
        for a, b in sorted(list_blocks(layers, members).values())
    }


def permute_strategies(X, names, n_permutations, seed):
    """Test whether strategies differ in topology: all at once, and each pair.

    Returns
    -------
    tables : dict of str to list of dict
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
    pairs = [
        label_rows(
            pairwise_permutation_test(rows, names, test=test, **options), test=label
        )
        for label, test in (("ratio", "ratio"), ("PERMANOVA", "permanova"))
    ]
    tables = {"tests": pd.DataFrame(tests), "pairs": pd.concat(pairs)}
    return {name: table.to_dict("records") for name, table in tables.items()}
