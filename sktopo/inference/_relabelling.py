"""The comparison of a statistic with its values for millions of relabellings."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import factorial, prod
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from sktopo._utils.parallel import run_parallel
from sktopo._utils.parameters import (
    check_flag,
    check_integer,
    check_n_jobs,
    read_random_state,
)

if TYPE_CHECKING:
    from sktopo._typing import FloatArray

# Number of relabellings that are multiplied at a time: few enough for the cache of a
# processor core.
_BLOCK = 2**8
# Number of relabellings in one call of a parallel job.
_TASK = 2**14


@dataclass(frozen=True, eq=False)
class PermutationResult:
    """Result of :func:`permutation_test`.

    Its attributes have the names of the parameters.

    Parameters
    ----------
    statistic : float
        The statistic of the observed labels.

    pvalue : float
        The share of relabellings whose statistic is at least as large.

    null_distribution : ndarray of shape (n_relabellings,)
        The statistics of the relabellings.

    exact : bool
        Whether these are all distinct relabellings.

    Examples
    --------
    >>> from sktopo.inference import permutation_test
    >>> result = permutation_test([[0.0], [1.0], [4.0], [5.0]], ["a", "a", "b", "b"])
    >>> round(result.statistic, 3), round(result.pvalue, 3), result.exact
    (4.0, 0.333, True)
    """

    statistic: float
    pvalue: float
    null_distribution: FloatArray = field(repr=False)
    exact: bool


def check_run(n_permutations, n_jobs, random_state, verbose):
    """Validate how a test is run, and return the state of its random numbers."""
    check_integer("n_permutations", n_permutations, 1)
    check_n_jobs(n_jobs)
    check_flag("verbose", verbose)
    return read_random_state(random_state)


def compare_relabellings(
    within, groups, statistic, n_permutations, n_jobs, random_state, verbose
):
    """Compare a statistic of the observed labels with those of relabellings.

    Parameters
    ----------
    within : WithinSums
        Computes sums of distances within groups.

    groups : ndarray of shape (n_samples,)
        Observed labels, 0 to n_groups - 1.

    statistic : callable
        Computes statistics from sums of distances between and within groups. The
        larger the sum within groups, the smaller the statistic.

    n_permutations, n_jobs, random_state, verbose
        As in `permutation_test`, and valid.

    Returns
    -------
    result : PermutationResult
        The statistic, its p-value and the statistics of the relabellings.
    """
    sizes = np.bincount(groups)
    n_groupings = _count_groupings(sizes)
    exact = n_groupings <= n_permutations
    seed = None if exact else random_state.randint(2**32, size=4, dtype=np.uint32)
    n_drawn = n_groupings if exact else n_permutations
    # Random relabellings may leave out the observed labels, which count too.
    n_extra = 0 if exact else 1
    n_done, n_extreme, null = 0, n_extra, np.empty(n_drawn)
    numbers = range(n_drawn)
    tasks = [(numbers[i : i + _TASK],) for i in range(0, n_drawn, _TASK)]
    # Products this small are slower on several threads, and jobs are threads already.
    with threadpool_limits(1, "blas"), np.errstate(divide="ignore", over="ignore"):
        for sums in run_parallel(
            _sum_task,
            tasks,
            shared=(within, sizes, seed),
            n_jobs=n_jobs,
            prefer="threads",
            verbose=verbose,
            description="relabellings",
        ):
            n_extreme += int(np.count_nonzero(sums <= within.observed))
            null[n_done : n_done + len(sums)] = statistic(within.leave(sums), sums)
            n_done += len(sums)
        value = float(statistic(within.between, np.float64(within.observed)))
    return PermutationResult(value, n_extreme / (n_drawn + n_extra), null, exact)


def _count_groupings(sizes):
    """Count the distinct relabellings, where groups of one size may swap names."""
    arranged = factorial(sum(sizes.tolist())) // prod(map(factorial, sizes.tolist()))
    return arranged // prod(map(factorial, np.bincount(sizes).tolist()))


def _sum_task(numbers, within, sizes, seed):
    """Sum distances within groups for a range of relabellings, block by block.

    The relabellings are drawn from a stream of random numbers with this seed; without
    a seed, `numbers` are those of the distinct groupings. Returns an array
    (n_relabellings,).
    """
    if seed is not None:
        stream = np.random.PCG64(seed).advance(numbers.start * int(sizes.sum()))
    sums = np.empty(len(numbers))
    for first in range(0, len(numbers), _BLOCK):
        block = numbers[first : first + _BLOCK]
        if seed is None:
            labels = _enumerate(sizes, np.arange(block.start, block.stop))
        else:
            labels = _draw(sizes, stream, len(block))
        sums[first : first + _BLOCK] = within(labels)
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
    ways = np.full(len(numbers), _count_groupings(sizes))
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
