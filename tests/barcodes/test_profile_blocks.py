"""Tests of blocks of profiles: which are asked for, and their values."""

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import squareform

from sktopo.barcodes import profiles
from sktopo.barcodes._profile_blocks import (
    average_profile,
    compute_values,
    plan_blocks,
    read_groups_by_size,
    read_scopes,
)

MEMBERS = np.array([1, 0, 1, 0, 1])
ROW = np.random.default_rng(0).random(10)


def test_a_sequence_asks_for_all_there_is():
    asked = ("strengths", "births")
    assert read_scopes(asked, True) == {"strengths": "both", "births": "both"}
    assert read_scopes(list(asked), False) == {"strengths": "graph", "births": "graph"}


def test_a_mapping_is_copied():
    asked = {"births": "graph"}
    scopes = read_scopes(asked, False)
    assert scopes == asked and scopes is not asked


def test_groups_of_each_size_have_common_numbers():
    names, members = read_groups_by_size({3: ["x", "y", "x"], 4: ["y", "y", "x", "x"]})
    assert names == ["x", "y"]
    assert_array_equal(members[3], [0, 1, 0])
    assert_array_equal(members[4], [1, 1, 0, 0])


def test_blocks_stand_in_the_order_of_profiles():
    scopes = {"strengths": "both", "births": "graph", "deaths": "groups"}
    plan = plan_blocks(scopes, 5, ["a", "b"], MEMBERS)
    assert [block.name for block in plan] == [
        "strengths",
        "strengths[a]",
        "strengths[b]",
        "strengths[a--b]",
        "births",
        "deaths[a]",
        "deaths[b]",
        "deaths[a--b]",
    ]
    matrix = squareform(ROW)
    found = compute_values(ROW, {10: plan}, None)
    within = squareform(matrix[np.ix_([0, 2, 4], [0, 2, 4])])
    between = matrix[np.ix_([1, 3], [0, 2, 4])]
    assert_array_equal(found["strengths"], profiles.strengths(ROW))
    assert_array_equal(found["strengths[b]"], profiles.strengths(within))
    assert_array_equal(found["deaths[b]"], profiles.deaths(within))
    assert_array_equal(found["deaths[a--b]"], profiles.deaths(between))
    assert "deaths[a]" not in found  # a graph of two nodes


def test_values_of_several_lists_are_joined():
    plan = plan_blocks({"local": "groups"}, 5, ["a", "b"], MEMBERS)
    between = squareform(ROW)[np.ix_([1, 3], [0, 2, 4])]
    first, second = profiles.local_distributions(between)
    found = compute_values(ROW, {10: plan}, None)["local[a--b]"]
    assert_array_equal(found, [*first.ravel(), *second.ravel()])
    found = compute_values(ROW, {10: plan}, 2)["local[a--b]"]
    expected = [average_profile(part, 2).ravel() for part in (first, second)]
    assert_array_equal(found, np.concatenate(expected))


def test_averages_along_both_axes():
    values = np.sort(np.sort(np.random.default_rng(1).random((4, 6)), axis=0), axis=1)
    expected = values.reshape(2, 2, 2, 3).mean(axis=(1, 3))
    assert_allclose(average_profile(values, 2), expected)
    # Over 12 bins each value is repeated, and nothing is lost.
    repeated = np.repeat(np.repeat(values, 3, axis=0), 2, axis=1)
    assert_allclose(average_profile(values, 12), repeated)
    assert_allclose(average_profile(values[0], 3), values[0].reshape(3, 2).mean(axis=1))
