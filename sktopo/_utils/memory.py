"""Checks that a result fits in memory, before any work is done for it."""

from __future__ import annotations

import importlib
import os
from pathlib import Path

# The limit of the container that a process runs in, and what is in use there.
_CGROUP = Path("/sys/fs/cgroup")
# Smaller results, in bytes, are not worth asking for the memory.
_SMALL = 2**26


# What graphs that do not fit can be given to instead.
_STREAMING = (
    "ConnectomePersistence computes Wasserstein rows from activations without any "
    "matrix"
)
_FEWER_NODES = "max_nodes of ActivationExtractor records fewer nodes"
ONE_SAMPLE = "SampleWise keeps one sample at a time in memory"


def check_memory(name, n_bytes, n_nodes, remedy=_STREAMING, fewer=_FEWER_NODES):
    """Raise a MemoryError if a result does not fit in the memory at hand.

    Parameters
    ----------
    name : str
        What needs the memory, at the beginning of the message.

    n_bytes : int
        Size of the result and of what is needed to compute it.

    n_nodes : int
        Number of nodes of the largest sample.

    remedy : str
        What needs less memory.

    fewer : str
        What makes smaller graphs.
    """
    remedies = f"{remedy}; {fewer}; {ONE_SAMPLE}"
    check_bytes(name, n_bytes, f"graphs of {n_nodes:,} nodes", remedies)


def check_bytes(name, n_bytes, what, remedies):
    """Raise a MemoryError if `name` has not as much memory as it needs for `what`.

    `remedies` are what needs less memory, in one sentence without its end.
    """
    if n_bytes < _SMALL:
        return
    available = available_memory()
    if available is None or n_bytes <= available:
        return
    raise MemoryError(
        f"{name} needs {n_bytes / 1e9:.3g} GB for {what}, and "
        f"{available / 1e9:.3g} GB are available. {remedies}."
    )


def available_memory():
    """Return the number of bytes at hand, None if that cannot be found out.

    Without psutil all of the memory counts as available.
    """
    return min(_machine_memory() + _container_memory(), default=None)


def _machine_memory():
    """Return a list of what the machine has; empty if that cannot be found out."""
    try:
        psutil = importlib.import_module("psutil")
    except ImportError:
        if not hasattr(os, "sysconf"):  # Windows
            return []
        return [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    return [psutil.virtual_memory().available]


def _container_memory():
    """Return a list of what the limit of a container leaves; empty without a limit."""
    try:
        limit = int((_CGROUP / "memory.max").read_text())  # "max": no limit
        status = dict(
            map(str.split, (_CGROUP / "memory.stat").read_text().splitlines())
        )
        # Cached files give way to other data.
        return [limit - int(status["anon"])]
    except (OSError, ValueError, KeyError):
        return []
