"""Symmetric matrices and their connectome rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from scipy.spatial.distance import squareform

from sktopo._utils.matrices import (
    SYMMETRY,
    find_last_digit,
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


def correlate_in_float32(n_nodes=60):
    """Compute correlations whose triangles differ by the rounding of float32."""
    rng = np.random.default_rng(0)
    x = (rng.normal(size=(200, n_nodes)) + rng.normal(size=(200, 1))).astype("f4")
    x -= x.mean(axis=0)
    x /= np.sqrt((x**2).sum(axis=0))
    upper = np.triu(x.T @ x, 1)
    # The same products in another order, as other software or threads sum them.
    lower = np.triu(x[::-1].T.copy() @ x[::-1].copy(), 1) * np.float32(1 - 1e-7)
    return (upper + lower.T + np.eye(n_nodes, dtype="f4")).astype(np.float64)


@pytest.mark.parametrize("style", ["%.3f", "%.4f", "%.5f", "%.4g", "%.5g", "%.6g"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_rounded_numbers_are_symmetric_but_for_their_last_digit(style, dtype):
    exact = correlate_in_float32(500)  # some cross the border between two digits
    written = np.array([[float(style % x) for x in row] for row in exact], dtype=dtype)
    assert not np.array_equal(written, written.T)
    row = upper_triangle(written, "X")
    order = np.random.default_rng(1).permutation(len(written))
    again = squareform(upper_triangle(written[np.ix_(order, order)], "X"))
    back = np.argsort(order)
    assert_array_equal(squareform(again[np.ix_(back, back)]), row)
    unit = 10.0 ** -int(style[2])
    assert np.abs(row - squareform(exact, checks=False)).max() < unit
    assert row.dtype == dtype
    # Two units of the last digit are more than rounding.
    written[1, 0] = written[0, 1] + 2.5 * unit
    written[1, 0] = float(style % written[1, 0])
    with pytest.raises(ValueError, match="X is not symmetric"):
        upper_triangle(written, "X")


def test_the_last_digit():
    values = np.array([0.12346, -0.5, 0.0, 0.0012346])
    for unit in (1e-12, 1.0, 1e9):
        assert find_last_digit(unit * values) == pytest.approx(1e-5 * unit)
    assert find_last_digit(values.astype(np.float32)) == pytest.approx(1e-5)
    assert find_last_digit(np.array([3.0, 120.0])) == 10
    assert find_last_digit(np.zeros(3)) == 0
    assert find_last_digit(np.array([0.5, np.inf])) == 0
    assert find_last_digit(np.random.default_rng(0).random(9)) == 0
    assert find_last_digit(np.array([0.5, 0.1234567])) == 0


def test_directed_weights_of_few_digits_are_refused():
    matrix = np.random.default_rng(0).integers(0, 10, (6, 6)) / 10
    with pytest.raises(ValueError, match="X is not symmetric"):
        upper_triangle(matrix, "X")
    counts = squareform(np.arange(300, 315.0))
    counts[0, 1] += 1
    with pytest.raises(ValueError, match="X is not symmetric"):
        upper_triangle(counts, "X")
