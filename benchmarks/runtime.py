"""Time for one distance between two graphs: ``python -m benchmarks.runtime``.

Two modular graphs, of 3 and of 5 modules (within-module probability 0.55, μ = 1,
σ = 0.5), from connectome rows to one distance or kernel value: Top against the
baselines on gudhi, and on ripser and persim where they are installed. A peer that
takes longer than ``--limit`` for a value is stopped, and not run on larger graphs.
Then Top alone, up to 10,000 nodes, against the sort of both rows.
"""

import importlib.util
import time
from statistics import median

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator
from scipy.spatial.distance import squareform
from sklearn.metrics.pairwise import rbf_kernel

from benchmarks._measure import (
    COLOURS,
    collect_facts,
    make_parser,
    peak_memory,
    ratio,
    report,
    stream_from_child,
    time_in_turn,
)
from sktopo.barcodes import barcode_rows, wasserstein_distance
from sktopo.baselines import (
    DiagramDistance,
    DiagramKernel,
    PersistenceImages,
    PersistenceLandscapes,
    RipsDiagrams,
)
from sktopo.datasets import make_modular_connectomes

SIZES = (30, 60, 120, 250, 500, 1000)
ALONE = (*SIZES, 2000, 5000, 10_000)
# Growth is fitted from this size on. That of Top alone is fitted from a size at which
# the cost of a call no longer matters.
FIT_FROM = 60
FIT_ALONE_FROM = 1000
# After so many seconds a peer is not repeated.
ENOUGH_SECONDS = 10
# All others start with the diagrams. If these take too long, so do all others.
DIAGRAMS = "diagrams only"
GUDHI = {
    DIAGRAMS: None,
    "bottleneck": DiagramDistance("bottleneck"),
    "Wasserstein": DiagramDistance("wasserstein"),
    "sliced Wasserstein": DiagramDistance("sliced_wasserstein"),
    "heat kernel": DiagramKernel("heat"),
    "Fisher": DiagramDistance("persistence_fisher"),
    "weighted Gaussian kernel": DiagramKernel("weighted_gaussian"),
    "images": PersistenceImages(),
    "landscapes": PersistenceLandscapes(),
}
PERSIM = {
    DIAGRAMS: None,
    "bottleneck": "bottleneck",
    "Wasserstein": "wasserstein",
    "sliced Wasserstein": "sliced_wasserstein",
    "heat kernel": "heat",
}
PEERS = (
    *(("gudhi", kind) for kind in GUDHI),
    *(("ripser", kind) for kind in PERSIM),
)
# Colour and marker of each kind.
STYLES = {
    kind: {"color": colour, "marker": marker}
    for kind, colour, marker in zip(
        GUDHI, (*COLOURS[:6], COLOURS[7], "gray", "gray"), "odsv^<>Pp", strict=True
    )
}


def main(argv=None):
    """Time every peer at every size, then Top alone, and write the tables."""
    parser = make_parser(__doc__)
    parser.add_argument(
        "--limit", type=float, default=60, help="seconds that one value may take"
    )
    options = parser.parse_args(argv)
    facts = collect_facts("runtime", options, "gudhi", "ripser", "persim")
    sizes, alone = (SIZES[:2], SIZES) if options.quick else (SIZES, ALONE)
    values = []
    for library, kind in PEERS:
        values += time_peer(library, kind, sizes, options, values)
    top = [
        time_top(n_nodes, dtype, options)
        for dtype in ("float64", "float32")
        for n_nodes in alone
    ]
    tables = {
        "Seconds for one value, and in brackets how many times those of Top in the "
        "same process. Growth: the exponent of the number of nodes, fitted from "
        f"{FIT_FROM} nodes on. The distances, kernels and vectors come after "
        f'"{DIAGRAMS}", which they include.': summarize(values, top, sizes),
        "Every value.": values,
        "Top alone; memory from 1000 nodes on, in a fresh process, beyond both "
        "rows.": top,
    }
    title = "Time for one distance between two graphs"
    figure = draw(values, top, options.limit)
    report("runtime", title, tables, facts, options, figure=figure)


def make_graphs(n_nodes, dtype="float64"):
    """Make two modular connectome rows, scaled to weights of at most 1."""
    rows, _ = make_modular_connectomes(
        1, n_nodes=n_nodes, n_modules=(3, 5), p_within=0.55, random_state=0
    )
    # The peers take distances √(1 - weight); scale changes nothing else.
    rows /= rows.max()
    return rows.astype(dtype)


def compute_top(rows):
    """Compute Top's distance of two connectome rows, the published sum."""
    return wasserstein_distance(*barcode_rows(rows), normalize=False)


def compute_peer(library, kind, rows):
    """Compute a peer's distance or kernel value of two connectome rows."""
    return {"gudhi": compute_gudhi, "ripser": compute_ripser}[library](kind, rows)


def compute_gudhi(kind, rows):
    """Compute a value with the baselines on gudhi."""
    first, second = RipsDiagrams().fit_transform(rows)
    if kind == DIAGRAMS:
        return None
    if kind in ("images", "landscapes"):
        return rbf_kernel(GUDHI[kind].fit_transform([first, second]))[0, 1]
    return GUDHI[kind].fit([second]).transform([first])[0, 0]


def compute_ripser(kind, rows):
    """Compute a value with ripser's diagrams and persim's distances."""
    import persim  # noqa: PLC0415
    from ripser import ripser  # noqa: PLC0415

    diagrams = []
    for row in rows:
        distances = squareform(np.sqrt(1 - row))
        diagrams.append(ripser(distances, distance_matrix=True)["dgms"][1])
    return kind == DIAGRAMS or getattr(persim, PERSIM[kind])(*diagrams)


def time_peer(library, kind, sizes, options, before):
    """Time a peer at every size, until one takes too long; a row for each size."""
    rows = []
    hopeless = [
        row["nodes"]
        for row in before
        if (row["library"], row["value"]) == (library, DIAGRAMS)
        and row["outcome"] != "measured"
    ]
    for n_nodes in sizes:
        row = {"library": library, "value": kind, "nodes": n_nodes}
        if not is_installed(library):
            row["outcome"] = "not installed"
        elif rows and rows[-1]["outcome"] != "measured":
            row["outcome"] = "not run"
        elif n_nodes in hopeless:
            row["outcome"] = f"stopped: {DIAGRAMS} took more than {options.limit:g} s"
        else:
            row |= time_pair(library, kind, n_nodes, options)
        rows.append(row)
    return rows


def is_installed(library):
    """Return whether a peer can run."""
    needed = ("gudhi",) if library == "gudhi" else ("ripser", "persim")
    return all(importlib.util.find_spec(name) for name in needed)


def time_pair(library, kind, n_nodes, options):
    """Time a peer and Top in turn in a fresh process; entries of a row."""
    stream = stream_from_child(
        follow_pair, library, kind, n_nodes, options.repeats, limit=options.limit
    )
    pairs = []
    try:
        next(stream)
        pairs.extend(stream)
    except TimeoutError:
        if not pairs:
            return {"outcome": f"stopped: more than {options.limit:g} s"}
    except RuntimeError as error:
        return {"outcome": f"failed: {error}"}
    top, peer = (median(times) for times in zip(*pairs, strict=True))
    return {
        "outcome": "measured",
        "ms": 1e3 * peer,
        "ms of Top": 1e3 * top,
        "ratio": peer / top,
        "rounds": len(pairs),
    }


def follow_pair(library, kind, n_nodes, repeats):
    """Yield once when all is loaded, then the seconds of Top and of the peer."""
    small, rows = make_graphs(30), make_graphs(n_nodes)
    for given in (small, rows):
        compute_top(given)
    compute_peer(library, kind, small)
    yield None
    spent = 0
    for _ in range(repeats):
        times = [time.perf_counter()]
        compute_top(rows)
        times.append(time.perf_counter())
        compute_peer(library, kind, rows)
        times.append(time.perf_counter())
        yield tuple(np.diff(times).tolist())
        spent += times[2] - times[1]
        if spent > ENOUGH_SECONDS:
            return


def time_top(n_nodes, dtype, options):
    """Time Top alone against the sort of both rows, and take its memory; a row."""
    rows = make_graphs(n_nodes, dtype)
    seconds = time_in_turn(
        {"Top": lambda: compute_top(rows), "np.sort": lambda: np.sort(rows, axis=1)},
        repeats=options.repeats * (1 if n_nodes > 250 else 10),
    )
    row = {
        "nodes": n_nodes,
        **ratio(f"{n_nodes} nodes, {dtype}", seconds, "Top", "np.sort"),
    }
    if n_nodes >= 1000:
        peak = peak_memory(prepare_top, n_nodes, dtype)
        growth = peak["resident"]
        row |= {
            "both rows, MiB": rows.nbytes / 2**20,
            "arrays / rows": peak["arrays"] / rows.nbytes,
            "growth of the process / rows": growth and growth / rows.nbytes,
        }
    return row


def prepare_top(n_nodes, dtype):
    """Prepare Top for `peak_memory`."""
    small, rows = make_graphs(30, dtype), make_graphs(n_nodes, dtype)
    return lambda: compute_top(small), lambda: compute_top(rows)


def summarize(values, top, sizes):
    """Write a row for Top and for each peer, a column for each size."""
    ours = times_alone(top, "float64", sizes)
    first = {f"{n_nodes} nodes": f"{ours[n_nodes]:.2g}" for n_nodes in sizes}
    rows = [{"library": "sktopo", "value": "Top", **first, "growth": fit_growth(ours)}]
    for library, kind in PEERS:
        row, times = {"library": library, "value": kind}, {}
        for found in values:
            if (found["library"], found["value"]) != (library, kind):
                continue
            cell = found["outcome"].split(":")[0]
            if cell == "measured":
                times[found["nodes"]] = found["ms"] / 1e3
                times_top = f"{found['ratio']:.{0 if found['ratio'] > 10 else 1}f}"
                cell = f"{found['ms'] / 1e3:.2g} ({times_top} ×)"
            row[f"{found['nodes']} nodes"] = cell
        rows.append(row | {"growth": fit_growth(times)})
    return rows


def times_alone(top, dtype, sizes=ALONE, which="first"):
    """Take the median seconds of Top alone, or of the sort, at each size."""
    return {
        row["nodes"]: row[f"ms, {which}"] / 1e3
        for row in top
        if row["nodes"] in sizes and row["case"].endswith(dtype)
    }


def fit_growth(times, start=FIT_FROM):
    """Fit the exponent of the number of nodes; None for fewer than two sizes."""
    sizes = [n_nodes for n_nodes in times if n_nodes >= start]
    if len(sizes) < 2:
        return None
    return float(np.polyfit(np.log(sizes), np.log([times[n] for n in sizes]), 1)[0])


def draw(values, top, limit):
    """Draw time by size: each library beside Top, and Top alone beside the sort."""
    figure = Figure(figsize=(15, 6.5), layout="constrained")
    axes = dict(zip(("gudhi", "ripser", "alone"), figure.subplots(1, 3), strict=True))
    ours = times_alone(top, "float64", SIZES)
    for library in ("gudhi", "ripser"):
        draw_line(axes[library], ours, "Top", color="black", marker="o", linewidth=2)
        axes[library].axhline(
            limit, color="gray", linestyle=":", label=f"limit (crossed: {limit:g} s)"
        )
    for library, kind in PEERS:
        found = [r for r in values if (r["library"], r["value"]) == (library, kind)]
        times = {r["nodes"]: r["ms"] / 1e3 for r in found if r["outcome"] == "measured"}
        stopped = [r["nodes"] for r in found if r["outcome"].startswith("stopped")]
        look = STYLES[kind]
        draw_line(axes[library], times, kind, **look)
        if stopped:
            axes[library].plot(stopped, [limit], "x", color=look["color"], markersize=9)
    for dtype, style in (("float64", "-"), ("float32", "--")):
        for name, which, colour in (
            ("Top", "first", "black"),
            ("np.sort", "second", "gray"),
        ):
            times = times_alone(top, dtype, which=which)
            look = {"color": colour, "linestyle": style, "marker": "o"}
            label = f"{name}, {dtype}"
            draw_line(axes["alone"], times, label, FIT_ALONE_FROM, **look)
    alone = f"Top alone (growth from {FIT_ALONE_FROM} nodes)"
    titles = ("gudhi", "ripser and persim", alone)
    for place, title in zip(axes.values(), titles, strict=True):
        place.set(xscale="log", yscale="log", xlabel="nodes", title=title)
        place.set_ylabel("seconds for one value between two graphs")
        place.xaxis.set_major_locator(FixedLocator((30, 100, 300, 1000, 3000, 10_000)))
        place.xaxis.set_major_formatter("{x:g}")
        place.xaxis.set_minor_formatter("")
        place.grid(alpha=0.3)
        place.legend(
            fontsize="small", loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=2
        )
    return figure


def draw_line(axes, times, label, start=FIT_FROM, **look):
    """Draw times by size, the growth in the label."""
    growth = fit_growth(times, start)
    if growth is not None:
        label += f", $n^{{{growth:.1f}}}$"
    axes.plot(list(times), list(times.values()), label=label, **look)


if __name__ == "__main__":
    main()
