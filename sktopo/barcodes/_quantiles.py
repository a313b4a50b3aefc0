"""Quantile functions of births and deaths, for graphs of different sizes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array
from sklearn.utils import gen_batches

from sktopo._utils.parameters import check_integer
from sktopo._utils.samples import read_rows
from sktopo.barcodes._layout import find_descent

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from sktopo._typing import FloatArray

# Values averaged at once, so that the float64 copy stays in the cache.
_BLOCK = 2**16
# Fewer rows are averaged one by one.
_FEWEST_ROWS = 4
# Larger numbers are divided by a unit, so that their differences do not overflow.
_LARGE, _UNIT = 1e280, 2.0**64


def quantile_vectors(values: ArrayLike, n_quantiles: int) -> FloatArray:
    r"""Average quantile functions over equal bins, so that sizes become comparable.

    Entry k is :math:`q \int_{k/q}^{(k+1)/q} F^{-1}(u)\,du` of the quantile function
    :math:`F^{-1}` of a row. Among the step functions with q equal steps this is
    the nearest one to the quantile function, so distances between such vectors,
    over :math:`\sqrt q`, never exceed the Wasserstein distance; they equal it where
    q is a multiple of both sizes, and converge to it as q grows [1]_.

    Parameters
    ----------
    values : array-like of shape (n_rows, n_values)
        Rows of ascending numbers (births, or deaths).

    n_quantiles : int
        Number of bins q, at least 1.

    Returns
    -------
    quantiles : ndarray of shape (n_rows, n_quantiles)
        Ascending rows, in the dtype of the values.

    Raises
    ------
    ValueError
        If `n_quantiles` is not an integer of at least 1, the rows are empty, or a row
        does not ascend.

    References
    ----------
    .. [1] Songdechakraiwut et al., "Wasserstein distance-preserving vector space
       of persistent homology", MICCAI 2023, arXiv:2202.01275.

    Examples
    --------
    >>> from sktopo.barcodes import quantile_vectors
    >>> quantile_vectors([[0.0, 3.0, 6.0]], 2)
    array([[1., 5.]])
    """
    values = read_rows(values, "values")
    check_integer("n_quantiles", n_quantiles, 1)
    row = find_descent(values)
    if row is not None:
        raise ValueError(
            f"Row {row} of the values does not ascend. Sort births, or deaths, first."
        )
    return average_quantiles(values, int(n_quantiles))


def average_quantiles(values, n_quantiles, out=None):
    """Run `quantile_vectors` with arguments that are known to be valid.

    The result is written to `out` if given. Bins that hold many values are divided:
    the mean of equal parts is the average.
    """
    n_rows, n_values = values.shape
    n_parts = -(-n_values // (n_quantiles * _BLOCK))
    n_bins = n_quantiles * n_parts
    averages = np.empty((n_bins, n_rows))
    ends = values[:, [0, -1]].astype(np.float64)
    unit = _UNIT if np.abs(ends).max() > _LARGE else 1.0
    # Sums of what a row adds to its smallest value keep the digits of small steps.
    origins = ends[:, 0] / unit
    for bins in gen_batches(n_bins, max(1, _BLOCK * n_bins // max(n_values, n_bins))):
        first, last, *widths = _cut_bins(n_values, n_bins, bins)
        steps = slice(first[0], last[-1] + 1)
        n_together = _BLOCK // max(steps.stop - steps.start, len(first))
        cut = first - steps.start, last - steps.start, *widths, n_bins
        if min(n_together, n_rows) < _FEWEST_ROWS:
            n_together, add = 1, partial(_sum_bins, *cut)
        else:
            add = _weigh_steps(*cut).dot
        for rows in gen_batches(n_rows, n_together):
            # Rows side by side, so that each step is added to all of them at once.
            gaps = values[rows, steps].T.astype(np.float64, order="C")
            if unit != 1:
                gaps /= unit
            gaps -= origins[rows]
            np.divide(add(gaps), n_values, out=averages[bins, rows])
    if n_parts > 1:
        averages = averages.reshape(n_quantiles, n_parts, n_rows).mean(axis=1)
    averages += origins
    if unit != 1:
        averages *= unit
    # Averages of equal values differ by rounding.
    np.maximum.accumulate(averages, axis=0, out=averages)
    if out is None:
        out = np.empty((n_rows, n_quantiles), dtype=values.dtype)
    out[:] = averages.T
    return out


def _sum_bins(first, last, width_1, width_2, width, gaps):
    """Integrate one step function, (n_steps, 1), over bins, see `_cut_bins`."""
    gaps = gaps[:, 0]
    limits = np.ravel([np.minimum(first + 1, len(gaps) - 1), last], order="F")
    # Of the steps between the first and the last; the sums between bins are left out.
    sums = np.add.reduceat(gaps, limits)[::2]
    sums *= np.where(last > first + 1, width, 0)
    sums += width_1 * gaps.take(first)
    sums += width_2 * gaps.take(last)
    return sums[:, np.newaxis]


def _weigh_steps(first, last, width_1, width_2, width):
    """Make a sparse array (n_bins, n_steps) that integrates many step functions."""
    counts = last - first + 1
    stops = counts.cumsum()
    starts = stops - counts
    steps = np.arange(stops[-1]) + np.repeat(first - starts, counts)
    data = np.full(len(steps), float(width))
    data[starts] = width_1
    several = counts > 1
    data[stops[several] - 1] = width_2[several]
    indices = steps.astype(np.int32), np.append(0, stops).astype(np.int32)
    return csr_array((data, *indices), shape=(len(first), last[-1] + 1))


def _cut_bins(n_steps, n_bins, bins):
    """Find the steps of a step function that meet each of equal bins.

    Returns four arrays for the bins in a slice: the first and the last step that a bin
    meets, and how much of either lies in the bin, in a unit in which steps are `n_bins`
    wide and bins `n_steps`. The last width is 0 where both are one step. Integers are
    exact.
    """
    starts = np.arange(bins.start, bins.stop) * n_steps
    stops = starts + n_steps
    first, last = starts // n_bins, (stops - 1) // n_bins
    width_1 = np.minimum((first + 1) * n_bins, stops) - starts
    return first, last, width_1, n_steps - width_1 - (last - first - 1).clip(0) * n_bins


def merge_quantiles(n_1, n_2):
    """Divide [0, 1] where either of two quantile functions, step functions, steps.

    Yields three arrays with an entry for each piece, block after block: the step of the
    first function, the step of the second (int) and the width of the piece.
    """
    n_coarse, n_fine = sorted((n_1, n_2))
    for bins in gen_batches(n_fine, _BLOCK):
        # A step of the finer function meets one or two steps of the coarser.
        first, last, *widths = _cut_bins(n_coarse, n_fine, bins)
        widths = np.append(*widths) / (n_1 * n_2)
        met = np.flatnonzero(widths)
        coarse = np.append(first, last)[met]
        fine = np.tile(np.arange(bins.start, bins.stop), 2)[met]
        yield *((coarse, fine) if n_1 <= n_2 else (fine, coarse)), widths[met]
