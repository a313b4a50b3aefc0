"""Births and deaths of graph filtrations, against independent oracles."""

import networkx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_array_equal
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial.distance import squareform

from sktopo import barcodes as bc
from sktopo.barcodes import _filtration


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


# Sizes from which graphs take each of the three ways to their births.
WAYS = {
    "many together": {"_FEWEST_GRAPHS": 1},
    "given to scipy": {"_BATCHED_NODES": 1},
    "from a sample": {"_BATCHED_NODES": 1, "_COMPILED_NODES": 1},
}


@pytest.fixture(params=WAYS)
def way(request, monkeypatch):
    """Take one of the three ways to find births, whatever the size of the graphs."""
    for name, value in WAYS[request.param].items():
        monkeypatch.setattr(_filtration, name, value)
    return request.param


@pytest.mark.parametrize("n_nodes", [2, 3, 40, 150])
def test_births_equal_networkx(make_rows, kind, n_nodes, way):
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


def test_births_equal_those_of_scipy(way):
    matrix = squareform(np.random.default_rng(5).random(11175) + 1)
    tree = minimum_spanning_tree(3 - matrix * (matrix > 0)).data
    births, _ = bc.birth_death_decomposition([squareform(matrix)])
    np.testing.assert_allclose(births[0], np.sort(3 - tree), rtol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_all_ways_agree(make_rows, kind, dtype):
    rows = np.asfortranarray(make_rows(4, 80, kind, seed=3, dtype=dtype))
    expected = bc.barcode_rows(rows)
    edges = bc.barcode_edges(rows)
    for sizes in WAYS.values():
        with pytest.MonkeyPatch.context() as patch:
            for name, value in sizes.items():
                patch.setattr(_filtration, name, value)
            assert_array_equal(bc.barcode_rows(rows), expected)
            assert_array_equal(bc.barcode_edges(rows), edges)


def test_large_graphs_are_not_given_to_scipy(make_rows, kind, monkeypatch):
    rows = make_rows(1, 1300, kind, dtype=np.float32)
    with monkeypatch.context() as patch:
        patch.setattr(_filtration, "linkage", None)
        found = bc.barcode_rows(rows)
    monkeypatch.setattr(_filtration, "_COMPILED_NODES", 1300)
    assert_array_equal(found, bc.barcode_rows(rows))


@pytest.mark.parametrize("n_nodes", [40, 600])
def test_rows_keep_their_weights(make_rows, kind, n_nodes):
    rows = make_rows(3, n_nodes, kind, seed=2)
    assert_array_equal(np.sort(bc.barcode_rows(rows)), np.sort(rows))


def test_blocks_do_not_show(make_rows, monkeypatch):
    rows = make_rows(7, 12, seed=4)
    whole = bc.barcode_rows(rows)
    monkeypatch.setattr(_filtration, "_BATCH_WIDTH", 24)  # two graphs at a time
    assert_array_equal(bc.barcode_rows(rows), whole)


@pytest.mark.parametrize("n_edges", [2, 4, 5, 7, 8, 9, 11])
def test_incomplete_graphs(n_edges, way):
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
