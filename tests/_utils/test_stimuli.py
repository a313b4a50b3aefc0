"""Names and order of stimuli."""

import numpy as np
import pytest

from sktopo._utils.stimuli import find_difference, is_reordered, read_index

pd = pytest.importorskip("pandas")


def test_indices_are_read_from_data_frames_and_series():
    frame = pd.DataFrame({"unit": [1, 2]}, index=["cat", "dog"])
    for given in (frame, frame["unit"]):
        assert read_index(given).tolist() == ["cat", "dog"]
    assert read_index(np.eye(2)) is None
    assert read_index([1, 2]) is None  # index is a method of lists


@pytest.mark.parametrize("missing", [np.nan, None, pd.NA, pd.NaT])
def test_missing_names_are_the_same(missing):
    index = read_index(
        pd.Series([1, 2], index=pd.Index(["cat", missing], dtype=object))
    )
    again = index.copy()
    assert find_difference(index, again) is None
    again[1] = "dog"
    assert find_difference(index, again) == 1


def test_missing_numbers_are_the_same():
    first, second = (
        read_index(pd.Series([1, 2], index=[0.5, np.nan])) for _ in range(2)
    )
    assert find_difference(first, second) is None


@pytest.mark.parametrize(
    ("index", "expected", "reordered"),
    [
        ("abc", "abc", False),
        ("bac", "abc", True),
        ("abd", "abc", False),
        ("ab", "ba", True),
        ("aab", "aba", False),  # which of the two is meant is not known
        ("ab", "abc", False),
    ],
)
def test_another_order(index, expected, reordered):
    assert is_reordered(np.array(list(index)), np.array(list(expected))) == reordered
