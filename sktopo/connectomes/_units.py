"""Facts about single units that measures and the estimator need."""

import numpy as np


def find_constant_units(activations):
    """Return a mask (n_nodes,) of the units that never vary.

    Most units vary within the first observations. Only the others are compared
    throughout, because a comparison of all activations takes as long as a tenth of
    their correlation.
    """
    constant = (activations[:100] == activations[0]).all(axis=0)
    candidates = np.flatnonzero(constant)
    same = activations[:, candidates] == activations[0, candidates]
    constant[candidates] = same.all(axis=0)
    return constant


def find_factors(activations):
    """Return for each unit a factor (n_nodes,) that brings its numbers to about 1.

    The factors are powers of two, so a product with them is exact. Neither they nor
    their inverses leave the range of the dtype.
    """
    largest = np.maximum(activations.max(axis=0), -activations.min(axis=0))
    limit = np.finfo(activations.dtype).maxexp - 8
    exponents = np.clip(np.frexp(largest)[1], -limit, limit)
    return np.ldexp(np.ones_like(largest), -exponents)


def standardize(activations):
    """Return the scores of units that vary, in float64, and how they were computed.

    Returns
    -------
    scores : ndarray of shape (n_observations, n_nodes)
        ``(activations - mean - remainder) / deviation``; 0 for units without deviation.

    mean, remainder, deviation : ndarray of shape (n_nodes,)
        The mean is rounded, by more than a small deviation if it is large. So the mean
        of what is left after subtracting it, the remainder, is subtracted as well.
    """
    factors = find_factors(activations).astype(np.float64)
    scores = activations * factors
    mean = scores.mean(axis=0)
    scores -= mean
    remainder = scores.mean(axis=0)
    scores -= remainder
    deviation = np.sqrt(np.square(scores).mean(axis=0))
    scores /= np.where(deviation == 0, 1, deviation)
    return scores, mean / factors, remainder / factors, deviation / factors
