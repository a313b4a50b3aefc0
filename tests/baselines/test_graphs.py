"""Summaries from graph theory, against networkx."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import squareform

from sktopo.baselines import (
    GraphSummaries,
)

gudhi = pytest.importorskip("gudhi")
kmedoids = pytest.importorskip("kmedoids")
networkx = pytest.importorskip("networkx")


def test_summaries_by_hand(study):
    weights = study[0][0].copy()
    weights[:20] = 0
    found = GraphSummaries().set_output(transform="default").fit([weights])
    names = list(found.get_feature_names_out())
    summary = dict(zip(names, found.transform([-weights])[0], strict=True))
    graph = networkx.from_numpy_array(squareform(weights))
    strength = np.array([s for _, s in graph.degree(weight="weight")]) / 13
    deviations = (strength - strength.mean()) / strength.std()
    clustering = list(networkx.clustering(graph, weight="weight").values())
    for _, _, data in graph.edges(data=True):
        data["length"] = 1 / data["weight"]
    paths = dict(networkx.all_pairs_dijkstra_path_length(graph, weight="length"))
    inverse = [1 / d for i in paths for j, d in paths[i].items() if i != j]
    parts = networkx.community.louvain_communities(graph, seed=0)
    expected = {
        "strength_mean": strength.mean(),
        "strength_std": strength.std(),
        "strength_skewness": np.mean(deviations**3),
        "strength_q25": np.quantile(strength, 0.25),
        "clustering_mean": np.mean(clustering),
        "clustering_std": np.std(clustering),
        "efficiency": np.sum(inverse) / (14 * 13),
        "modularity": networkx.community.modularity(graph, parts),
    }
    for name, value in expected.items():
        assert_allclose(summary[name], value, err_msg=name)


def test_summaries_of_odd_graphs():
    assert_array_equal(GraphSummaries().fit_transform(np.zeros((1, 6))), [[0] * 12])
    constant = GraphSummaries().fit_transform(np.full((1, 10), 0.1))
    assert constant[0, 2] == 0  # no skewness from rounding
    assert np.isfinite(GraphSummaries().fit_transform([[1.0]])).all()
