"""Clusters by similarity graphs, against their libraries called by hand."""

import numpy as np
import pytest
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
