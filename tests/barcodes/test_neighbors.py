"""The strongest neighbours of nodes, whatever the order and number of candidates."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from sktopo.barcodes._neighbors import Neighbors, _sort_candidates, keep_strongest


def strongest(weights, k):
    """Sort a row by weight, then by node; return the first nodes."""
    return sorted(range(len(weights)), key=lambda node: (-weights[node], node))[:k]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@settings(max_examples=30)
@given(seed=st.integers(0, 1000), k=st.integers(1, 6), size=st.integers(1, 9))
def test_lists_are_those_of_a_sort(dtype, seed, k, size):
    weights = np.random.default_rng(seed).integers(-3, 4, (5, 20)).astype(dtype)
    neighbors, block = Neighbors(5, k, dtype), slice(0, 5)
    for start in range(0, 20, size):
        part = weights[:, start : start + size]
        rows, columns = np.nonzero(part > neighbors.limits(block)[:, None])
        neighbors.offer(block, rows, columns + start, part[rows, columns])
    neighbors.merge(block)
    for row in range(5):
        expected = strongest(weights[row], k)
        assert_array_equal(neighbors.nodes[row], expected)
        assert_array_equal(neighbors.weights[row], weights[row, expected])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_short_rows_end_with_nothing(dtype):
    rows, nodes = np.array([2, 0, 2]), np.array([7, 8, 9])
    weights = np.array([-0.5, -0.0, np.inf], dtype)
    table = keep_strongest(rows, nodes, weights, (3, 2))
    assert_array_equal(table[0], [[8, -1], [-1, -1], [9, 7]])
    assert_array_equal(table[1], [[0, -np.inf], [-np.inf, -np.inf], [np.inf, -0.5]])
    assert table[1].dtype == dtype


def test_zeros_of_either_sign_are_equal():
    weights = np.array([-0.0, 0.0, -0.0], np.float32)
    nodes, _ = keep_strongest(np.zeros(3, int), np.arange(3), weights, (1, 3))
    assert_array_equal(nodes, [[0, 1, 2]])


@pytest.mark.parametrize("n_rows", [4096, 4097, 5000, 8192])
def test_candidates_of_large_blocks_are_sorted(n_rows):
    rng = np.random.default_rng(0)
    rows = rng.integers(0, n_rows, 600_000).astype(np.int32)
    weights = rng.random(len(rows), dtype=np.float32)
    found = _sort_candidates(rows, weights, n_rows)
    assert_array_equal(found, np.lexsort((-weights, rows)))
