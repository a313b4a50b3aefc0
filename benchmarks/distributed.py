"""Compare joblib's backends with its processes: ``python -m benchmarks.distributed``.

The same fits run in one process and with two workers on this machine: joblib's
processes (loky), a cluster of Dask and, where it is installed, Ray. This measures how
much more time a cluster takes than processes. It does not measure the gain from more
machines.
"""

import importlib.util
import logging
from contextlib import ExitStack

import numpy as np
from joblib import parallel_config
from matplotlib.figure import Figure
from sklearn.svm import SVC
from threadpoolctl import threadpool_limits

from benchmarks._data import simulate_activations, simulate_connectomes
from benchmarks._measure import (
    COLOURS,
    collect_facts,
    make_parser,
    ratio,
    report,
    start_dask,
    time_in_turn,
)
from sktopo import (
    ActivationExtractor,
    FunctionalConnectome,
    GraphPersistence,
    WassersteinKernel,
)
from sktopo._utils.parallel import run_parallel
from sktopo.comparison import compare_classifiers

N_NETWORKS = 80
N_JOBS = 2
REFERENCE = "processes"


def main(argv=None):
    """Time every fit on every backend and write the table."""
    options = make_parser(__doc__).parse_args(argv)
    fits = make_fits(options.quick)
    rows = []
    with ExitStack() as stack:
        stack.enter_context(threadpool_limits(1))
        backends = start_backends(stack)
        facts = collect_facts(
            "distributed", options, "torch", "dask", "distributed", "ray"
        )
        for case, fit in fits.items():
            seconds = time_in_turn(
                {
                    name: (lambda run=run, fit=fit: run(fit))
                    for name, run in backends.items()
                },
                repeats=options.repeats,
            )
            rows += [
                ratio(case, seconds, name, REFERENCE)
                for name in backends
                if name != REFERENCE
            ]
    tables = {
        "Two workers, except for one process, one thread of BLAS and OpenMP each; all "
        "workers had been started and had worked before, but Ray's, which its backend "
        "starts for every step.": rows
    }
    title = "Engines of joblib against its processes"
    report("distributed", title, tables, facts, options, figure=draw(rows))


def start_backends(stack):
    """Start the backends; return for each a function that runs a fit on it."""

    def run_on(**config):
        def run(fit):
            with parallel_config(**config):
                return fit(N_JOBS)

        return run

    backends = {
        "one process": lambda fit: fit(1),
        REFERENCE: run_on(backend="loky", inner_max_num_threads=1),
    }
    if start_dask(stack, N_JOBS):
        backends["Dask"] = run_on(backend="dask")
    if importlib.util.find_spec("ray"):
        ray = importlib.import_module("ray")
        ray.init(
            num_cpus=N_JOBS,
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
        stack.callback(ray.shutdown)
        importlib.import_module("ray.util.joblib").register_ray()
        backends["Ray"] = run_on(backend="ray")
    return backends


def make_fits(quick):
    """Return the fits by name: functions of the number of jobs."""
    n_networks, n_stimuli, n_nodes = (24, 100, 60) if quick else (N_NETWORKS, 1000, 192)
    networks, stimuli = make_networks(n_networks, 5 * n_stimuli)
    X = simulate_activations(n_networks, n_stimuli, n_nodes, dtype=np.float32)
    connectomes = simulate_connectomes(n_networks, n_nodes, dtype=np.float32)
    y = np.arange(n_networks) % 2
    extractor = ActivationExtractor(stimuli=stimuli).fit(networks[:1])
    candidates = {
        f"gamma {gamma}": (SVC(kernel=WassersteinKernel(gamma=gamma)), {"C": [1, 10]})
        for gamma in (0.1, 1.0)
    }

    def record(n_jobs):
        return extractor.set_params(n_jobs=n_jobs).transform(networks)

    def relate(n_jobs):
        rows = FunctionalConnectome(n_jobs=n_jobs).fit_transform(X)
        return GraphPersistence(n_jobs=n_jobs).fit_transform(rows)

    def compare(n_jobs):
        return compare_classifiers(connectomes, y, candidates, n_jobs=n_jobs)

    return {
        "100 calls that do nothing": lambda n_jobs: list(
            run_parallel(int, [(k,) for k in range(100)], n_jobs=n_jobs)
        ),
        f"ActivationExtractor, {n_networks} networks 784-128-64-10, "
        f"{len(stimuli)} stimuli": record,
        f"FunctionalConnectome and GraphPersistence, {X.shape}, {X.dtype}": relate,
        f"compare_classifiers, 10 pieces on {connectomes.shape}, "
        f"{connectomes.dtype}": compare,
    }


def make_networks(n_networks, n_stimuli):
    """Make untrained networks and stimuli."""
    torch = importlib.import_module("torch")
    torch.set_num_threads(1)
    layers = torch.nn
    networks = [
        layers.Sequential(
            layers.Linear(784, 128),
            layers.LeakyReLU(),
            layers.Linear(128, 64),
            layers.LeakyReLU(),
            layers.Linear(64, 10),
        )
        for _ in range(n_networks)
    ]
    rng = np.random.default_rng(0)
    return networks, rng.random((n_stimuli, 784), dtype=np.float32)


def draw(rows):
    """Draw the ratios of each fit as bars."""
    figure = Figure(figsize=(10, 4.5), layout="constrained")
    axes = figure.subplots()
    cases = list(dict.fromkeys(row["case"] for row in rows))
    names = list(dict.fromkeys(row["ratio of"] for row in rows))
    for i, name in enumerate(names):
        ratios = [row["ratio"] for row in rows if row["ratio of"] == name]
        places = np.arange(len(cases)) + 0.27 * (i - (len(names) - 1) / 2)
        drawn = axes.barh(places, ratios, 0.25, color=COLOURS[i], label=name)
        axes.bar_label(drawn, fmt="{:.3g}", padding=3, fontsize="small")
    axes.set_yticks(range(len(cases)), [case.replace(", ", ",\n", 1) for case in cases])
    axes.axvline(1, color="black", linewidth=1)
    axes.set(xscale="log", xlabel="time / time of joblib's processes")
    axes.margins(x=0.15)
    axes.invert_yaxis()
    figure.legend(loc="outside lower center", ncols=len(names), fontsize="small")
    return figure


if __name__ == "__main__":
    main()
