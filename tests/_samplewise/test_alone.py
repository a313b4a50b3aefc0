"""One sample alone: its row, its warnings, and rows that are equal."""

import threading
import warnings

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.preprocessing import FunctionTransformer

from sktopo._samplewise._alone import (
    Task,
    is_equal,
    only_row,
    report_warnings,
    stack_rows,
    transform_sample,
)

ROW = np.array([1.0, 2.0])


@pytest.mark.parametrize("result", [[ROW], (ROW,), ROW[None], [[1, 2]]])
def test_the_row_of_one_sample(result):
    assert_array_equal(only_row(result), ROW)


def test_tables_are_rows_of_one_sample_too():
    assert only_row(np.zeros((1, 3, 2))).shape == (3, 2)
    pandas = pytest.importorskip("pandas")
    assert_array_equal(only_row(pandas.DataFrame([ROW])), ROW)
    assert_array_equal(only_row([pandas.DataFrame([ROW])]), [ROW])


@pytest.mark.parametrize("result", [None, 3, ROW, [], np.zeros((2, 3)), "row"])
def test_other_results_are_refused(result):
    with pytest.raises(ValueError, match="expected an array or a list of one entry"):
        only_row(result)


def test_objects_are_refused():
    with pytest.raises(TypeError, match="Python objects"):
        only_row([{"a": 1}])


def test_rows_are_stacked_if_they_can_be():
    rows = [np.float32([1, 2]), np.array([3.0, 4.0])]
    assert_array_equal(stack_rows(list(rows)), [[1, 2], [3, 4]])
    assert stack_rows([rows[0]]).dtype == np.float32
    ragged = [ROW, ROW[:1]]
    assert stack_rows(ragged) is ragged


def test_rows_are_equal_up_to_rounding():
    row = np.array([1.0, 1e6, np.nan])
    assert is_equal(row, row + 1)
    assert not is_equal(row, row + 1e3)
    assert not is_equal(row, np.array([1.0, 1e6, 0.0]))
    assert not is_equal(row, row[:2])
    assert is_equal(np.array(["a"]), np.array(["a"]))
    assert not is_equal(np.array(["a"]), np.array(["b"]))
    assert is_equal(np.zeros(3), np.zeros(3)) and not is_equal(np.zeros(1), np.ones(1))


def complain(X):
    warnings.warn("odd", RuntimeWarning, stacklevel=1)
    warnings.warn("own", UserWarning, stacklevel=1)
    return X


def test_warnings_are_collected_in_the_main_thread_only():
    task = Task(FunctionTransformer(complain))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        name, row, given = transform_sample("Sample 1 of X", ROW[None], task)
    assert name == "Sample 1 of X"
    assert_array_equal(row, ROW)
    assert given == [["RuntimeWarning", "odd"], ["UserWarning", "own"]]

    def run():
        found.append(transform_sample("Sample 1 of X", ROW[None], task)[2])

    found = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
    assert found == [[]]
    assert [str(warning.message) for warning in caught] == ["odd", "own"]


def test_a_warning_of_many_samples_is_given_once():
    odd, other = ["RuntimeWarning", "odd"], ["NoSuchWarning", "other"]
    given = [("Sample 0", []), ("Sample 1", [odd, odd]), ("Sample 2", [odd, other])]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        report_warnings(given)
    assert [(w.category, str(w.message)) for w in caught] == [
        (RuntimeWarning, "Sample 1, and 1 more: odd"),
        (UserWarning, "Sample 2: other"),
    ]
