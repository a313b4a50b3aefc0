"""Tests of many tables of the same samples, corrected for their number.

The correction is the single-step method of Westfall and Young: a statistic is compared
with the largest one of the whole family, in each of the same relabellings. So the
dependence between the tables is kept, and the chance of any false discovery is the
level of the test, where no table differs between groups.

Shares of squared distances do not compare between tables. In a table that has one
direction only, the share varies much between relabellings, and in a table of many
directions it hardly varies. The cube root of a sum of squares is almost normal whatever
the number of directions (Wilson and Hilferty), so the statistics are cube roots of the
shares, standardised over the relabellings.

P. H. Westfall and S. S. Young, "Resampling-based multiple testing", Wiley, 1993. E. B.
Wilson and M. M. Hilferty, "The distribution of chi-square", PNAS 17, 1931.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from sktopo.inference._freedman_lane import explain_shares, split_sums, take_residuals
from sktopo.inference._relabelling import (
    Exchange,
    make_exchange,
    plan_relabellings,
    run_relabellings,
)

if TYPE_CHECKING:
    from sktopo._typing import FloatArray, IntArray

# How many rounding errors of the numbers are forgiven in shares that are equal, and
# how many in residuals that count as 0.
_FORGIVEN = 2
_VANISHING = 64
# Rounding of the roots of shares, and of the standardised statistics.
_ROUGH = 1e-11
_ROUGHER = 1e-8


@dataclass(frozen=True, eq=False)
class Family:
    """Results of the tests of many tables, arrays of shape (n_tables,).

    Parameters
    ----------
    statistic : ndarray
        Pseudo-F; NaN where nothing varies.

    omega_squared : ndarray
        Partial omega squared; NaN where nothing varies.

    pvalue : ndarray
        The share of relabellings with at least this statistic.

    adjusted_pvalue : ndarray
        The share of relabellings in which any table has at least this statistic, on a
        common scale.
    """

    statistic: FloatArray
    omega_squared: FloatArray
    pvalue: FloatArray
    adjusted_pvalue: FloatArray


def compare_tables(
    tables,
    groups,
    designs,
    precision,
    n_permutations,
    n_jobs,
    random_state,
    verbose,
    *,
    strata=None,
):
    """Test whether groups differ beside covariates, in each of many tables.

    All tables are compared in the same relabellings, whatever their covariates.

    Parameters
    ----------
    tables : list of ndarray of shape (n_samples, n_columns)
        Rows, float64, in units in which their squares are in range.

    groups : ndarray of shape (n_samples,)
        The group of each sample, from `number_groups`.

    designs : list of Design
        The model of groups and covariates of each table.

    precision : float
        The rounding error of the numbers that were given, relative to their size.

    n_permutations, n_jobs, random_state, verbose
        As in `difference_table`, and valid.

    strata : ndarray of shape (n_samples,), default=None
        The stratum of each sample, 0 to n_strata - 1, within which labels are
        exchanged. All designs have these strata.

    Returns
    -------
    family : Family
        The results.
    """
    measured = [
        measure_rounding(table, design, precision)
        for table, design in zip(tables, designs, strict=True)
    ]
    residuals, rounding = zip(*measured, strict=True)
    shuffle = choose_shuffle(groups, designs, strata)
    plan = plan_relabellings(shuffle.exchange, n_permutations, random_state)
    shares = partial(_relabel, residuals=residuals, designs=designs, shuffle=shuffle)
    null = np.concatenate(list(run_relabellings(shares, plan, n_jobs, verbose)))
    observed = explain_shares(residuals, designs, np.arange(len(groups))[np.newaxis])
    # Shares whose roots differ from the observed one by rounding only are equal to it.
    gaps = np.abs(np.sqrt(null) - np.sqrt(observed))
    null = np.where(gaps <= rounding, observed, null)
    every = null if plan.exact else np.vstack([observed, null])
    statistic, omega_squared = _measure_effects(residuals, designs)
    return Family(
        statistic,
        omega_squared,
        (every >= observed).mean(axis=0),
        _correct(observed[0], every),
    )


def measure_rounding(table, design, precision):
    """Return residuals, 0 if they are rounding errors, and the rounding of roots.

    The root of a share is the length of a projection. A rounding error of the rows
    changes it by at most its own length, over that of the residuals.
    """
    size = np.linalg.norm(table - table.mean(axis=0))
    residuals = take_residuals(table, design)
    left = np.linalg.norm(residuals)
    if left <= _VANISHING * precision * size:
        return np.zeros_like(residuals), 0.0
    return residuals, max(_ROUGH, _FORGIVEN * precision * size / left)


@dataclass(frozen=True, eq=False)
class Shuffle:
    """What is shuffled: the labels or, beside covariates, the samples.

    Parameters
    ----------
    exchange : Exchange
        The labels. Beside covariates each sample has a label of its own.

    samples : ndarray of shape (n_strata, n_labels) or None
        A sample of each stratum and label, if there are no covariates.
    """

    exchange: Exchange
    samples: IntArray | None

    def find_orders(self, labels):
        """Find for each sample one whose group and covariates it takes."""
        if self.samples is None:
            return labels
        return self.samples[self.exchange.strata, labels]


def choose_shuffle(groups, designs, strata=None):
    """Choose what is shuffled beside the covariates of these models."""
    if any(design.covariates.shape[1] for design in designs):
        orders = np.arange(len(groups))
        return Shuffle(make_exchange(orders, strata, named=True), None)
    exchange = make_exchange(groups, strata)
    samples = np.zeros(exchange.counts.shape, dtype=np.intp)
    # The first sample of each stratum and label, as written last.
    samples[exchange.strata[::-1], groups[::-1]] = np.arange(len(groups))[::-1]
    return Shuffle(exchange, samples)


def _relabel(labels, *, residuals, designs, shuffle):
    return explain_shares(residuals, designs, shuffle.find_orders(labels))


def _measure_effects(residuals, designs):
    """Compute pseudo-F and partial omega squared of each table."""
    sums = np.array(list(map(split_sums, residuals, designs)))
    left = np.array([design.freedom for design in designs])
    between, noise = sums[:, 0], sums[:, 1] / left
    n_samples, freedom = len(residuals[0]), designs[0].group_freedom
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = between / freedom / noise
        excess = between - freedom * noise
        return statistic, excess / (excess + n_samples * noise)


def _correct(observed, every):
    """Compare shares with the largest of all tables, on a common scale.

    Parameters
    ----------
    observed : ndarray of shape (n_tables,)
        The observed shares.

    every : ndarray of shape (n_relabellings, n_tables)
        The shares of all relabellings, the observed ones among them.

    Returns
    -------
    adjusted : ndarray of shape (n_tables,)
        The shares of relabellings whose largest statistic is at least the observed one.
    """
    roots = np.cbrt(every)
    means, deviations = roots.mean(axis=0), roots.std(axis=0)
    varied = deviations > _ROUGHER
    if not varied.any():
        return np.ones(len(observed))
    scores = (roots[:, varied] - means[varied]) / deviations[varied]
    largest = np.sort(scores.max(axis=1))
    adjusted = np.ones(len(observed))
    wanted = (np.cbrt(observed[varied]) - means[varied]) / deviations[varied]
    below = np.searchsorted(largest, wanted - _ROUGHER)
    adjusted[varied] = (len(largest) - below) / len(largest)
    return adjusted
