"""What exchanges labels: all samples, samples within groups, or whole groups."""

from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats
from scipy.spatial.distance import cdist

from sktopo.inference import (
    pairwise_permutation_test,
    permanova,
    permutation_test,
)
from sktopo.inference._relabelling import _draw, _enumerate, make_exchange
from sktopo.inference._scheme import Units, choose_units

# Small groups can be compared with loops over all relabellings.
pytestmark = pytest.mark.filterwarnings("ignore:pvalue.* cannot be below")

PERSONS = np.array([0, 1, 0, 1, 2, 2, 2, 3, 3])
Y = np.array([0, 1, 1, 0, 0, 2, 2, 1, 2])


def list_within(y, groups):
    """List all distinct ways to exchange labels within groups."""
    members = [np.flatnonzero(groups == g) for g in np.unique(groups)]
    found = set()
    for parts in product(*(set(permutations(y[m].tolist())) for m in members)):
        labels = np.empty(len(y), dtype=int)
        for member, part in zip(members, parts, strict=True):
            labels[member] = part
        found.add(tuple(labels.tolist()))
    return sorted(found)


def forget_names(labels):
    """Return a grouping without the names of the labels."""
    return frozenset(
        frozenset(np.flatnonzero(np.array(labels) == name).tolist())
        for name in set(labels)
    )


@pytest.mark.parametrize("persons", [PERSONS, np.arange(9) // 3, np.zeros(9, int)])
@pytest.mark.parametrize("y", [Y, np.tile([0, 1, 2], 3), np.array([0] * 5 + [1] * 4)])
def test_relabellings_within_groups_are_all_listed_once(persons, y):
    expected = {forget_names(labels) for labels in list_within(y, persons)}
    exchange = make_exchange(y, persons)
    assert exchange.n_distinct == len(expected)
    found = _enumerate(exchange, np.arange(exchange.n_distinct))
    assert {forget_names(labels) for labels in found.tolist()} == expected
    named = make_exchange(y, persons, named=True)
    found = _enumerate(named, np.arange(named.n_distinct))
    assert sorted(map(tuple, found.tolist())) == list_within(y, persons)


def test_draws_within_groups_are_uniform():
    labels = _draw(make_exchange(Y, PERSONS), np.random.PCG64(1), 40_000)
    places, counts = np.unique(labels, axis=0, return_counts=True)
    assert_array_equal(places, list_within(Y, PERSONS))
    assert stats.chisquare(counts).pvalue > 0.001


def loop_ratio(distances, y):
    """Compute the ratio of mean distances between and within groups."""
    same = np.equal.outer(y, y)
    pairs = np.triu_indices(len(y), 1)
    distances, same = distances[pairs], same[pairs]
    return distances[~same].mean() / distances[same].mean()


def analyse_repeated(values, y, persons):
    """Compute F of an analysis of variance of repeated measures, all of them there."""
    table = np.empty((persons.max() + 1, y.max() + 1))
    table[persons, y] = values
    effects = table.mean(axis=0) - table.mean()
    errors = table - table.mean(axis=1, keepdims=True) - effects
    n_persons, n_conditions = table.shape
    between = n_persons * (effects**2).sum() / (n_conditions - 1)
    return between / ((errors**2).sum() / (n_conditions - 1) / (n_persons - 1))


@pytest.mark.parametrize("y", [Y, np.tile([0, 1, 2], 3)])
def test_ratio_within_groups_is_brute_force(y, make_study):
    X = make_study((9,), seed=4)[0]
    groups = PERSONS if y is Y else np.arange(9) // 3
    distances = cdist(X, X)
    observed = loop_ratio(distances, y)
    everything = [loop_ratio(distances, labels) for labels in list_within(y, groups)]
    result = permutation_test(X, y, groups=groups)
    assert result.exact and result.scheme == "within groups"
    assert_allclose(result.statistic, observed)
    expected = np.mean(np.array(everything) >= observed * (1 - 1e-9))
    assert_allclose(result.pvalue, expected)


def test_permanova_within_groups_is_analysis_of_repeated_measures(make_study):
    y, persons = np.tile([0, 1, 2], 4), np.arange(12) // 3
    X = make_study((12,), n_features=1, seed=2)[0] + 5 * persons[:, None]
    result = permanova(X, y, groups=persons)
    everything = [
        analyse_repeated(X[:, 0], np.array(labels), persons)
        for labels in list_within(y, persons)
    ]
    observed = analyse_repeated(X[:, 0], y, persons)
    assert_allclose(result.statistic, observed)
    assert_allclose(result.pvalue, np.mean(np.array(everything) >= observed - 1e-9))
    assert len(result.null_distribution) == 6**4 / 6
    assert_allclose(np.unique(result.null_distribution.round(8)),
                    np.unique(np.round(everything, 8)))  # fmt: skip
    # Without persons, what they differ by hides the conditions.
    assert permanova(X, y).statistic < 0.1 * observed


def test_permanova_of_repeated_measures_equals_statsmodels(make_study):
    models = pytest.importorskip("statsmodels.stats.anova")
    pandas = pytest.importorskip("pandas")
    y, persons = np.tile([0, 1, 2], 15), np.arange(45) // 3
    X = make_study((45,), n_features=1)[0] + 0.3 * y[:, None] + 2 * persons[:, None]
    data = pandas.DataFrame({"value": X[:, 0], "person": persons, "condition": y})
    table = models.AnovaRM(data, "value", "person", within=["condition"]).fit()
    expected = table.anova_table
    result = permanova(X, y, groups=persons, random_state=0)
    assert_allclose(result.statistic, expected["F Value"].iloc[0])
    # Four standard deviations of a share of 9,999 relabellings, and normal numbers.
    assert abs(result.pvalue - expected["Pr > F"].iloc[0]) < 4 * 0.5 / 100


@pytest.mark.parametrize("test", [permanova, permutation_test])
def test_whole_groups_of_one_size_are_brute_force(test, make_study):
    # The statistic of all samples, where persons exchange labels: with squared
    # distances, this has the same order as that of the barycenters.
    persons = np.tile(np.arange(6), 3)
    labels = np.array([0, 1, 0, 1, 1, 0])
    X = make_study((18,), seed=1)[0] + 2 * np.arange(6)[persons][:, None]
    squares = cdist(X, X) ** 2
    everything = [
        loop_ratio(squares, np.array(other)[persons])
        for other in set(permutations(labels.tolist()))
    ]
    observed = loop_ratio(squares, labels[persons])
    squared = {"squared": True} if test is permutation_test else {}
    result = test(X, labels[persons], groups=persons, **squared)
    assert result.exact and result.scheme == "whole groups"
    expected = np.mean(np.array(everything) >= observed * (1 - 1e-9))
    assert_allclose(result.pvalue, expected)


@pytest.mark.parametrize("test", [permanova, permutation_test])
def test_whole_groups_are_compared_at_their_barycenters(test, make_study):
    persons = np.repeat(np.arange(9), np.tile([1, 2, 4], 3))
    labels = np.arange(9) % 2
    X = make_study((len(persons),))[0]
    means = np.array([X[persons == k].mean(axis=0) for k in range(9)])
    result = test(X + 1e6, labels[persons], groups=persons)
    expected = test(means, labels)
    assert result.pvalue == expected.pvalue
    assert_allclose(result.statistic, expected.statistic)
    assert_allclose(
        np.sort(result.null_distribution), np.sort(expected.null_distribution)
    )


DESIGNS = {
    "within": (np.tile([0, 1, 2], 6), np.arange(18) // 3),
    "whole": (np.arange(18) // 3 % 2, np.arange(18) // 3),
    "in part": (np.array([0, 1] * 6 + [0] * 3 + [1] * 3), np.arange(18) // 3),
}


@pytest.mark.parametrize("covariates", [None, np.arange(18) % 7], ids=["", "beside"])
@pytest.mark.parametrize("test", [permanova, permutation_test])
@pytest.mark.parametrize("design", DESIGNS)
def test_rows_and_their_distances_are_the_same(test, design, covariates, make_study):
    y, groups = DESIGNS[design]
    X = make_study((18,), n_features=25)[0]
    options = {"groups": groups, "covariates": covariates}
    options |= {"n_permutations": 99, "random_state": 0}
    expected = test(X, y, **options)
    found = test(cdist(X, X), y, metric="precomputed", **options)
    assert_allclose(found.null_distribution, expected.null_distribution)
    assert found.pvalue == expected.pvalue
    assert found.scheme == expected.scheme


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    design=st.sampled_from([*DESIGNS]),
    beside=st.booleans(),
)
def test_order_names_and_unit_do_not_matter(seed, design, beside, make_study):
    y, groups = (part[:12] for part in DESIGNS[design])
    X = make_study((12,), seed=seed)[0]
    rng = np.random.default_rng(seed)
    covariates = rng.normal(size=12) if beside and design != "whole" else None
    order = rng.permutation(12)
    names = np.array(list("dbeacf"))
    for test in (permanova, permutation_test):
        options = {"n_permutations": 10**4}
        expected = test(X, y, groups=groups, covariates=covariates, **options)
        assert expected.exact
        found = test(
            np.ldexp(X, 40)[order],
            names[y][order],
            groups=names[groups][order],
            covariates=None if covariates is None else covariates[order] * 1e9,
            **options,
        )
        assert found.pvalue == expected.pvalue
        assert_allclose(found.statistic, expected.statistic, rtol=1e-6)


@pytest.mark.parametrize("groups", [np.zeros(20), np.arange(20), ["a"] * 20])
@pytest.mark.parametrize("test", [permanova, permutation_test])
def test_one_group_or_one_sample_in_each_changes_nothing(test, groups, make_study):
    X, y = make_study((9, 11))
    options = {"n_permutations": 99, "random_state": 0}
    expected = test(X, y, **options)
    found = test(X, y, groups=groups, **options)
    assert_array_equal(found.null_distribution, expected.null_distribution)
    assert found.scheme == "samples"


@pytest.mark.parametrize("test", [permanova, permutation_test])
def test_groups_in_which_labels_are_the_same_keep_them(test, make_study):
    y, groups = DESIGNS["in part"]
    X = make_study((18,))[0]
    result = test(X, y, groups=groups, n_permutations=10**4)
    assert result.scheme == "within groups"
    # Each of four persons has 3 ways to place the label that is there once.
    assert len(result.null_distribution) == 3**4


def test_jobs_do_not_matter(monkeypatch, make_study):
    monkeypatch.setattr("sktopo.inference._relabelling._TASK", 100)
    y, groups = DESIGNS["within"]
    X = make_study((18,))[0]
    for test in (permanova, permutation_test):
        for covariates in (None, X[:, 0] ** 2):
            options = {"groups": groups, "covariates": covariates, "random_state": 0}
            one, two = (
                test(X, y, n_permutations=300, n_jobs=n_jobs, **options)
                for n_jobs in (1, 2)
            )
            assert_allclose(one.null_distribution, two.null_distribution)


def test_pairs_are_compared_within_groups_if_they_share_any(make_study):
    # Conditions 0 and 1 were seen by the same persons, condition 2 by others.
    y = np.array([0, 1] * 6 + [2] * 8)
    groups = np.append(np.arange(12) // 2, 6 + np.arange(8) // 2)
    X = make_study((20,))[0]
    for test in ("ratio", "permanova"):
        table = pairwise_permutation_test(X, y, groups=groups, test=test)
        assert table["scheme"].tolist() == ["within groups"] + ["whole groups"] * 2
        function = {"ratio": permutation_test, "permanova": permanova}[test]
        for k, pair in enumerate(([0, 1], [0, 2], [1, 2])):
            chosen = np.isin(y, pair)
            alone = function(X[chosen], y[chosen], groups=groups[chosen])
            assert table["pvalue"][k] == alone.pvalue
            assert_allclose(table["statistic"][k], alone.statistic)
    with pytest.raises(ValueError, match="^Groups 0 and 2 cannot be compared. y is"):
        pairwise_permutation_test(
            X[:16], np.minimum(y, 2)[:16], groups=[0] * 12 + [1] * 4
        )


def test_designs_without_other_arrangements_are_refused(make_study):
    X, y = make_study((4, 4))
    for test in (permanova, permutation_test):
        with pytest.raises(
            ValueError, match="^y is the same for all samples of each of the 2 groups"
        ):
            test(X, y, groups=y)
        with pytest.raises(
            ValueError, match="^No other arrangement .* within groups have only 1 dist"
        ):
            test(X[:4], [0, 1, 2, 2], groups=[0, 0, 1, 2])
        with pytest.raises(ValueError, match="groups has 7 labels for 8 samples"):
            test(X, y, groups=y[1:])


def test_the_warning_counts_relabellings_of_the_design(make_study):
    X, y = make_study((10, 10))
    message = r"below 0.33, .*groups of 2, 2 whole groups have only 3 "
    with pytest.warns(UserWarning, match=message) as caught:
        permanova(X, y, groups=np.arange(20) // 5)
    assert [record.filename for record in caught] == [__file__]
    pairs = np.tile([0, 1], 4)
    with pytest.warns(UserWarning, match=r"below 0.12, .*within groups have only 8 "):
        permutation_test(X[:8], pairs, groups=np.arange(8) // 2)


def test_distances_without_barycenters_are_refused():
    # The middle of the second group would be nearer than 0.
    distances = np.ones((6, 6)) - np.eye(6)
    distances[0, 1] = distances[1, 0] = 9
    groups = np.arange(6) // 2
    with pytest.raises(ValueError, match="^Groups number 0 and 1 have no distance"):
        permanova(distances, [0, 0, 1, 1, 1, 1], metric="precomputed", groups=groups)


def test_units_average_groups_that_are_compared_as_a_whole():
    groups = np.array([1, 0, 1])
    units = choose_units(np.array(["b", "a", "b"]), np.array([1, 0, 2]), "groups")
    assert units.groups is not None and units.name == "whole groups"
    rows = np.array([[1.0], [5.0], [3.0]], dtype=np.float32)
    averaged = Units(groups).average(rows)
    assert_array_equal(averaged, [[5.0], [2.0]])
    assert Units(groups).choose(np.array(list("xyx"))).tolist() == ["y", "x"]
    assert Units().average(rows) is rows
    assert choose_units(np.array([0, 1, 1]), groups, "groups").name == "within groups"
