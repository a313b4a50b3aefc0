"""Tests of groups of nodes and of the blocks of edges within and between them."""

import numpy as np
import pytest
from scipy.spatial.distance import squareform

from sktopo._utils.blocks import (
    find_block_edges,
    find_block_graph,
    list_blocks,
    read_groups,
)
from sktopo._utils.nodes import name_edges

NODES = ["fc1[0]", "fc1[1]", "fc2[0]", "fc1[2]"]


def test_layers_are_read_from_the_names_of_edges():
    names, members = read_groups("layer", 4, name_edges(NODES, range(6)))
    assert names == ["fc1", "fc2"]
    np.testing.assert_array_equal(members, [0, 0, 1, 0])


def test_names_of_nodes_may_contain_two_dashes():
    nodes = ["a--b[0]", "a--b[1]", "c[0]"]
    names, members = read_groups("layer", 3, name_edges(nodes, range(3)))
    assert names == ["a--b", "c"]
    np.testing.assert_array_equal(members, [0, 0, 1])


def test_two_nodes_have_one_edge():
    assert read_groups("layer", 2, ["a[0]--b[0]"])[0] == ["a", "b"]


def test_groups_keep_the_order_of_their_first_node():
    names, members = read_groups([7, 3, 7, 10], 4)
    assert names == ["7", "3", "10"]
    np.testing.assert_array_equal(members, [0, 1, 0, 2])


def test_without_groups_all_nodes_are_one():
    names, members = read_groups(None, 3)
    assert names == ["all"]
    np.testing.assert_array_equal(members, [0, 0, 0])


@pytest.mark.parametrize(
    ("groups", "edge_names", "message"),
    [
        ("layers", None, "groups='layers' must be 'layer', None, or the group of each"),
        ("layer", None, "groups='layer' needs names of edges, such as"),
        ("layer", ["a", "b", "c"], "got 'a' and so on. Give the group of each node"),
        ("layer", ["a--b", "a--c", "b--c"], "that contain the layer, such as"),
        ("layer", ["a[0]--b[0]", "a[0]--c[0]", "x"], "in the order of a connectome"),
        ([0, 1], None, "groups has 2 labels for 3 nodes"),
        ([0, 1, None], None, "groups contains a missing label, None, at node 2"),
    ],
)
def test_wrong_groups_are_refused(groups, edge_names, message):
    with pytest.raises(ValueError, match=message.replace("[", r"\[")):
        read_groups(groups, 3, edge_names)


def test_blocks_divide_the_edges():
    rng = np.random.default_rng(0)
    members = np.array([0, 1, 1, 0, 2, 1])
    row = rng.random(15)
    matrix = squareform(row)
    blocks = list_blocks(["a", "b", "c"], members)
    assert blocks == {
        "a": (0, 0),
        "b": (1, 1),
        "a--b": (0, 1),
        "a--c": (0, 2),
        "b--c": (1, 2),
    }
    found = {name: find_block_edges(members, pair) for name, pair in blocks.items()}
    np.testing.assert_array_equal(
        np.sort(np.concatenate(list(found.values()))), range(15)
    )
    within_b = matrix[np.ix_([1, 2, 5], [1, 2, 5])]
    np.testing.assert_array_equal(row[found["b"]], squareform(within_b))
    between = matrix[np.ix_([0, 3], [1, 2, 5])]
    np.testing.assert_array_equal(np.sort(row[found["a--b"]]), np.sort(between.ravel()))
    for name, pair in blocks.items():
        positions = find_block_graph(members, pair)
        np.testing.assert_array_equal(np.sort(positions, axis=None), found[name])
    between = row[find_block_graph(members, (1, 2))]
    np.testing.assert_array_equal(between, matrix[np.ix_([1, 2, 5], [4])])


@pytest.mark.parametrize("names", [["a", "b", "a--b"], ["a", "b--c", "a--b", "c"]])
def test_blocks_of_one_name_are_refused(names):
    with pytest.raises(ValueError, match="^Two blocks of edges have the name 'a--b"):
        list_blocks(names, np.repeat(range(len(names)), 2))


def test_a_group_of_one_node_has_no_block_whose_name_could_be_that_of_another():
    blocks = list_blocks(["a", "b", "a--b"], np.array([0, 1, 2]))
    assert list(blocks) == ["a--b", "a--a--b", "b--a--b"]
