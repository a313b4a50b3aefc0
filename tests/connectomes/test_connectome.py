"""FunctionalConnectome: measures, kinds of input, constant units, errors."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import squareform
from scipy.stats import spearmanr
from sklearn.covariance import LedoitWolf
from sklearn.exceptions import NotFittedError

from sktopo import FunctionalConnectome

TRIU = np.triu_indices(5, 1)


@pytest.fixture
def activations():
    """Three samples of 40 observations of 5 related units."""
    rng = np.random.default_rng(0)
    mixing = rng.normal(size=(3, 5, 5))
    return rng.normal(size=(3, 40, 5)) @ mixing + rng.normal(size=5) * 10


def test_correlation_equals_numpy(activations):
    rows = FunctionalConnectome(absolute=False).fit_transform(activations)
    expected = [np.corrcoef(sample.T)[TRIU] for sample in activations]
    assert_allclose(rows, expected, rtol=1e-10)
    assert rows.min() < 0
    assert_array_equal(FunctionalConnectome().fit_transform(activations), np.abs(rows))


def test_rows_are_in_squareform_order(activations):
    rows = FunctionalConnectome(absolute=False).fit_transform(activations)
    matrix = squareform(rows[0]) + np.eye(5)
    assert_allclose(matrix, np.corrcoef(activations[0].T))


def test_spearman_equals_scipy(activations):
    activations = activations.round(0)  # with ties
    rows = FunctionalConnectome("spearman", absolute=False).fit_transform(activations)
    expected = [spearmanr(sample).statistic[TRIU] for sample in activations]
    assert_allclose(rows, expected, rtol=1e-10)


def test_covariance_equals_numpy(activations):
    rows = FunctionalConnectome("covariance", absolute=False).fit_transform(activations)
    expected = [np.cov(sample.T, bias=True)[TRIU] for sample in activations]
    assert_allclose(rows, expected, rtol=1e-10)


def test_partial_correlation_tells_direct_from_indirect():
    rng = np.random.default_rng(1)
    a = rng.normal(size=20000)
    b = a + rng.normal(size=a.size)
    c = b + rng.normal(size=a.size)
    rows = FunctionalConnectome("partial correlation").fit_transform(
        [np.column_stack([a, b, c])]
    )
    # Given b, a and c are independent; the other two follow from the precision
    # matrix [[2, -1, 0], [-1, 2, -1], [0, -1, 1]] of (a, b, c).
    assert_allclose(rows, [[1 / 2, 0, 1 / np.sqrt(2)]], atol=0.02)


def test_partial_correlation_equals_residuals_of_regression(activations):
    sample = np.random.default_rng(2).normal(size=(20000, 4)) @ np.tri(4)
    row = FunctionalConnectome("partial correlation", absolute=False).fit_transform(
        sample[None]
    )[0]
    rest = sample[:, 2:] - sample[:, 2:].mean(0)
    residuals = [
        unit
        - unit.mean()
        - rest @ np.linalg.lstsq(rest, unit - unit.mean(), rcond=None)[0]
        for unit in sample[:, :2].T
    ]
    assert_allclose(row[0], np.corrcoef(residuals)[0, 1], atol=0.01)


@pytest.mark.parametrize("n_observations", [4, 40])  # fewer than units, and more
def test_partial_correlation_equals_ledoit_wolf(n_observations):
    sample = np.random.default_rng(3).normal(size=(n_observations, 6))
    sample[:, 1] = sample[:, 0] * 2  # collinear
    row = FunctionalConnectome("partial correlation", absolute=False).fit_transform(
        sample[None]
    )[0]
    scores = (sample - sample.mean(axis=0)) / sample.std(axis=0)
    precision = LedoitWolf(assume_centered=True).fit(scores).precision_
    expected = -precision / np.sqrt(np.outer(*[precision.diagonal()] * 2))
    assert_allclose(row, expected[np.triu_indices(6, 1)], rtol=1e-6)


@pytest.mark.parametrize("scale", [1e-25, 1, 1e25])
@pytest.mark.parametrize("measure", ["correlation", "partial correlation", "spearman"])
def test_correlations_of_any_scale(activations, measure, scale):
    exact = FunctionalConnectome(measure).fit_transform(activations)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rows = FunctionalConnectome(measure).fit_transform(
            (activations * scale).astype(np.float32)
        )
    assert_allclose(rows, exact, rtol=2e-3)


def test_covariance_that_overflows(activations):
    huge = (activations * 1e25).astype(np.float32)
    with pytest.raises(ValueError, match="covariance overflows float32"):
        FunctionalConnectome("covariance").fit_transform(huge)


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


@given(
    scale=st.sampled_from([1e-30, 1e-8, 1, 1e8, 1e25]),
    shift=st.sampled_from([0, -1, 100]),
    dtype=st.sampled_from([np.float32, np.float64]),
)
def test_correlation_has_no_units(scale, shift, dtype):
    sample = np.random.default_rng(3).normal(size=(200, 4))
    exact = FunctionalConnectome().fit_transform([sample])
    moved = ((sample + shift) * scale).astype(dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rows = FunctionalConnectome().fit_transform([moved])
    assert_allclose(rows, exact, atol=2e-5 if dtype == np.float32 else 1e-12)


def test_perfect_correlation_is_clipped():
    unit = np.random.default_rng(4).normal(size=1001)
    rows = FunctionalConnectome(absolute=False).fit_transform(
        np.stack([unit, 3 * unit, -unit / 7]).T[None]
    )
    assert rows.max() <= 1 and rows.min() >= -1
    assert_allclose(rows, [[1, -1, -1]])


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
    # Whatever comes next is a list too, so that types do not hang on neighbours.
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
        (with_value(0)[0, :, :1], "1 unit"),
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
