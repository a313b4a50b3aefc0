"""Signals of affinities, and affinities, against their definitions."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sktopo.connectomes.affinities import (
    AFFINITIES,
    activity,
    affinity_rows,
    differential,
)

X = np.random.default_rng(0).normal(size=(20, 4))


def test_differential_is_the_convolution_with_the_slope_of_a_gaussian():
    width, reach = 1.5, 6
    steps = np.arange(-reach, reach + 1)
    bell = np.exp(-(steps**2) / (2 * width**2))
    slope = steps / width**2 * bell / bell.sum()
    padded = np.pad(X, ((reach, reach), (0, 0)), mode="edge")
    expected = np.stack([padded[t : t + len(steps)].T @ slope for t in range(len(X))])
    expected /= np.sqrt((expected**2).mean(axis=0))
    assert_allclose(differential(X, bandwidth=width), expected, atol=1e-12)


def test_the_narrowest_bandwidth_is_the_difference_of_neighbours():
    found = differential(X, bandwidth=0.2)[1:-1]
    expected = X[2:] - X[:-2]
    ratio = found / expected
    assert_allclose(ratio, np.broadcast_to(ratio[0], ratio.shape))
    assert (ratio > 0).all()


def test_activity_is_the_score():
    assert_allclose(activity(X), (X - X.mean(axis=0)) / X.std(axis=0))


@pytest.mark.parametrize("compute", AFFINITIES.values(), ids=AFFINITIES)
def test_offset_and_unit_of_each_node_change_nothing(compute):
    moved = X * [1e-20, 3.0, 1e20, 0.5] + [0, 100.0, 0, -7.0]
    assert_allclose(compute(moved), compute(X), atol=1e-10)


@pytest.mark.parametrize("compute", AFFINITIES.values(), ids=AFFINITIES)
def test_nodes_that_never_vary_have_no_signal(compute):
    constant = X.copy()
    constant[:, 1] = 0.1
    found = compute(constant)
    assert_array_equal(found[:, 1], 0)
    assert np.delete(found, 1, axis=1).all(axis=0).all()


def test_affinities_are_geometric_means_of_signals_of_one_sign():
    found = affinity_rows(X)
    pairs = [(i, j) for i in range(4) for j in range(i + 1, 4)]
    for t, row in enumerate(X):
        for weight, (i, j) in zip(found[t], pairs, strict=True):
            expected = np.sqrt(row[i] * row[j]) if row[i] * row[j] > 0 else 0
            assert_allclose(weight, expected)


def test_affinities_of_huge_and_tiny_signals_stay_in_range():
    signals = np.array([[1e300, 1e300, 1e-300], [1.0, 0.0, -0.0]])
    assert_allclose(affinity_rows(signals), [[1e300, 1, 1], [0, 0, 0]])
    assert affinity_rows(np.float32(X)).dtype == np.float32


@pytest.mark.parametrize("bandwidth", [0.1, 21, -1, np.nan, "1"])
def test_bandwidths_out_of_range_are_refused(bandwidth):
    with pytest.raises(ValueError, match=r"bandwidth must be .* in \[0.2, 20\]"):
        differential(X, bandwidth=bandwidth)
