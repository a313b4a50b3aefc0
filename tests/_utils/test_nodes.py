"""Names of nodes and edges, and the layers that nodes belong to."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sktopo._utils.nodes import (
    LazyNames,
    check_node_names,
    find_edges,
    find_layers,
    make_names,
    name_edges,
)


def make_lazy(n_names):
    """Make names and the list of the numbers of names that were made in each call."""
    made = []

    def make(positions):
        made.append(len(positions))
        return np.array([f"name{k}" for k in positions], dtype=object)

    return LazyNames(n_names, make), made


def test_items_and_slices_make_only_what_is_read():
    names, made = make_lazy(1000)
    assert len(names) == 1000
    assert names[-1] == "name999"
    assert list(names[10:12]) == ["name10", "name11"]
    assert isinstance(names[:3], np.ndarray) and names[np.intp(7)] == "name7"
    assert made == [1, 2, 3, 1]
    with pytest.raises(IndexError):
        names[1000]


def test_lazy_names_are_used_like_an_array():
    names, _ = make_lazy(20)
    expected = np.array([f"name{k}" for k in range(20)], dtype=object)
    assert_array_equal(np.asarray(names), expected)
    assert list(names) == list(expected)
    assert_array_equal(names == "name3", expected == "name3")
    assert_array_equal(names[[4, 2]], expected[[4, 2]])
    assert_array_equal(names[expected != "name1"], np.delete(expected, 1))
    assert "name7" in names and names.index("name7") == 7
    assert_array_equal(names + "!", expected + "!")


def test_few_names_are_an_array(monkeypatch):
    monkeypatch.setattr("sktopo._utils.nodes._MOST_NAMES", 5)
    make = make_lazy(0)[0]._make
    assert isinstance(make_names(5, make), np.ndarray)
    assert isinstance(make_names(6, make), LazyNames)


@pytest.mark.parametrize("n_nodes", [2, 3, 8])
def test_edges_are_named_in_the_order_of_rows(n_nodes):
    nodes = [f"n{k}" for k in range(n_nodes)]
    pairs = zip(*np.triu_indices(n_nodes, 1), strict=True)
    expected = [f"n{i}--n{j}" for i, j in pairs]
    assert list(name_edges(nodes, range(len(expected)))) == expected
    some = name_edges(nodes, [len(expected) - 1, 0])
    assert list(some) == [expected[-1], expected[0]]


def test_names_are_numbered_by_default():
    names = check_node_names(None, 3)
    assert names.dtype == object
    assert names.tolist() == ["x0", "x1", "x2"]


def test_given_names_are_kept():
    assert check_node_names(("a", "b"), 2).tolist() == ["a", "b"]
    assert check_node_names(np.array(["a", "b"]), 2).dtype == object


@pytest.mark.parametrize("names", [["a"], ["a", "b", "c"], [["a", "b"]]])
def test_the_number_of_names_is_that_of_the_nodes(names):
    with pytest.raises(ValueError, match="of shape .* for graphs of 2 nodes"):
        check_node_names(names, 2)


def test_layers_are_in_the_order_of_their_first_node():
    layers, layer_of_node = find_layers(["fc2[0]", "fc1[0]", "fc2[1]", "a[3][2]"])
    assert layers == ["fc2", "fc1", "a[3]"]
    assert_array_equal(layer_of_node, [0, 1, 0, 2])


def test_nodes_without_a_bracket_are_one_layer_without_a_name():
    layers, layer_of_node = find_layers(["x0", "fc1[0]", 7])
    assert layers == ["", "fc1"]
    assert_array_equal(layer_of_node, [0, 1, 0])


@pytest.mark.parametrize("n_nodes", [2, 3, 7])
def test_edges_of_a_node(n_nodes):
    first, second = np.triu_indices(n_nodes, 1)
    for node in range(n_nodes):
        edges = find_edges(node, n_nodes)
        others = first[edges] + second[edges] - node
        assert others.tolist() == [k for k in range(n_nodes) if k != node]
        assert ((first[edges] == node) | (second[edges] == node)).all()
