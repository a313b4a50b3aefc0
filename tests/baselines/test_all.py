"""What all baselines have in common."""

import pickle
import sys

import numpy as np
import pytest
from joblib import parallel_config
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import check_estimator

from sktopo.baselines import (
    DiagramDistance,
    DiagramKernel,
    DistanceKernel,
    GraphSummaries,
    MedoidClusterer,
    PersistenceImages,
    PersistenceLandscapes,
    RepresentationDistance,
    RipsDiagrams,
    SimilarityClusterer,
    WeightSummaries,
)
from sktopo.baselines._diagram_distances import DISTANCES, KERNELS

gudhi = pytest.importorskip("gudhi")
kmedoids = pytest.importorskip("kmedoids")
networkx = pytest.importorskip("networkx")

METRICS = (*DISTANCES, *KERNELS)


ON_DIAGRAMS = (
    *(DiagramDistance(metric) for metric in METRICS),
    *(DiagramKernel(kernel) for kernel in KERNELS),
    PersistenceImages(4),
    PersistenceLandscapes(2, resolution=7),
)


ON_ROWS = (
    RipsDiagrams(),
    GraphSummaries(),
    WeightSummaries(),
    DistanceKernel(),
    RepresentationDistance(),
    MedoidClusterer(2, metric="euclidean", random_state=0),
    SimilarityClusterer(2, random_state=0),
)


@pytest.mark.parametrize(
    "estimator",
    [
        RipsDiagrams(),
        GraphSummaries(),
        *(DiagramDistance(metric) for metric in METRICS),
        DiagramKernel(),
    ],
    ids=str,
)
def test_jobs_and_bars_change_no_bit(study, diagrams, estimator, capfd):
    pytest.importorskip("tqdm")
    X = diagrams if hasattr(estimator, "bandwidth") else study[0]
    alone = estimator.fit(X).transform(X)
    assert capfd.readouterr() == ("", "")
    shown = clone(estimator).set_params(verbose=True).fit(X)
    with parallel_config(backend="threading"):
        shared = shown.set_params(n_jobs=2).transform(X)
    for found, expected in zip(shared, alone, strict=True):
        assert_array_equal(found, expected)
    quick = getattr(estimator, "metric", None) == "sliced_wasserstein"
    assert ("16/16" in capfd.readouterr().err) is not quick
    with pytest.raises(ValueError, match="verbose must be True or False"):
        clone(estimator).set_params(verbose="yes").fit(X)


@pytest.mark.parametrize("estimator", ON_DIAGRAMS, ids=str)
def test_empty_diagrams(estimator, diagrams):
    mixed = [*diagrams[:3], np.empty((0, 2)), [], diagrams[3]]
    full = [0, 1, 2, 5]
    fitted = clone(estimator)
    among = fitted.fit_transform(mixed)
    assert np.isfinite(among).all()
    plain = clone(estimator).fit(diagrams[:4]).transform(diagrams[:4])
    if isinstance(estimator, (DiagramDistance, DiagramKernel)):
        assert_allclose(among[np.ix_(full, full)], plain, rtol=0.02, atol=1e-6)
        assert_array_equal(among[3:5, 3:5], np.zeros((2, 2)))
        assert_allclose(fitted.transform(mixed), among, rtol=0.02, atol=1e-6)
        assert (among[0, 3] > 0) == isinstance(estimator, DiagramDistance)
    else:
        assert_allclose(among[full], plain)
        assert not among[3:5].any()
    nothing = clone(estimator).fit([[], []])
    assert not nothing.transform([[]]).any()
    assert np.isfinite(nothing.transform(mixed)).all()


def test_nothing_is_printed(diagrams, capfd):
    for estimator in (PersistenceImages(), PersistenceLandscapes()):
        estimator.fit([[]]).transform([[]])
        estimator.fit([[[0.2, 0.2]]]).transform(diagrams)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("estimator", (*ON_DIAGRAMS, *ON_ROWS), ids=str)
def test_estimators_clone_and_pickle(estimator, diagrams, study):
    fitted = clone(estimator)
    X = diagrams[:4] if estimator in ON_DIAGRAMS else study[0]
    with pytest.raises(NotFittedError):
        (fitted.transform if hasattr(fitted, "transform") else fitted.predict)(X)
    fitted.fit(X)
    again = pickle.loads(pickle.dumps(fitted))
    assert again.get_params() == estimator.get_params()
    use = "transform" if hasattr(fitted, "transform") else "predict"
    for old, new in zip(getattr(fitted, use)(X), getattr(again, use)(X), strict=True):
        # The last digits depend on where in memory a diagram lies.
        assert_allclose(old, new, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    "estimator",
    (
        *ON_DIAGRAMS,
        GraphSummaries(),
        *(WeightSummaries(kind) for kind in ("mean", "moments", "sorted")),
        DistanceKernel(),
        RepresentationDistance(),
    ),
    ids=str,
)
def test_data_frames_out(estimator, diagrams, study):
    pytest.importorskip("pandas")
    X = diagrams if estimator in ON_DIAGRAMS else study[0]
    dressed = clone(estimator).set_output(transform="pandas")
    frame = dressed.fit_transform(X)
    assert list(frame.columns) == list(dressed.get_feature_names_out())
    assert_array_equal(frame, clone(estimator).fit_transform(X))


@pytest.mark.parametrize(
    "estimator",
    (
        *ON_DIAGRAMS,
        RipsDiagrams(),
        GraphSummaries(),
        WeightSummaries(),
        DistanceKernel(),
        RepresentationDistance(),
    ),
    ids=str,
)
def test_a_global_output_of_pandas_changes_no_number(estimator, diagrams, study):
    pytest.importorskip("pandas")
    X = diagrams if estimator in ON_DIAGRAMS else study[0]
    expected = clone(estimator).fit_transform(X)
    with config_context(transform_output="pandas"):
        found = clone(estimator).fit_transform(X)
    for one, other in zip(np.asarray(found, object), expected, strict=True):
        assert_array_equal(one, other)


# Two rules of the checks have no meaning here. Diagrams are a list, for they differ in
# length, and some checks want an array. The clustering check hands over rows whatever
# the tag `pairwise` says, and by default the clusterer takes distances: with another
# metric it passes.
CHECKED = {
    GraphSummaries(): set(),
    WeightSummaries(): set(),
    DistanceKernel(): set(),
    RepresentationDistance(): set(),
    MedoidClusterer(metric="euclidean"): set(),
    MedoidClusterer(): {"check_clustering"},
    SimilarityClusterer(): set(),
    SimilarityClusterer(method="modularity"): set(),
    RipsDiagrams("inverse"): {
        "check_transformer_data_not_an_array",
        "check_transformer_general",
        "check_transformer_preserve_dtypes",
    },
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("estimator", CHECKED, ids=str)
def test_check_estimator(estimator):
    results = check_estimator(clone(estimator), on_fail=None, on_skip=None)
    failed = {r["check_name"] for r in results if r["status"] == "failed"}
    assert failed == CHECKED[estimator]
    assert sum(r["status"] == "passed" for r in results) > 40


MISSING = {
    "gudhi": (RipsDiagrams(), *ON_DIAGRAMS),
    "kmedoids": (MedoidClusterer(2),),
    "networkx": (GraphSummaries(), SimilarityClusterer(2, method="modularity")),
}


@pytest.mark.parametrize(
    ("module", "estimator"),
    [(module, e) for module, estimators in MISSING.items() for e in estimators],
    ids=str,
)
def test_missing_extras_are_named(module, estimator, diagrams, monkeypatch):
    loaded = [name for name in sys.modules if name.split(".")[0] == module]
    for name in {module, *loaded}:
        monkeypatch.setitem(sys.modules, name, None)
    X = diagrams if estimator in ON_DIAGRAMS else np.eye(3)
    with pytest.raises(ImportError, match=r"pip install 'sktopo\[baselines\]'"):
        clone(estimator).fit(X)


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (RipsDiagrams("squared"), "distance='squared' is unknown"),
        (RipsDiagrams(homology_dimension=-1), "homology_dimension"),
        (DiagramDistance("euclidean"), "metric='euclidean' is unknown"),
        (DiagramDistance(bandwidth=0), "bandwidth"),
        (DiagramDistance(n_directions=1), "n_directions"),
        (DiagramKernel("linear"), "kernel='linear' is unknown"),
        (DiagramKernel(bandwidth=-1), "bandwidth"),
        (DistanceKernel(0), "scale"),
        (WeightSummaries("median"), "kind='median' is unknown"),
        (PersistenceImages(0), "resolution"),
        (PersistenceImages(bandwidth=0), "bandwidth"),
        (PersistenceLandscapes(0), "n_landscapes"),
        (PersistenceLandscapes(resolution=1), "resolution"),
        (MedoidClusterer(0), "n_clusters"),
        (MedoidClusterer(2, max_iter=0), "max_iter"),
        (MedoidClusterer(2, method="clara"), "method='clara' is unknown"),
        (MedoidClusterer(2, init="first"), "init='first' is unknown"),
        (SimilarityClusterer(0), "n_clusters"),
        (SimilarityClusterer(2, method="ward"), "method='ward' is unknown"),
    ],
    ids=str,
)
def test_bad_parameters(estimator, message):
    with pytest.raises(ValueError, match=message):
        estimator.fit(np.zeros((3, 3)))


def test_bad_input(study):
    with pytest.raises(ValueError, match="should be >= n_clusters=5"):
        MedoidClusterer(5).fit(np.zeros((3, 3)))
    with pytest.raises(ValueError, match="should be >= n_clusters=5"):
        SimilarityClusterer(5).fit(np.zeros((3, 3)))
    with pytest.raises(ValueError, match="square matrix. For rows give metric="):
        MedoidClusterer(2).fit(study[0])
    for estimator in (MedoidClusterer(2), DistanceKernel()):
        with pytest.raises(ValueError, match="Negative values"):
            estimator.fit(-np.eye(3))
    with pytest.raises(ValueError, match="scale"):
        DistanceKernel("mean").fit(np.eye(3))
    with pytest.raises(ValueError, match="weighted"):
        PersistenceImages(weighted=1).fit([[]])


@pytest.mark.parametrize("estimator", ON_DIAGRAMS, ids=str)
@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([], "Expected a list of diagrams"),
        (None, "Expected a list of diagrams"),
        (3, "Expected a list of diagrams"),
        ("ab", "Expected a list of diagrams"),
        ({0: [[0.1, 0.2]]}, "Expected a list of diagrams"),
        (np.array(3.0), "Expected a list of diagrams"),
        ([[0.1, 0.2]], r"Diagram 0 of X has shape \(2,\)"),
        ([[[0, 1]], np.ones((2, 3))], r"Diagram 1 of X has shape \(2, 3\)"),
        ([np.ones((0, 3))], r"Diagram 0 of X has shape \(0, 3\)"),
        ([[[0, 1]], [[0, 1], [2]]], "Diagram 1 of X does not hold pairs"),
        ([[[0, 1]], None], "Diagram 1 of X does not hold pairs"),
        ([["ab", "cd"]], "Diagram 0 of X does not hold pairs"),
        ([[["0.1", "0.2"]]], "Diagram 0 of X does not hold pairs"),
        ([[[0, 1j]]], "Diagram 0 of X does not hold pairs"),
        ([[], [[0, 1], [0, np.inf]]], "Point 1 of diagram 1 of X, .* is not finite"),
        ([[[np.nan, 1]]], "Point 0 of diagram 0 of X, .* is not finite"),
        ([[[0, 1], [0.5, 0.4]]], "Point 1 of diagram 0 of X, .* dies before"),
    ],
    ids=str,
)
def test_bad_diagrams(estimator, X, message):
    with pytest.raises(ValueError, match=message):
        clone(estimator).fit(X)
    with pytest.raises(ValueError, match=message):
        clone(estimator).fit([[[0, 1]]]).transform(X)
