"""Coherence and phase locking values in bands."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import signal

from sktopo.connectomes.measures import coherence, phase_locking_value

MEASURES = (coherence, phase_locking_value)


def make_rhythms(n_seconds=20):
    """Make three channels at 100 Hz, of which two share a rhythm of 10 Hz."""
    time = np.arange(100 * n_seconds) / 100
    rhythms = np.sin(2 * np.pi * 10 * time[:, np.newaxis] + [0, 1, 0]) * [1, 1, 0]
    return rhythms + np.random.default_rng(0).normal(size=(len(time), 3))


def test_coherence_in_a_band_equals_scipy():
    sample = make_rhythms()
    found = coherence(sample, sampling_rate=100, band=(8, 12), segment_length=200)
    frequencies, expected = signal.coherence(*sample.T[:2], fs=100, nperseg=200)
    inside = (frequencies >= 8) & (frequencies <= 12)
    assert inside.sum() == 9  # both ends included
    assert_allclose(found[0, 1], expected[inside].mean(), rtol=1e-10)


@pytest.mark.parametrize("measure", MEASURES)
def test_a_rhythm_is_found_where_it_is(measure):
    sample = make_rhythms(60)
    inside, outside = (
        measure(sample, sampling_rate=100, band=band, segment_length=100)
        for band in ((10, 10), (20, 40))
    )
    assert inside[0, 1] > 0.8
    assert np.abs(inside[2, :2]).max() < 0.2
    assert np.abs(outside[np.triu_indices(3, 1)]).max() < 0.2


def test_only_phases_count_for_locking():
    sample = make_rhythms()
    loud = sample * np.linspace(1, 50, len(sample))[:, np.newaxis] ** 2
    options = {"sampling_rate": 100, "band": (10, 10), "segment_length": 20}
    changes = [
        np.abs(measure(loud, **options) - measure(sample, **options)).max()
        for measure in MEASURES
    ]
    assert changes[1] < changes[0] / 2


@given(
    measure=st.sampled_from(MEASURES),
    seed=st.integers(0, 2**16),
    length=st.integers(2, 20),
    rate=st.sampled_from([1.0, 0.5, 250]),
)
@settings(max_examples=30)
def test_invariances(measure, seed, length, rate):
    rng = np.random.default_rng(seed)
    sample = rng.normal(size=(40, 4)).cumsum(axis=0)
    relate = partial(measure, segment_length=length)
    found = relate(sample)
    assert found.min() >= 0 and found.max() <= 1
    moved = sample * rng.uniform(-9, 9, 4) + rng.normal(size=4)
    assert_allclose(relate(moved), found, atol=1e-9)
    other = relate(sample, sampling_rate=rate, band=(0, rate / 2))
    assert_allclose(other, found, atol=1e-12)


@pytest.mark.parametrize("measure", MEASURES)
def test_units_without_power_in_the_band(measure):
    time = np.arange(400)
    noise = np.random.default_rng(0).normal(size=400)
    alternating = 1.0 - 2 * (time % 2)  # all its power is at the highest frequency
    sample = np.column_stack([noise, alternating, noise])
    found = measure(sample, band=(0.1, 0.2), segment_length=40)
    assert_allclose(found, [[1, 0, 1], [0, 1, 0], [1, 0, 1]], atol=1e-12)


@pytest.mark.parametrize("measure", MEASURES)
def test_a_unit_that_is_silent_in_some_segments(measure):
    noise = np.random.default_rng(0).normal(size=(80, 2))
    noise[:40, 1] = 0.1
    found = measure(noise, segment_length=20)
    assert np.isfinite(found).all()
    if measure is phase_locking_value:  # three of seven segments have no phase
        assert found[0, 1] <= 4 / 7


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sampling_rate": 0}, "^sampling_rate must be positive"),
        ({"sampling_rate": "fast"}, "^sampling_rate must be a finite number"),
        ({"band": 3}, "^band must be two frequencies .*, got 3.$"),
        ({"band": (1, 2, 3)}, "^band must be two frequencies"),
        ({"band": (0.1, "a")}, "^The second frequency of band must be"),
        ({"band": (0.3, 0.2)}, r"^The first frequency of band .* \[0, 0.2\]"),
        ({"band": (8, 12)}, r"^band=\(8, 12\) reaches beyond 0.5, half of"),
        ({"band": (0.01, 0.02)}, "^No frequency lies in band=.* 0.125, 0.25, ... up"),
        ({"band": (0, 0)}, "^No frequency lies in band"),
        ({"segment_length": 1}, "^segment_length must be an integer of at least 2"),
        ({"segment_length": 40}, r"^40 observations make 1 segment\(s\) of 40;"),
        ({"segment_length": 41}, r"^40 observations make 0 segment\(s\) of 41;"),
    ],
)
def test_bad_parameters(activations, measure, options, message):
    with pytest.raises(ValueError, match=message):
        measure(activations[0], **options)
