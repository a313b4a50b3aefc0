"""TopClusterer: the same clusters as k-means, and what it adds."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import adjusted_rand_score, pairwise_distances

from sktopo import GraphPersistence, TopClusterer
from sktopo.barcodes import (
    barycenter,
    wasserstein_distances,
)
from sktopo.barcodes._clusterer import _suits_kmeans
from sktopo.datasets import make_modular_connectomes


@pytest.fixture(scope="module")
def study():
    """Barcodes of 3 groups of 12 modular graphs: sum form, rows, groups."""
    X, y = make_modular_connectomes(12, n_nodes=40, p_within=0.75, random_state=0)
    return GraphPersistence(normalize=False).fit_transform(X), X, y


@pytest.mark.parametrize("init", ["k-means++", "random"])
@pytest.mark.parametrize(("seed", "tol"), [(0, 1e-4), (1, 0), (2, 0.2), (3, 0.02)])
def test_same_partition_as_kmeans_on_the_full_rows(study, init, seed, tol):
    rows, *_ = study
    parameters = {"init": init, "n_init": 3, "random_state": seed, "tol": tol}
    top = TopClusterer(4, **parameters).fit(rows)
    kmeans = KMeans(4, **parameters).fit(rows)
    assert top.n_iter_ == kmeans.n_iter_
    if tol < 0.1:  # else neither has converged
        assert adjusted_rand_score(top.labels_, kmeans.labels_) == 1
        assert_allclose(top.inertia_, kmeans.inertia_, rtol=1e-10)


@pytest.mark.parametrize("init", ["k-means++", "random", "array", "callable"])
def test_more_samples_than_features(init):
    rows = np.random.default_rng(0).normal(size=(50, 3))
    first = {"array": rows[:4], "callable": lambda X, k, random_state: X[:k].copy()}
    parameters = {"init": first.get(init, init), "n_init": 1, "random_state": 0}
    top = TopClusterer(4, **parameters).fit(rows)
    kmeans = KMeans(4, **parameters).fit(rows)
    assert adjusted_rand_score(top.labels_, kmeans.labels_) == 1
    assert_allclose(top.inertia_, kmeans.inertia_, rtol=1e-10)


def test_centers_are_wasserstein_barycenters(study):
    rows, *_ = study
    top = TopClusterer(3, n_init=10, random_state=0).fit(rows)
    for label, center in enumerate(top.cluster_centers_):
        members = rows[top.labels_ == label]
        assert_allclose(center, barycenter(members))
        squared = wasserstein_distances(
            members, [center], normalize=False, squared=True
        )
        assert_allclose(top.cluster_std_[label], np.sqrt(squared.mean()))
    assert_allclose(
        top.inertia_, np.sum(top.cluster_std_**2 * np.bincount(top.labels_))
    )


def test_transform_gives_wasserstein_distances(study):
    rows, *_ = study
    top = TopClusterer(3, n_init=10, random_state=0).fit(rows)
    expected = wasserstein_distances(rows, top.cluster_centers_, normalize=False)
    assert_allclose(top.transform(rows), expected, rtol=1e-6)
    assert_array_equal(top.transform(rows).argmin(axis=1), top.labels_)
    assert_array_equal(top.predict(rows), top.labels_)
    assert_allclose(top.score(rows), -top.inertia_)
    assert_allclose(top.score(rows[:5]), -np.sum(expected[:5].min(axis=1) ** 2))


def test_one_partition_has_one_numbering(study):
    rows, *_ = study
    fits = [
        TopClusterer(3, n_init=20, random_state=seed).fit(rows) for seed in range(6)
    ]
    for other in fits[1:]:
        assert_array_equal(other.labels_, fits[0].labels_)
    means = fits[0].cluster_centers_.mean(axis=1)
    assert np.all(np.diff(means) > 0)


def test_equal_means_are_numbered_too():
    rows = np.repeat([[0.0, 2], [1, 1], [2, 0]], 4, axis=0)
    numberings = {
        tuple(TopClusterer(3, n_init=5, random_state=s).fit(rows).labels_)
        for s in range(8)
    }
    assert numberings == {(0,) * 4 + (1,) * 4 + (2,) * 4}


@pytest.mark.parametrize("n_features", [3, 500])
def test_fewer_distinct_rows_than_clusters(n_features):
    rows = np.repeat([[0.0], [1.0]], 5, axis=0) * np.ones(n_features)
    with pytest.warns(ConvergenceWarning, match="distinct"):
        top = TopClusterer(4, random_state=0).fit(rows)
    assert top.cluster_centers_.shape == (4, n_features)
    assert np.isfinite(top.cluster_centers_).all()
    assert top.inertia_ == 0
    assert adjusted_rand_score(top.labels_, np.repeat([0, 1], 5)) == 1
    assert_array_equal(top.cluster_std_, 0)


@pytest.mark.filterwarnings("ignore:.*distinct clusters")
def test_centers_of_clusters_without_rows_are_rows():
    top = TopClusterer(3, random_state=0).fit(np.full((6, 300), 0.7))
    assert_array_equal(top.cluster_centers_, np.full((3, 300), 0.7))


def test_equal_rows_have_no_deviation():
    rows = np.repeat(np.random.default_rng(0).random((3, 500)), 4, axis=0)
    top = TopClusterer(3, n_init=5, random_state=0).fit(rows)
    assert_array_equal(top.cluster_std_, 0)
    assert top.inertia_ == top.score(rows) == 0


def test_float32_is_kept_and_as_good(study):
    rows = study[0]
    exact = TopClusterer(3, n_init=10, random_state=0).fit(rows)
    single = clone(exact).fit(rows.astype(np.float32))
    assert single.cluster_centers_.dtype == np.float32
    assert single.transform(rows.astype(np.float32)).dtype == np.float32
    assert_array_equal(single.labels_, exact.labels_)
    assert_allclose(single.inertia_, exact.inertia_, rtol=1e-5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("offset", "unit", "suits"),
    [
        (0, 1, True),
        (2.0**4, 1, True),
        (2.0**17, 1, False),
        (0, 2.0**-50, False),
        (0, 2.0**50, False),
    ],
)
def test_few_columns_in_any_unit_and_place(dtype, offset, unit, suits):
    if dtype == np.float64:
        offset, unit = offset * 2.0**29, unit**8
    centers = np.random.default_rng(0).integers(-64, 64, (3, 20))
    noise = np.random.default_rng(1).integers(-64, 64, (240, 20))
    rows = (np.repeat(centers, 80, axis=0) + noise) / 64  # exact in float32
    moved = ((offset + rows) * unit).astype(dtype)
    assert _suits_kmeans(moved, np.abs(moved).max()) == suits
    before = moved.copy()
    expected = TopClusterer(3, random_state=0).fit(rows)
    found = TopClusterer(3, random_state=0).fit(moved)
    assert_array_equal(found.labels_, expected.labels_)
    centers = found.cluster_centers_.astype(float) / unit - offset
    slack = np.finfo(dtype).eps * (1 + offset)
    assert_allclose(centers, expected.cluster_centers_, atol=slack)
    assert_array_equal(moved, before)


def test_one_row_is_given_to_kmeans_with_care():
    assert not _suits_kmeans(np.ones((1, 3)), 1.0)
    assert TopClusterer(1, random_state=0).fit(np.ones((1, 3))).inertia_ == 0


def test_far_from_the_origin(study):
    rows = study[0]
    exact = TopClusterer(3, n_init=10, random_state=0).fit(rows)
    moved = clone(exact).fit(rows + 1e6)
    assert_array_equal(moved.labels_, exact.labels_)
    assert_allclose(moved.inertia_, exact.inertia_, rtol=1e-5)


def assert_is_consistent(top, rows):
    """Check a fit that has converged against plain differences in long doubles."""
    exact = rows.astype(np.longdouble)
    centers = [exact[top.labels_ == k].mean(axis=0) for k in range(top.n_clusters)]
    assert_allclose(top.cluster_centers_, np.array(centers, rows.dtype), rtol=1e-6)
    gaps = exact[:, None] - np.array(centers)
    squared = (gaps**2).sum(axis=2).astype(float)
    tolerance = 1e-5 if rows.dtype == np.float32 else 1e-9
    distances = top.transform(rows)
    assert_allclose(distances, np.sqrt(squared), rtol=max(tolerance, 1e-7))
    assert distances.dtype == rows.dtype
    for labels in (top.predict(rows), distances.argmin(axis=1)):
        assert_array_equal(labels, top.labels_)
    own = squared[np.arange(len(rows)), top.labels_]
    assert_allclose(own, squared.min(axis=1), rtol=tolerance)
    assert_allclose(top.inertia_, own.sum(), rtol=tolerance)
    assert top.score(rows) == -top.inertia_
    deviations = [own[top.labels_ == k].mean() ** 0.5 for k in range(len(centers))]
    assert_allclose(top.cluster_std_, deviations, rtol=tolerance)


def make_groups(seed, n_features):
    """Make 12 rows of integers below 64 in two groups that lie far apart."""
    steps = np.random.default_rng(seed).integers(0, 8, (12, n_features))
    steps[::2] += 40
    return steps.astype(float)


@settings(max_examples=20)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([4, 200]),
    st.sampled_from(["k-means++", "random", "array", "callable"]),
    st.integers(-80, 40),
    st.integers(-1, 1),
)
def test_offset_unit_and_order_change_nothing(seed, n_features, init, exponent, sign):
    steps = make_groups(seed, n_features)
    order = np.random.default_rng(seed).permutation(12)

    def fit(rows):
        first = {"array": rows[:2], "callable": lambda X, k, random_state: X[:k]}
        return TopClusterer(2, init=first.get(init, init), random_state=0).fit(rows)

    expected = fit(steps)
    assert_array_equal(expected.labels_, [1, 0] * 6)
    assert_array_equal(fit(steps[order]).labels_, expected.labels_[order])
    for dtype, digits in ((np.float64, 26), (np.float32, 14)):
        unit = 2.0**exponent
        rows = ((sign * 2.0**digits + steps) * unit).astype(dtype)
        found = fit(rows)
        assert_is_consistent(found, rows)
        assert_array_equal(found.labels_, expected.labels_)
        rtol = 1e-9  # the same numbers, so float32 is as good
        assert_allclose(found.inertia_ / unit**2, expected.inertia_, rtol)
        assert_allclose(found.cluster_std_ / unit, expected.cluster_std_, rtol)
        assert_allclose(
            found.transform(rows) / dtype(unit), expected.transform(steps), rtol=1e-6
        )


def test_float32_rows_some_steps_of_float32_apart():
    steps = np.sort(np.random.default_rng(0).integers(0, 8, (40, 3003)), axis=1)
    steps[20:] += 8
    rows = (1 - 2.0**-17 + steps * 2.0**-22).astype(np.float32)
    top = TopClusterer(2, n_init=10, random_state=0)
    single, exact = clone(top).fit(rows), clone(top).fit(rows.astype(float))
    assert_array_equal(single.labels_, np.repeat([0, 1], 20))
    assert single.inertia_ == exact.inertia_
    assert_array_equal(single.cluster_std_, exact.cluster_std_)
    assert_array_equal(single.predict(rows), single.labels_)
    assert_allclose(single.transform(rows), exact.transform(rows), rtol=1e-6)


def test_tight_groups_of_wide_rows():
    rows = np.random.default_rng(0).standard_normal((12, 400)) * 1e-9
    rows[6:] += 1
    top = TopClusterer(2, n_init=5, random_state=0).fit(rows)
    assert_is_consistent(top, rows)
    parts = [rows[:6], rows[6:]]
    expected = [np.sqrt(part.var(axis=0).sum()) for part in parts]
    assert_allclose(top.cluster_std_, expected, rtol=1e-9)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("n_features", [3, 200])
@pytest.mark.parametrize("unit", [1e-26, 1e18, 1e19, 1e30, 1e35])
def test_units_of_float32(n_features, unit):
    steps = np.random.default_rng(0).random((8, n_features))
    steps[4:] += 3
    rows = (steps * unit).astype(np.float32)
    top = TopClusterer(2, n_init=10, random_state=0).fit(rows)
    assert_array_equal(top.labels_, np.repeat([0, 1], 4))
    assert_is_consistent(top, rows)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("n_features", [3, 200])
def test_numbers_out_of_range(n_features):
    rows = np.random.default_rng(0).random((8, n_features)) + 1
    rows[4:] += 3
    top = TopClusterer(2, n_init=10, random_state=0)
    for factor, fault in ((1e200, "too large"), (1e-200, "too small")):
        with pytest.raises(ValueError, match=f"TopClusterer are {fault}"):
            top.fit(rows * factor)
    apart = np.zeros((8, n_features))
    apart[:, 0] = np.where(np.arange(8) < 4, -1.79e308, 1e307)
    with pytest.raises(ValueError, match="sample 4 are too large for TopClusterer"):
        top.fit(apart)
    top.fit(rows.astype(np.float32))
    far = np.full((1, n_features), 3e38, dtype=np.float32)
    with pytest.raises(ValueError, match=r"TopClusterer.transform .* float32"):
        top.transform(far)
    huge = rows * 1e300
    assert_array_equal(top.predict(huge), top.transform(huge).argmin(axis=1))
    with pytest.raises(ValueError, match=r"TopClusterer.score are too large"):
        top.score(rows * 1e300)


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), st.sampled_from([np.float32, np.float64]))
def test_near_ties_are_broken_alike(seed, dtype):
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, 3, (20, 4)).astype(dtype)
    top = TopClusterer(5, n_init=1, random_state=0).fit(rows)
    new = np.vstack([rows, (rows[:10] + rows[10:]) / 2, rows * dtype(1e6)])
    assert_array_equal(top.predict(new), top.transform(new).argmin(axis=1))
    assert_array_equal(top.predict(rows), top.labels_)


def test_first_barycenters_may_be_given_in_any_unit():
    rows = make_groups(0, 4)
    seen = []

    def first(X, n_clusters, random_state):
        seen.append(X.copy())
        return [[0, 0, 0, 0], [50, 50, 50, 50]]

    TopClusterer(2, init=first, n_init=1).fit(rows)
    assert_array_equal(seen[0], rows)
    for init in ([[0, 0, 0, 0], [1e300] * 4], [[0, 0, 0, 0], ["a"] * 4], [[0], [1]]):
        for given_init in (init, lambda X, k, random_state, init=init: init):
            with pytest.raises(ValueError, match=r"init|convert"):
                TopClusterer(2, init=given_init).fit(rows)


def test_one_cluster_and_one_each(study):
    rows = study[0]
    one = TopClusterer(1).fit(rows)
    assert_allclose(one.cluster_centers_, [barycenter(rows)])
    each = TopClusterer(len(rows), random_state=0).fit(rows)
    assert_allclose(each.inertia_, 0, atol=1e-9)
    assert_allclose(
        pairwise_distances(each.cluster_centers_[each.labels_], rows).diagonal(),
        0,
        atol=1e-6,
    )


def test_a_single_row_is_its_barycenter():
    top = TopClusterer(1).fit([np.arange(500.0)])
    assert_array_equal(top.cluster_centers_, [np.arange(500)])
    assert top.inertia_ == top.cluster_std_[0] == 0


def test_input_is_left_alone(study):
    rows = study[0].copy()
    TopClusterer(3, random_state=0).fit(rows).transform(rows)
    assert_array_equal(rows, study[0])


def test_global_random_state_is_left_alone(study):
    np.random.seed(0)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    TopClusterer(3, random_state=1).fit(study[0])
    assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_default_number_of_clusters():
    # As in KMeans.
    assert TopClusterer().n_clusters == KMeans().n_clusters == 8


def test_names_out(study):
    top = TopClusterer(2, random_state=0).fit(study[0])
    assert list(top.get_feature_names_out()) == ["topclusterer0", "topclusterer1"]


def test_more_clusters_than_samples():
    with pytest.raises(ValueError, match="n_clusters=4 is more than n_samples=3"):
        TopClusterer(4).fit(np.eye(3))


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"n_clusters": 0}, ValueError),
        ({"n_clusters": 2.0}, ValueError),
        ({"init": "kmeans"}, ValueError),
        ({"init": np.zeros((2, 7))}, ValueError),
        ({"n_init": 0}, ValueError),
        ({"n_init": "many"}, ValueError),
        ({"max_iter": 0}, ValueError),
        ({"tol": -1}, ValueError),
        ({"random_state": "seed"}, ValueError),
        ({"n_clusters": True}, ValueError),
        ({"max_iter": True}, ValueError),
        ({"tol": np.nan}, ValueError),
    ],
)
def test_bad_parameters(parameters, error):
    name = next(iter(parameters))
    expected = (
        "random_state" if name == "random_state" else rf"^{name}( must be|=| has)"
    )
    with pytest.raises(error, match=expected), warnings.catch_warnings():
        TopClusterer(**{"n_clusters": 2, **parameters}).fit(np.eye(5))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"n_clusters": True},
            "^n_clusters must be an integer of at least 1, got True",
        ),
        ({"n_init": "many"}, "^n_init='many' is unknown; expected one of 'auto'"),
        ({"init": "kmeans"}, "^init='kmeans' is unknown; expected one of 'k-means"),
        ({"tol": np.nan}, "^tol must be a finite number"),
        ({"init": np.full((2, 5), np.nan)}, "^init contains NaN"),
        ({"init": np.full((2, 5), 1e300)}, "^init is so far .* in the unit of X.$"),
        ({"init": np.zeros((2, 7))}, r"^init has shape \(2, 7\); expected \(2, 5\)"),
    ],
)
def test_messages(parameters, message):
    with pytest.raises(ValueError, match=message):
        TopClusterer(**{"n_clusters": 2, **parameters}).fit(np.eye(5))


def test_nan_to_predict():
    top = TopClusterer(2, random_state=0).fit(np.eye(5))
    for bad, name in ((np.nan, "NaN"), (np.inf, "infinity"), (-np.inf, "infinity")):
        rows = np.eye(5)
        rows[3, 2] = bad
        with pytest.raises(ValueError, match=f"Input X contains {name}"):
            top.predict(rows)
    with pytest.raises(ValueError, match=r"Input X contains NaN.\s*TopClusterer"):
        top.predict(np.full((1, 5), np.nan))


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([[np.nan, 1]], "NaN"),
        ([[np.inf, 1]], "infinity"),
        (np.empty((0, 2)), "0 sample"),
        ([1.0, 2.0], "2D"),
    ],
)
def test_bad_input(X, message):
    with pytest.raises(ValueError, match=message):
        TopClusterer(1).fit(X)


def test_clusters_beside_one_row_that_is_far_away():
    X = np.random.default_rng(5).normal(size=(21, 200)) * 1e-5
    X[10:20] += 1e-3
    X[20] += 1e6
    clusterer = TopClusterer(3, n_init=20, random_state=0).fit(X)
    parts = [X[clusterer.labels_ == label] for label in range(3)]
    assert sorted(map(len, parts)) == [1, 10, 10]
    squares = sum(((part - part.mean(axis=0)) ** 2).sum() for part in parts)
    assert_allclose(clusterer.inertia_, squares, rtol=1e-6)
