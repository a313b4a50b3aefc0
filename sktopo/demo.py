"""Compare trained networks and draw figures: ``python -m sktopo.demo``."""

from __future__ import annotations

import argparse
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from sklearn.metrics import adjusted_rand_score
from sklearn.pipeline import make_pipeline

import sktopo
from sktopo._utils.optional import import_optional
from sktopo.barcodes import barcode_rows
from sktopo.baselines import baseline_clusterers
from sktopo.datasets import load_digit_networks, train_digit_networks
from sktopo.inference import difference_table
from sktopo.metrics import purity_score
from sktopo.plotting import BarcodeDisplay, ConnectomeDisplay, DifferenceDisplay
from sktopo.reporting import Report

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> None:
    """Run the demo as a program of its own."""
    parser = argparse.ArgumentParser(prog="python -m sktopo.demo", description=__doc__)
    add_arguments(parser)
    try:
        run(parser.parse_args(argv))
    except ImportError as error:
        raise SystemExit(str(error)) from None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the demo to a parser."""
    parser.add_argument("--train", action="store_true", help="train new networks first")
    parser.add_argument("--output", type=Path, default="demo_output", help="folder")
    parser.add_argument("--seed", type=int, default=0, help="seed of all randomness")


def run(args: argparse.Namespace) -> None:
    """Compare and cluster the digit networks, print scores, draw figures, report."""
    for module in ("torch", "matplotlib", "pandas"):
        import_optional(module, extra="torch,plot,tables", purpose="The demo")
    if args.train:
        data = train_digit_networks(random_state=args.seed, n_jobs=-1, verbose=True)
    else:
        data = load_digit_networks()
    print(_describe_networks(data))
    pipeline = make_pipeline(
        sktopo.ActivationExtractor(stimuli=data.stimuli),
        sktopo.FunctionalConnectome(),
        sktopo.GraphPersistence(),
        sktopo.TopClusterer(len(data.target_names), n_init=20, random_state=args.seed),
    )
    (_, connectomes, *_), seconds = _fit_in_steps(pipeline, data.networks)
    node_names = pipeline[0].node_names_
    layers = [name.rsplit("[", 1)[0] for name in node_names]
    start = time.perf_counter()
    tables = _compare_strategies(data, connectomes, layers, args.seed)
    seconds["difference_table, twice"] = time.perf_counter() - start
    found = {
        "births and deaths": pipeline[-1].labels_,
        **_cluster_otherwise(connectomes, layers, pipeline[-1]),
    }
    print(_tabulate_scores(data.target, found))
    clusters = _name_clusters(data, pipeline[-1].labels_)
    print(*np.unique(clusters), "", sep="\n")
    print(f"{'step':34}{'seconds':>8}")
    for step, spent in seconds.items():
        print(f"{step:34}{spent:8.3f}")

    figures = {
        "overview": _draw_overview(tables, data, connectomes, found),
        "barycenters": _draw_barycenters(connectomes, clusters),
        "connectomes": _draw_connectomes(data, connectomes, node_names),
    }
    _save_figures(figures, args.output)
    _save_report(data, connectomes, node_names, layers, args)


def _describe_networks(data):
    """Say how many networks there are and how well they classify."""
    accuracy = ", ".join(
        f"{name} {data.accuracies[data.target == label].mean():.3f}"
        for label, name in enumerate(data.target_names)
    )
    return (
        f"{len(data.networks)} networks, {len(data.stimuli)} stimuli they never saw; "
        f"mean accuracy: {accuracy}\n"
    )


def _fit_in_steps(pipeline, networks):
    """Fit a pipeline step by step: the result of each step, and its seconds."""
    result, results, seconds = networks, [], {}
    for step in pipeline:
        start = time.perf_counter()
        result = step.fit_transform(result)
        seconds[type(step).__name__] = time.perf_counter() - start
        results.append(result)
    return results, seconds


def _compare_strategies(data, connectomes, layers, seed):
    """Compare dropout and L2 with plain networks: tables of differences by name."""
    tables = {}
    for name, label in (("dropout", "dropout"), ("l2", "weight decay")):
        strategies = data.target_names[data.target]
        chosen = np.isin(strategies, ["vanilla", name])
        tables[f"{label} against no regularisation"] = difference_table(
            connectomes[chosen],
            strategies[chosen],
            profiles=["births", "deaths"],
            groups=layers,
            random_state=seed,
        )
    return tables


def _cluster_otherwise(connectomes, layers, clusterer):
    """Cluster by profiles of layers, and by the weights alone, with as many restarts.

    Returns labels by the name of what is compared. Edge weights come last: they are no
    control, because the units of different networks do not correspond.
    """
    clusterers = baseline_clusterers(
        clusterer.n_clusters, groups=layers, random_state=clusterer.random_state
    )
    names = {
        "profiles": "profiles of graph and layers",
        "mean |r|": "mean |r|",
        "block moments": "mean, deviation by layer",
        "Adj": "edge weights, unit by unit",
    }
    return {
        label: clusterers[name]
        .set_params(clusterer__n_init=clusterer.n_init)
        .fit_predict(connectomes)
        for name, label in names.items()
    }


def _save_figures(figures, folder):
    """Save figures by name in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, figure in figures.items():
        figure.savefig(folder / f"{name}.png", dpi=150)
    print(f"Saved {len(figures)} figures in {folder}")


def _save_report(data, connectomes, node_names, layers, args):
    """Save a report of all strategies if Jinja2 is there, or say how to get one."""
    if find_spec("jinja2") is None:
        print("pip install 'sktopo[report]' adds a report as one page")
        return
    report = Report.from_connectomes(
        connectomes,
        data.target_names[data.target],
        node_names=node_names,
        groups=layers,
        nodes_correspond=False,
        title=f"Training strategies of {len(connectomes)} networks",
        random_state=args.seed,
    )
    print(f"Saved {report.save(args.output / 'report.html')}: {report.headline}")


def _tabulate_scores(target, found):
    """Tabulate how well clusters match the classes; `found` maps names to labels."""
    lines = [f"{'clusters by':38}{'purity':>8}{'adjusted Rand':>15}"]
    for name, labels in found.items():
        purity = purity_score(target, labels)
        rand = adjusted_rand_score(target, labels)
        lines.append(f"{name:38}{purity:8.3f}{rand:15.3f}")
    return "\n".join(lines) + "\n"


def _name_clusters(data, labels):
    """Name the cluster of each network by what it holds: "cluster 0: 20 dropout"."""
    names = np.empty(len(labels), dtype=object)
    for label in np.unique(labels):
        strategies, counts = np.unique(data.target[labels == label], return_counts=True)
        members = zip(counts, data.target_names[strategies], strict=True)
        listed = ", ".join(f"{count} {strategy}" for count, strategy in members)
        names[labels == label] = f"cluster {label}: {listed}"
    return names


def _draw_overview(tables, data, connectomes, found):
    """Draw what differs, what it looks like, and the controls; return the figure.

    `tables` are tables of differences by title, and `found` maps what is compared to
    labels of clusters.
    """
    from matplotlib import rc_context  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    with rc_context({"font.size": 8}):
        figure = Figure(figsize=(7.6, 6.6), layout="constrained")
        figure.get_layout_engine().set(hspace=0.08)
        axes = figure.subplots(3, 2, height_ratios=[1, 1.5, 1])
        _draw_differences(axes[0], tables)
        _draw_barcodes(axes[1], data, connectomes)
        _draw_controls(axes[2], data, connectomes, found)
    return figure


def _draw_differences(axes, tables):
    """Draw tables of differences side by side, in the same colours."""
    for (title, table), ax in zip(tables.items(), axes, strict=True):
        display = DifferenceDisplay.from_table(table, ax=ax)
        parts = table["block"].unique()
        names = [part.replace("--", " to\n").replace("all", "graph") for part in parts]
        ax.set_xticks(range(len(parts)), names, rotation=0, ha="center")
        ax.tick_params(labelsize="medium")
        ax.set_title(title, fontsize="medium")
        ax.set(xlabel="", ylabel="")
        if ax is not axes[-1]:
            display.colorbar_.remove()


def _draw_barcodes(axes, data, connectomes):
    """Draw the mean births and deaths of each strategy."""
    strategies = data.target_names[data.target]
    display = BarcodeDisplay.from_barcodes(
        barcode_rows(connectomes), y=strategies, ax=axes
    )
    for ax in axes:
        ax.set(ylabel="edge weight |r|", ylim=(0, 1))
        ax.title.set_fontsize("medium")
    lines = display.lines_[-1]
    axes[-1].legend(lines, [line.get_label() for line in lines], loc="upper left")


def _draw_controls(axes, data, connectomes, found):
    """Draw the mean |r| of each network, and the purity of clusters."""
    left, right = axes
    for label in range(len(data.target_names)):
        level = connectomes[data.target == label].mean(axis=1)
        height = np.full_like(level, label)
        left.plot(level, height, "|", color="0.4", markersize=10)
    left.set_yticks(range(len(data.target_names)), data.target_names)
    left.margins(y=0.15)
    left.set(xlabel="mean |r| of each network")
    left.set_title("the control: one number per network", fontsize="medium")
    purities = [purity_score(data.target, labels) for labels in found.values()]
    colors = ["C0", "C0", *["0.6"] * (len(found) - 2)]
    bars = right.barh(list(found), purities, color=colors)
    right.bar_label(bars, fmt="%.2f", padding=3)
    right.set(xlabel="purity", xlim=(0, 1.1))
    right.set_title("clusters of networks; controls in grey", fontsize="medium")
    for ax in axes:
        ax.invert_yaxis()
        ax.spines[["top", "right"]].set_visible(False)


def _draw_connectomes(data, connectomes, node_names):
    """Draw the mean connectome of each strategy as a heatmap; return the figure.

    The units of different networks do not correspond, so they are sorted by strength.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=(12, 3.9), layout="compressed")
    axes = figure.subplots(1, len(data.target_names), sharey=True)
    displays = []
    for label, name in enumerate(data.target_names):
        rows, ax = connectomes[data.target == label], axes[label]
        ax.set_title(f"{name}\nmean |r| = {rows.mean():.3f}")
        displays.append(
            ConnectomeDisplay.from_connectomes(
                rows,
                node_names=node_names,
                reorder="strength",
                ax=ax,
                colorbar=ax is axes[-1],
            )
        )
    largest = max(display.connectome.max() for display in displays)
    for display in displays:
        display.im_.set_clim(0, largest)
        display.ax_.set(xlabel="", ylabel="")
    displays[-1].colorbar_.set_label("mean edge weight |r|")
    figure.suptitle(
        "Units of different networks do not correspond: in each network, those of a "
        "layer are sorted by their mean |r|, the strongest first."
    )
    return figure


def _draw_barycenters(connectomes, clusters):
    """Draw the mean births and deaths of each cluster; return the figure."""
    display = BarcodeDisplay.from_barcodes(barcode_rows(connectomes), y=clusters)
    for ax in display.ax_:
        ax.set(ylabel="edge weight |r|", ylim=(0, 1))
    display.figure_.set_size_inches(10, 4.2)
    return display.figure_


if __name__ == "__main__":
    main()
