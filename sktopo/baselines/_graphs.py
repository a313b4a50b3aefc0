"""Summaries of connectomes from graph theory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse.csgraph import shortest_path
from sklearn.base import TransformerMixin
from sklearn.utils.validation import check_is_fitted, check_memory

from sktopo._utils.base import BaseEstimator
from sktopo._utils.fitting import fitted_copy
from sktopo._utils.geometry import find_unit
from sktopo._utils.optional import import_optional
from sktopo._utils.parallel import run_parallel
from sktopo._utils.parameters import check_flag
from sktopo._utils.samples import validate_table
from sktopo.barcodes._layout import warn_incomplete
from sktopo.baselines._diagrams import weight_matrix

if TYPE_CHECKING:
    from typing import Self

    from numpy.typing import ArrayLike, NDArray
    from sklearn.utils import Tags

    from sktopo._typing import FloatArray, MemoryLike

_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_NAMES = (
    "strength_mean",
    "strength_std",
    "strength_skewness",
    *(f"strength_q{100 * q:02.0f}" for q in _QUANTILES),
    "clustering_mean",
    "clustering_std",
    "efficiency",
    "modularity",
)


class GraphSummaries(TransformerMixin, BaseEstimator):
    r"""Summarise weighted graphs by numbers from graph theory.

    Twelve numbers per graph [1]_, of the absolute weights: mean, standard
    deviation, skewness and five quantiles of the nodes' strengths (their mean
    weight, which for complete graphs takes the place of the degree); mean and
    standard deviation of the weighted clustering coefficient; global efficiency;
    modularity.

    Parameters
    ----------
    n_jobs : int or None, default=None
        Number of parallel jobs, see :term:`n_jobs`.

    memory : None, str or joblib.Memory, default=None
        Where to cache the summaries of each row, so that later calls do not compute
        them again, whatever other rows they get.

    verbose : bool, default=False
        Whether to show a progress bar (needs tqdm).

    Attributes
    ----------
    n_features_in_ : int
        Number of edges of a graph.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the edges seen in `fit`, if they were all strings.

    See Also
    --------
    RipsDiagrams : Topology instead of summaries.

    Notes
    -----
    The clustering coefficient of a node is the mean over its pairs of neighbours of
    the geometric mean of the three weights, as shares of the largest. The efficiency
    is the mean over pairs of one over the length of the shortest path, edges being
    :math:`1 / |w|` long. These two are computed on whole matrices; networkx, whose
    loops take minutes for a complete graph of some hundred nodes, has the same
    definitions. The modularity is that of the partition that networkx' Louvain
    method finds with its seed fixed. Needs networkx, which
    ``pip install 'sktopo[baselines]'`` installs.

    References
    ----------
    .. [1] Rubinov & Sporns, "Complex network measures of brain connectivity: uses
       and interpretations", NeuroImage 2010.

    Examples
    --------
    >>> from sktopo.baselines import GraphSummaries
    >>> triangle = [[1.0, 0.5, 0.5]]  # edges 01, 02, 12
    >>> summaries = GraphSummaries().set_output(transform="pandas")
    >>> summaries.fit_transform(triangle)[["strength_mean", "clustering_mean"]].round(2)
       strength_mean  clustering_mean
    0           0.67             0.63
    """

    def __init__(
        self,
        *,
        n_jobs: int | None = None,
        memory: MemoryLike = None,
        verbose: bool = False,
    ) -> None:
        self.n_jobs = n_jobs
        self.memory = memory
        self.verbose = verbose

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Validate connectome rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_edges)
            Connectome rows. Absent edges, at the end of a row whose length is not
            n(n-1)/2, have weight 0.

        y : None
            Ignored.

        Returns
        -------
        self : GraphSummaries
            The fitted transformer.

        Raises
        ------
        ImportError
            If networkx is not installed.

        ValueError
            If X is not a 2-D array of finite numbers.
        """
        check_flag("verbose", self.verbose)
        import_networkx("GraphSummaries")
        with fitted_copy(self) as fitted:
            warn_incomplete(validate_table(fitted, X).shape[1])
        return self

    def transform(self, X: ArrayLike) -> FloatArray:
        """Compute the summaries of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_edges)
            Connectome rows.

        Returns
        -------
        summaries : ndarray of shape (n_samples, 12)
            Summaries, float32 if X is, else float64.

        Raises
        ------
        ImportError, ValueError
            As `fit`, or if the number of edges is not the fitted one.
        """
        check_is_fitted(self)
        X = validate_table(self, X, reset=False)
        compute = check_memory(self.memory).cache(_summaries)
        rows = run_parallel(
            compute,
            [(row,) for row in X],
            n_jobs=self.n_jobs,
            verbose=self.verbose,
            description="summaries",
        )
        return np.array(list(rows), dtype=X.dtype)

    def get_feature_names_out(
        self, input_features: ArrayLike | None = None
    ) -> NDArray[np.object_]:
        """Name the summaries.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Ignored.

        Returns
        -------
        names : ndarray of str, shape (12,)
            "strength_mean" and so on; "strength_q05" is the quantile 0.05.
        """
        check_is_fitted(self)
        return np.array(_NAMES, dtype=object)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def import_networkx(purpose):
    """Import networkx, or say which extra installs it."""
    return import_optional("networkx", extra="baselines", purpose=purpose)


def _summaries(row):
    """Compute the twelve summaries of one graph."""
    weights = weight_matrix(row)
    # Weights of the size of 1 have squares and reciprocals; the unit is a power of two.
    unit = find_unit(weights, 0.0, "GraphSummaries")
    weights = weights / unit
    n_nodes = len(weights)
    strength = weights.sum(axis=0) / max(n_nodes - 1, 1)
    clustering = _clustering(weights)
    return [
        strength.mean() * unit,
        strength.std() * unit,
        _skewness(strength),
        *(np.quantile(strength, _QUANTILES) * unit),
        clustering.mean(),
        clustering.std(),
        _efficiency(weights) * unit,
        _modularity(weights),
    ]


def _skewness(values):
    deviations = values - values.mean()
    variance = np.mean(deviations**2)
    # Equal strengths may differ by rounding, and their skewness would be noise.
    rounding = len(values) * np.finfo(values.dtype).eps * np.abs(values).max()
    if variance <= rounding**2:
        return 0.0
    return np.mean(deviations**3) / variance**1.5


def _clustering(weights):
    """Compute the weighted clustering coefficient of each node."""
    n_nodes = len(weights)
    degrees = np.count_nonzero(weights, axis=0)
    if n_nodes < 3 or not weights.any():
        return np.zeros(n_nodes)
    roots = np.cbrt(weights / weights.max())
    triangles = np.einsum("ij,ji->i", roots @ roots, roots)
    return triangles / np.maximum(degrees * (degrees - 1), 1)


def _efficiency(weights):
    """Compute the mean of one over the shortest paths between nodes."""
    n_nodes = len(weights)
    lengths = np.full_like(weights, np.inf)
    # An infinite length means that there is no path.
    with np.errstate(over="ignore"):
        np.divide(1, weights, out=lengths, where=weights > 0)
    paths = shortest_path(lengths, directed=False)
    np.fill_diagonal(paths, np.inf)
    return np.sum(1 / paths) / max(n_nodes * (n_nodes - 1), 1)


def _modularity(weights):
    if not weights.any():
        return 0.0
    networkx = import_networkx("GraphSummaries")
    graph = networkx.from_numpy_array(weights)
    found = networkx.community.louvain_communities(graph, seed=0)
    return networkx.community.modularity(graph, found)
