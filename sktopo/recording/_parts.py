"""The inputs of one call of a network, as users and loaders give them.

torch is imported inside functions only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sktopo._utils.finite import check_finite
from sktopo._utils.samples import read_array
from sktopo.recording._forward import (
    count_required,
    describe_forward,
    find_misfit,
    takes,
    takes_any_keyword,
)
from sktopo.recording._masks import (
    MASKS,
    count_positions,
    find_mask,
    refuse_unclear_masks,
)
from sktopo.recording._tensors import check_layout, is_finite, is_tensor

EXPECTED = (
    "an array or a tensor, a tuple of them, a mapping of names to them, lists of "
    "tokens, or batches that can be repeated, such as a DataLoader"
)


@dataclass(frozen=True)
class Parts:
    """The inputs of one call of forward, arrays and tensors of as many rows.

    values : dict of positions (integers) or names to arrays or tensors.
    name : what the parts are called in errors.
    tokens : boolean array, True for tokens and False for what lists of unequal lengths
        were padded with; None if there are no such lists, or they came with a mask.
    is_batch : whether the parts came from a loader. They may then hold targets too, of
        any type.
    """

    values: dict[Any, Any]
    name: str
    tokens: Any = None
    is_batch: bool = False

    def __len__(self):
        return len(next(filter(_has_rows, self.values.values())))

    def take(self, rows):
        """Return the parts of the stimuli in `rows`, a list of numbers."""
        values = {
            k: value[rows] for k, value in self.values.items() if _has_rows(value)
        }
        tokens = None if self.tokens is None else self.tokens[rows]
        return replace(self, values=values, tokens=tokens)

    def describe(self, n_rows):
        """Say for messages what `n_rows` of the stimuli are."""
        shapes = {
            key: f"of shape {(n_rows, *value.shape[1:])} and type {value.dtype}"
            for key, value in self.values.items()
        }
        if list(shapes) == [0]:
            return shapes[0]
        return ", ".join(f"{_name_key(key)} {said}" for key, said in shapes.items())

    def find_mask(self):
        """Return which positions count, a boolean array, or None if all do."""
        found = find_mask(self.values, self.name)
        return self.tokens if found is None else found

    def refuse_unclear_masks(self, network, has_padding):
        """Raise if a mask of the parts cannot be told, see `_masks`."""
        refuse_unclear_masks(self.values, self.name, network, has_padding)

    def check_finite(self):
        """Raise unless the numbers of inputs are finite; targets may be anything."""
        for key, value in self.values.items():
            if key == 0 or not self.is_batch:
                _check_finite(value, _name_part(key, self.name))

    def choose(self, network, name="The network"):
        """Return the inputs that a network is shown, a dict like `values`.

        `name` is that of the sample, for errors.
        """
        values = self._leave_out_targets(network)
        if self.tokens is not None:
            values |= self._mask_tokens(network, name)
            if 0 in values and takes(network, "input_ids"):
                values["input_ids"] = values.pop(0)
        if "position_ids" not in values and takes(network, "position_ids"):
            values |= _number_positions(values, network)
        names = [key for key in values if isinstance(key, str)]
        misfit = find_misfit(network, len(values) - len(names), names)
        if misfit is None:
            return values
        raise ValueError(
            f"{name} ({type(network).__name__}) does not take {self.name}: {misfit} "
            f"Given: {_name_keys(values)}. Expected: "
            f"{describe_forward(network)}. A mapping gives inputs by name, a tuple, or "
            "a list of arrays, by position; to make one array of a list, stack it."
        )

    def _leave_out_targets(self, network):
        """Return those of the values that are inputs of the network."""
        if not self.is_batch:
            return dict(self.values)
        keys = list(self.values)
        if isinstance(keys[0], int):
            keys = keys[: count_required(network)]
        else:
            taken = [key for key in keys if takes(network, key)]
            if taken or not takes_any_keyword(network):
                keys = [key for key in taken if key != "labels"] or taken
        if not keys:
            raise ValueError(
                f"{self.name} holds {_name_keys(self.values)}, none of "
                f"which {type(network).__name__} takes: {describe_forward(network)}."
            )
        values = {key: self.values[key] for key in keys}
        for key, value in values.items():
            part = _name_part(key, self.name)
            if not _has_rows(value):
                raise TypeError(
                    f"{part} is of type {type(value).__name__}; expected an array or a "
                    "tensor with a row for each stimulus."
                )
            _check_finite(value, part)
        _check_rows(values, self.name)
        return values

    def _mask_tokens(self, network, name):
        """Return the mask of padded tokens under the name that the network takes."""
        for key, says_what_counts in MASKS.items():
            if takes(network, key):
                counts = self.tokens if says_what_counts else ~self.tokens
                return {key: counts.astype(np.int64) if says_what_counts else counts}
        raise ValueError(
            f"{name} ({type(network).__name__}) does not take {self.name}, token lists "
            f"of unequal lengths: they are padded, and {describe_forward(network)} has "
            f"none of the parameters {', '.join(MASKS)} to leave padding out. Give "
            "lists of one length, or one set of stimuli per length."
        )


def read_parts(stimuli, name, is_batch=False):
    """Read the inputs of one call of a network as `Parts`.

    `stimuli` are an array, a tensor, a list of token lists, a tuple or list of such
    parts (positional inputs) or a mapping (keyword inputs). `name` is for errors.
    """
    if is_mapping(stimuli):
        given = dict(stimuli)
        odd = [key for key in given if not isinstance(key, str)]
        if odd:
            raise TypeError(
                f"{name} is a mapping with the key {odd[0]!r}; expected names of the "
                "parameters of forward."
            )
    elif isinstance(stimuli, tuple) or _is_list_of_parts(stimuli, is_batch):
        given = dict(enumerate(stimuli))
    else:
        value, tokens = _read_part(stimuli, name, ensure_2d=True)
        return Parts({0: value}, name, tokens, is_batch)
    if not given:
        raise ValueError(f"{name} is empty; expected {EXPECTED}.")
    values, found = {}, None
    for key, part in given.items():
        read = _read_entry if is_batch else _read_part
        values[key], tokens = read(part, _name_part(key, name))
        found = tokens if found is None else found
    parts = Parts(
        values, name, None if MASKS.keys() & values.keys() else found, is_batch
    )
    if not is_batch:
        _check_rows(values, name)
    elif not any(map(_has_rows, values.values())):
        raise TypeError(f"{name} holds no array or tensor; expected {EXPECTED}.")
    return parts


def is_mapping(candidate):
    """Return whether an object maps names to parts; some sparse arrays are dicts."""
    return isinstance(candidate, Mapping) and not hasattr(candidate, "shape")


def are_parts(candidate):
    """Return whether a tuple or a list holds positional inputs."""
    if isinstance(candidate, list):
        return _is_list_of_parts(candidate, is_batch=False)
    return (
        isinstance(candidate, tuple)
        and bool(candidate)
        and all(map(_is_array, candidate))
    )


def _is_list_of_parts(stimuli, is_batch):
    """Return whether a list holds positional inputs, and not rows of one array."""
    if not isinstance(stimuli, list) or not stimuli:
        return False
    if is_batch:
        return any(map(_is_array, stimuli))
    return all(_is_array(part) and np.ndim(part) > 1 for part in stimuli)


def _is_array(candidate):
    return is_tensor(candidate) or hasattr(candidate, "__array__")


def _read_part(part, name, ensure_2d=False):
    """Return an array or a tensor of finite numbers, and the tokens in padded lists."""
    tokens = None
    if is_tensor(part):
        check_layout(part, name)
        if part.ndim < 1 + ensure_2d or not len(part):
            raise ValueError(
                f"{name} has shape {tuple(part.shape)}; expected (n_stimuli, ...)."
            )
        part = part.detach()
    elif are_ragged_tokens(part):
        part, tokens = _pad(part, name)
    else:
        part = read_array(
            part, name, EXPECTED, dtype="numeric", allow_nd=True, ensure_2d=ensure_2d
        )
    _check_finite(part, name)
    return part, tokens


def _read_entry(entry, name):
    """Return an entry of a batch, a target perhaps, as `_read_part` does."""
    if is_tensor(entry):
        return entry.detach(), None
    if isinstance(entry, (list, tuple)) and are_ragged_tokens(entry):
        return _pad(entry, name)
    try:
        read = np.asarray(entry)
    except (TypeError, ValueError):
        return entry, None
    return (read if read.dtype.kind in "biuf" else entry), None


def _has_rows(value):
    return hasattr(value, "dtype") and value.ndim > 0 and len(value) > 0


def _name_key(key):
    return repr(key) if isinstance(key, str) else f"input {key}"


def _name_keys(keys):
    """Return the words for several parts of stimuli."""
    names = [repr(key) for key in keys if isinstance(key, str)]
    n_positional = len(keys) - len(names)
    by_position = [f"{n_positional} input(s) by position"] if n_positional else []
    return ", ".join(by_position + names)


def _name_part(key, name):
    return f"{_name_key(key)} of {name}"


def _check_finite(value, name):
    if not is_tensor(value):
        check_finite(value, name)
    elif not is_finite(value):
        check_finite(value.double().cpu().numpy(), name)


def _check_rows(values, name):
    """Raise unless all parts have as many rows as the first."""
    (first, value), *others = values.items()
    for key, other in others:
        if len(other) != len(value):
            raise ValueError(
                f"{_name_part(key, name)} has {len(other)} rows, but "
                f"{_name_key(first)} has {len(value)}; expected a row for each "
                "stimulus in all of them."
            )


def are_ragged_tokens(part):
    """Return whether a list holds lists of integers of unequal lengths."""
    if not isinstance(part, (list, tuple)) or not all(
        isinstance(row, (list, tuple)) or (_is_array(row) and np.ndim(row) == 1)
        for row in part
    ):
        return False
    if len({len(row) for row in part}) < 2:
        return False
    return all(_are_integers(row) for row in part if len(row))


def _are_integers(row):
    if isinstance(row, (list, tuple)):
        return all(isinstance(token, (int, np.integer)) for token in row)
    return "int" in str(row.dtype)


def _pad(rows, name):
    """Pad lists of tokens with 0 on the right; return them and where tokens are."""
    lengths = np.array([len(row) for row in rows])
    if not lengths.all():
        raise ValueError(
            f"Row {np.argmin(lengths)} of {name} is empty; expected at least one token."
        )
    tokens = np.arange(lengths.max()) < lengths[:, None]
    padded = np.zeros(tokens.shape, dtype=np.int64)
    padded[tokens] = np.concatenate([np.asarray(row) for row in rows])
    return padded, tokens


def _number_positions(values, network):
    """Return positions counted from the first token, if padding is on the left.

    Networks that are not told number positions from the left, padding included, so
    that tokens would have other positions than in the prompt alone. Networks that
    reserve positions for padding count by themselves.
    """
    mask = values.get("attention_mask")
    if mask is None or mask.ndim != 2 or (mask[:, 0] != 0).all():
        return {}
    for name, module in network.named_modules():
        counts_itself = getattr(module, "padding_idx", None) is not None
        if counts_itself and name.endswith("position_embeddings"):
            return {}
    return {"position_ids": count_positions(mask)}
