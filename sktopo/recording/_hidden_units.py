"""How much of a network its activation functions cover."""

from __future__ import annotations

from sktopo.recording._selection import list_some
from sktopo.recording._sites import find_known_axis
from sktopo.recording._tensors import is_tensor


class HiddenUnits:
    """Counts the units that layers with weights read from other layers.

    Layers inside attention are not counted, since they read and write the same
    features as the layers around them; nor is the first layer, which reads stimuli.
    """

    def __init__(self, network):
        # Tensors are kept, as another one may come to the place of one that is not.
        self._tensors = {}
        self._covered = set()
        self._n_recorded = 0
        self._has_begun = False
        self._labels = {}
        within_attention = set()
        for name, module in network.named_modules():
            weights = module.named_parameters(recurse=False)
            if "attention" in type(module).__name__.lower():
                within_attention.update(module.modules())
            if any(weight.ndim > 1 for _, weight in weights):
                self._labels[module] = f"{name}:input"
        self._within_attention = within_attention

    def add(self, module, tensor, batch):
        """Count what goes into a module."""
        if module not in self._labels or not tensor.is_floating_point():
            return
        has_begun, self._has_begun = self._has_begun, True
        inputs = filter(is_tensor, (*batch.args, *batch.kwargs.values()))
        is_input = any(tensor.data_ptr() == given.data_ptr() for given in inputs)
        if not has_begun or is_input or module in self._within_attention:
            return
        axis = find_known_axis(module)
        n_units = tensor.shape[1 if axis == 1 and tensor.ndim > 2 else -1]
        key = tensor.data_ptr(), n_units
        self._tensors.setdefault(key, (tensor, self._labels[module]))

    def cover(self, tensor, n_units):
        """Count a tensor as recorded."""
        self._covered.add(tensor.data_ptr())
        self._n_recorded += n_units

    def describe_missing(self):
        """Say what is not recorded if it is more than half of the units, else ''."""
        n_hidden = sum(n_units for _, n_units in self._tensors)
        if 2 * self._n_recorded >= n_hidden:
            return ""
        missing = [
            (n_units, label)
            for (place, n_units), (_, label) in self._tensors.items()
            if place not in self._covered
        ]
        widest = sorted(missing, key=lambda pair: -pair[0])[:3]
        listed = list_some(f"{label!r} ({n_units} units)" for n_units, label in widest)
        return (
            f"The activation functions that were found have {self._n_recorded} units, "
            f"but the layers of the network read {n_hidden}. Not recorded are, among "
            f"others, {listed}: give such names as layers=, or name the layers you "
            "want."
        )
