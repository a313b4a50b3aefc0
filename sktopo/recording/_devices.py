"""Where networks run: devices, and what torch keeps for each thread.

torch is imported inside functions only.
"""

from __future__ import annotations

import contextlib
import re
from functools import partial
from itertools import chain

from sktopo._utils.parameters import is_integer
from sktopo.recording._tensors import get_tensors, import_torch


def copy_contexts():
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


def call_in_contexts(contexts, function):
    with contextlib.ExitStack() as stack:
        for make in contexts:
            stack.enter_context(make())
        return function()


def is_out_of_memory(error):
    """Return whether an error says that memory ran out, on the CPU or elsewhere."""
    if isinstance(error, (MemoryError, import_torch().cuda.OutOfMemoryError)):
        return True
    # On the CPU torch raises a RuntimeError, as it does if shapes do not fit.
    phrases = "(can't|cannot|could not|failed to) allocate|(out of|not enough) memory"
    found = re.search(f"{phrases}|bad_alloc|alloc_failed", str(error), re.IGNORECASE)
    return isinstance(error, RuntimeError) and found is not None


def find_device(device):
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


class PlacedNetwork:
    """Runs a network on a device, and leaves its weights where they are."""

    def __init__(self, network, device):
        self.network = network
        self.device = find_device(device)
        self.copies = None
        if self.device is None:
            tensors = chain(network.parameters(), network.buffers())
            own = (tensor.device for tensor in tensors)
            self.device = next(own, import_torch().device("cpu"))
            return
        tensors = get_tensors(network)
        if {tensor.device for tensor in tensors.values()} - {self.device}:
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
