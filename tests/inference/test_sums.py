"""Sums within groups against fractions: tight groups, far outliers, ties, units."""

from fractions import Fraction
from itertools import combinations
from math import sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.spatial.distance import cdist

from sktopo.inference import _sums, permanova, permutation_test

# Small groups can be compared with loops over all relabellings.
pytestmark = pytest.mark.filterwarnings("ignore:pvalue.* cannot be below")

# One coordinate of eight samples; 4 of the 35 groupings come near the observed one.
LINE = np.array([0, 1, 2, 3.5, 4.25, 5, 6, 7])
HALVES = [0, 0, 0, 1, 0, 1, 1, 1]


def square(rows):
    """Compute squared distances in fractions."""
    exact = [[Fraction(float(value)) for value in row] for row in rows]
    return [
        [sum((a - b) ** 2 for a, b in zip(one, two, strict=True)) for two in exact]
        for one in exact
    ]


def sum_within(squares, chosen, weighted):
    """Sum squared distances within two groups, one of them the chosen samples."""
    rest = [i for i in range(len(squares)) if i not in chosen]
    return sum(
        sum(squares[i][j] for i in group for j in group)
        / (len(group) if weighted else 1)
        for group in (chosen, rest)
    )


def compute_exactly(rows, y, weighted=True):
    """Compute F and the p-value of permanova, or of squared ratios, in fractions."""
    n, squares = len(y), square(rows)
    groups = [i for i in range(n) if y[i] == y[0]]
    observed = sum_within(squares, groups, weighted)
    everything = [
        sum_within(squares, chosen, weighted)
        for chosen in combinations(range(n), len(groups))
    ]
    total = sum(map(sum, squares)) / n
    pvalue = sum(value <= observed for value in everything) / len(everything)
    return (total - observed) / (observed / (n - 2)) if weighted else None, pvalue


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("far", [1e4, 1e7, 1e8, 1e12])
@pytest.mark.parametrize("place", [[7], [6, 7], [4, 6], [0]])
def test_far_outliers(dtype, far, place):
    rows = np.zeros((8, 2), dtype=dtype)
    rows[:, 0], rows[place, 1] = LINE, far
    for y in (HALVES, [0, 0, 1, 0, 1, 1, 1, 1]):
        statistic, pvalue = compute_exactly(rows, y)
        result = permanova(rows, y)
        assert result.pvalue == pytest.approx(pvalue, abs=1e-12)
        assert result.statistic == pytest.approx(float(statistic), rel=1e-12)
    squared = permutation_test(rows, HALVES, squared=True)
    expected = compute_exactly(rows, HALVES, weighted=False)[1]
    assert squared.pvalue == pytest.approx(expected, abs=1e-12)


def test_a_far_outlier_by_hand():
    # The outlier adds the same to all groupings; two of 35 remain at or below.
    rows = np.c_[LINE, [0] * 7 + [1e7]]
    assert permanova(rows, HALVES).pvalue == pytest.approx(2 / 35)
    for unit in (1e-30, 1e30):
        assert permanova(rows * unit, HALVES).pvalue == pytest.approx(2 / 35)
    distances = cdist(rows, rows)
    result = permanova(distances, HALVES, metric="precomputed")
    assert result.pvalue == pytest.approx(2 / 35)


def test_far_outliers_do_not_hide_ratios():
    # Distances from the outlier are all 1e12 up to rounding.
    rows = np.c_[LINE, [0] * 7 + [2.0**40]]
    inner = np.abs(LINE[:7, np.newaxis] - LINE[:7])
    found = []
    for chosen in combinations(range(8), 4):
        parts = [set(chosen) - {7}, set(range(7)) - set(chosen)]
        found.append(sum(inner[i, j] for part in parts for i in part for j in part))
    observed = found[list(combinations(range(8), 4)).index((0, 1, 2, 4))]
    expected = np.mean(np.array(found) <= observed)
    assert permutation_test(rows, HALVES).pvalue == pytest.approx(expected)


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 10**6),
    st.sampled_from([2.0**-40, 1e-12, 1e-9, 1e-3]),
    st.sampled_from([0.0, 1.0, 1024.0]),
)
def test_tight_groups(seed, spread, offset):
    rng = np.random.default_rng(seed)
    y = rng.permutation([0, 0, 0, 1, 1, 1, 1])
    rows = y[:, np.newaxis] + spread * rng.normal(size=(7, 3)) + offset
    statistic, pvalue = compute_exactly(rows, y)
    result = permanova(rows, y)
    assert np.isfinite(result.statistic)
    assert result.statistic == pytest.approx(float(statistic), rel=1e-9)
    assert result.pvalue == pytest.approx(pvalue)
    between = float(statistic) / 5
    assert result.r_squared == pytest.approx(between / (1 + between), rel=1e-12)
    distances = [[Fraction(sqrt(d)) for d in row] for row in square(rows)]
    pairs = [(i, j) for i in range(7) for j in range(7) if i != j]
    within = [distances[i][j] for i, j in pairs if y[i] == y[j]]
    apart = [distances[i][j] for i, j in pairs if y[i] != y[j]]
    ratio = sum(apart) / len(apart) / (sum(within) / len(within))
    found = permutation_test(rows, y).statistic
    assert found == pytest.approx(float(ratio), rel=1e-9)


def test_small_statistics_keep_their_digits():
    # Both groups have one far sample, so their means are near each other.
    rows = np.c_[LINE, [0, 0, 0, 0, 1e7, 0, 0, 1e7]]
    statistic, _ = compute_exactly(rows, HALVES)
    assert 0 < statistic < 1e-11
    assert permanova(rows, HALVES).statistic == pytest.approx(
        float(statistic), rel=1e-9
    )
    same = [[0.1], [0.4], [0.4], [0.1]]
    assert permanova(same, [0, 0, 1, 1]).statistic == 0


@settings(max_examples=10, deadline=None)
@given(
    st.integers(0, 10**6),
    st.sampled_from([(4, 4), (3, 5), (2, 2, 3)]),
    st.sampled_from([1, 3, 40]),
    st.sampled_from([np.float64, np.float32]),
    st.data(),
)
def test_units_offsets_and_precision_do_not_matter(seed, sizes, width, dtype, data):
    rng = np.random.default_rng(seed)
    # Multiples of 1/8 below 16, so that whole offsets are exact in float32 as well.
    rows = rng.integers(0, 128, (sum(sizes), width)) / 8
    y = np.repeat(np.arange(len(sizes)), sizes)
    powers = {np.float64: [-30, -13, 7, 30], np.float32: [-26, -13, 7, 18]}[dtype]
    unit = 10.0 ** data.draw(st.sampled_from(powers))
    offset = data.draw(st.sampled_from([-4096.0, 1.0, 65536.0]))
    order = rng.permutation(len(y))
    changed = {
        "unit": (dtype(rows) * dtype(unit), y),
        "offset": (dtype(rows + offset), y),
        "order": (rows[order], y[order]),
        "columns": (rows[:, ::-1], y),
    }
    if dtype is np.float64:
        changed["offset, then unit"] = ((rows + offset) * unit, y)
    distances = cdist(rows, rows)
    precomputed = distances * unit
    for test, options in (
        (permanova, {}),
        (permutation_test, {}),
        (permutation_test, {"squared": True}),
    ):
        expected = test(rows, y, **options)
        results = {name: test(*study, **options) for name, study in changed.items()}
        results["distances"] = test(precomputed, y, metric="precomputed", **options)
        for name, result in results.items():
            assert result.pvalue == expected.pvalue, name
            rough = name == "unit" and dtype is np.float32
            close = {"rtol": 1e-5 if rough else 1e-11, "atol": 1e-6 if rough else 1e-12}
            assert_allclose(result.statistic, expected.statistic, **close)
            assert_allclose(
                np.sort(result.null_distribution),
                np.sort(expected.null_distribution),
                **close,
            )


@pytest.mark.parametrize("unit", [1e-30, 1e-3, 1 / 3, 1e30])
@pytest.mark.parametrize("offset", [0, 100, 1e6])
@pytest.mark.parametrize("copies", [1, 20])
def test_ties_count_although_an_offset_is_rounded(unit, offset, copies):
    # The rounding of these numbers is large beside their distances from the median.
    rows = [10.5, 9.875, 15.625, 8, 10.625, 9.75, 3, 15.5]
    rows = np.repeat(np.reshape(rows, (8, 1)), copies, axis=1)
    y = [0, 0, 0, 0, 1, 1, 1, 1]
    _, pvalue = compute_exactly(rows, y)
    assert permanova((rows + offset) * unit, y).pvalue == pytest.approx(pvalue)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(0, 4), min_size=14, max_size=14).filter(
        lambda numbers: len(set(numbers)) > 1
    ),
    st.sampled_from([3, 7, 10, 1e5]),
    st.sampled_from([(0, 0, 0, 1, 1, 1, 1), (0, 0, 0, 0, 0, 1, 1)]),
    st.sampled_from([np.float64, np.float32]),
    st.sampled_from([1, 30]),
)
def test_ties_count_although_rows_are_rounded(numbers, divisor, y, dtype, copies):
    whole = np.repeat(np.reshape(numbers, (7, 2)), copies, axis=1)
    rounded = (whole / divisor).astype(dtype)
    expected = compute_exactly(np.reshape(numbers, (7, 2)), y)
    assert permanova(rounded, y).pvalue == pytest.approx(expected[1])
    expected = compute_exactly(np.reshape(numbers, (7, 2)), y, weighted=False)
    squared = permutation_test(rounded, y, squared=True)
    assert squared.pvalue == pytest.approx(expected[1])


@pytest.mark.parametrize("far", [0, 1e7])
def test_the_null_distribution_counts_as_the_pvalue_does(pair, far, make_study):
    test, _ = pair
    X, y = make_study((4, 5))
    X = np.vstack([X, X])  # every grouping has ties
    X[3] += far
    result = test(X, np.tile(y, 2), n_permutations=999, random_state=0)
    extreme = np.count_nonzero(result.null_distribution >= result.statistic)
    assert result.pvalue == (1 + extreme) / 1000


def test_tight_relabellings_keep_their_digits():
    # The observed groups are mixed; one relabelling has the two tight groups.
    rows = np.array([[0.0], [1e-9], [3e-9], [1], [1 + 2.0**-30], [1 + 2.0**-29]])
    expected, _ = compute_exactly(rows, [0, 0, 0, 1, 1, 1])
    largest = permanova(rows, [0, 0, 1, 0, 1, 1]).null_distribution.max()
    assert largest == pytest.approx(float(expected), rel=1e-9)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(0, 4), min_size=7, max_size=7),
    st.sampled_from([3, 7, 10]),
    st.sampled_from([np.float64, np.float32]),
)
def test_ties_of_ratios_count_although_rows_are_rounded(numbers, divisor, dtype):
    y, far = [0, 0, 1, 0, 1, 1, 1], np.array([0, 0, 0, 0, 99, 99, 99])
    whole = np.add(numbers, far).tolist()
    distances = [[Fraction(abs(a - b)) for a in whole] for b in whole]
    found = [
        sum_within(distances, chosen, weighted=False)
        for chosen in combinations(range(7), 3)
    ]
    observed = sum_within(distances, (0, 1, 3), weighted=False)
    expected = sum(value <= observed for value in found) / len(found)
    rows = (np.reshape(whole, (7, 1)) / divisor).astype(dtype)
    assert permutation_test(rows, y).pvalue == pytest.approx(expected)


def test_numbers_are_cut_into_integers_that_add_up():
    numbers = np.random.default_rng(0).normal(size=(5, 6)) * [1, 1, 1e-9, 0, 1e9, 1]
    parts = _sums._cut(numbers, 20)
    whole = np.vectorize(Fraction)(np.zeros_like(numbers))
    for part, exponent in parts:
        assert np.abs(part).max() <= 2**20
        assert (part == np.rint(part)).all()
        whole += np.vectorize(Fraction)(part) * Fraction(2) ** exponent
    gap = whole - np.vectorize(Fraction)(numbers)
    assert np.abs(gap).max() <= 1e9 * 2.0**-78
    assert not _sums._cut(np.zeros((2, 2)), 20)


@pytest.mark.parametrize("width", [1, 3, 100])
def test_squared_distances_are_exact(width):
    rng = np.random.default_rng(width)
    rows = rng.normal(size=(4, width))
    rows[3, 0] = 1e6
    whole = np.full((4, 4), Fraction(0))
    for part, exponent in _sums._square_exactly(rows):
        whole += np.vectorize(Fraction)(part) * Fraction(2) ** exponent
    gaps = whole - np.array(square(rows))
    assert float(np.abs(gaps).max()) <= 1e12 * 2.0**-66
