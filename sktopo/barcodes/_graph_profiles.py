"""Profiles of graphs, whole and by groups of nodes: from connectome rows to rows."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np
from joblib import effective_n_jobs
from sklearn.base import TransformerMixin
from sklearn.utils.validation import check_is_fitted

from sktopo._utils.base import BaseEstimator
from sktopo._utils.blocks import read_groups
from sktopo._utils.columns import cut_columns, find_factors, name_values
from sktopo._utils.fitting import fitted_copy
from sktopo._utils.memory import check_memory
from sktopo._utils.nodes import check_input_features, make_names
from sktopo._utils.parallel import run_parallel
from sktopo._utils.parameters import (
    check_flag,
    check_integer,
    check_n_jobs,
)
from sktopo.barcodes._graphs import check_graphs, warn_negative
from sktopo.barcodes._layout import count_absent, count_nodes
from sktopo.barcodes._profile_blocks import (
    compute_values,
    plan_blocks,
    read_groups_by_size,
    read_scopes,
)
from sktopo.barcodes.profiles import UNIT_FREE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal, Self

    from numpy.typing import ArrayLike, NDArray
    from sklearn.utils import Tags

    from sktopo._typing import FloatArray


class GraphProfiles(TransformerMixin, BaseEstimator):
    """Describe graphs by profiles, over all nodes and within and between groups.

    A profile is a list of ascending numbers that describes one graph: births, deaths,
    strengths of nodes, and so on. Each is scaled so that the Euclidean distance
    between rows is the normalised 2-Wasserstein distance between profiles, as in the
    rows of :class:`GraphPersistence`, and the mean row is the barycenter. With groups
    of nodes, such as layers, each profile is also computed within each group and
    between each two groups, and so the rows say where graphs differ.

    Parameters
    ----------
    profiles : sequence of str or mapping of str to str, \
            default=("births", "deaths", "strengths", "spectrum", "local")
        The profiles to compute, functions of :mod:`sktopo.barcodes.profiles`.

        - "births": weights of the maximum spanning tree
        - "deaths": all other weights
        - "strengths": the mean weight of each node
        - "spectrum": eigenvalues of the normalised Laplacian of the absolute weights,
          for at most 5,000 nodes
        - "local": the sorted weights of each node, level by level sorted over the
          nodes

        A mapping also says for each profile whether it is computed over all nodes,
        "graph", within and between groups, "groups", or "both". A sequence means
        "both" if `groups` is given, else "graph".

    groups : array-like of shape (n_nodes,), "layer", mapping or None, default=None
        The group of each node. "layer" reads it from the names of edges, such as
        ``"fc1[0]--fc1[1]"``, so X must be a data frame, which
        ``FunctionalConnectome().set_output(transform="pandas")`` returns. For graphs
        of different sizes, a mapping from each number of nodes to such an array; the
        groups must have the same names in each.

    balance : bool, default=True
        Whether `fit` learns factors with which all blocks of columns, a profile of the
        graph or of one of its parts, have the same Wasserstein variance. Otherwise the
        few that vary most decide all distances, and with "spectrum" these depend on
        the unit of the weights.

    n_quantiles : int or None, default=None
        If given, each profile is replaced by this many averages of its quantile
        function, see :func:`sktopo.barcodes.quantile_vectors`, and "local", which has
        levels and nodes, by the square of this number (between two groups, twice that).
        That puts graphs of different sizes into one space.

    n_jobs : int or None, default=None
        Number of graphs to work on at once, see :term:`n_jobs`; threads are preferred.

    verbose : bool, default=False
        Whether to show a progress bar (needs tqdm).

    Attributes
    ----------
    profile_slices_ : dict of str to slice
        Which columns hold which block: ``"strengths"`` over all nodes,
        ``"strengths[relu1]"`` within a group and ``"strengths[relu1--relu2]"`` between
        two.

    scales_ : dict of str to float
        The factor that turns the values of each block into its columns: one over the
        root of their number, times the factor that balances.

    group_names_ : list of str
        The names of the groups, in the order of their first node; empty without groups.

    members_ : dict of int to ndarray of shape (n_nodes,)
        For each number of nodes the group of each node, an index into `group_names_`;
        empty without groups.

    n_features_in_ : int
        Number of edges of a graph, if all have the same.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the edges seen in `fit`, if they were all strings.

    See Also
    --------
    GraphPersistence : Births and deaths, and the way back to connectomes.
    sktopo.barcodes.profiles : The profiles as functions of one graph.

    Notes
    -----
    *Blocks.* Within a group the graph has the nodes of this group; a group of one node
    has none. Between two groups it is bipartite. Deaths are left out where there are
    none: of two nodes, or between a single node and a group.

    *Balance.* Blocks in the unit of the weights are scaled to the mean of their
    Wasserstein variances, so that the total stays what it was, and the spectrum,
    which has no unit, is scaled to the same variance. So all rows are multiplied by
    what the weights are multiplied by. A block that does not vary in `fit`, or by
    rounding only, keeps its scale; if it is a spectrum, it has the root of the common
    variance as its unit. If the only blocks that vary are spectra, rows have no unit.

    *Sizes.* Beside input and output, memory holds up to four matrices ``(n_nodes,
    n_nodes)`` and one row of output for each job, and one row more. "local" has two
    columns for each edge. If there is not
    enough memory, an error says so before any work.

    Examples
    --------
    >>> from sktopo import GraphProfiles
    >>> graph = [[0.9, 0.1, 0.2, 0.3, 0.4, 0.8]]  # edges 01, 02, 03, 12, 13, 23
    >>> profiles = GraphProfiles(("births", "strengths"), groups=["a", "a", "b", "b"])
    >>> rows = profiles.fit_transform(graph)
    >>> profiles.profile_slices_["births[a--b]"]
    slice(5, 8, None)
    >>> rows[0, 5:8] / profiles.scales_["births[a--b]"]
    array([0.2, 0.3, 0.4])
    >>> profiles.get_feature_names_out()[5]
    'births[a--b][0]'
    """

    def __init__(
        self,
        profiles: Sequence[str] | Mapping[str, str] = (
            "births",
            "deaths",
            "strengths",
            "spectrum",
            "local",
        ),
        *,
        groups: ArrayLike | Literal["layer"] | Mapping[int, ArrayLike] | None = None,
        balance: bool = True,
        n_quantiles: int | None = None,
        n_jobs: int | None = None,
        verbose: bool = False,
    ) -> None:
        self.profiles = profiles
        self.groups = groups
        self.balance = balance
        self.n_quantiles = n_quantiles
        self.n_jobs = n_jobs
        self.verbose = verbose

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Learn which columns hold which profile, and how they are scaled.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_edges) or (n_samples, n_nodes, \
                n_nodes), sequence of rows, or graphs of networkx
            Connectome rows, or symmetric matrices, whose diagonal is ignored. Rows in
            a sequence may differ in length if `n_quantiles` is given. A graph of
            networkx, or a list of them, is read by ``networkx.to_numpy_array``.

        y : None
            Ignored.

        Returns
        -------
        self : GraphProfiles
            The fitted transformer.

        Raises
        ------
        ValueError
            If a parameter has a wrong value, X holds numbers that are not finite or is
            not of one of these forms, the groups are not those of its nodes, or graphs
            differ in their profiles.

        TypeError
            If X is neither an array nor a sequence of rows, matrices or graphs.

        MemoryError
            If the rows, and what is needed to compute them, do not fit in the memory
            at hand.

        Warns
        -----
        UserWarning
            If X holds negative weights, as in :class:`GraphPersistence`.
        """
        with fitted_copy(self) as fitted:
            fitted._learn(X, every_graph=self.balance)
        return self

    def fit_transform(self, X: ArrayLike, y: object = None) -> FloatArray:
        """Fit to X and transform it, with each profile computed once.

        Parameters
        ----------
        X : array-like or sequence
            Graphs, as in `fit`.

        y : None
            Ignored.

        Returns
        -------
        rows : ndarray of shape (n_samples, n_features_out)
            As `transform` returns.
        """
        with fitted_copy(self) as fitted:
            rows = fitted._scale(fitted._learn(X, every_graph=True))
        return rows

    def transform(self, X: ArrayLike) -> FloatArray:
        """Compute the profiles of each graph.

        Parameters
        ----------
        X : array-like or sequence
            Graphs, as in `fit`.

        Returns
        -------
        rows : ndarray of shape (n_samples, n_features_out)
            Wasserstein rows, float32 or float64 as the input. Columns: for each
            profile the whole graph, then its blocks.

        Raises
        ------
        ValueError, TypeError, MemoryError
            As `fit`, or if the number of edges is not the fitted one.
        """
        check_is_fitted(self)
        check_n_jobs(self.n_jobs)
        by_size = self._check_graphs(X, reset=False)
        return self._scale(self._compute(by_size, self._plan(by_size)))

    def get_feature_names_out(
        self, input_features: ArrayLike | None = None
    ) -> NDArray[np.object_] | Sequence[str]:
        """Name the columns.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Ignored.

        Returns
        -------
        names : ndarray of str, or sequence of str
            "strengths[relu1--relu2][0]" is the smallest value of the block in
            `profile_slices_`, and "strengths[relu1--relu2][q0]" its smallest quantile.
            More than 65,536 names are made only when they are read; ``numpy.asarray``
            makes all.
        """
        check_is_fitted(self)
        check_input_features(input_features)
        mark = "" if self.n_quantiles is None else "q"
        size = max(columns.stop for columns in self.profile_slices_.values())
        return make_names(size, partial(name_values, self.profile_slices_, mark))

    def _learn(self, X, every_graph):
        """Set the fitted attributes; return the values of the profiles of graphs.

        Without `every_graph` those of the first graph of each size are enough.
        """
        self._check_parameters()
        by_size = self._check_graphs(X, reset=True)
        warn_negative(by_size)
        n_edges = by_size[0][1].shape[1]
        self.group_names_, self.members_ = self._read_groups(n_edges)
        plans = self._plan(by_size)
        if not every_graph:
            by_size = [(samples[:1], rows[:1]) for samples, rows in by_size]
        values = self._compute(by_size, plans)
        if self.balance:
            factors = find_factors(
                values, self.profile_slices_, free=UNIT_FREE, caller="GraphProfiles"
            )
        else:
            factors = dict.fromkeys(self.profile_slices_, 1.0)
        self.scales_ = {
            name: factors[name] * sqrt(1 / (columns.stop - columns.start))
            for name, columns in self.profile_slices_.items()
        }
        return values

    def _check_parameters(self):
        read_scopes(self.profiles, self.groups is not None)
        check_flag("balance", self.balance)
        check_flag("verbose", self.verbose)
        check_n_jobs(self.n_jobs)
        if self.n_quantiles is not None:
            check_integer("n_quantiles", self.n_quantiles, 1)

    def _check_graphs(self, X, reset):
        """Validate graphs and group them by size, see `check_graphs`."""
        any_size = self.n_quantiles is not None
        return check_graphs(self, X, reset=reset, any_size=any_size)

    def _read_groups(self, n_edges):
        """Return the names of groups, and the members of graphs of each size.

        `n_edges` is the number of edges of a graph of X.
        """
        groups = self.groups
        if groups is None:
            return [], {}
        if isinstance(groups, Mapping):
            return read_groups_by_size(groups)
        n_nodes = count_nodes(n_edges)
        edge_names = getattr(self, "feature_names_in_", None)
        names, members = read_groups(groups, n_nodes, edge_names)
        return names, {n_nodes: members}

    def _plan(self, by_size):
        """List the blocks of graphs of each size, by their number of edges."""
        self._check_memory(by_size, 0)
        scopes = read_scopes(self.profiles, self.groups is not None)
        plans = {}
        for samples, rows in by_size:
            n_edges, members = rows.shape[1], None
            if self.groups is not None:
                members = self._find_members(n_edges, samples[0])
            n_nodes = count_nodes(n_edges)
            plans[n_edges] = plan_blocks(scopes, n_nodes, self.group_names_, members)
        return plans

    def _find_members(self, n_edges, sample):
        """Return the group of each node of a graph of so many edges."""
        n_nodes = count_nodes(n_edges)
        if count_absent(n_edges):
            raise ValueError(
                f"groups needs complete graphs, but {n_edges} edges do not form an "
                "upper triangle, n(n-1)/2."
            )
        if n_nodes not in self.members_:
            raise ValueError(
                f"Sample {sample} of X has {n_nodes} nodes, but groups are given for "
                f"graphs of {sorted(self.members_)} nodes. For graphs of several sizes "
                "give a dict from each number of nodes to the groups of so many nodes."
            )
        return self.members_[n_nodes]

    def _compute(self, by_size, plans):
        """Compute the values of all blocks, not scaled: (n_samples, n_columns).

        The first graph says how many there are, if they have not been fitted.
        """
        samples = np.concatenate([samples for samples, _ in by_size])
        graphs = [(row,) for _, rows in by_size for row in rows]
        computed = run_parallel(
            compute_values,
            graphs,
            shared=(plans, self.n_quantiles),
            n_jobs=self.n_jobs,
            prefer="threads",
            verbose=self.verbose,
            description="profiles",
        )
        values, places = None, np.argsort(np.argsort(samples))
        for (row,), sample, place, blocks in zip(
            graphs, samples, places, computed, strict=True
        ):
            sizes = {name: len(block) for name, block in blocks.items()}
            if values is None:
                if not hasattr(self, "profile_slices_"):
                    self.profile_slices_ = _cut_columns(sizes)
                shape = len(graphs), sum(sizes.values())
                dtype = np.result_type(*(rows for _, rows in by_size))
                # Each job makes a row, and joblib keeps one until the next is there.
                n_rows = shape[0] + 1 + self._count_working(shape[0])
                self._check_memory(by_size, n_rows * shape[1] * dtype.itemsize)
                values = np.empty(shape, dtype)
            self._check_blocks(sizes, sample, count_nodes(len(row)))
            np.concatenate(list(blocks.values()), out=values[place])
        return values

    def _count_working(self, n_graphs):
        """Count the jobs that work on so many graphs."""
        return min(effective_n_jobs(self.n_jobs), n_graphs)

    def _check_memory(self, by_size, n_bytes):
        """Raise a MemoryError if `n_bytes` and the work on graphs do not fit."""
        n_nodes = max(count_nodes(rows.shape[1]) for _, rows in by_size)
        n_graphs = sum(len(rows) for _, rows in by_size)
        n_matrices = 4 * self._count_working(n_graphs)
        n_matrices += self.groups is not None  # positions of edges
        n_bytes += 8 * n_matrices * n_nodes**2
        check_memory("GraphProfiles", n_bytes, n_nodes)

    def _check_blocks(self, sizes, sample, n_nodes):
        """Raise a ValueError if a graph has other blocks than those fitted."""
        if sizes.keys() != self.profile_slices_.keys():
            differing = sizes.keys() ^ self.profile_slices_.keys()
            raise ValueError(
                f"Sample {sample} of X, of {n_nodes} nodes, differs from other graphs "
                f"in whether it has {sorted(differing)}: two nodes have no deaths, and "
                "a group of one node has no edges. Leave these profiles or graphs out."
            )

    def _scale(self, values):
        """Scale the values of all blocks, in place, to Wasserstein rows."""
        for name, columns in self.profile_slices_.items():
            part, scale = values[:, columns], self.scales_[name]
            with np.errstate(over="ignore"):
                part *= scale
            if scale > 1 and not np.isfinite(part).all():
                raise ValueError(
                    f"The values of {name!r}, scaled by {scale:.3g}, are too large for "
                    f"{values.dtype}. Divide all weights by one constant first."
                )
        return values

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _cut_columns(sizes):
    """Cut the columns into consecutive slices of given sizes, by name."""
    if not sizes:
        raise ValueError(
            "The graphs of X have none of the profiles: graphs of two nodes have no "
            "deaths. Ask for other profiles."
        )
    return cut_columns(sizes)
