"""Persistent graph homology: from connectome rows to Wasserstein rows."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from sktopo._utils.base import BaseEstimator
from sktopo._utils.fitting import fitted_copy
from sktopo._utils.nodes import (
    check_input_features,
    make_names,
    name_columns,
    name_edges,
)
from sktopo._utils.parallel import run_parallel
from sktopo._utils.parameters import (
    check_flag,
    check_integer,
    check_n_jobs,
    check_option,
    check_real,
)
from sktopo._utils.samples import name_errors, read_rows
from sktopo.barcodes._centering import CENTERS, center_rows, check_spans, rounding_of
from sktopo.barcodes._filtration import barcode_edges
from sktopo.barcodes._graphs import check_graphs, warn_negative
from sktopo.barcodes._layout import (
    BarcodeLayout,
    check_deaths,
    check_homology_dimensions,
    count_absent,
    count_nodes,
    split_barcodes,
)
from sktopo.barcodes._parts import (
    check_balanced,
    check_size,
    compute_table,
    find_factors,
    split_table,
)
from sktopo.barcodes._realization import (
    average_template,
    interpolate_connectome,
    realize_barcode,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal, Self

    from numpy.typing import ArrayLike, NDArray
    from sklearn.utils import Tags

    from sktopo._typing import FloatArray


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
    normalize : bool or "balanced", default=True
        True is the normalised form: births and deaths each count as a probability
        measure (they are divided by the root of their number), so that the few births
        count as much as the many deaths. False is the published sum form: rows are the
        barcodes. "balanced" is the normalised form with births and deaths each
        multiplied by a factor, learnt in `fit`, that gives both the same Wasserstein
        variance, see Notes.

    center : {"level", "scale", "rank"} or None, default=None
        What is removed from the weights of each graph before the filtration:

        - "level": the mean weight of the graph is subtracted;
        - "scale": the result is also divided by the standard deviation of the weights;
          graphs whose weights are equal up to rounding become zeros;
        - "rank": weights are replaced by their ranks, from 1 for the smallest, with
          average ranks for equal weights, divided by the number of edges. Births then
          say when components merge, and not how strong the edges are.

    topology_weight : float, default=1.0
        The weight :math:`\lambda` of topology against the edges themselves in
        :math:`d^2 = (1 - \lambda) \|w - w'\|^2 + \lambda W_2^2`, the first term a
        mean unless ``normalize=False``. At 1 rows hold births and deaths, at 0 edges,
        between them edges, births and deaths.

    homology_dimensions : tuple of int, default=(0, 1)
        What to keep: 0 for births of components, 1 for deaths of cycles.

    n_quantiles : int or None, default=None
        If given, births and deaths are each replaced by this many averages of their
        quantile function, which puts graphs of different sizes into one space, see
        :func:`sktopo.barcodes.quantile_vectors`. Needs ``normalize=True`` or
        "balanced", and ``topology_weight=1``.

    fit_inverse_transform : bool, default=False
        Whether `fit` learns the template that `inverse_transform` needs if rows do not
        hold edges, ``topology_weight=1``. It takes as much memory as one row of X, and
        with `center` as much as X during `fit`.

    n_jobs : int or None, default=None
        Number of parallel jobs, see :term:`n_jobs`; barcodes are computed in threads,
        `inverse_transform` prefers processes.

    verbose : bool, default=False
        Whether to show a progress bar (needs tqdm).

    Attributes
    ----------
    layout_ : BarcodeLayout
        Which columns of a row are edges, births and deaths, and how they are scaled.
        Its `factors` are those of ``normalize="balanced"``.

    ragged_ : bool
        Whether the fitted rows differ in length.

    template_ : ndarray of shape (n_edges,)
        The mean of the (centred) connectome rows seen in `fit`; only if
        `fit_inverse_transform`, and if all graphs have one size.

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
    between rows take Euclidean distances. Rows of the balanced form are unscaled by
    ``layout_.unscale``, which knows their factors. Centred weights stay centred.

    Let :math:`v_0` and :math:`v_1` be the Wasserstein variances of births and of deaths
    over the fitted samples, in the normalised form: the mean squared distances from
    their barycenters. The balanced form multiplies births by
    :math:`\sqrt{(v_0 + v_1) / (2 v_0)}` and deaths by
    :math:`\sqrt{(v_0 + v_1) / (2 v_1)}`. Both then have the same variance, the sum of
    the two is unchanged, and distances have the unit of the weights. If one of them
    varies by rounding errors only, as with one sample, both factors are 1 and `fit`
    warns. There is nothing to balance if `homology_dimensions` keeps one kind or
    ``topology_weight=0``. Otherwise `fit` computes the barcodes of all samples, which
    takes as long as `transform` and as much memory; `fit_transform` computes them once.

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
        normalize: bool | Literal["balanced"] = True,
        center: Literal["level", "scale", "rank"] | None = None,
        topology_weight: float = 1.0,
        homology_dimensions: Sequence[int] = (0, 1),
        n_quantiles: int | None = None,
        fit_inverse_transform: bool = False,
        n_jobs: int | None = None,
        verbose: bool = False,
    ) -> None:
        self.normalize = normalize
        self.center = center
        self.topology_weight = topology_weight
        self.homology_dimensions = homology_dimensions
        self.n_quantiles = n_quantiles
        self.fit_inverse_transform = fit_inverse_transform
        self.n_jobs = n_jobs
        self.verbose = verbose

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Learn the number of edges and, if asked for, factors and the template.

        The factors are those of ``normalize="balanced"``, for which barcodes are
        computed. The template is the mean connectome, for `inverse_transform`.

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
            differ in length without `n_quantiles`, or numbers are too large to be
            centred or balanced.

        TypeError
            If X is neither an array nor a sequence of rows, matrices or graphs.

        MemoryError
            If ``normalize="balanced"`` and the barcodes do not fit in memory.

        Warns
        -----
        UserWarning
            If X holds negative weights: next to graphs of absolute correlations they
            are a mistake. Covariances and signed correlations may be meant. If
            ``normalize="balanced"`` and births or deaths do not vary.
        """
        self._fit(X)
        return self

    def fit_transform(self, X: ArrayLike, y: object = None) -> FloatArray:
        """Fit to X and compute its Wasserstein rows: ``fit(X).transform(X)``.

        Barcodes are computed once, also if ``normalize="balanced"``.

        Parameters
        ----------
        X : array-like or sequence
            Graphs, as in `fit`.

        y : None
            Ignored.

        Returns
        -------
        rows : ndarray of shape (n_samples, n_features_out)
            Wasserstein rows, as `transform` returns them.

        Raises
        ------
        ValueError, TypeError, MemoryError
            As `fit` and `transform`.
        """
        groups, table = self._fit(X)
        return self._make_rows(groups, table)

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
        return self._make_rows(self._check_graphs(X, reset=False))

    @available_if(_may_invert)  # type: ignore[untyped-decorator]
    def inverse_transform(self, X: ArrayLike) -> FloatArray:
        """Find connectome rows that have given Wasserstein rows.

        Available with ``fit_inverse_transform=True`` or ``topology_weight < 1``.

        Without edges in the rows (``topology_weight=1``) the result has exactly the
        given barcode. Its weights are placed in the order of `template_`, which is
        the mean of all fitted graphs: to see a cluster in its own layout, fit on its
        members. With edges in the rows, the result is near these edges and its
        barcode near the given one, in the proportion of the topology weight. If the
        rows came from `transform`, the result is what was transformed. With `center`
        the results are centred connectomes: `transform` does not keep what it removed.

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
            columns = parts["edge"], barcodes
        else:
            find, shared, columns = realize_barcode, (self.template_,), (barcodes,)
        found = run_parallel(
            partial(_find_connectome, find),
            list(zip(range(len(X)), *columns, strict=True)),
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
        if not isinstance(self.normalize, (bool, np.bool_)):
            check_option("normalize", self.normalize, (True, False, "balanced"))
        if self.center is not None:
            check_option("center", self.center, (None, *CENTERS))
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
                "n_quantiles needs normalize=True or 'balanced', and "
                "topology_weight=1: sums and edges cannot be compared between graphs "
                f"of different sizes; got normalize={self.normalize}, "
                f"topology_weight={self.topology_weight}."
            )

    def _fit(self, X):
        """Fit to X: return its graphs, and their births and deaths or None."""
        self._check_parameters()
        with fitted_copy(self) as fitted:
            groups = fitted._check_graphs(X, reset=True)
            warn_negative(groups)
            fitted.ragged_ = len(groups) > 1
            fitted.layout_ = fitted._layout(groups[0][1].shape[1])
            table = fitted._balance(groups) if isinstance(self.normalize, str) else None
            if self.fit_inverse_transform and not fitted.ragged_:
                _, rows = groups[0]
                fitted.template_ = average_template(center_rows(rows, self.center))
        return groups, table

    def _balance(self, groups):
        """Learn factors of births and deaths: return both, or None if not needed."""
        if not {"birth", "death"} <= set(self.layout_.sizes):
            return None
        table = self._compute_table(groups)
        parts = split_table(table, self.layout_)
        rounding = max(rounding_of(rows, self.center) for _, rows in groups)
        factors = find_factors(parts["birth"], parts["death"], rounding)
        self.layout_ = replace(self.layout_, factors=factors)
        return table

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
        check_spans(groups, self.center)
        n_edges = groups[0][1].shape[1]
        kinds = self._layout(n_edges).sizes
        if "death" in kinds and (any_size or "birth" not in kinds):
            with name_errors(f"Sample {groups[0][0][0]} of X"):  # the smallest graph
                check_deaths(n_edges)
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

    def _compute_table(self, groups):
        """Compute births and deaths, see `compute_table`; None if rows hold neither."""
        options = {"center": self.center, "n_jobs": self.n_jobs}
        check_size(groups, self.layout_, **options)
        if list(self.layout_.sizes) == ["edge"]:
            return None
        return compute_table(groups, self.layout_, verbose=self.verbose, **options)

    def _make_rows(self, groups, table=None):
        """Turn graphs, whose births and deaths may be known, into Wasserstein rows."""
        layout = self.layout_
        if table is None:
            table = self._compute_table(groups)
        parts = {} if table is None else split_table(table, layout)
        with np.errstate(over="ignore"):
            if list(parts) == list(layout.sizes):
                # The table belongs to this call, so it can be scaled in place.
                for kind, scale in layout.scales.items():
                    parts[kind] *= scale
                rows = table
            else:
                if "edge" in layout.sizes:
                    parts["edge"] = center_rows(groups[0][1], self.center)
                rows = layout.scale(parts)
        check_balanced(rows, layout)
        return rows

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _find_connectome(find, sample, *arguments):
    """Find the connectome of one sample, which errors name."""
    with name_errors(f"Sample {sample} of X"):
        return find(*arguments)
