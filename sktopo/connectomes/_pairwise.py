"""Measures of pairs of nodes over the observations that both have, pair by pair."""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import squareform
from scipy.stats import rankdata

from sktopo.connectomes._units import standardize

#: The measures that relate the two nodes of a pair without regard to others.
PAIRWISE = ("correlation", "spearman", "covariance")
# Variances below this share of the mean square have lost digits, and are computed anew.
_VAGUE = 1e-6


def count_pairs(activations):
    """Count the observations that are not NaN in both of two columns, of all pairs."""
    present = (~np.isnan(activations)).astype(np.float64)
    return present.T @ present


def pairwise_row(measure, activations):
    """Relate each pair of columns over the observations in which neither is NaN.

    Returns a connectome row of float64, NaN for correlations of columns that do not
    vary over the observations in common.
    """
    if measure == "spearman":
        matrix = _relate_ranks(activations)
    else:
        matrix = _relate_products(activations, measure == "correlation")
    return squareform(matrix, checks=False)


def count_pairwise_bytes(n_observations, n_nodes, itemsize):
    """Count the bytes that `pairwise_row` needs beyond its row."""
    # Matrices of float64, and columns: filled, scores, their squares, what is present.
    return 5 * 8 * n_nodes**2 + (itemsize + 4 * 8) * n_observations * n_nodes


def _relate_products(activations, is_correlation):
    """Compute covariances, or correlations, from sums over common observations."""
    present = ~np.isnan(activations)
    # Any origin among the values of a column will do, so what is absent gets the first.
    first = np.take_along_axis(activations, present.argmax(axis=0)[np.newaxis], axis=0)
    scores, _, _, deviation = standardize(np.where(present, activations, first))
    scores[~present] = 0
    present = present.astype(np.float64)
    counts = present.T @ present
    # Rows are the columns that are averaged, columns those that they share rows with.
    means = scores.T @ present / counts
    squares = np.square(scores).T @ present / counts
    products = scores.T @ scores / counts - means * means.T
    variances = squares - np.square(means)
    vague = variances < _VAGUE * squares
    for i, j in np.argwhere(np.triu(vague | vague.T, 1)):
        common = (present[:, i] * present[:, j]).astype(bool)
        pair = scores[common][:, [i, j]]
        pair -= pair[0]  # exact zeros if it does not vary
        pair -= pair.mean(axis=0)
        moments = pair.T @ pair / len(pair)
        variances[i, j], variances[j, i] = moments.diagonal()
        products[i, j] = products[j, i] = moments[0, 1]
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        if not is_correlation:
            products *= deviation
            products *= deviation[:, np.newaxis]
            return products
        products /= np.sqrt(variances)
        products /= np.sqrt(variances.T)
    return np.clip(products, -1, 1, out=products)


def _relate_ranks(activations):
    """Correlate ranks of common observations, columns of equal gaps at once."""
    present = ~np.isnan(activations)
    patterns, which = np.unique(present, axis=1, return_inverse=True)
    groups = [np.flatnonzero(which.ravel() == k) for k in range(patterns.shape[1])]
    matrix = np.empty((activations.shape[1],) * 2)
    for k, first in enumerate(groups):
        for other in range(k, len(groups)):
            second = groups[other]
            common = patterns[:, k] & patterns[:, other]
            scores = _score_ranks(activations[np.ix_(common, first)])
            others = _score_ranks(activations[np.ix_(common, second)])
            block = np.clip(scores.T @ others, -1, 1)
            matrix[np.ix_(first, second)] = block
            matrix[np.ix_(second, first)] = block.T
    return matrix


def _score_ranks(columns):
    """Return the ranks of each column, centred, of length 1; NaN if all are equal."""
    ranks = rankdata(columns, axis=0)
    ranks -= (len(ranks) + 1) / 2
    with np.errstate(invalid="ignore"):
        return ranks / np.sqrt(np.square(ranks).sum(axis=0))
