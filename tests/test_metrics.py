"""Scores, compared with hand-computed cases and brute force."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.cluster import KMeans
from sklearn.datasets import make_blobs
from sklearn.metrics import adjusted_rand_score
from sklearn.model_selection import GridSearchCV, cross_validate

from sktopo.metrics import (
    concept_separation,
    matched_accuracy_score,
    matched_accuracy_scorer,
    purity_score,
    purity_scorer,
)

LABELS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=30
)


def test_purity_by_hand():
    # The example of Manning et al., figure 16.4: (5 + 4 + 3) / 17.
    clusters = {0: "xxxxxo", 1: "xoooo!", 2: "xx!!!"}
    true = [label for members in clusters.values() for label in members]
    pred = [k for k, members in clusters.items() for _ in members]
    assert purity_score(true, pred) == pytest.approx(12 / 17)


def test_purity_is_not_symmetric():
    true, pred = [0, 0, 1, 1], [0, 0, 0, 0]
    assert purity_score(true, pred) == 0.5
    assert purity_score(pred, true) == 1.0


@given(LABELS)
def test_purity_by_counting(pairs):
    true, pred = zip(*pairs, strict=True)
    majority = sum(
        max(sum(t == c for t, p in pairs if p == k) for c in set(true))
        for k in set(pred)
    )
    assert purity_score(true, pred) == pytest.approx(majority / len(pairs))


@given(LABELS)
def test_matched_accuracy_by_brute_force(pairs):
    true, pred = zip(*pairs, strict=True)
    best = max(
        np.mean([names[p] == t for t, p in pairs]) for names in permutations(range(4))
    )
    assert matched_accuracy_score(true, pred) == pytest.approx(best)
    assert matched_accuracy_score(true, pred) <= purity_score(true, pred) + 1e-12


@given(LABELS, st.permutations(range(4)))
def test_names_of_clusters_do_not_matter(pairs, names):
    true, pred = zip(*pairs, strict=True)
    renamed = ["abcd"[names[p]] for p in pred]
    for score in (purity_score, matched_accuracy_score):
        assert score(true, renamed) == pytest.approx(score(true, pred))


def test_extra_clusters_match_nothing():
    assert matched_accuracy_score([0] * 4, [0, 1, 2, 3]) == 0.25
    assert matched_accuracy_score([0, 1, 2, 3], [0] * 4) == 0.25


@pytest.mark.parametrize("score", [purity_score, matched_accuracy_score])
@pytest.mark.parametrize(
    ("true", "pred", "message"),
    [
        ([0, 1], [0], "^labels_pred has 1 labels.* inconsistent numbers of samples"),
        ([], [], "^There are no samples to score; at least 1 is required.$"),
        ([[0, 1], [1, 0]], [0, 1], "^labels_true must be a 1d array"),
        ([0, np.nan, 1], [0, 1, 1], "^labels_true contains a missing label.* sample 1"),
        ([0, 1, 1], ["a", "b", None], "^labels_pred contains a missing .* sample 2"),
        ([0.1, 0.2, 0.3], [0, 1, 1], "Unknown label type: labels_true contains 0.1"),
        ([0, 1, 1], [1.0, 0.6, 0.7], "Unknown label type: labels_pred contains 0.6"),
        ("ab", [0, 1], "labels_true must be a 1d array"),
        ({0: 1}, [0], "labels_true must be a 1d array"),
        (np.array([0, "a"], dtype=object), [0, 1], "labels of different types"),
    ],
)
def test_bad_labels(score, true, pred, message):
    with pytest.raises(ValueError, match=message):
        score(true, pred)


def test_as_scorers():
    X, y = make_blobs(90, centers=3, cluster_std=0.5, random_state=0)
    scoring = {"purity": purity_scorer, "accuracy": matched_accuracy_scorer}
    results = cross_validate(
        KMeans(3, n_init=5, random_state=0), X, y, scoring=scoring, cv=3
    )
    assert results["test_purity"].min() > 0.9
    assert np.all(results["test_accuracy"] <= results["test_purity"])
    search = GridSearchCV(
        KMeans(n_init=5, random_state=0),
        {"n_clusters": [1, 2, 3]},
        scoring=scoring,
        refit="accuracy",
        cv=3,
    ).fit(X, y)
    assert search.best_params_ == {"n_clusters": 3}
    assert adjusted_rand_score(y, search.predict(X)) > 0.9


def test_concept_separation_by_hand():
    # Means 2 and 1 (ratio 2), 1 and 3 (ratio 3); the median of two logarithms.
    activations = np.array([[2.0, 1], [2, 1], [1, 3], [1, 3]])
    expected = (np.log(2) + np.log(3)) / 2
    separate = concept_separation
    assert separate(activations, [0, 0, 1, 1]) == pytest.approx(expected)
    # The unit of a feature, and features that are never active, change nothing.
    wider = np.column_stack([activations * [1e-30, 1e30], np.zeros(4)])
    assert separate(wider, list("aabb")) == pytest.approx(expected)
    assert separate(np.ones((4, 2)), [0, 0, 1, 2]) == 0
    assert separate(np.eye(4), [0, 1, 2, 3]) == np.inf


@pytest.mark.parametrize(
    ("activations", "classes", "message"),
    [
        ([[-1.0], [1]], [0, 1], "activations has a smallest number of -1"),
        ([[0.0], [0]], [0, 1], "No feature in activations is ever active"),
        ([[1.0], [1]], [0, 0], "classes holds 1 class; expected at least 2"),
        ([[1.0], [1]], [0, 1, 2], "classes has 3 labels for 2 rows"),
        ([[np.nan], [1]], [0, 1], "activations contains NaN"),
    ],
)
def test_concept_separation_refuses(activations, classes, message):
    with pytest.raises(ValueError, match=message):
        concept_separation(activations, classes)
