"""Functional connectomes: from activations to the edge weights of complete graphs."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from joblib import effective_n_jobs
from sklearn import config_context
from sklearn.utils.validation import check_is_fitted

from sktopo._utils.finite import check_finite_weights
from sktopo._utils.fitting import fitted_copy
from sktopo._utils.memory import check_memory
from sktopo._utils.nodes import (
    check_input_features,
    make_names,
    name_edges,
)
from sktopo._utils.output import StackOutputMixin
from sktopo._utils.parallel import run_parallel
from sktopo._utils.parameters import (
    check_flag,
    check_integer,
    check_n_jobs,
    check_option,
)
from sktopo.connectomes._base import (
    ActivationTransformer,
    has_fitted_width,
    warn_lengths,
)
from sktopo.connectomes._measure import (
    OF_TIME,
    KnownMeasure,
    check_measure,
    find_known,
)
from sktopo.connectomes._missing import MISSING, accepts_nan
from sktopo.connectomes._nodes import NODES
from sktopo.connectomes._pairwise import PAIRWISE, count_pairwise_bytes
from sktopo.connectomes._sample_row import (
    call_known_measure,
    call_own_measure,
    compute_row,
)
from sktopo.connectomes.measures._partial import find_shrinkage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Literal, Self

    from numpy.typing import ArrayLike, NDArray

    from sktopo._typing import FloatArray


class FunctionalConnectome(StackOutputMixin, ActivationTransformer):
    """Relate the units of each sample: one connectome row of edge weights per sample.

    A sample holds the activations of one network, ``(n_observations, n_nodes)``; each
    column is a unit, and a node of the connectome. The row of a sample holds the
    weight of every pair of units, by default the absolute Pearson correlation
    of [1]_. For the connectome of a single recording give ``X[None]``.

    With ``nodes="stimuli"`` the nodes are the rows instead, and two stimuli are related
    by their patterns of activation over the units.

    A table ``(n_frames, n_nodes)`` is accepted too. Each of its frames is then a
    sample, and its row holds the co-fluctuation of every pair: the product of the
    standardised activations. These rows are known as edge time series [2]_.

    Parameters
    ----------
    measure : str or callable, default="correlation"
        What relates two units: the name of a function in
        :mod:`sktopo.connectomes.measures`, or a callable.

        - "correlation": Pearson correlation, clipped to [-1, 1]
        - "spearman": Pearson correlation of the ranks; equal activations have their
          mean rank
        - "partial correlation": correlation given all other units, from the inverse
          of the shrunk covariance of the standardised activations, see `shrinkage`
        - "covariance": divided by n_observations
        - "lagged correlation": the largest correlation over lags of up to one
          observation
        - "coherence", "phase locking value": means over all frequencies
        - a function of that module with parameters of its own, such as
          ``partial(coherence, sampling_rate=128, band=(8, 12))`` with
          :func:`functools.partial`
        - a callable takes activations ``(n_observations, n_nodes)``, which it may
          not write to, and returns a symmetric matrix ``(n_nodes, n_nodes)``

        Frames can be related by "correlation" and "covariance" only.

    nodes : {"units", "stimuli"}, default="units"
        What the nodes are: the columns of a sample, related over its rows, or its rows,
        related over its columns, as in topological representational similarity
        analysis [3]_. With "stimuli" everything that is said of units holds for
        stimuli: `measure` gets the transposed sample, ``(n_units, n_stimuli)``, and
        `constant_units` treats stimuli to which all units respond alike. Samples may
        differ in their number of units. A table of frames is refused. See Notes.

    absolute : bool, default=True
        Whether to take absolute values of the weights. With False, the mean of the
        rows of the fitted frames is their Pearson correlation.

    constant_units : {"zero", "nan", "drop", "raise"}, default="zero"
        What to do with units that never vary ("dead" units). With "zero" their
        weights are 0, and a warning counts these units. With "nan" their weights
        are NaN. With "drop" they are left out of the row of their sample, and so are
        units that are NaN throughout, whatever `missing` is. With "raise" `transform`
        raises a ValueError. For frames, the fitted frames decide which units never
        vary. Callable measures do not get these units.

    missing : {"raise", "drop_nodes", "drop_frames", "pairwise"}, default="raise"
        What to do with NaN in samples; infinity and NaN in frames raise a ValueError.

        - "raise": a ValueError says where the first NaN is
        - "drop_nodes": units that hold NaN are left out of the row of their sample
        - "drop_frames": observations that hold NaN are left out of their sample
        - "pairwise": each pair of units is related over the observations that both
          have, by "correlation", "spearman" or "covariance"

        Units that are NaN throughout count as units that never vary, except with
        "raise", so `constant_units` says what becomes of them.

    min_observations : int, default=10
        The least number of observations that "drop_frames" may leave of a sample, and
        that "pairwise" may find in common to two units. Fewer raise a ValueError.

    shrinkage : {"ledoit-wolf", "oas"}, float or None, default=None
        How much the covariance is shrunk, for ``measure="partial correlation"`` only: a
        number in [0, 1] for all samples, or how it is estimated for each sample. None
        stands for "ledoit-wolf". An estimated shrinkage can differ between groups of
        samples, and then their weights do, see :doc:`/guide/recordings`.

    fisher : bool, default=False
        Whether to replace correlations r by their Fisher z, ``arctanh(r)`` [5]_. Not
        for weights that are not correlations. A correlation of 1 or -1 raises an error.

    n_jobs : int or None, default=None
        Number of samples to work on at once, see :term:`n_jobs`; threads are
        preferred.

    verbose : bool, default=False
        Whether to show a progress bar (needs tqdm).

    Attributes
    ----------
    input_kind_ : {"samples", "ragged samples", "frames"}
        What was fitted. Samples are ragged if they differ in their number of units.

    mean_ : ndarray of shape (n_nodes,)
        Mean of each unit over the fitted frames; only after fitting frames.

    scale_ : ndarray of shape (n_nodes,)
        Standard deviation of each unit over the fitted frames; only after fitting
        frames.

    shrinkage_ : ndarray of shape (n_samples,)
        The shrinkage of each fitted sample; only with
        ``measure="partial correlation"``. NaN if no unit of a sample varies.

    stimulus_names_ : ndarray of shape (n_stimuli,)
        Names of the nodes; only with ``nodes="stimuli"``, if all samples have the same
        number of stimuli. The index of the samples if they are data frames of pandas
        with one index of strings, else stimulus0, stimulus1, ...

    dropped_ : list of dict
        What was left out of each fitted sample: "nodes", an array of their names,
        or of their numbers if there are no names, and "observations", an array of their
        numbers. The only entry is that of all frames, if frames were fitted. Only with
        ``constant_units="drop"`` or another value of `missing` than "raise".

    least_observations_ : ndarray of shape (n_samples,)
        The least number of observations that two units of each fitted sample have in
        common; only with ``missing="pairwise"``.

    n_features_in_ : int
        Number of units, if all samples have the same; not with ``nodes="stimuli"``.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the units, if X was a data frame or a sequence of data frames; not with
        ``nodes="stimuli"``.

    See Also
    --------
    ActivationExtractor : Records activations of networks.
    ClassWise : Relates units over the stimuli of each class.
    RegressConfounds : Removes confounds from recordings first.
    sktopo.connectomes.connectome_rows : Reads matrices that others computed.
    GraphPersistence : Turns connectome rows into barcodes.
    sktopo.connectomes.measures : The measures as functions of one sample.
    sktopo.connectomes.align_units : Gives all recordings the same units.

    Notes
    -----
    The columns of a row stand in the order of
    :func:`scipy.spatial.distance.squareform`. The largest arrays beyond input and
    output are, once per job, one row; up to a third of the matrix ``(n_nodes,
    n_nodes)``, or all of it up to 1,024 nodes, in float64 if there are many
    observations; and a centred copy of up to 2,048 observations. Spearman needs the
    ranks too, a copy of the activations. The other measures and callables need
    whole matrices. If there is not enough memory, `transform` says so before any work.
    Of a callable it knows the result only, a matrix in the dtype of the activations.

    A unit is constant if all its activations are equal, and however little it varies
    otherwise, it is related like any other. A warning says if samples differ in their
    number of observations by more than a tenth, because barcodes depend on it.

    *Nodes that are left out.* A warning of `transform` counts them. If a sample lacks
    nodes, the result is a list of rows, because equal places in them are different
    edges; give it to ``GraphPersistence(n_quantiles=...)``. Barcodes depend on which
    nodes there are, and how many: if groups differ in that, compare only the nodes that
    all samples have, see :func:`sktopo.connectomes.align_units`. Pairwise correlations
    need not form a positive semi-definite matrix, and weights over fewer observations
    have larger errors.

    *Stimuli as nodes.* Patterns are compared as they are, as in representational
    similarity analysis [4]_: with ``absolute=False`` the weights are one minus the
    correlation distances of that method. Units are not centred over the stimuli, so
    what all stimuli have in common makes all of them alike; subtract the mean of each
    unit over the stimuli, ``X - X.mean(axis=1, keepdims=True)``, to leave that out. The
    networks need not have seen the same stimuli.

    References
    ----------
    .. [1] Songdechakraiwut & Wu, "Functional connectomes of neural networks",
       AAAI 2025, arXiv:2412.15279.
    .. [2] Zamani Esfahlani et al., "High-amplitude cofluctuations in cortical
       activity drive functional connectivity", PNAS 117(45), 2020.
    .. [3] Lin & Kriegeskorte, "The topology and geometry of neural representations",
       PNAS 121(42), 2024, arXiv:2309.11028.
    .. [4] Kriegeskorte, Mur & Bandettini, "Representational similarity analysis:
       connecting the branches of systems neuroscience", Frontiers in Systems
       Neuroscience 2:4, 2008.
    .. [5] Fisher, "On the 'probable error' of a coefficient of correlation deduced from
       a small sample", Metron 1, 1921.

    Examples
    --------
    >>> import numpy as np
    >>> from sktopo import FunctionalConnectome
    >>> activations = np.array([[[0, 1, 3], [1, 2, 1], [2, 3, 0], [3, 4, 1]]])
    >>> FunctionalConnectome().fit_transform(activations).round(2)
    array([[1.  , 0.72, 0.72]])

    The graph of the four stimuli, over three units:

    >>> stimuli = FunctionalConnectome(nodes="stimuli", absolute=False)
    >>> stimuli.fit_transform(activations).round(2)
    array([[-0.19, -0.79, -0.79,  0.76,  0.76,  1.  ]])
    """

    _CONSTANT_UNITS: tuple[str, ...] = ("zero", "nan", "drop", "raise")

    def __init__(
        self,
        measure: str | Callable[[FloatArray], ArrayLike] = "correlation",
        *,
        nodes: Literal["units", "stimuli"] = "units",
        absolute: bool = True,
        constant_units: Literal["zero", "nan", "drop", "raise"] = "zero",
        missing: Literal["raise", "drop_nodes", "drop_frames", "pairwise"] = "raise",
        min_observations: int = 10,
        shrinkage: Literal["ledoit-wolf", "oas"] | float | None = None,
        fisher: bool = False,
        n_jobs: int | None = None,
        verbose: bool = False,
    ) -> None:
        self.measure = measure
        self.nodes = nodes
        self.absolute = absolute
        self.constant_units = constant_units
        self.missing = missing
        self.min_observations = min_observations
        self.shrinkage = shrinkage
        self.fisher = fisher
        self.n_jobs = n_jobs
        self.verbose = verbose

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Learn the number of units and, for frames, their mean and deviation.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_observations, n_nodes), sequence of \
                array-like of shape (n_observations, n_nodes), or array-like of \
                shape (n_frames, n_nodes)
            Activations of samples, or frames. The samples of a sequence may differ
            in n_observations and in n_nodes.

        y : None
            Ignored.

        Returns
        -------
        self : FunctionalConnectome
            The fitted transformer.

        Raises
        ------
        ValueError
            If the value of a parameter is unknown, X holds numbers that are not
            finite (or infinity, if `missing` accepts NaN), a sample has, or keeps, too
            few units or observations, X holds symmetric matrices, which are connectomes
            already, or X is a table and ``nodes="stimuli"`` or `missing` accepts NaN.

        TypeError
            If X, or a sample in it, is not an array of numbers.

        MemoryError
            If ``measure="partial correlation"``, and `transform` would raise one.
        """
        with fitted_copy(self) as fitted:
            fitted._check_parameters()
            samples = fitted._learn(X)
            if self.measure == "partial correlation" and samples is not None:
                fitted._learn_shrinkage(X, samples)
        return self

    def transform(self, X: ArrayLike) -> FloatArray | list[FloatArray]:
        """Compute connectome rows.

        Parameters
        ----------
        X : array-like or sequence
            Samples if samples were fitted, frames if frames were.

        Returns
        -------
        connectomes : ndarray of shape (n_samples, n_edges) or list of ndarray
            Connectome rows, float32 if the activations are, else float64; a list of
            1-D rows if the fitted samples differ in their number of nodes, if a sample
            of X has another number, or if nodes are left out of one.

        Raises
        ------
        ValueError
            For the reasons that `fit` raises one, if X is not of the kind that was
            fitted, if frames have another number of units or samples other names of
            as many units, or if weights are not finite numbers.

        TypeError
            If X, or a sample in it, is not an array of numbers.

        MemoryError
            If the rows, and what is needed to compute them, do not fit in the memory
            at hand.
        """
        check_is_fitted(self)
        self._check_parameters()
        samples, frames = self._read(X)
        if samples is None:
            return self._relate_frames(frames)
        return self._relate_samples(X, samples)

    def _check_parameters(self):
        check_option("nodes", self.nodes, NODES)
        check_measure(
            self.measure,
            nodes=self.nodes,
            shrinkage=self.shrinkage,
            fisher=self.fisher,
        )
        check_flag("absolute", self.absolute)
        check_option("constant_units", self.constant_units, self._CONSTANT_UNITS)
        check_option("missing", self.missing, MISSING)
        check_integer("min_observations", self.min_observations, 2)
        check_n_jobs(self.n_jobs)
        check_flag("verbose", self.verbose)
        known = self._find_measure()
        name = None if known is None else known.name
        if self.missing == "drop_frames" and name in OF_TIME:
            raise ValueError(
                "missing='drop_frames' would join observations that are apart in time, "
                f"but measure={name!r} depends on their order. Choose "
                "missing='drop_nodes', or fill the gaps first."
            )
        if self.missing == "pairwise" and name not in PAIRWISE:
            raise ValueError(
                "missing='pairwise' relates each pair of nodes by itself, as "
                f"{', '.join(map(repr, PAIRWISE))} do, but measure={self.measure!r} "
                "takes all nodes together. Choose missing='drop_nodes' or "
                "'drop_frames'."
            )

    def _read_frames(self, X, *, reset):
        if self.fisher:
            raise ValueError(
                "fisher=True transforms correlations, but X is a table, each row one "
                "frame, whose weights are products. Give samples as a 3-D array, or "
                "fisher=False."
            )
        return super()._read_frames(X, reset=reset)

    def _relate_frames(self, X):
        """Compute co-fluctuations of frames: (n_frames, n_edges)."""
        units, constant = getattr(self, "feature_names_in_", None), self.scale_ == 0
        scores = self._score_frames(X)
        if self.constant_units == "drop":
            scores = scores[:, ~constant]
            units = None if units is None else units[~constant]
        n_frames, n_nodes = scores.shape
        # The rows, one factor of theirs, and the indices of edges.
        n_bytes = n_nodes * (n_nodes - 1) // 2 * (2 * n_frames * X.itemsize + 16)
        check_memory("FunctionalConnectome", n_bytes, n_nodes)
        first, second = np.triu_indices(n_nodes, 1)
        with np.errstate(over="ignore", invalid="ignore"):
            rows = scores[:, first]
            rows *= scores[:, second]
        with config_context(assume_finite=False):  # these are not numbers of the user
            check_finite_weights(rows, "Frame {} of X".format, units)
        if self.constant_units == "nan":
            rows[:, constant[first] | constant[second]] = np.nan
        return np.abs(rows, out=rows) if self.absolute else rows

    def _relate_samples(self, X, samples):
        """Compute the connectome row of each sample: an array, or a list if ragged."""
        selections, names = self._select(X, samples)
        self._check_size(samples, selections)
        self._report_constant([selection.constant for selection in selections])
        self._report_dropped(selections, names)
        warn_lengths(
            [selection.n_observations for selection in selections], self._nodes
        )
        known, dtype = self._find_measure(), np.result_type(*samples)
        if known is None:
            call = partial(call_own_measure, self.measure, self._nodes)
        else:
            call = partial(call_known_measure, known, self._nodes)
        computed = run_parallel(
            partial(
                compute_row,
                call,
                np.nan if self.constant_units == "nan" else 0,
                self._takes_parts(),
                self.absolute,
                self.fisher,
                dtype,
            ),
            list(zip(range(len(samples)), samples, selections, names, strict=True)),
            n_jobs=self.n_jobs,
            prefer="threads",
            verbose=self.verbose,
            description="connectomes",
        )
        if not self._has_fitted_edges(samples, selections):
            return list(computed)
        if len(samples) == 1:  # needs no second copy
            return next(iter(computed))[np.newaxis]
        n_nodes = samples[0].shape[1]
        rows = np.empty((len(samples), n_nodes * (n_nodes - 1) // 2), dtype=dtype)
        for sample, row in enumerate(computed):
            rows[sample] = row
            del row  # before the next is computed
        return rows

    def _learn_shrinkage(self, X, samples):
        """Learn how much the covariance of each sample is shrunk."""
        selections, _ = self._select(X, samples)
        self._check_size(samples, selections)
        shrinkage = self._find_measure().parameters["shrinkage"]
        if self._takes_parts():
            pairs = zip(samples, selections, strict=True)
            samples = [selection.take(sample) for sample, selection in pairs]
        self.shrinkage_ = np.array(
            [find_shrinkage(sample, shrinkage) for sample in samples]
        )

    def _find_measure(self):
        """Return the measure as a KnownMeasure, None if it is the user's callable."""
        if self.measure == "partial correlation":
            shrinkage = "ledoit-wolf" if self.shrinkage is None else self.shrinkage
            return KnownMeasure(self.measure, {"shrinkage": shrinkage})
        return find_known(self.measure)

    def _check_size(self, samples, selections):
        """Raise a MemoryError if the rows of samples do not fit in memory."""
        widths = [selection.n_left for selection in selections]
        itemsize = np.result_type(*samples).itemsize
        n_bytes = sorted(itemsize * (width * (width - 1) // 2) for width in widths)
        working = sorted(
            self._count_sample_bytes(*both, itemsize)
            for both in zip(samples, selections, strict=True)
        )
        jobs = min(effective_n_jobs(self.n_jobs), len(samples))
        needed = sum(n_bytes) + sum(working[-jobs:])
        if len(samples) > 1 and self._has_fitted_edges(samples, selections):
            # Rows are copied into one array, and joblib keeps one until the next.
            needed += sum(n_bytes[-max(jobs, 2) :])
        remedies = self._nodes.remedies
        check_memory("FunctionalConnectome", needed, max(widths), *remedies)

    def _has_fitted_edges(self, samples, selections):
        """Return whether all samples have the nodes that were fitted, none left out."""
        return has_fitted_width(self, samples) and not any(
            selection.dropped.any() for selection in selections
        )

    def _takes_parts(self):
        """Return whether measures get no node that never varies or is left out."""
        return self._find_measure() is None or accepts_nan(self)

    def _count_working_bytes(self, n_observations, n_nodes, itemsize):
        """Count the bytes that the measure of one sample needs beyond its row."""
        known = self._find_measure()
        if known is None:
            # Its matrix and, to compare both triangles, its transpose and one of them.
            return 5 * itemsize * n_nodes**2 // 2
        return known.count_working_bytes(n_observations, n_nodes, itemsize)

    def _count_sample_bytes(self, sample, selection, itemsize):
        """Count the bytes that one sample needs beyond its row."""
        if not self._takes_parts():
            return self._count_working_bytes(*sample.shape, itemsize)
        n_observations = selection.n_observations
        n_nodes, n_bytes = int(selection.related.sum()), 0
        if n_observations < len(sample) or n_nodes < sample.shape[1]:
            n_bytes += itemsize * n_observations * n_nodes
        if n_nodes < selection.n_left:  # their row, and a mask of all edges twice
            n_bytes += itemsize * (n_nodes * (n_nodes - 1) // 2) + selection.n_left**2
        if selection.least is not None:
            return n_bytes + count_pairwise_bytes(n_observations, n_nodes, itemsize)
        return n_bytes + self._count_working_bytes(n_observations, n_nodes, itemsize)

    def get_feature_names_out(
        self, input_features: ArrayLike | None = None
    ) -> NDArray[np.object_] | Sequence[str]:
        """Name the edges by the nodes they join.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the units. If None, `feature_names_in_`, else x0, x1, ... With
            ``nodes="stimuli"`` they are ignored, and edges have `stimulus_names_`.

        Returns
        -------
        names : ndarray of str, or sequence of str
            ``"a--b"`` for the edge between nodes a and b. More than 65,536 names are
            made only when they are read; ``numpy.asarray`` makes all.

        Raises
        ------
        ValueError
            If the number of names is not the number of units, the fitted samples
            differ in their number of nodes, or nodes are left out of one.
        """
        check_is_fitted(self)
        n_nodes = self._nodes.count(self)
        if n_nodes is None:
            raise ValueError(
                f"The fitted samples differ in their number of {self._nodes.some}, so "
                "their edges have no common names."
            )
        check_input_features(input_features)
        names = self._nodes.make_names(self, input_features)
        if self.constant_units == "drop" and self.input_kind_ == "frames":
            names = names[self.scale_ > 0]
            n_nodes = len(names)
        elif any(len(dropped["nodes"]) for dropped in getattr(self, "dropped_", ())):
            raise ValueError(
                f"Different {self._nodes.some} may be left out of each sample, see "
                "dropped_, so edges have no common names."
            )
        return make_names(n_nodes * (n_nodes - 1) // 2, partial(name_edges, names))
