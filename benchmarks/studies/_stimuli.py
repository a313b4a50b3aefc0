"""Study 2: whether connectomes tell which class of stimuli a network was shown."""

import numpy as np
import pandas as pd
from sklearn.metrics import adjusted_rand_score

from benchmarks.studies import _clusterings
from sktopo.comparison._cache import Cache
from sktopo.metrics import matched_accuracy_score, purity_score

# Without the three whose distances between all pairs of diagrams would take longer than
# everything else together.
STIMULI_METHODS = tuple(
    name for name in _clusterings.METHODS if name not in ("BD", "WD", "PF")
)


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
        `parameters`, and `tables`, data frames: `purity`, one row per strategy and
        method; `starts`, one per start; `clusters`, one per strategy and form of Top,
        comparing the clusters of the best of restarts with classes and networks;
        `confusion`, one per strategy, form, class and cluster that share connectomes.
    """
    n_starts = 4 if options.quick else 20
    y = collection.target
    memory, cache = str(cache), Cache(str(cache))
    names = np.asarray(collection.target_names)[y]
    tasks = {strategy: (X, y) for strategy, X in collection.connectomes.items()}
    purity, starts = _clusterings.compare_tasks(
        tasks, STIMULI_METHODS, n_starts, options, memory
    )
    clusters, confusion = [], []
    for strategy, X in collection.connectomes.items():
        for method in _clusterings.FORMS_OF_TOP:
            given = (X, len(set(y)), method, n_starts, options.seed)
            labels = np.array(cache.recall(_clusterings.best_labels, *given))
            one = {"strategy": strategy, "method": method}
            clusters.append(one | describe_clusters(y, collection.network, labels))
            confusion.append(
                _clusterings.label_rows(count_confusion(names, labels), **one)
            )
    return {
        "parameters": {
            "n_starts": n_starts,
            "seed": options.seed,
            "methods": list(STIMULI_METHODS),
        },
        "tables": {
            "purity": purity,
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
