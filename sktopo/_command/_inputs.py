"""What a report compares: files that are read and checked before the work begins."""

from __future__ import annotations

import zipfile
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sktopo._command._build import call_build, load_function
from sktopo._utils.parallel import progress
from sktopo.datasets import read_connectomes, read_recordings
from sktopo.recording import Checkpoints
from sktopo.reporting import Report

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


@dataclass(frozen=True)
class Inputs:
    """Files, and the function that makes a report of them.

    Parameters
    ----------
    make : callable
        Takes the options that reports of all kinds have, and returns the report.

    files : dict of str to Path
        The files by name.

    networks : sequence of callable
        Functions that load each network, if there are networks.
    """

    make: Callable[..., Any]
    files: dict[str, Path]
    networks: Any = ()

    def check(self, verbose):
        """Load each network once, so that a damaged file is found before the work."""
        if len(self.networks):
            loaded = progress(
                self.networks,
                verbose=verbose,
                description="checking",
                total=len(self.networks),
            )
            for load in loaded:
                load()


def _read_checkpoints(args):
    stimuli = read_stimuli(args.stimuli)
    build = load_function(args.build)
    checkpoints = Checkpoints(build, _paths(args.checkpoints), trust=args.trust)
    call_build(build, args.build)
    make = partial(
        Report.from_networks,
        checkpoints,
        stimuli=stimuli,
        layers=args.layers,
        device=args.device,
        constant_units=args.constant_units or "zero",
    )
    return Inputs(
        make,
        dict(zip(checkpoints.names, checkpoints.paths, strict=True)),
        checkpoints,
    )


def _read_recordings(args):
    with _name_options():
        found = read_recordings(
            _paths(args.recordings),
            node_axis="auto" if args.node_axis is None else args.node_axis,
            key=args.key,
        )
    if args.missing in (None, "raise"):
        _refuse_missing(found)
    make = partial(
        Report.from_recordings,
        found.data,
        missing=args.missing or "raise",
        constant_units=args.constant_units or "zero",
    )
    return Inputs(make, _name_files(found))


def _read_connectomes(args):
    with _name_options():
        found = read_connectomes(_paths(args.connectomes), key=args.key)
    return Inputs(partial(Report.from_connectomes, found.data), _name_files(found))


#: What can be compared, and the function that reads it.
READERS = {
    "checkpoints": _read_checkpoints,
    "recordings": _read_recordings,
    "connectomes": _read_connectomes,
}


def read_stimuli(path):
    """Read stimuli from a .npy file, or inputs by name from a .npz file.

    Returns an array, or a dict of arrays if an archive holds several.
    """
    if path.suffix not in (".npy", ".npz"):
        raise ValueError(
            f"--stimuli {path}: expected a file that ends in .npy or .npz, as "
            "numpy.save and numpy.savez write them."
        )
    try:
        with path.open("rb") as file:  # closed if it is damaged, unlike a path
            content = np.load(file, allow_pickle=False)
            arrays = {"": content} if path.suffix == ".npy" else dict(content)
    except FileNotFoundError:
        raise
    except (ValueError, EOFError, OSError, zipfile.BadZipFile, TypeError) as error:
        raise ValueError(f"--stimuli {path} cannot be read: {error}.") from error
    for name, array in arrays.items():
        _check_stimuli(array, f"--stimuli {path}" + (f", array {name!r}" * bool(name)))
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) != 1:
        raise ValueError(
            f"--stimuli {path}: its arrays have different numbers of rows, {lengths}; "
            "expected a row for each stimulus."
        )
    if 1 in lengths.values():
        raise ValueError(
            f"--stimuli {path} holds 1 stimulus, as its first axis is of length 1; "
            "expected 2 or more, because units are related over stimuli."
        )
    return arrays if len(arrays) > 1 else next(iter(arrays.values()))


def _check_stimuli(array, name):
    """Raise a ValueError unless an array holds numbers, in a row for each stimulus."""
    if array.dtype.kind not in "biuf" or not array.ndim or not array.size:
        raise ValueError(
            f"{name} is of shape {array.shape} and type {array.dtype}; expected "
            "numbers, with a row for each stimulus."
        )
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        at = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise ValueError(f"{name} holds {array[at]} at {at}; expected finite numbers.")


def _refuse_missing(found):
    """Raise a ValueError that names the file if a number is missing in recordings."""
    for path, recording in zip(found.paths, found.data, strict=True):
        missing = np.argwhere(np.isnan(np.asarray(recording)))
        if len(missing):
            time, node = missing[0].tolist()
            name = (
                repr(recording.columns[node]) if hasattr(recording, "columns") else node
            )
            raise ValueError(
                f"{path} lacks {len(missing)} number(s), the first at time point "
                f"{time} of region {name}, counted from 0. Choose by --missing what to "
                "do, for example --missing drop_nodes."
            )


@contextmanager
def _name_options():
    """Let errors that name a parameter of a function name the option of the command."""
    try:
        yield
    except ValueError as error:
        text = str(error).replace("node_axis=", "--node-axis ")
        text = text.replace("the name of one as key", "the name of one as --key")
        raise ValueError(text) from error


def _paths(given):
    """Return one path, folder or pattern as it is, and several as a list."""
    return given[0] if len(given) == 1 else given


def _name_files(found):
    return dict(zip(map(str, found.names), found.paths, strict=True))
