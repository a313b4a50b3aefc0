"""The plane of principal components that rows are projected to."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.spatial.distance import pdist

from sktopo.plotting._plane import (
    check_rows,
    frame_plane,
    label_plane,
    name_components,
    project_rows,
)


def test_rows_in_a_plane_keep_their_distances():
    plane = np.array([[0.0, 0], [4, 0], [0, 2], [4, 2]])
    rotation = np.linalg.qr(np.random.default_rng(0).random((5, 2)))[0]
    rows = plane @ rotation.T + 7
    points, centers, ratio = project_rows(rows, rows.mean(axis=0, keepdims=True))
    assert_allclose(pdist(points), pdist(plane))
    assert_allclose(centers, [[0, 0]], atol=1e-12)
    assert_allclose(ratio, [0.8, 0.2])
    assert project_rows(rows)[1] is None
    assert name_components(ratio) == [
        "principal component 1 (80 % of variance)",
        "principal component 2 (20 % of variance)",
    ]


def test_what_has_no_plane_is_refused():
    with pytest.raises(ValueError, match=r"shape \(1, 3\); a plane needs"):
        check_rows([[1.0, 2, 3]])
    with pytest.raises(ValueError, match=r"shape \(3, 1\); a plane needs"):
        check_rows([[1.0], [2], [3]])
    with pytest.raises(ValueError, match="All rows are the same"):
        project_rows(np.ones((3, 3)))


def test_the_frame_is_square_and_holds_all_points():
    Figure = pytest.importorskip("matplotlib.figure").Figure
    ax = Figure().subplots()
    frame_plane(ax, np.array([[0.0, 1], [10, 3]]))
    assert_allclose(ax.get_xlim(), [-0.5, 10.5])
    assert_allclose(ax.get_ylim(), [-3.5, 7.5])
    assert ax.get_aspect() == 1


def test_small_axes_have_short_labels():
    Figure = pytest.importorskip("matplotlib.figure").Figure
    names = name_components([0.93, 0.05])
    for size, expected in (
        ((6, 5), names),
        ((3, 4), ["component 1 (93 %)", "component 2 (5 %)"]),
    ):
        ax = Figure(figsize=size).subplots()
        label_plane(ax, names)
        assert [ax.get_xlabel(), ax.get_ylabel()] == expected
