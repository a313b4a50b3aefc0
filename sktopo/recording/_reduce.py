"""From the output of a layer to the activations of nodes."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from sktopo.recording._tensors import is_tensor


def list_entries(output):
    """Return the entries of a tuple, dict or dataclass by name; of a tensor none.

    The entries of a tuple are named by their numbers, and those of a named tuple by
    their fields too.
    """
    if dataclasses.is_dataclass(output):
        names = [field.name for field in dataclasses.fields(output)]
        return {name: getattr(output, name) for name in names}
    if isinstance(output, Mapping):
        return {str(name): value for name, value in output.items()}
    if isinstance(output, (tuple, list)):
        names = getattr(output, "_fields", range(len(output)))
        return {str(name): value for name, value in zip(names, output, strict=True)}
    return {}


def pick_tensor(output, where, n_stimuli, entry="", takes_first=False):
    """Return the tensor of an output: that of the entry, or the only one.

    Of a tuple, dict or dataclass without a named `entry`, the tensor whose first axis
    has the length `n_stimuli` is taken, or the first such tensor if `takes_first`.
    `where` names the sample and layer, for errors.
    """
    entries = {"": output} if is_tensor(output) else list_entries(output)
    tensors = {name: part for name, part in entries.items() if is_tensor(part)}
    if entry:
        tensors = {name: part for name, part in tensors.items() if name == entry}
    if not tensors:
        raise ValueError(
            f"{where} returned {type(output).__name__}, which does not hold a "
            "plain tensor; record a layer inside it or around it."
        )
    fitting = [
        name for name, part in tensors.items() if part.ndim and len(part) == n_stimuli
    ]
    if len(fitting) > 1 and not takes_first:
        raise ValueError(
            f"{where} returned {type(output).__name__} with several tensors; add a "
            f"colon and the name of one of them to that of the layer: "
            f"{', '.join(fitting)}."
        )
    tensor = tensors[(fitting or list(tensors))[0]].detach()
    is_plain = not (tensor.is_nested or tensor.is_sparse or tensor.is_sparse_csr)
    if not is_plain or tensor.is_meta:
        raise ValueError(
            f"{where} returned a nested, sparse or meta tensor, which does not hold "
            "plain numbers; record a layer inside it or around it."
        )
    return tensor.dequantize() if tensor.is_quantized else tensor


def check_output(tensor, where, n_stimuli):
    """Raise unless a tensor holds real numbers for each of the stimuli."""
    if not tensor.ndim or len(tensor) != n_stimuli:
        raise ValueError(
            f"{where} gave an output of shape {tuple(tensor.shape)} for "
            f"{n_stimuli} stimuli; the first axis must be that of the stimuli (in "
            "recurrent and transformer layers: batch_first=True). Experts that see "
            "some of the tokens only cannot be recorded; record the layer around them."
        )
    if not tensor.numel():
        raise ValueError(
            f"{where} gave an output of shape {tuple(tensor.shape)}, without numbers."
        )
    if tensor.is_complex():
        raise ValueError(f"{where} gave complex numbers; expected real ones.")


def count_positions(tensor, reduce, channel_axis):
    """Return how many observations an output gives of each stimulus."""
    if reduce != "observations" or tensor.ndim < 3:
        return 1
    return tensor[0].numel() // tensor.shape[channel_axis]


def reduce_to_nodes(tensor, mask, where, reduce, channel_axis):
    """Bring the output of a layer to the shape (n_rows, *node_shape).

    Parameters
    ----------
    tensor : torch.Tensor of shape (n_stimuli, ...)
        What `check_output` has checked.

    mask : torch.Tensor of bool of shape (n_stimuli, n_positions) or None
        The positions that count; None if all do.

    where : str
        Names the sample and layer, for errors.

    reduce : {"mean", "max", "last", "observations", "units"} or callable
        The parameter of `ActivationExtractor`.

    channel_axis : int
        Axis of the channels, if there are more than two.

    Returns
    -------
    nodes : torch.Tensor of float32 or float64
        A row for each stimulus, or with "observations" for each position that counts.
    """
    if tensor.dtype.itemsize != 8 or not tensor.is_floating_point():
        tensor = tensor.float()
    if callable(reduce):
        return _call_reduce(reduce, tensor, mask, where)
    if tensor.ndim == 1:
        tensor = tensor[:, None]
    if tensor.ndim == 2:
        return tensor
    has_padding = mask is not None and not bool(mask.all())
    if reduce == "units":
        if has_padding:
            raise ValueError(
                f"{where}: reduce='units' makes a node of each position, but the mask "
                "leaves out positions. Reduce otherwise, or show stimuli of one length."
            )
        return tensor
    tensor = _to_positions(tensor, where, channel_axis)
    if not has_padding:
        return _reduce_positions(tensor, reduce)
    if tensor.shape[1] != mask.shape[1]:
        raise ValueError(
            f"{where} gave {tensor.shape[1]} positions, but the mask has "
            f"{mask.shape[1]}. Choose layers with as many positions as the mask, or "
            "mask=None, which lets padding count."
        )
    return _reduce_masked(tensor, mask, reduce)


def _to_positions(tensor, where, channel_axis):
    """Bring an output to the shape (n_stimuli, n_positions, n_channels)."""
    axis = channel_axis + tensor.ndim * (channel_axis < 0)
    if not 0 < axis < tensor.ndim:
        raise ValueError(
            f"{where} gave an output of shape {tuple(tensor.shape)}, with the stimuli "
            f"on axis 0; channel_axis={channel_axis} is not an axis of channels in it."
        )
    return tensor.movedim(axis, -1).flatten(1, -2)


def _reduce_positions(tensor, reduce):
    """Reduce (n_stimuli, n_positions, n_channels) where all positions count."""
    if reduce == "mean":
        return tensor.mean(dim=1)
    if reduce == "max":
        return tensor.amax(dim=1)
    if reduce == "last":
        return tensor[:, -1]
    return tensor.flatten(0, 1)


def _reduce_masked(tensor, mask, reduce):
    """Reduce (n_stimuli, n_positions, n_channels) at the positions in the mask."""
    if reduce == "observations":
        return tensor[mask]
    if reduce == "last":
        n_positions = mask.shape[1]
        last = n_positions - 1 - mask.flip(1).int().argmax(dim=1)
        return tensor[last.new_tensor(range(len(last))), last]
    left_out = ~mask[..., None]
    if reduce == "max":
        return tensor.masked_fill(left_out, -float("inf")).amax(dim=1)
    return tensor.masked_fill(left_out, 0).sum(dim=1) / mask.sum(dim=1, keepdim=True)


def _call_reduce(reduce, tensor, mask, where):
    """Return what the callable `reduce` makes of an output."""
    try:
        nodes = reduce(tensor.clone(), mask)  # which it may change
    except Exception as error:
        raise ValueError(
            f"{where}: reduce= raised {type(error).__name__}: {error}"
        ) from error
    is_table = is_tensor(nodes) and nodes.ndim == 2 and not nodes.is_complex()
    if not is_table or len(nodes) != len(tensor) or not nodes.numel():
        got = type(nodes).__name__
        if is_tensor(nodes):
            got = f"a tensor of shape {tuple(nodes.shape)} and type {nodes.dtype}"
        raise ValueError(
            f"{where}: reduce= returned {got}; expected a tensor of real numbers of "
            f"shape ({len(tensor)}, n_nodes), a row for each stimulus."
        )
    return nodes.detach() if nodes.dtype.itemsize == 8 else nodes.detach().float()


def refuse_constant_mean(tensor, where, reduce, channel_axis):
    """Raise if the numbers of an output sum to one over an axis that is averaged."""
    if reduce != "mean" or tensor.ndim < 3 or bool((tensor < 0).any()):
        return
    channels = channel_axis + tensor.ndim * (channel_axis < 0)
    for axis in range(1, tensor.ndim):
        sums = tensor.sum(dim=axis)
        is_long = axis != channels and tensor.shape[axis] > 1
        if is_long and float((sums - 1).abs().max()) < 1e-3:
            raise ValueError(
                f"{where} gave an output of shape {tuple(tensor.shape)} that sums to "
                f"one over axis {axis}, as a softmax does. The mean over that axis is "
                "constant, so correlations would be those of rounding errors. Use "
                "reduce='max' or 'units', or another layer."
            )
