"""Tests beside covariates, and beside groups within which labels are exchanged.

Residuals of the covariates are shuffled (Freedman and Lane, see `_freedman_lane`).
Groups within which labels are exchanged are part of the model, as persons are in an
analysis of variance of repeated measures. Distances are turned into points by Gower's
centring. Where they are not Euclidean, some coordinates are imaginary: their squares
are subtracted.

B. H. McArdle and M. J. Anderson, "Fitting multivariate models to community data",
Ecology 82, 2001.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from sktopo.inference._blocks import embed_rows
from sktopo.inference._familywise import choose_shuffle, measure_rounding
from sktopo.inference._freedman_lane import explain_sums, make_design
from sktopo.inference._relabelling import (
    PermutationResult,
    plan_relabellings,
    run_relabellings,
)

if TYPE_CHECKING:
    from sktopo._typing import FloatArray, IntArray

# Rounding of ratios of distances, which are roots of differences of squares.
_ROUGH = 1e-7


def analyse_residuals(scheme, n_permutations, n_jobs, random_state, verbose):
    """Run `permanova` beside covariates, strata or both.

    Returns
    -------
    result : PermutationResult
        Of the pseudo-F.

    sums : ndarray of shape (3,)
        Sums of squares: between groups, within groups, and both.

    freedom : tuple of int
        Degrees of freedom between and within groups.
    """
    groups, strata = scheme.number, scheme.strata
    tables = embed_study(scheme.study)
    design = _make_design(scheme)
    residuals, rounding = _take_residuals(tables, design, scheme.study.precision)
    designs, signs = [design] * len(tables), np.array([1.0, -1.0])[: len(tables)]
    shuffle = choose_shuffle(groups, designs, strata)

    explain = partial(
        _explain, residuals=residuals, designs=designs, signs=signs, rounding=rounding
    )
    observed = explain(np.arange(len(groups))[np.newaxis])[0]
    if observed[1] < 0:
        raise ValueError(
            "The sum of squares within groups is negative, because the distances in X "
            "are far from Euclidean. Give Wasserstein rows or other distances."
        )
    plan = plan_relabellings(shuffle.exchange, n_permutations, random_state)
    relabel = partial(_relabel, function=explain, shuffle=shuffle)
    sums = np.concatenate(list(run_relabellings(relabel, plan, n_jobs, verbose)))
    freedom = design.group_freedom, design.freedom
    null, value = _divide(sums, freedom), float(_divide(observed, freedom))
    # Shares whose roots differ from the observed one by rounding only are equal to it.
    gaps = np.abs(_find_roots(sums) - _find_roots(observed))
    null[gaps <= rounding] = value
    result = _count(value, null, plan, scheme.name)
    return result, (*observed, observed.sum()), freedom


def compare_residuals(scheme, squared, n_permutations, n_jobs, random_state, verbose):
    """Run `permutation_test` on distances between residuals of the covariates."""
    tables = embed_study(scheme.study)
    if len(tables) > 1:
        raise ValueError(
            "covariates leave no distances between residuals, because the distances in "
            "X are not Euclidean; use permanova, which needs their squares only."
        )
    design = _make_design(scheme)
    (residuals,), rounding = _take_residuals(tables, design, scheme.study.precision)
    shuffle = choose_shuffle(scheme.number, [design], scheme.strata)
    ratios = ResidualRatios(residuals, design.covariates, scheme.number, squared)
    value = float(ratios(np.arange(len(scheme.number))[np.newaxis])[0])
    plan = plan_relabellings(shuffle.exchange, n_permutations, random_state)
    relabel = partial(_relabel, function=ratios, shuffle=shuffle)
    null = np.concatenate(list(run_relabellings(relabel, plan, n_jobs, verbose)))
    null[np.isclose(null, value, rtol=max(_ROUGH, 8 * rounding), atol=0)] = value
    return _count(value, null, plan, scheme.name)


@dataclass(frozen=True, eq=False)
class ResidualRatios:
    """The ratio of distances between and within groups, of residuals fitted again.

    Parameters
    ----------
    residuals : ndarray of shape (n_samples, n_columns)
        Residuals of the covariates.

    covariates : ndarray of shape (n_samples, rank)
        Orthogonal directions of unit length, as in `Design`.

    groups : ndarray of shape (n_samples,)
        The group of each sample, 0 to n_groups - 1.

    squared : bool
        Whether to square the distances.
    """

    residuals: FloatArray
    covariates: FloatArray
    groups: IntArray
    squared: bool

    def __call__(self, orders):
        """Compute the ratios of shuffled residuals, (n_orders,).

        `orders` are, for each sample, the sample whose group and covariates it takes.
        """
        gram = self.residuals @ self.residuals.T
        members = (self.groups[:, np.newaxis] == np.unique(self.groups)).astype(float)
        n_within = (members.sum(axis=0) * (members.sum(axis=0) - 1)).sum()
        n_between = len(gram) * (len(gram) - 1) - n_within
        ratios = np.empty(len(orders))
        for k, order in enumerate(orders):
            distances = self._measure(gram, self.covariates[order])
            chosen = members[order]
            total, within = distances.sum(), np.vdot(distances @ chosen, chosen)
            if within <= _ROUGH * total:
                within = 0.0
            with np.errstate(divide="ignore", invalid="ignore"):
                ratios[k] = np.divide(total - within, n_between) / (within / n_within)
        return ratios

    def _measure(self, gram, directions):
        """Compute distances of points with these products beside directions."""
        products = gram @ directions
        # (1 - QQ') G (1 - QQ') is G - QH' - HQ' for this H.
        half = products - directions @ (directions.T @ products) / 2
        left = half @ directions.T
        gram = gram - left - left.T
        norms = gram.diagonal()
        squares = np.maximum(norms[:, np.newaxis] + norms - 2 * gram, 0)
        return squares if self.squared else np.sqrt(squares)


def embed_study(study):
    """Return points with the distances of a study.

    Returns
    -------
    tables : list of one or two ndarray of shape (n_samples, n_columns)
        Real coordinates and, if distances are not Euclidean, the imaginary ones.
    """
    if study.rows is not None:
        return [embed_rows(study.rows)]
    # The mean of rows and of columns is subtracted from the squares.
    squares = study.distances**2
    squares = squares - squares.mean(axis=0)
    gram = (squares - squares.mean(axis=1)[:, np.newaxis]) / -2
    values, vectors = np.linalg.eigh((gram + gram.T) / 2)
    rounding = 4 * study.precision * len(values) * np.abs(values).max()
    kept = values > rounding, values < -rounding
    tables = [vectors[:, part] * np.sqrt(np.abs(values[part])) for part in kept]
    return tables if kept[1].any() else tables[:1]


def _make_design(scheme):
    """Make the model of groups beside covariates and strata."""
    covariates, strata = scheme.study.covariates, scheme.strata
    names = {
        "covariates": covariates is not None,
        "the groups of samples": strata is not None,
    }
    name = " and ".join(name for name, is_given in names.items() if is_given)
    if covariates is None:
        covariates = np.zeros((len(scheme.number), 0))
    return make_design(scheme.number, covariates, name, strata)


def _take_residuals(tables, design, precision):
    """Return the residuals of tables, and the rounding of the root of a share."""
    measured = [measure_rounding(table, design, precision) for table in tables]
    residuals, rounding = zip(*measured, strict=True)
    if not any(table.any() for table in residuals):
        raise ValueError(
            "Nothing is left of X beside covariates and groups: there is nothing to "
            "compare."
        )
    return residuals, max(rounding)


def _explain(orders, *, residuals, designs, signs, rounding):
    """Split what covariates leave, between and within groups: (n_orders, 2)."""
    between, left = (part @ signs for part in explain_sums(residuals, designs, orders))
    sums = np.stack([between, left - between], axis=1)
    sums[np.abs(sums) <= rounding**2 * left[:, np.newaxis]] = 0
    return sums


def _relabel(labels, *, function, shuffle):
    return function(shuffle.find_orders(labels))


def _divide(sums, freedom):
    """Compute pseudo-F from sums of squares (..., 2); 0 where both are 0."""
    between, within = sums[..., 0] / freedom[0], sums[..., 1] / freedom[1]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(between == 0, 0.0, between / np.maximum(within, 0))


def _find_roots(sums):
    """Return the roots of shares between groups of sums of squares (..., 2)."""
    total = sums.sum(axis=-1)
    shares = np.divide(sums[..., 0], total, out=np.zeros_like(total), where=total > 0)
    return np.sqrt(np.maximum(shares, 0))


def _count(value, null, plan, name):
    """Make the result of a statistic and its null distribution."""
    n_extreme = int(np.count_nonzero(null >= value)) + plan.n_extra
    pvalue = n_extreme / (plan.n_relabellings + plan.n_extra)
    return PermutationResult(value, pvalue, null, plan.exact, name)
