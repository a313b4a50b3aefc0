"""Barcodes of activations without the matrix of weights, one tile at a time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse.csgraph import minimum_spanning_tree
from threadpoolctl import threadpool_info, threadpool_limits

from sktopo._utils.memory import check_memory
from sktopo._utils.parallel import ONE_AT_A_TIME, progress
from sktopo._utils.parameters import check_flag, check_integer, check_option
from sktopo._utils.samples import name_errors
from sktopo.barcodes._counts import AllWeights, WeightCounts
from sktopo.barcodes._layout import check_deaths
from sktopo.barcodes._neighbors import Neighbors
from sktopo.barcodes._spanning import find_tree, make_graph
from sktopo.barcodes._tiles import (
    check_device,
    count_unit_bytes,
    cut,
    make_tiles,
    standardize_units,
)
from sktopo.connectomes._inputs import read_sample
from sktopo.connectomes._units import find_constant_units

if TYPE_CHECKING:
    from typing import Literal

    import torch
    from numpy.typing import ArrayLike, NDArray

    from sktopo._typing import FloatArray

# Neighbours kept for each node.
_N_NEIGHBORS = 32
# Up to this many weights are kept to find quantiles of deaths, which is then exact.
_FEW_WEIGHTS = 2**20
#: What needs less memory than all deaths.
FEWER_DEATHS = "n_quantiles keeps averages in place of all deaths"


#: The measures whose weights are products of standardised units.
PRODUCT_MEASURES = ("correlation", "spearman", "covariance")


def activation_barcode(
    activations: ArrayLike,
    *,
    measure: Literal["correlation", "spearman", "covariance"] = "correlation",
    absolute: bool = True,
    n_quantiles: int | None = 1000,
    device: str | torch.device | None = None,
    verbose: bool = False,
) -> tuple[FloatArray, NDArray[np.intp], FloatArray]:
    r"""Compute the barcode of activations without the matrix of weights.

    The weights are computed in tiles, each once, and are not kept. So memory holds a
    standardised copy of the activations and little else, whatever the number of
    nodes.

    Parameters
    ----------
    activations : array-like of shape (n_observations, n_nodes)
        Activations of one sample: at least two observations of two units. The weights
        of units that never vary are 0.

    measure : {"correlation", "spearman", "covariance"}, default="correlation"
        What relates two units, see :mod:`sktopo.connectomes.measures`.

    absolute : bool, default=True
        Whether to take absolute values of the weights.

    n_quantiles : int or None, default=1000
        Number of averages of the quantile function of the deaths, see
        :func:`quantile_vectors`. None for all deaths, whose number grows with the
        square of n_nodes.

    device : str, torch.device or None, default=None
        Where torch computes the tiles, such as "cuda". None for NumPy.

    verbose : bool, default=False
        Whether to show a progress bar (needs tqdm).

    Returns
    -------
    births : ndarray of shape (n_nodes - 1,)
        Weights of the maximum spanning tree, ascending; float32 if the activations
        are, else float64.

    edges : ndarray of shape (n_nodes - 1, 2), dtype intp
        The two nodes that the edge of each birth joins, the first before the second.

    deaths : ndarray of shape (n_quantiles,) or (n_deaths,)
        Averages of the quantile function of the deaths, or all deaths, ascending.

    Raises
    ------
    ValueError
        If a parameter is unknown, activations hold numbers that are not finite, there
        are fewer than two units or observations, or two units, which have no deaths,
        and `n_quantiles`; if weights leave the range of the dtype, or the device
        cannot be used.

    TypeError
        If activations are not a table of numbers.

    MemoryError
        If all deaths are asked for and do not fit in the memory at hand.

    ImportError
        If `device` is given and torch is not installed.

    See Also
    --------
    sktopo.ConnectomePersistence : Computes rows of many samples in this way.
    barcode_rows : Computes barcodes of connectome rows.

    Notes
    -----
    A tile is the product of two blocks of 1,024 standardised units, in the dtype of
    the activations. While tiles pass by, the 32 strongest neighbours of each node are
    kept. Borůvka's algorithm [1]_ finds the maximum spanning tree in these lists. The
    strongest edge that leaves a component belongs to the tree if it is stronger than
    all edges that the lists of the component may lack. Where that is not known,
    weights are computed again, for these nodes only. The births are then computed once
    more, in float64, from their edges.

    Weights that differ by less than the rounding of a product in the dtype of the
    activations cannot be told apart: either edge may be in the tree, so births differ
    from those of the matrix by such roundings at most. Of equal weights the edge that
    comes first in the connectome row is the stronger. Size and order of the tiles are
    fixed, and each is computed by one thread, so the result is the same with any
    number of threads. There are as many as BLAS is given, see ``threadpoolctl``.

    Deaths are counted in 2\ :sup:`18` bins, less the births. Averages are within 1e-5
    of the range of the weights. Up to 2\ :sup:`20` weights are all kept instead, and
    averages are then exact.

    References
    ----------
    .. [1] Nešetřil, Milková & Nešetřilová, "Otakar Borůvka on minimum spanning tree
       problem", Discrete Mathematics 233, 2001.

    Examples
    --------
    >>> from sktopo.barcodes import activation_barcode
    >>> activations = [[0, 1, 3], [1, 2, 1], [2, 3, 0], [3, 4, 1]]
    >>> births, edges, deaths = activation_barcode(activations, n_quantiles=None)
    >>> births.round(2), deaths.round(2)
    (array([0.72, 1.  ]), array([0.72]))
    >>> edges
    array([[0, 2],
           [0, 1]])
    """
    check_option("measure", measure, PRODUCT_MEASURES)
    check_flag("absolute", absolute)
    check_flag("verbose", verbose)
    if n_quantiles is not None:
        check_integer("n_quantiles (if not None)", n_quantiles, 1)
    activations = read_sample(activations, "Input activations")
    check_device(device, activations.dtype)
    n_nodes = activations.shape[1]
    if n_nodes < 2:
        raise ValueError("Input activations have 1 unit; expected at least 2.")
    if n_quantiles is not None:
        check_deaths(n_nodes * (n_nodes - 1) // 2, "n_quantiles=None")
    nodes = np.flatnonzero(~find_constant_units(activations))
    if n_quantiles is None:
        n_kept, n_working = count_unit_bytes(activations)
        n_deaths = count_death_bytes(n_nodes, len(nodes), activations.itemsize)
        n_bytes = n_kept + max(n_working, n_deaths)
        check_memory("activation_barcode", n_bytes, n_nodes, FEWER_DEATHS)
    with name_errors("Input activations"):
        units = standardize_units(activations, measure, absolute, nodes)
        with tile_threads(device) as run:
            barcode = stream_barcode(
                units,
                nodes,
                n_nodes,
                n_quantiles=n_quantiles,
                run=run,
                device=device,
                verbose=verbose,
            )
    return barcode.births, barcode.edges, barcode.deaths


def count_death_bytes(n_nodes, n_varying, itemsize):
    """Count the bytes that all deaths of a sample need, and all weights beside them."""
    # Zeros, the weights of units that do not vary, are inserted into another copy.
    copies = 2 if n_varying == n_nodes else 3
    return n_nodes * (n_nodes - 1) // 2 * (copies * itemsize + 1)


@dataclass(frozen=True)
class StreamedBarcode:
    """The barcode of one sample.

    Parameters
    ----------
    births : ndarray of shape (n_nodes - 1,)
        Weights of the maximum spanning tree, ascending.

    edges : ndarray of shape (n_nodes - 1, 2)
        The nodes that the edge of each birth joins.

    deaths : ndarray
        All deaths or averages of their quantile function, ascending; None if they were
        not asked for.

    n_again : int
        How many rows of weights were computed a second time.
    """

    births: np.ndarray
    edges: np.ndarray
    deaths: np.ndarray | None
    n_again: int


@contextmanager
def tile_threads(device):
    """Yield a function like `map` that runs on as many threads as BLAS has.

    BLAS itself has one thread meanwhile, for the whole process, so that only one
    caller at a time gets that far. On a device, torch has threads of its own.
    """
    if device is not None:
        yield map
        return
    pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    n_threads = max((pool["num_threads"] for pool in pools), default=1)
    with (
        ONE_AT_A_TIME,
        threadpool_limits(1, "blas"),
        ThreadPoolExecutor(n_threads) as executor,
    ):
        yield executor.map


def stream_barcode(
    units,
    nodes,
    n_nodes,
    *,
    n_quantiles,
    deaths=True,
    run=map,
    device=None,
    verbose=False,
):
    """Compute the barcode of one sample.

    Parameters
    ----------
    units : Units
        Standardised units.

    nodes : ndarray of shape (n_units,)
        Which nodes they are, ascending. All other nodes have weights 0.

    n_nodes : int
        Number of nodes.

    n_quantiles : int or None
        Number of averages of the quantile function of the deaths; None for all deaths.

    deaths : bool
        Whether to find deaths.

    run : callable, default=map
        Calls a function for each item, such as `tile_threads` yields.

    device : str, torch.device or None, default=None
        Where torch computes tiles; None for NumPy.

    verbose : bool, default=False
        Whether to show a progress bar.

    Returns
    -------
    barcode : StreamedBarcode
        Births and deaths, in the dtype of the units.

    Raises
    ------
    ValueError
        If weights leave the range of the dtype.
    """
    tiles = make_tiles(units, device)
    counts = None
    if deaths:
        counts = _make_counts(tiles, n_quantiles)
    neighbors = _scan(tiles, counts, run, verbose)
    first, second, weights, n_again = find_tree(neighbors, tiles)
    births = units.multiply(first, second)
    first, second = nodes[first], nodes[second]
    births, edges, in_tree = _add_zeros(births, first, second, nodes, n_nodes)
    if deaths:
        n_pairs = [n * (n - 1) // 2 for n in (n_nodes, len(nodes))]
        n_zeros = n_pairs[0] - n_pairs[1] - (len(births) - in_tree.sum())
        deaths = counts.find_deaths(weights[in_tree], n_zeros, n_quantiles)
        del counts  # which may hold all weights
        deaths = _scale(deaths, units)
    return StreamedBarcode(_scale(births, units), edges, deaths, n_again)


def _make_counts(tiles, n_quantiles):
    """Choose what to keep of the weights to find deaths."""
    n_units = len(tiles.units.rows)
    n_weights = n_units * (n_units - 1) // 2
    if n_quantiles is None or n_weights <= _FEW_WEIGHTS:
        return AllWeights(tiles, n_weights)
    first = slice(0, tiles.block)
    return WeightCounts(tiles, tiles.upper(tiles.compute(first, first)))


def _scan(tiles, counts, run, verbose):
    """Compute each tile once; find the strongest neighbours and fill the counts."""
    n_units = len(tiles.units.rows)
    k = max(1, min(_N_NEIGHBORS, n_units - 1))
    neighbors = Neighbors(n_units, k, tiles.dtype)
    blocks = cut(n_units, tiles.block)
    shown = progress(blocks, verbose=verbose, description="tiles")
    for i, rows in enumerate(shown):
        neighbors.merge(rows)
        visit = partial(_visit, tiles, counts, neighbors, rows)
        for candidates in run(visit, blocks[i:]):
            neighbors.offer(rows, *candidates)
        neighbors.merge(rows)
    return neighbors


def _visit(tiles, counts, neighbors, rows, columns):
    """Use one tile: count its weights, offer them to the columns, return the rows'."""
    tile, k = tiles.compute(rows, columns), neighbors.nodes.shape[1]
    is_diagonal = rows == columns
    if counts is not None:
        counts.add(tiles.upper(tile) if is_diagonal else tile)
    if is_diagonal:
        tiles.ignore_diagonal(tile)
    else:
        places, others, weights = tiles.find_candidates_of_columns(
            tile, neighbors.limits(columns), k
        )
        neighbors.offer(columns, places, others + rows.start, weights)
    places, others, weights = tiles.find_candidates(tile, neighbors.limits(rows), k)
    return places, others + columns.start, weights


def _add_zeros(births, first, second, varying, n_nodes):
    """Add edges of weight 0 to a tree, one or more for each node that is not varying.

    Returns the births, ascending, their edges (n_nodes - 1, 2), and a mask of the given
    births that are still among them: edges of weight 0 replace negative ones.
    """
    n_given = len(births)
    constant = np.setdiff1d(np.arange(n_nodes), varying, assume_unique=True)
    if len(constant):
        # Of all edges of weight 0, one of these comes first between any two parts.
        hub = constant[0]
        others = np.delete(np.arange(n_nodes), hub)
        first = np.concatenate(
            [first, np.minimum(others, hub), np.zeros_like(constant)]
        )
        second = np.concatenate([second, np.maximum(others, hub), constant])
        births = np.concatenate([births, np.zeros(len(first) - n_given)])
    order = np.lexsort((second, first, -births))
    if len(constant):
        pairs = first[order] * n_nodes + second[order]
        _, once = np.unique(pairs, return_index=True)
        ends = first[order[once]], second[order[once]]
        graph = make_graph(once + 1.0, ends, n_nodes)
        order = order[np.sort(minimum_spanning_tree(graph).data.astype(np.intp)) - 1]
    kept = np.zeros(len(births), bool)
    kept[order] = True
    order = order[::-1]
    return births[order], np.stack([first, second], axis=1)[order], kept[:n_given]


def _scale(values, units):
    """Bring births or deaths to units of the weights and to the dtype of the units."""
    dtype = units.rows.dtype
    scaled = np.empty(values.shape, dtype)
    with np.errstate(over="ignore"):
        np.multiply(values, units.scale, out=scaled, dtype=float, casting="same_kind")
    size = max(values.max(initial=0), -values.min(initial=0))
    largest = float(size) * units.scale
    if np.isfinite(scaled).all() and not 0 < largest < np.finfo(dtype).tiny:
        return scaled
    problem = "small" if largest < 1 else "large"
    raise ValueError(
        f"the largest weight, {largest:.3g}, is too {problem} for {dtype}. Scale the "
        "activations, give them as float64, or use measure='correlation'."
    )
