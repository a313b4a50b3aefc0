"""Distances between networks by measures of representational similarity."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from joblib import effective_n_jobs
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from sktopo._utils.caller import warn_caller
from sktopo._utils.fitting import fitted_copy
from sktopo._utils.memory import check_bytes
from sktopo._utils.parallel import run_parallel
from sktopo._utils.parameters import (
    check_flag,
    check_integer,
    check_n_jobs,
    check_option,
    check_real,
)
from sktopo._utils.samples import name_errors
from sktopo.baselines._representations import MEASURES
from sktopo.connectomes._units import find_constant_units
from sktopo.representations._reader import ActivationReader

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Literal, Self

    from numpy.typing import ArrayLike
    from sklearn.utils import Tags

    from sktopo._typing import FloatArray


class RepresentationDistance(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, ActivationReader
):
    r"""Compare networks with those seen in `fit`, stimulus by stimulus.

    The usual measures of representational similarity, as distances. They ask whether
    the same stimuli lie alike in the spaces of two networks, and so all networks must
    be shown the same stimuli, in the same order. The numbers of nodes may differ.

    Parameters
    ----------
    measure : {"cka", "procrustes", "rsa", "svcca", "cca", "jaccard"}, default="cka"
        What is compared. Below :math:`X` and :math:`Y` are the activations of two
        networks, ``(n_stimuli, n_nodes)``, from which the mean of each node is
        subtracted.

        - "cka": centred kernel alignment [1]_,
          :math:`1 - \langle K, L \rangle / \|K\| \|L\|` with the centred Gram matrices
          :math:`K, L`, which are :math:`X X^\top, Y Y^\top` for the linear kernel;
        - "procrustes": :math:`\min_Q \|X Q - Y\|` over orthogonal :math:`Q`, after
          :math:`X` and :math:`Y` are divided by their norms [2]_, hence
          :math:`\sqrt{2 - 2 \|X^\top Y\|_*}` with the nuclear norm;
        - "rsa": representational similarity analysis [3]_, 1 minus the Spearman
          correlation, over pairs of stimuli, of their dissimilarities, which are 1
          minus the Pearson correlation over nodes;
        - "svcca": 1 minus the mean canonical correlation of the leading principal
          components of :math:`X` and :math:`Y` [4]_;
        - "cca": 1 minus the mean squared canonical correlation of :math:`X` and
          :math:`Y`, the :math:`R^2_{CCA}` of [1]_;
        - "jaccard": 1 minus the number of common nearest neighbours of a stimulus over
          the number of all its neighbours in both networks, averaged over stimuli. The
          neighbours are those of the largest cosine similarity, without centring.

        Norms are Frobenius norms. Means of canonical correlations are over the smaller
        of the two numbers of dimensions, so the distance is also 0 if the dimensions of
        one network include those of the other. The similarities of stimuli in "rsa" and
        "jaccard" and the form of "procrustes" are those of [5]_.

    kernel : {"linear", "rbf"}, default="linear"
        The kernel of "cka". "rbf" is :math:`\exp(-d^2 / 2 s^2)` of the distance
        :math:`d` of two stimuli. Other measures ignore it.

    bandwidth : float, default=0.5
        The width :math:`s` of the kernel "rbf", as a share of the median distance of
        the stimuli that differ [1]_, between 0.001 and 1000. The linear kernel and
        other measures ignore it.

    unbiased : bool, default=False
        Whether "cka" uses the unbiased estimator of HSIC [6]_, which does not grow
        with the number of nodes. The similarity may then be negative and the distance
        above 1, up to 2. It needs four stimuli. Other measures ignore it.

    variance : float, default=0.99
        The share of the variance that the principal components of "svcca" keep, between
        0 and 1. Other measures ignore it.

    n_neighbors : int, default=10
        Number of neighbours of "jaccard", by default that of [5]_. Other measures
        ignore it.

    groups : array-like (n_nodes,), list, mapping, "layer" or None, default=None
        The group of each node, such as its layer. Each group is compared with the group
        of the same name, and the distance is the mean over groups. "layer" reads the
        groups from the names of nodes such as ``"fc1[0]"``, so networks must be data
        frames. For networks of different widths, a list with such an array for each
        network of `fit`, or a mapping from each number of nodes to one. None: all nodes
        together.

    n_jobs : int or None, default=None
        Number of parallel jobs, see :term:`n_jobs`; threads are preferred.

    verbose : bool, default=False
        Whether to show a progress bar (needs tqdm).

    Attributes
    ----------
    representations_ : list of list of ndarray
        What the measure compares of each fitted network and group, see Notes; None if
        there is nothing.

    group_names_ : list of str
        The names of the groups, in the order of their first node; empty without groups.

    members_ : dict of int to ndarray of shape (n_nodes,)
        For each number of nodes the group of each node, an index into `group_names_`;
        empty without groups, and if data frames of different widths name them.

    n_stimuli_in_ : int
        The number of stimuli that every network must have seen.

    stimulus_names_ : ndarray of shape (`n_stimuli_in_`,) or None
        The index of the first data frame, which all others must have too; None if no
        network was a data frame with an index.

    input_kind_ : {"samples", "ragged samples", "table"}
        What was fitted. Samples are ragged if networks differ in their number of nodes.

    n_features_in_ : int
        Number of nodes, if all fitted networks have the same; of a 2-D X the number of
        columns.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the nodes, if X was a sequence of data frames; of a 2-D X of its
        columns.

    See Also
    --------
    DistanceKernel : Makes a kernel of distances.
    MedoidClusterer : Clusters by distances.
    sktopo.FunctionalConnectome : Relates nodes, which needs no common stimuli.

    Notes
    -----
    *What changes nothing.* All measures ignore the order of nodes and the unit of all
    activations of a network. "cka", "procrustes", "svcca" and "cca" also ignore
    rotations of the space of nodes and constants added to nodes; "cca" ignores all
    invertible linear maps, and "jaccard" rotations. "rsa" ignores a constant added to
    all nodes. A gap to the similarity 1 that is due to rounding becomes the distance 0.

    *What is not defined.* If the activations of a network, or of a group, never vary,
    or all dissimilarities are the same ("rsa"), its similarity to others is 0 / 0. It
    is set to 0, and a warning names the network; two such networks have the distance 0.
    With n stimuli, a network whose nodes (or components) span n - 1 dimensions has
    canonical correlations of 1 with every network, and is refused ("cca", "svcca"). A
    stimulus whose activations are all equal ("rsa"), or all 0 ("jaccard"), has the
    similarity 0 to other stimuli. Dimensions that rounding may have made are left out
    of "cca" and "svcca", as in :func:`numpy.linalg.matrix_rank`. Of stimuli that are
    equally near, the first are neighbours.

    *Memory.* For each fitted network and group, `representations_` holds in float64:
    n(n+1)/2 numbers of the Gram matrix of n stimuli, or, for the linear kernel without
    `unbiased`, the activations if they are fewer ("cka"); n(n-1)/2 ranks ("rsa");
    ``n_stimuli`` times at most ``min(n_stimuli, n_nodes)`` numbers ("procrustes",
    "cca", "svcca"); or ``n_stimuli * n_neighbors`` integers. The largest array beyond
    that is a float64 copy of the activations of one network or, for "rsa" and "cka", a
    matrix ``(n_stimuli, n_stimuli)``, of which a job holds a few at a time. Networks
    are compared pair by pair. If there is not enough memory, an error says so before
    any work.

    *Kernels.* 1 - CKA and 1 - Spearman's correlation are half the squared distances
    between points, so :class:`DistanceKernel` makes positive definite kernels of "cka"
    and "rsa". For the others it need not.

    References
    ----------
    .. [1] Kornblith, Norouzi, Lee & Hinton, "Similarity of neural network
       representations revisited", ICML 2019, arXiv:1905.00414.
    .. [2] Ding, Denain & Steinhardt, "Grounding representation similarity with
       statistical testing", NeurIPS 2021, arXiv:2108.01661, whose distance is the
       square of ours. Ours is a metric: Williams et al., "Generalized shape metrics on
       neural representations", NeurIPS 2021, arXiv:2110.14739.
    .. [3] Kriegeskorte, Mur & Bandettini, "Representational similarity analysis:
       connecting the branches of systems neuroscience", Frontiers in Systems
       Neuroscience 2, 2008.
    .. [4] Raghu, Gilmer, Yosinski & Sohl-Dickstein, "SVCCA: singular vector canonical
       correlation analysis for deep learning dynamics and interpretability", NeurIPS
       2017, arXiv:1706.05806.
    .. [5] Klabunde et al., "ReSi: a comprehensive benchmark for representational
       similarity measures", ICLR 2025, arXiv:2408.00531.
    .. [6] Song, Smola, Gretton, Bedo & Borgwardt, "Feature selection via dependence
       maximization", JMLR 13, 2012.

    Examples
    --------
    >>> import numpy as np
    >>> from sktopo.baselines import RepresentationDistance
    >>> network = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])
    >>> rotated = network[:, ::-1] * [-2, 2]
    >>> other = np.array([[0.0], [0], [0], [1]])  # fewer nodes
    >>> RepresentationDistance("cka").fit_transform([network, rotated, other]).round(2)
    array([[0.  , 0.  , 0.53],
           [0.  , 0.  , 0.53],
           [0.53, 0.53, 0.  ]])
    """

    def __init__(
        self,
        measure: Literal["cka", "procrustes", "rsa", "svcca", "cca", "jaccard"] = "cka",
        *,
        kernel: Literal["linear", "rbf"] = "linear",
        bandwidth: float = 0.5,
        unbiased: bool = False,
        variance: float = 0.99,
        n_neighbors: int = 10,
        groups: ArrayLike
        | Literal["layer"]
        | Sequence[ArrayLike]
        | Mapping[int, ArrayLike]
        | None = None,
        n_jobs: int | None = None,
        verbose: bool = False,
    ) -> None:
        self.measure = measure
        self.kernel = kernel
        self.bandwidth = bandwidth
        self.unbiased = unbiased
        self.variance = variance
        self.n_neighbors = n_neighbors
        self.groups = groups
        self.n_jobs = n_jobs
        self.verbose = verbose

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Keep what the measure compares of the fitted networks.

        Parameters
        ----------
        X : array-like of shape (n_networks, n_stimuli, n_nodes), sequence of \
                array-like of shape (n_stimuli, n_nodes), or array-like of shape \
                (n_networks, n_stimuli)
            Activations of networks. Those of a sequence may differ in n_nodes. A 2-D X
            holds networks of one node each.

        y : None
            Ignored.

        Returns
        -------
        self : RepresentationDistance
            The fitted transformer.

        Raises
        ------
        ValueError
            If a parameter has a wrong value, X holds numbers that are not finite or
            symmetric matrices, networks differ in the number of stimuli, there are too
            few stimuli for the measure, or the groups are not those of the nodes.

        TypeError
            If X, or a network in it, is not an array of numbers.

        MemoryError
            If what is kept of the networks does not fit in the memory at hand.

        Warns
        -----
        UserWarning
            If there is nothing to compare in a network (see Notes).
        """
        with fitted_copy(self) as fitted:
            fitted._learn(X)
        return self

    def transform(self, X: ArrayLike) -> FloatArray:
        """Compute the distances from networks to the fitted networks.

        Parameters
        ----------
        X : array-like or sequence
            Activations of networks, as in `fit`; with the stimuli of the fitted
            networks, in their order.

        Returns
        -------
        distances : ndarray of shape (n_networks, n_fitted_networks)
            Distances, float32 if X is, else float64.

        Raises
        ------
        ValueError, TypeError, MemoryError
            As `fit`, or if X has another number of stimuli, or other names of stimuli,
            nodes or columns, than the fitted networks.
        """
        check_is_fitted(self)
        networks, members = self._read(X, reset=False)
        rows = self._run(
            _compare_row,
            [(kept,) for kept in self._represent(networks, members)],
            (self._measure, self.representations_),
            "distances",
        )
        return np.array(list(rows), dtype=np.result_type(*networks))

    def fit_transform(self, X: ArrayLike, y: object = None) -> FloatArray:
        """Fit to networks and compute the distances among them, each pair once.

        Parameters
        ----------
        X : array-like or sequence
            Activations of networks, as in `fit`.

        y : None
            Ignored.

        Returns
        -------
        distances : ndarray of shape (n_networks, n_networks)
            Distances, float32 if X is, else float64.

        Raises
        ------
        ValueError, TypeError, MemoryError
            As `fit`.
        """
        kept = self.fit(X).representations_
        distances = np.zeros((len(kept), len(kept)), dtype=self._dtype)
        rows = self._run(
            _compare_next,
            [(position,) for position in range(len(kept))],
            (self._measure, kept),
            "distances",
        )
        for position, row in enumerate(rows):
            distances[position, position + 1 :] = row
            distances[position + 1 :, position] = row
        return distances

    def _learn(self, X):
        """Validate parameters and learn all fitted attributes."""
        check_option("measure", self.measure, MEASURES)
        check_option("kernel", self.kernel, ("linear", "rbf"))
        check_real("bandwidth", self.bandwidth, 1e-3, 1e3)
        check_flag("unbiased", self.unbiased)
        check_real("variance", self.variance, 0, 1)
        check_integer("n_neighbors", self.n_neighbors, 1)
        check_n_jobs(self.n_jobs)
        check_flag("verbose", self.verbose)
        networks, members = self._read(X, reset=True)
        self._dtype = np.result_type(*networks)
        # Kept, so that parameters set after `fit` do not change what is compared.
        self._measure = MEASURES[self.measure]
        parameters = self._measure.parameters
        self._options = {name: getattr(self, name) for name in parameters}
        self.representations_ = self._represent(networks, members)

    def _choose(self, samples, given, *, reset):
        """Use all stimuli, which must be those of the first network fitted."""
        self._check_stimuli(samples, given, reset=reset)
        return samples

    def _represent(self, networks, members):
        """Compute what the measure compares of each network and group."""
        self._check_memory(networks, members)
        compute = partial(self._measure.represent, **self._options)
        items = list(zip(range(len(networks)), networks, members, strict=True))
        common = (compute, self.group_names_)
        kept = list(self._run(_represent_network, items, common, "networks"))
        self._warn_of_nothing(kept)
        return kept

    def _check_memory(self, networks, members):
        """Raise a MemoryError if what is kept of networks does not fit in memory."""
        count = partial(self._measure.count, self.n_stimuli_in_, **self._options)
        counts = [[count(n) for n in np.bincount(own).tolist()] for own in members]
        kept = sum(kept for parts in counts for kept, _ in parts)
        working = sorted(max(working for _, working in parts) for parts in counts)
        jobs = min(effective_n_jobs(self.n_jobs), len(networks))
        widest = max(network.shape[1] for network in networks)
        check_bytes(
            type(self).__name__,
            8 * (kept + sum(working[-jobs:])),
            f"{len(networks):,} networks of up to {widest:,} nodes that saw "
            f"{self.n_stimuli_in_:,} stimuli",
            "Show fewer stimuli. measure='jaccard' keeps n_neighbors numbers for each "
            "stimulus, and 'procrustes' at most one for each node and stimulus",
        )

    def _warn_of_nothing(self, kept):
        """Warn once if there are networks of which there is nothing to compare."""
        found = [
            (sample, group)
            for sample, parts in enumerate(kept)
            for group, part in enumerate(parts)
            if part is None
        ]
        if found:
            sample, group = found[0]
            name = f", group {self.group_names_[group]!r}" if self.group_names_ else ""
            warn_caller(
                f"There is nothing to compare in {len({k for k, _ in found})} of "
                f"{len(kept)} network(s), the first sample {sample} of X{name}: the "
                "activations do not vary over the stimuli, or not in a way that "
                f"measure={self.measure!r} can compare. Their similarity to other "
                "networks is set to 0. Leave such networks out."
            )

    def _run(self, function, items, shared, description):
        return run_parallel(
            function,
            items,
            shared=shared,
            n_jobs=self.n_jobs,
            prefer="threads",
            verbose=self.verbose,
            description=description,
        )

    @property
    def _n_features_out(self):
        return len(self.representations_)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _represent_network(sample, network, members, compute, names):
    """Compute what a measure compares of each group of one network; None if nothing."""
    kept = []
    for group, name in enumerate(names or [None]):
        of_group = "" if name is None else f", group {name!r}"
        part = network if name is None else network[:, members == group]
        with name_errors(f"Sample {sample} of X{of_group}"):
            is_constant = find_constant_units(part).all()
            kept.append(None if is_constant else compute(part))
    return kept


def _compare_row(kept, measure, others):
    """Compute the distances from one network to others, each the mean over groups."""
    return [
        np.mean([_compare(measure, *pair) for pair in zip(kept, other, strict=True)])
        for other in others
    ]


def _compare(measure, first, second):
    """Compute the distance of two networks; those without anything are equal."""
    if first is None or second is None:
        return 0.0 if first is second else measure.largest
    return measure.compare(first, second)


def _compare_next(position, measure, kept):
    """Compute the distances from one network to those after it."""
    return _compare_row(kept[position], measure, kept[position + 1 :])
