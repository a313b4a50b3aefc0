"""TopClusterer: the same clusters as k-means, and what it adds."""

import warnings

import numpy as np
import pytest
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
    assert_allclose(top.inertia_, 0, atol=1e-12)
    assert adjusted_rand_score(top.labels_, np.repeat([0, 1], 5)) == 1
    assert_allclose(top.cluster_std_, 0, atol=1e-6)  # roots of rounding errors


def test_float32_is_kept_and_as_good(study):
    rows = study[0]
    exact = TopClusterer(3, n_init=10, random_state=0).fit(rows)
    single = clone(exact).fit(rows.astype(np.float32))
    assert single.cluster_centers_.dtype == np.float32
    assert single.transform(rows.astype(np.float32)).dtype == np.float32
    assert_array_equal(single.labels_, exact.labels_)
    assert_allclose(single.inertia_, exact.inertia_, rtol=1e-5)


def test_far_from_the_origin(study):
    rows = study[0]
    exact = TopClusterer(3, n_init=10, random_state=0).fit(rows)
    moved = clone(exact).fit(rows + 1e6)
    assert_array_equal(moved.labels_, exact.labels_)
    assert_allclose(moved.inertia_, exact.inertia_, rtol=1e-5)


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


def test_input_is_left_alone(study):
    rows = study[0].copy()
    TopClusterer(3, random_state=0).fit(rows).transform(rows)
    assert_array_equal(rows, study[0])


def test_global_random_state_is_left_alone(study):
    np.random.seed(0)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    TopClusterer(3, random_state=1).fit(study[0])
    assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


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
    ],
)
def test_bad_parameters(parameters, error):
    with pytest.raises(error, match=next(iter(parameters))), warnings.catch_warnings():
        TopClusterer(**{"n_clusters": 2, **parameters}).fit(np.eye(5))


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
