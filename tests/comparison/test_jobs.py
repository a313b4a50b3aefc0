"""What both comparisons share: input, the cache, parallel jobs, memory of steps."""

import numpy as np
import pytest
from joblib import effective_n_jobs, parallel_config
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator
from sklearn.cluster import KMeans
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

from sktopo.baselines import DiagramDistance, MedoidClusterer, RipsDiagrams
from sktopo.comparison import compare_classifiers, compare_clusterers
from sktopo.comparison._jobs import share_memory


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


@pytest.mark.parametrize("compare", [compare_classifiers, compare_clusterers])
@pytest.mark.usefixtures("without_pandas")
def test_a_missing_pandas_is_named_before_any_work(study, spy, compare):
    with pytest.raises(ImportError, match=r"pip install 'sktopo\[tables\]'"):
        compare(*study, {"spy": spy()})
    assert spy.seen == []


def test_progress(study, capfd):
    pytest.importorskip("tqdm")
    X, y = study
    compare_clusterers(X, y, {"KM": KMeans(2)}, n_starts=3, verbose=True)
    assert "3/3" in capfd.readouterr().err
    compare_clusterers(X, y, {"KM": KMeans(2)}, n_starts=3)
    assert capfd.readouterr() == ("", "")


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
    assert len(list((tmp_path / "kept").rglob("_cluster-*.json"))) == 2


class OneClusterPerJob(BaseEstimator):
    """Make as many clusters as there would be parallel jobs inside `fit_predict`."""

    def fit_predict(self, X):
        return np.arange(len(X)) % effective_n_jobs(None)


@pytest.mark.parametrize(("n_jobs", "inside"), [(1, 2), (2, 1), (None, 1)])
def test_steps_are_parallel_only_where_jobs_are_not(n_jobs, inside):
    X = np.zeros((6, 1))
    y = np.arange(6) % 2
    candidates = {"clusters": OneClusterPerJob()}
    with parallel_config("threading", n_jobs=2):
        table = compare_clusterers(X, y, candidates, n_starts=2, n_jobs=n_jobs)
    assert list(table["purity"]) == [inside / 2] * 2


def test_memory_reaches_steps_and_is_not_forced():
    own = RipsDiagrams(memory="mine")
    model = make_pipeline(own, DiagramDistance(), MedoidClusterer(2))
    shared = share_memory(model, "ours")
    assert shared.memory == shared[1].memory == "ours"
    assert shared[0].memory == "mine"
    assert model.memory is None
    for value in (1, None, SVC):
        assert share_memory(value, "ours") is value


BOTH = pytest.mark.parametrize("compare", [compare_classifiers, compare_clusterers])
SAMPLES = np.random.default_rng(0).random((10, 3))
CLASSES = np.repeat([0, 1], 5)


@BOTH
@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        ({"X": None}, TypeError, "X is NoneType"),
        ({"X": "abcdefgh"}, TypeError, "X is str"),
        ({"X": (row for row in SAMPLES)}, TypeError, "X is generator"),
        ({"X": dict(enumerate(SAMPLES))}, TypeError, "X is dict"),
        ({"y": CLASSES[1:]}, ValueError, "9 labels for 10 samples"),
        ({"y": None}, ValueError, "y must be a 1d array"),
        ({"y": np.eye(10)}, ValueError, r"y must be .* \(10, 10\)"),
        (
            {"y": [0, 1, np.nan, *CLASSES[3:]]},
            ValueError,
            "missing label, nan, at sample 2",
        ),
        ({"y": ["a"] * 5 + [None] * 5}, ValueError, "missing label, None, at sample 5"),
        ({"y": SAMPLES[:, 0]}, ValueError, "y contains 0.* expected groups"),
        ({"candidates": {1: KMeans(2)}}, TypeError, "name 1 of a candidate"),
        ({"candidates": {"k": KMeans}}, TypeError, r"such as KMeans\(\)"),
        ({"candidates": {"k": StandardScaler()}}, TypeError, "'k' is StandardScaler"),
        ({"candidates": {"k": (KMeans(2), ["x"])}}, ValueError, "'k' or its grid"),
        ({"candidates": {"k": (KMeans(2), {"C": [1]})}}, ValueError, "'k' or its grid"),
        ({"candidates": {"k": (KMeans(2), [])}}, ValueError, "grid of candidate 'k'"),
        ({"candidates": {"k": (KMeans(2), {"tol": []})}}, ValueError, "'k' or its"),
        ({"cv": []}, ValueError, "cv=.* has no folds"),
        ({"cv": 1}, ValueError, "cv=1 does not split the 10 samples"),
        ({"cv": "five"}, ValueError, "cv='five' does not split"),
        ({"cv": [([0, 1], [])]}, ValueError, "does not split|Fold 0 of cv"),
        ({"cv": [([0, 1], [10])]}, ValueError, "cv=.* does not split the 10 samples"),
        ({"cv": [(0, 1)]}, ValueError, "Fold 0 of cv"),
        ({"n_jobs": "2"}, ValueError, "n_jobs must be"),
        ({"n_jobs": 0}, ValueError, "n_jobs must be"),
        ({"verbose": "yes"}, ValueError, "verbose must be"),
        ({"memory": 3}, ValueError, "memory must be"),
        ({"memory": ""}, ValueError, "memory must be"),
    ],
)
def test_what_cannot_be_computed_raises_at_once(compare, given, kind, message, spy):
    options = {"X": SAMPLES, "y": CLASSES, "candidates": {"spy": spy()}, **given}
    with pytest.raises(kind, match=message):
        compare(**options)
    assert spy.seen == []


@BOTH
def test_a_folder_that_cannot_be_written_is_named_at_once(compare, spy, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match=r"file.kept.* no file can be written"):
        compare(SAMPLES, CLASSES, {"s": spy()}, memory=str(tmp_path / "file" / "kept"))
    assert spy.seen == []


@BOTH
def test_folds_may_be_masks_and_come_from_a_generator(compare, study):
    X, y = study
    folds = [(np.arange(18) % 3 != k, np.arange(18) % 3 == k) for k in range(3)]
    candidates = {"KM": KMeans(2, n_init=1, random_state=0)}
    given = {"candidates": candidates}
    if compare is compare_clusterers:
        given |= {"random_state": 0, "n_starts": 1}
    found = compare(X, y, cv=(fold for fold in folds), **given)
    numbers = [tuple(map(np.flatnonzero, fold)) for fold in folds]
    expected = compare(X, y, cv=numbers, **given)
    assert set(found["error"]) == {""}
    name = "score" if compare is compare_classifiers else "purity"
    assert_array_equal(found[name], expected[name])


def test_lambdas_can_be_steps_of_candidates(study):
    model = make_pipeline(FunctionTransformer(lambda X: 2 * X), KMeans(2, n_init=1))
    table = compare_clusterers(*study, {"KM": model}, n_starts=2)
    assert list(table["error"]) == ["", ""]
