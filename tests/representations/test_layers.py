"""Tests of the layers of networks, as users give them."""

import re

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sktopo.representations._layers import find_members, read_layers

SAMPLES = [np.ones((4, 3)), np.ones((4, 3)), np.ones((4, 2))]
pandas = pytest.importorskip("pandas")


def name(*columns):
    return pandas.DataFrame(np.ones((4, len(columns))), columns=columns)


def find(layers, i=0, given=None, n_nodes=3, by_name=False):
    return find_members(*layers, i, given, n_nodes, by_name=by_name)


def test_no_groups_are_one_layer():
    layers = read_layers(None, SAMPLES, SAMPLES)
    assert layers == ([], {})
    assert_array_equal(find(layers), [0, 0, 0])


def test_one_array_is_for_all():
    names, members = layers = read_layers(["b", "a", "b"], SAMPLES[:2], SAMPLES[:2])
    assert names == ["b", "a"]
    assert_array_equal(members[3], [0, 1, 0])
    assert_array_equal(find(layers), [0, 1, 0])


def test_samples_of_other_widths_are_named():
    layers = read_layers(["b", "a", "b"], SAMPLES, SAMPLES)
    message = (
        "Sample 2 of X has 2 nodes, but groups are given for samples of [3] nodes. For "
        "samples of several widths give a list with the groups of each, or a dict from "
        "each number of nodes to the groups of so many nodes."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        find(layers, 2, n_nodes=2)


@pytest.mark.parametrize(
    "groups",
    [
        {3: ["b", "a", "b"], 2: ["a", "b"]},
        [["b", "a", "b"], ["b", "a", "b"], ["a", "b"]],
        (np.array(["b", "a", "b"]), ["a", "b"]),
    ],
)
def test_groups_of_each_width(groups):
    names, members = layers = read_layers(groups, SAMPLES, SAMPLES)
    assert names == ["b", "a"] and sorted(members) == [2, 3]
    assert_array_equal(find(layers), [0, 1, 0])
    assert_array_equal(find(layers, 2, n_nodes=2), [1, 0])


def test_equal_widths_have_equal_groups():
    groups = [["a", "b"], ["a", "a", "b"], ["b", "a"]]
    with pytest.raises(ValueError, match=r"^groups\[2\] has 2 nodes, as one before"):
        read_layers(groups, SAMPLES, SAMPLES)


def test_layers_are_read_from_names_of_nodes():
    frame = name("fc1[0]", "fc2[0]", "fc1[1]")
    names, members = layers = read_layers("layer", [frame] * 2, SAMPLES[:2])
    assert names == ["fc1", "fc2"]
    assert_array_equal(members[3], [0, 1, 0])
    # Arrays of the fitted width have the layers that were fitted.
    assert_array_equal(find(layers, by_name=True), [0, 1, 0])
    other = name("fc2[0]", "fc1[0]")
    assert_array_equal(find(layers, 1, other, 2, by_name=True), [1, 0])


def test_networks_of_equal_width_may_have_other_layers():
    frames = [
        name("fc1[0]", "fc1[1]", "fc2[0]"),
        name("fc1[0]", "fc2[0]", "fc2[1]"),
        name("fc1[0]", "fc2[0]"),
    ]
    names, members = layers = read_layers("layer", frames, SAMPLES)
    assert names == ["fc1", "fc2"] and members == {}
    assert_array_equal(find(layers, 0, frames[0], 3, by_name=True), [0, 0, 1])
    assert_array_equal(find(layers, 1, frames[1], 3, by_name=True), [0, 1, 1])
    with pytest.raises(ValueError, match="which sample 1 of X does not have"):
        find(layers, 1, SAMPLES[1], 3, by_name=True)


def test_other_layers_are_refused():
    layers = read_layers("layer", [name("a[0]", "b[0]", "b[1]")], SAMPLES[:1])
    message = (
        "Sample 4 of X has the layers ['a', 'c'], but expected are ['a', 'b'], as in "
        "the first sample fitted."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        find(layers, 4, name("a[0]", "c[0]", "c[1]"), by_name=True)


def test_names_must_have_layers():
    with pytest.raises(ValueError, match="which sample 0 of X does not have"):
        read_layers("layer", SAMPLES, SAMPLES)
    with pytest.raises(ValueError, match="sample 0 of X has 'x' and so on"):
        read_layers("layer", [name("x", "y", "z")], SAMPLES[:1])
    with pytest.raises(ValueError, match="groups='nope' must be 'layer', None"):
        read_layers("nope", SAMPLES, SAMPLES)
