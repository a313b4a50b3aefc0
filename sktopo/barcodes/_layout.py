"""What the columns of a barcode row are: edges, births and deaths, and their scale."""

from __future__ import annotations

import warnings
from math import isqrt, sqrt
from typing import TYPE_CHECKING

import numpy as np
from sklearn.utils import check_array

if TYPE_CHECKING:
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
    return _scale(_check_barcodes(barcodes), normalize)


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
    scaled = _check_barcodes(scaled)
    if not normalize:
        return scaled
    return np.hstack(
        [part * sqrt(max(part.shape[1], 1)) for part in split_barcodes(scaled)]
    )


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


def _check_barcodes(barcodes: ArrayLike) -> FloatArray:
    """Validate barcode rows: an array of births and deaths, each ascending."""
    barcodes = check_array(
        barcodes, dtype=[np.float64, np.float32], ensure_min_features=0
    )
    for name, part in zip(("births", "deaths"), split_barcodes(barcodes), strict=True):
        if np.any(part[:, 1:] < part[:, :-1]):
            raise ValueError(
                f"These are no barcode rows: {name} do not ascend. Connectome rows "
                "become barcode rows by barcode_rows."
            )
    return barcodes


def _scale(barcodes: FloatArray, normalize: bool) -> FloatArray:
    if not normalize:
        return barcodes
    return np.hstack(
        [part / sqrt(max(part.shape[1], 1)) for part in split_barcodes(barcodes)]
    )
