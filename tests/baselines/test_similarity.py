"""Clusters by similarity graphs, against their libraries called by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from scipy.spatial.distance import cdist
from sklearn.cluster import SpectralClustering
from sklearn.metrics import adjusted_rand_score

from sktopo.baselines import (
    SimilarityClusterer,
)

gudhi = pytest.importorskip("gudhi")
kmedoids = pytest.importorskip("kmedoids")
networkx = pytest.importorskip("networkx")


def test_spectral_and_modularity_by_hand(study):
    X, new = study[0][::2], study[0][1::2]
    squared = cdist(X, X, "sqeuclidean")
    similarities = np.exp(-squared / np.median(squared[squared > 0]))
    library = SpectralClustering(3, affinity="precomputed", n_init=1, random_state=0)
    spectral = SimilarityClusterer(3, random_state=0).fit(X)
    expected = library.fit_predict(similarities)
    assert adjusted_rand_score(spectral.labels_, expected) == 1

    graph = networkx.from_numpy_array(similarities - np.eye(8))
    found = networkx.community.greedy_modularity_communities(
        graph, weight="weight", cutoff=3, best_n=3
    )
    modular = SimilarityClusterer(3, method="modularity").fit(X)
    for label, members in enumerate(found):
        assert set(np.flatnonzero(modular.labels_ == label)) == members

    for fitted in (spectral, modular):
        means = [X[fitted.labels_ == k].mean(axis=0) for k in range(3)]
        assert_array_equal(fitted.predict(new), cdist(new, means).argmin(axis=1))


@settings(max_examples=10)
@given(st.integers(0, 2**32 - 1), st.integers(-80, 40), st.integers(-1, 1))
def test_offset_unit_and_float32_change_nothing(seed, exponent, sign):
    steps = np.random.default_rng(seed).integers(0, 8, (10, 5)).astype(float)
    steps[::2] += 40
    for method in ("modularity", "spectral"):
        expected = SimilarityClusterer(2, method=method, random_state=0).fit(steps)
        for dtype, digits in ((np.float64, 40), (np.float32, 14)):
            rows = ((sign * 2.0**digits + steps) * 2.0**exponent).astype(dtype)
            found = SimilarityClusterer(2, method=method, random_state=0).fit(rows)
            assert_array_equal(found.labels_, expected.labels_)
            assert_array_equal(found.predict(rows), expected.predict(steps))
            assert found.cluster_centers_.dtype == dtype


@pytest.mark.filterwarnings("error")
def test_rows_of_any_size():
    rows = np.repeat([[1.0], [4.0]], 4, axis=0) + np.arange(8)[:, None] / 100
    for unit in (1e-300, 1e-26, 1e18, 1e300):
        found = SimilarityClusterer(2, method="modularity").fit(rows * unit)
        assert_array_equal(found.labels_, np.repeat([0, 1], 4))
    with pytest.raises(ValueError, match="too large for SimilarityClusterer"):
        SimilarityClusterer(2).fit([[-1.7e308], [1.7e308]])
