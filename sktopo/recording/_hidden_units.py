"""How much of a network its activation functions cover."""

from __future__ import annotations

import weakref

from sktopo.recording._selection import list_some
from sktopo.recording._sites import find_known_axis
from sktopo.recording._tensors import is_tensor


class HiddenUnits:
    """Counts the units that layers with weights read from other layers.

    Layers inside attention are not counted, since they read and write the same
    features as the layers around them; nor is the first layer, which reads stimuli.
    """

    def __init__(self, network):
        # By the place of their numbers: tensors that were read and that were recorded,
        # as long as they exist, as others may come to the same place later.
        self._read = {}
        self._covered = {}
        # The number of units and the label of each tensor, and whether it is recorded.
        self._found = []
        self._n_recorded = 0
        self._has_begun = self._after_convolution = False
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
        axis = find_known_axis(module)
        # What a layer reads after convolutions are their channels, flattened or pooled.
        is_flattened = tensor.ndim == 2 and self._after_convolution
        self._after_convolution = axis == 1
        has_begun, self._has_begun = self._has_begun, True
        inputs = filter(is_tensor, (*batch.args, *batch.kwargs.values()))
        place = _find_place(tensor)
        is_input = any(place == _find_place(given) for given in inputs)
        is_counted = has_begun and not is_input and not is_flattened
        if not is_counted or module in self._within_attention:
            return
        if self._is_alive(self._read, place):
            return
        n_units = tensor.shape[1 if axis == 1 and tensor.ndim > 2 else -1]
        self._read[place] = weakref.ref(tensor)
        is_covered = self._is_alive(self._covered, place)
        self._found.append((n_units, self._labels[module], is_covered))

    def cover(self, tensor, n_units):
        """Count a tensor as recorded."""
        self._covered[_find_place(tensor)] = weakref.ref(tensor)
        self._n_recorded += n_units

    @staticmethod
    def _is_alive(references, place):
        """Return whether the tensor that was at a place is there still."""
        return place is not None and references.get(place, _nothing)() is not None

    def describe_missing(self):
        """Say what is not recorded if it is more than half of the units, else ''."""
        n_hidden = sum(n_units for n_units, _, _ in self._found)
        if 2 * self._n_recorded >= n_hidden:
            return ""
        missing = [
            (n_units, label)
            for n_units, label, is_covered in self._found
            if not is_covered
        ]
        widest = sorted(missing, key=lambda pair: -pair[0])[:3]
        listed = list_some(f"{label!r} ({n_units} units)" for n_units, label in widest)
        return (
            f"The activation functions that were found have {self._n_recorded} units, "
            f"but the layers of the network read {n_hidden}. Not recorded are, among "
            f"others, {listed}: give such names as layers=, or name the layers you "
            "want."
        )


def _find_place(tensor):
    """Return where the numbers of a tensor are; None if it has none of its own."""
    try:
        return tensor.data_ptr()
    except RuntimeError:  # inside torch.func.vmap, for example
        return None


def _nothing():
    """Stand for a reference to a tensor that is gone."""
