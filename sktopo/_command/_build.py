"""Functions that users name on the command line, such as ``module:function``."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path


def load_function(name):
    """Return the function that is named ``module:function`` or ``file.py:function``.

    The current folder, or that of the file, is put on the path of modules, where
    processes of joblib find them too. Every error names what was given.
    """
    place, separator, attribute = name.rpartition(":")
    if not (place and separator and attribute):
        raise ValueError(
            f"--build is {name!r}; expected module:function or "
            "path/to/file.py:function."
        )
    is_file = place.endswith(".py") or "/" in place or "\\" in place
    module = _import_file(name, Path(place)) if is_file else _import(name, place)
    function = getattr(module, attribute, None)
    if not callable(function):
        kind = "nothing" if function is None else "no function"
        raise ValueError(f"--build {name}: {place} has {kind} called {attribute!r}.")
    return function


def call_build(function, name):
    """Call a function without arguments; an error says what it raised."""
    try:
        return function()
    except Exception as error:  # the user's code may raise anything
        raise ValueError(
            f"--build {name} raised {type(error).__name__}: {error}. It is called "
            "without arguments and returns a new torch.nn.Module."
        ) from error


def _import_file(name, path):
    """Import a file as the module that its name stands for."""
    if not path.is_file():
        raise ValueError(f"--build {name}: there is no file {path}.")
    _add_to_path(path.absolute().parent)
    module = _import(name, path.stem)
    found = getattr(module, "__file__", None)
    if found is None or not path.samefile(found):
        raise ValueError(
            f"--build {name}: another module is called {path.stem!r} ({found}). Rename "
            "the file."
        )
    return module


def _import(name, module):
    """Import a module; an error says what importing it raised."""
    _add_to_path(Path.cwd())
    try:
        return importlib.import_module(module)
    except Exception as error:  # the user's code may raise anything
        raise ValueError(
            f"--build {name}: importing {module!r} raised {type(error).__name__}: "
            f"{error}."
        ) from error


def _add_to_path(folder):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
