"""From X to samples: networks and the stimuli that each of them is shown.

`read_samples` decides what X holds. No code after it asks again. torch is imported
inside functions only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from numbers import Number
from typing import Any

import numpy as np
from sklearn.utils.validation import validate_data

from sktopo._utils.finite import check_finite
from sktopo._utils.optional import import_optional, loaded_type
from sktopo._utils.samples import (
    FLOATS,
    check_kind,
    check_units,
    detach,
    is_stack,
    read_array,
    read_tables,
    validate_table,
)


@dataclass(frozen=True)
class Sample:
    """A network and the stimuli it is shown.

    `name` begins error messages, e.g. "Sample 3 of X". `inputs` is a numeric array or
    a tensor of shape (n_stimuli, ...). `mask` is None: no position is left out.
    """

    name: str
    network: Any
    inputs: Any
    mask: None = None


@dataclass(frozen=True)
class Samples:
    """What X holds, and what depends on the kind of samples in X.

    kind : a value of `input_kind_`.
    items : list of Sample, empty if X holds recorded activations.
    shared : dict of the fields that have the same value in all items; workers get
        these values once.
    is_table : whether X is a table with a stimulus per row; the result is a table too.
    dtype : the precision of the result, or None if networks decide.
    activations : the result, if X holds recorded activations.
    """

    kind: str
    items: list[Sample] = field(default_factory=list)
    shared: dict[str, Any] = field(default_factory=dict)
    is_table: bool = False
    dtype: Any = None
    activations: Any = None


def read_samples(X, extractor, *, reset):
    """Return the samples in X, validated, as `Samples`.

    `reset` is True in `fit`, where `n_features_in_` and `feature_names_in_` of the
    extractor are set. Otherwise X is checked against what was fitted.
    """
    given = [p for p in ("model", "stimuli") if getattr(extractor, p) is not None]
    if extractor.model is not None:
        check_network(extractor.model, "model")
    kind = _find_kind(X, is_recorded=not given)
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
    return read(X, extractor, reset)


def _find_kind(X, is_recorded):
    """Return the kind of samples in X, a key of `_READERS`.

    If `is_recorded`, numbers in X are recorded activations; otherwise stimuli.
    """
    if _is_network(X):
        raise TypeError(
            "X is a single network; samples come in a sequence: give [network], or "
            "list(X) if its parts are the networks."
        )
    is_list = isinstance(X, (list, tuple))
    check_kind(X, "X", "a list of networks, or an array or a list of arrays of numbers")
    if (is_list and not X) or (hasattr(X, "shape") and tuple(X.shape[:1]) == (0,)):
        raise ValueError("X is empty (0 samples); expected at least 1.")
    if is_list or (isinstance(X, np.ndarray) and X.ndim):
        is_pair = isinstance(X[0], (tuple, list)) and len(X[0]) == 2
        parts = X[0] if is_pair else [X[0]]
        if any(_is_network(part) for part in parts):
            return "pairs" if is_pair else "networks"
        numeric = (Number, list, tuple, str)
        if not (isinstance(parts[0], numeric) or hasattr(parts[0], "__array__")):
            raise TypeError(
                f"X holds {type(X[0]).__name__}; expected torch.nn.Module networks or "
                "arrays of numbers. Load weights into modules first, as "
                "load_digit_networks does with torch: pip install 'sktopo[torch]'."
            )
    for part in X if is_list else [X]:
        _check_layout(part, "X")
    kind = "stimulus sets" if is_stack(X) else "stimuli"
    return "activations" if is_recorded else kind


def _read_networks(X, extractor, reset):
    """Return a sample per network; all of them are shown the same stimuli."""
    inputs = _check_inputs(extractor.stimuli, "stimuli")
    items = []
    for index, network in enumerate(X):
        name = f"Sample {index} of X"
        check_network(network, name)
        items.append(Sample(name, network, inputs))
    return Samples("networks", items, shared={"inputs": inputs})


def _read_table(X, extractor, reset):
    """Return one sample, the model and a table with a stimulus per row."""
    if is_tensor(X):
        inputs, dtype = _check_inputs(X, "X"), None
        validate_data(extractor, inputs, skip_check_array=True, reset=reset)
    else:
        inputs = validate_table(extractor, X, dtype="numeric", reset=reset)
        dtype = inputs.dtype if inputs.dtype in FLOATS else None
    sample = Sample("The model", extractor.model, inputs)
    return Samples("stimuli", [sample], is_table=True, dtype=dtype)


def _read_stimulus_sets(X, extractor, reset):
    """Return a sample per set of stimuli; all of them are shown to the model."""
    items = []
    for index, inputs in enumerate(X):
        name = f"Stimulus set {index} of X (each X[i] is a set; for one set give [X])"
        items.append(Sample(name, extractor.model, _check_inputs(inputs, name)))
    return Samples("stimulus sets", items, shared={"network": extractor.model})


def _read_pairs(X, extractor, reset):
    """Return a sample per pair of a network and stimuli."""
    items = []
    for index, pair in enumerate(X):
        name = f"Sample {index} of X"
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise TypeError(
                f"{name} must be a pair (network, stimuli), got {type(pair).__name__}."
            )
        check_network(pair[0], name)
        inputs = _check_inputs(pair[1], f"The stimuli of sample {index}")
        items.append(Sample(name, pair[0], inputs))
    return Samples("pairs", items)


def _read_activations(X, extractor, reset):
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


def import_torch():
    """Import torch, or say how to install it."""
    return import_optional("torch", extra="torch", purpose="Recording networks")


def is_tensor(candidate):
    """Return whether an object is a torch tensor, without importing torch."""
    return isinstance(candidate, loaded_type("torch", "Tensor"))


def is_finite(tensor):
    """Return whether all numbers of a tensor are finite."""
    # The sum is fast to test, but may overflow; then every number is tested.
    return bool(tensor.sum().isfinite() or tensor.isfinite().all())


def _is_network(candidate):
    """Return whether an object is a torch module, without importing torch."""
    return isinstance(candidate, loaded_type("torch.nn", "Module"))


def get_tensors(network):
    """Return the parameters and buffers of a network, a dict with their names."""
    return {**dict(network.named_parameters()), **dict(network.named_buffers())}


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


def _check_inputs(inputs, name):
    """Validate stimuli of shape (n_stimuli, ...): an array, or a tensor as it is."""
    if not is_tensor(inputs):
        expected = (
            "an array or a tensor (put the batches of a loader together first, e.g. "
            "with torch.cat)"
        )
        inputs = read_array(inputs, name, expected, dtype="numeric", allow_nd=True)
        check_finite(inputs, name)
        return inputs
    _check_layout(inputs, name)
    if inputs.ndim < 2 or not len(inputs):
        raise ValueError(
            f"{name} has shape {tuple(inputs.shape)}; expected (n_stimuli, ...)."
        )
    inputs = inputs.detach()
    if not is_finite(inputs):
        check_finite(inputs.double().cpu().numpy(), name)
    return inputs


def _check_layout(candidate, name):
    """Raise if a tensor is not of dense real numbers."""
    if not is_tensor(candidate):
        return
    is_dense = not candidate.is_nested and candidate.layout == import_torch().strided
    if not is_dense or (
        candidate.is_complex() or candidate.is_quantized or candidate.is_meta
    ):
        raise TypeError(
            f"{name} is a sparse, nested, complex, quantized or meta tensor; expected "
            "dense real numbers."
        )
