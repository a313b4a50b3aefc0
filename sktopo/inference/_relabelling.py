"""Sums of distances within groups, for millions of relabellings of the samples."""

from __future__ import annotations

from math import factorial, prod
from typing import TYPE_CHECKING

import numpy as np

from sktopo._utils.parallel import run_parallel

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sktopo._typing import FloatArray, IntArray

# Sums of distances closer than this share of a sum of all count as equal.
ROUNDING = 1e-12
# Relabellings multiplied at a time, so that they stay in the cache of a core, and
# relabellings handed to a worker at a time.
_BLOCK = 2**8
_TASK = 2**14


def count_groupings(sizes: IntArray) -> int:
    """Count distinct relabellings; groups of one size may swap names."""
    arranged = factorial(sum(sizes.tolist())) // prod(map(factorial, sizes.tolist()))
    return arranged // prod(map(factorial, np.bincount(sizes).tolist()))


def cut_tasks(n_relabellings: int) -> list[range]:
    """Cut the numbers of relabellings into ranges, a task each."""
    return [
        range(start, min(start + _TASK, n_relabellings))
        for start in range(0, n_relabellings, _TASK)
    ]


def sum_relabelled(
    distances: FloatArray,
    sizes: IntArray,
    form: tuple[FloatArray, float],
    tasks: list[range],
    seed: IntArray | None,
    n_jobs: int | None,
    verbose: bool,
) -> Iterable[FloatArray]:
    """Sum distances within groups over relabellings: yields the sums of each task.

    Parameters
    ----------
    distances : ndarray of shape (n_samples, n_samples)
        Distances.

    sizes : ndarray of shape (n_groups,)
        Sizes of the groups.

    form : tuple
        What `factor_weights` made of the weights of the groups.

    tasks : list of range
        Numbers of the relabellings.

    seed : sequence of int or None
        Seeds the stream of random relabellings. If None, a number says which of all
        distinct relabellings it is.

    n_jobs : int or None
        Number of parallel jobs.

    verbose : bool
        Whether to show a progress bar.

    Returns
    -------
    sums : iterable of ndarray
        The sums of each task in turn.
    """
    return run_parallel(
        _sum_task,
        [(task,) for task in tasks],
        shared=(distances, sizes, form, seed),
        n_jobs=n_jobs,
        prefer="threads",
        verbose=verbose,
        description="relabellings",
    )


def factor_weights(weights: FloatArray, total: float) -> tuple[FloatArray, float]:
    r"""Write the weighted sum of distances within groups as few quadratic forms.

    The form diag(weights) of one-hot labels, less the largest multiple of the form
    of ones, which is a constant for all labels, has rank n_groups - 1. Returns the
    code of each group, (n_groups, n_groups - 1), and the constant.
    """
    share = 1 / (1 / weights).sum()
    values, vectors = np.linalg.eigh(np.diag(weights) - share)
    return vectors[:, 1:] * np.sqrt(values[1:]), share * total


def sum_within(
    distances: FloatArray, labels: IntArray, codes: FloatArray, constant: float
) -> FloatArray:
    """Sum distances within groups, weighted, for labels (n_relabellings, n_samples)."""
    sums = np.full(len(labels), constant)
    for code in codes.T:
        placed = code.take(labels)
        sums += np.einsum("ij,ij->i", placed @ distances, placed)
    # A sum of nothing but zeros must not be left with a rounding error.
    sums[sums <= ROUNDING * constant] = 0
    return sums


def _sum_task(
    numbers: range,
    distances: FloatArray,
    sizes: IntArray,
    form: tuple[FloatArray, float],
    seed: IntArray | None,
) -> FloatArray:
    """Sum distances within groups for a range of relabellings, block by block."""
    if seed is not None:
        stream = np.random.PCG64(seed).advance(numbers.start * len(distances))
    sums = np.empty(len(numbers))
    for first in range(0, len(numbers), _BLOCK):
        block = numbers[first : first + _BLOCK]
        if seed is None:
            labels = _enumerate(sizes, np.arange(block.start, block.stop))
        else:
            labels = _draw(sizes, stream, len(block))
        sums[first : first + _BLOCK] = sum_within(distances, labels, *form)
    return sums


def _draw(sizes: IntArray, stream: np.random.PCG64, n_relabellings: int) -> IntArray:
    """Draw relabellings (n_relabellings, n_samples) from a stream of 64-bit numbers.

    Each takes n_samples numbers of the stream, so that any of them can be drawn
    alone and results depend on neither blocks nor jobs.
    """
    groups = np.repeat(np.arange(len(sizes), dtype=np.uint64), sizes)
    mask = np.uint64((1 << (len(sizes) - 1).bit_length()) - 1)
    keys = stream.random_raw(n_relabellings * len(groups)).reshape(-1, len(groups))
    # Groups ride in the lowest bits of random keys: sorting the keys shuffles them.
    keys &= ~mask
    keys |= groups
    keys.sort(axis=1)
    keys &= mask
    return keys.astype(np.intp)


def _enumerate(sizes: IntArray, numbers: IntArray) -> IntArray:
    """Write out the groupings of given numbers: labels (n_numbers, n_samples).

    Sample by sample, the ways to go on after each choice of a group say which choice
    a number falls into. Of groups of one size, without samples yet, only the first
    may take a sample, on behalf of all.
    """
    rows = np.arange(len(numbers))
    rank = numbers.copy()
    ways = np.full(len(numbers), count_groupings(sizes))
    left = np.tile(sizes, (len(numbers), 1))
    labels = np.empty((len(numbers), sizes.sum()), dtype=np.intp)
    alike = (sizes[:, np.newaxis] == sizes).astype(int)
    for sample in range(labels.shape[1]):
        empty = left == sizes
        is_first = empty @ np.triu(alike, 1) == 0
        on_behalf = np.where(empty, is_first * (empty @ alike), 1)
        options = ways[:, np.newaxis] * left * on_behalf // (labels.shape[1] - sample)
        bounds = options.cumsum(axis=1)
        group = (rank[:, np.newaxis] >= bounds).sum(axis=1)
        ways = options[rows, group]
        rank -= bounds[rows, group] - ways
        left[rows, group] -= 1
        labels[:, sample] = group
    return labels
