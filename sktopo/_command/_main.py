"""The commands, and what becomes of their errors."""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

import sktopo
from sktopo._command import _demo, _info, _report

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Errors that say what users can mend. Others are faults of this package.
_MENDABLE = (ValueError, TypeError, ImportError, OSError, MemoryError, RuntimeError)
_EPILOG = """\
examples:
  sktopo demo
  sktopo report --recordings 'subjects/*.csv' --labels labels.csv -o report.html
  sktopo report --help

exit codes: 0 if all went well, 1 for a fault of sktopo, 2 for what you can mend, 130 if
interrupted. The documentation describes each command in "The command line".
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code.

    Parameters
    ----------
    argv : sequence of str, default=None
        The arguments, those of this process if None.

    Returns
    -------
    code : int
        0, or 1 for a fault of the package, 2 for what users can mend, 130 if
        interrupted, 141 if the output was closed. Wrong arguments raise SystemExit
        with the code 2.
    """
    args = make_parser().parse_args(argv)
    program = f"sktopo {args.command}"
    try:
        with _warnings_in_one_line(program):
            args.run(args)
        sys.stdout.flush()
    except KeyboardInterrupt:
        _say(f"{program}: interrupted")
        return 130
    except BrokenPipeError:  # the reader, such as `head`, has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except Exception as error:
        if args.debug:
            raise
        is_mendable = isinstance(error, _MENDABLE)
        _say(f"{program}: error: {_describe(error, is_mendable)}")
        return 2 if is_mendable else 1
    return 0


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the arguments of all commands."""
    parser = _Parser(
        prog="sktopo",
        description=sktopo.__doc__,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    version = f"sktopo {sktopo.__version__}"
    parser.add_argument("--version", action="version", version=version)
    commands = parser.add_subparsers(
        dest="command", required=True, metavar="command", title="commands"
    )
    for command in (_demo, _report, _info):
        name = command.__name__.rpartition("._")[2]
        part = commands.add_parser(
            name,
            help=command.SUMMARY,
            description=command.DESCRIPTION,
            epilog=command.EPILOG,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.add_arguments(part)
        part.add_argument(
            "--debug", action="store_true", help="show where an error was raised"
        )
        part.set_defaults(run=command.run)
    return parser


class _Parser(argparse.ArgumentParser):
    """A parser that says in one line what is wrong."""

    def error(self, message):
        self.exit(2, f"{self.prog}: error: {message}. See {self.prog} --help.\n")


@contextmanager
def _warnings_in_one_line(program):
    """Print warnings to stderr as one line each, without lines of code."""

    def show(message, category, filename, lineno, file=None, line=None):
        _say(f"{program}: warning: {message}")

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield


def _describe(error, is_mendable):
    """Return what to say of an error."""
    if isinstance(error, OSError) and error.strerror and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    if is_mendable and str(error):
        return str(error)
    known = f"{type(error).__name__}: {error}"
    if is_mendable:
        return known
    return f"{known}. This is a fault of sktopo; --debug shows where it was raised"


def _say(text):
    """Print one line to stderr."""
    print(" ".join(text.split()), file=sys.stderr)
