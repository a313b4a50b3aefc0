"""Comparisons of clusterers: what leaks, what fails, what is cached, the starts."""

import sys

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.cluster import AgglomerativeClustering, KMeans
from sklearn.metrics import adjusted_rand_score
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sktopo import GraphPersistence, TopClusterer
from sktopo.baselines import baseline_clusterers
from sktopo.comparison import compare_clusterers
from sktopo.metrics import matched_accuracy_score, purity_score

FOLDS = StratifiedKFold(3, shuffle=True, random_state=0)


def test_nothing_of_the_test_fold_reaches_fit_of_clusterers(study, spy):
    X, y = study
    compare_clusterers(X, y, {"spy": spy()}, cv=FOLDS, n_starts=1)
    for fold, (train, test) in enumerate(FOLDS.split(X, y)):
        fit, predict = spy.seen[2 * fold : 2 * fold + 2]
        assert fit == ("fit", set(X[train, 0]), False)  # and no classes
        assert predict == ("predict", set(X[test, 0]), None)


def test_starts_by_hand(study):
    X, y = study
    model = baseline_clusterers(2)["Top (sum)"]
    tables = [
        compare_clusterers(X, y, {"Top": model}, n_starts=3, random_state=1)
        for _ in range(2)
    ]
    assert list(tables[0]["start"]) == [0, 1, 2]
    assert set(tables[0]["fold"]) == {-1}
    assert_array_equal(tables[0]["purity"], tables[1]["purity"])
    seeds = np.random.RandomState(1).randint(2**31 - 1, size=3)
    for start, seed in enumerate(seeds):
        model = model.set_params(clusterer__random_state=int(seed))
        labels = model.fit_predict(X)
        row = {name: tables[0][name][start] for name in tables[0]}
        assert row["purity"] == purity_score(y, labels)
        assert row["matched_accuracy"] == matched_accuracy_score(y, labels)
        assert row["adjusted_rand"] == adjusted_rand_score(y, labels)
        assert row["fit_seconds"] > 0


def test_held_out_clusters_by_hand(study):
    X, y = study
    model = make_pipeline(GraphPersistence(), TopClusterer(2, random_state=8))
    table = compare_clusterers(
        X, y, {"Top": model}, cv=FOLDS, n_starts=2, random_state=1
    )
    assert list(table["fold"]) == [0, 1, 2] * 2
    seeds = np.random.RandomState(1).randint(2**31 - 1, size=2)
    row = 0
    for seed in seeds:
        model = model.set_params(topclusterer__random_state=int(seed))
        for train, test in FOLDS.split(X, y):
            labels = clone(model).fit(X[train]).predict(X[test])
            assert table["purity"][row] == purity_score(y[test], labels)
            assert table["adjusted_rand"][row] == adjusted_rand_score(y[test], labels)
            row += 1


def test_all_clusterers_of_distances_predict(small_study):
    X, y = small_study
    table = compare_clusterers(
        X, y, baseline_clusterers(2), cv=FOLDS, n_starts=1, random_state=0
    )
    assert set(table["error"]) == {""}
    assert np.isfinite(np.asarray(table["purity"], dtype=float)).all()


def test_every_setting_of_a_clusterer_is_a_candidate(study):
    X, y = study
    candidates = {"KM": (KMeans(n_init=1), {"n_clusters": [2, 3]}), "plain": KMeans(2)}
    table = compare_clusterers(X, y, candidates, n_starts=1)
    names = ["KM (n_clusters=2)", "KM (n_clusters=3)", "plain"]
    assert list(table["candidate"]) == names


@pytest.mark.parametrize(
    "candidates",
    [
        {"k": (KMeans(), {"n_clusters": [2]}), "k (n_clusters=2)": KMeans(2)},
        {"k (n_clusters=2)": KMeans(2), "k": (KMeans(), {"n_clusters": [2]})},
        {"k": (KMeans(), {"n_clusters": [2, 2]})},
    ],
)
def test_equal_names_of_settings_raise(study, candidates):
    with pytest.raises(ValueError, match=r"called 'k \(n_clusters=2\)'"):
        compare_clusterers(*study, candidates, n_starts=1)


def test_a_failure_is_a_row_and_the_other_candidates_are_scored(study, failing):
    X, y = study
    candidates = {"bad": failing(), "no predict": AgglomerativeClustering(2)}
    table = compare_clusterers(X, y, candidates, cv=FOLDS, n_starts=1)
    assert "cable" in table["error"][0]
    assert "no attribute 'predict'" in table["error"][1]
    table = compare_clusterers(X, y, candidates, n_starts=1)
    assert [bool(error) for error in table["error"]] == [True, False]


def test_a_missing_extra_is_named_and_other_candidates_are_scored(study, monkeypatch):
    loaded = [name for name in sys.modules if name.split(".")[0] == "gudhi"]
    for name in {"gudhi", *loaded}:
        monkeypatch.setitem(sys.modules, name, None)
    clusterers = baseline_clusterers(2)
    candidates = {name: clusterers[name] for name in ("BD", "Adj")}
    table = compare_clusterers(*study, candidates, n_starts=1)
    errors = dict(zip(table["candidate"], table["error"], strict=True))
    assert errors["Adj"] == ""
    assert "pip install 'sktopo[baselines]'" in errors["BD"]


def test_an_interrupted_comparison_goes_on(study, spy, failing, tmp_path, monkeypatch):
    X, y = study

    class Interrupted(spy):
        def fit(self, X, y=None):
            raise KeyboardInterrupt

    options = {"n_starts": 3, "random_state": 0, "memory": str(tmp_path)}
    with monkeypatch.context() as patch:
        patch.setattr(failing, "fit", Interrupted.fit)
        candidates = {"spy": spy(), "interrupted": failing()}
        with pytest.raises(KeyboardInterrupt):
            compare_clusterers(X, y, candidates, **options)
    assert len(spy.seen) == 1
    table = compare_clusterers(X, y, candidates, **options)
    assert len(spy.seen) == 3
    assert len(table["purity"]) == 6


def test_starts_share_their_steps(study, counting):
    X, y = study
    function, counted = counting
    clusterer = make_pipeline(FunctionTransformer(function), KMeans(2, n_init=1))
    compare_clusterers(X, y, {"k-means": clusterer}, n_starts=7)
    assert counted.calls == 1


def test_parallel_equals_serial(study):
    X, y = study
    names = ("SWK", "Adj", "PI")
    candidates = {name: baseline_clusterers(2)[name] for name in names}
    tables = [
        compare_clusterers(X, y, candidates, n_starts=2, random_state=0, n_jobs=n_jobs)
        for n_jobs in (None, 2)
    ]
    for name in ("candidate", "start", "purity", "adjusted_rand", "error"):
        assert_array_equal(*(table[name] for table in tables))


def test_a_bad_seed_is_named(study):
    with pytest.raises(ValueError, match="random_state must .* got 'one'"):
        compare_clusterers(*study, {"KM": KMeans(2)}, random_state="one")


@pytest.mark.parametrize("n_starts", [0, 1.5, "3", True, None])
def test_bad_number_of_starts(study, n_starts):
    with pytest.raises(ValueError, match="n_starts"):
        compare_clusterers(*study, {"KM": KMeans(2)}, n_starts=n_starts)


def test_folds_keep_groups_together(study, spy):
    X, y = study
    X = X.copy()
    X[:, 0] = np.arange(len(X))
    groups = np.repeat(np.arange(6), 3)
    compare_clusterers(X, y, {"spy": spy()}, cv=3, groups=groups, n_starts=1)
    seen = [set(groups[sorted(map(int, samples))]) for _, samples, _ in spy.seen]
    for learnt, held_out in zip(seen[::2], seen[1::2], strict=True):
        assert learnt.isdisjoint(held_out)
    assert len(seen) == 6
    with pytest.raises(ValueError, match="^groups are for folds, but cv is None"):
        compare_clusterers(X, y, {"spy": spy()}, groups=groups)
