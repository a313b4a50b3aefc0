"""BettiCurvesDisplay: what was drawn is read back, number by number."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sktopo import GraphPersistence
from sktopo import barcodes as bc
from sktopo.plotting import BettiCurvesDisplay

pytest.importorskip("matplotlib")


def test_it_keeps_the_rules_of_displays(check_display):
    barcodes = [[0.7, 0.9, 0.5], [0.2, 0.3, 0.1]]
    check_display(BettiCurvesDisplay.from_barcodes, barcodes, n_panels=2)


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


def test_betti_curves_count_components_and_cycles(make_rows, kind, texts):
    rows = make_rows(4, 6, kind)
    y = [1, 0, 0, 0]
    display = BettiCurvesDisplay.from_barcodes(bc.barcode_rows(rows), y=y)
    assert texts(display.ax_[-1].get_legend().get_texts()) == ["0", "1"]
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


def test_betti_curves_of_an_estimator(fitted):
    model, rows = fitted
    display = BettiCurvesDisplay.from_estimator(model[:1], rows)
    births, deaths = bc.birth_death_decomposition(rows)
    assert_allclose(display.lines_[0, 0].get_xdata()[1:-1], np.sort(births, axis=None))
    assert_allclose(display.lines_[1, 0].get_xdata()[1:-1], np.sort(deaths, axis=None))
    assert display.lines_[1, 0].get_ydata()[0] == 15
    assert display.ax_[-1].get_legend() is None


def test_graphs_on_two_nodes_have_no_cycles():
    persistence = GraphPersistence().fit([[0.3], [0.7]])
    display = BettiCurvesDisplay.from_estimator(persistence, [[0.3], [0.7]])
    assert_allclose(display.lines_[0, 0].get_ydata(), [1, 1.5, 2, 2])
    assert_allclose(display.lines_[1, 0].get_ydata(), [0, 0])


@pytest.mark.parametrize(
    "parameters",
    [{"n_quantiles": 3}, {"homology_dimensions": (1,)}, {"topology_weight": 0}],
)
def test_all_births_and_deaths_are_needed(make_rows, parameters):
    rows = make_rows(2, 5)
    persistence = GraphPersistence(**parameters).fit(rows)
    with pytest.raises(ValueError, match="needs all births and deaths"):
        BettiCurvesDisplay.from_estimator(persistence, rows)
