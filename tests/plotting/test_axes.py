"""Axes that displays draw on, and their limits."""

import sys

import numpy as np
import pytest

from sktopo.plotting import EmbeddingDisplay
from sktopo.plotting._axes import (
    add_legend,
    find_limits,
    fit_labels,
    get_axes,
    name_ticks,
    shorten_names,
)

pytest.importorskip("matplotlib")


def test_new_axes():
    figure, axes = get_axes(object(), None, 3, height=2)
    assert tuple(figure.get_size_inches()) == (3 * 5.2, 2)
    assert list(axes) == figure.axes
    assert len(axes) == 3


def test_given_axes():
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, 2)
    found, same = get_axes(object(), axes, 4)
    assert found is figure
    assert list(same) == list(axes.ravel())
    found, (same,) = get_axes(object(), axes[0, 1])
    assert found is figure
    assert same is axes[0, 1]
    with pytest.raises(ValueError, match="Got 4 axes for 1 panel"):
        get_axes(object(), axes)


def test_limits():
    assert find_limits([1.0, 2.0], [[3.0], [0.0]]) == (0, 3)
    assert find_limits([1.0, 2.0], np.array([]), margin=0.5) == (0.5, 2.5)
    assert find_limits([1.0], [1.0]) == (0.5, 1.5)


def test_without_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"EmbeddingDisplay needs.*sktopo\[plot\]"):
        EmbeddingDisplay.from_rows([[0.7, 0.9, 0.5], [0.2, 0.3, 0.1]])


def test_names_lose_what_all_of_them_have():
    layers = [f"backbone.stage{k}_block{k}.activation" for k in (1, 2)]
    assert shorten_names(layers, 60) == layers
    assert shorten_names(layers, 20) == ["…stage1_block1…", "…stage2_block2…"]
    # Marks are left out where there is no room for them.
    assert shorten_names(layers, 13) == ["stage1_block1", "stage2_block2"]
    assert shorten_names(["a" * 30, "b" * 30], 11) == ["aaaa…aaaaa", "bbbb…bbbbb"]
    assert shorten_names(["same name"] * 2, 60) == ["same name"] * 2
    assert shorten_names([], 10) == []


@pytest.mark.parametrize(("width", "is_beside"), [(7.0, True), (3.0, False)])
def test_legends_stand_beside_axes_or_below_in_narrow_figures(width, is_beside):
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots(figsize=(width, 4), layout="constrained")
    lines = [ax.plot([0, 1])[0] for _ in range(3)]
    names = ["first", "second", "a name that is too long for one line of a legend"]
    legend = add_legend(ax, lines, names, title="title")
    figure.canvas.draw()
    found, axes = legend.get_window_extent(), ax.get_window_extent()
    assert (found.x0 >= axes.x1) == is_beside
    assert (found.y1 <= axes.y0) != is_beside
    assert found.y0 >= 0
    assert found.x1 <= figure.bbox.x1
    long = legend.get_texts()[2].get_text()
    assert long.count("\n") == 1
    assert long.replace("\n", " ") == names[2]


def test_labels_are_broken_into_lines_that_fit():
    import matplotlib.pyplot as plt

    _, ax = plt.subplots(figsize=(6, 2.5))
    label = "a label of several words, as long as this"
    ax.set(xlabel=label, ylabel=label)
    fit_labels(ax)
    assert ax.get_xlabel() == label
    assert "\n" in ax.get_ylabel()
    assert ax.get_ylabel().replace("\n", " ") == label


def test_names_at_the_horizontal_axis_lie_if_they_can():
    import matplotlib.pyplot as plt

    _, ax = plt.subplots(figsize=(5, 4))
    layers = [f"features.layer{k}.activation" for k in range(3)]
    name_ticks(ax.xaxis, range(3), layers)
    shown = ax.get_xticklabels()
    assert [text.get_text() for text in shown] == ["…layer0…", "…layer1…", "…layer2…"]
    assert {text.get_rotation() for text in shown} == {0}
    name_ticks(ax.xaxis, range(3), ["x" * 20, "y" * 20, "z" * 20])
    assert {text.get_rotation() for text in ax.get_xticklabels()} == {90}
