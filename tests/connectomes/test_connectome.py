"""FunctionalConnectome: kinds of input, constant units, names, errors."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import squareform
from sklearn.exceptions import NotFittedError

from sktopo import FunctionalConnectome
from sktopo.connectomes.measures import MEASURES

TRIU = np.triu_indices(5, 1)


@pytest.mark.parametrize("name", MEASURES)
def test_rows_are_the_upper_triangles_of_the_measure(activations, name):
    rows = FunctionalConnectome(name, absolute=False).fit_transform(activations)
    expected = [MEASURES[name](sample)[TRIU] for sample in activations]
    assert_array_equal(rows, expected)
    assert rows.min() < 0
    absolute = FunctionalConnectome(name).fit_transform(activations)
    assert_array_equal(absolute, np.abs(rows))


def test_default_is_the_absolute_correlation(activations):
    rows = FunctionalConnectome().fit_transform(activations)
    expected = [np.abs(np.corrcoef(sample.T)[TRIU]) for sample in activations]
    assert_allclose(rows, expected, rtol=1e-10)


def test_rows_are_in_squareform_order(activations):
    rows = FunctionalConnectome(absolute=False).fit_transform(activations)
    matrix = squareform(rows[0]) + np.eye(5)
    assert_allclose(matrix, np.corrcoef(activations[0].T))


def test_measures_may_not_write(activations):
    def measure(sample):
        sample -= sample.mean(axis=0)
        return np.cov(sample.T)

    with pytest.raises(ValueError, match="read-only"):
        FunctionalConnectome(measure).fit_transform(activations)


def test_callable_measure(activations):
    seen = []

    def measure(sample):
        seen.append(sample.shape)
        return -np.cov(sample.T)

    rows = FunctionalConnectome(measure).fit_transform(activations)
    assert seen == [(40, 5)] * 3
    assert_allclose(rows[1], np.abs(np.cov(activations[1].T)[TRIU]))


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (np.eye(4), r"shape \(4, 4\) for 5 units"),
        (np.arange(25.0).reshape(5, 5), "not symmetric"),
        (np.full((5, 5), np.nan), "NaN"),
    ],
)
def test_callable_measure_is_checked(activations, matrix, message):
    with pytest.raises(ValueError, match=message):
        FunctionalConnectome(lambda _: matrix).fit_transform(activations)


@pytest.mark.parametrize("measure", ["correlation", "spearman", "covariance"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_is_kept(activations, measure, dtype):
    exact = FunctionalConnectome(measure).fit_transform(activations)
    rows = FunctionalConnectome(measure).fit_transform(activations.astype(dtype))
    assert rows.dtype == dtype
    assert_allclose(rows, exact, rtol=1e-4 if dtype == np.float32 else 1e-12)


def test_lists_of_different_lengths(activations):
    ragged = [activations[0], activations[1][:20], activations[2][:9]]
    rows = FunctionalConnectome().fit_transform(ragged)
    expected = [np.abs(np.corrcoef(sample.T)[TRIU]) for sample in ragged]
    assert_allclose(rows, expected)


def test_lists_of_different_widths_give_a_list(activations):
    ragged = [activations[0], activations[1][:, :3], activations[2][:, :2]]
    connectome = FunctionalConnectome().set_output(transform="pandas")
    rows = connectome.fit_transform(ragged)
    assert [row.shape for row in rows] == [(10,), (3,), (1,)]
    assert_allclose(rows[2], np.abs(np.corrcoef(ragged[2].T)[0, 1:]))
    # The result stays a list for any later samples, so its type is predictable.
    assert isinstance(connectome.transform([activations[0]]), list)
    with pytest.raises(ValueError, match="no common names"):
        connectome.get_feature_names_out()


def test_other_width_than_fitted(activations):
    connectome = FunctionalConnectome().fit(activations)
    for other in (activations[..., :4], [activations[0], activations[1][:, :4]]):
        with pytest.raises(ValueError, match="X has 4 features, but Functional.* 5"):
            connectome.transform(other)


# --- frames -----------------------------------------------------------------------


def test_mean_cofluctuation_is_the_correlation(activations):
    frames = activations[0]
    connectome = FunctionalConnectome(absolute=False).fit(frames)
    rows = connectome.transform(frames)
    assert rows.shape == (40, 10)
    assert_allclose(rows.mean(axis=0), np.corrcoef(frames.T)[TRIU], rtol=1e-10)
    new = connectome.transform(frames[:1] + 1)
    scores = (frames[0] + 1 - frames.mean(0)) / frames.std(0)
    assert_allclose(new[0], np.outer(scores, scores)[TRIU])


def test_mean_cofluctuation_of_covariance(activations):
    frames = activations[0]
    rows = FunctionalConnectome("covariance", absolute=False).fit_transform(frames)
    assert_allclose(rows.mean(axis=0), np.cov(frames.T, bias=True)[TRIU])


@pytest.mark.parametrize("measure", ["spearman", "partial correlation", np.cov])
def test_frames_need_a_measure_of_frames(activations, measure):
    with pytest.raises(ValueError, match="each row one frame"):
        FunctionalConnectome(measure).fit(activations[0])


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_frames_of_any_scale(activations, scale):
    frames = activations[0]
    exact = FunctionalConnectome().fit_transform(frames)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rows = FunctionalConnectome().fit_transform(frames * scale)
    assert_allclose(rows, exact, rtol=1e-9)


def test_frames_of_float32_far_from_zero():
    frames = np.random.default_rng(0).normal(size=(20_000, 3)).astype(np.float32)
    rows = FunctionalConnectome(absolute=False).fit_transform(frames + 1000)
    expected = np.corrcoef((frames + 1000).astype(float).T)[np.triu_indices(3, 1)]
    assert_allclose(rows.mean(axis=0, dtype=float), expected, atol=1e-6)


def test_kinds_do_not_mix(activations):
    with pytest.raises(ValueError, match="X holds frames, but .* on samples"):
        FunctionalConnectome().fit(activations).transform(activations[0])
    with pytest.raises(ValueError, match="X holds samples, but .* on frames"):
        FunctionalConnectome().fit(activations[0]).transform(activations)


def test_refitting_forgets(activations):
    connectome = FunctionalConnectome().fit(activations[0])
    assert hasattr(connectome, "mean_")
    connectome.fit(activations)
    assert not hasattr(connectome, "mean_")
    ragged = [activations[0], activations[1][:, :3]]
    assert not hasattr(connectome.fit(ragged), "n_features_in_")
    frame = pytest.importorskip("pandas").DataFrame(activations[0]).add_prefix("unit")
    connectome.fit(frame).fit(activations)
    assert set(vars(connectome)) & {"feature_names_in_", "scale_"} == set()
    with pytest.raises(ValueError, match="NaN"):
        connectome.fit(activations * np.nan)
    with pytest.raises(NotFittedError):
        connectome.transform(activations)


def test_samples_as_data_frames(activations):
    pandas = pytest.importorskip("pandas")
    frames = [pandas.DataFrame(sample).add_prefix("unit") for sample in activations]
    connectome = FunctionalConnectome().fit(frames)
    assert connectome.get_feature_names_out()[0] == "unit0--unit1"
    expected = FunctionalConnectome().fit_transform(activations)
    assert_allclose(connectome.transform(frames), expected, rtol=1e-12)
    shuffled = [frames[0], frames[1][frames[1].columns[::-1]]]
    for use in (connectome.transform, FunctionalConnectome().fit):
        with pytest.raises(ValueError, match="feature names"):
            use(shuffled)


# --- constant units ---------------------------------------------------------------


@pytest.fixture
def dead(activations):
    """Make unit 1 constant in sample 0, units 1 and 3 in sample 2."""
    dead = activations.astype(np.float32)
    dead[0, :, 1] = 0.1  # not exact in float32, so that its mean may round
    dead[2, :, [1, 3]] = 1e6
    return dead


@pytest.mark.parametrize("measure", ["correlation", "spearman", "partial correlation"])
def test_constant_units_are_zero_and_counted(dead, measure):
    with pytest.warns(UserWarning, match="3 constant .* in 2 of 3 sample") as seen:
        rows = FunctionalConnectome(measure).fit_transform(dead)
    assert len(seen) == 1
    matrix = squareform(rows[0])
    assert_array_equal(matrix[1], 0)
    living = [0, 2, 3, 4]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        alone = FunctionalConnectome(measure).fit_transform(dead[:1, :, living])
    assert_allclose(squareform(alone[0]), matrix[np.ix_(living, living)], rtol=1e-5)


def test_constant_units_can_be_nan(dead):
    rows = FunctionalConnectome(constant_units="nan").fit_transform(dead)
    assert_array_equal(np.isnan(rows).sum(axis=1), [4, 0, 7])


def test_constant_units_can_raise(dead):
    connectome = FunctionalConnectome(constant_units="raise")
    with pytest.raises(ValueError, match="3 constant .* first in sample 0"):
        connectome.fit_transform(dead)


def test_constant_units_of_frames(dead):
    frames = dead[0]
    with pytest.warns(UserWarning, match="1 constant .* in 1 of 1 sample"):
        rows = FunctionalConnectome().fit_transform(frames)
    assert_array_equal(rows[:, [0, 4, 5, 6]], 0)
    assert np.all(rows[:, [1, 2, 3, 7, 8, 9]] > 0)
    rows = FunctionalConnectome(constant_units="nan").fit_transform(frames)
    assert_array_equal(np.isnan(rows[0]).nonzero()[0], [0, 4, 5, 6])
    with pytest.raises(ValueError, match="constant"):
        FunctionalConnectome(constant_units="raise").fit(frames)


def test_almost_constant_is_not_constant():
    sample = np.random.default_rng(5).normal(size=(100, 3))
    sample[:, 0] = 1 + 1e-9 * sample[:, 1]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rows = FunctionalConnectome().fit_transform([sample])
    assert_allclose(rows[0, 0], 1, atol=1e-6)


@pytest.mark.parametrize("name", MEASURES)
def test_constant_units_are_replaced_whatever_the_measure_returns(dead, name):
    rows = FunctionalConnectome(name, constant_units="nan").fit_transform(dead)
    assert_array_equal(np.isnan(rows).sum(axis=1), [4, 0, 7])
    with pytest.warns(UserWarning, match="3 constant"):
        zeros = FunctionalConnectome(name).fit_transform(dead)
    assert_array_equal(zeros, np.nan_to_num(rows))


def test_late_changes_are_changes():
    sample = np.random.default_rng(5).normal(size=(500, 3))
    sample[:499, 0] = 2  # varies in the last observation only
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rows = FunctionalConnectome().fit_transform([sample])
    expected = np.abs(np.corrcoef(sample.T)[np.triu_indices(3, 1)])
    assert_allclose(rows[0], expected, rtol=1e-10)


# --- names, parallel, errors ------------------------------------------------------


def test_names_say_which_edge(activations):
    connectome = FunctionalConnectome().fit(activations[..., :3])
    assert list(connectome.get_feature_names_out()) == ["x0--x1", "x0--x2", "x1--x2"]
    assert list(connectome.get_feature_names_out(["a", "b", "c"])) == [
        "a--b",
        "a--c",
        "b--c",
    ]
    with pytest.raises(ValueError, match="should have length"):
        connectome.get_feature_names_out(["a"])


@pytest.mark.parametrize("n_jobs", [2, -1])
def test_parallel_equals_sequential(activations, n_jobs):
    expected = FunctionalConnectome().fit_transform(activations)
    found = FunctionalConnectome(n_jobs=n_jobs).fit_transform(activations)
    assert_array_equal(found, expected)


def test_progress_bar(activations, capsys):
    FunctionalConnectome().fit_transform(activations)
    assert capsys.readouterr() == ("", "")
    FunctionalConnectome(verbose=True).fit_transform(activations)
    assert "3/3" in capsys.readouterr().err


def test_input_is_left_alone(activations):
    before = activations.copy()
    for X in (activations, activations[0]):
        FunctionalConnectome().fit_transform(X)
    assert_array_equal(activations, before)


def with_value(value):
    X = np.random.default_rng(6).normal(size=(2, 10, 3))
    X[1, 3, 1] = value
    return X


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (with_value(np.nan), "NaN"),
        (with_value(np.inf), "infinity"),
        (with_value(0).astype(complex), "Complex"),
        (with_value(0)[:, :1], "1 observation"),
        (with_value(0)[..., :1], "1 unit"),
        (with_value(0)[0, :, :1], "1 feature"),
        (with_value(0)[0, :1], "1 sample"),
        ([with_value(0)[0], with_value(0)[1, :1]], "Sample 1 has 1 observation"),
        (with_value(0)[None], "4 dimensions"),
        (np.full((2, 10, 3), "a"), "could not convert|dtype"),
        (np.empty((0, 5, 3)), "0 sample"),
        ([np.empty((0, 3))], "0 sample"),
        ([[["a", "b"], ["c", "d"]]], "could not convert|dtype"),
    ],
)
def test_bad_input(X, message):
    with pytest.raises(ValueError, match=message):
        FunctionalConnectome().fit(X)


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"measure": "pearson"}, ValueError),
        ({"absolute": "yes"}, ValueError),
        ({"constant_units": 0}, ValueError),
        ({"verbose": "yes"}, ValueError),
    ],
)
def test_bad_parameters(activations, parameters, error):
    with pytest.raises(error, match=next(iter(parameters))):
        FunctionalConnectome(**parameters).fit(activations)
