"""Groups beside covariates: the permutation of residuals of Freedman and Lane.

Rows Y of samples are described by covariates and, in the full model, by groups too. The
residuals R of the covariates alone are shuffled among the samples, and both models are
fitted to the shuffled residuals again. What the covariates predict need not be added
before that, because both models fit it without remainder. If H is the matrix that fits
the full model and H0 the one that fits the covariates, and P shuffles samples, then

    between = tr((H - H0) P R R' P'),    within = tr((I - H) P R R' P').

Without covariates this is the permutation of labels in PERMANOVA.

D. Freedman and D. Lane, "A nonstochastic interpretation of reported significance
levels", Journal of Business & Economic Statistics 1, 1983. A. M. Winkler et al.,
"Permutation inference for the general linear model", NeuroImage 92, 2014. For
distances: B. H. McArdle and M. J. Anderson, "Fitting multivariate models to community
data", Ecology 82, 2001.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sktopo._utils.finite import check_finite
from sktopo._utils.samples import ANY_SHAPE, read_array

if TYPE_CHECKING:
    from sktopo._typing import FloatArray, IntArray

# A direction of unit length is explained by others if less than this is left of it.
_EXPLAINED = 1e-7


@dataclass(frozen=True, eq=False)
class Design:
    """A linear model of groups beside covariates, as directions in sample space.

    All directions are of unit length, orthogonal to each other and to a constant, in
    each stratum if there are strata.

    Parameters
    ----------
    groups : ndarray of shape (n_samples, n_groups - 1)
        What the groups explain and the covariates do not.

    covariates : ndarray of shape (n_samples, rank)
        What the covariates explain.

    strata : ndarray of shape (n_samples,) or None
        The stratum of each sample, 0 to n_strata - 1, if strata are part of the model.
        Samples are then shuffled within strata only, which does not change what the
        strata explain.
    """

    groups: FloatArray
    covariates: FloatArray
    strata: IntArray | None = None

    @property
    def group_freedom(self):
        """Degrees of freedom between groups."""
        return self.groups.shape[1]

    @property
    def freedom(self):
        """Degrees of freedom that the full model leaves."""
        n_samples, n_covariates = self.covariates.shape
        n_strata = 1 if self.strata is None else int(self.strata.max()) + 1
        return n_samples - n_strata - n_covariates - self.group_freedom


def read_covariates(covariates, n_samples, name="covariates"):
    """Validate covariates, and return them in units of their own, centred.

    Parameters
    ----------
    covariates : array-like of shape (n_samples,) or (n_samples, n_covariates), or None
        Numbers.

    n_samples : int
        The number of samples.

    name : str
        The name of the parameter, for errors.

    Returns
    -------
    centred : ndarray of shape (n_samples, n_covariates)
        Columns of mean 0 and of unit length; 0 columns if `covariates` is None.

    Raises
    ------
    ValueError
        If they are not finite numbers, one row for each sample, or one is constant.
    """
    if covariates is None:
        return np.zeros((n_samples, 0))
    columns = getattr(covariates, "columns", None)
    expected = "numbers, one row for each sample (0 and 1 for two categories)"
    table = read_array(covariates, name, expected, **ANY_SHAPE)
    table = table[:, np.newaxis] if table.ndim == 1 else table
    if table.ndim != 2 or len(table) != n_samples:
        raise ValueError(
            f"{name} has shape {np.shape(covariates)}; expected ({n_samples},) or "
            f"({n_samples}, n_covariates), one row for each sample."
        )
    check_finite(table, name, columns)
    centred = center(table)
    for k in np.flatnonzero(~centred.any(axis=0)):
        label = k if columns is None else repr(columns[k])
        raise ValueError(
            f"Column {label} of {name} is the same number in all samples, which "
            "explains nothing; leave it out."
        )
    return centred


def center(table):
    """Center columns and give them unit length; constant columns become 0."""
    # Halves, because the difference of the largest numbers would overflow.
    halves = table.astype(np.float64) / 2
    gaps = halves - halves[0]
    sizes = np.abs(gaps).max(axis=0)
    gaps /= np.where(sizes > 0, sizes, 1)
    gaps -= gaps.mean(axis=0)
    lengths = np.linalg.norm(gaps, axis=0)
    return gaps / np.where(lengths > 0, lengths, 1)


def average_groups(table, groups):
    """Average the rows of each group, (n_groups, n_columns); groups are 0, 1, ..."""
    order = np.argsort(groups, kind="stable")
    sizes = np.bincount(groups)
    starts = np.cumsum(sizes) - sizes
    return np.add.reduceat(table[order], starts, axis=0) / sizes[:, np.newaxis]


def _subtract_means(table, strata):
    """Subtract the means of columns, of all samples or within strata."""
    if strata is None:
        return table - table.mean(axis=0)
    return table - average_groups(table, strata)[strata]


def make_design(groups, covariates, name="covariates", strata=None):
    """Make the model of groups beside covariates.

    Parameters
    ----------
    groups : ndarray of shape (n_samples,)
        The group of each sample, 0 to n_groups - 1.

    covariates : ndarray of shape (n_samples, n_covariates)
        Centred columns, as `read_covariates` returns them. They may depend on each
        other.

    name : str
        What to call them in errors.

    strata : ndarray of shape (n_samples,), default=None
        As in `Design`.

    Returns
    -------
    design : Design
        The model.

    Raises
    ------
    ValueError
        If samples are too few, or covariates determine the groups or a part of them.
    """
    if strata is not None:
        covariates = _subtract_means(covariates, strata)
    left, lengths, _ = np.linalg.svd(covariates, full_matrices=False)
    explained = left[:, lengths > _EXPLAINED]
    members = groups[:, np.newaxis] == np.arange(groups.max() + 1)
    members = _subtract_means(members.astype(np.float64), strata)
    members -= explained @ (explained.T @ members)
    left, lengths, _ = np.linalg.svd(members, full_matrices=False)
    design = Design(left[:, : groups.max()], explained, strata)
    if design.freedom < 1:
        raise ValueError(
            f"{len(groups)} samples are too few for {groups.max() + 1} groups beside "
            f"{explained.shape[1]} covariate(s) ({name}); expected at least "
            f"{len(groups) + 1 - design.freedom}."
        )
    if lengths[groups.max() - 1] <= _EXPLAINED:
        raise ValueError(
            f"Groups in y follow from {name}: no test can tell what is due to the one "
            "and what to the other. Leave out what differs only between groups."
        )
    return design


def take_residuals(rows, design):
    """Return what covariates and strata leave of rows, (n_samples, n_columns)."""
    rows = _subtract_means(rows, design.strata)
    return rows - design.covariates @ (design.covariates.T @ rows)


def split_sums(residuals, design):
    """Split the sum of squares of residuals: between groups, and within groups.

    Parameters
    ----------
    residuals : ndarray of shape (n_samples, n_columns)
        Residuals of the covariates.

    design : Design
        The model.

    Returns
    -------
    between, within : float
        Sums of squares.
    """
    projections = design.groups.T @ residuals
    rest = residuals - design.groups @ projections
    return float(np.vdot(projections, projections)), float(np.vdot(rest, rest))


def explain_shares(residuals, designs, orders):
    """Compute which share of shuffled residuals groups explain beside covariates.

    Parameters
    ----------
    residuals : list of ndarray of shape (n_samples, n_columns)
        Residuals of the covariates, of one table or several.

    designs : list of Design
        The model of each table.

    orders : ndarray of shape (n_orders, n_samples)
        For each sample, the sample whose group and covariates it takes.

    Returns
    -------
    shares : ndarray of shape (n_orders, n_tables)
        ``between / (between + within)`` after the residuals are fitted again; 0 where
        all residuals are 0.
    """
    between, left = explain_sums(residuals, designs, orders)
    return np.divide(between, left, out=np.zeros_like(between), where=left > 0)


def explain_sums(residuals, designs, orders):
    """Compute what groups explain of shuffled residuals, and what covariates leave.

    Parameters are those of `explain_shares`.

    Returns
    -------
    between, left : ndarray of shape (n_orders, n_tables)
        Sums of squares: between groups, and between and within groups.
    """
    shuffled = {
        design: (design.groups.T[:, orders], design.covariates.T[:, orders])
        for design in dict.fromkeys(designs)
    }
    between, left = np.zeros((2, len(orders), len(residuals)))
    for k, (table, design) in enumerate(zip(residuals, designs, strict=True)):
        groups, covariates = shuffled[design]
        between[:, k] = _sum_squares(table, groups)
        left[:, k] = np.vdot(table, table) - _sum_squares(table, covariates)
    return between, left


def _sum_squares(table, directions):
    """Sum the squared products of directions (n, n_orders, n_samples) and columns."""
    n_directions, n_orders, n_samples = directions.shape
    products = directions.reshape(-1, n_samples) @ table
    squares = np.einsum("ij,ij->i", products, products)
    return squares.reshape(n_directions, n_orders).sum(axis=0)
