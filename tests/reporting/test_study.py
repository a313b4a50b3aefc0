"""Designs, options, notes and names."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sktopo.reporting._study import (
    choose_folds,
    find_obstacle,
    group_notes,
    measure_time,
    name_class,
    read_design,
    read_names,
    say_range,
    take_notes,
)


def test_a_seed_that_is_drawn_repeats_the_report(make_options):
    drawn = make_options(random_state=np.random.RandomState(3))
    assert drawn.seed == np.random.RandomState(3).randint(2**31 - 1)
    assert make_options(random_state=7).seed == 7


@pytest.mark.parametrize("title", ["", " ", 3])
def test_titles_are_texts(make_options, title):
    with pytest.raises(ValueError, match="title must be None or a text"):
        make_options(title=title)


def test_obstacles_are_sentences():
    def find(labels, groups=None):
        return find_obstacle("network", np.asarray(labels), groups)

    assert find([0, 0, 1, 1]) is None
    assert "have the same label, 'a'" in find(["a", "a"])
    assert "every class has a single network" in find([0, 1, 2])
    # Two persons, each in one class: no other arrangement of the labels.
    persons = np.array([0, 0, 1, 1])
    assert "no other arrangement" in find([0, 0, 1, 1], persons)


def test_folds_are_as_many_as_the_smallest_class_allows():
    assert choose_folds(np.repeat([0, 1], [9, 3]), None) == 3
    assert choose_folds(np.repeat([0, 1], [9, 9]), None) == 5
    assert choose_folds(np.repeat([0, 1], [9, 1]), None) is None
    # Whole persons are in one fold: three of each class.
    persons = np.repeat(np.arange(6), 3)
    assert choose_folds(np.repeat([0, 1], 9), persons) == 3


def test_what_tests_refuse_is_refused_before_any_work():
    y = [0, 0, 0, 1, 1, 1]
    with pytest.raises(ValueError, match="covariates"):
        read_design("network", y, 6, None, [0, 0, 0, 1, 1, 1])
    with pytest.raises(ValueError, match="sample_groups has 5 labels"):
        read_design("network", y, 6, [0, 1, 2, 3, 4], None)
    with pytest.raises(ValueError, match="sample_groups are for tests of classes"):
        read_design("network", None, 6, [0, 1] * 3, None)


def test_labels_keep_their_names():
    design = read_design("network", [1.0, 1.0, 0.0, 0.0], 4, None, None)
    assert_array_equal(design.names, ["1", "1", "0", "0"])
    assert design.classes == [0, 1]
    assert [name_class(label) for label in (2.0, "a", True)] == ["2", "a", "True"]


def test_names_are_given_or_counted():
    assert_array_equal(read_names(None, 2, "network"), ["network 0", "network 1"])
    assert_array_equal(read_names([3, 4], 2, "network"), ["3", "4"])


def test_notes_are_listed_once_and_not_issued():
    notes = ["known"]
    with take_notes(notes):
        for text in ("known", "new", "new"):
            warnings.warn(text, stacklevel=1)
    assert notes == ["known", "new"]


def test_seconds_add_up():
    seconds = {"step": 1.0}
    with measure_time(seconds, "step"):
        pass
    assert 1.0 < seconds["step"] < 2.0


def test_notes_that_differ_in_numbers_are_joined():
    notes = ["Sample 0 of X ('a'): 3 units", "other", "Sample 1 of X ('b'): 4 units"]
    assert group_notes(notes, ["sub-1", "sub-2"]) == [
        "sub-1: 3 units (1 more notes like this.)",
        "other",
    ]
    note = "Sample 1 of X, and 2 more: Left out 1 unit(s) with NaN in 1 of 1 sample(s)"
    assert group_notes([note + ", the first unit 2 ('E2') in this sample."], "ab") == [
        "b, and 2 more: Left out 1 unit(s) with NaN, the first unit 2 ('E2')."
    ]


def test_ranges():
    assert say_range([3, 3]) == "3"
    assert say_range([1, 2000]) == "1 to 2,000"
