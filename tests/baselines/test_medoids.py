"""Clusters around medoids, against kmedoids called by hand."""

import numpy as np
import pytest
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
