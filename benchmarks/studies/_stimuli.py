"""Study 2: whether connectomes tell which class of stimuli a network was shown."""

import numpy as np
import pandas as pd
from sklearn.metrics import adjusted_rand_score

from benchmarks.studies._comparison import (
    choose_setting,
    compare_tasks,
    find_labels,
    label_rows,
)
from benchmarks.studies._methods import METHODS, PROFILES, SLOW, TOP
from sktopo.comparison._cache import Cache
from sktopo.metrics import matched_accuracy_score, purity_score

# Methods whose clusters are shown.
SHOWN = (TOP, PROFILES)


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
    results : dict
        `parameters`, and `tables`, data frames: `scores`, one row per strategy and
        method; `starts`, one per start; `clusters`, one per strategy and method of
        `SHOWN`, comparing the clusters of the best of restarts with classes and
        networks; `confusion`, one per strategy, method, class and cluster that share
        connectomes.
    """
    y = collection.target
    names = np.asarray(collection.target_names)[y]
    setting = choose_setting(collection.node_names, options)
    methods = options.methods or [name for name in METHODS if name not in SLOW]
    tasks = {strategy: (X, y) for strategy, X in collection.connectomes.items()}
    cache = Cache(str(cache))
    scores, starts = compare_tasks(tasks, methods, setting, options, cache)
    clusters, confusion = [], []
    for strategy, X in collection.connectomes.items():
        for method in (name for name in SHOWN if name in methods):
            labels = np.array(find_labels(X, y, method, setting, cache))
            one = {"strategy": strategy, "method": method}
            clusters.append(one | describe_clusters(y, collection.network, labels))
            confusion.append(label_rows(count_confusion(names, labels), **one))
    return {
        "parameters": {
            "n_starts": setting.n_starts,
            "n_repeats": setting.n_repeats,
            "seed": options.seed,
            "methods": methods,
        },
        "tables": {
            "scores": scores,
            "starts": starts,
            "clusters": pd.DataFrame(clusters),
            "confusion": pd.concat(confusion),
        },
    }


def describe_clusters(y, network, labels):
    """Compare clusters with classes, and with the networks that were shown them."""
    shared = len(np.unique(network)) < len(network)
    return {
        "purity": float(purity_score(y, labels)),
        "matched_accuracy": float(matched_accuracy_score(y, labels)),
        "adjusted_rand_class": float(adjusted_rand_score(y, labels)),
        # Networks that saw one class each do not occur in two rows.
        "adjusted_rand_network": (
            float(adjusted_rand_score(network, labels)) if shared else None
        ),
    }


def count_confusion(names, labels):
    """Count connectomes by class and cluster: columns class, cluster, count."""
    frame = pd.DataFrame({"class": names, "cluster": labels})
    return frame.groupby(["class", "cluster"]).size().reset_index(name="count")
