"""Symmetric matrices and their connectome rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from scipy.spatial.distance import squareform

from sktopo._utils.matrices import (
    SYMMETRY,
    looks_symmetric,
    read_matrix,
    upper_triangle,
)


def test_the_upper_triangle_is_in_the_order_of_squareform():
    matrix = np.array([[9.0, 1, 2], [1, 9, 3], [2, 3, 9]])
    assert_array_equal(upper_triangle(matrix, "X"), [1, 2, 3])


@pytest.mark.parametrize("unit", [1e-20, 1.0, 1e20])
def test_asymmetry_is_judged_by_the_spread_of_the_weights(unit):
    matrix = unit * np.array([[0.0, 1, 2], [1, 0, 4], [2, 4, 0]])
    matrix[0, 1] += 2 * SYMMETRY * unit
    assert upper_triangle(matrix, "X")[0] == matrix[0, 1]
    matrix[0, 1] += 2 * SYMMETRY * unit
    with pytest.raises(ValueError, match="the matrix of network 3 is not symmetric"):
        upper_triangle(matrix, "the matrix of network 3")


@given(st.integers(0, 2**16), st.integers(3, 7), st.sampled_from([0.0, 1.0, 1e6]))
@settings(max_examples=30, deadline=None)
def test_matrices_look_symmetric_only_if_they_are(seed, n, shift):
    rng = np.random.default_rng(seed)
    matrix = squareform(rng.random(n * (n - 1) // 2)) + shift
    assert looks_symmetric(matrix, matrix.T)
    other = rng.random((n, n)) + shift
    assert not looks_symmetric(other, other.T)
    assert not looks_symmetric(np.full((n, n), shift), np.full((n, n), shift))


def test_edges_are_named_by_their_nodes():
    matrix = squareform([1.0, np.nan, 2.0])
    with pytest.raises(ValueError, match="^X contains NaN .* edge p--r;"):
        upper_triangle(matrix, "X", ["p", "q", "r"])


@pytest.mark.parametrize("shape", [(3,), (2, 3), (1, 1), (2, 2, 2)])
def test_other_shapes_are_not_matrices(shape):
    with pytest.raises(ValueError, match=r"^X has shape .*; expected rows .* or sym"):
        read_matrix(np.ones(shape), "X")


def test_columns_of_data_frames_name_the_nodes():
    pandas = pytest.importorskip("pandas")
    matrix = squareform([1.0, 2.0, 3.0])
    frame = pandas.DataFrame(matrix, columns=["p", "q", "r"])
    assert_array_equal(read_matrix(frame, "X"), [1, 2, 3])
    with pytest.raises(ValueError, match="^X contains NaN .* edge q--r;"):
        read_matrix(frame.replace(3, np.nan), "X")
