"""Results in a folder, found again by versions, code and values."""

from __future__ import annotations

import json
import os
import pickle
from functools import lru_cache, partial
from hashlib import sha256
from inspect import signature
from pathlib import Path
from tempfile import TemporaryFile
from uuid import uuid4

import joblib

import sktopo
from sktopo._utils.caller import warn_caller
from sktopo._utils.files import replace_file
from sktopo.comparison._code import digest_code, digest_values
from sktopo.comparison._sources import Modules, list_versions


def open_cache(memory):
    """Return the cache in a parameter `memory`, None if that is None.

    Raises a ValueError at once if nothing can be written there.
    """
    if isinstance(memory, joblib.Memory):
        memory = None if memory.location is None else os.fspath(memory.location)
    if memory is None:
        return None
    if not (isinstance(memory, str) and memory):
        raise ValueError(
            "memory must be None, the name of a folder or a joblib.Memory, got "
            f"{memory!r:.80}."
        )
    # The path is made absolute because workers may run in another folder.
    folder = os.path.abspath(memory)
    try:
        os.makedirs(folder, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except (OSError, ValueError) as error:
        raise ValueError(
            f"memory={memory!r}: no file can be written in the folder {folder} "
            f"({error}). Name a folder that can be written, or pass memory=None."
        ) from error
    return Cache(folder)


class Cache:
    """Results in a folder.

    A result is found again for the same versions of sktopo and of the packages that it
    computes with, the same values, and the same code of every function and class among
    the values and of all that these refer to. Installed packages are recognised by
    their versions. Own code is recognised by its files and those of all modules that
    these import, and by what is loaded of it: bytecode, and the values of the variables
    that it names. If in doubt, a result is computed again.

    Plain results are JSON. The steps of pipelines are pickled: estimators take the
    cache for a :class:`joblib.Memory`, whose method `cache` it has.
    """

    def __init__(self, location):
        self.location = location
        self._id = uuid4().hex
        self._known, self._modules = {}, Modules()

    def __reduce__(self):
        return _copy_to_worker, (self.location, self._id)

    def __deepcopy__(self, memo):
        return self

    def make_key(self, *values):
        """Make a name for values and the code in them: equal ones have the same."""
        # Code is described once, and referred to by its number: it may be recursive.
        numbers, nodes, described = {}, [digest_values(values)], []
        for digest, references in nodes:
            for code in references:
                if id(code) not in numbers:
                    numbers[id(code)] = len(nodes)
                    nodes.append(self._digest_code(code))
            described.append((digest, [numbers[id(code)] for code in references]))
        # As a text, which is hashed much faster than the lists.
        return joblib.hash(repr((sktopo.__version__, list_versions(), described)))

    def _digest_code(self, code):
        if id(code) not in self._known:
            # The code itself is kept, so that no other object gets its id.
            self._known[id(code)] = (code, *digest_code(code, self._modules))
        return self._known[id(code)][1:]

    def place(self, function, *values):
        """Return the path of the JSON file for a function and values."""
        name = f"{function.__name__}-{self.make_key(function, *values)}.json"
        return Path(self.location, "sktopo", name)

    def recall(self, function, *arguments):
        """Call a function that returns plain values, or read what it returned."""
        path = self.place(function, *arguments)
        found = read_json(path)
        if found is None:
            found = [function(*arguments)]
            write_json(path, found)
        return found[0]

    def cache(self, function, ignore=()):
        """Return a function that calls `function` only once for equal arguments."""
        return partial(self._recall_step, function, ignore)

    def _recall_step(self, function, ignore, /, *args, **kwargs):
        given = signature(function).bind(*args, **kwargs).arguments
        values = {name: given[name] for name in given if name not in ignore}
        try:
            key = self.make_key(function, values)
        except Exception:  # some objects cannot be hashed: their steps are not shared
            return function(*args, **kwargs)
        path = Path(self.location, "sktopo", "steps", f"{function.__name__}-{key}.pkl")
        found = read_file(path, _load_pickle)
        if found is None:
            found = [function(*args, **kwargs)]
            write_file(path, lambda: _sign_pickle(pickle.dumps(found, protocol=5)))
        return found[0]


@lru_cache(1)
def _copy_to_worker(location, identifier):
    """Return the copy in a worker, the same for all its jobs: it knows their code."""
    return Cache(location)


def read_json(path):
    """Read a list of one plain value; return None if the file is missing or damaged."""
    return read_file(path, _load_json)


def write_json(path, content):
    """Write a list of one plain value, which JSON returns unchanged."""
    text = json.dumps(content)
    write_file(path, lambda: json.dumps([_sign(text.encode()), content]).encode())


def _load_json(data):
    signature, content = json.loads(data)
    return content if signature == _sign(json.dumps(content).encode()) else None


def _load_pickle(data):
    # A file that is damaged is not unpickled.
    return pickle.loads(data[64:]) if data == _sign_pickle(data[64:]) else None


def _sign_pickle(data):
    return _sign(data).encode() + data


def _sign(data):
    return sha256(data).hexdigest()


def read_file(path, load):
    """Load a file; None if there is none, or, with a warning, if it is damaged."""
    try:
        found = load(path.read_bytes())
        if found is not None:
            return found
        reason = "its content is not what was written"
    except FileNotFoundError:
        return None
    except Exception as error:  # whatever a damaged file makes a reader raise
        reason = f"{type(error).__name__}: {error}"
    warn_caller(
        f"The cached result {path} is damaged ({reason}), and is computed again."
    )
    return None


def write_file(path, dump):
    """Write a file whole or not at all; a result that cannot be kept is not lost."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replace_file(path) as file:
            file.write(dump())
    except OSError as error:
        warn_caller(f"A result could not be cached in {path}: {error}.")
    except Exception:
        pass  # a step with a lambda, say, cannot be pickled: it is computed each time
