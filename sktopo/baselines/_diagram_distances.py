"""Distances and kernels between persistence diagrams, computed by gudhi."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.utils.validation import check_is_fitted, check_memory

from sktopo._utils.optional import import_optional
from sktopo._utils.parallel import run_parallel
from sktopo._utils.parameters import (
    check_flag,
    check_integer,
    check_option,
    check_positive,
)
from sktopo.baselines._diagrams import check_diagrams

if TYPE_CHECKING:
    from typing import Self

    from sktopo._typing import Diagrams, FloatArray, MemoryLike


def _weigh(point):
    """Return the weight of a point of a diagram in the weighted Gaussian kernel."""
    return np.arctan(point[1] - point[0])


# For each distance, its options in gudhi, from the parameters of the estimator.
DISTANCES = {
    "bottleneck": lambda _: {"metric": "bottleneck", "e": None},
    "wasserstein": lambda _: {"metric": "wasserstein", "order": 1.0},
    "sliced_wasserstein": lambda estimator: {
        "metric": "sliced_wasserstein",
        "num_directions": estimator.n_directions,
    },
    "persistence_fisher": lambda estimator: {
        "metric": "persistence_fisher",
        "bandwidth": estimator.bandwidth,
    },
}
# For each kernel likewise. Their distances are those of the feature space.
KERNELS = {
    "heat": lambda estimator: {
        "kernel": "persistence_scale_space",
        "bandwidth": estimator.bandwidth,
        "kernel_approx": None,
    },
    "weighted_gaussian": lambda estimator: {
        "kernel": "persistence_weighted_gaussian",
        "bandwidth": estimator.bandwidth,
        "kernel_approx": None,
        "weight": _weigh,
    },
}


class _ToReference(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Compares diagrams with the reference diagrams, those of `fit`."""

    def fit(self, X: Diagrams, y: object = None) -> Self:
        """Keep the reference diagrams.

        Parameters
        ----------
        X : list of array-like of shape (n_points, 2)
            Diagrams; `n_points` may differ and may be 0.

        y : None
            Ignored.

        Returns
        -------
        self : object
            The fitted transformer.

        Raises
        ------
        ImportError
            If gudhi is not installed.

        ValueError
            If a parameter is out of range or X does not hold finite diagrams.
        """
        self._make_options()
        _import_gudhi("metrics")
        self.diagrams_ = check_diagrams(X)
        return self

    def transform(self, X: Diagrams) -> FloatArray:
        """Compute the matrix between diagrams and the reference diagrams.

        Parameters
        ----------
        X : list of array-like of shape (n_points, 2)
            Diagrams.

        Returns
        -------
        matrix : ndarray of shape (n_samples, n_samples_fit), dtype float64
            Distances or kernel values.

        Raises
        ------
        ImportError, ValueError
            As `fit`.
        """
        check_is_fitted(self)
        return self._compare(check_diagrams(X), self.diagrams_)

    def fit_transform(self, X: Diagrams, y: object = None) -> FloatArray:
        """Fit to diagrams and compute the matrix among them, each pair once.

        Parameters
        ----------
        X : list of array-like of shape (n_points, 2)
            Diagrams.

        y : None
            Ignored.

        Returns
        -------
        matrix : ndarray of shape (n_samples, n_samples), dtype float64
            Distances or kernel values.

        Raises
        ------
        ImportError, ValueError
            As `fit`.
        """
        return self._compare(self.fit(X).diagrams_, None)

    def _compare(self, X, Y):
        """Compare diagrams, X with themselves if Y is None, or recall the result."""
        compare = check_memory(self.memory).cache(
            self._function, ignore=["n_jobs", "verbose"]
        )
        return compare(X, Y, self._make_options(), self.n_jobs, self.verbose)

    @property
    def _n_features_out(self):
        return len(self.diagrams_)


class DiagramDistance(_ToReference):
    """Distances between persistence diagrams and those seen in `fit`.

    Parameters
    ----------
    metric : {"bottleneck", "wasserstein", "sliced_wasserstein", \
            "persistence_fisher", "heat", "weighted_gaussian"}, default="bottleneck"
        The distance. "wasserstein" is of order 1 in the maximum norm, to a relative
        error of 0.01; the last two are the distances in the feature spaces of the
        kernels of :class:`DiagramKernel`.

    bandwidth : float, default=0.1
        Width of the Gaussians of the last three metrics.

    n_directions : int, default=10
        Number of lines of the sliced Wasserstein distance, at least 2.

    n_jobs : int or None, default=None
        Number of parallel jobs, see :term:`n_jobs`; threads are preferred. Sliced
        Wasserstein distances are fast and use one job.

    memory : None, str or joblib.Memory, default=None
        Where to cache distances, so that the same diagrams are compared once.

    verbose : bool, default=False
        Whether to show a progress bar (needs tqdm).

    Attributes
    ----------
    diagrams_ : list of ndarray of shape (n_points, 2)
        The reference diagrams.

    See Also
    --------
    RipsDiagrams : Computes diagrams.
    DistanceKernel : Makes a kernel of distances.
    MedoidClusterer : Clusters by distances.

    Notes
    -----
    Needs gudhi, which ``pip install 'sktopo[baselines]'`` installs. The distance of
    two empty diagrams is 0; that of an empty one to another is the distance to the
    diagonal.

    References
    ----------
    .. [1] Carriere, Cuturi & Oudot, "Sliced Wasserstein kernel for persistence
       diagrams", ICML 2017, arXiv:1706.03358.
    .. [2] Le & Yamada, "Persistence Fisher kernel", NeurIPS 2018, arXiv:1802.03569.

    Examples
    --------
    >>> from sktopo.baselines import DiagramDistance
    >>> diagrams = [[[0.1, 0.5]], [[0.1, 0.6], [0.2, 0.3]], []]
    >>> DiagramDistance("bottleneck").fit_transform(diagrams).round(2)
    array([[0.  , 0.1 , 0.2 ],
           [0.1 , 0.  , 0.25],
           [0.2 , 0.25, 0.  ]])
    """

    def __init__(
        self,
        metric: str = "bottleneck",
        *,
        bandwidth: float = 0.1,
        n_directions: int = 10,
        n_jobs: int | None = None,
        memory: MemoryLike = None,
        verbose: bool = False,
    ) -> None:
        self.metric = metric
        self.bandwidth = bandwidth
        self.n_directions = n_directions
        self.n_jobs = n_jobs
        self.memory = memory
        self.verbose = verbose

    def _make_options(self):
        """Raise unless the parameters are valid; return the options of gudhi."""
        check_option("metric", self.metric, (*DISTANCES, *KERNELS))
        check_integer("n_directions", self.n_directions, 2)
        check_positive("bandwidth", self.bandwidth)
        check_flag("verbose", self.verbose)
        return {**DISTANCES, **KERNELS}[self.metric](self)

    @property
    def _function(self):
        return _feature_distances if self.metric in KERNELS else _compare_diagrams


class DiagramKernel(_ToReference):
    r"""Kernels between persistence diagrams and those seen in `fit`.

    Parameters
    ----------
    kernel : {"heat", "weighted_gaussian"}, default="heat"
        "heat" is the persistence scale-space kernel [1]_: points diffuse, and their
        mirror images below the diagonal cancel them on it. "weighted_gaussian" is
        the linear persistence-weighted Gaussian kernel [2]_, in which the weight of a
        point is the arc tangent of its persistence.

    bandwidth : float, default=0.1
        Width :math:`\sigma` of the Gaussians
        :math:`\exp(-\|p - q\|^2 / 2 \sigma^2)` between points.

    n_jobs : int or None, default=None
        Number of parallel jobs, see :term:`n_jobs`; threads are preferred.

    memory : None, str or joblib.Memory, default=None
        Where to cache kernel values, so that the same diagrams are compared once.

    verbose : bool, default=False
        Whether to show a progress bar (needs tqdm).

    Attributes
    ----------
    diagrams_ : list of ndarray of shape (n_points, 2)
        The reference diagrams.

    See Also
    --------
    DiagramDistance : Distances, also those of these kernels.
    DistanceKernel : Makes a kernel of distances.

    Notes
    -----
    Needs gudhi, which ``pip install 'sktopo[baselines]'`` installs. The kernel of an
    empty diagram with any is 0.

    References
    ----------
    .. [1] Reininghaus, Huber, Bauer & Kwitt, "A stable multi-scale kernel for
       topological machine learning", CVPR 2015, arXiv:1412.6821.
    .. [2] Kusano, Fukumizu & Hiraoka, "Persistence weighted Gaussian kernel for
       topological data analysis", ICML 2016, arXiv:1601.01741.

    Examples
    --------
    >>> from sktopo.baselines import DiagramKernel
    >>> diagrams = [[[0.1, 0.5]], [[0.1, 0.6], [0.2, 0.3]], []]
    >>> DiagramKernel().fit_transform(diagrams).round(2)
    array([[3.99, 2.74, 0.  ],
           [2.74, 6.56, 0.  ],
           [0.  , 0.  , 0.  ]])
    """

    def __init__(
        self,
        kernel: str = "heat",
        *,
        bandwidth: float = 0.1,
        n_jobs: int | None = None,
        memory: MemoryLike = None,
        verbose: bool = False,
    ) -> None:
        self.kernel = kernel
        self.bandwidth = bandwidth
        self.n_jobs = n_jobs
        self.memory = memory
        self.verbose = verbose

    def _make_options(self):
        """Raise unless the parameters are valid; return the options of gudhi."""
        check_option("kernel", self.kernel, KERNELS)
        check_positive("bandwidth", self.bandwidth)
        check_flag("verbose", self.verbose)
        return KERNELS[self.kernel](self)

    @property
    def _function(self):
        return _compare_diagrams


def _import_gudhi(module):
    """Import a module of gudhi.representations."""
    return import_optional(
        f"gudhi.representations.{module}",
        extra="baselines",
        purpose="Comparing persistence diagrams",
    )


def _compare_diagrams(X, Y, options, n_jobs, verbose):
    """Compute distances or kernel values: (n_X, n_Y), or (n_X, n_X) if Y is None.

    Kernel values of empty diagrams are 0, and so is the distance of two empty ones.
    """
    if "kernel" in options:
        library = _import_gudhi("kernel_methods")
        compare = partial(library.pairwise_persistence_diagram_kernels, **options)
    else:
        library = _import_gudhi("metrics")
        compare = partial(library.pairwise_persistence_diagram_distances, **options)
    # Sliced Wasserstein distances are fastest for all pairs at once.
    if options.get("metric") != "sliced_wasserstein":
        compare = partial(_compare_rows, compare, n_jobs, verbose)
    rows, empty_rows = _split_empty(X)
    columns, empty_columns = _split_empty(X if Y is None else Y)
    matrix = np.zeros((len(X), len(X if Y is None else Y)))
    if len(rows) and len(columns):
        others = None if Y is None else [Y[i] for i in columns]
        matrix[np.ix_(rows, columns)] = compare([X[i] for i in rows], others)
    if "kernel" in options:
        return matrix
    if Y is None:
        np.fill_diagonal(matrix, 0)
        Y = X
    for some, others in ((rows, empty_columns), (empty_rows, columns)):
        if len(some) and len(others):
            part = compare([X[i] for i in some], [Y[i] for i in others])
            matrix[np.ix_(some, others)] = part
    return matrix


def _feature_distances(X, Y, options, n_jobs, verbose):
    """Compute distances in the feature space of a kernel, shaped as kernel values."""
    K = _compare_diagrams(X, Y, options, n_jobs, verbose)
    if Y is None:
        squares_X = squares_Y = K.diagonal()
    else:
        squares_X, squares_Y = (
            np.array([_compare_diagrams([d], None, options, 1, False)[0, 0] for d in D])
            for D in (X, Y)
        )
    return np.sqrt(np.maximum(squares_X[:, None] + squares_Y - 2 * K, 0))


def _split_empty(diagrams):
    """Return the positions of diagrams with points, and of those without."""
    has_points = np.array([len(diagram) > 0 for diagram in diagrams])
    return np.flatnonzero(has_points), np.flatnonzero(~has_points)


def _compare_rows(compare, n_jobs, verbose, X, Y):
    """Compare diagrams row by row, in parallel; each pair once if Y is None."""
    rows = run_parallel(
        _compare_row,
        [(compare, row) for row in range(len(X))],
        shared=(X, Y),
        prefer="threads",
        description="pairs",
        n_jobs=n_jobs,
        verbose=verbose,
    )
    if Y is not None:
        return np.vstack(list(rows))
    matrix = np.zeros((len(X), len(X)))
    for row, values in enumerate(rows):
        matrix[row, row:] = matrix[row:, row] = values
    return matrix


def _compare_row(compare, row, X, Y):
    return compare(X[row : row + 1], X[row:] if Y is None else Y)[0]
