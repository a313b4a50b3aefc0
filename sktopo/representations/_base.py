"""What transformers of activations to rows with a block for each layer share."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from joblib import effective_n_jobs
from sklearn.base import TransformerMixin
from sklearn.utils.validation import check_is_fitted

from sktopo._utils.caller import warn_caller
from sktopo._utils.columns import cut_columns, find_factors
from sktopo._utils.fitting import fitted_copy
from sktopo._utils.memory import ONE_SAMPLE, check_bytes
from sktopo._utils.nodes import check_input_features, make_names
from sktopo._utils.parallel import run_parallel
from sktopo._utils.parameters import check_flag, check_n_jobs
from sktopo.connectomes._units import find_constant_units
from sktopo.representations._reader import ActivationReader

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Self

    from numpy.typing import ArrayLike, NDArray
    from sklearn.utils import Tags

    from sktopo._typing import FloatArray


class LayerTransformer(TransformerMixin, ActivationReader):
    """Base class of transformers that describe each layer of each sample by itself.

    Subclasses have the parameters `groups`, `balance`, `n_jobs` and `verbose`.
    """

    def fit(self, X: ArrayLike | Sequence[Any], y: object = None) -> Self:
        """Learn which columns belong to which layer, and how they are scaled.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_observations, n_nodes), sequence of \
                array-like of shape (n_observations, n_nodes), or array-like of \
                shape (n_samples, n_observations)
            Activations of samples, which may differ in n_nodes in a sequence. A table
            holds the activations of a single node of each sample. For a single sample
            give ``X[None]``.

        y : None
            Ignored.

        Returns
        -------
        self : object
            The fitted transformer.

        Raises
        ------
        ValueError
            If a parameter has a wrong value, X holds numbers that are not finite or
            symmetric matrices, or the groups are not those of its nodes.

        TypeError
            If X, or a sample in it, is not an array of numbers.

        MemoryError
            If rows are computed to balance layers, and they do not fit in the memory at
            hand.

        Warns
        -----
        UserWarning
            If no node of a layer of a sample varies.
        """
        with fitted_copy(self) as fitted:
            fitted._learn(X, every_sample=False)
        return self

    def fit_transform(
        self, X: ArrayLike | Sequence[Any], y: object = None
    ) -> FloatArray:
        """Fit to X and transform it, with each row computed once.

        Parameters
        ----------
        X : array-like or sequence
            Samples, as in `fit`.

        y : None
            Ignored.

        Returns
        -------
        rows : ndarray of shape (n_samples, n_features_out)
            As `transform` returns.
        """
        with fitted_copy(self) as fitted:
            rows = fitted._scale(fitted._learn(X, every_sample=True))
        return rows

    def transform(self, X: ArrayLike | Sequence[Any]) -> FloatArray:
        """Compute the row of each sample.

        Parameters
        ----------
        X : array-like or sequence
            Samples, as in `fit`.

        Returns
        -------
        rows : ndarray of shape (n_samples, n_features_out)
            One block of columns for each layer; float32 if the activations are, else
            float64.

        Raises
        ------
        ValueError, TypeError, MemoryError
            As `fit`, or if X is not of the kind that was fitted.
        """
        check_is_fitted(self)
        self._check_parameters()
        return self._scale(self._compute(*self._read(X, reset=False)))

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
            The name of the block in `group_slices_`, then what the column holds, in
            brackets. More than 65,536 names are made only when they are read;
            ``numpy.asarray`` makes all.
        """
        check_is_fitted(self)
        check_input_features(input_features)
        size = max(columns.stop for columns in self.group_slices_.values())
        return make_names(size, self._make_namer())

    def _check_parameters(self):
        check_flag("balance", self.balance)
        check_n_jobs(self.n_jobs)
        check_flag("verbose", self.verbose)

    def _learn(self, X, every_sample):
        """Set the fitted attributes; return the values of samples, not scaled.

        Without `every_sample` they are computed only if layers are to be balanced.
        """
        self._check_parameters()
        samples, members = self._read(X, reset=True)
        is_balanced = self.balance and len(self.group_slices_) > 1
        factors, values = dict.fromkeys(self.group_slices_, 1.0), None
        if is_balanced or every_sample:
            values = self._compute(samples, members)
        if is_balanced:
            slices, caller = self.group_slices_, type(self).__name__
            factors = find_factors(values, slices, caller=caller)
        self.scales_ = {
            name: factors[name] * self._find_scale(columns.stop - columns.start)
            for name, columns in self.group_slices_.items()
        }
        return values

    def _find_layers(self, samples, given, *, reset):
        members = super()._find_layers(samples, given, reset=reset)
        self._report_constant(samples, members)
        self._check_columns(samples, members, reset=reset)
        return members

    def _report_constant(self, samples, members):
        """Warn once if there are layers in which no node varies."""
        found = []
        for i, (sample, own) in enumerate(zip(samples, members, strict=True)):
            constant = find_constant_units(sample)
            for k, name in enumerate(self.group_names_ or ["all"]):
                if constant[own == k].all():
                    found.append(f"{name!r} of sample {i}")
        if not found:
            return
        what = f"{len(found)} layer(s) have constant nodes only, the first {found[0]}"
        self._refuse_constant(what)
        warn_caller(
            f"{what}: their columns are set to 0. Leave these samples or layers out."
        )

    def _refuse_constant(self, what):
        """Raise a ValueError if constant layers cannot be described."""

    def _compute(self, samples, members):
        """Compute the blocks of all samples, not scaled: (n_samples, n_columns)."""
        dtype = np.result_type(*samples)
        n_columns = max(columns.stop for columns in self.group_slices_.values())
        self._check_memory(samples, n_columns * dtype.itemsize)
        computed = run_parallel(
            partial(_compute_blocks, self._make_function(), len(self.group_slices_)),
            list(zip(samples, members, strict=True)),
            n_jobs=self.n_jobs,
            prefer="threads",
            verbose=self.verbose,
            description="layers",
        )
        values = np.empty((len(samples), n_columns), dtype)
        for row, blocks in zip(values, computed, strict=True):
            np.concatenate(blocks, out=row, casting="same_kind")
        return values

    def _check_columns(self, samples, members, *, reset):
        """Raise a ValueError if layers have other numbers of columns than fitted."""
        sizes = [
            self._count_columns(sample, own)
            for sample, own in zip(samples, members, strict=True)
        ]
        if reset:
            names = self.group_names_ or ["all"]
            self.group_slices_ = cut_columns(dict(zip(names, sizes[0], strict=True)))
        expected = [c.stop - c.start for c in self.group_slices_.values()]
        for i, found in enumerate(sizes):
            if found != expected:
                raise ValueError(
                    f"Sample {i} of X has layers of {found} nodes, but expected are "
                    f"{expected}. Give n_quantiles to put layers of different widths "
                    "into one space."
                )

    def _check_memory(self, samples, row_bytes):
        """Raise a MemoryError if rows of so many bytes do not fit in memory."""
        jobs = min(effective_n_jobs(self.n_jobs), len(samples))
        working = sorted(self._count_working_bytes(*s.shape) for s in samples)
        # joblib keeps a row until the next is there.
        n_bytes = row_bytes * (len(samples) + jobs + 1) + sum(working[-jobs:])
        what, remedy = self._describe_size(samples)
        check_bytes(type(self).__name__, n_bytes, what, f"{remedy}; {ONE_SAMPLE}")

    def _scale(self, values):
        """Scale the blocks of all samples, in place."""
        for name, columns in self.group_slices_.items():
            values[:, columns] *= self.scales_[name]
        return values

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _compute_blocks(function, n_layers, sample, members):
    """Apply a function to each layer of a sample; returns a list of arrays."""
    if n_layers == 1:  # needs no copy
        return [function(sample)]
    return [function(sample[:, members == layer]) for layer in range(n_layers)]
