"""Tests of blocks of columns: where they are, their balance, their names."""

import numpy as np
from numpy.testing import assert_allclose

from sktopo._utils.columns import cut_columns, find_factors, name_values


def test_columns_follow_each_other():
    slices = cut_columns({"a": 2, "b": 1, "c": 3})
    assert slices == {"a": slice(0, 2), "b": slice(2, 3), "c": slice(3, 6)}


def test_rounding_is_no_variation():
    values = np.array([[1.0, 2.0, 5.0], [1.0, 2.0, 6.0]])
    values[0, :2] += [0, 4e-16]
    slices = {"births": slice(0, 2), "deaths": slice(2, 3)}
    factors = find_factors(values, slices, caller="Someone")
    assert factors == {"births": 1.0, "deaths": 1.0}
    values[0, 0] = 1.5
    factors = find_factors(values, slices, caller="Someone")
    # Deviations of 0.25 / sqrt(2) and 0.5, and of their root mean square.
    common = np.sqrt((0.25**2 / 2 + 0.5**2) / 2)
    assert_allclose(factors["births"], common * np.sqrt(2) / 0.25)
    assert_allclose(factors["deaths"], common / 0.5)


def test_blocks_without_a_unit_take_the_variance_of_the_others():
    values = np.array([[1.0, 10.0, 7.0], [3.0, 30.0, 7.0]])
    slices = {"free[a]": slice(0, 1), "b": slice(1, 2), "free": slice(2, 3)}
    factors = find_factors(values, slices, free={"free"}, caller="Someone")
    assert factors == {"free[a]": 10.0, "b": 1.0, "free": 10.0}
    only = find_factors(values, {"free[a]": slice(0, 1)}, free={"free"}, caller="")
    assert only == {"free[a]": 1.0}


def test_columns_are_named_by_block():
    slices = cut_columns({"a": 2, "b[c]": 2})
    names = name_values(slices, "q", range(4)).tolist()
    assert names == ["a[q0]", "a[q1]", "b[c][q0]", "b[c][q1]"]
    assert name_values(slices, "", [3, 0]).tolist() == ["b[c][1]", "a[0]"]
