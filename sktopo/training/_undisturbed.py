"""Running a network in the middle of a training loop without changing the run.

torch is imported inside functions only.
"""

from __future__ import annotations

import contextlib
import random
import sys

import numpy as np

from sktopo._utils.optional import import_optional

# Kinds of devices with random numbers of their own. Those of MPS are one device.
_DEVICES = ("cuda", "xpu", "mps")


@contextlib.contextmanager
def undisturbed(network):
    """Restore random numbers and the state of a network, whatever is raised.

    The random numbers are those of Python, NumPy and torch on the CPU and on each
    device in use. The state is the attributes of modules and the numbers in buffers.
    `ActivationExtractor` restores modes and removes its hooks.
    """
    with contextlib.ExitStack() as stack:
        stack.callback(random.setstate, random.getstate())
        # Data sets of users may draw from NumPy's global generator.
        stack.callback(np.random.set_state, np.random.get_state())  # noqa: NPY002
        torch = import_optional("torch", extra="torch", purpose="TopologyMonitor")
        stack.callback(torch.set_rng_state, torch.get_rng_state())
        for kind in _DEVICES:
            _keep_states_of_devices(getattr(torch, kind, None), stack)
        if isinstance(network, torch.nn.Module):
            stack.callback(_restore_entries, _copy_attributes(network))
            # What torch keeps within `parametrize.cached()` would have no gradients.
            cache = getattr(torch.nn.utils.parametrize, "_cache", {})
            stack.callback(_restore_entries, [(cache, dict(cache))])
            stack.callback(_restore_buffers, _copy_buffers(network))
        yield


def _keep_states_of_devices(module, stack):
    """Restore the random numbers of all devices of a kind, if it is in use."""
    if module is None or not module.is_available():
        return
    if hasattr(module, "is_initialized") and not module.is_initialized():
        return
    if hasattr(module, "get_rng_state_all"):
        stack.callback(module.set_rng_state_all, module.get_rng_state_all())
    else:
        stack.callback(module.set_rng_state, module.get_rng_state())


def _copy_attributes(network):
    """Copy the attributes of all modules: a list of dicts, each with its entries.

    Buffers, and what a user may keep in a dict, are in dicts among the attributes.
    """
    copies = []
    for module in network.modules():
        attributes = vars(module)
        dicts = [value for value in attributes.values() if isinstance(value, dict)]
        copies += [(entries, dict(entries)) for entries in (attributes, *dicts)]
    return copies


def _restore_entries(copies):
    """Undo what a network has set or deleted, such as what it keeps of its first run.

    That may hold random numbers, or numbers computed without gradients.
    """
    for entries, kept in copies:
        for name in entries.keys() - kept.keys():
            del entries[name]
        for name, value in kept.items():
            if name not in entries or entries[name] is not value:
                entries[name] = value


def _copy_buffers(network):
    """Return each buffer of a network, and a copy of its numbers."""
    return [(buffer, buffer.detach().clone()) for buffer in network.buffers()]


def _restore_buffers(buffers):
    """Restore numbers that a network changed although it was in evaluation mode."""
    torch = sys.modules["torch"]
    for buffer, numbers in buffers:
        if not torch.equal(buffer, numbers):
            # A change of `data` does not count as a change of a tensor that backward
            # needs, which it refuses.
            buffer.data.copy_(numbers)
