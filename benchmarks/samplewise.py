"""Send many networks through the chain one by one: ``python -m benchmarks.samplewise``.

200 networks of 5,000 nodes go from weights to Wasserstein rows. The process is killed
half way and started again, which must compute the other half only, in memory that does
not grow with the number of networks. Then the same chain runs on few networks with one
job, two processes and two workers of Dask, and as a plain pipeline.
"""

import importlib
import multiprocessing
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from joblib import parallel_config
from sklearn.pipeline import make_pipeline
from threadpoolctl import threadpool_limits

from benchmarks._measure import (
    collect_facts,
    judge,
    make_parser,
    peak_memory,
    ratio,
    report,
    resident,
    start_dask,
    stream_from_child,
    time_in_turn,
)
from sktopo import (
    ActivationExtractor,
    FunctionalConnectome,
    GraphPersistence,
    SampleWise,
)

N_JOBS = 2
N_INPUTS = 64
N_STIMULI = 500
FEW = 10
MIB = 2**20


def main(argv=None):
    """Measure memory, a killed run and the backends, and write the tables."""
    options = make_parser(__doc__).parse_args(argv)
    n_networks, n_nodes = (30, 400) if options.quick else (200, 5000)
    torch = importlib.import_module("torch")
    torch.set_num_threads(1)
    facts = collect_facts("samplewise", options, "torch", "dask", "distributed")
    case = f"{n_networks} networks of {n_nodes} nodes, {N_STIMULI} stimuli"
    with threadpool_limits(1):
        tables = {
            "One job, in a process that was killed when half of the rows were there, "
            "and in the one that was started afterwards.": measure_restart(
                case, n_networks, n_nodes
            ),
            f"Memory above what was held before, for {FEW} networks. The pipeline "
            "holds the results of a step for all of them.": measure_memory(n_nodes),
            "One thread of BLAS for each worker; all workers had been started and had "
            "worked before.": measure_backends(n_nodes, options.repeats),
        }
    report("samplewise", "Networks one by one", tables, facts, options)


class Networks:
    """Networks that are made when they are needed, with a record of the memory.

    `peaks` has the largest size of the process, in bytes, when each was asked for.
    """

    def __init__(self, n_networks, n_nodes):
        self.n_networks, self.n_nodes = n_networks, n_nodes
        self.peaks = []

    def __len__(self):
        return self.n_networks

    def __iter__(self):
        for seed in range(self.n_networks):
            self.peaks.append(resident("VmHWM"))
            yield partial(make_network, seed, self.n_nodes)


def make_network(seed, n_nodes):
    """Make a network with one layer of random weights."""
    torch = importlib.import_module("torch")
    generator = torch.Generator().manual_seed(seed)
    layer = torch.nn.Linear(N_INPUTS, n_nodes, bias=False)
    with torch.no_grad():
        layer.weight.normal_(generator=generator)
    return torch.nn.Sequential(layer, torch.nn.Tanh())


def make_chain():
    """Make the chain from networks to births."""
    stimuli = np.random.default_rng(0).standard_normal((N_STIMULI, N_INPUTS))
    return make_pipeline(
        ActivationExtractor(stimuli=stimuli.astype(np.float32), n_jobs=1),
        FunctionalConnectome(n_jobs=1),
        GraphPersistence(homology_dimensions=(0,), n_jobs=1),
    )


def measure_restart(case, n_networks, n_nodes):
    """Kill a run half way and finish it in another process."""
    half = n_networks // 2
    with TemporaryDirectory() as folder:
        start = time.perf_counter()
        context = multiprocessing.get_context("spawn")
        arguments = (n_networks, n_nodes, folder)
        child = context.Process(target=list_rows, args=arguments, daemon=True)
        child.start()
        while child.is_alive() and len(list_files(folder)) < half:
            time.sleep(0.05)
        child.kill()
        child.join()
        killed_after = time.perf_counter() - start
        kept = list_files(folder)
        times = {path: path.stat().st_mtime_ns for path in kept}
        ((rows, peaks, seconds),) = stream_from_child(yield_rows, *arguments)
        is_kept = all(path.stat().st_mtime_ns == times[path] for path in kept)
        n_files = len(list_files(folder))
    some = [0, half, n_networks - 1]
    alone = make_chain().fit_transform([make_network(k, n_nodes) for k in some])
    growth = "" if None in peaks else (peaks[-1] - peaks[len(kept) + FEW]) / MIB
    judged = {} if growth == "" else judge(float(growth), at_most=100)
    return [
        {
            "case": case,
            "rows kept when killed": len(kept),
            "seconds until then": killed_after,
            "rows computed afterwards": n_files - len(kept),
            "seconds afterwards": seconds,
            "kept files unchanged": "yes" if is_kept else "NO",
            "equal to the pipeline": "yes" if (rows[some] == alone).all() else "NO",
            f"MiB more after the last than after {FEW} computed": growth,
            **judged,
        }
    ]


def list_files(folder):
    """List the files of finished rows."""
    return list(Path(folder).glob("**/*.npz"))


def list_rows(*arguments):
    """Compute the rows, for a process of its own."""
    return list(yield_rows(*arguments))


def yield_rows(n_networks, n_nodes, folder):
    """Yield the rows of all networks, peaks of memory, and seconds."""
    importlib.import_module("torch").set_num_threads(1)
    networks = Networks(n_networks, n_nodes)
    with threadpool_limits(1):
        chain = SampleWise(make_chain(), memory=folder).fit(networks)
        networks.peaks.clear()
        start = time.perf_counter()
        rows = chain.transform(networks)
    yield rows, [*networks.peaks, resident("VmHWM")], time.perf_counter() - start


def measure_memory(n_nodes):
    """Compare the memory of the pipeline with that of SampleWise."""
    rows = []
    for name in ("pipeline", "SampleWise"):
        peak = peak_memory(prepare_memory, name, n_nodes)
        values = {f"{kind}, MiB": peak[kind] and peak[kind] / MIB for kind in peak}
        rows.append({"what": name, **values})
    return rows


def prepare_memory(name, n_nodes):
    """Return a warm-up and the call to measure."""
    importlib.import_module("torch").set_num_threads(1)
    chain = make_chain() if name == "pipeline" else SampleWise(make_chain())

    def run(size):
        return chain.fit_transform([make_network(k, size) for k in range(FEW)])

    return lambda: run(20), lambda: run(n_nodes)


def measure_backends(n_nodes, repeats):
    """Time one job, two processes and two workers of Dask in turn."""
    networks = Networks(FEW, n_nodes)
    chain = SampleWise(make_chain()).fit(networks)

    def run(n_jobs, **config):
        with parallel_config(**config):
            return chain.set_params(n_jobs=n_jobs).transform(networks)

    calls = {"one job": partial(run, 1)}
    calls["two processes"] = partial(
        run, N_JOBS, backend="loky", inner_max_num_threads=1
    )
    calls["pipeline"] = lambda: make_chain().fit_transform(
        [network() for network in networks]
    )
    with ExitStack() as stack:
        if start_dask(stack, N_JOBS):
            calls["Dask"] = partial(run, N_JOBS, backend="dask")
        seconds = time_in_turn(calls, repeats=repeats)
    case = f"{FEW} networks of {n_nodes} nodes"
    return [
        ratio(case, seconds, name, "one job") for name in calls if name != "one job"
    ]


if __name__ == "__main__":
    main()
