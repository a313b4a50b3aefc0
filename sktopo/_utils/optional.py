"""Imports and types of optional dependencies."""

from __future__ import annotations

import importlib
import sys


def import_optional(module, *, extra, purpose):
    """Import an optional dependency, or say which extra of sktopo installs it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(
            f"{purpose} needs {module}, which could not be imported: {error}. "
            f"Install it with: pip install 'sktopo[{extra}]'"
        ) from error


def loaded_type(module, name):
    """Return a type of an optional dependency, or () if that was not imported."""
    return getattr(sys.modules.get(module), name, ())
