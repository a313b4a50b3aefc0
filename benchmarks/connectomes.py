"""Connectomes against the bare matrix product: ``python -m benchmarks.connectomes``.

FunctionalConnectome on activations of shape (80, 10000, 192), float32 and float64,
against ``A.T @ A`` of every network.
"""

import numpy as np
from matplotlib.figure import Figure

from benchmarks._data import simulate_activations
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
from sktopo import FunctionalConnectome

# (networks, stimuli, nodes)
CASES = ((80, 10_000, 192), (80, 1000, 384), (1, 1000, 1500), (1, 1000, 5000))
QUICK = ((10, 1000, 64),)
# One network of so many nodes or more is judged by bytes beyond the input for each
# entry of the matrix, in float32.
MANY_NODES, MANY_TARGET = 1500, 6


def main(argv=None):
    """Time every case, measure its memory and write the tables."""
    options = make_parser(__doc__).parse_args(argv)
    facts = collect_facts("connectomes", options)
    times, memory = [], []
    for shape in QUICK if options.quick else CASES:
        for dtype in ("float32", "float64"):
            times.append(time_connectomes(shape, dtype, options.repeats))
            memory.append(measure_memory(shape, dtype))
    tables = {
        "Time for all networks. The product is `A.T @ A` of each, without centring, "
        "and every one is kept until the next.": times,
        "Memory beyond input and output, in a fresh process, in units of one network's "
        "activations: arrays of numpy, exactly, by tracemalloc; and growth of the "
        "process, which also holds what libraries allocate. The larger one is "
        "judged. One large network is judged by the arrays, output included, in bytes "
        "for each entry of its matrix.": memory,
    }
    title = "Connectomes against the bare matrix product"
    report("connectomes", title, tables, facts, options, figure=draw(times))


def describe(shape, dtype):
    """Name a case in the tables."""
    return f"{shape}, {dtype}"


def time_connectomes(shape, dtype, repeats):
    """Time connectomes and products; the row of their ratio."""
    X = simulate_activations(*shape, dtype=dtype)
    connectome = FunctionalConnectome().fit(X)

    def multiply():
        for activations in X:
            activations.T @ activations

    seconds = time_in_turn(
        {"FunctionalConnectome": lambda: connectome.transform(X), "A.T @ A": multiply},
        repeats=repeats,
    )
    is_target = (shape, dtype) == (CASES[0], "float32")
    return ratio(
        describe(shape, dtype),
        seconds,
        "FunctionalConnectome",
        "A.T @ A",
        at_most=1.5 if is_target else None,
    )


def measure_memory(shape, dtype):
    """Measure what a transform takes beyond its input and output; a row."""
    n_samples, n_observations, n_nodes = shape
    size = np.dtype(dtype).itemsize
    one = n_observations * n_nodes * size
    rows = n_samples * n_nodes * (n_nodes - 1) // 2 * size
    peak = peak_memory(prepare_transform, shape, dtype)
    arrays = (peak["arrays"] - rows) / one
    growth = None if peak["resident"] is None else (peak["resident"] - rows) / one
    per_entry = peak["arrays"] / n_nodes**2
    if n_samples == 1 and n_nodes >= MANY_NODES and dtype == "float32":
        verdict = judge(per_entry, at_most=MANY_TARGET)
    else:
        limit = 1 if shape == CASES[0] else None
        verdict = judge(max(arrays, growth or 0), at_most=limit)
    return {
        "case": describe(shape, dtype),
        "one network, MiB": one / 2**20,
        "output, MiB": rows / 2**20,
        "arrays": arrays,
        "growth": growth,
        "bytes / n²": per_entry,
        **verdict,
    }


def prepare_transform(shape, dtype):
    """Prepare a transform for `peak_memory`."""
    X = simulate_activations(*shape, dtype=dtype)
    connectome = FunctionalConnectome().fit(X)
    return lambda: connectome.transform(X[:1]), lambda: connectome.transform(X)


def draw(times):
    """Draw both times of every case."""
    figure = Figure(figsize=(7, 1.5 + 0.8 * len(times)), layout="constrained")
    axes = figure.subplots()
    places = np.arange(len(times))
    for shift, key, name in (
        (-0.2, "ms, second", "A.T @ A"),
        (0.2, "ms, first", "FunctionalConnectome"),
    ):
        values = [row[key] for row in times]
        colour = COLOURS[0] if key == "ms, first" else COLOURS[1]
        axes.barh(places + shift, values, 0.38, color=colour, label=name)
    for place, row in zip(places, times, strict=True):
        axes.annotate(f" {row['ratio']:.2f} ×", (row["ms, first"], place + 0.2))
    axes.set_yticks(places, [row["case"] for row in times])
    axes.set(xlabel="time for all networks (ms)")
    axes.margins(x=0.15)
    axes.invert_yaxis()
    axes.legend()
    return figure


if __name__ == "__main__":
    main()
