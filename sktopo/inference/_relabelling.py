"""The comparison of a statistic with its values for millions of relabellings."""

from __future__ import annotations

import warnings
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
    from sktopo._typing import FloatArray, IntArray

# Number of relabellings that are multiplied at a time: few enough for the cache of a
# processor core.
_BLOCK = 2**8
# Number of relabellings in one call of a parallel job.
_TASK = 2**14
# Tests that cannot give a p-value as small as this find nothing.
_LEVEL = 0.05


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
    >>> rows = [[0.0], [1.0], [2.0], [3.0], [8.0], [9.0], [10.0], [11.0]]
    >>> result = permutation_test(rows, list("aaaabbbb"))
    >>> round(result.statistic, 3), round(result.pvalue, 3), result.exact
    (4.8, 0.029, True)
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
    plan = plan_relabellings(np.bincount(groups), n_permutations, random_state)
    n_done, n_extreme, null = 0, plan.n_extra, np.empty(plan.n_relabellings)
    with np.errstate(divide="ignore", over="ignore"):
        for sums in run_relabellings(within, plan, n_jobs, verbose):
            n_extreme += int(np.count_nonzero(sums <= within.observed))
            null[n_done : n_done + len(sums)] = statistic(within.leave(sums), sums)
            n_done += len(sums)
        value = float(statistic(within.between, np.float64(within.observed)))
    pvalue = n_extreme / (plan.n_relabellings + plan.n_extra)
    return PermutationResult(value, pvalue, null, plan.exact)


@dataclass(frozen=True, eq=False)
class Relabellings:
    """Which relabellings a test compares with the observed labels.

    Parameters
    ----------
    sizes : ndarray of shape (n_groups,)
        The number of samples of each group.

    n_relabellings : int
        How many there are.

    seed : ndarray of int or None
        Determines random relabellings. If None, they are all the distinct ones.

    named : bool
        Whether relabellings are distinct if groups of one size have swapped names.
    """

    sizes: IntArray
    n_relabellings: int
    seed: IntArray | None
    named: bool

    @property
    def exact(self):
        """Whether these are all distinct relabellings."""
        return self.seed is None

    @property
    def n_extra(self):
        """How often the observed labels count besides, which draws may leave out."""
        return 0 if self.exact else 1

    def list_blocks(self, numbers):
        """Yield the relabellings of a range of numbers in blocks, (n, n_samples)."""
        if not self.exact:
            n_before = numbers.start * int(self.sizes.sum())
            stream = np.random.PCG64(self.seed).advance(n_before)
        for first in range(0, len(numbers), _BLOCK):
            block = numbers[first : first + _BLOCK]
            if self.exact:
                chosen = np.arange(block.start, block.stop)
                yield _enumerate(self.sizes, chosen, self.named)
            else:
                yield _draw(self.sizes, stream, len(block))


def plan_relabellings(sizes, n_permutations, random_state, *, named=False):
    """Choose all distinct relabellings, or random ones if they are too many."""
    n_groupings = _count_groupings(sizes, named)
    if n_groupings <= n_permutations:
        return Relabellings(sizes, n_groupings, None, named)
    seed = random_state.randint(2**32, size=4, dtype=np.uint32)
    return Relabellings(sizes, n_permutations, seed, named)


def warn_insensitive(labels, n_permutations, *, where="", shuffled=False):
    """Warn the caller of the caller if no p-value can be as small as 0.05.

    Parameters
    ----------
    labels : ndarray of shape (n_samples,)
        The group of each sample.

    n_permutations : int
        As in `permutation_test`.

    where : str
        What the p-value is of, for the message.

    shuffled : bool
        Whether samples are shuffled and not their labels, as beside covariates.
    """
    sizes = np.unique(labels, return_counts=True)[1]
    n_groupings = factorial(len(labels)) if shuffled else _count_groupings(sizes)
    if min(n_groupings, n_permutations + 1) * _LEVEL >= 1:
        return
    if n_groupings <= n_permutations:
        smallest, listed = 1 / n_groupings, ", ".join(map(str, sizes))
        reason = (
            f"groups of {listed} samples have only {n_groupings} distinct "
            "relabelling(s). Compare more samples"
        )
    else:
        smallest = 1 / (n_permutations + 1)
        reason = f"n_permutations={n_permutations}. Give a larger number"
    warnings.warn(
        f"pvalue{where} cannot be below {smallest:.2g}, whatever the samples are, "
        f"because {reason} to find differences at the level of {_LEVEL}.",
        stacklevel=3,
    )


def run_relabellings(function, plan, n_jobs, verbose):
    """Call a function with relabellings, block by block, perhaps in parallel.

    Parameters
    ----------
    function : callable
        Takes labels (n, n_samples) and returns an array of n results.

    plan : Relabellings
        The relabellings.

    n_jobs, verbose
        As in `permutation_test`, and valid.

    Yields
    ------
    results : ndarray
        The results of many blocks, in the order of the relabellings.
    """
    numbers = range(plan.n_relabellings)
    tasks = [(numbers[i : i + _TASK],) for i in range(0, len(numbers), _TASK)]
    # Products this small are slower on several threads, and jobs are threads already.
    with threadpool_limits(1, "blas"):
        yield from run_parallel(
            _run_task,
            tasks,
            shared=(function, plan),
            n_jobs=n_jobs,
            prefer="threads",
            verbose=verbose,
            description="relabellings",
        )


def _run_task(numbers, function, plan):
    return np.concatenate([function(labels) for labels in plan.list_blocks(numbers)])


def _count_groupings(sizes, named=False):
    """Count the distinct relabellings; unless named, groups of one size may swap."""
    arranged = factorial(sum(sizes.tolist())) // prod(map(factorial, sizes.tolist()))
    if named:
        return arranged
    return arranged // prod(map(factorial, np.bincount(sizes).tolist()))


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


def _enumerate(sizes, numbers, named=False):
    """Return the distinct groupings of given numbers: labels (n_numbers, n_samples).

    The labels are chosen sample by sample. For each group that the sample may join,
    the groupings that remain are counted; the number of the grouping falls into one
    of these counts, and that is the group of the sample. Groups of one size that have
    no samples yet are interchangeable: only the first of them may take the sample,
    and its count is multiplied by the number of such groups. If groups are `named`,
    none are interchangeable.
    """
    rows = np.arange(len(numbers))
    rank = numbers.copy()
    ways = np.full(len(numbers), _count_groupings(sizes, named))
    left = np.tile(sizes, (len(numbers), 1))
    labels = np.empty((len(numbers), sizes.sum()), dtype=np.intp)
    alike = np.arange(len(sizes)) if named else sizes
    same_size = (alike[:, np.newaxis] == alike).astype(int)
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
