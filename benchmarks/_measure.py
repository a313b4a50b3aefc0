"""What the benchmarks share: times side by side, memory, facts and results."""

import argparse
import gc
import importlib.util
import json
import logging
import multiprocessing
import os
import platform
import sys
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median

from threadpoolctl import threadpool_info

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("numpy", "scipy", "scikit-learn", "joblib")
# Colours of Okabe and Ito, which colour-blind readers can distinguish.
COLOURS = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#000000",
    "#F0E442",
)


def make_parser(doc):
    """Make the parser of a script, with the options that all have."""
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument(
        "--quick", action="store_true", help="small sizes: a trial, not saved"
    )
    parser.add_argument(
        "--output", type=Path, help="folder of the results (benchmarks/results)"
    )
    parser.add_argument("--repeats", type=int, default=7, help="rounds of timing")
    return parser


def time_in_turn(calls, *, repeats, clock=time.perf_counter):
    """Time callables alternately (A, B, A, B), after one round that is not timed.

    Parameters
    ----------
    calls : dict of str to callable
        What to call, without arguments.

    repeats : int
        Number of rounds.

    clock : callable, default=time.perf_counter
        Function that returns the time in seconds.

    Returns
    -------
    seconds : dict of str to list of float
        The `repeats` times of each.
    """
    seconds = {name: [] for name in calls}
    for repeat in range(repeats + 1):
        for name, call in calls.items():
            start = clock()
            result = call()
            stop = clock()
            del result  # its release is not part of the next call
            if repeat:
                seconds[name].append(stop - start)
    return seconds


def ratio(case, seconds, over, under, *, at_most=None, at_least=None):
    """Compare two of the times of one run.

    Parameters
    ----------
    case : str
        What was run: sizes, dtype, threads.

    seconds : dict of str to list of float
        Times measured in turn.

    over, under : str
        The names of the two.

    at_most, at_least : float, default=None
        The target, if there is one.

    Returns
    -------
    row : dict
        A row of the table.
    """
    first, second = seconds[over], seconds[under]
    return {
        "case": case,
        "ratio of": f"{over} / {under}",
        "ms, first": 1e3 * median(first),
        "ms, second": 1e3 * median(second),
        "ratio": median(first) / median(second),
        "ratio of minima": min(first) / min(second),
        **judge(median(first) / median(second), at_most=at_most, at_least=at_least),
    }


def judge(value, *, at_most=None, at_least=None):
    """Return a value and its target, as two entries of a row."""
    if at_most is not None:
        target, met = f"≤ {at_most:.3g}", value <= at_most
    elif at_least is not None:
        target, met = f"≥ {at_least:.3g}", value >= at_least
    else:
        return {"target": None, "met": None}
    return {"target": target, "met": "yes" if met else "NO"}


def is_lock_free(lock):
    """Return whether another thread gets a lock within two seconds."""
    with ThreadPoolExecutor(1) as other:
        got = other.submit(lock.acquire, timeout=2).result()
        if got:
            other.submit(lock.release).result()
    return got


def stream_from_child(function, *args, limit=None):
    """Run a generator function in a fresh process and yield what it yields.

    Parameters
    ----------
    function : callable
        A generator function of a module; it and what it yields must pickle.

    *args : object
        Its arguments.

    limit : float, default=None
        Seconds that one value may take; then the process is killed.

    Yields
    ------
    value : object
        What the generator yielded.

    Raises
    ------
    TimeoutError
        If a value took longer than the limit.

    RuntimeError
        If the process failed; its traceback is on standard error.
    """
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=_send, args=(sender, function, args), daemon=True)
    child.start()
    sender.close()
    try:
        while True:
            if not receiver.poll(limit):
                raise TimeoutError(f"{function.__name__} took more than {limit} s")
            done, value = receiver.recv()
            if done:
                return
            yield value
    except EOFError:
        child.join()
        raise RuntimeError(
            f"{function.__name__} failed in its process, exit code {child.exitcode}"
        ) from None
    finally:
        child.kill()
        child.join()


def _send(sender, function, args):
    for value in function(*args):
        sender.send((False, value))
    sender.send((True, None))


def peak_memory(prepare, *args):
    """Measure the memory that a call takes, in a fresh process.

    Parameters
    ----------
    prepare : callable
        A function of a module; called with `args` it returns two callables, a small
        warm-up, which loads libraries and starts threads, and the call to measure.

    *args : object
        Arguments of `prepare`.

    Returns
    -------
    peak : dict
        Bytes above those held before the call, its result included: "resident", the
        growth of the process as the kernel saw it at its largest (None where there
        is no ``/proc``), and "arrays", what numpy and Python allocated, by
        tracemalloc: exact, but without the memory of BLAS and torch.
    """
    (peak,) = stream_from_child(_yield_peak, prepare, args)
    return peak


def _yield_peak(prepare, args):
    warm_up, call = prepare(*args)
    warm_up()
    gc.collect()
    reset_resident_peak()
    before = resident("VmRSS")
    result = call()
    peak = resident("VmHWM")
    del result
    gc.collect()
    tracemalloc.start()
    start, _ = tracemalloc.get_traced_memory()
    result = call()
    _, top = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del result
    yield {
        "resident": None if before is None else peak - before,
        "arrays": top - start,
    }


def resident(field):
    """Read a size of this process from the kernel: bytes, or None if it has none.

    The peak of ``getrusage`` cannot be used: a child starts with that of its parent.
    """
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    for line in status.read_text().splitlines():
        if line.startswith(field + ":"):
            return 1024 * int(line.split()[1])
    raise ValueError(f"No {field} in {status}")


def reset_resident_peak():
    """Reset the largest size that the kernel has recorded, where it can be reset."""
    path = Path("/proc/self/clear_refs")
    if path.exists():
        path.write_text("5")


def collect_facts(name, options, *packages):
    """Collect what a reader needs to judge or repeat a measurement.

    Parameters
    ----------
    name : str
        Name of the benchmark.

    options : argparse.Namespace
        Its options.

    *packages : str
        Packages in use beyond those of every benchmark.

    Returns
    -------
    facts : dict of str to str
        Command, machine, load, versions, threads.
    """
    threads = [
        f"{pool['internal_api']} {pool['num_threads']}" for pool in threadpool_info()
    ]
    if "torch" in sys.modules:
        threads.append(f"torch {sys.modules['torch'].get_num_threads()}")
    return {
        "command": " ".join(["python -m", f"benchmarks.{name}", *_repeat(options)]),
        "machine": f"{platform.machine()}, {_processor()}, {os.cpu_count()} cores",
        "load before the run": f"{os.getloadavg()[0]:.2f}",
        "Python": platform.python_version(),
        "versions": ", ".join(f"{p} {_version(p)}" for p in (*PACKAGES, *packages)),
        "threads": ", ".join(threads),
    }


def _repeat(options):
    """Write options as they are typed, without folders, which differ by machine."""
    for key, value in vars(options).items():
        if value is None or value is False or key == "output":
            continue
        yield "--" + key.replace("_", "-")
        if value is not True:
            yield "FOLDER" if isinstance(value, Path) else str(value)


def _version(package):
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _processor():
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(": ")[1] for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def write_table(rows):
    """Write rows as a Markdown table; a column for each key that any row has."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    lines = [columns, ["---"] * len(columns)]
    lines += [[_write_cell(row.get(key)) for key in columns] for row in rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _write_cell(value):
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
    return str(value)


def report(name, title, tables, facts, options, *, figure=None):
    """Print the tables of a benchmark and save them, unless it was a trial.

    Parameters
    ----------
    name : str
        Name of the benchmark and of its files.

    title : str
        Title of the page.

    tables : dict of str to list of dict
        Rows of each table, by what they say.

    facts : dict of str to str
        What `collect_facts` found.

    options : argparse.Namespace
        Options of `make_parser`.

    figure : matplotlib.figure.Figure, default=None
        The figure.
    """
    parts = [f"# {title}"]
    for heading, rows in tables.items():
        parts += [heading, write_table(rows)]
    parts.append("\n".join(f"- {key}: {value}" for key, value in facts.items()))
    text = "\n\n".join(parts) + "\n"
    sys.stdout.write(text)
    if options.quick and options.output is None:
        return
    folder = options.output or RESULTS
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.md").write_text(text, encoding="utf-8")
    content = {"facts": facts, "tables": tables}
    (folder / f"{name}.json").write_text(
        json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    if figure is not None:
        figure.savefig(folder / f"{name}.png", dpi=150)


def start_dask(stack, n_workers):
    """Start a cluster of Dask that ends with `stack`; return False without Dask."""
    if not importlib.util.find_spec("distributed"):
        return False
    distributed = importlib.import_module("distributed")
    cluster = distributed.LocalCluster(
        n_workers=n_workers,
        threads_per_worker=1,
        dashboard_address=":0",
        silence_logs=logging.ERROR,
    )
    stack.enter_context(cluster)
    stack.enter_context(distributed.Client(cluster))
    return True
