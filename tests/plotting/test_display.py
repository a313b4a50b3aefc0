"""The text of displays, and their figure in notebooks."""

import matplotlib
import numpy as np
import pytest

from sktopo.barcodes import barcode_rows, decompose_distance
from sktopo.plotting import (
    BarcodeDisplay,
    BettiCurvesDisplay,
    ClusterConfusionDisplay,
    ConnectomeDisplay,
    DecompositionDisplay,
    EmbeddingDisplay,
    PersistenceDiagramDisplay,
)

plt = pytest.importorskip("matplotlib.pyplot")

ROWS = np.sort(np.random.default_rng(0).random((4, 6)), axis=1)
BARCODES = barcode_rows(ROWS)
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: BarcodeDisplay.from_barcodes(BARCODES), "4 graphs"),
        (
            lambda: BarcodeDisplay.from_barcodes(BARCODES, y=list("abab")),
            "4 graphs in 2 groups",
        ),
        (
            lambda: BettiCurvesDisplay.from_barcodes(BARCODES[:1], y=["a"]),
            "1 graph in 1 group",
        ),
        (
            lambda: ClusterConfusionDisplay.from_labels([0, 1, 1], [0, 0, 0]),
            "3 samples, 2 labels and 1 cluster",
        ),
        (lambda: ConnectomeDisplay.from_connectomes(ROWS[0]), "4 nodes"),
        (
            lambda: ConnectomeDisplay.from_connectomes(ROWS, groups=list("aabb")),
            "4 nodes in 2 groups, mean of 4 connectomes",
        ),
        (
            lambda: DecompositionDisplay.from_decomposition(
                decompose_distance(BARCODES, y=list("abca"))
            ),
            "3 distances between 3 groups",
        ),
        (
            lambda: EmbeddingDisplay.from_rows(ROWS, y=list("abab")),
            "4 samples in 2 groups, 2 barycenters",
        ),
        (
            lambda: PersistenceDiagramDisplay.from_barcodes(BARCODES[0]),
            "4 components and 3 cycles",
        ),
    ],
)
def test_displays_read_as_one_line(make, text):
    display = make()
    assert repr(display) == f"<{type(display).__name__}: {text}>"


def test_a_notebook_shows_the_figure_once(monkeypatch):
    display = ConnectomeDisplay.from_connectomes(ROWS)
    # The figures of pyplot that are open at the end of a cell are shown too.
    monkeypatch.setattr(
        matplotlib, "get_backend", lambda: "module://matplotlib_inline.backend_inline"
    )
    assert plt.get_fignums()
    assert display._repr_png_().startswith(PNG)
    assert plt.get_fignums() == []
    assert display._repr_png_().startswith(PNG)  # and again in a later cell


def test_an_open_window_is_not_shown_twice():
    display = ConnectomeDisplay.from_connectomes(ROWS)
    assert display._repr_png_() is None
    assert plt.get_fignums()
    plt.close(display.figure_)
    assert display._repr_png_().startswith(PNG)


def test_what_was_not_drawn_has_no_figure():
    order = np.arange(4)
    display = ConnectomeDisplay(ROWS[0], node_names=list("abcd"), order=order)
    assert display._repr_png_() is None
    assert repr(display) == "<ConnectomeDisplay: 4 nodes>"


def test_a_figure_of_its_own_is_shown():
    from matplotlib.figure import Figure

    ax = Figure().subplots()
    display = ConnectomeDisplay.from_connectomes(ROWS, ax=ax)
    assert display._repr_png_().startswith(PNG)
