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


def largest_magnitudes(activations):
    """Return the largest absolute value of each unit (n_nodes,); 1 if all are 0."""
    largest = np.abs(activations).max(axis=0)
    return np.where(largest == 0, 1, largest)
