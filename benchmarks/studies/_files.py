"""What the stages share: files that are written whole or not at all, parallel runs."""

import functools
import hashlib
import json
import os
import warnings

import numpy as np
from joblib import Parallel, delayed
from tqdm import tqdm

import sktopo
from sktopo.comparison._sources import Modules


def make_key(parameters):
    """Make a short name for parameters: equal ones, and only those, have the same.

    Another version of sktopo, other code that trains and other versions of what it
    imports make other names, so that nothing old is read again.
    """
    return hash_parameters(_digest_training(), parameters)


def hash_parameters(code, parameters):
    """Make a short name for parameters, the digests of code and sktopo's version."""
    known = [sktopo.__version__, code, parameters]
    text = json.dumps(known, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@functools.cache
def _digest_training():
    """Hash the code that trains networks, but not all that its last part imports."""
    modules = Modules()
    whole = modules.digest(f"{__package__}._networks", f"{__package__}._stack")
    return whole, modules[f"{__package__}._training"].digest


def save_arrays(path, arrays):
    """Write arrays to an ``.npz`` file; an interruption leaves no partial file."""
    _replace(path, lambda file: np.savez(file, **arrays))


def save_json(path, content):
    """Write JSON to a file; an interruption leaves no partial file."""
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    _replace(path, lambda file: file.write(text.encode()))


def load_arrays(path):
    """Read all arrays of an ``.npz`` file."""
    # NumPy does not close a damaged file that it has opened itself.
    with path.open("rb") as file, np.load(file) as arrays:
        return dict(arrays)


def load_json(path):
    """Read JSON from a file."""
    return json.loads(path.read_text(encoding="utf-8"))


def discard_damaged(*paths):
    """Delete all of the files that belong together if one of them cannot be read.

    A warning names the file. What was in the files is then made again. Files that do
    not exist are not damaged.
    """
    for path in paths:
        load = load_arrays if path.suffix == ".npz" else load_json
        try:
            load(path)
        except FileNotFoundError:
            continue
        except Exception as error:  # whatever a damaged file makes a reader raise
            warnings.warn(
                f"{path} is damaged ({type(error).__name__}: {error}), and is made "
                "again.",
                stacklevel=2,
            )
            for other in paths:
                other.unlink(missing_ok=True)
            return


def _replace(path, write):
    """Write to another file, then rename it: an interruption leaves the old file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with beside.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def run_parallel(function, calls, *, n_jobs, what, **options):
    """Call a function with each of several lists of arguments, with a progress bar."""
    parallel = Parallel(n_jobs, return_as="generator", **options)
    found = parallel(delayed(function)(*arguments) for arguments in calls)
    return list(tqdm(found, desc=what, total=len(calls), disable=not calls))
