"""Records of scalars: read from tables, and summarised over runs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from sktopo.plotting._records import check_once, read_records, summarize_runs

COLUMNS = {
    "step": [0, 10, 0, 10],
    "run": ["a", "a", "b", "b"],
    "layer": ["fc1"] * 4,
    "level": [0.1, 0.2, 0.3, None],
    "note": ["x", "y", "x", "y"],
    "empty": [np.nan] * 4,
    "count": [1, 2, 3, 4],
}


def make_pandas():
    return pytest.importorskip("pandas").DataFrame(COLUMNS)


def make_nullable():
    return make_pandas().convert_dtypes()


def make_polars():
    return pytest.importorskip("polars").DataFrame(COLUMNS, strict=False)


@pytest.mark.parametrize(
    "make", [lambda: COLUMNS, make_pandas, make_nullable, make_polars]
)
def test_tables_of_any_kind(make):
    table = make()
    records = read_records(table, None, "note")
    # Columns without any number are left out.
    scalars = [name for name in records.names if name != "level"]
    assert scalars == ["count"]
    records = read_records(table, ["count", "level"], "note")
    assert records.names == ["count", "level"]
    assert_array_equal(records.steps, [0, 10, 0, 10])
    assert_array_equal(
        records.values, np.transpose([[1, 2, 3, 4], [0.1, 0.2, 0.3, np.nan]])
    )
    assert list(records.runs) == ["a", "a", "b", "b"]
    assert list(records.layers) == ["fc1"] * 4
    assert list(records.groups) == ["x", "y", "x", "y"]


def test_layers_can_be_groups():
    records = read_records(COLUMNS, "count", "layer")
    assert records.layers is None
    assert list(records.groups) == ["fc1"] * 4
    records = read_records({"step": [1.5], "level": [2]}, None, None)
    assert records.runs is records.layers is records.groups is None


@pytest.mark.parametrize(
    ("change", "y", "hue", "message"),
    [
        ({"step": []}, None, None, "table has no rows; expected a row for each"),
        ({"step": ["a"] * 4}, None, None, "Column 'step' .* does not hold numbers"),
        ({"step": [0, 1, 2, np.nan]}, None, None, "step contains NaN at index 3"),
        ({"run": ["a", None, "b", "b"]}, None, None, "run contains a missing label"),
        ({"level": [1, np.inf, 2, 3]}, "level", None, "Column 'level' contains infin"),
        ({"level": [1, 2]}, "level", None, "'level' .* has 2 numbers for 4 steps"),
        ({"step": 3}, "level", None, "step has shape"),
        ({}, "note", None, "Column 'note' of table does not hold numbers"),
        ({}, "empty", None, "Column 'empty' of table is missing in all rows"),
        ({}, "step", None, "y='step' does not name scalars .*'level'"),
        ({}, [], None, r"y=\[\] does not name scalars"),
        ({}, 3, None, "y=3 does not name scalars"),
        ({}, None, "group", "hue='group' is not a column of table"),
        ({}, None, ["run"], r"hue=\['run'\] is not a column of table"),
    ],
)
def test_what_is_missing_or_wrong_is_named(change, y, hue, message):
    with pytest.raises(ValueError, match=message):
        read_records({**COLUMNS, **change}, y, hue)


def test_what_is_not_a_table_is_refused():
    for table in (None, 3, "table", [1], np.ones((2, 2)), dict):
        with pytest.raises(TypeError, match="table must be a data frame in long form"):
            read_records(table, None, None)
    with pytest.raises(ValueError, match="table has no column 'step'"):
        read_records({"level": [1.0]}, None, None)
    with pytest.raises(ValueError, match="table has no column of scalars"):
        read_records({"step": [1.0]}, None, None)


def test_one_record_of_each_run_at_a_step():
    steps = np.array([0.0, 1, 0])
    check_once(steps, np.array(["a", "a", "b"]), None)
    with pytest.raises(ValueError, match="Rows 0 and 2 are of the same run at step 0"):
        check_once(steps, np.array(["a", "a", "a"]), None)


def test_summaries_by_hand():
    steps = np.array([5.0, 0, 0, 5, 0, 9])
    values = np.array([7.0, 1, 2, np.nan, 6, np.nan])
    found = summarize_runs(steps, values, "mean")
    deviation = np.sqrt(14 / 3)
    expected = [[0, 5], [3 - deviation, 7], [3, 7], [3 + deviation, 7]]
    assert_allclose(np.array(found), expected)
    found = summarize_runs(steps, values, "median")
    assert_allclose(np.array(found), [[0, 5], [1.5, 7], [2, 7], [4, 7]])


@given(st.permutations(range(8)), st.sampled_from(["mean", "median"]))
def test_the_order_of_records_does_not_matter(order, average):
    steps = np.array([0.0, 1, 2, 3] * 2)
    values = np.random.default_rng(0).random(8)
    expected = summarize_runs(steps, values, average)
    found = summarize_runs(steps[list(order)], values[list(order)], average)
    assert_allclose(np.array(found), np.array(expected), rtol=1e-12)
