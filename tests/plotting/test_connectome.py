"""ConnectomeDisplay: what was drawn is read back, number by number."""

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
