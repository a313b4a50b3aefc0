"""Clusterings of connectomes over random starts: Top and every baseline."""

from time import process_time

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClusterMixin, clone
from sklearn.decomposition import PCA
from sklearn.utils import check_random_state

from sktopo import TopClusterer
from sktopo.baselines import MedoidClusterer, baseline_clusterers
from sktopo.comparison import compare_clusterers, summarize
from sktopo.metrics import purity_score

TOP, TOP_SUM, EDGES = "Top (normalised)", "Top (sum)", "Adj"
# What each name of `baseline_clusterers` stands for.
METHODS = {
    TOP: "barcodes, births and deaths weigh the same; k-means",
    TOP_SUM: "barcodes, the published sum; k-means",
    "mean |r|": "mean absolute edge weight; k-means",
    "moments": "mean and deviation of the edge weights, standardised; k-means",
    "sorted weights": "edge weights in ascending order; k-means",
    EDGES: "edge weights alone (λ = 0); k-means",
    "BD": "bottleneck distance; k-medoids",
    "WD": "Wasserstein distance of diagrams; k-medoids",
    "SWK": "sliced Wasserstein distance; k-medoids",
    "HK": "heat kernel distance; k-medoids",
    "PF": "persistence Fisher distance; k-medoids",
    "PWG": "persistence-weighted Gaussian distance; k-medoids",
    "PI": "persistence images; k-means",
    "PL": "persistence landscapes; k-means",
    "graph summaries": "graph theory, standardised; k-means",
    "spectral": "similarity of edge weights; spectral clustering",
    "modularity": "similarity of edge weights; greedy modularity",
}
FORMS_OF_TOP = (TOP, TOP_SUM, EDGES)
BEST = ", best of restarts"
SCORES = ("purity", "adjusted_rand")


class BestOf(ClusterMixin, BaseEstimator):
    """Start a clusterer several times and keep the labels of lowest inertia.

    Parameters
    ----------
    clusterer : estimator
        With `random_state` and `inertia_`.

    n_init : int, default=20
        Number of starts.

    random_state : int, RandomState instance or None, default=None
        Draws the seeds of the starts.
    """

    def __init__(self, clusterer, *, n_init=20, random_state=None):
        self.clusterer = clusterer
        self.n_init = n_init
        self.random_state = random_state

    def fit(self, X, y=None):
        """Cluster X; y is ignored."""
        seeds = draw_seeds(self.n_init, self.random_state)
        starts = [
            clone(self.clusterer).set_params(random_state=seed).fit(X) for seed in seeds
        ]
        best = min(starts, key=lambda start: start.inertia_)
        self.labels_, self.inertia_ = best.labels_, best.inertia_
        return self


def draw_seeds(n_seeds, random_state):
    """Draw seeds as :func:`~sktopo.comparison.compare_clusterers` does."""
    return check_random_state(random_state).randint(2**31 - 1, size=n_seeds).tolist()


def restart(pipeline, n_init):
    """Let a pipeline keep the best of restarts; None if it has no inertia."""
    clusterer = pipeline["clusterer"]
    if "n_init" in clusterer.get_params():
        return clone(pipeline).set_params(clusterer__n_init=n_init)
    if isinstance(clusterer, MedoidClusterer):
        return clone(pipeline).set_params(clusterer=BestOf(clusterer, n_init=n_init))
    return None


def make_candidates(n_clusters, methods, n_starts):
    """Make clusterers of one start, and those that keep the best of `n_starts`."""
    single = baseline_clusterers(n_clusters)
    single = {name: single[name] for name in methods}
    best = {name + BEST: restart(single[name], n_starts) for name in methods}
    return single, {name: model for name, model in best.items() if model is not None}


def compare_tasks(tasks, methods, n_starts, options, memory):
    """Cluster by several methods over random starts, in several tasks.

    Parameters
    ----------
    tasks : dict of str to tuple
        By the name of a task, its connectome rows (n_samples, n_edges) and their
        classes, as many as clusters.

    methods : sequence of str
        Keys of `METHODS`.

    n_starts : int
        Number of single starts, of restarts of which the best is kept, and of
        repetitions of these.

    options : argparse.Namespace
        With `n_jobs`, `quick` and `seed`, which draws the starts.

    memory : str
        Folder where to keep what is finished.

    Returns
    -------
    purity : DataFrame
        One row per task and method: the purity of random clusters (`chance`), means
        and standard deviations of purity and adjusted Rand index for single starts
        and for the best of restarts (missing where a method has no inertia to choose
        by), core seconds, and the first error or "".

    starts : DataFrame
        One row per task, candidate and start.
    """
    purity, starts = [], []
    for task, (X, y) in tasks.items():
        rows, rows_of_starts = compare_methods(X, y, methods, n_starts, options, memory)
        n_draws = 99 if options.quick else 999
        chance = chance_purity(y, options.seed, n_draws)
        purity.append(label_rows(rows, task=task, chance=chance))
        starts.append(label_rows(rows_of_starts, task=task))
    return pd.concat(purity, ignore_index=True), pd.concat(starts, ignore_index=True)


def compare_methods(X, y, methods, n_starts, options, memory):
    """Cluster one task: data frames of methods and of starts."""
    single, best = make_candidates(len(np.unique(y)), methods, n_starts)
    given = {"n_jobs": options.n_jobs, "memory": memory, "verbose": True}
    given["random_state"] = options.seed
    # What all starts of a method share is computed here once; two jobs that start
    # with the method and its restarts at the same time would both compute it.
    compare_clusterers(X, y, single, n_starts=1, **given)
    table = compare_clusterers(X, y, {**single, **best}, n_starts=n_starts, **given)
    summary = summarize(table).set_index("candidate").to_dict("index")
    rows = [
        {"n_connectomes": len(y), **summarize_method(name, summary)} for name in methods
    ]
    kept = ["candidate", "start", *SCORES, "error"]
    return pd.DataFrame(rows), table[kept]


def summarize_method(name, summary):
    """Put the scores of single starts and of the best of restarts into one row."""
    row = {"method": name}
    for prefix, key in (("", name), ("best_", name + BEST)):
        for score in SCORES:
            for statistic in ("mean", "std"):
                found = summary.get(key, {}).get(f"{statistic}_{score}", np.nan)
                row[f"{prefix}{score}_{statistic}"] = found
    both = [summary[key] for key in (name, name + BEST) if key in summary]
    row["core_seconds"] = sum(part["seconds"] for part in both)
    row["error"] = next((part["error"] for part in both if part["error"]), "")
    return row


def label_rows(frame, **labels):
    """Put columns of one value each before those of a data frame."""
    return frame.assign(**labels)[[*labels, *frame.columns]]


def time_method(X, y, method, seed):
    """Cluster by one method with nothing kept from before.

    Returns
    -------
    seconds : float
        Seconds of processor time, which other work on the machine hardly changes; of
        short runs the least of three, since the first loads what the method needs.
    """
    model = baseline_clusterers(len(np.unique(y)), random_state=seed)[method]
    seconds = []
    while len(seconds) < 3 and sum(seconds) < 5:
        start = process_time()
        clone(model).fit(X)
        seconds.append(process_time() - start)
    return min(seconds)


def span_coordinates(rows):
    """Write rows in coordinates of their span, which keeps all distances."""
    return PCA(svd_solver="full").fit_transform(rows.astype(np.float64))


def cluster_starts(points, n_clusters, *, n_init, n_starts, seed):
    """Cluster points by Top from several seeds.

    Returns
    -------
    labels : ndarray of shape (n_starts, n_samples)
        Clusters, the same starts as those of `compare_methods`.
    """
    starts = [
        # Points have far fewer coordinates than barcodes have births and deaths,
        # and the tolerance is per coordinate; at 0, only labels that settle count.
        TopClusterer(n_clusters, n_init=n_init, tol=0, random_state=start).fit(points)
        for start in draw_seeds(n_starts, seed)
    ]
    return np.stack([top.labels_ for top in starts])


def best_labels(X, n_clusters, method, n_starts, seed):
    """Cluster by a form of Top, the best of restarts: a list of n_samples labels."""
    rows = baseline_clusterers(n_clusters)[method]["rows"].fit_transform(X)
    (labels,) = cluster_starts(
        span_coordinates(rows), n_clusters, n_init=n_starts, n_starts=1, seed=seed
    )
    return labels.tolist()


def chance_purity(y, seed, n_draws):
    """Compute the mean purity of random partitions into equal clusters."""
    rng = np.random.default_rng(seed)
    clusters = np.arange(len(y)) % len(np.unique(y))
    draws = [purity_score(rng.permutation(y), clusters) for _ in range(n_draws)]
    return float(np.mean(draws))
