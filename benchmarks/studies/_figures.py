"""Figures of the studies: one panel for each report."""

from functools import partial

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy.optimize import linear_sum_assignment

from benchmarks._measure import COLOURS
from benchmarks.studies._methods import PROFILES, RANKED, TOP, TOP_BALANCED, TOP_SUM
from benchmarks.studies._ranks import BOTH, KINDS, add_final_purity

MARKERS = "osD^v<>*"
FORMS_OF_TOP = (TOP, TOP_BALANCED, TOP_SUM)


def draw_figures(study, reports):
    """Draw the figures of a study, with a panel for each of its reports.

    Parameters
    ----------
    study : {"strategies", "stimuli"}
        The study.

    reports : dict of str to dict
        By the title of the panel, the tables of a report, data frames by name.

    Returns
    -------
    figures : dict of str to matplotlib.figure.Figure
        The figures by name.
    """
    scores = {title: add_final_purity(t["scores"]) for title, t in reports.items()}
    figures = {
        name: draw_panels(scores, partial(draw_scores, column, name), height=4.6)
        for name, column in (("purity", "final"), ("accuracy", "accuracy_mean"))
    }
    if study == "stimuli":
        counts = {title: match_clusters(t["confusion"]) for title, t in reports.items()}
        figures["confusion"] = draw_panels(counts, draw_confusion, height=4.0)
        return figures
    weights = {title: tables["weights"] for title, tables in reports.items()}
    quantiles = {
        f"{title}: {kind}": rows
        for title, tables in reports.items()
        for kind, rows in tables["barcodes"].groupby("kind")
    }
    figures["weights"] = draw_panels(weights, draw_weights, height=2.4)
    figures["barcodes"] = draw_panels(quantiles, draw_barcodes, height=2.4)
    return figures


def draw_panels(panels, draw, *, height):
    """Draw each value of a dict in a panel of its own, under one legend.

    Parameters
    ----------
    panels : dict of str to object
        By the title of the panel, what `draw` takes.

    draw : callable
        Called with the axes and the value.

    height : float
        Height of a row of panels, in inches.

    Returns
    -------
    figure : matplotlib.figure.Figure
        The figure.
    """
    n_columns = min(2, len(panels))
    n_rows = -(-len(panels) // n_columns)
    figure = Figure(figsize=(8.4, height * n_rows), layout="constrained")
    axes = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
    for ax in axes[len(panels) :]:
        ax.set_axis_off()
    for ax, (title, values) in zip(axes, panels.items(), strict=False):
        draw(ax, values)
        ax.set_title(title)
    handles, labels = axes[0].get_legend_handles_labels()
    if handles:
        figure.legend(
            handles, labels, loc="outside lower center", ncols=3, frameon=False
        )
    return figure


def draw_scores(column, label, ax, scores):
    """Draw a score of each ranked method, with one marker for each task."""
    scores = scores[scores[column].notna()]
    methods = [name for name in RANKED if name in set(scores["method"])][::-1]
    tasks = scores["task"].unique()
    for i, task in enumerate(tasks):
        rows = scores[scores["task"] == task].set_index("method").reindex(methods)
        # Equal values of several tasks would hide each other.
        places = np.arange(len(methods)) + 0.15 * ((len(tasks) - 1) / 2 - i)
        style = {"color": COLOURS[i], "marker": MARKERS[i], "markersize": 4.5}
        ax.plot(rows[column], places, linestyle="none", label=task, **style)
    if column == "final":
        for chance in scores["chance"].unique():
            ax.axvline(chance, color="black", linestyle=":", linewidth=1)
    ax.set_yticks(range(len(methods)), methods)
    ax.set(xlabel=label, xlim=(0, 1.04))
    ax.grid(axis="both", color="0.92")
    ax.set_axisbelow(True)


def draw_ranks(ranks):
    """Draw mean ranks over both questions and their intervals, a panel for each kind.

    Parameters
    ----------
    ranks : DataFrame
        What `_ranks.rank_methods` returned.

    Returns
    -------
    figure : matplotlib.figure.Figure
        The figure.
    """
    ranks = ranks[(ranks["question"] == BOTH) & ranks["method"].isin(list(RANKED))]
    panels = {kind: ranks[ranks["kind"] == kind] for kind in KINDS}
    panels = {kind: found for kind, found in panels.items() if len(found)}
    return draw_panels(panels, partial(draw_intervals, _choose_colour), height=4.0)


def _choose_colour(method):
    """Choose the colour of a method: forms of this package have one of their own."""
    return COLOURS[method in (PROFILES, *FORMS_OF_TOP)]


def draw_intervals(choose_colour, ax, ranks):
    """Draw mean ranks with intervals, the lowest at the top, in colours by method."""
    for place, row in enumerate(ranks.itertuples()):
        colour = choose_colour(row.method)
        ax.plot([row.low, row.high], [place, place], color=colour, linewidth=1.5)
        ax.plot(row.mean_rank, place, "o", color=colour, markersize=5)
    ax.set_yticks(range(len(ranks)), ranks["method"])
    ax.invert_yaxis()
    ax.set(xlabel="mean rank and 95 % interval")
    ax.grid(axis="x", color="0.92")


def draw_weights(ax, weights):
    """Draw purity of one task against λ, in both forms."""
    for (form, rows), colour in zip(weights.groupby("form"), COLOURS, strict=False):
        label = f"{form}, best of restarts"
        ax.plot(
            rows["weight"], rows["best_purity_mean"], "o-", color=colour, label=label
        )
        draw_band(ax, rows["weight"], rows["purity_mean"], rows["purity_std"], colour)
    ax.set(xlabel="λ, the weight of topology", ylabel="purity")
    ax.set(xlim=(-0.02, 1.02), ylim=(0, 1.04))
    ax.grid(color="0.92")


def draw_barcodes(ax, quantiles):
    """Draw the mean births or deaths of each strategy, ± one standard deviation."""
    strategies = quantiles.groupby("strategy", sort=False)
    for (strategy, rows), colour in zip(strategies, COLOURS, strict=False):
        ax.plot(rows["quantile"], rows["mean"], color=colour, label=strategy)
        draw_band(ax, rows["quantile"], rows["mean"], rows["std"], colour)
    ax.set(xlabel="quantile", ylabel="edge weight", xlim=(0, 1), ylim=(0, 1))


def draw_band(ax, x, mean, spread, colour):
    """Fill the area of one standard deviation about a mean."""
    ax.fill_between(x, mean - spread, mean + spread, color=colour, alpha=0.2, lw=0)


def match_clusters(confusion):
    """Count connectomes by class and by the class that their cluster is matched to.

    Clusters of Top (normalised) are matched in each strategy so that most connectomes
    lie on the diagonal; the counts of all strategies are added.

    Parameters
    ----------
    confusion : DataFrame
        Columns `strategy`, `method`, `class`, `cluster` and `count`.

    Returns
    -------
    matrix : DataFrame
        Counts: a row for each class, a column for the cluster matched to each class.
    """
    matched = []
    own = confusion[confusion["method"] == TOP]
    for _, rows in own.groupby("strategy"):
        counts = rows.pivot_table("count", "class", "cluster", "sum", fill_value=0)
        classes, clusters = linear_sum_assignment(counts, maximize=True)
        names = dict(zip(counts.columns[clusters], counts.index[classes], strict=True))
        matched.append(rows.assign(matched=rows["cluster"].map(names)))
    counts = pd.concat(matched).pivot_table(
        "count", "class", "matched", "sum", fill_value=0
    )
    return counts.reindex(columns=counts.index, fill_value=0)


def draw_confusion(ax, matrix):
    """Draw counts of classes and matched clusters; zeros are left out."""
    ax.imshow(matrix, cmap="Blues", vmin=0)
    for row, column in np.argwhere(matrix.to_numpy()):
        count = matrix.iat[row, column]
        colour = "white" if count > matrix.to_numpy().max() / 2 else "black"
        style = {"ha": "center", "va": "center", "fontsize": 6.5}
        ax.text(column, row, count, color=colour, **style)
    ax.set_xticks(range(len(matrix)), matrix.columns, rotation=90)
    ax.set_yticks(range(len(matrix)), matrix.index)
    ax.set(xlabel="class that the cluster is matched to", ylabel="class of the stimuli")
