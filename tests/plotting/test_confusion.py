"""ClusterConfusionDisplay: what was drawn is read back, number by number."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sktopo.metrics import matched_accuracy_score
from sktopo.plotting import ClusterConfusionDisplay

pytest.importorskip("matplotlib")


def test_it_keeps_the_rules_of_displays(check_display):
    check_display(ClusterConfusionDisplay.from_labels, [0, 1], [0, 1])


@pytest.mark.parametrize("n_clusters", [2, 3, 5])
def test_confusion_is_matched(n_clusters, texts):
    rng = np.random.default_rng(n_clusters)
    y = rng.integers(0, 3, 60)
    clusters = np.where(
        rng.random(60) < 0.6, (y + 1) % n_clusters, rng.integers(0, n_clusters, 60)
    )
    names = np.array(["x", "y", "z"])
    display = ClusterConfusionDisplay.from_labels(names[y], clusters)
    assert sorted(display.labels) == ["x", "y", "z"]
    assert sorted(display.clusters) == [str(k) for k in range(n_clusters)]
    on_diagonal = 0
    for i, label in enumerate(display.labels):
        for j, cluster in enumerate(display.clusters):
            count = np.sum((names[y] == label) & (clusters == int(cluster)))
            assert display.text_[i, j].get_text() == str(count)
            assert display.text_[i, j].get_position() == (j, i)
            share = count / np.sum(names[y] == label)
            assert display.im_.get_array()[i, j] == pytest.approx(share)
            assert display.text_[i, j].get_color() == (
                "white" if share < 0.5 else "black"
            )
            on_diagonal += count * (i == j)
    accuracy = matched_accuracy_score(y, clusters)
    assert on_diagonal / 60 == pytest.approx(accuracy)
    assert display.ax_.get_title() == f"matched accuracy {accuracy:.2f}"
    assert texts(display.ax_.get_xticklabels()) == display.clusters
    assert texts(display.ax_.get_yticklabels()) == display.labels


def test_confusion_of_an_estimator(fitted):
    model, rows = fitted
    y = np.repeat([1, 0], 6)  # the first six have the larger weights
    display = ClusterConfusionDisplay.from_estimator(model, rows, y)
    assert_array_equal(display.counts, [[6, 0], [0, 6]])
    assert display.labels == display.clusters == ["0", "1"]


def test_lengths_must_agree():
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        ClusterConfusionDisplay.from_labels([0, 1], [0, 1, 1])
