"""The main job on real networks, with figures: ``python -m sktopo.demo``."""

import argparse
import time
from pathlib import Path

import numpy as np
from scipy.spatial.distance import squareform
from sklearn.metrics import adjusted_rand_score, confusion_matrix
from sklearn.pipeline import make_pipeline

from sktopo import (
    ActivationExtractor,
    FunctionalConnectome,
    GraphPersistence,
    TopClusterer,
)
from sktopo._validation import import_optional
from sktopo.barcodes import split_barcodes, unscale_barcodes
from sktopo.datasets import load_digit_networks
from sktopo.datasets._training import train_digit_networks
from sktopo.metrics import purity_score


def main(argv=None):
    """Cluster the digit networks by training strategy; print and draw the outcome."""
    parser = argparse.ArgumentParser(prog="python -m sktopo.demo", description=__doc__)
    parser.add_argument(
        "--train", action="store_true", help="train the networks afresh first"
    )
    parser.add_argument(
        "--output", type=Path, default=Path("demo_output"), help="folder for figures"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of all randomness")
    args = parser.parse_args(argv)
    try:
        for module in ("torch", "matplotlib"):
            import_optional(module, extra="torch,plot", purpose="The demo")
    except ImportError as error:
        raise SystemExit(str(error)) from None

    args.output.mkdir(parents=True, exist_ok=True)
    if args.train:
        data = train_digit_networks(random_state=args.seed, n_jobs=-1, verbose=True)
    else:
        data = load_digit_networks()
    print(_describe(data))
    top, edges = (
        _cluster(data, topology_weight, args.seed) for topology_weight in (1.0, 0.0)
    )
    results, seconds = _step_through(top, data.networks)
    print(_score_table(data, top, edges))
    print(_time_table(seconds))
    print(_finding(data, top, edges))
    for name, figure in (
        ("connectomes", _draw_connectomes(data, top, results)),
        ("barycenters", _draw_barycenters(data, top, results)),
    ):
        path = args.output / f"{name}.png"
        figure.savefig(path, dpi=150)
        print(f"Saved {path}")


def _describe(data):
    accuracy = ", ".join(
        f"{name} {data.accuracies[data.target == label].mean():.3f}"
        for label, name in enumerate(data.target_names)
    )
    return (
        f"{len(data.networks)} networks, {len(data.stimuli)} stimuli they never saw; "
        f"mean accuracy: {accuracy}\n"
    )


def _cluster(data, topology_weight, seed):
    """Fit the whole chain to networks, as one Pipeline."""
    return make_pipeline(
        ActivationExtractor(stimuli=data.stimuli),
        FunctionalConnectome(),
        GraphPersistence(topology_weight=topology_weight),
        TopClusterer(len(data.target_names), n_init=20, random_state=seed),
    ).fit(data.networks)


def _step_through(pipeline, networks):
    """Fit the steps once more, one by one: their results, and how long they took."""
    results, seconds, result = {}, {}, networks
    for name, step in pipeline.steps:
        start = time.perf_counter()
        result = step.fit_transform(result)
        seconds[type(step).__name__] = time.perf_counter() - start
        results[name] = result
    return results, seconds


def _score_table(data, top, edges):
    title = f"TopClusterer({top[-1].n_clusters}) on"
    lines = [f"{title:34}{'purity':>8}{'adjusted Rand':>15}"]
    for name, pipeline in (
        ("births and deaths (λ=1)", top),
        ("edge weights alone (λ=0)", edges),
    ):
        labels = pipeline[-1].labels_
        purity = purity_score(data.target, labels)
        rand = adjusted_rand_score(data.target, labels)
        lines.append(f"{name:34}{purity:8.3f}{rand:15.3f}")
    return "\n".join(lines) + "\n"


def _time_table(seconds):
    lines = [f"{'step':34}{'seconds':>8}"]
    lines += [f"{name:34}{spent:8.3f}" for name, spent in seconds.items()]
    return "\n".join(lines) + "\n"


def _finding(data, top, edges):
    """Say in a sentence what came out."""
    purity, other = (
        purity_score(data.target, pipeline[-1].labels_) for pipeline in (top, edges)
    )
    better = "better than" if purity > other else "worse than"
    if purity == other:
        better = "as well as"
    counts = confusion_matrix(data.target, top[-1].labels_)
    alone = [
        str(name)
        for name, row in zip(data.target_names, counts, strict=True)
        if np.any((row == row.sum()) & (counts.sum(axis=0) == row.sum()))
    ]
    apart = " and ".join(alone) if alone else "no strategy"
    return (
        f"Births and deaths group the networks by how they were trained {better} edge "
        f"weights do (purity {purity:.2f} against {other:.2f}), and set {apart} wholly "
        "apart.\n"
    )


def _draw_connectomes(data, pipeline, results):
    """Draw the mean connectome of each strategy as a heatmap, layers marked."""
    from matplotlib.figure import Figure  # noqa: PLC0415

    units = pipeline[0].node_names_
    layers = [name.split("[")[0] for name in units]
    names, starts = np.unique(layers, return_index=True)
    bounds = [*sorted(starts), len(units)]
    rows = results["functionalconnectome"]
    means = [rows[data.target == k].mean(axis=0) for k in range(len(data.target_names))]
    figure = Figure(figsize=(12, 3.9), layout="constrained")
    axes = figure.subplots(1, len(means), sharey=True)
    for ax, name, mean in zip(axes, data.target_names, means, strict=True):
        matrix = squareform(mean)
        np.fill_diagonal(matrix, np.nan)  # a unit with itself says nothing
        image = ax.imshow(matrix, vmin=0, vmax=np.max(means))
        for bound in bounds[1:-1]:
            ax.axhline(bound - 0.5, color="white", linewidth=1)
            ax.axvline(bound - 0.5, color="white", linewidth=1)
        ax.set_title(f"{name}\nmean |r| = {mean.mean():.3f}")
        ticks = [(a + b - 1) / 2 for a, b in zip(bounds[:-1], bounds[1:], strict=True)]
        ax.set_xticks(ticks, names[np.argsort(starts)])
        ax.set_yticks(ticks, names[np.argsort(starts)], rotation=90, va="center")
        ax.tick_params(length=0)
    figure.colorbar(image, ax=axes, label="mean |Pearson r| of units")
    n_networks = len(rows) // len(means)
    figure.suptitle(
        f"Mean connectome of {n_networks} networks. Units of different networks do not "
        "correspond: compare blocks, not cells."
    )
    return figure


def _draw_barycenters(data, pipeline, results):
    """Draw births and deaths of each barycenter, with one Wasserstein deviation."""
    from matplotlib.figure import Figure  # noqa: PLC0415

    labels, barcodes = pipeline[-1].labels_, results["graphpersistence"]
    colors = ["#0072B2", "#E69F00", "#009E73", "#CC79A7"]  # Okabe and Ito
    styles = ["-", "--", "-.", ":"]
    figure = Figure(figsize=(10, 4.2), layout="constrained")
    axes = figure.subplots(1, 2)
    parts = zip(
        axes,
        ("births of components", "deaths of cycles"),
        split_barcodes(unscale_barcodes(barcodes)),
        strict=True,
    )
    for ax, title, part in parts:
        n_values = part.shape[1]
        for label in range(pipeline[-1].n_clusters):
            members = part[labels == label]
            center = members.mean(axis=0)
            deviation = np.sqrt(members.var(axis=0).mean())
            share = (np.arange(n_values) + 0.5) / n_values
            ax.plot(
                share,
                center,
                color=colors[label],
                linestyle=styles[label],
                label=_compose(data, labels, label),
            )
            ax.fill_between(
                share,
                center - deviation,
                center + deviation,
                color=colors[label],
                alpha=0.2,
                linewidth=0,
            )
        ax.set(
            title=f"{n_values} {title}",
            xlabel=f"share of {title.split()[0]}, in ascending order",
            ylabel="edge weight |r|",
            xlim=(0, 1),
            ylim=(0, 1),
        )
    axes[0].legend(
        title="barycenter ± one Wasserstein standard deviation", loc="lower right"
    )
    return figure


def _compose(data, labels, label):
    """Say which networks a cluster holds."""
    counts = np.bincount(data.target[labels == label], minlength=len(data.target_names))
    members = ", ".join(
        f"{count} {name}"
        for count, name in zip(counts, data.target_names, strict=True)
        if count
    )
    return f"cluster {label}: {members}"


if __name__ == "__main__":
    main()
