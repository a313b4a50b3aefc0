"""Comparisons of classifiers: what leaks, what fails, what is cached."""

import sys
from collections import Counter

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import SVC

from sktopo.baselines import (
    DiagramDistance,
    DistanceKernel,
    RipsDiagrams,
    baseline_kernels,
)
from sktopo.comparison import compare_classifiers, summarize

FOLDS = StratifiedKFold(3, shuffle=True, random_state=0)


def test_nothing_of_the_test_fold_reaches_fit_of_classifiers(study, spy):
    X, y = study
    compare_classifiers(X, y, {"spy": (spy(), {"power": [1, 2]})}, cv=FOLDS, inner_cv=2)
    # On each fold: 2 settings on 2 inner folds, the refit, the score.
    assert Counter(method for method, *_ in spy.seen) == {"fit": 15, "predict": 15}
    for fold, (train, test) in enumerate(FOLDS.split(X, y)):
        calls = spy.seen[10 * fold : 10 * fold + 10]
        assert calls[-1][:2] == ("predict", set(X[test, 0]))
        assert calls[-2][:2] == ("fit", set(X[train, 0]))
        for _, samples, _ in calls[:-1]:
            assert samples <= set(X[train, 0])


def test_searches_do_not_depend_on_the_test_fold(study):
    X, y = study
    train, test = next(FOLDS.split(X, y))
    other = X.copy()
    other[test] = np.random.default_rng(0).random((len(test), X.shape[1]))
    other_y = y.copy()
    other_y[test] = 1 - y[test]
    candidates = {
        name: (model, {"svc__C": [0.1, 10]})
        for name, model in baseline_kernels().items()
    }
    tables = [
        compare_classifiers(rows, classes, candidates, cv=[(train, test)], inner_cv=2)
        for rows, classes in ((X, y), (other, other_y))
    ]
    assert set(tables[0]["error"]) == set(tables[1]["error"]) == {""}
    assert_array_equal(tables[0]["inner_score"], tables[1]["inner_score"])
    assert list(tables[0]["best_params"]) == list(tables[1]["best_params"])
    assert not np.array_equal(tables[0]["score"], tables[1]["score"])


def test_classifiers_by_hand(study):
    X, y = study
    grid = {"svc__C": [0.01, 1, 100]}
    candidates = {
        "searched": (baseline_kernels()["Top (sum)"], grid),
        "plain": KNeighborsClassifier(),
    }
    table = compare_classifiers(
        X, y, candidates, cv=FOLDS, inner_cv=2, scoring="balanced_accuracy"
    )
    assert list(table["candidate"]) == ["searched", "plain"] * 3
    assert list(table["fold"]) == [0, 0, 1, 1, 2, 2]
    search = GridSearchCV(
        baseline_kernels()["Top (sum)"], grid, cv=2, scoring="balanced_accuracy"
    )
    expected = cross_val_score(search, X, y, cv=FOLDS, scoring="balanced_accuracy")
    assert_array_equal(np.asarray(table["score"])[::2], expected)
    expected = cross_val_score(
        KNeighborsClassifier(), X, y, cv=FOLDS, scoring="balanced_accuracy"
    )
    assert_array_equal(np.asarray(table["score"])[1::2], expected)
    train, _ = next(FOLDS.split(X, y))
    search.fit(X[train], y[train])
    assert table["best_params"][0] == search.best_params_
    assert table["inner_score"][0] == search.best_score_
    assert table["best_params"][1] == {}


def test_a_failure_is_a_row_and_the_other_candidates_are_scored(study, failing):
    X, y = study
    candidates = {
        "bad": failing(),
        "good": KNeighborsClassifier(3),
        "bad grid": (SVC(), {"C": [1, -1]}),
    }
    table = compare_classifiers(X, y, candidates, cv=FOLDS, inner_cv=2)
    summary = summarize(table)
    assert list(summary["n_failed"]) == [3, 0, 3]
    assert list(summary["n_scored"]) == [0, 3, 0]
    assert summary["error"][0] == "RuntimeError: the cable is not plugged in"
    assert "C" in summary["error"][2]
    assert np.isnan(summary["mean_score"][0])
    assert summary["mean_score"][1] > 0.5


def test_several_scores_are_an_error_and_not_an_empty_row(study):
    table = compare_classifiers(*study, {"svc": SVC()}, scoring=["accuracy", "f1"])
    assert table["score"].isna().all()
    assert (table["error"] != "").all()


def test_a_missing_extra_is_named_and_other_candidates_are_scored(study, monkeypatch):
    loaded = [name for name in sys.modules if name.split(".")[0] == "gudhi"]
    for name in {"gudhi", *loaded}:
        monkeypatch.setitem(sys.modules, name, None)
    kernels = baseline_kernels()
    candidates = {name: kernels[name] for name in ("BD", "Adj")}
    table = compare_classifiers(*study, candidates, cv=FOLDS)
    errors = dict(zip(table["candidate"], table["error"], strict=True))
    assert errors["Adj"] == ""
    assert "pip install 'sktopo[baselines]'" in errors["BD"]


def test_what_is_finished_is_not_computed_again(study, spy, failing, tmp_path):
    X, y = study
    flag = tmp_path / "plugged in"
    candidates = {"spy": (spy(), {"power": [1, 2]}), "late": failing(flag)}
    options = {"cv": FOLDS, "inner_cv": 2, "memory": str(tmp_path / "kept")}
    first = compare_classifiers(X, y, candidates, **options)
    calls = len(spy.seen)
    assert calls == 30
    flag.touch()
    second = compare_classifiers(X, y, candidates, **options)
    assert len(spy.seen) == calls  # and what had failed was tried again:
    assert list(summarize(first)["n_failed"]) == [0, 3]
    assert list(summarize(second)["n_failed"]) == [0, 0]
    for name in ("score", "fit_seconds"):
        chosen = np.asarray(first["candidate"]) == "spy"
        assert_array_equal(
            np.asarray(first[name])[chosen], np.asarray(second[name])[chosen]
        )
    compare_classifiers(X + 1e-3, y, candidates, **options)
    assert len(spy.seen) == 2 * calls


def test_settings_share_their_steps(study, counting):
    X, y = study
    function, counted = counting
    classifier = make_pipeline(FunctionTransformer(function), SVC())
    compare_classifiers(X, y, {"svc": (classifier, {"svc__C": [1, 2, 3]})}, cv=FOLDS)
    fits = 3 * (5 + 1)
    predictions = 3 * (5 * 3 + 1)
    assert counted.calls == fits + predictions


def test_memory_reaches_alternatives_in_grids(study, tmp_path):
    other = str(tmp_path / "other")
    chain = make_pipeline(RipsDiagrams(memory=other), DiagramDistance())
    model = make_pipeline(FunctionTransformer(), SVC(), memory=str(tmp_path / "own"))
    grids = [{"functiontransformer": [chain]}, {"svc__C": [1e-9]}]
    options = {"cv": FOLDS, "inner_cv": 2, "memory": str(tmp_path / "cache")}
    table = compare_classifiers(*study, {"svc": (model, grids[:1])}, **options)
    used = table["best_params"][0]["functiontransformer"]
    assert used.memory.location == used[1].memory.location == options["memory"]
    assert used[0].memory == other
    assert chain.memory is None
    table = compare_classifiers(*study, {"svc": (model, grids[1:])}, **options)
    assert table["best_params"][0] == {"svc__C": 1e-9}


def test_diagrams_and_distances_are_computed_once(study, monkeypatch):
    rips = pytest.importorskip("gudhi.sklearn.rips_persistence")
    metrics = pytest.importorskip("gudhi.representations.metrics")
    X, y = study
    counts = Counter()

    def counting(name, function):
        def counted(*args, **kwargs):
            counts[name] += 1
            return function(*args, **kwargs)

        return counted

    compute = rips.RipsPersistence.fit_transform
    monkeypatch.setattr(
        rips.RipsPersistence, "fit_transform", counting("diagrams", compute)
    )
    name = "pairwise_persistence_diagram_distances"
    monkeypatch.setattr(metrics, name, counting("pairs", getattr(metrics, name)))
    classifier = make_pipeline(
        RipsDiagrams(),
        DiagramDistance("sliced_wasserstein"),
        DistanceKernel(),
        SVC(kernel="precomputed"),
    )
    grid = {"svc__C": [1, 2], "distancekernel__scale": ["median", 1.0]}
    compare_classifiers(X, y, {"SWK": (classifier, grid)}, cv=FOLDS, inner_cv=2)
    # Each row has one diagram; each of 3 x (2 + 1) fits, and each test, one matrix.
    assert counts == {"diagrams": len(X), "pairs": 18}
