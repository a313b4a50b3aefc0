"""Tables of numbers in text files."""

import csv
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from sktopo.datasets._text import Table, drop_counter, read_text

VALUES = np.random.default_rng(0).normal(size=(6, 4)).round(3)
NAMES = ["LCau", "RCau", "Left, putamen", "R;Put"]


def write(path, values=VALUES, *, header=None, index=None, delimiter=",", decimal="."):
    """Write a table with the csv module; `index` may come with a corner."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter)
    if header is not None:
        writer.writerow(header)
    for k, row in enumerate(np.asarray(values).tolist()):
        cells = [str(x).replace(".", decimal) for x in row]
        writer.writerow(([] if index is None else [index[k]]) + cells)
    path.write_text(out.getvalue(), encoding="utf-8")
    return path


@pytest.mark.parametrize("delimiter", [",", ";", "\t", " "])
@pytest.mark.parametrize("named", [True, False])
def test_any_delimiter_with_and_without_names(tmp_path, delimiter, named):
    header = NAMES if named else None
    table = read_text(write(tmp_path / "x", header=header, delimiter=delimiter))
    assert_array_equal(table.values, VALUES)
    assert table.column_names == header
    assert table.row_names is None


def test_decimal_commas_between_semicolons(tmp_path):
    path = write(tmp_path / "x", delimiter=";", decimal=",")
    assert_array_equal(read_text(path).values, VALUES)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", " "])
def test_names_of_rows(tmp_path, delimiter):
    index = ["a", "b", "c", "d", "e", "f f"]
    rows = {"index": index, "delimiter": delimiter}
    for header in (None, ["", *NAMES], ["region", *NAMES], NAMES):  # the last is R's
        table = read_text(write(tmp_path / "x", header=header, **rows))
        assert_array_equal(table.values, VALUES)
        assert table.row_names == index
        assert table.column_names == (None if header is None else NAMES)


@pytest.mark.parametrize(
    "header",
    [["", 0, 1, 2, 3], ["name", 1, 2, 3, 4], ["name", 0, 1.89, 3.78, 5.67], None],
)
def test_counts_and_times_name_nothing(tmp_path, header):
    path = write(tmp_path / "x", header=header, index=list("abcdef"))
    table = read_text(path)
    assert_array_equal(table.values, VALUES)
    assert table.column_names is None
    assert table.row_names == list("abcdef")


def test_frames_of_pandas_without_names(tmp_path):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(VALUES)
    for index in (True, False):
        frame.to_csv(tmp_path / "x", index=index)
        table = read_text(tmp_path / "x")
        assert_array_equal(table.values, VALUES)
        assert table.column_names is None and table.row_names is None


def test_labels_of_an_atlas_are_names(tmp_path):
    table = read_text(write(tmp_path / "x", header=[2001, 2002, 2101, 2102]))
    assert_array_equal(table.values, VALUES)
    assert table.column_names == ["2001", "2002", "2101", "2102"]


def test_a_first_row_of_numbers_is_a_row(tmp_path):
    for first in ([3, 1, 2, 7], [0.5, 1, 1.5, 2]):
        values = np.vstack([first, VALUES])
        assert_array_equal(read_text(write(tmp_path / "x", values)).values, values)
    counts = np.arange(12).reshape(3, 4)  # integers throughout
    assert_array_equal(read_text(write(tmp_path / "x", counts)).values, counts)


def test_missing_numbers_are_nan(tmp_path):
    (tmp_path / "x").write_text("a,b,c\n1,n/a,3\n,NaN,NA\n4,5,\n")
    expected = [[1, np.nan, 3], [np.nan] * 3, [4, 5, np.nan]]
    assert_array_equal(read_text(tmp_path / "x").values, expected)


def test_comments_empty_lines_marks_and_last_delimiters(tmp_path):
    text = "\ufeff# made by x, y\r\n% 1\r\na,b,\r\n\r\n1, 2,\r\n3,4,\r\n"
    (tmp_path / "x").write_text(text, encoding="utf-8", newline="")
    table = read_text(tmp_path / "x")
    assert_array_equal(table.values, [[1, 2], [3, 4]])
    assert table.column_names == ["a", "b"]


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "it is empty"),
        ("# only\n", "it is empty"),
        ("a,b,c\n", "there are no numbers in it"),
        ("a,b\n\n1,2\n1,2,3\n", r"line 4 has 3 value\(s\), the first row 2"),
        ("a,b,c,d\n1,2\n1,2\n", "4 names for 2 columns"),
        ("a,b\n1,2\n3,rest\n", "line 3, column 'b' holds 'rest'; expected a number"),
        ("1,2,3\n3,x,5\n", "line 2, column 1 holds 'x'; expected a number"),
        ("1;2,5;3\n3;1.000,5;5\n", "line 2, column 1 holds '1.000.5'"),
    ],
)
def test_errors_say_where(tmp_path, text, message):
    (tmp_path / "x").write_text(text)
    with pytest.raises(ValueError, match=message):
        read_text(tmp_path / "x")


def test_other_encodings_are_named(tmp_path):
    (tmp_path / "x").write_text("a,b\n1,2\n", encoding="utf-16")
    with pytest.raises(ValueError, match="it is not text in UTF-8"):
        read_text(tmp_path / "x")


def test_a_counter_or_times_are_left_out():
    for start, step in ((0, 1), (1, 1), (0.0, 1.89)):
        column = (start + step * np.arange(6)).round(2)
        table = Table(np.column_stack([column, VALUES]), None, ["t", *NAMES])
        left = drop_counter(table)
        assert_array_equal(left.values, VALUES)
        assert left.column_names == NAMES
    assert drop_counter(Table(np.column_stack([column, VALUES]))).column_names is None


def test_other_columns_stay():
    ramp = np.arange(6.0)[:, None]
    for values in (VALUES, ramp + np.arange(4), -ramp * [1, 0, 0, 0] + VALUES[:1]):
        table = Table(values)
        assert drop_counter(table) is table
    short = Table(np.column_stack([np.arange(3), VALUES[:3]]))
    assert drop_counter(short) is short


numbers = st.floats(allow_nan=False, allow_infinity=False, width=64)


@settings(max_examples=30)
@given(st.lists(st.tuples(numbers, numbers, numbers), min_size=2, max_size=5))
def test_numbers_are_read_exactly(tmp_path_factory, rows):
    path = write(tmp_path_factory.mktemp("numbers") / "x", rows, header=["a", "b", "c"])
    assert_array_equal(read_text(path).values, rows)
