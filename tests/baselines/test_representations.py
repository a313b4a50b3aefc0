"""Measures of similarity against other forms of their formulas, and by hand."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.linalg import eigh, orthogonal_procrustes
from scipy.spatial import procrustes
from scipy.spatial.distance import pdist, squareform
from scipy.stats import spearmanr
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors

from sktopo.baselines import _representations as forms
from sktopo.baselines._representations import MEASURES

LINEAR = {"kernel": "linear", "bandwidth": 0.5, "unbiased": False}
PARAMETERS = {
    "cka": LINEAR,
    "cka unbiased": {**LINEAR, "unbiased": True},
    "cka rbf": {**LINEAR, "kernel": "rbf"},
    "cka rbf unbiased": {"kernel": "rbf", "bandwidth": 0.8, "unbiased": True},
    "procrustes": {},
    "rsa": {},
    "svcca": {"variance": 0.9},
    "cca": {},
    "jaccard": {"n_neighbors": 3},
}
NO_ROTATION = ("rsa",)
NO_OFFSET = ("rsa", "jaccard")


def measure(name, first, second):
    """Compute the distance of two networks."""
    chosen = MEASURES[name.split()[0]]
    kept = [chosen.represent(x, **PARAMETERS[name]) for x in (first, second)]
    return chosen.compare(*kept)


def make_network(rng, n_stimuli=12, n_nodes=4):
    """Make activations whose nodes differ in size, all correlated with the others."""
    common = np.random.default_rng(5).normal(size=(n_stimuli, 2))
    own = rng.normal(size=(n_stimuli, n_nodes)) * rng.uniform(0.3, 2, n_nodes)
    return own + common @ rng.normal(size=(2, n_nodes)) + rng.normal(size=n_nodes)


# ---- other forms of the formulas
def relate_kernels(K, L):
    """Compute tr(KHLH)."""
    H = np.eye(len(K)) - 1 / len(K)
    return np.trace(K @ H @ L @ H)


def relate_kernels_unbiased(K, L):
    """Compute HSIC_1 of Song et al. 2012."""
    n = len(K)
    K, L = K - np.diag(np.diag(K)), L - np.diag(np.diag(L))
    return (
        np.trace(K @ L)
        + K.sum() * L.sum() / ((n - 1) * (n - 2))
        - 2 / (n - 2) * (K @ L).sum()
    ) / (n * (n - 3))


def apply_rbf(X, bandwidth):
    distances = pdist(X)
    width = bandwidth * np.median(distances)
    return np.exp(-(squareform(distances) ** 2) / (2 * width**2))


def expect_cka(X, Y, *, kernel, bandwidth, unbiased):
    relate = relate_kernels_unbiased if unbiased else relate_kernels
    K, L = (x @ x.T if kernel == "linear" else apply_rbf(x, bandwidth) for x in (X, Y))
    return 1 - relate(K, L) / np.sqrt(relate(K, K) * relate(L, L))


def expect_procrustes(X, Y):
    """Rotate one network onto the other, padded by nodes of zeros to one width."""
    width = max(X.shape[1], Y.shape[1])
    padded = [np.pad(x - x.mean(0), [(0, 0), (0, width - x.shape[1])]) for x in (X, Y)]
    A, B = (x / np.linalg.norm(x) for x in padded)
    rotation, _ = orthogonal_procrustes(A, B)
    return np.linalg.norm(A @ rotation - B)


def expect_rsa(X, Y):
    return 1 - spearmanr(pdist(X, "correlation"), pdist(Y, "correlation")).statistic


def solve_cca(X, Y):
    """Find squared canonical correlations by the generalised eigenproblem."""
    if X.shape[1] > Y.shape[1]:
        X, Y = Y, X
    n = X.shape[1]
    C = np.cov(X.T, Y.T)
    explained = C[:n, n:] @ np.linalg.solve(C[n:, n:], C[n:, :n])
    return eigh(explained, C[:n, :n], eigvals_only=True)


def expect_svcca(X, Y, *, variance):
    reduced = [PCA(variance, svd_solver="full").fit_transform(x) for x in (X, Y)]
    return 1 - np.sqrt(solve_cca(*reduced)).mean()


def expect_jaccard(X, Y, *, n_neighbors):
    both = []
    for x in (X, Y):
        search = NearestNeighbors(n_neighbors=n_neighbors, metric="cosine").fit(x)
        both.append([set(row) for row in search.kneighbors(return_distance=False)])
    shares = [len(a & b) / len(a | b) for a, b in zip(*both, strict=True)]
    return 1 - np.mean(shares)


ORACLES = {
    "cka": expect_cka,
    "procrustes": expect_procrustes,
    "rsa": expect_rsa,
    "svcca": expect_svcca,
    "cca": lambda X, Y: 1 - solve_cca(X, Y).mean(),
    "jaccard": expect_jaccard,
}


# The linear kernel is kept as activations of up to 6 nodes, and as a matrix of more.
@pytest.mark.parametrize("widths", [(4, 4), (3, 5), (7, 4), (7, 8), (4, 1)])
@pytest.mark.parametrize("name", PARAMETERS)
def test_other_forms(name, widths):
    if name in ("rsa", "jaccard") and 1 in widths:
        return  # one node has no pattern
    rng = np.random.default_rng(3)
    X, Y = (make_network(rng, n_nodes=width) for width in widths)
    expected = partial(ORACLES[name.split()[0]], **PARAMETERS[name])(X, Y)
    assert 0.05 < expected < 1.5
    assert_allclose(measure(name, X, Y), expected, rtol=1e-10)
    assert_allclose(measure(name, Y, X), expected, rtol=1e-10)


@pytest.mark.parametrize("name", ["cka", "cka unbiased", "cka rbf", "procrustes"])
def test_more_nodes_than_stimuli(name):
    rng = np.random.default_rng(4)
    X, Y = (make_network(rng, n_nodes=width) for width in (40, 25))
    expected = partial(ORACLES[name.split()[0]], **PARAMETERS[name])(X, Y)
    assert_allclose(measure(name, X, Y), expected, rtol=1e-10)


def test_procrustes_is_that_of_scipy():
    rng = np.random.default_rng(0)
    X, Y = make_network(rng), make_network(rng)
    *_, disparity = procrustes(X, Y)  # it also scales, to 1 - alignment squared
    expected = np.sqrt(2 - 2 * np.sqrt(1 - disparity))
    assert_allclose(measure("procrustes", X, Y), expected)


def test_by_hand():
    square = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])
    corner = np.array([[0.0], [0], [0], [1]])
    # Centred, square.T @ corner is (1/2, 1/2), and the norms are those of I and 3/4.
    alignment = np.sqrt(1 / 2) / np.sqrt(2 * 3 / 4)
    expected = {
        "cka": 1 - 1 / 2 / (np.sqrt(2) * 3 / 4),
        "procrustes": np.sqrt(2 - 2 * alignment),
        "cca": 1 / 3,  # corner regressed on square explains 2/3
        "svcca": 1 - np.sqrt(2 / 3),
    }
    for name, value in expected.items():
        assert_allclose(measure(name, square, corner), value)
    # Correlations over nodes of the pairs 01, 02, 12: in X 1, -1, -1; in Y -1, -1, 1.
    # Their ranks are 3, 1.5, 1.5 and 1.5, 1.5, 3, which correlate by -1/2.
    X, Y = np.array([[0.0, 1], [2, 5], [4, 3]]), np.array([[1.0, 0], [2, 5], [3, 4]])
    assert_allclose(measure("rsa", X, Y), 1.5)


def test_neighbors_by_hand(monkeypatch):
    angles = np.radians([0, 10, 40, 80, 90])
    X = np.column_stack([np.cos(angles), np.sin(angles)])
    nearest = forms.represent_by_neighbors(X, n_neighbors=1)
    assert nearest.tolist() == [[1], [5], [11], [19], [23]]  # 1, 0, 1, 4 and 3
    # The neighbours of two stimuli of five stay the same.
    moved = X[[0, 2, 1, 3, 4]] * 7
    found = forms.represent_by_neighbors(moved, n_neighbors=1) % 5
    assert found.ravel().tolist() == [2, 2, 0, 4, 3]
    kept = [forms.represent_by_neighbors(x, n_neighbors=1) for x in (X, moved)]
    assert_allclose(forms.jaccard_distance(*kept), 1 - 2 / 5)
    monkeypatch.setattr(forms, "_NUMBERS", 10)  # two stimuli at a time
    assert forms.represent_by_neighbors(X, n_neighbors=1).tolist() == nearest.tolist()


@pytest.mark.parametrize("name", PARAMETERS)
def test_equal_networks_have_the_distance_zero(name):
    rng = np.random.default_rng(1)
    for n_nodes in (3, 8):
        X = make_network(rng, n_nodes=n_nodes)
        assert measure(name, X, X.copy()) == 0
        moved = np.asfortranarray(X[:, ::-1] * -3)  # with other rounding errors
        assert measure(name, X, moved) == 0
        # A small difference is not lost: 1e-5 in a node changes similarities by 1e-10.
        near = X + 1e-5 * make_network(rng, n_nodes=n_nodes)
        if name not in ("rsa", "jaccard"):
            assert 0 < measure(name, X, near) < 1e-4


@settings(max_examples=10)
@given(st.integers(0, 2**32 - 1), st.integers(-86, 99))
@pytest.mark.parametrize("name", PARAMETERS)
def test_what_changes_nothing(name, seed, power):
    rng = np.random.default_rng(seed)
    X, Y = make_network(rng, n_nodes=rng.integers(3, 9)), make_network(rng)
    expected = measure(name, X, Y)
    changed = rng.permutation(X.T).T * 2.0**power
    assert_allclose(measure(name, changed, Y), expected, rtol=1e-9, atol=1e-13)
    assert_allclose(measure(name, -X, Y), expected, rtol=1e-9, atol=1e-13)
    if name not in NO_ROTATION:
        rotation, _ = np.linalg.qr(rng.normal(size=(X.shape[1], X.shape[1])))
        assert_allclose(measure(name, X @ rotation, Y), expected, rtol=1e-7)
    if name not in NO_OFFSET:
        offset = 1000 * rng.normal(size=X.shape[1])
        assert_allclose(measure(name, X + offset, Y), expected, rtol=1e-7)
    if name == "rsa":
        assert_allclose(measure(name, X + 1000, Y), expected, rtol=1e-7)
    if name == "cca":
        linear = rng.normal(size=(X.shape[1], X.shape[1])) + 3 * np.eye(X.shape[1])
        assert_allclose(measure(name, X @ linear, Y), expected, rtol=1e-5)
    order = rng.permutation(len(X))
    assert_allclose(measure(name, X[order], Y[order]), expected, rtol=1e-9, atol=1e-13)


def test_what_changes_the_distance():
    """The invariance tests would notice a measure that is not invariant."""
    rng = np.random.default_rng(2)
    X, Y = make_network(rng), make_network(rng)
    rotation, _ = np.linalg.qr(rng.normal(size=(4, 4)))
    for name in NO_ROTATION:
        assert abs(measure(name, X @ rotation, Y) - measure(name, X, Y)) > 1e-3
    for name in NO_OFFSET:
        moved = X + np.array([9, 0, 0, -9])
        assert abs(measure(name, moved, Y) - measure(name, X, Y)) > 1e-3
    stretched = X * [9, 1, 1, 1]
    for name in PARAMETERS:
        changed = abs(measure(name, stretched, Y) - measure(name, X, Y))
        assert (changed < 1e-9) == (name == "cca")


def test_ties_do_not_depend_on_rounding():
    rng = np.random.default_rng(0)
    X = rng.integers(0, 3, (30, 4)) * 0.1  # many stimuli are equally similar
    others = rng.integers(0, 3, (30, 4)) * 0.1
    for name in ("rsa", "jaccard"):
        expected = measure(name, X, others)
        for order in ([3, 1, 0, 2], [2, 3, 1, 0]):
            assert_allclose(measure(name, X[:, order] * 0.7, others), expected)


def test_the_biased_estimator_grows_with_the_number_of_nodes():
    rng = np.random.default_rng(0)
    pairs = rng.normal(size=(40, 2, 10, 20))  # independent
    biased, unbiased = (
        1 - np.mean([measure(name, *pair) for pair in pairs])
        for name in ("cka", "cka unbiased")
    )
    assert biased > 0.5
    assert abs(unbiased) < 0.05
    assert max(measure("cka unbiased", *pair) for pair in pairs) > 1


def test_a_wide_kernel_is_linear():
    """The limit of Alvarez, arXiv:2112.09305."""
    rng = np.random.default_rng(0)
    X, Y = make_network(rng), make_network(rng)
    wide = {"kernel": "rbf", "bandwidth": 1000.0}
    for unbiased in (False, True):
        kept = [forms.represent_by_kernel(x, unbiased=unbiased, **wide) for x in (X, Y)]
        name = "cka unbiased" if unbiased else "cka"
        assert_allclose(forms.inner_distance(*kept), measure(name, X, Y), rtol=1e-4)


@pytest.mark.parametrize("name", PARAMETERS)
def test_extreme_numbers(name):
    rng = np.random.default_rng(0)
    X, Y = make_network(rng), make_network(rng)
    expected = measure(name, X, Y)
    limits = np.finfo(float)
    for size in (limits.max / np.abs(X).max(), 1e-300):
        assert_allclose(measure(name, X * size, Y), expected, rtol=1e-9)
    if name not in NO_OFFSET:  # a dead node with a huge value
        assert_allclose(measure(name, np.insert(X, 0, 1e307, 1), Y), expected, 1e-9)
    else:  # a stimulus with huge or tiny activations
        for size in (1e300, 1e-300):
            stretched = X * np.insert(np.ones(11), 4, size)[:, None]
            assert_allclose(measure(name, stretched, Y), expected, rtol=1e-9)


def test_the_median_is_of_stimuli_that_differ():
    X = np.repeat([[0.0], [1], [3]], [10, 1, 1], axis=0)  # distances 1, 3 and 2
    width = 0.5 * np.median([1] * 10 + [3] * 10 + [2])
    gram = np.exp(-((X - X.T) ** 2) / (2 * width**2))
    gram = gram - gram.mean(0) - gram.mean(1)[:, None] + gram.mean()
    kept = forms.represent_by_kernel(X, **PARAMETERS["cka rbf"])
    assert_allclose(kept[-12:], (gram / np.linalg.norm(gram)).diagonal(), rtol=1e-9)


def test_nothing_to_compare():
    one_hot = np.zeros((6, 3))
    one_hot[2] = 1, 2, 3
    assert forms.represent_by_kernel(one_hot, **PARAMETERS["cka unbiased"]) is None
    assert forms.represent_by_kernel(one_hot, **PARAMETERS["cka"]) is not None
    assert forms.represent_by_ranks(np.arange(5.0)[:, None]) is None
    assert forms.represent_by_ranks(np.ones((5, 3)) * np.arange(5)[:, None]) is None


def test_stimuli_without_pattern_are_similar_to_none():
    X = np.array([[0.0, 0, 0], [1, 2, 4], [2, 1, 5], [3, 0, 1]])
    patterns = X - X.mean(axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):
        similarities = 1 - pdist(patterns, "cosine")
    similarities = np.nan_to_num(similarities)
    Y = make_network(np.random.default_rng(0), n_stimuli=4)
    expected = spearmanr(similarities, 1 - pdist(Y, "correlation")).statistic
    assert_allclose(measure("rsa", X, Y), 1 - expected)
    assert forms.represent_by_neighbors(X, n_neighbors=1).tolist()[0] == [1]


def test_too_few_stimuli():
    X = make_network(np.random.default_rng(0), n_stimuli=5)
    unbiased = partial(forms.represent_by_kernel, **PARAMETERS["cka unbiased"])
    with pytest.raises(ValueError, match="got 3 stimuli; unbiased=True needs at least"):
        unbiased(X[:3])
    assert unbiased(X[:4]) is not None
    with pytest.raises(ValueError, match="got 5 stimuli; n_neighbors=5 needs at leas"):
        forms.represent_by_neighbors(X, n_neighbors=5)
    for parameters in ({}, {"variance": 1.0}):
        with pytest.raises(ValueError, match="span all 4 dimensions that 5 stimuli"):
            forms.represent_by_span(X, **parameters)
    assert forms.represent_by_span(X, variance=0.8).shape[1] < 4


def test_dimensions_of_rounding_do_not_count():
    rng = np.random.default_rng(0)
    X = make_network(rng)
    probabilities = np.exp(X) / np.exp(X).sum(axis=1, keepdims=True)
    for dtype in (np.float64, np.float32):  # the sum of nodes is 1, up to rounding
        basis = forms.represent_by_span(probabilities.astype(dtype))
        assert basis.shape == (12, 3)
    assert forms.represent_by_span(np.hstack([X, X])).shape == (12, 4)
    # Small dimensions do, however little of the variance they hold.
    assert forms.represent_by_span(X * [1, 1, 1, 1e-10]).shape == (12, 4)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_canonical_correlations_do_not_depend_on_the_units_of_nodes(dtype):
    rng = np.random.default_rng(0)
    X, Y = (make_network(rng).astype(dtype) for _ in range(2))
    scaled = X * np.array([1, 1e20, 1, 1e-10], dtype=dtype)
    assert_allclose(measure("cca", scaled, Y), measure("cca", X, Y), rtol=1e-5)
