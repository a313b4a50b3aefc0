"""Recordings of the same times: nodes by name, missing nodes, and what is refused."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator

from sktopo.connectomes._shared_times import find_present, read_recordings

RNG = np.random.default_rng(0)
X = RNG.normal(size=(3, 5, 4))


def read(X, estimator=None, *, reset=True):
    estimator = BaseEstimator() if estimator is None else estimator
    return *read_recordings(estimator, X, reset=reset), estimator


def make_frames(pandas, *columns):
    return [
        pandas.DataFrame(X[k][:, : len(names)], columns=list(names))
        for k, names in enumerate(columns)
    ]


def test_arrays_are_read_as_they_are():
    recordings, present, estimator = read(X)
    assert_array_equal(recordings, X)
    assert present.all()
    assert estimator.n_features_in_ == 4


def test_nodes_that_are_nan_throughout_are_missing():
    holed = X.copy()
    holed[1, :, 2] = np.nan
    _, present, _ = read(holed)
    assert_array_equal(np.argwhere(~present), [[1, 2]])


def test_data_frames_are_joined_by_name():
    pandas = pytest.importorskip("pandas")
    frames = make_frames(pandas, "ab", "cba", "ad")
    recordings, present, estimator = read(frames)
    assert estimator.feature_names_in_.tolist() == ["a", "b", "c", "d"]
    assert_array_equal(present, [[1, 1, 0, 0], [1, 1, 1, 0], [1, 0, 0, 1]])
    assert_array_equal(recordings[1][:, :3], X[1][:, [2, 1, 0]])
    again, present, _ = read(frames[1:2], estimator, reset=False)
    assert_array_equal(again[0], recordings[1])
    assert_array_equal(present, [[1, 1, 1, 0]])


def test_names_that_were_not_fitted_are_refused():
    pandas = pytest.importorskip("pandas")
    *_, estimator = read(make_frames(pandas, "abc"))
    with pytest.raises(ValueError, match="^Sample 1 of X has 2 unit.*, the first 'd'"):
        read(make_frames(pandas, "ab", "dae"), estimator, reset=False)
    with pytest.raises(ValueError, match="2 name"):
        frames = make_frames(pandas, "aabb")
        read(frames, estimator, reset=False)


def test_names_are_ignored_where_none_were_fitted():
    pandas = pytest.importorskip("pandas")
    *_, estimator = read(X)
    with pytest.warns(UserWarning, match="fitted without feature names"):
        recordings, _, _ = read(make_frames(pandas, "abcd"), estimator, reset=False)
    assert_array_equal(recordings[0], X[0])


def test_tables_are_not_recordings():
    assert read(X[0])[:2] == (None, None)


def test_constant_nodes_are_missing_with_a_warning():
    constant = X.copy()
    constant[1:, :, 3] = 0.1
    with pytest.warns(UserWarning, match="^2 constant unit.* in 2 of 3 .*unit 3 in"):
        _, present, _ = read(constant)
    assert_array_equal(present[:, 3], [True, False, False])


def test_labels_name_what_is_wrong():
    holed = X[0].copy()
    holed[:, 1:] = np.nan
    with pytest.raises(ValueError, match="^X has 1 of 4 units that are there"):
        find_present([holed], None, "X".format)
    holed[2, 0] = np.nan
    with pytest.raises(ValueError, match=r"NaN at 1 of 5 .* unit 0 \('a'\)"):
        find_present([holed], ["a", "b", "c", "d"])


@pytest.mark.parametrize(
    ("recordings", "match"),
    [
        ([X[0], X[1][:, :3]], "^Sample 1 of X has 3 units, and sample 0 has 4"),
        ([X[0], X[1], X[2][:4]], "^Sample 2 of X has 4 observations, and sample 0"),
        ([X[0], np.where(X[1] > 0, np.inf, 1)], "infinity"),
    ],
)
def test_what_cannot_share_times_is_refused(recordings, match):
    with pytest.raises(ValueError, match=match):
        read(recordings)
