"""Least squares with numbers that are not negative."""

from __future__ import annotations

import numpy as np
from scipy.optimize import lsq_linear, nnls


def solve_non_negative(matrix, target):
    """Minimise ``||matrix @ x - target||`` over x that is not negative.

    Directions that the columns span by rounding only must have been left out before:
    `nnls` returns huge numbers along them.
    """
    try:
        return nnls(matrix, target, maxiter=30 * matrix.shape[1])[0]
    except RuntimeError:  # SciPy 1.12 gives up on some problems that have a solution
        return lsq_linear(matrix, target, (0, np.inf), method="bvls").x
