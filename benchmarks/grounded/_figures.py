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
from benchmarks.studies._figures import draw_intervals

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
    draw_intervals(lambda method: COLOUR_OF[METHODS[method].kind], ax, ranks)
    marks = [
        Line2D([], [], color=colour, marker="o", label=kind)
        for kind, colour in COLOUR_OF.items()
    ]
    figure.legend(handles=marks, loc="outside lower center", ncols=4, frameon=False)
    return figure
