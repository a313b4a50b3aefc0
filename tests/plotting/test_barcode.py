"""BarcodeDisplay: what was drawn is read back, number by number."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.cluster import KMeans
from sklearn.pipeline import make_pipeline

from sktopo import GraphPersistence
from sktopo import barcodes as bc
from sktopo.plotting import BarcodeDisplay

pytest.importorskip("matplotlib")


def test_it_keeps_the_rules_of_displays(check_display):
    barcodes = [[0.7, 0.9, 0.5], [0.2, 0.3, 0.1]]
    check_display(BarcodeDisplay.from_barcodes, barcodes, n_panels=2)


@pytest.mark.parametrize("against", ["quantile", "rank"])
def test_barcodes_of_groups(make_rows, against, texts):
    barcodes = bc.barcode_rows(make_rows(7, 6))
    y = np.array(["b", "a", "b", "b", "a", "a", "a"])
    display = BarcodeDisplay.from_barcodes(barcodes, y=y, against=against)
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
    legend = display.ax_[-1].get_legend()
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
    make_rows, normalize, weight, dimensions, texts
):
    rows = make_rows(5, 6)
    persistence = GraphPersistence(
        normalize=normalize, topology_weight=weight, homology_dimensions=dimensions
    ).fit(rows)
    display = BarcodeDisplay.from_estimator(persistence, rows)
    parts = bc.birth_death_decomposition(rows)
    assert len(display.lines_) == len(dimensions)
    for (line,), dimension in zip(display.lines_, dimensions, strict=True):
        assert_allclose(line.get_ydata(), parts[dimension].mean(axis=0))
    assert texts(display.ax_[-1].get_legend().get_texts()) == ["5 graphs"]


def test_barcodes_as_quantiles_of_graphs_of_several_sizes(make_rows):
    rows = [*make_rows(2, 5), *make_rows(2, 7)]
    pipeline = make_pipeline(GraphPersistence(n_quantiles=3)).fit(rows)
    display = BarcodeDisplay.from_estimator(pipeline, rows)
    expected = np.mean(
        [bc.quantile_vectors(bc.birth_death_decomposition([r])[1], 3)[0] for r in rows],
        axis=0,
    )
    assert_allclose(display.lines_[1, 0].get_ydata(), expected)


def test_one_barcode_has_no_band_to_explain(make_rows, texts):
    barcodes = bc.barcode_rows(make_rows(1, 2))
    display = BarcodeDisplay.from_barcodes(barcodes)
    assert display.lines_.shape == (1, 1)  # two nodes have no deaths
    assert display.lines_[0, 0].get_marker() == "o"  # one birth is a point
    legend = display.ax_[-1].get_legend()
    assert texts(legend.get_texts()) == ["1 graph"]
    assert legend.get_title().get_text() == ""


def test_what_cannot_be_drawn_is_refused(make_rows):
    with pytest.raises(ValueError, match="births do not ascend"):
        BarcodeDisplay.from_barcodes([[2.0, 1, 0]])
    with pytest.raises(ValueError, match="against='width' is unknown"):
        BarcodeDisplay.from_barcodes([[1.0, 2, 0]], against="width")
    with pytest.raises(TypeError, match="Got a KMeans; expected a fitted Graph"):
        BarcodeDisplay.from_estimator(KMeans(), [[1.0]])
    edges = GraphPersistence(topology_weight=0).fit(make_rows(2, 4))
    with pytest.raises(ValueError, match="no births and deaths to draw"):
        BarcodeDisplay.from_estimator(edges, make_rows(2, 4))
    with pytest.raises(ValueError, match="no births and deaths to draw"):
        BarcodeDisplay.from_barcodes(np.empty((2, 0)))
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        BarcodeDisplay.from_barcodes([[1.0, 2, 0]], y=[0, 1])
