"""Blocks of columns: level, scale and shape of groups, and nearest barycenters."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import pdist
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.neighbors import NearestCentroid

from sktopo.inference._blocks import (
    bring_to_unit,
    check_names,
    check_slices,
    classify,
    embed_rows,
    list_folds,
    split_between,
    split_name,
)

EPS = np.finfo(float).eps
GROUPS = np.repeat([0, 1, 2], [2, 5, 9])


def make_rows(n_columns=12, seed=0):
    rng = np.random.default_rng(seed)
    rows = np.sort(rng.normal(size=(len(GROUPS), n_columns)), axis=1)
    return rows * (1 + 0.3 * GROUPS[:, None]) + 0.2 * GROUPS[:, None]


def test_parts_add_up_to_the_sum_of_squares_between_groups():
    rows = make_rows()
    sizes = np.bincount(GROUPS)
    means = np.stack([rows[GROUPS == k].mean(axis=0) for k in range(3)])
    between = (sizes[:, None] * (means - rows.mean(axis=0)) ** 2).sum()
    level = scale = 0
    for g, h in ((0, 1), (0, 2), (1, 2)):
        weight = sizes[g] * sizes[h] / len(rows)
        level += weight * rows.shape[1] * (means[g].mean() - means[h].mean()) ** 2
        scale += weight * rows.shape[1] * (means[g].std() - means[h].std()) ** 2
    shares = split_between(rows, GROUPS, EPS)
    assert_allclose(shares[:2], [level / between, scale / between])
    assert_allclose(shares.sum(), 1, atol=1e-12)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda q: q + 1, [1, 0, 0]),
        (lambda q: 3 * (q - q.mean()) + q.mean(), [0, 1, 0]),
    ],
)
def test_a_change_of_level_or_scale_is_called_so(change, expected):
    q = np.sort(np.random.default_rng(0).normal(size=9))
    rows = np.stack([q, q, change(q), change(q)])
    assert_allclose(
        split_between(rows, np.array([0, 0, 1, 1]), EPS), expected, atol=1e-12
    )


def test_groups_of_one_barycenter_have_no_parts():
    rows = make_rows()[:4]
    groups = np.array([0, 0, 1, 1])
    rows[2:] = rows[:2][::-1]
    assert np.isnan(split_between(rows, groups, EPS)).all()
    moved = np.float32(rows / 3) + np.float32(2.0**10)
    unit = bring_to_unit(moved, "test")
    assert np.isnan(split_between(unit, groups, np.finfo(np.float32).eps)).all()


@pytest.mark.parametrize("n_columns", [3, 12, 200])
@pytest.mark.parametrize("power", [-99, 0, 99])
def test_points_have_the_distances_of_rows(n_columns, power):
    rows = make_rows(n_columns)
    points = embed_rows(bring_to_unit(np.ldexp(rows, power), "test"))
    assert points.shape[1] <= len(rows)
    ratio = pdist(points) / pdist(rows)
    assert_allclose(ratio, ratio[0])
    assert 0.1 < np.abs(points).max() <= 4 * n_columns**0.5


def test_equal_rows_are_one_point():
    assert not embed_rows(bring_to_unit(np.full((3, 5), 7.0), "test")).any()


@pytest.mark.parametrize("cv", [2, 3])
def test_accuracy_is_that_of_nearest_centroids(cv):
    groups = GROUPS[2:] - 1
    rows = make_rows(30)[2:]
    folds = list_folds(groups, cv)
    predicted = cross_val_predict(
        NearestCentroid(), rows, groups, cv=StratifiedKFold(cv)
    )
    expected = balanced_accuracy_score(groups, predicted)
    assert classify(embed_rows(rows), groups, folds) == pytest.approx(expected)
    assert 0.5 < expected < 1


def test_groups_of_any_size_weigh_the_same():
    # Everything is nearest to the first group: one of two groups is found.
    groups = np.repeat([0, 1], [2, 8])
    assert classify(np.zeros((10, 3)), groups, list_folds(groups, 2)) == 0.5


def test_folds_need_samples_of_each_group():
    with pytest.raises(ValueError, match="cv=3 needs 3 samples.*group a of y has 2"):
        list_folds(np.array(list("aabbb")), 3)
    for cv in (1, 2.0, "5", None, True):
        with pytest.raises(ValueError, match="cv must be an integer of at least 2"):
            list_folds(GROUPS, cv)
    tests = np.concatenate([test for _, test in list_folds(GROUPS, 2)])
    assert_array_equal(np.sort(tests), np.arange(len(GROUPS)))


def test_names_of_slices():
    assert split_name("births") == ("births", "all")
    assert split_name("strengths[fc1--fc2]") == ("strengths", "fc1--fc2")
    assert split_name("local[a[0]--b]") == ("local", "a[0]--b")


@pytest.mark.parametrize(
    "slices",
    [
        None,
        {},
        [slice(0, 3)],
        {"a": [0, 1]},
        {"a": slice(3, 3)},
        {"a": slice(9, 12)},
        {"a": slice("b")},
        {"a": slice(0, 4, 0)},
        {3: slice(0, 3)},
        "births",
    ],
)
def test_what_are_no_slices_is_refused(slices):
    with pytest.raises(ValueError, match="^slices"):
        check_slices(slices, 5)
    check_slices({"a": slice(0, 5), "b": slice(4, 9)}, 5)


def test_slices_of_one_profile_and_block_are_refused():
    check_names(["births", "births[a]", "deaths[a]", "births[a--all]"])
    with pytest.raises(ValueError, match=r"'births' and 'births\[all\]' would have"):
        check_names(["births", "deaths", "births[all]"])


def test_folds_keep_strata_together():
    labels, strata = np.tile([0, 1], 10), np.repeat(np.arange(5), 4)
    folds = list_folds(labels, 3, strata)
    assert_array_equal(np.sort(np.concatenate([f[1] for f in folds])), np.arange(20))
    for train, test in folds:
        assert set(strata[train]).isdisjoint(strata[test])
    with pytest.raises(ValueError, match="^cv=6 folds that keep the 5 sample_groups"):
        list_folds(labels, 6, strata)
