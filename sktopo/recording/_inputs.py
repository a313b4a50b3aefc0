"""The stimuli of one sample: what they may be, and how they reach a network.

`read_inputs` reads stimuli in any form. No code after it asks again what they were.
torch is imported inside functions only.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping, Set
from functools import partial
from itertools import pairwise

import numpy as np

from sktopo._utils.optional import loaded_type
from sktopo.recording._batches import BatchReader
from sktopo.recording._masks import read_mask
from sktopo.recording._parts import read_parts
from sktopo.recording._tensors import import_torch, is_tensor

# How many stimuli of a loader are kept to try out networks.
_N_KEPT = 8


def read_inputs(stimuli, name, mask="auto"):
    """Read the stimuli of one sample.

    Parameters
    ----------
    stimuli : array-like, torch.Tensor, tuple, list, mapping or iterable of batches
        See `ActivationExtractor`.

    name : str
        What the stimuli are called in errors.

    mask : "auto", None or array-like of shape (n_stimuli, n_positions)
        Which positions count.

    Returns
    -------
    inputs : HeldInputs or LoadedInputs
        They have the same methods.
    """
    if isinstance(stimuli, Iterator):
        raise TypeError(
            f"{name}: a {type(stimuli).__name__} can be gone through only once, but "
            "each network is shown all stimuli more than once. Give the loader itself "
            "or a list of batches put together, e.g. with torch.cat."
        )
    is_dataset = isinstance(stimuli, loaded_type("torch.utils.data", "Dataset"))
    if is_dataset and not isinstance(stimuli, Iterable):
        raise TypeError(
            f"{name}: a {type(stimuli).__name__} hands out single stimuli; expected "
            "batches. Give torch.utils.data.DataLoader(dataset, batch_size=64)."
        )
    if is_iterable_only(stimuli):
        return LoadedInputs(stimuli, name, mask)
    return HeldInputs(read_parts(stimuli, name), mask)


def is_iterable_only(candidate):
    """Return whether an object is an iterable that is not a sequence or an array.

    Such as a loader or a generator.
    """
    others = (type, list, tuple, range, str, bytes, Mapping, Set)
    # What arrays, sparse arrays, data frames and networks have.
    attributes = ("shape", "__array__", "__array_namespace__", "__dataframe__")
    return (
        isinstance(candidate, Iterable)
        and not isinstance(candidate, others)
        and not any(map(partial(hasattr, candidate), (*attributes, "forward")))
    )


class HeldInputs:
    """Stimuli that are held in memory.

    Parameters
    ----------
    parts : Parts
        The stimuli.

    mask : "auto", None or array-like of shape (n_stimuli, n_positions)
        Which positions count.
    """

    def __init__(self, parts, mask):
        self.parts = parts
        self._is_auto = isinstance(mask, str)
        if mask is None:
            self.mask = None
        elif isinstance(mask, str):
            self.mask = parts.find_mask()
        else:
            self.mask = read_mask(mask, "mask", len(parts))

    def __len__(self):
        return len(self.parts)

    def describe(self, rows):
        """Say what the stimuli in `rows`, a slice, are: their shapes and types."""
        start, stop, _ = rows.indices(len(self))
        return self.parts.describe(stop - start)

    def check(self, network, name):
        """Raise unless the network of the sample `name` takes the stimuli."""
        self.parts.take([0]).choose(network, name)
        if self._is_auto:
            has_padding = self.mask is not None and not self.mask.all()
            self.parts.refuse_unclear_masks(network, has_padding)

    def trial(self, network, n_rows):
        """Return a batch of `n_rows` stimuli, the first ones and the first again."""
        rows = _list_trial_rows(len(self), n_rows)
        mask = None if self.mask is None else self.mask[rows]
        reader = BatchReader(network, self.parts.take(rows), mask, n_rows)
        return reader.read(slice(0, n_rows))

    def batches(self, network, batch_size, start=0):
        """Yield batches of at most `batch_size` stimuli, from number `start` on.

        A batch is overwritten when the next one is read.
        """
        reader = BatchReader(network, self.parts, self.mask, batch_size)
        for rows in _cut(start, len(self), batch_size):
            yield reader.read(rows)

    def count_observations(self, n_positions):
        """Count the positions of all stimuli, `n_positions` in each, that count."""
        # An output without positions gives a row for each stimulus.
        if self.mask is None or self.mask.all() or n_positions == 1:
            return len(self) * n_positions
        return int(self.mask.sum())


class LoadedInputs:
    """Stimuli that a loader yields in batches; they are never held together.

    The loader is gone through once to count the stimuli and to check them, and again
    for each network.

    Parameters
    ----------
    loader : iterable
        Yields the same batches whenever it is gone through.

    name : str
        What the stimuli are called in errors.

    mask : "auto", None or array-like of shape (n_stimuli, n_positions)
        Which positions count.
    """

    def __init__(self, loader, name, mask):
        self.loader, self.name, self.mask = loader, name, mask
        self._checksums = []
        self._n_stimuli = self._n_counted = self._n_left_out = 0
        # Loaders draw a random number whenever they are gone through. Those that
        # shuffle yield another first batch the second time.
        with import_torch().random.fork_rng(devices=[]):
            for parts in self._load():
                parts.check_finite()
                if not self._checksums:
                    self._first = parts.take([*range(min(len(parts), _N_KEPT))])
                if isinstance(mask, str):
                    self._count(parts.find_mask())
                self._checksums.append(_checksum(parts))
                self._n_stimuli += len(parts)
            if not self._checksums:
                raise ValueError(f"{name} holds no batch; expected at least one.")
            next(self._load_again())
        if mask is not None and not isinstance(mask, str):
            self.mask = read_mask(mask, "mask", self._n_stimuli)
            self._count(self.mask)

    def __len__(self):
        return self._n_stimuli

    def describe(self, rows):
        """Say what the stimuli in `rows`, a slice, are: their shapes and types."""
        start, stop, _ = rows.indices(len(self))
        return self._first.describe(stop - start)

    def check(self, network, name):
        """Raise unless the network of the sample `name` takes the stimuli."""
        self._first.choose(network, name)
        if isinstance(self.mask, str):
            self._first.refuse_unclear_masks(network, self._n_left_out > 0)

    def trial(self, network, n_rows):
        """Return a batch of `n_rows` stimuli, the first ones and the first again."""
        rows = _list_trial_rows(len(self._first), n_rows)
        parts = self._first.take(rows)
        mask = self._find_mask(parts, rows)
        return BatchReader(network, parts, mask, n_rows).read(slice(0, n_rows))

    def batches(self, network, batch_size, start=0):
        """Yield batches of at most `batch_size` stimuli, from number `start` on.

        Batches of the loader are cut if they are larger, and not joined if smaller.
        """
        n_before = 0
        for parts in self._load_again():
            mask = self._find_mask(parts, slice(n_before, n_before + len(parts)))
            reader = BatchReader(network, parts, mask, batch_size)
            for rows in _cut(max(start - n_before, 0), len(parts), batch_size):
                yield reader.read(rows, n_before)
            n_before += len(parts)

    def count_observations(self, n_positions):
        """Count the positions of all stimuli, `n_positions` in each, that count."""
        if not self._n_left_out or n_positions == 1:
            return len(self) * n_positions
        return self._n_counted

    def _count(self, mask):
        """Count the positions of a mask that count and that do not."""
        if mask is not None:
            self._n_counted += int(mask.sum())
            self._n_left_out += int((~mask).sum())

    def _load(self):
        """Yield the batches of the loader, read as `Parts`."""
        for index, batch in enumerate(self._iterate()):
            yield read_parts(batch, f"Batch {index} of {self.name}", is_batch=True)

    def _iterate(self):
        """Yield from the loader; name it in what it raises."""
        try:
            yield from self.loader
        except MemoryError:
            raise
        except Exception as error:
            raise ValueError(
                f"{self.name}: the {type(self.loader).__name__} raised "
                f"{type(error).__name__}: {error}"
            ) from error

    def _load_again(self):
        """Yield the batches; raise unless they are those of the first time."""
        n_batches = 0
        for parts in self._load():
            if self._checksums[n_batches : n_batches + 1] != [_checksum(parts)]:
                raise ValueError(
                    f"{parts.name} holds other stimuli than when the "
                    f"{type(self.loader).__name__} was gone through before; all "
                    "networks must be shown the same stimuli in the same order. Set "
                    "shuffle=False, and leave out random augmentation."
                )
            n_batches += 1
            yield parts
        if n_batches < len(self._checksums):
            raise ValueError(
                f"{self.name} holds {n_batches} batches, but held "
                f"{len(self._checksums)} before; expected batches that can be gone "
                "through again."
            )

    def _find_mask(self, parts, rows):
        """Return the mask of a batch, whose stimuli have the numbers `rows`."""
        if isinstance(self.mask, str):
            return parts.find_mask()
        return None if self.mask is None else self.mask[rows]


def _list_trial_rows(n_stimuli, n_rows):
    """Return the numbers of stimuli in a trial; the last one is the first again."""
    rows = [*range(min(n_stimuli, n_rows - 1))]
    return rows + [0] * (n_rows - len(rows))


def _cut(start, stop, size):
    """Cut stimuli into slices, as few and as equal as can be."""
    n_cuts = -(-(stop - start) // size)
    if n_cuts < 1:
        return []
    cuts = np.linspace(start, stop, n_cuts + 1).astype(int).tolist()
    return [slice(*ends) for ends in pairwise(cuts)]


def _checksum(parts):
    """Return a number that changes if the numbers in the parts do."""
    total = 0
    for value in parts.values.values():
        if is_tensor(value):
            value = value.detach().cpu()
            value = (value if value.dtype.itemsize > 2 else value.double()).numpy()
        if isinstance(value, np.ndarray) and value.dtype != object:
            total = zlib.crc32(np.ascontiguousarray(value), total)
    return total
