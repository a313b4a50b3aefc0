"""The cache: what is found again, what is not, what is damaged."""

import importlib
import json
import sys
from functools import partial

import joblib
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.cluster import KMeans
from sklearn.dummy import DummyClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import SVC

import sktopo
from sktopo.comparison import compare_classifiers, compare_clusterers
from sktopo.comparison._cache import Cache, open_cache, read_json, write_json

X = np.zeros((9, 2))
Y = np.array([0] * 6 + [1] * 3)
HEADER = """
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
"""
CLASS = """
class Mine(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[{chosen}])
"""
# Each is the code of a module, in which a number decides about the results.
MODULES = {
    "method": HEADER + CLASS.format(chosen="{k}"),
    "attribute": HEADER + CLASS.format(chosen="self.k") + "    k = {k}\n",
    "list": HEADER + CLASS.format(chosen="self.k[0]") + "    k = [{k}]\n",
    "constant": HEADER + "K = {k}\n" + CLASS.format(chosen="K"),
    "dict": HEADER + "K = dict(k={k})\n" + CLASS.format(chosen='K["k"]'),
    "function": HEADER + "def k():\n    return {k}\n" + CLASS.format(chosen="k()"),
    "parent": (
        HEADER
        + "class Base:\n    def choose(self):\n        return {k}\n"
        + CLASS.format(chosen="self.choose()").replace("(Class", "(Base, Class")
    ),
    "property": (
        HEADER
        + CLASS.format(chosen="self.k")
        + "    @property\n    def k(self):\n        return {k}\n"
    ),
    "other module": HEADER + "import other\n" + CLASS.format(chosen="other.k()"),
}


@pytest.fixture
def write_module(tmp_path, monkeypatch):
    """Return a function that writes and imports the modules `mine` and `other`."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def write(code, k):
        (tmp_path / "other.py").write_text(f"def k():\n    return {k}\n")
        (tmp_path / "mine.py").write_text(code.replace("{k}", str(k)))
        for name in ("mine", "other"):
            sys.modules.pop(name, None)
        importlib.invalidate_caches()
        return importlib.import_module("mine")

    yield write
    for name in ("mine", "other"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize("kind", MODULES)
def test_changed_code_is_run_again(kind, write_module, tmp_path):
    options = {"cv": 3, "memory": str(tmp_path / "kept")}
    for k in (0, 1, 0):
        module = write_module(MODULES[kind], k)
        table = compare_classifiers(X, Y, {"m": module.Mine()}, **options)
        assert_array_equal(table["score"], [[2 / 3, 1 / 3][k]] * 3)
    # The third time was the first again.
    assert len(list((tmp_path / "kept").rglob("_classify-*.json"))) == 6


STEP = """
class Step(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return X + {k}
"""


def test_changed_code_of_a_step_is_run_again(write_module, tmp_path):
    options = {"cv": 3, "memory": str(tmp_path / "kept")}
    for k in (0, 1):
        step = write_module(HEADER + STEP, k).Step()
        model = make_pipeline(step, FunctionTransformer(), MeanIs())
        (score, *_) = compare_classifiers(X, Y, {"m": model}, **options)["score"]
        assert score == k


class MeanIs(DummyClassifier):
    """Score the mean of the samples."""

    def score(self, X, y):
        return X.mean()


def make_scaler(factor):
    return lambda X: factor * X


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (lambda X: X + 1, lambda X: X + 2),
        (make_scaler(2), make_scaler(3)),
        (partial(np.add, 1), partial(np.add, 2)),
        (np.sin, np.cos),
        (KMeans, SVC),
        (
            {"a": make_scaler(2), "b": make_scaler(3)},
            {"a": make_scaler(3), "b": make_scaler(2)},
        ),
        ([lambda x: 1, lambda x: 2], [lambda x: 2, lambda x: 1]),
        (lambda X, k=1: X + k, lambda X, k=2: X + k),
        (lambda X: X in {"a", "b"}, lambda X: X in {"a", "c"}),
        (lambda X: [x + 1 for x in X], lambda X: [x + 2 for x in X]),
        (FunctionTransformer(np.sin), FunctionTransformer(np.cos)),
        (np.zeros(3), np.zeros((3, 1))),
        (1, 1.0),
    ],
)
def test_different_values_and_code_have_different_keys(one, other):
    assert Cache("a").make_key(one) == Cache("b").make_key(one)
    assert Cache("a").make_key(one) != Cache("a").make_key(other)


def test_code_without_a_file_is_recognised():
    def define(k):
        names = {"__name__": "notebook"}
        exec(HEADER + STEP.replace("{k}", str(k)), names)
        exec(f"K = [{k}]\ndef shift(X):\n    return X + K[0]\n", names)
        return names

    for name in ("Step", "shift"):
        keys = [Cache("a").make_key(define(k)[name]) for k in (0, 1, 0)]
        assert keys[0] == keys[2] != keys[1]


COUNTERS = """
import threading
CALLS, N, TOTAL, LOCK = [], {"n": 0}, 0, threading.Lock()
class Step(TransformerMixin, BaseEstimator):
    seen, n_calls = [], 0

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        global TOTAL
        with LOCK:
            CALLS.append(1)
            N["n"] += 1
            TOTAL += 1
            self.seen.append(1)
            type(self).n_calls += 1
        return X
"""


def test_counters_and_locks_do_not_matter(write_module, tmp_path):
    module = write_module(HEADER + COUNTERS, 0)
    model = make_pipeline(module.Step(), FunctionTransformer(), MeanIs())
    n_calls = []
    for _ in range(2):
        table = compare_classifiers(X, Y, {"m": model}, cv=3, memory=str(tmp_path))
        assert list(table["error"]) == [""] * 3
        n_calls += [len(module.CALLS), module.TOTAL, module.Step.n_calls]
    assert set(n_calls) == {n_calls[0]} != {0}


SETTINGS = """
SETTINGS = {"k": 1}
def set_k(k):
    SETTINGS["k"] = k
def shift(X):
    return X + SETTINGS["k"]
"""


def test_settings_that_another_function_changes_matter(write_module):
    module = write_module(SETTINGS, 0)
    keys = []
    for k in (1, 2, 1):
        module.set_k(k)
        keys.append(Cache("a").make_key(module.shift))
    assert keys[0] == keys[2] != keys[1]


@pytest.mark.parametrize("kind", ["constant", "dict", "function", "other module"])
def test_a_changed_file_that_is_not_loaded_is_not_taken_for_loaded(
    kind, write_module, tmp_path
):
    loaded = write_module(MODULES[kind], 0)
    write_module(MODULES[kind], 1)
    (key,) = {Cache("a").make_key(loaded.Mine()) for _ in range(2)}
    again = write_module(MODULES[kind], 1)
    assert key != Cache("a").make_key(again.Mine())


def test_recursive_code_has_a_key():
    def odd(n):
        return n > 0 and even(n - 1)

    def even(n):
        return n == 0 or odd(n - 1)

    keys = {Cache("a").make_key(function) for function in (odd, even, odd)}
    assert len(keys) == 2


def test_another_version_is_computed_again(study, spy, tmp_path, monkeypatch):
    options = {"n_starts": 1, "random_state": 0, "memory": str(tmp_path)}
    for calls in (1, 1):
        compare_clusterers(*study, {"spy": spy()}, **options)
        assert len(spy.seen) == calls
    monkeypatch.setattr(sktopo, "__version__", "99")
    compare_clusterers(*study, {"spy": spy()}, **options)
    assert len(spy.seen) == 2


DAMAGE = {
    "empty": lambda path: path.write_bytes(b""),
    "cut off": lambda path: path.write_bytes(path.read_bytes()[:-7]),
    "noise": lambda path: path.write_bytes(b"\x80\x04\xff noise"),
    "changed": lambda path: path.write_bytes(path.read_bytes().swapcase()),
    "other content": lambda path: joblib.dump([1, 2], path),
    "other JSON": lambda path: path.write_text(json.dumps({"purity": 1.0})),
}


@pytest.mark.parametrize("kind", DAMAGE)
@pytest.mark.parametrize("ending", ["json", "pkl"])
def test_damaged_files_are_named_and_computed_again(study, tmp_path, kind, ending):
    model = make_pipeline(FunctionTransformer(), KMeans(2, n_init=1))
    options = {"n_starts": 1, "random_state": 0, "memory": str(tmp_path)}
    first = compare_clusterers(*study, {"KM": model}, **options)
    (path,) = tmp_path.rglob(f"*.{ending}")
    if ending == "pkl":
        for row in tmp_path.rglob("*.json"):
            row.unlink()
    DAMAGE[kind](path)
    with pytest.warns(UserWarning, match="is damaged") as caught:
        second = compare_clusterers(*study, {"KM": model}, **options)
    assert any(str(path) in str(warning.message) for warning in caught)
    assert_array_equal(first["purity"], second["purity"])
    assert list(second["error"]) == [""]


def test_no_pickle_that_somebody_put_there_is_read(study, tmp_path):
    class Evil:
        def __reduce__(self):
            return (tmp_path / "ran").touch, ()

    model = make_pipeline(FunctionTransformer(), KMeans(2, n_init=1))
    options = {"n_starts": 1, "random_state": 0, "memory": str(tmp_path)}
    compare_clusterers(*study, {"KM": model}, **options)
    paths = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.suffix for path in paths} == {".json", ".pkl"}
    for path in paths:
        joblib.dump(Evil(), path)
    with pytest.warns(UserWarning, match="is damaged"):
        compare_clusterers(*study, {"KM": model}, **options)
    assert not (tmp_path / "ran").exists()


class Unpicklable:
    """A parameter that cannot be pickled."""

    def __deepcopy__(self, memo):
        return self

    def __reduce__(self):
        raise TypeError("there is only one of this")


def test_a_candidate_that_cannot_be_pickled_is_named(study, tmp_path):
    candidates = {"odd": FunctionTransformer(Unpicklable())}
    candidates["odd"] = make_pipeline(candidates["odd"], KMeans(2))
    with pytest.raises(ValueError, match="'odd' cannot be cached.*only one of this"):
        compare_clusterers(*study, candidates, memory=str(tmp_path))


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    ),
    st.data(),
)
def test_json_returns_what_was_written_or_warns(tmp_path, value, data):
    path = tmp_path / "value.json"
    write_json(path, [value])
    assert repr(read_json(path)) == repr([value])
    text = path.read_bytes()
    where = data.draw(st.integers(0, len(text) - 1))
    path.write_bytes(text[:where] + bytes([text[where] ^ 1]) + text[where + 1 :])
    with pytest.warns(UserWarning, match="value.json is damaged"):
        assert read_json(path) is None


def test_memory_of_joblib_is_a_folder(tmp_path):
    assert open_cache(joblib.Memory(tmp_path, verbose=0)).location == str(tmp_path)
    assert open_cache(joblib.Memory(None)) is None
    assert open_cache(None) is None


def test_a_result_that_cannot_be_kept_is_not_lost(tmp_path):
    cache = Cache(str(tmp_path / "file"))
    (tmp_path / "file").touch()
    with pytest.warns(UserWarning) as caught:
        assert cache.recall(divmod_, 7, 2) == [3, 1]
    assert "could not be cached" in str(caught[-1].message)
    assert str(tmp_path / "file") in str(caught[-1].message)


def divmod_(a, b):
    return list(divmod(a, b))


def test_recalled_values_are_computed_once(tmp_path, counting):
    function, counted = counting
    cache = Cache(str(tmp_path))
    assert [cache.recall(function, [1.5, "a"]) for _ in range(3)] == [[1.5, "a"]] * 3
    assert counted.calls == 1
