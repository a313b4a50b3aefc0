"""Figures of the studies, in colours that the colour-blind can tell apart."""

import numpy as np
from matplotlib.figure import Figure

from benchmarks._measure import COLOURS
from benchmarks.studies._clusterings import TOP
from benchmarks.studies._findings import final_purity
from sktopo import GraphPersistence
from sktopo.barcodes import barcode_rows, quantile_vectors, split_barcodes
from sktopo.plotting import (
    BarcodeDisplay,
    ClusterConfusionDisplay,
    ConnectomeDisplay,
    EmbeddingDisplay,
)

BLUE, ORANGE = COLOURS[:2]


def make_panels(n_panels, *, n_columns=2, width=8.4, height=3.6, layout="constrained"):
    """Make a figure of panels, row by row: figure, list of axes."""
    n_rows = -(-n_panels // n_columns)
    figure = Figure(figsize=(width, height * n_rows), layout=layout)
    axes = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
    for ax in axes[n_panels:]:
        ax.set_axis_off()
    return figure, list(axes[:n_panels])


def draw_purity(rows):
    """Draw purity by method, a panel per task: single starts, and best of restarts.

    Parameters
    ----------
    rows : list of dict
        Rows of the table of purity.

    Returns
    -------
    figure : matplotlib.figure.Figure
        The figure.
    """
    tasks = dict.fromkeys(row["task"] for row in rows)
    first = [row for row in rows if row["task"] == rows[0]["task"]]
    first = [row for row in first if final_purity(row) is not None]
    order = [row["method"] for row in sorted(first, key=final_purity)]
    figure, axes = make_panels(len(tasks), height=0.9 + 0.24 * len(order))
    for ax, task in zip(axes, tasks, strict=True):
        found = {row["method"]: row for row in rows if row["task"] == task}
        draw_purity_panel(ax, [found[name] for name in order])
        ax.set_title(task)
    for ax in axes[1::2]:
        ax.set_yticklabels([])
    handles, labels = axes[0].get_legend_handles_labels()
    handles, labels = handles[::-1], labels[::-1]  # points first, the line last
    figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)
    return figure


def draw_purity_panel(ax, rows):
    """Draw one task."""
    places = np.arange(len(rows))
    mean = [_number(row["purity_mean"]) for row in rows]
    spread = [_number(row["purity_std"]) for row in rows]
    best = [_number(row["best_purity_mean"]) for row in rows]
    ax.errorbar(
        mean,
        places,
        xerr=spread,
        fmt="o",
        color=BLUE,
        markersize=5,
        capsize=2,
        label="single starts, mean ± standard deviation",
    )
    ax.plot(
        best,
        places,
        "D",
        color=ORANGE,
        markersize=5,
        markerfacecolor="none",
        markeredgewidth=1.6,
        label="best of restarts, mean",
    )
    ax.axvline(rows[0]["chance"], color="black", linestyle=":", label="random clusters")
    ax.set_yticks(places, [row["method"] for row in rows])
    for label in ax.get_yticklabels():
        label.set_weight("bold" if label.get_text() == TOP else "normal")
    ax.set(xlabel="purity", xlim=(0, 1.04))
    ax.grid(axis="x", color="0.9")
    ax.set_axisbelow(True)


def draw_weights(rows, tasks):
    """Draw purity against λ, a panel per task."""
    figure, axes = make_panels(len(tasks), height=2.9)
    for ax, task in zip(axes, tasks, strict=True):
        for form, colour, marker, line in (
            ("normalised", BLUE, "o", "-"),
            ("sum", ORANGE, "s", "--"),
        ):
            found = [r for r in rows if r["task"] == task and r["form"] == form]
            weight, mean, spread, best = (
                np.array([row[key] for row in found])
                for key in (
                    "weight",
                    "purity_mean",
                    "purity_std",
                    "best_purity_mean",
                )
            )
            ax.plot(
                weight,
                best,
                line,
                color=colour,
                marker=marker,
                markersize=4,
                label=f"{form}, best of restarts",
            )
            ax.fill_between(
                weight,
                mean - spread,
                np.minimum(mean + spread, 1),
                color=colour,
                alpha=0.2,
                linewidth=0,
                label=f"{form}, single starts, mean ± standard deviation",
            )
        ax.set(title=task, xlabel="λ, the weight of topology", ylabel="purity")
        ax.set(xlim=(-0.02, 1.02), ylim=(0, 1.04))
        ax.grid(color="0.9")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False)
    return figure


def draw_connectomes(X, names, node_names):
    """Draw the mean connectome of each strategy, and the network most typical of it."""
    strategies = list(dict.fromkeys(names.tolist()))
    figure = Figure(figsize=(2.3 * len(strategies) + 0.9, 5.2), layout="compressed")
    axes = figure.subplots(2, len(strategies), squeeze=False)
    barcodes = GraphPersistence().fit_transform(X)
    means = [X[names == name].mean(axis=0) for name in strategies]
    # One pair of very strong edges must not take the colours of all others.
    tops = (float(np.quantile(means, 0.999)), 1.0)
    for column, name in enumerate(strategies):
        members = np.flatnonzero(names == name)
        center = barcodes[members].mean(axis=0)
        gaps = np.linalg.norm(barcodes[members] - center, axis=1)
        typical = X[members[gaps.argmin()]]
        shown = (X[members], typical[None])
        for ax, rows, reorder in zip(
            axes[:, column], shown, (False, True), strict=True
        ):
            display = ConnectomeDisplay.from_predictions(
                rows, node_names=node_names, reorder=reorder, ax=ax, colorbar=False
            )
            display.im_.set_clim(0, tops[reorder])
            display.ax_.tick_params(axis="y", rotation=90)
            for label in display.ax_.get_yticklabels():
                label.set_verticalalignment("center")
            if column:
                display.ax_.set_yticks([])
        axes[0, column].set_title(name)
    for ax_row, what in zip(
        axes, ("mean edge weight", "edge weight, one network"), strict=True
    ):
        figure.colorbar(ax_row[-1].images[0], ax=list(ax_row), label=what)
    return figure


def draw_barcodes(X, names, n_quantiles):
    """Draw barycenters of births and deaths with a band of a standard deviation."""
    figure, axes = make_panels(2, width=9.4, height=4.2)
    births, deaths = (
        quantile_vectors(part, n_quantiles) for part in split_barcodes(barcode_rows(X))
    )
    BarcodeDisplay(births, deaths, y=names).plot(ax=axes)
    return figure


def draw_clusters(X, names, labels):
    """Draw the networks in the plane, and strategies against clusters."""
    figure, axes = make_panels(2, width=10, height=4.4)
    rows = GraphPersistence().fit_transform(X)
    EmbeddingDisplay.from_predictions(rows, y=names, ax=axes[0])
    axes[0].locator_params(axis="x", nbins=6)  # more labels than that would touch
    axes[0].set_title("networks by Wasserstein distance")
    draw_confusion(axes[1], names, labels, "strategy")
    return figure


def draw_null(null, observed):
    """Draw the statistics of random labels, and the observed one."""
    figure, (ax,) = make_panels(1, n_columns=1, width=6.4, height=3)
    ax.hist(null, bins=50, color="#56B4E9", label="random labels")
    ax.axvline(observed, color=COLOURS[1], linewidth=2, label="strategies as trained")
    ax.set(
        xlabel="mean distance between strategies / mean distance within",
        ylabel="relabellings",
    )
    ax.legend(frameon=False)
    return figure


def draw_confusions(names, labels):
    """Draw classes against clusters, a panel per strategy."""
    # Squares leave room, which colour bars would fill.
    figure, axes = make_panels(len(labels), width=10, height=3.9, layout="compressed")
    for ax, (strategy, found) in zip(axes, labels.items(), strict=True):
        draw_confusion(ax, names, found, "class of stimuli")
        ax.set_title(f"{strategy}: {ax.get_title()}")
    return figure


def draw_confusion(ax, names, labels, what):
    """Draw classes against clusters that are matched to them."""
    display = ClusterConfusionDisplay.from_predictions(names, labels, ax=ax)
    display.ax_.set(ylabel=what, xlabel="cluster, in the order of the match")
    for text in display.text_.ravel():
        # Zeros would hide where the networks are.
        text.set_text("" if text.get_text() == "0" else text.get_text())


def _number(value):
    return np.nan if value is None else value
