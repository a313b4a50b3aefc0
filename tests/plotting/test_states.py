"""StatesDisplay: the bars are read back, one by one."""

import numpy as np
import pytest
from matplotlib.colors import to_hex
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

from sktopo import (
    FunctionalConnectome,
    GraphPersistence,
    SlidingWindows,
    TopClusterer,
)
from sktopo.datasets import make_state_recordings
from sktopo.plotting import StatesDisplay

pytest.importorskip("matplotlib")


def read_bars(display):
    """List (state, row, start, end) of all bars."""
    return {
        (k, round(bar.get_y() + bar.get_height() / 2), bar.get_x(), end)
        for k, bars in enumerate(display.bars_)
        for bar in bars
        for end in [bar.get_x() + bar.get_width()]
    }


def test_it_keeps_the_rules_of_displays(check_display):
    check_display(StatesDisplay.from_labels, [0, 1, 1, 0], ["sub 1"] * 2 + ["s"] * 2)


def test_bars_by_hand(texts):
    display = StatesDisplay.from_labels(
        ["b", "b", "a", "b", "a"],
        ["sub 10", "sub 10", "sub 10", "sub 9", "sub 9"],
        times=[5, 7, 9, 0, 2],
        unit="min",
    )
    # The last windows are as long as the typical one.
    assert read_bars(display) == {
        *((1, 1, 5.0, 9.0), (0, 1, 9.0, 11.0)),
        *((1, 0, 0.0, 2.0), (0, 0, 2.0, 4.0)),
    }
    assert texts(display.ax_.get_yticklabels()) == ["sub 9", "sub 10"]
    assert display.ax_.get_xlabel() == "start of the window (min)"
    assert texts(display.ax_.get_legend().get_texts()) == ["a", "b"]
    assert_allclose(display.ax_.get_xlim(), (0, 11))
    low, high = display.ax_.get_ylim()
    assert low > high  # the first recording is at the top


def test_without_times_windows_are_counted_within_recordings():
    display = StatesDisplay.from_labels([0, 0, 1, 1], [0, 0, 1, 1])
    assert read_bars(display) == {(0, 0, 0.0, 2.0), (1, 1, 0.0, 2.0)}
    assert display.ax_.get_xlabel() == "start of the window"


def test_a_recording_of_one_window():
    display = StatesDisplay.from_labels([3], ["a"])
    assert read_bars(display) == {(0, 0, 0.0, 1.0)}


def test_states_differ_in_colour_or_hatch():
    labels = np.arange(24)
    display = StatesDisplay.from_labels(labels, np.zeros(24))
    styles = {
        (to_hex(bars[0].get_facecolor()), bars[0].get_hatch()) for bars in display.bars_
    }
    assert len(styles) == 24
    with pytest.raises(ValueError, match="There are 25 states; at most 24"):
        StatesDisplay.from_labels(np.arange(25), np.zeros(25))
    with pytest.raises(ValueError, match="There are 101 recordings; at most 100"):
        StatesDisplay.from_labels(np.zeros(101), np.arange(101))


def test_names_are_text(texts):
    display = StatesDisplay.from_labels(["$x$", "_y"], ["$a$", "$a$"], unit="$s$")
    display.figure_.canvas.draw()
    assert texts(display.ax_.get_legend().get_texts()) == ["$x$", "_y"]
    assert texts(display.ax_.get_yticklabels()) == ["$a$"]


@pytest.mark.parametrize("n_recordings", [1, 12, 100])
def test_names_of_recordings_do_not_touch(n_recordings):
    recordings = np.arange(n_recordings)
    display = StatesDisplay.from_labels(recordings % 3, recordings)
    display.figure_.set_size_inches(3.9, display.figure_.get_size_inches()[1])
    display.figure_.canvas.draw()
    boxes = [label.get_window_extent() for label in display.ax_.get_yticklabels()]
    assert all(a.y0 >= b.y1 - 1 for a, b in zip(boxes, boxes[1:], strict=False))


def make_chain():
    return make_pipeline(
        SlidingWindows(20, step=5),
        FunctionalConnectome(),
        GraphPersistence(),
        TopClusterer(2, random_state=0),
    )


def test_states_of_an_estimator(texts):
    X, _ = make_state_recordings(2, n_observations=60, n_nodes=5, random_state=0)
    chain = make_chain().fit(X)
    others = [X[1], X[0][:40]]
    display = StatesDisplay.from_estimator(
        chain, others, names=["p", "q"], interval=2.0, unit="s"
    )
    recordings, starts = chain[0].locate(others)
    assert_array_equal(display.labels, chain.predict(others))
    assert_array_equal(display.times, 2.0 * starts)
    assert_array_equal(display.recordings, np.array(["p", "q"])[recordings])
    assert texts(display.ax_.get_yticklabels()) == ["p", "q"]
    with pytest.raises(ValueError, match="names has 1 labels for 2 recordings"):
        StatesDisplay.from_estimator(chain, others, names=["p"])


def test_other_estimators_are_refused():
    X, _ = make_state_recordings(1, n_observations=60, n_nodes=5)
    with pytest.raises(NotFittedError):
        StatesDisplay.from_estimator(make_chain(), X)
    for other in (make_chain()[:-1], make_chain()[1:], TopClusterer, TopClusterer(2)):
        with pytest.raises(TypeError, match="begins with SlidingWindows"):
            StatesDisplay.from_estimator(other, X)


@pytest.mark.parametrize("times", [[0, 0], [1, 0]])
def test_times_ascend(times):
    with pytest.raises(ValueError, match="times of recording 'a' do not ascend"):
        StatesDisplay.from_labels([0, 1], ["a", "a"], times=times)
