"""What estimators that take activations share: reading them, and fitting frames."""

from __future__ import annotations

import numpy as np
from sklearn.base import TransformerMixin

from sktopo._utils.base import BaseEstimator
from sktopo._utils.caller import warn_caller
from sktopo._utils.nodes import find_layers
from sktopo._utils.samples import ANY_SIZE, check_units, detach, validate_table
from sktopo.connectomes._inputs import read_samples, refuse_matrices
from sktopo.connectomes._missing import (
    Selection,
    accepts_nan,
    check_left,
    describe_dropped,
    list_dropped,
    select,
)
from sktopo.connectomes._nodes import NODES
from sktopo.connectomes._units import find_constant_units, standardize

# Number of layers that a warning lists.
_MOST_LAYERS = 5


class ActivationTransformer(TransformerMixin, BaseEstimator):
    """Base class of transformers of activations: samples, or frames of one table.

    Subclasses have the parameters `measure` and `constant_units`, and may have `nodes`
    and `missing`.
    """

    nodes, missing, min_observations = "units", "raise", 2
    # What `constant_units` can be.
    _CONSTANT_UNITS: tuple[str, ...] = ("zero", "drop", "raise")

    def _learn(self, X):
        """Learn the number of nodes and, for frames, their mean and deviation."""
        self._nodes = NODES[self.nodes]
        samples = read_samples(X, self._nodes, allow_nan=accepts_nan(self))
        if samples is None:
            self._fit_frames(X)
        else:
            same_width = len({sample.shape[1] for sample in samples}) == 1
            if same_width:
                self._nodes.learn(self, X, samples)
            self.input_kind_ = "samples" if same_width else "ragged samples"
            if accepts_nan(self):
                selections, names = self._select(X, samples)
                self.dropped_ = list_dropped(selections, names)
                least = [
                    len(sample) if selection.least is None else selection.least
                    for sample, selection in zip(samples, selections, strict=True)
                ]
                if self.missing == "pairwise":
                    self.least_observations_ = np.array(least)
        return samples

    def _read(self, X):
        """Return the samples in X, or None and the frames, of the kind fitted."""
        samples = read_samples(X, self._nodes, allow_nan=accepts_nan(self))
        check_fitted_kind(self, samples)
        if samples is None:
            return None, self._read_frames(X, reset=False)
        if has_fitted_width(self, samples):
            self._nodes.check(self, X, samples)
        return samples, None

    def _fit_frames(self, X):
        """Learn the mean and the deviation of each unit over frames."""
        X = self._read_frames(X, reset=True)
        constant = find_constant_units(X)
        self._report_constant([constant])
        if self.constant_units == "drop":
            selection = Selection(constant, constant, np.zeros(len(X), dtype=bool))
            check_left(selection, "X", self._nodes)
            names = [self._nodes.read_names(self)]
            self._report_dropped([selection], names)
            self.dropped_ = list_dropped([selection], names)
        _, self.mean_, self._mean_remainder, self.scale_ = standardize(X)
        self.scale_[constant] = 0
        largest, limits = self.scale_.max(), np.finfo(X.dtype)
        in_range = np.sqrt(limits.tiny) <= largest <= np.sqrt(limits.max)
        if self.measure == "covariance" and largest > 0 and not in_range:
            raise ValueError(
                f"X has units of a standard deviation up to {largest:.3g}, whose "
                f"products {limits.dtype} cannot hold. Scale X, or use "
                "measure='correlation'."
            )
        self.input_kind_ = "frames"

    def _read_frames(self, X, *, reset):
        """Return a table of frames as a finite array of floats (n_frames, n_nodes)."""
        if self.missing != "raise":
            raise ValueError(
                f"missing={self.missing!r} applies to samples, but X is a table, each "
                "row one frame. Leave out its rows or columns that hold NaN, and use "
                "missing='raise'."
            )
        if self.measure not in ("correlation", "covariance"):
            raise ValueError(
                f"measure={self.measure!r} relates units over many observations, but "
                "X is a table, each row one frame. Give samples as a 3-D array, or use "
                "measure='correlation' or 'covariance'."
            )
        return read_frames(self, X, reset=reset)

    def _select(self, X, samples):
        """Return the Selection of each sample in X, and the names of its nodes."""
        names = self._nodes.list_names(self, X, samples)
        selections = [
            select(
                sample,
                f"Sample {i} of X",
                self._nodes,
                names[i],
                missing=self.missing,
                min_observations=self.min_observations,
                drop_constant=self.constant_units == "drop",
            )
            for i, sample in enumerate(samples)
        ]
        return selections, names

    def _report_dropped(self, selections, names):
        """Warn once if anything is left out of samples."""
        found = describe_dropped(selections, self._nodes, names)
        if not found:
            return
        n_left = {selection.n_left for selection in selections}
        if len(n_left) > 1:
            found += (
                f" There are {min(n_left)} to {max(n_left)} {self._nodes.some} left, "
                "and barcodes depend on that number."
            )
        warn_caller(found)

    def _score_frames(self, X):
        """Standardise frames, whose products are their co-fluctuations."""
        constant = self.scale_ == 0
        with np.errstate(over="ignore", invalid="ignore"):
            scores = X - self.mean_
            scores -= self._mean_remainder
            if self.measure == "correlation":
                scores /= np.where(constant, 1, self.scale_)
            scores = scores.astype(X.dtype, copy=False)
        scores[:, constant] = 0
        return scores

    def _report_constant(self, constant):
        """Raise or warn once if there are constant nodes; one mask for each sample."""
        counts = np.array([mask.sum() for mask in constant])
        if not counts.any() or self.constant_units in ("nan", "drop"):
            return
        sample = counts.nonzero()[0][0]
        node = constant[sample].nonzero()[0][0]
        names = self._nodes.read_names(self)
        if names is not None and {len(mask) for mask in constant} != {len(names)}:
            names = None  # these are not the nodes that were fitted
        found = (
            f"{counts.sum()} constant {self._nodes.counted} in "
            f"{np.count_nonzero(counts)} of {len(counts)} sample(s), the first "
            f"{self._nodes.describe(node, names)} in sample {sample}"
            f"{_count_by_layer(constant, names)}"
        )
        if self.constant_units == "raise":
            raise ValueError(f"{found}. Remove them, or choose constant_units='zero'.")
        *others, last = map(repr, self._CONSTANT_UNITS[1:])
        warn_caller(
            f"{found}: their weights are set to 0. Pass constant_units="
            f"{', '.join(others)} or {last} to treat them otherwise."
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = self.missing != "raise"
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def read_frames(estimator, X, *, reset):
    """Return a table of frames, whose width and columns the estimator learns."""
    least = dict.fromkeys(ANY_SIZE, 2 if reset else 1)
    frames = validate_table(
        estimator, detach(X), reset=reset, words=("frame", "unit"), **least
    )
    refuse_matrices([frames])
    return frames


def check_fitted_kind(estimator, samples):
    """Raise a ValueError unless what X holds is of the kind fitted.

    `samples` is None for frames.
    """
    given = "frames" if samples is None else "samples"
    if given not in estimator.input_kind_:
        raise ValueError(
            f"X holds {given}, but {type(estimator).__name__} was fitted on "
            f"{estimator.input_kind_}; give the same kind (samples are 3-D, frames "
            "2-D)."
        )


def read_fitted_samples(estimator, X):
    """Return the samples in X, or None if it is a table of frames, of the kind fitted.

    Samples of the fitted width are held against the columns fitted.
    """
    samples = read_samples(X)
    check_fitted_kind(estimator, samples)
    widths = {sample.shape[1] for sample in samples or ()}
    if widths == {getattr(estimator, "n_features_in_", None)}:
        check_units(estimator, X, samples, reset=False)
    return samples


def has_fitted_width(estimator, samples):
    """Return whether all samples have the number of nodes that was fitted."""
    n_nodes = estimator._nodes.count(estimator)
    return all(sample.shape[1] == n_nodes for sample in samples)


def _count_by_layer(constant, names):
    """Describe how many constant nodes there are in each layer that has some.

    `constant` has a mask for each sample. Returns "" unless names of nodes contain the
    layer, such as "fc1[0]".
    """
    layers, layer_of_node = find_layers([] if names is None else names)
    if layers in ([], [""]):
        return ""
    counts = np.bincount(
        layer_of_node, weights=np.sum(constant, axis=0), minlength=len(layers)
    ).astype(int)
    order = [layer for layer in np.argsort(-counts, kind="stable") if counts[layer]]
    parts = [f"{counts[k]} in {layers[k] or 'no layer'}" for k in order[:_MOST_LAYERS]]
    if order[_MOST_LAYERS:]:
        rest = counts[order[_MOST_LAYERS:]].sum()
        parts.append(f"{rest} in {len(order) - _MOST_LAYERS} other layer(s)")
    return f" ({', '.join(parts)})"


def warn_lengths(lengths, nodes=NODES["units"]):
    """Warn if samples differ in what nodes are related over by more than a tenth."""
    shortest, longest = np.argmin(lengths), np.argmax(lengths)
    if 10 * lengths[longest] > 11 * lengths[shortest]:
        warn_caller(
            f"The samples differ in their number of {nodes.over}, from "
            f"{lengths[shortest]} (sample {shortest}) to {lengths[longest]} (sample "
            f"{longest}). Weights, and with them barcodes, depend on that number: "
            f"unrelated {nodes.some} have larger absolute correlations in "
            f"{nodes.shorter} samples. {nodes.remedy} before you compare them."
        )
