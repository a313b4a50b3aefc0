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


NUMBERS = np.linspace(0, 1, 12)


def test_numbers_are_colours_with_a_colour_bar(fitted):
    model, rows = fitted
    display = EmbeddingDisplay.from_rows(model[:1].transform(rows), y=NUMBERS)
    (points,) = display.points_
    assert_allclose(points.get_array(), NUMBERS)
    assert points.get_clim() == (0, 1)
    assert display.colorbar_.ax.get_ylabel() == "y"
    assert_allclose(display.barycenters, [[0, 0]], atol=1e-12)
    assert repr(display) == "<EmbeddingDisplay: 12 samples, 1 barycenter>"
    # The barycenters of a clustering stay what they are.
    display = EmbeddingDisplay.from_estimator(model, rows, y=NUMBERS)
    assert len(display.barycenters) == 2
    assert display.colorbar_ is not None


def test_a_series_names_the_colour_bar(fitted):
    pandas = pytest.importorskip("pandas")
    y = pandas.Series(NUMBERS, name="$accuracy")
    display = EmbeddingDisplay.from_rows(fitted[1], y=y)
    assert display.colorbar_.ax.get_ylabel() == "$accuracy"
    assert not display.colorbar_.ax.yaxis.label.get_parse_math()


@pytest.mark.parametrize(
    ("y", "continuous", "n_groups"),
    [
        (np.arange(12) % 3, "auto", 3),
        ((np.arange(12) % 3).astype(float), "auto", 3),
        (np.arange(12), True, None),
        (NUMBERS.round(0) / 2, False, 2),
        (NUMBERS.round(0) / 2, "auto", None),
        (list("abc") * 4, "auto", 3),
    ],
)
def test_floats_are_numbers_unless_told(y, continuous, n_groups, fitted):
    display = EmbeddingDisplay.from_rows(fitted[1], y=y, continuous=continuous)
    assert (display.colorbar_ is None) == (n_groups is not None)
    assert len(display.points_) == (n_groups or 1)


def test_numbers_on_a_scale_are_finite_numbers():
    for y, continuous, message in (
        ([0.5, np.nan], "auto", "missing label"),
        ([0.5, np.inf], "auto", "y contains infinity at index 1"),
        (["a", "b"], True, "y"),
        ([0, 1], "yes", "continuous must be True or False"),
    ):
        with pytest.raises((TypeError, ValueError), match=message):
            EmbeddingDisplay.from_rows(ROWS, y=y, continuous=continuous)


def test_no_point_hides_another():
    y = ["a", "b", "a"]
    display = EmbeddingDisplay.from_rows([[0, 0.0], [0, 0], [1, 2]], y=y)
    for points in display.points_:
        assert points.get_facecolor()[0, 3] < 0.5
        assert points.get_edgecolor()[0, 3] == 1
    # Points of two groups in one place have edges of different forms.
    first, second = (points.get_paths()[0].vertices for points in display.points_)
    assert len(first) != len(second)
