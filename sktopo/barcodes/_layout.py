"""The layout of barcodes and Wasserstein rows: which column is what, and its scale."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from math import isqrt, sqrt
from typing import TYPE_CHECKING

import numpy as np
from sklearn.utils import check_array

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from sktopo._typing import FloatArray, S


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

    Examples
    --------
    >>> from sktopo.barcodes import count_nodes
    >>> count_nodes(6), count_nodes(7)
    (4, 5)
    """
    return (1 + isqrt(8 * n_edges - 7)) // 2 + 1 if n_edges else 1


def split_barcodes(barcodes: NDArray[S]) -> tuple[NDArray[S], NDArray[S]]:
    """Split barcode rows into views of their births and deaths.

    Parameters
    ----------
    barcodes : ndarray of shape (..., n_edges)
        Barcode rows.

    Returns
    -------
    births : ndarray of shape (..., n_births)
        The first ``count_nodes(n_edges) - 1`` columns.

    deaths : ndarray of shape (..., n_deaths)
        The other columns.

    Examples
    --------
    >>> import numpy as np
    >>> from sktopo.barcodes import split_barcodes
    >>> split_barcodes(np.array([0.7, 0.9, 0.5]))
    (array([0.7, 0.9]), array([0.5]))
    """
    n_births = count_nodes(barcodes.shape[-1]) - 1
    return barcodes[..., :n_births], barcodes[..., n_births:]


def scale_barcodes(barcodes: ArrayLike, *, normalize: bool = True) -> FloatArray:
    """Scale barcode rows so that the Wasserstein distance becomes Euclidean.

    Parameters
    ----------
    barcodes : array-like of shape (n_graphs, n_edges)
        Barcode rows.

    normalize : bool, default=True
        Whether births and deaths each count as a probability measure: births are
        divided by the root of their number, deaths likewise. If False, the rows
        come back as they are: the published sum form is already Euclidean.

    Returns
    -------
    scaled : ndarray of shape (n_graphs, n_edges)
        Rows whose Euclidean distances are the Wasserstein distances.

    Examples
    --------
    >>> from sktopo.barcodes import scale_barcodes
    >>> scale_barcodes([[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]]).round(2)
    array([[0.58, 1.15, 1.73, 2.31, 2.89, 3.46]])
    """
    return scale_rows(check_barcodes(barcodes), normalize)


def unscale_barcodes(scaled: ArrayLike, *, normalize: bool = True) -> FloatArray:
    """Undo `scale_barcodes`: bring scaled rows back to units of the edge weights.

    Barycenters of a :class:`~sktopo.TopClusterer`, or rows of a
    :class:`~sktopo.GraphPersistence` that keeps births and deaths, are scaled rows.

    Parameters
    ----------
    scaled : array-like of shape (n_graphs, n_edges)
        Scaled barcode rows.

    normalize : bool, default=True
        Whether births and deaths were each scaled to a probability measure.

    Returns
    -------
    barcodes : ndarray of shape (n_graphs, n_edges)
        Barcode rows.

    Examples
    --------
    >>> from sktopo.barcodes import scale_barcodes, unscale_barcodes
    >>> unscale_barcodes(scale_barcodes([[1.0, 2.0, 3.0]])).round(2)
    array([[1., 2., 3.]])
    """
    scaled = check_barcodes(scaled)
    layout = BarcodeLayout(scaled.shape[1], normalize=normalize)
    return np.hstack(list(layout.unscale(scaled).values())) if normalize else scaled


def count_absent(n_edges: int) -> int:
    """Count the edges that graphs on `count_nodes(n_edges)` nodes lack."""
    n_nodes = count_nodes(n_edges)
    return n_nodes * (n_nodes - 1) // 2 - n_edges


def warn_incomplete(n_edges: int) -> None:
    """Warn if rows of this length are no upper triangles."""
    absent = count_absent(n_edges)
    if absent:
        warnings.warn(
            f"Rows of {n_edges} edges are no upper triangle, n(n-1)/2: they are taken "
            f"for graphs on {count_nodes(n_edges)} nodes whose last {absent} edges are "
            "absent.",
            stacklevel=3,
        )


def check_barcodes(barcodes: ArrayLike) -> FloatArray:
    """Validate barcodes: rows of births and deaths, each ascending.

    Parameters
    ----------
    barcodes : array-like of shape (n_graphs, n_edges)
        Barcodes in units of the edge weights.

    Returns
    -------
    barcodes : ndarray of shape (n_graphs, n_edges)
        The barcodes as an array, float32 or float64 as the input.

    Raises
    ------
    ValueError
        If the rows are not a 2-D array of finite real numbers, or births or deaths do
        not ascend.

    Examples
    --------
    >>> from sktopo.barcodes import check_barcodes
    >>> check_barcodes([[0.7, 0.9, 0.5]])
    array([[0.7, 0.9, 0.5]])
    """
    barcodes = check_array(
        barcodes, dtype=[np.float64, np.float32], ensure_min_features=0
    )
    for name, part in zip(("births", "deaths"), split_barcodes(barcodes), strict=True):
        falls = (part[:, 1:] < part[:, :-1]).any(axis=1)
        if falls.any():
            raise ValueError(
                f"Row {falls.argmax()} is not a barcode: its {name} do not ascend. "
                "barcode_rows turns connectome rows into barcodes."
            )
    return barcodes


def scale_rows(barcodes, normalize):
    """Scale barcodes known to be valid, see `scale_barcodes`."""
    if not normalize:
        return barcodes
    layout = BarcodeLayout(barcodes.shape[1])
    scales = layout.scales
    return np.hstack(
        [part * scales[kind] for kind, part in layout.split(barcodes).items()]
    )


def check_homology_dimensions(dimensions: Sequence[int]) -> None:
    """Raise a ValueError unless the dimensions are 0, 1 or both, in a sequence."""
    is_sequence = isinstance(dimensions, (tuple, list))
    if not is_sequence or set(dimensions) not in ({0}, {1}, {0, 1}):
        raise ValueError(
            f"homology_dimensions={dimensions!r} must be (0, 1), (0,) or (1,): 0 "
            "stands for births, 1 for deaths."
        )


@dataclass(frozen=True)
class BarcodeLayout:
    """Which columns of a row are edges, births and deaths, and how they are scaled.

    Parameters
    ----------
    n_edges : int
        Number of edges of a graph.

    normalize : bool, default=True
        As in :class:`~sktopo.GraphPersistence`, and so are the parameters below.

    topology_weight : float, default=1.0
        Weight of births and deaths against edges.

    homology_dimensions : tuple of int, default=(0, 1)
        Which of births (0) and deaths (1) are kept.

    n_quantiles : int or None, default=None
        Number of columns of each kind, if they are averages of quantile functions.

    Attributes
    ----------
    sizes : dict of str to int
        The number of columns of each kind that is kept: "edge", "birth", "death".

    scales : dict of str to float
        The factor that turns the weights of each kind into columns.

    Examples
    --------
    >>> from sktopo.barcodes import BarcodeLayout
    >>> layout = BarcodeLayout(n_edges=6, normalize=False)
    >>> layout.sizes, layout.scales
    ({'birth': 3, 'death': 3}, {'birth': 1.0, 'death': 1.0})
    """

    n_edges: int
    normalize: bool = True
    topology_weight: float = 1.0
    homology_dimensions: tuple[int, ...] = (0, 1)
    n_quantiles: int | None = None

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
        return {
            kind: sqrt(share / (max(self.sizes[kind], 1) if self.normalize else 1))
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
        """
        cuts = np.cumsum(list(self.sizes.values()))[:-1]
        return dict(zip(self.sizes, np.split(rows, cuts, axis=-1), strict=True))

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
        """
        scales = self.scales
        return {kind: part / scales[kind] for kind, part in self.split(rows).items()}
