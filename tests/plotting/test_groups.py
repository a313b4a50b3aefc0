"""Groups of samples: their names, order and styles."""

import itertools
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from sktopo.plotting._groups import MOST_GROUPS, number_names, split_groups

pytest.importorskip("matplotlib")

pandas = pytest.importorskip("pandas")


def styles_of(groups, *, colored=True):
    """List what sets apart the lines, and the points, of groups."""
    lines = [
        (g.line["color"] * colored, g.line["linestyle"], g.line.get("marker"))
        for g in groups
    ]
    points = []
    for group in groups:
        is_pale = group.points["linewidths"] > 0
        points.append((group.color * colored, group.points["marker"], is_pale))
    return lines, points


def test_groups_are_sorted_and_drawn_differently():
    first, second = split_groups(np.array(["b", "a", "b"]), 3)
    assert (first.name, second.name) == ("a", "b")
    assert_array_equal(first.members, [False, True, False])
    assert_array_equal(second.members, [True, False, True])
    assert first.line == {"color": "#0072B2", "linestyle": "-"}
    assert second.line == {"color": "#E69F00", "linestyle": "--"}
    assert first.points["marker"] == "o"
    assert second.points["marker"] == "s"
    assert first.points["facecolors"] == "#0072B2"


def test_without_labels_there_is_one_group():
    (group,) = split_groups(None, 2)
    assert group.name is None
    assert_array_equal(group.members, [True, True])


def test_every_pair_of_groups_differs():
    groups = split_groups(np.arange(MOST_GROUPS), MOST_GROUPS)
    for styles in styles_of(groups):
        assert len(set(styles)) == MOST_GROUPS
    # In grey, and for readers who do not see a colour, 20 groups still differ.
    for styles in styles_of(groups[:20], colored=False):
        assert len(set(styles)) == 20
    assert len({group.color for group in groups[:8]}) == 8


def test_more_groups_than_styles_are_refused():
    with pytest.raises(ValueError, match=f"y has {MOST_GROUPS + 1} groups; at most"):
        split_groups(np.arange(MOST_GROUPS + 1) / 7, MOST_GROUPS + 1)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["cluster 10", "cluster 9", "cluster 1"], "cluster 1,cluster 9,cluster 10"),
        ([10, 9, 100, -1], "-1,9,10,100"),
        ([0.1, 0.05, 1e-5, 10.0], "1e-05,0.05,0.1,10.0"),
        (["lr 1e-3", "lr 0.01", "lr 1e-4"], "lr 1e-4,lr 1e-3,lr 0.01"),
        (["fc10[2]", "fc9[10]", "fc9[9]", "fc"], "fc,fc9[9],fc9[10],fc10[2]"),
        (["b", "", "_a", "10", "9", "B"], ",9,10,B,_a,b"),
        ([True, False], "False,True"),
    ],
)
def test_names_are_in_natural_order(labels, expected):
    names, numbers = number_names(labels, len(labels))
    assert ",".join(names) == expected
    assert [names[number] for number in numbers] == [str(label) for label in labels]


@given(st.lists(st.text(max_size=6), min_size=1, max_size=12, unique=True))
@settings(max_examples=30)
def test_groups_are_the_same_in_any_order_of_samples(names):
    groups = split_groups(np.array(names, dtype=object), len(names))
    assert sorted(group.name for group in groups) == sorted(names)
    for group in groups:
        assert [names[k] for k in np.flatnonzero(group.members)] == [group.name]
    turned = split_groups(np.array(names[::-1], dtype=object), len(names))
    assert [group.name for group in turned] == [group.name for group in groups]
    for styles in styles_of(groups):
        assert len(set(styles)) == len(names)


@given(st.sets(st.integers(0, MOST_GROUPS - 1), min_size=1), st.sampled_from("x ä_"))
@settings(max_examples=30)
def test_a_numbered_group_keeps_its_style_when_others_are_empty(present, prefix):
    full = split_groups(np.arange(50), 50)
    for labels in (sorted(present), [f"{prefix}{k}" for k in sorted(present)]):
        found = split_groups(labels, len(labels))
        for k, group in zip(sorted(present), found, strict=True):
            assert group.line == full[k].line
            assert group.points == full[k].points


def test_numbers_that_do_not_count_give_no_styles():
    for labels in ([16, 64, 256], [0.001, 0.01], ["1a", "1b"], ["a 0", "b 1"]):
        groups = split_groups(labels, len(labels))
        assert [group.color for group in groups[:2]] == ["#0072B2", "#E69F00"]


@pytest.mark.parametrize("missing", [None, np.nan, pandas.NaT, pandas.NA])
def test_missing_labels_are_refused_by_sample(missing):
    labels = ["a", "b", missing, "a"]
    for y in (labels, np.array(labels, dtype=object), pandas.Series(labels)):
        with pytest.raises(ValueError, match=r"y .*missing label.* at sample 2"):
            split_groups(y, 4)


def test_labels_must_be_as_many_as_samples():
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        split_groups([0, 1], 3)


def test_styles_are_known_to_matplotlib():
    from matplotlib.lines import Line2D

    for group in split_groups(np.arange(MOST_GROUPS), MOST_GROUPS):
        line = Line2D([0], [0], **group.line)
        assert line.get_color() == group.color
        assert re.fullmatch("#[0-9A-F]{6}", group.color)
        marker = Line2D([0], [0], marker=group.points["marker"])
        assert marker.get_marker() == group.points["marker"]


def test_a_pale_marker_is_lighter_than_its_colour():
    from matplotlib.colors import to_rgb

    groups = split_groups(np.arange(20), 20)
    for dark, pale in itertools.pairwise(groups[9:11]):
        assert dark.points["facecolors"] == dark.color
        assert min(pale.points["facecolors"]) >= 0.8
        assert np.all(np.array(pale.points["facecolors"]) >= to_rgb(pale.color))
