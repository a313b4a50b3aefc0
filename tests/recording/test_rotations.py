"""Principal components, and features that matter next."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from sktopo.recording._rotations import Rotation, align, find_principal, whiten


def make_activations(n_stimuli=30, n_units=4, seed=0):
    rng = np.random.default_rng(seed)
    mixing = rng.normal(size=(n_units, n_units))
    return rng.normal(size=(n_stimuli, n_units)) @ mixing + 5


def test_principal_components_by_hand():
    activations = np.array([[3.0, 1], [3, -1], [-1, 1], [-1, -1]])
    found = find_principal(activations)
    assert_array_equal(found.mean, [1, 0])
    assert_allclose(found.eigenvalues, [4, 1])
    assert_allclose(np.abs(found.components), np.eye(2), atol=1e-15)
    assert_allclose(np.abs(found.rotate(activations)), [[2, 1]] * 4)


def test_principal_components_are_those_of_scikit_learn():
    from sklearn.decomposition import PCA

    activations = make_activations()
    found, pca = find_principal(activations), PCA().fit(activations)
    assert_allclose(found.eigenvalues, pca.explained_variance_ * 29 / 30)
    assert_allclose(
        np.abs(found.rotate(activations)), np.abs(pca.transform(activations))
    )
    assert_allclose(found.restore(found.rotate(activations)), activations)


def test_directions_without_variance_are_left_out():
    activations = make_activations()
    redundant = np.hstack([activations, activations[:, :2], np.full((30, 1), 7.0)])
    for dtype in (np.float64, np.float32):
        found = find_principal(redundant.astype(dtype))
        assert len(found.eigenvalues) == 4
        assert found.components.dtype == np.float64
    assert not len(find_principal(np.ones((5, 3))).eigenvalues)
    scaled = find_principal(np.array([[1.0, 0], [-1, 0], [0, 0.1], [0, -0.1]]), 0.02)
    assert_allclose(scaled.eigenvalues, [0.5])


def test_white_features_have_unit_covariance():
    activations = make_activations()
    white = whiten(find_principal(activations))
    features = white.rotate(activations)
    assert_allclose(features.T @ features / 30, np.eye(4), atol=1e-12)
    assert_allclose(white.restore(features), activations)


def test_aligned_features_of_a_linear_map_are_its_singular_vectors():
    activations, weights = make_activations(), make_activations(3, 4, 1) - 5
    white = whiten(find_principal(activations))
    derivatives = weights @ white.inverse.T  # of weights @ activations by white ones
    found = align(white, derivatives.T @ derivatives, activations, 0)
    # Three outputs: the fourth direction has no effect.
    assert_allclose(found.eigenvalues, np.linalg.svd(derivatives)[1] ** 2)
    features = found.rotate(activations)
    assert_allclose(features.T @ features / 30, np.diag(found.eigenvalues), atol=1e-10)
    outputs = found.restore(features) @ weights.T
    assert_allclose(outputs, activations @ weights.T)
    assert_allclose(found.inverse @ found.components, np.eye(3), atol=1e-12)


def test_small_eigenvalues_are_left_out():
    activations = make_activations()
    white = whiten(find_principal(activations))
    products = np.diag([1.0, 1e-3, 1e-5, 0])
    sizes = [
        len(align(white, products, activations, tol).eigenvalues)
        for tol in (0, 1e-4, 1e-2)
    ]
    assert sizes == [3, 2, 1]
    assert not len(align(white, np.zeros((4, 4)), activations, 0).eigenvalues)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000))
def test_aligned_features_do_not_depend_on_how_units_are_mixed(seed):
    activations, weights = make_activations(seed=seed), make_activations(5, 4, 1) - 5
    mixing = np.random.default_rng(seed).normal(size=(4, 4)) + 4 * np.eye(4)
    features = []
    for mixed, reader in (
        (activations, weights),
        (activations @ mixing, weights @ np.linalg.inv(mixing).T),
    ):
        white = whiten(find_principal(mixed))
        derivatives = reader @ white.inverse.T
        found = align(white, derivatives.T @ derivatives, mixed, 0)
        features.append(found.rotate(mixed))
    assert_allclose(*features, rtol=1e-6, atol=1e-6 * np.abs(features[0]).max())


def test_largest_number_of_each_feature_is_positive():
    activations = make_activations()
    principal = find_principal(activations)
    aligned = align(whiten(principal), np.diag([4.0, 3, 2, 1]), activations, 0)
    for rotation in (principal, aligned):
        features = rotation.rotate(activations)
        assert (features.max(axis=0) > -features.min(axis=0)).all()


def test_fewer_features_are_the_first_ones():
    rotation = Rotation(np.ones(2), np.eye(2), np.diag([2.0, 3]), np.ones(2))
    assert_array_equal(rotation.restore(np.array([[1.0, 1]])), [[3, 4]])
    assert_array_equal(rotation.restore(np.array([[1.0]])), [[3, 1]])
    with pytest.raises(ValueError, match="matmul"):
        rotation.restore(np.ones((1, 3)))
