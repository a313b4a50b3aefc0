"""Permutation tests of all pairs of groups."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.stats import false_discovery_control

from sktopo._utils.parallel import progress
from sktopo._utils.parameters import check_option
from sktopo._utils.tables import make_table
from sktopo.inference._permanova import analyse_variance
from sktopo.inference._permutation import compare_distances
from sktopo.inference._relabelling import check_run, warn_insensitive
from sktopo.inference._scheme import choose_scheme
from sktopo.inference._study import check_study

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from sktopo._typing import RandomState, Table


def pairwise_permutation_test(
    X: ArrayLike,
    y: ArrayLike,
    *,
    test: Literal["ratio", "permanova"] = "ratio",
    correction: Literal["bh", "by"] = "bh",
    groups: ArrayLike | None = None,
    covariates: ArrayLike | None = None,
    metric: Literal["euclidean", "precomputed"] = "euclidean",
    homology_dimensions: Sequence[int] = (0, 1),
    n_permutations: int = 9999,
    n_jobs: int | None = None,
    random_state: RandomState = None,
    verbose: bool = False,
) -> Table:
    """Test all pairs of groups, and control the rate of false discoveries.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features) or (n_samples, n_samples)
        Wasserstein rows, or distances if ``metric="precomputed"``.

    y : array-like of shape (n_samples,)
        The group of each sample: two groups or more, at most one of them of a single
        sample.

    test : {"ratio", "permanova"}, default="ratio"
        Which test to use: :func:`permutation_test` or :func:`permanova`.

    correction : {"bh", "by"}, default="bh"
        How to adjust the p-values, see :func:`scipy.stats.false_discovery_control`:
        Benjamini and Hochberg, or Benjamini and Yekutieli, which is valid whatever
        the dependence between the tests.

    groups : array-like of shape (n_samples,), default=None
        The person, site or other group of each sample, if some samples belong together,
        as for :func:`sklearn.model_selection.permutation_test_score`. Labels that vary
        within groups are exchanged within groups only. If y is the same for all samples
        of each group, groups exchange their labels as a whole. See the
        notes of :func:`permutation_test`.

    covariates : array-like of shape (n_samples, n_covariates), default=None
        Numbers that the test accounts for, such as age or motion; 0 and 1 for two
        categories. A single covariate may have the shape (n_samples,). See the notes
        of :func:`permutation_test`.

    metric : {"euclidean", "precomputed"}, default="euclidean"
        Whether X holds rows or distances, as in :func:`permutation_test`.

    homology_dimensions : tuple of int, default=(0, 1)
        Which columns to compare, as in :func:`permutation_test`.

    n_permutations : int, default=9999
        Number of relabellings for each pair, as in :func:`permutation_test`.

    n_jobs : int or None, default=None
        Number of parallel jobs, see :term:`n_jobs`; threads are preferred.

    random_state : int, RandomState instance or None, default=None
        Determines the random relabellings. Pass an int for repeatable results.

    verbose : bool, default=False
        Whether to show a progress bar (needs tqdm).

    Returns
    -------
    table : pandas.DataFrame
        One row per pair: `group_1`, `group_2`, `statistic`, `pvalue`,
        `adjusted_pvalue`, `exact`, with `groups` also `scheme`, and for PERMANOVA
        `r_squared` and `omega_squared`.

    Raises
    ------
    ValueError
        As in :func:`permutation_test`, for X and y or for a pair.

    ImportError
        If pandas is not installed (``pip install 'sktopo[tables]'``), or tqdm if
        `verbose` is set.

    Warns
    -----
    UserWarning
        If the p-value of a pair cannot be 0.05 or less, as in
        :func:`permutation_test`; once for all pairs.

    See Also
    --------
    scipy.stats.false_discovery_control : Adjusts the p-values of other tests.

    Notes
    -----
    If the pairs with an adjusted p-value of at most q are called discoveries, the
    expected share of false discoveries among them is at most q.

    With `groups`, it is decided for each pair what exchanges labels: persons who have
    samples of both values of y exchange them among these samples; if there are none,
    whole persons exchange their labels.

    Examples
    --------
    >>> from sktopo.inference import pairwise_permutation_test
    >>> rows = [[k + shift] for shift in (0.0, 0.1, 4.0) for k in (0.0, 0.1, 0.2, 0.3)]
    >>> table = pairwise_permutation_test(rows, list("aaaabbbbcccc"))
    >>> [round(float(p), 3) for p in table["pvalue"]]
    [1.0, 0.029, 0.029]
    >>> [round(float(p), 3) for p in table["adjusted_pvalue"]]
    [1.0, 0.043, 0.043]
    """
    check_option("test", test, ("ratio", "permanova"))
    check_option("correction", correction, ("bh", "by"))
    random_state = check_run(n_permutations, n_jobs, random_state, verbose)
    study = check_study(X, y, metric, homology_dimensions, groups, covariates)
    pairs = list(combinations(np.unique(study.labels), 2))
    schemes = _choose_schemes(study, pairs)
    fewest = min(range(len(pairs)), key=lambda pair: schemes[pair].n_distinct)
    first, second = pairs[fewest]
    where = f" of some pairs, such as groups {first} and {second},"
    n_distinct, reason = schemes[fewest].n_distinct, schemes[fewest].reason
    warn_insensitive(n_distinct, n_permutations, reason, where=where)
    table = make_table(pairs, ("group_1", "group_2"))
    options = (n_permutations, n_jobs, random_state, False)
    rows = []
    for scheme in progress(schemes, verbose=verbose, description="pairs"):
        if test == "ratio":
            result = compare_distances(scheme, False, *options)
        else:
            result = analyse_variance(scheme, *options)
        # The null distributions of many pairs would fill the memory.
        rows.append({**vars(result), "null_distribution": None})
    table = table.join(make_table(rows).drop(columns="null_distribution"))
    if groups is None:
        table = table.drop(columns="scheme")
    adjusted = false_discovery_control(table["pvalue"], method=correction)
    table.insert(4, "adjusted_pvalue", adjusted)
    return table


def _choose_schemes(study, pairs):
    """Choose what exchanges labels in each pair of groups.

    Raises a ValueError if two groups cannot be compared, before any pair is.
    """
    schemes = []
    for pair in pairs:
        chosen = np.flatnonzero(np.isin(study.labels, pair))
        names = " and ".join(map(str, pair))
        if len(chosen) == 2:
            raise ValueError(
                f"Groups {names} have a single sample each; expected at most one such "
                "group."
            )
        if not study.distances[np.ix_(chosen, chosen)].any():
            raise ValueError(
                f"All samples are the same in groups {names}: there is nothing to "
                "compare."
            )
        try:
            schemes.append(choose_scheme(study.choose(chosen)))
        except ValueError as error:
            raise ValueError(f"Groups {names} cannot be compared. {error}") from error
    return schemes
