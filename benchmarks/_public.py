"""The public names of sktopo."""

import importlib
import inspect
import pkgutil

import sktopo


def list_public():
    """Collect the public classes and functions: a dict of objects by their names.

    They are what `__all__` names in the public modules. A name that two modules export
    must be the same object.
    """
    modules = [sktopo]
    for module in pkgutil.walk_packages(sktopo.__path__, "sktopo."):
        if not any(part.startswith("_") for part in module.name.split(".")):
            modules.append(importlib.import_module(module.name))
    public = {}
    for module in modules:
        for name in getattr(module, "__all__", ()):
            value = getattr(module, name)
            if not inspect.ismodule(value):
                assert public.setdefault(name, value) is value, name
    return public
