"""The named pipelines: complete, searchable, cached."""

from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from sktopo import TopClusterer, WassersteinKernel
from sktopo.baselines import (
    DiagramDistance,
    RipsDiagrams,
    WeightSummaries,
    baseline_clusterers,
    baseline_kernels,
)
from sktopo.baselines._diagram_distances import DISTANCES, KERNELS

NAMES = [name for name, *_ in {**DISTANCES, **KERNELS}.values()]

gudhi = pytest.importorskip("gudhi")
kmedoids = pytest.importorskip("kmedoids")
networkx = pytest.importorskip("networkx")


def test_whole_chains_on_empty_diagrams():
    triangles = np.random.default_rng(0).random((8, 3))  # no triangle has a cycle
    y = np.arange(8) % 2
    for name, model in baseline_clusterers(2, random_state=0).items():
        if name in NAMES:
            assert set(model.fit_predict(triangles)) == {0}, name
    for name, model in baseline_kernels().items():
        assert model.fit(triangles, y).predict(triangles).shape == (8,), name


def test_output_of_whole_pipelines_can_be_set(study):
    pytest.importorskip("pandas")
    kernel = baseline_kernels()["SWK"]["kernel"].set_output(transform="pandas")
    assert kernel.fit_transform(study[0]).shape == (16, 16)


def test_names_are_those_of_the_papers():
    assert set(NAMES) == {"BD", "WD", "SWK", "HK", "PF", "PWG"}
    assert len(NAMES) == len(set(NAMES))


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_global_output_changes_no_baseline(study, library):
    pytest.importorskip(library)
    X, y = study
    models = {**baseline_kernels(), **baseline_clusterers(2, random_state=0)}
    for name, model in models.items():
        expected = clone(model).fit(X[::2], y[::2]).predict(X[1::2])
        with config_context(transform_output=library):
            found = clone(model).fit(X[::2], y[::2]).predict(X[1::2])
        assert_array_equal(found, expected, err_msg=name)


def test_pipelines_are_complete(study):
    X, y = study
    kernels, clusterers = baseline_kernels(), baseline_clusterers(2, random_state=0)
    assert set(clusterers) - set(kernels) == {"spectral", "modularity"}
    assert set(kernels) == {
        *("Top (normalised)", "Top (balanced)", "Top (sum)", "profiles"),
        *("Adj", "PI", "PL", "graph summaries"),
        *("mean |r|", "moments", "sorted weights"),
        *NAMES,
    }
    for name, model in kernels.items():
        model.fit(X[::2], y[::2])
        assert model["kernel"].transform(X[1::2]).shape == (8, 8), name
        assert model.score(X[1::2], y[1::2]) >= (0.5 if name == "Adj" else 0.7), name
    for name, model in clusterers.items():
        labels = model.fit(X[::2]).predict(X[1::2])
        assert set(labels) <= {0, 1}, name
    kinds = {name: type(model["clusterer"]) for name, model in clusterers.items()}
    assert kinds["Top (sum)"] is kinds["profiles"] is kinds["Adj"] is TopClusterer
    assert kinds["Top (balanced)"] is kinds["sorted weights"] is TopClusterer
    assert kinds["PI"] is kinds["graph summaries"] is kinds["moments"] is KMeans


def test_block_moments_need_groups(study):
    X, y = study
    groups = np.arange(14) % 3
    makers = (baseline_kernels, partial(baseline_clusterers, 2, random_state=0))
    for make in makers:
        models = make(groups=groups)
        assert set(models) - set(make()) == {"block moments"}
        model = models["block moments"]
        assert model.fit(X, y).predict(X[:3]).shape == (3,)
        make(groups="layer")["mean |r|"].fit(X, y)
        with pytest.raises(ValueError, match="^groups='layer' needs names of edges"):
            make(groups="layer")["block moments"].fit(X, y)
        with pytest.raises(ValueError, match="^groups has 2 labels for 14 nodes"):
            make(groups=[0, 1])["block moments"].fit(X, y)
    rows = model[:-2].fit_transform(X)
    profiles = models["profiles"]["rows"].fit(X)
    assert list(profiles.profile_slices_)[:2] == ["births", "births[0]"]
    assert_array_equal(rows, WeightSummaries("blocks", groups=groups).fit_transform(X))


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ("layers", "^groups='layers' is a str; expected the group of each node, such"),
        ([0, None], "^groups contains a missing label, None, at node 1"),
        (3, "^groups must be a 1d array of labels, one for each node"),
    ],
)
def test_wrong_groups_are_refused_at_once(groups, message):
    with pytest.raises(ValueError, match=message):
        baseline_kernels(groups=groups)
    with pytest.raises(ValueError, match=message):
        baseline_clusterers(2, groups=groups)


def test_controls_by_hand():
    # Two groups of networks that differ in level: one number is enough.
    X = np.random.default_rng(0).random((8, 6))
    X[4:] += 5
    expected = np.repeat([0, 1], 4)
    clusterers = baseline_clusterers(2, groups=[0, 0, 1, 1], random_state=0)
    for name in ("mean |r|", "moments", "block moments", "sorted weights"):
        labels = clusterers[name].fit_predict(X)
        assert adjusted_rand_score(expected, labels) == 1, name


def test_steps_are_alternatives_in_one_grid(study):
    X, y = study
    kernels = {name: model["kernel"] for name, model in baseline_kernels().items()}
    swk = clone(kernels["SWK"])
    grid = [
        {"kernel": [WassersteinKernel()], "kernel__gamma": [1e-9, 1e9]},
        {"kernel": [swk], "svc__C": [1, 10], "kernel__kernel__scale": ["median", 1]},
        {"kernel": [kernels["Top (normalised)"]]},
    ]
    search = GridSearchCV(baseline_kernels()["SWK"], grid, cv=3, n_jobs=2)
    results = search.fit(X, y).cv_results_
    assert len(results["params"]) == 2 + 4 + 1
    alone = cross_val_score(make_pipeline(swk, SVC(kernel="precomputed")), X, y, cv=3)
    assert_allclose(results["mean_test_score"][2], alone.mean())
    assert results["mean_test_score"].argmax() == search.best_index_
    assert search.best_score_ > results["mean_test_score"].min()
    assert search.predict(X).shape == (16,)


def test_memory_keeps_diagrams_and_distances(study, tmp_path, monkeypatch):
    X, _ = study
    distance = DiagramDistance("sliced_wasserstein", memory=str(tmp_path))
    chain = make_pipeline(RipsDiagrams(memory=str(tmp_path)), distance)
    expected = chain.fit(X[:9]).transform(X[5:])
    fresh = clone(chain)

    def fail(*args, **kwargs):
        raise AssertionError("computed again")

    rips = gudhi.sklearn.rips_persistence.RipsPersistence
    monkeypatch.setattr(rips, "fit_transform", fail)
    metrics = gudhi.representations.metrics
    monkeypatch.setattr(metrics, "pairwise_persistence_diagram_distances", fail)
    assert_array_equal(fresh.fit(X[:9]).transform(X[5:]), expected)
    # Rows in another company have the same diagrams.
    assert len(fresh[0].transform(X[3:6])) == 3
    with pytest.raises(AssertionError, match="computed again"):
        fresh[1].transform(fresh[0].transform(X[3:6]))
