"""Weights in files: finding them, reading them, and putting them into a network.

torch is imported inside functions only.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path

from sktopo._utils.optional import import_optional
from sktopo.recording._tensors import import_torch, is_tensor

SUFFIXES = (".pt", ".pth", ".bin", ".ckpt", ".safetensors")
# Files of a folder with one network, as transformers writes them.
_MODEL_FILES = ("model.safetensors", "pytorch_model.bin")
# What the Trainer of transformers keeps beside the weights.
_STATE_FILES = re.compile(
    r"(training_args|optimizer|scheduler|scaler|rng_state(_\d+)?)\.(bin|pt|pth)"
)
# Entries in which training programs keep the weights, beside losses, epochs and so on.
_WRAPPERS = ("state_dict", "model_state_dict", "model")


def is_checkpoint(path):
    """Return whether a path is a file of weights, or a folder with one network."""
    if path.is_dir():
        return any(map(Path.is_file, _list_model_files(path)))
    return path.suffix in SUFFIXES and not _STATE_FILES.fullmatch(path.name)


def _list_model_files(folder):
    """Return where the weights of a folder may be: one file, or an index of several."""
    files = [folder / name for name in _MODEL_FILES]
    return files + [folder / f"{name}.index.json" for name in _MODEL_FILES]


def read_weights(path, trust):
    """Read a checkpoint: a dict of names to tensors on the CPU.

    Raises a ValueError that names the file. `trust` is whether code in it may run.
    """
    weights = {}
    for file in _find_files(path):
        try:
            if file.suffix == ".safetensors":
                content = _read_safetensors(file)
            else:
                content = _read_pickle(file, trust)
        except (MemoryError, ImportError):
            raise
        except Exception as error:
            raise ValueError(_explain(file, error)) from error
        weights.update(_unwrap(content, file))
    return weights


def _find_files(path):
    """Return the files that hold the weights of one network."""
    if not path.exists():
        raise ValueError(f"{path} does not exist.")
    if not path.is_dir():
        return [path]
    found = [file for file in _list_model_files(path) if file.is_file()]
    if not found:
        raise ValueError(
            f"{path} is a folder without a checkpoint; expected one of "
            f"{', '.join(_MODEL_FILES)} in it."
        )
    if found[0].suffix != ".json":
        return found[:1]
    try:
        parts = json.loads(found[0].read_text(encoding="utf-8"))["weight_map"].values()
    except (ValueError, KeyError, AttributeError) as error:
        raise ValueError(f"{found[0]} is not an index of weights: {error}") from error
    return [path / part for part in dict.fromkeys(parts)]


def _read_safetensors(file):
    purpose = f"Loading {file.name}"
    safetensors = import_optional("safetensors.torch", extra="torch", purpose=purpose)
    return safetensors.load_file(file)


def _read_pickle(file, trust):
    # A mapped file takes no memory beside the network; old formats cannot be mapped.
    return import_torch().load(
        file, map_location="cpu", weights_only=not trust, mmap=zipfile.is_zipfile(file)
    )


def _explain(file, error):
    """Return what to say of an error that was raised when a file was read."""
    found = re.search(r"Unsupported (?:global: GLOBAL|class) (\S+)", str(error))
    if found:
        return (
            f"{file} holds Python objects ({found[1]}) and not only weights. Loading "
            "them runs code that is in the file. Save network.state_dict() instead, "
            "or give trust=True if you trust where the file comes from."
        )
    # torch says first how to load the file all the same, and last what is wrong.
    _, _, reason = str(error).strip().rpartition("WeightsUnpickler error:")
    reason = (reason.strip().splitlines() or [""])[0].partition(". ")[0].rstrip(".")
    return (
        f"{file} cannot be loaded; it may be damaged, or not a checkpoint of torch or "
        f"safetensors ({type(error).__name__}: {reason})."
    )


def _unwrap(content, file):
    """Return the weights in what a file holds, a dict of names to tensors."""
    if isinstance(content, import_torch().nn.Module):
        return content.state_dict()
    while isinstance(content, Mapping):
        inner = [content[key] for key in _WRAPPERS if key in content]
        inner = [part for part in inner if isinstance(part, Mapping)]
        if not inner:
            break
        content = inner[0]
    if not isinstance(content, Mapping) or not content:
        raise ValueError(
            f"{file} holds {type(content).__name__}; expected a state dict, or a dict "
            f"with one under {', '.join(map(repr, _WRAPPERS))}."
        )
    odd = [
        key
        for key, value in content.items()
        if not is_tensor(value) and not str(key).endswith("_extra_state")
    ]
    if odd:
        raise ValueError(
            f"{file} is not a state dict: {odd[0]!r} is of type "
            f"{type(content[odd[0]]).__name__}; expected tensors, or a dict of tensors "
            f"under {', '.join(map(repr, _WRAPPERS))}."
        )
    return dict(content)


def load_weights(network, weights, path):
    """Put weights into a network; raise a ValueError unless they are those it has.

    A prefix that all names have is taken off if the rest are those of the network.
    """
    own = network.state_dict()
    weights = _take_off_prefix(weights, own)
    unexpected = [key for key in weights if key not in own]
    missing = [key for key in own if key not in weights]
    if missing:
        # Of tensors that share memory a file may hold only one.
        held = {_place(own[key]) for key in weights if key in own}
        missing = [key for key in missing if _place(own[key]) not in held]
    if missing or unexpected:
        said = [f"lacks {_list(missing)}"] if missing else []
        said += [f"has {_list(unexpected)}"] if unexpected else []
        raise ValueError(
            f"{path} does not hold the weights of a {type(network).__name__}: the file "
            f"{' and '.join(said)}, unlike the network. Build the network as it was "
            "when it was saved."
        )
    for key, value in weights.items():
        if is_tensor(value) and own[key].shape != value.shape:
            raise ValueError(
                f"{path}: {key!r} has shape {tuple(value.shape)}, but "
                f"{tuple(own[key].shape)} in the {type(network).__name__} that was "
                "built. Build the network as it was when it was saved."
            )
    network.load_state_dict(weights, strict=False)


def _take_off_prefix(weights, own):
    """Return weights without what all names begin with, if they then fit better."""
    shortened = weights
    while not shortened.keys() & own.keys():
        heads = {str(key).partition(".")[0] for key in shortened}
        if len(heads) != 1 or not all("." in str(key) for key in shortened):
            return weights
        shortened = {key.partition(".")[2]: v for key, v in shortened.items()}
    return shortened


def _place(tensor):
    """Return where the numbers of a tensor are in memory."""
    if not is_tensor(tensor) or not tensor.numel():
        return object()
    return tensor.data_ptr(), tensor.shape


def _list(keys):
    listed = ", ".join(map(repr, keys[:5]))
    return listed if len(keys) < 6 else f"{listed} and {len(keys) - 5} more"
