"""The test for states: its statistics by hand, its p-value, its surrogates."""

import warnings

import numpy as np
import pytest
from joblib import parallel_config
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import silhouette_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sktopo import (
    FunctionalConnectome,
    GraphPersistence,
    SlidingWindows,
    TopClusterer,
)
from sktopo.connectomes import phase_randomize
from sktopo.datasets import make_state_recordings
from sktopo.inference import SurrogateResult, state_test

STATISTICS = ("variance", "silhouette")


def make_chain(width=10, step=10, n_clusters=2):
    return make_pipeline(
        SlidingWindows(width, step=step),
        FunctionalConnectome(),
        GraphPersistence(),
        TopClusterer(n_clusters, random_state=0),
    )


@pytest.fixture
def recordings():
    X, _ = make_state_recordings(2, n_observations=60, n_nodes=5, random_state=0)
    return [X[0], X[1][:50]]


def compute_by_hand(recordings, statistic):
    chain = make_chain().fit(recordings)
    rows = chain[:-1].transform(recordings)
    if statistic == "silhouette":
        return silhouette_score(rows, chain[-1].labels_)
    of_window = chain[0].window_recordings_
    squares = [
        np.sum((row - rows[of_window == k].mean(axis=0)) ** 2)
        for row, k in zip(rows, of_window, strict=True)
    ]
    return np.mean(squares)


@pytest.mark.parametrize("statistic", STATISTICS)
def test_statistics_are_those_computed_by_hand(recordings, statistic):
    result = state_test(
        recordings, make_chain(), statistic=statistic, n_surrogates=4, random_state=3
    )
    assert_allclose(result.statistic, compute_by_hand(recordings, statistic))
    # Every surrogate has a seed of its own.
    seeds = np.random.RandomState(3).randint(2**32, size=4, dtype=np.uint32)
    expected = [
        compute_by_hand(phase_randomize(recordings, random_state=int(seed)), statistic)
        for seed in seeds
    ]
    assert_allclose(result.null_distribution, expected)
    assert len(set(expected)) == 4
    n_extreme = sum(value >= result.statistic for value in expected)
    assert result.pvalue == (1 + n_extreme) / 5


def test_the_variance_is_about_the_mean_of_each_recording():
    # Recordings differ from each other, and their windows hardly at all.
    first, second = (
        make_state_recordings(1, n_observations=2000, n_modules=(m,), random_state=0)[0]
        for m in (1, 10)
    )
    chain = make_chain(500, 500)
    result = state_test([first[0], second[0]], chain, n_surrogates=1, random_state=0)
    rows = chain[:-1].fit_transform([first[0], second[0]])
    assert result.statistic < 0.2 * rows.var(axis=0).sum()


def test_states_are_found_and_their_absence_too():
    found = {}
    for n_modules in ((2,), (1, 5)):
        X, _ = make_state_recordings(
            3,
            n_observations=240,
            n_nodes=10,
            n_modules=n_modules,
            random_state=5,
        )
        result = state_test(X, make_chain(40, 20), n_surrogates=19, random_state=0)
        found[n_modules] = result.pvalue
    assert found[1, 5] == 0.05
    assert found[(2,)] > 0.2


@pytest.mark.parametrize("statistic", STATISTICS)
def test_a_clusterer_is_needed_for_silhouettes_only(recordings, statistic):
    chain = make_chain()
    whole = state_test(recordings, chain, n_surrogates=2, random_state=0)
    without = state_test(recordings, chain[:-1], n_surrogates=2, random_state=0)
    assert whole.statistic == without.statistic
    assert_array_equal(whole.null_distribution, without.null_distribution)
    assert not hasattr(chain[-1], "labels_")  # nothing given was fitted


def test_results_do_not_depend_on_jobs(recordings):
    with parallel_config("threading"):
        results = [
            state_test(
                recordings, make_chain(), n_surrogates=3, random_state=1, n_jobs=n_jobs
            )
            for n_jobs in (1, 2)
        ]
    assert_array_equal(results[0].null_distribution, results[1].null_distribution)


def test_the_result_is_short_in_print():
    result = SurrogateResult(0.4, 0.25, np.zeros(1000))
    assert repr(result) == "SurrogateResult(statistic=0.4, pvalue=0.25)"


def test_equal_windows_are_never_significant(recordings):
    constant = FunctionTransformer(lambda rows: np.zeros((len(rows), 3)))
    chain = make_pipeline(SlidingWindows(10, step=10), constant)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = state_test(recordings, chain, n_surrogates=5, random_state=0)
    assert result.statistic == 0 and result.pvalue == 1
