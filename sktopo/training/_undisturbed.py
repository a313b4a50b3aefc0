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
    """Restore random numbers and the buffers of a network, whatever is raised.

    The random numbers are those of Python, NumPy and torch on the CPU and on each
    device in use. `ActivationExtractor` restores modes and removes its hooks.
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
            stack.callback(_restore_buffers, list(_copy_buffers(network)))
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


def _copy_buffers(network):
    """Yield each buffer: its module, its name, the tensor and a copy of its numbers."""
    for module in network.modules():
        for name, buffer in module.named_buffers(recurse=False):
            yield module, name, buffer, buffer.detach().clone()


def _restore_buffers(buffers):
    """Restore buffers that a network changed although it was in evaluation mode."""
    torch = sys.modules["torch"]
    for module, name, buffer, numbers in buffers:
        if getattr(module, name) is not buffer:
            setattr(module, name, buffer)
        if not torch.equal(buffer, numbers):
            # A change of `data` does not count as a change of a tensor that backward
            # needs, which it refuses.
            buffer.data.copy_(numbers)
