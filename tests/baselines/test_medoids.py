"""Clusters around medoids, against kmedoids called by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import cdist
from sklearn.metrics import adjusted_rand_score
from sklearn.model_selection import cross_val_score

from sktopo.baselines import (
    MedoidClusterer,
)

gudhi = pytest.importorskip("gudhi")
kmedoids = pytest.importorskip("kmedoids")
networkx = pytest.importorskip("networkx")


@pytest.mark.parametrize("method", ["fasterpam", "pam", "alternate"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_medoids_by_hand(study, method, dtype):
    distances = cdist(study[0], study[0]).astype(dtype)
    found = MedoidClusterer(3, method=method, random_state=5).fit(distances)
    run = {"alternate": kmedoids.alternating}.get(method) or getattr(kmedoids, method)
    expected = run(
        distances, 3, 300, init="random", random_state=np.random.RandomState(5)
    )
    assert_array_equal(found.medoid_indices_, np.sort(expected.medoids))
    assert adjusted_rand_score(found.labels_, expected.labels) == 1
    assert_allclose(found.inertia_, expected.loss, rtol=1e-6)
    assert_array_equal(found.predict(distances), found.labels_)
    assert_array_equal(found.labels_[found.medoid_indices_], [0, 1, 2])


def test_new_samples_belong_to_the_nearest_medoid(study):
    X, new = study[0][::2], study[0][1::2]
    medoids = MedoidClusterer(3, random_state=0).fit(cdist(X, X))
    expected = cdist(new, X[medoids.medoid_indices_]).argmin(axis=1)
    assert_array_equal(medoids.predict(cdist(new, X)), expected)
    by_rows = MedoidClusterer(3, metric="euclidean", random_state=0).fit(X)
    assert_array_equal(by_rows.predict(new), expected)
    assert_array_equal(by_rows.cluster_centers_, X[medoids.medoid_indices_])


def test_precomputed_distances_are_split_on_both_sides(study):
    X, y = study
    scores = cross_val_score(
        MedoidClusterer(2, random_state=0), cdist(X, X), y, cv=4, scoring="rand_score"
    )
    by_rows = MedoidClusterer(2, metric="euclidean", random_state=0)
    expected = cross_val_score(by_rows, X, y, cv=4, scoring="rand_score")
    assert_array_equal(scores, expected)


@settings(max_examples=10)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from(["euclidean", "l2", "manhattan", "nan_euclidean"]),
    st.integers(-80, 40),
    st.integers(-1, 1),
)
def test_offset_unit_and_float32_change_nothing(seed, metric, exponent, sign):
    steps = np.random.default_rng(seed).integers(0, 8, (10, 5)).astype(float)
    expected = MedoidClusterer(3, metric=metric, random_state=0).fit(steps)
    unit = 2.0**exponent
    for dtype, digits in ((np.float64, 40), (np.float32, 20)):
        rows = ((sign * 2.0**digits + steps) * unit).astype(dtype)
        found = MedoidClusterer(3, metric=metric, random_state=0).fit(rows)
        assert_array_equal(found.medoid_indices_, expected.medoid_indices_)
        assert_array_equal(found.labels_, expected.labels_)
        assert_array_equal(found.predict(rows), found.labels_)
        assert_allclose(found.inertia_ / unit, expected.inertia_, rtol=1e-9)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("unit", [1e-320, 1e-200, 1e-30, 1e30, 1e200, 1e308])
def test_precomputed_distances_of_any_size(unit):
    distances = np.array([[0, 1, 9, 9], [1, 0, 9, 9], [9, 9, 0, 1], [9, 9, 1, 0]]) / 9
    found = MedoidClusterer(2, random_state=0).fit(distances * unit)
    assert_array_equal(found.labels_, [0, 0, 1, 1])
    assert_allclose(found.inertia_, distances[0, 1] * unit * 2, rtol=1e-3)
    single = MedoidClusterer(1, random_state=0)
    if unit == 1e308:
        with pytest.raises(ValueError, match="distances of MedoidClusterer .* large"):
            single.fit(distances * unit)


def test_distances_that_are_not_finite_are_named():
    def metric(x, y):
        return np.nan if x[0] == 1 else 0.0

    with pytest.raises(ValueError, match="gave nan for samples 1 and 1"):
        MedoidClusterer(2, metric=metric).fit([[0.0], [1.0], [2.0]])


def test_a_fit_that_fails_leaves_the_one_before():
    distances = np.array([[0, 1, 9], [1, 0, 9], [9, 9, 0.0]])
    medoids = MedoidClusterer(2, random_state=0).fit(distances)
    with pytest.raises(ValueError):
        medoids.fit(distances * np.nan)
    assert_array_equal(medoids.predict(distances), [0, 0, 1])
    by_rows = MedoidClusterer(2, metric="euclidean", random_state=0).fit(distances)
    by_rows.set_params(metric="precomputed").fit(distances)
    assert not hasattr(by_rows, "cluster_centers_")
