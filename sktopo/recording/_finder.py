"""Finding what there is to record in a network while it runs on a first stimulus."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from sktopo.recording._activation_functions import (
    ACTIVATION_FUNCTIONS,
    is_elementwise,
    is_torch_activation,
    makes_weights,
    may_be_activation,
)
from sktopo.recording._hidden_units import HiddenUnits
from sktopo.recording._observer import Observer
from sktopo.recording._reduce import (
    check_output,
    count_positions,
    list_entries,
    pick_tensor,
    reduce_to_nodes,
    refuse_constant_mean,
)
from sktopo.recording._selection import Entry, list_some
from sktopo.recording._sites import (
    ChannelAxes,
    RecordedSite,
    find_known_axis,
    label_site,
)
from sktopo.recording._tensors import is_tensor

# What finds all activation functions, if `layers` is None.
_DEFAULT = Entry(0, "")


class Finder(Observer):
    """Finds the tensors that are recorded, in the order in which they come.

    Parameters
    ----------
    network : torch.nn.Module
        The network that runs.

    selection : Selection
        What is recorded.

    options : RecordingOptions
        How it becomes nodes.

    stop : StopSignal
        Stops the network if it is set.

    Attributes
    ----------
    found : dict
        From the site to its nodes, of shape (n_rows, *node_shape).

    matched : set of int
        The entries of `layers` that were found.

    left_out : dict
        The reason for each activation function that is not recorded, by its label.

    hidden : HiddenUnits
        The units that layers of the network read.

    largest : int
        The bytes of the largest result until the last site was found.
    """

    def __init__(self, network, selection, options, stop):
        super().__init__(network, selection.names, stop)
        self.selection = selection
        self.options = options
        self.found = {}
        self.matched = set()
        self.left_out = {}
        self.hidden = HiddenUnits(network)
        self.largest = self._largest_yet = 0
        self._axes = ChannelAxes()
        self._taken = set()
        # What went into modules that may be activation functions, and what functions
        # returned inside of them.
        self._inputs = {}
        self._pending = []
        #: The names of the functions that each module called.
        self.functions = defaultdict(set)

    def on_input(self, module, args, kwargs):
        """Find what goes into a module, and keep what `is_elementwise` needs."""
        inputs = (*args, *kwargs.values())
        tensor = next(filter(is_tensor, inputs), None)
        if self.selection.is_default:
            if tensor is not None:
                self.hidden.add(module, tensor, self.batch)
                if may_be_activation(module):
                    self._inputs[module] = tensor
            return
        call = self.count_call(module, "input")
        for entry in self.selection.find_entries(module):
            if entry.part == "input":
                self._find(module, "input", call, inputs, entry, takes_first=True)

    def on_output(self, module, output):
        """Find the output of a module."""
        self._axes.observe(module, output)
        self._measure(output)
        call = self.count_call(module, "output")
        if self.selection.is_default and not makes_weights(self.names[module]):
            if self._is_activation(module, output):
                self._find(module, "output", call, output, _DEFAULT)
            else:
                for pending in self._pending:
                    self._find(*pending, _DEFAULT)
            self._pending.clear()
            return
        is_known = find_known_axis(module) is not None
        for entry in self.selection.find_entries(module):
            if not entry.part or entry.part in list_entries(output):
                self._find(module, "output", call, output, entry, takes_first=is_known)

    def on_function(self, module, function, result):
        """Find what a function returns that a module calls."""
        if makes_weights(self.names[module]) or not is_tensor(result):
            return
        self._measure(result)
        self._axes.observe_function(function, result)
        call = self.count_call(module, function)
        self.functions[module].add(function)
        if not self.selection.is_default:
            for entry in self.selection.find_entries(module):
                if entry.part == function:
                    self._find(module, function, call, result, entry)
        elif function in ACTIVATION_FUNCTIONS and not _makes_scores(module, result):
            if module in self._inputs:
                self._pending.append((module, function, call, result.clone()))
            elif not is_torch_activation(module):
                self._find(module, function, call, result, _DEFAULT)

    def _measure(self, result):
        if is_tensor(result) and not result.is_nested:
            size = result.numel() * result.element_size()
            self._largest_yet = max(self._largest_yet, size)

    def _is_activation(self, module, output):
        """Return whether a module that has just run is an activation function."""
        before = self._inputs.pop(module, None)
        if before is None or not is_tensor(output):
            return is_torch_activation(module)
        return is_elementwise(module, before, output)

    def _find(self, module, source, call, output, entry, takes_first=False):
        """Add a tensor to what was found, unless the entry leaves it out."""
        if entry.call not in (None, call):
            return
        part = entry.part if source == "output" else ""
        label = label_site(self.names[module], self.network, source, part, call)
        where = f"{self.selection.sample}: layer {label!r}"
        n_stimuli = self.batch.rows.stop - self.batch.rows.start
        tensor = pick_tensor(output, where, n_stimuli, part, takes_first)
        try:
            check_output(tensor, where, n_stimuli)
        except ValueError as error:
            if not self.selection.is_default:
                raise
            self.left_out[label] = str(error).removeprefix(f"{where} ")
            return
        self.matched.add(entry.index)
        if (module, source, part, call) not in self._taken:
            self._taken.add((module, source, part, call))
            axis = self.options.channel_axis
            if axis == "auto":
                axis = self._axes.guess(tensor.shape)
            site = self.names[module], source, part, call, label, axis
            self._add(site, tensor, where)
            n_channels = tensor.shape[axis] if tensor.ndim > 2 else tensor[0].numel()
            # The tensor that layers read, and not the one that was made of it here.
            self.hidden.cover(output if is_tensor(output) else tensor, n_channels)

    def _add(self, site, tensor, where):
        """Add a site and its nodes to what was found.

        `site` holds the first fields of a `RecordedSite`, up to the axis of channels.
        """
        axis, reduce = site[-1], self.options.reduce
        refuse_constant_mean(tensor, where, reduce, axis)
        nodes = reduce_to_nodes(tensor, self.batch.mask, where, reduce, axis)
        n_positions = count_positions(tensor, reduce, axis)
        shape = tuple(nodes.shape[1:])
        dtype = np.dtype(str(nodes.dtype).removeprefix("torch."))
        # A copy, since operations that follow may change the tensor in place.
        self.found[RecordedSite(*site, n_positions, shape, dtype)] = nodes.clone()
        self.largest = self._largest_yet

    def leave_out_others(self, again):
        """Leave out what another trial, with more stimuli, did not find."""
        keys = {site.key for site in again.found}
        self.left_out |= again.left_out
        self.found = {
            site: nodes for site, nodes in self.found.items() if site.key in keys
        }

    def check_found(self):
        """Raise unless everything was found that is named exactly, and anything at all.

        Also raises if layers give different numbers of observations.
        """
        sample = self.selection.sample
        missing = [
            entry
            for entry in self.selection.entries
            if entry.is_exact and entry.index not in self.matched
        ]
        if missing:
            raise self.fail(f"{sample}: {self._explain_missing(missing[0])}")
        if not self.found:
            raise self.fail(f"{sample}: {self._explain_nothing()}")
        if len({site.n_positions for site in self.found}) > 1:
            found = ", ".join(
                f"{site.label}: {site.n_positions}" for site in self.found
            )
            raise self.fail(
                f"{sample}: reduce='observations' needs layers with equally "
                f"many positions, got {found}. Choose other layers, or another way."
            )

    def _explain_missing(self, entry):
        """Say why an entry that names a module was not found."""
        (module,) = entry.modules
        if not entry.part or not self.functions[module]:
            return (
                f"no output came from the layer {entry.text!r}; the network does not "
                "run it, or not so often. Choose other layers."
            )
        called = list_some(sorted(self.functions[module] & ACTIVATION_FUNCTIONS))
        return (
            f"the layer {entry.text.partition(':')[0]!r} has no {entry.part!r}, "
            "neither a function that it calls so often nor an entry of its output. "
            f"Activation functions that it calls: {called or 'none'}."
        )

    def _explain_nothing(self):
        """Say why nothing was found."""
        names = list_some(name for name in self.names.values() if name)
        if not self.selection.is_default:
            return f"the network does not run the layers that match. It has: {names}."
        if self.left_out:
            label, reason = next(iter(self.left_out.items()))
            return (
                f"no activation function can be recorded. {label!r} {reason} Name "
                f"layers among: {names}."
            )
        return (
            "the network runs no activation function, neither as a module nor as a "
            f"function. Name layers among: {names}."
        )


def _makes_scores(module, result):
    """Return whether a function was called on the scores of attention, not on units."""
    return "attention" in type(module).__name__.lower() and result.ndim > 3
