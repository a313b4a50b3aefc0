"""RegressConfounds and regress_confounds."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator

from sktopo import FunctionalConnectome, RegressConfounds
from sktopo.connectomes import regress_confounds

RNG = np.random.default_rng(0)
X = RNG.normal(size=(3, 60, 6))
X[:, :, :4] += 2 * X[:, :, 4:5] - X[:, :, 5:]
CLEAN = [regress_confounds(sample[:, :4], sample[:, 4:]) for sample in X]


def make_tables(names=("a", "b", "c", "d", "motion", "drift")):
    pandas = pytest.importorskip("pandas")
    index = [f"t{k}" for k in range(60)]
    return [pandas.DataFrame(sample, index, list(names)) for sample in X]


# --- the function -----------------------------------------------------------------


def test_residuals_are_not_related_to_confounds():
    for rest, sample in zip(CLEAN, X, strict=True):
        related = np.corrcoef(np.column_stack([rest, sample[:, 4:]]).T)[:4, 4:]
        assert_allclose(related, 0, atol=1e-12)
        assert_allclose(rest.mean(axis=0), sample[:, :4].mean(axis=0))
        assert rest.std() < sample[:, :4].std() / 1.5


def test_the_global_signal_is_the_mean_of_units():
    rest = regress_confounds(X[0], global_signal=True)
    assert_allclose(rest, regress_confounds(X[0], X[0].mean(axis=1)), atol=1e-12)
    assert_allclose((rest - rest.mean(axis=0)).mean(axis=1), 0, atol=1e-12)


def test_nothing_to_remove():
    assert_allclose(regress_confounds(X[0]), X[0], rtol=1e-13)
    single = X[0].astype(np.float32)
    assert regress_confounds(single, X[1]).dtype == np.float32


@pytest.mark.parametrize(
    ("confounds", "error", "message"),
    [
        (X[0, :50], ValueError, r"^confounds has 50 row\(s\) for 60 observations"),
        (np.full(60, np.nan), ValueError, "^confounds contains NaN in observation 0"),
        (np.ones((60, 1, 1)), ValueError, "^confounds cannot be read"),
        (["a"] * 60, TypeError, "confounds is of type str"),
        (3.0, TypeError, "^confounds is of type float"),
        (RNG.normal(size=(60, 59)), ValueError, "^Input activations has 60 observat"),
    ],
)
def test_bad_confounds(confounds, error, message):
    with pytest.raises(error, match=message):
        regress_confounds(X[0], confounds)


def test_other_bad_calls():
    with pytest.raises(ValueError, match="^global_signal must be True or False"):
        regress_confounds(X[0], global_signal=1)
    with pytest.raises(ValueError, match="expected at least 2, because the global"):
        regress_confounds(X[0, :, :1], global_signal=True)


# --- the estimator ----------------------------------------------------------------


def test_check_estimator_with_a_confound():
    no_units = {"check_fit2d_1feature": "the only column is the confound"}
    cleaner = RegressConfounds(confounds=0)
    check_estimator(cleaner, expected_failed_checks=no_units, on_skip=None)


@pytest.mark.parametrize("confounds", [[4, 5], (-1, -2), np.array([5, 4, 4])])
def test_columns_of_arrays(confounds):
    cleaner = RegressConfounds(confounds).fit(X)
    assert_array_equal(cleaner.confound_indices_, [4, 5])
    found = cleaner.transform(X)
    assert found.shape == (3, 60, 4)
    assert_allclose(found, CLEAN, atol=1e-12)
    assert list(cleaner.get_feature_names_out()) == ["x0", "x1", "x2", "x3"]
    listed = cleaner.transform([X[0], X[1][:40]])
    assert_allclose(listed[0], CLEAN[0], atol=1e-12)
    assert listed[1].shape == (40, 4)


def test_data_frames_keep_their_names():
    tables = make_tables()
    before = [table.copy() for table in tables]
    cleaner = RegressConfounds(["motion", 5])
    found = cleaner.fit_transform(tables)
    for table, rest, given in zip(found, CLEAN, tables, strict=True):
        assert_allclose(table, rest, atol=1e-12)
        assert list(table.columns) == list("abcd")
        assert table.index.equals(given.index)
    assert list(cleaner.get_feature_names_out()) == list("abcd")
    assert all(a.equals(b) for a, b in zip(tables, before, strict=True))
    chain = make_pipeline(cleaner, FunctionalConnectome())
    chain.fit_transform(tables)
    assert chain[-1].feature_names_in_.tolist() == list("abcd")
    assert chain.get_feature_names_out()[0] == "a--b"


def test_set_output():
    pandas = pytest.importorskip("pandas")
    cleaner = RegressConfounds(4).set_output(transform="pandas")
    for table in cleaner.fit_transform(X):
        assert list(table.columns) == ["x0", "x1", "x2", "x3", "x5"]
    frames = cleaner.fit_transform(make_tables()[0])
    assert isinstance(frames, pandas.DataFrame)
    assert list(frames.columns) == ["a", "b", "c", "d", "drift"]


def test_samples_of_different_widths():
    pandas = pytest.importorskip("pandas")
    tables = make_tables()
    tables[1] = pandas.DataFrame(X[1][:, [4, 0, 1, 5]], columns=["motion", *"efg"])
    cleaner = RegressConfounds("motion").fit(tables)
    assert cleaner.input_kind_ == "ragged samples"
    found = cleaner.transform(tables)
    assert list(found[1].columns) == list("efg")
    expected = regress_confounds(X[1][:, [0, 1, 5]], X[1][:, 4])
    assert_allclose(found[1], expected, atol=1e-12)
    with pytest.raises(ValueError, match="differ in their number of columns"):
        cleaner.get_feature_names_out()


def test_frames_are_cleaned_by_what_was_learnt():
    cleaner = RegressConfounds([4, 5], global_signal=True).fit(X[0])
    assert cleaner.input_kind_ == "frames"
    expected = regress_confounds(X[0][:, :4], X[0][:, 4:], global_signal=True)
    assert_allclose(cleaner.transform(X[0]), expected, atol=1e-12)
    assert_allclose(cleaner.transform(X[0][7:9]), expected[7:9], atol=1e-12)
    with pytest.raises(ValueError, match="X holds samples, but .* fitted on frames"):
        cleaner.transform(X)


@pytest.mark.parametrize(
    ("confounds", "message"),
    [
        (6, "^Sample 0 of X has 6 columns, and none has the number 6 that"),
        (-7, "none has the number -7"),
        ("motion", "^Sample 0 of X is an array, whose columns have no names, such as"),
        (1.5, "^confounds must be names or numbers of columns.* regress_confounds.$"),
        ([True], "^confounds must be names or numbers"),
        (X, "^confounds must be names or numbers"),
        (range(6), r"^Sample 0 of X has 0 column\(s\) that are not confounds"),
    ],
)
def test_bad_columns(confounds, message):
    with pytest.raises(ValueError, match=message):
        RegressConfounds(confounds).fit(X)


def test_a_confound_that_a_recording_lacks():
    tables = make_tables()
    cleaner = RegressConfounds("motion").fit(tables)
    tables[2] = tables[2].rename(columns={"motion": "FD"})
    message = "^Sample 2 of X has 0 columns named 'motion'; .* 'd', 'FD', 'drift'"
    with pytest.raises(ValueError, match=message):
        RegressConfounds("motion").fit(tables)
    with pytest.raises(ValueError, match="^Sample 2 of X: The feature names"):
        cleaner.transform(tables)


def test_the_global_signal_needs_two_units():
    cleaner = RegressConfounds(range(5), global_signal=True)
    with pytest.raises(ValueError, match="expected at least 2, because the global"):
        cleaner.fit(X)


def test_recordings_that_are_too_short():
    samples = [X[0], X[1][:3]]
    with pytest.raises(ValueError, match=r"^Sample 1 of X has 3 .* 2 confound\(s\)"):
        RegressConfounds([4, 5]).fit_transform(samples)


def test_units_that_are_confounds_are_constant_afterwards():
    sample = X.copy()
    sample[1, :, 2] = 3 * sample[1, :, 4] - 1
    chain = make_pipeline(RegressConfounds([4, 5]), FunctionalConnectome())
    with pytest.warns(UserWarning, match="1 constant .* first unit 2 in sample 1"):
        rows = chain.fit_transform(sample)
    assert np.count_nonzero(rows[1] == 0) == 3
