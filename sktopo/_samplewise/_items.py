"""From X to its samples, one at a time, each in an X of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from itertools import count
from operator import length_hint
from os import PathLike

import numpy as np
from scipy.sparse import issparse

from sktopo._utils.optional import loaded_type
from sktopo._utils.samples import check_kind

_EXPECTED = "an array, a data frame, or a list of samples that can be read twice"
_REFUSED = (type, str, bytes, PathLike, Mapping, Set, Iterator)
_END = object()
# Errors that keep their type when the name of the sample is added to their message.
_KEPT = (TypeError, ValueError, MemoryError, ImportError, OSError)


class Items:
    """The samples of X, as pairs of a name and an X that holds the sample only.

    Every loop reads X again, and no sample is kept.

    Attributes
    ----------
    is_array : bool
        Whether X is one array or data frame, so that all samples have one width.

    is_table : bool
        Whether X is two-dimensional: each row is a sample.
    """

    def __init__(self, X):
        if not hasattr(X, "shape") and hasattr(X, "__array__"):
            X = np.asarray(X)
        _check_container(X)
        self._X = X
        ndim = len(getattr(X, "shape", ()))
        is_objects = ndim == 1 and getattr(X, "dtype", None) == np.dtype(object)
        self.is_array = ndim > 0 and not is_objects
        self.is_table = ndim == 2
        if ndim == 1 and self.is_array:
            raise ValueError(
                f"X has shape {tuple(X.shape)}; expected one sample for each entry of "
                "the first axis. Reshape your data: X.reshape(1, -1) is one sample."
            )

    def __iter__(self):
        if self.is_array:
            rows = getattr(self._X, "iloc", self._X)  # data frames of pandas
            for i in range(self._X.shape[0]):
                yield f"Sample {i} of X", rows[i : i + 1]
            return
        names = getattr(self._X, "names", ())
        names = names if isinstance(names, (Sequence, np.ndarray)) else ()
        samples = iter(self._X)
        for i in count():
            name = f"Sample {i} of X"
            if i < len(names):
                name += f" ({names[i]!r})"
            with name_errors(f"{name} could not be read"):
                sample = next(samples, _END)
            if sample is _END:
                return
            yield name, [sample]
            del sample  # so that only the job that has it keeps it

    def __length_hint__(self):
        if self.is_array:
            return self._X.shape[0]
        return length_hint(self._X, 0)


def _check_container(X):
    """Raise a TypeError unless X can be read sample by sample, and more than once."""
    if is_network(X):
        raise TypeError(
            "X is a single network; samples come in a sequence: give [network], or "
            "list(X) if its parts are the networks."
        )
    if issparse(X) or getattr(X, "is_sparse", False):
        raise TypeError(
            "X is sparse; expected dense numbers. X.toarray() converts a sparse matrix."
        )
    is_single = getattr(X, "shape", None) == ()
    if isinstance(X, _REFUSED) or is_single or not isinstance(X, Iterable):
        check_kind(X, "X", _EXPECTED, others=())
        raise TypeError(f"X is of type {type(X).__name__}; expected {_EXPECTED}.")


def is_network(candidate):
    """Return whether an object is a torch module, without importing torch."""
    return isinstance(candidate, loaded_type("torch.nn", "Module"))


def build(alone):
    """Call what stands for a sample, or for a part of a pair, and is not built yet."""
    if isinstance(alone, list):
        return [_build_parts(sample) for sample in alone]
    return alone


def _build_parts(sample):
    if isinstance(sample, tuple):
        return tuple(_build_parts(part) for part in sample)
    return sample() if callable(sample) and not is_network(sample) else sample


@contextmanager
def name_errors(place, change=str):
    """Begin the message of whatever is raised with the place, such as a sample.

    `change` is called with the text of the error.
    """
    try:
        yield
    except Exception as error:
        text = change(str(error))
        for kind in _KEPT:
            if isinstance(error, kind):
                raise kind(f"{place}: {text}") from error
        raise RuntimeError(f"{place}: {type(error).__name__}: {text}") from error


def name_sample(name, transformer):
    """Name a sample, and the transformer that it was given to, in errors."""
    return name_errors(f"{name}, given to {type(transformer).__name__} alone", refer)


def refer(text):
    """Call the only sample of an X "this sample" and not by its number, 0."""
    return re.sub(r"\b([Ss])ample 0\b( of X)?", _refer_to_one, text)


def _refer_to_one(found):
    return ("This" if found[1] == "S" else "this") + " sample"
