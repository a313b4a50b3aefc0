"""Axes that displays draw on, and their limits."""

import sys

import numpy as np
import pytest

from sktopo.plotting import EmbeddingDisplay
from sktopo.plotting._axes import find_limits, get_axes

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
