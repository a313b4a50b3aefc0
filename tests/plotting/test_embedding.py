"""EmbeddingDisplay: what was drawn is read back, number by number."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.spatial.distance import pdist

from sktopo.plotting import EmbeddingDisplay

pytest.importorskip("matplotlib")

ROWS = [[0.7, 0.9, 0.5], [0.2, 0.3, 0.1]]


def test_it_keeps_the_rules_of_displays(check_display):
    check_display(EmbeddingDisplay.from_rows, ROWS)


def test_embedding_keeps_distances_and_barycenters(fitted, texts):
    model, rows = fitted
    scaled = model[:1].transform(rows)
    plane = scaled @ np.linalg.qr(np.random.default_rng(0).random((21, 2)))[0]
    # Rows in a plane lose nothing.
    y = np.repeat(["one", "two"], 6)
    display = EmbeddingDisplay.from_rows(plane, y=y)
    points = [np.asarray(p.get_offsets()) for p in display.points_]
    assert_allclose(pdist(np.vstack(points)), pdist(plane), atol=1e-12)
    for center, group in zip(display.barycenters_.get_offsets(), points, strict=True):
        assert_allclose(center, group.mean(axis=0), atol=1e-12)
    assert_allclose(display.variance_ratio.sum(), 1)
    share = np.linalg.svd(plane - plane.mean(axis=0), compute_uv=False) ** 2
    share = 100 * share / share.sum()
    expected = [
        f"principal component {k + 1} ({share[k]:.0f} % of variance)" for k in (0, 1)
    ]
    assert [display.ax_.get_xlabel(), display.ax_.get_ylabel()] == expected
    legend = texts(display.ax_.get_legend().get_texts())
    assert legend == ["one", "two", "barycenter"]
    assert display.ax_.get_aspect() == 1
    assert display.texts_ == []


def test_embedding_of_a_clustering(fitted, texts):
    model, rows = fitted
    display = EmbeddingDisplay.from_estimator(model, rows)
    labels = model[-1].labels_
    assert texts(display.texts_) == ["0", "1"]
    assert texts(display.ax_.get_legend().get_texts())[:2] == ["cluster 0", "cluster 1"]
    for k in (0, 1):
        members = display.points_[k].get_offsets()
        assert len(members) == np.sum(labels == k)
        center = display.barycenters_.get_offsets()[k]
        assert_allclose(center, np.mean(members, axis=0), atol=1e-12)
        assert_allclose(display.texts_[k].xy, center)
    assert len({tuple(p.get_facecolor()[0]) for p in display.points_}) == 2
    by_label = EmbeddingDisplay.from_estimator(
        model[-1], model[:1].transform(rows), y=np.arange(12) % 3
    )
    assert len(by_label.points_) == 3
    assert_allclose(
        by_label.barycenters_.get_offsets(), display.barycenters_.get_offsets()
    )


def test_embedding_of_equal_rows():
    with pytest.raises(ValueError, match="All rows are the same"):
        EmbeddingDisplay.from_rows(np.ones((3, 3)))


def test_rows_need_not_be_barcodes():
    display = EmbeddingDisplay.from_rows([[2.0, 1, 0], [0, 1, 2]])
    assert_allclose(pdist(display.points), [8**0.5])
