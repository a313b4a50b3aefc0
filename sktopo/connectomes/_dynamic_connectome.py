"""Patterns of affinities that come and go over time, in many recordings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted

from sktopo._utils.base import BaseEstimator
from sktopo._utils.caller import warn_caller
from sktopo._utils.fitting import fitted_copy
from sktopo._utils.memory import check_bytes
from sktopo._utils.nodes import check_node_names, name_edges
from sktopo._utils.parameters import (
    check_integer,
    check_option,
    check_real,
    read_random_state,
)
from sktopo._utils.samples import detach, read_rows
from sktopo.connectomes._base import check_fitted_kind, read_frames
from sktopo.connectomes._factorization import (
    Affinities,
    count_bytes,
    factorize,
    find_loadings,
    normalize,
)
from sktopo.connectomes._shared_times import find_present, read_recordings
from sktopo.connectomes._units import standardize
from sktopo.connectomes.affinities import AFFINITIES

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from numpy.typing import ArrayLike
    from sklearn.utils import Tags

    from sktopo._typing import FloatArray, RandomState

_NAME = "DynamicConnectome"


class DynamicConnectome(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator
):
    r"""Find graphs that come and go over time, shared by many recordings.

    The affinity of two nodes says how strongly they are active together at one moment.
    The affinities of all pairs, at all times of all recordings, are approximated by a
    few components [1]_: each is a connectome row of non-negative weights, a time course
    that says when the graph is active, and a loading for each recording that says how
    strongly:

    .. math:: a_{rt, ij} \approx \sum_k \ell_{rk} \, c_{tk} \, w_{k, ij},
        \qquad \ell, c, w \ge 0.

    Recordings may lack nodes: what a recording does not have is left out of the fit.

    A table ``(n_frames, n_nodes)`` is accepted too. Each of its frames is then a
    recording of a single time.

    Parameters
    ----------
    n_components : int, default=3
        Number of components.

    affinity : {"auto", "differential", "activity"} or callable, default="auto"
        When two nodes are active together: the name of a function in
        :mod:`sktopo.connectomes.affinities`, or a callable.

        - "differential": when both change in the same direction
        - "activity": when both are above their means, or both below
        - "auto": "differential" for recordings, and "activity" for frames, whose order
          has no meaning
        - a callable takes a recording ``(n_times, n_present)`` without its missing
          nodes and returns signals of the same shape, such as
          ``partial(differential, bandwidth=4.0)`` with :func:`functools.partial`; only
          for recordings

    n_init : int, default=4
        Number of random starts. The one with the least error is kept.

    max_iter : int, default=500
        Largest number of iterations of a start.

    tol : float, default=1e-6
        A start ends when its relative error falls by less than this in one iteration.

    random_state : int, RandomState instance or None, default=None
        Randomness of the starts. Pass an int for repeatable results.

    Attributes
    ----------
    components_ : ndarray of shape (n_components, n_edges)
        The weights of the graphs, connectome rows, in the unit of the affinities. They
        add up to about the mean of the affinities over times and recordings. Graphs
        are sorted by the size of what they describe, the largest first.

    time_courses_ : ndarray of shape (n_times, n_components)
        When each graph is active; the mean over time is 1.

    loadings_ : ndarray of shape (n_recordings, n_components)
        How strongly each graph is active in each recording; the mean over recordings
        is 1.

    pair_counts_ : ndarray of shape (n_edges,)
        For each pair, the number of recordings that have both nodes. Weights of pairs
        that no recording has are 0.

    reconstruction_err_ : float
        The error of the affinities that the components describe, as a share: the
        Frobenius norm of what is left divided by that of all affinities.

    errors_ : ndarray of shape (`n_iter_`,)
        That error after each iteration of the start that was kept.

    n_iter_ : int
        Number of iterations of the start that was kept.

    input_kind_ : {"samples", "frames"}
        What was fitted.

    mean_, scale_ : ndarray of shape (n_nodes,)
        Mean and standard deviation of each node; only after fitting frames.

    n_features_in_ : int
        Number of nodes.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the nodes, if X was a data frame or a sequence of data frames: all
        names of all recordings.

    See Also
    --------
    SlidingWindows : Cuts recordings into windows, whose clusters are states.
    sktopo.connectomes.affinities : The affinities as functions of one recording.
    sktopo.baselines.SimilarityClusterer : Finds communities of nodes in a component.

    Notes
    -----
    *Time.* Time courses are shared, so each observation must be the same moment of the
    experiment in all recordings. Cut or resample recordings first.

    *Missing nodes.* A node that is NaN throughout is missing, and so is a node that
    never varies; data frames of pandas may lack its column. Two nodes that no recording
    has together have the weight 0, of which a warning tells.

    *Number of components.* More components always leave a smaller error. Take as many
    as are found again in other animals, or in another half of them, or the number from
    which the error falls slowly.

    *Algorithm.* One row of one factor after the other is set to its best non-negative
    value (hierarchical alternating least squares [2]_), so the error never grows.
    Which nodes are there does not depend on the time, so one small system of equations
    serves all times of a recording. `transform` solves it exactly.

    *Memory.* The affinities of all pairs and times are never written out. The largest
    arrays are four copies of the signals in float64 and ``2 n_components ** 2``
    connectome rows. `fit` says before any work if they do not fit in memory.

    References
    ----------
    .. [1] Dyballa, Lang, Haslund-Gourley, Yemini & Zucker, "Learning dynamic
       representations of the functional connectome in neurobiological networks",
       ICLR 2024, arXiv:2402.14102.
    .. [2] Cichocki & Phan, "Fast local algorithms for large scale nonnegative matrix
       and tensor factorizations", IEICE Transactions on Fundamentals E92-A(3), 2009.

    Examples
    --------
    Nodes 0 and 1 are active together first, then nodes 2 and 3:

    >>> import numpy as np
    >>> from sktopo import DynamicConnectome
    >>> rng = np.random.default_rng(0)
    >>> X = 0.1 * rng.normal(size=(5, 60, 4))
    >>> X[:, :30, :2] += np.sin(np.arange(30))[:, None]
    >>> X[:, 30:, 2:] += np.sin(np.arange(30))[:, None]
    >>> dynamic = DynamicConnectome(2, random_state=0).fit(X)
    >>> (dynamic.components_ > 0.2).astype(int)  # 0--1, 0--2, 0--3, 1--2, 1--3, 2--3
    array([[1, 0, 0, 0, 0, 0],
           [0, 0, 0, 0, 0, 1]])
    >>> dynamic.time_courses_[:30].mean(axis=0).round()  # the mean over all times is 1
    array([2., 0.])
    """

    def __init__(
        self,
        n_components: int = 3,
        *,
        affinity: str | Callable[[FloatArray], ArrayLike] = "auto",
        n_init: int = 4,
        max_iter: int = 500,
        tol: float = 1e-6,
        random_state: RandomState = None,
    ) -> None:
        self.n_components = n_components
        self.affinity = affinity
        self.n_init = n_init
        self.max_iter = max_iter
        self.tol = tol
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Find the components.

        Parameters
        ----------
        X : array-like of shape (n_recordings, n_times, n_nodes), sequence of \
                array-like of shape (n_times, n_nodes), or array-like of shape \
                (n_frames, n_nodes)
            Recordings of the same times, or frames. Data frames of pandas may have
            different columns; arrays hold NaN throughout where a node is missing.

        y : None
            Ignored.

        Returns
        -------
        self : DynamicConnectome
            The fitted transformer.

        Raises
        ------
        ValueError
            If a parameter is out of range, X holds infinity or NaN at some times of a
            node, recordings differ in their number of observations, a recording has
            fewer than two nodes or observations, X holds symmetric matrices, which are
            connectomes already, or X is a table and `affinity` needs the order of time.

        TypeError
            If X, or a recording in it, is not an array of numbers.

        MemoryError
            If the signals and what is computed from them do not fit in the memory at
            hand.
        """
        with fitted_copy(self) as fitted:
            fitted._check_parameters()
            affinities, dtype = fitted._relate(X, reset=True)
            random = read_random_state(self.random_state)
            found = min(
                (
                    factorize(
                        affinities,
                        self.n_components,
                        max_iter=self.max_iter,
                        tol=self.tol,
                        random=random,
                    )
                    for _ in range(self.n_init)
                ),
                key=lambda start: start.errors[-1],
            )
            fitted._keep(found, affinities, dtype)
        return self

    def transform(self, X: ArrayLike) -> FloatArray:
        """Find how strongly each component is active in recordings.

        Parameters
        ----------
        X : array-like or sequence
            Recordings of the fitted times if recordings were fitted, frames if frames
            were. They may lack other nodes than the fitted recordings.

        Returns
        -------
        loadings : ndarray of shape (n_recordings, n_components)
            The loadings that describe the affinities best with the fitted components
            and time courses; float32 if the recordings are, else float64. 0 for a
            component of which a recording has no pair.

        Raises
        ------
        ValueError
            For the reasons that `fit` raises one, or if X is not of the kind that was
            fitted, or has other times or nodes.

        TypeError
            If X, or a recording in it, is not an array of numbers.

        MemoryError
            If the signals do not fit in the memory at hand.
        """
        check_is_fitted(self)
        self._check_parameters()
        affinities, dtype = self._relate(X, reset=False)
        times = self.time_courses_.T.astype(np.float64)
        weights = self.components_.astype(np.float64)
        loadings, _ = find_loadings(affinities, times, weights)
        return _cast(loadings.T, dtype)

    def _check_parameters(self):
        check_integer("n_components", self.n_components, 1)
        if not callable(self.affinity):
            check_option("affinity", self.affinity, ("auto", *AFFINITIES))
        check_integer("n_init", self.n_init, 1)
        check_integer("max_iter", self.max_iter, 1)
        check_real("tol", self.tol, 0, 1)

    def _relate(self, X, *, reset):
        """Return the affinities of what is in X, and the dtype of the results."""
        recordings, present = read_recordings(self, X, reset=reset)
        if reset:
            self.input_kind_ = "frames" if recordings is None else "samples"
        check_fitted_kind(self, recordings)
        if recordings is None:
            signals, present, dtype = self._score_frames(X, reset=reset)
        else:
            if not reset:
                self._check_times(recordings)
            dtype = np.result_type(*recordings)
            self._check_memory(len(recordings), *recordings[0].shape)
            signals = self._compute_signals(recordings, present)
        return Affinities(signals, present), dtype

    def _score_frames(self, X, *, reset):
        """Standardise frames, each a recording of one time."""
        if self.affinity not in ("auto", "activity"):
            raise ValueError(
                f"affinity={self.affinity!r} needs the order of time, but X is a "
                "table, each row one frame. If it is a single recording, give X[None] "
                "or [X]; for frames, give affinity='activity'."
            )
        frames = read_frames(self, X, reset=reset)
        self._check_memory(len(frames), 1, frames.shape[1])
        if reset:
            names = getattr(self, "feature_names_in_", None)
            (present,) = find_present([frames], names, "X".format)
            _, self.mean_, self._remainder, self.scale_ = standardize(frames)
            self.scale_[~present] = 0
        present = self.scale_ > 0
        with np.errstate(over="ignore", invalid="ignore"):
            scores = frames - self.mean_ - self._remainder
            scores /= np.where(present, self.scale_, 1)
        scores[:, ~present] = 0
        if not np.isfinite(scores).all():
            frame = np.argwhere(~np.isfinite(scores))[0, 0]
            raise ValueError(
                f"Frame {frame} of X is too far from the fitted frames: its scores "
                "leave the range of float64. Leave it out."
            )
        present = np.broadcast_to(present, scores.shape)
        return scores[:, np.newaxis], present, frames.dtype

    def _check_times(self, recordings):
        """Raise a ValueError unless recordings have the fitted times."""
        n_times = len(self.time_courses_)
        if len(recordings[0]) != n_times:
            raise ValueError(
                f"X has recordings of {len(recordings[0])} observations, but {_NAME} "
                f"was fitted on {n_times}. Observations must be the same moments; cut "
                "or resample the recordings."
            )

    def _compute_signals(self, recordings, present):
        """Compute the signals of recordings, 0 for missing nodes."""
        name = "differential" if self.affinity == "auto" else self.affinity
        compute = AFFINITIES.get(name, name) if isinstance(name, str) else name
        signals = np.zeros((len(recordings), *recordings[0].shape))
        for i, recording in enumerate(recordings):
            kept = recording[:, present[i]]
            computed = read_rows(detach(compute(kept)), f"The signals of sample {i}")
            if computed.shape != kept.shape:
                raise ValueError(
                    f"The signals of sample {i} have shape {computed.shape}; expected "
                    f"{kept.shape}, that of the recording without missing units."
                )
            signals[i][:, present[i]] = computed
        return signals

    def _check_memory(self, n_recordings, n_times, n_nodes):
        """Raise a MemoryError if there is not enough memory for a fit."""
        n_bytes = count_bytes(n_recordings, n_times, n_nodes, self.n_components)
        what = (
            f"{n_recordings:,} recordings of {n_times:,} observations and {n_nodes:,} "
            "nodes"
        )
        remedies = (
            "Its largest arrays are copies of the signals and n_components ** 2 "
            "connectome rows; give fewer nodes, observations or components"
        )
        check_bytes(_NAME, n_bytes, what, remedies)

    def _keep(self, found, affinities, dtype):
        """Set the fitted attributes: factors with mean 1, the largest first."""
        times, weights = found.time_courses, found.weights
        loadings, error = find_loadings(affinities, times, weights)
        normalize(times, loadings, weights)
        # Weights in the unit of the sums, as squares of tiny weights would be 0.
        parts = times, loadings, weights / affinities.unit
        sizes = np.prod([np.linalg.norm(part, axis=1) for part in parts], axis=0)
        order = np.argsort(-sizes, kind="stable")
        self.components_ = _cast(weights[order], dtype)
        self.time_courses_ = _cast(times[order], dtype).T
        self.loadings_ = _cast(loadings[order], dtype).T
        self.pair_counts_ = affinities.pair_counts.astype(np.intp)
        self.reconstruction_err_, self.errors_ = error, found.errors
        self.n_iter_ = len(found.errors)
        self._n_features_out = len(weights)
        self._warn(found, sizes)

    def _warn(self, found, sizes):
        """Warn of what keeps the components from meaning what they should."""
        if not found.converged:
            warn_caller(
                f"{_NAME} did not converge in max_iter={self.max_iter} iterations. "
                "Increase max_iter or tol.",
                ConvergenceWarning,
            )
        if not sizes.all():
            warn_caller(
                f"{np.sum(sizes == 0)} of {len(sizes)} components are empty: fewer "
                "describe the affinities as well. Choose a smaller n_components."
            )
        unknown = np.flatnonzero(self.pair_counts_ == 0)
        if len(unknown) and self.input_kind_ == "samples":
            nodes = check_node_names(
                getattr(self, "feature_names_in_", None), self.n_features_in_
            )
            warn_caller(
                f"No recording has both nodes of {len(unknown)} of "
                f"{len(self.pair_counts_)} pairs, the first "
                f"{name_edges(nodes, unknown[:1])[0]}: their weights are set to 0. "
                "align_units(how='union', min_share=...) keeps the nodes that enough "
                "recordings have."
            )

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _cast(factor, dtype):
    """Return a factor in a dtype that must hold its numbers."""
    with np.errstate(over="ignore", under="ignore"):
        cast = factor.astype(dtype)
    if not np.isfinite(cast).all() or (factor.any() and not cast.any()):
        raise ValueError(
            f"{_NAME} found numbers up to {factor.max():.3g}, which {np.dtype(dtype)} "
            "cannot hold. Give X as float64, or signals of another unit."
        )
    return cast
