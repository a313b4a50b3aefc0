"""One worker against two: ``python -m benchmarks.parallel``.

FunctionalConnectome and GraphPersistence on 80 networks of 384 nodes with `n_jobs` 1
and 2, in threads and in processes; with one thread of BLAS and OpenMP for each worker
in both runs, and with default settings in both.
"""

from contextlib import ExitStack

import numpy as np
from joblib import parallel_config
from matplotlib.figure import Figure
from threadpoolctl import threadpool_limits

from benchmarks._data import simulate_activations
from benchmarks._measure import (
    COLOURS,
    collect_facts,
    make_parser,
    ratio,
    report,
    time_in_turn,
)
from sktopo import FunctionalConnectome, GraphPersistence

SHAPE = (80, 5000, 384)
QUICK = (16, 200, 96)
# setting: (joblib's configuration, threads of BLAS and OpenMP, target). Threads are
# what these steps choose; a user may choose processes, which get the data sent.
SETTINGS = {
    "threads, 1 thread each": ({"backend": "threading"}, 1, 1.6),
    "processes, 1 thread each": (
        {"backend": "loky", "inner_max_num_threads": 1},
        1,
        None,
    ),
    "default": (None, None, 1.0),
    "processes, default": ({"backend": "loky"}, None, None),
}


def main(argv=None):
    """Time every setting and write the table."""
    options = make_parser(__doc__).parse_args(argv)
    facts = collect_facts("parallel", options)
    shape = QUICK if options.quick else SHAPE
    rows = []
    for dtype in ("float32", "float64"):
        X = simulate_activations(*shape, dtype=dtype)
        for name in SETTINGS:
            rows += time_setting(name, X, options.repeats)
    tables = {
        "Time with one worker, then with two; results are the same to the last bit. "
        "Default: two workers choose threads, and each run as many threads of BLAS and "
        "OpenMP as it likes.": rows
    }
    title = "One worker against two"
    report("parallel", title, tables, facts, options, figure=draw(rows))


def time_setting(name, X, repeats):
    """Time the two steps, and both, with one and two workers; rows of ratios."""
    config, n_threads, least = SETTINGS[name]
    connectomes = FunctionalConnectome().fit_transform(X)
    steps = {
        "FunctionalConnectome": lambda n: relate(X, n),
        "GraphPersistence": lambda n: persist(connectomes, n),
        "both": lambda n: persist(relate(X, n), n),
    }
    rows = []
    with ExitStack() as stack:
        if config is not None:
            stack.enter_context(parallel_config(**config))
        if n_threads is not None:
            stack.enter_context(threadpool_limits(n_threads))
        for step, run in steps.items():
            np.testing.assert_array_equal(run(1), run(2))
            seconds = time_in_turn(
                {
                    "n_jobs=1": lambda run=run: run(1),
                    "n_jobs=2": lambda run=run: run(2),
                },
                repeats=repeats,
            )
            case = f"{name}: {step}, {X.shape}, {X.dtype}"
            limit = least if step == "both" and X.shape == SHAPE else None
            rows.append(ratio(case, seconds, "n_jobs=1", "n_jobs=2", at_least=limit))
    return rows


def relate(X, n_jobs):
    """Compute connectome rows."""
    return FunctionalConnectome(n_jobs=n_jobs).fit_transform(X)


def persist(connectomes, n_jobs):
    """Compute Wasserstein rows."""
    return GraphPersistence(n_jobs=n_jobs).fit_transform(connectomes)


def draw(rows):
    """Draw how much faster two workers are."""
    figure = Figure(figsize=(11, 4), layout="constrained")
    left, right = figure.subplots(1, 2, sharex=True, sharey=True)
    for axes, dtype in ((left, "float32"), (right, "float64")):
        for i, step in enumerate(("FunctionalConnectome", "GraphPersistence", "both")):
            found = [
                row
                for row in rows
                if row["case"].endswith(dtype) and f": {step}," in row["case"]
            ]
            names = [row["case"].split(":")[0] for row in found]
            places = np.arange(len(found)) + 0.27 * (i - 1)
            ratios = [row["ratio"] for row in found]
            drawn = axes.barh(places, ratios, 0.25, color=COLOURS[i], label=step)
            axes.bar_label(drawn, fmt="%.2f", padding=3, fontsize="small")
        axes.set_yticks(range(len(names)), names)
        axes.axvline(1, color="black", linewidth=1)
        axes.axvline(1.6, color="black", linestyle=":", label="target, 1 thread each")
        axes.set(
            title=dtype,
            xlabel="time of one worker / time of two",
            xlim=(0, 1.15 * max(2, *(row["ratio"] for row in rows))),
        )
    left.invert_yaxis()
    figure.legend(
        *left.get_legend_handles_labels(), loc="outside lower center", ncols=4
    )
    return figure


if __name__ == "__main__":
    main()
