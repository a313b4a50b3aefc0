"""From the output of a layer to the activations of nodes."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from sktopo.recording._tensors import is_tensor


def pick_tensor(output, where, n_stimuli):
    """Return the first tensor of an output, which may be a tuple, a dict or the like.

    A tensor whose first axis has the length `n_stimuli` is preferred: an attention
    layer, for example, returns its weights as well. `where` names the sample and
    layer, for errors.
    """
    if dataclasses.is_dataclass(output):
        parts = [getattr(output, field.name) for field in dataclasses.fields(output)]
    elif isinstance(output, Mapping):
        parts = list(output.values())
    else:
        parts = output if isinstance(output, (tuple, list)) else [output]
    tensors = [part for part in parts if is_tensor(part)]
    if not tensors or tensors[0].is_nested:
        raise ValueError(
            f"{where} returned {type(output).__name__}, which does not hold a "
            "plain tensor; record a layer inside it or around it."
        )
    fitting = [t for t in tensors if t.ndim and len(t) == n_stimuli]
    tensor = (fitting or tensors)[0].detach()
    if tensor.is_sparse or tensor.is_sparse_csr or tensor.is_meta:
        raise ValueError(
            f"{where} returned a sparse or meta tensor, which does not hold plain "
            "numbers; record a layer inside it or around it."
        )
    return tensor.dequantize() if tensor.is_quantized else tensor


def reduce_to_nodes(tensor, where, n_stimuli, reduce, channel_axis):
    """Bring the output of a layer to the shape (n_stimuli, n_positions, *node_shape).

    `n_positions` is 1 unless `reduce` is "observations". `node_shape` is (n_channels,),
    or the shape of the output for one stimulus if `reduce` is "units". The result is
    float64 or float32. `where` names the sample and layer, for errors.
    """
    if not tensor.ndim or len(tensor) != n_stimuli:
        raise ValueError(
            f"{where} gave an output of shape {tuple(tensor.shape)} for "
            f"{n_stimuli} stimuli; the first axis must be that of the stimuli (in "
            "recurrent and transformer layers: batch_first=True)."
        )
    if not tensor.numel():
        raise ValueError(
            f"{where} gave an output of shape {tuple(tensor.shape)}, without numbers."
        )
    if tensor.is_complex():
        raise ValueError(f"{where} gave complex numbers; expected real ones.")
    if tensor.dtype.itemsize != 8 or not tensor.is_floating_point():
        tensor = tensor.float()
    if tensor.ndim == 1:
        tensor = tensor[:, None]
    if tensor.ndim == 2 or reduce == "units":
        return tensor[:, None]
    axis = channel_axis + tensor.ndim * (channel_axis < 0)
    if not 0 < axis < tensor.ndim:
        raise ValueError(
            f"{where} gave an output of shape {tuple(tensor.shape)}, with the stimuli "
            f"on axis 0; channel_axis={channel_axis} is not an axis of channels in it."
        )
    tensor = tensor.movedim(axis, -1).flatten(1, -2)
    if reduce == "mean":
        return tensor.mean(dim=1, keepdim=True)
    if reduce == "max":
        return tensor.amax(dim=1, keepdim=True)
    return tensor
