"""How estimators read activations, the layer of each node, and which stimuli."""

from __future__ import annotations

import numpy as np

from sktopo._utils.base import BaseEstimator
from sktopo._utils.samples import check_units, detach, validate_table
from sktopo._utils.stimuli import find_difference, read_index
from sktopo.connectomes._inputs import refuse_matrices
from sktopo.representations._inputs import read_samples
from sktopo.representations._layers import find_members, read_layers


class ActivationReader(BaseEstimator):
    """Base class of estimators of activations that may tell layers apart.

    Subclasses have the parameter `groups`.
    """

    def _read(self, X, *, reset):
        """Return the samples in X and, for each, the number of the layer of each node.

        With `reset` learn the kind of X, its width and its layers.
        """
        samples, given = read_samples(X)
        if samples is None:
            kind = "table"
        elif len({sample.shape[1] for sample in samples}) == 1:
            kind = "samples"
        else:
            kind = "ragged samples"
        if reset:
            self.input_kind_ = kind
        elif (kind == "table") != (self.input_kind_ == "table"):
            raise ValueError(
                f"X holds {kind}, but {type(self).__name__} was fitted on "
                f"{self.input_kind_}; give the same kind (samples are 3-D, a table "
                "2-D)."
            )
        if samples is None:
            samples, given = self._read_table(X, reset=reset)
        elif kind == "samples" and (reset or self._has_fitted_width(samples)):
            check_units(self, given, samples, reset=reset)
        samples = self._choose(samples, given, reset=reset)
        return samples, self._find_layers(samples, given, reset=reset)

    def _has_fitted_width(self, samples):
        """Return whether samples of one width have the one that was fitted."""
        return samples[0].shape[1] == getattr(self, "n_features_in_", None)

    def _read_table(self, X, *, reset):
        """Return the columns (n_observations, 1) of single nodes, twice."""
        table = validate_table(
            self,
            detach(X),
            reset=reset,
            words=("sample", "observation"),
            ensure_min_features=2 if reset else 1,
        )
        refuse_matrices([table])
        samples = [row[:, np.newaxis] for row in table]
        return samples, samples

    def _choose(self, samples, given, *, reset):
        """Choose the observations that are used; subclasses may leave out some."""
        return samples

    def _check_stimuli(self, samples, given, *, reset):
        """Raise a ValueError unless samples have the stimuli of the first one fitted.

        With `reset` learn their number and, from an index of data frames, their names.
        """
        indices = [read_index(source) for source in given]
        if reset:
            self.n_stimuli_in_ = len(samples[0])
            named = (index for index in indices if index is not None)
            self.stimulus_names_ = next(named, None)
        for i, (sample, index) in enumerate(zip(samples, indices, strict=True)):
            if len(sample) != self.n_stimuli_in_:
                raise ValueError(
                    f"Sample {i} of X has {len(sample)} stimuli, but expected are "
                    f"{self.n_stimuli_in_}, as in the first sample fitted. "
                    f"{type(self).__name__} compares responses to the same stimuli, in "
                    "the same order."
                )
            if index is not None and self.stimulus_names_ is not None:
                _check_index(index, self.stimulus_names_, i)

    def _find_layers(self, samples, given, *, reset):
        """Return for each sample the number of the layer of each node."""
        if reset:
            self.group_names_, self.members_ = read_layers(self.groups, given, samples)
        by_name = isinstance(self.groups, str)
        layers = self.group_names_, self.members_
        return [
            find_members(*layers, i, given[i], sample.shape[1], by_name=by_name)
            for i, sample in enumerate(samples)
        ]


def _check_index(index, expected, i):
    """Raise a ValueError if the stimuli of sample i have other names, or another order.

    Both are arrays of as many objects.
    """
    at = find_difference(index, expected)
    if at is not None:
        raise ValueError(
            f"Sample {i} of X has stimulus {index[at]!r} in row {at}, but expected is "
            f"{expected[at]!r}, as in the index of the first sample fitted. Bring the "
            "stimuli of all samples into one order."
        )
