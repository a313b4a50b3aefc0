"""Quantile functions of births and deaths, for graphs of different sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from sktopo._utils.parameters import check_integer
from sktopo._utils.samples import read_rows
from sktopo.barcodes._layout import find_descent

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from sktopo._typing import FloatArray


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
    n_values = values.shape[1]
    index, bins, widths = merge_quantiles(n_values, n_quantiles)
    weights = csr_array(
        (widths * n_quantiles, (bins, index)), shape=(n_quantiles, n_values)
    )
    # Summed in float64, because the rounding errors of many deaths add up.
    quantiles = np.empty((len(values), n_quantiles), dtype=values.dtype)
    for row, quantile_row in zip(values, quantiles, strict=True):
        quantile_row[:] = weights @ row.astype(np.float64)
    return quantiles


def merge_quantiles(n_1, n_2):
    """Divide [0, 1] where either of two quantile functions, step functions, steps.

    Returns three arrays with an entry for each piece: the step of the first function,
    the step of the second (int) and the width. Integer arithmetic is exact.
    """
    cuts = np.union1d(np.arange(1, n_1 + 1) * n_2, np.arange(1, n_2 + 1) * n_1)
    widths = np.diff(cuts, prepend=0) / (n_1 * n_2)
    return (cuts - 1) // n_2, (cuts - 1) // n_1, widths
