"""Files of monitors: npz without pickle, written whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from sktopo._utils.files import replace_file
from sktopo._utils.optional import loaded_type

# What numpy raises for files that are cut off, changed, or of another format.
_DAMAGED = (ValueError, KeyError, TypeError, AttributeError, EOFError, BadZipFile)


def write_arrays(path, arrays, plain):
    """Write arrays, and plain values as JSON, to a file without pickle.

    The file is replaced in one step, so that a run that is killed leaves the old file
    or the new one.
    """
    texts = {name: np.asarray(json.dumps(value)) for name, value in plain.items()}
    with replace_file(Path(path)) as file:
        np.savez(file, **arrays, **texts)
        file.flush()
        os.fsync(file.fileno())


def read_arrays(path, names, plain_names):
    """Read what `write_arrays` wrote: the arrays, and the plain values."""
    try:
        with Path(path).open("rb") as file, np.load(file, allow_pickle=False) as found:
            arrays = {name: found[name] for name in names}
            plain = {name: json.loads(str(found[name])) for name in plain_names}
    except _DAMAGED as error:
        raise ValueError(
            f"{path} is not a file that TopologyMonitor.save wrote, or it is damaged "
            f"({type(error).__name__}: {error})."
        ) from error
    return arrays, plain


def copy_stimuli(stimuli):
    """Copy arrays and tensors in stimuli, which a user may change in place later.

    Loaders and other iterables are kept as they are.
    """
    if isinstance(stimuli, loaded_type("torch", "Tensor")):
        return stimuli.detach().clone()
    if isinstance(stimuli, np.ndarray):
        return stimuli.copy() if stimuli.flags.writeable else stimuli
    if type(stimuli) in (list, tuple):
        return type(stimuli)(map(copy_stimuli, stimuli))
    if type(stimuli) is dict:
        return {name: copy_stimuli(part) for name, part in stimuli.items()}
    return stimuli


def digest_stimuli(stimuli):
    """Return a digest of the numbers in stimuli, whatever form they have."""
    digest = hashlib.sha256()
    _add(digest, stimuli)
    return digest.hexdigest()


def _add(digest, value):
    """Add the type and the numbers of a value to a digest."""
    if isinstance(value, loaded_type("torch", "Tensor")):
        value = value.detach().cpu()
        if "bfloat16" in str(value.dtype):  # which NumPy does not have
            value = value.float()
        value = value.numpy()
    if isinstance(value, Mapping):
        digest.update(b"mapping")
        for key, part in value.items():
            digest.update(repr(key).encode())
            _add(digest, part)
    elif hasattr(value, "__array__") or np.isscalar(value) or value is None:
        array = np.ascontiguousarray(value)
        digest.update(f"{array.dtype}{array.shape}".encode())
        digest.update(
            array.tobytes() if array.dtype != object else repr(value).encode()
        )
    else:  # a list, a tuple, or an iterable of batches
        digest.update(b"sequence")
        for part in value:
            _add(digest, part)


def describe_setting(value):
    """Return a plain value that stands for a parameter in a file."""
    if isinstance(value, (list, tuple)):
        return [describe_setting(part) for part in value]
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, (int, np.integer)):
        return int(value)
    if callable(value):
        name = getattr(value, "__qualname__", type(value).__qualname__)
        return f"{getattr(value, '__module__', '')}.{name}"
    return digest_stimuli(value)  # a mask
