"""PersistenceDiagramDisplay: what was drawn is read back, number by number."""

import pytest
from numpy.testing import assert_allclose

from sktopo import GraphPersistence
from sktopo import barcodes as bc
from sktopo.plotting import PersistenceDiagramDisplay

pytest.importorskip("matplotlib")


def test_it_keeps_the_rules_of_displays(check_display):
    check_display(PersistenceDiagramDisplay.from_barcodes, [0.7, 0.9, 0.5])


def test_diagram_of_the_filtration(fitted, texts):
    model, rows = fitted
    display = PersistenceDiagramDisplay.from_estimator(model[:1], rows, sample=2)
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
    legend = texts(display.ax_.get_legend().get_texts())
    assert [text.replace("\n", " ") for text in legend] == [
        "7 components: born, never die",
        "15 cycles: exist from the start, die",
    ]


def test_diagram_of_equal_weights():
    display = PersistenceDiagramDisplay.from_barcodes([0.5, 0.5, 0.5])
    left, top = display.infinity_
    assert left < 0.5 < top


@pytest.mark.parametrize(
    "parameters",
    [{"n_quantiles": 3}, {"homology_dimensions": (1,)}, {"topology_weight": 0}],
)
def test_all_births_and_deaths_are_needed(make_rows, parameters):
    rows = make_rows(2, 5)
    persistence = GraphPersistence(**parameters).fit(rows)
    with pytest.raises(ValueError, match="needs all births and deaths"):
        PersistenceDiagramDisplay.from_estimator(persistence, rows)


def test_one_barcode_is_needed(make_rows):
    barcodes = bc.barcode_rows(make_rows(2, 5))
    with pytest.raises(ValueError, match="a diagram is of one graph"):
        PersistenceDiagramDisplay.from_barcodes(barcodes)
    with pytest.raises(ValueError, match="births do not ascend"):
        PersistenceDiagramDisplay.from_barcodes([0.9, 0.7, 0.5])
