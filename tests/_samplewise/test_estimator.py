"""SampleWise gives what its transformer gives for each sample alone."""

import gc
import os
import pickle
import signal
import subprocess
import sys
import warnings
import weakref
from copy import deepcopy
from functools import partial
from pathlib import Path

import joblib
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, Normalizer, StandardScaler
from sklearn.svm import SVC

from sktopo import (
    ActivationExtractor,
    FunctionalConnectome,
    GraphPersistence,
    SampleWise,
    TopClusterer,
    WassersteinKernel,
)

RNG = np.random.default_rng(0)
STACK = RNG.normal(size=(5, 20, 6))
RAGGED = [RNG.normal(size=(20, n_units)) for n_units in (4, 6, 5)]


def make_chain(**options):
    return make_pipeline(FunctionalConnectome(), GraphPersistence(**options))


class Recordings:
    """Recordings that are made when they are asked for, without a length."""

    def __init__(self, n_samples=5):
        self.n_samples = n_samples
        self.names = [f"r{i}.npy" for i in range(n_samples)]

    def __iter__(self):
        for i in range(self.n_samples):
            yield partial(np.asarray, STACK[i])


class Watched(TransformerMixin, BaseEstimator):
    """Counts the samples that it is given at once, and its calls, in a file."""

    def __init__(self, path=None):
        self.path = path

    def fit(self, X, y=None):
        self.fitted_ = True
        return self

    def transform(self, X):
        if self.path is not None:
            with open(self.path, "a") as file:
                file.write(f"{len(X)}\n")
        return np.array([np.asarray(sample).sum(axis=0) for sample in X])


# --- the same rows ----------------------------------------------------------------


@pytest.mark.parametrize("n_jobs", [None, 1, 2])
@pytest.mark.parametrize("make", [np.asarray, list, tuple])
def test_rows_are_those_of_the_chain(make, n_jobs):
    expected = make_chain().fit_transform(STACK)
    chain = SampleWise(make_chain(), n_jobs=n_jobs)
    with joblib.parallel_config(backend="threading"):
        assert_array_equal(chain.fit_transform(make(STACK)), expected)
        assert_array_equal(chain.transform(make(STACK[2:])), expected[2:])


def test_processes_give_the_same_rows_and_warnings():
    quiet = STACK.copy()
    quiet[2:4, :, 1] = 0.5
    chain = SampleWise(make_chain(), n_jobs=2)
    with pytest.warns(UserWarning, match=r"^Sample 2 of X, and 1 more: 1 constant"):
        found = chain.fit_transform(list(quiet))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert_array_equal(found, make_chain().fit_transform(quiet))


def test_rows_of_a_table_are_samples(make_rows):
    rows = make_rows(6, 5)
    expected = GraphPersistence().fit_transform(rows)
    for X in (rows, rows.tolist(), list(rows)):
        chain = SampleWise(GraphPersistence()).fit(X)
        assert_array_equal(chain.transform(X), expected)
        assert chain.n_features_in_ == 10
    single = SampleWise(GraphPersistence()).fit_transform(rows.astype(np.float32))
    assert single.dtype == np.float32


def test_recordings_of_different_sizes():
    chain = SampleWise(make_chain(n_quantiles=3)).fit(RAGGED)
    assert_array_equal(
        chain.transform(RAGGED), make_chain(n_quantiles=3).fit_transform(RAGGED)
    )
    rows = SampleWise(make_chain()).fit_transform(RAGGED)
    assert isinstance(rows, list)
    assert [len(row) for row in rows] == [6, 15, 10]
    for row, recording in zip(rows, RAGGED, strict=True):
        assert_array_equal(row, make_chain().fit_transform(recording[None])[0])


@pytest.mark.parametrize("output", ["default", "pandas"])
def test_networks_and_pairs(small_study, output):
    networks, stimuli, _ = small_study
    pandas = pytest.importorskip("pandas")
    for extractor, X in (
        (ActivationExtractor(stimuli=stimuli), networks),
        (ActivationExtractor(), [(network, stimuli) for network in networks]),
        (ActivationExtractor(model=networks[0]), list(stimuli.reshape(6, 10, -1))),
    ):
        expected = extractor.fit_transform(X)
        chain = SampleWise(extractor).set_output(transform=output).fit(X)
        found = chain.transform(X)
        assert_array_equal(found, expected)
        assert isinstance(found[0], pandas.DataFrame) == (output == "pandas")
        assert_array_equal(
            chain.get_feature_names_out(), extractor.get_feature_names_out()
        )


def test_networks_are_built_one_at_a_time_and_forgotten(small_study):
    networks, stimuli, _ = small_study
    built, alive = [], []

    def build(i):
        gc.collect()
        alive.append(sum(reference() is not None for reference in built))
        network = deepcopy(networks[i])
        built.append(weakref.ref(network))
        return network

    X = [partial(build, i) for i in range(4)]
    chain = make_pipeline(ActivationExtractor(stimuli=stimuli), *make_chain())
    fitted = SampleWise(chain).fit(X)
    built.clear()
    alive.clear()
    assert_array_equal(fitted.transform(X), chain.fit_transform(networks[:4]))
    assert alive == [0] * 4


def test_one_sample_at_a_time(tmp_path):
    calls = tmp_path / "calls"
    X = Recordings()
    found = SampleWise(Watched(str(calls))).fit_transform(X)
    assert_array_equal(found, STACK.sum(axis=1))
    assert set(calls.read_text().split()) == {"1"}


def test_the_transformer_and_the_samples_are_left_alone():
    chain, X = make_chain(), STACK.copy()
    SampleWise(chain).fit_transform(X)
    assert not hasattr(chain[0], "input_kind_")
    assert_array_equal(X, STACK)


# --- what is refused --------------------------------------------------------------


@pytest.mark.parametrize("learner", [StandardScaler(), PCA(1), make_pipeline(PCA(1))])
def test_transformers_that_learn_from_other_samples_are_refused(learner):
    X = STACK[:, 0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # variances of one sample
        with pytest.raises(
            ValueError, match=r"Sample 1 of X: .*learns from other samp"
        ):
            SampleWise(learner).fit(X)
        with pytest.raises(
            ValueError, match=r"Sample 1 of X: .*learns from other samp"
        ):
            SampleWise(learner).fit(list(X))
    frozen = SampleWise(FrozenEstimator(clone(learner).fit(X))).fit(X)
    np.testing.assert_allclose(
        frozen.transform(X), clone(learner).fit_transform(X), atol=1e-12
    )


def test_a_table_whose_second_row_is_refused_by_the_fitted_one():
    class Category(Watched):
        def fit(self, X, y=None):
            self.known_ = X[0, 0]
            return self

        def transform(self, X):
            if X[0, 0] != self.known_:
                raise ValueError("unknown category")
            return np.zeros((len(X), 1))

    with pytest.raises(ValueError, match="learns from other samples"):
        SampleWise(Category()).fit(STACK[:, 0])


@pytest.mark.parametrize(
    ("transformer", "error", "match"),
    [
        (
            GraphPersistence,
            TypeError,
            r"the class GraphPersistence; .*GraphPersis.*\(\)",
        ),
        (None, TypeError, "transformer is of type NoneType; expected a transformer"),
        (SVC(), TypeError, "transformer is of type SVC"),
        (make_pipeline(Normalizer(), SVC()), TypeError, "of type Pipeline"),
        ("chain", TypeError, "of type str"),
    ],
)
def test_other_transformers_are_refused(transformer, error, match):
    with pytest.raises(error, match=match):
        SampleWise(transformer).fit(STACK[:, 0])


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_the_sample_that_fails_is_named(n_jobs):
    X = Recordings()
    samples = list(STACK.copy())
    samples[3][2, 1] = np.nan
    chain = SampleWise(FunctionalConnectome(), n_jobs=n_jobs).fit(X)
    with (
        joblib.parallel_config(backend="threading"),
        pytest.raises(
            ValueError,
            match="Sample 3 of X, given to FunctionalConnectome alone: .*contains NaN "
            "in observation 2, unit 1",
        ),
    ):
        chain.transform(samples)
    X.__class__ = type("Broken", (Recordings,), {"__iter__": lambda self: iter([len])})
    with pytest.raises(TypeError, match=r"Sample 0 of X \('r0.npy'\), given to Funct"):
        chain.fit(X)


@pytest.mark.parametrize("X", [[], (), np.empty((0, 5)), np.empty((0, 4, 4))])
def test_empty_X(X):
    with pytest.raises(ValueError, match=r"X is empty \(0 samples\)"):
        SampleWise(Normalizer()).fit(X)
    if isinstance(X, (list, tuple)):
        with pytest.raises(ValueError, match=r"X is empty \(0 samples\)"):
            SampleWise(Normalizer()).fit(STACK[:, 0]).transform(X)


def test_other_widths_and_columns_are_refused():
    chain = SampleWise(make_chain()).fit(STACK)
    with pytest.raises(ValueError, match="X has 5 entries .* fitted on samples of 6"):
        chain.transform(STACK[:, :, :5])
    table = SampleWise(Normalizer()).fit(STACK[0])
    with pytest.raises(ValueError, match="X has 5 features, but SampleWise is expec"):
        table.transform(STACK[0, :, :5])
    pandas = pytest.importorskip("pandas")
    frames = [pandas.DataFrame(x, columns=list("abcdef")) for x in STACK]
    named = SampleWise(make_chain()).fit(frames)
    assert list(named.feature_names_in_) == list("abcdef")
    assert list(named.transform(frames)[1]) == list(chain.transform(STACK)[1])
    frames[3] = frames[3][list("bacdef")]
    with pytest.raises(ValueError, match="Sample 3 of X.*columns differ"):
        named.transform(frames)


# --- inside scikit-learn ----------------------------------------------------------


def test_names_and_containers():
    pandas = pytest.importorskip("pandas")
    chain = SampleWise(make_chain()).set_output(transform="pandas")
    frame = chain.fit_transform(STACK)
    assert isinstance(frame, pandas.DataFrame)
    names = make_chain().fit(STACK).get_feature_names_out()
    assert list(frame.columns) == list(chain.get_feature_names_out()) == list(names)
    tables = SampleWise(FunctionTransformer()).set_output(transform="pandas")
    ragged = tables.fit_transform(RAGGED)  # tables of different widths have no names
    assert [table.shape for table in ragged] == [x.shape for x in RAGGED]
    with pytest.raises(ValueError, match="Watched does not name its columns"):
        SampleWise(Watched()).fit(STACK).get_feature_names_out()


def test_pipelines_searches_clones_and_pickles():
    y = np.arange(5) % 2
    model = make_pipeline(SampleWise(make_chain()), SVC(kernel=WassersteinKernel()))
    name = "samplewise__transformer__graphpersistence__normalize"
    search = GridSearchCV(model, {name: [True, False]}, cv=2).fit(list(STACK), y)
    plain = make_pipeline(*make_chain(), SVC(kernel=WassersteinKernel()))
    expected = GridSearchCV(
        plain, {"graphpersistence__normalize": [True, False]}, cv=2
    ).fit(STACK, y)
    for score in ("split0_test_score", "split1_test_score"):
        assert_array_equal(search.cv_results_[score], expected.cv_results_[score])
    fitted = search.best_estimator_[0]
    again = pickle.loads(pickle.dumps(fitted))
    assert_array_equal(again.transform(STACK), fitted.transform(STACK))
    assert not hasattr(clone(fitted), "transformer_")
    top = make_pipeline(SampleWise(make_chain()), TopClusterer(2, random_state=0))
    assert len(top.fit_predict(STACK)) == 5


def test_transform_uses_what_was_fitted():
    chain = SampleWise(make_chain(normalize=False)).fit(STACK)
    expected = chain.transform(STACK)
    chain.set_params(transformer__graphpersistence__normalize=True)
    assert_array_equal(chain.transform(STACK), expected)


# --- results that are kept --------------------------------------------------------


def test_rows_are_computed_once(tmp_path):
    calls = tmp_path / "calls"
    chain = SampleWise(Watched(str(calls)), memory=str(tmp_path / "rows"))
    first = chain.fit_transform(STACK)
    assert len(calls.read_text().split()) == 6  # `fit` tries the second sample twice
    calls.unlink()
    again = clone(chain).fit(list(STACK[::-1])).transform(np.asarray(STACK[:2]))
    assert_array_equal(again, first[:2])
    n_computed = len(calls.read_text().split())
    assert n_computed == 2  # lists of samples have other keys than stacks


def test_a_memory_of_joblib_names_the_folder(tmp_path):
    SampleWise(Watched(), memory=joblib.Memory(tmp_path, verbose=0)).fit_transform(
        STACK
    )
    assert len(list(tmp_path.glob("**/*.npz"))) == 5


def test_a_folder_that_cannot_be_written_is_named_before_any_work(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="no file can be written in the folder"):
        SampleWise(Watched(), memory=str(tmp_path / "file" / "rows")).fit(STACK)


def test_damaged_rows_are_computed_again_and_warnings_come_back(tmp_path):
    quiet = STACK.copy()
    quiet[3, :, 1] = 0.5
    chain = SampleWise(make_chain(), memory=str(tmp_path))
    for _ in range(2):
        with pytest.warns(UserWarning, match="^Sample 3 of X: 1 constant unit"):
            expected = chain.fit_transform(quiet)
    X = STACK[:3]
    expected = chain.fit_transform(X)
    for path in tmp_path.glob("**/*.npz"):
        path.write_bytes(path.read_bytes()[:-20])
    with pytest.warns(UserWarning, match=r"Sample \d of X: .*\.npz is damaged"):
        found = chain.transform(X)
    assert_array_equal(found, expected)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_array_equal(chain.transform(X), expected)


KILLED = """
import sys
import numpy as np
from sktopo import FunctionalConnectome, GraphPersistence, SampleWise
from sklearn.pipeline import make_pipeline

class Slow:
    def __iter__(self):
        for sample in np.load(sys.argv[1]):
            yield sample
        print("read", flush=True)
        sys.stdin.read()
        yield sample

chain = make_pipeline(FunctionalConnectome(), GraphPersistence())
SampleWise(chain, memory=sys.argv[2]).fit_transform(Slow())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_killed_run_goes_on(tmp_path):
    np.save(tmp_path / "stack.npy", STACK[:3])
    folder = tmp_path / "rows"
    arguments = [sys.executable, "-c", KILLED, str(tmp_path / "stack.npy"), str(folder)]
    with subprocess.Popen(
        arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout.readline() == "read\n"
        os.kill(child.pid, signal.SIGKILL)
    kept = {path: path.stat().st_mtime_ns for path in Path(folder).glob("**/*.npz")}
    assert len(kept) == 3
    found = SampleWise(make_chain(), memory=str(folder)).fit_transform(list(STACK))
    assert_array_equal(found, make_chain().fit_transform(STACK))
    assert all(path.stat().st_mtime_ns == time for path, time in kept.items())
    assert len(list(Path(folder).glob("**/*.npz"))) == 5


def test_the_check_of_fit_leaves_warnings_to_transform():
    X = np.random.default_rng(0).normal(size=(3, 20, 4))
    X[1, :, 2] = 0
    with pytest.warns(UserWarning) as given:
        SampleWise(FunctionalConnectome()).fit_transform(X)
    (text,) = [str(warning.message) for warning in given]
    assert text.startswith("Sample 1 of X: 1 constant unit(s)")
