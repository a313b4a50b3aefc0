"""Groups of samples and their styles."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sktopo.plotting._groups import COLORS, LINES, MARKERS, split_groups

pytest.importorskip("matplotlib")


def test_groups_are_sorted_and_drawn_differently():
    first, second = split_groups(np.array(["b", "a", "b"]), 3)
    assert (first.name, second.name) == ("a", "b")
    assert_array_equal(first.members, [False, True, False])
    assert_array_equal(second.members, [True, False, True])
    assert (first.color, first.line, first.marker) == ("#0072B2", "-", "o")
    assert (second.color, second.line, second.marker) == ("#E69F00", "--", "s")


def test_without_labels_there_is_one_group():
    (group,) = split_groups(None, 2)
    assert group.name is None
    assert_array_equal(group.members, [True, True])


def test_styles_repeat_but_not_together():
    groups = split_groups(np.arange(50), 50)
    assert groups[8].color == COLORS[0]
    assert groups[8].line == LINES[0]
    assert groups[8].marker == MARKERS[1]
    marks = {(group.color, group.marker) for group in groups}
    assert len(marks) == 50


def test_labels_must_be_as_many_as_samples():
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        split_groups([0, 1], 3)
