"""The permutation test of the ratio of distances between and within groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from sktopo._utils.parameters import check_flag
from sktopo.inference._relabelling import (
    PermutationResult,
    check_run,
    compare_relabellings,
    warn_insensitive,
)
from sktopo.inference._residuals import compare_residuals
from sktopo.inference._scheme import choose_scheme
from sktopo.inference._study import check_study
from sktopo.inference._sums import WithinSums

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from sktopo._typing import RandomState


def permutation_test(
    X: ArrayLike,
    y: ArrayLike,
    *,
    groups: ArrayLike | None = None,
    covariates: ArrayLike | None = None,
    metric: Literal["euclidean", "precomputed"] = "euclidean",
    squared: bool = False,
    homology_dimensions: Sequence[int] = (0, 1),
    n_permutations: int = 9999,
    n_jobs: int | None = None,
    random_state: RandomState = None,
    verbose: bool = False,
) -> PermutationResult:
    r"""Test whether networks of a group are nearer to each other than to the rest.

    The statistic is the ratio of the mean distance between groups to the mean
    distance within groups, over all pairs of networks, for two groups [1]_ or more:

    .. math:: \frac{\mathrm{mean}\{d_{ij} : y_i \ne y_j\}}
                   {\mathrm{mean}\{d_{ij} : y_i = y_j\}}

    Under the null hypothesis that the groups do not differ, all arrangements of the
    labels are equally likely. The p-value is the share of arrangements whose ratio is
    at least the observed one.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features) or (n_samples, n_samples)
        Wasserstein rows, as :class:`~sktopo.GraphPersistence` returns them, or
        distances if ``metric="precomputed"``.

    y : array-like of shape (n_samples,)
        The group of each sample: two groups or more, one of them of two samples or
        more.

    groups : array-like of shape (n_samples,), default=None
        The person, site or other group of each sample, if some samples belong together,
        as for :func:`sklearn.model_selection.permutation_test_score`. Labels that vary
        within groups are exchanged within groups only. If y is the same for all samples
        of each group, groups exchange their labels as a whole. See Notes.

    covariates : array-like of shape (n_samples, n_covariates), default=None
        Numbers that the test accounts for, such as age or motion; 0 and 1 for two
        categories. A single covariate may have the shape (n_samples,). See Notes.

    metric : {"euclidean", "precomputed"}, default="euclidean"
        Whether X holds rows or distances. Any distances will do, such as those that
        :func:`~sktopo.barcodes.wasserstein_distances` finds between graphs of
        different sizes.

    squared : bool, default=False
        Whether to square the distances, as published [1]_. For groups of equal size
        the test is then the same as :func:`permanova`.

    homology_dimensions : tuple of int, default=(0, 1)
        Which columns to compare: 0 for births, 1 for deaths. Leaving one of them out
        needs rows of all births and deaths of complete graphs; for other rows set
        `homology_dimensions` of :class:`~sktopo.GraphPersistence` instead.

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
    result : PermutationResult
        With attributes `statistic`, `pvalue`, `null_distribution` of shape
        (n_relabellings,), `exact`, and `scheme`, which says what exchanged labels.

    Raises
    ------
    ValueError
        If a parameter is out of range, X is not a 2-D array of finite numbers or
        (if precomputed) of distances, the length of y is not that of X, a label is
        missing or a number other than an integer, y has fewer than two groups or no
        group of two samples, or all samples are the same. If `groups` leave no other
        arrangement of the labels, or the distances between their barycenters do not
        exist. If covariates are constant or not finite numbers, one row for each
        sample, samples are too few for them, groups in y follow from them, or they are
        given with distances that are not Euclidean.

    TypeError
        If X is an object that is not an array, such as a dict.

    ImportError
        If `verbose` is set and tqdm is not installed.

    Warns
    -----
    UserWarning
        If the p-value cannot be 0.05 or less, because there are fewer than 20
        relabellings.

    See Also
    --------
    permanova : A test of squared distances from barycenters, with effect sizes.
    pairwise_permutation_test : The same for all pairs of groups.
    scipy.stats.permutation_test : A test with any statistic.

    Notes
    -----
    In a random test the observed labels count as one more relabelling, so the p-value
    is (1 + number as extreme) / (1 + `n_permutations`), and the test is valid for any
    number [2]_. In an exact test the observed labels are one of the relabellings.
    Groups of equal size can swap their names without any change, so relabellings that
    differ in nothing else are used once. No p-value can be smaller than one over the
    number of relabellings: two groups of 3 have 10, two groups of 4 have 35.

    Statistics count as equal if they would be equal without the rounding of X to its
    precision, float32 or float64; other statistics are compared without rounding.
    Neither the unit of X nor a number added to all rows changes the result.

    *Groups.* Say that `groups` are persons, of whom some have several samples.

    - If y varies within persons, as in repeated measures or pairs, each person's labels
      are exchanged among the samples of this person. Persons with only one value of y
      keep their labels. The test is exact if the samples of a person could have come in
      any other order.
    - If y is the same for all samples of each person, such as a diagnosis, the samples
      of a person are replaced by their barycenter, and persons exchange their labels.
      Each person counts once. Persons may have different numbers of samples if these
      numbers have nothing to do with y, for example because labels were given to
      persons at random. If the persons of one label have fewer samples, their
      barycenters spread more, which the test can take for a difference.

    `scheme` says which of these it was.

    *Covariates.* A linear model of the covariates is fitted to the rows (with `groups`,
    if labels are exchanged within persons, to the differences from each person's mean),
    its residuals are shuffled and the model is fitted again to them, as Freedman and
    Lane [3]_ do. The statistic is the ratio of distances between residuals. This test
    is approximate, and needs on the order of n_samples² operations for each
    relabelling; :func:`permanova` needs fewer. Distances that are not Euclidean leave
    none between residuals and are refused.

    The test detects differences of position and of spread. Memory holds the distances,
    8 bytes of the null distribution for each relabelling and, in each job, a block of
    256 relabellings.

    References
    ----------
    .. [1] Songdechakraiwut & Chung, "Topological learning for brain networks",
       Annals of Applied Statistics 17, 2023, arXiv:2012.00675.
    .. [2] Phipson & Smyth, "Permutation p-values should never be zero", Statistical
       Applications in Genetics and Molecular Biology 9, 2010.
    .. [3] Freedman & Lane, "A nonstochastic interpretation of reported significance
       levels", Journal of Business & Economic Statistics 1, 1983.

    Examples
    --------
    >>> from sktopo import GraphPersistence
    >>> from sktopo.datasets import make_modular_connectomes
    >>> from sktopo.inference import permutation_test
    >>> X, y = make_modular_connectomes(10, random_state=0)
    >>> rows = GraphPersistence().fit_transform(X)
    >>> permutation_test(rows, y, random_state=0).pvalue
    0.0001

    Ten persons, each with one sample of each kind:

    >>> persons = [*range(10)] * 3
    >>> permutation_test(rows, y, groups=persons, random_state=0).scheme
    'within groups'
    """
    check_flag("squared", squared)
    random_state = check_run(n_permutations, n_jobs, random_state, verbose)
    scheme = choose_scheme(
        check_study(X, y, metric, homology_dimensions, groups, covariates)
    )
    warn_insensitive(scheme.n_distinct, n_permutations, scheme.reason)
    return compare_distances(
        scheme, squared, n_permutations, n_jobs, random_state, verbose
    )


def compare_distances(scheme, squared, n_permutations, n_jobs, random_state, verbose):
    """Run `permutation_test` with arguments that are known to be valid."""
    run = (n_permutations, n_jobs, random_state, verbose)
    if scheme.study.covariates is not None:
        return compare_residuals(scheme, squared, *run)
    groups = scheme.number
    sizes = np.bincount(groups)
    within_groups = WithinSums(scheme.study, groups, np.ones(len(sizes)), squared, 1.0)
    n_pairs = len(groups) * (len(groups) - 1)
    n_within = (sizes * (sizes - 1)).sum()

    def ratio(between, within):
        return between / (n_pairs - n_within) / (within / n_within)

    return compare_relabellings(within_groups, scheme, ratio, *run)
