"""Scores of clusters and of features against known classes, and scorers.

Each score of clusters has a scorer, which cross-validation and grid search take as
`scoring`. They fit the clusterer on some samples and score the clusters that it
predicts for others::

    cross_validate(pipeline, X, y, scoring={"purity": purity_scorer}, cv=5)
    GridSearchCV(pipeline, grid, scoring=matched_accuracy_scorer)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import make_scorer
from sklearn.metrics.cluster import contingency_matrix

from sktopo._utils.labels import check_labels
from sktopo._utils.samples import read_rows

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = [
    "concept_separation",
    "matched_accuracy_score",
    "matched_accuracy_scorer",
    "purity_score",
    "purity_scorer",
]


def purity_score(labels_true: ArrayLike, labels_pred: ArrayLike) -> float:
    """Compute the share of samples that are in the majority class of their cluster.

    The majority class of a cluster is the most frequent true class of its samples.
    The purity tends to grow with the number of clusters, so compare clusterings with
    the same number of clusters only.

    Parameters
    ----------
    labels_true : array-like of shape (n_samples,)
        True classes.

    labels_pred : array-like of shape (n_samples,)
        Clusters.

    Returns
    -------
    purity : float
        A number between 1 / n_classes and 1.0. 1.0 is perfect.

    Raises
    ------
    ValueError
        If the inputs differ in length, are not 1-D, or are empty, or a label is missing
        or is a number but not an integer.

    See Also
    --------
    matched_accuracy_score : Matches each class with at most one cluster.

    References
    ----------
    .. [1] Manning, Raghavan & Schuetze, "Introduction to Information Retrieval",
       2008, eq. 16.1.

    Examples
    --------
    >>> from sktopo.metrics import purity_score
    >>> purity_score([0, 0, 1, 1], [1, 1, 0, 1])
    0.75
    >>> purity_score([0, 0, 1, 1], [0, 0, 0, 0])  # one big cluster is not pure
    0.5
    """
    counts = _count_pairs(labels_true, labels_pred)
    return float(counts.max(axis=0).sum() / counts.sum())


def matched_accuracy_score(labels_true: ArrayLike, labels_pred: ArrayLike) -> float:
    """Compute the accuracy after the best one-to-one matching of clusters and classes.

    If there are more clusters than classes, the samples of unmatched clusters count as
    errors. The Hungarian method finds the best matching.

    Parameters
    ----------
    labels_true : array-like of shape (n_samples,)
        True classes.

    labels_pred : array-like of shape (n_samples,)
        Clusters.

    Returns
    -------
    accuracy : float
        A number between 0 and 1.0, and at most the purity. 1.0 is perfect.

    Raises
    ------
    ValueError
        If the inputs differ in length, are not 1-D, or are empty, or a label is missing
        or is a number but not an integer.

    See Also
    --------
    purity_score : Several clusters may have the same majority class.

    Examples
    --------
    >>> from sktopo.metrics import matched_accuracy_score
    >>> matched_accuracy_score([0, 0, 1, 1], [1, 1, 0, 0])
    1.0
    >>> matched_accuracy_score([0, 0, 1, 1], [0, 1, 2, 2])
    0.75
    """
    counts = _count_pairs(labels_true, labels_pred)
    matched = linear_sum_assignment(counts, maximize=True)
    return float(counts[matched].sum() / counts.sum())


def _count_pairs(labels_true, labels_pred):
    """Count the samples of each class and cluster: (n_classes, n_clusters)."""
    labels_true = check_labels(labels_true, None, "labels_true", discrete=True)
    labels_pred = check_labels(
        labels_pred, len(labels_true), "labels_pred", discrete=True
    )
    if not len(labels_true):
        raise ValueError("There are no samples to score; at least 1 is required.")
    return contingency_matrix(labels_true, labels_pred)


#: Scorer of predicted clusters by :func:`purity_score`.
purity_scorer = make_scorer(purity_score)
#: Scorer of predicted clusters by :func:`matched_accuracy_score`.
matched_accuracy_scorer = make_scorer(matched_accuracy_score)


def concept_separation(activations: ArrayLike, classes: ArrayLike) -> float:
    """Compute how much more features are active for their best class than for others.

    The mean activation of a feature over the stimuli of a class is divided by that over
    all other stimuli. The class with the largest ratio is the best for the feature. The
    result is the median over features of the natural logarithm of that ratio.

    Parameters
    ----------
    activations : array-like of shape (n_stimuli, n_features)
        Activations of features or units, not negative.

    classes : array-like of shape (n_stimuli,)
        Classes of the stimuli, two or more.

    Returns
    -------
    separation : float
        0 if the features do not tell classes apart, log 2 = 0.69 if half of them are
        at least twice as active for one class as for the others, infinite if half of
        them are active for one class only. Features that are never active are left out.

    Raises
    ------
    ValueError
        If activations are negative or not finite, no feature is active, there are fewer
        than two classes, or the labels are not one for each stimulus.

    See Also
    --------
    sktopo.SemiNMF : Learns features.

    Notes
    -----
    The best class is chosen on the stimuli that are scored, so features of few stimuli
    separate them by chance. Compare features on the same stimuli.

    Shafran, Geiger & Geva (arXiv:2506.10920, 2025) compare features by such a log ratio
    of activations by inputs with and without a concept. Here the concepts are classes.

    Examples
    --------
    >>> from sktopo.metrics import concept_separation
    >>> concept_separation([[2, 1], [2, 1], [1, 3], [1, 3]], [0, 0, 1, 1])
    0.895...
    """
    activations = read_rows(activations, "activations")
    if activations.min() < 0:
        raise ValueError(
            f"activations has a smallest number of {activations.min():.3g}; expected "
            "none below 0. Take the positive part, such as numpy.maximum(activations, "
            "0)."
        )
    classes = check_labels(
        classes, len(activations), "classes", discrete=True, of="row"
    )
    names, of_stimulus = np.unique(classes, return_inverse=True)
    if len(names) < 2:
        raise ValueError(f"classes holds {len(names)} class; expected at least 2.")
    largest = activations.max(axis=0)
    if not largest.any():
        raise ValueError("No feature in activations is ever active: all numbers are 0.")
    scaled = activations[:, largest > 0] / largest[largest > 0].astype(np.float64)
    members = np.eye(len(names))[of_stimulus].T
    inside, sizes = members @ scaled, members.sum(axis=1, keepdims=True)
    outside = (1 - members) @ scaled
    with np.errstate(divide="ignore"):
        ratios = (inside / sizes) / (outside / (len(scaled) - sizes))
        return float(np.median(np.log(ratios.max(axis=0))))
