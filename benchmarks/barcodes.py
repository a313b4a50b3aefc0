"""Barcodes against one sort of the same edges: ``python -m benchmarks.barcodes``.

Simulated connectomes of 60 to 5000 nodes and, with ``--data``, those of 80 MNIST
networks, on one thread. The floor is ``np.sort`` of the rows; the peer is scipy's
spanning tree, with births and deaths sorted after it. Quantiles are compared with the
barcodes they are taken from. Memory is that of one graph.
"""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, LogFormatter
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial.distance import squareform

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
from sktopo import GraphPersistence
from sktopo.barcodes import barcode_rows, count_nodes

# (graphs, nodes)
CASES = (
    *((80, n_nodes) for n_nodes in (60, 120, 192, 384)),
    *((1, n_nodes) for n_nodes in (60, 192, 384, 1000, 2000, 5000)),
)
QUICK = ((80, 60), (1, 60), (1, 384))
# Times np.sort.
TARGETS = {
    "float64": {(80, 192): 3.0, (80, 384): 2.5, (1, 1000): 2.2, (1, 5000): 1.6},
    # float32 sorts faster.
    "float32": {(80, 192): 3.75, (80, 384): 3.1, (1, 1000): 2.6, (1, 5000): 1.8},
}
N_QUANTILES = 1000
# Bytes beyond the input, for each entry of the matrix, in float32.
MEMORY_TARGET = 4
SCIPY_TARGETS = {(1, 1000): 12}
SCIPY_EDGES = 2_000_000


def main(argv=None):
    """Time every case and write the table."""
    parser = make_parser(__doc__)
    add_data_option(parser)
    options = parser.parse_args(argv)
    facts = collect_facts("barcodes", options)
    rows, points, memory = [], [], []
    for dtype in ("float64", "float32"):
        for n_graphs, n_nodes in QUICK if options.quick else CASES:
            X = simulate_connectomes(n_graphs, n_nodes, dtype=dtype)
            measure(X, "simulated", options, rows, points)
        if options.data is not None:
            X, _ = load_connectomes(options.data)
            measure(X.astype(dtype), "MNIST", options, rows, points)
    for n_nodes in (384,) if options.quick else (1500, 5000):
        for dtype in ("float64", "float32"):
            memory += [measure_memory(n_nodes, dtype, q) for q in (None, N_QUANTILES)]
    tables = {
        "Time for all graphs of a case; every call on one thread.": rows,
        "Memory of the fit and the transform of one graph of n nodes beyond its input, "
        "the output included, in a fresh process, by tracemalloc.": memory,
    }
    title = "Barcodes against one sort of the same edges"
    report("barcodes", title, tables, facts, options, figure=draw(points))


def measure(X, origin, options, rows, points):
    """Time one case; append rows to the table and a point to the figure."""
    n_graphs, n_edges = X.shape
    n_nodes, dtype = count_nodes(n_edges), str(X.dtype)
    persistence = GraphPersistence(normalize=False).fit(X)
    quantiles = GraphPersistence(n_quantiles=N_QUANTILES).fit(X)
    calls = {
        "quantiles": lambda: quantiles.transform(X),
        "np.sort": lambda: np.sort(X, axis=1),
        "barcode_rows": lambda: barcode_rows(X),
        "GraphPersistence": lambda: persistence.transform(X),
    }
    if X.size <= SCIPY_EDGES:
        calls["scipy"] = lambda: scipy_barcodes(X, n_nodes)
        np.testing.assert_allclose(calls["scipy"](), barcode_rows(X), rtol=1e-5)
    repeats = options.repeats * (1 if X.size > 100_000 else 10)
    seconds = time_in_turn(calls, repeats=repeats)
    case = f"{n_graphs} × {n_nodes} nodes, {dtype}, {origin}"
    limit = TARGETS[dtype].get((n_graphs, n_nodes))
    for name in ("barcode_rows", "GraphPersistence"):
        rows.append(ratio(case, seconds, name, "np.sort", at_most=limit))
    # With more quantiles than edges, the output is larger than the barcodes.
    most = 1.5 if n_edges >= 4 * N_QUANTILES else None
    rows.append(ratio(case, seconds, "quantiles", "GraphPersistence", at_most=most))
    if "scipy" in seconds:
        least = SCIPY_TARGETS.get((n_graphs, n_nodes))
        rows.append(ratio(case, seconds, "scipy", "GraphPersistence", at_least=least))
    medians = {name: 1e3 * np.median(s) / n_graphs for name, s in seconds.items()}
    points.append((origin, dtype, n_graphs > 1, n_nodes, limit, medians))


def measure_memory(n_nodes, dtype, n_quantiles):
    """Measure the memory that the rows of one graph take; a row of the table."""
    peak = peak_memory(prepare_transform, n_nodes, dtype, n_quantiles)
    limit = MEMORY_TARGET if dtype == "float32" and n_nodes >= 1500 else None
    return {
        "nodes": n_nodes,
        "dtype": dtype,
        "n_quantiles": n_quantiles,
        "arrays, MiB": peak["arrays"] / 2**20,
        "bytes / n²": peak["arrays"] / n_nodes**2,
        **judge(peak["arrays"] / n_nodes**2, at_most=limit),
    }


def prepare_transform(n_nodes, dtype, n_quantiles):
    """Prepare a fit and a transform for `peak_memory`."""
    X = simulate_connectomes(1, n_nodes, dtype=dtype)
    persistence = GraphPersistence(n_quantiles=n_quantiles)
    return lambda: persistence.fit_transform(
        X[:, :45]
    ), lambda: persistence.fit_transform(X)


def scipy_barcodes(X, n_nodes):
    """Compute barcodes with scipy's spanning tree."""
    first, second = np.triu_indices(n_nodes, 1)
    barcodes = np.empty_like(X)
    for row, barcode in zip(X, barcodes, strict=True):
        # Negative, because scipy's tree is a minimum; never 0, which is a missing edge.
        tree = minimum_spanning_tree(-1 - squareform(row.astype(np.float64))).tocoo()
        births = np.zeros((n_nodes, n_nodes), dtype=bool)
        births[tree.row, tree.col] = births[tree.col, tree.row] = True
        is_birth = births[first, second]
        barcode[: n_nodes - 1] = np.sort(row[is_birth])
        barcode[n_nodes - 1 :] = np.sort(row[~is_birth])
    return barcodes


def draw(points):
    """Draw times per graph, and their ratios to the sort."""
    figure = Figure(figsize=(11, 4.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    simulated = [point[1:] for point in points if point[0] == "simulated"]
    names = {"scipy": "scipy tree + sort", "GraphPersistence": None, "np.sort": None}
    for colour, (name, label) in zip(COLOURS, names.items(), strict=False):
        for batched, style in ((False, "o-"), (True, "s--")):
            line = [
                (n_nodes, medians[name])
                for dtype, is_batch, n_nodes, _, medians in simulated
                if dtype == "float64" and is_batch == batched and name in medians
            ]
            batch = "80 graphs" if batched else "one graph"
            left.loglog(
                *zip(*line, strict=True),
                style,
                color=colour,
                label=f"{label or name}, {batch}",
            )
    left.set(xlabel="nodes", ylabel="time per graph (ms)", title="float64")
    for i, dtype in enumerate(("float64", "float32")):
        for batched, style in ((False, "o-"), (True, "s--")):
            line = [
                (n_nodes, medians["GraphPersistence"] / medians["np.sort"])
                for kind, is_batch, n_nodes, _, medians in simulated
                if kind == dtype and is_batch == batched
            ]
            batch = "80 graphs" if batched else "one graph"
            right.loglog(
                *zip(*line, strict=True),
                style,
                color=COLOURS[3 + i],
                label=f"{dtype}, {batch}",
            )
        limits = [
            (n_nodes, limit)
            for kind, _, n_nodes, limit, _ in simulated
            if kind == dtype and limit
        ]
        if limits:
            right.plot(
                *zip(*limits, strict=True),
                "_",
                markersize=16,
                markeredgewidth=2,
                color=COLOURS[3 + i],
                label=f"{dtype}, target",
            )
    right.set(xlabel="nodes", ylabel="GraphPersistence / np.sort", ylim=(1, None))
    for axis in (left.xaxis, right.xaxis):
        axis.set_major_locator(FixedLocator((60, 120, 250, 500, 1000, 2000, 5000)))
        axis.set_minor_formatter("")
    for axis in (left.xaxis, right.xaxis, right.yaxis):
        axis.set_major_formatter("{x:g}")
    right.yaxis.set_minor_formatter(LogFormatter(minor_thresholds=(2, 1)))
    for axes in (left, right):
        axes.legend(fontsize="small")
        axes.grid(alpha=0.3)
    return figure


if __name__ == "__main__":
    main()
