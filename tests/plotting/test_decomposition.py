"""DecompositionDisplay: what was drawn is read back, number by number."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sktopo import GraphPersistence, TopClusterer
from sktopo.barcodes import barcode_rows, decompose_distance
from sktopo.plotting import DecompositionDisplay

pytest.importorskip("matplotlib")

ROWS = np.random.default_rng(0).random((12, 21)) ** np.linspace(0.5, 2, 12)[:, None]
BARCODES = barcode_rows(ROWS)
Y = np.array(["b", "group 10", "group 9"] * 4)
PAIRS = [(0, 2), (0, 1), (2, 1)]  # in natural order: b, group 9, group 10
PARTS = "level", "scale", "shape"


def test_it_keeps_the_rules_of_displays(check_display):
    found = decompose_distance(BARCODES, y=Y)
    check_display(DecompositionDisplay.from_decomposition, found, n_panels=3)


def test_bars_are_shares_of_squared_distances(texts):
    found = decompose_distance(BARCODES, y=Y)
    display = DecompositionDisplay.from_decomposition(found)
    kinds = [found.births, found.deaths, found.total]
    for axes, bars, numbers, parts in zip(
        display.ax_, display.bars_, display.text_, kinds, strict=True
    ):
        starts = np.zeros(3)
        for part, container in zip(PARTS, bars, strict=True):
            values = np.array([getattr(parts, part)[pair] for pair in PAIRS])
            shares = values / [parts.squared[pair] for pair in PAIRS]
            assert_allclose([bar.get_x() for bar in container], starts, atol=1e-12)
            assert_allclose([bar.get_width() for bar in container], shares)
            starts += shares
        assert_allclose(starts, 1)
        for number, pair in zip(numbers, PAIRS, strict=True):
            distance = np.sqrt(parts.squared[pair])
            assert float(number.get_text()) == pytest.approx(distance, rel=0.05)
        assert axes.get_xlim() == (0, 1)
        assert axes.get_ylim() == (2.5, -0.5)  # the first pair is at the top
    expected = ["b – group 9", "b – group 10", "group 9 – group 10"]
    assert texts(display.ax_[0].get_yticklabels()) == expected
    titles = ["births of components", "deaths of cycles", "in all"]
    assert [axes.get_title() for axes in display.ax_] == titles
    legend = display.ax_[1].get_legend()
    assert texts(legend.get_texts()) == list(PARTS)


@pytest.mark.parametrize("size", [None, (7, 2.5)])
def test_nothing_covers_the_bars_or_each_other(size):
    display = DecompositionDisplay.from_decomposition(decompose_distance(BARCODES, y=Y))
    if size:
        display.figure_.set_size_inches(size)
    display.figure_.canvas.draw()
    boxes = [axes.get_window_extent() for axes in display.ax_]
    boxes += [axes.title.get_window_extent() for axes in display.ax_]
    boxes += [text.get_window_extent() for text in display.text_.ravel()]
    boxes.append(display.ax_[1].get_legend().get_window_extent())
    for k, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[k + 1 :])


def test_parts_differ_without_colours():
    from matplotlib.colors import to_rgb

    display = DecompositionDisplay.from_decomposition(decompose_distance(BARCODES, y=Y))
    bars = [container[0] for container in display.bars_[0]]
    greys = [np.dot(to_rgb(b.get_facecolor()), [0.299, 0.587, 0.114]) for b in bars]
    assert (np.diff(greys) > 0.15).all()
    assert len({bar.get_hatch() for bar in bars}) == 3


@pytest.mark.parametrize(
    ("parameters", "titles"),
    [
        ({}, ["births of components", "deaths of cycles", "in all"]),
        ({"n_quantiles": 5, "homology_dimensions": (0,)}, ["births of components"]),
        (
            {"topology_weight": 0.5},
            ["births of components", "deaths of cycles", "edges", "in all"],
        ),
    ],
)
def test_rows_of_an_estimator(parameters, titles):
    persistence = GraphPersistence(**parameters).fit(ROWS)
    display = DecompositionDisplay.from_estimator(persistence, ROWS, Y)
    assert [axes.get_title() for axes in display.ax_] == titles
    found = decompose_distance(
        persistence.transform(ROWS), y=Y, layout=persistence.layout_
    )
    assert_allclose(display.decomposition.total.level, found.total.level)


def test_other_estimators_are_refused():
    clusterer = TopClusterer(2, random_state=0).fit(BARCODES)
    with pytest.raises(TypeError, match="expected a fitted GraphPersistence"):
        DecompositionDisplay.from_estimator(clusterer, BARCODES, Y)


def test_equal_groups_have_no_bars_and_no_distance():
    found = decompose_distance(BARCODES[[0, 0, 1]], y=["a", "b", "c"])
    display = DecompositionDisplay.from_decomposition(found)
    assert [bars[0].get_width() for bars in display.bars_[2]] == [0, 0, 0]
    assert float(display.text_[2, 0].get_text()) == 0


def test_names_are_drawn_as_they_are(texts):
    names = ["_sham", "", "ca$$h", "\\frac"]
    found = decompose_distance(BARCODES, y=names * 3)
    labels = DecompositionDisplay.from_decomposition(found).ax_[0].get_yticklabels()
    assert texts(labels)[:3] == [" – \\frac", " – _sham", " – ca$$h"]
    assert not any(label.get_parse_math() or label.get_usetex() for label in labels)
    found = decompose_distance(BARCODES, y=["a" * 90 + "1", "a" * 90 + "2"] * 6)
    (label,) = DecompositionDisplay.from_decomposition(found).ax_[0].get_yticklabels()
    first, second = label.get_text().split(" – ")
    assert (first[-1], second[-1]) == ("1", "2")


def test_too_many_groups_are_refused():
    found = decompose_distance(np.tile(BARCODES, (2, 1)), y=np.arange(24) % 13)
    with pytest.raises(ValueError, match="13 groups form 78 pairs; at most 66 fit"):
        DecompositionDisplay.from_decomposition(found)


def test_what_is_not_a_decomposition_of_groups_is_refused():
    with pytest.raises(TypeError, match="object of type ndarray as decomposition"):
        DecompositionDisplay.from_decomposition(BARCODES)
    with pytest.raises(ValueError, match="Give decompose_distance the groups as y"):
        DecompositionDisplay.from_decomposition(decompose_distance(BARCODES))
