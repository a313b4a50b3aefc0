"""Corrected p-values against brute force, PERMANOVA, and the null hypothesis."""

from itertools import permutations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sktopo.inference import _relabelling, permanova
from sktopo.inference._familywise import compare_tables
from sktopo.inference._freedman_lane import make_design, read_covariates

EPS = np.finfo(float).eps


def compare(
    tables,
    groups,
    covariates=None,
    *,
    n_permutations=9999,
    seed=0,
    precision=EPS,
    n_jobs=1,
):
    groups = np.asarray(groups)
    design = make_design(groups, read_covariates(covariates, len(groups)))
    state = np.random.RandomState(seed)
    tables = [np.asarray(table, dtype=float) for table in tables]
    designs = [design] * len(tables)
    return compare_tables(
        tables, groups, designs, precision, n_permutations, n_jobs, state, False
    )


def compare_beside_own(tables, groups, covariates, n_permutations=9999):
    """Compare tables, each beside covariates of its own, or None."""
    designs = [
        make_design(groups, read_covariates(own, len(groups))) for own in covariates
    ]
    state = np.random.RandomState(0)
    return compare_tables(tables, groups, designs, EPS, n_permutations, 1, state, False)


def make_tables(sizes, seed=0, widths=(1, 3, 40)):
    rng = np.random.default_rng(seed)
    tables = [rng.normal(size=(sum(sizes), width)) for width in widths]
    return tables, np.repeat(np.arange(len(sizes)), sizes)


@pytest.mark.parametrize("sizes", [(3, 4), (2, 2, 3), (15, 16, 17)])
def test_without_covariates_each_test_is_permanova(sizes):
    tables, groups = make_tables(sizes)
    found = compare(tables, groups, n_permutations=999)
    for k, table in enumerate(tables):
        expected = permanova(table, groups, n_permutations=999, random_state=0)
        assert found.pvalue[k] == expected.pvalue
        assert_allclose(found.statistic[k], expected.statistic)
        assert_allclose(found.omega_squared[k], expected.omega_squared)


@pytest.mark.parametrize("sizes", [(3, 4), (2, 3, 3), (9, 10)])
def test_correction_from_the_null_distributions_of_permanova(sizes):
    tables, groups = make_tables(sizes, seed=3)
    tables[1][groups == 1] += 0.7
    found = compare(tables, groups, n_permutations=2000)
    scores = []
    for table in tables:
        result = permanova(table, groups, n_permutations=2000, random_state=0)
        ratios = np.append(result.statistic, result.null_distribution)
        ratios *= len(sizes) - 1
        roots = np.cbrt(ratios / (ratios + len(groups) - len(sizes)))
        # The observed labels are among all distinct ones.
        every = roots[1:] if result.exact else roots
        scores.append((roots - every.mean()) / every.std())
    scores = np.array(scores)
    largest = scores[:, 1:].max(axis=0) if result.exact else scores.max(axis=0)
    expected = [(largest >= score - 1e-9).mean() for score in scores[:, 0]]
    assert_allclose(found.adjusted_pvalue, expected)
    assert len(set(expected)) == 3


def list_groupings(groups):
    """List all distinct groupings into groups of these sizes, the first one given."""
    found = {}
    for labels in permutations(groups.tolist()):
        parts = [
            tuple(np.flatnonzero(np.array(labels) == k)) for k in range(max(groups) + 1)
        ]
        found.setdefault(frozenset(parts), np.array(labels))
    return list(found.values())


def test_the_family_has_its_level_exactly():
    # Whatever the data, of ten equally likely groupings each smallest p-value comes up
    # once: the chance of any p-value of at most k/10 is k/10.
    tables, groups = make_tables((3, 3), seed=5, widths=(1, 1, 2, 30))
    found = [
        compare(tables, labels).adjusted_pvalue.min()
        for labels in list_groupings(groups)
    ]
    assert_allclose(np.sort(found), np.arange(1, 11) / 10)
    # Without correction, small p-values are too many.
    alone = [compare(tables, labels).pvalue.min() for labels in list_groupings(groups)]
    assert np.mean(np.array(alone) <= 0.1) > 0.1


def test_one_table_needs_no_correction():
    tables, groups = make_tables((8, 9))
    found = compare(tables[:1], groups)
    assert_array_equal(found.pvalue, found.adjusted_pvalue)


def test_a_table_that_is_given_twice_changes_nothing():
    tables, groups = make_tables((8, 9), seed=1)
    once, twice = (compare(given, groups) for given in (tables, tables + tables))
    assert_array_equal(twice.adjusted_pvalue, [*once.adjusted_pvalue] * 2)
    assert (once.adjusted_pvalue >= once.pvalue).all()
    assert (once.adjusted_pvalue > once.pvalue).any()


def test_tables_of_one_and_of_many_directions_are_found_alike():
    # Under raw pseudo-F the long tails of narrow tables would hide the wide one.
    rng = np.random.default_rng(0)
    groups = np.repeat([0, 1], 12)
    narrow = [rng.normal(size=(24, 1)) for _ in range(15)]
    wide = rng.normal(size=(24, 300))
    wide[groups == 1] += 0.35 * rng.normal(size=300)
    found = compare([*narrow, wide], groups)
    assert found.adjusted_pvalue[-1] == 0.0001
    largest_of_narrow = found.statistic[:-1].max()
    assert found.statistic[-1] < largest_of_narrow


def test_covariates_are_accounted_for_exactly():
    """All 720 orders of six samples, against models that are fitted again."""
    rng = np.random.default_rng(2)
    groups = np.repeat([0, 1], 3)
    covariate = groups + rng.normal(size=6)
    tables = [rng.normal(size=(6, width)) for width in (1, 3)]
    found = compare(tables, groups, covariate)
    reduced = np.column_stack([np.ones(6), covariate])
    full = np.column_stack([reduced, groups])

    def explain(rows):
        rest = [
            ((rows - m @ np.linalg.lstsq(m, rows, rcond=None)[0]) ** 2).sum()
            for m in (reduced, full)
        ]
        return (rest[0] - rest[1]) / rest[1]

    for k, table in enumerate(tables):
        fitted = reduced @ np.linalg.lstsq(reduced, table, rcond=None)[0]
        null = [
            explain(fitted + (table - fitted)[list(order)])
            for order in permutations(range(6))
        ]
        observed = explain(table)
        assert_allclose(found.statistic[k], 3 * observed)
        assert found.pvalue[k] == np.mean(np.array(null) >= observed * (1 - 1e-9))
    assert (found.adjusted_pvalue >= found.pvalue).all()


def test_what_follows_from_the_covariate_is_no_difference():
    groups = np.repeat([0, 1], 10)
    covariate = groups + np.random.default_rng(0).normal(size=20)
    follows = covariate[:, None] * [1.0, 2.0, -3.0]
    noise = follows + np.random.default_rng(1).normal(size=(20, 3))
    found = compare([follows, noise], groups, covariate)
    assert found.pvalue[0] == found.adjusted_pvalue[0] == 1
    assert np.isnan(found.statistic[0]) and np.isnan(found.omega_squared[0])
    alone = compare([noise], groups, covariate)
    assert_allclose(found.adjusted_pvalue[1], alone.adjusted_pvalue[0])
    # Rounded to single precision, what is left of it is rounding.
    single = compare([follows.astype(np.float32)], groups, covariate, precision=1.2e-7)
    assert single.pvalue[0] == 1


def test_tables_without_variation_have_no_effect():
    tables, groups = make_tables((3, 3))
    found = compare([np.ones((6, 4)), tables[0]], groups)
    assert found.pvalue[0] == found.adjusted_pvalue[0] == 1
    assert np.isnan(found.statistic[0])
    assert found.adjusted_pvalue[1] == found.pvalue[1]
    nothing = compare([np.ones((6, 4))], groups)
    assert nothing.adjusted_pvalue[0] == 1


def test_groups_without_spread_explain_everything():
    rows, groups = [[0.0], [0.0], [0.3], [0.3], [0.3]], [0, 0, 1, 1, 1]
    found = compare([rows], groups)
    assert found.statistic[0] == np.inf or found.statistic[0] > 1e20
    assert_allclose(found.omega_squared, 1)
    assert found.pvalue[0] == 0.1


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_ties_count(dtype):
    # Thirds are rounded, so sums of squares depend on their order.
    numbers = np.array([0, 0, 1, 1, 2, 2, 0, 1])
    rows = (numbers[:, None] / 3).astype(dtype)
    groups = np.repeat([0, 1], 4)
    found = compare([rows, rows * 3], groups, precision=np.finfo(dtype).eps)
    whole = permanova(numbers[:, None], groups)
    assert_array_equal(found.pvalue, whole.pvalue)
    assert_array_equal(found.adjusted_pvalue, whole.pvalue)


@pytest.mark.parametrize("covariates", [False, True])
@pytest.mark.parametrize("sizes", [(3, 4), (15, 16, 17)])
def test_jobs_and_blocks_do_not_matter(sizes, covariates, monkeypatch):
    tables, groups = make_tables(sizes)
    covariate = tables[0] + groups[:, None] if covariates else None
    options = {"n_permutations": 6000, "seed": 3}
    expected = compare(tables, groups, covariate, **options)
    monkeypatch.setattr(_relabelling, "_TASK", 300)
    for n_jobs, block in ((None, 7), (2, 100)):
        monkeypatch.setattr(_relabelling, "_BLOCK", block)
        found = compare(tables, groups, covariate, n_jobs=n_jobs, **options)
        assert_allclose(found.pvalue, expected.pvalue)
        assert_allclose(found.adjusted_pvalue, expected.adjusted_pvalue)


def test_null_studies_beside_a_covariate_are_rarely_called_different():
    smallest = []
    for seed in range(200):
        tables, groups = make_tables((10, 10), seed=seed, widths=(1, 2, 20))
        # All tables follow the covariate, and the covariate follows the groups.
        covariate = groups + np.random.default_rng([seed, 1]).normal(size=20)
        tables = [table + covariate[:, None] for table in tables]
        found = compare(tables, groups, covariate, n_permutations=99, seed=seed)
        smallest.append(found.adjusted_pvalue.min())
    # Three standard errors of a share of 0.05 are 0.046.
    assert 0.004 < np.mean(np.array(smallest) <= 0.05) < 0.096
    assert abs(np.mean(np.array(smallest) <= 0.5) - 0.5) < 3 * 0.035


def test_a_confounded_difference_is_found_without_the_covariate():
    tables, groups = make_tables((10, 10), widths=(20,))
    covariate = 2 * groups + np.random.default_rng(1).normal(size=20)
    tables = [tables[0] + covariate[:, None]]
    assert compare(tables, groups).pvalue[0] < 0.01
    assert compare(tables, groups, covariate).pvalue[0] > 0.05


def test_each_table_beside_covariates_of_its_own():
    tables, groups = make_tables((9, 10))
    covariates = [groups + table[:, 0] for table in tables]
    found = compare_beside_own(tables, groups, covariates, n_permutations=999)
    for k, covariate in enumerate(covariates):
        # Alone, a table is compared in the same relabellings.
        alone = compare(tables[k : k + 1], groups, covariate, n_permutations=999)
        assert_allclose(found.statistic[k], alone.statistic[0])
        assert_allclose(found.omega_squared[k], alone.omega_squared[0])
        assert found.pvalue[k] == alone.pvalue[0]
        assert found.adjusted_pvalue[k] >= alone.adjusted_pvalue[0]


def test_tables_with_and_without_covariates_are_compared_in_the_same_orders():
    tables, groups = make_tables((2, 4), seed=4)
    covariate = groups + tables[0][:, 0] ** 2
    # All 720 orders: the table without a covariate meets each grouping equally often.
    found = compare_beside_own(tables, groups, [None, covariate, None])
    without, beside = compare(tables, groups), compare(tables, groups, covariate)
    assert_allclose(found.pvalue[[0, 2]], without.pvalue[[0, 2]])
    assert_allclose(found.statistic[[0, 2]], without.statistic[[0, 2]])
    assert_allclose(found.pvalue[1], beside.pvalue[1])
    assert (found.adjusted_pvalue >= found.pvalue).all()


def test_studies_in_which_each_table_follows_its_own_covariate_keep_the_level():
    smallest, alone = [], []
    for seed in range(200):
        tables, groups = make_tables((10, 10), seed=seed, widths=(1, 2, 20))
        # Each covariate differs between groups, and its table follows it.
        noise = np.random.default_rng([seed, 2]).normal(size=(3, 20))
        covariates = list(groups + noise)
        tables = [
            table + own[:, None] for table, own in zip(tables, covariates, strict=True)
        ]
        found = compare_beside_own(tables, groups, covariates, n_permutations=99)
        smallest.append(found.adjusted_pvalue.min())
        alone.append(found.pvalue.min())
    # Three standard errors of a share of 0.05 are 0.046.
    assert 0.004 < np.mean(np.array(smallest) <= 0.05) < 0.096
    assert np.mean(np.array(alone) <= 0.05) > 0.1
    assert abs(np.mean(np.array(smallest) <= 0.5) - 0.5) < 3 * 0.035
