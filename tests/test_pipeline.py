"""The whole pipeline in searches, cross-validation, caches, pickles and tables."""

import pickle
import warnings

import numpy as np
import pytest
from joblib import Memory, parallel_config
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.svm import SVC

from sktopo import (
    ActivationExtractor,
    FunctionalConnectome,
    GraphPersistence,
    TopClusterer,
    WassersteinKernel,
)
from sktopo.datasets import make_modular_connectomes
from sktopo.metrics import matched_accuracy_scorer, purity_scorer

pytest.importorskip("torch")


def make_chain(stimuli, *last, memory=None):
    return Pipeline(
        [
            ("activations", ActivationExtractor(stimuli=stimuli)),
            ("connectome", FunctionalConnectome()),
            ("persistence", GraphPersistence()),
            *last,
        ],
        memory=memory,
    )


def test_clustering_under_cross_validation(small_study):
    networks, stimuli, y = small_study
    chain = make_chain(stimuli, ("top", TopClusterer(2, n_init=10, random_state=0)))
    results = cross_validate(
        chain,
        networks,
        y,
        cv=2,
        scoring={"purity": purity_scorer, "accuracy": matched_accuracy_scorer},
        n_jobs=2,
        error_score="raise",
    )
    assert_array_equal(results["test_purity"], [1, 1])
    assert_array_equal(results["test_accuracy"], [1, 1])


def test_parameters_of_every_step_are_searched(small_study):
    networks, stimuli, y = small_study
    chain = make_chain(
        stimuli, ("kernel", WassersteinKernel()), ("svc", SVC(kernel="precomputed"))
    )
    grid = [
        {"activations__layers": ["lrelu1", None]},
        {"connectome__measure": ["correlation", "spearman"]},
        {"persistence__topology_weight": [0.5, 1.0]},
        {"kernel__gamma": [0.1, "scale"]},
    ]
    search = GridSearchCV(chain, grid, cv=2, n_jobs=2, error_score="raise")
    search.fit(networks, y)
    assert len(search.cv_results_["params"]) == 8
    assert search.best_score_ == 1
    assert search.score(networks, y) == 1
    alone = GridSearchCV(chain, grid, cv=2, error_score="raise").fit(networks, y)
    assert_array_equal(
        alone.cv_results_["mean_test_score"], search.cv_results_["mean_test_score"]
    )


def test_search_in_threads(small_study):
    networks, stimuli, y = small_study
    for network in networks:
        network.train()
    chain = make_chain(stimuli, ("knn", KNeighborsClassifier(1)))
    grid = {"activations__layers": ["lrelu1", "lrelu2"], "knn__n_neighbors": [1, 2]}
    with parallel_config(backend="threading"):
        search = GridSearchCV(chain, grid, cv=2, n_jobs=2).fit(networks, y)
    assert search.best_score_ == 1
    assert all(network.training for network in networks)


def test_kernel_as_a_function_and_as_a_step_agree(small_study):
    networks, stimuli, y = small_study
    called = make_chain(stimuli, ("svc", SVC(kernel=WassersteinKernel())))
    chained = make_chain(
        stimuli, ("kernel", WassersteinKernel()), ("svc", SVC(kernel="precomputed"))
    )
    decisions = [
        model.fit(networks[::2], y[::2]).decision_function(networks)
        for model in (called, chained)
    ]
    assert_allclose(*decisions, rtol=1e-5)


@pytest.mark.parametrize(
    "estimator",
    [
        KNeighborsClassifier(1),
        LogisticRegression(C=1e4),
        make_pipeline(PCA(2), SVC()),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_any_classifier_can_be_the_last_step(small_study, estimator):
    networks, stimuli, y = small_study
    model = make_pipeline(*make_chain(stimuli)[:3], estimator)
    assert cross_val_score(model, networks, y, cv=2).mean() == 1
    # Connectome rows can be classified too, though their nodes do not correspond.
    model = make_pipeline(*make_chain(stimuli)[:2], estimator).fit(networks, y)
    assert model.score(networks, y) > 0.8


def test_memory_records_networks_once(small_study, tmp_path):
    networks, stimuli, _ = small_study
    chain = make_chain(
        stimuli,
        ("top", TopClusterer(2, n_init=5, random_state=0)),
        memory=Memory(tmp_path, verbose=0),
    )
    calls = []
    record = ActivationExtractor._record

    def counted(self, *args):
        calls.append(1)
        return record(self, *args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ActivationExtractor, "_record", counted)
        labels = chain.fit_predict(networks)
        again = clone(chain).set_params(top__n_clusters=3).fit_predict(networks)
    assert calls == [1]
    assert set(again) == {0, 1, 2}
    assert_array_equal(
        make_chain(stimuli, chain.steps[-1]).fit_predict(networks), labels
    )


def test_clone_and_pickle(small_study):
    networks, stimuli, _ = small_study
    chain = make_chain(stimuli, ("top", TopClusterer(2, n_init=5, random_state=0)))
    labels = clone(chain).fit_predict(networks)
    fitted = pickle.loads(pickle.dumps(chain.fit(networks)))
    assert_array_equal(fitted.predict(networks), labels)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_tables_name_every_edge_birth_and_unit(small_study, library):
    pytest.importorskip(library)
    networks, stimuli, _ = small_study
    chain = make_chain(stimuli).set_params(persistence__topology_weight=0.5)
    chain.set_output(transform=library)
    table = chain.fit_transform(networks)
    columns = list(table.columns)
    assert columns == list(chain.get_feature_names_out())
    assert columns[0] == "lrelu1[0]--lrelu1[1]"
    assert columns[2015] == "lrelu2[22]--lrelu2[23]"
    assert columns[2016:2018] == ["birth0", "birth1"]
    assert columns[2016 + 62 : 2016 + 64] == ["birth62", "death0"]
    frames = chain[0].transform(networks)
    assert [frame.shape for frame in frames] == [(60, 64)] * 10
    assert list(frames[3].columns) == list(chain[0].node_names_)
    labelled = make_chain(stimuli, ("top", TopClusterer(2, random_state=0)))
    distances = labelled.set_output(transform=library).fit_transform(networks)
    assert list(distances.columns) == ["topclusterer0", "topclusterer1"]


def test_recordings_use_the_same_chain():
    rng = np.random.default_rng(0)
    mixing = rng.normal(size=(2, 8, 8)) * [[[1.0]], [[0.2]]] + 2 * np.eye(8)
    y = np.repeat([0, 1], 10)
    recordings = [rng.normal(size=(rng.integers(110, 120), 8)) @ mixing[k] for k in y]
    chain = make_pipeline(
        ActivationExtractor(),
        FunctionalConnectome(),
        GraphPersistence(),
        WassersteinKernel(),
        SVC(kernel="precomputed"),
    )
    assert cross_val_score(chain, recordings, y, cv=5).mean() > 0.9


def test_graphs_of_different_sizes_end_to_end():
    rng = np.random.default_rng(0)
    graphs, y = [], []
    for n_nodes in (20, 25, 30):
        X, groups = make_modular_connectomes(
            6,
            n_nodes=n_nodes,
            n_modules=(2, 5),
            p_within=0.8,
            random_state=rng.integers(99),
        )
        graphs += list(X)
        y += list(groups)
    chain = make_pipeline(
        GraphPersistence(n_quantiles=50), SVC(kernel=WassersteinKernel())
    )
    assert cross_val_score(chain, graphs, y, cv=3).mean() > 0.8


def test_dead_units_warn_and_do_not_stop(small_study):
    import copy

    networks, stimuli, _ = small_study
    networks = [copy.deepcopy(network) for network in networks]
    networks[3].fc1.weight.data[:2] = 0
    chain = make_chain(stimuli, ("top", TopClusterer(2, n_init=5, random_state=0)))
    with pytest.warns(UserWarning, match="2 constant .* in 1 of 10 sample"):
        chain.fit(networks)
    chain.set_params(connectome__constant_units="nan")
    with pytest.raises(ValueError, match="NaN"), warnings.catch_warnings():
        chain.fit(networks)
