"""The command line, ``sktopo`` and ``python -m sktopo``."""

from sktopo._command._main import main

__all__ = ["main"]
