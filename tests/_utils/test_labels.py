"""Labels: missing ones, numbers that are measurements, and other shapes."""

import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from sktopo._utils.labels import check_labels

NAN = float("nan")


@pytest.mark.parametrize(
    "labels",
    [
        [0, 1, 0],
        ["a", "b", "a"],
        ["a", "nan", "None"],
        [True, False, True],
        np.array([1.0, 2.0, 1.0]),
        np.array([1, 2, 1], dtype=object),
        np.array(["2020", "2021", "2020"], dtype="M8[ns]"),
        [datetime.date(2020, 1, 1), datetime.date(2021, 1, 1)] * 2,
    ],
)
def test_labels_are_kept(labels):
    found = check_labels(labels, len(labels), discrete=True)
    assert_array_equal(found, np.asarray(labels))


def test_a_column_is_flattened_and_the_number_may_be_open():
    assert_array_equal(check_labels([[1], [2], [1]], 3), [1, 2, 1])
    assert_array_equal(check_labels(["a", "b"], None), ["a", "b"])


@given(
    st.lists(st.integers(0, 3), min_size=1, max_size=6),
    st.data(),
    st.sampled_from([None, NAN, np.datetime64("NaT"), np.float32("nan")]),
    st.sampled_from([int, str]),
    st.sampled_from([list, tuple, lambda entries: np.array(entries, dtype=object)]),
)
def test_the_first_missing_label_is_named(labels, data, missing, kind, container):
    labels = [kind(label) for label in labels]
    assert check_labels(container(labels), None, discrete=True).shape == (len(labels),)
    place = data.draw(st.integers(0, len(labels)))
    labels.insert(place, missing)
    labels.append(missing)
    with pytest.raises(ValueError, match=f"missing label, .*, at sample {place}"):
        check_labels(container(labels), len(labels))


@pytest.mark.parametrize(
    "labels",
    [np.array([1, NAN, 2]), np.array(["2020", "NaT", "2021"], dtype="M8[ns]")],
)
def test_missing_labels_of_arrays(labels):
    with pytest.raises(ValueError, match="groups contains a missing label.* sample 1"):
        check_labels(labels, 3, "groups")


@pytest.mark.parametrize("dtype", ["Int64", "string", "category", "object"])
def test_missing_labels_of_pandas(dtype):
    pandas = pytest.importorskip("pandas")
    values = pandas.Series([1, 2, 1, None]).astype("Int64")
    if dtype != "Int64":
        values = values.astype("string").astype(dtype)
    assert check_labels(values[:3], 3).shape == (3,)
    with pytest.raises(ValueError, match="y contains a missing label.* at sample 3"):
        check_labels(values, 4)


@pytest.mark.parametrize(
    ("labels", "value"),
    [
        ([1.0, 2.5, 1.0], "2.5"),
        ([1, np.inf, 2], "inf"),
        (np.array([1, 2.5, "a"], dtype=object), "2.5"),
        (np.array([1, 2.5, 2], dtype=np.float32), "2.5"),
        ([1, 1j, 2], "0j"),
    ],
)
def test_measurements_are_not_groups(labels, value):
    with pytest.raises(ValueError, match=f"Unknown label type.*{value}.*at sample"):
        check_labels(labels, 3, discrete=True)


def test_numbers_may_be_labels_where_they_are_names():
    assert_array_equal(check_labels([0.5, 1.5, np.inf], 3), [0.5, 1.5, np.inf])


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, 1], "2 labels for 3 samples.*inconsistent numbers of samples"),
        ([[0, 1]] * 3, r"y must be a 1d array.*got list of shape \(3, 2\)"),
        ([[0], [0, 1], [1]], "y must be a 1d array"),
        ([(0, 1), (1, 0), (0, 1)], "y must be a 1d array"),
        ("abc", "got str of shape"),
        ({"a": 1}, "got dict of shape"),
        ((k for k in range(3)), "got generator of shape"),
        (None, "got NoneType of shape"),
        (3, "got int of shape"),
        (np.array([1, "a", 2], dtype=object), "y mixes labels of different types"),
        ([1, "1", "a"], "y mixes labels of different types: strings and others"),
    ],
)
def test_errors(labels, message):
    with pytest.raises(ValueError, match=message):
        check_labels(labels, 3)
