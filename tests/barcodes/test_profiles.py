"""Tests of the profiles as functions of one graph."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import linear_sum_assignment
from scipy.sparse.csgraph import laplacian
from scipy.spatial.distance import squareform

from sktopo.barcodes import barcode_rows, profiles
from sktopo.barcodes.profiles import (
    PROFILES,
    births,
    deaths,
    local_distributions,
    spectrum,
    strengths,
)

# Edges 01, 02, 03, 12, 13, 23, and those between nodes 0, 1 and nodes 2, 3.
GRAPH = [0.9, 0.1, 0.2, 0.3, 0.4, 0.8]
BETWEEN = [[0.1, 0.2], [0.3, 0.4]]

# Few different weights, so that there are ties, zeros and negative weights.
ROWS = st.integers(2, 7).flatmap(
    lambda n: arrays(float, n * (n - 1) // 2, elements=st.integers(-2, 3))
)
TABLES = st.tuples(st.integers(1, 5), st.integers(1, 5)).flatmap(
    lambda shape: arrays(float, shape, elements=st.integers(-2, 3))
)
each_profile = pytest.mark.parametrize("profile", list(PROFILES))


def make_row(seed, n_nodes):
    return np.random.default_rng(seed).normal(size=n_nodes * (n_nodes - 1) // 2)


def as_matrix(weights):
    """Return the matrix of a complete graph, or of a bipartite one."""
    if np.ndim(weights) == 1:
        return squareform(weights)
    n_1, n_2 = np.shape(weights)
    matrix = np.zeros((n_1 + n_2, n_1 + n_2))
    matrix[:n_1, n_1:] = weights
    return matrix + matrix.T


def as_graph(weights):
    """Return the same as a graph of networkx, in which edges of weight 0 are edges."""
    networkx = pytest.importorskip("networkx")
    graph, matrix = networkx.Graph(), as_matrix(weights)
    n_1 = np.shape(weights)[0] if np.ndim(weights) == 2 else 0
    graph.add_nodes_from(range(len(matrix)))
    for i, j in zip(*np.triu_indices(len(matrix), 1), strict=True):
        if not n_1 or (i < n_1 <= j):
            graph.add_edge(i, j, weight=matrix[i, j])
    return graph


# ---- computed by hand
def test_a_graph_of_four_nodes():
    assert_array_equal(births(GRAPH), [0.4, 0.8, 0.9])
    assert_array_equal(deaths(GRAPH), [0.1, 0.2, 0.3])
    assert_allclose(strengths(GRAPH), [0.4, 0.4, 1.4 / 3, 1.6 / 3])
    assert_array_equal(
        local_distributions(GRAPH),
        [[0.1, 0.1, 0.2, 0.3], [0.2, 0.3, 0.4, 0.4], [0.8, 0.8, 0.9, 0.9]],
    )


def test_between_two_groups_of_two_nodes():
    assert_array_equal(births(BETWEEN), [0.2, 0.3, 0.4])
    assert_array_equal(deaths(BETWEEN), [0.1])
    assert_allclose(strengths(BETWEEN), [0.15, 0.2, 0.3, 0.35])
    first, second = local_distributions(BETWEEN)
    assert_array_equal(first, [[0.1, 0.3], [0.2, 0.4]])
    assert_array_equal(second, [[0.1, 0.2], [0.3, 0.4]])
    # The singular values of the normalised weights are 1 and their determinant.
    determinant = 0.02 / np.sqrt(0.3 * 0.7 * 0.4 * 0.6)
    assert_allclose(
        spectrum(BETWEEN), [0, 1 - determinant, 1 + determinant, 2], atol=1e-15
    )


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ([0.5] * 6, [0, 4 / 3, 4 / 3, 4 / 3]),
        ([2, 0, 2, 2, 0, 2], [0, 1, 1, 2]),  # a cycle
        ([-3, 0, 0, 0, 0, 7], [0, 0, 2, 2]),  # two edges; signs do not count
        ([0, 0, 0, 5, 0, 0], [0, 0, 0, 2]),  # two isolated nodes
        ([0] * 6, [0] * 4),
        ([[1, 2, 3]], [0, 1, 1, 2]),  # a star
        ([[4, 0, 0]], [0, 0, 0, 2]),
        ([[0, 0], [0, 0]], [0] * 4),
        ([[5, 0], [0, 1]], [0, 0, 2, 2]),
    ],
)
def test_spectra_known_in_theory(weights, expected):
    assert_allclose(spectrum(weights), expected, atol=1e-15)


def test_one_edge():
    for weights in ([0.5], [[0.5]]):
        assert_array_equal(births(weights), [0.5])
        assert deaths(weights).shape == (0,)
        assert_array_equal(strengths(weights), [0.5, 0.5])
        assert_allclose(spectrum(weights), [0, 2], atol=1e-15)
    assert_array_equal(local_distributions([0.5]), [[0.5, 0.5]])
    assert_array_equal(local_distributions([[0.5]]), [[[0.5]], [[0.5]]])


# ---- against others
@settings(max_examples=60, deadline=None)
@given(st.one_of(ROWS, TABLES))
def test_against_networkx(weights):
    networkx = pytest.importorskip("networkx")
    graph = as_graph(weights)
    tree = networkx.maximum_spanning_tree(graph)
    found = sorted(weight for *_, weight in tree.edges(data="weight"))
    assert_array_equal(births(weights), found)
    total = dict(graph.degree(weight="weight"))
    means = [total[node] / degree for node, degree in graph.degree()]
    assert_allclose(strengths(weights), np.sort(means), atol=1e-14)
    for *_, data in graph.edges(data=True):
        data["weight"] = abs(data["weight"])
    matrix = networkx.normalized_laplacian_matrix(graph).toarray()
    assert_allclose(spectrum(weights), np.linalg.eigvalsh(matrix), atol=1e-13)


@settings(max_examples=60, deadline=None)
@given(st.one_of(ROWS, TABLES))
def test_births_and_deaths_are_all_weights(weights):
    both = np.concatenate([births(weights), deaths(weights)])
    assert_array_equal(np.sort(both), np.sort(weights, axis=None))
    assert (np.diff(deaths(weights)) >= 0).all()


@settings(max_examples=40, deadline=None)
@given(st.one_of(ROWS, TABLES))
def test_spectrum_against_scipy(weights):
    matrix = laplacian(np.abs(as_matrix(weights)), normed=True)
    assert_allclose(spectrum(weights), np.linalg.eigvalsh(matrix), atol=1e-13)


def test_births_and_deaths_are_those_of_barcodes():
    row = make_row(0, 9)
    both = np.concatenate([births(row), deaths(row)])
    assert_array_equal(both, barcode_rows([row])[0])
    incomplete = row[:-3]
    both = np.concatenate([births(incomplete), deaths(incomplete)])
    assert_array_equal(both, barcode_rows([incomplete])[0])


@pytest.mark.parametrize("n_nodes", [4, 1001, 1002])
def test_births_of_large_graphs_between_groups(n_nodes):
    weights = np.random.default_rng(1).normal(size=(3, n_nodes - 3))
    # Each node of the second group keeps its strongest edge, and two more edges join
    # the three nodes of the first.
    found = births(weights)
    assert len(found) == n_nodes - 1
    leaves = np.sort(weights.max(axis=0))
    assert np.isin(leaves, found).all()
    assert_array_equal(
        np.sort(np.concatenate([found, deaths(weights)])), np.sort(weights, axis=None)
    )


def test_local_distributions_against_a_loop():
    matrix = squareform(make_row(2, 6))
    sorted_weights = [sorted(np.delete(matrix[i], i)) for i in range(6)]
    expected = [sorted(node[k] for node in sorted_weights) for k in range(5)]
    assert_array_equal(local_distributions(squareform(matrix)), expected)
    table = np.random.default_rng(2).normal(size=(3, 5))
    first, second = local_distributions(table)
    nodes = [sorted(row) for row in table]
    assert_array_equal(first, [sorted(n[k] for n in nodes) for k in range(5)])
    nodes = [sorted(row) for row in table.T]
    assert_array_equal(second, [sorted(n[k] for n in nodes) for k in range(3)])


@pytest.mark.parametrize("seed", range(5))
def test_local_distance_lies_between_two_lower_bounds(seed):
    one, other = make_row(seed, 8), make_row(seed + 100, 8) * 1.5
    local = np.mean((local_distributions(one) - local_distributions(other)) ** 2)
    second = np.mean((np.sort(one) - np.sort(other)) ** 2)
    nodes = [
        np.array([np.sort(np.delete(row, i)) for i, row in enumerate(squareform(x))])
        for x in (one, other)
    ]
    costs = np.mean((nodes[0][:, None] - nodes[1]) ** 2, axis=2)
    third = costs[linear_sum_assignment(costs)].mean()
    assert second < local < third


# ---- what changes nothing
@each_profile
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_order_of_nodes_changes_nothing(profile, dtype):
    function, rng = PROFILES[profile], np.random.default_rng(3)
    matrix, order = squareform(make_row(3, 7).astype(dtype)), rng.permutation(7)
    before = function(squareform(matrix))
    after = function(squareform(matrix[np.ix_(order, order)]))
    assert before.dtype == after.dtype == dtype
    tolerance = 1e-13 if dtype == np.float64 else 1e-6
    assert_allclose(after, before, rtol=0, atol=tolerance)
    table = rng.normal(size=(3, 5)).astype(dtype)
    before = function(table)
    after = function(table[rng.permutation(3)][:, rng.permutation(5)])
    for one, other in zip(before, after, strict=True):
        assert one.dtype == dtype
        assert_allclose(other, one, rtol=0, atol=tolerance)


@each_profile
@pytest.mark.parametrize("unit", [2.0**-1000, 2.0**1020])
@pytest.mark.parametrize("weights", [make_row(4, 6), make_row(4, 5).reshape(2, 5)])
def test_units(profile, unit, weights):
    before = PROFILES[profile](weights / 8)
    after = PROFILES[profile](weights / 8 * unit)
    power = 0 if profile == "spectrum" else 1
    for one, other in zip(before, after, strict=True):
        assert_allclose(other, one * unit**power, rtol=1e-13, atol=0)


@each_profile
def test_values_ascend_and_the_input_is_kept(profile):
    for weights in (make_row(5, 6), make_row(5, 5).reshape(5, 2)):
        before = weights.copy()
        weights.flags.writeable = False
        found = PROFILES[profile](weights)
        for values in found if isinstance(found, tuple) else (found,):
            assert (np.diff(values, axis=-1) >= 0).all()
        assert_array_equal(weights, before)


# ---- errors
@each_profile
@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.array(1.5), r"weights has shape \(\); expected a connectome row"),
        ([], r"weights has shape \(0,\); expected a connectome row"),
        (np.ones((0, 3)), r"weights has shape \(0, 3\)"),
        (np.ones((2, 2, 2)), r"weights has shape \(2, 2, 2\)"),
        ([1, np.nan, 2], "weights contains NaN as the weight of edge x0--x2"),
        ([[1, 2], [np.inf, 3]], "weights contains infinity in node 1, node 0"),
        (squareform(GRAPH), "weights looks like the symmetric matrix of one graph"),
    ],
)
def test_wrong_weights_are_refused(profile, weights, message):
    with pytest.raises(ValueError, match=message):
        PROFILES[profile](weights)


def test_text_is_refused():
    with pytest.raises((TypeError, ValueError), match="weights"):
        strengths(["a", "b"])


def test_the_spectrum_of_too_many_nodes_is_refused(monkeypatch):
    monkeypatch.setitem(profiles.MOST_NODES, "spectrum", 3)
    assert spectrum([1.0, 2.0, 3.0]).shape == (3,)
    for weights in (GRAPH, BETWEEN):
        with pytest.raises(ValueError, match="of 4 nodes takes too long; expected at"):
            spectrum(weights)
