"""DynamicConnectome: planted communities, kinds of input, and what it refuses."""

import warnings
from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.distance import squareform
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

import sktopo._utils.memory
from sktopo import DynamicConnectome
from sktopo.baselines import SimilarityClusterer
from sktopo.connectomes.affinities import activity, affinity_rows, differential

COMMUNITIES = np.repeat([0, 1, 2], 8)


def make_recordings(n_recordings=10, n_times=300, missing=0.25, seed=0):
    """Make animals whose three communities share a signal, each in its third."""
    rng = np.random.default_rng(seed)
    n_nodes = len(COMMUNITIES)

    def make_smooth(n_columns):
        signals = rng.normal(size=(n_recordings, n_times, n_columns))
        signals = gaussian_filter1d(signals, 3, axis=1)
        return signals / signals.std(axis=1, keepdims=True)

    thirds = np.repeat(np.eye(3), n_times // 3, axis=0)
    shared = 2 * make_smooth(3) * gaussian_filter1d(thirds, 5, axis=0)
    loadings = rng.uniform(0.5, 1.5, size=(n_recordings, 1, 3))
    X = make_smooth(n_nodes) + (loadings * shared)[..., COMMUNITIES]
    gone = rng.random((n_recordings, 1, n_nodes)) < missing
    return np.where(gone, np.nan, X), thirds


@pytest.fixture(scope="module")
def planted():
    X, thirds = make_recordings()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "No recording has both")
        fitted = DynamicConnectome(3, n_init=2, random_state=0).fit(X)
    return X, thirds, fitted


def test_planted_communities_are_found(planted):
    """Three of eight neurons, in ten animals with a quarter of them missing."""
    _, thirds, fitted = planted
    found = []
    for component, course in zip(
        fitted.components_, fitted.time_courses_.T, strict=True
    ):
        matrix = squareform(component)
        labels = SimilarityClusterer(2, random_state=0).fit(matrix).labels_
        sums = [matrix[np.ix_(labels == k, labels == k)].mean() for k in (0, 1)]
        members = np.flatnonzero(labels == np.argmax(sums))
        community = int(np.median(COMMUNITIES[members]))
        assert_array_equal(members, np.flatnonzero(COMMUNITIES == community))
        assert np.corrcoef(course, thirds[:, community])[0, 1] > 0.75
        found.append(community)
    assert sorted(found) == [0, 1, 2]


def test_factors_have_mean_one_and_describe_the_mean_affinity(planted):
    X, _, fitted = planted
    assert_allclose(fitted.time_courses_.mean(axis=0), 1)
    assert_allclose(fitted.loadings_.mean(axis=0), 1)
    assert fitted.components_.shape == (3, 276)
    assert min(fitted.components_.min(), fitted.loadings_.min()) >= 0
    sizes = [
        np.linalg.norm(course) * np.linalg.norm(loading) * np.linalg.norm(component)
        for course, loading, component in zip(
            fitted.time_courses_.T, fitted.loadings_.T, fitted.components_, strict=True
        )
    ]
    assert np.all(np.diff(sizes) < 0)
    present = ~np.isnan(X).all(axis=1)
    counts = [(present[:, i] & present[:, j]).sum() for i, j in ((0, 1), (22, 23))]
    assert_array_equal(fitted.pair_counts_[[0, -1]], counts)


def test_the_error_is_that_of_the_affinities():
    X, _ = make_recordings(4, 60, missing=0)
    fitted = DynamicConnectome(2, n_init=1, random_state=0).fit(X)
    tensor = np.stack([affinity_rows(differential(recording)) for recording in X])
    described = np.einsum(
        "tk,rk,ke->rte", fitted.time_courses_, fitted.loadings_, fitted.components_
    )
    error = np.linalg.norm(tensor - described) / np.linalg.norm(tensor)
    assert_allclose(fitted.reconstruction_err_, error)
    assert fitted.reconstruction_err_ <= fitted.errors_[-1] + 1e-12
    assert len(fitted.errors_) == fitted.n_iter_


def test_transform_gives_the_fitted_loadings(planted):
    X, _, fitted = planted
    assert_allclose(fitted.transform(X), fitted.loadings_, atol=1e-9)
    assert_allclose(fitted.transform(X[3:4]), fitted.loadings_[3:4], atol=1e-9)


def test_transform_tells_which_community_an_animal_has(planted):
    _, thirds, fitted = planted
    X, _ = make_recordings(2, missing=0, seed=1)
    rng = np.random.default_rng(2)
    noise = gaussian_filter1d(rng.normal(size=X.shape[1:]), 3, axis=0)
    second = COMMUNITIES == 1
    X[1][:, second] = noise[:, second] / noise.std()  # the second is not related
    loadings = fitted.transform(X)
    component = fitted.time_courses_[thirds[:, 1] > 0].mean(axis=0).argmax()
    share = loadings[1] / loadings[0]
    assert share[component] < 0.7 < 0.8 < np.delete(share, component).min()


def test_the_best_start_is_kept():
    X, _ = make_recordings(3, 60, missing=0)
    random = np.random.RandomState(0)
    fit = partial(DynamicConnectome, 4, max_iter=5, tol=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        alone = [fit(n_init=1, random_state=random).fit(X).errors_ for _ in range(3)]
        together = fit(n_init=3, random_state=0).fit(X).errors_
    assert_array_equal(together, min(alone, key=lambda errors: errors[-1]))
    assert len({errors[-1] for errors in alone}) == 3


@pytest.mark.parametrize("affinity", ["differential", "activity"])
def test_names_of_affinities_are_their_functions(affinity):
    X, _ = make_recordings(3, 60, missing=0)
    compute = {"differential": differential, "activity": activity}[affinity]
    named = DynamicConnectome(2, affinity=affinity, n_init=1, random_state=0).fit(X)
    called = clone(named).set_params(affinity=compute).fit(X)
    assert_array_equal(called.components_, named.components_)
    if affinity == "differential":
        default = clone(named).set_params(affinity="auto").fit(X)
        assert_array_equal(default.components_, named.components_)
        wide = partial(differential, bandwidth=4.0)
        smoothed = clone(named).set_params(affinity=wide).fit(X)
        assert not np.allclose(smoothed.components_, named.components_)


def test_own_affinities_get_nodes_that_are_there():
    X, _ = make_recordings(3, 60, missing=0)
    X[1, :, 5] = np.nan
    before, seen = X.copy(), []

    def rise(recording):
        seen.append(recording.shape)
        recording -= recording.mean(axis=0)
        return np.maximum(recording, 0)

    fitted = DynamicConnectome(2, affinity=rise, n_init=1, random_state=0).fit(X)
    assert seen == [(60, 24), (60, 23), (60, 24)]
    assert_array_equal(X, before)
    assert fitted.pair_counts_.min() == 2


def test_frames_are_recordings_of_one_time():
    X, _ = make_recordings(1, 90, missing=0)
    frames = X[0]
    fitted = DynamicConnectome(3, random_state=0).fit(frames)
    assert fitted.input_kind_ == "frames"
    assert fitted.time_courses_.shape == (1, 3)
    assert fitted.loadings_.shape == (90, 3)
    assert_allclose(fitted.mean_, frames.mean(axis=0))
    assert_allclose(fitted.scale_, frames.std(axis=0))
    assert_allclose(fitted.transform(frames[10:20]), fitted.loadings_[10:20])
    tensor = affinity_rows(activity(frames))
    left = tensor - fitted.loadings_ @ fitted.components_
    error = np.linalg.norm(left) / np.linalg.norm(tensor)
    assert_allclose(fitted.reconstruction_err_, error)


def test_frames_ignore_columns_that_never_vary():
    frames = make_recordings(1, 30, missing=0)[0][0][:, :5]
    frames[:, 2] = 7
    with pytest.warns(UserWarning, match="^1 constant unit"):
        fitted = DynamicConnectome(2, random_state=0).fit(frames)
    assert_array_equal(squareform(fitted.components_[0])[2], 0)
    frames[:, 2] = 9
    assert_allclose(fitted.transform(frames), fitted.loadings_, atol=1e-12)


def test_precision_of_the_input_is_kept():
    X, _ = make_recordings(3, 60, missing=0)
    dynamic = DynamicConnectome(2, n_init=1, random_state=0)
    expected = dynamic.fit(X).loadings_
    single = dynamic.fit(X.astype(np.float32))
    for found in (
        single.components_,
        single.time_courses_,
        single.loadings_,
        single.transform(X.astype(np.float32)),
    ):
        assert found.dtype == np.float32
    assert_allclose(single.loadings_, expected, rtol=1e-4)


def test_names_of_outputs_and_containers():
    pandas = pytest.importorskip("pandas")
    X, _ = make_recordings(2, 42, missing=0)
    frames = [
        pandas.DataFrame(X[0][:, :3], columns=["AVAL", "AVAR", "RIML"]),
        pandas.DataFrame(X[1][:, :3], columns=["RIML", "AVAL", "SMDV"]),
    ]
    dynamic = DynamicConnectome(2, random_state=0).set_output(transform="pandas")
    with pytest.warns(UserWarning, match="the first AVAR--SMDV: their weights"):
        found = dynamic.fit_transform(frames)
    assert list(found.columns) == ["dynamicconnectome0", "dynamicconnectome1"]
    assert dynamic.feature_names_in_.tolist() == ["AVAL", "AVAR", "RIML", "SMDV"]
    assert_array_equal(dynamic.pair_counts_, [1, 2, 1, 1, 0, 1])
    assert_array_equal(dynamic.components_[:, 4], 0)


def test_what_could_mislead_is_said():
    X, _ = make_recordings(2, 42, missing=0)
    with pytest.warns(ConvergenceWarning, match="did not converge in max_iter=2"):
        DynamicConnectome(2, max_iter=2, random_state=0).fit(X)
    together = np.sin(np.arange(42.0))[:, None] * [1, -1]
    with pytest.warns(UserWarning, match="^1 of 1 components are empty"):
        DynamicConnectome(1, n_init=1, random_state=0).fit([together])


def test_memory_is_asked_for_first(monkeypatch):
    monkeypatch.setattr(sktopo._utils.memory, "available_memory", lambda: 2**20)
    X = np.random.default_rng(0).normal(size=(20, 200, 700)).astype(np.float32)
    with pytest.raises(MemoryError, match="20 recordings of 200 observations and 700"):
        DynamicConnectome().fit(X)


@pytest.mark.parametrize(
    ("parameters", "match"),
    [
        ({"n_components": 0}, "n_components must be an integer of at least 1"),
        ({"affinity": "nope"}, "'auto', 'differential', 'activity'"),
        ({"n_init": 0}, "n_init"),
        ({"max_iter": 1.5}, "max_iter"),
        ({"tol": -1}, "tol"),
        ({"random_state": "a"}, "random_state"),
        ({"affinity": lambda recording: recording[1:]}, "have shape"),
        ({"affinity": lambda recording: recording * np.nan}, "The signals of sample 0"),
        ({"affinity": lambda recording: "signals"}, "The signals of sample 0"),
    ],
)
def test_wrong_parameters_are_refused(parameters, match):
    X, _ = make_recordings(2, 30, missing=0)
    with pytest.raises((ValueError, TypeError), match=match):
        DynamicConnectome(**parameters).fit(X)


def test_what_does_not_fit_the_fitted_times_is_refused():
    X, _ = make_recordings(2, 30, missing=0)
    fitted = DynamicConnectome(2, random_state=0).fit(X)
    with pytest.raises(ValueError, match="recordings of 27 observations, .* on 30"):
        fitted.transform(X[:, :27])
    with pytest.raises(ValueError, match="^X holds frames"):
        fitted.transform(X[0])
    with pytest.raises(ValueError, match="needs the order of time"):
        DynamicConnectome(affinity="differential").fit(X[0])
    frames = DynamicConnectome(2, random_state=0).fit(X[0] * 1e-20)
    with pytest.raises(ValueError, match="^Frame 1 of X is too far"):
        frames.transform(X[0][:2] * [[1], [1e300]])


@pytest.mark.parametrize("unit", [1e-200, 1e200])
def test_own_signals_may_have_any_unit(unit):
    X, _ = make_recordings(2, 42, missing=0)
    dynamic = DynamicConnectome(2, affinity=lambda table: table, random_state=0)
    expected = dynamic.fit(X).components_
    dynamic.set_params(affinity=lambda table: table * unit)
    assert_allclose(dynamic.fit(X).components_ / unit, expected, rtol=1e-4, atol=1e-8)
    assert_allclose(dynamic.transform(X), dynamic.loadings_, atol=1e-9)
