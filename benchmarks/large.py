"""Barcodes of many units against the bare product: ``python -m benchmarks.large``.

ConnectomePersistence on 2,000 to 100,000 units of a random ReLU network × 1,000
observations, float32, against the product of all standardised units with all in tiles,
both with all threads of BLAS; and, as far as it fits, FunctionalConnectome followed by
GraphPersistence.
"""

import time
import warnings

import numpy as np
from matplotlib.figure import Figure

from benchmarks._measure import (
    COLOURS,
    collect_facts,
    judge,
    make_parser,
    ratio,
    report,
    reset_resident_peak,
    resident,
    stream_from_child,
)
from sktopo import ConnectomePersistence, FunctionalConnectome, GraphPersistence

N_OBSERVATIONS = 1000
# Sizes with the rounds that they are timed for.
CASES = {2000: 5, 5000: 3, 10_000: 3, 20_000: 2, 50_000: 1, 100_000: 1}
QUICK = {500: 2, 1000: 2}
# The largest size that the two steps are run on.
LARGEST_DENSE = 20_000
TARGETS = {20_000: 1.3, 100_000: 1.3}
BLOCK = 1024
METHODS = {
    "product": "bare product",
    "ours": "ConnectomePersistence",
    "dense": "FunctionalConnectome, GraphPersistence",
}


def main(argv=None):
    """Measure every size in a process of its own and write the tables."""
    options = make_parser(__doc__).parse_args(argv)
    facts = collect_facts("large", options)
    found = [
        next(stream_from_child(measure, n_nodes, rounds))
        for n_nodes, rounds in (QUICK if options.quick else CASES).items()
    ]
    tables = {
        "Time from activations to a row of 1,000 averages each of births and deaths, "
        "against the product of all units with all, which is timed for every few "
        "blocks of rows where there are many. The time includes standardising, and "
        "each tile is computed once, so less than 1 is possible. On a busy machine the "
        "ratio of processor times says more.": [compare(case) for case in found],
        "Growth of the process, the result included; activations are there before. "
        "The two steps were not run where their column is empty: they hold the weights "
        "several times.": [compare_memory(case) for case in found],
        "Growth exponents from each size to the next: of the time (1 is linear) and of "
        "the memory.": compute_growth(found),
    }
    title = "Barcodes of many units, without the matrix of weights"
    report("large", title, tables, facts, options, figure=draw(found))


def make_activations(n_nodes, n_observations=N_OBSERVATIONS):
    """Make the activations of a random network of two layers of ReLU units."""
    rng = np.random.default_rng(0)
    half = n_nodes // 2
    activations = np.empty((n_observations, n_nodes), np.float32)
    inputs = rng.normal(size=(n_observations, 784)).astype(np.float32)
    layers = (inputs, slice(0, half)), (None, slice(half, n_nodes))
    for values, layer in layers:
        values = activations[:, : min(half, 2000)].copy() if values is None else values
        for start in range(layer.start, layer.stop, 4000):
            part = slice(start, min(start + 4000, layer.stop))
            shape = values.shape[1], part.stop - part.start
            weights = rng.normal(size=shape).astype(np.float32) / np.sqrt(shape[0])
            np.maximum(values @ weights, 0, out=activations[:, part])
    return activations


def multiply(rows):
    """Multiply standardised units with all, a tile at a time, and keep nothing.

    Large products are done for every so many blocks of rows only. Returns what share
    of the rows that is.
    """
    starts = range(0, len(rows), BLOCK)
    chosen = starts[:: 1 + len(starts) // 20]
    for start in chosen:
        for other in starts:
            rows[start : start + BLOCK] @ rows[other : other + BLOCK].T
    return sum(len(rows[start : start + BLOCK]) for start in chosen) / len(rows)


def measure(n_nodes, rounds):
    """Measure times and memory of one size; yields them once."""
    warnings.simplefilter("ignore")  # units that never vary
    X = make_activations(n_nodes)[None]
    rows = np.ascontiguousarray(X[0].T)
    persistence = ConnectomePersistence()
    calls = {
        "ours": lambda: persistence.fit_transform(X),
        "product": lambda: multiply(rows),
    }
    if n_nodes <= LARGEST_DENSE:
        chain = GraphPersistence(), FunctionalConnectome()
        calls["dense"] = lambda: chain[0].fit_transform(chain[1].fit_transform(X))
    ConnectomePersistence(n_quantiles=5).fit_transform(X[:, :, :300])  # starts threads
    found = {key: {name: [] for name in calls} for key in ("seconds", "processor")}
    peaks = {}
    for _ in range(rounds):
        for name, call in calls.items():
            reset_resident_peak()
            before, start = (
                resident("VmRSS"),
                (time.perf_counter(), time.process_time()),
            )
            result = call()
            share = result if name == "product" else 1
            found["seconds"][name].append((time.perf_counter() - start[0]) / share)
            found["processor"][name].append((time.process_time() - start[1]) / share)
            if name not in peaks and before is not None:
                peaks[name] = resident("VmHWM") - before
            del result
    yield {"nodes": n_nodes, **found, "peaks": peaks, "input": X.nbytes}


def compare(case):
    """Compare the time of a size with that of the product: a row."""
    seconds = {METHODS[name]: times for name, times in case["seconds"].items()}
    target = TARGETS.get(case["nodes"])
    row = ratio(
        f"{case['nodes']} units",
        seconds,
        METHODS["ours"],
        METHODS["product"],
        at_most=target,
    )
    processor = {name: np.median(times) for name, times in case["processor"].items()}
    row["ratio of processor times"] = processor["ours"] / processor["product"]
    dense = case["seconds"].get("dense")
    row["s, two steps"] = None if dense is None else float(np.median(dense))
    return row


def compare_memory(case):
    """Write the memory of a size: a row."""
    peaks = {name: peak / 2**20 for name, peak in case["peaks"].items()}
    total = None if "ours" not in peaks else peaks["ours"] + case["input"] / 2**20
    limit = 5 * 1000**3 / 2**20 if case["nodes"] == max(CASES) else None
    return {
        "case": f"{case['nodes']} units",
        "weights alone, MiB": case["nodes"] * (case["nodes"] - 1) / 2 * 4 / 2**20,
        "activations, MiB": case["input"] / 2**20,
        "growth, MiB": peaks.get("ours"),
        "with activations, MiB": total,
        "two steps, growth, MiB": peaks.get("dense"),
        **(judge(total, at_most=limit) if total else {}),
    }


def compute_growth(found):
    """Compute how times and memory grow from each size to the next: rows."""
    rows = []
    for first, second in zip(found[:-1], found[1:], strict=True):
        step = np.log(second["nodes"] / first["nodes"])
        row = {"from": first["nodes"], "to": second["nodes"]}
        for name, label in METHODS.items():
            if name in second["seconds"]:
                times = [min(case["seconds"][name]) for case in (first, second)]
                row[label] = float(np.log(times[1] / times[0]) / step)
        if "ours" in second["peaks"] and first["peaks"]["ours"] > 0:
            peaks = [case["peaks"]["ours"] for case in (first, second)]
            row["memory of ConnectomePersistence"] = float(
                np.log(max(peaks[1], 1) / peaks[0]) / step
            )
        rows.append(row)
    return rows


def draw(found):
    """Draw times and memory by size."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    for (name, label), colour in zip(METHODS.items(), COLOURS, strict=False):
        cases = [case for case in found if name in case["seconds"]]
        nodes = [case["nodes"] for case in cases]
        times = [np.median(case["seconds"][name]) for case in cases]
        left.loglog(nodes, times, "o-", color=colour, label=label)
        if name != "product" and all(name in case["peaks"] for case in cases):
            sizes = [(case["peaks"][name] + case["input"]) / 2**30 for case in cases]
            right.loglog(nodes, sizes, "o-", color=colour, label=label)
    left.set(xlabel="units", ylabel="time (s)")
    right.set(xlabel="units", ylabel="memory, with activations (GiB)")
    left.legend(loc="upper left")
    return figure


if __name__ == "__main__":
    main()
