"""ConnectomeDisplay: what was drawn is read back, number by number."""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import squareform
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sktopo import FunctionalConnectome
from sktopo.plotting import ConnectomeDisplay

pytest.importorskip("matplotlib")

# Nodes of two layers in turn, so that grouping by layer moves them.
NAMES = ["fc1[0]", "fc2[0]", "fc1[1]", "fc2[1]", "fc1[2]"]


def blank_diagonal(matrix):
    matrix = np.array(matrix, dtype=float)
    np.fill_diagonal(matrix, np.nan)
    return matrix


def drawn(image):
    return np.ma.filled(image.get_array(), np.nan)


def test_it_keeps_the_rules_of_displays(check_display):
    rows = [[0.7, 0.9, 0.5], [0.2, 0.3, 0.1]]
    check_display(ConnectomeDisplay.from_connectomes, rows)


def test_connectome_is_grouped_by_layer(make_rows, texts):
    row = make_rows(1, 5)[0]
    display = ConnectomeDisplay.from_connectomes(row, node_names=NAMES)
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


def test_connectomes_are_averaged_in_every_form(make_rows, texts):
    rows = make_rows(3, 5)
    matrices = np.stack([squareform(row) for row in rows])
    expected = blank_diagonal(matrices.mean(axis=0))
    for given in (rows, list(rows), matrices, list(matrices)):
        display = ConnectomeDisplay.from_connectomes(given)
        assert_allclose(drawn(display.im_), expected)
        label = display.colorbar_.ax.get_ylabel()
        assert label == "mean edge weight of 3 connectomes"
    one = ConnectomeDisplay.from_connectomes(matrices[0], colorbar=False)
    assert_allclose(drawn(one.im_), blank_diagonal(matrices[0]))
    assert one.colorbar_ is None
    assert texts(one.ax_.get_xticklabels()) == ["x0", "x1", "x2", "x3", "x4"]
    assert one.lines_ == []


def test_negative_weights_get_colours_about_zero():
    display = ConnectomeDisplay.from_connectomes([0.2, -0.7, 0.1])
    assert display.im_.get_clim() == (-0.7, 0.7)
    assert display.im_.get_cmap().name == "PuOr"
    positive = ConnectomeDisplay.from_connectomes([0.2, 0.7, 0.1])
    assert positive.im_.get_cmap().name == "viridis"
    chosen = ConnectomeDisplay.from_connectomes([0.2], cmap="magma")
    assert chosen.im_.get_cmap().name == "magma"


def test_reordering_brings_modules_together_within_layers():
    rng = np.random.default_rng(0)
    module = rng.permutation(np.repeat([0, 1, 2], 8))
    matrix = np.where(module[:, None] == module, 0.8, 0.1)
    np.fill_diagonal(matrix, 0)
    names = [f"{'ab'[i >= 12]}[{i}]" for i in range(24)]
    display = ConnectomeDisplay.from_connectomes(matrix, node_names=names, reorder=True)
    assert sorted(display.order[:12]) == list(range(12))
    for part in (display.order[:12], display.order[12:]):
        changes = np.count_nonzero(np.diff(module[part]))
        assert changes == len(set(module[part])) - 1
    moved = matrix[np.ix_(display.order, display.order)]
    assert_array_equal(drawn(display.im_), blank_diagonal(moved))


def test_connectome_of_an_estimator(texts):
    activations = np.random.default_rng(0).random((4, 20, 5))
    connectome = FunctionalConnectome().fit(activations)
    display = ConnectomeDisplay.from_estimator(connectome, activations)
    expected = np.mean([np.abs(np.corrcoef(a.T)) for a in activations], axis=0)
    assert_allclose(drawn(display.im_), blank_diagonal(expected))
    naming = FunctionTransformer(feature_names_out=lambda *_: np.array(NAMES))
    pipeline = make_pipeline(naming, FunctionalConnectome()).fit(activations)
    named = ConnectomeDisplay.from_estimator(pipeline, activations)
    assert texts(named.ax_.get_xticklabels()) == ["fc1", "fc2"]


def test_units_of_columns_have_their_names(texts):
    pandas = pytest.importorskip("pandas")
    frames = pandas.DataFrame(np.random.default_rng(0).random((9, 5)), columns=NAMES)
    connectome = FunctionalConnectome().fit(frames)
    display = ConnectomeDisplay.from_estimator(connectome, frames)
    assert texts(display.ax_.get_yticklabels()) == ["fc1", "fc2"]


def test_names_of_layers_stay_within_the_figure(make_rows):
    names = [f"lrelu{1 + (i >= 40)}[{i}]" for i in range(64)]
    display = ConnectomeDisplay.from_connectomes(make_rows(1, 64), node_names=names)
    display.figure_.canvas.draw()
    assert display.ax_.get_tightbbox().x0 >= 0


REGIONS = ["V1", "M1", "V2", "M2", "A1"]
SYSTEMS = ["visual", "motor", "visual", "motor", "auditory"]


def test_regions_and_their_systems_are_named(make_rows, texts):
    row = make_rows(1, 5)[0]
    display = ConnectomeDisplay.from_connectomes(
        row, node_names=REGIONS, groups=SYSTEMS
    )
    order = [0, 2, 1, 3, 4]
    expected = squareform(row)[np.ix_(order, order)]
    assert_array_equal(drawn(display.im_), blank_diagonal(expected))
    assert texts(display.ax_.get_yticklabels()) == ["V1", "V2", "M1", "M2", "A1"]
    assert texts(display.ax_.get_xticklabels()) == ["visual", "motor", "auditory"]
    assert_array_equal(display.ax_.get_xticks(), [0.5, 2.5, 4])
    assert len(display.lines_) == 4
    assert repr(display) == "<ConnectomeDisplay: 5 nodes in 3 groups>"
    without = ConnectomeDisplay.from_connectomes(row, node_names=NAMES, groups=None)
    assert texts(without.ax_.get_xticklabels()) == NAMES
    with pytest.raises(ValueError, match="groups has 2 labels for 5 nodes"):
        ConnectomeDisplay.from_connectomes(row, groups=["a", "b"])


@pytest.mark.parametrize("n_nodes", [94, 400])
def test_many_regions_are_named_by_their_systems(make_rows, n_nodes, texts):
    groups = np.repeat(["a", "b"], [10, n_nodes - 10])
    display = ConnectomeDisplay.from_connectomes(make_rows(1, n_nodes), groups=groups)
    for labels in (display.ax_.get_xticklabels(), display.ax_.get_yticklabels()):
        assert texts(labels) == ["a", "b"]
    assert max(display.figure_.get_size_inches()) < 8
    names = [f"region {k}" for k in range(n_nodes)]
    plain = ConnectomeDisplay.from_connectomes(make_rows(1, n_nodes), node_names=names)
    found = texts(plain.ax_.get_yticklabels())
    assert 40 < len(found) < 70
    assert found == names[:: names.index(found[1])]


def test_names_of_small_groups_move_apart(make_rows, texts):
    sizes = [60, 1, 1, 1, 37]
    groups = np.repeat([f"network {k}" for k in range(5)], sizes)
    display = ConnectomeDisplay.from_connectomes(make_rows(1, 100), groups=groups)
    display.figure_.canvas.draw()
    for axis, side in ((display.ax_.xaxis, "x"), (display.ax_.yaxis, "y")):
        labels = axis.get_ticklabels()
        assert texts(labels) == [f"network {k}" for k in range(5)]
        boxes = [label.get_window_extent() for label in labels]
        ends = sorted((getattr(b, f"{side}0"), getattr(b, f"{side}1")) for b in boxes)
        assert all(low >= high - 1 for (_, high), (low, _) in itertools.pairwise(ends))
    # A line leads from the middle of each group to its name.
    assert len(display.leaders_) == 10
    starts = {tuple(line.get_xydata()[0]) for line in display.leaders_}
    centers = [29.5, 60, 61, 62, 81]
    assert {x for x, y in starts if y == 99.5} == set(centers)
    assert {y for x, y in starts if x == -0.5} == set(centers)
    assert display.ax_.get_xlim() == (-0.5, 99.5)
    assert display.ax_.get_ylim() == (99.5, -0.5)


def test_units_that_do_not_correspond_are_sorted_by_strength(make_rows, texts):
    matrices = np.array([squareform(row) for row in make_rows(3, 6)])
    layers = np.array(["a", "a", "a", "b", "b", "b"])
    names = [f"{layer}[{k}]" for k, layer in enumerate(layers)]
    order = [2, 1, 0, 4, 5, 3]  # another network with the same units, in another order
    mixed = np.array([matrices[0], matrices[0][np.ix_(order, order)]])
    display = ConnectomeDisplay.from_connectomes(
        mixed, node_names=names, reorder="strength"
    )
    strengths = matrices[0].sum(axis=0)
    expected = [*np.argsort(-strengths[:3]), *(3 + np.argsort(-strengths[3:]))]
    moved = matrices[0][np.ix_(expected, expected)]
    assert_allclose(drawn(display.im_), blank_diagonal(moved))
    assert list(display.node_names) == names[:3] + ["b[0]", "b[1]", "b[2]"]
    assert display.ax_.get_xlabel() == "nodes of each group, the strongest first"
    assert texts(display.ax_.get_xticklabels()) == ["a", "b"]
    one = ConnectomeDisplay.from_connectomes(
        matrices[0], node_names=names, reorder="strength"
    )
    assert list(one.node_names) == [names[k] for k in expected]
    assert_allclose(drawn(one.im_), blank_diagonal(moved))
    plain = ConnectomeDisplay.from_connectomes(
        matrices, groups=None, reorder="strength"
    )
    assert list(plain.node_names) == list("012345")
    assert plain.ax_.get_ylabel() == "nodes, the strongest first"
    with pytest.raises(ValueError, match="reorder must be True or False, got 'up'"):
        ConnectomeDisplay.from_connectomes(matrices, reorder="up")


def test_nodes_are_named_by_data_frames(texts):
    pandas = pytest.importorskip("pandas")
    activations = np.random.default_rng(0).random((4, 20, 5))
    frames = [pandas.DataFrame(a, columns=REGIONS) for a in activations]
    connectome = FunctionalConnectome().set_output(transform="pandas").fit(frames)
    rows = connectome.transform(frames)
    matrix = pandas.DataFrame(squareform(rows.iloc[0]), index=REGIONS, columns=REGIONS)
    for display in (
        ConnectomeDisplay.from_estimator(connectome, frames),
        ConnectomeDisplay.from_connectomes(rows),
        ConnectomeDisplay.from_connectomes(matrix),
        ConnectomeDisplay.from_connectomes([matrix, matrix]),
    ):
        assert texts(display.ax_.get_yticklabels()) == REGIONS


def test_stimuli_are_named(texts):
    pandas = pytest.importorskip("pandas")
    names = ["cat", "dog", "car", "bus"]
    frames = [
        pandas.DataFrame(a, index=names)
        for a in np.random.default_rng(0).random((2, 4, 9))
    ]
    connectome = FunctionalConnectome(nodes="stimuli").fit(frames)
    display = ConnectomeDisplay.from_estimator(connectome, frames)
    assert texts(display.ax_.get_yticklabels()) == names


def test_groups_must_stand_together():
    with pytest.raises(ValueError, match="order must keep the nodes of each group"):
        ConnectomeDisplay(
            [1.0, 2, 3], node_names=list("abc"), order=[0, 1, 2], groups=[0, 1, 0]
        )


def test_the_colour_bar_is_as_tall_as_the_heatmap(make_rows):
    import matplotlib.pyplot as plt

    for layout in ("constrained", "compressed", None):
        figure, ax = plt.subplots(figsize=(4, 6), layout=layout)
        display = ConnectomeDisplay.from_connectomes(make_rows(1, 5), ax=ax)
        figure.canvas.draw()
        bar, panel = (
            a.get_window_extent() for a in (display.colorbar_.ax, display.ax_)
        )
        assert bar.height == pytest.approx(panel.height, abs=1)
        assert bar.y0 == pytest.approx(panel.y0, abs=1)


def test_brain_needs_nilearn_and_a_place_for_each_node(make_rows):
    pytest.importorskip("nilearn")
    rows = make_rows(2, 5)
    display = ConnectomeDisplay.from_connectomes(rows, groups=SYSTEMS)
    for wrong in (np.zeros((5, 2)), np.zeros((4, 3))):
        with pytest.raises(ValueError, match="coordinates has shape .* 5 nodes"):
            display.plot_brain(wrong)
    with pytest.raises(ValueError, match="coordinates .*NaN"):
        display.plot_brain(np.full((5, 3), np.nan))
    mixed = ConnectomeDisplay.from_connectomes(rows, reorder="strength")
    with pytest.raises(ValueError, match="no place in the brain"):
        mixed.plot_brain(np.zeros((5, 3)))


@pytest.mark.parametrize("kind", ["continuous", "negative"])
def test_the_strongest_edges_are_drawn_in_a_brain(make_rows, kind):
    plotting = pytest.importorskip("nilearn.plotting")
    from matplotlib.colors import to_rgba

    display = ConnectomeDisplay.from_connectomes(
        make_rows(1, 5, kind), node_names=REGIONS, groups=SYSTEMS
    )
    places = 60 * np.random.default_rng(0).uniform(-1, 1, (5, 3))
    brain = display.plot_brain(places)
    assert isinstance(brain, plotting.displays.OrthoProjector)
    ax = brain.axes["x"].ax
    n_edges = [len(line.get_xydata()) == 2 for line in ax.lines].count(True)
    assert n_edges == 5
    (nodes,) = (c for c in ax.collections if len(c.get_offsets()) == 5)
    assert_allclose(nodes.get_offsets(), places[:, 1:], atol=1e-6)
    colors = ["#0072B2", "#E69F00", "#0072B2", "#E69F00", "#009E73"]
    assert_allclose(nodes.get_facecolors(), [to_rgba(color) for color in colors])
