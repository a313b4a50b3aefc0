"""From connectome rows to persistence diagrams of Vietoris-Rips complexes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse.csgraph import shortest_path
from scipy.spatial.distance import squareform
from sklearn import config_context
from sklearn.base import TransformerMixin
from sklearn.utils.validation import check_is_fitted, check_memory

from sktopo._utils.base import BaseEstimator
from sktopo._utils.fitting import fitted_copy
from sktopo._utils.optional import import_optional
from sktopo._utils.parallel import run_parallel
from sktopo._utils.parameters import check_flag, check_integer, check_option
from sktopo._utils.samples import name_errors, validate_table
from sktopo.barcodes import count_nodes
from sktopo.barcodes._layout import warn_incomplete

if TYPE_CHECKING:
    from typing import Literal, Self

    from numpy.typing import ArrayLike, NDArray

    from sktopo._typing import MemoryLike

# A correlation may exceed 1 by this much, because of float32 rounding.
_ROUNDING = 1e-6


class RipsDiagrams(TransformerMixin, BaseEstimator):
    r"""Turn connectome rows into persistence diagrams of Vietoris-Rips complexes.

    This is the usual way to the topology of a weighted graph, and the first step of
    most baselines. Weights become distances, and gudhi computes the persistence of
    the Rips complexes of all scales [1]_.

    Parameters
    ----------
    distance : {"sqrt", "inverse"}, default="sqrt"
        How a weight :math:`w` becomes a distance: "sqrt" is
        :math:`\sqrt{1 - |w|}`, for correlations; "inverse" is :math:`1 / (1 + |w|)`,
        for any weights, followed by shortest paths, so that it is a metric.

    homology_dimension : int, default=1
        Dimension of the holes; 1 is that of cycles. The component that never dies,
        in dimension 0, is left out.

    n_jobs : int or None, default=None
        Number of parallel jobs, see :term:`n_jobs`; threads are preferred.

    memory : None, str or joblib.Memory, default=None
        A folder to cache the diagram of each row in, so that later calls do not
        compute it again, whatever other rows they get. Use only a folder of your own:
        it holds pickles, and reading a pickle can run any code.

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
    DiagramDistance : Distances between the diagrams.
    sktopo.GraphPersistence : Barcodes of the graph itself, without higher simplices.

    Notes
    -----
    Needs gudhi, which ``pip install 'sktopo[baselines]'`` installs. Absent edges, at
    the end of a row whose length is not n(n-1)/2, have weight 0; `fit` warns.

    References
    ----------
    .. [1] Bauer, "Ripser: efficient computation of Vietoris-Rips persistence
       barcodes", 2021, arXiv:1908.02518.

    Examples
    --------
    >>> from sktopo.baselines import RipsDiagrams
    >>> square = [[0.9, 0.1, 0.9, 0.9, 0.1, 0.9]]  # edges 01, 02, 03, 12, 13, 23
    >>> RipsDiagrams().fit_transform(square)[0].round(3)
    array([[0.316, 0.949]])
    """

    def __init__(
        self,
        distance: Literal["sqrt", "inverse"] = "sqrt",
        *,
        homology_dimension: int = 1,
        n_jobs: int | None = None,
        memory: MemoryLike = None,
        verbose: bool = False,
    ) -> None:
        self.distance = distance
        self.homology_dimension = homology_dimension
        self.n_jobs = n_jobs
        self.memory = memory
        self.verbose = verbose

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Validate connectome rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_edges)
            Connectome rows.

        y : None
            Ignored.

        Returns
        -------
        self : RipsDiagrams
            The fitted transformer.

        Raises
        ------
        ImportError
            If gudhi is not installed.

        ValueError
            If a parameter is out of range, X is not a 2-D array of finite numbers,
            or weights exceed 1 with ``distance="sqrt"``.
        """
        check_option("distance", self.distance, ("sqrt", "inverse"))
        check_integer("homology_dimension", self.homology_dimension, 0)
        check_flag("verbose", self.verbose)
        _import_rips()
        with fitted_copy(self) as fitted:
            X = validate_table(fitted, X)
            self._check_range(X)
            warn_incomplete(X.shape[1])
        return self

    def transform(self, X: ArrayLike) -> list[NDArray[np.float64]]:
        """Compute the diagram of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_edges)
            Connectome rows.

        Returns
        -------
        diagrams : list of ndarray of shape (n_points, 2), dtype float64
            Scales at which each hole is born and dies. Numbers of points differ
            and may be 0.

        Raises
        ------
        ImportError, ValueError
            As `fit`, or if the number of edges is not the fitted one.
        """
        check_is_fitted(self)
        X = validate_table(self, X, reset=False)
        self._check_range(X)
        _import_rips()
        compute = check_memory(self.memory).cache(_rips_diagram)
        diagrams = run_parallel(
            compute,
            [(row, self.distance, self.homology_dimension) for row in X],
            n_jobs=self.n_jobs,
            prefer="threads",
            verbose=self.verbose,
            description="diagrams",
        )
        return list(diagrams)

    def set_output(self, *, transform: str | None = None) -> Self:
        """Do nothing: diagrams have no columns. Pipelines ask every step.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, default=None
            Ignored.

        Returns
        -------
        self : RipsDiagrams
            The transformer.
        """
        return self

    def _check_range(self, X):
        if self.distance == "sqrt" and np.abs(X).max() > 1 + _ROUNDING:
            raise ValueError(
                f"distance='sqrt' takes correlations, but a weight of X is "
                f"{np.abs(X).max():.3g} in size; expected at most 1. Use "
                "distance='inverse', or scale the weights."
            )


def weight_matrix(row):
    """Unpack a row into absolute weights, zero diagonal: (n_nodes, n_nodes)."""
    n_nodes = count_nodes(len(row))
    weights = np.zeros(n_nodes * (n_nodes - 1) // 2)
    np.abs(row, out=weights[: len(row)])
    return squareform(weights, checks=False)


def check_diagrams(X):
    """Validate a list of diagrams, or a stack; empty ones become (0, 2).

    Points on the diagonal are left out: they stand for nothing, and are added by
    libraries to give all diagrams one length. The others are sorted.
    """
    is_list = isinstance(X, (list, tuple)) or (isinstance(X, np.ndarray) and X.ndim)
    if not (is_list and len(X)):
        raise ValueError(
            f"Expected a list of diagrams of shape (n_points, 2), got {X!r:.80}."
        )
    return [_check_diagram(diagram, sample) for sample, diagram in enumerate(X)]


def _check_diagram(diagram, sample):
    with name_errors(f"Diagram {sample} of X does not hold pairs of numbers"):
        points = np.asarray(diagram)
        if points.dtype.kind not in "iuf":
            raise ValueError(f"values of dtype {points.dtype}.")
        points = points.astype(np.float64)
    if points.shape in ((0,), (1, 0)):
        return np.empty((0, 2))
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(
            f"Diagram {sample} of X has shape {points.shape}; expected (n_points, 2), "
            "as RipsDiagrams makes them."
        )
    for wrong, reason in (
        (~np.isfinite(points).all(axis=1), "is not finite; leave such points out"),
        (points[:, 1] < points[:, 0], "dies before it is born; swap the two numbers"),
    ):
        if wrong.any():
            point = int(wrong.argmax())
            raise ValueError(
                f"Point {point} of diagram {sample} of X, {points[point]}, {reason}."
            )
    points = points[points[:, 1] > points[:, 0]]
    return points[np.lexsort(points.T[::-1])]


def _import_rips():
    return import_optional(
        "gudhi.sklearn.rips_persistence", extra="baselines", purpose="RipsDiagrams"
    )


def _rips_diagram(row, distance, homology_dimension):
    """Compute one diagram with gudhi: (n_points, 2), finite points only."""
    matrix = weight_matrix(row)
    if distance == "sqrt":
        matrix = np.sqrt(np.maximum(1 - matrix, 0))
    else:
        matrix = 1 / (1 + matrix)
    np.fill_diagonal(matrix, 0)
    if distance == "inverse":
        matrix = shortest_path(matrix, directed=False)
    rips = _import_rips().RipsPersistence(
        homology_dimensions=homology_dimension, input_type="full distance matrix"
    )
    # A global transform_output="pandas" would make a data frame of gudhi's list.
    with config_context(transform_output="default"):
        (diagram,) = rips.fit_transform([matrix])
    return diagram[np.isfinite(diagram).all(axis=1)]
