"""What squared distances between rows owe to level, scale and shape."""

from __future__ import annotations

import numpy as np

from sktopo._utils.geometry import find_unit, restore_unit

# Numbers of a batch of pairs of rows that are worked on at a time.
_NUMBERS = 2**18


def split_squared_distances(rows_1, rows_2):
    """Split squared Euclidean distances between paired rows exactly into three parts.

    A row of n numbers has a mean m and a deviation s, and two rows have a correlation
    r. Then ``|x - y|^2 = n (m - m')^2 + n (s - s')^2 + 2 n s s' (1 - r)``. The rows may
    be a block of columns of Wasserstein rows, such as all births.

    Parameters
    ----------
    rows_1, rows_2 : ndarray of shape (n_pairs, n_columns)
        Finite numbers. Row i of the one is compared with row i of the other.

    Returns
    -------
    level, scale, shape : ndarray of shape (n_pairs,), dtype float64
        The parts, in the order of the formula. None is negative.

    Raises
    ------
    ValueError
        If the squares overflow, or all of them underflow.
    """
    caller = "split_squared_distances"
    unit = find_unit(rows_1, 0.0, caller, also=rows_2)
    parts = np.zeros((3, len(rows_1)))
    n_together = max(1, _NUMBERS // max(rows_1.shape[1], 1))
    for start in range(0, len(rows_1), n_together):
        pairs = slice(start, start + n_together)
        parts[:, pairs] = _split_pairs(rows_1[pairs], rows_2[pairs], unit)
    return tuple(restore_unit(parts, unit, power=2, caller=caller))


def _split_pairs(rows_1, rows_2, unit):
    """Split the squared distances of pairs of rows, in units of ``unit ** 2``.

    Everything follows from the difference of two rows, so rows that are close to each
    other keep their digits. Returns an array (3, n_pairs).
    """
    n_columns = rows_1.shape[1]
    if not n_columns:
        return np.zeros((3, len(rows_1)))
    rows_1, rows_2 = (np.divide(rows, unit, dtype=float) for rows in (rows_1, rows_2))
    gaps = rows_1 - rows_2
    means = gaps.mean(axis=1, keepdims=True)
    gaps -= means
    rows_1, rows_2 = center_rows(rows_1)[0], center_rows(rows_2)[0]
    norms_1, norms_2 = (np.sqrt(_sum_products(rows, rows)) for rows in (rows_1, rows_2))
    middles = (rows_1 + rows_2) / 2
    sums = norms_1 + norms_2
    # The difference of the norms, without the rounding of either.
    steps = 2 * _divide(_sum_products(gaps, middles), sums)
    # With z = x / |x|: sqrt(|x| |y|) (z_x - z_y), from the difference of x and y.
    roots = np.sqrt(norms_1) * np.sqrt(norms_2)
    gaps *= _divide(sums / 2, roots)[:, None]
    middles *= _divide(steps, roots)[:, None]
    gaps -= middles
    # Rounding may exceed the largest shape there is where one norm is much smaller.
    shape = np.minimum(_sum_products(gaps, gaps), 4 * norms_1 * norms_2)
    return np.stack([n_columns * means[:, 0] ** 2, steps**2, shape])


def center_rows(rows):
    """Subtract from each row of floats its mean.

    Returns the centred rows, and the means in two parts of shape (n_rows,): a number of
    the row and the small rest. Equal numbers give exactly 0.
    """
    origins = rows[:, rows.shape[1] // 2]
    rows = rows - origins[:, None]
    rests = rows.mean(axis=1)
    rows -= rests[:, None]
    return rows, origins, rests


def _sum_products(rows_1, rows_2):
    return np.einsum("ij,ij->i", rows_1, rows_2)


def _divide(numbers, others):
    """Divide, and return 0 where the divisor is 0."""
    return np.divide(numbers, others, out=np.zeros_like(others), where=others > 0)
