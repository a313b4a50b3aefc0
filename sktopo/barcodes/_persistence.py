"""Persistent graph homology: from connectome rows to barcode rows."""

from __future__ import annotations

from math import isqrt
from typing import TYPE_CHECKING

import numpy as np
from joblib import effective_n_jobs
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils import assert_all_finite, check_array
from sklearn.utils.validation import check_is_fitted, validate_data

from sktopo._utils.parallel import run_parallel
from sktopo._utils.parameters import (
    check_flag,
    check_integer,
    check_real,
    reset_fitted_attributes,
)
from sktopo._utils.samples import FLOATS, SYMMETRY, is_stack, upper_triangle
from sktopo.barcodes._filtration import barcode_edges, compute_barcodes
from sktopo.barcodes._layout import (
    BarcodeLayout,
    check_homology_dimensions,
    count_absent,
    count_nodes,
    split_barcodes,
    warn_incomplete,
)
from sktopo.barcodes._quantiles import quantile_vectors
from sktopo.barcodes._realization import interpolate_connectome, realize_barcode

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Self

    from numpy.typing import ArrayLike, NDArray
    from sklearn.utils import Tags

    from sktopo._typing import FloatArray

# Edges handed to a worker at a time: seconds of work, so that progress shows.
_CHUNK = 2**24


class GraphPersistence(TransformerMixin, BaseEstimator):
    r"""Turn connectome rows into barcode rows, without a threshold.

    In the graph filtration of decreasing edges [1]_ the weights of the maximum
    spanning tree are the births of components and all other weights the deaths of
    cycles. A row of the result holds the births, then the deaths, each ascending,
    scaled so that the Euclidean distance between rows is the 2-Wasserstein distance
    between barcodes. Any estimator of scikit-learn can go on from there.

    Parameters
    ----------
    normalize : bool, default=True
        Whether births and deaths each count as a probability measure (they are
        divided by the root of their number), so that the few births do not drown in
        the many deaths. False is the published sum form.

    topology_weight : float, default=1.0
        The weight :math:`\lambda` of topology against the edges themselves in
        :math:`d^2 = (1 - \lambda) \|w - w'\|^2 + \lambda W_2^2`, the first term a
        mean if `normalize`. At 1 rows hold births and deaths, at 0 edges, between
        them edges, births and deaths.

    homology_dimensions : tuple of int, default=(0, 1)
        What to keep: 0 for births (components), 1 for deaths (cycles).

    n_quantiles : int or None, default=None
        If given, births and deaths are each replaced by this many averages of their
        quantile function, which puts graphs of different sizes into one space, see
        :func:`sktopo.barcodes.quantile_vectors`. Needs ``normalize=True`` and
        ``topology_weight=1``.

    n_jobs : int or None, default=None
        Number of parallel jobs, see :term:`n_jobs`; `transform` prefers threads,
        `inverse_transform` processes.

    verbose : bool, default=False
        Whether to show a progress bar (needs tqdm).

    Attributes
    ----------
    layout_ : BarcodeLayout
        Which columns of a row are edges, births and deaths, and how they are scaled.

    ragged_ : bool
        Whether the fitted rows differ in length.

    template_ : ndarray of shape (n_edges,)
        The mean connectome row seen in `fit`; only if all graphs have one size.

    n_features_in_ : int
        Number of edges of a graph, if all have the same.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the edges seen in `fit`, if they were all strings.

    See Also
    --------
    FunctionalConnectome : Computes connectome rows.
    TopClusterer : Clusters barcode rows.
    WassersteinKernel : A kernel between barcode rows.
    sktopo.barcodes : The functions underneath.

    Notes
    -----
    To see births and deaths in units of the edge weights, undo the scaling with
    :func:`sktopo.barcodes.unscale_barcodes`.

    A row whose length is no n(n-1)/2 is a graph on the fewest nodes that hold that
    many edges, its last edges absent; `fit` warns. Memory holds, beyond input and
    output, one sorted graph and a block of unpacked ones, see
    :func:`sktopo.barcodes.barcode_rows`; with several jobs, or a topology weight
    between 0 and 1, the barcodes once more.

    References
    ----------
    .. [1] Songdechakraiwut & Wu, "Functional connectomes of neural networks",
       AAAI 2025, arXiv:2412.15279.

    Examples
    --------
    >>> from sktopo import GraphPersistence
    >>> triangle = [[0.9, 0.5, 0.7]]  # edges 01, 02, 12
    >>> persistence = GraphPersistence(normalize=False)
    >>> persistence.fit_transform(triangle)
    array([[0.7, 0.9, 0.5]])
    >>> persistence.get_feature_names_out()
    array(['birth0', 'birth1', 'death0'], dtype=object)
    """

    def __init__(
        self,
        *,
        normalize: bool = True,
        topology_weight: float = 1.0,
        homology_dimensions: Sequence[int] = (0, 1),
        n_quantiles: int | None = None,
        n_jobs: int | None = None,
        verbose: bool = False,
    ) -> None:
        self.normalize = normalize
        self.topology_weight = topology_weight
        self.homology_dimensions = homology_dimensions
        self.n_quantiles = n_quantiles
        self.n_jobs = n_jobs
        self.verbose = verbose

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Learn the number of edges and their mean, the template.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_edges) or (n_samples, n_nodes, \
                n_nodes), or sequence of rows
            Connectome rows, or symmetric matrices, whose diagonal is ignored. Rows
            in a sequence may differ in length if `n_quantiles` is given. If in doubt
            about the order of the edges in your rows, give matrices.

        y : None
            Ignored.

        Returns
        -------
        self : GraphPersistence
            The fitted transformer.

        Raises
        ------
        ValueError
            If a parameter is out of range, X holds numbers that are not finite,
            matrices are not symmetric, rows look like flattened square matrices, or
            differ in length without `n_quantiles`.
        """
        self._check_parameters()
        reset_fitted_attributes(self)
        rows = self._check_graphs(X, reset=True)
        self.ragged_ = isinstance(rows, list)
        for same in map(np.atleast_2d, rows) if self.ragged_ else [rows]:
            _check_not_flattened(same)
        self.layout_ = BarcodeLayout(
            len(rows[0]),
            normalize=bool(self.normalize),
            topology_weight=self.topology_weight,
            homology_dimensions=tuple(self.homology_dimensions),
            n_quantiles=self.n_quantiles,
        )
        if not self.ragged_:
            self.template_ = rows.mean(axis=0, dtype=np.float64).astype(rows.dtype)
        return self

    def transform(self, X: ArrayLike) -> FloatArray:
        """Compute barcode rows.

        Parameters
        ----------
        X : array-like or sequence
            Graphs, as in `fit`.

        Returns
        -------
        barcodes : ndarray of shape (n_samples, n_features_out)
            Barcode rows, float32 or float64 as the input. Columns: edges (if
            ``topology_weight < 1``), births, deaths.

        Raises
        ------
        ValueError
            As `fit`, or if the number of edges is not the fitted one.
        """
        check_is_fitted(self)
        rows = self._check_graphs(X, reset=False)
        if not isinstance(rows, list):
            return self._transform_rows(rows)
        lengths = np.array([len(row) for row in rows])
        out = np.empty((len(rows), 0))
        for length in np.unique(lengths):
            index = np.flatnonzero(lengths == length)
            part = self._transform_rows(np.stack([rows[i] for i in index]))
            if not out.size:
                out = np.empty((len(rows), part.shape[1]), np.result_type(*rows))
            out[index] = part
        return out

    def inverse_transform(self, X: ArrayLike) -> FloatArray:
        """Find connectome rows with given barcodes, near the template.

        Without edges in the rows (``topology_weight=1``) the result has exactly the
        given barcode, its weights placed in the order of `template_`, which is the
        mean of all fitted graphs: to see a cluster in its own layout, fit on its
        members. With edges, the result is near them and its barcode near the given
        one: the two trade off as in the distance. Rows that came from `transform`
        with edges come back.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features_out)
            Rows as `transform` returns them, or barycenters of such rows.

        Returns
        -------
        connectomes : ndarray of shape (n_samples, n_edges)
            Connectome rows, float32 or float64 as X.

        Raises
        ------
        ValueError
            If the transform keeps too little (quantiles, one homology dimension),
            graphs are incomplete, X has another width than `transform` returns, or
            no graph has a barcode.
        """
        check_is_fitted(self)
        self._check_invertible()
        X = check_array(X, dtype=FLOATS)
        width = sum(self.layout_.sizes.values())
        if X.shape[1] != width:
            raise ValueError(
                f"X has {X.shape[1]} features, but the inverse of GraphPersistence is "
                f"expecting {width} features as input."
            )
        parts = self.layout_.unscale(X)
        if "birth" not in parts:
            return parts["edge"]
        barcodes = np.hstack([np.sort(parts[name]) for name in ("birth", "death")])
        if "edge" not in parts:
            find, shared = realize_barcode, (self.template_,)
            items = [(barcode,) for barcode in barcodes]
        else:
            find, shared = interpolate_connectome, ()
            squares = [self.layout_.scales[kind] ** 2 for kind in parts]
            items = [
                (edges, barcode, *squares)
                for edges, barcode in zip(parts["edge"], barcodes, strict=True)
            ]
        found = run_parallel(
            find,
            items,
            shared=shared,
            n_jobs=self.n_jobs,  # no threads: Python's lock is held most of the time
            verbose=self.verbose,
            description="connectomes",
        )
        return np.stack(list(found))

    def edge_names(
        self, X: ArrayLike, input_features: ArrayLike | None = None
    ) -> NDArray[np.object_]:
        """Name the edge behind each number that `transform` returns.

        Parameters
        ----------
        X : array-like
            Graphs, as in `fit`.

        input_features : array-like of str, default=None
            Names of the edges, such as :class:`FunctionalConnectome` gives:
            ``"a--b"`` for the edge between units a and b. If None,
            `feature_names_in_`, else x0--x1, x0--x2, ...

        Returns
        -------
        names : ndarray of str, of shape (n_samples, n_features_out)
            For each sample and column the name of an edge. Of equal weights the
            edge that comes first counts as the stronger, see
            :func:`sktopo.barcodes.barcode_edges`.

        Raises
        ------
        ValueError
            As `transform`; if `n_quantiles` is set, as averages over births have no
            edge of their own; or if the number of names is not the number of edges.

        See Also
        --------
        sktopo.inference.attribute_distance : Which units set two groups apart.

        Examples
        --------
        >>> from sktopo import GraphPersistence
        >>> triangle = [[0.9, 0.5, 0.7]]
        >>> GraphPersistence().fit(triangle).edge_names(triangle)
        array([['x1--x2', 'x0--x1', 'x0--x2']], dtype=object)
        """
        check_is_fitted(self)
        if self.n_quantiles is not None:
            raise ValueError(
                "n_quantiles is set, and averages over several births have no edge of "
                "their own; name edges without n_quantiles."
            )
        rows = self._check_graphs(X, reset=False)
        n_edges = rows.shape[1]
        if input_features is None and not hasattr(self, "feature_names_in_"):
            pairs = np.transpose(np.triu_indices(count_nodes(n_edges), 1))[:n_edges]
            input_features = [f"x{i}--x{j}" for i, j in pairs]
        names = OneToOneFeatureMixin.get_feature_names_out(self, input_features)
        births, deaths = split_barcodes(barcode_edges(rows))
        own = np.broadcast_to(np.arange(n_edges), rows.shape)
        kinds = {"edge": own, "birth": births, "death": deaths}
        return names[np.hstack([kinds[kind] for kind in self.layout_.sizes])]

    def get_feature_names_out(
        self, input_features: ArrayLike | None = None
    ) -> NDArray[np.object_]:
        """Name the columns: edges by their names, then births, then deaths.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the edges, used if ``topology_weight < 1``. If None,
            `feature_names_in_`, else x0, x1, ...

        Returns
        -------
        names : ndarray of str
            "birth0" is the smallest birth, "death0" the smallest death, as scaled;
            with quantiles "birth_quantile0", "death_quantile0" and so on.

        Raises
        ------
        ValueError
            If the number of names is not the number of edges.
        """
        check_is_fitted(self)
        if hasattr(self, "n_features_in_"):
            edges = OneToOneFeatureMixin.get_feature_names_out(self, input_features)
        else:
            edges = []
        suffix = "" if self.n_quantiles is None else "_quantile"
        names: list[str] = []
        for name, size in self.layout_.sizes.items():
            numbered = [f"{name}{suffix}{k}" for k in range(size)]
            names.extend(edges if name == "edge" else numbered)
        return np.array(names, dtype=object)

    def _check_parameters(self) -> None:
        check_flag("normalize", self.normalize)
        check_flag("verbose", self.verbose)
        check_real("topology_weight", self.topology_weight, 0, 1)
        check_homology_dimensions(self.homology_dimensions)
        if self.n_quantiles is None:
            return
        check_integer("n_quantiles", self.n_quantiles, 1)
        if not self.normalize or self.topology_weight != 1:
            raise ValueError(
                "n_quantiles needs normalize=True and topology_weight=1: sums and "
                "edges cannot be compared between graphs of different sizes; got "
                f"normalize={self.normalize}, topology_weight={self.topology_weight}."
            )

    def _check_graphs(self, X: Any, reset: bool) -> Any:
        """Validate graphs; an array of rows, or a list of rows of several lengths."""
        if is_stack(X):
            X = [_condense(matrix, sample) for sample, matrix in enumerate(X)]
            if not X:
                raise ValueError("X holds 0 samples; expected at least 1 graph.")
        if _is_ragged(X):
            if self.n_quantiles is None:
                raise ValueError(
                    "The rows of X differ in length; give n_quantiles to put graphs of "
                    "different sizes into one space."
                )
            rows = [
                check_array(row, dtype=FLOATS, ensure_2d=False, input_name="X")
                for row in X
            ]
        elif not reset and self.n_quantiles is not None:
            rows = check_array(X, dtype=FLOATS)
        else:
            rows = validate_data(self, X, dtype=FLOATS, reset=reset)
        if reset or self.n_quantiles is not None:
            for n_edges in sorted({len(row) for row in rows}):
                warn_incomplete(n_edges)
        if min(len(row) for row in rows) == 1 and not self._can_miss_deaths():
            raise ValueError(
                "A graph of 1 edge has no deaths to keep; it needs three nodes, or "
                "homology_dimensions=(0,)."
            )
        return rows

    def _can_miss_deaths(self) -> bool:
        """Tell whether a graph of two nodes, which has a birth only, has a row."""
        if 1 not in self.homology_dimensions or self.topology_weight == 0:
            return True
        return self.n_quantiles is None and 0 in self.homology_dimensions

    def _check_invertible(self):
        """Raise a ValueError if rows cannot be taken back to connectomes."""
        if self.n_quantiles is not None:
            reason = "n_quantiles is set: averages of births do not tell each birth"
        elif self.topology_weight > 0 and len(set(self.homology_dimensions)) == 1:
            reason = "only one of births and deaths is kept"
        elif count_absent(self.n_features_in_):
            reason = f"graphs of {self.n_features_in_} edges are incomplete"
        else:
            return
        raise ValueError(f"There is no inverse: {reason}.")

    def _transform_rows(self, rows: FloatArray) -> FloatArray:
        scales, parts = self.layout_.scales, {"edge": rows}
        if self.topology_weight > 0:
            barcodes = self._barcodes(rows)
            parts["birth"], parts["death"] = split_barcodes(barcodes)
        if list(scales) == ["birth", "death"] and self.n_quantiles is None:
            # The barcodes belong to this call, so they can be scaled in place.
            for kind, scale in scales.items():
                parts[kind] *= scale
            return barcodes
        if self.n_quantiles is not None:
            for kind in scales:
                parts[kind] = quantile_vectors(parts[kind], self.n_quantiles)
        return np.hstack([parts[kind] * scale for kind, scale in scales.items()])

    def _barcodes(self, rows: FloatArray) -> FloatArray:
        """Run `compute_barcodes` on chunks of rows, in parallel where asked."""
        n_rows, n_edges = rows.shape
        share = -(-n_rows // effective_n_jobs(self.n_jobs))
        size = max(1, min(share, _CHUNK // n_edges))
        chunks = [slice(start, start + size) for start in range(0, n_rows, size)]
        if len(chunks) == 1:
            return compute_barcodes(rows)
        done = run_parallel(
            compute_barcodes,
            [(rows[chunk],) for chunk in chunks],
            n_jobs=self.n_jobs,
            prefer="threads",
            verbose=self.verbose,
            description="barcodes",
        )
        barcodes = np.empty(rows.shape, dtype=rows.dtype)
        for chunk, part in zip(chunks, done, strict=True):
            barcodes[chunk] = part
        return barcodes

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _is_ragged(X: Any) -> bool:
    """Tell a sequence of rows of different lengths."""
    if hasattr(X, "ndim") and not (X.ndim == 1 and X.dtype == object):
        return False
    if not isinstance(X, (list, tuple, np.ndarray)):
        return False
    shapes = {np.shape(row) for row in X}
    if len({len(shape) for shape in shapes}) > 1:
        raise ValueError(
            f"The samples of X have shapes {sorted(shapes)}; expected rows only, or "
            "matrices only."
        )
    return len(shapes) > 1


def _condense(matrix: ArrayLike, sample: int) -> FloatArray:
    """Turn a symmetric matrix into a connectome row; `sample` names it in errors."""
    matrix = check_array(
        matrix, dtype=FLOATS, input_name="X", allow_nd=True, ensure_all_finite=False
    )
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or len(matrix) < 2:
        raise ValueError(
            f"Sample {sample} of X has shape {matrix.shape}; expected rows (n_samples, "
            "n_edges), or symmetric matrices (n_samples, n_nodes, n_nodes) of two "
            "nodes or more."
        )
    row = upper_triangle(matrix, f"The matrix of sample {sample}")
    assert_all_finite(row, input_name=f"Sample {sample} of X")
    return row


def _check_not_flattened(rows: FloatArray) -> None:
    """Raise if rows of one length read as symmetric matrices, or all as one."""
    if len(rows) == rows.shape[1] > 2 and np.ptp(rows) and np.allclose(rows, rows.T):
        raise ValueError(
            f"X looks like one symmetric matrix of {len(rows)} nodes; samples come in "
            "a stack: give X[None]."
        )
    n_nodes = isqrt(rows.shape[1])
    if n_nodes < 2 or n_nodes**2 != rows.shape[1]:
        return
    squares = rows.reshape(-1, n_nodes, n_nodes)
    weights = squares[:, ~np.eye(n_nodes, dtype=bool)]
    # Rounding aside. Equal weights mirror each other in any arrangement.
    gaps = np.abs(squares - squares.transpose(0, 2, 1)).max()
    if np.ptp(weights) and gaps <= SYMMETRY * np.abs(weights).max():
        raise ValueError(
            f"The rows of X look like flattened {n_nodes} x {n_nodes} symmetric "
            f"matrices. Give matrices of shape (n_samples, {n_nodes}, {n_nodes}), or "
            "their upper triangles as scipy.spatial.distance.squareform makes them."
        )
