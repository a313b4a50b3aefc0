"""Imports of optional dependencies."""

from __future__ import annotations

import importlib


def import_optional(module, *, extra, purpose):
    """Import an optional dependency, or say which extra of sktopo installs it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(
            f"{purpose} needs {module}, which could not be imported: {error}. "
            f"Install it with: pip install 'sktopo[{extra}]'"
        ) from error
