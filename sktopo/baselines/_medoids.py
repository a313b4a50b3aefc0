"""Clusters of samples around medoids, by their distances."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import ClusterMixin
from sklearn.metrics import pairwise_distances
from sklearn.utils.validation import check_is_fitted

from sktopo._utils.base import BaseEstimator
from sktopo._utils.fitting import fitted_copy
from sktopo._utils.geometry import find_unit, restore_unit, squared_distances
from sktopo._utils.optional import import_optional
from sktopo._utils.parameters import check_integer, check_option, read_random_state
from sktopo._utils.samples import validate_table

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal, Self

    from numpy.typing import ArrayLike
    from sklearn.utils import Tags

    from sktopo._typing import IntArray, RandomState

_NAME = "MedoidClusterer"
# The metrics that scikit-learn computes from products of rows.
_EUCLIDEAN = ("euclidean", "l2", "nan_euclidean")


class MedoidClusterer(ClusterMixin, BaseEstimator):
    """Cluster samples around medoids, by their distances.

    The algorithms are those of the package kmedoids [1]_. New samples belong to the
    nearest medoid, so the clusterer can end a pipeline and be cross-validated.

    Parameters
    ----------
    n_clusters : int, default=8
        Number of clusters.

    metric : str or callable, default="precomputed"
        "precomputed": X holds distances, square in `fit`; in `predict` those to the
        samples of `fit`, in their order, as :class:`DiagramDistance` gives them.
        Else a metric of :func:`sklearn.metrics.pairwise_distances` for rows.

    method : {"fasterpam", "pam", "alternate"}, default="fasterpam"
        FasterPAM and PAM swap medoids until no swap helps; "alternate" repeats the
        two steps of k-means.

    init : {"random", "build"}, default="random"
        How the first medoids are chosen.

    max_iter : int, default=300
        Largest number of iterations.

    random_state : int, RandomState instance or None, default=None
        Chooses the first medoids and the order of swaps. Pass an int for repeatable
        results.

    Attributes
    ----------
    medoid_indices_ : ndarray of shape (n_clusters,)
        The fitted samples that are medoids, ascending: this numbers the clusters.

    cluster_centers_ : ndarray of shape (n_clusters, n_features)
        The rows of the medoids; not with precomputed distances.

    labels_ : ndarray of shape (n_samples,)
        Cluster of each fitted sample.

    inertia_ : float
        Sum of the distances of the fitted samples to their medoid.

    n_iter_ : int
        Number of iterations.

    n_features_in_ : int
        Number of columns seen in `fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`, if they were all strings.

    See Also
    --------
    DiagramDistance : Computes distances between diagrams.
    RepresentationDistance : Computes distances between networks.
    sktopo.TopClusterer : Clusters around barycenters.

    Notes
    -----
    Needs kmedoids, which ``pip install 'sktopo[baselines]'`` installs.

    References
    ----------
    .. [1] Schubert & Rousseeuw, "Fast and eager k-medoids clustering", Information
       Systems 2021, arXiv:2008.05171.

    Examples
    --------
    >>> from sktopo.baselines import MedoidClusterer
    >>> distances = [[0, 1, 9, 9], [1, 0, 9, 9], [9, 9, 0, 1], [9, 9, 1, 0]]
    >>> clusterer = MedoidClusterer(2, random_state=0).fit(distances)
    >>> clusterer.labels_
    array([0, 0, 1, 1])
    >>> clusterer.predict([[8, 8, 2, 2]])
    array([1])
    """

    def __init__(
        self,
        n_clusters: int = 8,
        *,
        metric: str | Callable[..., float] = "precomputed",
        method: Literal["fasterpam", "pam", "alternate"] = "fasterpam",
        init: Literal["random", "build"] = "random",
        max_iter: int = 300,
        random_state: RandomState = None,
    ) -> None:
        self.n_clusters = n_clusters
        self.metric = metric
        self.method = method
        self.init = init
        self.max_iter = max_iter
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Find medoids.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_samples) or (n_samples, n_features)
            Distances, or rows if `metric` is one.

        y : None
            Ignored.

        Returns
        -------
        self : MedoidClusterer
            The fitted clusterer.

        Raises
        ------
        ImportError
            If kmedoids is not installed.

        ValueError
            If a parameter is out of range, or X is not a 2-D array of finite
            numbers, or distances are negative, not square, not finite, or fewer than
            clusters.
        """
        check_integer("n_clusters", self.n_clusters, 1)
        check_integer("max_iter", self.max_iter, 1)
        check_option("method", self.method, ("fasterpam", "pam", "alternate"))
        check_option("init", self.init, ("random", "build"))
        kmedoids = import_optional(
            "kmedoids", extra="baselines", purpose="MedoidClusterer"
        )
        with fitted_copy(self) as fitted:
            fitted._find_medoids(kmedoids, X)
        return self

    def _find_medoids(self, kmedoids, X):
        """Find medoids and set the fitted attributes."""
        X = validate_table(self, X, non_negative=self._is_precomputed())
        check_enough_samples(len(X), self.n_clusters)
        distances, unit = self._square(X)
        run = {"alternate": "alternating"}.get(self.method, self.method)
        found = getattr(kmedoids, run)(
            np.ascontiguousarray(distances),
            int(self.n_clusters),
            max_iter=int(self.max_iter),
            init=self.init,
            random_state=read_random_state(self.random_state),
        )
        medoids = np.sort(found.medoids).astype(np.intp)
        to_medoids = distances[:, medoids]
        inertia = restore_unit(
            to_medoids.min(axis=1).sum(), unit, power=1, caller=_NAME
        )
        self.medoid_indices_ = medoids
        self.labels_ = to_medoids.argmin(axis=1)
        self.n_iter_ = found.n_iter
        self.inertia_ = float(inertia)
        if not self._is_precomputed():
            self.cluster_centers_ = X[medoids]

    def predict(self, X: ArrayLike) -> IntArray:
        """Assign samples to the nearest medoid.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_samples_fit) or (n_samples, n_features)
            Distances to the samples of `fit`, or rows if `metric` is one.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            Clusters.

        Raises
        ------
        ValueError
            If X is not a 2-D array of finite numbers of the fitted width, or
            distances are negative.
        """
        check_is_fitted(self)
        precomputed = self._is_precomputed()
        X = validate_table(self, X, non_negative=precomputed, reset=False)
        if precomputed:
            return X[:, self.medoid_indices_].argmin(axis=1)
        distances, _ = self._measure(X, self.cluster_centers_)
        return distances.argmin(axis=1)

    def _is_precomputed(self):
        return isinstance(self.metric, str) and self.metric == "precomputed"

    def _square(self, X):
        """Return the distances among the samples of `fit`, and their unit."""
        if not self._is_precomputed():
            return self._measure(X, X)
        if X.shape[0] != X.shape[1]:
            raise ValueError(
                f"X has shape {X.shape}; expected distances among the samples of fit, "
                "a square matrix. For rows give metric='euclidean' or another metric."
            )
        # Brought to the size of 1, sums of distances do not overflow.
        unit = find_unit(X, 0.0, _NAME)
        return X.astype(np.float64) / unit, unit

    def _measure(self, X, Y):
        """Compute the distances between rows, float64, and their unit."""
        if isinstance(self.metric, str) and self.metric in _EUCLIDEAN:
            squared, unit = squared_distances(X, Y, caller=_NAME)
            return np.sqrt(squared, out=squared), unit
        with np.errstate(all="ignore"):
            distances = pairwise_distances(X, Y, metric=self.metric)
        bad = np.argwhere(~np.isfinite(distances))
        if len(bad):
            first, second = bad[0]
            raise ValueError(
                f"metric={self.metric!r} of {_NAME} gave {distances[first, second]} "
                f"for samples {first} and {second}; expected finite distances."
            )
        unit = find_unit(distances, 0.0, _NAME)
        return distances.astype(np.float64) / unit, unit

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.pairwise = self._is_precomputed()
        tags.input_tags.positive_only = self._is_precomputed()
        return tags


def check_enough_samples(n_samples, n_clusters):
    """Raise if there are fewer samples than clusters."""
    if n_samples < n_clusters:
        raise ValueError(f"n_samples={n_samples} should be >= n_clusters={n_clusters}.")
