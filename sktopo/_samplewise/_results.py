"""Rows of samples in files: what a file is named after, and how it is read."""

from __future__ import annotations

import io
import sys
from functools import partial
from pathlib import Path
from types import MethodType

import numpy as np

import sktopo
from sktopo._samplewise._items import is_network
from sktopo._utils.optional import loaded_type
from sktopo.comparison._cache import read_file, write_file

# Parameters of estimators that do not change results.
_WITHOUT_EFFECT = {"n_jobs", "verbose", "memory", "_sklearn_output_config"}


def make_key(cache, value, name):
    """Make a key of all that decides about results: equal values have the same.

    `name` names the value in the error that is raised if it cannot be described.
    """
    try:
        return cache.make_key(_describe(value, {}))
    except Exception as error:  # whatever pickle raises
        raise ValueError(
            f"{name} cannot be recognised in a later run, because it cannot be pickled "
            f"({error}). Pass memory=None, or change it."
        ) from error


def find_file(cache, key, alone, name):
    """Return the path of the row of a sample under the transformer with a key."""
    key = make_key(cache, (key, alone), name)
    return Path(cache.location, "sktopo", "samplewise", f"{key}.npz")


def read_result(path):
    """Read a row and its warnings; None if there is no file, or it is damaged."""
    return read_file(path, partial(_load, path.stem))


def write_result(path, row, given, transformer):
    """Write a row, and the category and text of each warning that was given.

    The file also says what made it, and holds the key that it is named after, so that a
    row under another name is not taken for that of another sample.
    """
    made_by = " ".join(f"sktopo {sktopo.__version__}, {transformer!r}".split())
    write_file(path, lambda: _dump(path.stem, row, given, made_by))


def _load(key, data):
    if not data.startswith(b"PK"):  # numpy would take it for a pickle, and say so
        raise ValueError("it is not an npz file")
    # Zip files hold checksums, which are compared when an array is read to its end.
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        if file["key"] != key:
            raise ValueError(f"it was made as {file['key']}, {file['made_by']}")
        return file["row"], file["warnings"].tolist()


def _dump(key, row, given, made_by):
    buffer = io.BytesIO()
    given = np.array(given, dtype=str).reshape(-1, 2)
    np.savez(buffer, key=key, made_by=made_by, row=row, warnings=given)
    return buffer.getvalue()


def _describe(value, seen):
    """Replace networks, tensors, estimators and frames by plain values and types.

    joblib's hash of a tensor differs from copy to copy, and those of estimators depend
    on parameters without effect. `seen` holds what was met before, by id.
    """
    if isinstance(value, loaded_type("torch", "Tensor")):
        flat = value.detach().cpu().contiguous().reshape(-1)
        numbers = flat.view(sys.modules["torch"].uint8).numpy()
        return "tensor", str(value.dtype), tuple(value.shape), numbers
    if hasattr(value, "columns"):
        return type(value), list(value.columns), np.asarray(value)
    if isinstance(value, MethodType):  # of which joblib hashes the name only
        return "method", value.__func__, _describe(value.__self__, seen)
    is_object = is_network(value) or _is_estimator(value)
    if not (is_object or isinstance(value, (list, tuple, dict))):
        return value
    if id(value) in seen:
        return "met before", seen[id(value)][0]
    seen[id(value)] = (len(seen), value)  # kept, so that no other gets its id
    if is_object:
        content = _list_content(value)
        return type(value), {k: _describe(v, seen) for k, v in content.items()}
    if isinstance(value, dict):
        return type(value), [(k, _describe(v, seen)) for k, v in value.items()]
    return type(value), [_describe(item, seen) for item in value]


def _is_estimator(value):
    return hasattr(value, "get_params") and not isinstance(value, type)


def _list_content(value):
    """Return the attributes of a network or an estimator that decide about results."""
    if _is_estimator(value):
        package = type(value).__module__.partition(".")[0]
        without = _WITHOUT_EFFECT if package in ("sklearn", "sktopo") else ()
        return {k: v for k, v in vars(value).items() if k not in without}
    return {
        # Hooks are numbered in the order in which this process registered them.
        k: list(v.values()) if "hook" in k and isinstance(v, dict) else v
        for k, v in vars(value).items()
        if k != "training"  # networks are recorded in evaluation mode
    }
