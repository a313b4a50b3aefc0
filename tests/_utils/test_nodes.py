"""Names of nodes, and the layers that they belong to."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sktopo._utils.nodes import check_node_names, find_layers


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
