"""Standardised units, and tiles of weights in NumPy and torch."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sktopo.barcodes._counts import Grid
from sktopo.barcodes._tiles import (
    ArrayTiles,
    Units,
    check_device,
    cut,
    make_tiles,
    standardize_units,
)
from sktopo.connectomes.measures import MEASURES

ACTIVATIONS = np.random.default_rng(0).normal(size=(20, 9)) * np.arange(1, 10) + 7
DEVICES = (None, "cpu")


def make(device, absolute=True, dtype=np.float64):
    if device is not None:
        pytest.importorskip("torch")
    activations = ACTIVATIONS.astype(dtype)
    units = standardize_units(activations, "correlation", absolute, np.arange(9))
    return make_tiles(units, device)


def test_cut():
    assert cut(5, 2) == [slice(0, 2), slice(2, 4), slice(4, 5)]
    assert cut(0, 2) == []


@pytest.mark.parametrize("measure", ["correlation", "spearman", "covariance"])
@pytest.mark.parametrize("absolute", [True, False])
def test_products_of_standardised_units_are_weights(measure, absolute, monkeypatch):
    monkeypatch.setattr("sktopo.barcodes._tiles._CHUNK", 60)  # three units at a time
    nodes = np.array([0, 2, 3, 4, 7])
    units = standardize_units(ACTIVATIONS, measure, absolute, nodes)
    expected = MEASURES[measure](ACTIVATIONS)[np.ix_(nodes, nodes)]
    expected = np.abs(expected) if absolute else expected
    tile = ArrayTiles(units).compute(slice(0, 5), slice(0, 5))
    assert_allclose(tile * units.scale, expected, rtol=1e-12, atol=1e-13)
    first, second = np.triu_indices(5, 1)
    pairs = units.multiply(first, second) * units.scale
    assert_allclose(pairs, expected[first, second], rtol=1e-12, atol=1e-13)
    assert np.abs(tile).max() <= 1 + 1e-12


def test_covariances_stay_in_the_range_of_single_precision():
    activations = (ACTIVATIONS * 1e15).astype(np.float32)
    units = standardize_units(activations, "covariance", True, np.arange(9))
    assert units.rows.dtype == np.float32
    assert np.isfinite(ArrayTiles(units).compute([0], slice(0, 9))).all()
    assert units.scale == pytest.approx(activations.astype(float).var(axis=0).max())


def test_correlations_are_clipped():
    units = Units(np.array([[1.001], [-1.001]]), 1.0, 1.0, False)
    expected = [[1, -1], [-1, 1]]
    assert_array_equal(ArrayTiles(units).compute([0, 1], [0, 1]), expected)
    assert_array_equal(units.multiply(np.array([0]), np.array([1])), [-1])


@pytest.mark.parametrize("absolute", [True, False])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_torch_does_what_numpy_does(absolute, dtype):
    ours, other = make(None, absolute, dtype), make("cpu", absolute, dtype)
    rows, columns = slice(0, 4), slice(4, 9)
    tile, tensor = ours.compute(rows, columns), other.compute(rows, columns)
    assert_allclose(other.to_numpy(tensor), tile, atol=1e-6)
    tensor = other.torch.tensor(tile)
    assert ours.find_extremes(tile) == other.find_extremes(tensor)
    assert all(type(x) is dtype for x in other.find_extremes(tensor))
    grid = Grid(dtype(0.1), dtype(4))
    assert_array_equal(ours.count(tile, grid, 16), other.count(tensor, grid, 16))
    square = ours.compute(rows, rows)
    tensor = other.torch.tensor(square)
    assert_array_equal(ours.upper(square), other.to_numpy(other.upper(tensor)))
    ours.ignore_diagonal(square)
    other.ignore_diagonal(tensor)
    assert_array_equal(square, other.to_numpy(tensor))
    assert np.isneginf(square.diagonal()).all()


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("k", [1, 2, 5])
def test_candidates_hold_the_largest_above_the_limits(device, k):
    tiles = make(device)
    tile = np.array([[3.0, 1, 4, 1, 5], [9, 2, 6, 5, 3], [5, 8, 9, 7, 9]])
    limits = np.array([-np.inf, 4, 10])
    given = tile if device is None else tiles.torch.tensor(tile)
    rows, columns, values = tiles.find_candidates(given, limits, k)
    assert_array_equal(tile[rows, columns], values)
    for row, limit in enumerate(limits):
        largest = np.sort(tile[row])[-k]
        expected = np.flatnonzero((tile[row] > limit) & (tile[row] >= largest))
        assert set(expected) <= set(columns[rows == row])
        assert (np.diff(columns[rows == row]) > 0).all()
        assert (values[rows == row] > limit).all()
    transposed = given.T
    again = tiles.find_candidates_of_columns(transposed, limits, k)
    for row in range(3):
        chosen = again[0] == row
        assert set(columns[rows == row]) <= set(again[1][chosen])
        assert_array_equal(tile[row, again[1][chosen]], again[2][chosen])


def test_counts_lie_in_half_open_bins():
    grid = Grid(np.float64(1.0), np.float64(2.0))
    weights = np.array([[0.0, 0.49, 0.5, 1.0, 1.99]])
    assert_array_equal(make(None).count(weights, grid, 4), [2, 1, 1, 1])


def test_devices_that_cannot_be_used():
    pytest.importorskip("torch")
    check_device(None)
    check_device("cpu", np.float64)
    for device in ("nope", "", 3.5, "meta"):
        with pytest.raises(ValueError, match="cannot be used; expected .*'cuda'"):
            check_device(device)
        with pytest.raises(ValueError, match="cannot be used for float64; expected"):
            check_device(device, np.float64)


def test_single_precision_is_not_rounded_on_a_device_and_settings_return():
    torch = pytest.importorskip("torch")
    tiles, matmul = make("cpu"), torch.backends.cuda.matmul
    before, matmul.allow_tf32 = matmul.allow_tf32, True
    try:
        with tiles._full_precision():
            assert not matmul.allow_tf32
        assert matmul.allow_tf32
    finally:
        matmul.allow_tf32 = before


@pytest.mark.parametrize("size", [1e-300, 1e300])
def test_deviations_whose_squares_leave_float64(size):
    activations = np.random.default_rng(0).normal(size=(30, 4)) * size
    with pytest.raises(ValueError, match="^the largest deviation of a unit is .*e[+-]"):
        standardize_units(activations, "covariance", True, np.arange(4))
    assert standardize_units(activations, "correlation", True, np.arange(4)).scale == 1
