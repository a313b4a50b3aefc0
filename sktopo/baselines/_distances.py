"""Distances and kernels between persistence diagrams, all of them gudhi's."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.utils.validation import check_is_fitted, check_memory, validate_data

from sktopo._utils.optional import import_optional
from sktopo._utils.parallel import run_parallel
from sktopo._utils.parameters import (
    check_flag,
    check_integer,
    check_option,
    check_positive,
)
from sktopo._utils.samples import FLOATS
from sktopo.baselines._diagrams import check_diagrams

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Literal, Self

    from numpy.typing import ArrayLike
    from sklearn.utils import Tags

    from sktopo._typing import BoolArray, Diagrams, FloatArray, MemoryLike

_METRICS = ("bottleneck", "wasserstein", "sliced_wasserstein", "persistence_fisher")
# gudhi's names for the kernels; their distances are those of the feature space.
_KERNELS = {
    "heat": "persistence_scale_space",
    "weighted_gaussian": "persistence_weighted_gaussian",
}


class _ToReference(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """A matrix between diagrams and the diagrams of `fit`."""

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
            If a parameter is out of range or X holds no finite diagrams.
        """
        self._check_parameters()
        _import_metrics()
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
        return self._matrix(check_diagrams(X), self.diagrams_)

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
        return self._matrix(self.fit(X).diagrams_, None)

    @property
    def _n_features_out(self) -> int:
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
        Wasserstein distances are quick and take one.

    memory : None, str or joblib.Memory, default=None
        Where to keep distances; the same diagrams are then not compared again.

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
    Needs gudhi, which ``pip install 'sktopo[baselines]'`` brings. The distance of
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
        metric: Literal[
            "bottleneck",
            "wasserstein",
            "sliced_wasserstein",
            "persistence_fisher",
            "heat",
            "weighted_gaussian",
        ] = "bottleneck",
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

    def _check_parameters(self) -> None:
        check_option("metric", self.metric, (*_METRICS, *_KERNELS))
        check_integer("n_directions", self.n_directions, 2)
        check_positive("bandwidth", self.bandwidth)
        check_flag("verbose", self.verbose)

    def _matrix(self, X: list[FloatArray], Y: list[FloatArray] | None) -> FloatArray:
        compute = check_memory(self.memory).cache(_distances, ignore=["how"])
        options = {
            "bottleneck": {"e": None},
            "wasserstein": {"order": 1.0},
            "sliced_wasserstein": {"num_directions": self.n_directions},
        }.get(self.metric, {"bandwidth": self.bandwidth})
        how = {"n_jobs": self.n_jobs, "verbose": self.verbose}
        return compute(X, Y, self.metric, options, how)


class DiagramKernel(_ToReference):
    r"""Kernels between persistence diagrams and those seen in `fit`.

    Parameters
    ----------
    kernel : {"heat", "weighted_gaussian"}, default="heat"
        "heat" is the persistence scale-space kernel [1]_: points diffuse, their
        mirror images below the diagonal cancel them there. "weighted_gaussian" is
        the linear persistence-weighted Gaussian kernel [2]_, whose points weigh the
        arc tangent of their persistence.

    bandwidth : float, default=0.1
        Width :math:`\sigma` of the Gaussians
        :math:`\exp(-\|p - q\|^2 / 2 \sigma^2)` between points.

    n_jobs : int or None, default=None
        Number of parallel jobs, see :term:`n_jobs`; threads are preferred.

    memory : None, str or joblib.Memory, default=None
        Where to keep kernel values; the same diagrams are then not compared again.

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
    Needs gudhi, which ``pip install 'sktopo[baselines]'`` brings. The kernel of an
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
        kernel: Literal["heat", "weighted_gaussian"] = "heat",
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

    def _check_parameters(self) -> None:
        check_option("kernel", self.kernel, tuple(_KERNELS))
        check_positive("bandwidth", self.bandwidth)
        check_flag("verbose", self.verbose)

    def _matrix(self, X: list[FloatArray], Y: list[FloatArray] | None) -> FloatArray:
        compute = check_memory(self.memory).cache(_kernel_values, ignore=["how"])
        options = {"bandwidth": self.bandwidth}
        how = {"n_jobs": self.n_jobs, "verbose": self.verbose}
        return compute(X, Y, self.kernel, options, how)


class DistanceKernel(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    r"""Make kernel values :math:`\exp(-d / s)` of distances.

    Parameters
    ----------
    scale : "median" or float, default="median"
        The distance :math:`s > 0` at which the kernel has fallen to 1/e. "median" is
        that of the nonzero distances seen in `fit`, hence of the training samples
        only; 1 if there are none.

    Attributes
    ----------
    scale_ : float
        The scale in use.

    n_features_in_ : int
        Number of reference samples.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`, if they were all strings.

    See Also
    --------
    DiagramDistance : Computes distances.

    Notes
    -----
    The kernel is positive definite where the distance is conditionally negative
    definite, as the sliced Wasserstein distance is [1]_. For the bottleneck and the
    Wasserstein distance between diagrams it is not, in general; SVC takes it still.

    References
    ----------
    .. [1] Carriere, Cuturi & Oudot, "Sliced Wasserstein kernel for persistence
       diagrams", ICML 2017, arXiv:1706.03358.

    Examples
    --------
    >>> from sktopo.baselines import DistanceKernel
    >>> DistanceKernel().fit_transform([[0, 2], [2, 0]]).round(3)
    array([[1.   , 0.368],
           [0.368, 1.   ]])
    """

    def __init__(self, scale: float | Literal["median"] = "median") -> None:
        self.scale = scale

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Learn the scale.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_samples)
            Distances among the training samples.

        y : None
            Ignored.

        Returns
        -------
        self : DistanceKernel
            The fitted transformer.

        Raises
        ------
        ValueError
            If `scale` is out of range or X is no 2-D array of finite numbers, none
            of them negative.
        """
        by_median = isinstance(self.scale, str) and self.scale == "median"
        if not by_median:
            check_positive("scale (if not 'median')", self.scale)
        X = validate_data(self, X, dtype=FLOATS, ensure_non_negative=True)
        positive = X[X > 0]
        if by_median:
            self.scale_ = float(np.median(positive)) if positive.size else 1.0
        else:
            self.scale_ = float(self.scale)
        return self

    def transform(self, X: ArrayLike) -> FloatArray:
        """Compute kernel values.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_samples_fit)
            Distances to the training samples.

        Returns
        -------
        K : ndarray of shape (n_samples, n_samples_fit)
            Kernel values, float32 if X is, else float64.

        Raises
        ------
        ValueError
            As `fit`, or if the number of columns is not the fitted one.
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype=FLOATS, ensure_non_negative=True, reset=False)
        return np.exp(X / -self.scale_, dtype=X.dtype)

    @property
    def _n_features_out(self) -> int:
        return self.n_features_in_

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.pairwise = True
        tags.input_tags.positive_only = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _import_metrics() -> Any:
    # The kernels need this module too, so one of the two stands for both.
    return import_optional(
        "gudhi.representations.metrics",
        extra="baselines",
        purpose="A distance between persistence diagrams",
    )


def _import_kernels() -> Any:
    return import_optional(
        "gudhi.representations.kernel_methods",
        extra="baselines",
        purpose="A kernel between persistence diagrams",
    )


def _distances(
    X: list[FloatArray],
    Y: list[FloatArray] | None,
    metric: str,
    options: dict[str, Any],
    how: dict[str, Any],
) -> FloatArray:
    """Compute distances between two lists, or, without Y, within one."""
    if metric in _KERNELS:
        return _feature_distances(X, Y, metric, options, how)
    pairwise = _import_metrics().pairwise_persistence_diagram_distances

    compare = partial(pairwise, metric=metric, **options)
    if metric != "sliced_wasserstein":  # quick, and quickest of all pairs at once
        compare = partial(_compare_rows, compare, how)

    full = _not_empty(X)
    others = full if Y is None else _not_empty(Y)
    matrix = _between_full(X, Y, full, others, compare)
    if Y is None:
        np.fill_diagonal(matrix, 0)
        Y = X
    # gudhi fails on two empty diagrams for one of the metrics; these stay 0.
    for rows, columns in ((full, ~others), (~full, others)):
        if rows.any() and columns.any():
            part = compare(_take(X, rows), _take(Y, columns))
            matrix[np.ix_(rows, columns)] = part
    return matrix


def _feature_distances(
    X: list[FloatArray],
    Y: list[FloatArray] | None,
    kernel: str,
    options: dict[str, Any],
    how: dict[str, Any],
) -> FloatArray:
    """Compute distances in the feature space of a kernel."""
    K = _kernel_values(X, Y, kernel, options, how)
    if Y is None:
        squares_X = squares_Y = K.diagonal()
    else:
        alone = {"n_jobs": 1}
        squares_X, squares_Y = (
            np.array(
                [_kernel_values([d], None, kernel, options, alone)[0, 0] for d in part]
            )
            for part in (X, Y)
        )
    return np.sqrt(np.maximum(squares_X[:, None] + squares_Y - 2 * K, 0))


def _kernel_values(
    X: list[FloatArray],
    Y: list[FloatArray] | None,
    kernel: str,
    options: dict[str, Any],
    how: dict[str, Any],
) -> FloatArray:
    """Compute kernel values between two lists, or, without Y, within one."""
    pairwise = _import_kernels().pairwise_persistence_diagram_kernels
    options = {**options, "kernel_approx": None}
    if kernel == "weighted_gaussian":
        options["weight"] = _persistence_weight

    compare = partial(pairwise, kernel=_KERNELS[kernel], **options)
    compare = partial(_compare_rows, compare, how)
    full = _not_empty(X)
    others = full if Y is None else _not_empty(Y)
    return _between_full(X, Y, full, others, compare)


def _compare_rows(
    compare: Callable[..., FloatArray],
    how: dict[str, Any],
    A: list[FloatArray],
    B: list[FloatArray] | None,
) -> FloatArray:
    """Compare diagrams with others, or, without others, each pair once: by rows."""
    rows = run_parallel(
        _compare_row,
        [(compare, row) for row in range(len(A))],
        shared=(A, B),
        prefer="threads",
        description="pairs",
        **how,
    )
    if B is not None:
        return np.vstack(list(rows))
    matrix = np.zeros((len(A), len(A)))
    for row, values in enumerate(rows):
        matrix[row, row:] = matrix[row:, row] = values
    return matrix


def _compare_row(
    compare: Callable[..., FloatArray],
    row: int,
    A: list[FloatArray],
    B: list[FloatArray] | None,
) -> FloatArray:
    return compare(A[row : row + 1], A[row:] if B is None else B)[0]


def _between_full(
    X: list[FloatArray],
    Y: list[FloatArray] | None,
    full: BoolArray,
    others: BoolArray,
    compare: Callable[..., FloatArray],
) -> FloatArray:
    """Fill in the values of pairs in which no diagram is empty; 0 elsewhere."""
    matrix = np.zeros((len(full), len(others)))
    if full.any() and others.any():
        B = None if Y is None else _take(Y, others)
        matrix[np.ix_(full, others)] = compare(_take(X, full), B)
    return matrix


def _not_empty(diagrams: list[FloatArray]) -> BoolArray:
    return np.array([len(diagram) > 0 for diagram in diagrams])


def _take(diagrams: list[FloatArray], mask: BoolArray) -> list[FloatArray]:
    return [diagrams[i] for i in np.flatnonzero(mask)]


def _persistence_weight(point: FloatArray) -> float:
    return np.arctan(point[1] - point[0])
