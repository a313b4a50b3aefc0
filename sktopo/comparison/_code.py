"""Digests of values, and descriptions of the code that they refer to."""

from __future__ import annotations

import pickle
import types
from functools import cached_property
from inspect import unwrap

from joblib.hashing import NumpyHasher

from sktopo.comparison._sources import list_imports, resolve_imports

_CODE = (type, types.FunctionType, types.ModuleType)
# Attributes of classes that Python makes.
_MADE = {
    *("__dict__", "__weakref__", "__module__", "__doc__", "__annotations__"),
    *("__firstlineno__", "__static_attributes__", "__annotations_cache__"),
    "__slotnames__",  # made when an object is copied or pickled
}
_IS_DEFINED_IN_PYTHON = 1 << 9  # a flag of classes, Py_TPFLAGS_HEAPTYPE


class _Hasher(NumpyHasher):
    """Hash values, and collect the code among them, of which only the name is hashed.

    What cannot be pickled raises an error, or counts by its type if `lenient`.
    """

    def __init__(self, lenient):
        super().__init__(coerce_mmap=True)
        self.references = []
        self._lenient = lenient

    def save(self, obj):
        try:
            if isinstance(obj, _CODE):
                self.save_global(obj)
            else:
                super().save(_unwrap(obj))
        except Exception as error:  # whatever the reducing of an object raises
            if self._lenient:
                super().save(f"{type(obj).__module__}.{type(obj).__qualname__}")
            elif isinstance(error, TypeError):  # joblib takes it for unordered keys
                raise pickle.PicklingError(str(error)) from error
            else:
                raise

    def save_global(self, obj, name=None):
        """Save what pickle would save by its name: code and wrappers of code."""
        self.references.append(obj)
        super().save(f"code {name_code(obj)}")


def _unwrap(value):
    """Return what to hash in place of a value that pickle cannot save, or not alike."""
    if isinstance(value, (classmethod, staticmethod)):
        return type(value).__name__, value.__func__
    if isinstance(value, property):
        return "property", value.fget, value.fset, value.fdel
    if isinstance(value, cached_property):
        return "cached_property", value.func
    if type(value) in (set, frozenset):
        return type(value).__name__, sorted(value, key=_sort_key)
    if type(value) is dict and not all(isinstance(key, str) for key in value):
        return "dict", sorted(value.items(), key=lambda item: _sort_key(item[0]))
    if isinstance(value, types.CodeType):
        parts = (value.co_names, value.co_varnames, value.co_freevars, value.co_consts)
        return value.co_code, value.co_exceptiontable, *parts
    return value


def _sort_key(value):
    return digest_values(value, lenient=True)[0]


def digest_values(values, lenient=False):
    """Hash values; return the digest, and the code among the values in its order."""
    hasher = _Hasher(lenient)
    return hasher.hash(values), hasher.references


def digest_code(code, modules):
    """Hash what decides about the results of code; return also what it refers to."""
    return digest_values((name_code(code), *_describe(code, modules)), lenient=True)


def name_code(code):
    """Return the full name of a function, class, module or wrapper."""
    if isinstance(code, types.ModuleType):
        return code.__name__
    name = getattr(code, "__qualname__", None) or getattr(code, "__name__", "")
    return f"{_name_module(code)}.{name}"


def _name_module(code):
    if isinstance(code, types.ModuleType):
        return code.__name__
    if isinstance(code, types.FunctionType):  # decorators copy the attribute __module__
        return code.__globals__.get("__name__") or ""
    return getattr(code, "__module__", None) or type(code).__module__


def _describe(code, modules):
    """List what decides about the results of code.

    Installed code is recognised by its version, own code by files and by what is loaded
    of it: the values of a program may differ from what stands in its files.
    """
    module = _name_module(code)
    # A decorator of a package holds a function that need not be of the package.
    held = getattr(code, "__wrapped__", None), _list_cells(code)
    version = None if _is_made_by_exec(code) else modules[module].version
    if version is not None:
        return version, held
    if isinstance(code, type):
        changed = set().union(*(_list_changed(v, modules) for v in vars(code).values()))
        members = {
            name: value
            for name, value in vars(code).items()
            if name not in _MADE and name not in changed
        }
        return modules.digest(module), type(code), code.__bases__, members
    if not isinstance(code, types.FunctionType):
        return modules.digest(module), held
    space, bytecode = code.__globals__, code.__code__
    changed = _list_changed(code, modules)
    imports = resolve_imports(list_imports(bytecode), space.get("__package__"))
    return (
        modules.digest(module, *imports),
        held,
        bytecode,
        code.__defaults__,
        code.__kwdefaults__,
        vars(code),
        _find_variables(_names_in(bytecode) - changed, space, modules),
    )


def _is_made_by_exec(code):
    """Return whether a class has no module of its own and was given that of Python."""
    is_class = isinstance(code, type) and code.__module__ == "builtins"
    return is_class and code.__flags__ & _IS_DEFINED_IN_PYTHON


def _names_in(bytecode):
    nested = [c for c in bytecode.co_consts if isinstance(c, types.CodeType)]
    return set(bytecode.co_names).union(*map(_names_in, nested))


def _list_changed(code, modules):
    """Return the variables that a function itself changes, such as counters."""
    if isinstance(code, (classmethod, staticmethod)):
        code = code.__func__
    code = unwrap(code) if isinstance(code, types.FunctionType) else None
    if not isinstance(code, types.FunctionType):
        return set()
    place = code.__code__.co_name, code.__code__.co_firstlineno
    return modules[_name_module(code)].changes.get(place, set())


def _find_variables(names, space, modules):
    """Find the global variables of these names, also those of own modules."""
    spaces, found = [space], []
    for space in spaces:
        for name in sorted(names & space.keys()):
            value = space[name]
            found.append((name, value))
            if (
                isinstance(value, types.ModuleType)
                and modules[value.__name__].version is None
                and not any(vars(value) is known for known in spaces)
            ):
                spaces.append(vars(value))
    return found


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
