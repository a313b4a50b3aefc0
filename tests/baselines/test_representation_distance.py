"""Distances between networks as an estimator: inputs, groups, chains and errors."""

import pickle
import re
from functools import partial

import numpy as np
import pytest
from joblib import parallel_config
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import pdist, squareform
from scipy.stats import spearmanr
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.svm import SVC

from sktopo.baselines import DistanceKernel, MedoidClusterer, RepresentationDistance
from sktopo.baselines._representations import MEASURES

EVERY = (
    *(RepresentationDistance(measure, n_neighbors=3) for measure in MEASURES),
    RepresentationDistance(unbiased=True),
    RepresentationDistance(kernel="rbf"),
    RepresentationDistance(groups=["b", "a", "a", "b", "c"]),
)
each = pytest.mark.parametrize("estimator", EVERY, ids=str)


def make_networks(dtype=np.float64):
    """Make 12 networks of two kinds of geometry, each in a rotation of its own."""
    rng = np.random.default_rng(0)
    kinds = rng.normal(size=(2, 15, 5)) * [3, 2, 1, 1, 1]
    y = np.repeat([0, 1], 6)
    networks = kinds[y] + 0.3 * rng.normal(size=(12, 15, 5))
    rotations, _ = np.linalg.qr(rng.normal(size=(12, 5, 5)))
    return (networks @ rotations).astype(dtype), y


X, Y = make_networks()
WIDTHS = [5, 3, 4, 5]
RAGGED = [network[:, :width] for network, width in zip(X, WIDTHS, strict=False)]


@each
def test_distances_have_the_properties_of_distances(estimator):
    distances = clone(estimator).fit_transform(X)
    assert distances.shape == (12, 12) and distances.dtype == np.float64
    assert_array_equal(distances, distances.T)
    assert_array_equal(distances.diagonal(), np.zeros(12))
    assert (distances[np.triu_indices(12, 1)] > 0).all() and distances.max() <= 2
    fitted = clone(estimator).fit(X)
    assert_allclose(fitted.transform(X), distances, atol=1e-12)
    assert_array_equal(fitted.transform(X).diagonal(), np.zeros(12))
    # A sample does not depend on the others.
    assert_array_equal(fitted.transform(X[3:5]), fitted.transform(X)[3:5])
    assert_array_equal(
        clone(estimator).fit(X[2:]).transform(X), fitted.transform(X)[:, 2:]
    )


@each
def test_precision(estimator):
    single, _ = make_networks(np.float32)
    found = clone(estimator).fit_transform(single)
    assert found.dtype == np.float32
    fitted = clone(estimator).fit(single)
    assert fitted.transform(single).dtype == np.float32
    assert fitted.transform(single.astype(float)).dtype == np.float64
    # The numbers are those of the same activations in double precision.
    assert_allclose(found, clone(estimator).fit_transform(single.astype(float)), 1e-6)


@pytest.mark.parametrize("measure", MEASURES)
def test_forms_of_input(measure):
    estimator = RepresentationDistance(measure, n_neighbors=3)
    expected = estimator.fit_transform(X)
    assert_array_equal(estimator.fit_transform(list(X)), expected)
    assert_array_equal(estimator.fit_transform([x.tolist() for x in X]), expected)
    ragged = estimator.fit_transform(RAGGED)
    pair = estimator.fit_transform([RAGGED[1], RAGGED[2]])
    assert_array_equal(ragged[1:3, 1:3], pair)
    found = estimator.fit(RAGGED).transform(X[[0, 3]])
    assert_allclose(found[:, [0, 3]], expected[np.ix_([0, 3], [0, 3])], atol=1e-12)
    assert not hasattr(estimator, "n_features_in_")
    assert estimator.fit(X).n_features_in_ == 5
    found = estimator.fit(X).transform(RAGGED)
    assert_allclose(found[:, [0, 3]], ragged[:, [0, 3]], atol=1e-12)
    for array in X, *RAGGED:
        array.flags.writeable = False
    estimator.fit(X).transform(RAGGED)  # nothing writes to what is given


def test_rows_are_networks_of_one_node():
    estimator = RepresentationDistance().fit(X[:, :, 0])
    assert estimator.n_features_in_ == estimator.n_stimuli_in_ == 15
    squared = np.corrcoef(X[:, :, 0]) ** 2
    assert_allclose(estimator.transform(X[:, :, 0]), 1 - squared, atol=1e-12)


def test_data_frames_name_nodes():
    pandas = pytest.importorskip("pandas")
    nodes = ["fc1[0]", "fc2[0]", "fc1[1]", "fc2[1]", "fc2[2]"]
    frames = [pandas.DataFrame(x, columns=nodes) for x in X]
    estimator = RepresentationDistance(groups="layer").fit(frames)
    assert list(estimator.feature_names_in_) == nodes
    assert estimator.group_names_ == ["fc1", "fc2"]
    assert_array_equal(estimator.members_[5], [0, 1, 0, 1, 1])
    given = RepresentationDistance(groups=[0, 1, 0, 1, 1]).fit_transform(X)
    assert_allclose(estimator.transform(frames), given, atol=1e-12)
    with pytest.raises(ValueError, match="feature names"):
        estimator.transform([frame[nodes[::-1]] for frame in frames])
    frame = clone(estimator).set_output(transform="pandas").fit_transform(frames)
    assert list(frame.columns)[-1] == "representationdistance11"
    with pytest.raises(ValueError, match="groups='layer' needs names of nodes, such "):
        RepresentationDistance(groups="layer").fit(X)


@pytest.mark.parametrize("measure", MEASURES)
def test_groups_are_compared_one_to_one(measure):
    groups = np.array(["fc2", "fc1", "fc2", "fc1", "fc2"])
    estimator = RepresentationDistance(measure, n_neighbors=3)
    parts = [
        estimator.fit_transform(X[:, :, groups == name]) for name in ("fc1", "fc2")
    ]
    grouped = clone(estimator).set_params(groups=groups)
    assert_allclose(grouped.fit_transform(X), np.mean(parts, axis=0), atol=1e-15)
    assert grouped.group_names_ == ["fc2", "fc1"]
    # Networks of another width have groups of the same names, in any order.
    narrow = [*X[:2], X[2][:, [1, 0, 3, 2]]]
    by_size = {5: groups, 4: ["fc1", "fc2", "fc1", "fc2"]}
    mixed = clone(estimator).set_params(groups=by_size).fit_transform(narrow)
    listed = clone(estimator).set_params(groups=[groups, groups, by_size[4]])
    assert_array_equal(listed.fit_transform(narrow), mixed)
    cut = [network[:, :4] for network in X[:3]]
    pairs = [
        estimator.fit(list(X[:2][:, :, groups == name])).transform(
            [cut[2][:, groups[:4] == name]]
        )
        for name in ("fc1", "fc2")
    ]
    assert_allclose(mixed[2, :2], np.mean(pairs, axis=0)[0], atol=1e-12)


def test_parameters_reach_their_measure():
    changes = {
        "cka": ({"kernel": "rbf"}, {"unbiased": True}),
        "svcca": ({"variance": 0.5},),
        "jaccard": ({"n_neighbors": 2},),
    }
    for measure in MEASURES:
        estimator = RepresentationDistance(measure, n_neighbors=3)
        expected = estimator.fit_transform(X)
        for owner, settings in changes.items():
            for change in settings:
                found = clone(estimator).set_params(**change).fit_transform(X)
                # Other measures ignore a parameter.
                assert np.array_equal(found, expected) == (owner != measure)
    widths = [RepresentationDistance(kernel="rbf", bandwidth=b) for b in (0.2, 0.8)]
    assert np.abs(np.subtract(*[w.fit_transform(X) for w in widths])).max() > 0.01


def test_rsa_and_the_estimator_agree_with_scipy():
    rows = np.array([pdist(x, "correlation") for x in X])
    expected = 1 - spearmanr(rows, axis=1).statistic
    assert_allclose(
        RepresentationDistance("rsa").fit_transform(X), expected, atol=1e-12
    )


def test_procrustes_is_a_metric_and_kernels_are_positive():
    distances = RepresentationDistance("procrustes").fit_transform(X)
    detours = distances[:, :, None] + distances
    assert (distances <= detours.min(axis=1) + 1e-12).all()
    for measure in ("cka", "rsa"):
        distances = RepresentationDistance(measure).fit_transform(X)
        for scale in (0.01, 1, 100):
            K = DistanceKernel(scale).fit_transform(distances)
            assert np.linalg.eigvalsh(K)[0] > -1e-12


@pytest.mark.parametrize("networks", [X, list(X[:, :, :4])], ids=["array", "list"])
def test_a_grid_search_over_measures(networks):
    chain = Pipeline(
        [
            ("distance", RepresentationDistance(n_neighbors=3)),
            ("kernel", DistanceKernel()),
            ("svc", SVC(kernel="precomputed")),
        ]
    )
    grid = {"distance__measure": list(MEASURES), "svc__C": [1, 10]}
    search = GridSearchCV(chain, grid, cv=3, error_score="raise").fit(networks, Y)
    scores = search.cv_results_["mean_test_score"]
    assert scores.max() == search.score(networks, Y) == 1
    assert cross_val_score(search.best_estimator_, networks, Y, cv=3).mean() == 1


def test_clusters():
    pytest.importorskip("kmedoids")
    clusterer = MedoidClusterer(2, random_state=0)
    chain = make_pipeline(RepresentationDistance("procrustes"), clusterer)
    labels = chain.fit_predict(X)
    assert len(set(labels[:6])) == len(set(labels[6:])) == 1 and labels[0] != labels[6]
    assert_array_equal(chain.predict(X[::-1]), labels[::-1])


@pytest.mark.parametrize("measure", MEASURES)
def test_networks_with_nothing_to_compare(measure):
    networks = X.copy()
    networks[[3, 7]] = [[[2.0]], [[0.0]]]
    estimator = RepresentationDistance(measure, n_neighbors=3)
    text = "nothing to compare in 2 of 12 network.s., the first sample 3 of X: the"
    with pytest.warns(UserWarning, match=text) as record:
        estimator.fit(networks)
    assert record[0].filename == __file__
    with pytest.warns(UserWarning, match=text):
        distances = estimator.fit_transform(networks)
    largest = np.sqrt(2) if measure == "procrustes" else 1
    assert_allclose(np.delete(distances[3], [3, 7]), largest)
    assert distances[3, 7] == distances[7, 7] == 0
    with pytest.warns(UserWarning, match="in 1 of 1 network.s., the first sample 0"):
        assert_array_equal(estimator.transform(networks[3:4])[0], distances[3])
    grouped = RepresentationDistance(measure, n_neighbors=3, groups=list("aabbb"))
    networks[3, :, :2] = X[3, :, :2]
    with pytest.warns(UserWarning, match="first sample 3 of X, group 'b': the activ"):
        found = grouped.fit_transform(networks)
    rest = estimator.fit_transform(X[:4, :, :2])[3, 0]
    assert_allclose(found[3, 0], (largest + rest) / 2)


def test_memory_is_that_of_single_networks(measure_peak):
    """Nothing is held for each pair: twice the networks need twice the memory."""
    rng = np.random.default_rng(0)
    peaks = []
    for n_networks in (12, 24):
        networks = rng.normal(size=(n_networks, 60, 200))
        call = partial(RepresentationDistance().fit_transform, networks)
        peaks.append(measure_peak(call))
    assert peaks[1] < 2.2 * peaks[0]


@pytest.mark.parametrize("shape", [(400, 60), (300, 200)])
@pytest.mark.parametrize(
    "parameters",
    [*({"measure": name} for name in MEASURES), {"unbiased": True}, {"kernel": "rbf"}],
    ids=str,
)
def test_memory_is_announced(parameters, shape, measure_peak, monkeypatch):
    asked = []
    module = "sktopo.baselines._representation_distance.check_bytes"
    monkeypatch.setattr(module, lambda name, n_bytes, *_: asked.append(n_bytes))
    networks = np.random.default_rng(0).normal(size=(5, *shape))
    estimator = RepresentationDistance(**parameters)
    for call in (estimator.fit, estimator.fit_transform):
        peak = measure_peak(partial(call, networks))
        # Decompositions have further arrays that are not seen here.
        assert peak < 1.1 * asked[-1] < 1.8 * peak


def test_what_does_not_fit_in_memory(monkeypatch):
    monkeypatch.setattr("sktopo._utils.memory._SMALL", 0)
    fitted = RepresentationDistance("rsa", groups=list("aabbb")).fit(X)
    monkeypatch.setattr("sktopo._utils.memory.available_memory", lambda: 1000)
    monkeypatch.setattr(RepresentationDistance, "_run", None)  # is not called
    message = (
        "RepresentationDistance needs 2.76e-05 GB for 12 networks of up to 5 nodes "
        "that saw 15 stimuli, and 1e-06 GB are available. Show fewer stimuli. "
        "measure='jaccard' keeps n_neighbors numbers for each stimulus, and "
        "'procrustes' at most one for each node and stimulus."
    )
    for call in (fitted.transform, clone(fitted).fit_transform):
        with pytest.raises(MemoryError, match=f"^{re.escape(message)}$"):
            call(X)


def test_what_is_kept():
    rng = np.random.default_rng(0)
    few, many = rng.normal(size=(1, 20, 4)), rng.normal(size=(1, 20, 30))
    expected = {
        "cka": ((20, 4), (210,)),
        "procrustes": ((20, 4), (20, 20)),
        "rsa": ((190,), (190,)),
        "svcca": ((20, 4), None),
        "jaccard": ((20, 10), (20, 10)),
    }
    for measure, shapes in expected.items():
        for networks, shape in zip((few, many), shapes, strict=True):
            estimator = RepresentationDistance(measure)
            if shape is not None:
                ((kept,),) = estimator.fit(networks).representations_
                assert kept.shape == shape, measure


def test_parameters_set_after_fit_do_not_change_what_is_compared():
    fitted = RepresentationDistance("rsa").fit(X)
    expected = fitted.transform(X)
    assert_array_equal(fitted.set_params(measure="cka").transform(X), expected)
    again = pickle.loads(pickle.dumps(fitted))
    assert_array_equal(again.transform(X), expected)


@each
def test_jobs_and_bars_change_no_bit(estimator, capfd):
    pytest.importorskip("tqdm")
    alone = clone(estimator).fit_transform(X)
    assert capfd.readouterr() == ("", "")
    shown = clone(estimator).set_params(verbose=True, n_jobs=2)
    with parallel_config(backend="threading"):
        assert_array_equal(shown.fit_transform(X), alone)
    assert "12/12" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"measure": "pwcca"}, "measure='pwcca' is unknown; expected one of 'cka', "),
        ({"kernel": "poly"}, "kernel='poly' is unknown"),
        ({"bandwidth": 0}, r"bandwidth must be a finite number in \[0.001, 1000.0\]"),
        ({"unbiased": 1}, "unbiased must be True or False"),
        ({"variance": 1.5}, r"variance must be a finite number in \[0, 1\]"),
        ({"n_neighbors": 0}, "n_neighbors must be an integer of at least 1"),
        ({"verbose": "yes"}, "verbose must be True or False"),
        ({"n_jobs": 0}, "n_jobs must be None or an integer"),
        ({"groups": "area"}, "groups='area' must be 'layer', None, or the group"),
        ({"groups": [0, 1]}, "groups has 2 labels for 5 nodes"),
        ({"groups": {4: list("aabb")}}, r"but groups are given for samples of \[4\]"),
        ({"groups": {}}, "groups is an empty dict"),
        ({"groups": []}, "groups has 0 labels for 5 nodes"),
        ({"groups": [0, 0, 1, 1, None]}, "missing label"),
        ({"measure": "jaccard", "n_neighbors": 15}, "Sample 0 of X: got 15 stimuli"),
    ],
    ids=str,
)
def test_bad_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        RepresentationDistance(**parameters).fit(X)


def test_bad_networks():
    estimator = RepresentationDistance("cca")
    with pytest.raises(
        ValueError, match="Sample 1 of X has 14 stimuli, but expected are 15, as in"
    ):
        estimator.fit([X[0], X[1][1:]])
    with pytest.raises(ValueError, match="Sample 0 of X has 9 stimuli, but expected"):
        estimator.fit(X).transform(X[:, :9])
    with pytest.raises(ValueError, match="Sample 1 of X has 1 observation.s. of 5 un"):
        estimator.fit([X[0], X[1][:1]])
    with pytest.raises(ValueError, match="Sample 1 of X contains NaN in observation 0"):
        estimator.fit([X[0], X[1] * np.nan])
    with pytest.raises(ValueError, match="holds symmetric matrices"):
        estimator.fit([squareform(np.arange(1.0, 7))] * 2)
    with pytest.raises(ValueError, match="Sample 2 of X: its nodes span all 14 dimens"):
        estimator.fit([X[0], X[1], np.random.default_rng(0).normal(size=(15, 20))])
    with pytest.raises(ValueError, match="X has 5 features, but RepresentationDist"):
        RepresentationDistance().fit(X[:, :, 0]).transform(X[0])
    with pytest.raises(ValueError, match="X holds table, but .* was fitted on samples"):
        estimator.fit(X).transform(X[0])
    with pytest.raises(ValueError, match="X holds samples, but .* was fitted on table"):
        estimator.fit(X[:, :, 0]).transform(X)
    with pytest.raises(ValueError, match="1 feature"):
        estimator.fit(X[:, :1, 0])
    with pytest.raises(TypeError, match="X is of type str; expected activations"):
        estimator.fit("networks")
