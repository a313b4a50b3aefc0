"""Relabellings: both tests against brute force, scipy, and the null hypothesis."""

from fractions import Fraction
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats
from scipy.spatial.distance import cdist
from scipy.stats import ortho_group

from sktopo import GraphPersistence
from sktopo.datasets import make_modular_connectomes
from sktopo.inference import (
    _relabelling,
    permanova,
    permutation_test,
)

# Small groups can be compared with loops over all relabellings.
pytestmark = pytest.mark.filterwarnings("ignore:pvalue.* cannot be below")

SIZES = [(1, 2), (2, 2), (1, 1, 3), (3, 3), (2, 2, 2), (1, 2, 3), (1, 1, 2, 3), (3, 4)]


def groupings(y):
    """Find all distinct groupings by trying all orders: labels by grouping."""
    found = {}
    for labels in set(permutations(y)):
        parts = [
            frozenset(np.flatnonzero(np.array(labels) == name).tolist())
            for name in set(y)
        ]
        found[frozenset(parts)] = labels
    return list(found.values())


@pytest.mark.parametrize("sizes", SIZES)
def test_exact_test_equals_brute_force(sizes, pair, make_study):
    test, loop = pair
    X, y = make_study(sizes)
    distances = cdist(X, X)
    everything = [loop(distances, labels) for labels in permutations(y)]
    expected = np.mean(np.array(everything) >= loop(distances, y) * (1 - 1e-9))
    result = test(X, y)
    assert result.exact
    assert_allclose(result.statistic, loop(distances, y))
    assert_allclose(result.pvalue, expected)
    once = [loop(distances, labels) for labels in groupings(y)]
    assert_allclose(np.sort(result.null_distribution), np.sort(once))


@pytest.mark.parametrize("sizes", [(4, 6), (5, 5)])
def test_exact_test_equals_scipy(sizes, pair, make_study):
    test, loop = pair
    X, y = make_study(sizes, seed=1)
    distances = cdist(X, X)

    def statistic(*samples):
        labels = np.empty(len(y), dtype=int)
        for name, sample in enumerate(samples):
            labels[sample.astype(int)] = name
        return loop(distances, labels)

    index = np.arange(len(y))
    expected = stats.permutation_test(
        (index[y == 0], index[y == 1]),
        statistic,
        n_resamples=np.inf,
        alternative="greater",
        vectorized=False,
    )
    result = test(X, y)
    assert_allclose(result.statistic, expected.statistic)
    assert_allclose(result.pvalue, expected.pvalue)
    null = np.sort(expected.null_distribution)
    assert len(null) == {(4, 6): 210, (5, 5): 252}[sizes]
    # scipy takes groups of one size with either name, so everything twice.
    null = null[:: 2 if sizes == (5, 5) else 1]
    assert_allclose(np.sort(result.null_distribution), null)


def test_all_relabellings_of_the_null_have_all_pvalues(pair, make_study):
    # Of ten equally likely groupings each is the most extreme with probability 1/10.
    X, y = make_study((3, 3), seed=3)
    found = [pair[0](X, labels).pvalue for labels in groupings(y)]
    assert_allclose(np.sort(found), np.arange(1, 11) / 10)


def test_random_test_counts_the_observed_labels(pair, make_study):
    test, _ = pair
    X, y = make_study((20, 21, 30))
    result = test(X, y, n_permutations=999, random_state=0)
    extreme = np.count_nonzero(result.null_distribution >= result.statistic)
    assert 0 < extreme < 999
    assert result.pvalue == (1 + extreme) / 1000
    apart = X + 100 * y[:, np.newaxis]
    assert test(apart, y, n_permutations=99, random_state=0).pvalue == 0.01


def test_random_test_approaches_the_exact_one(pair, make_study):
    test, _ = pair
    X, y = make_study((4, 5, 5))
    exact = test(X, y, n_permutations=200_000)
    assert len(exact.null_distribution) == 126_126  # 14! / (4! 5! 5!) / 2!
    drawn = test(X, y, n_permutations=50_000, random_state=0)
    assert not drawn.exact
    # Three standard deviations of a share, and of a test of two distributions.
    assert abs(drawn.pvalue - exact.pvalue) < 3 * 0.5 / 50_000**0.5
    both = stats.ks_2samp(drawn.null_distribution, exact.null_distribution)
    assert both.pvalue > 0.003


@pytest.mark.parametrize("sizes", [(2, 3), (1, 2, 2), (1, 1, 1, 1, 1)])
def test_draws_are_uniform(sizes):
    n_draws = 60_000
    y = np.repeat(np.arange(len(sizes)), sizes)
    exchange = _relabelling.make_exchange(y)
    labels = _relabelling._draw(exchange, np.random.PCG64(1), n_draws)
    places, counts = np.unique(labels, axis=0, return_counts=True)
    assert_array_equal(places, sorted(set(permutations(y.tolist()))))
    assert stats.chisquare(counts).pvalue > 0.001


def test_ties_count_in_exact_arithmetic(pair):
    test, loop = pair
    numbers = np.random.default_rng(0).integers(0, 3, size=8).tolist()
    exact = [[Fraction(abs(a - b)) for a in numbers] for b in numbers]
    for y in ("aaaabbbb", "aaabbccc", "abbbbbbb"):
        observed = loop(exact, y)
        everything = [loop(exact, labels) for labels in groupings(list(y))]
        expected = sum(value >= observed for value in everything) / len(everything)
        # Thirds of the numbers are rounded, so sums depend on their order.
        result = test(np.reshape(numbers, (8, 1)) / 3, list(y))
        assert result.pvalue == expected
        assert len(result.null_distribution) == len(everything)


def test_many_unequal_groups_are_summed_exactly(make_study, pair):
    X, y = make_study((1, 2, 5, 40, 41, 60, 100), n_features=30)
    distances = cdist(X, X)
    test, loop = pair
    result = test(X, y, n_permutations=500, random_state=0)
    assert_allclose(result.statistic, loop(distances, y), rtol=1e-10)
    assert_allclose(result.null_distribution.mean(), 1, atol=0.02)


@settings(max_examples=20)
@given(seed=st.integers(0, 10**6), sizes=st.sampled_from(SIZES))
def test_order_names_scale_and_isometry_do_not_matter(seed, sizes, make_study):
    X, y = make_study(sizes, seed=seed)
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(y))
    names = rng.permutation(["b", "a", "d", "c"])[y]
    turned = 7 * X @ ortho_group.rvs(X.shape[1], random_state=seed) + 3
    for test in (permutation_test, permanova):
        expected = test(X, y)
        for result in (test(X[order], y[order]), test(X, names), test(turned, y)):
            assert result.pvalue == expected.pvalue
            assert_allclose(result.statistic, expected.statistic)
            assert_allclose(
                np.sort(result.null_distribution),
                np.sort(expected.null_distribution),
                atol=1e-9,
            )


def test_names_do_not_change_random_tests(pair, make_study):
    X, y = make_study((9, 10, 12))
    first = pair[0](X, y, n_permutations=99, random_state=0)
    other = pair[0](X, np.array(["z", "k", "a"])[y], n_permutations=99, random_state=0)
    assert_allclose(first.null_distribution, other.null_distribution)


@pytest.mark.parametrize("sizes", [(20, 21, 30), (6, 7)])  # drawn, exact
def test_jobs_and_blocks_do_not_matter(sizes, pair, monkeypatch, make_study):
    test, _ = pair
    X, y = make_study(sizes)
    options = {"n_permutations": 2000, "random_state": 0}
    expected = test(X, y, **options)
    monkeypatch.setattr(_relabelling, "_TASK", 300)
    for n_jobs, block in ((None, 7), (2, 100), (3, 1000)):
        monkeypatch.setattr(_relabelling, "_BLOCK", block)
        result = test(X, y, n_jobs=n_jobs, **options)
        assert result.pvalue == expected.pvalue
        assert_allclose(result.null_distribution, expected.null_distribution)


def test_random_state(pair, make_study):
    test, _ = pair
    X, y = make_study((20, 20))
    first = test(X, y, n_permutations=50, random_state=1).null_distribution
    more = test(X, y, n_permutations=99, random_state=1).null_distribution
    assert_allclose(more[:50], first)
    other = test(X, y, n_permutations=50, random_state=2).null_distribution
    assert not np.isclose(first, other).any()
    state = np.random.RandomState(1)
    assert_allclose(
        test(X, y, n_permutations=50, random_state=state).null_distribution, first
    )
    again = test(X, y, n_permutations=50, random_state=state).null_distribution
    assert not np.isclose(first, again).any()


def test_random_relabellings_of_a_seed_stay_the_same():
    rows = np.arange(12.0)[:, np.newaxis] ** 2
    result = permutation_test(rows, np.arange(12) % 2, n_permutations=4, random_state=0)
    # Kept numbers: results of papers can be repeated with later versions.
    kept = [0.9144444444, 0.8846657929, 1.2212643678, 1.0915320607]
    assert_allclose(result.null_distribution, kept)


def test_power(pair):
    X, y = make_modular_connectomes(20, random_state=0)
    rows = GraphPersistence().fit_transform(X)
    assert pair[0](rows, y, n_permutations=999, random_state=0).pvalue == 0.001


def test_groups_without_spread(pair):
    rows, y = [[0.0], [0.0], [0.3], [0.3], [0.3]], list("aabbb")
    test, _ = pair
    result = test(rows, y)
    assert result.statistic == np.inf
    assert result.pvalue == 1 / 10
    assert np.count_nonzero(np.isinf(result.null_distribution)) == 1


def test_progress(capfd, monkeypatch, make_study):
    pytest.importorskip("tqdm")
    X, y = make_study((15, 15, 15))
    monkeypatch.setattr(_relabelling, "_TASK", 100)
    options = {"n_permutations": 250, "random_state": 0}
    permutation_test(X, y, verbose=True, **options)
    assert "3/3" in capfd.readouterr().err
    permanova(X, y, **options)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("sizes", "n_permutations", "message"),
    [
        (
            (2, 2),
            9999,
            "cannot be below 0.33.* groups of 2, 2 samples have only 3 dist",
        ),
        ((3, 3), 9999, "cannot be below 0.1,"),
        ((1, 18), 9999, "cannot be below 0.053,.*19 distinct"),
        ((20, 20), 9, "cannot be below 0.1, .*n_permutations=9. Give a larger number"),
    ],
)
def test_a_warning_if_nothing_can_be_found(sizes, n_permutations, message, make_study):
    X, y = make_study(sizes)
    for test in (permutation_test, permanova):
        with pytest.warns(UserWarning, match=message) as caught:
            result = test(X, y, n_permutations=n_permutations)
        assert [record.filename for record in caught] == [__file__]
        assert 1 / (len(result.null_distribution) + (not result.exact)) > 0.05


@pytest.mark.parametrize(("sizes", "n"), [((1, 19), 99), ((3, 4), 99), ((20, 20), 19)])
@pytest.mark.filterwarnings("error")
def test_no_warning_if_a_pvalue_can_be_small(sizes, n, make_study):
    X, y = make_study(sizes)
    for test in (permutation_test, permanova):
        result = test(X + 100 * y[:, None], y, n_permutations=n, random_state=0)
        assert result.pvalue <= 0.05
