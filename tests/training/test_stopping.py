"""The stopping rule, on speeds whose stops are counted by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sktopo.training import StoppingRule

pd = pytest.importorskip("pandas")


def find(changes, steps=None, **parameters):
    """Return the record at which a rule stops; the first change is left out."""
    steps = range(len(changes) + 1) if steps is None else steps
    rule = StoppingRule(**{"window": 1, "burn_in": 0, "patience": 2, **parameters})
    return rule.find_record(np.array(steps), np.array([np.nan, *changes]))


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, 6),  # 3.9 is the last that falls by 20 %
        ({"patience": 1}, 5),
        ({"patience": 3}, 7),
        ({"tolerance": 0}, None),  # all fall
        ({"tolerance": 0.7}, 4),  # neither 5 nor 3.9 is below 0.3 * 10
        ({"tolerance": 0.7, "burn_in": 4}, 6),
        ({"patience": 6}, None),
    ],
)
def test_hand_counted(parameters, expected):
    assert find([1, 10, 5, 3.9, 3.8, 3.7, 3.6], **parameters) == expected


def test_a_new_transition_begins_anew():
    assert find([1, 10, 5, 3, 3, 3]) == 6
    assert find([1, 10, 5, 3, 3, 11, 5, 3, 3, 4]) == 10


def test_averages_over_a_window():
    # Averages of 2: 8, 6, 4, 4, 4.
    assert find([8, 4, 4, 4, 4], window=2) == 5
    assert find([8, 4, 4, 4, 4], window=1) == 4


def test_speeds_are_per_step():
    assert find([8, 4, 4, 4]) == 4
    assert find([8, 8, 16, 32], steps=[0, 1, 3, 7, 15]) == 4
    # Distances are equal, so speeds fall.
    assert find([8, 8, 8, 8], steps=[0, 1, 3, 7, 15]) is None


def test_a_network_that_does_not_move_is_stopped():
    assert find([0, 0, 0]) == 3
    assert find([0]) is None
    assert find([]) is None


@given(
    st.lists(st.integers(1, 100), min_size=1, max_size=30),
    st.sampled_from([2.0**-80, 0.25, 8.0, 2.0**90]),
    st.integers(1, 4),
    st.integers(1, 4),
)
def test_units_of_distance_and_of_steps_do_not_matter(changes, unit, stretch, window):
    expected = find(changes, window=window)
    assert find(np.multiply(unit, changes), window=window) == expected
    steps = stretch * np.arange(len(changes) + 1)
    assert find(changes, steps=steps, tolerance=0.25, window=window) == find(
        changes, tolerance=0.25, window=window
    )


def test_reads_the_table_of_one_run():
    rule = StoppingRule(window=1, burn_in=0, patience=2, layer="b")
    table = pd.DataFrame(
        {
            "step": np.repeat([0, 10, 20, 30], 2),
            "layer": ["a", "b"] * 4,
            "change": [np.nan, np.nan, 9, 5, 4, 5, 2, 5],
        }
    )
    assert rule.find_stop(table) == 30
    assert rule.find_stop(table[:6]) is None
    assert rule.find_stop(table[table["layer"] == "b"].drop(columns="layer")) == 30
    with pytest.raises(ValueError, match=r"No layer 'c' in the table; got \['a"):
        StoppingRule(layer="c").find_stop(table)
    with pytest.raises(ValueError, match="no column 'change'"):
        rule.find_stop(table.drop(columns="change"))
    with pytest.raises(ValueError, match="do not ascend; expected the table of"):
        rule.find_stop(pd.concat([table, table]))
    table.loc[5, "change"] = np.nan
    with pytest.raises(ValueError, match="record 2, at step 20, is nan; expected"):
        rule.find_stop(table)


@pytest.mark.parametrize(
    "parameters",
    [{"tolerance": -0.1}, {"tolerance": 1.1}, {"patience": 0}, {"window": 0}]
    + [{"burn_in": -1}, {"patience": 2.5}],
)
def test_wrong_parameters_are_refused(parameters):
    with pytest.raises(ValueError, match=next(iter(parameters))):
        StoppingRule(**parameters)
