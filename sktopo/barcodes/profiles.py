"""Profiles of graphs: ascending numbers that describe one graph, and their dict.

A profile takes the weights of one graph and returns ascending numbers, the quantile
function of a measure on the line. So the Wasserstein distance between the profiles of
two graphs of one size, and the barycenter of many, can be computed exactly: it is the
Euclidean distance divided by the root of the number of values, and the mean.
:data:`PROFILES` maps the names that :class:`~sktopo.GraphProfiles` accepts to these
functions, so a new profile is a function and a line in that dict.

*The graph.* The weights are those of a complete graph, a connectome row of shape
``(n_edges,)``, or those between two groups of nodes, a matrix of shape ``(n_nodes_1,
n_nodes_2)``. The second is a bipartite graph: nodes of one group have no edges between
them. Edges that are absent at the end of a connectome row count as edges of its
smallest weight.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import eigvalsh, svdvals
from scipy.spatial.distance import squareform
from sklearn import get_config

from sktopo._utils.finite import check_finite, check_finite_weights
from sktopo._utils.matrices import looks_symmetric
from sktopo._utils.samples import ANY_SHAPE, ANY_SIZE, FLOATS, read_array
from sktopo.barcodes._filtration import complete_rows, find_births, locate_births
from sktopo.barcodes._layout import count_nodes

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from sktopo._typing import FloatArray

__all__ = [
    "PROFILES",
    "births",
    "deaths",
    "local_distributions",
    "spectrum",
    "strengths",
]

# The profiles whose time grows with the cube of the number of nodes, and the largest
# number of nodes that they take: half a minute for one graph.
MOST_NODES = {"spectrum": 5000}
# The profiles that do not have the unit of the weights.
UNIT_FREE = {"spectrum"}


def births(weights: ArrayLike) -> FloatArray:
    """Find the weights of the maximum spanning tree.

    In the graph filtration of decreasing edges they are the births of connected
    components [1]_.

    Parameters
    ----------
    weights : array-like of shape (n_edges,) or (n_nodes_1, n_nodes_2)
        A connectome row, or the weights between two groups of nodes.

    Returns
    -------
    births : ndarray of shape (n_nodes - 1,)
        Weights, ascending, float32 or float64 as the input. Between two groups,
        n_nodes is the number of nodes of both.

    Raises
    ------
    ValueError
        If the weights are not finite numbers in one of these shapes, or a symmetric
        matrix.

    See Also
    --------
    deaths : All other weights.

    Notes
    -----
    Ties, zeros and negative weights are exact: whichever maximum spanning tree is
    taken, its sorted weights are the same.

    References
    ----------
    .. [1] Songdechakraiwut & Wu, "Functional connectomes of neural networks",
       AAAI 2025, arXiv:2412.15279.

    Examples
    --------
    >>> from sktopo.barcodes.profiles import births
    >>> births([0.9, 0.5, 0.7])  # edges 01, 02, 12 of a triangle
    array([0.7, 0.9])
    >>> births([[0.9, 0.1], [0.2, 0.3]])  # edges 02, 03, 12, 13
    array([0.2, 0.3, 0.9])
    """
    weights = _read_weights(weights)
    if weights.ndim == 1:
        return find_births(complete_rows(weights), count_nodes(len(weights)))
    # Edges within a group, of the smallest weight, cannot raise a weight of the tree.
    n_nodes = sum(weights.shape)
    matrix = np.full((n_nodes, n_nodes), weights.min())
    matrix[: len(weights), len(weights) :] = weights
    return find_births(matrix[np.triu_indices(n_nodes, 1)], n_nodes)


def deaths(weights: ArrayLike) -> FloatArray:
    """Find the weights of the edges outside the maximum spanning tree.

    In the graph filtration of decreasing edges they are the deaths of cycles [1]_.

    Parameters
    ----------
    weights : array-like of shape (n_edges,) or (n_nodes_1, n_nodes_2)
        A connectome row, or the weights between two groups of nodes.

    Returns
    -------
    deaths : ndarray of shape (n_edges - n_nodes + 1,)
        Weights, ascending, float32 or float64 as the input. There are none in a graph
        of two nodes, and between a single node and a group.

    Raises
    ------
    ValueError
        If the weights are not finite numbers in one of these shapes, or a symmetric
        matrix.

    See Also
    --------
    births : The weights of the maximum spanning tree.

    References
    ----------
    .. [1] Songdechakraiwut & Wu, "Functional connectomes of neural networks",
       AAAI 2025, arXiv:2412.15279.

    Examples
    --------
    >>> from sktopo.barcodes.profiles import deaths
    >>> deaths([0.9, 0.5, 0.7])  # edges 01, 02, 12 of a triangle
    array([0.5])
    >>> deaths([[0.9, 0.1], [0.2, 0.3]])  # edges 02, 03, 12, 13
    array([0.1])
    """
    weights = _read_weights(weights)
    values = np.sort(weights, axis=None)
    return np.delete(values, locate_births(values, births(weights)))


def strengths(weights: ArrayLike) -> FloatArray:
    r"""Compute the strength of each node, the mean weight of its edges.

    Parameters
    ----------
    weights : array-like of shape (n_edges,) or (n_nodes_1, n_nodes_2)
        A connectome row, or the weights between two groups of nodes.

    Returns
    -------
    strengths : ndarray of shape (n_nodes,)
        Strengths, ascending, float32 or float64 as the input. Between two groups,
        those of the nodes of both.

    Raises
    ------
    ValueError
        If the weights are not finite numbers in one of these shapes, or a symmetric
        matrix.

    Notes
    -----
    With :math:`w_{ij}` the weight of the edge between nodes i and j, and
    :math:`N_i` the nodes that node i has edges to, all others or those of the other
    group,

    .. math::
        s_i = \frac{1}{|N_i|} \sum_{j \in N_i} w_{ij}.

    In a complete graph strengths take the place of degrees [1]_. They are means, so
    that graphs of different sizes can be compared, and they are summed in float64.

    References
    ----------
    .. [1] Rubinov & Sporns, "Complex network measures of brain connectivity: uses
       and interpretations", NeuroImage 52(3), 2010.

    Examples
    --------
    >>> from sktopo.barcodes.profiles import strengths
    >>> strengths([0.9, 0.5, 0.7])  # edges 01, 02, 12 of a triangle
    array([0.6, 0.7, 0.8])
    """
    weights = _read_weights(weights)
    means = [_mean_rows(side) for side in _list_sides(weights)]
    return np.sort(np.concatenate(means)).astype(weights.dtype, copy=False)


def spectrum(weights: ArrayLike) -> FloatArray:
    r"""Compute the eigenvalues of the normalised Laplacian.

    Parameters
    ----------
    weights : array-like of shape (n_edges,) or (n_nodes_1, n_nodes_2)
        A connectome row, or the weights between two groups of nodes; at most 5,000
        nodes in all.

    Returns
    -------
    eigenvalues : ndarray of shape (n_nodes,)
        Numbers in [0, 2], ascending, without a unit, float32 or float64 as the input.

    Raises
    ------
    ValueError
        If the weights are not finite numbers in one of these shapes, or a symmetric
        matrix, or if there are more than 5,000 nodes.

    Notes
    -----
    With W the matrix of the *absolute* weights and D the diagonal matrix of its row
    sums, these are the eigenvalues of [1]_

    .. math::
        L = I - D^{-1/2} W D^{-1/2}.

    The Laplacian of signed weights can have negative row sums, which have no root, so
    the sign of weights is left out. A node whose weights are all 0 is a component of
    its own: its row of L is 0, as in networkx and scipy, and adds an eigenvalue 0. Of
    the graph between two groups, the eigenvalues are :math:`1 \pm \sigma` for the
    singular values :math:`\sigma` of the normalised weights between them, and 1 for
    each node that the larger group has more. All is computed in float64. The time
    grows with the cube of the number of nodes.

    References
    ----------
    .. [1] Chung, "Spectral Graph Theory", American Mathematical Society, 1997,
       chapter 1.

    Examples
    --------
    >>> from sktopo.barcodes.profiles import spectrum
    >>> spectrum([1.0, 1.0, 0.0]).round(2)  # a path of three nodes
    array([0., 1., 2.])
    """
    weights = _read_weights(weights)
    is_bipartite = weights.ndim == 2
    n_nodes = sum(weights.shape) if is_bipartite else count_nodes(len(weights))
    if n_nodes > MOST_NODES["spectrum"]:
        raise ValueError(
            f"The spectrum of a graph of {n_nodes:,} nodes takes too long; expected at "
            f"most {MOST_NODES['spectrum']:,} nodes."
        )
    sizes = np.abs(weights, dtype=np.float64)
    # A power of two, so that no row sum leaves the range.
    sizes = np.ldexp(sizes, -int(np.frexp(sizes.max())[1]))
    matrix = sizes if is_bipartite else _unpack(sizes)
    degrees = [matrix.sum(axis=1), matrix.sum(axis=0)]
    matrix = matrix[np.ix_(*(degree > 0 for degree in degrees))]
    for axis, degree in enumerate(degrees):
        matrix /= np.sqrt(np.expand_dims(degree[degree > 0], 1 - axis))
    n_connected = sum(matrix.shape) if is_bipartite else len(matrix)
    values = np.zeros(n_nodes)
    if n_connected:
        connected = values[n_nodes - n_connected :]
        connected[:] = _two_sided(matrix) if is_bipartite else _one_sided(matrix)
    return np.sort(values).astype(weights.dtype, copy=False)


def local_distributions(weights: ArrayLike) -> FloatArray | tuple[FloatArray, ...]:
    r"""Sort the weights of each node, then each level of them over the nodes.

    Parameters
    ----------
    weights : array-like of shape (n_edges,) or (n_nodes_1, n_nodes_2)
        A connectome row, or the weights between two groups of nodes.

    Returns
    -------
    levels : ndarray of shape (n_nodes - 1, n_nodes), or tuple of ndarray
        Entry (l, k) is the k-th smallest, over the nodes, of the l-th smallest weight
        of a node; float32 or float64 as the input. Between two groups a tuple of two
        arrays: of the nodes of the first group, (n_nodes_2, n_nodes_1), and of the
        second, (n_nodes_1, n_nodes_2).

    Raises
    ------
    ValueError
        If the weights are not finite numbers in one of these shapes, or a symmetric
        matrix.

    Notes
    -----
    Let :math:`q_i(u)` be the quantile function of the weights of node i, and
    :math:`Q_u(t)` the quantile function, over the nodes, of the numbers
    :math:`q_i(u)`. The distance of two graphs in this profile is

    .. math::
        d(G, G')^2 = \int_0^1 \int_0^1 (Q_u(t) - Q'_u(t))^2 \,dt\,du
        = \int_0^1 \min_\pi \sum_{ij} \pi_{ij} (q_i(u) - q'_j(u))^2 \,du,

    with :math:`\pi` a coupling of the nodes. With one coupling for all levels,

    .. math::
        \min_\pi \sum_{ij} \pi_{ij} \int_0^1 (q_i(u) - q'_j(u))^2 \,du,

    this would be the third lower bound of the Gromov-Wasserstein distance between
    two graphs, up to a constant factor [1]_. A coupling for each level makes it a
    Euclidean distance. It is at most the third lower bound, and at least the second,
    which is the Wasserstein distance between all weights, sorted.

    References
    ----------
    .. [1] Mémoli, "Gromov-Wasserstein distances and the metric approach to object
       matching", Foundations of Computational Mathematics 11, 2011, section 6.

    Examples
    --------
    >>> from sktopo.barcodes.profiles import local_distributions
    >>> local_distributions([0.9, 0.5, 0.7])  # edges 01, 02, 12 of a triangle
    array([[0.5, 0.5, 0.7],
           [0.7, 0.9, 0.9]])
    """
    levels = tuple(_sort_levels(side) for side in _list_sides(_read_weights(weights)))
    return levels if len(levels) > 1 else levels[0]


#: Names of profiles, and the functions that compute them.
PROFILES = {
    "births": births,
    "deaths": deaths,
    "strengths": strengths,
    "spectrum": spectrum,
    "local": local_distributions,
}


def _read_weights(weights):
    """Return the weights of one graph as finite floats, see the head of this file.

    Arrays of floats are taken as they are where
    ``sklearn.config_context(assume_finite=True)`` applies.
    """
    if get_config()["assume_finite"] and getattr(weights, "dtype", None) in FLOATS:
        return weights
    expected = (
        "a connectome row (n_edges,), or the weights (n_nodes_1, n_nodes_2) between "
        "two groups"
    )
    weights = read_array(weights, "weights", expected, **ANY_SHAPE, **ANY_SIZE)
    if weights.ndim not in (1, 2) or not weights.size:
        raise ValueError(f"weights has shape {weights.shape}; expected {expected}.")
    if weights.ndim == 1:
        check_finite_weights(weights, "weights")
        return weights
    check_finite(weights, "weights", words=("node", "node"))
    is_square = len(weights) > 2 and len(weights) == weights.shape[1]
    if is_square and np.ptp(weights.diagonal()) == 0:
        upper = np.triu_indices(len(weights), 1)
        if looks_symmetric(weights[upper], weights.T[upper]):
            raise ValueError(
                f"weights looks like the symmetric matrix of one graph; expected "
                f"{expected}. Give scipy.spatial.distance.squareform(weights, "
                "checks=False)."
            )
    return weights


def _unpack(row):
    """Return the symmetric matrix of a connectome row, with 0 on its diagonal."""
    return squareform(complete_rows(row))


def _list_sides(weights):
    """List the weights of the nodes of each group: arrays (n_nodes, n_neighbours)."""
    if weights.ndim == 2:
        return weights, weights.T
    matrix = _unpack(weights)
    n_nodes = len(matrix)
    # Of the flattened matrix each (n_nodes + 1)-th number, from the first, is diagonal.
    edges = matrix.ravel()[1:].reshape(n_nodes - 1, n_nodes + 1)[:, :-1]
    return (edges.reshape(n_nodes, n_nodes - 1),)


def _mean_rows(side):
    """Average rows in float64; no sum of large numbers overflows."""
    return np.divide(side, side.shape[1], dtype=np.float64).sum(axis=1)


def _sort_levels(side):
    """Sort each row, then each column, and return the transpose."""
    levels = np.sort(side, axis=1).T.copy()
    levels.sort(axis=1)
    return levels


def _one_sided(matrix):
    """Compute the eigenvalues of I - matrix, which is overwritten."""
    return np.clip(1 - eigvalsh(matrix.T, overwrite_a=True, check_finite=False), 0, 2)


def _two_sided(matrix):
    """Compute the eigenvalues of I - A, with A the graph of weights between groups."""
    values = np.minimum(svdvals(matrix, overwrite_a=True, check_finite=False), 1)
    return np.concatenate(
        [1 - values, 1 + values, np.ones(abs(np.subtract(*matrix.shape)))]
    )
