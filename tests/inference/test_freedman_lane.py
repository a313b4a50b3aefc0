"""Freedman and Lane's permutation of residuals against models that are fitted again."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from sktopo.inference._freedman_lane import (
    explain_shares,
    make_design,
    read_covariates,
    split_sums,
    take_residuals,
)

GROUPS = np.array([0, 0, 1, 1, 2, 2, 2])


def make_data(n_covariates, seed=0, groups=GROUPS):
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(len(groups), 4))
    return rows, rng.normal(size=(len(groups), n_covariates)) + groups[:, None]


def fit(columns, rows):
    """Fit a linear model with an intercept by least squares: what it predicts."""
    model = np.column_stack([np.ones(len(rows)), columns])
    return model @ np.linalg.lstsq(model, rows, rcond=None)[0]


def split_by_fitting(rows, groups, covariates):
    """Return sums of squares between and within groups, from two fitted models."""
    members = groups[:, None] == np.unique(groups)[1:]
    full = fit(np.column_stack([covariates, members]), rows)
    reduced = fit(covariates, rows)
    total, within = ((rows - reduced) ** 2).sum(), ((rows - full) ** 2).sum()
    return total - within, within


@pytest.mark.parametrize("n_covariates", [0, 1, 2])
def test_shares_are_those_of_models_fitted_again(n_covariates):
    rows, covariates = make_data(n_covariates)
    read = read_covariates(covariates if n_covariates else None, 7)
    design = make_design(GROUPS, read)
    residuals = take_residuals(rows, design)
    reduced = fit(covariates, rows)
    assert_allclose(residuals, rows - reduced, atol=1e-12)
    orders = np.array(list(permutations(range(7))))[::97]
    expected = []
    for order in orders:
        shuffled = reduced.copy()
        shuffled[order] += rows - reduced
        between, within = split_by_fitting(shuffled, GROUPS, covariates)
        expected.append(between / (between + within))
    found = explain_shares([residuals], [design], orders)
    assert_allclose(found[:, 0], expected, atol=1e-12)
    observed = split_by_fitting(rows, GROUPS, covariates)
    assert_allclose(split_sums(residuals, design), observed)
    assert design.freedom == 7 - 3 - n_covariates
    assert design.group_freedom == 2


def test_several_tables_are_compared_in_the_same_orders():
    rows, covariates = make_data(1)
    design = make_design(GROUPS, read_covariates(covariates, 7))
    tables = [take_residuals(part, design) for part in (rows, rows[:, :1], 0 * rows)]
    orders = np.array([np.arange(7), np.arange(7)[::-1]])
    found = explain_shares(tables, [design] * 3, orders)
    alone = [explain_shares([table], [design], orders) for table in tables]
    assert_array_equal(found, np.hstack(alone))
    assert (found[:, :2] > 0).all() and (found[:, 2] == 0).all()


def test_each_table_has_a_model_of_its_own():
    rows, covariates = make_data(2)
    designs = [
        make_design(GROUPS, read_covariates(part, 7))
        for part in (covariates[:, :1], None, covariates)
    ]
    tables = [take_residuals(rows, design) for design in designs]
    orders = np.array([np.arange(7), np.random.default_rng(0).permutation(7)])
    found = explain_shares(tables, designs, orders)
    alone = [
        explain_shares([table], [design], orders)
        for table, design in zip(tables, designs, strict=True)
    ]
    assert_array_equal(found, np.hstack(alone))
    assert len(set(found[1])) == 3


@given(
    shift=st.sampled_from([0.0, 2.0**30, -(2.0**40)]),
    power=st.sampled_from([-1000, -90, 90, 1000]),
    seed=st.integers(0, 100),
)
def test_units_and_offsets_of_covariates_do_not_matter(shift, power, seed):
    rng = np.random.default_rng(seed)
    covariates = rng.integers(0, 64, (7, 2)) + np.eye(7, 2) * 64
    rows = rng.normal(size=(7, 3))
    orders = np.array([np.arange(7), rng.permutation(7)])
    scaled = np.ldexp(covariates + shift, power - 50 * (power > 0))
    expected, found = (
        explain_shares([take_residuals(rows, design)], [design], orders)
        for design in (
            make_design(GROUPS, read_covariates(form, 7))
            for form in (covariates, scaled)
        )
    )
    assert_allclose(found, expected, atol=1e-9)


def test_covariates_that_depend_on_each_other_count_once():
    rows, covariates = make_data(2)
    both = read_covariates(covariates, 7)
    thrice = read_covariates(np.hstack([covariates, covariates.sum(1)[:, None]]), 7)
    designs = [make_design(GROUPS, form) for form in (both, thrice)]
    assert designs[0].freedom == designs[1].freedom == 2
    sums = [split_sums(take_residuals(rows, d), d) for d in designs]
    assert_allclose(*sums)


def test_covariates_of_any_form_are_read():
    numbers = [3.0, 1.0, 2.0]
    expected = np.array([1.0, -1.0, 0.0]) / 2**0.5
    for form in (numbers, np.array(numbers)[:, None], np.float32(numbers), [3, 1, 2]):
        assert_allclose(read_covariates(form, 3)[:, 0], expected, atol=1e-15)
    largest = np.array([1.7e308, -1.7e308, 0])
    assert_allclose(read_covariates(largest, 3)[:, 0], expected, atol=1e-15)
    assert read_covariates(None, 3).shape == (3, 0)


def test_what_are_no_covariates_is_refused():
    pandas = pytest.importorskip("pandas")
    constant = pandas.DataFrame({"age": [1.0, 2, 3], "site": [2.0, 2, 2]})
    for wrong, message in (
        ([1.0, 2.0], r"shape \(2,\); expected \(3,\)"),
        (np.ones((2, 3)), r"shape \(2, 3\)"),
        (np.ones((3, 1, 1)), r"shape \(3, 1, 1\)"),
        ([1.0, np.nan, 2], "NaN at index 1|NaN in row 1"),
        (np.array(["a", "b", "c"]), "read as numbers, .*0 and 1 for two categories"),
        ([2.0, 2.0, 2.0], "Column 0 of covariates is the same number"),
        (constant, "Column 'site' of covariates is the same number"),
    ):
        with pytest.raises(ValueError, match=message):
            read_covariates(wrong, 3)


@pytest.mark.parametrize(
    "covariates",
    [
        GROUPS,
        GROUPS == 1,
        np.column_stack([GROUPS * 1e9, np.arange(7) ** 2]),
        (GROUPS / 3).astype(np.float32),
    ],
)
def test_covariates_that_determine_groups_are_refused(covariates):
    with pytest.raises(ValueError, match="Groups in y follow from covariates"):
        make_design(GROUPS, read_covariates(covariates * 1.0, 7))


def test_samples_must_be_enough():
    _, covariates = make_data(4)
    with pytest.raises(ValueError, match=r"7 samples are too few.*at least 8"):
        make_design(GROUPS, read_covariates(covariates, 7))
    assert make_design(GROUPS, read_covariates(covariates[:, :3], 7)).freedom == 1
