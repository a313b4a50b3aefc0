"""Births and deaths of graphs before they are scaled, and how to balance them."""

from __future__ import annotations

from functools import partial
from math import hypot, sqrt

import numpy as np
from joblib import effective_n_jobs

from sktopo._utils.caller import warn_caller
from sktopo._utils.geometry import find_deviation
from sktopo._utils.memory import check_memory
from sktopo._utils.parallel import run_parallel
from sktopo.barcodes._centering import center_barcodes
from sktopo.barcodes._filtration import compute_barcodes
from sktopo.barcodes._layout import count_nodes, split_barcodes
from sktopo.barcodes._quantiles import average_quantiles

# Edges handed to a worker at a time: seconds of work, so that progress shows.
_CHUNK = 2**24
# Numbers, in units of n_nodes ** 1.5, while the tree of a large graph is sought.
_TREE_NUMBERS = 10
# Bytes for each edge of a graph while its weights are ranked, and while those of its
# barcode are, which are sorted.
_RANK_BYTES, _BARCODE_RANK_BYTES = 48, 24


def check_size(groups, layout, *, center, n_jobs):
    """Raise a MemoryError if the Wasserstein rows of graphs do not fit in memory.

    The arguments are those of `compute_table`.
    """
    groups = [rows for _, rows in groups]
    largest = max(groups, key=lambda rows: rows.shape[1])
    n_samples, width = sum(map(len, groups)), sum(layout.sizes.values())
    n_edges, n_bytes = largest.shape[1], 0
    n_table = n_samples * (n_edges if layout.n_quantiles is None else width)
    if list(layout.sizes) == ["edge"]:
        n_table = 0
    else:
        n_bytes = _count_working_bytes(largest, layout, center, n_jobs)
    n_copied = 0
    if layout.n_quantiles is None and list(layout.sizes) != ["birth", "death"]:
        n_copied = 2 * n_samples * width  # columns are scaled, then joined
    elif len(groups) > 1:
        n_copied = 2 * n_table  # groups are joined, then brought to the order of X
    copied = largest.itemsize * n_copied
    if center is not None and "edge" in layout.sizes:
        copied += largest.itemsize * n_samples * n_edges
        copied += _RANK_BYTES * n_edges if center == "rank" else 0
    n_bytes = largest.itemsize * n_table + max(n_bytes, copied)
    check_memory("GraphPersistence", n_bytes, count_nodes(n_edges))


def _count_working_bytes(rows, layout, center, n_jobs):
    """Count the bytes that births and deaths of rows need beside their table."""
    n_rows, n_edges = rows.shape
    size = _choose_size(rows, n_jobs)
    n_together = min(effective_n_jobs(n_jobs), -(-n_rows // size))
    n_numbers = int(_TREE_NUMBERS * count_nodes(n_edges) ** 1.5)
    if size < n_rows or layout.n_quantiles is not None:
        n_numbers += size * n_edges  # else barcodes are made in the table
    n_bytes = rows.itemsize * n_numbers
    if center == "rank":
        n_bytes += _BARCODE_RANK_BYTES * n_edges
    return n_together * n_bytes


def compute_table(groups, layout, *, center, n_jobs, verbose):
    """Compute births and deaths of graphs, not yet scaled.

    Parameters
    ----------
    groups : list of (ndarray, ndarray)
        The samples of each size and their connectome rows, see `check_graphs`.

    layout : BarcodeLayout
        The layout of the Wasserstein rows.

    center : {"level", "scale", "rank"} or None
        How the weights are centred, see `center_rows`.

    n_jobs, verbose
        As in GraphPersistence.

    Returns
    -------
    table : ndarray of shape (n_samples, n_columns)
        Barcodes or, if the layout has quantiles, what the layout keeps of them. It
        belongs to the caller.
    """
    compute = partial(
        _compute_chunk,
        center=center,
        n_quantiles=layout.n_quantiles,
        kinds=tuple(layout.sizes),
    )
    parts = []
    for _, rows in groups:
        width = rows.shape[1]
        if layout.n_quantiles is not None:
            width = sum(layout.sizes.values())
        parts.append(_in_chunks(compute, rows, width, n_jobs, verbose))
    if len(parts) == 1:
        return parts[0]
    samples = np.concatenate([samples for samples, _ in groups])
    return np.concatenate(parts)[np.argsort(samples)]


def split_table(table, layout):
    """Split a table of `compute_table` into views: a dict of births and deaths."""
    if layout.n_quantiles is not None:
        return layout.split(table)
    return dict(zip(("birth", "death"), split_barcodes(table), strict=True))


def find_factors(births, deaths, rounding):
    """Find factors that give births and deaths the same Wasserstein variance.

    The variances are those of the normalised form, and their sum stays the same. The
    factors are 1 if births or deaths, (n_samples, n_columns), deviate from their
    barycenter by no more than `rounding`, which warns.

    Returns
    -------
    factors : tuple of float
        The factor of births, and that of deaths.
    """
    deviations = [
        find_deviation(part, rounding=rounding, caller="GraphPersistence")
        for part in (births, deaths)
    ]
    if not all(deviations):
        kind = "deaths" if deviations[0] else "births"
        warn_caller(
            f"normalize='balanced' cannot balance births and deaths: the {kind} of all "
            f"{len(births)} sample(s) are the same. Rows are those of normalize=True."
        )
        return 1.0, 1.0
    ratio = deviations[1] / deviations[0]
    return hypot(1, ratio) / sqrt(2), hypot(1, 1 / ratio) / sqrt(2)


def check_balanced(rows, layout):
    """Raise a ValueError if the factors of a layout have made rows infinite."""
    if max(layout.factors) == 1:
        return
    if not np.isfinite([rows.min(), rows.max()]).all():  # without a mask of all
        raise ValueError(
            f"Births or deaths of X, balanced by the factors {layout.factors[0]:.3g} "
            f"and {layout.factors[1]:.3g}, are too large for {rows.dtype}. Divide all "
            "weights by one constant first."
        )


def _compute_chunk(rows, center, n_quantiles, kinds):
    """Compute centred barcodes of connectome rows, or quantiles of these."""
    barcodes = center_barcodes(compute_barcodes(rows), rows, center)
    if n_quantiles is None:
        return barcodes
    parts = dict(zip(("birth", "death"), split_barcodes(barcodes), strict=True))
    quantiles = np.empty((len(rows), len(kinds) * n_quantiles), dtype=rows.dtype)
    for kind, out in zip(kinds, np.split(quantiles, len(kinds), axis=1), strict=True):
        average_quantiles(parts[kind], n_quantiles, out=out)
    return quantiles


def _in_chunks(function, rows, width, n_jobs, verbose):
    """Call a function on chunks of rows, in parallel if asked: (n_rows, width)."""
    n_rows, size = len(rows), _choose_size(rows, n_jobs)
    chunks = [slice(start, start + size) for start in range(0, n_rows, size)]
    if len(chunks) == 1:
        return function(rows)
    done = run_parallel(
        function,
        [(rows[chunk],) for chunk in chunks],
        # joblib would keep a part while the next is computed.
        n_jobs=1 if effective_n_jobs(n_jobs) == 1 else n_jobs,
        prefer="threads",
        verbose=verbose,
        description="barcodes",
    )
    result = np.empty((n_rows, width), dtype=rows.dtype)
    start = 0
    for part in done:
        result[start : start + len(part)] = part
        start += len(part)
        del part
    return result


def _choose_size(rows, n_jobs):
    """Choose how many rows are handed to a worker at a time."""
    n_rows, n_edges = rows.shape
    share = -(-n_rows // effective_n_jobs(n_jobs))
    return max(1, min(share, _CHUNK // n_edges))
