"""Running a network on stimuli and recording what happens in it.

torch is imported inside functions only.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from sktopo._utils.caller import warn_caller
from sktopo._utils.interrupts import StopSignal, run_uninterrupted, take_turn
from sktopo._utils.parameters import check_integer, check_option, is_integer
from sktopo.recording._devices import (
    PlacedNetwork,
    call_in_contexts,
    copy_contexts,
    find_device,
    is_out_of_memory,
)
from sktopo.recording._finder import Finder
from sktopo.recording._forward import describe_forward
from sktopo.recording._plan import N_TRIAL, make_plan
from sktopo.recording._selection import Selection
from sktopo.recording._tensors import import_torch, is_finite
from sktopo.recording._writer import RunFinished, Writer

_REDUCTIONS = ("mean", "max", "last", "observations", "units")


@dataclass(frozen=True)
class RecordingOptions:
    """The parameters of `ActivationExtractor` that say how a network is recorded.

    seed : int that chooses the nodes which `max_nodes` keeps.
    """

    layers: Any
    reduce: str | Callable[..., Any]
    channel_axis: Any
    batch_size: Any
    max_nodes: int | None
    seed: int
    device: Any

    def __post_init__(self):
        if not callable(self.reduce):
            check_option("reduce", self.reduce, _REDUCTIONS)
        if self.channel_axis != "auto":
            if not is_integer(self.channel_axis) or self.channel_axis == 0:
                raise ValueError(
                    "channel_axis must be 'auto' or an integer other than 0, the axis "
                    f"of the stimuli; got {self.channel_axis!r}."
                )
        if self.batch_size != "auto":
            check_integer("batch_size", self.batch_size, 1)
        if self.max_nodes is not None:
            check_integer("max_nodes", self.max_nodes, 2)
        find_device(self.device)


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
        self.network = _unwrap(sample.network)

    def plan(self):
        """Show the network its first stimuli to find what is recorded.

        Returns a `Plan`. Raises or warns if it does not make a connectome.
        """
        return self._call_uninterrupted(self._plan)

    def run(self, plan, out):
        """Run the network on all stimuli and write the activations of its nodes.

        `plan` is what `plan` returned. `out` is an array of shape (plan.n_rows,
        plan.n_nodes).
        """
        self._call_uninterrupted(partial(self._run, plan, out))

    def _call_uninterrupted(self, function):
        """Call a function that changes the state of the network for a while."""
        call = partial(call_in_contexts, copy_contexts(), function)
        n_threads = import_torch().get_num_threads()
        return run_uninterrupted(call, self.stop, n_threads)

    def _select(self):
        return Selection(self.network, self.options.layers, self.sample.name)

    def _plan(self):
        finder = self._find(N_TRIAL)
        if finder.left_out:
            # Others may have had as many rows as there are stimuli by chance, such as
            # experts that got as many tokens.
            finder.leave_out_others(self._find(N_TRIAL + 2))
        finder.check_found()
        plan = make_plan(finder, self.sample.inputs, self.options)
        self._check_finite(plan, plan.first)
        return plan

    def _find(self, n_rows):
        """Show the network some stimuli; return what there is to record."""
        finder = Finder(self.network, self._select(), self.options, self.stop)
        batch = self.sample.inputs.trial(self.network, n_rows)
        with self._ready_to_run(finder, self.network.modules(), True) as placed:
            self._show(placed, finder, batch, "a trial with the first of {} stimuli")
        return finder

    def _run(self, plan, out):
        names, name = self._select().names, self.sample.name
        writer = Writer(self.network, names, plan, self.options, name, self.stop, out)
        inputs, size, start = self.sample.inputs, self.options.batch_size, 0
        can_shrink = size == "auto"
        size = plan.batch_size if can_shrink else size
        with self._ready_to_run(
            writer, writer.modules, writer.watches_functions
        ) as placed:
            while start < len(inputs):
                try:
                    for batch in inputs.batches(self.network, size, start):
                        stop = batch.rows.stop
                        which = f"stimuli {batch.rows.start} to {stop - 1} of {{}}"
                        self._show(placed, writer, batch, which, size)
                        writer.finish()
                        start = stop
                except MemoryError:
                    if not can_shrink or size == 1:
                        raise
                    if size == plan.batch_size:
                        warn_caller(
                            f"{name}: memory ran out with up to {size} stimuli at "
                            "once; fewer are shown. Set batch_size to avoid this."
                        )
                    size //= 2
        writer.check_complete()
        self._check_finite(plan, out)
        self._compare(plan, out)

    def _show(self, placed, observer, batch, which, size=None):
        """Run the network on a batch.

        `which` says in errors which stimuli are in it, with a gap for their number,
        and `size` is the batch size, if there is one.
        """
        observer.begin(batch)
        try:
            with contextlib.suppress(RunFinished):
                placed.run(batch)
        except Exception as error:
            if any(error is own for own in observer.errors):
                raise
            which = which.format(len(self.sample.inputs))
            raise self._explain(error, batch, which, size) from error
        # A network may have caught what an observer raised.
        for error in observer.errors:
            raise error

    def _explain(self, error, batch, which, size):
        """Return an error that says which sample and stimuli it was."""
        described = self.sample.inputs.describe(batch.rows)
        shown = (
            f"{self.sample.name} ({type(self.network).__name__}) could not be run on "
            f"{which}, {described}"
        )
        reason = str(error).rstrip(".")
        if is_out_of_memory(error):
            smaller = f"a smaller batch_size than {size}, " if size else ""
            return MemoryError(
                f"{shown}, because memory ran out ({reason}). Choose {smaller}layers "
                "of fewer units, or another device."
            )
        if type(error) is not RuntimeError:
            reason = type(error).__name__ + (f": {reason}" if reason else "")
        hint = f" The network takes {describe_forward(self.network)}."
        if " and type int" in described or " and type uint" in described:
            hint += " Give floats, or a torch tensor of integers to look up."
        elif " and type torch.int" in described or " and type torch.uint" in described:
            hint += " Tensors of integers are shown as they are: give x.float()."
        return ValueError(f"{shown}: {reason}.{hint}")

    def _compare(self, plan, out):
        """Warn if the first stimulus gave other nodes beside the other stimuli."""
        for site, columns in plan.place_sites():
            before, after = plan.first[:, columns], out[: len(plan.first), columns]
            tolerance = 0.05 * np.abs(before).max() + 1e-6
            if before.shape != after.shape or np.abs(after - before).max() > tolerance:
                warn_caller(
                    f"{self.sample.name}: what layer {site.label!r} gives for a "
                    "stimulus depends on the others shown with it, or on chance. Is "
                    "the first axis of the stimuli that of time (recurrent and "
                    "transformer layers: batch_first=True)? Does batch normalisation "
                    "run without its statistics?"
                )
                return

    def _check_finite(self, plan, activations):
        """Raise unless activations, of shape (n_rows, plan.n_nodes), are finite."""
        if is_finite(import_torch().from_numpy(activations)):
            return
        row, column = np.argwhere(~np.isfinite(activations))[0]
        value = "NaN" if np.isnan(activations[row, column]) else "infinity"
        which = "observation" if plan.is_by_position else "stimulus"
        label = next(
            site.label
            for site, columns in plan.place_sites()
            if columns.start <= column < columns.stop
        )
        raise ValueError(
            f"{self.sample.name}: layer {label!r} gave {value} at node "
            f"{plan.node_names[column]!r} for {which} {row}; the network may have "
            "diverged. Leave it out, or train it again."
        )

    @contextlib.contextmanager
    def _ready_to_run(self, observer, modules, watches_functions):
        """Yield the network, as `PlacedNetwork`, ready to be recorded.

        It is in evaluation mode, computes no gradients and has the hooks of the
        observer. Afterwards modes, hooks and torch's random numbers are as before,
        whatever is raised.
        """
        torch, network = import_torch(), self.network
        # Threads may share a network: no other may change its mode or call its hooks.
        with take_turn(self.stop), torch.no_grad(), contextlib.ExitStack() as stack:
            placed = PlacedNetwork(network, self.options.device)
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
            stack.enter_context(observer.attached(modules, watches_functions))
            yield placed


def _unwrap(network):
    """Return the network inside of wrappers that compile it or spread it over GPUs."""
    torch = import_torch()
    parallel = (torch.nn.DataParallel, torch.nn.parallel.DistributedDataParallel)
    while True:
        if isinstance(network, parallel):
            network = network.module
        elif hasattr(network, "_orig_mod"):
            network = network._orig_mod
        else:
            return network
