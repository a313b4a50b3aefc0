"""The maximum spanning tree from lists of neighbours, and what it computes again."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from sktopo.barcodes import barcode_edges
from sktopo.barcodes._neighbors import Neighbors, keep_strongest
from sktopo.barcodes._spanning import find_tree


class MatrixTiles:
    """Tiles that are read from a matrix, and counted."""

    block = 8

    def __init__(self, matrix):
        self.matrix, self.n_rows = matrix, 0

    def compute(self, rows, columns):
        self.n_rows += len(rows) * (columns.start == 0)
        return self.matrix[rows, columns].copy()

    def to_numpy(self, tile):
        return tile


def make_matrix(kind, n, seed):
    rng = np.random.default_rng(seed)
    matrix = {
        "random": lambda: rng.random((n, n)),
        "ties": lambda: rng.integers(0, 3, (n, n)) / 2,
        "equal": lambda: np.ones((n, n)),
        "clusters": lambda: (
            np.equal.outer(np.arange(n) % 4, np.arange(n) % 4) + rng.random((n, n)) / 2
        ),
        "negative": lambda: -rng.random((n, n)),
    }[kind]()
    return np.triu(matrix, 1) + np.triu(matrix, 1).T


def list_neighbors(matrix, k):
    n = len(matrix)
    rows, columns = np.nonzero(~np.eye(n, dtype=bool))
    neighbors = Neighbors(n, k, matrix.dtype)
    table = keep_strongest(rows, columns, matrix[rows, columns], (n, k))
    neighbors.nodes, neighbors.weights = table
    return neighbors


KINDS = ("random", "ties", "equal", "clusters", "negative")


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=15)
@given(n=st.integers(2, 40), k=st.integers(1, 6), seed=st.integers(0, 99))
def test_the_tree_is_that_of_the_matrix(kind, n, k, seed):
    matrix = make_matrix(kind, n, seed)
    upper = np.triu_indices(n, 1)
    tiles = MatrixTiles(matrix)
    first, second, weights, n_again = find_tree(
        list_neighbors(matrix, min(k, n - 1)), tiles
    )
    assert n_again == tiles.n_rows
    assert_array_equal(weights, matrix[first, second])
    # Of equal weights the first in the row is the stronger, as in `barcode_edges`.
    edges = barcode_edges(matrix[upper][None])[0, : n - 1]
    expected = {(int(upper[0][edge]), int(upper[1][edge])) for edge in edges}
    found = set(zip(first.tolist(), second.tolist(), strict=True))
    assert found == expected


def test_full_lists_need_no_second_look():
    matrix = make_matrix("clusters", 30, 0)
    *_, n_again = find_tree(list_neighbors(matrix, 29), MatrixTiles(matrix))
    assert n_again == 0


def test_weights_that_rounding_makes_asymmetric_close_no_cycle():
    matrix = np.ones((12, 12)) + np.random.default_rng(0).random((12, 12)) * 1e-15
    first, second, _, _ = find_tree(list_neighbors(matrix, 2), MatrixTiles(matrix))
    reached = {0}
    for _ in range(12):
        for pair in zip(first.tolist(), second.tolist(), strict=True):
            if reached & set(pair):
                reached |= set(pair)
    assert len(first) == 11 and len(reached) == 12


@pytest.mark.parametrize("n", [0, 1])
def test_no_edges(n):
    first, _, weights, n_again = find_tree(Neighbors(n, 1, np.float32), None)
    assert len(first) == len(weights) == n_again == 0
