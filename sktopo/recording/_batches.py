"""Batches of stimuli, in the type in which a network computes.

torch is imported inside functions only.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from sktopo.recording._tensors import import_torch, is_tensor


@dataclass(frozen=True)
class Batch:
    """What a network is shown at once.

    rows : numbers of the stimuli among all stimuli of the sample, a slice.
    args : positional inputs of forward, a tuple of tensors (n_rows, ...).
    kwargs : keyword inputs of forward, a dict of tensors (n_rows, ...).
    mask : boolean tensor (n_rows, n_positions), True where a position counts, or None
        if all positions count.
    """

    rows: slice
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    mask: Any = None

    def to(self, device):
        """Return the batch on a device."""
        return replace(
            self,
            args=tuple(part.to(device) for part in self.args),
            kwargs={name: part.to(device) for name, part in self.kwargs.items()},
            mask=None if self.mask is None else self.mask.to(device),
        )


class BatchReader:
    """Reads batches of what a network is shown.

    Parameters
    ----------
    network : torch.nn.Module
        The network.

    parts : Parts
        The stimuli.

    mask : ndarray of shape (n_stimuli, n_positions) or None
        Which positions count.

    batch_size : int
        The largest number of stimuli in a batch.
    """

    def __init__(self, network, parts, mask, batch_size):
        values = parts.choose(network)
        size = min(batch_size, len(parts))
        self._buffers = {
            key: _Buffer(value, size, *_find_dtypes(network, value, [*values] == [0]))
            for key, value in values.items()
        }
        self._mask = mask

    def read(self, rows, n_before=0):
        """Return the stimuli in `rows`, a slice; the next call overwrites them.

        `n_before` is the number of stimuli before these parts.
        """
        args, kwargs = [], {}
        for key, buffer in self._buffers.items():
            if isinstance(key, str):
                kwargs[key] = buffer.read(rows)
            else:
                args.append(buffer.read(rows))
        mask = self._mask
        if mask is not None:
            mask = import_torch().from_numpy(mask[rows])
        place = slice(rows.start + n_before, rows.stop + n_before)
        return Batch(place, tuple(args), kwargs, mask)


class _Buffer:
    """Copies rows of one input, since networks may write to their input.

    `held` is the dtype of the copy, and `dtype` that in which it is shown.
    """

    def __init__(self, value, size, dtype, held):
        torch = import_torch()
        self.dtype = dtype
        # A single buffer: allocating one for each batch takes longer than copying.
        self.buffer = torch.empty(
            (size, *value.shape[1:]),
            dtype=held,
            device=value.device if is_tensor(value) else "cpu",
        )
        self.source, self.target = value, self.buffer
        if not is_tensor(value):
            self.target = self.buffer.numpy()
            # torch copies with all its threads, but cannot read every kind of array.
            with contextlib.suppress(TypeError, ValueError):
                if value.flags.writeable:
                    self.source = torch.from_numpy(value)
                    self.target = self.buffer

    def read(self, rows):
        batch = self.source[rows]
        self.target[: len(batch)] = batch
        return self.buffer[: len(batch)].to(self.dtype)


def _find_dtypes(network, value, is_only_input):
    """Return the dtype in which a network takes an input, and that of its buffer.

    Integers stay integers in tensors, in arrays beside other inputs, and in arrays for
    networks that look them up in an embedding; otherwise they become floating-point
    numbers, as in scikit-learn.
    """
    torch = import_torch()
    tensors = chain(network.parameters(), network.buffers())
    floating = (tensor.dtype for tensor in tensors if tensor.is_floating_point())
    dtype = next(floating, torch.get_default_dtype())
    if is_tensor(value):
        dtype = dtype if value.is_floating_point() else value.dtype
        return dtype, dtype
    lookups = (torch.nn.Embedding, torch.nn.EmbeddingBag)
    keeps_integers = not is_only_input or any(
        isinstance(module, lookups) for module in network.modules()
    )
    if keeps_integers and value.dtype.kind in "iu":
        return torch.int64, torch.int64
    if not is_only_input and value.dtype.kind == "b":
        return torch.bool, torch.bool
    # NumPy, which writes to the buffer, does not have torch.bfloat16.
    return dtype, torch.float64 if dtype == torch.float64 else torch.float32
