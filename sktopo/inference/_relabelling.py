"""Sums of distances within groups, for millions of relabellings of the samples."""

from __future__ import annotations

from math import factorial, prod

import numpy as np

from sktopo._utils.parallel import run_parallel

# Two sums count as equal if they differ by less than this share of the sum of all
# distances.
ROUNDING = 1e-12
# Number of relabellings that are multiplied at a time: few enough for the cache of a
# processor core.
_BLOCK = 2**8
# Number of relabellings in one call of a parallel job.
_TASK = 2**14


def count_groupings(sizes):
    """Count the distinct relabellings, where groups of one size may swap names."""
    arranged = factorial(sum(sizes.tolist())) // prod(map(factorial, sizes.tolist()))
    return arranged // prod(map(factorial, np.bincount(sizes).tolist()))


def factor_weights(weights, total):
    r"""Write the weighted sum of distances within groups as few quadratic forms.

    For one-hot labels H of shape (n_samples, n_groups) and distances D, the sum is
    the trace of ``diag(weights) @ H.T @ D @ H``. The rows of H add up to 1, so a
    number c that is subtracted from all entries of ``diag(weights)`` lowers the sum
    by c times the sum of all distances, whatever the labels. With the largest c that
    leaves a positive semi-definite matrix, the rank falls to n_groups - 1.

    Parameters
    ----------
    weights : ndarray of shape (n_groups,)
        The positive weight of each group.

    total : float
        The sum of all distances.

    Returns
    -------
    codes : ndarray of shape (n_groups, n_groups - 1)
        A factor: ``codes @ codes.T`` is ``diag(weights) - c``.

    constant : float
        The part of the sum that is the same for all labels, c times `total`.
    """
    share = 1 / (1 / weights).sum()
    values, vectors = np.linalg.eigh(np.diag(weights) - share)
    return vectors[:, 1:] * np.sqrt(values[1:]), share * total


def sum_within(distances, labels, codes, constant):
    """Sum distances within groups, weighted, for labels (n_relabellings, n_samples)."""
    sums = np.full(len(labels), constant)
    for code in codes.T:
        placed = code.take(labels)
        sums += np.einsum("ij,ij->i", placed @ distances, placed)
    # A sum of zeros only must be exactly 0, without a rounding error.
    sums[sums <= ROUNDING * constant] = 0
    return sums


def sum_relabelled(distances, sizes, form, n_relabellings, seed, *, n_jobs, verbose):
    """Sum distances within groups for many relabellings.

    Parameters
    ----------
    distances : ndarray of shape (n_samples, n_samples)
        Distances.

    sizes : ndarray of shape (n_groups,)
        Sizes of the groups.

    form : tuple
        The codes and the constant that `factor_weights` returns.

    n_relabellings : int
        Number of relabellings.

    seed : ndarray of int or None
        Seed of the random relabellings. If None, the distinct relabellings are
        enumerated from the first to number `n_relabellings`.

    n_jobs : int or None
        Number of parallel jobs.

    verbose : bool
        Whether to show a progress bar.

    Returns
    -------
    sums : iterable of ndarray
        The sums in the order of the relabellings, cut into arrays.
    """
    starts = range(0, n_relabellings, _TASK)
    return run_parallel(
        _sum_task,
        [(range(start, min(start + _TASK, n_relabellings)),) for start in starts],
        shared=(distances, sizes, form, seed),
        n_jobs=n_jobs,
        prefer="threads",
        verbose=verbose,
        description="relabellings",
    )


def _sum_task(numbers, distances, sizes, form, seed):
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


def _draw(sizes, stream, n_relabellings):
    """Draw random relabellings: labels (n_relabellings, n_samples).

    Each relabelling takes n_samples numbers of 64 bits from the stream. A job can
    therefore start at any relabelling, and the results depend neither on the size of
    blocks nor on the number of jobs.
    """
    groups = np.repeat(np.arange(len(sizes), dtype=np.uint64), sizes)
    mask = np.uint64((1 << (len(sizes) - 1).bit_length()) - 1)
    keys = stream.random_raw(n_relabellings * len(groups)).reshape(-1, len(groups))
    # The group label is stored in the lowest bits of each random key. Sorting the keys
    # shuffles the labels.
    keys &= ~mask
    keys |= groups
    keys.sort(axis=1)
    keys &= mask
    return keys.astype(np.intp)


def _enumerate(sizes, numbers):
    """Return the distinct groupings of given numbers: labels (n_numbers, n_samples).

    The labels are chosen sample by sample. For each group that the sample may join,
    the groupings that remain are counted; the number of the grouping falls into one
    of these counts, and that is the group of the sample. Groups of one size that have
    no samples yet are interchangeable: only the first of them may take the sample,
    and its count is multiplied by the number of such groups.
    """
    rows = np.arange(len(numbers))
    rank = numbers.copy()
    ways = np.full(len(numbers), count_groupings(sizes))
    left = np.tile(sizes, (len(numbers), 1))
    labels = np.empty((len(numbers), sizes.sum()), dtype=np.intp)
    same_size = (sizes[:, np.newaxis] == sizes).astype(int)
    for sample in range(labels.shape[1]):
        empty = left == sizes
        is_first = empty @ np.triu(same_size, 1) == 0
        n_alike = np.where(empty, is_first * (empty @ same_size), 1)
        counts = ways[:, np.newaxis] * left * n_alike // (labels.shape[1] - sample)
        bounds = counts.cumsum(axis=1)
        group = (rank[:, np.newaxis] >= bounds).sum(axis=1)
        ways = counts[rows, group]
        rank -= bounds[rows, group] - ways
        left[rows, group] -= 1
        labels[:, sample] = group
    return labels
