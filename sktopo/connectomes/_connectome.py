"""Functional connectomes: from activations to the edge weights of complete graphs."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from joblib import effective_n_jobs
from sklearn import config_context
from sklearn.utils import check_array
from sklearn.utils.validation import check_is_fitted

from sktopo._utils.finite import check_finite_weights
from sktopo._utils.fitting import fitted_copy
from sktopo._utils.matrices import upper_triangle
from sktopo._utils.memory import check_memory
from sktopo._utils.nodes import (
    check_input_features,
    find_edges,
    make_names,
    name_edges,
)
from sktopo._utils.output import StackOutputMixin
from sktopo._utils.parallel import run_parallel
from sktopo._utils.parameters import (
    check_flag,
    check_n_jobs,
    check_option,
)
from sktopo._utils.samples import (
    FLOATS,
    detach,
    name_errors,
)
from sktopo.connectomes._base import (
    ActivationTransformer,
    has_fitted_width,
    warn_lengths,
)
from sktopo.connectomes._measure import (
    KnownMeasure,
    check_measure,
    find_known,
    transform_fisher,
)
from sktopo.connectomes._nodes import NODES
from sktopo.connectomes._units import find_constant_units
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

    constant_units : {"zero", "nan", "raise"}, default="zero"
        What to do with units that never vary ("dead" units). With "zero" their
        weights are 0, and a warning counts these units. With "nan" their weights
        are NaN. With "raise" `transform` raises a ValueError. For frames, the fitted
        frames decide which units never vary. The result of a callable measure is
        used as it is.

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

    _CONSTANT_UNITS: tuple[str, ...] = ("zero", "nan", "raise")

    def __init__(
        self,
        measure: str | Callable[[FloatArray], ArrayLike] = "correlation",
        *,
        nodes: Literal["units", "stimuli"] = "units",
        absolute: bool = True,
        constant_units: Literal["zero", "nan", "raise"] = "zero",
        shrinkage: Literal["ledoit-wolf", "oas"] | float | None = None,
        fisher: bool = False,
        n_jobs: int | None = None,
        verbose: bool = False,
    ) -> None:
        self.measure = measure
        self.nodes = nodes
        self.absolute = absolute
        self.constant_units = constant_units
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
            finite, a sample has fewer than two units or two observations, X holds
            symmetric matrices, which are connectomes already, or X is a table and
            ``nodes="stimuli"``.

        TypeError
            If X, or a sample in it, is not an array of numbers.

        MemoryError
            If ``measure="partial correlation"``, and `transform` would raise one.
        """
        with fitted_copy(self) as fitted:
            fitted._check_parameters()
            samples = fitted._learn(X)
            if self.measure == "partial correlation":
                fitted._check_size(samples)
                shrinkage = fitted._find_measure().parameters["shrinkage"]
                fitted.shrinkage_ = np.array(
                    [find_shrinkage(sample, shrinkage) for sample in samples]
                )
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
            1-D rows if the fitted samples differ in their number of nodes, or if a
            sample of X has another number.

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
        return self._relate_samples(samples)

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
        check_n_jobs(self.n_jobs)
        check_flag("verbose", self.verbose)

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
        n_frames, n_nodes = X.shape
        # The rows, one factor of theirs, and the indices of edges.
        n_bytes = n_nodes * (n_nodes - 1) // 2 * (2 * n_frames * X.itemsize + 16)
        check_memory("FunctionalConnectome", n_bytes, n_nodes)
        scores = self._score_frames(X)
        first, second = np.triu_indices(X.shape[1], 1)
        with np.errstate(over="ignore", invalid="ignore"):
            rows = scores[:, first]
            rows *= scores[:, second]
        units = getattr(self, "feature_names_in_", None)
        with config_context(assume_finite=False):  # these are not numbers of the user
            check_finite_weights(rows, "Frame {} of X".format, units)
        if self.constant_units == "nan":
            constant = self.scale_ == 0
            rows[:, constant[first] | constant[second]] = np.nan
        return np.abs(rows, out=rows) if self.absolute else rows

    def _relate_samples(self, samples):
        """Compute the connectome row of each sample: an array, or a list if ragged."""
        self._check_size(samples)
        known = self._find_measure()
        if known is None:
            measure = partial(_call_own_measure, self.measure, self._nodes)
            constant = [np.zeros(sample.shape[1], dtype=bool) for sample in samples]
        else:
            measure = partial(_call_known_measure, known, self._nodes)
            constant = [find_constant_units(sample) for sample in samples]
        self._report_constant(constant)
        warn_lengths(samples, self._nodes)
        is_fitted_width = has_fitted_width(self, samples)
        names = self._nodes.read_names(self) if is_fitted_width else None
        dtype = np.result_type(*samples)
        fill = np.nan if self.constant_units == "nan" else 0
        computed = run_parallel(
            partial(
                _compute_row, measure, self.absolute, self.fisher, fill, dtype, names
            ),
            list(zip(range(len(samples)), samples, constant, strict=True)),
            n_jobs=self.n_jobs,
            prefer="threads",
            verbose=self.verbose,
            description="connectomes",
        )
        if not is_fitted_width:
            return list(computed)
        if len(samples) == 1:  # needs no second copy
            return next(iter(computed))[np.newaxis]
        n_nodes = samples[0].shape[1]
        rows = np.empty((len(samples), n_nodes * (n_nodes - 1) // 2), dtype=dtype)
        for sample, row in enumerate(computed):
            rows[sample] = row
            del row  # before the next is computed
        return rows

    def _find_measure(self):
        """Return the measure as a KnownMeasure, None if it is the user's callable."""
        if self.measure == "partial correlation":
            shrinkage = "ledoit-wolf" if self.shrinkage is None else self.shrinkage
            return KnownMeasure(self.measure, {"shrinkage": shrinkage})
        return find_known(self.measure)

    def _check_size(self, samples):
        """Raise a MemoryError if the rows of samples do not fit in memory."""
        widths = [sample.shape[1] for sample in samples]
        itemsize = np.result_type(*samples).itemsize
        n_bytes = sorted(itemsize * (width * (width - 1) // 2) for width in widths)
        working = sorted(
            self._count_working_bytes(*sample.shape, itemsize) for sample in samples
        )
        jobs = min(effective_n_jobs(self.n_jobs), len(samples))
        needed = sum(n_bytes) + sum(working[-jobs:])
        if len(samples) > 1 and has_fitted_width(self, samples):
            # Rows are copied into one array, and joblib keeps one until the next.
            needed += sum(n_bytes[-max(jobs, 2) :])
        remedies = self._nodes.remedies
        check_memory("FunctionalConnectome", needed, max(widths), *remedies)

    def _count_working_bytes(self, n_observations, n_nodes, itemsize):
        """Count the bytes that the measure of one sample needs beyond its row."""
        known = self._find_measure()
        if known is None:
            # Its matrix and, to compare both triangles, its transpose and one of them.
            return 5 * itemsize * n_nodes**2 // 2
        return known.count_working_bytes(n_observations, n_nodes, itemsize)

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
            If the number of names is not the number of units, or the fitted samples
            differ in their number of nodes.
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
        return make_names(n_nodes * (n_nodes - 1) // 2, partial(name_edges, names))


def _compute_row(
    measure, absolute, fisher, fill, dtype, names, index, activations, constant
):
    """Compute the connectome row of one sample, whose columns are the nodes.

    `fill` becomes the weight of the nodes that `constant`, a mask (n_nodes,), marks.
    """
    name = f"Sample {index} of X"
    row = measure(activations, name, names)
    edges = [find_edges(node, len(constant)) for node in np.flatnonzero(constant)]
    for positions in edges:
        row[positions] = 0
    size, given = max(row.max(), -row.min()), row.dtype
    with np.errstate(over="ignore"):
        row = row.astype(dtype, copy=False)
    with config_context(assume_finite=False):  # these are not numbers of the user
        check_finite_weights(row, name, names)
    if size > 0 and row.dtype != given and size < np.finfo(dtype).tiny:
        raise ValueError(
            f"{name}: the largest weight, {size:.3g}, is too small for {dtype}; give "
            "the activations as float64."
        )
    if fisher:
        transform_fisher(row, name, names)
    for positions in edges:
        row[positions] = fill
    return np.abs(row, out=row) if absolute else row


def _call_known_measure(measure, nodes, activations, name, names):
    """Compute the connectome row of activations that were validated before."""
    with config_context(assume_finite=True):
        try:
            return measure.compute_row(activations)
        except ValueError as error:
            raise ValueError(f"{name}: {nodes.reword(str(error))}") from error


def _call_own_measure(measure, nodes, activations, name, names):
    """Call a measure given by the user and return the upper triangle of its matrix."""
    read_only = activations.view()
    read_only.flags.writeable = False  # it may be the array of the caller
    result, n_nodes = detach(measure(read_only)), activations.shape[1]
    with name_errors(f"{name}: the measure did not return a matrix of numbers"):
        if np.shape(result) != (n_nodes, n_nodes):
            raise ValueError(
                f"got {type(result).__name__} of shape {np.shape(result)} for "
                f"{n_nodes} {nodes.some}; expected {(n_nodes, n_nodes)}."
            )
        matrix = check_array(result, dtype=FLOATS, ensure_all_finite=False)
    with config_context(assume_finite=False):
        return upper_triangle(
            matrix, f"{name}: the matrix that the measure returned", names
        )
