"""Permutation tests: errors, power and speed: ``python -m benchmarks.inference``.

Simulated modular connectomes: how often the tests of ``sktopo.inference`` reject where
groups do not differ and where they do, as in the simulation of the ICLR 2022 paper; how
many relabellings of 80 networks in four groups they make in a second, against a loop
over permutations and against the transposition scheme of Chung et al. (2019), which
updates the statistic after each swap of two networks; and their memory.
"""

import time

import numpy as np
from joblib import Parallel, delayed
from matplotlib.figure import Figure
from scipy.spatial.distance import pdist, squareform
from scipy.stats import kstest

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
from sktopo.datasets import make_modular_connectomes
from sktopo.inference import permanova, permutation_test

TESTS = {
    "ratio": permutation_test,
    "PERMANOVA": permanova,
}
# Sizes of groups that do not differ: all have graphs of three modules.
DESIGNS = ((20, 20, 20), (10, 20, 30), (20, 20))
N_PERMUTATIONS = 1999
LEVEL = 0.05
# 80 networks in four groups.
N_GROUPS, GROUP_SIZE = 4, 20
# Relabellings, or swaps, of each way in one round of timing.
N_CHAINS = 256
MANY_CHAINS = f"transpositions, {N_CHAINS} chains"
# Rows and columns of a test of which the distances take the longest.
LONG_ROWS = (300, 79_800)
COUNTS = {"matrix products": 400_000, "loop": 2_000, MANY_CHAINS: 200 * N_CHAINS}


def main(argv=None):
    """Measure errors, power, speed and memory, and write the tables."""
    parser = make_parser(__doc__)
    parser.add_argument("--tests", type=int, default=1000, help="tests of each kind")
    parser.add_argument("--n-jobs", type=int, default=2, help="parallel jobs")
    options = parser.parse_args(argv)
    facts = collect_facts("inference", options)
    speed, mixing = time_relabellings(options.repeats, options.n_jobs, options.quick)
    long_rows = time_long_rows(options.repeats, options.quick)
    n_tests = 50 if options.quick else options.tests
    errors, pvalues = measure_errors(n_tests, options.n_jobs)
    power = measure_power(max(n_tests // 5, 2), options.n_jobs)
    memory = measure_memory((10_000,) if options.quick else (10**6, 4 * 10**6))
    tables = {
        f"Groups that do not differ: {n_tests} tests of graphs of 60 nodes and 3 "
        f"modules, {N_PERMUTATIONS} relabellings each. Rejections at the level "
        f"{LEVEL}; Kolmogorov-Smirnov test of the p-values against the uniform "
        "distribution.": errors,
        "Groups that differ: graphs of 60 nodes and 2, 3 and 5 modules, 20 of each; "
        f"{max(n_tests // 5, 2)} tests at the level {LEVEL}.": power,
        "Relabellings in a second, 80 networks in four groups. The time of the "
        "process counts all its threads and none of other programs. Steps of a "
        "transposition chain resemble each other: so many steps are worth one "
        "independent relabelling, by the autocorrelation of the statistic.": speed,
        f"A test of {LONG_ROWS[0]} × {LONG_ROWS[1]} rows with 9,999 relabellings, "
        "against the distances alone, by scipy.": long_rows,
        "Memory of a test in a fresh process, the null distribution included.": memory,
    }
    figure = draw(pvalues, speed, mixing)
    title = "Permutation tests"
    report("inference", title, tables, facts, options, figure=figure)


def run_tests(sizes, seed):
    """Test groups that do not differ: a p-value for each test."""
    X, _ = make_modular_connectomes(sum(sizes), n_modules=(3,), random_state=seed)
    rows = GraphPersistence().fit_transform(X)
    y = np.repeat(np.arange(len(sizes)), sizes)
    return [
        test(rows, y, n_permutations=N_PERMUTATIONS, random_state=seed).pvalue
        for test in TESTS.values()
    ]


def measure_errors(n_tests, n_jobs):
    """Count rejections under the null; rows, and p-values by case."""
    rows, kept = [], {}
    for sizes in DESIGNS:
        found = Parallel(n_jobs=n_jobs)(
            delayed(run_tests)(sizes, seed) for seed in range(n_tests)
        )
        for name, pvalues in zip(TESTS, np.transpose(found), strict=True):
            groups = " / ".join(map(str, sizes))
            kept[f"{name}, {groups}"] = pvalues
            share = float(np.mean(pvalues <= LEVEL))
            rows.append(
                {
                    "groups of": groups,
                    "test": name,
                    "rejected": share,
                    "target": "0.035 to 0.065",
                    "met": "yes" if 0.035 <= share <= 0.065 else "NO",
                    "uniform, p": float(kstest(pvalues, "uniform").pvalue),
                }
            )
    return rows, kept


def run_power(seed):
    """Test the published simulation, by births and deaths or by edges: p-values."""
    X, y = make_modular_connectomes(random_state=seed)
    samples = {
        "births and deaths": GraphPersistence().fit_transform(X),
        "births and deaths, sum form": GraphPersistence(normalize=False).fit_transform(
            X
        ),
        "edge weights": X,
    }
    options = {"n_permutations": N_PERMUTATIONS, "random_state": seed}
    return {
        (rows, name): test(samples[rows], y, **options).pvalue
        for rows in samples
        for name, test in TESTS.items()
    }


def measure_power(n_tests, n_jobs):
    """Count rejections where groups differ; a row for each kind of test."""
    found = Parallel(n_jobs=n_jobs)(delayed(run_power)(seed) for seed in range(n_tests))
    rows = []
    for samples, name in found[0]:
        share = float(np.mean([one[samples, name] <= LEVEL for one in found]))
        least = 0.99 if samples != "edge weights" else None
        rows.append(
            {
                "rows": samples,
                "test": name,
                "rejected": share,
                **judge(share, at_least=least),
            }
        )
    return rows


def make_four_groups():
    """Make Wasserstein rows of 80 networks in four groups, and their labels."""
    X, y = make_modular_connectomes(GROUP_SIZE, n_modules=(2, 3, 4, 5), random_state=0)
    return GraphPersistence().fit_transform(X), y


def time_relabellings(repeats, n_jobs, quick):
    """Time the ways to relabel; rows, and how chains of transpositions mix."""
    rows, y = make_four_groups()
    distances = squareform(pdist(rows))
    counts = {name: n // 20 if quick else n for name, n in COUNTS.items()}
    n_steps = counts[MANY_CHAINS] // N_CHAINS

    def run(jobs):
        return permutation_test(
            rows,
            y,
            n_permutations=counts["matrix products"],
            n_jobs=jobs,
            random_state=0,
        )

    calls = {
        "matrix products": lambda: run(1),
        f"matrix products, {n_jobs} jobs": lambda: run(n_jobs),
        "loop": lambda: loop(distances, y, counts["loop"]),
        MANY_CHAINS: lambda: transpose(distances, n_steps, N_CHAINS),
        "transpositions, one chain": lambda: transpose(distances, counts["loop"], 1),
    }
    counts[f"matrix products, {n_jobs} jobs"] = counts["matrix products"]
    counts["transpositions, one chain"] = counts["loop"]
    wall = time_in_turn(calls, repeats=repeats)
    process = time_in_turn(calls, repeats=repeats, clock=time.process_time)
    mixing = autocorrelate(transpose(distances, 2_000, N_CHAINS))
    steps = float(1 + 2 * mixing[1:].sum())
    table = []
    for name in calls:
        rate = counts[name] / np.median(wall[name])
        worth = rate / (steps if "transpositions" in name else 1)
        base = counts["loop"] / np.median(wall["loop"])
        table.append(
            {
                "way": name,
                "a second": float(rate),
                "at best": float(counts[name] / min(wall[name])),
                "a second of the process": float(
                    counts[name] / np.median(process[name])
                ),
                "steps worth one": steps if "transpositions" in name else None,
                "independent ones a second / loop": float(worth / base),
                **judge(rate, at_least=200_000 if "jobs" in name else None),
            }
        )
    return table, mixing


def time_long_rows(repeats, quick):
    """Time a test of long rows against `pdist`; the row of their ratio."""
    n_rows, n_columns = (60, 2000) if quick else LONG_ROWS
    rng = np.random.default_rng(0)
    rows = np.sort(rng.random((n_rows, n_columns)), axis=1)
    y = np.arange(n_rows) % 3
    seconds = time_in_turn(
        {
            "pdist": lambda: pdist(rows),
            "permutation_test": lambda: permutation_test(rows, y, random_state=0),
        },
        repeats=min(repeats, 3),
    )
    case = f"{n_rows} × {n_columns}"
    least = None if quick else 5
    return [ratio(case, seconds, "pdist", "permutation_test", at_least=least)]


def loop(distances, y, n_permutations):
    """Compute the ratio in a plain loop over permutations."""
    rng = np.random.default_rng(0)
    off_diagonal = ~np.eye(len(y), dtype=bool)
    ratios = np.empty(n_permutations)
    for k in range(n_permutations):
        labels = rng.permutation(y)
        same = labels[:, np.newaxis] == labels
        ratios[k] = distances[~same].mean() / distances[same & off_diagonal].mean()
    return ratios


def transpose(distances, n_steps, n_chains):
    """Sum distances within groups along chains of swaps between groups.

    Kept up to date are the sums of the distances of each network to each group, so
    that a swap changes the statistic by a few of them.

    Parameters
    ----------
    distances : ndarray of shape (80, 80)
        Distances.

    n_steps, n_chains : int
        Number of steps, and of chains that take them side by side.

    Returns
    -------
    sums : ndarray of shape (n_steps, n_chains)
        The sum within groups after each step, up to a constant of the chain.
    """
    rng = np.random.default_rng(0)
    n = N_GROUPS * GROUP_SIZE
    chains = np.arange(n_chains)
    order = rng.permuted(np.tile(np.arange(n), (n_chains, 1)), axis=1)
    # Place p belongs to group p // GROUP_SIZE; `order` has the network at each place.
    to_groups = distances[order].reshape(n_chains, N_GROUPS, GROUP_SIZE, n).sum(axis=2)
    within = to_groups[chains[:, np.newaxis], np.arange(n) // GROUP_SIZE, order].sum(
        axis=1
    )
    first = rng.integers(n, size=(n_steps, n_chains))
    group_1 = first // GROUP_SIZE
    group_2 = (group_1 + rng.integers(1, N_GROUPS, size=first.shape)) % N_GROUPS
    second = group_2 * GROUP_SIZE + rng.integers(GROUP_SIZE, size=first.shape)
    sums = np.empty((n_steps, n_chains))
    for step in range(n_steps):
        p, q, a, b = first[step], second[step], group_1[step], group_2[step]
        i, j = order[chains, p], order[chains, q]
        gain = to_groups[chains, a, j] + to_groups[chains, b, i]
        loss = to_groups[chains, a, i] + to_groups[chains, b, j]
        within += 2 * (gain - loss - 2 * distances[i, j])
        sums[step] = within
        change = distances[j] - distances[i]
        to_groups[chains, a] += change
        to_groups[chains, b] -= change
        order[chains, p], order[chains, q] = j, i
    return sums


def autocorrelate(sums, n_lags=200):
    """Correlate a chain with itself, up to the first lag without correlation."""
    centred = sums - sums.mean()
    correlation = np.array(
        [(centred[: len(sums) - lag] * centred[lag:]).mean() for lag in range(n_lags)]
    )
    correlation /= correlation[0]
    below = np.flatnonzero(correlation < 0.02)
    return correlation[: below[0]] if len(below) else correlation


def measure_memory(counts):
    """Measure the memory of tests of several numbers of relabellings; a row each."""
    rows = []
    for count in counts:
        peak = peak_memory(prepare_test, count)
        rows.append(
            {
                "relabellings": count,
                "null distribution, MiB": 8 * count / 2**20,
                "arrays, MiB": peak["arrays"] / 2**20,
                "growth of the process, MiB": (peak["resident"] or 0) / 2**20,
            }
        )
    return rows


def prepare_test(n_permutations):
    """Prepare a test for `peak_memory`."""
    rows, y = make_four_groups()
    return (
        lambda: permutation_test(rows, y, n_permutations=10),
        lambda: permutation_test(rows, y, n_permutations=n_permutations),
    )


def draw(pvalues, speed, mixing):
    """Draw p-values under the null, the speed, and how transpositions mix."""
    figure = Figure(figsize=(13, 4), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    left.plot([0, 1], [0, 1], color="black", linestyle=":", label="uniform")
    for (name, values), colour in zip(pvalues.items(), COLOURS, strict=False):
        left.ecdf(values, color=colour, label=name, linewidth=1)
    left.set(xlabel="p-value, no difference", ylabel="share of tests at or below")
    left.set(xlim=(0, 1), ylim=(0, 1))
    left.legend(fontsize="small")
    names = [row["way"] for row in speed]
    rates = [row["a second"] / (row["steps worth one"] or 1) for row in speed]
    drawn = middle.barh(names, rates, color=COLOURS[0])
    middle.bar_label(drawn, fmt="{:,.0f}", padding=3, fontsize="small")
    middle.axvline(200_000, color="black", linestyle=":", label="target, 2 jobs")
    middle.set(xscale="log", xlabel="independent relabellings a second")
    middle.margins(x=0.3)
    middle.invert_yaxis()
    middle.legend(fontsize="small", loc="lower right")
    right.plot(mixing, color=COLOURS[1])
    right.set(xlabel="swaps", ylabel="autocorrelation of the statistic", ylim=(0, 1))
    right.set_title("Chains of transpositions", fontsize="medium")
    for axes in (left, middle, right):
        axes.spines[["top", "right"]].set_visible(False)
    return figure


if __name__ == "__main__":
    main()
