"""TrajectoryDisplay: what was drawn is read back, curve by curve."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import pdist

from sktopo.plotting import EmbeddingDisplay, TrajectoryDisplay
from sktopo.plotting._plane import project_rows

pytest.importorskip("matplotlib")

STEPS = [0, 1, 10, 100]
ROWS = np.random.default_rng(0).random((8, 5))


def make_table(layers=("fc1", "fc2")):
    """Make a table of two runs of each of two strategies, in any order."""
    rows = [
        (step, run, layer, strategy)
        for step in STEPS
        for strategy in ("plain", "dropout")
        for run in ("a", "b")
        for layer in layers
    ]
    names = ("step", "run", "layer", "strategy")
    numbers = np.random.default_rng(1).random(len(rows))
    return {
        name: np.array([row[k] for row in rows]) for k, name in enumerate(names)
    } | {
        "level": numbers,
        "$shape": numbers**2,
    }


def test_it_keeps_the_rules_of_displays(check_display):
    check_display(TrajectoryDisplay.from_rows, ROWS, range(8))
    table = {"step": [0, 1], "level": [0.0, 2]}
    display = TrajectoryDisplay.from_table(table)
    assert display.plot() is display


@pytest.mark.parametrize("average", ["mean", "median"])
def test_curves_are_averages_over_runs(average, texts):
    table = make_table()
    display = TrajectoryDisplay.from_table(table, hue="strategy", average=average)
    assert display.ax_.shape == (2, 2)
    assert display.lines_.shape == display.bands_.shape == (2, 2, 2)
    titles = [ax.get_title() for ax in display.ax_.ravel()]
    assert titles == ["fc1", "fc2"] * 2
    assert [ax.get_ylabel() for ax in display.ax_[:, 0]] == ["level", "$shape"]
    assert not display.ax_[1, 0].yaxis.label.get_parse_math()
    legend = display.ax_[0, 1].get_legend()
    assert texts(legend.get_texts()) == ["dropout", "plain"]
    title = {"mean": "mean ± one\nstandard deviation", "median": "median and\nquart"}
    assert legend.get_title().get_text().startswith(title[average])
    is_mine = (table["layer"] == "fc2") & (table["strategy"] == "plain")
    for scalar, name in enumerate(("level", "$shape")):
        values = [table[name][is_mine & (table["step"] == step)] for step in STEPS]
        line = display.lines_[scalar, 1, 1]
        assert_array_equal(line.get_xdata(), STEPS)
        assert_allclose(line.get_ydata(), np.mean(values, axis=1))
        band = display.bands_[scalar, 1, 1].get_datalim(line.axes.transData)
        spread = np.std(values, axis=1) / (1 if average == "mean" else 2)
        edges = np.mean(values, axis=1) + [-spread, spread]
        assert_allclose([band.y0, band.y1], [edges.min(), edges.max()])
    # Panels of one scalar are compared.
    assert display.ax_[0, 0].get_ylim() == display.ax_[0, 1].get_ylim()
    assert display.ax_[0, 0].get_ylim() != display.ax_[1, 0].get_ylim()
    assert repr(display) == (
        "<TrajectoryDisplay: level, $shape over 4 steps of 2 runs, 2 groups, 2 layers>"
    )


def test_one_run_has_no_band_in_the_legend(texts):
    display = TrajectoryDisplay.from_table({"step": [0, 5], "level": [1.0, 2]})
    legend = display.ax_[0, 0].get_legend()
    assert texts(legend.get_texts()) == ["1 run"]
    assert legend.get_title().get_text() == ""
    assert display.ax_[0, 0].get_title() == ""
    assert repr(display) == "<TrajectoryDisplay: level over 2 steps of 1 run>"


def test_what_is_missing_is_left_out(texts):
    table = make_table(layers=["fc1"])
    is_plain = table["strategy"] == "plain"
    table["level"][is_plain & (table["step"] == 10)] = np.nan
    table["$shape"][is_plain] = np.nan
    display = TrajectoryDisplay.from_table(table, hue="strategy")
    assert_array_equal(display.lines_[0, 0, 1].get_xdata(), [0, 1, 100])
    assert display.lines_[1, 0, 1] is None
    table["level"][is_plain] = np.nan
    display = TrajectoryDisplay.from_table(table, hue="strategy")
    assert texts(display.ax_[0, 0].get_legend().get_texts()) == ["dropout"]


def test_many_layers_stand_in_rows_of_four():
    layers = [f"layer{k}" for k in range(6)]
    display = TrajectoryDisplay.from_table(make_table(layers), hue="strategy")
    assert display.ax_.shape == (2, 6)
    spec = [ax.get_subplotspec() for ax in display.ax_.ravel()]
    places = [(place.rowspan.start, place.colspan.start) for place in spec]
    assert places[:6] == [(0, 0), (0, 1), (0, 2), (0, 3), (1, 0), (1, 1)]
    assert places[6] == (2, 0)
    assert len(display.figure_.axes) == 12


def test_layers_can_be_lines():
    table = make_table()
    mine = table["strategy"] == "plain"
    table = {name: values[mine] for name, values in table.items()}
    display = TrajectoryDisplay.from_table(table, y="level", hue="layer")
    assert display.lines_.shape == (1, 1, 2)


def test_logarithmic_steps_show_step_zero():
    display = TrajectoryDisplay.from_table(
        make_table(), y="level", hue="strategy", log_steps=True
    )
    for ax in display.ax_.ravel():
        assert ax.get_xscale() == "symlog"
        assert ax.get_xlim() == (0, 100)
        places = ax.transData.transform([(step, 0) for step in STEPS])[:, 0]
        # From 0 to the first step as far as a factor of ten, up to the share that a
        # symmetrical logarithm gives to it.
        widths = np.diff(places)
        assert widths[0] > 0.9 * widths[1]
        assert widths[1] == pytest.approx(widths[2])
    table = {"step": [1, 10], "level": [0.0, 1]}
    display = TrajectoryDisplay.from_table(table, log_steps=True)
    assert display.ax_[0, 0].get_xscale() == "log"


def test_paths_in_the_plane_of_an_embedding(texts):
    steps, runs = [3, 2, 1, 0, 0, 1, 2, 3], list("aaaabbbb")
    display = TrajectoryDisplay.from_rows(ROWS, steps, runs=runs)
    embedding = EmbeddingDisplay.from_rows(ROWS)
    assert_allclose(display.values, embedding.points)
    assert display.ax_.get_xlabel() == embedding.ax_.get_xlabel()
    first, second = (line.get_xydata() for line in display.lines_)
    assert_allclose(first, embedding.points[3::-1])
    assert_allclose(second, embedding.points[4:])
    assert_array_equal(display.points_[0].get_array(), [0, 1, 2, 3])
    assert_allclose(display.points_[0].get_offsets(), first)
    assert display.points_[0].norm is display.points_[1].norm
    assert display.colorbar_.ax.get_ylabel() == "step"
    assert texts(display.ax_.get_legend().get_texts()) == ["a", "b"]
    assert repr(display) == "<TrajectoryDisplay: path over 4 steps of 2 runs>"
    alone = TrajectoryDisplay.from_rows(ROWS[:4], steps[:4])
    assert alone.ax_.get_legend() is None
    assert_allclose(pdist(alone.values), pdist(project_rows(ROWS[:4])[0]))


def test_colours_of_logarithmic_steps():
    display = TrajectoryDisplay.from_rows(ROWS[:4], STEPS, log_steps=True)
    colors = np.asarray(display.points_[0].norm(STEPS))
    assert_allclose(colors[[0, 3]], [0, 1])
    assert_allclose(colors[2] - colors[1], colors[3] - colors[2])
    display = TrajectoryDisplay.from_rows(ROWS[:3], STEPS[1:], log_steps=True)
    assert_allclose(display.points_[0].norm(STEPS[1:]), [0, 0.5, 1])
    # One step has one colour.
    display = TrajectoryDisplay.from_rows(ROWS[:2], [7, 7], runs=["a", "b"])
    assert np.isfinite(display.points_[0].norm([7])).all()


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ValueError, match="Got 7 steps for 8 rows"):
        TrajectoryDisplay.from_rows(ROWS, range(7))
    with pytest.raises(ValueError, match="Rows 0 and 1 are of the same run at step 0"):
        TrajectoryDisplay.from_rows(ROWS, [0] * 8)
    with pytest.raises(ValueError, match="log_steps=True needs .* from -1 to 6"):
        TrajectoryDisplay.from_rows(ROWS, np.arange(8) - 1, log_steps=True)
    with pytest.raises(ValueError, match="log_steps=True needs .* from 0 to 0"):
        TrajectoryDisplay.from_rows(
            ROWS, np.zeros(8), runs=list("abcdefgh"), log_steps=True
        )
    table = make_table()
    with pytest.raises(ValueError, match="Rows 0 and 4 are of the same run at step 0"):
        TrajectoryDisplay.from_table(table)
    with pytest.raises(ValueError, match="average='mode' is unknown"):
        TrajectoryDisplay.from_table(table, average="mode")
    many = make_table([f"layer{k}" for k in range(21)])
    with pytest.raises(ValueError, match="2 scalars of 21 layers make 42 panels"):
        TrajectoryDisplay.from_table(many, hue="strategy")
    with pytest.raises(ValueError, match=r"shape of the values is \(8, 5\); .* 2 col"):
        TrajectoryDisplay(range(8), ROWS, names=["x", "y"], average=None)
