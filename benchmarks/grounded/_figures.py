"""The figure of the ranks of all methods."""

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from benchmarks._measure import COLOURS
from benchmarks.grounded._methods import (
    CONTROL,
    DIAGRAMS,
    METHODS,
    OURS,
    REPRESENTATION,
)

COLOUR_OF = dict(zip((REPRESENTATION, OURS, CONTROL, DIAGRAMS), COLOURS, strict=False))


def draw_ranks(ranks):
    """Draw mean ranks with intervals, the lowest at the top.

    Parameters
    ----------
    ranks : DataFrame
        What `_ranks.rank_methods` returned.

    Returns
    -------
    figure : matplotlib.figure.Figure
        The figure.
    """
    height = 1.4 + 0.22 * len(ranks)
    figure = Figure(figsize=(8.4, height), layout="constrained")
    ax = figure.subplots()
    for place, row in enumerate(ranks.itertuples()):
        colour = COLOUR_OF[METHODS[row.method].kind]
        ax.plot([row.low, row.high], [place, place], color=colour, linewidth=1.5)
        ax.plot(row.mean_rank, place, "o", color=colour, markersize=5)
    ax.set_yticks(range(len(ranks)), ranks["method"])
    ax.invert_yaxis()
    ax.set(xlabel="mean rank and 95 % interval")
    ax.grid(axis="x", color="0.92")
    marks = [
        Line2D([], [], color=colour, marker="o", label=kind)
        for kind, colour in COLOUR_OF.items()
    ]
    figure.legend(handles=marks, loc="outside lower center", ncols=4, frameon=False)
    return figure
