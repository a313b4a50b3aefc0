"""Wasserstein distances, barycenters and variances of barcodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial.distance import cdist

from sktopo._utils.finite import check_finite
from sktopo._utils.geometry import (
    find_unit,
    mean_row,
    precise_squares,
    restore_unit,
    total_variance,
)
from sktopo._utils.parameters import check_flag
from sktopo._utils.samples import ANY_SIZE, read_array, read_rows
from sktopo.barcodes._graphs import group_by_length
from sktopo.barcodes._layout import (
    BarcodeLayout,
    check_ascending,
    check_scalable,
    split_barcodes,
)
from sktopo.barcodes._quantiles import merge_quantiles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from sktopo._typing import FloatArray


def wasserstein_distance(
    barcode_1: ArrayLike, barcode_2: ArrayLike, *, normalize: bool = True
) -> float:
    r"""Compute the 2-Wasserstein distance between two barcodes.

    Optimal matchings of sorted numbers match them in order, so for barcodes of
    equal size the distance has a closed form, published as a sum [1]_:

    .. math:: W_2^2 = \sum_i (b_i - b'_i)^2 + \sum_i (d_i - d'_i)^2

    The normalised form has means in place of the sums. It is also exact between
    barcodes of *different* sizes, where it integrates the squared difference of
    the two quantile functions, once for births and once for deaths [2]_.

    Parameters
    ----------
    barcode_1, barcode_2 : array-like of shape (n_edges_1,) and (n_edges_2,)
        Barcodes, in units of the edge weights.

    normalize : bool, default=True
        Whether births and deaths each count as a probability measure. Needed if
        the sizes differ.

    Returns
    -------
    distance : float
        The distance, in units of the edge weights.

    Raises
    ------
    ValueError
        If the rows are not barcodes, see :func:`check_barcodes`, the sizes differ and
        `normalize` is False, one graph has deaths and the other, having two nodes, has
        none, or the numbers are so large that the distance overflows.

    References
    ----------
    .. [1] Songdechakraiwut et al., "Fast topological clustering with Wasserstein
       distance", ICLR 2022, arXiv:2112.00101.
    .. [2] Songdechakraiwut et al., "Wasserstein distance-preserving vector space
       of persistent homology", MICCAI 2023, arXiv:2202.01275.

    Examples
    --------
    >>> from sktopo.barcodes import wasserstein_distance
    >>> wasserstein_distance([0.7, 0.9, 0.5], [0.7, 0.9, 0.1], normalize=False)
    0.4
    """
    return float(
        wasserstein_distances([barcode_1], [barcode_2], normalize=normalize)[0, 0]
    )


def wasserstein_distances(
    barcodes_1: ArrayLike | Sequence[ArrayLike],
    barcodes_2: ArrayLike | Sequence[ArrayLike] | None = None,
    *,
    normalize: bool = True,
    squared: bool = False,
) -> NDArray[np.float64]:
    """Compute 2-Wasserstein distances within a set of barcodes or between two.

    Barcodes are in units of the edge weights. The distances between Wasserstein rows,
    which :class:`~sktopo.GraphPersistence` returns, are their Euclidean distances.

    Parameters
    ----------
    barcodes_1 : array-like of shape (n_1, n_edges) or sequence of n_1 barcodes
        Barcodes; in a sequence their lengths may differ.

    barcodes_2 : array-like or sequence, default=None
        Barcodes to compare with. If None, `barcodes_1`.

    normalize : bool, default=True
        Whether births and deaths each count as a probability measure, see
        :func:`wasserstein_distance`. Needed if lengths differ.

    squared : bool, default=False
        Whether to return squared distances.

    Returns
    -------
    distances : ndarray of shape (n_1, n_2)
        Distances, float64, in units of the edge weights.

    Raises
    ------
    ValueError
        As :func:`wasserstein_distance`.

    Notes
    -----
    Distances within a set of many rows of one length are computed by products of
    matrices, and all others by :func:`scipy.spatial.distance.cdist`.

    Examples
    --------
    >>> from sktopo.barcodes import wasserstein_distances
    >>> triangle, square = [0.7, 0.9, 0.5], [0.4, 0.6, 0.8, 0.1, 0.2, 0.3]
    >>> wasserstein_distances([triangle, square]).round(3)
    array([[0.   , 0.383],
           [0.383, 0.   ]])
    """
    check_flag("normalize", normalize)
    check_flag("squared", squared)
    groups_1 = group_barcodes(barcodes_1, normalize)
    groups_2 = groups_1
    if barcodes_2 is not None:
        groups_2 = group_barcodes(barcodes_2, normalize)
    distances = np.empty(
        [sum(len(index) for index, _ in groups) for groups in (groups_1, groups_2)]
    )
    for index_1, rows_1 in groups_1:
        for index_2, rows_2 in groups_2:
            distances[np.ix_(index_1, index_2)] = _distances(
                rows_1, rows_2, normalize, squared
            )
    return distances


def barycenter(barcodes: ArrayLike, *, weights: ArrayLike | None = None) -> FloatArray:
    """Compute the Wasserstein barycenter of barcodes of one size: their mean row.

    The mean minimises the sum of squared Wasserstein distances to the barcodes, both
    in the sum form and in the normalised form. Wasserstein rows may be given too; the
    barycenter is then a Wasserstein row.

    Parameters
    ----------
    barcodes : array-like of shape (n_graphs, n_edges)
        Barcodes, in units of the edge weights.

    weights : array-like of shape (n_graphs,), default=None
        Weights of the barcodes, not negative and not all zero. If None, equal.

    Returns
    -------
    barycenter : ndarray of shape (n_edges,)
        The barycenter, in the dtype of the barcodes.

    Raises
    ------
    ValueError
        If births or deaths do not ascend, a weight is negative, all are zero, or the
        numbers are so large that their differences overflow.

    Examples
    --------
    >>> from sktopo.barcodes import barycenter
    >>> barycenter([[0.7, 0.9, 0.5], [0.5, 0.7, 0.1]])
    array([0.6, 0.8, 0.3])
    """
    barcodes = check_ascending(barcodes)
    if weights is not None:
        weights = read_array(
            weights, "weights", "numbers", dtype=np.float64, ensure_2d=False
        )
        check_finite(weights, "weights")
        if weights.shape != (len(barcodes),) or weights.min() < 0 or not weights.any():
            raise ValueError(
                f"weights must be {len(barcodes)} numbers, none negative and not all "
                f"zero, one for each barcode; got {weights}."
            )
    center, _ = mean_row(barcodes, weights, caller="barycenter")
    for part in split_barcodes(center):
        # The means of neighbours that are almost equal may descend by rounding.
        np.maximum.accumulate(part, out=part)
    return center.astype(barcodes.dtype, copy=False)


def wasserstein_variance(barcodes: ArrayLike, *, normalize: bool = True) -> float:
    """Compute the mean squared Wasserstein distance of barcodes to their barycenter.

    Parameters
    ----------
    barcodes : array-like of shape (n_graphs, n_edges)
        Barcodes, in units of the edge weights.

    normalize : bool, default=True
        Whether births and deaths each count as a probability measure.

    Returns
    -------
    variance : float
        The variance, in squared units of the edge weights.

    Raises
    ------
    ValueError
        If the rows are not barcodes, see :func:`check_barcodes`.

    Examples
    --------
    >>> from sktopo.barcodes import wasserstein_variance
    >>> wasserstein_variance([[0.0, 1.0, 2.0], [0.0, 1.0, 4.0]])
    1.0
    """
    barcodes = check_scalable(barcodes, normalize)
    parts = split_barcodes(barcodes) if normalize else [barcodes]
    caller, total = "wasserstein_variance", 0.0
    for part in parts:
        variance, unit = total_variance(part, caller=caller)
        share = max(part.shape[1], 1) if normalize else 1
        total += float(restore_unit(variance / share, unit, power=2, caller=caller))
    return total


def group_barcodes(barcodes, normalize):
    """Validate barcodes and group them by length, see `group_by_length`."""
    listed = isinstance(barcodes, (list, tuple)) and len(barcodes)
    if not listed and getattr(barcodes, "dtype", None) != np.dtype(object):
        barcodes = check_scalable(barcodes, normalize)
        return [(np.arange(len(barcodes)), barcodes)]
    rows = [
        read_rows(row, f"Barcode {sample}", ensure_2d=False, **ANY_SIZE)
        for sample, row in enumerate(barcodes)
    ]
    return [
        (samples, check_scalable(group, normalize))
        for samples, group in group_by_length(rows)
    ]


def _distances(rows_1, rows_2, normalize, squared):
    """Compute distances, or their squares, between barcodes of two lengths."""
    caller = "wasserstein_distances"
    unit = find_unit(rows_1, 0.0, caller, also=rows_2)
    total = np.zeros((len(rows_1), len(rows_2)))
    for part_1, part_2, widths in _match_parts(rows_1, rows_2, normalize):
        if rows_1 is rows_2:
            total += widths * precise_squares(part_1 / unit)
        elif np.ndim(widths) == 0:
            total += widths * cdist(part_1 / unit, part_2 / unit, "sqeuclidean")
        else:
            total += cdist(part_1 / unit, part_2 / unit, "sqeuclidean", w=widths)
    if squared:
        return restore_unit(total, unit, power=2, caller=caller)
    return restore_unit(np.sqrt(total), unit, power=1, caller=caller)


def _match_parts(rows_1, rows_2, normalize):
    """Pair the columns that the optimal matching pairs.

    Yields births, then deaths (or all columns, in the sum form), perhaps in blocks: two
    float64 arrays of shapes (n_1, n_pairs) and (n_2, n_pairs), and the weights of the
    pairs, (n_pairs,) or one number.
    """
    check_comparable(rows_1.shape[1], rows_2.shape[1], normalize)
    rows_1, rows_2 = (rows.astype(np.float64, copy=False) for rows in (rows_1, rows_2))
    if not normalize:
        yield rows_1, rows_2, 1.0
        return
    for part_1, part_2 in zip(
        split_barcodes(rows_1), split_barcodes(rows_2), strict=True
    ):
        sizes = part_1.shape[1], part_2.shape[1]
        if sizes[0] == sizes[1]:
            yield part_1, part_2, 1 / max(sizes[0], 1)
            continue
        for steps_1, steps_2, widths in merge_quantiles(*sizes):
            yield part_1[:, steps_1], part_2[:, steps_2], widths


def check_comparable(n_1, n_2, normalize):
    """Raise a ValueError if barcodes of so many edges have no distance."""
    if n_1 == n_2:
        return
    if not normalize:
        raise ValueError(
            f"Barcodes of {n_1} and {n_2} edges have no distance in the sum form; "
            "use normalize=True."
        )
    kinds = zip(*(BarcodeLayout(n).sizes.values() for n in (n_1, n_2)), strict=True)
    if any(min(sizes) == 0 < max(sizes) for sizes in kinds):
        raise ValueError(
            f"Barcodes of {n_1} and {n_2} edges have no distance: one has deaths "
            "(or births) and the other has none."
        )
