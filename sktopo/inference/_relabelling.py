"""The comparison of a statistic with its values for millions of relabellings."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from math import factorial, prod
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from sktopo._utils.caller import warn_caller
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

    scheme : {"samples", "within groups", "whole groups"}
        What exchanged labels: all samples or, with `groups`, the samples of each group
        among themselves, or whole groups.

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
    scheme: str


def check_run(n_permutations, n_jobs, random_state, verbose):
    """Validate how a test is run, and return the state of its random numbers."""
    check_integer("n_permutations", n_permutations, 1)
    check_n_jobs(n_jobs)
    check_flag("verbose", verbose)
    return read_random_state(random_state)


def compare_relabellings(
    within, scheme, statistic, n_permutations, n_jobs, random_state, verbose
):
    """Compare a statistic of the observed labels with those of relabellings.

    Parameters
    ----------
    within : WithinSums
        Computes sums of distances within groups.

    scheme : Scheme
        The observed labels, and which relabellings there are.

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
    plan = plan_relabellings(scheme.exchange, n_permutations, random_state)
    n_done, n_extreme, null = 0, plan.n_extra, np.empty(plan.n_relabellings)
    with np.errstate(divide="ignore", over="ignore"):
        for sums in run_relabellings(within, plan, n_jobs, verbose):
            n_extreme += int(np.count_nonzero(sums <= within.observed))
            null[n_done : n_done + len(sums)] = statistic(within.leave(sums), sums)
            n_done += len(sums)
        value = float(statistic(within.between, np.float64(within.observed)))
    pvalue = n_extreme / (plan.n_relabellings + plan.n_extra)
    return PermutationResult(value, pvalue, null, plan.exact, scheme.name)


@dataclass(frozen=True, eq=False)
class Exchange:
    """Which samples may exchange their labels.

    Parameters
    ----------
    labels : ndarray of shape (n_samples,)
        Observed labels, 0 to n_labels - 1.

    strata : ndarray of shape (n_samples,)
        Samples of one stratum, 0 to n_strata - 1, exchange their labels.

    named : bool
        Whether relabellings are distinct if labels have swapped names.
    """

    labels: IntArray
    strata: IntArray
    named: bool = False

    @cached_property
    def counts(self):
        """How many samples of each stratum have each label, (n_strata, n_labels)."""
        counts = np.zeros((self.strata.max() + 1, self.labels.max() + 1), dtype=np.intp)
        np.add.at(counts, (self.strata, self.labels), 1)
        return counts

    @cached_property
    def alike(self):
        """A number for each label; labels of one number may swap their names.

        These are labels that as many samples have in each stratum.
        """
        if self.named:
            return np.arange(self.labels.max() + 1)
        return np.unique(self.counts, axis=1, return_inverse=True)[1].ravel()

    @cached_property
    def n_distinct(self):
        """The number of distinct relabellings, the observed labels among them."""
        samples = np.bincount(self.strata).tolist()
        pairs = self.strata * (int(self.labels.max()) + 1) + self.labels
        alike = np.unique(pairs, return_counts=True)[1].tolist()
        arranged = prod(map(factorial, samples)) // prod(map(factorial, alike))
        if self.named:
            return arranged
        return arranged // prod(map(factorial, np.bincount(self.alike).tolist()))


def make_exchange(labels, strata=None, *, named=False):
    """Let labels be exchanged among all samples, or within strata."""
    if strata is None:
        strata = np.zeros(len(labels), dtype=np.intp)
    return Exchange(labels, strata, named)


@dataclass(frozen=True, eq=False)
class Relabellings:
    """Which relabellings a test compares with the observed labels.

    Parameters
    ----------
    exchange : Exchange
        Which samples may exchange their labels.

    n_relabellings : int
        How many there are.

    seed : ndarray of int or None
        Determines random relabellings. If None, they are all the distinct ones.
    """

    exchange: Exchange
    n_relabellings: int
    seed: IntArray | None

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
            n_before = numbers.start * len(self.exchange.labels)
            stream = np.random.PCG64(self.seed).advance(n_before)
        for first in range(0, len(numbers), _BLOCK):
            block = numbers[first : first + _BLOCK]
            if self.exact:
                yield _enumerate(self.exchange, np.arange(block.start, block.stop))
            else:
                yield _draw(self.exchange, stream, len(block))


def plan_relabellings(exchange, n_permutations, random_state):
    """Choose all distinct relabellings, or random ones if they are too many."""
    if exchange.n_distinct <= n_permutations:
        return Relabellings(exchange, exchange.n_distinct, None)
    seed = random_state.randint(2**32, size=4, dtype=np.uint32)
    return Relabellings(exchange, n_permutations, seed)


def warn_insensitive(n_distinct, n_permutations, reason, *, where=""):
    """Warn the caller of the caller if no p-value can be as small as 0.05.

    Parameters
    ----------
    n_distinct : int
        The number of distinct relabellings.

    n_permutations : int
        As in `permutation_test`.

    reason : str
        Why there are so few, for the message.

    where : str
        What the p-value is of, for the message.
    """
    if min(n_distinct, n_permutations + 1) * _LEVEL >= 1:
        return
    smallest = 1 / min(n_distinct, n_permutations + 1)
    if n_distinct > n_permutations:
        reason = f"n_permutations={n_permutations}. Give a larger number"
    warn_caller(
        f"pvalue{where} cannot be below {smallest:.2g}, whatever the samples are, "
        f"because {reason} to find differences at the level of {_LEVEL}."
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


def _draw(exchange, stream, n_relabellings):
    """Draw random relabellings: labels (n_relabellings, n_samples).

    Each relabelling takes n_samples numbers of 64 bits from the stream. A job can
    therefore start at any relabelling, and the results depend neither on the size of
    blocks nor on the number of jobs.
    """
    order = np.argsort(exchange.strata, kind="stable")
    labels, strata = (
        part.astype(np.uint64)
        for part in (
            exchange.labels[np.lexsort((exchange.labels, exchange.strata))],
            exchange.strata[order],
        )
    )
    mask = np.uint64((1 << int(exchange.labels.max()).bit_length()) - 1)
    keys = stream.random_raw(n_relabellings * len(labels)).reshape(-1, len(labels))
    # The label is stored in the lowest bits of each random key, and the stratum in the
    # highest. Sorting the keys shuffles the labels within each stratum.
    n_bits = int(exchange.strata.max()).bit_length()
    if n_bits:
        keys >>= np.uint64(n_bits)
        keys |= strata << np.uint64(64 - n_bits)
    keys &= ~mask
    keys |= labels
    keys.sort(axis=1)
    keys &= mask
    if not n_bits:
        return keys.astype(np.intp)
    drawn = np.empty(keys.shape, dtype=np.intp)
    drawn[:, order] = keys
    return drawn


def _enumerate(exchange, numbers):
    """Return the distinct relabellings of given numbers: labels (n_numbers, n_samples).

    The labels are chosen sample by sample, stratum by stratum. For each label that the
    sample may take, the relabellings that remain are counted; the number of the
    relabelling falls into one of these counts, and that is the label of the sample.
    Labels that are alike and that no sample has yet are interchangeable: only the first
    of them may be taken, and its count is multiplied by the number of such labels.
    """
    rows = np.arange(len(numbers))
    rank = numbers.copy()
    ways = np.full(len(numbers), exchange.n_distinct)
    labels = np.empty((len(numbers), len(exchange.labels)), dtype=np.intp)
    alike = exchange.alike
    same = (alike[:, np.newaxis] == alike).astype(int)
    fresh = np.ones((len(numbers), len(alike)), dtype=bool)
    for stratum, counts in enumerate(exchange.counts):
        left = np.tile(counts, (len(numbers), 1))
        samples = np.flatnonzero(exchange.strata == stratum)
        for n_done, sample in enumerate(samples):
            is_first = fresh @ np.triu(same, 1) == 0
            n_alike = np.where(fresh, is_first * (fresh @ same), 1)
            remain = ways[:, np.newaxis] * left * n_alike // (len(samples) - n_done)
            bounds = remain.cumsum(axis=1)
            label = (rank[:, np.newaxis] >= bounds).sum(axis=1)
            ways = remain[rows, label]
            rank -= bounds[rows, label] - ways
            left[rows, label] -= 1
            fresh[rows, label] = False
            labels[:, sample] = label
    return labels
