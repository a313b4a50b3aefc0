"""Places of nodes of trees."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from sktopo.plotting._tree_layout import find_path, place_around, place_in_columns


@st.composite
def trees(draw, largest=40):
    """Draw a tree: each node is joined to one of those before it."""
    n_nodes = draw(st.integers(2, largest))
    parents = [draw(st.integers(0, node - 1)) for node in range(1, n_nodes)]
    labels = draw(st.permutations(range(n_nodes)))
    edges = np.column_stack([parents, np.arange(1, n_nodes)])
    return np.array(labels)[edges]


def test_a_star_is_a_circle_around_its_hub():
    places = place_around(np.array([[2, 0], [2, 1], [2, 3], [2, 4]]))
    assert_array_equal(places[2], [0, 0])
    ends = places[[0, 1, 3, 4]]
    assert_allclose(np.linalg.norm(ends, axis=1), 1)
    angles = np.sort(np.arctan2(*ends.T[::-1]))
    assert_allclose(np.diff(angles), np.pi / 2)


def test_a_path_is_a_line_through_its_middle():
    places = place_around(np.array([[0, 1], [1, 2], [2, 3], [3, 4]]))
    assert_allclose(places[2], 0, atol=1e-12)
    assert_allclose(np.linalg.norm(places, axis=1), [1, 0.5, 0, 0.5, 1])
    assert_allclose(places[0], -places[4], atol=1e-12)


@given(trees())
@settings(max_examples=30)
def test_circles_count_edges_and_no_two_nodes_meet(edges):
    places = place_around(edges)
    radii = np.linalg.norm(places, axis=1)
    depth = np.rint(radii / np.abs(np.diff(radii[edges], axis=1)).max())
    assert_array_equal(np.abs(np.diff(depth[edges], axis=1)), 1)
    assert radii.max() == pytest.approx(1)
    gaps = np.linalg.norm(places[:, None] - places, axis=2)
    assert gaps[np.triu_indices(len(places), 1)].min() > 1e-3
    # The root is a centroid: no branch holds more than half of the nodes.
    (root,) = np.flatnonzero(radii < 1e-9)
    reached = {root}
    for start in edges[(edges == root).any(axis=1)].ravel():
        branch, size = {start} - {root}, -1
        while size != len(branch):
            size = len(branch)
            for edge in edges:
                if root not in edge and branch & set(edge):
                    branch |= set(edge)
        assert len(branch) <= len(places) / 2
        reached |= branch
    assert len(reached) == len(places)


@given(trees(), st.integers(1, 4))
@settings(max_examples=30)
def test_columns_are_filled_evenly(edges, n_columns):
    members = np.arange(len(edges) + 1) % n_columns
    places = place_in_columns(edges, members)
    assert_array_equal(places[:, 0], members)
    for column in np.unique(members):
        heights = np.sort(places[members == column, 1])
        assert_allclose(heights, (np.arange(len(heights)) + 0.5) / len(heights))


def test_joined_nodes_stand_near_each_other():
    rng = np.random.default_rng(0)
    edges = np.array([[rng.integers(node), node] for node in range(1, 90)])
    heights = place_in_columns(edges, np.zeros(90, dtype=int))[:, 1]
    joined = np.abs(np.diff(heights[edges], axis=1)).mean()
    assert joined < 0.5 * np.abs(np.subtract.outer(heights, heights)).mean()


def test_paths_bend_within_a_column_only():
    start, end = np.array([0.0, 0.2]), np.array([0.0, 0.6])
    right, left = find_path(start, end, 1), find_path(start, end, -1)
    assert_allclose(right[[0, -1]], [start, end], atol=1e-12)
    assert right[:, 0].max() == pytest.approx(0.26)
    assert_allclose(left[:, 0], -right[:, 0])
    across = find_path(start, np.array([1.0, 0.6]), 1)
    assert_array_equal(across, [[0, 0.2], [1, 0.6]])
