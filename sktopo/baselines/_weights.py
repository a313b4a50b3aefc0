"""Summaries of the weights of connectomes: what can be said without topology."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import TransformerMixin
from sklearn.utils import gen_batches
from sklearn.utils.validation import check_is_fitted

from sktopo._utils.base import BaseEstimator
from sktopo._utils.blocks import find_block_edges, list_blocks, read_groups
from sktopo._utils.fitting import fitted_copy
from sktopo._utils.nodes import check_input_features, make_names
from sktopo._utils.parameters import check_option
from sktopo._utils.samples import validate_table
from sktopo.barcodes import count_nodes
from sktopo.barcodes._layout import warn_incomplete

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal, Self

    from numpy.typing import ArrayLike, NDArray
    from sklearn.utils import Tags

    from sktopo._typing import FloatArray

KINDS = ("mean", "moments", "blocks", "sorted")
# Weights that are summarised at a time, so that float64 copies of them stay small.
_NUMBERS = 2**20


class WeightSummaries(TransformerMixin, BaseEstimator):
    r"""Summarise graphs by their weights alone: mean, deviation or sorted weights.

    These are controls. They know nothing of trees and cycles, and a topological method
    sees more than the level and the spread of the weights only if it does better than
    they do.

    Parameters
    ----------
    kind : {"mean", "moments", "blocks", "sorted"}, default="moments"
        What is computed of the absolute weights :math:`|w|` of a graph:

        - "mean": their mean;
        - "moments": their mean and their standard deviation;
        - "blocks": their mean and standard deviation within each group of nodes and
          between each two groups. It needs `groups`;
        - "sorted": all of them in ascending order, divided by the root of their number.
          The Euclidean distance between two such rows is the Wasserstein distance
          between the distributions of the weights.

    groups : array-like of shape (n_nodes,), "layer" or None, default=None
        The group of each node, for "blocks"; the other kinds do not use it. "layer"
        reads it from the names of the columns of a data frame, such as
        ``"fc1[0]--fc2[3]"``, which :class:`~sktopo.FunctionalConnectome` gives.

    Attributes
    ----------
    blocks_ : dict of str to ndarray
        The columns of X that each block consists of. Within a group, a block has the
        name of the group, and between two it is called ``"a--b"``. Blocks without edges
        are left out. Only if ``kind="blocks"``.

    n_features_in_ : int
        Number of edges of a graph.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the edges seen in `fit`, if they were all strings.

    See Also
    --------
    GraphSummaries : Summaries from graph theory.
    sktopo.GraphPersistence : Births and deaths.
    baseline_clusterers : These summaries and the method, ready to compare.

    Notes
    -----
    Weights are taken without their sign, as :class:`GraphSummaries` does, so that the
    mean is the mean :math:`|r|` of correlations. If a constant is added to all weights
    and none changes its sign, means rise by it and deviations stay as they are. The
    deviation is that of the weights given, divided by their number.

    Means and deviations have different ranges. Standardise them, for example with
    :class:`~sklearn.preprocessing.StandardScaler`, before distances are computed.
    Sorted weights are rows for distances already. Births and deaths are the same
    weights in two lists, each sorted for itself.

    If the number of edges is not n(n-1)/2, the last edges of the graph are absent. They
    do not count as weights of 0.

    Examples
    --------
    >>> from sktopo.baselines import WeightSummaries
    >>> graph = [[0.9, 0.3, -0.5, 0.1, 0.7, 0.5]]  # edges 01, 02, 03, 12, 13, 23
    >>> WeightSummaries().fit_transform(graph).round(2)
    array([[0.5 , 0.26]])
    >>> blocks = WeightSummaries("blocks", groups=["a", "a", "b", "b"]).fit(graph)
    >>> for name, value in zip(
    ...     blocks.get_feature_names_out(), blocks.transform(graph)[0]
    ... ):
    ...     print(name, f"{value:.2f}")
    mean[a] 0.90
    deviation[a] 0.00
    mean[b] 0.50
    deviation[b] 0.00
    mean[a--b] 0.40
    deviation[a--b] 0.22
    """

    def __init__(
        self,
        kind: Literal["mean", "moments", "blocks", "sorted"] = "moments",
        *,
        groups: ArrayLike | Literal["layer"] | None = None,
    ) -> None:
        self.kind = kind
        self.groups = groups

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Validate connectome rows, and find the edges of each block.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_edges)
            Connectome rows.

        y : None
            Ignored.

        Returns
        -------
        self : WeightSummaries
            The fitted transformer.

        Raises
        ------
        ValueError
            If X is not a 2-D array of finite numbers or `kind` is unknown; for
            "blocks", if `groups` is None or does not have one group for each node, or
            if it is "layer" and X has no names of edges that contain layers.

        Warns
        -----
        UserWarning
            If the number of edges is not n(n-1)/2.
        """
        check_option("kind", self.kind, KINDS)
        with fitted_copy(self) as fitted:
            n_edges = validate_table(fitted, X).shape[1]
            if self.kind == "blocks":
                names = getattr(fitted, "feature_names_in_", None)
                fitted.blocks_ = _find_blocks(self.groups, n_edges, names)
            warn_incomplete(n_edges)
        return self

    def transform(self, X: ArrayLike) -> FloatArray:
        """Compute the summaries of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_edges)
            Connectome rows.

        Returns
        -------
        summaries : ndarray of shape (n_samples, n_features_out)
            One number for "mean", two for "moments", two for each block, or `n_edges`
            for "sorted"; float32 if X is, else float64.

        Raises
        ------
        ValueError
            If X is not a 2-D array of finite numbers, or the number of edges is not the
            fitted one.
        """
        check_is_fitted(self)
        weights = np.abs(validate_table(self, X, reset=False))
        n_edges = weights.shape[1]
        if self.kind == "sorted":
            weights.sort(axis=1)
            weights /= weights.dtype.type(sqrt(n_edges))
            return weights
        blocks = self.blocks_.values() if self.kind == "blocks" else [slice(None)]
        summaries = np.empty((len(weights), 2 * len(blocks)), dtype=weights.dtype)
        for batch in gen_batches(len(weights), max(1, _NUMBERS // n_edges)):
            for k, block in enumerate(blocks):
                moments = _compute_moments(weights[batch, block])
                summaries[batch, 2 * k : 2 * k + 2] = moments
        return summaries[:, :1] if self.kind == "mean" else summaries

    def get_feature_names_out(
        self, input_features: ArrayLike | None = None
    ) -> NDArray[np.object_] | Sequence[str]:
        """Name the summaries.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Ignored.

        Returns
        -------
        names : ndarray of str, or sequence of str
            "mean" and "deviation"; of blocks "mean[a]", "deviation[a]", "mean[a--b]"
            and so on; "weight0" is the smallest of sorted weights. More than 65,536
            names are made only when they are read; ``numpy.asarray`` makes all.
        """
        check_is_fitted(self)
        check_input_features(input_features)
        if self.kind == "sorted":
            return make_names(self.n_features_in_, _name_ranks)
        names = ("mean",) if self.kind == "mean" else ("mean", "deviation")
        if self.kind == "blocks":
            names = [f"{name}[{block}]" for block in self.blocks_ for name in names]
        return np.array(names, dtype=object)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _find_blocks(groups, n_edges, edge_names):
    """Find the columns of each block that has edges: a dict of its name to an array."""
    if groups is None:
        raise ValueError(
            "kind='blocks' needs groups: the group of each node, or 'layer' to read "
            "it from names of edges such as 'fc1[0]--fc1[1]'."
        )
    names, members = read_groups(groups, count_nodes(n_edges), edge_names)
    blocks = {}
    for name, block in list_blocks(names, members).items():
        edges = find_block_edges(members, block)
        edges = edges[edges < n_edges]
        if len(edges):
            blocks[name] = edges
    return blocks


def _compute_moments(weights):
    """Compute mean and deviation of each row: (n_rows, 2), float64.

    Each row is computed in a unit and from an origin of its own: squares neither
    overflow nor vanish, and equal weights have deviation 0.
    """
    exponents = np.frexp(weights.max(axis=1, keepdims=True))[1]
    # Sums over rows that are not contiguous are less precise.
    scaled = np.ldexp(weights, -exponents, dtype=np.float64, order="C")
    origin = scaled[:, :1].copy()
    scaled -= origin
    mean = scaled.mean(axis=1, keepdims=True)
    deviation = scaled.std(axis=1, keepdims=True)
    return np.ldexp(np.hstack([origin + mean, deviation]), exponents)


def _name_ranks(ranks):
    return np.array([f"weight{rank}" for rank in ranks], dtype=object)
