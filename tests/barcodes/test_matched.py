"""Trees of graphs that share their nodes, against definitions and by hand."""

from itertools import combinations, pairwise

import gudhi
import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import squareform
from scipy.stats import spearmanr
from sklearn.metrics import pairwise_distances

from sktopo import barcodes as bc
from sktopo.inference import permutation_test

FUNCTIONS = [bc.matched_tree_distances, bc.merge_order_correlations]


def graph_sets(n_graphs, min_nodes=3):
    """Strategy: connectome rows on the same nodes, on a coarse grid with many ties."""
    values = st.integers(-8, 8).map(lambda k: k / 4)
    return st.integers(min_nodes, 6).flatmap(
        lambda n: arrays(np.float64, (n_graphs, n * (n - 1) // 2), elements=values)
    )


def to_graph(row):
    """Make a graph of networkx from a connectome row."""
    return nx.from_edgelist(
        (i, j, {"weight": weight})
        for (i, j), weight in zip(
            combinations(range(bc.count_nodes(len(row))), 2), row, strict=True
        )
    )


def count_components(row, threshold):
    graph = to_graph(row)
    weak = [edge for edge in graph.edges if graph.edges[edge]["weight"] <= threshold]
    graph.remove_edges_from(weak)
    return nx.number_connected_components(graph)


def integrate_components(row_1, row_2):
    """Oracle: integrate how many components of row_1 the edges of row_2 join."""
    levels = np.unique([row_1, row_2])
    joint = np.maximum(row_1, row_2)
    return sum(
        (high - low) * (count_components(row_1, low) - count_components(joint, low))
        for low, high in pairwise(levels)
    )


def find_bottlenecks(row):
    """Oracle: the weakest edge on the path of each pair in the tree of Kruskal."""
    tree = nx.maximum_spanning_tree(to_graph(row), algorithm="kruskal")
    weakest = []
    for i, j in combinations(range(bc.count_nodes(len(row))), 2):
        path = pairwise(nx.shortest_path(tree, i, j))
        weakest.append(min(tree.edges[edge]["weight"] for edge in path))
    return weakest


def permute_nodes(rows, seed=0):
    matrices = np.array([squareform(row) for row in rows])
    order = np.random.default_rng(seed).permutation(matrices.shape[1])
    return np.array([squareform(m[np.ix_(order, order)]) for m in matrices])


# ---- by hand
# Four nodes: the chain 1-2-3-4 at 3, 2, 1 and the chain 2-4-1-3 at 3, 2, 1. Joint
# births are 3, 3, 2; the edges are 12, 13, 14, 23, 24, 34.
CHAIN = [3.0, 0, 0, 2, 0, 1]
OTHER_CHAIN = [0.0, 1, 2, 0, 3, 0]
# Nodes 1-2 and 3-4 at 2, both at 1: the joint graph with CHAIN adds 34 at 2.
PAIRS = [2.0, 1, 0, 0, 0, 2]


def test_distances_by_hand():
    assert bc.matched_tree_distance(CHAIN, OTHER_CHAIN) == 2  # 8 - 6 both ways
    assert bc.matched_tree_distance(CHAIN, PAIRS, symmetric=False) == 1  # 7 - 6
    assert bc.matched_tree_distance(PAIRS, CHAIN, symmetric=False) == 2  # 7 - 5
    assert bc.matched_tree_distance(CHAIN, PAIRS) == 1.5


def test_correlations_by_hand():
    # Ranks of 12, 13, 14, 23, 24, 34: 6, 4.5, 2, 4.5, 2, 2 and 5.5, 2.5, 2.5, 2.5,
    # 2.5, 5.5. Less 3.5: 2.5, 1, -1.5, 1, -1.5, -1.5 and 2, -1, -1, -1, -1, 2.
    expected = (5 - 1 + 1.5 - 1 + 1.5 - 3) / np.sqrt(15 * 12)
    assert bc.merge_order_correlation(CHAIN, PAIRS) == pytest.approx(expected)


def test_the_edges_of_all_or_of_nothing():
    full, empty = np.ones(6), np.zeros(6)
    assert bc.matched_tree_distance(empty, full, symmetric=False) == 3  # 3 births
    assert bc.matched_tree_distance(full, empty, symmetric=False) == 0


# ---- oracles
@settings(max_examples=20, deadline=None)
@given(graph_sets(2))
def test_distance_counts_components(rows):
    first, second = rows
    forth = bc.matched_tree_distance(first, second, symmetric=False)
    back = bc.matched_tree_distance(second, first, symmetric=False)
    assert_allclose(forth, integrate_components(first, second), atol=1e-12)
    assert_allclose(back, integrate_components(second, first), atol=1e-12)
    symmetric = bc.matched_tree_distance(first, second)
    assert_allclose(symmetric, (forth + back) / 2, atol=1e-12)


def sum_bars_of_gudhi(row):
    """Oracle: the sum of the finite bars of components, with distances 5 - weight."""
    complex_ = gudhi.SimplexTree()
    n_nodes = bc.count_nodes(len(row))
    for node in range(n_nodes):
        complex_.insert([node], 0)
    for edge, weight in zip(combinations(range(n_nodes), 2), row, strict=True):
        complex_.insert(list(edge), 5 - weight)
    complex_.compute_persistence()
    bars = complex_.persistence_intervals_in_dimension(0)
    return bars[np.isfinite(bars).all(axis=1), 1].sum()


def test_distance_in_distances_is_that_of_gudhi(make_rows, kind):
    first, second = make_rows(2, 7, kind, seed=3)
    # min(5 - a, 5 - b) are the distances of the joint graph.
    joint = 5 - np.minimum(5 - first, 5 - second)
    expected = sum_bars_of_gudhi(first) - sum_bars_of_gudhi(joint)
    found = bc.matched_tree_distance(first, second, symmetric=False)
    assert_allclose(found, expected, atol=1e-12)


@settings(max_examples=20, deadline=None)
@given(graph_sets(2))
def test_correlation_is_spearmans_of_bottlenecks(rows):
    bottlenecks = [find_bottlenecks(row) for row in rows]
    if any(np.ptp(values) == 0 for values in bottlenecks):
        with pytest.raises(ValueError, match="joins all its nodes at the weight"):
            bc.merge_order_correlations(rows)
        return
    expected = spearmanr(*bottlenecks).statistic
    assert_allclose(bc.merge_order_correlation(*rows), expected, atol=1e-12)


@pytest.mark.parametrize("n_nodes", [40, 520, 1002])
def test_distance_from_births_at_every_size(make_rows, n_nodes):
    rows = make_rows(3, n_nodes, "continuous" if n_nodes < 1000 else "ties")
    births = [bc.birth_death_decomposition(row[None])[0].sum() for row in rows]
    joint = np.maximum(rows[0], rows[2])[None]
    expected = bc.birth_death_decomposition(joint)[0].sum() - births[0]
    found = bc.matched_tree_distances(rows, symmetric=False)
    assert_allclose(found[0, 2], expected, rtol=1e-10)


# ---- what holds for all graphs
@settings(max_examples=30, deadline=None)
@given(graph_sets(3, min_nodes=4))
def test_distance_is_a_metric_of_trees(rows):
    for symmetric in (True, False):
        distances = bc.matched_tree_distances(rows, symmetric=symmetric)
        assert (distances >= 0).all()
        assert_array_equal(distances.diagonal(), 0)
        detours = distances[:, :, None] + distances[None]
        assert (distances[:, None] <= detours + 1e-12).all()
    births, _ = bc.birth_death_decomposition(rows)
    distances = bc.matched_tree_distances(rows)
    assert_array_equal(distances, distances.T)
    gaps = np.abs(births[:, None] - births)
    assert (distances >= gaps.sum(axis=2) / 2 - 1e-12).all()
    largest = np.abs(rows[:, None] - rows).max(axis=2)
    assert (distances <= births.shape[1] * largest + 1e-12).all()
    trees = np.array([find_bottlenecks(row) for row in rows])
    is_equal = (trees[:, None] == trees).all(axis=2)
    assert_array_equal(distances == 0, is_equal)


def test_relabelling_both_graphs_changes_nothing(make_rows, kind):
    rows = make_rows(4, 7, kind if kind != "constant" else "ties")
    relabelled = permute_nodes(rows)
    for function in FUNCTIONS:
        assert_allclose(function(relabelled), function(rows), atol=1e-12)


def test_relabelling_one_graph_is_seen_and_barcodes_do_not_see_it(make_rows):
    row = make_rows(1, 9)
    other = permute_nodes(row)
    assert_allclose(bc.barcode_rows(other), bc.barcode_rows(row))
    assert bc.matched_tree_distances(row, other)[0, 0] > 0.1
    assert bc.merge_order_correlations(row, other)[0, 0] < 0.9


def test_correlation_ignores_increasing_functions_of_weights(make_rows):
    rows = make_rows(2, 9, "negative")
    expected = bc.merge_order_correlation(*rows)
    found = bc.merge_order_correlation(np.exp(rows[0]), rows[1] ** 3 - 4)
    assert_allclose(found, expected, rtol=1e-12)
    assert bc.merge_order_correlation(rows[0], rows[0] * 3 - 1) == pytest.approx(1)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_halves_of_a_set_equal_the_set(function, make_rows, monkeypatch):
    rows = make_rows(7, 6, "ties", dtype=np.float32)
    whole = function(rows)
    assert whole.dtype == np.float64
    assert_array_equal(function(rows.astype(np.float64)), whole)
    assert_allclose(function(rows[:3], rows[3:]), whole[:3, 3:], atol=1e-12)
    monkeypatch.setattr("sktopo.barcodes._matched._NUMBERS", 30)
    assert_array_equal(function(rows), whole)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_absent_edges_join_nothing(function, make_rows):
    rows = make_rows(3, 6, "continuous")[:, :12]
    padded = np.pad(rows, ((0, 0), (0, 3)), constant_values=-0.0)
    expected = function(padded)
    assert_allclose(function(rows), expected, atol=1e-12)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_matrices_are_as_good_as_rows(function, make_rows):
    rows = make_rows(3, 5)
    matrices = np.array([squareform(row) + np.eye(5) for row in rows])
    frames = [pd.DataFrame(m, columns=list("abcde")) for m in matrices]
    before = matrices.copy()
    for given_graphs in (matrices, list(matrices), frames, pd.DataFrame(rows)):
        assert_array_equal(function(given_graphs), function(rows))
    assert_array_equal(matrices, before)
    single = getattr(bc, function.__name__.removesuffix("s"))
    assert single(matrices[0], frames[1]) == pytest.approx(function(rows)[0, 1])


def test_distances_go_where_scikit_learn_takes_metrics(make_rows):
    rows = make_rows(8, 5)
    distances = bc.matched_tree_distances(rows)
    found = pairwise_distances(rows, metric=bc.matched_tree_distance)
    assert_allclose(found, distances)
    for precomputed in (distances, 1 - bc.merge_order_correlations(rows)):
        result = permutation_test(precomputed, [0, 1] * 4, metric="precomputed")
        assert 0 < result.pvalue <= 1


# ---- errors
@pytest.mark.parametrize("function", FUNCTIONS)
def test_nodes_must_correspond(function, make_rows):
    rows = make_rows(2, 4)
    with pytest.raises(ValueError, match="connectomes_1 have 6 edges"):
        function(rows, rows[:, :3])
    matrices = [squareform(row) for row in rows]
    with pytest.raises(ValueError, match=r"Sample 1 of connectomes_1 has the shape"):
        function([matrices[0], matrices[1][:3, :3]])
    frames = [
        pd.DataFrame(matrix, columns=list(names))
        for matrix, names in zip(matrices, ("abcd", "abdc"), strict=True)
    ]
    with pytest.raises(ValueError, match=r"Sample 1 of connectomes_1 has 'd' in col"):
        function(frames)
    with pytest.raises(ValueError, match=r"Sample 0 of connectomes_2 has 'd' in col"):
        function(frames[:1], frames[1:])
    with pytest.raises(ValueError, match=r"looks like one symmetric matrix of 4"):
        function(matrices[0])


def test_graphs_without_an_order_are_named(make_rows):
    rows = make_rows(3, 4)
    rows[1] = 0.5
    with pytest.raises(ValueError, match=r"Sample 1 of connectomes_2 joins all its"):
        bc.merge_order_correlations(rows[[0, 2]], rows)
    assert np.isfinite(bc.matched_tree_distances(rows)).all()


def test_large_and_small_weights(make_rows):
    rows = make_rows(3, 5, "negative")
    expected = bc.matched_tree_distances(rows)
    for unit in (2.0**-1000, 2.0**1000):
        assert_array_equal(bc.matched_tree_distances(rows * unit), expected * unit)
    with pytest.raises(ValueError, match="too large for float64"):
        bc.matched_tree_distances([[1.7e308] * 3, [-1.7e308] * 3])
