"""Distances, barycenters and variances, against independent oracles."""

import numpy as np
import ot
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import linear_sum_assignment
from sklearn.metrics.pairwise import euclidean_distances

from sktopo import barcodes as bc


def weights(min_value=-2, max_value=2):
    """Strategy: finite weights on a coarse grid, so that ties are frequent."""
    return st.integers(min_value * 4, max_value * 4).map(lambda k: k / 4)


def barcode_sets(n_rows, max_nodes=7):
    """Strategy: barcodes of random graphs of one random size."""
    return st.integers(2, max_nodes).flatmap(
        lambda n: arrays(
            np.float64, (n_rows, n * (n - 1) // 2), elements=weights()
        ).map(bc.barcode_rows)
    )


def match(values_1, values_2):
    """Oracle: the least mean squared difference over all one-to-one matchings."""
    cost = np.subtract.outer(values_1, values_2) ** 2
    return cost[linear_sum_assignment(cost)]


@pytest.mark.parametrize("normalize", [True, False])
def test_distances_equal_optimal_assignment(make_rows, kind, normalize):
    sets = [make_rows(3, 7, kind, seed=5), make_rows(4, 7, "negative", seed=6)]
    barcodes = [bc.barcode_rows(rows) for rows in sets]
    found = bc.wasserstein_distances(*barcodes, normalize=normalize)
    assert found.shape == (3, 4)
    total = np.mean if normalize else np.sum
    for i, barcode_1 in enumerate(barcodes[0]):
        for j, barcode_2 in enumerate(barcodes[1]):
            parts = zip(
                bc.split_barcodes(barcode_1), bc.split_barcodes(barcode_2), strict=True
            )
            squared = sum(total(match(*part)) for part in parts)
            assert_allclose(found[i, j], np.sqrt(squared), rtol=1e-12)


@pytest.mark.parametrize("sizes", [(4, 5), (3, 9), (12, 7), (6, 6)])
def test_unequal_sizes_equal_pot(make_rows, sizes):
    first, second = (
        bc.barcode_rows(make_rows(2, size, "negative", seed=size + k))
        for k, size in enumerate(sizes)
    )
    found = bc.wasserstein_distances(first, second)
    for i, barcode_1 in enumerate(first):
        for j, barcode_2 in enumerate(second):
            parts = zip(
                bc.split_barcodes(barcode_1), bc.split_barcodes(barcode_2), strict=True
            )
            squared = sum(ot.emd2_1d(a, b, metric="sqeuclidean") for a, b in parts)
            assert_allclose(found[i, j], np.sqrt(squared), rtol=1e-10)


def test_unequal_sizes_by_hand():
    # Births 0, 2 against 0, 1, 2: the quantile functions differ by 1 on [1/3, 1/2]
    # and on [1/2, 2/3]. Deaths: 0 against three zeros.
    distance = bc.wasserstein_distance([0, 2, 0], [0, 1, 2, 0, 0, 0])
    assert_allclose(distance, np.sqrt(1 / 3), rtol=1e-15)


def test_mixed_sizes_equal_pairwise_calls(make_rows):
    rows = [bc.barcode_rows(make_rows(1, n, seed=n))[0] for n in (5, 3, 5, 8)]
    table = bc.wasserstein_distances(rows, rows[:2])
    for i, row_1 in enumerate(rows):
        for j, row_2 in enumerate(rows[:2]):
            assert_allclose(table[i, j], bc.wasserstein_distance(row_1, row_2))
    assert_allclose(bc.wasserstein_distances(rows).diagonal(), 0)


def test_sizes_without_a_distance():
    with pytest.raises(
        ValueError, match="^Barcodes of 3 and 6 edges .* sum form; use normalize=True.$"
    ):
        bc.wasserstein_distance([1, 2, 3], [1, 2, 3, 4, 5, 6], normalize=False)
    with pytest.raises(
        ValueError, match=r"^Barcodes of 1 and 3 .* deaths \(or births\) .* none.$"
    ):
        bc.wasserstein_distance([1], [1, 2, 3])


@given(barcode_sets(3), st.booleans())
def test_metric_axioms(barcodes, normalize):
    distances = bc.wasserstein_distances(barcodes, normalize=normalize)
    assert_array_equal(distances.diagonal(), 0)
    assert_array_equal(distances, distances.T)
    for i, j in ((0, 1), (1, 2), (0, 2)):
        assert (distances[i, j] == 0) == np.array_equal(barcodes[i], barcodes[j])
        k = 3 - i - j
        assert distances[i, j] <= distances[i, k] + distances[k, j] + 1e-12


@given(barcode_sets(4), st.booleans())
def test_scaling_makes_it_euclidean(barcodes, normalize):
    scaled = bc.scale_barcodes(barcodes, normalize=normalize)
    assert_allclose(
        bc.wasserstein_distances(barcodes, normalize=normalize),
        euclidean_distances(scaled),
        atol=1e-6,
    )


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_data_frames(make_rows, library):
    frames = pytest.importorskip(library)
    barcodes = bc.barcode_rows(make_rows(4, 6))
    assert_array_equal(
        bc.wasserstein_distances(frames.DataFrame(barcodes)),
        bc.wasserstein_distances(barcodes),
    )


@pytest.mark.parametrize("bad", [[], np.empty((0, 3)), np.ones(3)])
def test_no_barcodes(bad):
    with pytest.raises(ValueError):
        bc.wasserstein_distances(bad)


def test_variance_of_large_float32_sets():
    values = np.random.default_rng(0).normal(100, 1, size=(20_000, 1))
    values = values.astype(np.float32)
    expected = values.astype(float).var()
    assert_allclose(bc.wasserstein_variance(values), expected, rtol=1e-12)


def test_squared(make_rows):
    barcodes = bc.barcode_rows(make_rows(4, 6))
    squared = bc.wasserstein_distances(barcodes, squared=True)
    assert_allclose(np.sqrt(squared), bc.wasserstein_distances(barcodes))


@given(barcode_sets(5), st.booleans(), st.integers(0, 2**32 - 1))
def test_barycenter_is_optimal(barcodes, normalize, seed):
    center = bc.barycenter(barcodes)
    variance = bc.wasserstein_variance(barcodes, normalize=normalize)

    def spread(candidate):
        candidates = np.sort(candidate[None])
        return np.mean(
            bc.wasserstein_distances(barcodes, candidates, normalize=normalize) ** 2
        )

    births, deaths = bc.split_barcodes(center)
    assert np.all(np.diff(births) >= 0)
    assert np.all(np.diff(deaths) >= 0)
    distances = bc.wasserstein_distances(barcodes, center[None], normalize=normalize)
    assert_allclose(np.mean(distances**2), variance, atol=1e-12)
    rng = np.random.default_rng(seed)
    for step in (1e-3, 0.1, 1):
        moved = center + step * rng.normal(size=center.shape)
        sorted_moved = np.concatenate([np.sort(p) for p in bc.split_barcodes(moved)])
        far = bc.wasserstein_distances(
            barcodes, sorted_moved[None], normalize=normalize
        )
        assert np.mean(far**2) >= variance - 1e-12


def test_weighted_barycenter(make_rows):
    barcodes = bc.barcode_rows(make_rows(2, 5))
    center = bc.barycenter(barcodes, weights=[3, 1])
    assert_allclose(center, (3 * barcodes[0] + barcodes[1]) / 4)
    for weights_ in ([1], [1, -1], [0, 0]):
        with pytest.raises(
            ValueError, match="^weights must be 2 numbers, .* for each barcode; got"
        ):
            bc.barycenter(barcodes, weights=weights_)


def test_barycenter_keeps_float32(make_rows):
    barcodes = bc.barcode_rows(make_rows(9, 5, dtype=np.float32))
    center = bc.barycenter(barcodes)
    assert center.dtype == np.float32
    assert_array_equal(center, barcodes.astype(float).mean(axis=0).astype(np.float32))


@given(barcode_sets(3))
def test_variance_is_half_the_mean_squared_distance(barcodes):
    squared = bc.wasserstein_distances(barcodes, squared=True)
    assert_allclose(bc.wasserstein_variance(barcodes), squared.mean() / 2, atol=1e-12)


def long_distances(barcodes, normalize):
    """Oracle: plain differences in long doubles."""
    squared = 0.0
    parts = bc.split_barcodes(barcodes.astype(np.longdouble))
    for part in parts:
        gaps = ((part[:, None] - part) ** 2).sum(axis=2)
        squared = squared + (gaps / part.shape[1] if normalize else gaps)
    return np.sqrt(squared)


@settings(max_examples=25)
@given(
    st.integers(0, 2**32 - 1), st.booleans(), st.integers(-80, 50), st.integers(-1, 1)
)
def test_offset_unit_and_float32_change_nothing(seed, normalize, exponent, sign):
    steps = np.sort(np.random.default_rng(seed).integers(0, 4, (5, 10)), axis=1)
    steps = steps.astype(float)
    expected = long_distances(steps, normalize).astype(float)
    unit = 2.0**exponent
    rows = (sign * 2.0**20 + steps) * unit  # at most 8 steps of float32 apart
    for barcodes in (rows, rows.astype(np.float32)):
        distances = bc.wasserstein_distances(barcodes, normalize=normalize)
        assert_allclose(distances / unit, expected, rtol=1e-14)
        variance = bc.wasserstein_variance(barcodes, normalize=normalize)
        assert_allclose(variance / unit**2, (expected**2).mean() / 2, rtol=1e-12)
        center = bc.barycenter(barcodes)
        assert_allclose((center / unit - sign * 2.0**20), steps.mean(axis=0), atol=0.1)


@pytest.mark.parametrize("normalize", [True, False])
def test_barcodes_one_step_of_float32_apart(normalize):
    low = np.full(10, 0.7, dtype=np.float32)
    barcodes = np.array([low, np.nextafter(low, np.float32(1))])
    expected = long_distances(barcodes, normalize).astype(float)
    assert expected[0, 1] > 0
    found = bc.wasserstein_distances(barcodes, normalize=normalize)
    assert_allclose(found, expected, rtol=1e-14)
    variance = bc.wasserstein_variance(barcodes, normalize=normalize)
    assert_allclose(variance, expected[0, 1] ** 2 / 4, rtol=1e-12)
    mixed = bc.wasserstein_distance(
        barcodes[0],
        np.repeat(
            barcodes[1],
            [
                3,
                3,
                *[1] * 8,
            ],
        ),
    )
    step = float(barcodes[1, 0]) - float(barcodes[0, 0])
    assert_allclose(mixed, np.sqrt(2) * step, rtol=1e-14)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("unit", [1e-200, 1e-30, 1e30, 1e200])
def test_distances_of_any_unit(unit):
    barcodes = np.sort(np.random.default_rng(0).random((4, 10)), axis=1)
    expected = bc.wasserstein_distances(barcodes)
    found = bc.wasserstein_distances(barcodes * unit)
    assert_allclose(found / unit, expected, rtol=1e-12)
    if 1e-100 < unit < 1e100:
        return
    for function in (
        bc.wasserstein_variance,
        lambda rows: bc.wasserstein_distances(rows, squared=True),
    ):
        with pytest.raises(
            ValueError, match="wasserstein_[a-z]* are too (small|large)"
        ):
            function(barcodes * unit)


@pytest.mark.filterwarnings("error")
def test_distances_that_overflow():
    barcodes = np.array([[-1.7e308], [1.7e308]])
    for function in (bc.wasserstein_distances, bc.wasserstein_variance, bc.barycenter):
        with pytest.raises(ValueError, match=f"{function.__name__}.*Divide"):
            function(barcodes)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("used", "expected"),
    [
        ([5e-324, 5e-324], [0.6, 0.8, 0.3]),
        ([1e308, 1e308], [0.6, 0.8, 0.3]),
        ([1e308, 0], [0.7, 0.9, 0.5]),
        ([0, 5e-324], [0.5, 0.7, 0.1]),
        ([5e-324, 1e308], [0.5, 0.7, 0.1]),
        ([3e307, 1e307], [0.65, 0.85, 0.4]),
    ],
)
def test_weights_of_any_size(used, expected):
    barcodes = [[0.7, 0.9, 0.5], [0.5, 0.7, 0.1]]
    assert_allclose(bc.barycenter(barcodes, weights=used), expected, rtol=1e-14)


def test_the_barycenter_of_equal_barcodes_is_that_barcode(make_rows):
    barcodes = np.repeat(bc.barcode_rows(make_rows(1, 9)), 7, axis=0)
    assert_array_equal(bc.barycenter(barcodes), barcodes[0])
    assert bc.wasserstein_variance(barcodes) == 0


@pytest.mark.parametrize("flag", ["False", None, 0, float("nan")])
def test_flags(flag):
    barcodes = [[0.7, 0.9, 0.5], [0.1, 0.2, 0.4]]
    for function in (
        bc.wasserstein_distances,
        bc.wasserstein_variance,
        bc.scale_barcodes,
        bc.unscale_barcodes,
    ):
        with pytest.raises(ValueError, match="^normalize must be True or False,"):
            function(barcodes, normalize=flag)
    with pytest.raises(ValueError, match="^squared must be True or False,"):
        bc.wasserstein_distances(barcodes, squared=flag)


def test_bad_numbers_name_their_barcode():
    with pytest.raises(ValueError, match="Barcode 1 contains NaN"):
        bc.wasserstein_distances([[1.0], [np.nan]])
    with pytest.raises(ValueError, match="weights contains infinity"):
        bc.barycenter([[1.0], [2.0]], weights=[1, np.inf])
