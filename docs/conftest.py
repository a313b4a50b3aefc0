"""Run the examples of the pages: ``>>>`` in any ``.rst`` file of this folder.

A page whose examples need more than the hard dependencies says so in a comment, such
as ``.. needs torch pandas``; without them it is skipped.
"""

import re
import sys

import pytest

# Scripts that Sphinx runs, and what it makes.
collect_ignore_glob = ["*.py", "_*/*", "examples/*", "auto_examples/*", "*/generated/*"]


@pytest.fixture(autouse=True)
def needed(request):
    """Skip a page if a module is missing that it needs."""
    for names in re.findall(r"(?m)^\.\. needs (.+)$", request.path.read_text("utf-8")):
        for name in names.split():
            pytest.importorskip(name)


@pytest.fixture(autouse=True)
def close_figures():
    """Close the figures that a page has drawn."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
