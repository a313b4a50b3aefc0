"""Persistent graph homology: from connectome rows to Wasserstein rows."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from joblib import effective_n_jobs
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from sktopo._utils.fitting import fitted_copy
from sktopo._utils.geometry import column_blocks
from sktopo._utils.memory import check_memory
from sktopo._utils.nodes import check_input_features, make_names, name_edges
from sktopo._utils.parallel import run_parallel
from sktopo._utils.parameters import (
    check_flag,
    check_integer,
    check_n_jobs,
    check_real,
)
from sktopo._utils.samples import read_rows
from sktopo.barcodes._filtration import barcode_edges, compute_barcodes
from sktopo.barcodes._graphs import check_graphs, warn_negative
from sktopo.barcodes._layout import (
    BarcodeLayout,
    check_homology_dimensions,
    count_absent,
    count_nodes,
    split_barcodes,
)
from sktopo.barcodes._quantiles import average_quantiles
from sktopo.barcodes._realization import interpolate_connectome, realize_barcode

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    from numpy.typing import ArrayLike, NDArray
    from sklearn.utils import Tags

    from sktopo._typing import FloatArray

# Edges handed to a worker at a time: seconds of work, so that progress shows.
_CHUNK = 2**24


def _may_invert(estimator):
    """Return True if `fit` keeps what the inverse needs, else raise."""
    if estimator.fit_inverse_transform or estimator.topology_weight != 1:
        return True
    raise AttributeError(
        "The inverse of rows without edges needs a template: set "
        "fit_inverse_transform=True before fit, or topology_weight below 1."
    )


class GraphPersistence(TransformerMixin, BaseEstimator):
    r"""Turn connectome rows into Wasserstein rows, without a threshold.

    In the graph filtration [1]_ the weights of the maximum spanning tree are the
    births of components and all other weights the deaths of cycles. The barcode of a
    graph holds the births, then the deaths, each ascending. Its Wasserstein row is
    the barcode scaled so that the Euclidean distance between rows is the
    2-Wasserstein distance between barcodes. Any estimator of scikit-learn can go on
    from there.

    Parameters
    ----------
    normalize : bool, default=True
        Whether births and deaths each count as a probability measure (they are
        divided by the root of their number), so that the few births count as much as
        the many deaths. False is the published sum form: rows are the barcodes.

    topology_weight : float, default=1.0
        The weight :math:`\lambda` of topology against the edges themselves in
        :math:`d^2 = (1 - \lambda) \|w - w'\|^2 + \lambda W_2^2`, the first term a
        mean if `normalize`. At 1 rows hold births and deaths, at 0 edges, between
        them edges, births and deaths.

    homology_dimensions : tuple of int, default=(0, 1)
        What to keep: 0 for births of components, 1 for deaths of cycles.

    n_quantiles : int or None, default=None
        If given, births and deaths are each replaced by this many averages of their
        quantile function, which puts graphs of different sizes into one space, see
        :func:`sktopo.barcodes.quantile_vectors`. Needs ``normalize=True`` and
        ``topology_weight=1``.

    fit_inverse_transform : bool, default=False
        Whether `fit` learns the template that `inverse_transform` needs if rows do not
        hold edges, ``topology_weight=1``. It takes as much memory as one row of X.

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
        The mean connectome row seen in `fit`; only if `fit_inverse_transform`, and if
        all graphs have one size.

    n_features_in_ : int
        Number of edges of a graph, if all have the same.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the edges seen in `fit`, if they were all strings.

    See Also
    --------
    FunctionalConnectome : Computes connectome rows.
    TopClusterer : Clusters Wasserstein rows.
    WassersteinKernel : A kernel between Wasserstein rows.
    sktopo.barcodes : The functions that compute barcodes and distances.

    Notes
    -----
    To see births and deaths in units of the edge weights, undo the scaling with
    :func:`sktopo.barcodes.unscale_barcodes`. Functions of barcodes, such as
    :func:`sktopo.barcodes.wasserstein_distances`, would scale the rows a second time;
    between rows take Euclidean distances.

    A row whose length is not n(n-1)/2 is taken for a graph on the fewest nodes that
    can have so many edges, its last edges absent; `fit` warns. Besides input and
    output, memory holds a block of matrices, see :func:`sktopo.barcodes.barcode_rows`,
    and with `n_quantiles` the barcodes of a few graphs. With several jobs, or a
    topology weight between 0 and 1, it holds the barcodes once more. If there is not
    enough memory, `transform` says so before any work.

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
        fit_inverse_transform: bool = False,
        n_jobs: int | None = None,
        verbose: bool = False,
    ) -> None:
        self.normalize = normalize
        self.topology_weight = topology_weight
        self.homology_dimensions = homology_dimensions
        self.n_quantiles = n_quantiles
        self.fit_inverse_transform = fit_inverse_transform
        self.n_jobs = n_jobs
        self.verbose = verbose

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Learn the number of edges and, if asked for, their mean, the template.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_edges) or (n_samples, n_nodes, \
                n_nodes), sequence of rows, or graphs of networkx
            Connectome rows, or symmetric matrices, whose diagonal is ignored. Rows
            in a sequence may differ in length if `n_quantiles` is given. If in doubt
            about the order of the edges in your rows, give matrices. A graph of
            networkx, or a list of them, is read by ``networkx.to_numpy_array``: nodes
            in the order of the graph, weight 0 where there is no edge.

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

        TypeError
            If X is neither an array nor a sequence of rows, matrices or graphs.

        Warns
        -----
        UserWarning
            If X holds negative weights: next to graphs of absolute correlations they
            are a mistake. Covariances and signed correlations may be meant.
        """
        self._check_parameters()
        with fitted_copy(self) as fitted:
            groups = fitted._check_graphs(X, reset=True)
            warn_negative([rows for _, rows in groups])
            fitted.ragged_ = len(groups) > 1
            fitted.layout_ = fitted._layout(groups[0][1].shape[1])
            if self.fit_inverse_transform and not fitted.ragged_:
                _, rows = groups[0]
                fitted.template_ = _average(rows)
        return self

    def transform(self, X: ArrayLike) -> FloatArray:
        """Compute Wasserstein rows.

        Parameters
        ----------
        X : array-like or sequence
            Graphs, as in `fit`.

        Returns
        -------
        rows : ndarray of shape (n_samples, n_features_out)
            Wasserstein rows, float32 or float64 as the input. Columns: edges (if
            ``topology_weight < 1``), births, deaths.

        Raises
        ------
        ValueError
            As `fit`, or if the number of edges is not the fitted one.

        MemoryError
            If the rows, and what is needed to compute them, do not fit in the memory
            at hand.
        """
        check_is_fitted(self)
        check_n_jobs(self.n_jobs)
        groups = self._check_graphs(X, reset=False)
        self._check_size([rows for _, rows in groups])
        if len(groups) == 1:
            return self._transform_rows(groups[0][1])
        parts = [self._transform_rows(rows) for _, rows in groups]
        samples = np.concatenate([samples for samples, _ in groups])
        return np.concatenate(parts)[np.argsort(samples)]

    @available_if(_may_invert)  # type: ignore[untyped-decorator]
    def inverse_transform(self, X: ArrayLike) -> FloatArray:
        """Find connectome rows that have given Wasserstein rows.

        Available with ``fit_inverse_transform=True`` or ``topology_weight < 1``.

        Without edges in the rows (``topology_weight=1``) the result has exactly the
        given barcode. Its weights are placed in the order of `template_`, which is
        the mean of all fitted graphs: to see a cluster in its own layout, fit on its
        members. With edges in the rows, the result is near these edges and its
        barcode near the given one, in the proportion of the topology weight. If the
        rows came from `transform`, the result is what was transformed.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features_out)
            Wasserstein rows as `transform` returns them, or barycenters of such rows.

        Returns
        -------
        connectomes : ndarray of shape (n_samples, n_edges)
            Connectome rows, float32 or float64 as X.

        Raises
        ------
        ValueError
            If the rows keep too little (quantiles, one homology dimension), the
            template was not learnt (`fit_inverse_transform`), graphs are incomplete, X
            has another width than `transform` returns, or no graph has a barcode.
        """
        check_is_fitted(self)
        self._check_invertible()
        X = read_rows(X, "X")
        width = sum(self.layout_.sizes.values())
        if X.shape[1] != width:
            raise ValueError(
                f"X has {X.shape[1]} features, but the inverse of GraphPersistence is "
                f"expecting {width} features as input."
            )
        parts = self.layout_.unscale(X)
        if "birth" not in parts:
            return parts["edge"]
        barcodes = np.hstack([np.sort(parts[kind]) for kind in ("birth", "death")])
        if "edge" in parts:
            squares = [scale**2 for scale in self.layout_.scales.values()]
            find, shared = interpolate_connectome, tuple(squares)
            items = list(zip(parts["edge"], barcodes, strict=True))
        else:
            find, shared = realize_barcode, (self.template_,)
            items = [(barcode,) for barcode in barcodes]
        found = run_parallel(
            find,
            items,
            shared=shared,
            n_jobs=self.n_jobs,  # processes: Python's lock is held most of the time
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
            As `transform`; if `n_quantiles` is set, since an average over several
            births is not the weight of one edge; or if the number of names is not the
            number of edges.

        See Also
        --------
        sktopo.inference.attribute_distance : Finds the nodes that set two groups apart.

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
        check_input_features(input_features)
        ((_, rows),) = self._check_graphs(X, reset=False)
        n_edges = rows.shape[1]
        if input_features is None and not hasattr(self, "feature_names_in_"):
            nodes = [f"x{node}" for node in range(count_nodes(n_edges))]
            input_features = name_edges(nodes, range(n_edges))
        names = OneToOneFeatureMixin.get_feature_names_out(self, input_features)
        births, deaths = split_barcodes(barcode_edges(rows))
        own = np.broadcast_to(np.arange(n_edges), rows.shape)
        kinds = {"edge": own, "birth": births, "death": deaths}
        return names[np.hstack([kinds[kind] for kind in self.layout_.sizes])]

    def get_feature_names_out(
        self, input_features: ArrayLike | None = None
    ) -> NDArray[np.object_] | Sequence[str]:
        """Name the columns: edges by their names, then births, then deaths.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the edges, used if ``topology_weight < 1``. If None,
            `feature_names_in_`, else x0, x1, ...

        Returns
        -------
        names : ndarray of str, or sequence of str
            "birth0" is the smallest birth, "death0" the smallest death, as scaled;
            with quantiles "birth_quantile0", "death_quantile0" and so on. More than
            65,536 names are made only when they are read; ``numpy.asarray`` makes all.

        Raises
        ------
        ValueError
            If the number of names is not the number of edges.
        """
        check_is_fitted(self)
        check_input_features(input_features)
        suffix = "" if self.n_quantiles is None else "_quantile"
        labels = {"edge": "x", "birth": f"birth{suffix}", "death": f"death{suffix}"}
        is_named = input_features is not None or hasattr(self, "feature_names_in_")
        if is_named and hasattr(self, "n_features_in_"):
            labels["edge"] = OneToOneFeatureMixin.get_feature_names_out(
                self, input_features
            )
        sizes = self.layout_.sizes
        parts = [(size, labels[kind]) for kind, size in sizes.items()]
        return make_names(sum(sizes.values()), partial(name_columns, parts))

    def _check_parameters(self):
        check_flag("normalize", self.normalize)
        check_flag("fit_inverse_transform", self.fit_inverse_transform)
        check_flag("verbose", self.verbose)
        check_n_jobs(self.n_jobs)
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

    def _layout(self, n_edges):
        """Return the layout of the rows of graphs of `n_edges` edges."""
        return BarcodeLayout(
            n_edges,
            normalize=bool(self.normalize),
            topology_weight=self.topology_weight,
            homology_dimensions=tuple(self.homology_dimensions),
            n_quantiles=self.n_quantiles,
        )

    def _check_graphs(self, X, reset):
        """Validate X, see `check_graphs`, and that each graph has what rows need."""
        any_size = self.n_quantiles is not None
        groups = check_graphs(self, X, reset=reset, any_size=any_size)
        kinds = self._layout(1).sizes
        if (
            groups[0][1].shape[1] == 1
            and "death" in kinds
            and (any_size or "birth" not in kinds)
        ):
            raise ValueError(
                "A graph of 1 edge has no deaths to keep; it needs three nodes, or "
                "homology_dimensions=(0,)."
            )
        return groups

    def _check_invertible(self):
        """Raise a ValueError if rows do not determine connectomes."""
        if self.n_quantiles is not None:
            reason = "n_quantiles is set: averages do not determine each birth"
        elif self.topology_weight > 0 and len(set(self.homology_dimensions)) == 1:
            reason = "only one of births and deaths is kept"
        elif count_absent(self.n_features_in_):
            reason = f"graphs of {self.n_features_in_} edges are incomplete"
        elif self.topology_weight == 1 and not hasattr(self, "template_"):
            reason = "no template was learnt; fit with fit_inverse_transform=True"
        else:
            return
        raise ValueError(f"There is no inverse: {reason}.")

    def _check_size(self, groups):
        """Raise a MemoryError if the rows of graphs do not fit in memory."""
        largest = max(groups, key=lambda rows: rows.shape[1])
        n_samples, width = sum(map(len, groups)), sum(self.layout_.sizes.values())
        n_edges, copies = largest.shape[1], 1 if self._is_plain() else 2
        n_jobs = effective_n_jobs(self.n_jobs)
        n_working = n_edges // 4
        if n_jobs > 1 or not self._is_plain():  # barcodes are not made in the result
            n_working += min(n_jobs * max(n_edges, _CHUNK), largest.size)
        n_bytes = largest.itemsize * (copies * n_samples * width + n_working)
        check_memory("GraphPersistence", n_bytes, count_nodes(n_edges))

    def _is_plain(self):
        """Return whether rows are scaled barcodes, births and deaths."""
        return self.n_quantiles is None and list(self.layout_.sizes) == [
            "birth",
            "death",
        ]

    def _transform_rows(self, rows):
        """Turn connectome rows of one size into Wasserstein rows."""
        scales, parts = self.layout_.scales, {"edge": rows}
        if self.n_quantiles is not None:
            quantiles = partial(
                _compute_quantiles, n_quantiles=self.n_quantiles, kinds=tuple(scales)
            )
            width = sum(self.layout_.sizes.values())
            parts = self.layout_.split(self._in_chunks(quantiles, rows, width))
        elif self.topology_weight > 0:
            barcodes = self._in_chunks(compute_barcodes, rows, rows.shape[1])
            parts["birth"], parts["death"] = split_barcodes(barcodes)
        if self._is_plain():
            # The barcodes belong to this call, so they can be scaled in place.
            for kind, scale in scales.items():
                parts[kind] *= scale
            return barcodes
        return self.layout_.scale(parts)

    def _in_chunks(self, function, rows, width):
        """Call a function on chunks of rows, in parallel if asked: (n_rows, width)."""
        n_rows, n_edges = rows.shape
        share = -(-n_rows // effective_n_jobs(self.n_jobs))
        size = max(1, min(share, _CHUNK // n_edges))
        chunks = [slice(start, start + size) for start in range(0, n_rows, size)]
        if len(chunks) == 1:
            return function(rows)
        done = run_parallel(
            function,
            [(rows[chunk],) for chunk in chunks],
            n_jobs=self.n_jobs,
            prefer="threads",
            verbose=self.verbose,
            description="barcodes",
        )
        result = np.empty((n_rows, width), dtype=rows.dtype)
        for chunk, part in zip(chunks, done, strict=True):
            result[chunk] = part
        return result

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def name_columns(parts, positions):
    """Name the columns at positions of a row.

    Each part is its number of columns with their names, or with what they begin with.
    """
    positions = np.asarray(positions, dtype=np.intp)
    names = np.empty(len(positions), dtype=object)
    start = 0
    for size, label in parts:
        inside = (positions >= start) & (positions < start + size)
        local = positions[inside] - start
        is_prefix = isinstance(label, str)
        names[inside] = [f"{label}{k}" for k in local] if is_prefix else label[local]
        start += size
    return names


def _average(rows):
    """Return the mean row, computed in float64; no sum of large weights overflows."""
    mean = np.empty(rows.shape[1], dtype=rows.dtype)
    for columns in column_blocks(rows):
        mean[columns] = np.divide(rows[:, columns], len(rows), dtype=np.float64).sum(
            axis=0
        )
    return mean


def _compute_quantiles(rows, n_quantiles, kinds):
    """Compute quantiles of births and deaths, or one of them, of connectome rows."""
    births, deaths = split_barcodes(compute_barcodes(rows))
    parts = {"birth": births, "death": deaths}
    return np.hstack([average_quantiles(parts[kind], n_quantiles) for kind in kinds])
