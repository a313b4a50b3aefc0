"""Permutation tests: against brute force, scipy, analysis of variance, and the null."""

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

from sktopo import GraphPersistence, barcodes
from sktopo.datasets import make_modular_connectomes
from sktopo.inference import (
    _relabelling,
    pairwise_permutation_test,
    permanova,
    permutation_test,
)

SIZES = [(1, 2), (2, 2), (1, 1, 3), (3, 3), (2, 2, 2), (1, 2, 3), (1, 1, 2, 3), (3, 4)]


def make_study(sizes, seed=0, n_features=4):
    """Make rows of normal numbers and the labels 0, 0, ..., 1, ... of such groups."""
    rows = np.random.default_rng(seed).normal(size=(sum(sizes), n_features))
    return rows, np.repeat(np.arange(len(sizes)), sizes)


def loop_pairs(distances, y):
    """List distances between and within groups, pair by pair."""
    between, within = [], []
    for i in range(len(y)):
        for j in range(i):
            (within if y[i] == y[j] else between).append(distances[i][j])
    return between, within


def loop_ratio(distances, y):
    between, within = loop_pairs(distances, y)
    return (sum(between) / len(between)) / (sum(within) / len(within))


def loop_f(distances, y):
    """Compute pseudo-F from its definition, pair by pair."""
    n, names = len(y), sorted(set(y))
    total = sum(distances[i][j] ** 2 for i in range(n) for j in range(i)) / n
    within = 0
    for name in names:
        members = [i for i in range(n) if y[i] == name]
        squares = [distances[i][j] ** 2 for i in members for j in members if j < i]
        within += sum(squares) / len(members)
    return ((total - within) / (len(names) - 1)) / (within / (n - len(names)))


TESTS = {"ratio": (permutation_test, loop_ratio), "permanova": (permanova, loop_f)}


@pytest.fixture(params=TESTS)
def pair(request):
    """Provide a test and its statistic, written as loops."""
    return TESTS[request.param]


def groupings(y):
    """Find all distinct groupings by trying all orders: labels by grouping."""
    found = {}
    for labels in permutations(y):
        parts = [
            frozenset(np.flatnonzero(np.array(labels) == name).tolist())
            for name in set(y)
        ]
        found[frozenset(parts)] = labels
    return list(found.values())


@pytest.mark.parametrize("sizes", SIZES)
def test_exact_test_equals_brute_force(sizes, pair):
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
def test_exact_test_equals_scipy(sizes, pair):
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


def test_exact_as_soon_as_there_are_no_more_relabellings():
    X, y = make_study((3, 3))
    assert permutation_test(X, y, n_permutations=10).exact
    result = permutation_test(X, y, n_permutations=9)
    assert not result.exact
    assert result.null_distribution.shape == (9,)


def test_all_relabellings_of_the_null_have_all_pvalues(pair):
    # Of ten equally likely groupings each is the most extreme with probability 1/10.
    X, y = make_study((3, 3), seed=3)
    found = [pair[0](X, labels).pvalue for labels in groupings(y)]
    assert_allclose(np.sort(found), np.arange(1, 11) / 10)


def test_random_test_counts_the_observed_labels(pair):
    test, _ = pair
    X, y = make_study((20, 21, 30))
    result = test(X, y, n_permutations=999, random_state=0)
    extreme = np.count_nonzero(result.null_distribution >= result.statistic)
    assert 0 < extreme < 999
    assert result.pvalue == (1 + extreme) / 1000
    apart = X + 100 * y[:, np.newaxis]
    assert test(apart, y, n_permutations=99, random_state=0).pvalue == 0.01


def test_random_test_approaches_the_exact_one(pair):
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
    labels = _relabelling._draw(np.array(sizes), np.random.PCG64(1), n_draws)
    y = np.repeat(np.arange(len(sizes)), sizes)
    places, counts = np.unique(labels, axis=0, return_counts=True)
    assert_array_equal(places, sorted(set(permutations(y.tolist()))))
    assert stats.chisquare(counts).pvalue > 0.001


@pytest.mark.parametrize("test", [permutation_test, permanova])
def test_ties_count_in_exact_arithmetic(test):
    numbers = np.random.default_rng(0).integers(0, 3, size=8).tolist()
    exact = [[Fraction(abs(a - b)) for a in numbers] for b in numbers]
    loop = loop_ratio if test is permutation_test else loop_f
    for y in ("aaaabbbb", "aaabbccc", "abbbbbbb"):
        observed = loop(exact, y)
        everything = [loop(exact, labels) for labels in groupings(list(y))]
        expected = sum(value >= observed for value in everything) / len(everything)
        # Thirds of the numbers are rounded, so sums depend on their order.
        result = test(np.reshape(numbers, (8, 1)) / 3, list(y))
        assert result.pvalue == expected
        assert len(result.null_distribution) == len(everything)


def test_ties_count_in_random_tests():
    values = np.repeat([0.1, 0.7], [22, 18]).reshape(-1, 1)
    y = np.arange(40) % 2
    y[:5] = 1
    y[-7:] = 0
    result = permutation_test(values, y, n_permutations=5000, random_state=0)
    rounded = result.null_distribution.round(9)
    assert len(np.unique(rounded)) < 20
    extreme = np.count_nonzero(rounded >= round(result.statistic, 9))
    assert 1 < np.count_nonzero(rounded == round(result.statistic, 9)) < extreme
    assert result.pvalue == (1 + extreme) / 5001


def test_ratio_by_hand():
    # Between: 4, 5, 3, 4; within: 1, 1.
    rows = [[0.0], [1.0], [4.0], [5.0]]
    assert_allclose(permutation_test(rows, list("aabb")).statistic, 4)
    squared = permutation_test(rows, list("aabb"), squared=True)
    assert_allclose(squared.statistic, 16.5)
    assert_allclose(squared.pvalue, 1 / 3)


def test_many_unequal_groups_are_summed_exactly():
    X, y = make_study((1, 2, 5, 40, 41, 60, 100), n_features=30)
    distances = cdist(X, X)
    for test, loop in TESTS.values():
        result = test(X, y, n_permutations=500, random_state=0)
        assert_allclose(result.statistic, loop(distances, y), rtol=1e-10)
        assert_allclose(result.null_distribution.mean(), 1, atol=0.02)


def test_permanova_of_one_feature_is_analysis_of_variance():
    X, y = make_study((5, 8, 11), n_features=1)
    result = permanova(X, y, n_permutations=99, random_state=0)
    expected = stats.f_oneway(*(X[y == g, 0] for g in range(3))).statistic
    assert_allclose(result.statistic, expected)


def test_permanova_is_the_trace_form_around_means():
    X, y = make_study((5, 8, 11), n_features=6)
    means = np.stack([X[y == g].mean(axis=0) for g in range(3)])
    within = ((X - means[y]) ** 2).sum()
    total = ((X - X.mean(axis=0)) ** 2).sum()
    between = (np.bincount(y)[:, np.newaxis] * (means - X.mean(axis=0)) ** 2).sum()
    result = permanova(X, y, n_permutations=99, random_state=0)
    noise = within / 21
    assert_allclose(result.statistic, between / 2 / noise)
    assert_allclose(result.r_squared, between / total)
    assert_allclose(result.omega_squared, (between - 2 * noise) / (total + noise))


def test_omega_squared_has_no_bias_under_the_null():
    # The share of the sum of squares grows with the number of groups by chance alone.
    found = [
        permanova(*make_study((4,) * 6, seed=seed), n_permutations=1)
        for seed in range(100)
    ]
    assert np.mean([result.r_squared for result in found]) > 0.2
    assert abs(np.mean([result.omega_squared for result in found])) < 0.02


def test_permanova_measures_wasserstein_variance():
    X, y = make_modular_connectomes(5, n_nodes=12, random_state=0)
    rows = GraphPersistence().fit_transform(X)
    whole = barcodes.barcode_rows(X)
    within = np.mean([barcodes.wasserstein_variance(whole[y == g]) for g in range(3)])
    result = permanova(rows, y, n_permutations=9, random_state=0)
    explained = 1 - within / barcodes.wasserstein_variance(whole)
    assert_allclose(result.r_squared, explained)


def test_in_equal_groups_the_squared_ratio_is_permanova():
    X, y = make_study((9, 9, 9))
    options = {"n_permutations": 999, "random_state": 0}
    squared = permutation_test(X, y, squared=True, **options)
    result = permanova(X, y, **options)
    assert squared.pvalue == result.pvalue
    order = np.argsort(result.null_distribution)
    assert (np.diff(squared.null_distribution[order]) > -1e-12).all()
    assert permutation_test(X, y, **options).pvalue != squared.pvalue


def test_the_ratio_sees_spread_and_permanova_only_position():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 40)) * np.repeat([1, 1.5], 30)[:, np.newaxis]
    y = np.repeat([0, 1], 30)
    assert permutation_test(X, y, random_state=0).pvalue < 0.001
    assert permanova(X, y, random_state=0).pvalue > 0.1


@settings(max_examples=20)
@given(seed=st.integers(0, 10**6), sizes=st.sampled_from(SIZES))
def test_order_names_scale_and_isometry_do_not_matter(seed, sizes):
    X, y = make_study(sizes, seed=seed)
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(y))
    names = rng.permutation(["b", "a", "d", "c"])[y]
    turned = 7 * X @ ortho_group.rvs(X.shape[1], random_state=seed) + 3
    for test, _ in TESTS.values():
        expected = test(X, y)
        for result in (test(X[order], y[order]), test(X, names), test(turned, y)):
            assert result.pvalue == expected.pvalue
            assert_allclose(result.statistic, expected.statistic)
            assert_allclose(
                np.sort(result.null_distribution),
                np.sort(expected.null_distribution),
                atol=1e-9,
            )


def test_names_do_not_change_random_tests(pair):
    X, y = make_study((9, 10, 12))
    first = pair[0](X, y, n_permutations=99, random_state=0)
    other = pair[0](X, np.array(["z", "k", "a"])[y], n_permutations=99, random_state=0)
    assert_allclose(first.null_distribution, other.null_distribution)


@pytest.mark.parametrize("sizes", [(20, 21, 30), (6, 7)])  # drawn, exact
def test_jobs_and_blocks_do_not_matter(sizes, pair, monkeypatch):
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


def test_random_state(pair):
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


def test_distances_in_place_of_rows(pair):
    test, _ = pair
    X, y = make_modular_connectomes(4, n_nodes=8, random_state=0)
    whole = barcodes.barcode_rows(X)
    options = {"n_permutations": 99, "random_state": 0}
    rows = GraphPersistence().fit_transform(X)
    expected = test(rows, y, **options)
    distances = barcodes.wasserstein_distances(whole)
    kept = distances.copy()
    result = test(distances, y, metric="precomputed", **options)
    assert_array_equal(distances, kept)
    assert_allclose(result.null_distribution, expected.null_distribution)
    single = distances.astype(np.float32)
    result = test(single, y, metric="precomputed", **options)
    assert_allclose(result.null_distribution, expected.null_distribution, rtol=1e-5)


@pytest.mark.parametrize("kept", [(0,), (1,), [1]])
def test_births_or_deaths_alone(kept, pair):
    test, _ = pair
    X, y = make_modular_connectomes(4, n_nodes=8, random_state=0)
    rows = GraphPersistence().fit_transform(X)
    options = {"n_permutations": 99, "random_state": 0}
    only = GraphPersistence(homology_dimensions=kept).fit_transform(X)
    result = test(rows, y, homology_dimensions=kept, **options)
    expected = test(only, y, **options)
    assert_allclose(result.null_distribution, expected.null_distribution)
    assert_allclose(result.statistic, expected.statistic)
    assert abs(result.statistic - test(rows, y, **options).statistic) > 1e-3


def test_pairs_are_tests_of_two_groups():
    X, y = make_study((4, 5, 6), n_features=3)
    X[y == 2] += 2
    names = np.array(["b", "a", "c"])[y]
    for test, function in (("ratio", permutation_test), ("permanova", permanova)):
        table = pairwise_permutation_test(X, names, test=test)
        assert list(table["group_1"]) == ["a", "a", "b"]
        assert list(table["group_2"]) == ["b", "c", "c"]
        for row, two in enumerate((("a", "b"), ("a", "c"), ("b", "c"))):
            chosen = np.isin(names, two)
            expected = function(X[chosen], names[chosen])
            assert expected.exact and table["exact"][row]
            assert table["pvalue"][row] == expected.pvalue
            assert_allclose(table["statistic"][row], expected.statistic)
            if test == "permanova":
                assert_allclose(table["r_squared"][row], expected.r_squared)
                assert_allclose(table["omega_squared"][row], expected.omega_squared)
        assert ("r_squared" in table) == (test == "permanova")


def test_pairs_are_adjusted_by_hand():
    X, y = make_study((4, 5, 6))
    X[y == 2] += 1
    table = pairwise_permutation_test(X, y)
    small, middle, large = np.sort(table["pvalue"])
    order = np.argsort(table["pvalue"])
    hochberg = np.minimum.accumulate([large, middle * 3 / 2, small * 3])[::-1]
    assert_allclose(np.asarray(table["adjusted_pvalue"])[order], hochberg)
    assert hochberg[0] > small
    table = pairwise_permutation_test(X, y, correction="by")
    harmonic = 1 + 1 / 2 + 1 / 3
    expected = np.minimum(np.asarray(hochberg) * harmonic, 1)
    assert_allclose(np.asarray(table["adjusted_pvalue"])[order], expected)


def test_pairs_are_repeatable_and_take_distances():
    X, y = make_study((9, 10, 11))
    options = {"n_permutations": 199, "random_state": 0}
    expected = pairwise_permutation_test(X, y, **options)
    assert not np.any(expected["exact"])
    distances = cdist(X, X)
    for n_jobs in (None, 2):
        table = pairwise_permutation_test(
            distances, y, metric="precomputed", n_jobs=n_jobs, **options
        )
        assert_array_equal(table["pvalue"], expected["pvalue"])
    other = pairwise_permutation_test(X, y, n_permutations=199, random_state=1)
    assert not np.array_equal(other["pvalue"], expected["pvalue"])


def test_without_pandas_the_table_is_a_dict(monkeypatch):
    pandas = pytest.importorskip("pandas")
    X, y = make_study((3, 3, 3))
    frame = pairwise_permutation_test(X, y)
    assert isinstance(frame, pandas.DataFrame)

    def fail(module, **options):
        raise ImportError(module)

    monkeypatch.setattr("sktopo._validation.import_optional", fail)
    table = pairwise_permutation_test(X, y)
    assert list(table) == list(frame.columns)
    for name in table:
        assert_array_equal(table[name], frame[name])


def test_calibration():
    pvalues = np.array(
        [
            permutation_test(
                GraphPersistence().fit_transform(
                    make_modular_connectomes(
                        10, n_nodes=10, n_modules=(2, 2), random_state=seed
                    )[0]
                ),
                np.repeat([0, 1], 10),
                n_permutations=199,
                random_state=seed,
            ).pvalue
            for seed in range(200)
        ]
    )
    assert stats.kstest(pvalues, "uniform").pvalue > 0.05
    # Four standard deviations of a share of 200 tests around their level.
    for level in (0.05, 0.25, 0.5):
        gap = 4 * (level * (1 - level) / 200) ** 0.5
        assert abs(np.mean(pvalues <= level) - level) < gap


def test_power(pair):
    X, y = make_modular_connectomes(20, random_state=0)
    rows = GraphPersistence().fit_transform(X)
    assert pair[0](rows, y, n_permutations=999, random_state=0).pvalue == 0.001


def test_groups_without_spread():
    rows, y = [[0.0], [0.0], [0.3], [0.3], [0.3]], list("aabbb")
    for test, _ in TESTS.values():
        result = test(rows, y)
        assert result.statistic == np.inf
        assert result.pvalue == 1 / 10
        assert np.count_nonzero(np.isinf(result.null_distribution)) == 1
    assert permanova(rows, y).r_squared == 1


def test_input_is_not_changed_and_single_precision_is_enough(pair):
    test, _ = pair
    X, y = make_study((8, 9))
    X = X.astype(np.float32)
    kept = X.copy()
    X.setflags(write=False)
    options = {"n_permutations": 99, "random_state": 0}
    result = test(X, y, **options)
    assert_array_equal(X, kept)
    double = test(X.astype(np.float64), y, **options)
    assert_array_equal(result.null_distribution, double.null_distribution)


def test_result_is_read_at_a_glance():
    result = permanova(*make_study((3, 3)))
    assert "pvalue" in repr(result)
    assert "null_distribution" not in repr(result)
    with pytest.raises(AttributeError):
        result.pvalue = 0


def test_progress(capfd, monkeypatch):
    pytest.importorskip("tqdm")
    X, y = make_study((15, 15, 15))
    monkeypatch.setattr(_relabelling, "_TASK", 100)
    options = {"n_permutations": 250, "random_state": 0}
    permutation_test(X, y, verbose=True, **options)
    assert "3/3" in capfd.readouterr().err
    pairwise_permutation_test(X, y, verbose=True, **options)
    shown = capfd.readouterr().err
    assert "pairs" in shown and "relabellings" not in shown
    permanova(X, y, **options)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "test", [permutation_test, permanova, pairwise_permutation_test]
)
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"metric": "cosine"}, "metric='cosine' is unknown"),
        ({"n_permutations": 0}, "n_permutations must be an integer of at least 1"),
        ({"n_permutations": 9.5}, "n_permutations must be an integer"),
        ({"verbose": 2}, "verbose must be True or False"),
        ({"homology_dimensions": (2,)}, "must be"),
        ({"homology_dimensions": 0}, "must be"),
        ({"homology_dimensions": (0,)}, "Rows of 4 numbers are not the births"),
        ({"metric": "precomputed"}, "square"),
        ({"y": [0] * 6}, "expected at least two groups"),
        ({"y": range(6)}, "one of two samples or more"),
        ({"y": [0, 1, 0, 1, 0]}, "inconsistent"),
        ({"y": [0.5, 0.1, 0.5, 0.1, 0.2, 0.5]}, "Unknown label type"),
        ({"y": [[0, 1]] * 6}, "1d array"),
        ({"X": np.ones((6, 3))}, "All samples are the same"),
        ({"X": np.ones(6)}, "2D array"),
        ({"X": np.full((6, 3), np.nan)}, "NaN"),
        ({"random_state": "seed"}, "seed"),
    ],
)
def test_errors(test, change, message):
    X, y = make_study((3, 3))
    arguments = {"X": X, "y": y, "n_permutations": 5, **change}
    with pytest.raises(ValueError, match=message):
        test(arguments.pop("X"), arguments.pop("y"), **arguments)


def test_errors_of_distances():
    good = cdist([[0.0], [1], [3]], [[0.0], [1], [3]])
    y = [0, 0, 1]
    faults = {
        "is not symmetric": ([0, 1], 2.5),
        "has a diagonal other than 0": ([1, 1], 0.5),
    }
    for message, (place, value) in faults.items():
        bad = good.copy()
        bad[tuple(place)] = value
        with pytest.raises(ValueError, match=message):
            permutation_test(bad, y, metric="precomputed")
    with pytest.raises(ValueError, match="has negative numbers"):
        permutation_test(-good, y, metric="precomputed")
    with pytest.raises(ValueError, match="needs barcode rows"):
        permanova(good, y, metric="precomputed", homology_dimensions=(1,))


def test_rounding_errors_of_distances_are_forgiven():
    X, y = make_study((3, 3))
    distances = cdist(X, X)
    rounded = distances + 1e-7 * np.random.default_rng(0).normal(size=(6, 6))
    rounded[np.diag_indices(6)] = 5e-7
    expected = permutation_test(distances, y, metric="precomputed")
    result = permutation_test(rounded, y, metric="precomputed")
    assert_allclose(result.statistic, expected.statistic, rtol=1e-6)
    symmetric = (rounded + rounded.T) / 2
    np.fill_diagonal(symmetric, 0)
    assert_allclose(result.statistic, loop_ratio(symmetric, y), rtol=1e-12)


def test_pairs_of_equal_samples_raise():
    with pytest.raises(ValueError, match="All samples are the same"):
        pairwise_permutation_test([[0.0]] * 4 + [[1.0]] * 2, list("aabbcc"))


def test_rows_that_are_no_barcodes_are_not_split():
    X, y = make_study((3, 3), n_features=10)
    with pytest.raises(ValueError, match="do not ascend"):
        permutation_test(X, y, homology_dimensions=(0,))


def test_errors_of_parameters_of_single_functions():
    X, y = make_study((3, 3))
    with pytest.raises(ValueError, match="squared must be True or False"):
        permutation_test(X, y, squared=1)
    with pytest.raises(ValueError, match="test='anova' is unknown"):
        pairwise_permutation_test(X, y, test="anova")
    with pytest.raises(ValueError, match="correction='holm' is unknown"):
        pairwise_permutation_test(X, y, correction="holm")
