"""Topological clustering (Top): k-means of barcodes in the Wasserstein geometry."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg.lapack import dpstrf
from sklearn import config_context
from sklearn.base import (
    ClassNamePrefixFeaturesOutMixin,
    ClusterMixin,
    TransformerMixin,
)
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import (
    assert_all_finite,
    check_is_fitted,
)
from threadpoolctl import threadpool_limits

from sktopo._utils.base import BaseEstimator
from sktopo._utils.caller import warn_caller
from sktopo._utils.fitting import fitted_copy
from sktopo._utils.geometry import (
    column_blocks,
    find_unit,
    mean_row,
    restore_unit,
    squared_distances,
    subtract,
)
from sktopo._utils.parameters import check_integer, check_option, check_real
from sktopo._utils.samples import read_rows, validate_table

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal, Self

    from numpy.typing import ArrayLike

    from sktopo._typing import FloatArray, IntArray, RandomState

# The Gram matrix of this many rows takes about as long as one start of k-means.
_SAMPLES_A_START = 1000
# Rows that are looked at to see how large their mean is beside their differences.
_SOME_ROWS = 20
_NAME = "TopClusterer"


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
    coordinates in their own span, from the Cholesky factor of their Gram matrix. That
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
            If a parameter is out of range, there are more clusters than rows, X is not
            a 2-D array of finite numbers, or the inertia leaves the range of float64.
        """
        self._check_parameters()
        with fitted_copy(self) as fitted:
            X = validate_table(fitted, X)
            if self.n_clusters > len(X):
                raise ValueError(
                    f"n_clusters={self.n_clusters} is more than n_samples={len(X)}; "
                    "ask for at most one cluster per sample."
                )
            largest = _find_largest(X)
            found, kmeans = self._run_kmeans(X, largest)
            centers, remainder, labels = _assign(X, found, largest)
            again = [np.flatnonzero(labels == k) for k in range(self.n_clusters)]
            is_same = {k.tobytes() for k in found} == {k.tobytes() for k in again}
            if not is_same and all(map(len, again)):
                # Rounding hid from k-means what the rows tell apart.
                centers, remainder, labels = _assign(X, again, largest)
            squared, unit = _compare(X, centers, remainder)
            sizes = np.bincount(labels, minlength=self.n_clusters)
            smallest = squared.min(axis=1)
            sums = np.bincount(labels, smallest, minlength=self.n_clusters)
            inertia = restore_unit(smallest.sum(), unit, power=2, caller=_NAME)
            std = np.sqrt(sums / np.maximum(sizes, 1))
            if 0 in sizes and len(np.unique(kmeans.labels_)) == self.n_clusters:
                # KMeans would warn, but rounding made equal rows look different to it.
                warn_caller(
                    f"Only {np.count_nonzero(sizes)} distinct clusters were found for "
                    f"n_clusters={self.n_clusters}; X may hold too many equal rows.",
                    ConvergenceWarning,
                )
            fitted.cluster_std_ = restore_unit(std, unit, power=1, caller=_NAME)
            fitted.inertia_ = float(inertia)
            fitted.n_iter_ = kmeans.n_iter_
            fitted.labels_ = labels
            fitted._centers, fitted._remainder = centers, remainder
            fitted.cluster_centers_ = centers.astype(X.dtype, copy=False)
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
        check_is_fitted(self)
        # The check for NaN and infinity is part of the computation.
        X = validate_table(self, X, reset=False, finite=False)
        return _find_nearest(X, self._centers, self._remainder, _find_largest(X))

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
        check_is_fitted(self)
        X = validate_table(self, X, reset=False)
        squared, unit = _compare(X, self._centers, self._remainder)
        distances = np.sqrt(squared, out=squared)
        rounded = restore_unit(
            distances, unit, power=1, dtype=X.dtype, caller=f"{_NAME}.transform"
        )
        # Of rows that are far away, the distances do not say which is nearest.
        nearest = _find_nearest(X, self._centers, self._remainder, _find_largest(X))
        return _keep_nearest(rounded, nearest)

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
        check_is_fitted(self)
        X = validate_table(self, X, reset=False)
        squared, unit = _compare(X, self._centers, self._remainder)
        total = squared.min(axis=1).sum()
        return -float(restore_unit(total, unit, power=2, caller=f"{_NAME}.score"))

    @property
    def _n_features_out(self):
        return len(self.cluster_centers_)

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

    def _run_kmeans(self, X, largest):
        """Run k-means on coordinates of rows: members of each cluster, and the KMeans.

        A cluster without rows, if there are fewer distinct rows than clusters, gets
        the row that is nearest to its center.
        """
        n_samples, n_features = X.shape
        init, tol, threads = self.init, self.tol, nullcontext()
        is_own = True
        if self._pays_to_reduce(n_samples, n_features):
            is_safe = _is_in_range(largest, _sample_sizes(X)[0], np.float64)
            unit = 1.0 if is_safe else find_unit(X, X[0], _NAME)
            points = _span_coordinates(X, unit)
            # The tolerance of KMeans is a mean over columns, of which there are fewer.
            tol = self.tol * points.shape[1] / n_features
            # For so few numbers several threads are slower than one.
            threads = threadpool_limits(1, "openmp")
        elif isinstance(init, str) and _suits_kmeans(X, largest):
            points, is_own = X, False
        else:
            unit = find_unit(X, X[0], _NAME)
            points = subtract(X, X[0], unit)
            # KMeans hands centered points to a callable: these are centered already.
            mean = points.mean(axis=0)
            points -= mean
            points = points.astype(X.dtype, copy=False)
            init = self._move_init(X, unit, mean)
        kmeans = KMeans(
            self.n_clusters,
            init=init,
            n_init=self.n_init,
            max_iter=self.max_iter,
            tol=tol,
            random_state=self.random_state,
            copy_x=not is_own,
        )
        with threads, config_context(assume_finite=True):  # they were checked before
            kmeans.fit(points)
        found = [np.flatnonzero(kmeans.labels_ == k) for k in range(self.n_clusters)]
        for k, center in enumerate(kmeans.cluster_centers_):
            if not len(found[k]):
                squared, _ = squared_distances(points, center[None], caller=_NAME)
                found[k] = squared.argmin(axis=0)
        return found, kmeans

    def _pays_to_reduce(self, n_samples, n_features):
        """Return whether k-means is faster on coordinates of rows in their span."""
        if not isinstance(self.init, str) or n_features < 2 * n_samples:
            return False
        n_init = self.n_init
        if n_init == "auto":
            n_init = 1 if self.init == "k-means++" else 10
        return n_samples <= _SAMPLES_A_START * n_init

    def _move_init(self, X, unit, mean):
        """Bring first barycenters to the origin and size of the points of k-means."""
        if isinstance(self.init, str):
            return self.init

        def move(centers):
            centers = read_rows(centers, "init", dtype=np.float64)
            expected = (self.n_clusters, X.shape[1])
            if centers.shape != expected:
                raise ValueError(
                    f"init has shape {centers.shape}; expected {expected}, a row for "
                    "each cluster."
                )
            find_unit(centers, X[0], f"init of {_NAME}")
            with np.errstate(over="ignore"):
                moved = subtract(centers, X[0], unit) - mean
                is_far = not np.sum(moved**2) < np.inf
            if is_far:
                raise ValueError(
                    "init is so far from the rows that distances overflow; give rows "
                    "in the unit of X."
                )
            return moved

        if not callable(self.init):
            return move(self.init)
        return lambda points, n_clusters, random_state: move(
            self.init(X, n_clusters, random_state=random_state)
        )


def _suits_kmeans(X, largest):
    """Return whether KMeans can be given rows as they are.

    It subtracts their mean in the dtype of X. What rounding leaves of the mean should
    be no more than rows differ, and squares should not leave the range of the dtype.
    """
    apart, size = _sample_sizes(X)
    rounding = len(X) * np.finfo(X.dtype).eps * size
    return _is_in_range(largest, apart, X.dtype) and apart > rounding


def _sample_sizes(X):
    """Return how far some rows are apart, the median, and their largest norm."""
    rows = X[:: max(1, len(X) // _SOME_ROWS)].astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        differences = np.linalg.norm(np.diff(rows, axis=0), axis=1)
        size = np.linalg.norm(rows, axis=1).max()
    return np.median(differences) if len(differences) else 0, size


def _is_in_range(largest, apart, dtype):
    """Return whether squares of numbers and of their differences stay in the range."""
    limits = np.finfo(dtype)
    return largest < limits.max**0.25 and apart > limits.tiny**0.25


def _assign(X, found, largest):
    """Compute the barycenters of groups of rows, and assign each row to the nearest.

    Returns the barycenters in their order, what rounding has taken from them, and the
    labels. `found` has the rows of each group.
    """
    means = np.array([mean_row(X, members=rows, caller=_NAME) for rows in found])
    means = means[_rank_centers(means[:, 0])]
    centers, remainder = np.ascontiguousarray(means.swapaxes(0, 1))
    return centers, remainder, _find_nearest(X, centers, remainder, largest)


def _compare(X, centers, remainder):
    """Compute squared distances to the barycenters, and their unit."""
    return squared_distances(X, centers, remainder=remainder, caller=_NAME)


def _find_largest(X):
    """Return the largest size of a number; raise a ValueError if one is not finite."""
    # NaN shows in the largest number, without a check of all.
    largest = max(float(X.max()), -float(X.min()))
    if not np.isfinite(largest):
        assert_all_finite(X, estimator_name=_NAME, input_name="X")
    return largest


def _find_nearest(X, centers, remainder, largest):
    """Find the nearest barycenter of each row: by one product where that is sure.

    With c = o + a, only |a|^2 / 2 + o·a - x·a of |x - c|^2 depends on the center.
    Rows whose two smallest values differ by no more than may be rounding are
    compared by their distances. `largest` is the largest size of a number in X.
    """
    origin = centers[0]
    apart = centers - origin
    eps, tiny = (float(getattr(np.finfo(X.dtype), name)) for name in ("eps", "tiny"))
    with np.errstate(all="ignore"):
        offsets = np.einsum("ij,ij->i", apart, apart) / 2 + apart @ origin
        values = offsets - X @ apart.astype(X.dtype, copy=False).T
        size = max(largest, np.abs(origin).max()) + np.abs(apart).max()
        rounding = eps * size * np.abs(apart).sum(axis=1).max() + tiny * (1 + size)
        labels = values.argmin(axis=1)
        gaps = values - values.min(axis=1, keepdims=True)
        gaps[np.arange(len(X)), labels] = np.inf
        unsure = ~np.isfinite(values).all(axis=1)
        unsure |= ~(gaps.min(axis=1) > 4 * (X.shape[1] + 8) * rounding)
    if unsure.any():
        squared, _ = _compare(X[unsure], centers, remainder)
        labels[unsure] = squared.argmin(axis=1)
    return labels.astype(np.int32)


def _rank_centers(centers):
    """Order centers by their mean, and equal ones by their columns.

    Numbers that differ by rounding alone are equal, so the order is repeatable.
    """
    lowest = centers.min(axis=0)
    shifted = subtract(centers, lowest, find_unit(centers, lowest, _NAME))
    means = np.round(shifted.mean(axis=1), 12)
    if len(np.unique(means)) == len(means):
        return np.argsort(means)
    columns = np.round(shifted, 12)
    return sorted(range(len(means)), key=lambda k: (means[k], columns[k].tolist()))


def _keep_nearest(distances, nearest):
    """Let the nearest center be the first one at the smallest distance.

    Centers that are nearer by rounding, or as near, move away by one rounding.
    """
    smallest = distances[np.arange(len(distances)), nearest][:, None]
    before = np.arange(distances.shape[1]) < nearest[:, None]
    beaten = (distances < smallest) | (before & (distances == smallest))
    further = np.nextafter(smallest, np.inf, dtype=distances.dtype)
    return np.where(beaten, further, distances)


def _span_coordinates(X, unit):
    """Return coordinates of rows in an orthonormal basis: (n_samples, rank)."""
    gram = np.zeros((len(X), len(X)))
    for columns in column_blocks(X):
        # Subtracting one row first keeps the digits of the differences.
        block = subtract(X[:, columns], X[0, columns], unit)
        block -= block.mean(axis=0)
        gram += block @ block.T
    # The pivoted Cholesky factor also exists if rows are not independent.
    factor, order, rank, _ = dpstrf(gram, tol=0, lower=True)
    points = np.empty((len(X), max(rank, 1)))
    points[order - 1] = np.tril(factor)[:, : points.shape[1]]
    return points
