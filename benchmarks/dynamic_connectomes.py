"""Communities that come and go: ``python -m benchmarks.dynamic_connectomes``.

Ten simulated animals have three communities of eight neurons, each of which shares a
signal during a part of the recording; a quarter of the neurons of each animal is
missing. How well are the communities, and the times when they are active, found by
DynamicConnectome, by clusters of windows, and by clusters of windows averaged over
animals?

The second table has the seconds of processor time of one start, which ends when the
error falls by less than 1e-6 in an iteration, of DynamicConnectome and of tensorly, if
that is installed. tensorly is stopped after 100 iterations.
"""

import importlib.util
import time
import warnings

import numpy as np
from joblib import Parallel, delayed
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.distance import squareform
from sklearn.metrics import adjusted_rand_score
from sklearn.pipeline import make_pipeline

from benchmarks._measure import collect_facts, make_parser, report
from sktopo import (
    DynamicConnectome,
    FunctionalConnectome,
    GraphPersistence,
    SlidingWindows,
    TopClusterer,
)
from sktopo.baselines import SimilarityClusterer
from sktopo.connectomes.affinities import affinity_rows, differential

N_ANIMALS, N_TIMES, N_MISSING = 10, 600, 0.25
COMMUNITIES = np.repeat([0, 1, 2], 8)
STRENGTHS = (0.5, 1.0, 2.0)
WIDTH = 50
# Of tensorly: with a mask, many more would take minutes.
MOST_ITERATIONS = 100


def main(argv=None):
    """Simulate studies, and write the tables."""
    parser = make_parser(__doc__)
    parser.add_argument("--studies", type=int, default=20, help="studies of a strength")
    parser.add_argument("--n-jobs", type=int, default=2, help="parallel jobs")
    options = parser.parse_args(argv)
    facts = collect_facts("dynamic_connectomes", options, "tensorly")
    studies = 2 if options.quick else options.studies
    rows = Parallel(n_jobs=options.n_jobs)(
        delayed(run_study)(strength, seed)
        for strength in STRENGTHS
        for seed in range(studies)
    )
    tables = {
        f"{N_ANIMALS} animals, {N_TIMES} times, 3 communities of 8 neurons, "
        f"{N_MISSING:.0%} missing, mean of {studies} studies. Overlap: shared neurons "
        "of a community and of the set that is found for it, divided by all of either. "
        "Time: the adjusted Rand index of windows, by the community that is active.": (
            average(rows)
        ),
        "Seconds of processor time, and the relative error, of one start with 3 "
        "components.": time_factorizations(options.quick),
    }
    report("dynamic_connectomes", "Dynamic connectomes", tables, facts, options)


def make_study(strength, seed, missing=N_MISSING):
    """Make recordings, NaN where neurons are missing: an array."""
    rng = np.random.default_rng(seed)

    def make_smooth(n_columns):
        signals = rng.normal(size=(N_ANIMALS, N_TIMES, n_columns))
        signals = gaussian_filter1d(signals, 3, axis=1)
        return signals / signals.std(axis=1, keepdims=True)

    thirds = np.repeat(np.eye(3), N_TIMES // 3, axis=0)
    loadings = rng.uniform(0.5, 1.5, size=(N_ANIMALS, 1, 3))
    shared = make_smooth(3) * gaussian_filter1d(thirds, 5, axis=0)
    X = make_smooth(len(COMMUNITIES)) + strength * (loadings * shared)[..., COMMUNITIES]
    X += 0.3 * rng.normal(size=X.shape)
    X[np.broadcast_to(rng.random((N_ANIMALS, 1, X.shape[2])) < missing, X.shape)] = (
        np.nan
    )
    return X


def run_study(strength, seed):
    """Find communities in one study in three ways: a list of results."""
    X = make_study(strength, seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # missing neurons, and pairs without data
        found = {
            "DynamicConnectome": find_components(X),
            "windows, Top on barcodes": cluster_windows(X, is_averaged=False),
            "windows averaged over animals, k-means on edges": cluster_windows(
                X, is_averaged=True
            ),
        }
        return [
            {"strength": strength, "method": name, **judge_study(*result)}
            for name, result in found.items()
        ]


def find_components(X):
    """Return the graphs of DynamicConnectome, and the largest of each window."""
    dynamic = DynamicConnectome(3, random_state=0).fit(X)
    windows = dynamic.time_courses_.reshape(-1, WIDTH, 3).mean(axis=1)
    return dynamic.components_, np.tile(windows.argmax(axis=1), N_ANIMALS)


def cluster_windows(X, *, is_averaged):
    """Cluster windows; return the mean connectome of each cluster, and labels.

    Barcodes of single windows are clustered, or edges averaged over animals.
    """
    windows = SlidingWindows(WIDTH, step=WIDTH).fit_transform(np.nan_to_num(X))
    weights = FunctionalConnectome(constant_units="nan").fit_transform(windows)
    if is_averaged:
        rows = np.nanmean(weights.reshape(N_ANIMALS, -1, weights.shape[1]), axis=0)
        rows = np.nan_to_num(rows)
        labels = TopClusterer(3, random_state=0).fit(rows).labels_
        labels = np.tile(labels, N_ANIMALS)
    else:
        chain = make_pipeline(
            FunctionalConnectome(constant_units="drop"),
            GraphPersistence(n_quantiles=50),
            TopClusterer(3, random_state=0),
        )
        labels = chain.fit(windows)[-1].labels_
    means = [np.nanmean(weights[labels == label], axis=0) for label in range(3)]
    return np.nan_to_num(means), labels


def judge_study(graphs, labels):
    """Compare the sets of neurons in graphs, and windows, with the communities."""
    sets = [find_community(squareform(graph)) for graph in graphs]
    truth = [COMMUNITIES == community for community in range(3)]
    overlap = [
        max((one & own).sum() / (one | own).sum() for one in sets) for own in truth
    ]
    active = np.tile(np.repeat([0, 1, 2], N_TIMES // WIDTH // 3), N_ANIMALS)
    return {
        "overlap": float(np.mean(overlap)),
        "time": float(adjusted_rand_score(active, labels)),
    }


def find_community(matrix):
    """Return a mask of the nodes in the denser of two communities."""
    labels = SimilarityClusterer(2, random_state=0).fit(matrix).labels_
    means = []
    for label in (0, 1):
        inside = matrix[np.ix_(labels == label, labels == label)]
        means.append(inside.sum() / max(inside.size - len(inside), 1))
    return labels == np.argmax(means)


def average(rows):
    """Average the results of the studies of a strength and method."""
    results = [result for study in rows for result in study]
    keys = dict.fromkeys((result["strength"], result["method"]) for result in results)
    table = []
    for strength, method in keys:
        chosen = [
            r for r in results if (r["strength"], r["method"]) == (strength, method)
        ]
        row = {"strength of the signal": strength, "method": method}
        row |= {
            key: float(np.mean([r[key] for r in chosen])) for key in ("overlap", "time")
        }
        table.append(row)
    return table


def time_factorizations(quick):
    """Time DynamicConnectome and tensorly on the same affinities."""
    X = make_study(1.0, 0)[:, : 60 if quick else N_TIMES]
    table = [time_ours(X, "missing neurons")]
    complete = make_study(1.0, 0, missing=0)[:, : 60 if quick else N_TIMES]
    if importlib.util.find_spec("tensorly"):
        table.append(time_tensorly(X, "missing neurons", quick))
    table.append(time_ours(complete, "complete"))
    if importlib.util.find_spec("tensorly"):
        table.append(time_tensorly(complete, "complete", quick))
    return table


def time_ours(X, case):
    """Time one start of DynamicConnectome, its affinities included."""
    dynamic = DynamicConnectome(3, n_init=1, random_state=0)
    start = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dynamic.fit(X)
    return {
        "case": case,
        "program": "DynamicConnectome",
        "seconds": time.process_time() - start,
        "iterations": dynamic.n_iter_,
        "error": dynamic.reconstruction_err_,
    }


def time_tensorly(X, case, quick):
    """Time one start of tensorly on the array of affinities."""
    tensorly = importlib.import_module("tensorly")
    decomposition = importlib.import_module("tensorly.decomposition")
    tensor, mask = write_affinities(X)
    name, options = "non_negative_parafac_hals", {}
    if not mask.all():
        name, options = "non_negative_parafac", {"mask": mask}
    options |= {
        "n_iter_max": 20 if quick else MOST_ITERATIONS,
        "tol": 1e-6,
        "init": "random",
    }
    start = time.process_time()
    factors, errors = getattr(decomposition, name)(
        tensor, 3, random_state=0, return_errors=True, **options
    )
    seconds = time.process_time() - start
    left = tensor - tensorly.cp_to_tensor(factors)
    return {
        "case": case,
        "program": f"tensorly, {name}",
        "seconds": seconds,
        "iterations": len(errors),
        "error": float(np.linalg.norm(left * mask) / np.linalg.norm(tensor * mask)),
    }


def write_affinities(X):
    """Write out the affinities of all pairs, and which are there."""
    present = ~np.isnan(X).any(axis=1)
    signals = np.zeros(X.shape)
    for recording, kept, result in zip(X, present, signals, strict=True):
        result[:, kept] = differential(recording[:, kept])
    first, second = np.triu_indices(X.shape[2], 1)
    pairs = present[:, first] & present[:, second]
    tensor = np.stack([affinity_rows(recording) for recording in signals])
    return tensor, np.broadcast_to(pairs[:, np.newaxis], tensor.shape).astype(float)


if __name__ == "__main__":
    main()
