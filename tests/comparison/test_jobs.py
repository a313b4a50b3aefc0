"""What both comparisons share: input, the cache, parallel jobs, memory of steps."""

import numpy as np
import pytest
from joblib import effective_n_jobs, parallel_config
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator
from sklearn.cluster import KMeans
from sklearn.pipeline import make_pipeline
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
    assert len(list((tmp_path / "kept").rglob("_cluster/*/output.pkl"))) == 2


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


@pytest.mark.parametrize("compare", [compare_classifiers, compare_clusterers])
def test_a_comparison_without_folds_is_an_empty_table(study, compare):
    candidates = {"KM": KMeans(2)}
    table = compare(*study, candidates, cv=[])
    assert len(table) == 0
    assert list(table) == list(compare(*study, candidates, cv=2))


def test_clusterers_without_settings_are_an_empty_table(study):
    candidates = {"KM": KMeans(2)}
    table = compare_clusterers(*study, {"KM": (KMeans(2), [])}, n_starts=1)
    assert len(table) == 0
    assert list(table) == list(compare_clusterers(*study, candidates, n_starts=1))
