"""Profiles against one sort or one eigvalsh: ``python -m benchmarks.profiles``.

GraphProfiles on simulated connectomes of 80 graphs, each profile alone, all together,
and all within and between four groups. The floor of a profile is one NumPy or SciPy
call on the same numbers: ``np.sort`` of the weights for births, deaths and strengths,
two of the matrix for local distributions, ``eigvalsh`` of the matrix for the spectrum.
"""

import numpy as np
from matplotlib.figure import Figure
from scipy.linalg import eigvalsh
from scipy.spatial.distance import squareform

from benchmarks._data import simulate_connectomes
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
from sktopo import GraphProfiles
from sktopo.barcodes.profiles import PROFILES

# (graphs, nodes)
CASES = ((80, 64), (80, 192), (80, 384))
QUICK = ((20, 64),)
N_GROUPS = 4
# The floors of each profile.
FLOORS = {
    "births": ("sort",),
    "deaths": ("sort",),
    "strengths": ("sort",),
    "spectrum": ("eigvalsh",),
    "local": ("two sorts of the matrix",),
}
# Seconds of all profiles of the largest case on two cores, and bytes beyond the output
# for each entry of a matrix.
SECONDS, MEMORY_TARGET = 5, 32


def main(argv=None):
    """Time every case, measure its memory and write the tables."""
    options = make_parser(__doc__).parse_args(argv)
    facts = collect_facts("profiles", options)
    ratios, totals, memory = [], [], []
    for n_graphs, n_nodes in QUICK if options.quick else CASES:
        for dtype in ("float64", "float32"):
            X = simulate_connectomes(n_graphs, n_nodes, dtype=dtype)
            case = f"{n_graphs} × {n_nodes} nodes, {dtype}"
            ratios += time_profiles(X, case, options.repeats)
            totals += time_jobs(X, case, options.repeats, (n_graphs, n_nodes))
    for n_nodes in (64,) if options.quick else (384, 1000):
        memory += [measure_memory(n_nodes, dtype) for dtype in ("float64", "float32")]
    tables = {
        "Transform of each profile against its floor, with one job.": ratios,
        "Fit and transform of all profiles, in seconds.": totals,
        "Memory of the fit and transform of one graph of n nodes beyond its input and "
        "output, in a fresh process, by tracemalloc.": memory,
    }
    title = "Profiles against one sort or one eigvalsh"
    report("profiles", title, tables, facts, options, figure=draw(ratios))


def time_profiles(X, case, repeats):
    """Time each profile, all together and their floors; rows of ratios."""
    n_nodes = len(squareform(X[0]))
    groups = np.arange(n_nodes) * N_GROUPS // n_nodes
    fitted = {
        name: GraphProfiles((name,), balance=False, n_jobs=1).fit(X)
        for name in PROFILES
    }
    fitted["all"] = GraphProfiles(balance=False, n_jobs=1).fit(X)
    fitted["all, groups"] = GraphProfiles(groups=groups, balance=False, n_jobs=1)
    fitted["all, groups"].fit(X)
    calls = {
        name: lambda estimator=estimator: estimator.transform(X)
        for name, estimator in fitted.items()
    }
    every = [floor for floors in FLOORS.values() for floor in floors]
    floors = {**FLOORS, "all": every, "all, groups": every}
    for name, parts in floors.items():
        calls[f"floor of {name}"] = lambda parts=parts: run_floors(X, parts)
    seconds = time_in_turn(calls, repeats=repeats)
    return [ratio(case, seconds, name, f"floor of {name}") for name in fitted]


def run_floors(X, names):
    """Run floors on each graph."""
    calls = {
        "sort": np.sort,
        "eigvalsh": lambda row: eigvalsh(squareform(row), check_finite=False),
        "two sorts of the matrix": sort_twice,
    }
    for row in X:
        for name in names:
            calls[name](row)


def sort_twice(row):
    """Sort the rows of a matrix, then its columns."""
    matrix = np.sort(squareform(row), axis=1)
    return np.sort(np.ascontiguousarray(matrix.T), axis=1)


def time_jobs(X, case, repeats, shape):
    """Time all profiles with one job and two; rows of seconds."""
    calls = {
        n_jobs: lambda n_jobs=n_jobs: GraphProfiles(n_jobs=n_jobs).fit_transform(X)
        for n_jobs in (1, 2)
    }
    seconds = time_in_turn(calls, repeats=repeats)
    rows = []
    for n_jobs, times in seconds.items():
        limit = SECONDS if shape == CASES[-1] and n_jobs == 2 else None
        median = float(np.median(times))
        rows.append(
            {
                "case": case,
                "jobs": n_jobs,
                "seconds": median,
                **judge(median, at_most=limit),
            }
        )
    return rows


def measure_memory(n_nodes, dtype):
    """Measure what one graph takes beyond its input and output; a row."""
    peak = peak_memory(prepare_transform, n_nodes, dtype)
    X = simulate_connectomes(1, n_nodes, dtype=dtype)
    per_entry = (peak["arrays"] - GraphProfiles().fit_transform(X).nbytes) / n_nodes**2
    return {
        "nodes": n_nodes,
        "dtype": dtype,
        "arrays, MiB": peak["arrays"] / 2**20,
        "bytes / n², beyond the output": per_entry,
        **judge(per_entry, at_most=MEMORY_TARGET),
    }


def prepare_transform(n_nodes, dtype):
    """Prepare a fit and a transform for `peak_memory`."""
    X = simulate_connectomes(1, n_nodes, dtype=dtype)
    profiles = GraphProfiles()
    return lambda: profiles.fit_transform(X[:, :45]), lambda: profiles.fit_transform(X)


def draw(ratios):
    """Draw the ratio of each profile to its floor."""
    cases = list(dict.fromkeys(row["case"] for row in ratios))
    names = list(dict.fromkeys(row["ratio of"].split(" / ")[0] for row in ratios))
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.subplots()
    places, width = np.arange(len(names)), 0.8 / len(cases)
    for k, (case, colour) in enumerate(zip(cases, COLOURS, strict=False)):
        values = [row["ratio"] for row in ratios if row["case"] == case]
        axes.bar(places + k * width, values, width, color=colour, label=case)
    axes.set_xticks(places + 0.4 - width / 2, names)
    axes.axhline(1, color="black", lw=0.8)
    axes.set(ylabel="time, in times of the floor")
    axes.legend(fontsize=8)
    return figure


if __name__ == "__main__":
    main()
