"""A table of what differs between groups, and where: profiles of parts of a graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy as np

from sktopo._utils.geometry import find_deviation
from sktopo._utils.labels import check_labels
from sktopo._utils.samples import read_rows
from sktopo._utils.tables import make_table
from sktopo.barcodes import GraphProfiles, count_nodes
from sktopo.inference._blocks import (
    bring_to_unit,
    check_names,
    check_slices,
    classify,
    embed_rows,
    list_folds,
    split_between,
    split_name,
)
from sktopo.inference._familywise import compare_tables
from sktopo.inference._levels import choose_designs, find_parts, make_designs
from sktopo.inference._relabelling import (
    check_run,
    make_exchange,
    warn_insensitive,
)
from sktopo.inference._scheme import (
    check_distinct,
    choose_units,
    count_distinct,
    explain_number,
)
from sktopo.inference._study import number_groups, read_groups, refuse_barcodes

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from sktopo._typing import RandomState, Table


def difference_table(
    X: ArrayLike,
    y: ArrayLike,
    *,
    profiles: Sequence[str] = ("births", "deaths", "strengths", "spectrum", "local"),
    groups: ArrayLike | Literal["layer"] | None = None,
    sample_groups: ArrayLike | None = None,
    slices: Mapping[str, slice] | None = None,
    level: ArrayLike | Literal["mean", "block"] | None = "mean",
    covariates: ArrayLike | None = None,
    n_permutations: int = 9999,
    cv: int = 5,
    n_jobs: int | None = None,
    random_state: RandomState = None,
    verbose: bool = False,
) -> Table:
    """List in which profiles and parts of the graph groups differ, and by how much.

    For each profile of a graph (births, deaths, node strengths and so on), and each
    block of its edges (within a group of nodes, or between two), the table says how
    large the difference between the groups of graphs is, whether it is more than
    chance, what it consists of, and whether it is more than a difference in the mean
    weight.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_edges) or (n_samples, n_features)
        Connectome rows. If `slices` are given, Wasserstein rows with these columns.

    y : array-like of shape (n_samples,)
        The group of each graph: two different values or more.

    profiles : sequence of str, default=("births", "deaths", "strengths", "spectrum", \
"local")
        The profiles to compare, see :class:`~sktopo.GraphProfiles`.

    groups : array-like of shape (n_nodes,), "layer" or None, default=None
        The group of each node, see :class:`~sktopo.GraphProfiles`. "layer" reads it
        from the names of the edges, the columns of a data frame.

    sample_groups : array-like of shape (n_samples,), default=None
        The person, site or other group of each *sample*, if some samples belong
        together: the `groups` of :func:`permanova`, under another name because `groups`
        are those of the nodes here, as in :class:`~sktopo.GraphProfiles`. See Notes.

    slices : dict of str to slice, default=None
        The columns of each profile, such as the `profile_slices_` of a fitted
        :class:`~sktopo.GraphProfiles`, if X holds Wasserstein rows. `profiles` and
        `groups` are then not used. A name such as ``"births[fc1--fc2]"`` names the
        profile and the block.

    level : "mean", "block", array-like of shape (n_samples,) or \
(n_samples, n_numbers), or None, default="mean"
        The level of each graph that the tests *given level* account for.

        - "mean": the mean weight of all edges of the graph, in all rows of the table
        - "block": the mean weight of the edges of the block, in each row its own; in
          rows of the whole graph, of all edges

        Only connectome rows tell these means: with `slices`, give the level as an
        array. Where a mean is the same in all graphs, the test is that without level.
        Several numbers for each graph are accounted for together, in all rows of the
        table. None leaves these tests out.

    covariates : array-like of shape (n_samples,) or (n_samples, n_covariates), \
default=None
        Other numbers that all tests account for, such as age or motion.

    n_permutations : int, default=9999
        Number of random relabellings. If no more distinct relabellings exist, each is
        used once.

    cv : int, default=5
        Number of stratified folds of the cross-validation. They are not shuffled, so
        the accuracy depends on the order of the samples.

    n_jobs : int or None, default=None
        Number of parallel jobs, see :term:`n_jobs`; threads are preferred.

    random_state : int, RandomState instance or None, default=None
        Determines the random relabellings. Pass an int for repeatable results; they
        do not depend on `n_jobs`.

    verbose : bool, default=False
        Whether to show progress bars (needs tqdm).

    Returns
    -------
    table : pandas.DataFrame
        One row for each profile and block:

        - `profile`, `block`: ``"strengths"`` and ``"fc1"``, ``"fc1--fc2"`` or
          ``"all"``;
        - `statistic`: the pseudo-F of :func:`permanova`;
        - `omega_squared`: the share of the squared distances that groups explain,
          corrected for what they explain by chance; with covariates, of what those
          leave;
        - `pvalue`: of this row alone;
        - `adjusted_pvalue`: corrected for the number of rows;
        - `accuracy`: the mean share of each group that is put into the group of the
          nearest barycenter, in cross-validation; chance gives 1 / number of groups;
        - `level`, `scale`, `shape`: the shares of the squared distance between groups
          that the mean, the deviation and the shape of the profile make up; NaN if the
          groups have the same barycenter;
        - `omega_squared_given_level`, `pvalue_given_level`,
          `adjusted_pvalue_given_level`: the same beside the level of each graph.

        A row in which all graphs are the same, up to rounding, has `pvalue` 1 and no
        effect size, NaN.

    Raises
    ------
    ValueError
        If X does not hold finite numbers, or without `slices` evidently births and
        deaths, y is not as in :func:`permanova`, a group has
        fewer than `cv` samples, all samples are the same, `slices` are not slices of
        the columns of X, covariates are constant or do not have one row for each
        sample, samples are too few for them, groups follow from the level or the
        covariates, `sample_groups` leave no other arrangement of the labels or too few
        for `cv` folds, two rows would have the same names, or a parameter is out of
        range.

    TypeError
        If X or the covariates are not arrays.

    ImportError
        If pandas is not installed (``pip install 'sktopo[tables]'``), or tqdm if
        `verbose` is set.

    Warns
    -----
    UserWarning
        If `pvalue` cannot be 0.05 or less, because there are fewer than 20
        relabellings, as in :func:`permutation_test`.

    See Also
    --------
    permanova : The test of a single row.
    attribute_distance : The share of each edge, node or layer in the distance.
    sktopo.plotting.DifferenceDisplay : Draws the table.
    sktopo.GraphProfiles : Computes the profiles.

    Notes
    -----
    *Read a row from left to right.* If `adjusted_pvalue` is small, the groups differ
    there. If `adjusted_pvalue_given_level` is small as well, they differ in more than
    the mean weight, of the graph (``level="mean"``) or of this block of edges
    (``level="block"``); if not, this mean weight may be all there is.

    `adjusted_pvalue` is the share of relabellings in which any row of the table is as
    extreme as this one (single step of Westfall and Young [1]_). Rows are compared by
    the cube root of the share that groups explain, standardised over all relabellings,
    which is close to normal for profiles of few and of many directions [2]_. If no
    profile differs between groups, the chance that any `adjusted_pvalue` is at most
    0.05 is 0.05.

    Beside level and covariates, the residuals of a linear model of these are shuffled
    [3]_ [4]_. This test is approximate, and it accounts for linear relations only: a
    profile that follows the mean weight along a curve can differ given level although
    nothing but the level differs.

    With `sample_groups`, labels are exchanged as with the `groups` of
    :func:`permutation_test` and :func:`permanova`: within persons if y varies within
    any, otherwise whole persons exchange their labels, and rows, level and covariates
    are averages over the samples of a person. Folds of the cross-validation keep the
    samples of a person together.

    With ``level="mean"``, the level of a graph is the mean of *all* its weights, and
    `level` in the table is about the mean of *one* profile in *one* block. A difference
    in one block moves the mean weight of the graph. So, given this level, a block may
    differ that does not differ otherwise: compared with graphs of the same mean weight,
    it then makes up for the block that differs. Look at `adjusted_pvalue` first, or
    choose ``level="block"``. The whole graph is a block too, and if one part of it
    differs in its mean weight, the whole differs in more than its mean weight.

    Memory holds the profiles of all graphs and, for each row of the table, a few
    numbers for each relabelling.

    References
    ----------
    .. [1] Westfall & Young, "Resampling-based multiple testing", Wiley, 1993.
    .. [2] Wilson & Hilferty, "The distribution of chi-square", PNAS 17, 1931.
    .. [3] Freedman & Lane, "A nonstochastic interpretation of reported significance
       levels", Journal of Business & Economic Statistics 1, 1983.
    .. [4] Winkler et al., "Permutation inference for the general linear model",
       NeuroImage 92, 2014.

    Examples
    --------
    >>> import numpy as np
    >>> from sktopo.inference import difference_table
    >>> rng = np.random.default_rng(0)
    >>> X = rng.random((20, 45))  # graphs of 10 nodes
    >>> X[10:, 0] += 3  # one strong edge
    >>> table = difference_table(
    ...     X, [0] * 10 + [1] * 10, profiles=["births", "deaths"], random_state=0
    ... )
    >>> table[["profile", "block", "adjusted_pvalue"]].round(1).values.tolist()
    [['births', 'all', 0.0], ['deaths', 'all', 0.6]]
    """
    random_state = check_run(n_permutations, n_jobs, random_state, verbose)
    make_table([])  # without pandas, nothing should be computed
    rows = read_rows(X, "X")
    labels = check_labels(y, len(rows), discrete=True)
    number_groups(labels)
    sample_groups = read_groups(sample_groups, len(rows), "sample_groups")
    units = choose_units(labels, sample_groups, "sample_groups")
    labels = units.choose(labels)
    number = number_groups(labels)
    folds = list_folds(labels, cv, units.strata)
    precision = float(np.finfo(rows.dtype).eps)
    if slices is None:
        refuse_barcodes(rows, "The rows of X")
        _check_node_groups(groups, rows)
        parts = find_parts(level, groups, getattr(X, "columns", None), rows.shape[1])
    else:
        _check_slices(slices, groups, rows.shape[1])
        parts = None
    design, given = make_designs(number, level, covariates, rows, parts, units)
    if slices is None:
        graphs = GraphProfiles(
            profiles, groups=groups, balance=False, n_jobs=n_jobs, verbose=verbose
        )
        rows, slices = np.asarray(graphs.fit_transform(X)), graphs.profile_slices_
    check_names(slices)
    n_distinct, reason = _count_relabellings(number, units, covariates)
    warn_insensitive(n_distinct, n_permutations, reason)
    rows = units.average(rows)
    places, points = _describe_blocks(rows, slices, number, folds, precision)
    run = (precision, n_permutations, n_jobs, random_state, verbose)
    compare = partial(compare_tables, points, number, strata=units.strata)
    designs = [design] * len(slices)
    beside = compare(designs, *run)
    if given is None:
        return _tabulate(places, beside, None)
    given_level = choose_designs(slices, given)
    if given_level == designs:  # no level varies
        return _tabulate(places, beside, beside)
    return _tabulate(places, beside, compare(given_level, *run))


def _count_relabellings(number, units, covariates):
    """Count the distinct relabellings, and say why there are no more."""
    exchange = make_exchange(number, units.strata)
    check_distinct(exchange, units.name)
    return count_distinct(exchange, covariates), explain_number(exchange, units.name)


def _check_node_groups(groups, rows):
    """Raise a ValueError if groups of nodes are evidently those of samples."""
    if groups is None or isinstance(groups, str):
        return
    try:
        n_labels = len(groups)
    except TypeError:  # GraphProfiles says what is wrong with it
        return
    n_nodes = count_nodes(rows.shape[1])
    if n_labels == len(rows) != n_nodes:
        raise ValueError(
            f"groups has {n_labels} values, one for each sample, but graphs have "
            f"{n_nodes} nodes: groups are groups of nodes here. Give groups of "
            "samples, such as persons, as sample_groups."
        )


def _check_slices(slices, groups, n_columns):
    """Raise a ValueError unless slices choose columns, and no groups are given."""
    check_slices(slices, n_columns)
    if groups is not None:
        raise ValueError(
            "groups are for connectome rows; with slices, the names of the slices say "
            "which part of the graph each profile is of."
        )


def _describe_blocks(rows, slices, number, folds, precision):
    """Describe each block of columns by itself.

    Returns a list of dicts, the first columns of the table, and a list of points whose
    distances are those of the rows of each block.
    """
    places, points = [], []
    for name, columns in slices.items():
        profile, block = split_name(name)
        chosen = rows[:, columns]
        # Tests see differences of any size, and those of rounding are none.
        if not find_deviation(chosen, caller="difference_table"):
            chosen = np.broadcast_to(chosen[0], chosen.shape)
        chosen = bring_to_unit(chosen, "difference_table")
        points.append(embed_rows(chosen))
        level, scale, shape = split_between(chosen, number, precision)
        places.append(
            {
                "profile": profile,
                "block": block,
                "accuracy": classify(points[-1], number, folds),
                "level": level,
                "scale": scale,
                "shape": shape,
            }
        )
    if not any(table.any() for table in points):
        raise ValueError("All samples are the same: there is nothing to compare.")
    return places, points


def _tabulate(places, beside, given):
    """Make the table of descriptions and of the results of one or two families."""
    columns = {name: [place[name] for place in places] for name in places[0]}
    tests = {
        "statistic": beside.statistic,
        "omega_squared": beside.omega_squared,
        "pvalue": beside.pvalue,
        "adjusted_pvalue": beside.adjusted_pvalue,
    }
    names = {name: columns.pop(name) for name in ("profile", "block")}
    if given is None:
        return make_table({**names, **tests, **columns})
    given_level = {
        f"{name}_given_level": getattr(given, name)
        for name in ("omega_squared", "pvalue", "adjusted_pvalue")
    }
    return make_table({**names, **tests, **columns, **given_level})
