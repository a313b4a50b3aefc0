"""Interactive versions of figures, with plotly and with names on hover."""

from html import escape

import numpy as np

from sktopo._utils.labels import check_labels
from sktopo._utils.optional import import_optional
from sktopo.plotting._axes import find_limits, shorten
from sktopo.plotting._groups import COLORS, split_groups
from sktopo.plotting._plane import name_components

# The symbol of plotly for each marker of matplotlib.
_SYMBOLS = {
    "o": "circle",
    "s": "square",
    "^": "triangle-up",
    "D": "diamond",
    "v": "triangle-down",
    "P": "cross",
    "X": "x",
    "<": "triangle-left",
    ">": "triangle-right",
    "p": "pentagon",
}
# Can be read on white and on black; black itself cannot.
_GREY, _PALE = "#7f7f7f", "rgba(127, 127, 127, 0.3)"
# More points make a page too large.
_MOST_POINTS = 100_000


def draw_embedding(display, numbers, sample_names):
    """Draw an EmbeddingDisplay with plotly, `numbers` as colours if not None."""
    figure = _make_figure("EmbeddingDisplay.to_plotly")
    n_samples = len(display.points)
    if sample_names is None:
        sample_names = [f"sample {k}" for k in range(n_samples)]
    names = check_labels(sample_names, n_samples, "sample_names")
    names = np.array([escape(str(name)) for name in names], dtype=object)
    groups = split_groups(None if numbers is not None else display.y, n_samples)
    for group in groups:
        points, texts = display.points[group.members], names[group.members]
        marker = {"symbol": _SYMBOLS[group.points["marker"]], "size": 9}
        if numbers is None:
            color = _GREY if group.color == "#000000" else group.color
            marker |= {"color": _make_pale(color), "line": {"color": color, "width": 1}}
        else:
            label = getattr(display.y, "name", None)
            label = "y" if label is None else escape(shorten(label))
            texts = [
                f"{x}<br>{label} {y:.6g}" for x, y in zip(texts, numbers, strict=True)
            ]
            colors = {
                "color": numbers.tolist(),
                "colorscale": "Viridis",
                "opacity": 0.75,
            }
            marker |= {**colors, "showscale": True, "colorbar": {"title": label}}
        name = "samples" if group.name is None else escape(shorten(group.name))
        _add_points(figure, points, texts, marker, name, group.name is not None)
    texts = [escape(str(name)) for name in display.barycenter_names or []]
    texts = texts or [""] * len(display.barycenters)
    texts = [f"barycenter {text}" for text in texts]
    star = {"symbol": "star-open", "size": 16, "color": _GREY, "line": {"width": 2}}
    _add_points(figure, display.barycenters, texts, star, "barycenter")
    titles = name_components(display.variance_ratio)
    figure.update_xaxes(title=titles[0])
    figure.update_yaxes(title=titles[1], scaleanchor="x")
    return figure


def draw_diagram(display, edge_names):
    """Draw a PersistenceDiagramDisplay with plotly."""
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415

    figure = _make_figure("PersistenceDiagramDisplay.to_plotly")
    births, deaths = display.births, display.deaths
    n_points = len(births) + len(deaths)
    if n_points > _MOST_POINTS:
        raise ValueError(
            f"The diagram has {n_points} points, and a page shows at most "
            f"{_MOST_POINTS}; draw fewer nodes, or use `plot`."
        )
    left, top = find_limits(births, deaths, margin=0.12)
    low, high = find_limits(births, deaths)
    texts = _name_points(births, deaths, edge_names)
    parts = (
        (np.append(births, left), top, texts[: len(births) + 1], 0, "components"),
        (left, deaths, texts[len(births) + 1 :], 4, "cycles"),
    )
    line = {"color": _PALE, "width": 1}
    for x, y in ([low, high], [low, high]), ([left, left], [low, top]):
        figure.add_scatter(
            x=x, y=y, mode="lines", line=line, hoverinfo="skip", showlegend=False
        )
    for x, y, hover, color, kind in parts:
        points = np.column_stack(np.broadcast_arrays(x, y))
        opacity = float(np.clip(50 / max(len(points), 1), 0.1, 0.7))
        symbol = "line-ns-open" if kind == "components" else "line-ew-open"
        marker = {"symbol": symbol, "size": 14, "color": COLORS[color]}
        marker |= {"opacity": opacity, "line": {"width": 1.5}}
        _add_points(figure, points, hover, marker, f"{len(points)} {kind}")
    ticks, names = list_ticks(MaxNLocator(6).tick_values(low, high), low, high)
    ticks = ticks.tolist()
    figure.update_xaxes(tickvals=[left, *ticks], ticktext=["−∞", *names])
    figure.update_yaxes(tickvals=[*ticks, top], ticktext=[*names, "∞"], scaleanchor="x")
    figure.update_xaxes(title="birth (threshold on edge weights)")
    figure.update_yaxes(title="death (threshold on edge weights)")
    return figure


def _name_points(births, deaths, edge_names):
    """Say what each point of a diagram is: births, the oldest component, and deaths."""
    n_births, n_points = len(births), len(births) + len(deaths)
    edges = [""] * n_points
    if edge_names is not None:
        edges = check_labels(edge_names, n_points, "edge_names", of="birth or death")
        edges = [f"<br>{escape(str(edge))}" for edge in edges]
    values = [*births, *deaths]
    kinds = ["birth"] * n_births + ["death"] * len(deaths)
    texts = [
        f"{kind} {value:.6g}{edge}"
        for kind, value, edge in zip(kinds, values, edges, strict=True)
    ]
    texts.insert(n_births, "the component that exists from the start")
    return texts


def list_ticks(ticks, low, high):
    """Return those ticks that lie from `low` to `high`, or close, and their names."""
    near = 0.03 * (high - low)
    ticks = ticks[(ticks >= low - near) & (ticks <= high + near)]
    # The fewest digits, six or more, that tell them apart.
    for digits in range(6, 18):
        names = [f"{tick:.{digits}g}" for tick in ticks]
        if len(set(names)) == len(ticks):
            break
    return ticks, names


def _make_figure(purpose):
    """Make an empty figure of plotly that suits light and dark pages."""
    graphs = import_optional(
        "plotly.graph_objects", extra="interactive", purpose=purpose
    )
    none = "rgba(0, 0, 0, 0)"
    figure = graphs.Figure()
    figure.update_layout(
        template="none",
        paper_bgcolor=none,
        plot_bgcolor=none,
        font={"color": _GREY},
        margin={"l": 20, "r": 20, "t": 40, "b": 20},
        hoverlabel={"align": "left"},
        # Above the axes, where it hides no point and leaves the width to them.
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
    )
    axis = {"gridcolor": _PALE, "zeroline": False, "linecolor": _GREY}
    figure.update_xaxes(**axis, automargin=True)
    figure.update_yaxes(**axis, automargin=True)
    return figure


def _add_points(figure, points, texts, marker, name, showlegend=True):
    """Add points, an array of shape (n_points, 2), that show texts on hover."""
    figure.add_scatter(
        x=points[:, 0].tolist(),
        y=points[:, 1].tolist(),
        mode="markers",
        marker=marker,
        text=list(texts),
        hovertemplate="%{text}<extra></extra>",
        name=name,
        showlegend=showlegend,
    )


def _make_pale(color):
    """Make a colour transparent, so that no point hides another."""
    parts = [int(color[at : at + 2], 16) for at in (1, 3, 5)]
    return f"rgba({parts[0]}, {parts[1]}, {parts[2]}, 0.35)"
