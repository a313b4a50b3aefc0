"""The main job on real networks, with figures: ``python -m sktopo.demo``."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from sklearn.metrics import adjusted_rand_score, confusion_matrix
from sklearn.pipeline import make_pipeline

from sktopo import (
    ActivationExtractor,
    FunctionalConnectome,
    GraphPersistence,
    TopClusterer,
)
from sktopo._utils.optional import import_optional
from sktopo.barcodes import unscale_barcodes
from sktopo.datasets import load_digit_networks
from sktopo.datasets._training import train_digit_networks
from sktopo.metrics import purity_score
from sktopo.plotting import BarcodeDisplay, ConnectomeDisplay

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from matplotlib.figure import Figure
    from sklearn.pipeline import Pipeline
    from sklearn.utils import Bunch

    from sktopo._typing import IntArray


def main(argv: Sequence[str] | None = None) -> None:
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


def _describe(data: Bunch) -> str:
    accuracy = ", ".join(
        f"{name} {data.accuracies[data.target == label].mean():.3f}"
        for label, name in enumerate(data.target_names)
    )
    return (
        f"{len(data.networks)} networks, {len(data.stimuli)} stimuli they never saw; "
        f"mean accuracy: {accuracy}\n"
    )


def _cluster(data: Bunch, topology_weight: float, seed: int) -> Pipeline:
    """Fit the whole chain to networks, as one Pipeline."""
    return make_pipeline(
        ActivationExtractor(stimuli=data.stimuli),
        FunctionalConnectome(),
        GraphPersistence(topology_weight=topology_weight),
        TopClusterer(len(data.target_names), n_init=20, random_state=seed),
    ).fit(data.networks)


def _step_through(
    pipeline: Pipeline, networks: list[Any]
) -> tuple[dict[str, Any], dict[str, float]]:
    """Fit the steps once more, one by one: their results, and how long they took."""
    results, seconds, result = {}, {}, networks
    for name, step in pipeline.steps:
        start = time.perf_counter()
        result = step.fit_transform(result)
        seconds[type(step).__name__] = time.perf_counter() - start
        results[name] = result
    return results, seconds


def _score_table(data: Bunch, top: Pipeline, edges: Pipeline) -> str:
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


def _time_table(seconds: dict[str, float]) -> str:
    lines = [f"{'step':34}{'seconds':>8}"]
    lines += [f"{name:34}{spent:8.3f}" for name, spent in seconds.items()]
    return "\n".join(lines) + "\n"


def _finding(data: Bunch, top: Pipeline, edges: Pipeline) -> str:
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


def _draw_connectomes(
    data: Bunch, pipeline: Pipeline, results: dict[str, Any]
) -> Figure:
    """Draw the mean connectome of each strategy as a heatmap, layers marked."""
    from matplotlib.figure import Figure  # noqa: PLC0415

    rows = results["functionalconnectome"]
    groups = [rows[data.target == k] for k in range(len(data.target_names))]
    figure = Figure(figsize=(12, 3.9), layout="compressed")
    axes = figure.subplots(1, len(groups), sharey=True)
    displays = [
        ConnectomeDisplay.from_predictions(
            group, node_names=pipeline[0].node_names_, ax=ax, colorbar=False
        )
        for group, ax in zip(groups, axes, strict=True)
    ]
    largest = max(display.im_.get_clim()[1] for display in displays)
    for display, name in zip(displays, data.target_names, strict=True):
        display.im_.set_clim(0, largest)
        mean = display.connectome.mean()
        display.ax_.set_title(f"{name}\nmean |r| = {mean:.3f}")
    figure.colorbar(displays[0].im_, ax=axes, label="mean |Pearson r| of units")
    figure.suptitle(
        f"Mean connectome of {len(groups[0])} networks. Units of different networks do "
        "not correspond: compare blocks, not cells."
    )
    return figure


def _draw_barycenters(
    data: Bunch, pipeline: Pipeline, results: dict[str, Any]
) -> Figure:
    """Draw births and deaths of the barycenters, with standard deviations."""
    from matplotlib.figure import Figure  # noqa: PLC0415

    labels = pipeline[-1].labels_
    figure = Figure(figsize=(10, 4.2), layout="constrained")
    display = BarcodeDisplay.from_predictions(
        unscale_barcodes(results["graphpersistence"]),
        y=[_compose(data, labels, label) for label in labels],
        ax=figure.subplots(1, 2),
    )
    for ax in display.ax_:
        ax.set(ylabel="edge weight |r|", ylim=(0, 1))
    return figure


def _compose(data: Bunch, labels: IntArray, label: int) -> str:
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
