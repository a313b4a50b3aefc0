"""Errors that name the first number that is NaN or infinite."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import config_context

from sktopo._utils.finite import check_finite, check_finite_weights

BAD = {"NaN": np.nan, "infinity": -np.inf}


@given(
    shape=st.lists(st.integers(1, 4), min_size=1, max_size=4),
    places=st.lists(st.integers(0, 255), min_size=1, max_size=4, unique=True),
    word=st.sampled_from(list(BAD)),
    dtype=st.sampled_from([np.float32, np.float64]),
)
@settings(max_examples=60, deadline=None)
def test_the_first_number_is_named_and_all_are_counted(shape, places, word, dtype):
    array = np.ones(shape, dtype=dtype)
    places = sorted({place % array.size for place in places})
    array.flat[places] = BAD[word]
    with pytest.raises(ValueError) as caught:
        check_finite(array, "Y")
    message = str(caught.value)
    assert message.startswith(f"Y contains {word} ")
    assert f"the first of {len(places)} number(s)" in message
    first = np.unravel_index(places[0], shape)
    named = message.partition(", the first")[0]
    assert [int(number) for number in re.findall(r"\d+", named)] == list(first)
    if len(shape) > 1:
        columns = {np.unravel_index(place, shape)[1:] for place in places}
        assert f", in {len(columns)} column(s);" in message


def test_columns_have_names_and_rows_a_meaning():
    table = np.array([[1.0, 2.0], [3.0, np.nan]])
    message = r"^X contains NaN in frame 1, unit 1 \('b'\), the first of 1 .*1 unit"
    with pytest.raises(ValueError, match=message):
        check_finite(table, "X", ["a", "b"], ("frame", "unit"))


@pytest.mark.parametrize("array", [np.ones((2, 2)), np.array([[1, 2]]), np.empty(0)])
def test_finite_numbers_pass(array):
    assert check_finite(array, "X") is None


def test_what_are_not_numbers_is_refused():
    for array in (np.zeros(2, "M8[s]"), np.array(["a"]), np.array([None])):
        with pytest.raises(ValueError, match="^X has the type .*; expected numbers"):
            check_finite(array, "X")


def test_the_graph_of_a_row_is_named():
    rows = np.ones((3, 3))
    rows[1, 2] = np.nan
    with pytest.raises(ValueError, match="^Frame 1 of X contains NaN .* edge b--c;"):
        check_finite_weights(rows, "Frame {} of X".format, ["a", "b", "c"])


def test_numbers_that_are_assumed_finite_are_not_checked():
    with config_context(assume_finite=True):
        check_finite(np.array([np.nan]), "X")
        check_finite_weights(np.array([np.nan]), "X")


@given(n_nodes=st.integers(2, 9), data=st.data())
@settings(max_examples=40, deadline=None)
def test_edges_without_a_weight_are_named_by_their_nodes(n_nodes, data):
    """Also the edges of rows whose last edges are absent."""
    pairs = list(zip(*np.triu_indices(n_nodes, 1), strict=True))
    shortest = (n_nodes - 1) * (n_nodes - 2) // 2 + 1
    row = np.ones(data.draw(st.integers(shortest, len(pairs))))
    at = data.draw(st.integers(0, len(row) - 1))
    row[at] = np.inf
    i, j = pairs[at]
    with pytest.raises(ValueError, match=f"^X contains infinity .* edge x{i}--x{j};"):
        check_finite_weights(row, "X")
    names = [f"node {k}" for k in range(n_nodes)]
    with pytest.raises(ValueError, match=f"of edge node {i}--node {j};"):
        check_finite_weights(row, "X", names)
    edges = [f"edge {k}" for k in range(len(row))]
    with pytest.raises(ValueError, match=f"of edge edge {at};"):
        check_finite_weights(row, "X", edges=edges)
