"""Top against k-means and bare products: ``python -m benchmarks.clustering``.

Wasserstein rows of simulated connectomes, ``(80, 18336)``, ``(200, 73536)``,
``(1372, 7381)`` and ``(500, 79800)``, and with ``--data`` of 80 MNIST networks:
TopClusterer with 20 starts against ``sklearn.cluster.KMeans`` with as many, its
`predict` and `transform` against one matrix product, WassersteinKernel against
``rbf_kernel``.
"""

import numpy as np
from matplotlib.figure import Figure
from sklearn.cluster import KMeans
from sklearn.metrics.pairwise import rbf_kernel

from benchmarks._data import add_data_option, load_connectomes, simulate_connectomes
from benchmarks._measure import (
    COLOURS,
    collect_facts,
    judge,
    make_parser,
    peak_memory,
    ratio,
    report,
    time_in_turn,
)
from sktopo import GraphPersistence, TopClusterer, WassersteinKernel

# (graphs, nodes): 18336, 73536, 7381 and 79800 edges. The third has many short rows.
CASES = ((80, 192), (200, 384), (1372, 122), (500, 400))
QUICK = ((80, 60),)
N_CLUSTERS = 4
N_STARTS = 20
TARGET_CASE = (80, 18336)
NAMES = ("TopClusterer", "KMeans")


def main(argv=None):
    """Time every case, measure its memory and write the tables."""
    parser = make_parser(__doc__)
    parser.add_argument("--seeds", type=int, default=5, help="seeds for the inertia")
    add_data_option(parser)
    options = parser.parse_args(argv)
    facts = collect_facts("clustering", options)
    cases = [
        (dtype, n_graphs, n_nodes, None)
        for n_graphs, n_nodes in (QUICK if options.quick else CASES)
        for dtype in ("float64", "float32")
    ]
    if options.data is not None and not options.quick:
        cases += [(dtype, 80, 192, options.data) for dtype in ("float64", "float32")]
    times, inertias, memory = [], [], []
    for case in cases:
        X = make_rows(*case)
        label = f"{X.shape}, {X.dtype}, {'MNIST' if case[-1] else 'simulated'}"
        times += time_clustering(X, label, options.repeats)
        inertias += compare_inertias(X, label, options.seeds)
        memory += measure_memory(X, label, case)
        times += time_products(X, label, 5 * options.repeats)
    tables = {
        f"Time. Clusterers make {N_CLUSTERS} clusters with {N_STARTS} starts of "
        "k-means++.": times,
        "Inertia, computed alike from the labels of both, in float64.": inertias,
        "Memory beyond the input during `fit`, in a fresh process, the fitted "
        "attributes included: arrays of numpy, exactly, by tracemalloc; and growth of "
        "the process, which also holds what libraries allocate. The larger one is "
        "judged.": memory,
    }
    title = "Clustering against k-means"
    figure = draw(times, memory)
    report("clustering", title, tables, facts, options, figure=figure)


def make_rows(dtype, n_graphs, n_nodes, data):
    """Make Wasserstein rows, from the folder `data` or simulated."""
    if data is None:
        connectomes = simulate_connectomes(n_graphs, n_nodes, dtype=dtype)
    else:
        connectomes = load_connectomes(data)[0].astype(dtype)
    return GraphPersistence().fit_transform(connectomes)


def make_clusterer(name, seed=0):
    """Make one of the two clusterers."""
    clusterer = {"TopClusterer": TopClusterer, "KMeans": KMeans}[name]
    return clusterer(N_CLUSTERS, n_init=N_STARTS, random_state=seed)


def time_clustering(X, label, repeats):
    """Time the two clusterers; the row of their ratio."""
    top, peer = make_clusterer("TopClusterer"), make_clusterer("KMeans")
    seconds = time_in_turn(
        {"TopClusterer": lambda: top.fit(X), "KMeans": lambda: peer.fit(X)},
        repeats=repeats,
    )
    least = 20 if X.shape == TARGET_CASE else 1
    return [ratio(label, seconds, "KMeans", "TopClusterer", at_least=least)]


def compare_inertias(X, label, n_seeds):
    """Compare the inertias for every seed; the row of the largest difference."""
    gaps = []
    for seed in range(n_seeds):
        top, peer = (
            inertia_of(X, make_clusterer(name, seed).fit(X).labels_) for name in NAMES
        )
        gaps.append(float((top - peer) / peer))
    return [
        {
            "case": label,
            "seeds": n_seeds,
            "largest (Top - KMeans) / KMeans": max(gaps),
            "smallest": min(gaps),
            **judge(max(gaps), at_most=1e-6),
        }
    ]


def inertia_of(X, labels):
    """Sum the squared distances of rows to the means of their clusters."""
    return sum(
        ((X[labels == k] - X[labels == k].mean(axis=0, dtype=np.float64)) ** 2).sum()
        for k in np.unique(labels)
    )


def measure_memory(X, label, case):
    """Measure the memory of the two fits; a row for each."""
    rows = []
    for name in NAMES:
        peak = peak_memory(prepare_fit, name, case)
        arrays, growth = peak["arrays"] / X.nbytes, (peak["resident"] or 0) / X.nbytes
        limit = 1.2 if name == "TopClusterer" else None
        rows.append(
            {
                "case": label,
                "what": name,
                "input, MiB": X.nbytes / 2**20,
                "arrays / input": arrays,
                "growth / input": growth,
                **judge(max(arrays, growth), at_most=limit),
            }
        )
    return rows


def prepare_fit(name, case):
    """Prepare a fit for `peak_memory`."""
    X, clusterer = make_rows(*case), make_clusterer(name)
    small = np.random.default_rng(0).random((20, 400), dtype=np.float32)
    return lambda: clusterer.fit(small), lambda: clusterer.fit(X)


def time_products(X, label, repeats):
    """Time predict, transform and kernels against the matrix products they use."""
    top = make_clusterer("TopClusterer").fit(X)
    centers = top.cluster_centers_
    kernel = WassersteinKernel().fit(X)
    gamma = kernel.gamma_
    given = WassersteinKernel(gamma=gamma)
    scaled = WassersteinKernel()
    seconds = time_in_turn(
        {
            "X @ centers.T": lambda: X @ centers.T,
            "predict": lambda: top.predict(X),
            "transform": lambda: top.transform(X),
            "rbf_kernel(X)": lambda: rbf_kernel(X, gamma=gamma),
            "kernel(X)": lambda: given(X),
            "kernel(X), gamma='scale'": lambda: scaled(X),
            "rbf_kernel(X, Y)": lambda: rbf_kernel(X, kernel.X_fit_, gamma=gamma),
            "kernel.transform(X)": lambda: kernel.transform(X),
        },
        repeats=repeats,
    )
    pairs = (
        ("predict", "X @ centers.T", 1.5),
        ("transform", "X @ centers.T", 1.5),
        ("kernel(X)", "rbf_kernel(X)", 1.3),
        ("kernel(X), gamma='scale'", "rbf_kernel(X)", 1.3),
        ("kernel.transform(X)", "rbf_kernel(X, Y)", 1.3),
    )
    return [
        ratio(label, seconds, over, under, at_most=limit)
        for over, under, limit in pairs
    ]


def draw(times, memory):
    """Draw the times and the memory of the two clusterers."""
    figure = Figure(figsize=(11, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    fits = [row for row in times if row["ratio of"] == "KMeans / TopClusterer"]
    places = np.arange(len(fits))

    def largest(name):
        pairs = (
            (row["arrays / input"], row["growth / input"])
            for row in memory
            if row["what"] == name
        )
        return [max(pair) for pair in pairs]

    bars = (
        (left, "KMeans", [row["ms, first"] / 1e3 for row in fits]),
        (left, "TopClusterer", [row["ms, second"] / 1e3 for row in fits]),
        (right, "KMeans", largest("KMeans")),
        (right, "TopClusterer", largest("TopClusterer")),
    )
    for axes, name, values in bars:
        shift = 0.2 if name == "TopClusterer" else -0.2
        colour = COLOURS[0] if name == "TopClusterer" else COLOURS[1]
        drawn = axes.barh(places + shift, values, 0.38, color=colour, label=name)
        axes.bar_label(drawn, fmt="%.3g", padding=3, fontsize="small")
        axes.set_yticks(places, [row["case"].replace("), ", ")\n") for row in fits])
    left.set(xscale="log", xlabel=f"seconds of a fit with {N_STARTS} starts")
    left.xaxis.set_major_formatter("{x:g}")
    left.xaxis.set_minor_formatter("")
    right.set(xlabel="memory of a fit beyond its input / input")
    right.set_yticks(places, [""] * len(fits))
    right.axvline(1.2, color="black", linestyle=":", label="target of Top")
    for axes in (left, right):
        axes.margins(x=0.15)
        axes.invert_yaxis()
    figure.legend(
        *right.get_legend_handles_labels(), loc="outside lower center", ncols=3
    )
    return figure


if __name__ == "__main__":
    main()
