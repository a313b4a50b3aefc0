"""Baselines: each equals its library called by hand, empty diagrams included."""

import pickle
import sys

import numpy as np
import pytest
from joblib import parallel_config
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import cdist, squareform
from sklearn.base import clone
from sklearn.cluster import KMeans, SpectralClustering
from sklearn.exceptions import NotFittedError
from sklearn.metrics import adjusted_rand_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC
from sklearn.utils.estimator_checks import check_estimator

from sktopo import TopClusterer, WassersteinKernel
from sktopo.baselines import (
    DiagramDistance,
    DiagramKernel,
    DistanceKernel,
    GraphSummaries,
    MedoidClusterer,
    PersistenceImages,
    PersistenceLandscapes,
    RipsDiagrams,
    SimilarityClusterer,
    baseline_clusterers,
    baseline_kernels,
)
from sktopo.datasets import make_modular_connectomes

gudhi = pytest.importorskip("gudhi")
kmedoids = pytest.importorskip("kmedoids")
networkx = pytest.importorskip("networkx")

METRICS = (
    "bottleneck",
    "wasserstein",
    "sliced_wasserstein",
    "persistence_fisher",
    "heat",
    "weighted_gaussian",
)
ON_DIAGRAMS = (
    *(DiagramDistance(metric) for metric in METRICS),
    DiagramKernel("heat"),
    DiagramKernel("weighted_gaussian"),
    PersistenceImages(4),
    PersistenceLandscapes(2, resolution=7),
)
ON_ROWS = (
    RipsDiagrams(),
    GraphSummaries(),
    DistanceKernel(),
    MedoidClusterer(2, metric="euclidean", random_state=0),
    SimilarityClusterer(2, random_state=0),
)


@pytest.fixture(scope="module")
def study():
    """Connectomes of 2 groups of 8 modular graphs, as shares of 1; their groups."""
    X, y = make_modular_connectomes(
        8, n_nodes=14, n_modules=(2, 5), p_within=0.9, random_state=0
    )
    return X / X.max(), y


@pytest.fixture(scope="module")
def diagrams(study):
    return RipsDiagrams().fit_transform(study[0])


def rips_by_hand(weights, dimension=1):
    """Compute a diagram from distances with gudhi's simplex tree, sorted."""
    complex_ = gudhi.RipsComplex(distance_matrix=weights)
    tree = complex_.create_simplex_tree(max_dimension=2)
    tree.compute_persistence()
    found = tree.persistence_intervals_in_dimension(dimension)
    return sort_points(found[np.isfinite(found).all(axis=1)])


def sort_points(diagram):
    return diagram[np.lexsort(diagram.T)]


@pytest.mark.parametrize("dimension", [0, 1])
def test_sqrt_distances(study, dimension):
    rows = study[0] * np.where(np.arange(91) % 3, 1, -1)  # signs do not matter
    found = RipsDiagrams(homology_dimension=dimension).fit_transform(rows)
    assert sum(len(diagram) for diagram in found) > 20
    for row, diagram in zip(rows, found, strict=True):
        matrix = squareform(np.sqrt(1 - np.abs(row)))
        assert_allclose(sort_points(diagram), rips_by_hand(matrix, dimension))


def test_inverse_distances_are_shortest_paths(study):
    rows = 10 * study[0]
    found = RipsDiagrams("inverse").fit_transform(rows)
    assert sum(len(diagram) for diagram in found) > 20
    for row, diagram in zip(rows, found, strict=True):
        graph = networkx.from_numpy_array(squareform(1 / (1 + row)))
        lengths = dict(networkx.all_pairs_dijkstra_path_length(graph))
        matrix = np.array([[lengths[i][j] for j in range(14)] for i in range(14)])
        # Sums of lengths in another order differ in the last digit.
        expected = rips_by_hand(matrix)
        expected = expected[np.ptp(expected, axis=1) > 1e-12]
        diagram = diagram[np.ptp(diagram, axis=1) > 1e-12]
        assert_allclose(sort_points(diagram), expected)


def test_a_square_by_hand():
    square = [[0.75, 0.19, 0.75, 0.75, 0.19, 0.75]]
    (diagram,) = RipsDiagrams().fit_transform(square)
    assert_allclose(diagram, [[0.5, 0.9]])


@pytest.mark.parametrize("n_edges", [1, 3])
def test_small_graphs_have_no_cycles(n_edges):
    (diagram,) = RipsDiagrams().fit_transform(np.full((1, n_edges), 0.5))
    assert diagram.shape == (0, 2)


def test_weights_beyond_one_raise(study):
    rounded = study[0].astype(np.float32).copy()
    rounded[0, 0] = 1 + 2e-7
    assert len(RipsDiagrams().fit_transform(rounded)) == 16
    with pytest.raises(ValueError, match="at most 1. Use distance='inverse'"):
        RipsDiagrams().fit(2 * study[0])
    with pytest.raises(ValueError, match="at most 1"):
        RipsDiagrams().fit(study[0]).transform(2 * study[0])


def test_incomplete_rows_warn():
    with pytest.warns(UserWarning, match="4 nodes whose last 2 edges are absent"):
        rips = RipsDiagrams().fit([[0.5, 0.6, 0.7, 0.2]])
    padded = RipsDiagrams().fit_transform([[0.5, 0.6, 0.7, 0.2, 0, 0]])
    assert_array_equal(rips.transform([[0.5, 0.6, 0.7, 0.2]])[0], padded[0])


def by_hand(metric, A, B):
    """Call gudhi on one pair of diagrams."""
    if metric == "bottleneck":
        return gudhi.bottleneck_distance(A, B)
    if metric == "wasserstein":
        return gudhi.hera.wasserstein_distance(A, B, order=1.0)
    representations = gudhi.representations
    if metric == "sliced_wasserstein":
        return representations.SlicedWassersteinDistance(num_directions=10)(A, B)
    if metric == "persistence_fisher":
        return representations.PersistenceFisherDistance(bandwidth=0.1)(A, B)
    pairs = ((A, A), (B, B), (A, B))
    squares = [kernel_by_hand(metric, *pair) for pair in pairs]
    return np.sqrt(max(squares[0] + squares[1] - 2 * squares[2], 0))


def kernel_by_hand(kernel, A, B):
    representations = gudhi.representations
    if kernel == "heat":
        return representations.PersistenceScaleSpaceKernel(bandwidth=0.1)(A, B)
    weighted = representations.PersistenceWeightedGaussianKernel(
        bandwidth=0.1, weight=lambda point: np.arctan(point[1] - point[0])
    )
    return weighted(A, B)


@pytest.mark.parametrize("metric", METRICS)
def test_distances_by_hand(diagrams, metric):
    import gudhi.hera
    import gudhi.representations  # noqa: F401

    distance = DiagramDistance(metric)
    among = distance.fit_transform(diagrams[:5])
    to_new = distance.transform(diagrams[3:8])
    for i in range(5):
        for j in range(5):
            expected = by_hand(metric, diagrams[i], diagrams[j])
            assert_allclose(among[i, j], expected, rtol=0.02, atol=1e-6)
            expected = by_hand(metric, diagrams[3 + i], diagrams[j])
            assert_allclose(to_new[i, j], expected, rtol=0.02, atol=1e-6)
    assert among.max() > 0
    assert_array_equal(among, among.T)


@pytest.mark.parametrize("kernel", ["heat", "weighted_gaussian"])
def test_kernels_by_hand(diagrams, kernel):
    found = DiagramKernel(kernel).fit(diagrams[:3]).transform(diagrams[:6])
    expected = [[kernel_by_hand(kernel, A, B) for B in diagrams[:3]] for A in diagrams]
    assert_allclose(found, expected[:6])
    K = DiagramKernel(kernel).fit_transform(diagrams)
    assert np.linalg.eigvalsh(K).min() > -1e-8


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
    X = diagrams if hasattr(estimator, "_matrix") else study[0]
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


def test_sliced_wasserstein_kernel_by_hand(diagrams):
    chain = make_pipeline(DiagramDistance("sliced_wasserstein"), DistanceKernel(0.3))
    library = gudhi.representations.SlicedWassersteinKernel(bandwidth=0.3)
    expected = library.fit(diagrams[:5]).transform(diagrams)
    assert_allclose(chain.fit(diagrams[:5]).transform(diagrams), expected)


def test_images_and_landscapes_by_hand(diagrams):
    train, new = diagrams[:9], diagrams[9:]
    vectors = gudhi.representations
    for weighted, weight in ((True, lambda point: point[1]), (False, lambda point: 1)):
        library = vectors.PersistenceImage(
            bandwidth=0.1, weight=weight, resolution=[20, 20]
        )
        found = PersistenceImages(weighted=weighted).fit(train).transform(new)
        assert_allclose(found, library.fit(train).transform(new))
        assert found.max() > 0
    found = PersistenceLandscapes().fit(train).transform(new)
    assert_allclose(found, vectors.Landscape().fit(train).transform(new))
    assert found.max() > 0


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


@pytest.mark.parametrize("metric", METRICS[:4])
def test_an_empty_diagram_is_the_diagonal(metric, diagrams):
    near = np.array([[0.3, 0.3 + 1e-9]])
    distance = DiagramDistance(metric, bandwidth=10.0).fit([[]])
    found, expected = distance.transform([diagrams[0], near])
    by_point = DiagramDistance(metric, bandwidth=10.0).fit([near])
    assert_allclose(found, by_point.transform(diagrams[:1])[0], atol=1e-4)
    assert_allclose(expected, 0, atol=1e-6)


def test_whole_chains_on_empty_diagrams():
    triangles = np.random.default_rng(0).random((8, 3))  # no triangle has a cycle
    y = np.arange(8) % 2
    for name, model in baseline_clusterers(2, random_state=0).items():
        if name in ("BD", "WD", "SWK", "HK", "PF", "PWG"):
            assert set(model.fit_predict(triangles)) == {0}, name
    for name, model in baseline_kernels().items():
        assert model.fit(triangles, y).predict(triangles).shape == (8,), name


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
    "estimator", (*ON_DIAGRAMS, GraphSummaries(), DistanceKernel()), ids=str
)
def test_data_frames_out(estimator, diagrams, study):
    pytest.importorskip("pandas")
    X = diagrams if estimator in ON_DIAGRAMS else study[0]
    dressed = clone(estimator).set_output(transform="pandas")
    frame = dressed.fit_transform(X)
    assert list(frame.columns) == list(dressed.get_feature_names_out())
    assert_array_equal(frame, clone(estimator).fit_transform(X))


def test_output_of_whole_pipelines_can_be_set(study):
    pytest.importorskip("pandas")
    kernel = baseline_kernels()["SWK"]["kernel"].set_output(transform="pandas")
    assert kernel.fit_transform(study[0]).shape == (16, 16)


# Two rules of the checks have no meaning here. Diagrams are a list, for they differ in
# length, and some checks want an array. The clustering check hands over rows whatever
# the tag `pairwise` says, and by default the clusterer takes distances: with another
# metric it passes.
CHECKED = {
    GraphSummaries(): set(),
    DistanceKernel(): set(),
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


@pytest.mark.parametrize("method", ["fasterpam", "pam", "alternate"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_medoids_by_hand(study, method, dtype):
    distances = cdist(study[0], study[0]).astype(dtype)
    found = MedoidClusterer(3, method=method, random_state=5).fit(distances)
    run = {"alternate": kmedoids.alternating}.get(method) or getattr(kmedoids, method)
    expected = run(
        distances, 3, 300, init="random", random_state=np.random.RandomState(5)
    )
    assert_array_equal(found.medoid_indices_, np.sort(expected.medoids))
    assert adjusted_rand_score(found.labels_, expected.labels) == 1
    assert_allclose(found.inertia_, expected.loss, rtol=1e-6)
    assert_array_equal(found.predict(distances), found.labels_)
    assert_array_equal(found.labels_[found.medoid_indices_], [0, 1, 2])


def test_new_samples_belong_to_the_nearest_medoid(study):
    X, new = study[0][::2], study[0][1::2]
    medoids = MedoidClusterer(3, random_state=0).fit(cdist(X, X))
    expected = cdist(new, X[medoids.medoid_indices_]).argmin(axis=1)
    assert_array_equal(medoids.predict(cdist(new, X)), expected)
    by_rows = MedoidClusterer(3, metric="euclidean", random_state=0).fit(X)
    assert_array_equal(by_rows.predict(new), expected)
    assert_array_equal(by_rows.cluster_centers_, X[medoids.medoid_indices_])


def test_precomputed_distances_are_split_on_both_sides(study):
    X, y = study
    scores = cross_val_score(
        MedoidClusterer(2, random_state=0), cdist(X, X), y, cv=4, scoring="rand_score"
    )
    by_rows = MedoidClusterer(2, metric="euclidean", random_state=0)
    expected = cross_val_score(by_rows, X, y, cv=4, scoring="rand_score")
    assert_array_equal(scores, expected)


def test_spectral_and_modularity_by_hand(study):
    X, new = study[0][::2], study[0][1::2]
    squared = cdist(X, X, "sqeuclidean")
    similarities = np.exp(-squared / np.median(squared[squared > 0]))
    library = SpectralClustering(3, affinity="precomputed", n_init=1, random_state=0)
    spectral = SimilarityClusterer(3, random_state=0).fit(X)
    expected = library.fit_predict(similarities)
    assert adjusted_rand_score(spectral.labels_, expected) == 1

    graph = networkx.from_numpy_array(similarities - np.eye(8))
    found = networkx.community.greedy_modularity_communities(
        graph, weight="weight", cutoff=3, best_n=3
    )
    modular = SimilarityClusterer(3, method="modularity").fit(X)
    for label, members in enumerate(found):
        assert set(np.flatnonzero(modular.labels_ == label)) == members

    for fitted in (spectral, modular):
        means = [X[fitted.labels_ == k].mean(axis=0) for k in range(3)]
        assert_array_equal(fitted.predict(new), cdist(new, means).argmin(axis=1))


def test_summaries_by_hand(study):
    weights = study[0][0].copy()
    weights[:20] = 0
    found = GraphSummaries().set_output(transform="default").fit([weights])
    names = list(found.get_feature_names_out())
    summary = dict(zip(names, found.transform([-weights])[0], strict=True))
    graph = networkx.from_numpy_array(squareform(weights))
    strength = np.array([s for _, s in graph.degree(weight="weight")]) / 13
    deviations = (strength - strength.mean()) / strength.std()
    clustering = list(networkx.clustering(graph, weight="weight").values())
    for _, _, data in graph.edges(data=True):
        data["length"] = 1 / data["weight"]
    paths = dict(networkx.all_pairs_dijkstra_path_length(graph, weight="length"))
    inverse = [1 / d for i in paths for j, d in paths[i].items() if i != j]
    parts = networkx.community.louvain_communities(graph, seed=0)
    expected = {
        "strength_mean": strength.mean(),
        "strength_std": strength.std(),
        "strength_skewness": np.mean(deviations**3),
        "strength_q25": np.quantile(strength, 0.25),
        "clustering_mean": np.mean(clustering),
        "clustering_std": np.std(clustering),
        "efficiency": np.sum(inverse) / (14 * 13),
        "modularity": networkx.community.modularity(graph, parts),
    }
    for name, value in expected.items():
        assert_allclose(summary[name], value, err_msg=name)


def test_summaries_of_odd_graphs():
    assert_array_equal(GraphSummaries().fit_transform(np.zeros((1, 6))), [[0] * 12])
    constant = GraphSummaries().fit_transform(np.full((1, 10), 0.1))
    assert constant[0, 2] == 0  # no skewness from rounding
    assert np.isfinite(GraphSummaries().fit_transform([[1.0]])).all()


def test_the_scale_is_the_training_median():
    distances = np.array([[0, 1.0, 2], [1, 0, 5], [2, 5, 0]])
    kernel = DistanceKernel().fit(distances)
    assert kernel.scale_ == 2
    assert_allclose(kernel.transform([[100.0, 0, 2]]), np.exp([[-50, 0, -1]]))
    assert DistanceKernel().fit(np.zeros((2, 2))).scale_ == 1
    assert DistanceKernel(4).fit(distances).scale_ == 4


def test_pipelines_are_complete(study):
    X, y = study
    kernels, clusterers = baseline_kernels(), baseline_clusterers(2, random_state=0)
    assert set(clusterers) - set(kernels) == {"spectral", "modularity"}
    assert set(kernels) == {
        *("Top (normalised)", "Top (sum)", "Adj", "BD", "WD", "SWK", "HK", "PF"),
        *("PWG", "PI", "PL", "graph summaries"),
    }
    for name, model in kernels.items():
        model.fit(X[::2], y[::2])
        assert model["kernel"].transform(X[1::2]).shape == (8, 8), name
        assert model.score(X[1::2], y[1::2]) >= (0.5 if name == "Adj" else 0.7), name
    for name, model in clusterers.items():
        labels = model.fit(X[::2]).predict(X[1::2])
        assert set(labels) <= {0, 1}, name
    kinds = {name: type(model["clusterer"]) for name, model in clusterers.items()}
    assert kinds["Top (sum)"] is kinds["Adj"] is TopClusterer
    assert kinds["PI"] is kinds["graph summaries"] is KMeans


def test_steps_are_alternatives_in_one_grid(study):
    X, y = study
    kernels = {name: model["kernel"] for name, model in baseline_kernels().items()}
    swk = clone(kernels["SWK"])
    grid = [
        {"kernel": [WassersteinKernel()], "kernel__gamma": [1e-9, 1e9]},
        {"kernel": [swk], "svc__C": [1, 10], "kernel__kernel__scale": ["median", 1]},
        {"kernel": [kernels["Top (normalised)"]]},
    ]
    search = GridSearchCV(baseline_kernels()["SWK"], grid, cv=3, n_jobs=2)
    results = search.fit(X, y).cv_results_
    assert len(results["params"]) == 2 + 4 + 1
    alone = cross_val_score(make_pipeline(swk, SVC(kernel="precomputed")), X, y, cv=3)
    assert_allclose(results["mean_test_score"][2], alone.mean())
    assert results["mean_test_score"].argmax() == search.best_index_
    assert search.best_score_ > results["mean_test_score"].min()
    assert search.predict(X).shape == (16,)


def test_memory_keeps_diagrams_and_distances(study, tmp_path, monkeypatch):
    X, _ = study
    distance = DiagramDistance("sliced_wasserstein", memory=str(tmp_path))
    chain = make_pipeline(RipsDiagrams(memory=str(tmp_path)), distance)
    expected = chain.fit(X[:9]).transform(X[5:])
    fresh = clone(chain)

    def fail(*args, **kwargs):
        raise AssertionError("computed again")

    rips = gudhi.sklearn.rips_persistence.RipsPersistence
    monkeypatch.setattr(rips, "fit_transform", fail)
    metrics = gudhi.representations.metrics
    monkeypatch.setattr(metrics, "pairwise_persistence_diagram_distances", fail)
    assert_array_equal(fresh.fit(X[:9]).transform(X[5:]), expected)
    # Rows in another company have the same diagrams.
    assert len(fresh[0].transform(X[3:6])) == 3
    with pytest.raises(AssertionError, match="computed again"):
        fresh[1].transform(fresh[0].transform(X[3:6]))


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
        (PersistenceImages(0), "resolution"),
        (PersistenceImages(bandwidth=0), "bandwidth"),
        (PersistenceLandscapes(0), "n_landscapes"),
        (PersistenceLandscapes(resolution=0), "resolution"),
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
    "X", [[], None, 3, "ab", [[0.1, 0.2]], [[[0, np.inf]]], [np.ones((2, 3))]], ids=str
)
def test_bad_diagrams(estimator, X):
    with pytest.raises(ValueError):
        clone(estimator).fit(X)
