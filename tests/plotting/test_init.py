"""Every display is tested by its rules."""

import inspect
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.spatial.distance import pdist
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.mixture import GaussianMixture
from sklearn.pipeline import make_pipeline

from sktopo import (
    FunctionalConnectome,
    GraphPersistence,
    TopClusterer,
    WassersteinKernel,
    plotting,
)
from sktopo.barcodes import barcode_rows

pytest.importorskip("matplotlib")


@pytest.mark.parametrize("name", plotting.__all__)
def test_each_display_has_a_test_file_that_checks_the_rules(name):
    module = inspect.getmodule(getattr(plotting, name)).__name__.rsplit("._", 1)[1]
    tests = Path(__file__).with_name(f"test_{module}.py").read_text(encoding="utf-8")
    assert f"check_display({name}.from_" in tests


@pytest.mark.parametrize("name", plotting.__all__)
def test_each_display_is_made_from_an_estimator_or_from_what_it_draws(name):
    display = getattr(plotting, name)
    makers = [method for method in dir(display) if method.startswith("from_")]
    assert len(makers) == 2 or makers == ["from_table"]
    # No estimator makes a table.
    assert {"from_estimator", "from_table"} & set(makers)
    assert "from_predictions" not in makers


ROWS = np.sort(np.random.default_rng(0).random((6, 15)), axis=1)
BARCODES = barcode_rows(ROWS)


def draw_groups(names):
    """Draw groups in every display of groups, and yield the texts of their names."""
    y = [*names, *names]
    barcodes = barcode_rows(np.arange(len(y))[:, None] / 9 + ROWS[:1])
    for display in (
        plotting.BarcodeDisplay.from_barcodes(barcodes, y=y),
        plotting.BettiCurvesDisplay.from_barcodes(barcodes, y=y),
        plotting.EmbeddingDisplay.from_rows(barcodes, y=y, continuous=False),
    ):
        legend = display.ax_.ravel()[-1] if np.ndim(display.ax_) else display.ax_
        yield display, legend.get_legend().get_texts()[: len(set(y))]
    display = plotting.ClusterConfusionDisplay.from_labels(y, y[::-1])
    yield display, display.ax_.get_xticklabels()
    yield display, display.ax_.get_yticklabels()


def draw_nodes(names):
    """Draw nodes, and layers, of these names, and yield the texts of their names."""
    rows = np.arange(float(len(names) * (len(names) - 1) // 2))
    display = plotting.ConnectomeDisplay.from_connectomes(rows, node_names=names)
    yield display, display.ax_.get_xticklabels()
    yield display, display.ax_.get_yticklabels()
    layered = [f"{name}[0]" for name in names]
    display = plotting.ConnectomeDisplay.from_connectomes(rows, node_names=layered)
    yield display, display.ax_.get_xticklabels()
    style = {"node_names": layered, "label_nodes": True}
    display = plotting.SpanningTreeDisplay.from_connectomes(rows, **style)
    yield display, display.ax_.get_xticklabels()
    style = {"node_names": [f"x{name}" for name in names], "label_nodes": True}
    display = plotting.SpanningTreeDisplay.from_connectomes(rows, **style)
    yield display, [*display.texts_]


def draw_fast(figure):
    """Draw a figure without its layout, which takes longest."""
    figure.set_layout_engine("none")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # of a font without it
        figure.canvas.draw()


def check_drawn(drawn, names):
    """Check that texts are the names, read as plain text, and can be drawn."""
    figures = []
    for display, texts in drawn:
        found = [text.get_text() for text in texts]
        assert sorted(found) == sorted(names)
        assert not any(text.get_parse_math() or text.get_usetex() for text in texts)
        figures.append(display.figure_)
    for figure in set(figures):
        draw_fast(figure)


AWKWARD = ["_sham", "", "ca$$h", "$x", "\\$", "a_b^c", "50 %", "$a$", "\\frac", "#1 {}"]


def test_names_are_drawn_as_they_are():
    check_drawn(draw_groups(AWKWARD), AWKWARD)
    nodes = list(draw_nodes(AWKWARD))
    check_drawn(nodes[:-1], AWKWARD)
    check_drawn(nodes[-1:], [f"x{name}" for name in AWKWARD])


@settings(max_examples=3)
@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8),
        min_size=2,
        max_size=5,
        unique=True,
    )
)
def test_any_text_is_drawn_as_it_is(names):
    import matplotlib.pyplot as plt

    check_drawn(draw_groups(names), names)
    plt.close("all")


@pytest.mark.parametrize("labels", [[3, 100], [0.5, 0.25], [True, False]])
def test_labels_need_not_be_text(labels):
    check_drawn(draw_groups(labels), [str(label) for label in labels])


def test_names_too_long_for_a_figure_lose_their_middle():
    names = ["a" * 300 + "1", "a" * 300 + "2"]
    for _, texts in draw_groups(names):
        found = {text.get_text() for text in texts}
        assert {text[-1] for text in found} == {"1", "2"}
        # Legends break names into lines; those at axes leave room for the axes.
        assert all(20 < len(text.replace("\n", "")) <= 60 for text in found)
        assert all("…" in text for text in found)


def test_natural_order_and_twenty_groups():
    names = [f"cluster {k}" for k in range(20)]
    for display, texts in draw_groups(names):
        found = [text.get_text() for text in texts]
        if hasattr(display, "lines_"):
            assert found == names
            styles = {
                (line.get_color(), line.get_linestyle(), line.get_marker())
                for line in display.lines_[0]
            }
            assert len(styles) == 20


def test_an_empty_cluster_keeps_its_colour():
    rows = np.vstack([ROWS, ROWS + 5, ROWS + 11])
    model = make_pipeline(GraphPersistence(), TopClusterer(3, random_state=0)).fit(rows)
    full = plotting.EmbeddingDisplay.from_estimator(model, rows)
    colors = [tuple(points.get_facecolor()[0]) for points in full.points_]
    assert len(set(colors)) == 3
    labels = model[-1].labels_
    part = plotting.EmbeddingDisplay.from_estimator(model, rows[labels != 1])
    assert [tuple(p.get_facecolor()[0]) for p in part.points_] == colors[::2]
    for display in (plotting.BarcodeDisplay, plotting.BettiCurvesDisplay):
        lines = display.from_barcodes(BARCODES[:4], y=[0, 2, 2, 0]).lines_[0]
        assert [line.get_color() for line in lines] == ["#0072B2", "#009E73"]


@pytest.mark.parametrize("missing", [None, np.nan, float("nan")])
def test_missing_labels_are_refused_by_sample(missing):
    y = ["a", "b", "a", missing, "b", "b"]
    for draw in (
        lambda: plotting.BarcodeDisplay.from_barcodes(BARCODES, y=y),
        lambda: plotting.BettiCurvesDisplay.from_barcodes(BARCODES, y=y),
        lambda: plotting.EmbeddingDisplay.from_rows(BARCODES, y=y),
        lambda: plotting.ClusterConfusionDisplay.from_labels(y, [0] * 6),
        lambda: plotting.ClusterConfusionDisplay.from_labels([0] * 6, y),
    ):
        with pytest.raises(ValueError, match="missing label.* at sample 3"):
            draw()


SCALES = {
    "tiny": ROWS * 1e-30,
    "huge": ROWS * 1e30,
    "huge float32": (ROWS * 1e38).astype(np.float32),
    "nearly equal": 1 + ROWS * 1e-12,
    "huge and nearly equal": 1e30 * (1 + ROWS * 1e-12),
    "equal": np.ones((6, 15)),
    "huge and equal": np.full((6, 15), -1e30),
}


@pytest.mark.parametrize("rows", SCALES.values(), ids=SCALES)
def test_weights_of_any_unit_are_drawn(rows):
    barcodes, y = barcode_rows(rows), [0, 0, 0, 1, 1, 2]
    displays = [
        plotting.BarcodeDisplay.from_barcodes(barcodes, y=y),
        plotting.BettiCurvesDisplay.from_barcodes(barcodes, y=y),
        plotting.PersistenceDiagramDisplay.from_barcodes(barcodes[0]),
        plotting.ConnectomeDisplay.from_connectomes(rows, reorder=True),
        plotting.SpanningTreeDisplay.from_connectomes(rows),
    ]
    if np.ptp(rows):
        displays.append(plotting.EmbeddingDisplay.from_rows(rows, y=y))
    for display in displays:
        draw_fast(display.figure_)
        for ax in np.ravel(display.ax_):
            for low, high in (ax.get_xlim(), ax.get_ylim()):
                assert np.isfinite([low, high]).all()
                assert low != high
    ticks = [text.get_text() for text in displays[2].ax_.get_xticklabels()]
    assert len(ticks) == len(set(ticks)) > 2
    line = displays[0].lines_[0, 0]
    births = np.sort(barcodes[:3, :5].astype(np.float64), axis=1).mean(axis=0)
    assert_allclose(line.get_ydata(), births, rtol=1e-6)


@pytest.mark.parametrize("factor", [1e-200, 1e-30, 1e30, 1e140])
def test_an_embedding_follows_the_unit_of_its_rows(factor):
    plain = plotting.EmbeddingDisplay.from_rows(ROWS)
    scaled = plotting.EmbeddingDisplay.from_rows(ROWS * factor)
    assert_allclose(scaled.points / factor, plain.points, rtol=1e-6, atol=1e-12)
    assert_allclose(scaled.variance_ratio, plain.variance_ratio)
    shifted = plotting.EmbeddingDisplay.from_rows(ROWS + 2.0**20)
    assert_allclose(pdist(shifted.points), pdist(plain.points), rtol=1e-6)


def test_numbers_whose_squares_overflow_are_refused():
    for draw in (
        lambda rows: plotting.BarcodeDisplay.from_barcodes(rows),
        lambda rows: plotting.BettiCurvesDisplay.from_barcodes(rows),
        lambda rows: plotting.PersistenceDiagramDisplay.from_barcodes(rows[0]),
        lambda rows: plotting.EmbeddingDisplay.from_rows(rows),
        lambda rows: plotting.ConnectomeDisplay.from_connectomes(rows),
        lambda rows: plotting.SpanningTreeDisplay.from_connectomes(rows),
    ):
        with pytest.raises(ValueError, match=r"reach 1e\+200.*squares overflow"):
            draw(np.full((2, 3), 1e200))


@pytest.mark.parametrize("ax", [3, "x", [1, 2], np.array(3)])
def test_axes_must_be_axes_before_anything_is_computed(ax):
    class Costly(TopClusterer):
        def predict(self, X):
            raise AssertionError

    fitted = Costly(2, random_state=0).fit(ROWS)
    for draw in (
        lambda: plotting.EmbeddingDisplay.from_estimator(fitted, ROWS, ax=ax),
        lambda: plotting.ClusterConfusionDisplay.from_estimator(
            fitted, ROWS, [0] * 6, ax=ax
        ),
        lambda: plotting.ConnectomeDisplay.from_connectomes(ROWS, ax=ax),
        lambda: plotting.PersistenceDiagramDisplay.from_barcodes(BARCODES[0], ax=ax),
    ):
        with pytest.raises(TypeError, match="in ax; expected matplotlib Axes"):
            draw()


def test_displays_say_which_estimators_they_take():
    fitted = GraphPersistence().fit(ROWS)
    rows = fitted.transform(ROWS)
    kernel = WassersteinKernel().fit(rows)
    clusterer = TopClusterer(2, random_state=0).fit(rows)
    for display in (plotting.ConnectomeDisplay, plotting.SpanningTreeDisplay):
        for wrong in (fitted, kernel, clusterer, KMeans(2), FunctionalConnectome, 3):
            with pytest.raises(TypeError, match="expected a fitted FunctionalConn"):
                display.from_estimator(wrong, ROWS)
        with pytest.raises(NotFittedError, match="FunctionalConnectome is not fitted"):
            display.from_estimator(FunctionalConnectome(), ROWS)
    for display in (plotting.EmbeddingDisplay, plotting.ClusterConfusionDisplay):
        for wrong in (fitted, TopClusterer, None, PCA(2)):
            with pytest.raises(TypeError, match="expected a fitted"):
                display.from_estimator(wrong, rows, y=[0] * 6)
        with pytest.raises(NotFittedError, match="TopClusterer is not fitted"):
            display.from_estimator(TopClusterer(2), rows, y=[0] * 6)
    mixture = GaussianMixture(1).fit(rows[:, :2])
    with pytest.raises(TypeError, match="GaussianMixture has no barycenters; expected"):
        plotting.EmbeddingDisplay.from_estimator(mixture, rows[:, :2])
    with pytest.raises(ValueError, match="rows have 4 columns, .* on rows of 15"):
        plotting.EmbeddingDisplay.from_estimator(clusterer, rows[:, :4], y=[0] * 6)


WRONG = [3, "abc", None, {}, {"a": [1]}, object(), [None], [{}], iter([1, 2])]
BAD = [[], np.empty((0, 3)), [["a"]], np.zeros((2, 3, 4)), np.zeros((1, 2, 2, 2))]
BAD += [[[1.0, np.nan, 2]], [[np.inf, 1, 2]], [[1j, 2, 3]], [[1, 2, 3], [1]]]


@pytest.mark.parametrize("given", [*WRONG, *BAD])
def test_what_are_not_numbers_is_refused(given):
    for make in (
        plotting.BarcodeDisplay.from_barcodes,
        plotting.BettiCurvesDisplay.from_barcodes,
        plotting.PersistenceDiagramDisplay.from_barcodes,
        plotting.EmbeddingDisplay.from_rows,
        plotting.ConnectomeDisplay.from_connectomes,
        plotting.SpanningTreeDisplay.from_connectomes,
    ):
        error, message = (
            ValueError,
            "expected|cannot be read|do not form|have .* edges|to draw",
        )
        if any(given is wrong for wrong in WRONG):
            error, message = TypeError, "expected an array of numbers"
        with pytest.raises(error, match=message):
            make(given)
    import matplotlib.pyplot as plt

    assert plt.get_fignums() == []


def test_nothing_is_drawn_of_what_does_not_fit_together():
    pairs = [[0, 1], [1, 2]]
    for make in (
        lambda: plotting.BarcodeDisplay([[1.0]], [[1.0], [2.0]]),
        lambda: plotting.BettiCurvesDisplay([[1.0]], [[1.0], [2.0]]),
        lambda: plotting.PersistenceDiagramDisplay([], []),
        lambda: plotting.ConnectomeDisplay([1.0], node_names=["a", "b"], order=[0, 2]),
        lambda: plotting.SpanningTreeDisplay([[0, 9]], [1.0], node_names=["a", "b"]),
        lambda: plotting.SpanningTreeDisplay(pairs, [1.0], node_names=["a", "b"]),
        lambda: plotting.EmbeddingDisplay(
            np.ones((2, 3)), variance_ratio=[1, 0], barycenters=np.ones((1, 2))
        ),
        lambda: plotting.ClusterConfusionDisplay([[1, 2]], labels=["a"], clusters=[]),
        lambda: plotting.ClusterConfusionDisplay([[0]], labels=["a"], clusters=["b"]),
    ):
        with pytest.raises(ValueError, match="expected|inconsistent|must|needs"):
            make()


def test_wasserstein_rows_are_not_drawn_as_barcodes(make_rows):
    rows = GraphPersistence().fit_transform(make_rows(3, 60))
    for draw in (
        lambda: plotting.BarcodeDisplay.from_barcodes(rows),
        lambda: plotting.BettiCurvesDisplay.from_barcodes(rows),
        lambda: plotting.PersistenceDiagramDisplay.from_barcodes(rows[0]),
    ):
        with pytest.raises(ValueError, match="look like Wasserstein rows"):
            draw()
