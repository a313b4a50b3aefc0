"""Study 2: whether connectomes tell which class of stimuli a network was shown."""

import numpy as np
from joblib import Memory
from sklearn.metrics import adjusted_rand_score
from sklearn.metrics.cluster import contingency_matrix

from benchmarks.studies._clusterings import (
    FORMS_OF_TOP,
    METHODS,
    best_labels,
    chance_purity,
    compare_methods,
)
from sktopo.metrics import matched_accuracy_score, purity_score

# Distances between the diagrams of all pairs of networks, for every strategy, would
# take longer with the methods left out than everything else together.
STIMULI_METHODS = tuple(name for name in METHODS if name not in ("BD", "WD", "PF"))


def study_stimuli(collection, options, cache):
    """Compute study 2 from connectomes.

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
        `purity`, a row per strategy and method; `clusters`, a row per strategy and form
        of Top, with the agreement of clusters (the best of restarts) with classes and
        with networks; `confusion`, a row per strategy, form, class and cluster;
        `starts`, a row per start.
    """
    n_starts = 4 if options.quick else 20
    y = collection.target
    memory = Memory(cache, verbose=0)
    chance = chance_purity(y, options.seed)
    found = {"purity": [], "clusters": [], "confusion": [], "starts": []}
    for strategy, X in collection.connectomes.items():
        rows, starts = compare_methods(
            X,
            y,
            methods=STIMULI_METHODS,
            n_starts=n_starts,
            n_jobs=options.n_jobs,
            memory=memory,
            seed=options.seed,
        )
        found["purity"] += [{"task": strategy, "chance": chance, **row} for row in rows]
        found["starts"] += [{"task": strategy, **row} for row in starts]
        for method in FORMS_OF_TOP:
            labels = memory.cache(best_labels)(
                X, len(set(y)), method, n_starts, options.seed
            )
            one = {"strategy": strategy, "method": method}
            described = describe_clusters(y, collection.network, labels)
            found["clusters"].append({**one, **described})
            counts = count_confusion(np.asarray(collection.target_names)[y], labels)
            found["confusion"] += [{**one, **row} for row in counts]
    parameters = {
        "n_starts": n_starts,
        "seed": options.seed,
        "chance": chance,
        "methods": list(STIMULI_METHODS),
    }
    return parameters, found


def describe_clusters(y, network, labels):
    """Compare clusters with classes, and with the networks that were shown them."""
    shared = len(np.unique(network)) < len(network)
    return {
        "purity": float(purity_score(y, labels)),
        "matched_accuracy": float(matched_accuracy_score(y, labels)),
        "adjusted_rand_class": float(adjusted_rand_score(y, labels)),
        # Networks that saw one class each have nothing in common to be found.
        "adjusted_rand_network": (
            float(adjusted_rand_score(network, labels)) if shared else None
        ),
    }


def count_confusion(names, labels):
    """Count networks by class and cluster: rows."""
    counts = np.asarray(contingency_matrix(names, labels))
    return [
        {"class": str(name), "cluster": int(cluster), "count": int(count)}
        for name, line in zip(np.unique(names), counts, strict=True)
        for cluster, count in zip(np.unique(labels), line, strict=True)
    ]
