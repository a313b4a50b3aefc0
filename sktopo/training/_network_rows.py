"""From one network to the row that is kept of it: each layer, and all of them."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from sklearn.base import TransformerMixin
from sklearn.pipeline import make_pipeline

from sktopo._utils.base import BaseEstimator
from sktopo._utils.nodes import find_layers
from sktopo.barcodes import ConnectomePersistence, GraphProfiles
from sktopo.connectomes import FunctionalConnectome
from sktopo.connectomes._units import find_constant_units
from sktopo.recording import ActivationExtractor

ALL_LAYERS = "all layers"
# Fewer nodes have no deaths.
_FEWEST_NODES = 3
# Profiles that can be computed without the matrix of weights, for any number of nodes,
# and for how many nodes the matrix is faster.
_STREAMED = {"births": 0, "deaths": 1}
_MOST_DENSE = 2000


@dataclass(frozen=True)
class RowLayout:
    """What the columns of the row of a network hold.

    Parameters
    ----------
    blocks : dict of str to dict of str to slice
        For each layer, and for all of them, the columns of each profile.

    n_nodes : dict of str to int
        Numbers of nodes of the same.
    """

    blocks: dict[str, dict[str, slice]]
    n_nodes: dict[str, int]

    @property
    def n_columns(self):
        """Count the columns of rows; the number of constant units of each follows."""
        return max(s.stop for parts in self.blocks.values() for s in parts.values())

    @property
    def slices(self):
        """Return for each layer, and for all of them, its columns."""
        return {
            name: slice(
                min(s.start for s in parts.values()),
                max(s.stop for s in parts.values()),
            )
            for name, parts in self.blocks.items()
        }

    def to_plain(self):
        """Return lists and dicts for a file; dicts in JSON keep their order."""
        blocks = {
            name: {profile: [s.start, s.stop] for profile, s in parts.items()}
            for name, parts in self.blocks.items()
        }
        return {"blocks": blocks, "n_nodes": self.n_nodes}

    @classmethod
    def from_plain(cls, plain):
        """Return the layout that `to_plain` described."""
        blocks = {
            name: {profile: slice(*ends) for profile, ends in parts.items()}
            for name, parts in plain["blocks"].items()
        }
        return cls(blocks, plain["n_nodes"])


class NetworkRows(TransformerMixin, BaseEstimator):
    """Turn networks into Wasserstein rows of each layer and of all of them.

    Columns: for all layers, then for each layer, the profiles; then the number of
    constant units of each. The parameters are those of `TopologyMonitor`.

    Attributes
    ----------
    layout_ : RowLayout
        What the columns hold.
    """

    def __init__(
        self,
        stimuli,
        layers=None,
        *,
        profiles=("births", "deaths"),
        n_quantiles=200,
        reduce="mean",
        mask="auto",
        channel_axis="auto",
        batch_size="auto",
        max_nodes=None,
        random_state=0,
    ):
        self.stimuli = stimuli
        self.layers = layers
        self.profiles = profiles
        self.n_quantiles = n_quantiles
        self.reduce = reduce
        self.mask = mask
        self.channel_axis = channel_axis
        self.batch_size = batch_size
        self.max_nodes = max_nodes
        self.random_state = random_state

    def fit(self, X, y=None):
        """Record networks and learn what the columns of their rows hold."""
        self._compute(X)
        return self

    def fit_transform(self, X, y=None):
        """Record networks, once, and return their rows."""
        return self._compute(X)

    def transform(self, X):
        """Return the rows of networks."""
        return type(self)(**self.get_params(deep=False))._compute(X)

    def _compute(self, X):
        extractor = ActivationExtractor(
            stimuli=self.stimuli,
            layers=self.layers,
            reduce=self.reduce,
            mask=self.mask,
            channel_axis=self.channel_axis,
            batch_size=self.batch_size,
            max_nodes=self.max_nodes,
            random_state=self.random_state,
        )
        activations = extractor.fit_transform(X)
        if not hasattr(extractor, "node_names_"):
            raise ValueError(
                "The networks differ in their number of nodes; networks of one run "
                "have the same."
            )
        parts = list_parts(extractor.node_names_)
        rows, counts, blocks, start = [], [], {}, 0
        for name, nodes in parts.items():
            part = [np.ascontiguousarray(sample[:, nodes]) for sample in activations]
            counts.append([find_constant_units(sample).sum() for sample in part])
            found, slices = self._describe(part)
            rows.append(found)
            blocks[name] = {
                profile: slice(start + columns.start, start + columns.stop)
                for profile, columns in slices.items()
            }
            start += found.shape[1]
        self.layout_ = RowLayout(blocks, {k: len(v) for k, v in parts.items()})
        rows = np.hstack(rows)
        return np.hstack([rows, np.transpose(counts).astype(rows.dtype)])

    def _describe(self, samples):
        """Return the Wasserstein rows of graphs, and the columns of each profile."""
        with warnings.catch_warnings():
            # The row says how many units are constant.
            warnings.filterwarnings("ignore", ".*constant .*", UserWarning)
            n_nodes = samples[0].shape[1]
            if n_nodes > _MOST_DENSE and set(self.profiles) <= set(_STREAMED):
                return self._stream(samples)
            profiles = GraphProfiles(
                tuple(self.profiles), balance=False, n_quantiles=self.n_quantiles
            )
            chain = make_pipeline(FunctionalConnectome(), profiles)
            return chain.fit_transform(samples), profiles.profile_slices_

    def _stream(self, samples):
        """Compute births and deaths without the matrix of weights."""
        names = [name for name in _STREAMED if name in self.profiles]
        chain = ConnectomePersistence(
            homology_dimensions=[_STREAMED[name] for name in names],
            n_quantiles=self.n_quantiles,
        )
        q = self.n_quantiles
        slices = {name: slice(k * q, (k + 1) * q) for k, name in enumerate(names)}
        return chain.fit_transform(samples), slices


def list_parts(node_names):
    """Return the nodes of all layers, and of each layer where there are several."""
    names, members = find_layers(node_names)
    if len(members) < _FEWEST_NODES:
        raise ValueError(
            f"The layers have {len(members)} nodes in all; expected at least "
            f"{_FEWEST_NODES}."
        )
    parts = {ALL_LAYERS: np.arange(len(members))}
    if len(names) > 1:
        for k, name in enumerate(names):
            nodes = np.flatnonzero(members == k)
            if len(nodes) >= _FEWEST_NODES:
                parts[name] = nodes
    return parts
