"""What squared distances owe to level, to scale and to shape."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, product
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.spatial.distance import cdist

from sktopo._utils.geometry import (
    find_unit,
    mean_row,
    precise_squares,
    restore_unit,
    subtract,
)
from sktopo._utils.labels import check_labels
from sktopo._utils.parameters import check_flag
from sktopo._utils.samples import read_rows
from sktopo._utils.tables import make_table
from sktopo.barcodes._distances import check_comparable, group_barcodes
from sktopo.barcodes._layout import BarcodeLayout, split_barcodes
from sktopo.barcodes._quantiles import merge_quantiles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from sktopo._typing import Table

# Numbers of pairs of rows that are subtracted at a time.
_NUMBERS = 2**16
# Pairs whose squared distance is below this share of their variances are split by their
# differences: the means and deviations of the rows have lost its digits.
_CLOSE = 1e-5
_CALLER = "decompose_distance"
# The name in results of each kind of columns.
_NAMES = {"birth": "births", "death": "deaths", "edge": "edges"}


@dataclass(frozen=True, eq=False)
class DistanceParts:
    """The three parts of squared distances, which add up to them.

    Parameters
    ----------
    level : ndarray of shape (n_1, n_2)
        What is due to different means, in squared units of the weights.

    scale : ndarray of shape (n_1, n_2)
        What is due to different standard deviations.

    shape : ndarray of shape (n_1, n_2)
        What remains between distributions of equal mean and deviation.

    Examples
    --------
    >>> from sktopo.barcodes import decompose_distance
    >>> births = decompose_distance([[0.0, 2.0, 5.0]], [[3.0, 9.0, 5.0]]).births
    >>> births.level, births.scale, births.shape
    (array([[25.]]), array([[4.]]), array([[0.]]))
    >>> births.squared
    array([[29.]])
    """

    level: NDArray[np.float64]
    scale: NDArray[np.float64]
    shape: NDArray[np.float64]

    @property
    def squared(self) -> NDArray[np.float64]:
        """The squared distances, (n_1, n_2): the sum of the parts."""
        return self.level + self.scale + self.shape


@dataclass(frozen=True, eq=False)
class DistanceDecomposition:
    """Result of :func:`decompose_distance`.

    Parameters
    ----------
    births : DistanceParts or None
        The parts of the squared distances between births. None if rows keep no births.

    deaths : DistanceParts or None
        Likewise between deaths.

    total : DistanceParts
        The sum over births and deaths, and edges if rows keep them.

    edges : DistanceParts or None, default=None
        The parts between edges, which only rows of
        :class:`~sktopo.GraphPersistence` with a `topology_weight` below 1 have.

    groups : ndarray of shape (n_groups,) or None, default=None
        The groups that the rows and columns of all arrays stand for, ascending. None
        if they stand for barcodes.

    Examples
    --------
    >>> from sktopo.barcodes import decompose_distance
    >>> barcodes = [[0.0, 2.0, 5.0], [3.0, 9.0, 5.0]]
    >>> decompose_distance(barcodes, y=["a", "b"]).groups
    array(['a', 'b'], dtype='<U1')
    """

    births: DistanceParts | None
    deaths: DistanceParts | None
    total: DistanceParts
    edges: DistanceParts | None = None
    groups: NDArray[np.generic] | None = None

    def to_frame(self) -> Table:
        """Return a table with a row for each pair and each of births, deaths, total.

        Returns
        -------
        table : pandas.DataFrame
            The columns `first` and `second` hold two groups, or the numbers of two
            barcodes; `part` holds "births", "deaths", "edges" or "total"; `level`,
            `scale`, `shape` and `squared` hold the parts and their sum. Two groups are
            listed once, barcodes as often as they are in the arrays.

        Raises
        ------
        ImportError
            If pandas is not installed (``pip install 'sktopo[tables]'``).
        """
        columns = ("first", "second", "part", "level", "scale", "shape", "squared")
        n_1, n_2 = self.total.level.shape
        if self.groups is None:
            pairs = list(product(range(n_1), range(n_2)))
            names = pairs
        else:
            pairs = list(combinations(range(n_1), 2))
            names = list(combinations(self.groups, 2))
        rows = [
            (*names[k], kind, *(getattr(parts, part)[pair] for part in columns[3:]))
            for k, pair in enumerate(pairs)
            for kind, parts in self.list_parts().items()
        ]
        return make_table(rows, columns)

    def list_parts(self) -> dict[str, DistanceParts]:
        """Return the parts that there are by name: births, deaths, edges, total.

        Returns
        -------
        parts : dict of str to DistanceParts
            Without those that are None.
        """
        names = ("births", "deaths", "edges", "total")
        parts = {name: getattr(self, name) for name in names}
        return {name: part for name, part in parts.items() if part}


def decompose_distance(
    barcodes_1: ArrayLike | Sequence[ArrayLike],
    barcodes_2: ArrayLike | Sequence[ArrayLike] | None = None,
    *,
    y: ArrayLike | None = None,
    normalize: bool = True,
    layout: BarcodeLayout | None = None,
) -> DistanceDecomposition:
    r"""Split squared 2-Wasserstein distances exactly into level, scale and shape.

    Births of two graphs with means m and m', standard deviations s and s', and
    quantile functions that correlate by :math:`\rho` have the squared distance

    .. math:: W_2^2 = (m - m')^2 + (s - s')^2 + 2 s s' (1 - \rho)

    and so have deaths [1]_. The first part, *level*, is what the mean weight says; the
    second, *scale*, what the spread of the weights adds; only the last, *shape*, needs
    more than these two numbers.

    Parameters
    ----------
    barcodes_1 : array-like of shape (n_1, n_edges) or sequence of n_1 barcodes
        Barcodes, in units of the edge weights; in a sequence their lengths may differ.
        With `layout`, Wasserstein rows.

    barcodes_2 : array-like or sequence, default=None
        Barcodes to compare with. If None, `barcodes_1`.

    y : array-like of shape (n_1,), default=None
        Groups of `barcodes_1`, all of one length. If given, the barycenters of the
        groups are compared with each other, and `barcodes_2` must be None.

    normalize : bool, default=True
        Whether births and deaths each count as a probability measure, see
        :func:`wasserstein_distance`. Needed if lengths differ. Ignored with `layout`.

    layout : BarcodeLayout, default=None
        The layout of Wasserstein rows, ``persistence.layout_``, if they are given in
        place of barcodes.

    Returns
    -------
    decomposition : DistanceDecomposition
        The parts for births, for deaths and in total, float64, in squared units of the
        edge weights. In total, the levels of births and deaths are added, and so on.

    Raises
    ------
    ValueError
        As :func:`wasserstein_distances`; or if `y` does not group `barcodes_1` into two
        groups or more, comes with `barcodes_2` or with barcodes of several lengths, or
        the rows do not have the layout.

    TypeError
        If `layout` is not a layout.

    See Also
    --------
    wasserstein_distances : The distances themselves.
    sktopo.plotting.DecompositionDisplay : Draws the parts between groups.

    Notes
    -----
    No part is negative, and the parts add up to the squared distance to rounding: shape
    is the squared distance of the quantile functions, each brought to mean 0 and
    deviation 1, times s s'. A constant has no shape.

    In the sum form (``normalize=False``) all parts of births are multiplied by the
    number of births, and those of deaths by the number of deaths.

    The largest arrays allocated are the barcodes in float64, brought to mean 0 and
    deviation 1, and the result.

    References
    ----------
    .. [1] Irpino and Verde, "Basic statistics for distributional symbolic variables: a
       new metric-based approach", Advances in Data Analysis and Classification 9,
       2015, arXiv:1110.2295.

    Examples
    --------
    >>> from sktopo.barcodes import decompose_distance
    >>> path, heavier = [0.2, 0.4, 0.1], [0.5, 0.7, 0.1]
    >>> total = decompose_distance([path], [heavier]).total
    >>> total.level.round(3), total.scale.round(3), total.shape.round(3)
    (array([[0.09]]), array([[0.]]), array([[0.]]))
    """
    check_flag("normalize", normalize)
    if layout is not None and not isinstance(layout, BarcodeLayout):
        raise TypeError(
            f"layout must be a BarcodeLayout or None, got {type(layout).__name__}; the "
            "layout of the rows of a fitted GraphPersistence is its layout_."
        )
    first = _read_parts(barcodes_1, "barcodes_1", normalize, layout)
    second, groups = first, None
    if y is not None:
        groups, first = _average_groups(y, first, barcodes_2)
        second = first
    elif barcodes_2 is not None:
        second = _read_parts(barcodes_2, "barcodes_2", normalize, layout)
    for (_, parts_1), (_, parts_2) in product(first, second):
        check_comparable(_count_columns(parts_1), _count_columns(parts_2), normalize)
    is_sum = layout is not None or not normalize
    found = {
        _NAMES[kind]: _split_sets(
            [(samples, parts[kind]) for samples, parts in first],
            None if second is first else [(s, parts[kind]) for s, parts in second],
            is_sum,
        )
        for kind in first[0][1]
    }
    total = restore_unit(sum(found.values()), 1.0, power=2, caller=_CALLER)
    named = {name: DistanceParts(*parts) for name, parts in found.items()}
    return DistanceDecomposition(
        births=named.get("births"),
        deaths=named.get("deaths"),
        total=DistanceParts(*total),
        edges=named.get("edges"),
        groups=groups,
    )


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
    unit = find_unit(rows_1, 0.0, _CALLER, also=rows_2)
    pairs = np.tile(np.arange(len(rows_1)), (2, 1))
    parts = rows_1.shape[1] * _split_pairs(rows_1, rows_2, pairs, unit)
    return tuple(restore_unit(parts, unit, power=2, caller=_CALLER))


class _Standardized(NamedTuple):
    """Rows, and the same rows brought to mean 0 and deviation 1."""

    rows: NDArray[np.generic]  # (n_rows, n_columns)
    scores: NDArray[np.float64]  # (n_rows, n_columns); 0 if a row is constant
    # The means, (n_rows,), are the sums of these two.
    origins: NDArray[np.float64]
    rests: NDArray[np.float64]
    deviations: NDArray[np.float64]  # (n_rows,)


def _read_parts(barcodes, name, normalize, layout):
    """Read barcodes, or rows of a layout: (samples, dict of columns) for each length.

    The columns of a kind have the shape (n_samples_of_length, n_columns).
    """
    if layout is None:
        kinds = "birth", "death"
        return [
            (samples, dict(zip(kinds, split_barcodes(rows), strict=True)))
            for samples, rows in group_barcodes(barcodes, normalize)
        ]
    rows = read_rows(barcodes, name)
    return [(np.arange(len(rows)), layout.split(rows))]


def _count_columns(parts):
    return sum(rows.shape[1] for rows in parts.values())


def _average_groups(y, sets, barcodes_2):
    """Return the groups in y, and their barycenters in the form of `_read_parts`.

    The barycenters are shifted by one number, so that numbers that are far from zero
    keep their digits.
    """
    if barcodes_2 is not None:
        raise ValueError(
            "y groups barcodes_1, and the barycenters of the groups are compared with "
            "each other; leave out barcodes_2 or y."
        )
    if len(sets) > 1:
        lengths = [_count_columns(parts) for _, parts in sets]
        raise ValueError(
            f"Barycenters need barcodes of one length, got {lengths} edges. Give rows "
            "of GraphPersistence(n_quantiles=...) and its layout_ as layout."
        )
    ((samples, parts),) = sets
    labels = check_labels(y, len(samples), discrete=True)
    groups, numbers = np.unique(labels, return_inverse=True)
    if len(groups) < 2:
        raise ValueError(
            f"y has the single group {groups[0]!s}; expected two or more to compare."
        )
    centers = {kind: _average_rows(rows, numbers) for kind, rows in parts.items()}
    return groups, [(np.arange(len(groups)), centers)]


def _average_rows(rows, numbers):
    """Average the rows of each group, less a number of the first row."""
    origin = rows[0, rows.shape[1] // 2] if rows.shape[1] else 0.0
    groups = [rows[numbers == k] for k in range(numbers.max() + 1)]
    return np.stack(
        [mean_row(subtract(group, origin, 1.0), caller=_CALLER)[0] for group in groups]
    )


def _split_sets(sets_1, sets_2, is_sum):
    """Split squared distances between rows of several lengths: (3, n_1, n_2).

    The sets are lists of (samples, rows); `sets_2` is None for `sets_1`.
    """
    every = sets_1 + (sets_2 or [])
    unit = max(find_unit(rows, 0.0, _CALLER) for _, rows in every)
    all_1 = [(samples, _standardize(rows, unit)) for samples, rows in sets_1]
    all_2 = all_1
    if sets_2 is not None:
        all_2 = [(samples, _standardize(rows, unit)) for samples, rows in sets_2]
    n_1, n_2 = (sum(len(samples) for samples, _ in found) for found in (all_1, all_2))
    parts = np.empty((3, n_1, n_2))
    for (samples_1, group_1), (samples_2, group_2) in product(all_1, all_2):
        block = _split_groups(group_1, group_2, unit)
        if is_sum:
            block *= group_1.rows.shape[1]
        parts[:, samples_1[:, None], samples_2] = block
    return restore_unit(parts, unit, power=2, caller=_CALLER)


def _standardize(rows, unit):
    """Bring rows to mean 0 and deviation 1; means and deviations are in the unit."""
    scores, origins, rests = _center(subtract(rows, 0.0, unit), None)
    deviations = np.sqrt(_sum_products(scores, scores) / max(rows.shape[1], 1))
    scores *= _divide(np.ones(len(rows)), deviations)[:, None]
    return _Standardized(rows, scores, origins, rests, deviations)


def _split_groups(group_1, group_2, unit):
    """Split mean squared differences between all pairs of rows: (3, n_1, n_2)."""
    sizes = group_1.rows.shape[1], group_2.rows.shape[1]
    parts = np.zeros((3, len(group_1.rows), len(group_2.rows)))
    if not any(sizes):
        return parts
    origins, rests, deviations = (
        np.subtract.outer(getattr(group_1, name), getattr(group_2, name))
        for name in ("origins", "rests", "deviations")
    )
    products = np.multiply.outer(group_1.deviations, group_2.deviations)
    parts[0] = (origins + rests) ** 2
    parts[1] = deviations**2
    parts[2] = products * np.minimum(_compare_scores(group_1, group_2), 4)
    variances = np.add.outer(group_1.deviations**2, group_2.deviations**2)
    close = parts.sum(axis=0) < _CLOSE * variances
    if group_1 is not group_2:
        pairs = np.nonzero(close)
        parts[:, *pairs] = _split_pairs(group_1.rows, group_2.rows, pairs, unit)
        return parts
    pairs = np.nonzero(np.triu(close, 1))
    found = _split_pairs(group_1.rows, group_1.rows, pairs, unit)
    parts[:, *pairs] = parts[:, *pairs[::-1]] = found
    parts[:, *np.diag_indices(len(group_1.rows))] = 0
    return parts


def _compare_scores(group_1, group_2):
    """Compute mean squared differences of standardised rows: (n_1, n_2)."""
    scores_1, scores_2 = group_1.scores, group_2.scores
    sizes = scores_1.shape[1], scores_2.shape[1]
    if group_1 is group_2:
        return precise_squares(scores_1) / sizes[0]
    if sizes[0] == sizes[1]:
        return cdist(scores_1, scores_2, "sqeuclidean") / sizes[0]
    return sum(
        cdist(scores_1[:, steps_1], scores_2[:, steps_2], "sqeuclidean", w=widths)
        for steps_1, steps_2, widths in merge_quantiles(*sizes)
    )


def _split_pairs(rows_1, rows_2, pairs, unit):
    """Split mean squared differences of pairs of rows: (3, n_pairs).

    `pairs` holds two arrays of numbers of rows. Rows of different lengths are quantile
    functions.
    """
    n_1, n_2 = rows_1.shape[1], rows_2.shape[1]
    parts = np.zeros((3, len(pairs[0])))
    steps, widths = [slice(None)] * 2, None
    if n_1 != n_2:
        pieces = zip(*merge_quantiles(n_1, n_2), strict=True)
        *steps, widths = map(np.concatenate, pieces)
    n_together = max(1, _NUMBERS // max(n_1 + n_2, 1))
    for start in range(0, parts.shape[1] if n_1 else 0, n_together):
        batch = slice(start, start + n_together)
        batch_1, batch_2 = (
            subtract(rows[numbers[batch]][:, columns], 0.0, unit)
            for rows, numbers, columns in zip(
                (rows_1, rows_2), pairs, steps, strict=True
            )
        )
        parts[:, batch] = _split_differences(batch_1, batch_2, widths)
    return parts


def _split_differences(rows_1, rows_2, widths):
    """Split mean squared differences of rows that are paired: (3, n_pairs).

    All follows from the difference of two rows, so that rows that are close to each
    other keep their digits. `widths`, (n_columns,), are weights that add up to 1, or
    None for equal ones. The rows are overwritten.
    """
    n_columns = rows_1.shape[1] if widths is None else 1
    gaps, *means = _center(rows_1 - rows_2, widths)
    rows_1, rows_2 = (_center(rows, widths)[0] for rows in (rows_1, rows_2))
    norms_1, norms_2 = (np.sqrt(_sum_products(rows, rows)) for rows in (rows_1, rows_2))
    middles = np.add(rows_1, rows_2, out=rows_1)
    middles /= 2
    sums = norms_1 + norms_2
    # The difference of the norms, without the rounding of either.
    steps = 2 * _divide(_sum_products(gaps, middles), sums)
    # For x, y and their norms a, b, this is sqrt(a b) (x / a - y / b).
    roots = np.sqrt(norms_1) * np.sqrt(norms_2)
    gaps *= _divide(sums / 2, roots)[:, None]
    middles *= _divide(steps, roots)[:, None]
    gaps -= middles
    # Rounding may exceed the largest shape there is if one norm is much smaller.
    shape = np.minimum(_sum_products(gaps, gaps), 4 * norms_1 * norms_2)
    return np.stack([sum(means) ** 2, steps**2 / n_columns, shape / n_columns])


def _center(rows, widths):
    """Subtract from each row, in place, its mean, weighted by `widths` if given.

    Returns the rows, times the roots of the weights, and the means in two parts,
    (n_rows,): a number of the row and the rest. Equal numbers give exactly 0.
    """
    if not rows.shape[1]:
        return rows, np.zeros(len(rows)), np.zeros(len(rows))
    origins = rows[:, rows.shape[1] // 2].copy()
    rows -= origins[:, None]
    rests = rows.mean(axis=1) if widths is None else rows @ widths
    rows -= rests[:, None]
    if widths is not None:
        rows *= np.sqrt(widths)
    return rows, origins, rests


def _sum_products(rows_1, rows_2):
    return np.einsum("ij,ij->i", rows_1, rows_2)


def _divide(numbers, others):
    """Divide, and return 0 where the divisor is 0."""
    return np.divide(numbers, others, out=np.zeros_like(others), where=others > 0)
