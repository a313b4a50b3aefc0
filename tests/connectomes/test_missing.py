"""Nodes and observations that are left out: which, and in what words."""

import pickle
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sktopo import (
    ClassWise,
    ConnectomePersistence,
    FunctionalConnectome,
    GraphPersistence,
    SampleWise,
)
from sktopo._utils import memory
from sktopo.connectomes import _connectome
from sktopo.connectomes._measure import OF_TIME
from sktopo.connectomes._missing import Selection, accepts_nan, fill_row
from sktopo.connectomes.measures import MEASURES

nan = np.nan


def own_measure(sample):
    assert np.isfinite(sample).all() and (np.ptp(sample, axis=0) > 0).all()
    return np.cov(sample.T)


@pytest.fixture
def holed(activations):
    """Make unit 1 of sample 0 constant, and NaN in samples 1 and 2.

    In sample 1 units 0 and 4 are NaN throughout, in sample 2 two numbers of unit 3.
    """
    holed = activations.copy()
    holed[0, :, 1] = 7
    holed[1][:, [0, 4]] = nan
    holed[2, [5, 20], 3] = nan
    return holed


def relate(X, measure="correlation", **parameters):
    """Fit and transform without the warning that nodes are left out."""
    connectome = FunctionalConnectome(measure, **parameters)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Left out|.*constant unit")
        return connectome.fit_transform(X)


def own_rows(samples, measure="correlation"):
    """Relate samples one by one, of which something was left out by hand."""
    return [FunctionalConnectome(measure).fit_transform([x])[0] for x in samples]


def assert_rows(found, expected):
    assert isinstance(found, list)
    for row, other in zip(found, expected, strict=True):
        assert_allclose(row, other, rtol=1e-12)


@pytest.mark.parametrize("measure", [*MEASURES, own_measure])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dead_units_are_left_out(holed, measure, dtype):
    X = holed[:2].astype(dtype)
    before = X.copy()
    rows = relate(X, measure, constant_units="drop")
    assert_rows(rows, own_rows([X[0][:, [0, 2, 3, 4]], X[1][:, 1:4]], measure))
    assert {row.dtype for row in rows} == {np.dtype(dtype)}
    assert_array_equal(X, before)


@pytest.mark.parametrize("measure", [*MEASURES, own_measure])
def test_nodes_with_nan_are_left_out(holed, measure):
    rows = relate(holed[1:], measure, missing="drop_nodes", constant_units="drop")
    kept = [holed[1][:, 1:4], holed[2][:, [0, 1, 2, 4]]]
    assert_rows(rows, own_rows(kept, measure))


@pytest.mark.parametrize(
    "measure", [*(m for m in MEASURES if m not in OF_TIME), own_measure]
)
def test_observations_with_nan_are_left_out(holed, measure):
    connectome = FunctionalConnectome(
        measure, missing="drop_frames", constant_units="drop"
    )
    with pytest.warns(UserWarning, match="^Left out") as seen:
        rows = connectome.fit_transform(holed)
    assert len(seen) == 1
    assert str(seen[0].message) == (
        "Left out 3 constant unit(s) in 2 of 3 sample(s), the first unit 1 in sample "
        "0; 2 observation(s) with NaN in 1 of 3 sample(s), the first observation 5 in "
        "sample 2. There are 3 to 5 units left, and barcodes depend on that number."
    )
    kept = [holed[0][:, [0, 2, 3, 4]], holed[1][:, 1:4]]
    kept.append(np.delete(holed[2], [5, 20], axis=0))
    assert_rows(rows, own_rows(kept, measure))


def test_what_was_left_out_of_the_fitted_samples(holed):
    parameters = {"constant_units": "drop", "missing": "drop_frames"}
    connectome = FunctionalConnectome(**parameters).fit(holed)
    nodes = [dropped["nodes"].tolist() for dropped in connectome.dropped_]
    frames = [dropped["observations"].tolist() for dropped in connectome.dropped_]
    assert nodes == [[1], [0, 4], []] and frames == [[], [], [5, 20]]
    assert pickle.loads(pickle.dumps(connectome)).dropped_[1]["nodes"].tolist() == [
        0,
        4,
    ]
    frame = pytest.importorskip("pandas").DataFrame
    named = [frame(sample, columns=list("abcde")) for sample in holed]
    connectome.set_params(missing="drop_nodes").fit(named)
    nodes = [dropped["nodes"].tolist() for dropped in connectome.dropped_]
    assert nodes == [["b"], ["a", "e"], ["d"]]
    ragged = [named[0], named[1][list("bcd")]]
    assert connectome.fit(ragged).dropped_[0]["nodes"].tolist() == ["b"]
    assert not hasattr(FunctionalConnectome().fit(holed[:1]), "dropped_")


def test_rows_are_an_array_only_if_their_columns_are_the_fitted_edges(
    holed, activations
):
    connectome = FunctionalConnectome(constant_units="drop").fit(activations)
    assert connectome.transform(activations).shape == (3, 10)
    assert len(connectome.get_feature_names_out()) == 10
    same_number = activations.copy()
    for sample in range(3):
        same_number[sample, :, sample] = 1
    with pytest.warns(UserWarning, match="^Left out 3 constant .* in sample 0.$"):
        rows = connectome.transform(same_number)
    assert isinstance(rows, list) and {len(row) for row in rows} == {6}
    connectome.fit(holed[:2])
    with pytest.raises(ValueError, match="see dropped_, so edges have no common names"):
        connectome.get_feature_names_out()


@pytest.mark.parametrize("constant_units", ["zero", "nan"])
@pytest.mark.parametrize("missing", ["drop_nodes", "drop_frames", "pairwise"])
def test_empty_units_count_as_constant(holed, missing, constant_units):
    parameters = {"constant_units": constant_units, "missing": missing}
    rows = relate(holed[:2], **parameters)
    assert isinstance(rows, np.ndarray)
    fill = 0 if constant_units == "zero" else nan
    expected = np.full((2, 10), fill, dtype=float)
    living = [0, 2, 3, 4], [1, 2, 3]
    first, second = np.triu_indices(5, 1)
    for sample, units in enumerate(living):
        alone = own_rows([holed[sample][:, units]])[0]
        expected[sample, np.isin(first, units) & np.isin(second, units)] = alone
    assert_allclose(rows, expected, rtol=1e-12)
    raising = FunctionalConnectome(constant_units="raise", missing=missing)
    with pytest.raises(ValueError, match="^3 constant .* first unit 1 in sample 0"):
        raising.fit_transform(holed[:2])


@pytest.mark.parametrize("constant_units", ["zero", "nan"])
def test_callables_get_no_constant_units(holed, constant_units):
    # `own_measure` asserts that.
    rows = relate(holed[:1], own_measure, constant_units=constant_units)
    expected = relate(holed[:1], own_measure, constant_units="drop")[0]
    at_unit = [0, 4, 5, 6]
    assert_allclose(np.delete(rows[0], at_unit), expected, rtol=1e-12)
    fill = 0 if constant_units == "zero" else nan
    assert_array_equal(rows[0, at_unit], fill)


def test_a_sample_without_living_units_is_zero_for_callables(activations):
    activations[0] = 3
    rows = relate(activations, own_measure)
    assert_array_equal(rows[0], 0)


def test_stimuli_are_left_out(holed):
    parameters = {"nodes": "stimuli", "constant_units": "drop"}
    transposed = holed.transpose(0, 2, 1).copy()  # units are stimuli now
    for missing in ("drop_nodes", "drop_frames"):
        found = relate(transposed, missing=missing, **parameters)
        expected = relate(holed, missing=missing, constant_units="drop")
        assert_rows(found, expected)
    with pytest.raises(
        ValueError, match="NaN in unit 5, stimulus 3 .*, the first of 2"
    ):
        relate(transposed, **parameters)
    with pytest.raises(ValueError, match="stimulus 0 and stimulus 3 have 38 units in"):
        relate(transposed[2:], missing="pairwise", min_observations=39, **parameters)


def test_frames_leave_constant_units_out(holed):
    connectome = FunctionalConnectome(constant_units="drop")
    with pytest.warns(
        UserWarning, match="^Left out 1 constant .* unit 1 in sample 0.$"
    ):
        connectome.fit(holed[0])
    rows = connectome.transform(holed[0][:3])
    living = holed[0][:, [0, 2, 3, 4]]
    expected = FunctionalConnectome().fit(living).transform(living[:3])
    assert_allclose(rows, expected, rtol=1e-12)
    assert connectome.get_feature_names_out(list("abcde"))[1] == "a--d"
    assert connectome.dropped_[0]["nodes"].tolist() == [1]
    with pytest.raises(ValueError, match="^X has 1 of 2 units left"):
        connectome.fit(holed[0][:, :2])


def test_chains_go_on_with_quantiles(holed):
    chain = make_pipeline(
        FunctionalConnectome(constant_units="drop"), GraphPersistence(n_quantiles=6)
    )
    X = holed[:2]
    with pytest.warns(UserWarning, match="^Left out 3"):
        rows = chain.fit_transform(X)
    streamed = ConnectomePersistence(constant_units="drop", n_quantiles=6)
    with pytest.warns(UserWarning, match="^Left out 3"):
        assert_allclose(streamed.fit_transform(X), rows, atol=1e-12)
    assert streamed.dropped_[1]["nodes"].tolist() == [0, 4]
    with pytest.warns(UserWarning, match="Left out"):
        assert_allclose(SampleWise(chain).fit_transform(X), rows, rtol=1e-12)
    wise = ClassWise(chain, stimulus_classes=np.arange(40) % 2, balance=False)
    with pytest.warns(UserWarning, match="^Left out 3"):
        by_class = wise.fit_transform(X)
    with pytest.warns(UserWarning, match="^Left out 3"):
        expected = chain.fit_transform(X[:, ::2])
    assert_allclose(by_class[:, :12] * np.sqrt(2), expected, rtol=1e-12)
    with pytest.raises(ValueError, match="Sample 1 of X contains infinity"):
        wise.fit(np.where(np.isnan(X), np.inf, 1))


@pytest.mark.filterwarnings("ignore:Left out", "ignore:.*constant unit")
def test_what_is_left_out_can_be_searched(activations):
    X = np.concatenate([activations] * 4)
    X += 0.1 * np.random.default_rng(0).normal(size=X.shape)
    X[::3, :, 2] = 0
    chain = make_pipeline(
        FunctionalConnectome(), GraphPersistence(n_quantiles=5), LogisticRegression()
    )
    grid = {"functionalconnectome__constant_units": ["zero", "drop"]}
    search = GridSearchCV(chain, grid, cv=2, error_score="raise")
    search.fit(X, np.arange(12) % 2)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def make_sample(n_observations=12, n_nodes=3):
    return np.random.default_rng(1).normal(size=(n_observations, n_nodes))


@pytest.mark.parametrize(
    ("holes", "parameters", "message"),
    [
        (
            (slice(3), 0),
            {},
            "NaN in observation 0, unit 0 .'a'., the first of 3 number",
        ),
        (
            (slice(3), 0),
            {"constant_units": "drop"},
            "NaN in observation 0, unit 0 .'a'",
        ),
        (
            (slice(3), 0),
            {"missing": "drop_frames"},
            "Sample 0 of X: 9 of 12 observations hold no NaN; .* min_observations=10",
        ),
        (
            (slice(3), 1),
            {"missing": "pairwise"},
            "Sample 0 of X: unit 0 .'a'. and unit 1 .'b'. have 9 observations in comm",
        ),
        (
            (0, slice(2)),
            {"missing": "drop_nodes"},
            "^Sample 0 of X has 1 of 3 units le",
        ),
        (
            (slice(None), slice(2)),
            {"constant_units": "drop"},
            "^Sample 0 of X has 1 of 3 units left without those that never vary",
        ),
    ],
)
def test_too_little_is_left(holes, parameters, message):
    sample = make_sample()
    sample[holes] = nan
    frame = pytest.importorskip("pandas").DataFrame(sample, columns=list("abc"))
    with pytest.raises(ValueError, match=message):
        FunctionalConnectome(**parameters).fit([frame])
    other = pytest.importorskip("pandas").DataFrame(make_sample(), columns=list("abc"))
    with pytest.raises(ValueError, match=message):
        FunctionalConnectome(**parameters).fit([other]).transform([frame])


@pytest.mark.parametrize("missing", ["raise", "drop_nodes", "drop_frames", "pairwise"])
def test_infinity_is_refused(missing):
    sample = make_sample()
    sample[0, 0], sample[4, 2] = nan, -np.inf
    connectome = FunctionalConnectome(missing=missing, constant_units="drop")
    with pytest.raises(
        ValueError, match="infinity in observation 4, unit 2, the first"
    ):
        connectome.fit([sample])


@pytest.mark.parametrize("measure", ["partial correlation", own_measure])
def test_pairwise_needs_a_measure_of_pairs(measure):
    connectome = FunctionalConnectome(measure, missing="pairwise")
    with pytest.raises(ValueError, match="takes all nodes together"):
        connectome.fit([make_sample()])


def test_errors_of_measures_name_the_nodes_that_are_left(activations):
    activations[0, :, 0] = 1
    frame = pytest.importorskip("pandas").DataFrame
    sample = frame(activations[0, :2], columns=list("abcde"))
    connectome = FunctionalConnectome("partial correlation", constant_units="drop")
    with (
        pytest.warns(UserWarning, match="Left out"),
        pytest.raises(ValueError, match="correlation of unit 1 .'b'. is not defined"),
    ):
        connectome.fit_transform([sample])


@pytest.mark.parametrize("missing", ["drop_nodes", "drop_frames", "pairwise"])
@pytest.mark.parametrize("constant_units", ["zero", "drop"])
def test_memory_is_announced(missing, constant_units, measure_peak, monkeypatch):
    asked = []
    check = lambda name, n_bytes, n_nodes: asked.append(n_bytes)  # noqa: E731
    monkeypatch.setattr(_connectome, "check_memory", check)
    X = np.random.default_rng(0).random((1, 90, 500))
    X[0, :30, :20] = X[0, :, 20:40] = nan
    parameters = {"missing": missing, "constant_units": constant_units}
    connectome = FunctionalConnectome(**parameters).fit(X)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peak = measure_peak(lambda: connectome.transform(X))
    assert 0.8 * peak < asked[0] < 1.25 * peak


def test_rows_that_do_not_fit_count_what_is_left(monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda: 10**8)
    X = np.zeros((1, 3, 20_000))
    X[0, 0, :1000] = 1
    connectome = FunctionalConnectome(constant_units="drop").fit(X)
    with pytest.warns(UserWarning, match="Left out 19000"):
        assert len(connectome.transform(X)[0]) == 1000 * 999 // 2


def test_who_accepts_nan():
    chain = make_pipeline(FunctionalConnectome(missing="pairwise"), GraphPersistence())
    assert accepts_nan(chain) and accepts_nan(SampleWise(chain))
    assert accepts_nan(ConnectomePersistence(constant_units="drop"))
    assert not accepts_nan(FunctionalConnectome("covariance", constant_units="nan"))


def test_rows_are_filled():
    related = np.array([True, False, True, True])
    row = fill_row(np.array([1.0, 2.0, 3.0]), related, nan)
    assert_array_equal(row, [nan, 1, 2, nan, nan, 3])


def test_what_a_selection_takes():
    sample = make_sample(4, 3)
    none, frames = np.zeros(3, dtype=bool), np.zeros(4, dtype=bool)
    assert Selection(none, none, frames).take(sample) is sample
    first = np.array([True, False, False])
    selection = Selection(none, first, frames)
    assert selection.n_left == 2
    assert_array_equal(selection.take(sample), sample[:, 1:])
    last = np.array([False, False, False, True])
    assert_array_equal(Selection(none, first, last).take(sample), sample[:3, 1:])
