"""Deaths from counts of weights, and from all weights."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sktopo import FunctionalConnectome
from sktopo.barcodes import (
    activation_barcode,
    barcode_rows,
    quantile_vectors,
    split_barcodes,
)
from sktopo.barcodes._counts import AllWeights, WeightCounts
from sktopo.barcodes._tiles import ArrayTiles, Units

KINDS = {
    "even": lambda rng: rng.random(6000),
    "signed": lambda rng: rng.normal(size=6000),
    "narrow": lambda rng: 0.8 + 0.01 * rng.random(6000),
    "few values": lambda rng: rng.integers(0, 4, 6000) / 3,
    "outlier": lambda rng: np.append(0.001 * rng.random(5999), 1),
    "growing": lambda rng: np.geomspace(1e-6, 1, 6000),
    "falling": lambda rng: -np.geomspace(1e-6, 1, 6000),
    "equal": lambda rng: np.full(6000, 0.3),
    "zero": lambda rng: np.zeros(6000),
}


def make_tiles(dtype):
    return ArrayTiles(Units(np.ones((2, 1), dtype), 1.0, 1.0, False))


def make(kind, dtype):
    return KINDS[kind](np.random.default_rng(0)).astype(dtype).reshape(60, 100)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n_zeros", [0, 500])
def test_averages_are_near_those_of_all_weights(kind, dtype, n_zeros):
    weights = make(kind, dtype)
    births = np.sort(weights.ravel())[::-40]
    counts = WeightCounts(make_tiles(dtype), weights[:2])
    every = AllWeights(make_tiles(dtype), weights.size)
    for tile in weights.reshape(6, 10, 100):
        counts.add(tile)
        every.add(tile)
    deaths = every.find_deaths(births, n_zeros, None)
    expected = np.sort(np.append(weights.ravel(), np.zeros(n_zeros)))
    assert len(deaths) == len(expected) - len(births)
    assert (np.diff(deaths) >= 0).all()
    values, times = np.unique(np.concatenate([deaths, births]), return_counts=True)
    assert_array_equal(np.repeat(values, times), expected.astype(dtype))
    found = counts.find_deaths(births, n_zeros, 100)
    exact = quantile_vectors(deaths[None].astype(float), 100)[0]
    slack = 1e-5 * np.ptp(expected) + 100 * np.finfo(dtype).eps * np.abs(expected).max()
    slack += 1e-30
    assert np.abs(found - exact).max() <= slack
    assert_allclose(every.find_deaths(births, n_zeros, 100), exact, rtol=1e-6)


@pytest.mark.parametrize("kind", ["growing", "falling", "outlier", "signed"])
def test_counts_do_not_depend_on_the_order_of_tiles(kind):
    weights = make(kind, np.float32)
    found = []
    for order in (slice(None), slice(None, None, -1)):
        counts = WeightCounts(make_tiles(np.float32), weights[:2])
        for tile in weights.reshape(6, 10, 100)[order]:
            counts.add(tile)
        found.append(counts.find_deaths(weights.ravel()[:9], 0, 50))
    assert_array_equal(*found)


@pytest.mark.parametrize("few", [True, False])
def test_births_beside_their_weights_are_taken_off_too(few):
    # A birth that was computed again can differ in its last digits.
    weights = np.linspace(0.1, 0.9, 800).reshape(8, 100)
    births = np.array([0.9 + 1e-9, 0.9 + 2e-9, 0.1 - 1e-9])
    tiles = make_tiles(np.float64)
    kept = AllWeights(tiles, 800) if few else WeightCounts(tiles, weights)
    kept.add(weights)
    deaths = kept.find_deaths(births, 0, 10)
    expected = quantile_vectors(weights.reshape(1, -1)[:, 1:-2], 10)[0]
    assert_allclose(deaths, expected, atol=1e-5)


def test_averages_ascend_up_to_the_largest_birth():
    """Equal weights in many bins, of which rounding could change the order."""
    activations = np.random.default_rng(5).integers(0, 2, (8, 1600)).astype(float)
    births, _, deaths = activation_barcode(activations)
    assert (np.diff(deaths) >= 0).all()
    assert deaths[-1] <= births[-1] == 1


def test_averages_of_a_narrow_range():
    rng = np.random.default_rng(0)
    common = rng.normal(size=(50, 1))
    activations = common + 1e-4 * rng.normal(size=(50, 1500))
    _, _, deaths = activation_barcode(activations, n_quantiles=1000)
    row = FunctionalConnectome().fit_transform(activations[None])
    _, kept = split_barcodes(barcode_rows(row))
    expected = quantile_vectors(kept, 1000)[0]
    assert_allclose(deaths, expected, rtol=0, atol=1e-5 * np.ptp(row))
