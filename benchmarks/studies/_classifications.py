"""Classification of connectomes by nested cross-validation over networks."""

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupKFold

from benchmarks.studies._clusterings import check_errors
from sktopo.comparison import compare_classifiers, summarize

N_FOLDS, N_INNER = 5, 3
SCORES = ("accuracy_mean", "accuracy_std", "classification_seconds")


class NetworkFolds:
    """Folds that keep the networks of one number together, in all classes.

    The network of a row is counted within its class, in which the networks of a study
    are in the same order. So where one network was shown all classes, its connectomes
    are in the same fold, and each fold has the same number of rows of each class.

    Parameters
    ----------
    n_folds : int
        Number of folds, fewer where there are fewer networks.

    n_repeats : int, default=1
        Number of partitions into folds.

    seed : int, default=0
        Draws them.
    """

    def __init__(self, n_folds, n_repeats=1, seed=0):
        self.n_folds = n_folds
        self.n_repeats = n_repeats
        self.seed = seed

    def split(self, X, y, groups=None):
        """List training and held-out samples of each fold; groups are ignored."""
        network = pd.Series(y).groupby(y).cumcount().to_numpy()
        n_folds = min(self.n_folds, network.max() + 1)
        for repeat in range(self.n_repeats):
            folds = GroupKFold(n_folds, shuffle=True, random_state=self.seed + repeat)
            yield from folds.split(y, groups=network)

    def get_n_splits(self, X=None, y=None, groups=None):
        """Count the folds."""
        return sum(1 for _ in self.split(X, y))


def classify(R, y, classifier, grid, n_repeats, seed):
    """Classify by one method: accuracy over the held-out folds, a row of a table.

    Parameters
    ----------
    R : ndarray of shape (n_samples, n_columns)
        What the method computes of connectomes.

    y : ndarray of shape (n_samples,)
        Classes.

    classifier : Pipeline or None
        What `make_classifier` made; None if the method has no kernel.

    grid : dict
        What `make_grid` made.

    n_repeats : int
        Number of partitions into folds.

    seed : int
        Draws them.

    Returns
    -------
    row : dict
        Mean and standard deviation of the accuracy over folds, and seconds; missing
        without a classifier.

    Raises
    ------
    RuntimeError
        If a fold failed.
    """
    if classifier is None:
        return dict.fromkeys(SCORES, np.nan)
    table = compare_classifiers(
        R,
        y,
        {"method": (classifier, grid)},
        cv=NetworkFolds(N_FOLDS, n_repeats, seed),
        inner_cv=NetworkFolds(N_INNER, seed=seed),
    )
    check_errors(table)
    (found,) = summarize(table).to_dict("records")
    scores = (found["mean_score"], found["std_score"], found["seconds"])
    return dict(zip(SCORES, scores, strict=True))
