"""``sktopo info``: the versions of everything."""

from sktopo._utils.versions import show_versions

SUMMARY = "print the versions of sktopo and of all that it uses"
DESCRIPTION = """\
Print the versions of Python, the platform, sktopo and its dependencies, and the
libraries of linear algebra with their threads. Add the output to reports of faults.
"""
EPILOG = """\
examples:
  sktopo info
  sktopo info > versions.txt
"""


def add_arguments(parser):
    """Add no argument: there is nothing to choose."""


def run(args):
    """Print the versions."""
    show_versions()
