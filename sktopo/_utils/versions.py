"""The versions of everything that results depend on."""

from __future__ import annotations

import platform
import sys
from importlib import metadata

from threadpoolctl import threadpool_info

import sktopo

#: What setup.cfg requires, and what its extras for users add.
HARD = ("numpy", "scipy", "scikit-learn", "joblib", "threadpoolctl")
SOFT = (
    "torch",
    "safetensors",
    "tqdm",
    "matplotlib",
    "nilearn",
    "pandas",
    "Jinja2",
    "plotly",
    "gudhi",
    "kmedoids",
    "networkx",
    "datasets",
    "pyarrow",
)


def show_versions() -> None:
    """Print the versions of sktopo, of what it uses and of the platform.

    Add the output to reports of faults, and keep it beside results. ``sktopo info``
    prints the same. Nothing is imported to find a version.

    See Also
    --------
    sklearn.show_versions : The same for scikit-learn.

    Examples
    --------
    >>> import sktopo
    >>> sktopo.show_versions()
    System:
        python: ...
    <BLANKLINE>
    sktopo and what it needs:
        sktopo: 0.1.0
         numpy: ...
    """
    system = {
        "python": " ".join(sys.version.split()),
        "executable": sys.executable,
        "machine": platform.platform(),
    }
    _show("System", system)
    needed = {name: _find_version(name) for name in HARD}
    _show("sktopo and what it needs", {"sktopo": sktopo.__version__, **needed})
    _show("What its extras install", {name: _find_version(name) for name in SOFT})
    for number, library in enumerate(threadpool_info(), start=1):
        _show(f"Threads, library {number}", library)


def _find_version(name):
    """Return the version of a distribution, or that it is not installed."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def _show(title, entries):
    """Print a title and entries below it, aligned at their colons."""
    width = max(map(len, entries)) + 4
    lines = [f"{name:>{width}}: {value}" for name, value in entries.items()]
    print(f"{title}:", *lines, "", sep="\n")
