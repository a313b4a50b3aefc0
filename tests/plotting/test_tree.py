"""SpanningTreeDisplay: what was drawn is read back, number by number."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import squareform
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sktopo import FunctionalConnectome
from sktopo import barcodes as bc
from sktopo.plotting import SpanningTreeDisplay
from sktopo.plotting._tree_layout import place_around

pytest.importorskip("matplotlib")


def test_it_keeps_the_rules_of_displays(check_display):
    rows = [[0.7, 0.9, 0.5], [0.2, 0.3, 0.1]]
    check_display(SpanningTreeDisplay.from_connectomes, rows)


def test_tree_by_hand(texts):
    # Edges 01 02 03 12 13 23; the tree is 12 (5), 23 (8), 01 (9).
    names = ["in[0]", "in[1]", "out[0]", "out[1]"]
    display = SpanningTreeDisplay.from_connectomes(
        [9, 2, 1, 5, 3, 8], node_names=names, label_nodes=True
    )
    assert_array_equal(display.edges, [[1, 2], [2, 3], [0, 1]])
    assert_array_equal(display.lines_.get_array(), [5, 8, 9])
    assert display.lines_.get_clim() == (5, 9)
    places = display.nodes_.get_offsets()
    assert_array_equal(places[:, 0], [0, 0, 1, 1])
    for layer in (0, 1):
        assert sorted(places[places[:, 0] == layer, 1]) == [0.25, 0.75]
    assert places[1, 1] == places[2, 1]  # what is joined stands at one height
    for edge, path in zip(display.edges, display.lines_.get_segments(), strict=True):
        assert_allclose(path[[0, -1]], places[edge], atol=1e-12)
    across, right, left = display.lines_.get_segments()
    assert len(across) == 2
    assert right[:, 0].max() > 1.1  # arcs bend outward
    assert left[:, 0].min() < -0.1
    assert texts(display.texts_) == ["0", "1", "0", "1"]
    assert_allclose([text.get_position() for text in display.texts_], places)
    assert texts(display.ax_.get_xticklabels()) == ["in", "out"]
    assert display.colorbar_.ax.get_ylabel() == "birth (edge weight)"


def test_tree_shows_degrees_and_grows_with_layers(make_rows):
    rows = make_rows(1, 90)
    display = SpanningTreeDisplay.from_connectomes(rows)
    assert display.texts_ == []
    degrees = np.bincount(display.edges.ravel())
    sizes = display.nodes_.get_sizes()
    assert_allclose(sizes / degrees, sizes[0] / degrees[0])
    assert_array_equal(
        np.sort(display.lines_.get_array()),
        bc.birth_death_decomposition(rows)[0][0],
    )
    places = display.nodes_.get_offsets()
    assert_array_equal(places, place_around(display.edges))
    for edge, path in zip(display.edges, display.lines_.get_segments(), strict=True):
        assert_allclose(path, places[edge])
    assert display.ax_.get_aspect() == 1
    # Figures grow with the largest column, but stay on a page.
    heights = [
        SpanningTreeDisplay.from_connectomes(
            make_rows(1, n), groups=["a"] * (n - 1) + ["b"]
        ).figure_.get_figheight()
        for n in (10, 30, 90, 192)
    ]
    assert heights[0] < heights[1] < heights[2] == heights[3] == 8


def test_tree_of_an_estimator():
    activations = np.random.default_rng(0).random((4, 20, 5))
    names = ["fc1[0]", "fc2[0]", "fc1[1]", "fc2[1]", "fc1[2]"]
    expected = np.mean([np.abs(np.corrcoef(a.T)) for a in activations], axis=0)
    naming = FunctionTransformer(feature_names_out=lambda *_: np.array(names))
    pipeline = make_pipeline(naming, FunctionalConnectome()).fit(activations)
    tree = SpanningTreeDisplay.from_estimator(pipeline, activations)
    assert_allclose(
        tree.weights,
        np.sort(bc.barcode_rows([squareform(expected, checks=False)])[0, :4]),
    )
    assert list(tree.node_names) == names


def test_nodes_without_layers_are_labelled_by_name(texts):
    display = SpanningTreeDisplay.from_connectomes(
        [0.9, 0.5, 0.7], node_names=["left", "right", "[2"], label_nodes=True
    )
    assert sorted(texts(display.texts_)) == ["[2", "left", "right"]
    assert texts(display.ax_.get_xticklabels()) == []


def boxes_of(artists, figure):
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    boxes = [artist.get_window_extent(renderer) for artist in artists]
    return np.array([(box.x0, box.y0, box.x1, box.y1) for box in boxes])


def overlap(boxes):
    low = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    # A pixel that edges share can be read.
    return np.argwhere(np.triu((high - low > 1).all(axis=2), 1))


@pytest.mark.parametrize("n_nodes", [64, 192])
@pytest.mark.parametrize("n_groups", [1, 3])
def test_names_of_many_nodes_do_not_overlap(make_rows, n_nodes, n_groups):
    names = [f"L-gyrus-{k}" for k in range(n_nodes)]
    display = SpanningTreeDisplay.from_connectomes(
        make_rows(1, n_nodes),
        node_names=names,
        groups=np.arange(n_nodes) * n_groups // n_nodes,
        label_nodes=True,
    )
    found = [text.get_text() for text in display.texts_]
    assert len(found) > n_nodes / 5
    assert overlap(boxes_of(display.texts_, display.figure_)).size == 0
    if n_groups > 1:  # in a column, the hub comes first
        hub = np.bincount(display.edges.ravel()).argmax()
        assert names[hub] in found


def test_groups_have_columns_and_colours(texts):
    display = SpanningTreeDisplay.from_connectomes(
        [9, 2, 1, 5, 3, 8], node_names=list("abcd"), groups=["R", "L", "R", "L"]
    )
    assert texts(display.ax_.get_xticklabels()) == ["R", "L"]
    assert_array_equal(display.nodes_.get_offsets()[:, 0], [0, 1, 0, 1])
    colors = [tuple(color) for color in display.nodes_.get_facecolors()]
    assert colors[0] == colors[2] != colors[1] == colors[3]
    assert repr(display) == (
        "<SpanningTreeDisplay: 3 edges between 4 nodes in 2 groups>"
    )
    with pytest.raises(ValueError, match="groups has 1 labels for 4 nodes"):
        SpanningTreeDisplay.from_connectomes([9, 2, 1, 5, 3, 8], groups=["R"])
