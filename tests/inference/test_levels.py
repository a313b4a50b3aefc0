"""The levels that tests account for: means of parts of graphs, and their models."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from sktopo.inference._freedman_lane import read_covariates
from sktopo.inference._levels import (
    average_weights,
    choose_designs,
    find_parts,
    make_designs,
)
from sktopo.inference._scheme import Units

Y = np.repeat([0, 1], [4, 5])
ROWS = np.random.default_rng(0).random((9, 6))
# Edges 01, 02, 03, 12, 13, 23 of nodes a, a, b, b.
PARTS = find_parts("block", list("aabb"), None, 6)


def span(design):
    """Return the covariate of a model, up to its sign."""
    (covariate,) = design.covariates.T
    return covariate * np.sign(covariate[0])


def test_parts_are_the_blocks_of_edges():
    assert list(PARTS) == ["", "[a]", "[b]", "[a--b]"]
    assert PARTS[""] == slice(None)
    assert [PARTS[part].tolist() for part in list(PARTS)[1:]] == [
        [0],
        [5],
        [1, 2, 3, 4],
    ]
    assert list(find_parts("mean", list("aabb"), None, 6)) == [""]
    assert list(find_parts("block", None, None, 6)) == [""]
    # Five edges are not a complete graph, whose groups GraphProfiles refuses.
    assert list(find_parts("block", list("aabb"), None, 5)) == [""]


def test_each_block_has_the_model_of_its_own_mean():
    design, given_level = make_designs(Y, "block", None, ROWS, PARTS, Units())
    assert design.covariates.shape == (9, 0)
    names = ["births", "births[b]", "strengths[a--b]"]
    designs = choose_designs(names, given_level)
    for edges, found in zip(([*range(6)], [5], [1, 2, 3, 4]), designs, strict=True):
        mean = read_covariates(ROWS[:, edges].mean(axis=1), 9)[:, 0]
        assert_allclose(span(found), mean * np.sign(mean[0]), atol=1e-12)


def test_other_levels_have_one_model_for_all_parts():
    for level, mean in (("mean", ROWS.mean(axis=1)), (ROWS[:, 2], ROWS[:, 2])):
        parts = find_parts(level, list("aabb"), None, 6)
        _, given_level = make_designs(Y, level, None, ROWS, parts, Units())
        first, second = choose_designs(["births", "births[b]"], given_level)
        assert first is second
        mean = read_covariates(mean, 9)[:, 0]
        assert_allclose(span(first), mean * np.sign(mean[0]), atol=1e-12)
    assert make_designs(Y, None, None, ROWS, PARTS, Units())[1] is None


def test_levels_stand_beside_covariates():
    age = np.arange(9.0)
    design, given_level = make_designs(Y, "block", age, ROWS, PARTS, Units())
    assert design.covariates.shape == (9, 1)
    assert {part.covariates.shape for part in given_level.values()} == {(9, 2)}


def test_a_level_that_does_not_vary_is_left_out():
    rows = ROWS.copy()
    rows[:, 5] = 0.3
    design, given_level = make_designs(Y, "block", None, rows, PARTS, Units())
    assert [part is design for part in given_level.values()] == [False, False, True, 0]


@given(seed=st.integers(0, 1000), power=st.sampled_from([-80, 0, 90]))
def test_means_are_those_of_numpy(seed, power):
    rows = np.random.default_rng(seed).random((5, 7))
    means = average_weights(np.ldexp(rows + 2, power))
    expected = rows.mean(axis=1) - rows[0].mean()
    assert_allclose(means / means[-1], expected / expected[-1], rtol=1e-9)


def test_means_that_differ_by_rounding_are_none():
    rows = np.array([[0.1, 0.2, 0.3], [0.3, 0.1, 0.2], [0.2, 0.3, 0.1]])
    assert_array_equal(average_weights(rows), 0)
    assert average_weights(rows + np.diag([1e-9, 0, 0])).any()


def test_unknown_levels_are_refused():
    with pytest.raises(ValueError, match="level='block' needs connectome rows"):
        make_designs(Y, "block", None, ROWS, None, Units())
    with pytest.raises(ValueError, match="level='x' must be 'mean', 'block', None"):
        make_designs(Y, "x", None, ROWS, PARTS, Units())
