"""Results in a folder, found again by versions, code and values."""

from __future__ import annotations

import json
import os
import pickle
import platform
import sys
import types
import warnings
from contextlib import suppress
from functools import cached_property, partial
from hashlib import sha256
from inspect import signature
from pathlib import Path
from tempfile import TemporaryFile
from uuid import uuid4

import joblib
import numpy as np
from joblib.hashing import NumpyHasher

import sktopo

_CODE = (type, types.FunctionType, types.ModuleType)
_CONSTANTS = (type(None), bool, int, float, complex, str, bytes, np.ndarray)
# Attributes of classes that Python makes.
_MADE = {
    *("__dict__", "__weakref__", "__module__", "__doc__", "__annotations__"),
    *("__firstlineno__", "__static_attributes__", "__annotations_cache__"),
    "__slotnames__",  # made when an object is copied or pickled
}


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

    A result is found again for the same version of sktopo, the same values, and the
    same code of every function and class among the values and of all that these refer
    to. Installed packages are recognised by their versions, other code by itself.

    Plain results are JSON. The steps of pipelines are pickled: estimators take the
    cache for a :class:`joblib.Memory`, whose method `cache` it has.
    """

    def __init__(self, location):
        self.location = location
        self._known = {}

    def __reduce__(self):
        return Cache, (self.location,)

    def __deepcopy__(self, memo):
        return self

    def make_key(self, *values):
        """Make a name for values and the code in them: equal ones have the same."""
        # Code is described once, and referred to by its number: it may be recursive.
        numbers, nodes, described = {}, [_digest(values)], []
        for digest, references in nodes:
            for code in references:
                if id(code) not in numbers:
                    numbers[id(code)] = len(nodes)
                    nodes.append(self._digest_code(code))
            described.append((digest, [numbers[id(code)] for code in references]))
        return joblib.hash((sktopo.__version__, described))

    def _digest_code(self, code):
        if id(code) not in self._known:
            # The code itself is kept, so that no other object gets its id.
            self._known[id(code)] = (code, *_digest(_describe(code)))
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
    warnings.warn(
        f"The cached result {path} is damaged ({reason}), and is computed again.",
        stacklevel=2,
    )
    return None


def write_file(path, dump):
    """Write a file whole or not at all; a result that cannot be kept is not lost."""
    part = path.with_name(f"{uuid4().hex}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(dump())
        os.replace(part, path)
    except OSError as error:
        warnings.warn(f"A result could not be cached in {path}: {error}.", stacklevel=2)
    except Exception:
        pass  # a step with a lambda, say, cannot be pickled: it is computed each time
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


class _Hasher(NumpyHasher):
    """Hash values, and collect the code among them instead of hashing its name only."""

    def __init__(self):
        super().__init__(coerce_mmap=True)
        self.references = []

    def save(self, obj):
        if isinstance(obj, Cache):
            obj = "cache"  # where results are kept does not change them
        elif isinstance(obj, _CODE):
            self.references.append(obj)
            obj = f"code {_name(obj)}"
        try:
            super().save(obj)
        except TypeError as error:  # which joblib takes for keys without an order
            raise pickle.PicklingError(str(error)) from error


def _digest(values):
    """Hash values; return the digest, and the code among the values in its order."""
    hasher = _Hasher()
    return hasher.hash(values), hasher.references


def _name(code):
    if isinstance(code, types.ModuleType):
        return code.__name__
    return f"{code.__module__}.{code.__qualname__}"


def _describe(code):
    """Describe a function, class or module: what decides about its results."""
    if isinstance(code, types.ModuleType):
        name = code.__name__
    elif isinstance(code, type):
        name = code.__module__
    else:  # decorators copy the attribute __module__
        name = code.__globals__.get("__name__", "")
    version = _installed_version(name)
    if version is not None:
        # A decorator of a package holds a function that need not be of the package.
        return _name(code), version, _list_cells(code)
    file = getattr(sys.modules.get(name), "__file__", None)
    source = Path(file).read_bytes() if file and os.path.isfile(file) else None
    frozen = partial(_freeze, has_source=source is not None)
    if isinstance(code, types.FunctionType):
        return _name(code), source, _describe_function(code, frozen)
    members = {
        # A method that another module has put there, as tests do, may hold a counter.
        k: _describe_bytecode(v.__code__)
        if isinstance(v, types.FunctionType) and v.__module__ != name
        else frozen(v)
        for k, v in vars(code).items()
        if k not in _MADE
    }
    if isinstance(code, types.ModuleType):
        members = {k: v for k, v in vars(code).items() if isinstance(v, _CODE)}
        return _name(code), source, members
    return _name(code), source, code.__bases__, members


def _installed_version(module):
    """Return the version of the package that a module is of; None for own code."""
    root = module.partition(".")[0]
    if root in sys.stdlib_module_names:
        return platform.python_version()
    file = getattr(sys.modules.get(module), "__file__", None) or ""
    if not {"site-packages", "dist-packages"} & set(Path(file).parts):
        return None
    version = getattr(sys.modules.get(root), "__version__", None)
    return None if version is None else str(version)


def _describe_function(function, frozen):
    code = function.__code__
    names = sorted(_names_in(code) & set(function.__globals__))
    return (
        _describe_bytecode(code),
        function.__defaults__,
        function.__kwdefaults__,
        _list_cells(function),
        {name: frozen(function.__globals__[name]) for name in names},
    )


def _describe_bytecode(code):
    constants = [
        _describe_bytecode(value)
        if isinstance(value, types.CodeType)
        else (type(value).__name__, sorted(map(repr, value)))
        if isinstance(value, frozenset)
        else value
        for value in code.co_consts
    ]
    return code.co_code, code.co_names, code.co_varnames, code.co_freevars, constants


def _names_in(code):
    nested = [value for value in code.co_consts if isinstance(value, types.CodeType)]
    return set(code.co_names).union(*map(_names_in, nested))


def _list_cells(code):
    """List the variables of outer functions that a function uses."""
    values = []
    is_function = isinstance(code, types.FunctionType)
    for cell in (is_function and code.__closure__) or ():
        try:
            values.append(cell.cell_contents)
        except ValueError:  # not yet assigned
            values.append(None)
    return values


def _freeze(value, has_source):
    """Return what of a global variable or an attribute of a class decides on results.

    Of what a program may change as it runs, such as a counter, it is only the type:
    how it was made stands in the source.
    """
    if isinstance(value, (*_CODE, *_CONSTANTS)):
        return value
    if isinstance(value, (classmethod, staticmethod)):
        return value.__func__
    if isinstance(value, property):
        return value.fget, value.fset
    if isinstance(value, cached_property):
        return value.func
    if isinstance(value, partial):
        return value.func, value.args, value.keywords
    if isinstance(value, (list, tuple, dict, set, frozenset)):
        if not has_source:
            return value
        held = value.values() if isinstance(value, dict) else value
        code = [item for item in held if isinstance(item, _CODE)]
        return type(value), sorted(code, key=_name)
    return type(value)
