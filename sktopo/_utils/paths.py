"""Files that users point to: folders, patterns and lists of paths, and their names."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path


def find_paths(paths, list_paths, one, expected):
    """Return the paths in a folder, a pattern or a sequence.

    `list_paths` returns those that a folder, a file or a pattern stands for. They are
    sorted by the numbers in their names; a sequence keeps its order. `one` and
    `expected` say in errors what is looked for, and what may be given.
    """
    if isinstance(paths, (str, os.PathLike)):
        found = list_paths(Path(paths))
        if not found:
            raise ValueError(
                f"paths={str(paths)!r} leads to no {one}; expected {expected}."
            )
        return sorted(found, key=_number_parts)
    if not isinstance(paths, Sequence) or isinstance(paths, bytes):
        raise TypeError(
            f"paths is of type {type(paths).__name__}; expected a folder, a pattern or "
            "a list of paths."
        )
    for index, path in enumerate(paths):
        if not isinstance(path, (str, os.PathLike)):
            raise TypeError(
                f"paths[{index}] is of type {type(path).__name__}; expected a path."
            )
        if not Path(path).exists():
            raise ValueError(f"paths[{index}] does not exist: {path}.")
    if not paths:
        raise ValueError("paths is empty; expected at least one path.")
    return [Path(path) for path in paths]


def name_paths(paths):
    """Return the names of files, with those of their folders if files are named alike.

    Folders that all paths share are left out.
    """
    names = [path.name for path in paths]
    if len(set(names)) < len(names) and len({str(path) for path in paths}) > 1:
        shared = os.path.commonpath([path.absolute() for path in paths])
        names = [os.path.relpath(path, shared) for path in paths]
    return names


def _number_parts(path):
    """Return a key that sorts paths by the numbers in them: step9 before step10."""
    parts = re.split(r"(\d+)", str(path))
    return [(int(part), "") if part.isdigit() else (0, part) for part in parts]
