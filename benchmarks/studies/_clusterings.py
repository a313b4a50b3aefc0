"""Clusterings of connectomes over random starts, and the best of restarts."""

from time import process_time

import numpy as np
from sklearn.base import BaseEstimator, ClusterMixin, clone
from sklearn.utils import check_random_state

from sktopo import TopClusterer
from sktopo.baselines import MedoidClusterer
from sktopo.comparison import compare_clusterers, summarize
from sktopo.metrics import purity_score

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


def cluster(R, y, name, clusterer, n_starts, seed):
    """Cluster by one method over random starts.

    Parameters
    ----------
    R : ndarray of shape (n_samples, n_columns)
        What the method computes of connectomes.

    y : ndarray of shape (n_samples,)
        Their classes, as many as clusters.

    name : str
        Name of the method.

    clusterer : Pipeline
        What `make_clusterer` made.

    n_starts : int
        Number of single starts, of restarts of which the best is kept, and of
        repetitions of these.

    seed : int
        Draws the starts.

    Returns
    -------
    row : dict
        Means and standard deviations of scores for single starts and for the best of
        restarts (missing where a method has no inertia to choose by), and seconds.

    starts : list of dict
        One row per candidate and start.

    Raises
    ------
    RuntimeError
        If a start failed.
    """
    best = restart(clusterer, n_starts)
    candidates = {name: clusterer} | ({} if best is None else {name + BEST: best})
    table = compare_clusterers(R, y, candidates, n_starts=n_starts, random_state=seed)
    check_errors(table)
    summary = summarize(table).set_index("candidate").to_dict("index")
    row = {}
    for prefix, key in (("", name), ("best_", name + BEST)):
        for score in SCORES:
            for statistic in ("mean", "std"):
                found = summary.get(key, {}).get(f"{statistic}_{score}", np.nan)
                row[f"{prefix}{score}_{statistic}"] = found
    row["clustering_seconds"] = sum(part["seconds"] for part in summary.values())
    return row, table[["candidate", "start", *SCORES]].to_dict("records")


def check_errors(table):
    """Raise the first error of a comparison: what failed is not cached."""
    error = next(filter(None, table["error"]), None)
    if error is not None:
        raise RuntimeError(error)


def time_start(clusterer, R):
    """Time one start: the least processor time of three, or of fewer long ones."""
    seconds = []
    while len(seconds) < 3 and sum(seconds) < 1:
        start = process_time()
        clone(clusterer).fit(R)
        seconds.append(process_time() - start)
    return min(seconds)


def best_labels(R, clusterer, n_starts, seed):
    """Cluster by the best of restarts: a list of n_samples labels."""
    (start,) = draw_seeds(1, seed)
    best = restart(clusterer, n_starts)
    return best.set_params(clusterer__random_state=start).fit_predict(R).tolist()


def cluster_starts(points, n_clusters, *, n_init, n_starts, seed):
    """Cluster points by Top from several seeds.

    Returns
    -------
    labels : ndarray of shape (n_starts, n_samples)
        Clusters, the same starts as those of `cluster`.
    """
    starts = [
        # Points have far fewer coordinates than barcodes have births and deaths,
        # and the tolerance is per coordinate; at 0, only labels that settle count.
        TopClusterer(n_clusters, n_init=n_init, tol=0, random_state=start).fit(points)
        for start in draw_seeds(n_starts, seed)
    ]
    return np.stack([top.labels_ for top in starts])


def chance_purity(y, seed, n_draws):
    """Compute the mean purity of random partitions into equal clusters."""
    rng = np.random.default_rng(seed)
    clusters = np.arange(len(y)) % len(np.unique(y))
    draws = [purity_score(rng.permutation(y), clusters) for _ in range(n_draws)]
    return float(np.mean(draws))
