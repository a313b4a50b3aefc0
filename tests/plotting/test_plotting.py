"""Displays: what was drawn is read back, number by number."""

import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import pdist, squareform
from sklearn.cluster import KMeans
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sktopo import FunctionalConnectome, GraphPersistence, TopClusterer, plotting
from sktopo import barcodes as bc
from sktopo.metrics import matched_accuracy_score

pytest.importorskip("matplotlib")

# Units of two layers in turn, so that grouping by layer moves them.
NAMES = ["fc1[0]", "fc2[0]", "fc1[1]", "fc2[1]", "fc1[2]"]


@pytest.fixture(autouse=True)
def close_figures():
    yield
    import matplotlib.pyplot as plt

    plt.close("all")


@pytest.fixture
def fitted(make_rows):
    """Fit a clustering of 12 graphs of 7 nodes, in two plain groups."""
    rows = make_rows(12, 7)
    rows[:6] += 1
    model = make_pipeline(GraphPersistence(), TopClusterer(2, random_state=0))
    return model.fit(rows), rows


def blank_diagonal(matrix):
    matrix = np.array(matrix, dtype=float)
    np.fill_diagonal(matrix, np.nan)
    return matrix


def drawn(image):
    return np.ma.filled(image.get_array(), np.nan)


def texts(artists):
    return [artist.get_text() for artist in artists]


# --- connectomes ------------------------------------------------------------------


def test_connectome_is_grouped_by_layer(make_rows):
    row = make_rows(1, 5)[0]
    display = plotting.ConnectomeDisplay.from_predictions(row, node_names=NAMES)
    order = [0, 2, 4, 1, 3]
    expected = squareform(row)[np.ix_(order, order)]
    assert_array_equal(drawn(display.im_), blank_diagonal(expected))
    assert display.im_.get_clim() == (0, row.max())
    assert texts(display.ax_.get_xticklabels()) == ["fc1", "fc2"]
    assert texts(display.ax_.get_yticklabels()) == ["fc1", "fc2"]
    assert_array_equal(display.ax_.get_xticks(), [1, 3.5])
    bounds = {tuple(np.ravel(line.get_data())) for line in display.lines_}
    assert bounds == {(0, 1, 2.5, 2.5), (2.5, 2.5, 0, 1)}
    assert display.colorbar_.ax.get_ylabel() == "edge weight"


def test_connectomes_are_averaged_whatever_their_form(make_rows):
    rows = make_rows(3, 5)
    matrices = np.stack([squareform(row) for row in rows])
    expected = blank_diagonal(matrices.mean(axis=0))
    for given in (rows, list(rows), matrices, list(matrices)):
        display = plotting.ConnectomeDisplay.from_predictions(given)
        assert_allclose(drawn(display.im_), expected)
        label = display.colorbar_.ax.get_ylabel()
        assert label == "mean edge weight of 3 connectomes"
    one = plotting.ConnectomeDisplay.from_predictions(matrices[0], colorbar=False)
    assert_allclose(drawn(one.im_), blank_diagonal(matrices[0]))
    assert one.colorbar_ is None
    assert texts(one.ax_.get_xticklabels()) == ["x0", "x1", "x2", "x3", "x4"]
    assert one.lines_ == []


def test_negative_weights_get_colours_about_zero():
    display = plotting.ConnectomeDisplay.from_predictions([0.2, -0.7, 0.1])
    assert display.im_.get_clim() == (-0.7, 0.7)
    assert display.im_.get_cmap().name == "PuOr"
    positive = plotting.ConnectomeDisplay.from_predictions([0.2, 0.7, 0.1])
    assert positive.im_.get_cmap().name == "viridis"
    chosen = plotting.ConnectomeDisplay.from_predictions([0.2], cmap="magma")
    assert chosen.im_.get_cmap().name == "magma"


def test_reordering_brings_modules_together_within_layers():
    rng = np.random.default_rng(0)
    module = rng.permutation(np.repeat([0, 1, 2], 8))
    matrix = np.where(module[:, None] == module, 0.8, 0.1)
    np.fill_diagonal(matrix, 0)
    names = [f"{'ab'[i >= 12]}[{i}]" for i in range(24)]
    display = plotting.ConnectomeDisplay.from_predictions(
        matrix, node_names=names, reorder=True
    )
    assert sorted(display.order[:12]) == list(range(12))
    for part in (display.order[:12], display.order[12:]):
        changes = np.count_nonzero(np.diff(module[part]))
        assert changes == len(set(module[part])) - 1
    moved = matrix[np.ix_(display.order, display.order)]
    assert_array_equal(drawn(display.im_), blank_diagonal(moved))


def test_connectome_of_an_estimator():
    activations = np.random.default_rng(0).random((4, 20, 5))
    connectome = FunctionalConnectome().fit(activations)
    display = plotting.ConnectomeDisplay.from_estimator(connectome, activations)
    expected = np.mean([np.abs(np.corrcoef(a.T)) for a in activations], axis=0)
    assert_allclose(drawn(display.im_), blank_diagonal(expected))
    naming = FunctionTransformer(feature_names_out=lambda *_: np.array(NAMES))
    pipeline = make_pipeline(naming, FunctionalConnectome()).fit(activations)
    named = plotting.ConnectomeDisplay.from_estimator(pipeline, activations)
    assert texts(named.ax_.get_xticklabels()) == ["fc1", "fc2"]
    tree = plotting.SpanningTreeDisplay.from_estimator(pipeline, activations)
    assert_allclose(
        tree.weights,
        np.sort(bc.barcode_rows([squareform(expected, checks=False)])[0, :4]),
    )
    assert list(tree.node_names) == NAMES


def test_units_of_columns_have_their_names():
    pandas = pytest.importorskip("pandas")
    frames = pandas.DataFrame(np.random.default_rng(0).random((9, 5)), columns=NAMES)
    connectome = FunctionalConnectome().fit(frames)
    display = plotting.ConnectomeDisplay.from_estimator(connectome, frames)
    assert texts(display.ax_.get_yticklabels()) == ["fc1", "fc2"]


@pytest.mark.parametrize("name", ["ConnectomeDisplay", "SpanningTreeDisplay"])
@pytest.mark.parametrize(
    ("given", "names", "message"),
    [
        (np.ones(5), None, "Rows of 5 edges are no upper triangle"),
        (np.arange(18.0).reshape(2, 3, 3), None, "Matrix 0 is not symmetric"),
        (np.ones(3), ["a"], r"shape \(1,\) for graphs of 3 nodes"),
    ],
)
def test_connectomes_that_are_none(name, given, names, message):
    with pytest.raises(ValueError, match=message):
        getattr(plotting, name).from_predictions(given, node_names=names)


# --- the maximum spanning tree ----------------------------------------------------


def test_tree_by_hand():
    # Edges 01 02 03 12 13 23; the tree is 12 (5), 23 (8), 01 (9).
    names = ["in[0]", "in[1]", "out[0]", "out[1]"]
    display = plotting.SpanningTreeDisplay.from_predictions(
        [9, 2, 1, 5, 3, 8], node_names=names, label_units=True
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
    display = plotting.SpanningTreeDisplay.from_predictions(rows)
    assert display.texts_ == []
    degrees = np.bincount(display.edges.ravel())
    assert_array_equal(display.nodes_.get_sizes(), 14 * degrees)
    heights = display.nodes_.get_offsets()[:, 1]
    assert_allclose(np.sort(heights), (np.arange(90) + 0.5) / 90)
    assert display.figure_.get_figheight() > 10
    assert_array_equal(
        np.sort(display.lines_.get_array()),
        bc.birth_death_decomposition(rows)[0][0],
    )
    joined = np.abs(np.diff(heights[display.edges], axis=1)).mean()
    assert joined < 0.5 * np.abs(np.subtract.outer(heights, heights)).mean()


# --- barcodes ---------------------------------------------------------------------


@pytest.mark.parametrize("against", ["quantile", "rank"])
def test_barcodes_of_groups(make_rows, against):
    barcodes = bc.barcode_rows(make_rows(7, 6))
    y = np.array(["b", "a", "b", "b", "a", "a", "a"])
    display = plotting.BarcodeDisplay.from_predictions(barcodes, y=y, against=against)
    for panel, part in enumerate(bc.split_barcodes(barcodes)):
        size = part.shape[1]
        x = np.arange(1, size + 1)
        if against == "quantile":
            x = (x - 0.5) / size
        for k, name in enumerate("ab"):
            center = part[y == name].mean(axis=0)
            deviation = part[y == name].std(axis=0)
            line = display.lines_[panel, k]
            assert_allclose(line.get_xdata(), x)
            assert_allclose(line.get_ydata(), center)
            outline = display.bands_[panel, k].get_paths()[0].vertices
            for side in (center - deviation, center + deviation):
                for point in zip(x, side, strict=True):
                    assert np.abs(outline - point).sum(axis=1).min() < 1e-12
        limits = (1, size) if against == "rank" else (0, 1)
        assert display.ax_[panel].get_xlim() == limits
    assert display.ax_[0].get_ylim() == display.ax_[1].get_ylim()
    low, high = display.ax_[0].get_ylim()
    assert low <= barcodes.min() + 0.2
    assert high >= display.lines_[0, 0].get_ydata().max()
    legend = display.ax_[0].get_legend()
    assert texts(legend.get_texts()) == ["a", "b"]
    assert "standard deviation" in legend.get_title().get_text()
    titles = [ax.get_title() for ax in display.ax_]
    assert titles == ["births of components", "deaths of cycles"]
    styles = {(line.get_color(), line.get_linestyle()) for line in display.lines_[0]}
    assert styles == {("#0072B2", "-"), ("#E69F00", "--")}


@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("weight", [1.0, 0.4])
@pytest.mark.parametrize("dimensions", [(0, 1), (0,), (1,)])
def test_barcodes_come_back_to_units_of_weights(
    make_rows, normalize, weight, dimensions
):
    rows = make_rows(5, 6)
    persistence = GraphPersistence(
        normalize=normalize, topology_weight=weight, homology_dimensions=dimensions
    ).fit(rows)
    display = plotting.BarcodeDisplay.from_estimator(persistence, rows)
    parts = bc.birth_death_decomposition(rows)
    assert len(display.lines_) == len(dimensions)
    for (line,), dimension in zip(display.lines_, dimensions, strict=True):
        assert_allclose(line.get_ydata(), parts[dimension].mean(axis=0))
    assert texts(display.ax_[0].get_legend().get_texts()) == ["5 graphs"]


def test_barcodes_as_quantiles_of_graphs_of_several_sizes(make_rows):
    rows = [*make_rows(2, 5), *make_rows(2, 7)]
    pipeline = make_pipeline(GraphPersistence(n_quantiles=3)).fit(rows)
    display = plotting.BarcodeDisplay.from_estimator(pipeline, rows)
    expected = np.mean(
        [bc.quantile_vectors(bc.birth_death_decomposition([r])[1], 3)[0] for r in rows],
        axis=0,
    )
    assert_allclose(display.lines_[1, 0].get_ydata(), expected)


def test_one_barcode_has_no_band_to_explain(make_rows):
    barcodes = bc.barcode_rows(make_rows(1, 2))
    display = plotting.BarcodeDisplay.from_predictions(barcodes)
    assert display.lines_.shape == (1, 1)  # two nodes have no deaths
    legend = display.ax_[0].get_legend()
    assert texts(legend.get_texts()) == ["1 graph"]
    assert legend.get_title().get_text() == ""


def test_barcodes_that_are_none(make_rows):
    with pytest.raises(ValueError, match="births do not ascend"):
        plotting.BarcodeDisplay.from_predictions([[2.0, 1, 0]])
    with pytest.raises(ValueError, match="against='width' is unknown"):
        plotting.BarcodeDisplay.from_predictions([[1.0, 2, 0]], against="width")
    with pytest.raises(TypeError, match="Got a KMeans; expected a fitted Graph"):
        plotting.BarcodeDisplay.from_estimator(KMeans(), [[1.0]])
    edges = GraphPersistence(topology_weight=0).fit(make_rows(2, 4))
    with pytest.raises(ValueError, match="no births and deaths to draw"):
        plotting.BarcodeDisplay.from_estimator(edges, make_rows(2, 4))
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        plotting.BarcodeDisplay.from_predictions([[1.0, 2, 0]], y=[0, 1])


# --- the filtration ---------------------------------------------------------------


def count_features(row, n_nodes, threshold):
    """Oracle: components, and cycles by Euler's formula, of the edges above."""
    import networkx

    graph = networkx.empty_graph(n_nodes)
    pairs = zip(*np.triu_indices(n_nodes, 1), strict=True)
    graph.add_edges_from(
        pair for pair, w in zip(pairs, row, strict=True) if w > threshold
    )
    components = networkx.number_connected_components(graph)
    return components, graph.number_of_edges() - n_nodes + components


def test_betti_curves_count_components_and_cycles(make_rows, kind):
    rows = make_rows(4, 6, kind)
    y = [1, 0, 0, 0]
    display = plotting.BettiCurvesDisplay.from_predictions(bc.barcode_rows(rows), y=y)
    assert texts(display.ax_[0].get_legend().get_texts()) == ["0", "1"]
    members = [rows[1:], rows[:1]]
    values = np.unique(rows)
    thresholds = np.concatenate([values, values - 1e-9, values + 1e-9])
    for threshold in thresholds:
        for k, group in enumerate(members):
            expected = np.mean(
                [count_features(row, 6, threshold) for row in group], axis=0
            )
            for panel in (0, 1):
                line = display.lines_[panel, k]
                assert line.get_drawstyle() == "steps-post"
                at = line.get_xdata().searchsorted(threshold, side="right") - 1
                assert line.get_ydata()[at] == pytest.approx(expected[panel])
    for ax in display.ax_:
        low, high = ax.get_xlim()
        assert low < values.min() <= values.max() < high
    for line in display.lines_.ravel():
        assert tuple(line.get_xdata()[[0, -1]]) == display.ax_[0].get_xlim()


def test_diagram_of_the_filtration(fitted):
    model, rows = fitted
    display = plotting.PersistenceDiagramDisplay.from_estimator(
        model[:1], rows, sample=2
    )
    births, deaths = (part[0] for part in bc.birth_death_decomposition(rows[2:3]))
    left, top = display.infinity_
    assert left < rows[2].min()
    assert top > rows[2].max()
    assert_allclose(display.components_.get_xdata(), [*births, left])
    assert_allclose(display.components_.get_ydata(), top)
    assert_allclose(display.cycles_.get_xdata(), left)
    assert_allclose(display.cycles_.get_ydata(), deaths)
    assert texts(display.ax_.get_xticklabels())[0] == "−∞"
    assert display.ax_.get_xticks()[0] == left
    assert texts(display.ax_.get_yticklabels())[-1] == "∞"
    assert display.ax_.get_yticks()[-1] == top
    low, high = display.ax_.get_xlim()
    assert low < left < top < high
    assert texts(display.ax_.get_legend().get_texts()) == [
        "7 components: born, never die",
        "15 cycles: there from the start, die",
    ]


def test_diagram_of_equal_weights():
    display = plotting.PersistenceDiagramDisplay.from_predictions([0.5, 0.5, 0.5])
    left, top = display.infinity_
    assert left < 0.5 < top


def test_filtrations_need_all_births_and_deaths(make_rows):
    rows = make_rows(2, 5)
    for parameters in ({"n_quantiles": 3}, {"homology_dimensions": (1,)}):
        persistence = GraphPersistence(**parameters).fit(rows)
        for display in (
            plotting.PersistenceDiagramDisplay,
            plotting.BettiCurvesDisplay,
        ):
            with pytest.raises(ValueError, match="needs all births and deaths"):
                display.from_estimator(persistence, rows)
    with pytest.raises(ValueError, match="a diagram is of one graph"):
        plotting.PersistenceDiagramDisplay.from_predictions(bc.barcode_rows(rows))


def test_betti_curves_of_an_estimator(fitted):
    model, rows = fitted
    display = plotting.BettiCurvesDisplay.from_estimator(model[:1], rows)
    births, deaths = bc.birth_death_decomposition(rows)
    assert_allclose(display.lines_[0, 0].get_xdata()[1:-1], np.sort(births, axis=None))
    assert_allclose(display.lines_[1, 0].get_xdata()[1:-1], np.sort(deaths, axis=None))
    assert display.lines_[1, 0].get_ydata()[0] == 15
    assert display.ax_[0].get_legend() is None


# --- clusters ---------------------------------------------------------------------


def test_embedding_keeps_distances_and_barycenters(fitted):
    model, rows = fitted
    scaled = model[:1].transform(rows)
    plane = scaled @ np.linalg.qr(np.random.default_rng(0).random((21, 2)))[0]
    # Rows in a plane lose nothing.
    y = np.repeat(["one", "two"], 6)
    display = plotting.EmbeddingDisplay.from_predictions(plane, y=y)
    points = [np.asarray(p.get_offsets()) for p in display.points_]
    assert_allclose(pdist(np.vstack(points)), pdist(plane), atol=1e-12)
    for center, group in zip(display.barycenters_.get_offsets(), points, strict=True):
        assert_allclose(center, group.mean(axis=0), atol=1e-12)
    assert_allclose(display.variance_ratio.sum(), 1)
    share = np.linalg.svd(plane - plane.mean(axis=0), compute_uv=False) ** 2
    share = 100 * share / share.sum()
    expected = [
        f"principal component {k + 1} ({share[k]:.0f} % of variance)" for k in (0, 1)
    ]
    assert [display.ax_.get_xlabel(), display.ax_.get_ylabel()] == expected
    legend = texts(display.ax_.get_legend().get_texts())
    assert legend == ["one", "two", "barycenter"]
    assert display.ax_.get_aspect() == 1
    assert display.texts_ == []


def test_embedding_of_a_clustering(fitted):
    model, rows = fitted
    display = plotting.EmbeddingDisplay.from_estimator(model, rows)
    labels = model[-1].labels_
    assert texts(display.texts_) == ["0", "1"]
    assert texts(display.ax_.get_legend().get_texts())[:2] == ["cluster 0", "cluster 1"]
    for k in (0, 1):
        members = display.points_[k].get_offsets()
        assert len(members) == np.sum(labels == k)
        center = display.barycenters_.get_offsets()[k]
        assert_allclose(center, np.mean(members, axis=0), atol=1e-12)
        assert_allclose(display.texts_[k].xy, center)
    assert len({tuple(p.get_facecolor()[0]) for p in display.points_}) == 2
    by_label = plotting.EmbeddingDisplay.from_estimator(
        model[-1], model[:1].transform(rows), y=np.arange(12) % 3
    )
    assert len(by_label.points_) == 3
    assert_allclose(
        by_label.barycenters_.get_offsets(), display.barycenters_.get_offsets()
    )


def test_embedding_of_equal_rows():
    with pytest.raises(ValueError, match="All rows are the same"):
        plotting.EmbeddingDisplay.from_predictions(np.ones((3, 3)))


@pytest.mark.parametrize("n_clusters", [2, 3, 5])
def test_confusion_is_matched(n_clusters):
    rng = np.random.default_rng(n_clusters)
    y = rng.integers(0, 3, 60)
    clusters = np.where(
        rng.random(60) < 0.6, (y + 1) % n_clusters, rng.integers(0, n_clusters, 60)
    )
    names = np.array(["x", "y", "z"])
    display = plotting.ClusterConfusionDisplay.from_predictions(names[y], clusters)
    assert sorted(display.labels) == ["x", "y", "z"]
    assert sorted(display.clusters) == [str(k) for k in range(n_clusters)]
    on_diagonal = 0
    for i, label in enumerate(display.labels):
        for j, cluster in enumerate(display.clusters):
            count = np.sum((names[y] == label) & (clusters == int(cluster)))
            assert display.text_[i, j].get_text() == str(count)
            assert display.text_[i, j].get_position() == (j, i)
            share = count / np.sum(names[y] == label)
            assert display.im_.get_array()[i, j] == pytest.approx(share)
            assert display.text_[i, j].get_color() == (
                "white" if share < 0.5 else "black"
            )
            on_diagonal += count * (i == j)
    accuracy = matched_accuracy_score(y, clusters)
    assert on_diagonal / 60 == pytest.approx(accuracy)
    assert display.ax_.get_title() == f"matched accuracy {accuracy:.2f}"
    assert texts(display.ax_.get_xticklabels()) == display.clusters
    assert texts(display.ax_.get_yticklabels()) == display.labels


def test_confusion_of_an_estimator(fitted):
    model, rows = fitted
    y = np.repeat([1, 0], 6)  # the first six have the larger weights
    display = plotting.ClusterConfusionDisplay.from_estimator(model, rows, y)
    assert_array_equal(display.counts, [[6, 0], [0, 6]])
    assert display.labels == display.clusters == ["0", "1"]


# --- all of them ------------------------------------------------------------------

BARCODE = [[0.7, 0.9, 0.5], [0.2, 0.3, 0.1]]
EXAMPLES = {
    "BarcodeDisplay": (2, (BARCODE,)),
    "BettiCurvesDisplay": (2, (BARCODE,)),
    "ClusterConfusionDisplay": (1, ([0, 1], [0, 1])),
    "ConnectomeDisplay": (1, (BARCODE,)),
    "EmbeddingDisplay": (1, (BARCODE,)),
    "PersistenceDiagramDisplay": (1, (BARCODE[0],)),
    "SpanningTreeDisplay": (1, (BARCODE,)),
}


def test_examples_are_complete():
    assert sorted(EXAMPLES) == plotting.__all__


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_displays_draw_where_told_and_again(name):
    import matplotlib.pyplot as plt

    n_panels, arguments = EXAMPLES[name]
    figure, axes = plt.subplots(1, n_panels, squeeze=False)
    given = axes[0, 0] if n_panels == 1 else axes[0]
    display = getattr(plotting, name).from_predictions(*arguments, ax=given)
    assert display.figure_ is figure
    assert all(np.ravel(display.ax_) == axes[0])
    assert display.plot() is display
    assert display.figure_ is not figure
    display.figure_.canvas.draw()
    many = plt.subplots(1, 3)[1]
    with pytest.raises(ValueError, match=f"Got 3 axes for {n_panels} panel"):
        display.plot(ax=many)


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_labels_stay_within_the_figure(name):
    _, arguments = EXAMPLES[name]
    display = getattr(plotting, name).from_predictions(*arguments)
    display.figure_.canvas.draw()
    for ax in np.ravel(display.ax_):
        box = ax.get_tightbbox()
        assert min(box.x0, box.y0) >= 0
        assert box.x1 <= display.figure_.bbox.x1
        assert box.y1 <= display.figure_.bbox.y1


def test_names_of_layers_stay_within_the_figure(make_rows):
    names = [f"lrelu{1 + (i >= 40)}[{i}]" for i in range(64)]
    display = plotting.ConnectomeDisplay.from_predictions(
        make_rows(1, 64), node_names=names
    )
    display.figure_.canvas.draw()
    assert display.ax_.get_tightbbox().x0 >= 0


def test_without_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"EmbeddingDisplay needs.*sktopo\[plot\]"):
        plotting.EmbeddingDisplay.from_predictions(BARCODE)
