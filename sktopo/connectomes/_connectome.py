"""Functional connectomes: from activations to the edge weights of complete graphs."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial.distance import squareform
from scipy.stats import rankdata
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.covariance import LedoitWolf
from sklearn.utils import check_array
from sklearn.utils.validation import check_is_fitted, validate_data

from sktopo._utils.output import StackOutputMixin
from sktopo._utils.parallel import run_parallel
from sktopo._utils.parameters import check_flag, check_option, reset_fitted_attributes
from sktopo._utils.samples import (
    FLOATS,
    check_samples,
    check_units,
    is_stack,
    upper_triangle,
)

if TYPE_CHECKING:
    from typing import Any, Literal, Self

    from numpy.typing import ArrayLike, NDArray
    from sklearn.utils import Tags

    from sktopo._typing import BoolArray, FloatArray, Measure

# One observation in this many tells whether units have small means: squares at most
# _SMALL times the variance, so that taking them off sums costs no more than a digit.
_SPARSE = 16
_SMALL = 4
_MEASURES = ("correlation", "spearman", "partial correlation", "covariance")


class FunctionalConnectome(StackOutputMixin, TransformerMixin, BaseEstimator):
    """Relate the units of each sample: one connectome row of edge weights per sample.

    A sample is the activations of one network, ``(n_observations, n_nodes)``; its
    row holds the weight of every pair of units, by default the absolute Pearson
    correlation of [1]_. Given a table of single frames instead, ``(n_frames,
    n_nodes)``, each frame is a sample: its row is the co-fluctuation of every pair,
    the product of the standardised activations, known as edge time series [2]_. For
    the connectome of one recording give ``X[None]``, observations first.

    Parameters
    ----------
    measure : {"correlation", "spearman", "partial correlation", "covariance"} or \
            callable, default="correlation"
        What relates two units.

        - "correlation": Pearson, clipped to [-1, 1]
        - "spearman": Pearson correlation of the ranks, ties at their mean rank
        - "partial correlation": given all other units, from the inverse of the
          Ledoit-Wolf shrunk covariance of the standardised activations
        - "covariance": divided by n_observations
        - a callable takes activations ``(n_observations, n_nodes)``, which it may
          not write to, and returns a symmetric matrix ``(n_nodes, n_nodes)``

        Frames can be related by "correlation" and "covariance" only.

    absolute : bool, default=True
        Whether to take absolute values of the weights. With False, the mean of the
        rows of the fitted frames is their Pearson correlation.

    constant_units : {"zero", "nan", "raise"}, default="zero"
        What the weights of a unit that never varies (a dead unit) are: 0, with one
        warning that counts such units; NaN; or a ValueError in `transform`. Frames
        are judged in `fit`, by what varied there. A callable measure sees to this
        itself.

    n_jobs : int or None, default=None
        Number of samples to work on at once, see :term:`n_jobs`; threads are
        preferred.

    verbose : bool, default=False
        Whether to show a progress bar (needs tqdm).

    Attributes
    ----------
    input_kind_ : {"samples", "ragged samples", "frames"}
        What was fitted; samples are ragged if they differ in their number of units.

    mean_ : ndarray of shape (n_nodes,)
        Mean of each unit over the fitted frames; only after fitting frames.

    scale_ : ndarray of shape (n_nodes,)
        Standard deviation of each unit over the fitted frames; only after fitting
        frames.

    n_features_in_ : int
        Number of units, if all samples have the same.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the units, if X was a data frame or a sequence of data frames.

    See Also
    --------
    ActivationExtractor : Records activations of networks.
    GraphPersistence : Turns connectome rows into barcodes.

    Notes
    -----
    The columns of a row stand in the order of
    :func:`scipy.spatial.distance.squareform`. Beyond input and output, memory holds
    one or two matrices ``(n_nodes, n_nodes)`` of one sample per job and, where means
    are large against deviations, a centred copy of its activations.

    References
    ----------
    .. [1] Songdechakraiwut & Wu, "Functional connectomes of neural networks",
       AAAI 2025, arXiv:2412.15279.
    .. [2] Zamani Esfahlani et al., "High-amplitude cofluctuations in cortical
       activity drive functional connectivity", PNAS 117(45), 2020.

    Examples
    --------
    >>> import numpy as np
    >>> from sktopo import FunctionalConnectome
    >>> activations = np.array([[[0, 1, 3], [1, 2, 1], [2, 3, 0], [3, 4, 1]]])
    >>> FunctionalConnectome().fit_transform(activations).round(2)
    array([[1.  , 0.72, 0.72]])
    """

    def __init__(
        self,
        measure: Measure = "correlation",
        *,
        absolute: bool = True,
        constant_units: Literal["zero", "nan", "raise"] = "zero",
        n_jobs: int | None = None,
        verbose: bool = False,
    ) -> None:
        self.measure = measure
        self.absolute = absolute
        self.constant_units = constant_units
        self.n_jobs = n_jobs
        self.verbose = verbose

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Learn the number of units and, of frames, their mean and deviation.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_observations, n_nodes), sequence of \
                array-like of shape (n_observations, n_nodes), or array-like of \
                shape (n_frames, n_nodes)
            Activations of samples, or frames. In a sequence n_observations may
            differ, and n_nodes too.

        y : None
            Ignored.

        Returns
        -------
        self : FunctionalConnectome
            The fitted transformer.

        Raises
        ------
        ValueError
            If a parameter is unknown, X holds numbers that are not finite, or there
            are fewer than two units or two observations.
        """
        self._check_parameters()
        reset_fitted_attributes(self)
        if is_stack(X):
            widths = {sample.shape[1] for sample in _check_observed(X)}
            if len(widths) == 1:
                check_units(self, X, reset=True)
            self.input_kind_ = "samples" if len(widths) == 1 else "ragged samples"
            return self
        if self.measure not in ("correlation", "covariance"):
            raise ValueError(
                f"measure={self.measure!r} relates units over many observations, but "
                "X is a table, each row one frame. Give samples as a 3-D array, or use "
                "measure='correlation' or 'covariance'."
            )
        X = validate_data(self, X, dtype=FLOATS, ensure_min_samples=2)
        _check_n_units(X.shape[1])
        constant = (X == X[0]).all(axis=0)
        self._report_constant([constant])
        largest = _largest(X)
        scaled = X / largest
        self.mean_ = largest * scaled.mean(axis=0, dtype=np.float64)
        self.scale_ = largest * scaled.std(axis=0, dtype=np.float64)
        self.scale_[constant] = 0
        self.input_kind_ = "frames"
        return self

    def transform(self, X: ArrayLike) -> FloatArray | list[FloatArray]:
        """Compute connectome rows.

        Parameters
        ----------
        X : array-like or sequence
            Samples or frames, whichever were fitted.

        Returns
        -------
        connectomes : ndarray of shape (n_samples, n_edges) or list of ndarray
            Connectome rows, float32 or float64 as the activations; a list of 1-D
            rows if the fitted samples differ in their number of units.

        Raises
        ------
        ValueError
            As `fit`, or if X does not fit what was fitted.
        """
        check_is_fitted(self)
        given = "samples" if is_stack(X) else "frames"
        if given not in self.input_kind_:
            raise ValueError(
                f"X holds {given}, but FunctionalConnectome was fitted on "
                f"{self.input_kind_}; give the same kind (samples are 3-D, frames 2-D)."
            )
        return self._relate_frames(X) if given == "frames" else self._relate_samples(X)

    def _check_parameters(self) -> None:
        if not callable(self.measure):
            check_option("measure", self.measure, _MEASURES)
        check_flag("absolute", self.absolute)
        check_option("constant_units", self.constant_units, ("zero", "nan", "raise"))
        check_flag("verbose", self.verbose)

    def _relate_frames(self, X: ArrayLike) -> FloatArray:
        X = validate_data(self, X, dtype=FLOATS, reset=False)
        constant = self.scale_ == 0
        scores = X - self.mean_
        if self.measure == "correlation":
            scores /= np.where(constant, 1, self.scale_)
        scores = scores.astype(X.dtype, copy=False)
        scores[:, constant] = np.nan if self.constant_units == "nan" else 0
        first, second = np.triu_indices(X.shape[1], 1)
        rows = scores[:, first]
        rows *= scores[:, second]
        return np.abs(rows, out=rows) if self.absolute else rows

    def _relate_samples(self, X: ArrayLike) -> FloatArray | list[FloatArray]:
        samples = _check_observed(X)
        if self.input_kind_ == "samples":
            check_units(self, X, reset=False)
        fill = np.nan if self.constant_units == "nan" else 0
        related = run_parallel(
            _relate_units,
            [(sample, self.measure, self.absolute, fill) for sample in samples],
            n_jobs=self.n_jobs,
            prefer="threads",
            verbose=self.verbose,
            description="connectomes",
        )
        dtype = np.result_type(*samples)
        if self.input_kind_ == "ragged samples":
            rows: Any = [None] * len(samples)
        else:
            n_edges = self.n_features_in_ * (self.n_features_in_ - 1) // 2
            rows = np.empty((len(samples), n_edges), dtype=dtype)
        constant = []
        for sample, (row, is_constant) in enumerate(related):
            rows[sample] = row.astype(dtype, copy=False)
            constant.append(is_constant)
        self._report_constant(constant)
        return rows

    def _report_constant(self, constant: list[BoolArray]) -> None:
        """Raise or warn, once, if units are constant; a mask for each sample."""
        counts = np.array([mask.sum() for mask in constant])
        if not counts.any():
            return
        found = (
            f"{counts.sum()} constant unit(s) in {np.count_nonzero(counts)} of "
            f"{len(counts)} sample(s), the first in sample {counts.nonzero()[0][0]}"
        )
        if self.constant_units == "raise":
            raise ValueError(f"{found}. Remove them, or choose constant_units='zero'.")
        if self.constant_units == "zero":
            warnings.warn(
                f"{found}: their weights are set to 0. Pass constant_units='nan' or "
                "'raise' to treat them otherwise.",
                stacklevel=3,
            )

    def get_feature_names_out(
        self, input_features: ArrayLike | None = None
    ) -> NDArray[np.object_]:
        """Name the edges by the units they join.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the units. If None, `feature_names_in_`, else x0, x1, ...

        Returns
        -------
        names : ndarray of str
            ``"a--b"`` for the edge between units a and b.

        Raises
        ------
        ValueError
            If the number of names is not the number of units, or the fitted samples
            differ in their number of units.
        """
        check_is_fitted(self)
        if not hasattr(self, "n_features_in_"):
            raise ValueError(
                "The fitted samples differ in their number of units, so their edges "
                "have no common names."
            )
        units = OneToOneFeatureMixin.get_feature_names_out(self, input_features)
        pairs = zip(*np.triu_indices(len(units), 1), strict=True)
        return np.array([f"{units[i]}--{units[j]}" for i, j in pairs], dtype=object)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _check_observed(X: ArrayLike) -> FloatArray | list[FloatArray]:
    """Validate samples and raise unless each has two observations and two units."""
    samples = check_samples(X)
    shortest = min(len(sample) for sample in samples)
    if shortest < 2:
        raise ValueError(
            f"Found a sample with {shortest} observation(s) while a minimum of 2 is "
            "required: nothing can be correlated over fewer."
        )
    _check_n_units(min(sample.shape[1] for sample in samples))
    return samples


def _check_n_units(n_units: int) -> None:
    if n_units < 2:
        raise ValueError(
            f"Found {n_units} unit(s) (n_features = {n_units}) while a minimum of 2 is "
            "required: a connectome relates pairs of units."
        )


def _relate_units(
    activations: FloatArray, measure: Measure, absolute: bool, fill: float
) -> tuple[FloatArray, BoolArray]:
    """Compute the connectome row of one sample, and a mask of constant units."""
    matrix, constant = _relate(activations, measure)
    if constant.any():
        matrix[constant] = fill
        matrix[:, constant] = fill
    row = squareform(matrix, checks=False)
    return np.abs(row, out=row) if absolute else row, constant


def _relate(activations: FloatArray, measure: Measure) -> tuple[FloatArray, BoolArray]:
    """Relate the units of one sample; the matrix and a mask of constant units."""
    if callable(measure):
        shown = activations.view()
        shown.flags.writeable = False  # the caller's data, perhaps
        matrix = _check_matrix(measure(shown), activations)
        return matrix, np.zeros(len(matrix), dtype=bool)
    if measure == "spearman":
        activations = rankdata(activations, axis=0)
    products, squares, constant = _cross_products(activations)
    if measure == "covariance":
        if not np.isfinite(products).all():
            raise ValueError(
                f"The covariance overflows {products.dtype}; scale the activations "
                "down, or give them as float64."
            )
        products /= len(activations)
        return products, constant
    if measure == "partial correlation":
        return _partial_correlation(activations, constant), constant
    if not _in_range(squares[~constant]):
        products, squares, _ = _cross_products(activations / _largest(activations))
    root = np.sqrt(np.where(constant, 1, squares))
    products /= root
    products /= root[:, None]
    return np.clip(products, -1, 1, out=products), constant


def _cross_products(
    activations: FloatArray,
) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Sum the products of centred units: (n_nodes, n_nodes), its diagonal, a mask.

    The mask marks units that never vary.
    """
    some = activations[::_SPARSE]
    mean, n_observations = some.mean(axis=0), len(activations)
    with np.errstate(over="ignore", invalid="ignore"):
        small = np.all(mean**2 <= _SMALL * some.var(axis=0))
        if small:
            # Units of small mean need no copy: their mean comes off the products.
            products, mean = _products(activations)
            squares = products.diagonal()
            # Unless the mean of some was not that of all.
            small = np.all(n_observations * mean**2 <= 4 * _SMALL * squares)
        if not small:
            # A rest of the mean is small: some have their part in the variance.
            products, rest = _products(activations - mean)
            mean, squares = mean + rest, products.diagonal()
        # Rounding leaves a constant unit a little variance, so those of little
        # variance are looked at one by one.
        level = n_observations * np.finfo(activations.dtype).eps
        doubtful = np.flatnonzero(~(squares > level * mean**2))
    constant = np.zeros(len(mean), dtype=bool)
    constant[doubtful] = (activations[:, doubtful] == activations[0, doubtful]).all(0)
    return products, squares.copy(), constant


def _products(activations: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Sum the products of units less their mean, which is the second result."""
    sums = np.ones(len(activations), activations.dtype) @ activations
    mean = sums / len(activations)
    products = activations.T @ activations
    products -= np.outer(sums, mean)
    return products, mean


def _largest(activations: FloatArray) -> FloatArray:
    """Find the largest absolute value of each unit; 1 for a unit of zeros."""
    largest = np.abs(activations).max(axis=0)
    return np.where(largest == 0, 1, largest)


def _in_range(squares: FloatArray) -> bool:
    """Tell whether squares neither overflowed nor lost digits to underflow."""
    limits = np.finfo(squares.dtype)
    return bool(np.all((squares > limits.tiny / limits.eps) & (squares < np.inf)))


def _partial_correlation(activations: FloatArray, constant: BoolArray) -> FloatArray:
    """Relate pairs given all other units, by the shrunk inverse covariance."""
    partial = np.zeros(2 * constant.shape, dtype=activations.dtype)
    varying = np.flatnonzero(~constant)
    if len(varying) > 1:
        scores = activations[:, varying].astype(np.float64)
        scores /= _largest(scores)
        scores -= scores.mean(axis=0)
        scores /= scores.std(axis=0)
        precision = LedoitWolf(assume_centered=True).fit(scores).precision_
        root = np.sqrt(precision.diagonal())
        partial[np.ix_(varying, varying)] = np.clip(
            -precision / np.outer(root, root), -1, 1
        )
    return partial


def _check_matrix(matrix: ArrayLike, activations: FloatArray) -> FloatArray:
    """Validate what a callable measure returned."""
    n_nodes = activations.shape[1]
    if np.shape(matrix) != (n_nodes, n_nodes):
        raise ValueError(
            f"The measure returned shape {np.shape(matrix)} for {n_nodes} units; "
            f"expected {(n_nodes, n_nodes)}."
        )
    matrix = check_array(matrix, dtype=FLOATS, copy=True, input_name="measure(X)")
    upper_triangle(matrix, "The matrix that the measure returned")
    return matrix
