"""Distances, means and variances of rows, in any unit and with any common offset.

Sums are taken in float64 over blocks of columns. Rows are first brought to a common
origin, and to a common size if their squares could leave the range of float64.
"""

from __future__ import annotations

from math import sqrt

import numpy as np
from scipy.spatial.distance import cdist
from sklearn.utils import gen_batches
from threadpoolctl import threadpool_limits

# Columns summed at a time, so that the float64 copy stays small.
_COLUMNS = 2048
# Numbers subtracted at a time, so that they stay in the cache.
_NUMBERS = 2**16
# Rows of X that are multiplied at a time, for each row of Y.
_ROWS_A_ROW = 4
# Squared distances below this share of the squared norms lost digits to the norms.
_CLOSE = 1e-5
# Distances to two rows of Y that differ by less than this share may be equal.
_EQUAL = 1e-9
# Sums of squares within these limits neither overflowed nor lost digits to underflow.
_SMALLEST, _LARGEST = 1e-200, 1e200
# Products of blocks of fewer rows are not worth several threads.
_FEW_ROWS = 1000
# Rows are equal if they deviate from their mean by at most this many roundings.
_ROUNDINGS = 8
# Up to this number of differences, it is fastest to square them one by one.
_FEW = 2**22


def squared_distances(X, Y=None, *, remainder=None, caller):
    """Compute squared Euclidean distances between the rows of X and Y (or X).

    A `remainder`, of the shape of Y, is what rounding has taken from the rows of Y.

    Products of matrices give most of them. Pairs that are close to each other compared
    with their distance from the origin are computed from their differences, and so are
    the smallest distances of a row of X if they are almost equal: the nearest row of Y
    then does not depend on the other rows of X.

    Returns
    -------
    squared : ndarray of shape (n_x, n_y), dtype float64
        Squared distances in units of ``unit ** 2``.

    unit : float
        A power of two.

    Raises
    ------
    ValueError
        If differences between rows overflow; the message names `caller`.
    """
    Y = X if Y is None else Y
    unit = 1.0
    with np.errstate(over="ignore", invalid="ignore"):
        squared, norms = _expand_squares(X, Y, remainder, unit)
        if not _SMALLEST < norms.max() < _LARGEST:
            unit = find_unit(X, Y[0], caller, also=Y)
            squared, norms = _expand_squares(X, Y, remainder, unit)
    close = squared < _CLOSE * norms
    if Y is X:
        np.fill_diagonal(squared, 0)
        np.fill_diagonal(close, False)
    else:
        smallest = squared <= squared.min(axis=1, keepdims=True) * (1 + _EQUAL)
        close |= smallest & (smallest.sum(axis=1, keepdims=True) > 1)
    pairs = np.nonzero(close)
    squared[pairs] = _sum_differences(X, Y, remainder, pairs, unit)
    return np.maximum(squared, 0, out=squared), unit


def _expand_squares(X, Y, remainder, unit):
    """Expand (x - y)^2 around the first row of Y: squared distances, and norms."""
    squared = np.zeros((len(X), len(Y)))
    norms_x, norms_y = np.zeros(len(X)), np.zeros(len(Y))
    # Products with many rows at once are faster.
    n_together = max(
        _NUMBERS // max(1, min(X.shape[1], _COLUMNS)), _ROWS_A_ROW * len(Y)
    )
    for columns in column_blocks(X):
        origin = Y[0, columns]
        y = subtract(Y[:, columns], origin, unit)
        if remainder is not None:
            y += remainder[:, columns] / unit
        norms_y += np.einsum("ij,ij->i", y, y)
        if Y is X:
            squared += y @ y.T
            continue
        for part in gen_batches(len(X), n_together):
            x = subtract(X[part, columns], origin, unit)
            squared[part] += x @ y.T
            norms_x[part] += np.einsum("ij,ij->i", x, x)
    norms_x = norms_y if Y is X else norms_x
    norms = norms_x[:, None] + norms_y
    squared *= -2
    squared += norms
    return squared, norms


def precise_squares(rows):
    """Compute squared distances between rows, (n_rows, n_rows), right to rounding.

    The rows are float64, and neither squares of differences nor their sums leave the
    range. Numbers are cut into whole numbers, of so few bits that sums of products are
    exact, and rests, which are smaller by as many bits. Only products with rests are
    rounded. Pairs that are as close as these products are large are computed from
    their differences.
    """
    if rows.size * len(rows) <= _FEW:
        return cdist(rows, rows, "sqeuclidean")
    squared = np.zeros((len(rows), len(rows)))
    norms, rest_norms = np.zeros((2, len(rows)))
    limit = 1 if len(rows) < _FEW_ROWS else None
    with threadpool_limits(limit, "blas"):
        for columns in column_blocks(rows):
            gaps = rows[:, columns] - rows[0, columns]
            scale = _find_scale(gaps)
            gaps *= scale
            whole = np.rint(gaps)
            rests = gaps - whole
            gaps -= rests / 2
            exact, rounded = whole @ whole.T, gaps @ rests.T
            parts = _expand_products(exact), _expand_products(rounded + rounded.T)
            squared += sum(parts) / scale / scale
            norms += exact.diagonal() / scale / scale
            rest_norms += np.einsum("ij,ij->i", rests, rests) / scale / scale
    rests = np.sqrt(rest_norms)
    sizes = np.sqrt(norms) + rests
    close = squared <= np.add.outer(sizes, sizes) * np.add.outer(rests, rests)
    pairs = np.nonzero(np.triu(close, 1))
    differences = _sum_differences(rows, rows, None, pairs, 1.0)
    squared[pairs] = squared[pairs[::-1]] = differences
    np.fill_diagonal(squared, 0)
    return squared


def _find_scale(gaps):
    """Find a power of two that makes sums of products of rounded rows exact."""
    largest = max(float(gaps.max()), -float(gaps.min()))
    n_bits = (51 - gaps.shape[1].bit_length()) // 2
    return 2.0 ** min(n_bits - int(np.frexp(largest)[1]), 1000)


def _expand_products(products):
    """Turn inner products of rows into squared distances."""
    norms = products.diagonal()
    return np.add.outer(norms, norms) - 2 * products


def _sum_differences(X, Y, remainder, pairs, unit):
    """Sum the squared differences of pairs of rows: (n_pairs,)."""
    squared = np.zeros(len(pairs[0]))
    for start in range(0, len(squared), 256):
        batch = slice(start, start + 256)
        first, second = pairs[0][batch], pairs[1][batch]
        for columns in column_blocks(X):
            gaps = subtract(X[first, columns], Y[second, columns], unit)
            if remainder is not None:
                gaps -= remainder[second, columns] / unit
            squared[batch] += np.einsum("ij,ij->i", gaps, gaps)
    return squared


def total_variance(rows, *, caller):
    """Sum the variances of columns: the sum in units of ``unit ** 2``, and the unit."""
    unit = 1.0
    with np.errstate(over="ignore", invalid="ignore"):
        variance = _sum_variances(rows, unit)
        if not _SMALLEST < variance < _LARGEST:
            unit = find_unit(rows, rows[0], caller)
            variance = _sum_variances(rows, unit)
    return variance, unit


def _sum_variances(rows, unit):
    total = 0.0
    for columns in column_blocks(rows):
        # Subtracting one row first keeps the digits, and equal rows have variance 0.
        block = subtract(rows[:, columns], rows[0, columns], unit)
        block -= block.mean(axis=0)
        total += np.vdot(block, block)
    return float(total) / len(rows)


def find_deviation(rows, *, rounding=None, caller):
    """Return the root of the mean variance of columns; 0 if it is due to rounding.

    Deviations up to `rounding` are; None takes some rounding errors of the largest
    number.
    """
    variance, unit = total_variance(rows, caller=caller)
    deviation = sqrt(variance / max(rows.shape[1], 1)) * unit
    if rounding is None:
        largest = max(float(rows.max()), -float(rows.min()))
        rounding = _ROUNDINGS * float(np.finfo(rows.dtype).eps) * largest
    return deviation if deviation > rounding else 0.0


def mean_row(rows, weights=None, *, members=None, caller):
    """Average rows: the mean in float64, and what rounding has taken from it.

    `members` are the indices of the rows to average; None for all. The mean of equal
    rows is exactly that row. Weights, (n_members,), are finite, not negative and not
    all 0.
    """
    if members is None:
        members = np.arange(len(rows))
    if weights is None:
        weights = np.ones(len(members))
    shares = weights / weights.max()
    members, shares = members[shares > 0], shares[shares > 0]
    shares /= shares.sum()
    reference = rows[members[shares.argmax()]].astype(np.float64)
    gap = np.zeros_like(reference)
    n_together = max(1, _NUMBERS // max(1, min(rows.shape[1], _COLUMNS)))
    with np.errstate(over="ignore", invalid="ignore"):
        for columns in column_blocks(rows):
            for part in gen_batches(len(members), n_together):
                gaps = subtract(rows[members[part], columns], reference[columns], 1.0)
                gap[columns] += shares[part] @ gaps
        mean = reference + gap
        remainder = gap - (mean - reference)
    if not np.isfinite(mean).all():
        find_unit(rows[members], reference, caller)
    return mean, remainder


def find_unit(rows, origin, caller, also=()):
    """Find the power of two next to the largest distance of a number from `origin`.

    Returns 1 if all rows are equal. Raises a ValueError if a difference overflows.
    """
    largest = 0.0
    n_together = max(1, _NUMBERS // max(rows.shape[1], 1))
    for table in (rows, also):
        for start in range(0, len(table), n_together):
            sizes = _measure_gaps(table[start : start + n_together], origin)
            if not np.isfinite(sizes).all():
                raise ValueError(
                    f"The numbers in sample {start + sizes.argmax()} are too large for "
                    f"{caller}: differences between samples overflow float64. Divide "
                    "all samples by one constant first."
                )
            largest = max(largest, float(sizes.max()))
    return 2.0 ** (int(np.frexp(largest)[1]) - 1) if largest else 1.0


def _measure_gaps(rows, origin):
    """Return the largest distance of a number of each row from `origin`."""
    sizes = np.zeros(len(rows))
    for columns in column_blocks(rows):
        start = origin[columns] if np.ndim(origin) else origin
        with np.errstate(over="ignore"):
            gaps = subtract(rows[:, columns], start, 1.0)
        np.maximum(sizes, np.abs(gaps, out=gaps).max(axis=1), out=sizes)
    return sizes


def restore_unit(values, unit, *, power, dtype=np.float64, caller):
    """Bring distances (power 1) or their squares (power 2) to the unit of the rows.

    Raises a ValueError that names `caller` if they do not fit `dtype`.
    """
    values = np.asarray(values)
    with np.errstate(over="ignore", under="ignore"):
        restored = values * unit
        if power == 2:
            restored *= unit
        restored = restored.astype(dtype, copy=False)
    largest = restored.max(initial=0)
    is_lost = largest == 0 and power == 2 and values.any()
    if is_lost or not np.isfinite(largest):
        what = "squared distances" if power == 2 else "distances"
        raise ValueError(
            f"The {what} of {caller} are too {'small' if is_lost else 'large'} for "
            f"{np.dtype(dtype)}. "
            f"{'Multiply' if is_lost else 'Divide'} all samples by one constant first."
        )
    return restored


def column_blocks(rows):
    """Yield slices of columns."""
    for start in range(0, rows.shape[1], _COLUMNS):
        yield slice(start, start + _COLUMNS)


def subtract(rows, origin, unit):
    """Subtract in float64, and divide by a power of two."""
    gaps = np.subtract(rows, origin, dtype=np.float64)
    if unit != 1:
        gaps /= unit
    return gaps
