"""Equality with nilearn, pyRiemann and mne-connectivity, where they are installed."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.covariance import OAS, EmpiricalCovariance, LedoitWolf, ShrunkCovariance

from sktopo import FunctionalConnectome
from sktopo.connectomes import connectome_rows, measures, regress_confounds
from sktopo.connectomes.measures import _spectral

pytestmark = pytest.mark.filterwarnings("ignore")  # those of other packages
LOWER = np.tril_indices(14, -1)


@pytest.fixture
def fmri():
    """Make 250 volumes of 28 regions and 3 confounds, with drifts."""
    rng = np.random.default_rng(0)
    shared = rng.normal(size=(250, 6)).cumsum(axis=0) @ rng.normal(size=(6, 31))
    return shared + 3 * rng.normal(size=(250, 31)) + 1000 * rng.random(31)


@pytest.fixture
def eeg():
    """Make 10 seconds of 14 channels at 128 Hz that share a rhythm of 10 Hz."""
    rng = np.random.default_rng(1)
    time = np.arange(1280)[:, np.newaxis] / 128
    rhythms = np.sin(2 * np.pi * 10 * time + rng.normal(size=14) / 2)
    return 50 * (rhythms + rng.normal(size=(1280, 14)) @ rng.normal(size=(14, 14)) / 4)


def test_nilearn_connectivity(fmri):
    connectome = pytest.importorskip("nilearn.connectome")
    z = (fmri - fmri.mean(axis=0)) / fmri.std(axis=0)
    for kind, estimator, measure, options in (
        ("correlation", EmpiricalCovariance(), measures.correlation, {}),
        ("covariance", EmpiricalCovariance(), measures.covariance, {}),
        ("partial correlation", LedoitWolf(), measures.partial_correlation, {}),
        ("partial correlation", OAS(), *_shrink("oas")),
        ("partial correlation", ShrunkCovariance(shrinkage=0.1), *_shrink(0.1)),
    ):
        other = connectome.ConnectivityMeasure(
            cov_estimator=estimator, kind=kind, standardize=False
        )
        (expected,) = other.fit_transform([z])
        assert_allclose(measure(z, **options), expected, rtol=1e-8, atol=1e-12)


def _shrink(shrinkage):
    return measures.partial_correlation, {"shrinkage": shrinkage}


@pytest.mark.parametrize("discard", [False, True])
def test_nilearn_vectors(fmri, discard):
    connectome = pytest.importorskip("nilearn.connectome")
    other = connectome.ConnectivityMeasure(
        cov_estimator=EmpiricalCovariance(),
        kind="correlation",
        vectorize=True,
        discard_diagonal=discard,
        standardize=False,
    )
    X = [fmri[:120], fmri[120:240]]
    rows = connectome_rows(other.fit_transform(X), layout="lower", diagonal=not discard)
    expected = FunctionalConnectome(absolute=False).fit_transform(X)
    assert_allclose(rows, expected, atol=1e-12)


def test_nilearn_clean(fmri):
    signal = pytest.importorskip("nilearn.signal")
    regions, confounds = fmri[:, 3:], fmri[:, :3]
    options = {"detrend": False, "standardize": None, "filter": False}
    expected = signal.clean(regions, confounds=confounds, **options)
    assert_allclose(regress_confounds(regions, confounds), expected, rtol=1e-10)
    more = np.column_stack([confounds, regions.mean(axis=1)])
    expected = signal.clean(regions, confounds=more, **options)
    found = regress_confounds(regions, confounds, global_signal=True)
    assert_allclose(found, expected, rtol=1e-10)


@pytest.fixture
def symmetric_window(monkeypatch):
    """Let segments have the symmetric Hann window of the other packages."""
    monkeypatch.setattr(_spectral, "get_window", lambda _, length: np.hanning(length))


def test_mne_connectivity(eeg, symmetric_window):
    pytest.importorskip("mne_connectivity")
    from mne_connectivity import spectral_connectivity_epochs

    segments = np.lib.stride_tricks.sliding_window_view(eeg, 256, axis=0)[::128]
    options = {"sampling_rate": 128, "band": (8, 12), "segment_length": 256}
    coherency, locking = spectral_connectivity_epochs(
        segments,
        method=["coh", "plv"],
        mode="fourier",
        sfreq=128,
        fmin=8,
        fmax=12,
        verbose="error",
    )
    dense = coherency.get_data("dense")
    squared = (dense**2).mean(axis=2)
    found = measures.coherence(eeg, **options)
    assert_allclose(found[LOWER], squared[LOWER], rtol=1e-10)
    expected = locking.get_data("dense").mean(axis=2)
    found = measures.phase_locking_value(eeg, **options)
    assert_allclose(found[LOWER], expected[LOWER], rtol=1e-10)
    # Each frequency is a lower triangle with zeros above, dense or raveled.
    rows = connectome_rows(np.moveaxis(dense, 2, 0))
    assert_allclose(rows[0][:13], dense[1:, 0, 0])
    raveled = connectome_rows(coherency.get_data("raveled").T, layout="raveled")
    assert_allclose(raveled, rows)


def test_pyriemann_coherence(eeg, symmetric_window):
    covariance = pytest.importorskip("pyriemann.geometry.covariance")
    options = {"sampling_rate": 128, "band": (8, 12), "segment_length": 256}
    centred = eeg - eeg.mean(axis=0)
    expected, _ = covariance.coherence(
        centred.T, window=256, overlap=0.5, fmin=8, fmax=12, fs=128
    )
    found = measures.coherence(eeg, **options)
    # pyRiemann does not centre each segment.
    assert_allclose(found[LOWER], expected.mean(axis=2)[LOWER], atol=1e-4)
