"""SlidingWindows: which observations are in which window, and what does not change."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from sktopo import (
    FunctionalConnectome,
    GraphPersistence,
    SlidingWindows,
    TopClusterer,
)
from sktopo.datasets import make_state_recordings
from sktopo.metrics import purity_score


def make_recordings(*lengths, n_nodes=3, dtype=np.float64):
    rng = np.random.default_rng(0)
    return [rng.normal(size=(length, n_nodes)).astype(dtype) for length in lengths]


def chain(width, step, n_clusters):
    return make_pipeline(
        SlidingWindows(width, step=step),
        FunctionalConnectome(),
        GraphPersistence(),
        TopClusterer(n_clusters, random_state=0),
    )


@given(
    lengths=st.lists(st.integers(5, 12), min_size=1, max_size=3),
    width=st.integers(2, 5),
    step=st.integers(1, 7),
)
def test_windows_are_those_of_a_loop(lengths, width, step):
    recordings = make_recordings(*lengths)
    expected, places = [], []
    for number, recording in enumerate(recordings):
        start = 0
        while start + width <= len(recording):
            expected.append(recording[start : start + width])
            places.append((number, start))
            start += step
    windows = SlidingWindows(width, step=step).fit(recordings)
    found = windows.transform(recordings)
    assert len(found) == len(expected)
    for window, wanted in zip(found, expected, strict=True):
        assert_array_equal(window, wanted)
    assert_array_equal(
        np.column_stack([windows.window_recordings_, windows.window_starts_]), places
    )


def test_without_a_width_recordings_are_whole():
    recordings = make_recordings(7, 5)
    windows = SlidingWindows(step=2).fit(recordings)
    for window, recording in zip(
        windows.transform(recordings), recordings, strict=True
    ):
        assert_array_equal(window, recording)
    assert_array_equal(windows.window_recordings_, [0, 1])
    assert_array_equal(windows.window_starts_, [0, 0])


def test_a_table_of_frames_passes_only_without_a_width():
    (table,) = make_recordings(6)
    windows = SlidingWindows().fit(table)
    assert_array_equal(windows.transform(table), table)
    assert_array_equal(windows.window_starts_, range(6))
    assert_array_equal(windows.window_recordings_, np.zeros(6))
    with pytest.raises(ValueError, match=r"X\[None\] or \[X\]"):
        SlidingWindows(3).fit(table)


def test_an_array_is_cut_like_a_list():
    X = np.array(make_recordings(9, 9))
    found = SlidingWindows(4, step=3).fit_transform(X)
    for window, wanted in zip(
        found, SlidingWindows(4, step=3).fit_transform(list(X)), strict=True
    ):
        assert_array_equal(window, wanted)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_windows_are_views_that_cannot_be_written_to(dtype):
    recordings = make_recordings(20, 9, dtype=dtype)
    windows = SlidingWindows(5).fit_transform(recordings)
    assert np.shares_memory(windows[0], recordings[0])
    assert np.shares_memory(windows[-1], recordings[1])
    assert windows[0].dtype == dtype
    with pytest.raises(ValueError, match="read-only"):
        windows[0][0] = 0
    assert recordings[0].flags.writeable
    whole = SlidingWindows().fit_transform(recordings)
    assert not whole[0].flags.writeable and recordings[0].flags.writeable


def test_overlapping_windows_take_no_memory(measure_peak):
    recordings = [np.random.default_rng(0).normal(size=(4000, 50))]
    windows = SlidingWindows(1000, step=10).fit(recordings)
    # Windows hold 300 times 0.4 MB; the check for finite numbers needs a little.
    assert measure_peak(lambda: windows.transform(recordings)) < recordings[0].nbytes


def test_memory_maps_stay_on_disk(tmp_path):
    np.save(tmp_path / "a.npy", make_recordings(30)[0])
    mapped = np.load(tmp_path / "a.npy", mmap_mode="r")
    windows = SlidingWindows(10, step=10).fit_transform([mapped])
    assert all(np.shares_memory(window, mapped) for window in windows)
    assert_array_equal(np.vstack(windows), mapped)


def test_integers_are_read_as_float64():
    X = np.arange(40).reshape(1, 10, 4)
    (window, _) = SlidingWindows(5, step=5).fit_transform(X)
    assert window.dtype == np.float64
    assert_array_equal(window, X[0, :5])


def test_transform_takes_other_recordings_and_learns_nothing():
    windows = SlidingWindows(4, step=2).fit(make_recordings(8))
    before = pickle.dumps(windows)
    others = make_recordings(6, 4)
    found = windows.transform(others)
    recordings, starts = windows.locate(others)
    assert_array_equal(recordings, [0, 0, 1])
    assert_array_equal(starts, [0, 2, 0])
    for window, recording, start in zip(found, recordings, starts, strict=True):
        assert_array_equal(window, others[recording][start : start + 4])
    assert pickle.dumps(windows) == before


def test_names_of_nodes_go_through():
    pandas = pytest.importorskip("pandas")
    frames = [
        pandas.DataFrame(recording, columns=["a", "b", "c"])
        for recording in make_recordings(8, 9)
    ]
    windows = SlidingWindows(4, step=4).fit(frames)
    assert list(windows.get_feature_names_out()) == ["a", "b", "c"]
    with pytest.raises(ValueError, match="Sample 1 of X"):
        windows.transform([frames[0], frames[1][["b", "a", "c"]]])
    found = windows.set_output(transform="pandas").transform(frames)
    assert all(list(window.columns) == ["a", "b", "c"] for window in found)
    both = make_pipeline(windows, FunctionalConnectome()).fit(frames)
    assert list(both.get_feature_names_out()) == ["a--b", "a--c", "b--c"]


def test_recordings_may_differ_in_their_nodes():
    recordings = [*make_recordings(6), *make_recordings(6, n_nodes=5)]
    windows = SlidingWindows(3, step=3).fit(recordings)
    assert [w.shape[1] for w in windows.transform(recordings)] == [3, 3, 5, 5]
    assert not hasattr(windows, "n_features_in_")
    with pytest.raises(ValueError, match="no common names"):
        windows.get_feature_names_out()


def test_connectomes_are_refused():
    matrices = np.array([np.corrcoef(r.T) for r in make_recordings(9, 9)])
    with pytest.raises(ValueError, match="symmetric matrices"):
        SlidingWindows(2).fit(matrices)


def test_a_pipeline_finds_states():
    X, states = make_state_recordings(
        4, n_modules=(1, 5), dwell=100, n_observations=300, random_state=0
    )
    model = chain(40, 20, 2).fit(X)
    recordings, starts = model[0].locate(X)
    assert_array_equal(recordings, model[0].window_recordings_)
    middle = states[recordings, starts + 20]
    assert purity_score(middle, model[-1].labels_) > 0.8
    assert_array_equal(model.predict(X), model[-1].labels_)
    again = clone(model).fit(X)
    assert_array_equal(again[-1].labels_, model[-1].labels_)
    assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))


def test_widths_can_be_searched():
    X, _ = make_state_recordings(4, n_observations=60, n_nodes=5, random_state=0)
    grid = {"slidingwindows__width": [20, None]}
    search = GridSearchCV(chain(10, 10, 2), grid, cv=2, error_score="raise").fit(X)
    assert set(search.cv_results_["param_slidingwindows__width"]) == {20, None}


def test_labels_of_recordings_are_given_to_windows():
    X = np.concatenate(
        [
            make_state_recordings(
                6, n_observations=80, n_nodes=8, n_modules=(m,), random_state=m
            )[0]
            for m in (1, 4)
        ]
    )
    y = np.repeat([0, 1], 6)
    windows = SlidingWindows(40, step=20)
    rows = FunctionalConnectome().fit_transform(windows.fit_transform(X))
    groups = windows.window_recordings_
    grid = GridSearchCV(SVC(), {"C": [1.0]}, cv=GroupKFold(3))
    assert grid.fit(rows, y[groups], groups=groups).best_score_ > 0.9
    # Labels of recordings are too few for the step after windows.
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        make_pipeline(SlidingWindows(40), FunctionalConnectome(), SVC()).fit(X, y)
