"""All measures of one sample against other implementations, and invariances."""

import inspect
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import signal
from scipy.stats import spearmanr
from sklearn.covariance import LedoitWolf
from sklearn.utils.validation import check_symmetric

import sktopo.connectomes
from sktopo.connectomes.measures import (
    MEASURES,
    coherence,
    correlation,
    covariance,
    lagged_correlation,
    partial_correlation,
    phase_locking_value,
    spearman,
)

ALL = tuple(MEASURES.values())
IN_TIME = (lagged_correlation, coherence, phase_locking_value)


def relate_by_ledoit_wolf(sample):
    """Compute partial correlations with scikit-learn's estimator."""
    scores = (sample - sample.mean(axis=0)) / sample.std(axis=0)
    precision = LedoitWolf(assume_centered=True).fit(scores).precision_
    matrix = -precision / np.sqrt(np.outer(*[precision.diagonal()] * 2))
    np.fill_diagonal(matrix, 1)
    return matrix


def relate_at_lags(sample):
    """Find the largest of three cross-correlations of each pair."""
    z = (sample - sample.mean(axis=0)) / sample.std(axis=0)
    n_observations, n_nodes = sample.shape
    matrix = np.eye(n_nodes)
    for i in range(n_nodes):
        for j in set(range(n_nodes)) - {i}:
            found = signal.correlate(z[:, i], z[:, j]) / n_observations
            found = found[n_observations - 2 : n_observations + 1]
            matrix[i, j] = found[np.abs(found).argmax()]
    return matrix


def relate_by_coherence(sample):
    length = max(2, 2 * len(sample) // 9)
    pairs = sample[:, :, np.newaxis], sample[:, np.newaxis]
    _, found = signal.coherence(*pairs, nperseg=length, axis=0)
    return found[1:].mean(axis=0)


def relate_phases(sample):
    length = max(2, 2 * len(sample) // 9)
    *_, spectra = signal.spectrogram(
        sample,
        window="hann",
        nperseg=length,
        noverlap=length // 2,
        mode="complex",
        axis=0,
    )
    sizes = np.abs(spectra[1:])  # (frequencies, nodes, segments)
    phases = spectra[1:] / np.where(sizes == 0, 1, sizes)
    locked = np.einsum("fik,fjk->fij", phases, phases.conj()) / phases.shape[2]
    weights = np.abs(locked).mean(axis=0)
    np.fill_diagonal(weights, 1)  # also where a unit has no phase in a segment
    return weights


ORACLES = {
    correlation: lambda sample: np.corrcoef(sample, rowvar=False),
    spearman: lambda sample: spearmanr(sample).statistic,
    partial_correlation: relate_by_ledoit_wolf,
    covariance: lambda sample: np.cov(sample, rowvar=False, bias=True),
    lagged_correlation: relate_at_lags,
    coherence: relate_by_coherence,
    phase_locking_value: relate_phases,
}


@pytest.mark.parametrize("measure", ALL)
@pytest.mark.parametrize("n_observations", [4, 40, 5000])  # 5000: several blocks
@pytest.mark.parametrize("order", ["C", "F"])
def test_measures_equal_other_implementations(measure, n_observations, order):
    rng = np.random.default_rng(n_observations)
    sample = rng.normal(size=(n_observations, 6)) @ rng.normal(size=(6, 6))
    sample = np.array(sample.round(1) + 10 * rng.normal(size=6), order=order)
    before = sample.copy()
    matrix = measure(sample)
    assert matrix.shape == (6, 6)
    check_symmetric(matrix, raise_exception=True)
    assert_allclose(matrix, ORACLES[measure](sample), rtol=1e-6, atol=1e-10)
    assert_array_equal(sample, before)


@pytest.mark.parametrize("measure", ALL)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_is_kept(activations, measure, dtype):
    found = measure(activations[0].astype(dtype))
    assert found.dtype == dtype
    rtol = 1e-3 if dtype == np.float32 else 1e-12
    assert_allclose(found, measure(activations[0]), rtol=rtol)


@given(
    measure=st.sampled_from(ALL),
    seed=st.integers(0, 2**16),
    n_nodes=st.integers(2, 7),
    data=st.data(),
)
def test_order_of_nodes_and_observations(measure, seed, n_nodes, data):
    rng = np.random.default_rng(seed)
    sample = rng.normal(size=(20, n_nodes)) @ rng.normal(size=(n_nodes, n_nodes))
    nodes = data.draw(st.permutations(range(n_nodes)))
    observations = np.arange(20)
    if measure not in IN_TIME:
        observations = data.draw(st.permutations(observations))
    matrix = measure(sample)
    moved = measure(sample[np.ix_(observations, nodes)])
    assert_allclose(moved, matrix[np.ix_(nodes, nodes)], rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("value", [0, 0.1, 1e6])  # 0.1: its mean may be rounded
@pytest.mark.parametrize("measure", ALL)
def test_constant_units(activations, measure, value, dtype):
    sample = activations[0].astype(dtype)
    sample[:, [1, 3]] = value
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        matrix = measure(sample)
    fill = 0 if measure is covariance else np.nan
    assert_array_equal(matrix[[1, 3]], np.full((2, 5), fill))
    assert_array_equal(matrix[:, [1, 3]], np.full((5, 2), fill))
    varying = [0, 2, 4]
    alone = measure(sample[:, varying])
    assert_allclose(matrix[np.ix_(varying, varying)], alone, rtol=1e-5)


@pytest.mark.parametrize("measure", ALL)
def test_all_units_are_constant(measure):
    fill = 0 if measure is covariance else np.nan
    assert_array_equal(measure(np.full((4, 3), 0.1)), np.full((3, 3), fill))


@pytest.mark.parametrize("measure", ALL)
@pytest.mark.parametrize(
    ("activations", "message"),
    [
        ([[1, 2]], "Input activations has 1 observation"),
        ([1, 2, 3], "1D array"),
        ([[1, np.nan], [2, 3]], "activations contains NaN"),
        ([[1, np.inf], [2, 3]], "infinity"),
        ([["a", "b"], ["c", "d"]], "could not convert|dtype"),
    ],
)
def test_bad_activations(measure, activations, message):
    with pytest.raises(ValueError, match=message):
        measure(activations)


def test_every_public_measure_has_a_name():
    module = sktopo.connectomes.measures
    functions = {getattr(module, name) for name in module.__all__ if name != "MEASURES"}
    assert set(MEASURES.values()) == functions
    assert sktopo.connectomes.measures.MEASURES is MEASURES


@pytest.mark.parametrize("measure", ALL)
def test_measures_are_documented(measure):
    for part in (".. math::", "(n_observations, n_nodes)", "References", ">>>"):
        assert part in measure.__doc__
    assert {"activations", "return"} <= set(inspect.get_annotations(measure))


@pytest.mark.parametrize("measure", IN_TIME)
def test_the_order_in_time_matters(activations, measure):
    sample = activations[0]
    mixed = np.random.default_rng(0).permutation(sample)
    assert not np.allclose(measure(mixed), measure(sample), atol=0.05)
