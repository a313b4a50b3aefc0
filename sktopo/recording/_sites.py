"""What can be recorded in a network: its modules, and where their channels are.

torch is not imported: modules are recognised by where their classes are defined.
"""

from __future__ import annotations

import difflib
import fnmatch
import math
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

# The axis of the channels in the outputs of modules of torch.nn, by the name of their
# class or of the file that defines it.
_CHANNEL_AXIS = {
    **dict.fromkeys(("batchnorm", "conv", "instancenorm", "pooling", "GroupNorm"), 1),
    **dict.fromkeys(("linear", "rnn", "sparse", "transformer"), -1),
    **dict.fromkeys(("LayerNorm", "RMSNorm", "MultiheadAttention"), -1),
    "Identity": None,
}
# Modules that torch defines beside its activation functions, but that mix units.
_MIXING = {"LogSoftmax", "MultiheadAttention", "Softmax", "Softmax2d", "Softmin"}


@dataclass(frozen=True)
class RecordedSite:
    """One output that is recorded, and the nodes that it becomes.

    module : name of the module.
    call : number of the call, from 0, as a module may run several times.
    label : what the names of the nodes begin with.
    channel_axis : axis of the channels in the output.
    n_positions : number of observations that each stimulus gives.
    node_shape : shape of the nodes of one observation.
    dtype : precision of the activations.
    """

    module: str
    call: int
    label: str
    channel_axis: int
    n_positions: int
    node_shape: tuple[int, ...]
    dtype: Any

    @property
    def n_nodes(self):
        """Count the nodes."""
        return math.prod(self.node_shape)

    @property
    def node_names(self):
        """Name the nodes: ``label[channel]`` or ``label[channel,row,column]``."""
        return [self.name_node(place) for place in np.ndindex(self.node_shape)]

    def name_node(self, place):
        """Name the node at a place in `node_shape`."""
        return f"{self.label}[{','.join(map(str, place))}]"


def select_modules(network, layers, name):
    """Find the modules to record; `name` is that of the sample, for errors.

    Returns a dict of modules by name, and the set of those names that `layers` holds
    exactly, not as a pattern or type.
    """
    try:
        named = dict(network.named_modules(remove_duplicate=False))
    except RecursionError as error:
        raise ValueError(f"{name}: the network contains itself.") from error
    entries = layers if isinstance(layers, (list, tuple)) else [layers]
    if not entries or (None in entries and layers is not None):
        raise ValueError(
            f"layers={layers!r} must hold names, patterns or module types, or be None "
            "for the default."
        )
    names, matched, problem = {}, set(), None
    for index, entry in enumerate(entries):
        try:
            found = _match(entry, named, name)
        except ValueError as error:
            if "must hold" in str(error):
                raise
            problem = problem or error
            continue
        matched.add(index)
        for match in found:
            # A module with two names is recorded once, under the first name chosen.
            names.setdefault(named[match], match)
    if not matched:
        raise problem
    exact = {names[named[entry]] for entry in entries if entry in named}
    return {match: module for module, match in names.items()}, exact, matched


def _match(entry, named, sample):
    """Return the names of the modules that match one entry of `layers`."""
    names = [name for name in named if name]
    problem = f"No layer of the network matches {entry!r}."
    if entry is None:
        found = [name for name, module in named.items() if _is_activation(name, module)]
        problem = (
            "The network has no activation-function modules to record (functions such "
            "as torch.nn.functional.relu cannot be hooked)."
        )
    elif isinstance(entry, type):
        found = [name for name, module in named.items() if isinstance(module, entry)]
    elif not isinstance(entry, str):
        raise ValueError(
            f"layers must hold names, patterns or module types, got {entry!r}."
        )
    else:
        found = [entry] if entry in named else fnmatch.filter(names, entry)
    if not found:
        close = difflib.get_close_matches(str(entry), named, n=3, cutoff=0.5)
        hint = f" Did you mean {' or '.join(map(repr, close))}?" if close else ""
        listed = ", ".join(names[:30]) + (", ..." if len(names) > 30 else "")
        raise ValueError(f"{sample}: {problem}{hint} Name layers among: {listed}.")
    return found


def _is_activation(name, module):
    """Return whether a module is an activation function, of units and not weights."""
    return "parametrizations." not in name and any(
        base.__module__ == "torch.nn.modules.activation"
        and base.__name__ not in _MIXING
        for base in type(module).__mro__
    )


class ChannelAxes:
    """Remembers where layers of known layout had their channels when they ran."""

    def __init__(self):
        # In the order of execution: axis of the channels, number of axes, of channels.
        self.observed = []

    def make_hooks(self, network):
        """Return (module, function of its output) for the layers of known layout."""
        axes = {module: _find_known_axis(module) for module in network.modules()}
        return [
            (module, partial(self._observe, module, axis))
            for module, axis in axes.items()
            if axis is not None
        ]

    def _observe(self, module, axis, output):
        output = output[0] if isinstance(output, tuple) else output
        shape = getattr(output, "shape", ())
        normalized = getattr(module, "normalized_shape", shape[-1:])
        # A normalisation over several axes, or one that moves axes about, does not
        # show which axis is that of the channels.
        if len(shape) > 1 and tuple(normalized) == tuple(shape[-1:]):
            self.observed.append((axis, len(shape), shape[axis]))

    def guess(self, shape):
        """Return the axis of the last layer that gave as many axes and channels."""
        for axis, n_axes, n_channels in reversed(self.observed):
            if n_axes == len(shape) and shape[axis] == n_channels:
                return axis
        return 1 if len(shape) > 3 else -1


def _find_known_axis(module):
    """Return the axis of the channels on which a module works, None if not known."""
    for base in type(module).__mro__:
        package, _, file = base.__module__.rpartition(".")
        if package == "torch.nn.modules":
            return _CHANNEL_AXIS.get(base.__name__, _CHANNEL_AXIS.get(file))
    return None
