"""The figures of a report, drawn by the displays."""

from __future__ import annotations

import numpy as np

from sktopo.barcodes import count_nodes
from sktopo.plotting import (
    BarcodeDisplay,
    ConnectomeDisplay,
    DifferenceDisplay,
    EmbeddingDisplay,
)
from sktopo.reporting._study import name_class

# Classes that points and curves can show.
MOST_CLASSES = 30
# Panels of mean connectomes, those of the first classes.
MOST_PANELS = 9
_COLUMNS = 3


def draw_figures(study, findings):
    """Draw what is known of a study: figures by name, the first is the answer."""
    figures = {}
    if findings.differences is not None:
        figures["differences"] = _draw_differences(findings.differences)
    names = name_groups(study, findings)
    if can_embed(study):
        figures["embedding"] = _draw_embedding(study, names)
    if study.barcodes is not None:
        figures["barycenters"] = _draw_barycenters(study, names)
    if can_average(study):
        figures["connectomes"] = _draw_connectomes(study, names)
    return figures


def name_groups(study, findings):
    """Name the class of each sample; its cluster where there are no classes.

    Returns None if there are neither, or too many to tell apart.
    """
    if len(study.design.classes) > MOST_CLASSES:
        return None
    if study.design.labels is not None:
        return study.design.names
    if findings.labels is None:
        return None
    return np.array([f"cluster {label}" for label in findings.labels], dtype=object)


def can_embed(study):
    """Return whether rows span a plane."""
    n_rows, n_columns = study.rows.shape
    return min(n_rows, n_columns) > 1 and (study.rows != study.rows[0]).any()


def can_average(study):
    """Return whether mean connectomes can be drawn."""
    if study.connectomes is None:
        return False
    n_edges = study.connectomes.shape[1]
    n_nodes = count_nodes(n_edges)
    return n_nodes * (n_nodes - 1) // 2 == n_edges and n_nodes <= 2000


def list_panels(study, names):
    """List the classes of which mean connectomes are drawn: names and members."""
    if names is None:
        return {"all": np.ones(len(study.rows), dtype=bool)}
    listed = [name_class(label) for label in study.design.classes]
    listed = listed or sorted(set(names))
    return {name: names == name for name in listed[:MOST_PANELS]}


def _new_figure(width, height, layout="constrained"):
    from matplotlib.figure import Figure  # noqa: PLC0415

    return Figure(figsize=(width, height), layout=layout)


def _make_room(width, height, names):
    """Return the size of a figure whose legend has many or long names."""
    listed = [] if names is None else sorted(set(names))
    longest = min(max(map(len, listed), default=0), 60)
    return width + 0.075 * longest, max(height, 0.6 + 0.22 * len(listed))


def _draw_differences(table):
    n_profiles, n_blocks = (table[name].nunique() for name in ("profile", "block"))
    width = float(np.clip(1.2 * n_blocks, 2.6, 10.8)) + 2.4
    height = max(1.6, 0.6 * n_profiles) + 1.4 + (1.2 if n_blocks > 8 else 0)
    figure = _new_figure(width, height)
    DifferenceDisplay.from_table(table, ax=figure.subplots())
    return figure


def _draw_embedding(study, names):
    figure = _new_figure(*_make_room(7.2, 4.6, names))
    ax = figure.subplots()
    EmbeddingDisplay.from_rows(study.rows, y=names, ax=ax)
    return figure


def _draw_barycenters(study, names):
    figure = _new_figure(*_make_room(9.6, 3.8, names))
    panels = [name for name, values in study.barcodes.items() if values.shape[1]]
    display = BarcodeDisplay(*study.barcodes.values(), y=names)
    display.plot(ax=figure.subplots(1, len(panels), squeeze=False)[0])
    for ax in display.ax_:
        ax.set_ylabel("edge weight")
    return figure


def _draw_connectomes(study, names):
    """Draw the mean connectome of each class, in one scale of colours."""
    panels = list_panels(study, names)
    n_columns = 2 if len(panels) == 4 else min(_COLUMNS, len(panels))
    n_rows = -(-len(panels) // n_columns)
    figure = _new_figure(3.6 * n_columns + 1, 3.6 * n_rows, layout="compressed")
    axes = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
    displays = []
    for (name, members), ax in zip(panels.items(), axes, strict=False):
        display = ConnectomeDisplay.from_connectomes(
            study.connectomes[members],
            node_names=study.node_names,
            groups=study.groups,
            reorder=False if study.are_matched else "strength",
            ax=ax,
            colorbar=False,
        )
        ax.set(title="" if names is None else f"{name} ({members.sum()})")
        ax.set(xlabel="", ylabel="")
        displays.append(display)
    for ax in axes[len(panels) :]:
        ax.remove()
    _share_colors(figure, displays)
    return figure


def _share_colors(figure, displays):
    """Give all panels one scale of colours, and one colour bar."""
    largest = max(np.abs(display.connectome).max() for display in displays) or 1
    is_signed = min(display.connectome.min() for display in displays) < 0
    for display in displays:
        display.im_.set_cmap("PuOr" if is_signed else "viridis")
        display.im_.set_clim(-largest if is_signed else 0, largest)
    axes = [display.ax_ for display in displays]
    figure.colorbar(displays[0].im_, ax=axes, label="mean edge weight", shrink=0.8)
