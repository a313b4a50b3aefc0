"""FunctionalConnectome: kinds of input, constant units, names, errors."""

import os
import warnings

import numpy as np
import pytest
from joblib import parallel_config
from joblib.parallel import ThreadingBackend
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import squareform
from threadpoolctl import threadpool_limits

from sktopo import FunctionalConnectome
from sktopo._utils import memory
from sktopo.connectomes import _connectome
from sktopo.connectomes.measures import MEASURES, _products

TRIU = np.triu_indices(5, 1)


def own_measure(sample):
    return sample.T @ sample


@pytest.mark.parametrize("name", MEASURES)
def test_rows_are_the_upper_triangles_of_the_measure(activations, name):
    rows = FunctionalConnectome(name, absolute=False).fit_transform(activations)
    expected = [MEASURES[name](sample)[TRIU] for sample in activations]
    assert_array_equal(rows, expected)
    assert (rows.min() < 0) != (name in ("coherence", "phase locking value"))
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


def with_entry(i, j, value):
    matrix = np.eye(5)
    matrix[i, j] = value
    return matrix


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (np.eye(4), r"Sample 0 of X: .* ndarray of shape \(4, 4\) for 5 units"),
        (None, r"Sample 0 of X: .* NoneType of shape \(\) for 5 units"),
        ([[1, 2], [3]], "Sample 0 of X: the measure did not return a matrix"),
        (np.full((5, 5), "a"), "Sample 0 of X: the measure did not return a matrix"),
        (np.eye(5) * 1j, "Sample 0 of X: .* Complex data not supported"),
        (np.arange(25.0).reshape(5, 5), "Sample 0 of X: .* not symmetric"),
        (
            with_entry(2, 4, np.nan),
            "Sample 0 of X: .* NaN as the weight of edge x2--x4",
        ),
        (
            with_entry(4, 2, np.nan),
            "Sample 0 of X: .* NaN as the weight of edge x2--x4",
        ),
        (
            with_entry(1, 3, -np.inf),
            "Sample 0 of X: .* infinity as the weight of edge x1--x3",
        ),
    ],
)
def test_callable_measure_is_checked(activations, matrix, message):
    with pytest.raises(ValueError, match=message):
        FunctionalConnectome(lambda _: matrix).fit_transform(activations)


def test_pairs_without_a_weight_have_names(activations):
    pandas = pytest.importorskip("pandas")
    tables = [pandas.DataFrame(sample, columns=list("abcde")) for sample in activations]

    def measure(sample):
        matrix = np.corrcoef(sample.T)
        if sample[0, 2] == tables[1]["c"].iloc[0]:
            matrix[0, 2] = matrix[2, 0] = np.nan
        return matrix

    with pytest.raises(ValueError) as caught:
        FunctionalConnectome(measure, n_jobs=1).fit_transform(tables)
    assert "returned contains NaN as the weight of edge a--c" in str(caught.value)
    assert str(caught.value).startswith("Sample 1 of X")


def test_the_diagonal_of_a_callable_measure_is_ignored(activations):
    def measure(_):
        return np.where(np.eye(5) > 0, np.nan, 0.5)

    rows = FunctionalConnectome(measure).fit_transform(activations)
    assert_array_equal(rows, np.full((3, 10), 0.5))


@pytest.mark.parametrize(
    ("weight", "message"), [(1e300, "infinity.*float32"), (1e-60, "1e-60, is too s")]
)
def test_weights_that_float32_cannot_hold(activations, weight, message):
    connectome = FunctionalConnectome(lambda _: np.full((5, 5), weight))
    assert_array_equal(connectome.fit_transform(activations), np.full((3, 10), weight))
    with pytest.raises(ValueError, match=f"Sample 0 of X.*{message}"):
        connectome.fit_transform(activations.astype(np.float32))


def test_the_smallest_weight_of_float32_is_kept(activations):
    smallest = np.finfo(np.float32).tiny
    connectome = FunctionalConnectome(lambda _: np.full((5, 5), float(smallest)))
    rows = connectome.fit_transform(activations.astype(np.float32))
    assert_array_equal(rows, np.full((3, 10), smallest))


@pytest.mark.parametrize(("scale", "word"), [(1e25, "overflows"), (1e-25, "too small")])
def test_a_covariance_out_of_range_names_the_sample(activations, scale, word):
    X = [activations[0].astype(np.float32), (activations[1] * scale).astype("float32")]
    with pytest.raises(ValueError, match=f"Sample 1 of X: The variance of .* {word}"):
        FunctionalConnectome("covariance").fit_transform(X)
    X[1] = X[1].astype(np.float64)
    rows = FunctionalConnectome("covariance").fit_transform(X)
    expected = np.abs(np.cov(activations[1].T, bias=True)[TRIU])
    assert_allclose(rows[1] / scale**2, expected, rtol=1e-4)


@pytest.mark.parametrize("measure", ["correlation", "spearman", "covariance"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_is_kept(activations, measure, dtype):
    exact = FunctionalConnectome(measure).fit_transform(activations)
    rows = FunctionalConnectome(measure).fit_transform(activations.astype(dtype))
    assert rows.dtype == dtype
    assert_allclose(rows, exact, rtol=1e-4 if dtype == np.float32 else 1e-12)


def test_lists_of_different_lengths(activations):
    ragged = [activations[0], activations[1][:20], activations[2][:9]]
    with pytest.warns(
        UserWarning, match="^The .* from 9 .sample 2. to 40 .sample 0.*compare them.$"
    ):
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
    with pytest.raises(
        ValueError, match="^The fitted samples differ in their .* no common names.$"
    ):
        connectome.get_feature_names_out()


def test_other_width_than_fitted(activations):
    connectome = FunctionalConnectome().fit(activations)
    for other in (activations[..., :4], [activations[0], activations[1][:, :4]]):
        rows = connectome.transform(other)
        assert type(rows) is list
        expected = [FunctionalConnectome().fit_transform(x[None])[0] for x in other]
        for row, alone in zip(rows, expected, strict=True):
            assert_allclose(row, alone)
    with pytest.raises(ValueError, match="X has 4 features"):
        FunctionalConnectome().fit(activations[0]).transform(activations[0][:, :4])


def test_data_frames_of_another_width_than_fitted(activations):
    pytest.importorskip("pandas")
    connectome = FunctionalConnectome().set_output(transform="pandas")
    table = connectome.fit_transform(activations)
    assert table.shape == (len(activations), 10)
    rows = connectome.transform(activations[..., :4])
    assert [row.shape for row in rows] == [(6,)] * len(activations)


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


def test_two_frames_of_two_units_are_enough():
    rows = FunctionalConnectome(absolute=False).fit_transform([[0, 1], [2, 5]])
    assert_allclose(rows, [[1], [1]])


def test_mean_cofluctuation_of_covariance(activations):
    frames = activations[0]
    rows = FunctionalConnectome("covariance", absolute=False).fit_transform(frames)
    assert_allclose(rows.mean(axis=0), np.cov(frames.T, bias=True)[TRIU])


@pytest.mark.parametrize("measure", ["spearman", "partial correlation", np.cov])
def test_frames_need_a_measure_of_frames(activations, measure):
    with pytest.raises(
        ValueError, match="each row one frame. Give .* or 'covariance'.$"
    ):
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


@pytest.mark.parametrize("measure", ["correlation", "covariance"])
@pytest.mark.parametrize(
    ("dtype", "shift"), [(np.float32, 3e6), (np.float64, 1e14), (np.float64, -4e15)]
)
def test_frames_with_an_offset(measure, dtype, shift):
    frames = np.random.default_rng(0).integers(-9, 9, size=(200, 4)).astype(dtype)
    exact = FunctionalConnectome(measure, absolute=False).fit_transform(frames)
    connectome = FunctionalConnectome(measure, absolute=False)
    rows = connectome.fit_transform(frames + dtype(shift))
    atol = 1e-4 if dtype == np.float32 else 1e-12
    assert rows.dtype == dtype
    assert_allclose(rows, exact, rtol=10 * np.finfo(dtype).eps, atol=atol)
    assert_allclose(connectome.mean_, shift, rtol=1e-5)


def test_frames_of_units_of_different_sizes(activations):
    frames = activations[0]
    exact = FunctionalConnectome().fit_transform(frames)
    sizes = 2.0 ** np.array([-90, -20, 0, 60, 90])
    rows = FunctionalConnectome().fit_transform(frames * sizes)
    assert_allclose(rows, exact, rtol=1e-12)


def test_frames_with_a_unit_that_is_always_0(activations):
    frames = activations[0].copy()
    frames[:, 2] = 0
    with pytest.warns(UserWarning, match="1 constant") as seen:
        connectome = FunctionalConnectome().fit(frames)
    assert len(seen) == 1
    assert connectome.mean_[2] == connectome.scale_[2] == 0
    assert np.all(np.isfinite(connectome.mean_))
    assert_allclose(connectome.mean_, frames.mean(axis=0))
    assert_allclose(connectome.scale_, frames.std(axis=0))


def test_frames_whose_weights_leave_the_range(activations):
    for dtype, scale in (("f8", 1e200), ("f8", 1e-200), ("f4", 1e25), ("f4", 1e-25)):
        frames = (activations[0] * scale).astype(dtype)
        with pytest.raises(
            ValueError, match="^X has units of a .* measure='correlation'.$"
        ):
            FunctionalConnectome("covariance").fit(frames)
    connectome = FunctionalConnectome().fit(activations[0])
    new = activations[0, :3].copy()
    new[1] = 1e200
    with pytest.raises(ValueError, match="Frame 1 of X .*infinity .* edge x0--x1"):
        connectome.transform(new)


def test_units_of_frames_without_a_weight_have_names(activations):
    pandas = pytest.importorskip("pandas")
    frames = pandas.DataFrame(activations[0], columns=list("abcde"))
    connectome = FunctionalConnectome().fit(frames)
    with pytest.raises(ValueError, match="Frame 0 of X .* edge a--b"):
        connectome.transform(frames.iloc[:2] * 0 + 1e200)


def test_parameters_are_checked_again_by_transform(activations):
    connectome = FunctionalConnectome().fit(activations)
    with pytest.raises(ValueError, match="^measure='pearson' is unknown"):
        connectome.set_params(measure="pearson").transform(activations)
    connectome = FunctionalConnectome().fit(activations[0])
    with pytest.raises(ValueError, match="each row one frame"):
        connectome.set_params(measure="spearman").transform(activations[0])


def test_kinds_do_not_mix(activations):
    with pytest.raises(
        ValueError, match="^X holds frames, but .* on samples; .* 2-D[)].$"
    ):
        FunctionalConnectome().fit(activations).transform(activations[0])
    with pytest.raises(
        ValueError, match="^X holds samples, but .* on frames; .* 2-D[)].$"
    ):
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


@pytest.mark.parametrize("fitted", ["samples", "frames", "data frames", "nothing"])
@pytest.mark.parametrize("fault", ["NaN", "parameter", "width", "names", "frames"])
def test_a_fit_that_fails_changes_nothing(activations, fitted, fault):
    pandas = pytest.importorskip("pandas")
    tables = [pandas.DataFrame(sample).add_prefix("unit") for sample in activations]
    X = {"samples": activations, "frames": activations[0], "data frames": tables}
    connectome = FunctionalConnectome(constant_units="raise")
    if fitted != "nothing":
        connectome.fit(X[fitted])
    if fault == "parameter":
        connectome.set_params(measure="pearson")
    before = dict(vars(connectome))
    bad = {
        "NaN": activations * np.nan,
        "parameter": activations,
        "width": [np.ones((3, 1))],
        "names": [tables[0], tables[1][tables[1].columns[::-1]]],
        "frames": np.ones((4, 3)),  # its units never vary
    }
    with pytest.raises(ValueError):
        connectome.fit(bad[fault])
    assert vars(connectome).keys() == before.keys()
    assert all(vars(connectome)[name] is value for name, value in before.items())


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
    with pytest.warns(
        UserWarning,
        match="^3 constant .* in 2 of 3 sample.*: their .* treat them otherwise.$",
    ) as seen:
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
    with pytest.raises(
        ValueError,
        match="^3 constant .* unit 1 in sample 0. Remove .* constant_units='zero'.$",
    ):
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


def test_jobs_are_threads(activations):
    seen = set()

    def measure(sample):  # a closure that writes, which only threads can share
        seen.add(os.getpid())
        return np.corrcoef(sample.T)

    FunctionalConnectome(measure, n_jobs=2).fit_transform(activations)
    assert seen == {os.getpid()}


class Refusing(ThreadingBackend):
    """An engine that must not be used."""

    def configure(self, *args, **kwargs):
        raise AssertionError("an engine was used")


def test_n_jobs_reaches_the_engine(activations):
    with parallel_config(backend=Refusing()):
        FunctionalConnectome(n_jobs=1).fit_transform(activations)
        with pytest.raises(AssertionError, match="an engine was used"):
            FunctionalConnectome(n_jobs=2).fit_transform(activations)


def test_threads_of_blas_change_nothing():
    X = np.random.default_rng(0).normal(size=(2, 5000, 60)).astype(np.float32) + 9
    rows = []
    for limit in (1, 4):
        with threadpool_limits(limit):
            rows.append(FunctionalConnectome(n_jobs=1).fit_transform(X))
    assert_allclose(rows[0], rows[1], atol=1e-6)


def test_lengths_may_differ_by_a_tenth(activations):
    def cut(n):
        return [activations[0], activations[1][:n], activations[2]]

    connectome = FunctionalConnectome().fit(cut(37))
    connectome.transform(cut(37))  # 40 is not more than 1.1 times 37: no warning
    with pytest.warns(UserWarning, match="from 36 .sample 1. to 40 .sample 0") as seen:
        FunctionalConnectome().fit_transform(cut(36))
    assert len(seen) == 1


def test_progress_bar(activations, capsys):
    FunctionalConnectome().fit_transform(activations)
    assert capsys.readouterr() == ("", "")
    FunctionalConnectome(verbose=True).fit_transform(activations)
    shown_text = capsys.readouterr().err
    assert "3/3" in shown_text and "\rconnectomes: " in shown_text


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
        ([with_value(0)[0], with_value(0)[1, :1]], "Sample 1 of X has 1 observation"),
        (with_value(0)[None], "4 dimensions"),
        (np.full((2, 10, 3), "a"), "could not convert|dtype"),
        (np.empty((0, 5, 3)), "0 sample"),
        ([np.empty((0, 3))], "0 observation"),
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
        ({"n_jobs": 0}, ValueError),
    ],
)
def test_bad_parameters(activations, parameters, error):
    with pytest.raises(error, match=f"^{next(iter(parameters))}( must be|=)"):
        FunctionalConnectome(**parameters).fit(activations)


@pytest.mark.parametrize("n_observations", [500, 1200])
@pytest.mark.parametrize("measure", ["correlation", "spearman", "covariance"])
def test_memory_beyond_the_input(measure, n_observations, measure_peak):
    shape = (1, n_observations, 1800)
    activations = np.random.default_rng(0).random(shape, dtype=np.float32)
    connectome = FunctionalConnectome(measure)
    peak = measure_peak(lambda: connectome.fit_transform(activations))
    ranks = activations.nbytes if measure == "spearman" else 0
    assert peak < 6 * 1800**2 + ranks


@pytest.mark.parametrize("n_samples", [1, 3])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("measure", [*MEASURES, own_measure])
def test_memory_is_announced(measure, dtype, n_samples, measure_peak, monkeypatch):
    asked = []
    check = lambda name, n_bytes, n_nodes: asked.append(n_bytes)  # noqa: E731
    monkeypatch.setattr(_connectome, "check_memory", check)
    # The tiles of 300 units, and ranks of 90, are those of many.
    monkeypatch.setattr(_products, "_FEW_NODES", 100)
    monkeypatch.setattr(_products, "_BLOCK", 200)
    monkeypatch.setattr(_products, "_RANKED", 2**12)
    shape = (n_samples, 90, 600)
    activations = np.random.default_rng(0).random(shape).astype(dtype)
    connectome = FunctionalConnectome(measure).fit(activations)
    peak = measure_peak(lambda: connectome.transform(activations))
    assert 0.8 * peak < asked[0] < 1.2 * peak


@pytest.mark.parametrize("measure", ["correlation", "spearman", "covariance"])
def test_memory_of_few_nodes_is_announced(measure, measure_peak, monkeypatch):
    asked = []
    check = lambda name, n_bytes, n_nodes: asked.append(n_bytes)  # noqa: E731
    monkeypatch.setattr(_connectome, "check_memory", check)
    # All edges lie in one tile.
    activations = np.random.default_rng(0).random((1, 90, 1000), dtype=np.float32)
    connectome = FunctionalConnectome(measure).fit(activations)
    peak = measure_peak(lambda: connectome.transform(activations))
    assert 0.8 * peak < asked[0] < 1.2 * peak


@pytest.mark.parametrize("measure", ["correlation", "partial correlation"])
def test_rows_that_do_not_fit_in_memory(measure, monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda: 10**9)
    activations = np.random.default_rng(0).random((1, 3, 37_000), dtype=np.float32)
    connectome = FunctionalConnectome(measure)
    with pytest.raises(
        MemoryError,
        match="^FunctionalConnectome needs .* GB for graphs of 37,000 nodes, and 1 GB "
        "are available. ConnectomePersistence .*max_nodes .*SampleWise ",
    ):
        connectome.fit_transform(activations)


def test_frames_that_do_not_fit_in_memory(monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda: 10**9)
    frames = np.random.default_rng(0).random((40, 10_000))
    with pytest.raises(MemoryError, match="^FunctionalConnectome needs .* 10,000 node"):
        FunctionalConnectome().fit(frames).transform(frames)


@pytest.mark.parametrize("constant", [[], [0, 7, 29]])
@pytest.mark.parametrize("name", ["correlation", "covariance", "spearman"])
def test_tiles_do_not_show(name, constant, monkeypatch):
    rng = np.random.default_rng(0)
    activations = rng.normal(size=(1, 50, 30)) @ rng.normal(size=(30, 30)) + 1e6
    activations[..., constant] = 3
    options = {"absolute": False, "constant_units": "nan"}
    whole = FunctionalConnectome(name, **options).fit_transform(activations)
    monkeypatch.setattr(_products, "_FEW_NODES", 10)
    monkeypatch.setattr(_products, "_BLOCK", 80)  # 20 observations in a block of tiles
    tiles = FunctionalConnectome(name, **options).fit_transform(activations)
    assert_allclose(tiles, whole, rtol=1e-9, atol=1e-12)
    lost = 30 * 29 // 2 - (30 - len(constant)) * (29 - len(constant)) // 2
    assert np.isnan(whole).sum() == lost
