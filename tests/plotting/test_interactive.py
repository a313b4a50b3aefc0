"""Interactive figures: what plotly draws is read back, and what a hover shows."""

import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sktopo import GraphPersistence
from sktopo.plotting import EmbeddingDisplay, PersistenceDiagramDisplay, _interactive

pytest.importorskip("matplotlib")
pytest.importorskip("plotly")

ROWS = np.random.default_rng(0).random((6, 5))
NAMES = ["net <1>", "net 2", "net 3", "net 4", "net 5", "net 6"]


def test_points_of_an_embedding_have_the_names_of_samples():
    display = EmbeddingDisplay.from_rows(ROWS, y=list("abcabc"))
    figure = display.to_plotly(sample_names=NAMES)
    *groups, barycenters = figure.data
    assert [trace.name for trace in groups] == ["a", "b", "c"]
    for k, trace in enumerate(groups):
        assert_allclose(np.column_stack([trace.x, trace.y]), display.points[k::3])
        assert trace.marker.color.endswith("0.35)")  # no point hides another
    assert list(groups[0].text) == ["net &lt;1&gt;", "net 4"]
    assert len({trace.marker.symbol for trace in groups}) == 3
    assert_allclose(barycenters.x, display.barycenters[:, 0])
    assert figure.layout.xaxis.title.text == display.ax_.get_xlabel()
    assert figure.layout.yaxis.scaleanchor == "x"
    # Pages of any colour show through.
    assert (
        figure.layout.paper_bgcolor == figure.layout.plot_bgcolor == "rgba(0, 0, 0, 0)"
    )
    assert "net &lt;1&gt;" not in EmbeddingDisplay.from_rows(ROWS).to_plotly().to_json()
    with pytest.raises(ValueError, match="sample_names has 5 labels for 6 samples"):
        display.to_plotly(sample_names=NAMES[1:])


def test_numbers_have_a_colour_bar():
    numbers = np.linspace(0, 1, 6)
    figure = EmbeddingDisplay.from_rows(ROWS, y=numbers).to_plotly()
    samples = figure.data[0]
    assert_allclose(samples.marker.color, numbers)
    assert samples.marker.showscale
    assert samples.text[1] == "sample 1<br>y 0.2"
    assert not samples.showlegend


def test_points_of_a_diagram_have_the_names_of_edges():
    graph = [[0.9, 0.5, 0.7]]
    persistence = GraphPersistence().fit(graph)
    (edges,) = persistence.edge_names(graph)
    display = PersistenceDiagramDisplay.from_estimator(persistence, graph)
    figure = display.to_plotly(edge_names=edges)
    components, cycles = figure.data[-2:]
    left, top = display.infinity_
    assert_allclose(components.x, [0.7, 0.9, left])
    assert_allclose(components.y, [top] * 3)
    assert_allclose([cycles.x, cycles.y], [[left], [0.5]])
    assert list(components.text) == [
        "birth 0.7<br>x1--x2",
        "birth 0.9<br>x0--x1",
        "the component that exists from the start",
    ]
    assert list(cycles.text) == ["death 0.5<br>x0--x2"]
    assert components.name == "3 components"
    assert figure.layout.xaxis.ticktext[0] == "−∞"
    assert figure.layout.yaxis.ticktext[-1] == "∞"
    assert list(display.to_plotly().data[-1].text) == ["death 0.5"]
    with pytest.raises(
        ValueError, match="edge_names has 2 labels for 3 birth or deaths"
    ):
        display.to_plotly(edge_names=["a--b", "a--c"])


def test_a_page_with_all_scripts_is_saved(tmp_path):
    path = tmp_path / "networks.html"
    EmbeddingDisplay.from_rows(ROWS).to_plotly().write_html(path)
    assert "sample 5" in path.read_text(encoding="utf-8")


def test_too_many_points_for_a_page(monkeypatch):
    monkeypatch.setattr(_interactive, "_MOST_POINTS", 2)
    display = PersistenceDiagramDisplay.from_barcodes([0.7, 0.9, 0.5])
    with pytest.raises(ValueError, match="has 3 points, and a page shows at most 2"):
        display.to_plotly()


@pytest.mark.parametrize(
    "make",
    [
        lambda: EmbeddingDisplay.from_rows(ROWS),
        lambda: PersistenceDiagramDisplay.from_barcodes([0.7, 0.9, 0.5]),
    ],
)
def test_without_plotly(make, monkeypatch):
    display = make()
    monkeypatch.setitem(sys.modules, "plotly.graph_objects", None)
    with pytest.raises(ImportError, match=r"to_plotly needs.*sktopo\[interactive\]"):
        display.to_plotly()
