"""WassersteinKernel: its values, its definiteness, its two ways into an SVC."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import cdist
from sklearn.cluster import SpectralClustering
from sklearn.decomposition import KernelPCA
from sklearn.kernel_approximation import Nystroem
from sklearn.kernel_ridge import KernelRidge
from sklearn.metrics.pairwise import pairwise_kernels
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from sktopo import GraphPersistence, WassersteinKernel
from sktopo.barcodes import barcode_rows, wasserstein_distances, wasserstein_variance
from sktopo.datasets import make_modular_connectomes


@pytest.fixture(scope="module")
def study():
    """Connectomes of 2 groups of 15 modular graphs, and their groups."""
    return make_modular_connectomes(
        15, n_nodes=30, n_modules=(2, 5), p_within=0.7, random_state=0
    )


@pytest.mark.parametrize("normalize", [True, False])
def test_values(study, normalize):
    X, _ = study
    rows = GraphPersistence(normalize=normalize).fit_transform(X)
    barcodes = barcode_rows(X)
    distances = wasserstein_distances(barcodes, barcodes[:20], normalize=normalize)
    variance = wasserstein_variance(barcodes[:20], normalize=normalize)
    found = WassersteinKernel().fit(rows[:20]).transform(rows)
    assert_allclose(found, np.exp(-(distances**2) / variance), rtol=1e-6)
    found = WassersteinKernel(gamma=0.3).fit(rows[:20]).transform(rows)
    assert_allclose(found, np.exp(-0.3 * distances**2), rtol=1e-6)
    laplacian = WassersteinKernel(kernel="laplacian", gamma=0.3)
    assert_allclose(laplacian(rows, rows[:20]), np.exp(-0.3 * distances), atol=1e-6)
    scaled = WassersteinKernel(kernel="laplacian").fit(rows[:20])
    assert_allclose(scaled.gamma_, 1 / np.sqrt(variance))
    linear = WassersteinKernel(kernel="linear").fit(rows[:20])
    assert linear.gamma_ is None
    assert_allclose(linear.transform(rows), rows @ rows[:20].T)


@pytest.mark.parametrize("kernel", ["gaussian", "laplacian", "linear"])
def test_call_equals_fit_and_transform(study, kernel):
    rows = GraphPersistence().fit_transform(study[0])
    wasserstein = WassersteinKernel(kernel=kernel)
    expected = wasserstein.fit(rows[:9]).transform(rows)
    assert_array_equal(wasserstein(rows, rows[:9]), expected)
    assert_allclose(wasserstein(rows), wasserstein(rows, rows.copy()), atol=1e-6)


@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from(["gaussian", "laplacian", "linear"]),
    st.sampled_from(["scale", 0.01, 1.0, 100.0]),
)
def test_positive_semidefinite(seed, kernel, gamma):
    graphs = np.random.default_rng(seed).random((12, 10))
    rows = GraphPersistence().fit_transform(graphs)
    K = WassersteinKernel(kernel=kernel, gamma=gamma)(rows)
    assert_allclose(K, K.T, atol=1e-12)
    assert np.linalg.eigvalsh(K).min() > -1e-7


def test_both_ways_into_an_svc_agree(study):
    X, y = study
    train, test = np.arange(0, 30, 2), np.arange(1, 30, 2)
    called = make_pipeline(GraphPersistence(), SVC(kernel=WassersteinKernel()))
    chained = make_pipeline(
        GraphPersistence(), WassersteinKernel(), SVC(kernel="precomputed")
    )
    for model in (called, chained):
        model.fit(X[train], y[train])
    assert_allclose(
        called.decision_function(X[test]), chained.decision_function(X[test])
    )
    assert_array_equal(called.predict(X[test]), chained.predict(X[test]))
    assert called.score(X[test], y[test]) > 0.8


def test_gamma_can_be_searched_in_both(study):
    X, y = study
    called = make_pipeline(GraphPersistence(), SVC(kernel=WassersteinKernel()))
    chained = make_pipeline(
        GraphPersistence(), WassersteinKernel(), SVC(kernel="precomputed")
    )
    gammas = [1e-6, "scale", 1e6]
    searches = [
        GridSearchCV(called, {"svc__kernel__gamma": gammas}, cv=3).fit(X, y),
        GridSearchCV(chained, {"wassersteinkernel__gamma": gammas}, cv=3).fit(X, y),
    ]
    scores = [search.cv_results_["mean_test_score"] for search in searches]
    assert_array_equal(*scores)
    assert len(set(scores[0])) > 1


@pytest.mark.parametrize("kernel", ["gaussian", "laplacian"])
@pytest.mark.parametrize("value", [0.1, 1, 1e-160])
def test_scale_of_equal_rows_is_one(kernel, value):
    # Their mean may round, and leave them a variance.
    assert WassersteinKernel(kernel=kernel).fit(np.full((3, 3), value)).gamma_ == 1


@pytest.mark.parametrize(("unit", "remedy"), [(1e-200, "Multiply"), (1e200, "Divide")])
def test_scale_out_of_range(unit, remedy):
    size = f"{unit * 6**0.5 / 3:.1g}"
    message = f"^gamma='scale' of .* by about {re.escape(size)}. {remedy} all .*first.$"
    for use in (WassersteinKernel().fit, WassersteinKernel()):
        with pytest.raises(ValueError, match=message):
            use(np.eye(3) * unit)
    # The laplacian kernel has no squares.
    laplacian = WassersteinKernel(kernel="laplacian")
    assert_allclose(laplacian(np.eye(3) * unit), laplacian(np.eye(3)), rtol=1e-12)


def test_distances_that_overflow():
    with pytest.raises(ValueError, match="too large for WassersteinKernel"):
        WassersteinKernel(gamma=1.0)([[1.7e308], [-1.7e308]])
    with pytest.raises(ValueError, match="too large for WassersteinKernel"):
        WassersteinKernel().fit([[1.7e308], [-1.7e308]])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("unit", "fault"), [(1e25, "too large"), (1e-25, "too small"), (1e154, "too large")]
)
def test_inner_products_out_of_range(unit, fault):
    dtype = np.float32 if unit < 1e38 else np.float64
    rows = (np.ones((2, 2000)) * unit).astype(dtype)
    with pytest.raises(
        ValueError,
        match=f"^The inner products of Wass.* {fault} for .* constant first.$",
    ):
        WassersteinKernel(kernel="linear")(rows)


def oracle(steps, kernel):
    """Evaluate the kernel of gamma="scale" from plain differences."""
    squared = cdist(steps, steps, "sqeuclidean") / steps.var(axis=0).sum()
    return np.exp(-(squared if kernel == "gaussian" else np.sqrt(squared)))


@settings(max_examples=25)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from(["gaussian", "laplacian"]),
    st.sampled_from([np.float32, np.float64]),
    st.data(),
)
def test_offset_and_unit_change_nothing(seed, kernel, dtype, data):
    digits = np.finfo(dtype).nmant - 5
    steps = np.random.default_rng(seed).integers(0, 20, (12, 10)).astype(float)
    offset = data.draw(st.sampled_from([0, 1, -1]))
    exponent = data.draw(st.integers(-80, 50))
    rows = (offset * 2.0**digits + steps) * 2.0**exponent
    assert_array_equal(rows.astype(dtype), rows)
    expected = oracle(steps, kernel)
    wasserstein = WassersteinKernel(kernel=kernel)
    for K in (wasserstein.fit_transform(rows.astype(dtype)), wasserstein(rows)):
        assert_allclose(K, expected, rtol=1e-5 if K.dtype == np.float32 else 1e-11)
    eigenvalues = np.linalg.eigvalsh(wasserstein(rows))
    assert eigenvalues[0] > -1e-10 * eigenvalues[-1]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("unit", [1e-26, 1e-13, 1.0, 1e18, 1e25])
@pytest.mark.parametrize("kernel", ["gaussian", "laplacian"])
def test_units_of_float32(kernel, unit):
    steps = np.random.default_rng(0).random((8, 10))
    steps[4:] += 3
    K = WassersteinKernel(kernel=kernel).fit_transform((steps * unit).astype("f4"))
    assert K.dtype == np.float32
    assert_allclose(K, oracle(steps, kernel), rtol=1e-5)


def test_tight_groups_far_apart():
    rows = np.random.default_rng(0).normal(size=(8, 300)) * 1e-9
    rows[4:] += 1
    K = WassersteinKernel(gamma=1e15)(rows)
    assert_allclose(K, np.exp(-1e15 * cdist(rows, rows, "sqeuclidean")), rtol=1e-9)


def test_reference_rows_of_integers_are_float64():
    for dtype in (np.int32, np.float16):
        rows = np.arange(6).reshape(3, 2).astype(dtype)
        assert WassersteinKernel().fit(rows).X_fit_.dtype == np.float64


def test_methods_that_pass_pairs_of_rows(study):
    X, y = study
    rows = GraphPersistence().fit_transform(X)
    wasserstein = WassersteinKernel(gamma=20.0)
    K = wasserstein(rows)
    assert wasserstein(rows[0], rows[1]) == K[0, 1]
    assert isinstance(wasserstein(rows[0].tolist(), rows[1].tolist()), float)
    assert_allclose(pairwise_kernels(rows, metric=wasserstein), K, rtol=1e-12)
    assert_allclose(
        np.abs(KernelPCA(2, kernel=wasserstein).fit_transform(rows)),
        np.abs(KernelPCA(2, kernel="precomputed").fit_transform(K)),
        atol=1e-6,
    )
    ridge = KernelRidge(kernel=wasserstein).fit(rows, y)
    expected = KernelRidge(kernel="precomputed").fit(K, y)
    assert_allclose(ridge.dual_coef_, expected.dual_coef_, rtol=1e-9)
    spectral = SpectralClustering(2, affinity=wasserstein, random_state=0).fit(rows)
    assert_allclose(spectral.affinity_matrix_, K, rtol=1e-12)
    features = Nystroem(wasserstein, n_components=30, random_state=0)
    approximate = features.fit_transform(rows)
    assert_allclose(approximate @ approximate.T, K, atol=1e-9)


@pytest.mark.parametrize("kernel", ["gaussian", "laplacian"])
def test_a_pair_of_rows_has_no_scale(study, kernel):
    message = (
        "WassersteinKernel got two single rows, which do not determine gamma='scale'. "
        "Give gamma as a number, or fit and transform with WassersteinKernel and use "
        "kernel='precomputed' (or affinity='precomputed')."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        KernelPCA(kernel=WassersteinKernel(kernel=kernel)).fit(study[0])
    linear = WassersteinKernel(kernel="linear")
    assert linear([1.0, 2.0], [3.0, 4.0]) == 11


def test_rows_of_two_widths():
    with pytest.raises(
        ValueError, match="^X has 3 columns and Y has 2; Wass.* of the same width.$"
    ):
        WassersteinKernel()(np.eye(3), np.eye(2))


def test_bad_rows_have_the_name_of_their_argument():
    for name, pair in {"X": ([[np.nan]], [[1]]), "Y": ([[1]], [[np.nan]])}.items():
        with pytest.raises(ValueError, match=f"^{name} contains NaN"):
            WassersteinKernel(gamma=1.0)(*pair)


@pytest.mark.filterwarnings("error")
def test_inner_products_of_both_signs_that_overflow():
    with pytest.raises(ValueError, match="too large for float64"):
        WassersteinKernel(kernel="linear")([[1e200, 1e200], [1e200, -1e200]])


def test_scale_of_large_float32_sets():
    rows = np.random.default_rng(0).normal(100, 1, size=(5000, 2)).astype(np.float32)
    gamma = WassersteinKernel().fit(rows).gamma_
    assert_allclose(gamma, 1 / rows.astype(float).var(axis=0).sum(), rtol=1e-12)


def test_reference_rows_are_a_copy():
    rows = np.eye(3)
    kernel = WassersteinKernel().fit(rows)
    before = kernel.transform(np.eye(3))
    rows *= 5
    assert_array_equal(kernel.transform(np.eye(3)), before)


def test_precision_follows_the_rows_to_transform():
    kernel = WassersteinKernel().fit(np.eye(3))
    assert kernel.transform(np.eye(3, dtype=np.float32)).dtype == np.float32


def test_float32_is_kept(study):
    rows = GraphPersistence().fit_transform(study[0]).astype(np.float32)
    for kernel in ("gaussian", "laplacian", "linear"):
        wasserstein = WassersteinKernel(kernel=kernel).fit(rows)
        K = wasserstein.transform(rows)
        assert K.dtype == np.float32
        expected = WassersteinKernel(kernel=kernel)(rows.astype(float))
        assert_allclose(K, expected, atol=1e-5)


def test_names_out(study):
    kernel = WassersteinKernel().fit(study[0][:3])
    names = [f"wassersteinkernel{k}" for k in range(3)]
    assert list(kernel.get_feature_names_out()) == names


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"kernel": "rbf"}, ValueError),
        ({"kernel": None}, ValueError),
        ({"gamma": 0}, ValueError),
        ({"gamma": -1.0}, ValueError),
        ({"gamma": np.nan}, ValueError),
        ({"gamma": "auto"}, ValueError),
        ({"gamma": None}, ValueError),
        ({"gamma": True}, ValueError),
    ],
)
def test_bad_parameters(parameters, error):
    kernel = WassersteinKernel(**parameters)
    for use in (kernel.fit, kernel):
        with pytest.raises(error, match=f"^{next(iter(parameters))}( |=)"):
            use(np.eye(3))


@pytest.mark.parametrize(
    "X", [[[np.nan, 1]], [[np.inf, 1]], np.array([[1j]]), [["a"]], [1.0]]
)
def test_bad_input(X):
    for use in (WassersteinKernel().fit, WassersteinKernel()):
        with pytest.raises(ValueError):
            use(X)
