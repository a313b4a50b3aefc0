"""From X to samples: networks and the stimuli that each of them is shown.

`read_samples` decides what X holds. No code after it asks again. torch is imported
inside functions only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain, count, islice
from numbers import Number
from os import PathLike
from typing import Any

import numpy as np
from sklearn.utils.validation import validate_data

from sktopo._utils.optional import loaded_type
from sktopo._utils.samples import (
    FLOATS,
    check_kind,
    check_units,
    detach,
    is_stack,
    read_tables,
    validate_table,
)
from sktopo.recording._inputs import HeldInputs, is_iterable_only, read_inputs
from sktopo.recording._parts import (
    Parts,
    are_parts,
    are_ragged_tokens,
    is_mapping,
    read_parts,
)
from sktopo.recording._tensors import check_layout, get_tensors, import_torch, is_tensor


@dataclass(frozen=True)
class Sample:
    """A network and the stimuli it is shown.

    name : how error messages begin, e.g. "Sample 3 of X".
    network : a torch module, or a function without arguments that builds one.
    inputs : the stimuli, as `read_inputs` returns them.
    """

    name: str
    network: Any
    inputs: Any

    @property
    def is_built(self):
        """Whether the network is a module, and not a function that builds one."""
        return not _is_builder(self.network)

    def build(self):
        """Return the sample with a module that can be run and takes the stimuli."""
        network = build_network(self.network, self.name)
        self.inputs.check(network, self.name)
        return replace(self, network=network)


@dataclass(frozen=True)
class Samples:
    """What X holds, and what depends on the kind of samples in X.

    kind : a value of `input_kind_`.
    items : list of Sample, or an iterator over them; empty if X holds recorded
        activations.
    n_items : the number of samples, None if X does not tell.
    is_lazy : whether networks are built, checked and forgotten one at a time.
    is_used_up : whether X was an iterator, which is used up by going through it.
    shared : dict of the fields that have the same value in all items; workers get
        these values once.
    is_table : whether X is a table with a stimulus per row; the result is a table too.
    dtype : the precision of the result, or None if networks decide.
    activations : the result, if X holds recorded activations.
    """

    kind: str
    items: Any = ()
    n_items: int | None = None
    is_lazy: bool = False
    is_used_up: bool = False
    shared: dict[str, Any] = field(default_factory=dict)
    is_table: bool = False
    dtype: Any = None
    activations: Any = None


class _Iterable:
    """Networks, or pairs, that X hands out one at a time, and the first of them."""

    def __init__(self, X):
        self.is_used_up = isinstance(X, Iterator)
        self.n_items = len(X) if hasattr(X, "__len__") else None
        rest = iter(X)
        first = list(islice(rest, 1))
        if not first:
            raise ValueError("X is empty (0 samples); expected at least 1.")
        self.is_pair, is_networks = _look_at(first[0])
        if not is_networks:
            raise TypeError(
                f"X is of type {type(X).__name__} and hands out "
                f"{type(first[0]).__name__}; expected networks, functions that build "
                "them, or pairs (network, stimuli). Make a list of other samples; for "
                "one set of stimuli give [X]."
            )
        # The chain forgets the first network as soon as the second is asked for.
        self._items = chain(iter(first), rest)

    def __iter__(self):
        return self._items


def read_samples(X, extractor, *, reset):
    """Return the samples in X, validated, as `Samples`.

    `reset` is True in `fit`, where `n_features_in_` and `feature_names_in_` of the
    extractor are set. Otherwise X is checked against what was fitted.
    """
    given = [p for p in ("model", "stimuli") if getattr(extractor, p) is not None]
    model = extractor.model
    if model is not None:
        model = build_network(model, "model")
    if is_iterable_only(X):
        X = _Iterable(X)
    kind = _find_kind(X, given)
    read, needed = _READERS[kind]
    if given != needed:
        needs, got = (
            " and ".join(f"{name}=" for name in names) or "neither model= nor stimuli="
            for names in (needed, given)
        )
        raise ValueError(f"X holds {kind}, which needs {needs}; got {got}.")
    if not reset and kind != extractor.input_kind_:
        raise ValueError(
            f"X holds {kind}, but ActivationExtractor was fitted on "
            f"{extractor.input_kind_}."
        )
    return read(X, extractor, model, reset)


def _look_at(first):
    """Return whether the first sample is a pair, and whether it has a network."""
    is_pair = isinstance(first, (tuple, list)) and len(first) == 2
    parts = list(first) if is_pair else [first]
    has_network = any(map(_is_network, parts)) or _is_builder(parts[0])
    return is_pair, has_network


def _find_kind(X, given):
    """Return the kind of samples in X, a key of `_READERS`.

    If neither model nor stimuli are `given`, numbers in X are recorded activations.
    """
    if isinstance(X, _Iterable):
        return "pairs" if X.is_pair else "networks"
    if _is_network(X):
        raise TypeError(
            "X is a single network; samples come in a sequence: give [network], or "
            "list(X) if its parts are the networks."
        )
    if is_mapping(X) and "model" in given:
        raise TypeError(
            f"X is a single {type(X).__name__}; samples come in a sequence: give [X] "
            "for one set of stimuli."
        )
    is_list = isinstance(X, (list, tuple))
    check_kind(X, "X", "a list of networks, or an array or a list of arrays of numbers")
    if (is_list and not X) or (hasattr(X, "shape") and tuple(X.shape[:1]) == (0,)):
        raise ValueError("X is empty (0 samples); expected at least 1.")
    if is_list and isinstance(X[0], (str, PathLike)):
        raise TypeError(
            "X holds paths or other text; expected networks or arrays of numbers. "
            "sktopo.recording.Checkpoints(build, paths) loads networks from files."
        )
    if is_list or (isinstance(X, np.ndarray) and X.ndim):
        is_pair, has_network = _look_at(X[0])
        if has_network:
            return "pairs" if is_pair else "networks"
        if "model" in given and _is_stimulus_set(X[0]):
            return "stimulus sets"
        part = X[0][0] if is_pair else X[0]
        numeric = (Number, list, tuple, str)
        if not (isinstance(part, numeric) or hasattr(part, "__array__")):
            raise TypeError(
                f"X holds {type(X[0]).__name__}; expected torch.nn.Module networks, "
                "functions that build them, or arrays of numbers. Load weights into "
                "modules first, as load_digit_networks does with torch (pip install "
                "'sktopo[torch]') and sktopo.recording.Checkpoints one by one."
            )
    for part in X if is_list else [X]:
        check_layout(part, "X")
    kind = "stimulus sets" if is_stack(X) else "stimuli"
    return kind if given else "activations"


def _is_stimulus_set(candidate):
    """Return whether an element of X can only be a set of stimuli."""
    return (
        is_mapping(candidate)
        or is_iterable_only(candidate)
        or are_parts(candidate)
        or are_ragged_tokens(candidate)
    )


def _make_samples(kind, X, read_item, **shared):
    """Return samples that `read_item` reads from a number and an element of X."""
    if isinstance(X, _Iterable):
        items = map(read_item, count(), X)
        return Samples(kind, items, X.n_items, True, X.is_used_up, shared)
    items = list(map(read_item, count(), X))
    is_lazy = not all(item.is_built for item in items)
    return Samples(kind, items, len(items), is_lazy, shared=shared)


def _make_sample(index, network, inputs):
    """Return the sample of a network, checked if it is built already."""
    name = f"Sample {index} of X"
    if not _is_builder(network):
        return Sample(name, network, inputs).build()
    label = getattr(network, "name", None)
    return Sample(f"{name} ({label})" if label else name, network, inputs)


def _read_networks(X, extractor, model, reset):
    """Return a sample per network; all of them are shown the same stimuli."""
    inputs = read_inputs(extractor.stimuli, "stimuli", extractor.mask)
    read_item = partial(_make_sample, inputs=inputs)
    return _make_samples("networks", X, read_item, inputs=inputs)


def _read_table(X, extractor, model, reset):
    """Return one sample, the model and a table with a stimulus per row."""
    if is_tensor(X):
        parts, dtype = read_parts(X, "X"), None
        validate_data(extractor, parts.values[0], skip_check_array=True, reset=reset)
    else:
        table = validate_table(extractor, X, dtype="numeric", reset=reset)
        parts = Parts({0: table}, "X")
        dtype = table.dtype if table.dtype in FLOATS else None
    sample = Sample("The model", model, HeldInputs(parts, extractor.mask)).build()
    return Samples("stimuli", [sample], 1, is_table=True, dtype=dtype)


def _read_stimulus_sets(X, extractor, model, reset):
    """Return a sample per set of stimuli; all of them are shown to the model."""

    def read_item(index, stimuli):
        name = f"Stimulus set {index} of X (each X[i] is a set; for one set give [X])"
        return Sample(name, model, read_inputs(stimuli, name, extractor.mask)).build()

    return _make_samples("stimulus sets", X, read_item, network=model)


def _read_pairs(X, extractor, model, reset):
    """Return a sample per pair of a network and stimuli."""

    def read_item(index, pair):
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise TypeError(
                f"Sample {index} of X must be a pair (network, stimuli), got "
                f"{type(pair).__name__}."
            )
        if not _is_builder(pair[0]):
            check_network(pair[0], f"Sample {index} of X")
        name = f"The stimuli of sample {index}"
        inputs = read_inputs(pair[1], name, extractor.mask)
        return _make_sample(index, pair[0], inputs)

    return _make_samples("pairs", X, read_item)


def _read_activations(X, extractor, model, reset):
    """Validate recorded activations, a table or a stack or list of tables."""
    if is_stack(X):
        activations = read_tables(X)
        has_one_width = len({sample.shape[1] for sample in activations}) == 1
        if (reset and has_one_width) or hasattr(extractor, "n_features_in_"):
            check_units(extractor, X, activations, reset=reset)
    else:
        activations = validate_table(extractor, detach(X), reset=reset)
    return Samples("activations", activations=activations)


# For each kind of samples, the function that reads them and the parameter it needs.
_READERS = {
    "networks": (_read_networks, ["stimuli"]),
    "stimuli": (_read_table, ["model"]),
    "stimulus sets": (_read_stimulus_sets, ["model"]),
    "pairs": (_read_pairs, []),
    "activations": (_read_activations, []),
}


def _is_network(candidate):
    """Return whether an object is a torch module, without importing torch."""
    return isinstance(candidate, loaded_type("torch.nn", "Module"))


def _is_builder(candidate):
    """Return whether an object is a function that builds a network."""
    return (
        callable(candidate)
        and not _is_network(candidate)
        and not isinstance(candidate, type)
    )


def build_network(network, name):
    """Return a module that can be run: `network`, or what it builds."""
    if _is_builder(network):
        try:
            network = network()
        except (MemoryError, ImportError):
            raise
        except Exception as error:
            reason = str(error)
            if not isinstance(error, ValueError):
                reason = f"building the network raised {type(error).__name__}: {error}"
            raise ValueError(f"{name}: {reason}") from error
    check_network(network, name)
    return network


def check_network(network, name):
    """Raise unless `network` is a torch module that can be run."""
    torch = import_torch()
    if not isinstance(network, torch.nn.Module):
        raise TypeError(
            f"{name} must be a torch.nn.Module, got {type(network).__name__}."
        )
    if isinstance(network, torch.jit.ScriptModule):
        raise ValueError(
            f"{name} is a TorchScript module, which cannot be hooked; give its source."
        )
    for part, tensor in get_tensors(network).items():
        if torch.nn.parameter.is_lazy(tensor) or tensor.is_meta:
            raise ValueError(
                f"{name} has no values for {part!r}, which is lazy or on the meta "
                "device; load its weights, or run it once, first."
            )
