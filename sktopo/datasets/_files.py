"""Tables of numbers in files of any kind."""

from __future__ import annotations

import glob
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from scipy.io import loadmat

from sktopo._utils.optional import import_optional
from sktopo._utils.paths import find_paths, name_paths
from sktopo.datasets._text import Table, read_text


def read_files(paths, key, caller):
    """Read the tables in files: their paths, names and tables.

    Names are those of the files without suffix. Errors name `caller`.
    """
    if key is not None and not isinstance(key, str):
        raise TypeError(f"key must be a string or None, got {key!r}.")
    expected = f"files that end in {', '.join(_READERS)}, their folder or a pattern"
    paths = find_paths(paths, _list_files, "table", expected)
    for path in paths:
        if path.suffix.lower() not in _READERS:
            if path.is_dir():
                raise ValueError(
                    f"{path} is a folder beside other paths; expected one folder, or "
                    "the paths of files."
                )
            raise ValueError(f"{path} cannot be read; expected {expected}.")
    tables = []
    for path in paths:
        with _name_file(path):
            tables.append(_READERS[path.suffix.lower()](path, key, caller))
    names = [str(Path(name).with_suffix("")) for name in name_paths(paths)]
    return paths, np.array(names), tables


def check_names(names, size, path):
    """Raise a ValueError unless names of regions are different, and not empty."""
    if names is None:
        return
    for name in names:
        if name == "" or names.count(name) > 1:
            raise ValueError(
                f"{path} has {names.count(name)} region(s) named {name!r}; expected "
                f"{size} different names."
            )


def make_frame(values, columns, caller, index=None):
    """Make a data frame of pandas."""
    pandas = import_optional(
        "pandas", extra="tables", purpose=f"{caller} with as_frame=True"
    )
    return pandas.DataFrame(values, index=index, columns=columns)


def _list_files(path):
    """Return the files that a file, a folder or a pattern stands for."""
    if path.is_file():
        return [path]
    if not path.is_dir():
        found = map(Path, glob.glob(str(path), recursive=True))
        return [part for part in found if part.is_file()]
    found = [part for part in path.iterdir() if part.suffix.lower() in _READERS]
    suffixes = sorted({part.suffix for part in found})
    if len(suffixes) > 1:
        raise ValueError(
            f"{path} holds files that end in {', '.join(suffixes)}. Choose by a "
            f"pattern, such as {path / ('*' + suffixes[0])}."
        )
    return found


@contextmanager
def _name_file(path):
    """Name the file in all errors but those of missing libraries and memory."""
    try:
        yield
    except (ImportError, MemoryError):
        raise
    except Exception as error:  # damaged files raise errors of many kinds
        raise ValueError(f"{path} cannot be read: {error}") from error


def _read_text(path, key, caller):
    return read_text(path)


def _read_npy(path, key, caller):
    return Table(_check_array(np.load(path, allow_pickle=False)))


def _read_npz(path, key, caller):
    with np.load(path, allow_pickle=False) as archive:
        return Table(_check_array(_choose(dict(archive), key)))


def _read_mat(path, key, caller):
    try:
        content = loadmat(path)
    except NotImplementedError as error:
        raise ValueError(
            "it is a file of MATLAB 7.3 (HDF5). Save it with save(..., '-v7') in "
            "MATLAB, or read it with h5py and give the arrays themselves."
        ) from error
    variables = {name: x for name, x in content.items() if not name.startswith("__")}
    return Table(_check_array(_choose(variables, key)))


def _read_parquet(path, key, caller):
    purpose = f"{caller} of {path.name}"
    pandas = import_optional("pandas", extra="tables", purpose=purpose)
    frame = pandas.read_parquet(path)
    for column in frame.columns:
        if frame[column].dtype.kind not in "biuf":
            raise ValueError(
                f"column {column!r} holds {frame[column].dtype}; expected numbers."
            )
    is_named = frame.index.dtype.kind not in "iufM"
    return Table(
        _check_array(frame.to_numpy()),
        list(map(str, frame.index)) if is_named else None,
        list(map(str, frame.columns)),
    )


_READERS = {
    **dict.fromkeys((".csv", ".tsv", ".txt"), _read_text),
    ".npy": _read_npy,
    ".npz": _read_npz,
    ".mat": _read_mat,
    ".parquet": _read_parquet,
}


def _choose(arrays, key):
    """Return the array of a key, or the only one that can be a table."""
    if key is not None:
        if key not in arrays:
            raise ValueError(f"it has no array {key!r}, but {sorted(arrays)}.")
        return arrays[key]
    found = {
        name: array
        for name, array in arrays.items()
        if isinstance(array, np.ndarray)
        and array.dtype.kind in "biuf"
        and array.ndim > 1
        and min(array.shape) > 1
    }
    if len(found) != 1:
        raise ValueError(
            f"it has {len(found)} tables of numbers, {sorted(found)}, among the arrays "
            f"{sorted(arrays)}; give the name of one as key."
        )
    return next(iter(found.values()))


def _check_array(array):
    """Return a table of numbers as floats; float32 stays float32."""
    if array.ndim != 2 or not array.size or array.dtype.kind not in "biuf":
        raise ValueError(
            f"it holds an array of shape {array.shape} and type {array.dtype}; "
            "expected a table of numbers. Load stacks of tables with numpy.load, and "
            "give them to the estimators as they are."
        )
    return array if array.dtype == np.float32 else array.astype(np.float64)
