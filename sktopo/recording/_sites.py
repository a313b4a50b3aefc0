"""The outputs that are recorded, and where their channels are.

torch is not imported: modules are recognised by where their classes are defined.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
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
# The same for functions, which modules may call with weights of their own.
_FUNCTION_AXIS = {
    **dict.fromkeys(("conv1d", "conv2d", "conv3d"), 1),
    **dict.fromkeys(("conv_transpose1d", "conv_transpose2d", "conv_transpose3d"), 1),
    "linear": -1,
}


@dataclass(frozen=True, eq=False)
class RecordedSite:
    """One tensor that is recorded while a network runs, and the nodes it becomes.

    module : name of the module.
    source : "output" or "input" of the module, or the name of a function it calls.
    entry : the entry of the output that is recorded, or "" for the only one.
    call : number of the call, from 0, as modules and functions may run several times.
    label : what the names of the nodes begin with.
    channel_axis : axis of the channels.
    n_positions : number of observations that each stimulus gives without a mask.
    node_shape : shape of the nodes of one observation.
    dtype : precision of the activations.
    kept : places of the nodes that are kept, sorted; None if all are.
    """

    module: str
    source: str
    entry: str
    call: int
    label: str
    channel_axis: int
    n_positions: int
    node_shape: tuple[int, ...]
    dtype: Any
    kept: Any = None

    @property
    def key(self):
        """What happens in the network when the tensor is there."""
        return self.module, self.source, self.call

    @property
    def n_nodes(self):
        """Count the nodes."""
        return math.prod(self.node_shape) if self.kept is None else len(self.kept)

    @property
    def node_names(self):
        """Name the nodes: ``label[channel]`` or ``label[channel,row,column]``."""
        if self.kept is None:
            return [self.name_node(place) for place in np.ndindex(self.node_shape)]
        places = zip(*np.unravel_index(self.kept, self.node_shape), strict=True)
        return [self.name_node(place) for place in places]

    def name_node(self, place):
        """Name the node at a place in `node_shape`."""
        return f"{self.label}[{','.join(map(str, place))}]"


def label_site(module, network, source, entry, call):
    """Return the label of a site; `module` is the name of its module."""
    # The output of the network itself has no name but that of its class.
    name = module or type(network).__name__
    part = entry if source == "output" else source
    return name + (f":{part}" if part else "") + (f"#{call + 1}" if call else "")


class ChannelAxes:
    """Remembers where layers of known layout had their channels when they ran."""

    def __init__(self):
        # In the order of execution: axis of the channels, number of axes, of channels.
        self.observed = []

    def observe(self, module, output):
        """Remember the layout of the output of a module."""
        axis = find_known_axis(module)
        output = output[0] if isinstance(output, tuple) and output else output
        shape = getattr(output, "shape", ())
        normalized = getattr(module, "normalized_shape", shape[-1:])
        # A normalisation over several axes, or one that moves axes about, does not
        # show which axis is that of the channels.
        is_clear = len(shape) > 1 and tuple(normalized) == tuple(shape[-1:])
        if axis is not None and is_clear:
            self.observed.append((axis, len(shape), shape[axis]))

    def observe_function(self, function, result):
        """Remember the layout of what a function of torch returned."""
        axis = _FUNCTION_AXIS.get(function)
        if axis is not None and result.ndim > 1:
            self.observed.append((axis, result.ndim, result.shape[axis]))

    def guess(self, shape):
        """Return the axis of the last layer that gave as many axes and channels."""
        for axis, n_axes, n_channels in reversed(self.observed):
            if n_axes == len(shape) and shape[axis] == n_channels:
                return axis
        return 1 if len(shape) > 3 else -1


def find_known_axis(module):
    """Return the axis of the channels on which a module works, None if not known."""
    for base in type(module).__mro__:
        package, _, file = base.__module__.rpartition(".")
        if package == "torch.nn.modules":
            return _CHANNEL_AXIS.get(base.__name__, _CHANNEL_AXIS.get(file))
    return None
