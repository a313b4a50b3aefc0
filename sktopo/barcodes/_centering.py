"""The level and the scale of the weights of each graph, removed before comparison."""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata
from sklearn.utils import gen_batches

from sktopo._utils.geometry import column_blocks
from sktopo.barcodes._layout import split_barcodes

CENTERS = ("level", "scale", "rank")
# Weights of a graph that differ by at most this many roundings of the largest count as
# equal.
_ROUNDINGS = 16
# Numbers centred at a time, so that the float64 copy stays in the cache.
_NUMBERS = 2**16


def center_rows(rows, center):
    """Center the weights of each graph; see `center` of GraphPersistence.

    Connectome rows, (n_graphs, n_edges), are returned as they are if `center` is None,
    else as a new array.
    """
    if center is None:
        return rows
    centered = np.array(rows, order="C")
    if center != "rank":
        return _standardize(centered, rows, center)
    for row in centered:
        row[:] = rankdata(row) / len(row)
    return centered


def center_barcodes(barcodes, rows, center):
    """Center the barcodes of connectome rows in place.

    The result is that of centring the rows first, to the last bit: equal weights stay
    equal, and larger ones are not smaller afterwards.
    """
    if center in ("level", "scale"):
        return _standardize(barcodes, rows, center)
    if center == "rank":
        for barcode in barcodes:
            _rank(barcode)
    return barcodes


def check_spans(groups, center):
    """Raise a ValueError if weights of one graph differ by more than their dtype holds.

    The groups are those of `check_graphs`. Ranks can always be computed.
    """
    if center not in ("level", "scale"):
        return
    for samples, rows in groups:
        low, high = rows.min(axis=1), rows.max(axis=1)
        with np.errstate(over="ignore"):
            lost = np.flatnonzero(np.isinf(high - low))
        if len(lost):
            first = lost[0]
            raise ValueError(
                f"The weights of sample {samples[first]} of X range from "
                f"{low[first]:.3g} to {high[first]:.3g}, and center={center!r} needs "
                f"their difference, which {rows.dtype} cannot hold. Divide all weights "
                "by one constant first."
            )


def rounding_of(rows, center):
    """Return the size up to which centred weights may differ by rounding alone."""
    eps = _ROUNDINGS * float(np.finfo(rows.dtype).eps)
    if center == "rank":
        return eps
    sizes = np.maximum(np.abs(rows.min(axis=1)), np.abs(rows.max(axis=1)))
    sizes = sizes.astype(np.float64)
    if center == "scale":
        for graphs in gen_batches(len(rows), _batch_size(rows)):
            _, units, _, factors = _measure(rows[graphs], center)
            sizes[graphs] *= factors[:, 0] / units[:, 0]
    return eps * float(sizes.max())


def _standardize(values, rows, center):
    """Subtract means, and perhaps divide by deviations, of the weights of graphs.

    Values, (n_graphs, n_edges), are connectome rows or their barcodes, and are changed.
    """
    for graphs in gen_batches(len(rows), _batch_size(rows)):
        lowest, units, means, factors = _measure(rows[graphs], center)
        batch = values[graphs]
        for columns in column_blocks(batch):
            gaps = _subtract(batch[:, columns], lowest, units)
            gaps -= means
            gaps *= factors
            batch[:, columns] = gaps
    return values


def _measure(rows, center):
    """Measure the weights of graphs: four arrays of shape (n_graphs, 1).

    They are the lowest weight, a power of two near the range, the mean distance from
    the lowest weight in this unit, and what centred distances are multiplied by: the
    unit, or one over the deviation, which is 0 for graphs of equal weights.
    """
    lowest = rows.min(axis=1, keepdims=True).astype(np.float64)
    highest = rows.max(axis=1, keepdims=True).astype(np.float64)
    units = np.ldexp(1.0, np.frexp(highest - lowest)[1] - 1)
    means = _average(rows, lowest, units, 0.0, power=1)
    if center == "level":
        return lowest, units, means, units
    variances = _average(rows, lowest, units, means, power=2)
    eps = _ROUNDINGS * np.finfo(rows.dtype).eps
    differ = highest - lowest > eps * np.maximum(np.abs(lowest), np.abs(highest))
    factors = np.zeros_like(variances)
    np.divide(1.0, np.sqrt(variances), out=factors, where=differ)
    return lowest, units, means, factors


def _average(rows, lowest, units, origins, power):
    """Average powers of the distances from the lowest weights: (n_graphs, 1)."""
    total = 0.0
    for columns in column_blocks(rows):
        gaps = _subtract(rows[:, columns], lowest, units) - origins
        total = total + (gaps**power).sum(axis=1, keepdims=True)
    return total / rows.shape[1]


def _subtract(weights, lowest, units):
    """Return distances from the lowest weights, in float64: new rows, in C order."""
    gaps = np.subtract(weights, lowest, dtype=np.float64, order="C")
    gaps /= units
    return gaps


def _batch_size(rows):
    return max(1, _NUMBERS // rows.shape[1])


def _rank(barcode):
    """Replace the numbers of one barcode by their ranks among all, in place."""
    parts = split_barcodes(barcode)
    ranks = [np.ones(len(part)) for part in parts]
    for part, part_ranks in zip(parts, ranks, strict=True):
        for other in parts:
            # The mean of the first and the last place among equal numbers.
            part_ranks += other.searchsorted(part, "left")
            part_ranks += other.searchsorted(part, "right")
    for part, part_ranks in zip(parts, ranks, strict=True):
        part[:] = part_ranks / 2 / len(barcode)
