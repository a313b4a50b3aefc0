"""Masks: which positions of the stimuli count, and which are padding."""

from __future__ import annotations

import numpy as np

from sktopo._utils.samples import detach, read_array
from sktopo.recording._forward import find_parameters
from sktopo.recording._tensors import import_torch

# Keyword inputs that mark positions: whether their numbers say which count (True) or
# which are padding (False).
MASKS = {"attention_mask": True, "key_padding_mask": False}
MASKS["src_key_padding_mask"] = False


def check_mask_option(mask):
    """Raise a ValueError unless `mask` is "auto", None or an array."""
    is_array = mask is not None and not isinstance(mask, (str, bytes, bool))
    if mask is not None and not is_array and mask != "auto":
        raise ValueError(
            f"mask={mask!r} is unknown; expected 'auto', None or an array of shape "
            "(n_stimuli, n_positions), True where a position counts."
        )


def find_mask(values, name):
    """Return which positions count according to a mask among keyword inputs.

    A boolean array of shape (n_stimuli, n_positions), or None if there is no mask.
    `values` is a dict of inputs, which `name` names in errors.
    """
    for key, says_what_counts in MASKS.items():
        if key in values:
            said = f"{key!r} of {name}"
            return read_mask(values[key], said, len(values[key]), says_what_counts)
    return None


def read_mask(mask, name, n_stimuli, says_what_counts=True):
    """Return a mask as a boolean array of shape (n_stimuli, n_positions).

    The numbers are 0 and 1; `says_what_counts` is False if 1 stands for padding.
    """
    expected = "an array of 0 and 1, or of False and True"
    mask = read_array(
        detach(mask), name, expected, dtype="numeric", ensure_2d=False, allow_nd=True
    )
    hint = "Give mask=None to let all positions count, or the mask as an array."
    if mask.ndim != 2 or len(mask) != n_stimuli:
        raise ValueError(
            f"{name} has shape {mask.shape}; expected (n_stimuli, n_positions) for "
            f"{n_stimuli} stimuli. {hint}"
        )
    if mask.dtype != bool and not np.isin(mask, (0, 1)).all():
        raise ValueError(f"{name} holds numbers other than 0 and 1. {hint}")
    counts = mask.astype(bool) == says_what_counts
    empty = np.flatnonzero(~counts.any(axis=1))
    if len(empty):
        raise ValueError(
            f"{name} leaves out all positions of stimulus {empty[0]}, the first of "
            f"{len(empty)}; expected at least one position that counts in each."
        )
    return counts


def refuse_unclear_masks(values, name, network, has_padding):
    """Raise if a mask cannot be told, or not to which positions it belongs.

    `values` is a dict of inputs by name or, for the `network`, by position.
    `has_padding` is whether the mask that was found leaves out positions.
    """
    parameters = list(find_parameters(network))
    for key, value in values.items():
        named = key if isinstance(key, str) else "".join(parameters[key : key + 1])
        if key != named and named in MASKS and getattr(value, "ndim", 0) == 2:
            raise ValueError(
                f"{name} gives {named!r} by position. Give inputs by name, as a "
                f"mapping such as {{{parameters[0]!r}: ..., {named!r}: ...}}, so that "
                "padding is left out; or give mask=None to let all positions count."
            )
    decoded = values.get("decoder_attention_mask")
    is_padded = has_padding or (decoded is not None and not bool(decoded.all()))
    if is_padded and any(str(key).startswith("decoder_") for key in values):
        raise ValueError(
            f"{name} has padding, and inputs of an encoder and of a decoder, whose "
            "positions mask='auto' cannot tell apart. Record layers of one of them, "
            "and give its mask as mask=; or give mask=None to let all positions count."
        )


def count_positions(mask):
    """Return positions counted from the first token that is not padding.

    `mask` is an array or a tensor (n_stimuli, n_positions) of 0 and 1. The positions
    are an int64 tensor of the same shape, 0 before the first token.
    """
    counted = (import_torch().as_tensor(mask) != 0).long().cumsum(dim=1) - 1
    return counted.clamp(min=0)
