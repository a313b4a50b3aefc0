"""Topological clustering (Top): k-means of barcodes in the Wasserstein geometry."""

from __future__ import annotations

import warnings
from contextlib import nullcontext
from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    ClusterMixin,
    TransformerMixin,
)
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics.pairwise import euclidean_distances
from sklearn.utils import gen_batches
from sklearn.utils.validation import (
    assert_all_finite,
    check_is_fitted,
    validate_data,
)
from threadpoolctl import threadpool_limits

from sktopo._utils.parameters import check_integer, check_option, check_real
from sktopo._utils.samples import FLOATS

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal, Self

    from numpy.typing import ArrayLike

    from sktopo._typing import FloatArray, IntArray, RandomState

# Rows go to k-means as coordinates in their span if there are at least this many times
# more columns than rows. Otherwise the eigenvectors take longer than they save.
_REDUCIBLE = 10
# Columns summed at a time, so that the float64 copy stays small.
_BLOCK = 4096


class TopClusterer(
    ClassNamePrefixFeaturesOutMixin, ClusterMixin, TransformerMixin, BaseEstimator
):
    """Cluster barcodes around their Wasserstein barycenters.

    On the rows of :class:`GraphPersistence` the 2-Wasserstein distance is Euclidean
    and the barycenter of a cluster is its mean row, so the clustering is k-means
    [1]_, run by :class:`sklearn.cluster.KMeans`.

    Parameters
    ----------
    n_clusters : int, default=8
        Number of clusters.

    init : {"k-means++", "random"}, callable or array-like of shape \
            (n_clusters, n_features), default="k-means++"
        How the first barycenters are chosen, see :class:`sklearn.cluster.KMeans`.

    n_init : "auto" or int, default="auto"
        Number of starts, of which the one of lowest inertia is kept. "auto" is
        scikit-learn's: 10 for a random or callable `init`, else 1. Starts are cheap
        here (see Notes): 20 are worth having.

    max_iter : int, default=300
        Largest number of iterations of one start.

    tol : float, default=1e-4
        Tolerance on the movement of barycenters, relative to the variance.

    random_state : int, RandomState instance or None, default=None
        Chooses the first barycenters. Pass an int for repeatable results.

    Attributes
    ----------
    cluster_centers_ : ndarray of shape (n_clusters, n_features)
        Barycenters. Clusters are numbered by the mean of their barycenter, so one
        partition has the same labels whatever the seed.

    labels_ : ndarray of shape (n_samples,)
        Cluster of each fitted row, int32.

    inertia_ : float
        Sum of squared Wasserstein distances of the rows to their barycenter.

    cluster_std_ : ndarray of shape (n_clusters,)
        Wasserstein standard deviation of each cluster: the root mean squared
        distance to its barycenter; 0 for a cluster without rows.

    n_iter_ : int
        Number of iterations of the best start.

    n_features_in_ : int
        Number of columns seen in `fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`, if they were all strings.

    See Also
    --------
    GraphPersistence : Computes the Wasserstein rows.
    sklearn.cluster.KMeans : The algorithm, for any rows.

    Notes
    -----
    A start that `tol` or `max_iter` ends before labels settle leaves, as in KMeans,
    barycenters of the labels before the last.

    If there are far fewer rows than columns, the rows are first written as
    coordinates in their own span, from the eigenvectors of their Gram matrix. That
    keeps all distances, so the clusters and the inertia are those of the full rows
    and further starts cost next to nothing. The largest array allocated is then 4096
    columns of the rows, in float64, or `cluster_centers_`.

    References
    ----------
    .. [1] Songdechakraiwut et al., "Fast topological clustering with Wasserstein
       distance", ICLR 2022, arXiv:2112.00101.

    Examples
    --------
    >>> from sktopo import GraphPersistence, TopClusterer
    >>> from sktopo.datasets import make_modular_connectomes
    >>> X, y = make_modular_connectomes(5, n_nodes=120, p_within=0.7, random_state=0)
    >>> top = TopClusterer(n_clusters=3, n_init=20, random_state=0)
    >>> top.fit_predict(GraphPersistence().fit_transform(X))
    array([2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0], dtype=int32)
    """

    def __init__(
        self,
        n_clusters: int = 8,
        *,
        init: Literal["k-means++", "random"]
        | ArrayLike
        | Callable[..., ArrayLike] = "k-means++",
        n_init: int | Literal["auto"] = "auto",
        max_iter: int = 300,
        tol: float = 1e-4,
        random_state: RandomState = None,
    ) -> None:
        self.n_clusters = n_clusters
        self.init = init
        self.n_init = n_init
        self.max_iter = max_iter
        self.tol = tol
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Find the clusters.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Wasserstein rows.

        y : None
            Ignored.

        Returns
        -------
        self : TopClusterer
            The fitted clusterer.

        Raises
        ------
        ValueError
            If a parameter is out of range, there are more clusters than rows, or X
            is not a 2-D array of finite numbers.
        """
        self._check_parameters()
        X = validate_data(self, X, dtype=FLOATS, accept_large_sparse=False)
        if self.n_clusters > len(X):
            raise ValueError(
                f"n_clusters={self.n_clusters} is more than n_samples={len(X)}; "
                "ask for at most one cluster per sample."
            )
        points, kmeans = self._run_kmeans(X)
        centers = point_centers = kmeans.cluster_centers_
        if points is not X:
            shares = _shares(points, kmeans)
            centers, point_centers = shares.astype(X.dtype) @ X, shares @ points
        means = centers.mean(axis=1)
        rank = np.argsort(means, kind="stable")
        if len(np.unique(means)) < len(means):
            rank = sorted(rank, key=lambda k: (means[k], centers[k].tolist()))
        self.cluster_centers_ = centers[rank]
        self.n_iter_ = kmeans.n_iter_
        self.labels_ = self._nearest(X)
        sizes = np.bincount(self.labels_, minlength=self.n_clusters)
        n_found = len(np.unique(kmeans.labels_))
        if np.count_nonzero(sizes) < n_found == self.n_clusters:
            # KMeans would warn, but rounding made equal rows look different to it.
            warnings.warn(
                f"Only {np.count_nonzero(sizes)} distinct clusters were found for "
                f"n_clusters={self.n_clusters}; X may hold too many equal rows.",
                ConvergenceWarning,
                stacklevel=2,
            )
        squared = _squared_deviations(points, point_centers[rank], self.labels_)
        self.inertia_ = float(squared.sum())
        self.cluster_std_ = np.sqrt(squared / np.maximum(sizes, 1))
        return self

    def predict(self, X: ArrayLike) -> IntArray:
        """Assign rows to the cluster of the nearest barycenter.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Wasserstein rows.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            Clusters, int32.

        Raises
        ------
        ValueError
            If X is not a 2-D array of finite numbers of the fitted width.
        """
        return self._nearest(self._check_rows(X))

    def transform(self, X: ArrayLike) -> FloatArray:
        """Compute Wasserstein distances to the barycenters.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Wasserstein rows.

        Returns
        -------
        distances : ndarray of shape (n_samples, n_clusters)
            Distances, float32 if X is, else float64.

        Raises
        ------
        ValueError
            As `predict`.
        """
        X = self._check_rows(X)
        centers = self.cluster_centers_.astype(X.dtype, copy=False)
        return euclidean_distances(X, centers)

    def score(self, X: ArrayLike, y: object = None) -> float:
        """Return the opposite of the inertia of rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Wasserstein rows.

        y : None
            Ignored.

        Returns
        -------
        score : float
            Minus the sum of squared distances to the nearest barycenter.

        Raises
        ------
        ValueError
            As `predict`.
        """
        X = self._check_rows(X)
        squared = _squared_deviations(X, self.cluster_centers_, self._nearest(X))
        return -float(squared.sum())

    @property
    def _n_features_out(self):
        return len(self.cluster_centers_)

    def _check_rows(self, X):
        """Validate rows but for NaN, which the computation that follows finds."""
        check_is_fitted(self)
        return validate_data(
            self, X, dtype=FLOATS, reset=False, ensure_all_finite=False
        )

    def _nearest(self, X):
        """Find the nearest barycenter of each row by one matrix product."""
        centers = self.cluster_centers_.astype(X.dtype, copy=False)
        # With c = o + a, only |a|^2 + 2 o·a - 2 x·a of |x - c|^2 depends on the center.
        # The a are small if clusters are close, so rounding does not change the order.
        origin = centers[0]
        # A row of ones gives the sums of rows; NaN shows there without a check of X.
        factors = np.ones((len(centers) + 1, len(origin)), dtype=X.dtype)
        apart = np.subtract(centers, origin, out=factors[:-1])
        offsets = np.einsum("ij,ij->i", apart, apart) / 2 + apart @ origin
        products = X @ factors.T
        if not np.isfinite(products[:, -1]).all():
            assert_all_finite(X, estimator_name=type(self).__name__, input_name="X")
        return (offsets - products[:, :-1]).argmin(axis=1).astype(np.int32)

    def _check_parameters(self):
        check_integer("n_clusters", self.n_clusters, 1)
        check_integer("max_iter", self.max_iter, 1)
        check_real("tol", self.tol, 0, np.inf)
        if isinstance(self.init, str):
            check_option("init", self.init, ("k-means++", "random"))
        if isinstance(self.n_init, str):
            check_option("n_init", self.n_init, ("auto",))
        else:
            check_integer("n_init", self.n_init, 1)

    def _run_kmeans(self, X):
        """Run k-means on X or on coordinates of its rows: the points and the KMeans."""
        points, tol, threads = X, self.tol, nullcontext()
        n_samples, n_features = X.shape
        if isinstance(self.init, str) and n_features >= _REDUCIBLE * n_samples:
            points = _span_coordinates(X)
            # The tolerance of KMeans is a mean over columns, of which there are fewer.
            tol = self.tol * points.shape[1] / n_features
            # For so few numbers several threads are slower than one.
            threads = threadpool_limits(1, "openmp")
        kmeans = KMeans(
            self.n_clusters,
            init=self.init,
            n_init=self.n_init,
            max_iter=self.max_iter,
            tol=tol,
            random_state=self.random_state,
        )
        with threads:
            return points, kmeans.fit(points)


def _shares(points, kmeans):
    """Return the share of each point in each center: (n_clusters, n_samples)."""
    shares = np.zeros((kmeans.n_clusters, len(points)))
    for k, center in enumerate(kmeans.cluster_centers_):
        members = kmeans.labels_ == k
        if not members.any():
            # There are fewer distinct rows than clusters; this center is a row.
            members[euclidean_distances([center], points).argmin()] = True
        shares[k, members] = 1 / members.sum()
    return shares


def _squared_deviations(points, centers, labels):
    """Sum squared distances of points to the center of their cluster, in float64."""
    squared = np.zeros(len(centers))
    for k, center in enumerate(centers.astype(np.float64)):
        squared[k] = np.sum((points[labels == k] - center) ** 2)
    return squared


def _span_coordinates(X):
    """Return coordinates of rows in an orthonormal basis: (n_samples, n_samples)."""
    gram = np.zeros((len(X), len(X)))
    for columns in gen_batches(X.shape[1], _BLOCK):
        # Subtracting one row first keeps the products small, so they lose no digits.
        # The remaining mean is subtracted afterwards.
        block = np.subtract(X[:, columns], X[0, columns], dtype=np.float64)
        gram += block @ block.T
    gram -= gram.mean(axis=0)
    gram -= gram.mean(axis=1, keepdims=True)
    values, vectors = np.linalg.eigh(gram)
    return vectors * np.sqrt(np.maximum(values, 0))
