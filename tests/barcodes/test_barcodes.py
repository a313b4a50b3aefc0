"""The mathematics of barcodes, against independent oracles."""

import networkx
import numpy as np
import ot
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import squareform
from sklearn.metrics.pairwise import euclidean_distances

from sktopo import barcodes as bc


def filtrate_edges(row):
    """Oracle: edges of births and deaths by union-find, strongest first."""
    n_nodes = next(n for n in range(1, 99) if n * (n - 1) // 2 >= len(row))
    pairs = list(zip(*np.triu_indices(n_nodes, 1), strict=True))[: len(row)]
    parent = list(range(n_nodes))

    def root(node):
        while parent[node] != node:
            node = parent[node]
        return node

    births, deaths = [], []
    for edge in sorted(range(len(row)), key=lambda e: -row[e]):
        a, b = (root(node) for node in pairs[edge])
        parent[a] = b
        (deaths if a == b else births).append(edge)
    return births, deaths


def filtrate(row):
    """Oracle: births and deaths, ascending."""
    return tuple(sorted(row[edge] for edge in edges) for edges in filtrate_edges(row))


def weights(min_value=-2, max_value=2):
    """Strategy: finite weights on a coarse grid, so that ties are frequent."""
    return st.integers(min_value * 4, max_value * 4).map(lambda k: k / 4)


def barcode_sets(n_rows, max_nodes=7):
    """Strategy: barcode rows of random graphs of one random size."""
    return st.integers(2, max_nodes).flatmap(
        lambda n: arrays(
            np.float64, (n_rows, n * (n - 1) // 2), elements=weights()
        ).map(bc.barcode_rows)
    )


# --- births and deaths ------------------------------------------------------------


def test_hand_computed_square():
    # Edges 01 02 03 12 13 23; the maximum spanning tree is 01 (9), 23 (8), 12 (5).
    births, deaths = bc.birth_death_decomposition([[9, 2, 1, 5, 3, 8]])
    assert_array_equal(births, [[5, 8, 9]])
    assert_array_equal(deaths, [[1, 2, 3]])


@pytest.mark.parametrize("n_nodes", [2, 3, 4, 9, 30])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_decomposition_equals_union_find(make_rows, kind, n_nodes, dtype):
    rows = make_rows(5, n_nodes, kind, seed=n_nodes, dtype=dtype)
    births, deaths = bc.birth_death_decomposition(rows)
    assert births.dtype == deaths.dtype == dtype
    for row, row_births, row_deaths in zip(rows, births, deaths, strict=True):
        expected_births, expected_deaths = filtrate(row)
        assert_array_equal(row_births, np.array(expected_births, dtype=dtype))
        assert_array_equal(row_deaths, np.array(expected_deaths, dtype=dtype))


@pytest.mark.parametrize("n_nodes", [40, 600])  # below and above _BATCHED_NODES
def test_births_equal_networkx(make_rows, kind, n_nodes):
    rows = make_rows(2, n_nodes, kind, seed=1)
    births, _ = bc.birth_death_decomposition(rows)
    first, second = np.triu_indices(n_nodes, 1)
    for row, row_births in zip(rows, births, strict=True):
        graph = networkx.Graph()
        graph.add_weighted_edges_from(
            zip(first.tolist(), second.tolist(), row.tolist(), strict=True)
        )
        tree = networkx.maximum_spanning_edges(graph, data=True)
        assert_array_equal(row_births, sorted(d["weight"] for *_, d in tree))


@pytest.mark.parametrize("n_nodes", [40, 600])
def test_rows_keep_their_weights(make_rows, kind, n_nodes):
    rows = make_rows(3, n_nodes, kind, seed=2)
    assert_array_equal(np.sort(bc.barcode_rows(rows)), np.sort(rows))


def test_both_walks_agree(make_rows, kind, monkeypatch):
    rows = make_rows(4, 25, kind, seed=3)
    batched = bc.barcode_rows(rows)
    monkeypatch.setattr(bc, "_BATCHED_NODES", 1)
    assert_array_equal(bc.barcode_rows(rows), batched)


def test_blocks_do_not_show(make_rows, monkeypatch):
    rows = make_rows(7, 12, seed=4)
    whole = bc.barcode_rows(rows)
    monkeypatch.setattr(bc, "_BATCH_WIDTH", 24)  # two graphs at a time
    assert_array_equal(bc.barcode_rows(rows), whole)


@pytest.mark.parametrize("n_edges", [2, 4, 5, 7, 8, 9, 11])
@pytest.mark.parametrize("batched", [0, 99])
def test_incomplete_graphs(n_edges, batched, monkeypatch):
    monkeypatch.setattr(bc, "_BATCHED_NODES", batched)
    rows = np.random.default_rng(n_edges).normal(size=(6, n_edges))
    births, deaths = bc.birth_death_decomposition(rows)
    for row, row_births, row_deaths in zip(rows, births, deaths, strict=True):
        expected = filtrate(row)
        assert_array_equal(row_births, expected[0])
        assert_array_equal(row_deaths, expected[1])


def test_one_and_two_nodes():
    births, deaths = bc.birth_death_decomposition(np.empty((3, 0)))
    assert births.shape == deaths.shape == (3, 0)
    births, deaths = bc.birth_death_decomposition([[0.3], [-0.2]])
    assert_array_equal(births, [[0.3], [-0.2]])
    assert deaths.shape == (2, 0)


@pytest.mark.parametrize("n_nodes", range(1, 40))
def test_count_nodes(n_nodes):
    full = n_nodes * (n_nodes - 1) // 2
    assert bc.count_nodes(full) == n_nodes
    assert bc.count_nodes(full + 1) == n_nodes + 1


@given(data=st.data(), n_nodes=st.integers(2, 9))
def test_relabelling_nodes_changes_nothing(data, n_nodes):
    row = data.draw(
        arrays(np.float64, n_nodes * (n_nodes - 1) // 2, elements=weights())
    )
    order = data.draw(st.permutations(range(n_nodes)))
    relabelled = squareform(squareform(row)[np.ix_(order, order)])
    assert_array_equal(bc.barcode_rows([relabelled]), bc.barcode_rows([row]))


@given(
    row=arrays(np.float64, 15, elements=weights()),
    shift=weights(),
    scale=st.sampled_from([0.25, 1, 4]),
)
def test_monotone_maps_move_births_and_deaths_alike(row, shift, scale):
    moved = bc.barcode_rows([scale * row + shift])
    assert_array_equal(moved, scale * bc.barcode_rows([row]) + shift)


def test_input_is_left_alone(make_rows):
    rows = make_rows(3, 8)
    before = rows.copy()
    births, _ = bc.birth_death_decomposition(rows)
    births[:] = -1
    assert_array_equal(rows, before)


@pytest.mark.parametrize(
    "bad", [[[np.nan, 1, 2]], [[np.inf, 1, 2]], np.array([[1j, 1, 2]]), [1.0]]
)
def test_bad_rows_raise(bad):
    with pytest.raises(ValueError):
        bc.barcode_rows(bad)


@given(st.integers(0, 36), st.integers(0, 2**32 - 1))
def test_edges_are_those_of_a_filtration(n_edges, seed):
    # Any number of edges: complete or not, and with many ties.
    rows = np.random.default_rng(seed).integers(-3, 4, (3, n_edges)) / 2
    kept = rows.copy()
    edges = bc.barcode_edges(rows)
    assert_array_equal(rows, kept)
    assert_array_equal(np.take_along_axis(rows, edges, axis=1), bc.barcode_rows(rows))
    for row, row_edges in zip(rows, edges, strict=True):
        births, deaths = filtrate_edges(row)
        assert_array_equal(row_edges, [*births[::-1], *deaths[::-1]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_edges_of_many_nodes(make_rows, dtype):
    rows = make_rows(1, 600, dtype=dtype)  # more than are walked in a batch
    edges = bc.barcode_edges(rows)
    assert_array_equal(np.sort(edges[0]), np.arange(rows.shape[1]))
    assert_array_equal(np.take_along_axis(rows, edges, axis=1), bc.barcode_rows(rows))


# --- distances --------------------------------------------------------------------


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
    with pytest.raises(ValueError, match="sum form"):
        bc.wasserstein_distance([1, 2, 3], [1, 2, 3, 4, 5, 6], normalize=False)
    with pytest.raises(ValueError, match="none"):
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


def test_rows_that_are_no_barcodes(make_rows):
    rows = make_rows(3, 6)
    for function in (bc.wasserstein_distances, bc.barycenter, bc.scale_barcodes):
        with pytest.raises(ValueError, match="do not ascend"):
            function(rows)


@pytest.mark.parametrize("normalize", [True, False])
def test_unscaling_undoes_scaling(make_rows, normalize):
    barcodes = bc.barcode_rows(make_rows(4, 6, dtype=np.float32))
    scaled = bc.scale_barcodes(barcodes, normalize=normalize)
    back = bc.unscale_barcodes(scaled, normalize=normalize)
    assert back.dtype == np.float32
    assert_allclose(back, barcodes, rtol=1e-6)


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


def test_quantiles_of_float32_are_summed_in_float64():
    values = np.full((1, 498_501), 0.1, dtype=np.float32)
    assert bc.quantile_vectors(values, 1)[0, 0] == np.float32(0.1)


def test_variance_of_large_float32_sets():
    values = np.random.default_rng(0).normal(100, 1, size=(20_000, 1))
    values = values.astype(np.float32)
    expected = values.astype(float).var()
    assert_allclose(bc.wasserstein_variance(values), expected, rtol=1e-12)


def test_squared(make_rows):
    barcodes = bc.barcode_rows(make_rows(4, 6))
    squared = bc.wasserstein_distances(barcodes, squared=True)
    assert_allclose(np.sqrt(squared), bc.wasserstein_distances(barcodes))


# --- barycenter, variance, quantiles ----------------------------------------------


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
        with pytest.raises(ValueError, match="weights must be 2"):
            bc.barycenter(barcodes, weights=weights_)


def test_barycenter_keeps_float32(make_rows):
    barcodes = bc.barcode_rows(make_rows(9, 5, dtype=np.float32))
    center = bc.barycenter(barcodes)
    assert center.dtype == np.float32
    assert_array_equal(center, barcodes.astype(float).mean(axis=0).astype(np.float32))


@pytest.mark.parametrize(("n_values", "q"), [(6, 6), (6, 12), (6, 3), (6, 4), (5, 7)])
def test_quantiles_integrate_the_quantile_function(n_values, q):
    values = np.sort(np.random.default_rng(q).normal(size=n_values))
    fine = np.repeat(values, q)  # the quantile function on n_values * q equal pieces
    expected = fine.reshape(q, n_values).mean(axis=1)
    assert_allclose(bc.quantile_vectors([values], q)[0], expected, rtol=1e-12)


@given(
    st.integers(1, 9), st.integers(1, 9), st.integers(1, 30), st.integers(0, 2**32 - 1)
)
def test_quantile_distances_never_exceed_wasserstein(n_1, n_2, q, seed):
    rng = np.random.default_rng(seed)
    values = [np.sort(rng.normal(size=n)) for n in (n_1, n_2)]
    exact = ot.emd2_1d(*values, metric="sqeuclidean")
    vectors = [bc.quantile_vectors([v], q)[0] for v in values]
    assert np.mean((vectors[0] - vectors[1]) ** 2) <= exact + 1e-9
    common = [bc.quantile_vectors([v], n_1 * n_2)[0] for v in values]
    assert_allclose(np.mean((common[0] - common[1]) ** 2), exact, atol=1e-9)


@pytest.mark.parametrize("q", [0, 2.5, "3"])
def test_bad_quantiles(q):
    with pytest.raises(ValueError, match="n_quantiles"):
        bc.quantile_vectors([[1.0, 2.0]], q)


@given(barcode_sets(3))
def test_variance_is_half_the_mean_squared_distance(barcodes):
    squared = bc.wasserstein_distances(barcodes, squared=True)
    assert_allclose(bc.wasserstein_variance(barcodes), squared.mean() / 2, atol=1e-12)
