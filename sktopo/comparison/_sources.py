"""The files of modules, and of all modules that they import."""

from __future__ import annotations

import ast
import dis
import os
import platform
import sys
import sysconfig
import types
from functools import cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from importlib.util import resolve_name
from pathlib import Path
from typing import NamedTuple

#: Packages that the package computes with, some of which it imports only when needed.
_USED = (
    *("gudhi", "joblib", "kmedoids", "networkx", "numpy", "scikit-learn", "scipy"),
    "torch",
)
_IMPORT = dis.opmap["IMPORT_NAME"]
_STANDARD_LIBRARY = sysconfig.get_path("stdlib")
_CHANGING = {
    *("append", "extend", "insert", "pop", "popleft", "remove", "clear", "add"),
    *("update", "setdefault", "discard", "appendleft", "popitem"),
}


@cache
def list_versions():
    """List the versions of Python and of the packages that sktopo computes with."""
    return [platform.python_version(), *map(_read_version, _USED)]


def _read_version(distribution):
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


class Module(NamedTuple):
    """What of a module decides about results: a version, or its file and imports."""

    version: str | None = None
    digest: str = ""
    imports: tuple[str, ...] = ()
    changes: dict[tuple[str, int], set[str]] = {}


class Modules(dict[str, Module]):
    """Modules by their names, each as it is when it is first looked up.

    They need not be loaded, and are not loaded to look at them.
    """

    def __init__(self):
        super().__init__()
        self._digests = {}

    def __missing__(self, name):
        self[name] = _inspect(name)
        return self[name]

    def digest(self, *names):
        """Hash modules and all that they import."""
        if names not in self._digests:
            found, waiting = set(), set(names)
            while waiting:
                found |= waiting
                waiting = {i for name in waiting for i in self[name].imports} - found
            described = [(name, *self[name][:2]) for name in sorted(found)]
            self._digests[names] = sha256(repr(described).encode()).hexdigest()
        return self._digests[names]


def _inspect(name):
    if name in sys.builtin_module_names:
        return Module(platform.python_version())
    file = _find_file(name)
    if file is None:
        return Module()
    if not {"site-packages", "dist-packages"}.isdisjoint(file.parts):
        version = _read_versions(name.partition(".")[0])
        if version is not None:
            return Module(version)
    elif file.is_relative_to(_STANDARD_LIBRARY):
        return Module(platform.python_version())
    content = file.read_bytes()
    imports, changes = _parse(content)
    resolved = resolve_imports(imports, _find_package(name, file))
    return Module(None, sha256(content).hexdigest(), resolved, changes)


@cache
def _read_versions(root):
    """Return the versions of the distributions that have a package; None if none."""
    distributions = _map_packages().get(root, ())
    return ", ".join(f"{d} {version(d)}" for d in sorted(set(distributions))) or None


@cache
def _map_packages():
    return packages_distributions()


def _find_file(name):
    """Return the file of a module, loaded or not; None if it has none."""
    module = sys.modules.get(name)
    if module is None:
        spec = _find_spec(name)
        file = spec.origin if spec is not None and spec.has_location else None
    else:
        file = getattr(module, "__file__", None)
    return Path(file) if file and os.path.isfile(file) else None


def _find_spec(name):
    """Find a module that is not loaded; its parents are not loaded either."""
    parent, _, last = name.rpartition(".")
    path = None
    if parent in sys.modules:
        path = getattr(sys.modules[parent], "__path__", None)
    elif parent:
        path = getattr(_find_spec(parent), "submodule_search_locations", None)
    if not last or (parent and path is None):
        return None
    try:
        specs = (finder.find_spec(name, path) for finder in sys.meta_path)
        return next((spec for spec in specs if spec is not None), None)
    except ImportError:  # a finder that blocks the module
        return None


def _find_package(name, file):
    """Return the package that the imports of a module are relative to."""
    if name == "__main__":
        return sys.modules[name].__package__
    return name if file.stem == "__init__" else name.rpartition(".")[0]


@cache
def _parse(content):
    """Return the imports in the content of a file, and what its functions change."""
    try:
        tree = ast.parse(content)
        bytecode = compile(content, "module", "exec", dont_inherit=True)
    except (SyntaxError, ValueError):  # a compiled module
        return [], {}
    return list_imports(bytecode), _list_changes(tree)


def list_imports(bytecode):
    """List the imports in code and in the functions in it: (level, name, names)."""
    imports, level, names = [], 0, ()
    has_imports = _IMPORT in bytecode.co_code[::2]  # which saves a slow look
    for instruction in dis.get_instructions(bytecode) if has_imports else ():
        if instruction.opname == "IMPORT_NAME":
            imports.append((level, instruction.argval, names or ()))
        if instruction.opname != "EXTENDED_ARG":
            level, names = names, instruction.argval
    if {"import_module", "__import__"} & set(bytecode.co_names):
        texts = [text for text in bytecode.co_consts if isinstance(text, str)]
        # A text that is not the name of a module is not found later.
        dots = [(len(text) - len(text.lstrip(".")), text.lstrip(".")) for text in texts]
        imports += [(level, name, ()) for level, name in dots]
    for constant in bytecode.co_consts:
        if isinstance(constant, types.CodeType):
            imports += list_imports(constant)
    return imports


def resolve_imports(imports, package):
    """Return the full names of all modules that imports may load."""
    found = set()
    for level, name, names in imports:
        try:
            base = resolve_name("." * level + name, package or None)
        except ImportError:  # no such package: the import fails when it is run
            continue
        parts = base.split(".")
        found.update(".".join(parts[:end]) for end in range(1, len(parts) + 1))
        found.update(f"{base}.{name}" for name in names)
    return tuple(sorted(found))


def _list_changes(tree):
    """Return the variables that each function changes: {(name, line): names}."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {
        (node.name, min(part.lineno for part in (node, *node.decorator_list))): {
            name for part in ast.walk(node) for name in _list_changed(part)
        }
        for node in ast.walk(tree)
        if isinstance(node, functions)
    }


def _list_changed(node):
    """List the variables and attributes that one statement or expression changes."""
    if isinstance(node, ast.Global):
        return node.names
    if isinstance(node, ast.AugAssign):
        return [_last_name(node.target)]
    if isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
        return [_last_name(node)]
    if isinstance(node, ast.Attribute) and node.attr in _CHANGING:
        return [_last_name(node.value)]
    return []


def _last_name(node):
    """Return the name of the variable or attribute in which something is changed."""
    while isinstance(node, ast.Subscript):
        node = node.value
    return getattr(node, "id", None) or getattr(node, "attr", None)
