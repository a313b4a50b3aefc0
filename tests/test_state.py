"""A fit that fails leaves an estimator as it was; displaying one costs nothing."""

import importlib
import inspect
import sys
import tracemalloc
import warnings
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.utils import estimator_html_repr

import sktopo
from sktopo import (
    ClassWise,
    FunctionalConnectome,
    GraphPersistence,
    GraphProfiles,
    SampleWise,
    TopClusterer,
    baselines,
)
from sktopo.recording import InteractionBasis

NEEDS = {
    "MedoidClusterer": "kmedoids",
    "GraphSummaries": "networkx",
    "SimilarityClusterer": "networkx",
    "RipsDiagrams": "gudhi",
    "DiagramDistance": "gudhi",
    "DiagramKernel": "gudhi",
    "PersistenceImages": "gudhi",
    "PersistenceLandscapes": "gudhi",
    "InteractionBasis": "torch",
}
PACKAGE = str(Path(sktopo.__file__).parent)
CLASSES = [
    estimator
    for module in (sktopo, baselines)
    for estimator in vars(module).values()
    if hasattr(estimator, "fit")
] + [InteractionBasis]


def make_estimator(cls):
    if cls.__name__ in NEEDS and find_spec(NEEDS[cls.__name__]) is None:
        pytest.skip(f"{NEEDS[cls.__name__]} is not installed")
    if cls in (ClassWise, SampleWise):
        return cls(GraphPersistence())
    if cls is InteractionBasis:
        nn = importlib.import_module("torch.nn")
        layers = nn.AdaptiveAvgPool1d(3), nn.Tanh(), nn.Linear(3, 2)
        return cls(nn.Sequential(*layers), n_intervals=1)
    known = cls().get_params()
    wanted = {"n_clusters": 2, "n_components": 2, "random_state": 0}
    if cls.__name__ == "MedoidClusterer":
        wanted["metric"] = "euclidean"
    if cls.__name__ in ("DynamicConnectome", "SemiNMF"):  # few iterations are enough
        wanted |= {"n_init": 1, "tol": 0.5}
    return cls(**{name: wanted[name] for name in wanted if name in known})


def make_data(cls):
    """Make what an estimator is fitted on: rows of edges, or diagrams."""
    rng = np.random.default_rng(0)
    if find_spec("gudhi") and NEEDS.get(cls.__name__) == "gudhi":
        births = rng.random((6, 7))
        if cls.__name__ != "RipsDiagrams":
            return [np.column_stack([row, row + 0.1]) for row in births]
    return rng.random((6, 10))


def compute(estimator, X):
    """Compute all that a fitted estimator gives for X."""
    methods = ("transform", "predict", "score", "inverse_transform")
    results = {}
    for method in methods:
        if hasattr(estimator, method):
            try:
                results[method] = getattr(estimator, method)(X)
            except ValueError as error:  # it has another shape
                results[method] = str(error)
    return results


BAD_INPUTS = {
    "NaN": lambda X: np.array([[np.nan] * 10] * 6),
    "infinity": lambda X: np.array([[np.inf] * 6] * 6),
    "text": lambda X: [["a", "b"], ["c", "d"]],
    "one number": lambda X: 3.5,
    "nothing": lambda X: None,
    "a row": lambda X: np.ones(10),
    "no samples": lambda X: np.empty((0, 10)),
    "complex numbers": lambda X: np.full((6, 10), 1j),
    "columns of mixed names": lambda X: pytest.importorskip("pandas").DataFrame(
        np.random.default_rng(1).random((6, 10)), columns=["a", *range(9)]
    ),
}


def assert_unchanged(estimator, before):
    assert vars(estimator).keys() == before.keys()
    for name, value in vars(estimator).items():
        assert value is before[name], name


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
@pytest.mark.parametrize("bad", BAD_INPUTS)
def test_a_fit_that_fails_changes_nothing(cls, bad):
    estimator, X = make_estimator(cls), make_data(cls)
    estimator.fit(X)
    before, results = dict(vars(estimator)), compute(estimator, X)
    with pytest.raises((ValueError, TypeError)):
        estimator.fit(BAD_INPUTS[bad](X))
    assert_unchanged(estimator, before)
    again = compute(estimator, X)
    assert again.keys() == results.keys() and results
    for method, result in results.items():
        if isinstance(result, list):  # diagrams
            for found, expected in zip(again[method], result, strict=True):
                assert_array_equal(found, expected)
        else:
            assert_array_equal(again[method], result)


def fit_and_fail(estimator, X, n_calls):
    """Let `fit` run out of memory in the call of a function of the package.

    `n_calls` calls come before it. Returns whether `fit` got so far.
    """
    seen = []

    def fail(frame, event, argument):
        code = frame.f_code
        # An error in a generator that is closed would be ignored.
        is_counted = event == "call" and not code.co_flags & inspect.CO_GENERATOR
        if is_counted and code.co_filename.startswith(PACKAGE):
            seen.append(code)
            if len(seen) == n_calls + 1:
                raise MemoryError("planted")

    sys.setprofile(fail)
    try:
        estimator.fit(X)
    except MemoryError:
        pass
    finally:
        sys.setprofile(None)
    return len(seen) > n_calls


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_a_fit_that_fails_anywhere_changes_nothing(cls):
    estimator, X = make_estimator(cls).fit(make_data(cls)), make_data(cls)
    # Where a fit takes another width, the number of features changes.
    other = [x[:3] for x in X] if isinstance(X, list) else X[:3, :6]
    before, n_calls = dict(vars(estimator)), 1  # the first call is that of `fit`
    while fit_and_fail(estimator, other, n_calls):
        assert_unchanged(estimator, before)
        n_calls += 1
    assert n_calls > 3


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_checks_of_values_come_before_anything_is_set(cls):
    estimator = make_estimator(cls).fit(make_data(cls))
    before = dict(vars(estimator))
    matrices = 7 * np.random.default_rng(0).random((6, 6, 6))
    matrices += matrices.transpose(0, 2, 1)
    try:  # flattened matrices, another width, not correlations: some take them
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            estimator.fit(matrices.reshape(6, 36))
    except ValueError:
        assert_unchanged(estimator, before)
    else:
        assert cls not in (GraphPersistence, GraphProfiles, baselines.RipsDiagrams)


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_bad_parameters_change_nothing_either(cls):
    estimator, X = make_estimator(cls), make_data(cls)
    estimator.fit(X)
    refused = 0
    for parameter, value in estimator.get_params().items():
        before = dict(vars(estimator))
        estimator.set_params(**{parameter: {"not": "a value"}})
        try:
            estimator.fit(X)
        except (ValueError, TypeError):
            refused += 1
            estimator.set_params(**{parameter: value})
            assert_unchanged(estimator, before)
        else:
            estimator.set_params(**{parameter: value}).fit(X)
    assert refused


def fit_many_units(n_units):
    """Fit a chain without computing what it does not show: the weights of edges."""
    connectome = FunctionalConnectome().fit(
        np.random.default_rng(0).random((1, 2, n_units), dtype=np.float32)
    )
    n_edges = n_units * (n_units - 1) // 2
    persistence = GraphPersistence().fit(np.ones((1, n_edges), dtype=np.float32))
    clusterer = TopClusterer(2, random_state=0).fit(np.eye(3, 6))
    return connectome, persistence, clusterer


@pytest.mark.parametrize("topology_weight", [0.5, 1.0])
def test_displaying_5000_units_makes_few_names(topology_weight):
    steps = fit_many_units(5000)
    n_edges = 5000 * 4999 // 2
    steps[1].set_params(topology_weight=topology_weight)
    steps[1].fit(np.ones((1, n_edges), dtype=np.float32))
    chain = Pipeline([(type(step).__name__, step) for step in steps])
    estimator_html_repr(chain)  # what is read once for all is not counted
    for shown in (*steps, chain):
        tracemalloc.start()
        page = estimator_html_repr(shown)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert len(page) < 100_000
        assert peak < 5_000_000  # an edge's name takes about 60 bytes
    names = steps[0].get_feature_names_out()
    assert len(names) == n_edges
    assert names[-1] == "x4998--x4999"


def test_names_are_shown():
    chain = make_pipeline(FunctionalConnectome(), GraphPersistence())
    chain.fit(np.random.default_rng(0).random((3, 9, 4)))
    page = estimator_html_repr(chain)
    assert "FunctionalConnectome" in page
    assert ("x0--x1" in page) == ("features-table" in page)  # since scikit-learn 1.9


def test_data_frames_of_many_edges_have_all_names():
    pandas = pytest.importorskip("pandas")
    samples = np.random.default_rng(0).random((2, 5, 370))
    connectome = FunctionalConnectome().fit(samples)
    names = connectome.get_feature_names_out()
    assert not isinstance(names, np.ndarray) and len(names) == 370 * 369 // 2
    frame = clone(connectome).set_output(transform="pandas").fit_transform(samples)
    assert isinstance(frame, pandas.DataFrame)
    first, second = np.triu_indices(370, 1)
    expected = [f"x{i}--x{j}" for i, j in zip(first, second, strict=True)]
    assert list(frame.columns) == list(names) == expected
    again = GraphPersistence(topology_weight=0).fit(frame)
    assert list(again.get_feature_names_out()) == expected
