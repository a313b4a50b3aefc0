"""Clusters of rows by the graph of their similarities."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import ClusterMixin
from sklearn.cluster import SpectralClustering
from sklearn.utils.validation import check_is_fitted

from sktopo._utils.base import BaseEstimator
from sktopo._utils.fitting import fitted_copy
from sktopo._utils.geometry import mean_row, squared_distances
from sktopo._utils.parameters import check_integer, check_option
from sktopo._utils.samples import validate_table
from sktopo.baselines._graphs import import_networkx
from sktopo.baselines._medoids import check_enough_samples

if TYPE_CHECKING:
    from typing import Literal, Self

    from numpy.typing import ArrayLike

    from sktopo._typing import IntArray, RandomState

_NAME = "SimilarityClusterer"


class SimilarityClusterer(ClusterMixin, BaseEstimator):
    r"""Cluster rows by the graph of their similarities.

    The samples are the nodes of a complete graph, whose weights are
    :math:`\exp(-d^2 / s)` with the Euclidean distances :math:`d` between rows and
    the median :math:`s` of their squares. Communities are found in that graph by
    spectral clustering or by modularity. Neither method says where new samples
    belong; here they belong to the cluster of the nearest mean row.

    Parameters
    ----------
    n_clusters : int, default=8
        Number of clusters.

    method : {"spectral", "modularity"}, default="spectral"
        "spectral" is :class:`sklearn.cluster.SpectralClustering`, one random start;
        "modularity" joins communities greedily, networkx'
        ``greedy_modularity_communities``, until `n_clusters` remain, and has no
        randomness.

    random_state : int, RandomState instance or None, default=None
        Randomness of the spectral method. Pass an int for repeatable results.

    Attributes
    ----------
    cluster_centers_ : ndarray of shape (n_clusters, n_features)
        Mean row of each cluster.

    labels_ : ndarray of shape (n_samples,)
        Cluster of each fitted row, from the graph; the nearest mean may differ.

    n_features_in_ : int
        Number of columns seen in `fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`, if they were all strings.

    See Also
    --------
    MedoidClusterer : Clusters by distances.

    Notes
    -----
    The modularity method needs networkx, which
    ``pip install 'sktopo[baselines]'`` installs.

    References
    ----------
    .. [1] Clauset, Newman & Moore, "Finding community structure in very large
       networks", Physical Review E 2004, arXiv:cond-mat/0408187.

    Examples
    --------
    >>> from sktopo.baselines import SimilarityClusterer
    >>> clusterer = SimilarityClusterer(2, method="modularity")
    >>> clusterer.fit([[0.0], [0.1], [5.0], [5.1], [5.2]]).labels_
    array([1, 1, 0, 0, 0])
    >>> clusterer.predict([[1.0]])
    array([1])
    """

    def __init__(
        self,
        n_clusters: int = 8,
        *,
        method: Literal["spectral", "modularity"] = "spectral",
        random_state: RandomState = None,
    ) -> None:
        self.n_clusters = n_clusters
        self.method = method
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Cluster rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        y : None
            Ignored.

        Returns
        -------
        self : SimilarityClusterer
            The fitted clusterer.

        Raises
        ------
        ImportError
            If networkx is needed and not installed.

        ValueError
            If a parameter is out of range, X is not a 2-D array of finite numbers,
            there are fewer rows than clusters, or differences between rows overflow.
        """
        check_integer("n_clusters", self.n_clusters, 1)
        check_option("method", self.method, ("spectral", "modularity"))
        with fitted_copy(self) as fitted:
            X = validate_table(fitted, X)
            check_enough_samples(len(X), self.n_clusters)
            fitted._fit(X)
        return self

    def _fit(self, X):
        """Cluster rows that were validated."""
        similarities = _similarities(X)
        if self.method == "spectral":
            spectral = SpectralClustering(
                self.n_clusters,
                affinity="precomputed",
                n_init=1,
                random_state=self.random_state,
            )
            labels = spectral.fit_predict(similarities)
        else:
            labels = _join_communities(similarities, self.n_clusters)
        found, self.labels_ = np.unique(labels, return_inverse=True)
        # Not rounded to float32, so that rows of both precisions get the same labels.
        means = [mean_row(X[labels == label], caller=_NAME)[0] for label in found]
        self._centers = np.stack(means)
        self.cluster_centers_ = self._centers.astype(X.dtype, copy=False)

    def predict(self, X: ArrayLike) -> IntArray:
        """Assign rows to the cluster of the nearest mean row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            Clusters.

        Raises
        ------
        ValueError
            If X is not a 2-D array of finite numbers of the fitted width.
        """
        check_is_fitted(self)
        X = validate_table(self, X, reset=False)
        squared, _ = squared_distances(X, self._centers, caller=_NAME)
        return squared.argmin(axis=1)


def _similarities(X):
    """Compute Gaussian similarities of rows, of median width: (n_rows, n_rows)."""
    squared, _ = squared_distances(X, caller=_NAME)
    positive = squared[squared > 0]
    return np.exp(-squared / (np.median(positive) if positive.size else 1.0))


def _join_communities(similarities, n_clusters):
    """Join samples greedily by modularity: labels (n_samples,)."""
    weights = similarities - np.diag(similarities.diagonal())
    networkx = import_networkx("method='modularity'")
    found = networkx.community.greedy_modularity_communities(
        networkx.from_numpy_array(weights),
        weight="weight",
        cutoff=n_clusters,
        best_n=n_clusters,
    )
    labels = np.empty(len(weights), dtype=np.intp)
    for label, members in enumerate(found):
        labels[list(members)] = label
    return labels
