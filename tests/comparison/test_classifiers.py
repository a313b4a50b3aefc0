"""Comparisons of classifiers: what leaks, what fails, what is cached."""

import sys
from collections import Counter

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.metrics import accuracy_score
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    LeaveOneGroupOut,
    StratifiedKFold,
    cross_val_score,
)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import SVC

from sktopo import GraphPersistence
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


def test_searches_do_not_depend_on_the_test_fold(small_study):
    X, y = small_study
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


@pytest.mark.parametrize(
    "scoring", ["nope", ["accuracy", "f1"], {"a": "accuracy"}, 3, accuracy_score]
)
def test_bad_scoring_raises_at_once(study, spy, scoring):
    with pytest.raises(ValueError, match="scoring="):
        compare_classifiers(*study, {"spy": spy()}, scoring=scoring)
    assert spy.seen == []


def test_a_scorer_of_several_scores_is_an_error(study):
    def score(estimator, X, y):
        return {"a": 1.0, "b": 2.0}

    table = compare_classifiers(*study, {"svc": SVC()}, scoring=score, cv=FOLDS)
    assert table["score"].isna().all()
    assert table["error"].str.contains("more than one score").all()


@pytest.mark.parametrize("inner_cv", [1, "two", [], 7, [([0, 1], [12])], [([0], [])]])
def test_bad_inner_folds_raise_at_once(study, spy, inner_cv):
    candidates = {"spy": (spy(), {"power": [1, 2]})}
    with pytest.raises(ValueError, match="inner_cv"):
        compare_classifiers(*study, candidates, cv=FOLDS, inner_cv=inner_cv)
    assert spy.seen == []


@pytest.mark.parametrize(
    ("inner_cv", "message"),
    [
        (
            None,
            r"^inner_cv=None does not split the 8 training samples of fold 0 of cv, 4 "
            r"of a, 4 of b, into 5 inner fold\(s\): n_splits=5 cannot be greater than "
            r"the number of members in each class\. Give fewer inner folds, or more",
        ),
        (9, "inner_cv=9 does not split the 8 training samples of fold 0.* 9 inner fol"),
        ([([0, 1], [12])], r"inner_cv=\[.*\] does not .* 1 inner fold\(s\): index 12"),
    ],
)
def test_inner_folds_that_training_samples_are_too_few_for(inner_cv, message):
    X, y = np.arange(12.0)[:, None], ["a", "b"] * 6
    candidates = {"svc": (SVC(), {"C": [1, 2]})}
    with pytest.raises(ValueError, match=message):
        compare_classifiers(X, y, candidates, cv=FOLDS, inner_cv=inner_cv)


def test_inner_folds_may_come_from_a_generator(study):
    X, y = study
    inner = [([0, 1, 2, 9, 10], [3, 4, 11]), ([3, 4, 11, 8], [0, 1, 10])]
    tables = [
        compare_classifiers(X, y, {"s": (SVC(), {"C": [1, 2]})}, cv=FOLDS, inner_cv=cv)
        for cv in (inner, (fold for fold in inner))
    ]
    assert set(tables[1]["error"]) == {""}
    assert_array_equal(tables[0]["inner_score"], tables[1]["inner_score"])


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


@pytest.mark.parametrize("kept", [True, False])
def test_best_settings_are_those_of_the_grid(study, tmp_path, kept):
    steps = [FunctionTransformer(np.sqrt), GraphPersistence()]
    chains = [make_pipeline(step) for step in steps]
    model = make_pipeline(FunctionTransformer(), SVC())
    grid = {"functiontransformer": chains, "svc__C": [0.1, 1]}
    memory = str(tmp_path) if kept else None
    for _ in range(2):
        options = {"cv": 2, "inner_cv": 2, "memory": memory}
        table = compare_classifiers(*study, {"svc": (model, grid)}, **options)
        assert set(table["error"]) == {""}
        for best in table["best_params"]:
            # Itself, without a memory in a folder that may be gone.
            assert any(best["functiontransformer"] is chain for chain in chains)
            assert best["functiontransformer"].memory is None
            assert best["svc__C"] in (0.1, 1)


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


GROUPS = np.repeat(np.arange(6), 3)  # of the 18 samples of `study`


@pytest.mark.parametrize(
    ("cv", "inner_cv"),
    [
        (3, 2),
        (None, 2),
        (GroupKFold(3), GroupKFold(2)),
        (LeaveOneGroupOut(), LeaveOneGroupOut()),
        (LeaveOneGroupOut(), 2),
    ],
)
def test_no_group_is_both_learnt_from_and_held_out(study, spy, cv, inner_cv):
    X, _ = study
    X = X.copy()
    X[:, 0] = np.arange(len(X))  # what the spy knows samples by
    y = np.arange(len(X)) % 2
    candidates = {"plain": spy(), "searched": (spy(), {"power": [1, 2]})}
    table = compare_classifiers(
        X, y, candidates, cv=cv, inner_cv=inner_cv, groups=GROUPS
    )
    assert (table["error"] == "").all()
    learnt = None
    n_checked = 0
    for kind, samples, _ in spy.seen:
        groups = set(GROUPS[sorted(map(int, samples))])
        if kind == "fit":
            learnt = groups
        else:
            assert groups.isdisjoint(learnt)
            n_checked += 1
    n_outer = table["fold"].nunique()
    # Each fold of each setting, and the best setting of each fold again.
    assert n_checked > 4 * n_outer
    if isinstance(cv, LeaveOneGroupOut):
        assert n_outer == 6


@pytest.mark.filterwarnings("ignore:The groups parameter is ignored")
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cv": GroupKFold(3)}, "does not split .*groups"),
        (
            {"cv": 3, "inner_cv": GroupKFold(2)},
            r"^inner_cv=GroupKFold.* needs groups; got None.$",
        ),
        (
            {"cv": StratifiedKFold(3), "groups": np.arange(18) // 2},
            "^Fold 0 of cv=StratifiedKFold.* has samples of group 1 among the training",
        ),
        ({"cv": 3, "groups": GROUPS[1:]}, "groups has 17 labels for 18 samples"),
        ({"cv": 7, "groups": GROUPS}, "^cv=7 does not split|^Fold . of cv has train"),
    ],
)
def test_folds_that_need_groups_or_separate_them_are_refused(study, options, message):
    X, y = study
    candidates = {"searched": (SVC(), {"C": [1, 10]})}
    with pytest.raises(ValueError, match=message):
        compare_classifiers(X, y, candidates, **options)


@pytest.mark.filterwarnings("ignore:The groups parameter is ignored")
def test_inner_folds_that_separate_groups_are_reported(study):
    X, y = study
    table = compare_classifiers(
        X,
        y,
        {"searched": (SVC(), {"C": [1, 10]})},
        cv=2,
        inner_cv=StratifiedKFold(2),
        groups=GROUPS,
    )
    assert table["error"].str.contains("Fold 0 of inner_cv has samples of group").all()


def test_groups_are_part_of_the_cache_key(study, tmp_path):
    X, y = study[0], np.arange(18) % 2
    candidates = {"searched": (SVC(), {"C": [0.001, 10]})}
    options = {"cv": [(np.arange(12), np.arange(12, 18))], "memory": str(tmp_path)}
    for groups in (GROUPS, np.repeat(np.arange(9), 2)):
        compare_classifiers(X, y, candidates, groups=groups, inner_cv=2, **options)
    assert len(list(tmp_path.glob("sktopo/*.json"))) == 2
