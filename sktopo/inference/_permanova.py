"""PERMANOVA: the permutation test of an analysis of variance by distances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from sktopo.inference._relabelling import (
    PermutationResult,
    check_run,
    compare_relabellings,
    warn_insensitive,
)
from sktopo.inference._residuals import analyse_residuals
from sktopo.inference._scheme import choose_scheme
from sktopo.inference._study import check_study
from sktopo.inference._sums import WithinSums

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from sktopo._typing import RandomState


@dataclass(frozen=True, eq=False)
class PermanovaResult(PermutationResult):
    """Result of :func:`permanova`: a :class:`PermutationResult` with effect sizes.

    Its attributes have the names of the parameters.

    Parameters
    ----------
    statistic : float
        The pseudo-F of the observed labels.

    pvalue : float
        The share of relabellings whose pseudo-F is at least as large.

    null_distribution : ndarray of shape (n_relabellings,)
        The pseudo-F of the relabellings.

    exact : bool
        Whether these are all distinct relabellings.

    scheme : {"samples", "within groups", "whole groups"}
        What exchanged labels, as in :class:`PermutationResult`.

    r_squared : float
        The share of the sum of squared distances that lies between groups; beside
        covariates, of the sum that these leave.

    omega_squared : float
        This share, corrected for what groups explain by chance.

    Examples
    --------
    >>> from sktopo.inference import permanova
    >>> rows = [[0.0], [1.0], [2.0], [3.0], [8.0], [9.0], [10.0], [11.0]]
    >>> result = permanova(rows, list("aaaabbbb"))
    >>> round(result.r_squared, 3), round(result.omega_squared, 3)
    (0.928, 0.905)
    """

    r_squared: float
    omega_squared: float


def permanova(
    X: ArrayLike,
    y: ArrayLike,
    *,
    groups: ArrayLike | None = None,
    covariates: ArrayLike | None = None,
    metric: Literal["euclidean", "precomputed"] = "euclidean",
    homology_dimensions: Sequence[int] = (0, 1),
    n_permutations: int = 9999,
    n_jobs: int | None = None,
    random_state: RandomState = None,
    verbose: bool = False,
) -> PermanovaResult:
    r"""Test whether groups differ in position: analysis of variance by distances.

    The sum of squared distances is split as in an analysis of variance, between and
    within groups [1]_:

    .. math:: F = \frac{(SS_T - SS_W) / (k - 1)}{SS_W / (n - k)}, \quad
       SS_T = \frac 1 n \sum_{i < j} d_{ij}^2, \quad
       SS_W = \sum_g \frac 1 {n_g} \sum_{i < j \in g} d_{ij}^2

    For Wasserstein rows :math:`SS_W` is the sum of the squared Wasserstein distances of
    samples from the barycenter of their group, and :math:`SS_T` of their distances from
    the barycenter of all. The p-value is the share of relabellings whose F is at least
    the observed one.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features) or (n_samples, n_samples)
        Wasserstein rows, or distances (not squared) if ``metric="precomputed"``.

    y : array-like of shape (n_samples,)
        The group of each sample: two groups or more, one of them of two samples or
        more.

    groups : array-like of shape (n_samples,), default=None
        The person, site or other group of each sample, if some samples belong together,
        as for :func:`sklearn.model_selection.permutation_test_score`. Labels that vary
        within groups are exchanged within groups only. If y is the same for all samples
        of each group, groups exchange their labels as a whole. See the
        notes of :func:`permutation_test`.

    covariates : array-like of shape (n_samples, n_covariates), default=None
        Numbers that the test accounts for, such as age or motion; 0 and 1 for two
        categories. A single covariate may have the shape (n_samples,). See Notes.

    metric : {"euclidean", "precomputed"}, default="euclidean"
        Whether X holds rows or distances, as in :func:`permutation_test`.

    homology_dimensions : tuple of int, default=(0, 1)
        Which columns to compare, as in :func:`permutation_test`.

    n_permutations : int, default=9999
        Number of random relabellings. If no more distinct relabellings exist, each is
        used once, and the test is exact.

    n_jobs : int or None, default=None
        Number of parallel jobs, see :term:`n_jobs`; threads are preferred.

    random_state : int, RandomState instance or None, default=None
        Determines the random relabellings. Pass an int for repeatable results; they
        do not depend on `n_jobs`.

    verbose : bool, default=False
        Whether to show a progress bar (needs tqdm).

    Returns
    -------
    result : PermanovaResult
        With attributes `statistic` (F), `pvalue`, `null_distribution` of shape
        (n_relabellings,), `exact`, `scheme`, and two effect sizes: `r_squared`, the
        share :math:`1 - SS_W / SS_T` that the groups explain, and `omega_squared`, this
        share corrected for what groups explain by chance [2]_. The latter can be
        negative.

    Raises
    ------
    ValueError
        As in :func:`permutation_test`, but distances that are not Euclidean may have
        covariates, unless they leave a negative sum of squares.

    ImportError
        If `verbose` is set and tqdm is not installed.

    Warns
    -----
    UserWarning
        As in :func:`permutation_test`.

    See Also
    --------
    permutation_test : A test of the ratio of distances; its notes apply here too.
    difference_table : The same for many profiles and parts of graphs.

    Notes
    -----
    *Groups and covariates.* The notes of :func:`permutation_test` say how labels are
    exchanged with `groups`, which we call persons here. If labels are exchanged within
    persons, the mean of each person is subtracted, so F is that of an analysis of
    variance of repeated measures. Beside covariates, SS_T is the sum of squares that
    they leave, and SS_W what the groups in y leave of it; residuals are shuffled among
    samples, or among those of a person, and fitted again [4]_. This is approximate.
    Distances are first turned into points, some of whose coordinates are imaginary if
    the distances are not Euclidean [5]_. `r_squared` and `omega_squared` are then
    shares of what persons and covariates leave.

    If groups differ in size, a group that spreads more than the others can make F small
    or large without any difference in position [3]_.

    References
    ----------
    .. [1] Anderson, "A new method for non-parametric multivariate analysis of
       variance", Austral Ecology 26, 2001.
    .. [2] Olejnik & Algina, "Generalized eta and omega squared statistics",
       Psychological Methods 8, 2003.
    .. [3] Anderson & Walsh, "PERMANOVA, ANOSIM, and the Mantel test in the face of
       heterogeneous dispersions", Ecological Monographs 83, 2013.
    .. [4] Winkler et al., "Permutation inference for the general linear model",
       NeuroImage 92, 2014.
    .. [5] McArdle & Anderson, "Fitting multivariate models to community data: a comment
       on distance-based redundancy analysis", Ecology 82, 2001.

    Examples
    --------
    >>> from sktopo.inference import permanova
    >>> rows = [[0.0], [1.0], [2.0], [3.0], [8.0], [9.0], [10.0], [11.0]]
    >>> result = permanova(rows, list("aaaabbbb"))
    >>> round(result.statistic, 3), round(result.r_squared, 3)
    (76.8, 0.928)
    >>> len(result.null_distribution)  # all ways to make two groups of four
    35
    >>> round(result.pvalue * 35)
    1
    """
    random_state = check_run(n_permutations, n_jobs, random_state, verbose)
    scheme = choose_scheme(
        check_study(X, y, metric, homology_dimensions, groups, covariates)
    )
    warn_insensitive(scheme.n_distinct, n_permutations, scheme.reason)
    return analyse_variance(scheme, n_permutations, n_jobs, random_state, verbose)


def analyse_variance(scheme, n_permutations, n_jobs, random_state, verbose):
    """Run `permanova` with arguments that are known to be valid."""
    run = (n_permutations, n_jobs, random_state, verbose)
    if scheme.study.covariates is None and scheme.strata is None:
        result, sums, freedom = _analyse_distances(scheme, *run)
    else:
        result, sums, freedom = analyse_residuals(scheme, *run)
    between, within, total = sums
    noise = within / freedom[1]
    used = len(scheme.number) - sum(freedom)
    excess = between - freedom[0] * noise
    return PermanovaResult(
        **vars(result),
        r_squared=float(between / total),
        omega_squared=float(excess / (total + used * noise)),
    )


def _analyse_distances(scheme, n_permutations, n_jobs, random_state, verbose):
    """Run `permanova` without covariates.

    Returns the result, the sums of squares between groups, within groups and in all,
    and the degrees of freedom of the first two.
    """
    groups = scheme.number
    sizes = np.bincount(groups)
    sums = WithinSums(scheme.study, groups, 1 / sizes, True, 1 / len(groups))
    freedom = len(sizes) - 1, len(groups) - len(sizes)

    def f_ratio(between, within):
        return between / freedom[0] / (within / freedom[1])

    # All sums run over both (i, j) and (j, i), so they are twice the sums of squares.
    result = compare_relabellings(
        sums, scheme, f_ratio, n_permutations, n_jobs, random_state, verbose
    )
    return result, (sums.between, sums.observed, sums.total), freedom
