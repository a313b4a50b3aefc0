"""Level, scale and shape of distances."""

from decimal import Decimal, localcontext
from functools import partial
from itertools import product
from math import lcm

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal
from scipy.integrate import quad_vec
from sklearn.metrics.pairwise import euclidean_distances

from sktopo import GraphPersistence, barcodes
from sktopo.barcodes import barcode_rows, decompose_distance, split_barcodes
from sktopo.barcodes._decomposition import split_squared_distances

PARTS = "level", "scale", "shape"


def split_by_hand(row_1, row_2):
    """Split a squared distance by the textbook formula, in 60 digits."""
    with localcontext(prec=60):
        row_1, row_2 = ([Decimal(float(x)) for x in row] for row in (row_1, row_2))
        n = len(row_1)
        means = [sum(row) / n for row in (row_1, row_2)]
        centred = [
            [x - mean for x in row]
            for row, mean in zip((row_1, row_2), means, strict=True)
        ]
        norms = [sum(x * x for x in row).sqrt() for row in centred]
        product = sum(x * y for x, y in zip(*centred, strict=True))
        level = n * (means[0] - means[1]) ** 2
        scale = (norms[0] - norms[1]) ** 2
        shape = 2 * (norms[0] * norms[1] - product)
        return [float(part) for part in (level, scale, shape)]


def make_pair(kind):
    rng = np.random.default_rng(0)
    row, other = rng.random((2, 40))
    return {
        "plain": (row, other),
        "sorted": (np.sort(row), np.sort(other)),
        "far from zero": (1e8 + row, 1e8 + other),
        "close": (row, row * (1 + 1e-9) + 1e-9 * other),
        "close, far from zero": (1e8 + row, 1e8 + row + 1e-6 * other),
        "scaled": (row, (row - row.mean()) * 1.5 + row.mean()),
        "one is nearly constant": (row, 1e-8 * other),
        "one is all but constant": (row, 1e-17 * other),
        "one is constant": (row, np.full(40, 0.1)),
        "both are constant": (np.full(40, 0.3), np.full(40, 0.1)),
        "tiny": (1e-120 * row, 1e-120 * other),
        "huge": (1e140 * row, 1e140 * other),
        "float32": (row.astype(np.float32) + 1000, other.astype(np.float32) + 1000),
        "opposite": (row, -row),
        "one number": (row[:1], other[:1]),
    }[kind]


@pytest.mark.parametrize(
    "kind",
    [
        "plain",
        "sorted",
        "far from zero",
        "close",
        "close, far from zero",
        "scaled",
        "one is nearly constant",
        "one is all but constant",
        "one is constant",
        "both are constant",
        "tiny",
        "huge",
        "float32",
        "opposite",
        "one number",
    ],
)
def test_parts_of_pairs_are_right_to_rounding(kind):
    row_1, row_2 = make_pair(kind)
    parts = split_squared_distances(row_1[None], row_2[None])
    expected = split_by_hand(row_1, row_2)
    for part, number in zip(parts, expected, strict=True):
        assert part.dtype == np.float64
        assert part.shape == (1,)
        assert part >= 0
        assert_allclose(part, number, rtol=0, atol=1e-14 * sum(expected))


def test_pairs_do_not_depend_on_those_beside_them():
    rng = np.random.default_rng(0)
    rows_1, rows_2 = rng.random((2, 9, 100_000))  # some batches of pairs
    together = np.array(split_squared_distances(rows_1, rows_2))
    alone = [split_squared_distances(rows_1[[k]], rows_2[[k]]) for k in range(9)]
    squared = ((rows_1 - rows_2) ** 2).sum(axis=1)
    gaps = (together - np.hstack(alone)) / squared
    assert_allclose(gaps, 0, atol=1e-13)
    assert_allclose(together.sum(axis=0), squared, rtol=1e-13)


def test_pairs_of_empty_rows_and_no_pairs():
    for shape, n_pairs in (((2, 0), 2), ((0, 3), 0)):
        for part in split_squared_distances(np.ones(shape), np.ones(shape)):
            assert part.tolist() == [0] * n_pairs


def test_level_alone_may_underflow():
    row = np.array([[1e-160, 3e-160, 2e-160]])
    level, scale, shape = split_squared_distances(row, row[:, [1, 0, 2]])
    assert (level, scale) == (0, 0)
    assert_allclose(shape, 8e-320, rtol=1e-3)


def stack(parts):
    """Stack level, scale and shape: (3, n_1, n_2)."""
    return np.array([getattr(parts, part) for part in PARTS])


def make_barcodes(n_graphs, n_edges, seed=0):
    """Make barcodes of graphs whose level, scale and shape differ."""
    rng = np.random.default_rng(seed)
    powers = rng.uniform(0.5, 2, (n_graphs, 1))
    return barcode_rows(rng.random((n_graphs, n_edges)) ** powers)


def split_each_by_hand(rows_1, rows_2, *, is_sum=False):
    """Split distances between quantile functions, step by step: (3, n_1, n_2)."""
    found = np.empty((3, len(rows_1), len(rows_2)))
    for i, j in np.ndindex(found.shape[1:]):
        n = lcm(len(rows_1[i]), len(rows_2[j]))
        pair = [np.repeat(row, n // len(row)) for row in (rows_1[i], rows_2[j])]
        found[:, i, j] = np.divide(split_by_hand(*pair), 1 if is_sum else n)
    return found


def check_by_hand(found, parts_1, parts_2, **options):
    expected = split_each_by_hand(parts_1, parts_2, **options)
    parts = stack(found)
    assert parts.dtype == np.float64
    assert parts.min() >= 0
    squared = expected.sum(axis=0)
    tolerance = 1e-12 * squared + 1e-30 * squared.max()  # equal rows in 60 digits
    assert (np.abs(parts - expected) <= tolerance).all()
    assert (np.abs(found.squared - squared) <= tolerance).all()


def test_three_nodes_by_hand():
    found = decompose_distance([[0.0, 2.0, 5.0]], [[3.0, 9.0, 7.0]])
    # Births of means 1 and 6, deviations 1 and 3; two numbers have one shape.
    assert stack(found.births).ravel().tolist() == [25, 4, 0]
    # One number has no deviation.
    assert stack(found.deaths).ravel().tolist() == [4, 0, 0]
    assert stack(found.total).ravel().tolist() == [29, 4, 0]
    summed = decompose_distance([[0.0, 2.0, 5.0]], [[3.0, 9.0, 7.0]], normalize=False)
    assert stack(summed.births).ravel().tolist() == [50, 8, 0]
    assert stack(summed.total).ravel().tolist() == [54, 8, 0]
    assert summed.edges is summed.groups is None


def test_four_nodes_by_hand():
    first, second = [0.0, 0, 3, 0, 0, 0], [0.0, 3, 3, 1, 1, 4]
    found = decompose_distance([first, second])
    # Means 1 and 2, deviations sqrt(2) both, correlation 1/2; then means 0 and 2,
    # deviations 0 and sqrt(2).
    for parts, expected in (
        (found.births, [1, 0, 2]),
        (found.deaths, [4, 2, 0]),
        (found.total, [5, 2, 2]),
    ):
        assert_allclose(stack(parts)[:, 0, 1], expected, atol=1e-15)
        assert_array_equal(stack(parts)[:, 1, 0], stack(parts)[:, 0, 1])
        assert_array_equal(stack(parts)[:, [0, 1], [0, 1]], 0)


@pytest.mark.parametrize("sizes", [(6, 6), (4, 5), (3, 9)])
def test_parts_equal_numerical_integrals(sizes):
    rows = [make_barcodes(1, n * (n - 1) // 2, seed)[0] for seed, n in enumerate(sizes)]
    found = decompose_distance(rows[:1], rows[1:])
    for parts, *values in zip(
        (found.births, found.deaths), *map(split_barcodes, rows), strict=True
    ):

        def integrand(u, values=values):
            q, p = (v[min(int(u * len(v)), len(v) - 1)] for v in values)
            return np.array([q, p, q * q, p * p, q * p, (q - p) ** 2])

        steps = {k / len(v) for v in values for k in range(1, len(v))}
        m, k, mm, kk, mk, squared = quad_vec(
            integrand, 0, 1, points=sorted(steps), epsabs=1e-13
        )[0]
        s, t = np.sqrt(mm - m * m), np.sqrt(kk - k * k)
        expected = (m - k) ** 2, (s - t) ** 2, 2 * (s * t - (mk - m * k))
        assert_allclose(stack(parts).ravel(), expected, atol=1e-10)
        assert_allclose(parts.squared[0, 0], squared, atol=1e-10)


@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("offset", [0, 2.0**27])
@pytest.mark.parametrize("unit", [1e-26, 1, 1e30])
def test_sets_are_right_to_rounding(normalize, offset, unit):
    rows = make_barcodes(8, 21)
    rows[1] = rows[0]
    rows[2] = rows[0] + 1e-9
    rows[3] = 2 * rows[0]
    rows[4, :6], rows[5] = 0.5, 0.25  # births, and all weights, that are constant
    rows = unit * (rows + offset)
    within = decompose_distance(rows, normalize=normalize)
    between = decompose_distance(rows[:3], rows[2:], normalize=normalize)
    whole = split_barcodes(rows)
    for found, first, second in (
        (within, slice(None), slice(None)),
        (between, slice(3), slice(2, None)),
    ):
        for name, part in zip(("births", "deaths"), whole, strict=True):
            parts = getattr(found, name)
            check_by_hand(parts, part[first], part[second], is_sum=not normalize)
        assert_allclose(
            stack(found.total), stack(found.births) + stack(found.deaths), rtol=1e-15
        )
    squared = barcodes.wasserstein_distances(rows, squared=True, normalize=normalize)
    assert_allclose(within.total.squared, squared, rtol=1e-12)


def test_sets_of_float32():
    rows = (make_barcodes(5, 21) + 1000).astype(np.float32)
    found = decompose_distance(rows)
    for name, part in zip(("births", "deaths"), split_barcodes(rows), strict=True):
        check_by_hand(getattr(found, name), part, part)


def test_sets_of_several_sizes():
    rows = [*make_barcodes(2, 21), *make_barcodes(2, 10, 1), *make_barcodes(1, 15, 2)]
    births, deaths = map(list, zip(*map(split_barcodes, rows), strict=True))
    found = decompose_distance(rows)
    check_by_hand(found.births, births, births)
    check_by_hand(found.deaths, deaths, deaths)
    assert_allclose(
        found.total.squared,
        barcodes.wasserstein_distances(rows, squared=True),
        rtol=1e-12,
    )
    assert_array_equal(stack(found.total)[:, range(5), range(5)], 0)


@pytest.mark.parametrize("gap", [0, 1e-9])
def test_almost_equal_distributions_of_two_sizes(gap):
    # Births 2 and 4, deaths 1 and 6: each number of the triangle is repeated.
    triangle = np.array([[0.25, 0.75, 0.5]])
    pentagon = np.array([[0.25, 0.25, 0.75, 0.75] + [0.5] * 6])
    pentagon[0, 2:4] += gap
    pentagon[0, 9] += gap
    found = decompose_distance(triangle, pentagon)
    for name in ("births", "deaths"):
        parts = [
            split_barcodes(rows)[name == "deaths"] for rows in (triangle, pentagon)
        ]
        check_by_hand(getattr(found, name), *parts)
    assert (found.total.squared > 0).all() == (gap > 0)


def test_level_is_what_the_mean_says():
    rows = make_barcodes(5, 45)
    found = decompose_distance(rows)
    for name, part in zip(("births", "deaths"), split_barcodes(rows), strict=True):
        means, deviations = part.mean(axis=1), part.std(axis=1)
        level, scale, _ = stack(getattr(found, name))
        assert_allclose(level, np.subtract.outer(means, means) ** 2, atol=1e-15)
        gaps = np.subtract.outer(deviations, deviations)
        assert_allclose(scale, gaps**2, atol=1e-15)


# Weights on a grid, so that shifts and scales are exact.
SETS = arrays(np.float64, (3, 10), elements=st.integers(0, 64).map(lambda k: k / 64))


@given(SETS, st.integers(-64, 64))
def test_a_shift_of_all_weights_changes_nothing(rows, shift):
    rows = barcode_rows(rows)
    found, moved = decompose_distance(rows), decompose_distance(rows + shift)
    for name in ("births", "deaths", "total"):
        assert_allclose(
            stack(getattr(moved, name)), stack(getattr(found, name)), atol=1e-13
        )


@given(SETS, st.integers(-64, 64))
def test_a_shift_of_one_graph_changes_only_the_level(rows, shift):
    rows = barcode_rows(rows)
    found = decompose_distance(rows[:1], rows[1:])
    moved = decompose_distance(rows[:1] + shift, rows[1:])
    for name, k in (("births", 0), ("deaths", 1)):
        before, after = (stack(getattr(parts, name)) for parts in (found, moved))
        assert_allclose(after[1:], before[1:], atol=1e-11)
        means = [split_barcodes(part)[k].mean(axis=1) for part in (rows[:1], rows[1:])]
        expected = (means[0] + shift - means[1]) ** 2
        assert_allclose(after[0, 0], expected, rtol=1e-12, atol=1e-13)


@given(SETS, st.integers(2, 9))
def test_scaling_a_graph_about_its_means_changes_only_the_scale(rows, factor):
    rows = barcode_rows(rows[:1])
    scaled = rows.copy()
    for part in split_barcodes(scaled):
        part -= part.mean(axis=1, keepdims=True)
        part *= factor
    for part, plain in zip(split_barcodes(scaled), split_barcodes(rows), strict=True):
        part += plain.mean(axis=1, keepdims=True)
    found = decompose_distance(rows, scaled)
    for parts, plain in zip(
        (found.births, found.deaths), split_barcodes(rows), strict=True
    ):
        expected = [0, (factor - 1) ** 2 * plain.var(), 0]
        assert_allclose(stack(parts).ravel(), expected, rtol=1e-12, atol=1e-13)


@given(SETS, st.permutations(range(3)))
def test_the_order_of_graphs_does_not_matter(rows, order):
    rows = barcode_rows(rows)
    found, other = decompose_distance(rows), decompose_distance(rows[order])
    expected = stack(found.total)[:, order][:, :, order]
    assert_allclose(stack(other.total), expected, atol=1e-14)


def test_groups_are_compared_by_their_barycenters():
    rows = make_barcodes(9, 21)
    y = np.array([3, 1, 10] * 3)
    found = decompose_distance(rows, y=y)
    centers = np.array([barcodes.barycenter(rows[y == g]) for g in (1, 3, 10)])
    expected = decompose_distance(centers)
    for name in ("births", "deaths", "total"):
        assert_allclose(
            stack(getattr(found, name)), stack(getattr(expected, name)), atol=1e-15
        )
    assert found.groups.tolist() == [1, 3, 10]
    # Far from zero, where a mean of numbers has lost their digits.
    far = decompose_distance(rows + 2.0**27, y=y)
    near = decompose_distance((rows + 2.0**27) - 2.0**27, y=y)
    assert_allclose(stack(far.total), stack(near.total), rtol=1e-9)


def test_a_table_lists_pairs_of_groups():
    pytest.importorskip("pandas")
    rows = make_barcodes(6, 10)
    found = decompose_distance(rows, y=list("bacbac"))
    table = found.to_frame()
    kinds = ["births", "deaths", "total"]
    pairs = [("a", "b"), ("a", "c"), ("b", "c")]
    expected = [(*pair, kind) for pair, kind in product(pairs, kinds)]
    keys = table[["first", "second", "part"]]
    assert list(keys.itertuples(index=False, name=None)) == expected
    row = table.iloc[4]
    numbers = [row[part] for part in (*PARTS, "squared")]
    assert numbers[:3] == stack(found.deaths)[:, 0, 2].tolist()
    assert numbers[3] == found.deaths.squared[0, 2]


def test_a_table_of_barcodes_lists_all_entries():
    pytest.importorskip("pandas")
    found = decompose_distance(make_barcodes(2, 10), make_barcodes(3, 10, 1))
    table = found.to_frame()
    assert len(table) == 2 * 3 * 3
    entry = table.query("first == 1 and second == 2 and part == 'total'")
    assert entry["squared"].tolist() == [found.total.squared[1, 2]]


@pytest.mark.parametrize(
    ("parameters", "kinds"),
    [
        ({}, ["births", "deaths"]),
        ({"normalize": False}, ["births", "deaths"]),
        ({"n_quantiles": 7}, ["births", "deaths"]),
        ({"homology_dimensions": (1,)}, ["deaths"]),
        ({"topology_weight": 0.3}, ["births", "deaths", "edges"]),
        ({"topology_weight": 0.0}, ["edges"]),
    ],
)
def test_wasserstein_rows_are_split_by_their_layout(parameters, kinds):
    X = np.random.default_rng(0).random((6, 15)).astype(np.float32)
    persistence = GraphPersistence(**parameters)
    rows = persistence.fit_transform(X)
    before = rows.copy()
    found = decompose_distance(rows, layout=persistence.layout_)
    assert list(found.list_parts()) == [*kinds, "total"]
    assert_array_equal(rows, before)
    squared = euclidean_distances(rows.astype(float), squared=True)
    assert_allclose(found.total.squared, squared, atol=1e-7)
    total = sum(stack(part) for part in found.list_parts().values())
    assert_allclose(total, 2 * stack(found.total), rtol=1e-15)
    between = decompose_distance(rows[:2], rows[2:], layout=persistence.layout_)
    assert_allclose(stack(between.total), stack(found.total)[:, :2, 2:], atol=1e-14)
    grouped = decompose_distance(rows, y=[0, 1] * 3, layout=persistence.layout_)
    centers = rows.astype(float).reshape(3, 2, -1).mean(axis=0)
    assert_allclose(
        grouped.total.squared, euclidean_distances(centers, squared=True), atol=1e-14
    )


def test_plain_barcodes_and_their_rows_have_the_same_parts():
    X = np.random.default_rng(0).random((6, 15))
    persistence = GraphPersistence()
    rows = persistence.fit_transform(X)
    found = decompose_distance(rows, layout=persistence.layout_)
    expected = decompose_distance(barcode_rows(X))
    for name in ("births", "deaths", "total"):
        assert_allclose(
            stack(getattr(found, name)), stack(getattr(expected, name)), atol=1e-15
        )


def test_no_array_holds_the_columns_of_all_pairs(measure_peak):
    rows = make_barcodes(200, 4950)
    rows[180:] = rows[0] * (1 + 1e-9 * np.arange(20)[:, None])  # pairs that are close
    for samples in ((rows[:100], rows[100:]), (rows,)):
        peak = measure_peak(partial(decompose_distance, *samples))
        assert peak < 5 * rows.nbytes < 0.03 * (200 * 200 * rows[0].nbytes)


def test_graphs_on_two_nodes_have_no_deaths():
    found = decompose_distance([[0.5], [0.75]])
    assert stack(found.births)[:, 0, 1].tolist() == [1 / 16, 0, 0]
    assert not stack(found.deaths).any()
    assert stack(found.total)[:, 0, 1].tolist() == [1 / 16, 0, 0]
