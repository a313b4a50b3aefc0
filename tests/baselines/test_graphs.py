"""Summaries from graph theory, against networkx."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
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


@settings(max_examples=10)
@given(st.integers(0, 2**32 - 1), st.integers(-900, 900))
def test_the_unit_changes_nothing_but_the_unit(seed, exponent):
    row = np.random.default_rng(seed).random((1, 15))
    unit = 2.0**exponent
    expected = GraphSummaries().fit_transform(row)
    with_unit = [0, 1, 3, 4, 5, 6, 7, 10]
    expected[:, with_unit] *= unit
    assert_array_equal(GraphSummaries().fit_transform(row * unit), expected)


def test_skewness_of_nearly_equal_strengths():
    weights = 1 + 2.0**-42 * np.random.default_rng(0).integers(0, 9, (6, 6))
    row = squareform(np.triu(weights, 1) + np.triu(weights, 1).T)
    exact = squareform(row).astype(np.longdouble).sum(axis=0)
    gaps = exact - exact.mean()
    expected = np.mean(gaps**3) / np.mean(gaps**2) ** 1.5
    found = GraphSummaries().fit_transform([row])[0, 2]
    assert_allclose(found, float(expected), rtol=1e-2)
