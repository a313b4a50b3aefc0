"""Tables of states: counted by hand, and never across recordings."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from sktopo.inference import state_table, transition_table

pytest.importorskip("pandas")


def find(table, **values):
    for name, value in values.items():
        table = table[table[name] == value]
    assert len(table) == 1
    return table.iloc[0]


def test_states_are_counted_by_hand():
    labels = ["a", "a", "b", "b", "b", "a", "b", "b"]
    recordings = [7, 7, 7, 7, 7, 7, 3, 3]
    table = state_table(labels, recordings, interval=2.5)
    assert list(table.columns) == [
        *("recording", "state", "occupancy", "n_visits", "dwell_time"),
    ]
    assert list(zip(table["recording"], table["state"], strict=True)) == [
        *((3, "a"), (3, "b"), (7, "a"), (7, "b")),
    ]
    assert_allclose(table["occupancy"], [0, 1, 0.5, 0.5])
    assert_array_equal(table["n_visits"], [0, 1, 2, 1])
    assert_allclose(table["dwell_time"], [np.nan, 5, 2.5 * 1.5, 7.5])


def test_transitions_are_counted_by_hand():
    labels, recordings = ["a", "a", "b", "a", "b", "b"], [0, 0, 0, 0, 1, 1]
    table = transition_table(labels, recordings)
    assert len(table) == 8
    counts = {tuple(row[:3]): tuple(row[3:]) for row in table.itertuples(index=False)}
    assert counts[0, "a", "a"] == (1, 0.5)
    assert counts[0, "a", "b"] == (1, 0.5)
    assert counts[0, "b", "a"] == (1, 1.0)
    assert counts[0, "b", "b"] == (0, 0.0)
    assert counts[1, "b", "b"] == (1, 1.0)
    assert counts[1, "a", "b"][0] == 0 and np.isnan(counts[1, "a", "b"][1])


@settings(max_examples=20)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3)), min_size=1))
def test_tables_are_those_of_loops(windows):
    labels, recordings = np.transpose(windows)
    table = state_table(labels, recordings, interval=3)
    transitions = transition_table(labels, recordings)
    for recording in np.unique(recordings):
        sequence = [s for s, r in windows if r == recording]
        pairs = list(zip(sequence, sequence[1:], strict=False))
        for state in np.unique(labels):
            row = find(table, recording=recording, state=state)
            visits = sum(
                s == state and (k == 0 or sequence[k - 1] != state)
                for k, s in enumerate(sequence)
            )
            assert row["n_visits"] == visits
            assert row["occupancy"] == sequence.count(state) / len(sequence)
            if visits:
                assert row["dwell_time"] == pytest.approx(
                    3 * sequence.count(state) / visits
                )
            for following in np.unique(labels):
                row = find(
                    transitions,
                    recording=recording,
                    state=state,
                    next_state=following,
                )
                assert row["count"] == pairs.count((state, following))
    n_pairs = len(windows) - len(np.unique(recordings))
    assert transitions["count"].sum() == n_pairs


def test_recordings_of_the_same_state_have_no_transition_between_them():
    table = transition_table([0, 1, 0, 1], ["p", "q", "r", "s"])
    assert table["count"].sum() == 0
    assert table["probability"].isna().all()


@pytest.mark.parametrize("interval", [0, -1.0, np.nan, "2"])
def test_intervals_are_positive(interval):
    with pytest.raises(ValueError, match="interval must be"):
        state_table([0, 1], [0, 0], interval=interval)


def test_lengths_agree():
    with pytest.raises(ValueError, match="recordings has 2 labels for 3 windows"):
        state_table([0, 1, 1], [0, 0])
