"""Scores of a clustering against known classes, and scorers made of them.

The scorers fit on some samples and score the clusters predicted for others::

    cross_validate(pipeline, X, y, scoring={"purity": purity_scorer}, cv=5)
    GridSearchCV(pipeline, grid, scoring=matched_accuracy_scorer)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import make_scorer
from sklearn.metrics.cluster import contingency_matrix
from sklearn.utils import check_consistent_length, column_or_1d

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from sktopo._typing import IntArray

__all__ = [
    "matched_accuracy_score",
    "matched_accuracy_scorer",
    "purity_score",
    "purity_scorer",
]


def purity_score(labels_true: ArrayLike, labels_pred: ArrayLike) -> float:
    """Score the share of samples in the majority class of their cluster.

    Every predicted cluster counts its most frequent true class. More clusters can
    only raise the purity: compare at an equal number of clusters.

    Parameters
    ----------
    labels_true : array-like of shape (n_samples,)
        True classes.

    labels_pred : array-like of shape (n_samples,)
        Clusters.

    Returns
    -------
    purity : float
        Between 1 / n_classes and 1.0, which is perfect.

    Raises
    ------
    ValueError
        If the lengths differ, the input is not 1-D, or there are no samples.

    See Also
    --------
    matched_accuracy_score : Gives each class to one cluster only.

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
    counts = _contingency(labels_true, labels_pred)
    return float(counts.max(axis=0).sum() / counts.sum())


def matched_accuracy_score(labels_true: ArrayLike, labels_pred: ArrayLike) -> float:
    """Score the accuracy after the best one-to-one matching of clusters to classes.

    Clusters beyond the number of classes match nothing and count as errors. The
    matching is the optimal assignment (Hungarian method).

    Parameters
    ----------
    labels_true : array-like of shape (n_samples,)
        True classes.

    labels_pred : array-like of shape (n_samples,)
        Clusters.

    Returns
    -------
    accuracy : float
        Between 0 and 1.0, which is perfect; never above the purity.

    Raises
    ------
    ValueError
        If the lengths differ, the input is not 1-D, or there are no samples.

    See Also
    --------
    purity_score : Lets several clusters share a class.

    Examples
    --------
    >>> from sktopo.metrics import matched_accuracy_score
    >>> matched_accuracy_score([0, 0, 1, 1], [1, 1, 0, 0])
    1.0
    >>> matched_accuracy_score([0, 0, 1, 1], [0, 1, 2, 2])
    0.75
    """
    counts = _contingency(labels_true, labels_pred)
    matched = linear_sum_assignment(counts, maximize=True)
    return float(counts[matched].sum() / counts.sum())


def _contingency(labels_true: ArrayLike, labels_pred: ArrayLike) -> IntArray:
    """Count samples by true class (rows) and cluster (columns)."""
    labels_true, labels_pred = column_or_1d(labels_true), column_or_1d(labels_pred)
    check_consistent_length(labels_true, labels_pred)
    if not len(labels_true):
        raise ValueError("There are no samples to score; expected at least 1.")
    return np.asarray(contingency_matrix(labels_true, labels_pred))


#: Scorer of the purity of predicted clusters, :func:`purity_score`.
purity_scorer = make_scorer(purity_score)
#: Scorer of the matched accuracy of predicted clusters, :func:`matched_accuracy_score`.
matched_accuracy_scorer = make_scorer(matched_accuracy_score)
