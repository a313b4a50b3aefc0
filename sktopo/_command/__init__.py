"""The command line, ``sktopo`` and ``python -m sktopo``."""
