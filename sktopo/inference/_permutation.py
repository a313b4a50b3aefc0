"""Tests whether groups of networks differ in topology, by permutation of their labels.

All are functions of barcode rows and labels, or of distances and labels. What is
permuted are the labels, so no test assumes a distribution.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial.distance import pdist, squareform
from scipy.stats import false_discovery_control
from sklearn.utils import (
    check_array,
    check_consistent_length,
    check_random_state,
    column_or_1d,
)
from sklearn.utils.multiclass import check_classification_targets
from threadpoolctl import threadpool_limits

from sktopo._utils.parallel import progress
from sktopo._utils.parameters import check_flag, check_integer, check_option
from sktopo._utils.samples import FLOATS, SYMMETRY
from sktopo._utils.tables import make_table
from sktopo.barcodes import scale_barcodes, split_barcodes
from sktopo.barcodes._layout import count_absent
from sktopo.inference._relabelling import (
    ROUNDING,
    count_groupings,
    cut_tasks,
    factor_weights,
    sum_relabelled,
    sum_within,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Literal

    from numpy.typing import ArrayLike, NDArray

    from sktopo._typing import FloatArray, IntArray, RandomState, Table

__all__ = ["pairwise_permutation_test", "permanova", "permutation_test"]


@dataclass(frozen=True, eq=False)
class PermutationResult:
    """What :func:`permutation_test` found.

    Attributes
    ----------
    statistic : float
        The statistic of the labels as given.

    pvalue : float
        The share of relabellings whose statistic is at least as large.

    null_distribution : ndarray of shape (n_relabellings,)
        Their statistics.

    exact : bool
        Whether these are all relabellings there are.
    """

    statistic: float
    pvalue: float
    null_distribution: np.ndarray = field(repr=False)
    exact: bool


@dataclass(frozen=True, eq=False)
class PermanovaResult(PermutationResult):
    """What :func:`permanova` found: a PermutationResult with effect sizes.

    Attributes
    ----------
    r_squared : float
        The share of the sum of squared distances that lies between groups.

    omega_squared : float
        The same, corrected for what groups would share by chance.
    """

    r_squared: float
    omega_squared: float


def permutation_test(
    X: ArrayLike,
    y: ArrayLike,
    *,
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
    distance within groups, over all pairs of networks, of two groups [1]_ or more:

    .. math:: \frac{\mathrm{mean}\{d_{ij} : y_i \ne y_j\}}
                   {\mathrm{mean}\{d_{ij} : y_i = y_j\}}

    Under the null hypothesis that the group says nothing about the network, all
    arrangements of the labels are equally likely; the p-value is the share of those
    whose ratio is at least the observed one.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features) or (n_samples, n_samples)
        Barcode rows, as :class:`~sktopo.GraphPersistence` returns them, between
        which the Euclidean distance is the Wasserstein distance; distances if
        ``metric="precomputed"``.

    y : array-like of shape (n_samples,)
        The group of each sample; two groups or more, not all of one sample.

    metric : {"euclidean", "precomputed"}, default="euclidean"
        Whether X holds rows or distances, which may be any, such as those of
        :func:`~sktopo.barcodes.wasserstein_distances` between graphs of different
        sizes.

    squared : bool, default=False
        Whether to square the distances, as published [1]_. In groups of one size
        the test is then the same as :func:`permanova`.

    homology_dimensions : tuple of int, default=(0, 1)
        What of the rows to compare: 0 for births, 1 for deaths. For rows that are
        not births and deaths of complete graphs choose in
        :class:`~sktopo.GraphPersistence` instead.

    n_permutations : int, default=9999
        Number of random relabellings. If there are no more distinct ones than this,
        each is taken once, and the test is exact.

    n_jobs : int or None, default=None
        Number of parallel jobs, see :term:`n_jobs`; threads are preferred.

    random_state : int, RandomState instance or None, default=None
        Draws the relabellings. Pass an int for repeatable results, which do not
        depend on `n_jobs`.

    verbose : bool, default=False
        Whether to show a progress bar (needs tqdm).

    Returns
    -------
    result : PermutationResult
        With attributes `statistic`, `pvalue`, `null_distribution` of shape
        (n_relabellings,) and `exact`.

    Raises
    ------
    ValueError
        If a parameter is out of range, X is not a 2-D array of finite numbers or
        (precomputed) of distances, y does not fit X or has no two groups or no
        group of two, or all samples are the same.

    See Also
    --------
    permanova : Squared distances from barycenters; effect sizes.
    pairwise_permutation_test : All pairs of groups.
    scipy.stats.permutation_test : Any statistic of any samples.

    Notes
    -----
    Random relabellings count the observed labels as one more, so the p-value is
    (1 + number as extreme) / (1 + `n_permutations`) and the test is valid at any
    number [2]_. In an exact test they are among the relabellings. Groups of equal
    size may swap names without a change, so only one relabelling of each such kind
    is taken. Sums that differ by rounding only count as equal.

    A group differs in this test by its position or by its spread. For millions of
    relabellings the largest array is the null distribution itself, 8 bytes each;
    beside it there are the distances and, in each job, a block of 256 relabellings.

    References
    ----------
    .. [1] Songdechakraiwut & Chung, "Topological learning for brain networks",
       Annals of Applied Statistics 17, 2023, arXiv:2012.00675.
    .. [2] Phipson & Smyth, "Permutation p-values should never be zero", Statistical
       Applications in Genetics and Molecular Biology 9, 2010.

    Examples
    --------
    >>> from sktopo import GraphPersistence
    >>> from sktopo.datasets import make_modular_connectomes
    >>> from sktopo.inference import permutation_test
    >>> X, y = make_modular_connectomes(10, random_state=0)
    >>> rows = GraphPersistence().fit_transform(X)
    >>> permutation_test(rows, y, random_state=0).pvalue
    0.0001
    """
    check_flag("squared", squared)
    distances, groups = _check_study(X, y, metric, homology_dimensions)
    if squared:
        distances **= 2
    return _test_ratio(distances, groups, n_permutations, n_jobs, random_state, verbose)


def permanova(
    X: ArrayLike,
    y: ArrayLike,
    *,
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

    Between barcode rows :math:`SS_W` is the sum of squared Wasserstein distances to
    the barycenter of the group, and :math:`SS_T` to that of all. The p-value is the
    share of relabellings whose F is at least the observed one.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features) or (n_samples, n_samples)
        Barcode rows, or distances (not squared) if ``metric="precomputed"``.

    y : array-like of shape (n_samples,)
        The group of each sample; two groups or more, not all of one sample.

    metric : {"euclidean", "precomputed"}, default="euclidean"
        Whether X holds rows or distances, as in :func:`permutation_test`.

    homology_dimensions : tuple of int, default=(0, 1)
        What of the rows to compare, as in :func:`permutation_test`.

    n_permutations : int, default=9999
        Number of random relabellings. If there are no more distinct ones than this,
        each is taken once, and the test is exact.

    n_jobs : int or None, default=None
        Number of parallel jobs, see :term:`n_jobs`; threads are preferred.

    random_state : int, RandomState instance or None, default=None
        Draws the relabellings. Pass an int for repeatable results, which do not
        depend on `n_jobs`.

    verbose : bool, default=False
        Whether to show a progress bar (needs tqdm).

    Returns
    -------
    result : PermanovaResult
        With attributes `statistic` (F), `pvalue`, `null_distribution` of shape
        (n_relabellings,), `exact`, and two effect sizes: `r_squared`, the share
        :math:`1 - SS_W / SS_T` that groups explain, and `omega_squared`, the same
        less what they would explain by chance [2]_, which can be negative.

    Raises
    ------
    ValueError
        As :func:`permutation_test`.

    See Also
    --------
    permutation_test : The ratio of distances; its notes hold here too.

    Notes
    -----
    Where groups differ in size, one that spreads more can bring about a small or a
    large F without a difference in position [3]_.

    References
    ----------
    .. [1] Anderson, "A new method for non-parametric multivariate analysis of
       variance", Austral Ecology 26, 2001.
    .. [2] Olejnik & Algina, "Generalized eta and omega squared statistics",
       Psychological Methods 8, 2003.
    .. [3] Anderson & Walsh, "PERMANOVA, ANOSIM, and the Mantel test in the face of
       heterogeneous dispersions", Ecological Monographs 83, 2013.

    Examples
    --------
    >>> from sktopo.inference import permanova
    >>> result = permanova([[0.0], [1.0], [4.0], [5.0]], ["a", "a", "b", "b"])
    >>> round(result.statistic, 3), round(result.r_squared, 3)
    (32.0, 0.941)
    >>> result.null_distribution.round(3)  # of all three ways to make two pairs
    array([32.   ,  0.125,  0.   ])
    """
    distances, groups = _check_study(X, y, metric, homology_dimensions)
    return _test_variance(
        distances, groups, n_permutations, n_jobs, random_state, verbose
    )


def pairwise_permutation_test(
    X: ArrayLike,
    y: ArrayLike,
    *,
    test: Literal["ratio", "permanova"] = "ratio",
    correction: Literal["bh", "by"] = "bh",
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
        Barcode rows, or distances if ``metric="precomputed"``.

    y : array-like of shape (n_samples,)
        The group of each sample; two groups or more, at most one of one sample.

    test : {"ratio", "permanova"}, default="ratio"
        :func:`permutation_test` or :func:`permanova`.

    correction : {"bh", "by"}, default="bh"
        How to adjust the p-values, see :func:`scipy.stats.false_discovery_control`:
        Benjamini and Hochberg, or Benjamini and Yekutieli, which is valid whatever
        the dependence between the tests.

    metric : {"euclidean", "precomputed"}, default="euclidean"
        Whether X holds rows or distances, as in :func:`permutation_test`.

    homology_dimensions : tuple of int, default=(0, 1)
        What of the rows to compare, as in :func:`permutation_test`.

    n_permutations : int, default=9999
        Number of relabellings of each pair, as in :func:`permutation_test`.

    n_jobs : int or None, default=None
        Number of parallel jobs, see :term:`n_jobs`; threads are preferred.

    random_state : int, RandomState instance or None, default=None
        Draws the relabellings. Pass an int for repeatable results.

    verbose : bool, default=False
        Whether to show a progress bar (needs tqdm).

    Returns
    -------
    table : pandas.DataFrame or dict of ndarray
        One row per pair: `group_1`, `group_2`, `statistic`, `pvalue`,
        `adjusted_pvalue`, `exact`, and for PERMANOVA `r_squared` and
        `omega_squared`. A dict of columns where pandas is not installed.

    Raises
    ------
    ValueError
        As :func:`permutation_test`, for X and y or for a pair.

    See Also
    --------
    scipy.stats.false_discovery_control : For any other family of tests.

    Notes
    -----
    Pairs with an adjusted p-value of at most q, called discoveries, hold an
    expected share of at most q false ones.

    Examples
    --------
    >>> from sktopo.inference import pairwise_permutation_test
    >>> rows = [[0.0], [0.1], [0.3], [0.0], [0.2], [0.1], [4.0], [4.1], [4.3]]
    >>> table = pairwise_permutation_test(rows, list("aaabbbccc"))
    >>> [float(p) for p in table["pvalue"]]
    [1.0, 0.1, 0.1]
    >>> [round(float(p), 2) for p in table["adjusted_pvalue"]]
    [1.0, 0.15, 0.15]
    """
    check_option("test", test, ("ratio", "permanova"))
    check_option("correction", correction, ("bh", "by"))
    check_flag("verbose", verbose)
    random_state = check_random_state(random_state)
    run = {"ratio": _test_ratio, "permanova": _test_variance}[test]
    distances, _ = _check_study(X, y, metric, homology_dimensions)
    y = column_or_1d(y)
    pairs = list(combinations(np.unique(y), 2))
    rows = []
    for pair in progress(pairs, verbose=verbose, description="pairs"):
        chosen = np.flatnonzero(np.isin(y, pair))
        result = run(
            distances[np.ix_(chosen, chosen)],
            _number_groups(y[chosen]),
            n_permutations,
            n_jobs,
            random_state,
            False,
        )
        found = vars(result).copy()
        del found["null_distribution"]  # of many pairs it would fill the memory
        rows.append({"group_1": pair[0], "group_2": pair[1], **found})
    adjusted = false_discovery_control(
        [row["pvalue"] for row in rows], method=correction
    )
    for row, pvalue in zip(rows, adjusted, strict=True):
        row["adjusted_pvalue"] = pvalue
    columns = ["group_1", "group_2", "statistic", "pvalue", "adjusted_pvalue", "exact"]
    effects = ["r_squared", "omega_squared"] if test == "permanova" else []
    return make_table(rows, columns + effects)


def _check_study(
    X: ArrayLike, y: ArrayLike, metric: str, homology_dimensions: Sequence[int]
) -> tuple[FloatArray, IntArray]:
    """Validate samples and labels: distances (n_samples, n_samples), group numbers."""
    check_option("metric", metric, ("euclidean", "precomputed"))
    kept = homology_dimensions
    if not isinstance(kept, (tuple, list)) or set(kept) not in ({0}, {1}, {0, 1}):
        raise ValueError(
            f"homology_dimensions={kept!r} must be (0, 1), (0,) or (1,): 0 compares "
            "births, 1 compares deaths."
        )
    X = check_array(X, dtype=FLOATS, input_name="X")
    y = column_or_1d(y)
    check_consistent_length(X, y)
    check_classification_targets(y)
    groups = _number_groups(y)
    if metric == "euclidean":
        distances = squareform(pdist(_restrict(X, set(kept))))
    elif set(kept) == {0, 1}:
        distances = _check_distances(X)
    else:
        raise ValueError(
            f"homology_dimensions={kept!r} needs barcode rows; from distances births "
            "and deaths cannot be told. Compute distances of the one or the other."
        )
    return distances, groups


def _number_groups(y: NDArray[Any]) -> IntArray:
    """Give groups numbers in the order of their sizes: names do not matter."""
    names, groups, sizes = np.unique(y, return_inverse=True, return_counts=True)
    if len(names) < 2 or sizes.max() < 2:
        raise ValueError(
            f"y has {len(names)} group(s), the largest of {sizes.max()} sample(s); "
            "expected at least two groups, and one of two samples or more."
        )
    number = np.empty(len(names), dtype=np.intp)
    number[np.argsort(sizes, kind="stable")] = np.arange(len(names))
    return number[groups]


def _restrict(X: FloatArray, kept: set[int]) -> FloatArray:
    """Keep births or deaths of barcode rows."""
    if kept == {0, 1}:
        return X
    if count_absent(X.shape[1]):
        raise ValueError(
            f"Rows of {X.shape[1]} numbers are not the births and deaths of complete "
            "graphs; choose homology_dimensions in GraphPersistence instead."
        )
    # Nothing is scaled; births or deaths that do not ascend raise.
    return split_barcodes(scale_barcodes(X, normalize=False))[kept.pop()]


def _check_distances(X: FloatArray) -> FloatArray:
    """Validate distances; returns a copy, symmetric to the last bit."""
    if X.shape[0] != X.shape[1]:
        raise ValueError(
            f"X of shape {X.shape} holds no distances between all samples; expected a "
            "square array, or metric='euclidean' for barcode rows."
        )
    largest = np.abs(X).max()
    gaps = {
        "is not symmetric": np.abs(X - X.T).max(),
        "has a diagonal other than 0": np.abs(X.diagonal()).max(),
        "has negative numbers": -X.min(),
    }
    for fault, gap in gaps.items():
        if gap > SYMMETRY * largest:
            raise ValueError(
                f"X {fault} (by up to {gap:.3g}); expected distances between all "
                "samples."
            )
    distances = np.maximum(X + X.T.astype(np.float64), 0) / 2
    np.fill_diagonal(distances, 0)
    return distances


def _test_ratio(
    distances: FloatArray, groups: IntArray, *options: Any
) -> PermutationResult:
    """Test the ratio of means between and within groups; a PermutationResult."""
    sizes = np.bincount(groups)
    n_pairs = len(groups) * (len(groups) - 1)
    n_within = (sizes * (sizes - 1)).sum()
    total = distances.sum()

    def ratio(within: FloatArray) -> FloatArray:
        return (total - within) / (n_pairs - n_within) / (within / n_within)

    found, _ = _permute(distances, groups, np.ones(len(sizes)), ratio, *options)
    return PermutationResult(**found)


def _test_variance(
    distances: FloatArray, groups: IntArray, *options: Any
) -> PermanovaResult:
    """Split squared distances between and within groups; a PermanovaResult."""
    squares = distances**2
    sizes = np.bincount(groups)
    between_freedom, within_freedom = len(sizes) - 1, len(groups) - len(sizes)
    total = squares.sum() / len(groups)  # twice the sum of squares, as all sums here

    def pseudo_f(within: FloatArray) -> FloatArray:
        return (total - within) / between_freedom / (within / within_freedom)

    found, within = _permute(squares, groups, 1 / sizes, pseudo_f, *options)
    noise = within / within_freedom
    return PermanovaResult(
        **found,
        r_squared=float((total - within) / total),
        omega_squared=float(
            (total - within - between_freedom * noise) / (total + noise)
        ),
    )


def _permute(
    distances: FloatArray,
    groups: IntArray,
    weights: FloatArray,
    statistic: Callable[[FloatArray], FloatArray],
    n_permutations: int,
    n_jobs: int | None,
    random_state: RandomState,
    verbose: bool,
) -> tuple[dict[str, Any], float]:
    """Compare a statistic, falling in the sum within groups, with its relabellings.

    Returns what a PermutationResult holds, and the sum.
    """
    check_integer("n_permutations", n_permutations, 1)
    check_flag("verbose", verbose)
    random_state = check_random_state(random_state)
    if not distances.any():
        raise ValueError("All samples are the same: there is nothing to compare.")
    sizes = np.bincount(groups)
    n_groupings = count_groupings(sizes)
    exact = n_groupings <= n_permutations
    n_drawn = n_groupings if exact else n_permutations
    seed = None if exact else random_state.randint(2**32, size=4, dtype=np.uint32)
    form = factor_weights(weights, distances.sum())
    observed = sum_within(distances, groups[np.newaxis], *form)
    # The larger the sum within groups, the smaller the statistic.
    extreme = observed[0] + ROUNDING * form[1]
    # Random relabellings may leave out the labels as given, which count too.
    uncounted = 0 if exact else 1
    n_extreme, null = uncounted, np.empty(n_drawn)
    tasks = cut_tasks(n_drawn)
    done = sum_relabelled(distances, sizes, form, tasks, seed, n_jobs, verbose)
    # Products this small are slower on several threads, and jobs are threads already.
    with threadpool_limits(1, "blas"), np.errstate(divide="ignore"):
        for task, sums in zip(tasks, done, strict=True):
            n_extreme += int(np.count_nonzero(sums <= extreme))
            null[task.start : task.stop] = statistic(sums)
        value = float(statistic(observed)[0])
    found = {
        "statistic": value,
        "pvalue": n_extreme / (n_drawn + uncounted),
        "null_distribution": null,
        "exact": exact,
    }
    return found, observed[0]
