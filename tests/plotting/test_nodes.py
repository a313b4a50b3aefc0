"""Names, groups and order of nodes, and the labels that fit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import squareform

from sktopo import barcodes as bc
from sktopo.plotting._nodes import (
    choose_apart,
    choose_side,
    count_lines,
    find_groups,
    fit_font,
    label_items,
    read_column_names,
    sort_by_strength,
    spread,
)

plt = pytest.importorskip("matplotlib.pyplot")
pandas = pytest.importorskip("pandas")


def test_groups_are_given_or_read_or_none():
    names = ["fc1[0]", "fc2[0]", "fc1[1]"]
    for groups, known, members in (
        ("layer", ["fc1", "fc2"], [0, 1, 0]),
        (["b", "a", "b"], ["b", "a"], [0, 1, 0]),
        (None, [""], [0, 0, 0]),
    ):
        found, numbers = find_groups(groups, names)
        assert found == known
        assert_array_equal(numbers, members)
    with pytest.raises(ValueError, match="groups='layers' must be 'layer', None, or"):
        find_groups("layers", names)
    with pytest.raises(ValueError, match="missing label, None, at node 1"):
        find_groups(["a", None, "b"], names)


def test_columns_name_nodes():
    matrix = pandas.DataFrame(np.ones((3, 3)), columns=list("abc"))
    assert read_column_names(matrix) == ["a", "b", "c"]
    assert read_column_names([matrix, matrix]) == ["a", "b", "c"]
    rows = pandas.DataFrame(np.ones((3, 3)), columns=["a--b", "a--c", "b--c"])
    assert list(read_column_names(rows)) == ["a", "b", "c"]
    others = pandas.DataFrame(np.ones((2, 3)), columns=list("abc"))
    for nameless in (others, np.ones((3, 3)), [[1.0, 2, 3]], []):
        assert read_column_names(nameless) is None
    with pytest.raises(ValueError, match="Sample 1 of connectomes has other columns"):
        read_column_names([matrix, matrix[["b", "a", "c"]]])


def test_nodes_are_sorted_by_strength_by_hand():
    # Edges 01 02 12; strengths 4, 6, 8.
    rows, orders = sort_by_strength(np.array([[1.0, 3, 5]]), np.zeros(3, dtype=int))
    assert_array_equal(orders, [[2, 1, 0]])
    assert_array_equal(rows, [[5, 3, 1]])
    rows, orders = sort_by_strength(np.array([[1.0, 3, 5]]), np.array([0, 0, 1]))
    assert_array_equal(orders, [[1, 0, 2]])
    assert_array_equal(rows, [[1, 5, 3]])


@given(st.integers(0, 2**16), st.sampled_from([1e-26, 1.0, 1e30]))
@settings(max_examples=20)
def test_sorted_connectomes_do_not_depend_on_the_order_of_nodes(seed, unit):
    rng = np.random.default_rng(seed)
    matrix = unit * squareform(rng.random(28))
    members = np.arange(8) % 3
    order = rng.permutation(8)
    moved = matrix[np.ix_(order, order)]
    rows, _ = sort_by_strength(squareform(matrix)[None], members)
    again, _ = sort_by_strength(squareform(moved)[None], members[order])
    assert_allclose(rows, again)
    assert_allclose(bc.barcode_rows(rows), bc.barcode_rows([squareform(matrix)]))
    strengths = squareform(rows[0]).sum(axis=0)
    for group in range(3):
        assert np.all(np.diff(strengths[np.sort(members) == group]) <= 0)


def test_letters_shrink_until_lines_are_left_out():
    assert fit_font(5, 3) == 10
    assert 6 < fit_font(25, 3) < 10
    assert fit_font(400, 3) == 6
    assert choose_side(10) < choose_side(50) < choose_side(94) == choose_side(400)
    assert 60 <= count_lines(choose_side(94)) < 94
    assert count_lines(choose_side(50)) == 50


@pytest.mark.parametrize(("n_names", "step"), [(31, 1), (94, 2), (400, 7)])
def test_labels_of_many_nodes_are_thinned(n_names, step):
    figure, ax = plt.subplots(figsize=(8, 8))
    names = [f"region {k}" for k in range(n_names)]
    ax.set(xlim=(-0.5, n_names - 0.5), ylim=(-0.5, n_names - 0.5))
    for axis in (ax.xaxis, ax.yaxis):
        label_items(axis, names, 6)
        found = [label.get_text() for label in axis.get_ticklabels()]
        assert found == names[::step]
        figure.canvas.draw()
        boxes = [label.get_window_extent() for label in axis.get_ticklabels()]
        side = 0 if axis is ax.xaxis else 1
        starts = np.array([(box.x0, box.y0)[side] for box in boxes])
        ends = np.array([(box.x1, box.y1)[side] for box in boxes])
        assert np.all(starts[1:] > ends[:-1] - 1)


def test_places_are_spread_by_hand():
    assert_allclose(spread([1.0, 1.0, 8.0], 2, 0, 10), [0, 2, 8])
    assert_allclose(spread([5.0, 5.0], 2, 0, 10), [4, 6])
    assert_allclose(spread([9.0, 9.5], 2, 0, 10), [8, 10])
    assert_allclose(spread([1.0, 5.0, 9.0], 2, 0, 10), [1, 5, 9])


@given(st.lists(st.floats(0, 10), min_size=1, max_size=8))
@settings(max_examples=30)
def test_spread_places_keep_their_gap_and_limits(places):
    moved = spread(np.sort(places), 1, 0, 10)
    assert np.all(np.diff(moved) >= 1 - 1e-9)
    assert moved.min() >= -1e-9
    assert moved.max() <= 10 + 1e-9


def test_boxes_that_overlap_are_left_out():
    boxes = np.array([[0, 0, 2, 1], [1, 0, 3, 1], [2, 0, 4, 1], [9, 9, 10, 10]])
    nothing = np.empty((0, 4))
    assert_array_equal(choose_apart(boxes, [1, 2, 1, 1], nothing), [1, 3])
    assert_array_equal(choose_apart(boxes, [1, 1, 1, 1], nothing), [0, 2, 3])
    assert_array_equal(choose_apart(boxes, [1, 2, 1, 1], [[8, 8, 11, 11]]), [1])
