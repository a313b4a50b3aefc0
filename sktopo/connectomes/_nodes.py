"""What the nodes of a connectome are: the units of a sample, or its stimuli."""

from __future__ import annotations

import re

import numpy as np
from sklearn.base import OneToOneFeatureMixin

from sktopo._utils.samples import check_units

# What the words of measures stand for where nodes are stimuli.
_REWORDED = {"unit": "stimulus", "units": "stimuli", "observations": "units"}


class Units:
    """Nodes are units, the columns of activations, related over observations.

    The attributes are the words of messages: `one` node, `some` nodes and `counted`
    ones, what they are related `over`, what samples with less of that are and the
    `remedy`, and the `remedies` of graphs that do not fit in memory. A `frame` is one
    of what they are related over.
    """

    one, some, counted, over = "unit", "units", "unit(s)", "observations"
    frame = "observation"
    relation = "pairs of units over their observations"
    shorter, remedy = "shorter", "Cut all samples to one length"
    remedies: tuple[str, ...] = ()  # those of `check_memory`

    def arrange(self, samples):
        """Return samples as tables whose columns are the nodes."""
        return samples

    def check_frames(self):
        """Raise a ValueError if nodes cannot be related by frames."""

    def learn(self, estimator, X, samples):
        """Set what `fit` learns about the nodes of samples of one size."""
        check_units(estimator, X, samples, reset=True)

    def check(self, estimator, X, samples):
        """Raise a ValueError if samples of the fitted size have other nodes."""
        check_units(estimator, X, samples, reset=False)

    def count(self, estimator):
        """Return the number of nodes that was fitted; None if samples differ in it."""
        return getattr(estimator, "n_features_in_", None)

    def read_names(self, estimator):
        """Return the names of the fitted nodes, None if they have none."""
        return getattr(estimator, "feature_names_in_", None)

    def list_names(self, estimator, X, samples):
        """Return a list of the names of the nodes of each sample in X, None without."""
        fitted = self.read_names(estimator)
        listed = []
        for given, sample in zip(X, samples, strict=True):
            names = self._name_sample(given)
            if names is not None and all(isinstance(name, str) for name in names):
                listed.append(np.array(names, dtype=object))
            else:
                is_fitted = np.shape(fitted) == sample.shape[1:]
                listed.append(fitted if is_fitted else None)
        return listed

    def _name_sample(self, given):
        return getattr(given, "columns", None)

    def make_names(self, estimator, input_features):
        """Return the names of the fitted nodes, or those in `input_features`."""
        return OneToOneFeatureMixin.get_feature_names_out(estimator, input_features)

    def describe(self, node, names=None):
        """Return the words for a node, with the name that the user gave it, if any."""
        if names is None or names[node] == f"{self.one}{node}":
            return f"{self.one} {node}"
        return f"{self.one} {node} ({names[node]!r})"

    def reword(self, text, numbers, names=None):
        """Return the text of a measure, which speaks of units, about these nodes.

        `numbers` says which nodes the units of the measure are, `names` names all.
        """
        return re.sub(
            r"\bunit (\d+)",
            lambda found: self.describe(numbers[int(found[1])], names),
            text,
        )


class Stimuli(Units):
    """Nodes are stimuli, the rows of activations, related over units."""

    one, some, counted, over = "stimulus", "stimuli", "stimulus pattern(s)", "units"
    frame = "unit"
    relation = "pairs of stimuli over the units"
    shorter, remedy = "narrower", "Record equally many units of all networks"
    remedies = (
        "ConnectomePersistence computes Wasserstein rows without any matrix, here from "
        "transposed samples, [x.T for x in X]",
        "fewer stimuli make smaller graphs",
    )

    def arrange(self, samples):
        return [sample.T for sample in samples]

    def check_frames(self):
        raise ValueError(
            "nodes='stimuli' relates the stimuli of one sample, but X is a table, and "
            "each row of a table is a sample. Give samples as a 3-D array, or as a "
            "list of tables; X[None] is a single sample."
        )

    def learn(self, estimator, X, samples):
        estimator.stimulus_names_ = _name_stimuli(X, samples[0].shape[1])

    def check(self, estimator, X, samples):
        """Let samples pass: other networks may have seen other stimuli."""

    def count(self, estimator):
        names = self.read_names(estimator)
        return None if names is None else len(names)

    def read_names(self, estimator):
        return getattr(estimator, "stimulus_names_", None)

    def _name_sample(self, given):
        return given.index if hasattr(given, "iloc") else None

    def make_names(self, estimator, input_features):
        # `input_features` names the units, which are not the nodes.
        return self.read_names(estimator)

    def reword(self, text, numbers, names=None):
        text = re.sub(
            r"\b(units?|observations)\b(?! \d)", lambda found: _REWORDED[found[0]], text
        )
        return super().reword(text, numbers, names)


#: The kinds of nodes by the values of the parameter `nodes`.
NODES = {"units": Units(), "stimuli": Stimuli()}


def _name_stimuli(X, n_stimuli):
    """Name stimuli by the index of the data frames in X, if that is in all the same."""
    indices = [list(table.index) for table in X if hasattr(table, "iloc")]
    if len(indices) == len(X) and all(index == indices[0] for index in indices):
        if all(isinstance(name, str) for name in indices[0]):
            return np.array(indices[0], dtype=object)
    return np.array([f"stimulus{k}" for k in range(n_stimuli)], dtype=object)
