"""Semi-nonnegative factorization against its mathematics."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import lsq_linear

from sktopo.connectomes._semi_factorization import (
    factorize,
    keep_largest,
    solve_features,
    solve_weights,
    start_weights,
    update_weights,
)

OPTIONS = {"keep": None, "init": "random", "n_init": 1, "max_iter": 60, "tol": 0.0}


def draw(seed, n_stimuli=12, n_units=7):
    return np.random.default_rng(seed).standard_normal((n_stimuli, n_units))


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), n_components=st.integers(1, 6))
def test_the_loss_never_grows(seed, n_components):
    rng = np.random.RandomState(seed)
    found = factorize(draw(seed), n_components, **OPTIONS, rng=rng)
    assert np.diff(found.losses).max() <= 1e-12
    assert found.losses[-1] <= found.losses[0] <= 1


def test_few_different_observations_start_without_a_warning():
    activations = np.repeat(draw(0, 2), 4, axis=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        weights = start_weights(activations, 5, "kmeans", np.random.RandomState(0))
    assert weights.min() == 0.2


def test_each_half_of_an_iteration_lowers_the_loss():
    activations = draw(0)
    weights = start_weights(activations, 3, "random", np.random.RandomState(0))
    features, weights = solve_features(activations, weights, None)
    updated = update_weights(activations, weights, features)
    loss = np.linalg.norm(activations - weights @ features)
    assert np.linalg.norm(activations - updated @ features) < loss
    assert updated.min() >= 0


def test_features_are_least_squares_by_hand():
    activations = np.array([[2.0, 0], [4, 0], [0, 3]])
    weights = np.array([[1.0, 0], [2, 0], [0, 1]])
    features, scaled = solve_features(activations, weights, None)
    assert_allclose(features, np.eye(2), atol=1e-12)
    assert_allclose(scaled, [[2, 0], [4, 0], [0, 3]], atol=1e-12)


def test_one_update_by_hand():
    # A F = 3, F'F = 2: sqrt(3 / (1 * 2)) times the weight of 1.
    updated = update_weights(np.array([[1.0, 2]]), np.ones((1, 1)), np.ones((1, 2)))
    assert_allclose(updated, np.sqrt(1.5))
    # Activations of the other sign pull the weight to 0.
    updated = update_weights(np.array([[-1.0, -2]]), np.ones((1, 1)), np.ones((1, 2)))
    assert_allclose(updated, 0)


def test_keep_largest():
    features = np.array([[1.0, -5, 2, 0], [4, 3, -2, 1]])
    assert_array_equal(keep_largest(features, 0.5), [[0, -5, 2, 0], [4, 3, 0, 0]])
    assert_array_equal(keep_largest(features, 0.01), [[0, -5, 0, 0], [4, 0, 0, 0]])
    assert_array_equal(keep_largest(features, 1), features)


@pytest.mark.parametrize("seed", range(5))
def test_weights_are_the_best_that_are_not_negative(seed):
    activations, features = draw(seed, 5), draw(seed + 10, 3)
    weights = solve_weights(activations, features)
    for row, target in zip(weights, activations, strict=True):
        best = lsq_linear(features.T, target, (0, np.inf), method="bvls").x
        assert_allclose(row, best, atol=1e-8)
    assert weights.min() == 0  # some are at the bound, not all
    assert weights.max() > 0


def test_opposite_features_do_not_fit_noise():
    features = np.array([[1.0, 0, 0], [-1, 1e-15, 0], [0, 0, 1]])
    weights = solve_weights(np.array([[2.0, 1, 3], [-2, 1, 3]]), features)
    assert_allclose(weights @ features, [[2, 0, 3], [-2, 0, 3]], atol=1e-9)
    assert weights.max() < 10


@pytest.mark.parametrize("init", ["random", "kmeans"])
def test_planted_features_are_found(init):
    rng = np.random.default_rng(0)
    planted = np.kron(np.eye(3), [1.0, -1, 2])
    weights = rng.uniform(size=(60, 3)) * (rng.uniform(size=(60, 3)) < 0.4)
    options = OPTIONS | {"keep": 1 / 3, "init": init, "n_init": 4, "max_iter": 500}
    found = factorize(weights @ planted, 3, **options, rng=np.random.RandomState(0))
    assert found.losses[-1] < 1e-6
    cosines = found.features @ planted.T / np.linalg.norm(planted, axis=1)
    assert_allclose(np.sort(cosines, axis=0)[-1], 1, atol=1e-6)


def test_more_starts_are_no_worse():
    activations = draw(3, 40, 10)
    one, many = (
        factorize(
            activations, 4, **OPTIONS | {"n_init": n}, rng=np.random.RandomState(0)
        )
        for n in (1, 5)
    )
    assert many.losses[-1] < one.losses[-1]


def test_nothing_active():
    found = factorize(np.zeros((6, 4)), 2, **OPTIONS, rng=np.random.RandomState(0))
    assert found.converged
    assert_array_equal(found.features, 0)
    assert_array_equal(found.losses, [0])
    assert_array_equal(solve_weights(np.ones((6, 4)), found.features), 0)


def test_it_stops_where_the_loss_hardly_falls():
    options = OPTIONS | {"tol": 1e-3, "max_iter": 500}
    found = factorize(draw(0), 3, **options, rng=np.random.RandomState(0))
    falls = -np.diff(found.losses)
    assert found.converged
    assert falls[-1] <= 1e-3 < falls[:-1].min()
