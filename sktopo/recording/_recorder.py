"""Running a network on stimuli and recording what its layers return.

torch is imported inside functions only.
"""

from __future__ import annotations

import contextlib
import re
import sys
import warnings
from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from sktopo._utils.interrupts import StopSignal, run_uninterrupted, take_turn
from sktopo._utils.parameters import check_integer, check_option, is_integer
from sktopo.recording._reduce import pick_tensor, reduce_to_nodes
from sktopo.recording._sites import ChannelAxes, RecordedSite, select_modules
from sktopo.recording._tensors import get_tensors, import_torch, is_finite


@dataclass(frozen=True)
class RecordingOptions:
    """The parameters of `ActivationExtractor` that say how a network is recorded."""

    layers: Any
    reduce: str
    channel_axis: Any
    batch_size: Any
    max_nodes: Any = None
    seed: int = 0
    device: Any = None

    def __post_init__(self):
        check_option("reduce", self.reduce, ("mean", "max", "observations", "units"))
        if self.channel_axis != "auto":
            if not is_integer(self.channel_axis) or self.channel_axis == 0:
                raise ValueError(
                    "channel_axis must be 'auto' or an integer other than 0, the axis "
                    f"of the stimuli; got {self.channel_axis!r}."
                )
        if self.batch_size != "auto":
            check_integer("batch_size", self.batch_size, 1)
        _find_device(self.device)


@dataclass(frozen=True)
class Plan:
    """What is recorded of one network, in the order of execution."""

    sites: list[RecordedSite]
    n_stimuli: int
    matched: set[int]

    @property
    def n_nodes(self):
        """Count the nodes."""
        return sum(site.n_nodes for site in self.sites)

    @property
    def n_rows(self):
        """Count the observations."""
        return self.n_stimuli * self.sites[0].n_positions

    @property
    def dtype(self):
        """The precision of the activations."""
        return np.result_type(*(site.dtype for site in self.sites))

    @property
    def node_names(self):
        """Name the nodes."""
        return [name for site in self.sites for name in site.node_names]

    @property
    def is_by_position(self):
        """Whether each position is an observation."""
        return self.sites[0].n_positions > 1


class Recorder:
    """Runs the network of one sample and records its activations.

    Parameters
    ----------
    sample : Sample
        The network, its inputs and the name of the sample.

    options : RecordingOptions
        What is recorded, and how the network is run.

    stop : StopSignal, default=None
        Stops the recording if it is set.
    """

    def __init__(self, sample, options, stop=None):
        self.sample = sample
        self.options = options
        self.stop = StopSignal() if stop is None else stop
        # The stimuli that the network is shown now, and how often modules ran on them.
        self._rows = slice(0)
        self._n_calls = Counter()
        # Errors that are not the network's, although it may have passed them on.
        self._own_errors = []

    def plan(self):
        """Show the network its first stimuli to find what there is to record.

        Returns a list of `RecordedSite` in the order of execution. Raises or warns if
        they do not make a connectome.
        """
        return self._call_uninterrupted(self._plan)

    def run(self, plan, out):
        """Run the network on all stimuli and write the activations of its nodes.

        `plan` is what `plan` returned. `out` is an array of shape (n_stimuli *
        n_positions, n_nodes). It is filled while the network runs: memory does not
        grow, and operations that change an output in place come too late to matter.
        """
        self._call_uninterrupted(partial(self._run, plan, out))

    def _call_uninterrupted(self, function):
        """Call a function that changes the state of the network for a while."""
        call = partial(_call_in_contexts, _copy_contexts(), function)
        n_threads = import_torch().get_num_threads()
        try:
            return run_uninterrupted(call, self.stop, n_threads)
        finally:
            self._own_errors.clear()  # they refer to the frames that refer to them

    def _plan(self):
        network = self.sample.network
        modules, required, matched = select_modules(
            network, self.options.layers, self.sample.name
        )
        # Two stimuli, so that an axis of stimuli differs from an axis of length 1.
        inputs = self.sample.inputs
        batch = next(inputs.batches(network, 3))
        n_rows = batch.rows.stop
        first = self._try_out(modules, batch)
        self._check_finite(first)
        plan = [site for site, _ in first.values()]
        self._check_plan(plan, modules, required)
        # The first of them in each row, to see if the others had an influence on it.
        self._compare(first, self._try_out(modules, inputs.first(network, n_rows)))
        return Plan(plan, len(inputs), matched)

    def _run(self, plan, out):
        network, inputs = self.sample.network, self.sample.inputs
        plan = plan.sites
        places = _find_places(plan, out, len(inputs))
        hooks = [
            (network.get_submodule(layer), partial(self._write, places, layer))
            for layer in dict.fromkeys(site.module for site in plan)
        ]
        size = 256 if self.options.batch_size == "auto" else self.options.batch_size
        with self._explained_errors(), self._ready_to_run(hooks) as placed:
            for batch in inputs.batches(network, size):
                self._rows = batch.rows
                self._show(placed, batch)
                self._check_all_ran(places)
        self._check_finite(places)

    def _show(self, placed, batch):
        """Run the network on the stimuli in `_rows`."""
        self._n_calls.clear()
        placed.run(batch)
        # A network may have caught what a hook raised.
        for error in self._own_errors:
            raise error

    def _fail(self, problem):
        """Return an error that names the sample."""
        error = ValueError(f"{self.sample.name}: {problem}")
        self._own_errors.append(error)
        return error

    @contextlib.contextmanager
    def _explained_errors(self):
        """Say which sample and stimuli it was where a network raises an error."""
        try:
            yield
        except Exception as error:
            if any(error is own for own in self._own_errors):
                raise
            sample, start, stop = self.sample, self._rows.start, self._rows.stop
            which = (
                f"the first {stop}" if start == 0 else f"stimuli {start} to {stop - 1}"
            )
            shown = (
                f"{sample.name} ({type(sample.network).__name__}) could not be run on "
                f"{which} of {len(sample.inputs)} stimuli, "
                f"{sample.inputs.describe(self._rows)}"
            )
            reason = str(error).rstrip(".")
            if _is_out_of_memory(error):
                raise MemoryError(
                    f"{shown}, because memory ran out ({reason}). Choose a smaller "
                    f"batch_size than {self.options.batch_size}, layers of fewer "
                    "units, or another device."
                ) from error
            if type(error) is not RuntimeError:
                reason = type(error).__name__ + (f": {reason}" if reason else "")
            hint = ""
            if "float" not in sample.inputs.describe(self._rows):
                hint = " Give floats, or a torch tensor of integers to look up."
            raise ValueError(f"{shown}: {reason}.{hint}") from error

    def _try_out(self, modules, batch):
        """Show a batch of at most two stimuli.

        Returns a dict from (module, call) to a `RecordedSite` and its nodes, of shape
        (n_rows, n_positions, *node_shape), in the order of execution.
        """
        network, n_rows = self.sample.network, batch.rows.stop
        found, axes = {}, ChannelAxes()
        hooks = axes.make_hooks(network) + [
            (module, partial(self._inspect, found, axes, n_rows, layer))
            for layer, module in modules.items()
        ]
        self._rows = slice(0, n_rows)
        with self._explained_errors(), self._ready_to_run(hooks) as placed:
            self._show(placed, batch)
        return found

    def _inspect(self, found, axes, n_stimuli, layer, output):
        """Add an output to what `_try_out` found."""
        call = self._count_call(layer)
        where = f"{self.sample.name}: layer {layer!r}"
        tensor = pick_tensor(output, where, n_stimuli)
        axis = self.options.channel_axis
        if axis == "auto":
            axis = axes.guess(tensor.shape)
        nodes = reduce_to_nodes(tensor, where, n_stimuli, self.options.reduce, axis)
        label = layer or type(self.sample.network).__name__
        label += f"#{call + 1}" if call else ""
        _, n_positions, *shape = nodes.shape
        dtype = np.dtype(str(nodes.dtype).removeprefix("torch."))
        site = RecordedSite(layer, call, label, axis, n_positions, tuple(shape), dtype)
        # A copy, since operations that follow may change the output in place.
        found[layer, call] = site, nodes.clone()

    def _write(self, places, layer, output):
        """Write an output to its place in the array of all activations."""
        call = self._count_call(layer)
        n_stimuli = self._rows.stop - self._rows.start
        where = f"{self.sample.name}: layer {layer!r}"
        tensor = pick_tensor(output, where, n_stimuli)
        nodes = None
        if (layer, call) in places:
            site, place = places[layer, call]
            nodes = reduce_to_nodes(
                tensor, where, n_stimuli, self.options.reduce, site.channel_axis
            )
        if nodes is None or nodes.shape[1:] != place.shape[1:]:
            raise self._fail(
                f"layer {layer!r} ran differently than on the first stimuli (call "
                f"{call + 1}, output {tuple(tensor.shape)}): its nodes change from "
                "stimulus to stimulus and do not make a connectome."
            )
        place[self._rows] = nodes

    def _count_call(self, layer):
        """Return the number of this call of a layer on the stimuli shown now."""
        self._n_calls[layer] += 1
        return self._n_calls[layer] - 1

    def _check_plan(self, plan, modules, required):
        """Raise unless the plan has all required modules and makes one table."""
        idle = required - {site.module for site in plan}
        if idle or not plan:
            raise self._fail(
                f"no output came from the layers "
                f"{sorted(idle or modules)}; the network does not run them. Choose "
                "other layers."
            )
        if len({site.n_positions for site in plan}) > 1:
            found = ", ".join(f"{site.label}: {site.n_positions}" for site in plan)
            raise self._fail(
                f"reduce='observations' needs layers with equally "
                f"many positions, got {found}. Choose other layers, or another way."
            )

    def _compare(self, first, again):
        """Warn if the last stimulus gave other nodes beside copies of itself."""
        for key in [key for key in first if key in again]:
            before, after = first[key][1][0], again[key][1][-1]
            tolerance = 0.02 * before.abs().max() + 1e-6
            if after.shape != before.shape or (after - before).abs().max() > tolerance:
                warnings.warn(
                    f"{self.sample.name}: what layer {key[0]!r} gives for a stimulus "
                    "depends on the others shown with it, or on chance. Is the first "
                    "axis of the stimuli that of time (recurrent and transformer "
                    "layers: batch_first=True)? Does batch normalisation run without "
                    "its statistics?",
                    stacklevel=2,
                )
                return

    def _check_all_ran(self, places):
        """Raise if a layer of the plan did not run on the stimuli shown now."""
        rows = f"{self._rows.start} to {self._rows.stop - 1}"
        for layer, call in places:
            if call >= self._n_calls[layer]:
                raise self._fail(
                    f"layer {layer!r} ran on the first stimuli, but did not run on "
                    f"stimuli {rows}."
                )

    def _check_finite(self, recorded):
        """Raise unless numbers are finite.

        `recorded` is a dict from (module, call) to a site and its nodes.
        """
        for site, nodes in recorded.values():
            if not is_finite(nodes):
                index = (~nodes.isfinite()).nonzero()[0].tolist()
                value = "NaN" if nodes[tuple(index)].isnan() else "infinity"
                raise self._fail(
                    f"layer {site.module!r} gave {value} at node "
                    f"{site.name_node(index[2:])!r} for stimulus {index[0]}; the "
                    "network may have diverged. Leave it out, or train it again."
                )

    @contextlib.contextmanager
    def _ready_to_run(self, hooks):
        """Yield the network, as `_PlacedNetwork`, ready to be recorded.

        It is in evaluation mode, computes no gradients and has the hooks, a list of
        (module, function of its output). Afterwards modes, hooks and torch's random
        numbers are as before, whatever is raised.
        """
        torch, network = import_torch(), self.sample.network
        # Threads may share a network: no other may change its mode or call its hooks.
        with take_turn(self.stop), torch.no_grad(), contextlib.ExitStack() as stack:
            placed = _PlacedNetwork(network, self.options.device)
            gpus = [placed.device] if placed.device.type == "cuda" else []
            stack.enter_context(torch.random.fork_rng(devices=gpus))
            # Fused attention and compiled code would not call the hooks.
            attention = torch.backends.mha
            stack.callback(
                attention.set_fastpath_enabled, attention.get_fastpath_enabled()
            )
            attention.set_fastpath_enabled(False)
            if "torch._dynamo" in sys.modules and hasattr(torch.compiler, "set_stance"):
                stack.enter_context(torch.compiler.set_stance("force_eager"))
            # Each flag is set by itself: a network may override `eval` to do more,
            # which `train` would not undo.
            for module in network.modules():
                stack.callback(setattr, module, "training", module.training)
                module.training = False
            for module, function in self._make_stops() + hooks:
                hook = _LocalHook(partial(self._call_hook, function))
                stack.callback(module.register_forward_hook(hook).remove)
            yield placed

    def _make_stops(self):
        """Return hooks that stop the network, if asked, after each part that runs."""
        return [
            (module, None)
            for module in self.sample.network.modules()
            if next(module.children(), None) is None
        ]

    def _call_hook(self, function, output):
        """Call the function of a hook, and keep what it raises."""
        self.stop.check()
        if function is None:
            return
        try:
            function(output)
        except ValueError as error:
            self._own_errors.append(error)
            raise


def _copy_contexts():
    """Return what torch keeps for each thread, as functions that make its contexts.

    Gradients, hooks and random numbers are none of them: a recording sets its own.
    """
    torch, contexts = import_torch(), []
    if torch.is_inference_mode_enabled():
        contexts.append(torch.inference_mode)
    if torch.get_default_device().type != "cpu":
        contexts.append(partial(torch.device, torch.get_default_device()))
    for kind in ("cpu", "cuda"):
        # Earlier than torch 2.4, the recording runs without autocast.
        if hasattr(torch, "get_autocast_dtype") and torch.is_autocast_enabled(kind):
            dtype = torch.get_autocast_dtype(kind)
            contexts.append(partial(torch.autocast, kind, dtype))
    if torch.cuda.is_initialized():
        contexts.append(partial(torch.cuda.stream, torch.cuda.current_stream()))
    return contexts


def _call_in_contexts(contexts, function):
    with contextlib.ExitStack() as stack:
        for make in contexts:
            stack.enter_context(make())
        return function()


def _is_out_of_memory(error):
    """Return whether an error says that memory ran out, on the CPU or elsewhere."""
    if isinstance(error, (MemoryError, import_torch().cuda.OutOfMemoryError)):
        return True
    # On the CPU torch raises a RuntimeError, as it does if shapes do not fit.
    phrases = "(can't|cannot|could not|failed to) allocate|(out of|not enough) memory"
    found = re.search(f"{phrases}|bad_alloc|alloc_failed", str(error), re.IGNORECASE)
    return isinstance(error, RuntimeError) and found is not None


def _find_device(device):
    """Return a torch device, None for None; raise a ValueError if it is not there."""
    if device is None:
        return None
    torch = import_torch()
    if not (isinstance(device, (str, torch.device)) or is_integer(device)):
        raise ValueError(
            f"device={device!r} cannot be used; expected None, a name such as 'cuda', "
            "or a torch.device."
        )
    try:
        found = torch.empty(0, device=device).device
    except (RuntimeError, AssertionError, TypeError) as error:
        # Unknown names, devices that are not there, or a torch built without them.
        raise ValueError(f"device={device!r} cannot be used here: {error}") from error
    if found.type == "meta":
        raise ValueError("device='meta' cannot be used: it computes no numbers.")
    return found


def _find_places(plan, out, n_stimuli):
    """Return where in `out` the output of each call of a module is written.

    A dict from (module, call) to its site and a tensor of shape (n_stimuli,
    n_positions, *node_shape) that is a part of `out`.
    """
    nodes = import_torch().from_numpy(out).view(n_stimuli, plan[0].n_positions, -1)
    places, stop = {}, 0
    for site in plan:
        start, stop = stop, stop + site.n_nodes
        place = nodes[..., start:stop].unflatten(2, site.node_shape)
        places[site.module, site.call] = site, place
    return places


class _LocalHook:
    """A forward hook that does nothing in copies of its module.

    Dask may send a network to another worker while it is recorded in this one.
    """

    def __init__(self, function=None):
        self.function = function

    def __call__(self, module, args, output):
        if self.function is not None:
            self.function(output)

    def __reduce__(self):
        """Pickle and copy as a hook without a function."""
        return _LocalHook, ()


class _PlacedNetwork:
    """Runs a network on a device, and leaves its weights where they are."""

    def __init__(self, network, device):
        tensors = get_tensors(network)
        own = [tensor.device for tensor in tensors.values()]
        own = own or [import_torch().device("cpu")]
        self.network = network
        self.device = _find_device(device) or own[0]
        self.copies = None
        if device is not None and set(own) - {self.device}:
            self.copies = {k: tensor.to(self.device) for k, tensor in tensors.items()}

    def run(self, batch):
        """Run the network on a batch, which may be on another device."""
        batch = batch.to(self.device)
        if self.copies is None:
            return self.network(*batch.args, **batch.kwargs)
        torch = import_torch()
        return torch.func.functional_call(
            self.network, self.copies, batch.args, batch.kwargs
        )
