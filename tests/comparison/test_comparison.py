"""Comparisons: what leaks, what fails, what is kept, and the tables."""

import sys
from collections import Counter

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, ClassifierMixin, ClusterMixin, clone
from sklearn.cluster import AgglomerativeClustering, KMeans
from sklearn.metrics import adjusted_rand_score
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import SVC

from sktopo import GraphPersistence, TopClusterer
from sktopo.baselines import (
    DiagramDistance,
    DistanceKernel,
    MedoidClusterer,
    RipsDiagrams,
    baseline_clusterers,
    baseline_kernels,
)
from sktopo.comparison import compare_classifiers, compare_clusterers, summarize
from sktopo.comparison._jobs import share_memory
from sktopo.datasets import make_modular_connectomes
from sktopo.metrics import matched_accuracy_score, purity_score

FOLDS = StratifiedKFold(3, shuffle=True, random_state=0)


@pytest.fixture(scope="module")
def study():
    """Connectomes of 2 groups of 9 modular graphs, as shares of 1; their groups."""
    X, y = make_modular_connectomes(
        9, n_nodes=12, n_modules=(2, 5), p_within=0.9, random_state=0
    )
    return X / X.max(), y


class Spy(ClassifierMixin, ClusterMixin, BaseEstimator):
    """Remember which samples, told by their first number, reach which method."""

    seen = []

    def __init__(self, power=1, random_state=None):
        self.power = power
        self.random_state = random_state

    def fit(self, X, y=None):
        self.seen.append(("fit", set(X[:, 0]), y is not None))
        self.classes_ = np.array([0, 1])
        self.labels_ = np.zeros(len(X), dtype=int)
        return self

    def predict(self, X):
        self.seen.append(("predict", set(X[:, 0]), None))
        return np.zeros(len(X), dtype=int)


@pytest.fixture
def spy(monkeypatch):
    monkeypatch.setattr(Spy, "seen", [])
    return Spy


class Failing(ClassifierMixin, ClusterMixin, BaseEstimator):
    """Fail in `fit`, as long as the file is not there."""

    def __init__(self, path=None):
        self.path = path

    def fit(self, X, y=None):
        if self.path is None or not self.path.exists():
            raise RuntimeError("the cable is not plugged in")
        self.labels_ = np.zeros(len(X), dtype=int)
        self.classes_ = np.array([0, 1])
        return self

    def predict(self, X):
        return np.zeros(len(X), dtype=int)


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


def test_nothing_of_the_test_fold_reaches_fit_of_clusterers(study, spy):
    X, y = study
    compare_clusterers(X, y, {"spy": spy()}, cv=FOLDS, n_starts=1)
    for fold, (train, test) in enumerate(FOLDS.split(X, y)):
        fit, predict = spy.seen[2 * fold : 2 * fold + 2]
        assert fit == ("fit", set(X[train, 0]), False)  # and no classes
        assert predict == ("predict", set(X[test, 0]), None)


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


def test_all_clusterers_of_distances_predict(study):
    X, y = study
    table = compare_clusterers(
        X, y, baseline_clusterers(2), cv=FOLDS, n_starts=1, random_state=0
    )
    assert set(table["error"]) == {""}
    assert np.isfinite(np.asarray(table["purity"], dtype=float)).all()


def test_a_failure_is_a_row_and_the_rest_goes_on(study):
    X, y = study
    candidates = {
        "bad": Failing(),
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
    candidates = {"bad": Failing(), "no predict": AgglomerativeClustering(2)}
    table = compare_clusterers(X, y, candidates, cv=FOLDS, n_starts=1)
    assert "cable" in table["error"][0]
    assert "no attribute 'predict'" in table["error"][1]
    table = compare_clusterers(X, y, candidates, n_starts=1)
    assert [bool(error) for error in table["error"]] == [True, False]


def test_a_missing_extra_is_named_and_the_rest_goes_on(study, monkeypatch):
    loaded = [name for name in sys.modules if name.split(".")[0] == "gudhi"]
    for name in {"gudhi", *loaded}:
        monkeypatch.setitem(sys.modules, name, None)
    X, y = study
    kernels, clusterers = baseline_kernels(), baseline_clusterers(2)
    for table in (
        compare_classifiers(X, y, {k: kernels[k] for k in ("BD", "Adj")}, cv=FOLDS),
        compare_clusterers(X, y, {k: clusterers[k] for k in ("BD", "Adj")}, n_starts=1),
    ):
        errors = dict(zip(table["candidate"], table["error"], strict=True))
        assert errors["Adj"] == ""
        assert "pip install 'sktopo[baselines]'" in errors["BD"]


def test_what_is_finished_is_not_computed_again(study, spy, tmp_path):
    X, y = study
    flag = tmp_path / "plugged in"
    candidates = {"spy": (spy(), {"power": [1, 2]}), "late": Failing(flag)}
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


def test_an_interrupted_comparison_goes_on(study, spy, tmp_path, monkeypatch):
    X, y = study

    class Interrupted(Spy):
        def fit(self, X, y=None):
            raise KeyboardInterrupt

    options = {"n_starts": 3, "random_state": 0, "memory": str(tmp_path)}
    with monkeypatch.context() as patch:
        patch.setattr(Failing, "fit", Interrupted.fit)
        candidates = {"spy": spy(), "interrupted": Failing()}
        with pytest.raises(KeyboardInterrupt):
            compare_clusterers(X, y, candidates, **options)
    assert len(spy.seen) == 1
    table = compare_clusterers(X, y, candidates, **options)
    assert len(spy.seen) == 3
    assert len(table["purity"]) == 6


def test_workers_find_what_was_kept_without_them(tmp_path, monkeypatch):
    # Large enough that joblib hands it to workers as a memory map.
    X = np.random.default_rng(0).random((30, 5000))
    y = np.arange(30) % 3
    candidates = {"k-means": KMeans(3, n_init=1)}
    # Workers live on; those of an earlier call stand in an earlier folder.
    compare_clusterers(X, y, candidates, n_starts=2, n_jobs=2)
    monkeypatch.chdir(tmp_path)
    options = {"n_starts": 2, "random_state": 0, "memory": "kept"}
    first = compare_clusterers(X, y, candidates, **options)
    second = compare_clusterers(X, y, candidates, n_jobs=2, **options)
    assert_array_equal(first["purity"], second["purity"])
    assert len(list((tmp_path / "kept").rglob("_cluster/*/output.pkl"))) == 2


class Counting:
    """Count calls of a function that returns its argument."""

    def __init__(self):
        self.calls = 0

    def __call__(self, X):
        self.calls += 1
        return X


COUNTING = Counting()


def count(X):
    return COUNTING(X)


def test_starts_and_settings_share_their_steps(study, monkeypatch):
    X, y = study
    monkeypatch.setattr(COUNTING, "calls", 0)
    clusterer = make_pipeline(FunctionTransformer(count), KMeans(2, n_init=1))
    compare_clusterers(X, y, {"k-means": clusterer}, n_starts=7)
    assert COUNTING.calls == 1
    classifier = make_pipeline(FunctionTransformer(count), SVC())
    monkeypatch.setattr(COUNTING, "calls", 0)
    compare_classifiers(X, y, {"svc": (classifier, {"svc__C": [1, 2, 3]})}, cv=FOLDS)
    fits = 3 * (5 + 1)
    predictions = 3 * (5 * 3 + 1)
    assert COUNTING.calls == fits + predictions


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


def test_memory_reaches_alternatives_and_is_not_forced(study, tmp_path):
    own = RipsDiagrams(memory="mine")
    model = make_pipeline(own, DiagramDistance(), MedoidClusterer(2))
    shared = share_memory(model, "ours")
    assert shared.memory == shared[1].memory == "ours"
    assert shared[0].memory == "mine"
    assert model.memory is None
    grid = share_memory([{"kernel": [model]}, {"C": [1]}], "ours")
    assert grid[0]["kernel"][0].memory == "ours"
    assert grid[1] == {"C": [1]}


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


def test_every_setting_of_a_clusterer_is_a_candidate(study):
    X, y = study
    candidates = {"KM": (KMeans(n_init=1), {"n_clusters": [2, 3]}), "plain": KMeans(2)}
    table = compare_clusterers(X, y, candidates, n_starts=1)
    names = ["KM (n_clusters=2)", "KM (n_clusters=3)", "plain"]
    assert list(table["candidate"]) == names


@pytest.mark.parametrize("compare", [compare_classifiers, compare_clusterers])
def test_a_missing_pandas_is_named_before_any_work(study, spy, monkeypatch, compare):
    def fail_to_import(module, *, extra, purpose):
        raise ImportError(f"{module} is in the extra {extra}")

    monkeypatch.setattr("sktopo.comparison._jobs.import_optional", fail_to_import)
    with pytest.raises(ImportError, match="pandas is in the extra tables"):
        compare(*study, {"spy": spy()})
    assert spy.seen == []


def test_summary_by_hand(study):
    X, y = study
    candidates = {"KM": KMeans(2, n_init=1), "bad": Failing()}
    table = compare_clusterers(X, y, candidates, n_starts=2, random_state=0)
    summary = summarize(table)
    assert_allclose(summary["mean_purity"][0], np.mean(table["purity"][::2]))
    assert_allclose(summary["std_purity"][0], np.std(table["purity"][::2]))
    seconds = table["fit_seconds"] + table["score_seconds"]
    assert_allclose(summary["seconds"][0], seconds[::2].sum())


def test_progress(study, capfd):
    pytest.importorskip("tqdm")
    X, y = study
    compare_clusterers(X, y, {"KM": KMeans(2)}, n_starts=3, verbose=True)
    assert "3/3" in capfd.readouterr().err
    compare_clusterers(X, y, {"KM": KMeans(2)}, n_starts=3)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("compare", [compare_classifiers, compare_clusterers])
def test_bad_input(study, compare):
    X, y = study
    with pytest.raises(TypeError, match="must be a dict, got list"):
        compare(X, y, [SVC()])
    with pytest.raises(ValueError, match="empty"):
        compare(X, y, {})
    for bad in (3, (SVC(), {}, 1), ("a", {})):
        with pytest.raises(TypeError, match="Candidate 'odd' is"):
            compare(X, y, {"odd": bad})
    with pytest.raises(ValueError, match="inconsistent"):
        compare(X, y[1:], {"KM": KMeans(2)})
    with pytest.raises(ValueError, match="n_starts"):
        compare_clusterers(X, y, {"KM": KMeans(2)}, n_starts=0)
