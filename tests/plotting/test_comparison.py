"""ComparisonDisplay: what was drawn is read back, candidate by candidate."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.cluster import KMeans

from sktopo.comparison import compare_clusterers, summarize
from sktopo.plotting import ComparisonDisplay

pytest.importorskip("matplotlib")
pandas = pytest.importorskip("pandas")

SCORES = {"low": [0.2, 0.4], "high": [0.9, 0.7], "middle": [0.6, 0.6]}


def make_table(**errors):
    rows = [
        {"candidate": name, "fold": fold, "score": score, "error": ""}
        for name, scores in SCORES.items()
        for fold, score in enumerate(scores)
    ]
    rows += [
        {"candidate": name, "fold": 0, "score": np.nan, "error": error}
        for name, error in errors.items()
    ]
    return pandas.DataFrame(rows).assign(fit_seconds=1.0, score_seconds=0.1)


def test_it_keeps_the_rules_of_displays(check_display):
    check_display(ComparisonDisplay.from_table, make_table())


def test_candidates_stand_by_their_mean(texts):
    display = ComparisonDisplay.from_table(make_table())
    names = ["high", "middle", "low"]
    assert display.candidates_ == texts(display.ax_.get_yticklabels()) == names
    for place, (name, points, mean) in enumerate(
        zip(names, display.points_, display.means_, strict=True)
    ):
        assert_allclose(points.get_xdata(), SCORES[name])
        assert_allclose(points.get_ydata(), place)
        line, _, (bar,) = mean.lines
        assert_allclose(line.get_xydata(), [[np.mean(SCORES[name]), place]])
        center, spread = np.mean(SCORES[name]), np.std(SCORES[name])
        (path,) = bar.get_segments()
        assert_allclose(path[:, 0], [center - spread, center + spread])
        # Nothing is filled, so that no score is hidden.
        assert line.get_markerfacecolor() == points.get_markerfacecolor() == "none"
    low, high = display.ax_.get_ylim()
    assert low > high  # the best is on top
    assert display.ax_.get_xlabel() == "score, mean ± one standard deviation"
    assert repr(display) == "<ComparisonDisplay: score of 3 candidates in 2 folds>"


def test_failures_come_last_with_their_error(texts):
    table = make_table(broken="ImportError: no $module\nin line 3")
    display = ComparisonDisplay.from_table(table)
    assert display.candidates_ == ["high", "middle", "low", "broken"]
    assert texts(display.texts_) == ["ImportError: no $module"]
    assert display.texts_[0].get_position()[1] == 3
    assert len(display.means_) == 3
    # Read again from CSV, errors that are empty are missing.
    again = ComparisonDisplay.from_table(table.replace({"error": {"": np.nan}}))
    assert again.candidates_ == display.candidates_


def test_any_score_of_a_table_of_clusterers():
    X = np.random.default_rng(0).random((20, 3))
    X[10:] += 3
    y = np.repeat([0, 1], 10)
    candidates = {"two": KMeans(2, n_init=1), "three": KMeans(3, n_init=1)}
    table = compare_clusterers(X, y, candidates, n_starts=3, random_state=0)
    display = ComparisonDisplay.from_table(table)
    assert display.score == "purity"
    display = ComparisonDisplay.from_table(table, score="adjusted_rand")
    summary = summarize(table).set_index("candidate")["mean_adjusted_rand"]
    for name, mean in zip(display.candidates_, display.means_, strict=True):
        assert float(mean.lines[0].get_xdata()[0]) == pytest.approx(summary[name])
    assert display.ax_.get_xlabel().startswith("adjusted rand, mean")
    assert repr(display) == (
        "<ComparisonDisplay: adjusted rand of 2 candidates in 3 starts>"
    )


def test_what_is_not_a_table_of_scores_is_refused():
    with pytest.raises(TypeError, match="table must be a data frame of pandas"):
        ComparisonDisplay.from_table(SCORES)
    with pytest.raises(ValueError, match=r"score='accuracy' is not .* \['score'\]"):
        ComparisonDisplay.from_table(make_table(), score="accuracy")
    with pytest.raises(ValueError, match="score=None is not a score of the table"):
        ComparisonDisplay.from_table(make_table().drop(columns="score"))
    with pytest.raises(TypeError, match="in ax; expected matplotlib Axes"):
        ComparisonDisplay.from_table(make_table(), ax=3)
