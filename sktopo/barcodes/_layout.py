"""The columns of barcodes and Wasserstein rows: what they hold, and their scale."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from sktopo._utils.caller import warn_caller
from sktopo._utils.nodes import fewest_nodes
from sktopo._utils.parameters import (
    check_flag,
    check_integer,
    check_positive,
    check_real,
    is_integer,
)
from sktopo._utils.samples import read_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

    from sktopo._typing import FloatArray, S

# Rows can look like Wasserstein rows only if a graph has this many nodes: in smaller
# graphs, all deaths often lie below most births by chance.
_ENOUGH_NODES = 16
# The share of births other than 0 above all deaths from which on they look scaled.
_APART = 0.8
# Neighbours in a barcode may descend by this many roundings of the larger one.
_ROUNDINGS = 16


def count_nodes(n_edges: int) -> int:
    """Count the nodes of the smallest complete graph with at least `n_edges` edges.

    Parameters
    ----------
    n_edges : int
        Number of edges, at least 0.

    Returns
    -------
    n_nodes : int
        The least n with ``n (n - 1) / 2 >= n_edges``.

    Raises
    ------
    ValueError
        If `n_edges` is not an integer of at least 0.

    Examples
    --------
    >>> from sktopo.barcodes import count_nodes
    >>> count_nodes(6), count_nodes(7)
    (4, 5)
    """
    check_integer("n_edges", n_edges, 0)
    return fewest_nodes(int(n_edges))


def count_absent(n_edges):
    """Count the edges that graphs on `count_nodes(n_edges)` nodes lack."""
    n_nodes = count_nodes(n_edges)
    return n_nodes * (n_nodes - 1) // 2 - n_edges


def warn_incomplete(n_edges):
    """Warn if rows of `n_edges` edges are not the upper triangle of a matrix."""
    absent = count_absent(n_edges)
    if absent:
        warn_caller(
            f"{n_edges} edges do not form an upper triangle, n(n-1)/2: rows are taken "
            f"for graphs on {count_nodes(n_edges)} nodes whose last {absent} edges are "
            "absent."
        )


def check_homology_dimensions(dimensions):
    """Raise a ValueError unless the dimensions are 0, 1 or both, in a sequence."""
    is_sequence = isinstance(dimensions, (tuple, list))
    is_sequence = is_sequence and all(map(is_integer, dimensions))
    if not is_sequence or set(dimensions) not in ({0}, {1}, {0, 1}):
        raise ValueError(
            f"homology_dimensions={dimensions!r} must be (0, 1), (0,) or (1,): 0 "
            "stands for births, 1 for deaths."
        )


def check_deaths(n_edges, remedy="homology_dimensions=(0,)"):
    """Raise a ValueError unless graphs of `n_edges` edges have deaths.

    `remedy` says in the error how to do without.
    """
    if n_edges < 3:
        raise ValueError(
            f"A graph of {n_edges} edge(s) has no deaths to keep; it needs three "
            f"edges, or {remedy}."
        )


@dataclass(frozen=True)
class BarcodeLayout:
    """Which columns of a row are edges, births and deaths, and how they are scaled.

    The layout of a barcode is ``BarcodeLayout(n_edges, normalize=False)``. All other
    layouts are those of Wasserstein rows.

    Parameters
    ----------
    n_edges : int
        Number of edges of a graph.

    normalize : bool, default=True
        Whether births and deaths each count as a probability measure.

    topology_weight : float, default=1.0
        Weight of births and deaths against edges.

    homology_dimensions : tuple of int, default=(0, 1)
        Which of births (0) and deaths (1) are kept.

    n_quantiles : int or None, default=None
        Number of columns of each kind, if they are averages of quantile functions.

    factors : tuple of float, default=(1.0, 1.0)
        What births, and deaths, are multiplied by in addition to the scale of their
        form: what ``GraphPersistence(normalize="balanced")`` learns.

    Attributes
    ----------
    sizes : dict of str to int
        The number of columns of each kind that is kept: "edge", "birth", "death".

    scales : dict of str to float
        The factor that turns the weights of each kind into columns.

    Raises
    ------
    ValueError
        If a parameter is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from sktopo.barcodes import BarcodeLayout
    >>> layout = BarcodeLayout(n_edges=3)
    >>> layout.sizes
    {'birth': 2, 'death': 1}
    >>> layout.split(np.array([0.7, 0.9, 0.5]))
    {'birth': array([0.7, 0.9]), 'death': array([0.5])}
    """

    n_edges: int
    normalize: bool = True
    topology_weight: float = 1.0
    homology_dimensions: tuple[int, ...] = (0, 1)
    n_quantiles: int | None = None
    factors: tuple[float, float] = (1.0, 1.0)

    def __post_init__(self) -> None:
        """Check the parameters."""
        check_integer("n_edges", self.n_edges, 0)
        check_flag("normalize", self.normalize)
        check_real("topology_weight", self.topology_weight, 0, 1)
        check_homology_dimensions(self.homology_dimensions)
        if self.n_quantiles is not None:
            check_integer("n_quantiles (if not None)", self.n_quantiles, 1)
        _check_factors(self.factors)

    @property
    def _shares(self):
        """The share of each kind in the squared distance, without those left out."""
        topology = self.topology_weight
        shares = {
            "edge": 1 - topology,
            "birth": topology * (0 in self.homology_dimensions),
            "death": topology * (1 in self.homology_dimensions),
        }
        return {kind: share for kind, share in shares.items() if share > 0}

    @property
    def sizes(self) -> dict[str, int]:
        """The number of columns of each kind, in the order of the columns."""
        n_births = count_nodes(self.n_edges) - 1
        sizes = {
            "edge": self.n_edges,
            "birth": n_births,
            "death": self.n_edges - n_births,
        }
        if self.n_quantiles is not None:
            sizes = dict.fromkeys(sizes, self.n_quantiles)
        return {kind: sizes[kind] for kind in self._shares}

    @property
    def scales(self) -> dict[str, float]:
        """The factor from weights to columns of each kind."""
        sizes = self.sizes
        factors = dict(zip(("birth", "death"), self.factors, strict=True))
        return {
            kind: sqrt(share / (max(sizes[kind], 1) if self.normalize else 1))
            * float(factors.get(kind, 1))
            for kind, share in self._shares.items()
        }

    def split(self, rows: NDArray[S]) -> dict[str, NDArray[S]]:
        """Split rows into views of the columns of each kind.

        Parameters
        ----------
        rows : ndarray of shape (..., n_columns)
            Rows of this layout.

        Returns
        -------
        parts : dict of str to ndarray
            The columns of each kind, scaled as they are.

        Raises
        ------
        TypeError
            If the rows are not an array.

        ValueError
            If the rows have another number of columns than the layout.
        """
        _check_array_of_rows(rows)
        *cuts, n_columns = np.cumsum(list(self.sizes.values()))
        if rows.shape[-1] != n_columns:
            raise ValueError(
                f"Rows of {rows.shape[-1]} columns do not have this layout, which has "
                f"{n_columns} columns: {self.sizes}."
            )
        return dict(zip(self.sizes, np.split(rows, cuts, axis=-1), strict=True))

    def scale(self, parts: Mapping[str, FloatArray]) -> FloatArray:
        """Scale the weights of each kind and join them to rows.

        Parameters
        ----------
        parts : mapping of str to ndarray of shape (..., n_columns_of_kind)
            Weights of each kind; kinds that the layout leaves out are ignored.

        Returns
        -------
        rows : ndarray of shape (..., n_columns)
            Rows of this layout.

        Raises
        ------
        ValueError
            If a kind of the layout is missing.
        """
        scales = self.scales
        missing = [kind for kind in scales if kind not in parts]
        if missing:
            raise ValueError(f"parts lack {missing}; this layout has {list(scales)}.")
        return np.concatenate([parts[kind] * scales[kind] for kind in scales], axis=-1)

    def unscale(self, rows: FloatArray) -> dict[str, FloatArray]:
        """Split rows and bring each kind to units of the edge weights.

        Parameters
        ----------
        rows : ndarray of shape (..., n_columns)
            Rows of this layout.

        Returns
        -------
        parts : dict of str to ndarray
            Weights of each kind.

        Raises
        ------
        ValueError
            If the rows have another number of columns than the layout.
        """
        scales = self.scales
        return {kind: part / scales[kind] for kind, part in self.split(rows).items()}


def split_barcodes(barcodes: NDArray[S]) -> tuple[NDArray[S], NDArray[S]]:
    """Split barcodes into views of their births and deaths.

    Parameters
    ----------
    barcodes : ndarray of shape (..., n_edges)
        Barcodes. Wasserstein rows of births and deaths are split in the same way.

    Returns
    -------
    births : ndarray of shape (..., n_births)
        The first ``count_nodes(n_edges) - 1`` columns.

    deaths : ndarray of shape (..., n_deaths)
        The other columns.

    Raises
    ------
    TypeError
        If the barcodes are not an array.

    ValueError
        If the array has no columns: it is a single number.

    Examples
    --------
    >>> import numpy as np
    >>> from sktopo.barcodes import split_barcodes
    >>> split_barcodes(np.array([0.7, 0.9, 0.5]))
    (array([0.7, 0.9]), array([0.5]))
    """
    _check_array_of_rows(barcodes)
    parts = BarcodeLayout(barcodes.shape[-1]).split(barcodes)
    return parts["birth"], parts["death"]


def scale_barcodes(barcodes: ArrayLike, *, normalize: bool = True) -> FloatArray:
    """Turn barcodes into Wasserstein rows, whose Euclidean distance is Wasserstein's.

    Parameters
    ----------
    barcodes : array-like of shape (n_graphs, n_edges)
        Barcodes, in units of the edge weights.

    normalize : bool, default=True
        Whether births and deaths each count as a probability measure: births are
        divided by the root of their number, deaths likewise. If False, the numbers
        stay as they are: the distance published as a sum is already Euclidean.

    Returns
    -------
    rows : ndarray of shape (n_graphs, n_edges)
        Wasserstein rows, float32 or float64 as the input.

    Raises
    ------
    ValueError
        If the rows are not barcodes, see :func:`check_barcodes`.

    Examples
    --------
    >>> from sktopo.barcodes import scale_barcodes
    >>> scale_barcodes([[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]]).round(2)
    array([[0.58, 1.15, 1.73, 2.31, 2.89, 3.46]])
    """
    barcodes = check_scalable(barcodes, normalize)
    if not normalize:
        return barcodes
    layout = BarcodeLayout(barcodes.shape[1])
    return layout.scale(layout.split(barcodes))


def unscale_barcodes(scaled: ArrayLike, *, normalize: bool = True) -> FloatArray:
    """Turn Wasserstein rows back into barcodes: undo `scale_barcodes`.

    Barycenters of a :class:`~sktopo.TopClusterer`, and rows of a
    :class:`~sktopo.GraphPersistence` that keeps births and deaths alone, are such
    rows. Those of ``normalize="balanced"`` are not: its ``layout_.unscale`` knows the
    factors.

    Parameters
    ----------
    scaled : array-like of shape (n_graphs, n_edges)
        Wasserstein rows of births and deaths.

    normalize : bool, default=True
        Whether births and deaths were each scaled to a probability measure.

    Returns
    -------
    barcodes : ndarray of shape (n_graphs, n_edges)
        Barcodes, in units of the edge weights.

    Raises
    ------
    ValueError
        If the columns are not births and deaths, each ascending, or the barcodes
        overflow.

    Examples
    --------
    >>> from sktopo.barcodes import scale_barcodes, unscale_barcodes
    >>> unscale_barcodes(scale_barcodes([[1.0, 2.0, 3.0]])).round(2)
    array([[1., 2., 3.]])
    """
    check_flag("normalize", normalize)
    scaled = check_ascending(scaled)
    layout = BarcodeLayout(scaled.shape[1], normalize=normalize)
    with np.errstate(over="ignore"):
        barcodes = np.hstack(list(layout.unscale(scaled).values()))
    if not np.isfinite(barcodes).all():
        raise ValueError(
            f"Barcodes of these rows are too large for {barcodes.dtype}. Divide all "
            "rows by one constant first."
        )
    return barcodes


def check_barcodes(barcodes: ArrayLike) -> FloatArray:
    """Validate barcodes: rows of births and deaths in units of the edge weights.

    Parameters
    ----------
    barcodes : array-like of shape (n_graphs, n_edges)
        Barcodes. Rows of :class:`~sktopo.GraphPersistence` are not barcodes unless
        ``normalize=False``: bring them back by :func:`unscale_barcodes`.

    Returns
    -------
    barcodes : ndarray of shape (n_graphs, n_edges)
        The barcodes as an array, float32 or float64 as the input.

    Raises
    ------
    ValueError
        If the rows are not a 2-D array of finite real numbers, births or deaths do
        not ascend, or the rows are evidently normalised Wasserstein rows.

    Warns
    -----
    UserWarning
        If the rows look like normalised Wasserstein rows but exceed 1 when unscaled.

    Notes
    -----
    Normalising divides the many deaths by a larger number than the few births, which
    separates them. Rows look like normalised Wasserstein rows if the graphs have 16
    nodes or more and, in 9 of 10 rows,

    - all deaths lie below four of five births other than 0;
    - in the row that :func:`unscale_barcodes` returns, some deaths lie above some
      births (in half of the rows);
    - that row is a barcode that some graph has.

    Such rows are refused if the weights are then at most 1, as correlations are. Larger
    weights could also be those of a tree of strong edges among edges about
    ``sqrt(n_nodes / 2)`` times weaker, so there is only a warning.

    Examples
    --------
    >>> from sktopo.barcodes import check_barcodes
    >>> check_barcodes([[0.7, 0.9, 0.5]])
    array([[0.7, 0.9, 0.5]])
    """
    barcodes = check_ascending(barcodes)
    if not _look_normalized(barcodes):
        return barcodes
    message = (
        "The rows look like Wasserstein rows, which GraphPersistence scales with "
        "normalize=True, and not like barcodes in units of the edge weights. Bring "
        "them back to barcodes with unscale_barcodes first; the Wasserstein distances "
        "between such rows are their Euclidean distances."
    )
    births, _ = split_barcodes(barcodes)
    if births.max() > (1 + 1e-6) * BarcodeLayout(barcodes.shape[1]).scales["birth"]:
        warn_caller(message)
        return barcodes
    raise ValueError(message)


def check_scalable(barcodes, normalize):
    """Validate barcodes; if they will not be scaled, Wasserstein rows do as well."""
    check_flag("normalize", normalize)
    return check_barcodes(barcodes) if normalize else check_ascending(barcodes)


def check_ascending(rows):
    """Validate barcodes or Wasserstein rows of births and deaths, each ascending.

    Neighbours may descend by rounding, as in means of rows. Returns an array of shape
    (n_graphs, n_edges), float32 or float64.
    """
    rows = read_rows(rows, "Input", ensure_min_features=0)
    births, deaths = split_barcodes(rows)
    for name, part in (("births", births), ("deaths", deaths)):
        row = find_descent(part)
        if row is not None:
            raise ValueError(
                f"Row {row} of {rows.shape[1]} columns is not a barcode: the first "
                f"{births.shape[1]} are its births, the others its deaths, and the "
                f"{name} do not ascend. barcode_rows turns connectome rows into "
                "barcodes."
            )
    return rows


def find_descent(values):
    """Find the first row that descends by more than rounding; None if all ascend."""
    rows = np.flatnonzero((values[:, 1:] < values[:, :-1]).any(axis=1))
    for row in rows:
        left, right = values[row, :-1], values[row, 1:]
        slack = _ROUNDINGS * np.finfo(values.dtype).eps
        # Halves, because the difference of two large numbers could overflow.
        larger = np.maximum(np.abs(left), np.abs(right)) / 2
        if (left / 2 - right / 2 > slack * larger).any():
            return row
    return None


def count_deaths(births, deaths):
    """Count the deaths that come before each next birth, and those that fit.

    Births, (n_births,), and deaths descend. Deaths equal to a birth up to rounding
    come after it.

    Returns
    -------
    counts : ndarray of shape (n_births,)
        Entry k counts the deaths before birth k + 1, the last entry all deaths.

    capacities : ndarray of shape (n_births,)
        The largest number of deaths that k + 1 births make possible: the edges
        within k + 2 nodes that are not in their tree.
    """
    slack = 16 * np.finfo(births.dtype).eps * max(np.abs(births).max(), 1e-300)
    counts = np.searchsorted(-deaths, -(births[1:] + slack), side="left")
    n_merged = np.arange(1, len(births) + 1)
    return np.append(counts, len(deaths)), n_merged * (n_merged - 1) // 2


def _check_factors(factors):
    """Raise a ValueError unless factors are a tuple of two positive numbers."""
    if not isinstance(factors, tuple) or len(factors) != 2:
        raise ValueError(
            "factors must be a tuple of two numbers, for births and for deaths, got "
            f"{factors!r}."
        )
    for factor in factors:
        check_positive("factors (each)", factor)


def _check_array_of_rows(rows):
    """Raise unless rows are an array, of which views can be returned."""
    if not isinstance(rows, np.ndarray):
        raise TypeError(
            f"Rows must be a NumPy array, got {type(rows).__name__}; use np.asarray."
        )
    if rows.ndim == 0:
        raise ValueError("Rows must have columns, got an array of 0 dimensions.")


def _look_normalized(rows):
    """Return whether rows look like normalised Wasserstein rows, see `check_barcodes`.

    The rows, (n_graphs, n_edges), are known to ascend.
    """
    births, deaths = split_barcodes(rows)
    if births.shape[1] + 1 < _ENOUGH_NODES:
        return False
    with np.errstate(over="ignore"):
        unscaled = BarcodeLayout(rows.shape[1]).unscale(rows)
    n_apart = np.count_nonzero(births > deaths[:, -1:], axis=1)
    apart = (births[:, 0] >= 0) & (deaths[:, -1] > 0)
    apart &= n_apart >= _APART * np.count_nonzero(births, axis=1)
    mixed = unscaled["death"][:, -1] > _smallest_above_zero(unscaled["birth"])
    if apart.mean() < 0.9 or mixed.mean() < 0.5:
        return False
    for row_births, row_deaths in zip(*unscaled.values(), strict=True):
        counts, capacities = count_deaths(row_births[::-1], row_deaths[::-1])
        if (counts > capacities).any():
            return False
    return True


def _smallest_above_zero(births):
    return np.min(births, axis=1, initial=np.inf, where=births > 0)
