"""Centring of the weights of each graph."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import rankdata

from sktopo import GraphPersistence, TopClusterer
from sktopo import barcodes as bc
from sktopo.barcodes._centering import (
    CENTERS,
    center_barcodes,
    center_rows,
    rounding_of,
)

# Whole numbers, so that shifts and factors are exact; 10 edges are 5 nodes.
GRAPHS = arrays(np.int64, (3, 10), elements=st.integers(-50, 50)).map(np.float64)


def rows_of(X, **parameters):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "X holds negative weights")
        return GraphPersistence(**parameters).fit_transform(X)


def test_a_triangle_by_hand():
    triangle = [[0.9, 0.5, 0.7]]  # mean 0.7, variance 0.08 / 3
    expected = {
        "level": [0.2, -0.2, 0],
        "scale": np.array([0.2, -0.2, 0]) / np.sqrt(0.08 / 3),
        "rank": [1, 1 / 3, 2 / 3],
    }
    for center, row in expected.items():
        edges = rows_of(triangle, center=center, topology_weight=0, normalize=False)
        assert_allclose(edges, [row], atol=1e-15)
        births_deaths = rows_of(triangle, center=center, normalize=False)
        assert_allclose(births_deaths, [[row[2], row[0], row[1]]], atol=1e-15)


def test_ties_have_average_ranks():
    edges = rows_of([[0.5, 0.5, 0.2]], center="rank", topology_weight=0)
    assert_allclose(edges * 3**0.5, [[2.5 / 3, 2.5 / 3, 1 / 3]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("center", CENTERS)
def test_centring_after_the_sort_is_centring_first(make_rows, kind, center, dtype):
    for n_nodes in (2, 3, 9, 70):
        rows = make_rows(5, n_nodes, kind, dtype=dtype)
        first = bc.barcode_rows(center_rows(rows, center))
        after = center_barcodes(bc.barcode_rows(rows), rows, center)
        assert after.dtype == dtype
        assert_array_equal(after, first)
        fortran = center_rows(np.asfortranarray(rows), center)
        assert_array_equal(fortran, center_rows(rows, center))


@pytest.mark.parametrize("center", CENTERS)
def test_against_numpy(make_rows, center):
    rows = make_rows(4, 100, "continuous") ** 3
    mean, deviation = (f(rows, axis=1, keepdims=True) for f in (np.mean, np.std))
    expected = {
        "level": rows - mean,
        "scale": (rows - mean) / deviation,
        "rank": rankdata(rows, axis=1) / 4950,
    }[center]
    assert_allclose(center_rows(rows, center), expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_weights_that_are_equal_up_to_rounding_have_no_scale(dtype):
    third = np.array([0.3, 0.1 + 0.2, 0.3], dtype=np.float64)
    near = dtype(0.3) + np.array([0, 3, 0]) * np.spacing(dtype(0.3))
    apart = 0.3 + np.array([0, 1e-4, 0])
    rows = np.array([third, near, apart, [7, 7, 7], [0, 0, 0]], dtype=dtype)
    centered = center_rows(rows, "scale")
    assert_array_equal(centered[[0, 1, 3, 4]], np.zeros((4, 3)))
    slack = 1e-2 if dtype == np.float32 else 1e-9
    assert_allclose(centered[2], [-(0.5**0.5), 2**0.5, -(0.5**0.5)], atol=slack)
    assert_array_equal(center_rows(rows, "level")[[3, 4]], np.zeros((2, 3)))


@settings(max_examples=30)
@given(GRAPHS, st.lists(st.integers(-(2**20), 2**20), min_size=3, max_size=3))
def test_level_does_not_see_a_constant_of_each_graph(X, shifts):
    moved = X + np.array(shifts)[:, None]
    for parameters in ({}, {"topology_weight": 0.3}, {"n_quantiles": 2}):
        expected = rows_of(X, center="level", **parameters)
        found = rows_of(moved, center="level", **parameters)
        assert_allclose(found, expected, rtol=0, atol=1e-12)


@settings(max_examples=30)
@given(GRAPHS, *[st.lists(st.integers(1, 2**10), min_size=3, max_size=3)] * 2)
def test_scale_does_not_see_an_affine_map_of_each_graph(X, factors, shifts):
    moved = X * np.array(factors)[:, None] + np.array(shifts)[:, None]
    for parameters in ({}, {"topology_weight": 0.3}):
        expected = rows_of(X, center="scale", **parameters)
        found = rows_of(moved, center="scale", **parameters)
        assert_allclose(found, expected, rtol=0, atol=1e-12)


@settings(max_examples=30)
@given(
    arrays(np.int64, (3, 10), elements=st.integers(0, 15)),
    arrays(np.float64, (3, 16), elements=st.floats(0.001, 1e3)),
)
def test_rank_does_not_see_an_increasing_map_of_each_graph(X, steps):
    maps = np.cumsum(steps, axis=1)
    mapped = np.take_along_axis(maps, X, axis=1)
    for parameters in ({}, {"topology_weight": 0.3}):
        found = rows_of(mapped, center="rank", **parameters)
        assert_array_equal(found, rows_of(X, center="rank", **parameters))


def test_level_is_the_part_of_the_mean_in_the_distance(make_rows):
    rows = make_rows(2, 8)
    rows[1] *= 0.6
    gap = rows[0].mean() - rows[1].mean()
    births, deaths = (part[0] - part[1] for part in bc.birth_death_decomposition(rows))
    summed = np.sum(births**2) + np.sum(deaths**2) - 28 * gap**2
    means = np.mean((births - gap) ** 2) + np.mean((deaths - gap) ** 2)
    for normalize, expected in ((False, summed), (True, means)):
        found = rows_of(rows, center="level", normalize=normalize)
        assert_allclose(np.sum((found[0] - found[1]) ** 2), expected)
    assert summed < 0.7 * (np.sum(births**2) + np.sum(deaths**2))


def test_ranks_are_shares_of_the_number_of_edges(make_rows):
    rows = [*make_rows(1, 5), *100 * make_rows(1, 10)]
    births, deaths = rows_of(rows, center="rank", n_quantiles=1).T
    # The ranks of m edges sum to m (m + 1) / 2, over m.
    assert_allclose([4, 9] * births + [6, 36] * deaths, [5.5, 23])
    assert np.all((deaths < births) & (births <= 1))


@pytest.mark.parametrize("center", CENTERS)
def test_the_input_stays_as_it_is(make_rows, center):
    rows = make_rows(3, 6)
    before = rows.copy()
    rows.setflags(write=False)
    for weight in (0, 0.5, 1):
        persistence = GraphPersistence(
            center=center, topology_weight=weight, fit_inverse_transform=True
        )
        persistence.fit_transform(rows)
    assert_array_equal(rows, before)


@pytest.mark.parametrize("center", CENTERS)
def test_centring_warns_of_no_negative_weights(make_rows, center):
    rows = make_rows(3, 6)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        GraphPersistence(center=center).fit_transform(rows)
        with pytest.raises(UserWarning, match="^X holds negative weights"):
            GraphPersistence(center=center).fit(rows - 0.5)


@pytest.mark.parametrize("center", CENTERS)
def test_the_way_back_leads_to_centred_connectomes(make_rows, center):
    rows = make_rows(6, 7)
    centered = center_rows(rows, center)
    persistence = GraphPersistence(center=center, fit_inverse_transform=True)
    scaled = persistence.fit_transform(rows)
    assert_allclose(persistence.template_, centered.mean(axis=0), atol=1e-15)
    found = persistence.inverse_transform(scaled)
    assert_allclose(bc.barcode_rows(found), bc.barcode_rows(centered), atol=1e-14)
    one = GraphPersistence(center=center, fit_inverse_transform=True).fit(rows[:1])
    assert_allclose(one.inverse_transform(scaled[:1]), centered[:1], atol=1e-14)
    mixed = GraphPersistence(center=center, topology_weight=0.4)
    assert_allclose(
        mixed.inverse_transform(mixed.fit_transform(rows)), centered, atol=1e-12
    )
    top = TopClusterer(2, random_state=0).fit(scaled)
    assert persistence.inverse_transform(top.cluster_centers_).shape == (2, 21)


@pytest.mark.parametrize("center", CENTERS)
def test_edges_keep_their_names(make_rows, center):
    rows = make_rows(4, 6, "ties")
    expected = GraphPersistence().fit(rows).edge_names(rows)
    found = GraphPersistence(center=center).fit(rows).edge_names(rows)
    assert_array_equal(found, expected)


def test_parallel_equals_sequential(make_rows):
    rows = make_rows(7, 20)
    for center in CENTERS:
        persistence = GraphPersistence(center=center).fit(rows)
        expected = persistence.transform(rows)
        assert_array_equal(persistence.set_params(n_jobs=3).transform(rows), expected)
        assert_array_equal(persistence.transform(rows[2:3]), expected[2:3])


@pytest.mark.parametrize("size", [1e-300, 1e300])
def test_weights_of_any_size(make_rows, size):
    rows = make_rows(3, 8)
    units = {"level": size, "scale": 1, "rank": 1}
    for center, unit in units.items():
        expected = rows_of(rows, center=center) * unit
        found = rows_of(rows * size, center=center)
        assert_allclose(found, expected, rtol=1e-9, atol=1e-12 * unit)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_differences_that_overflow_are_refused(dtype):
    rows = np.ones((2, 3), dtype=dtype)
    rows[1] = np.array([-0.9, 0, 0.9]) * np.finfo(dtype).max
    for center in ("level", "scale"):
        with (
            pytest.warns(UserWarning, match="negative"),
            pytest.raises(
                ValueError,
                match=f"^The weights of sample 1 of X .*center='{center}' .*"
                f"which {np.dtype(dtype)} cannot hold. Divide .* first.$",
            ),
        ):
            fitted = GraphPersistence().fit(rows)
            fitted.set_params(center=center).transform(rows)
        ragged = [rows[0], rows[1], np.ones(6)]
        with pytest.raises(ValueError, match="^The weights of sample 1 of X range"):
            GraphPersistence(center=center, n_quantiles=2).fit(ragged)
    assert np.isfinite(rows_of(rows, center="rank")).all()


def test_rounding_is_that_of_the_given_weights():
    eps = 2.0**-52
    rows = np.array([[8.0, 9, 10], [-20, -20, -20]])
    assert rounding_of(rows, None) == rounding_of(rows, "level") == 16 * eps * 20
    assert rounding_of(rows, "rank") == 16 * eps
    deviation = (2 / 3) ** 0.5  # the graph of equal weights has none
    assert_allclose(rounding_of(rows, "scale"), 16 * eps * 10 / deviation)
    single = rows.astype(np.float32)
    assert rounding_of(single, None) == 16 * 2.0**-23 * 20


@pytest.mark.parametrize("center", ["mean", True, 1, ["level"], np.array(["level"])])
def test_unknown_centres(make_rows, center):
    with pytest.raises(
        ValueError,
        match="^center=.* is unknown; expected one of None, 'level', 'scale', 'rank'.$",
    ):
        GraphPersistence(center=center).fit(make_rows(2, 4))
