"""Networks in files, built and loaded one at a time."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, overload

import numpy as np

from sktopo._utils.parameters import check_flag, is_integer
from sktopo._utils.paths import find_paths, name_paths
from sktopo.recording._weights import (
    SUFFIXES,
    is_checkpoint,
    load_weights,
    read_weights,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    import torch
    from numpy.typing import ArrayLike


@dataclass(frozen=True)
class Checkpoint:
    """A function without arguments that builds a network and loads its weights.

    Parameters
    ----------
    build : callable
        Builds the network.

    path : Path
        The file of weights.

    name : str
        What the network is called in errors.

    trust : bool
        Whether code in the file may run.
    """

    build: Callable[[], torch.nn.Module]
    path: Path
    name: str
    trust: bool = False

    def __call__(self) -> torch.nn.Module:
        """Build the network and load its weights."""
        network = self.build()
        if not hasattr(network, "load_state_dict"):
            raise ValueError(
                f"build() returned {type(network).__name__}; expected a "
                "torch.nn.Module."
            )
        load_weights(network, read_weights(self.path, self.trust), self.path)
        return network


class Checkpoints:
    """Networks in files, a sequence that builds and loads them one at a time.

    Give it as X to :class:`sktopo.ActivationExtractor`, or to a pipeline that begins
    with one. Each network is built, loaded, recorded and forgotten, so memory holds one
    network per job, however many files there are. Each element is a function without
    arguments that does this.

    Parameters
    ----------
    build : callable
        Builds a network with any weights: a function without arguments that returns a
        torch.nn.Module, and the same architecture each time. With ``n_jobs`` and
        processes it must be possible to pickle it.

    paths : str, path-like, or sequence of them
        A folder, a pattern such as ``"runs/seed*/last.pt"`` (see :mod:`glob`), or the
        paths. A sequence keeps its order; otherwise files are sorted by the numbers in
        their names, step9 before step10.

        Each path is a file that ``torch.save`` wrote (.pt, .pth, .bin, .ckpt), a file
        of safetensors, or a folder as the Trainer of transformers writes it. Weights
        may be under "state_dict" (Lightning), "model_state_dict" or "model", and all
        their names may have a prefix such as "model." or "_orig_mod.".

    names : sequence of str, default=None
        Names for errors, from which `steps` are read. None takes those of the files,
        with those of the folders if files are named alike.

    trust : bool, default=False
        Whether to load files with Python objects beside weights, such as whole modules.
        Loading them runs code that is in the file: do so only if you trust where it
        comes from.

    Attributes
    ----------
    paths : list of Path
        The files and folders.

    names : list of str
        A name for each of them.

    steps : list of int or None
        The training step of each, read from its name: the number after "step",
        "checkpoint" or "epoch", in this order, or else the last number. None if there
        is no number.

    Raises
    ------
    TypeError
        If `build` cannot be called, or `paths` are not paths.

    ValueError
        If there is no checkpoint at a path, or the number of names is not that of the
        paths. A file that cannot be loaded, or that does not hold the weights of the
        network, raises one when its network is built; the error names the file.

    See Also
    --------
    sktopo.ActivationExtractor : Records the networks.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import torch
    >>> from sktopo import ActivationExtractor
    >>> from sktopo.recording import Checkpoints
    >>> def build():
    ...     return torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.ReLU())
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for step in (1, 10, 9):
    ...         torch.save(build().state_dict(), Path(folder, f"step{step}.pt"))
    ...     checkpoints = Checkpoints(build, folder)
    ...     extractor = ActivationExtractor(stimuli=torch.randn(20, 4))
    ...     activations = extractor.fit_transform(checkpoints)
    >>> checkpoints.names, checkpoints.steps
    (['step1.pt', 'step9.pt', 'step10.pt'], [1, 9, 10])
    >>> activations.shape
    (3, 20, 3)
    """

    def __init__(
        self,
        build: Callable[[], torch.nn.Module],
        paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
        names: Sequence[str] | None = None,
        *,
        trust: bool = False,
    ) -> None:
        check_flag("trust", trust)
        given: object = build  # users without a type checker give anything
        if not callable(given) or hasattr(given, "forward"):
            raise TypeError(
                f"build is of type {type(given).__name__}; expected a function without "
                "arguments that returns a new torch.nn.Module."
            )
        self.build = build
        self.trust = trust
        self.paths = _find_paths(paths)
        self.names = _check_names(names, self.paths)

    @property
    def steps(self) -> list[int | None]:
        """The training step of each checkpoint, read from its name."""
        return [_read_step(name) for name in self.names]

    def __len__(self) -> int:
        """Count the checkpoints."""
        return len(self.paths)

    def __iter__(self) -> Iterator[Checkpoint]:
        """Yield a function that builds it for each network."""
        return (self[index] for index in range(len(self)))

    @overload
    def __getitem__(self, index: int) -> Checkpoint: ...
    @overload
    def __getitem__(self, index: slice | ArrayLike) -> Checkpoints: ...
    def __getitem__(self, index: Any) -> Checkpoint | Checkpoints:
        """Return a function that builds one network, or some of the checkpoints."""
        if is_integer(index):
            path, name = self.paths[index], self.names[index]
            return Checkpoint(self.build, path, name, self.trust)
        chosen = copy(self)
        rows = np.arange(len(self))[index]
        chosen.paths = [self.paths[row] for row in rows]
        chosen.names = [self.names[row] for row in rows]
        return chosen

    def __repr__(self) -> str:
        """Show how many there are, and the first and the last."""
        ends = " ... ".join(dict.fromkeys([*self.names[:1], *self.names[-1:]]))
        return f"<{len(self)} Checkpoints: {ends}>"


def _find_paths(paths):
    """Return the paths of checkpoints in a folder, a pattern or a sequence."""
    expected = (
        f"a folder, a file or a pattern of files that end in {', '.join(SUFFIXES)}, or "
        "folders with model.safetensors or pytorch_model.bin"
    )
    return find_paths(paths, _list_paths, "checkpoint", expected)


def _list_paths(path):
    """Return the checkpoints that a folder, a file or a pattern stands for."""
    if path.is_file():
        return [path]
    if path.is_dir():
        found = [part for part in path.iterdir() if is_checkpoint(part)]
        folders = [part for part in found if part.is_dir()]
        if folders:
            # Trainers save the last network a second time, beside the folders.
            return folders
        return [path] if is_checkpoint(path) else found
    matched = map(Path, glob.glob(str(path), recursive=True))
    return [part for part in matched if is_checkpoint(part)]


def _check_names(names, paths):
    """Return a name for each path."""
    if names is None:
        return name_paths(paths)
    is_list = isinstance(names, (Sequence, np.ndarray)) and not isinstance(names, str)
    if not is_list or not all(isinstance(name, str) for name in names):
        raise TypeError(f"names must be a sequence of strings, got {names!r}.")
    if len(names) != len(paths):
        raise ValueError(f"There are {len(names)} names for {len(paths)} paths.")
    return list(names)


def _read_step(name):
    """Return the training step in a name, None if it has no number."""
    stem = re.sub(rf"({'|'.join(map(re.escape, SUFFIXES))})$", "", name)
    for word in ("step", "checkpoint", "epoch"):
        found = re.findall(rf"{word}s?[-_= ]?(\d+)", stem, re.IGNORECASE)
        if found:
            return int(found[-1])
    numbers = re.findall(r"\d+", stem)
    return int(numbers[-1]) if numbers else None
