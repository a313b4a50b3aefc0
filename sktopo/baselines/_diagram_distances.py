"""Distances and kernels between persistence diagrams, computed by gudhi."""

from __future__ import annotations

import warnings
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import (
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.utils.validation import check_is_fitted, check_memory

from sktopo._utils.base import BaseEstimator
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
    from typing import Any, Self

    from sktopo._typing import Diagrams, FloatArray, MemoryLike


def _weigh(point, unit):
    """Return the weight of a point of a diagram in the weighted Gaussian kernel."""
    return np.arctan(unit * (point[1] - point[0]))


def _find_bottleneck(diagram_1, diagram_2):
    """Compute the bottleneck distance exactly.

    The function that gudhi.representations uses is wrong for some diagrams with equal
    coordinates. A relative error of 0 makes that of Hera exact.
    """
    hera = import_optional("gudhi.hera", extra="baselines", purpose="DiagramDistance")
    return hera.bottleneck_distance(diagram_1, diagram_2, 0.0)


# For each distance: its short name in tables; the power of the unit of diagrams in its
# unit; its options in gudhi, from the parameters of the estimator and a bandwidth in
# the unit of the diagrams.
DISTANCES: dict[str, tuple[str, int, Any]] = {
    "bottleneck": ("BD", 1, lambda *_: {"metric": _find_bottleneck}),
    "wasserstein": ("WD", 1, lambda *_: {"metric": "wasserstein", "order": 1.0}),
    "sliced_wasserstein": (
        "SWK",
        1,
        lambda estimator, _: {
            "metric": "sliced_wasserstein",
            "num_directions": estimator.n_directions,
        },
    ),
    "persistence_fisher": (
        "PF",
        0,
        lambda estimator, unit: {
            "metric": "persistence_fisher",
            "bandwidth": estimator.bandwidth / unit,
        },
    ),
}
# For each kernel likewise. Their distances are those of the feature space.
KERNELS: dict[str, tuple[str, int, Any]] = {
    "heat": (
        "HK",
        -1,
        lambda estimator, unit: {
            "kernel": "persistence_scale_space",
            "bandwidth": estimator.bandwidth / unit,
            "kernel_approx": None,
        },
    ),
    "weighted_gaussian": (
        "PWG",
        -1,
        lambda estimator, unit: {
            "kernel": "persistence_weighted_gaussian",
            "bandwidth": estimator.bandwidth / unit,
            "kernel_approx": None,
            "weight": partial(_weigh, unit=unit),
        },
    ),
}
_EPS = np.finfo(np.float64).eps


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
            If a parameter is out of range, X does not hold finite diagrams, a point
            dies before it is born, or numbers are too large to be compared.
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
        """Compare diagrams, X with themselves if Y is None, or recall the result.

        Equal diagrams are compared only once, and their distance is 0.
        """
        compare = check_memory(self.memory).cache(
            self._function, ignore=["n_jobs", "verbose"]
        )
        numbers = {}
        rows, unique = _number_diagrams(X, numbers)
        columns, others = (rows, None) if Y is None else _number_diagrams(Y, numbers)
        unique, others, unit = _bring_together(unique, others)
        power, options = self._make_options(unit)
        # Warnings of numbers that are too large come before the error.
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            matrix = compare(unique, others, options, self.n_jobs, self.verbose)
            matrix = matrix * unit**power
        _check_finite(matrix, rows, columns)
        positions = [
            np.unique(part, return_inverse=True)[1] for part in (rows, columns)
        ]
        matrix = matrix[np.ix_(*positions)]
        if isinstance(self, DiagramDistance):
            matrix[rows[:, None] == columns] = 0
        return matrix

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
        A folder to cache distances in, so that the same diagrams are compared once. Use
        only a folder of your own: it holds pickles, and reading a pickle can run any
        code.

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
    diagonal. Points on the diagonal change nothing. The distance of equal diagrams is
    0, and so is one that is within the rounding of the coordinates.

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

    def _make_options(self, unit=1.0):
        """Raise unless the parameters are valid.

        Returns the power of the unit in the result, and the options of gudhi.
        """
        check_option("metric", self.metric, (*DISTANCES, *KERNELS))
        check_integer("n_directions", self.n_directions, 2)
        check_positive("bandwidth", self.bandwidth)
        check_flag("verbose", self.verbose)
        _, power, make_options = {**DISTANCES, **KERNELS}[self.metric]
        return power / (2 if self.metric in KERNELS else 1), make_options(self, unit)

    @property
    def _function(self):
        return _feature_distances if self.metric in KERNELS else _diagram_distances


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
        A folder to cache kernel values in, so that the same diagrams are compared once.
        Use only a folder of your own: it holds pickles, and reading a pickle can run
        any code.

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
    empty diagram with any is 0. Points on the diagonal change nothing.

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

    def _make_options(self, unit=1.0):
        """Raise unless the parameters are valid.

        Returns the power of the unit in the result, and the options of gudhi.
        """
        check_option("kernel", self.kernel, KERNELS)
        check_positive("bandwidth", self.bandwidth)
        check_flag("verbose", self.verbose)
        _, power, make_options = KERNELS[self.kernel]
        return power, make_options(self, unit)

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
    sums = squares_X[:, None] + squares_Y
    squares = sums - 2 * K
    # What rounding leaves of a difference is not a distance. Squared coordinates of a
    # size of 1 are divided by the squared bandwidth.
    rounding = 4 * _EPS * (4 + options["bandwidth"] ** -2.0)
    return np.sqrt(np.where(squares <= rounding * sums, 0, squares))


def _diagram_distances(X, Y, options, n_jobs, verbose):
    """Compute distances; 0 if they are within the rounding of the coordinates."""
    matrix = _compare_diagrams(X, Y, options, n_jobs, verbose)
    if options["metric"] == "persistence_fisher":
        smallest = np.sqrt(16 * _EPS)  # an arc cosine near 1
    else:
        diagrams = [*X, *(Y or ())]
        largest = max(np.abs(diagram).max(initial=0) for diagram in diagrams)
        smallest = 4 * _EPS * largest * max(map(len, diagrams))
    return np.where(matrix <= smallest, 0, matrix)


def _number_diagrams(diagrams, numbers):
    """Return a number for each diagram, the same for equal ones, and each one once.

    `numbers` holds those given before, and takes the new ones.
    """
    found = np.array([numbers.setdefault(d.tobytes(), len(numbers)) for d in diagrams])
    _, first = np.unique(found, return_index=True)
    return found, [diagrams[i] for i in first]


def _bring_together(X, Y):
    """Shift diagrams along the diagonal to one origin, and scale them to one size.

    Nothing depends on the origin, but gudhi squares the coordinates. Returns the
    diagrams and the size, a power of 2.
    """
    points = np.vstack([*X, *(Y or ())])
    if not len(points):
        return X, Y, 1.0
    origin = points.min()
    with np.errstate(over="ignore"):
        unit = 2.0 ** np.floor(np.log2(points.max() - origin))
    if np.isfinite(unit):
        X, Y = (D and [(diagram - origin) / unit for diagram in D] for D in (X, Y))
        return X, Y, unit
    raise ValueError(
        f"The numbers in the diagrams, {origin:.3g} to {points.max():.3g}, are too far "
        "apart. Divide all diagrams by one number."
    )


def _check_finite(matrix, rows, columns):
    """Raise unless all values are finite, and name the first pair that has none."""
    if not np.isfinite(matrix).all():
        row, column = np.argwhere(~np.isfinite(matrix))[0]
        pair = [
            int(np.flatnonzero(part == np.unique(part)[k])[0])
            for part, k in ((rows, row), (columns, column))
        ]
        raise ValueError(
            f"The numbers in diagrams {pair[0]} and {pair[1]} are too large to be "
            "compared. Divide all diagrams by one number."
        )


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
