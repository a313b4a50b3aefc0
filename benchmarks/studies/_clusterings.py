"""Clusterings of connectomes over random starts: Top and every baseline."""

from time import process_time

import numpy as np
from sklearn.base import BaseEstimator, ClusterMixin, clone
from sklearn.decomposition import PCA
from sklearn.utils import check_random_state

from sktopo import TopClusterer
from sktopo.baselines import MedoidClusterer, baseline_clusterers
from sktopo.comparison import compare_clusterers, summarize
from sktopo.metrics import purity_score

TOP, TOP_SUM, EDGES = "Top (normalised)", "Top (sum)", "Adj"
METHODS = tuple(baseline_clusterers(2))
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
    """Let a pipeline keep the best of restarts; None if it cannot tell the best."""
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


def compare_methods(X, y, *, methods, n_starts, n_jobs, memory, seed):
    """Cluster by several methods over random starts.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_edges)
        Connectome rows.

    y : ndarray of shape (n_samples,)
        Classes, as many as clusters.

    methods : sequence of str
        Keys of `METHODS`.

    n_starts : int
        Number of single starts, of restarts of which the best is kept, and of
        repetitions of these.

    n_jobs : int
        Number of parallel jobs.

    memory : joblib.Memory
        Where to keep what is finished.

    seed : int
        Draws the starts.

    Returns
    -------
    rows : list of dict
        One per method: means and standard deviations of purity and adjusted Rand
        index for single starts and for the best of restarts (None where a method
        cannot tell which start is best), core seconds, and the first error or "".

    starts : list of dict
        One per candidate and start.
    """
    single, best = make_candidates(len(np.unique(y)), methods, n_starts)
    options = {"n_jobs": n_jobs, "memory": memory, "verbose": True}
    # The steps that all starts share are computed once, here. Otherwise two jobs that
    # start at the same time would both compute them.
    compare_clusterers(X, y, single, n_starts=1, random_state=seed, **options)
    table = compare_clusterers(
        X, y, {**single, **best}, n_starts=n_starts, random_state=seed, **options
    )
    summary = summarize(table).to_dict("records")
    found = {row["candidate"]: row for row in summary}
    rows = [
        {"n_connectomes": len(y), **summarize_method(name, found)} for name in methods
    ]
    columns = ["candidate", "start", *SCORES, "error"]
    return rows, table[columns].to_dict("records")


def summarize_method(name, found):
    """Put what was found for single starts and for the best of restarts in a row."""
    row = {"method": name}
    for prefix, key in (("", name), ("best_", name + BEST)):
        scored = key in found and found[key]["n_scored"]
        for score in SCORES:
            for statistic in ("mean", "std"):
                value = float(found[key][f"{statistic}_{score}"]) if scored else None
                row[f"{prefix}{score}_{statistic}"] = value
    both = [found[key] for key in (name, name + BEST) if key in found]
    row["core_seconds"] = float(sum(part["seconds"] for part in both))
    row["error"] = next((part["error"] for part in both if part["error"]), "")
    return row


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
    """Cluster by a form of Top, the best of restarts: labels (n_samples,)."""
    rows = baseline_clusterers(n_clusters)[method]["rows"].fit_transform(X)
    (labels,) = cluster_starts(
        span_coordinates(rows), n_clusters, n_init=n_starts, n_starts=1, seed=seed
    )
    return labels


def chance_purity(y, seed, n_draws=999):
    """Compute the mean purity of random partitions into equal clusters."""
    rng = np.random.default_rng(seed)
    clusters = np.arange(len(y)) % len(np.unique(y))
    draws = [purity_score(rng.permutation(y), clusters) for _ in range(n_draws)]
    return float(np.mean(draws))
