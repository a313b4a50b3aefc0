"""What exchanges labels in a test: samples, samples within groups, or whole groups.

A. M. Winkler et al., "Multi-level block permutation", NeuroImage 123, 2015.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from sktopo._utils.geometry import precise_squares
from sktopo.inference._freedman_lane import average_groups, center
from sktopo.inference._relabelling import Exchange, make_exchange
from sktopo.inference._study import Study, number_groups

if TYPE_CHECKING:
    from sktopo._typing import IntArray

# What exchanges labels, as results and tables call it.
SAMPLES, WITHIN, WHOLE = "samples", "within groups", "whole groups"
# Squared distances between barycenters may be below 0 by this share of the largest.
_ROUGH = 1e-6


@dataclass(frozen=True, eq=False)
class Scheme:
    """A study whose samples exchange labels, among all or within strata.

    Parameters
    ----------
    study : Study
        Samples. Where whole groups exchange labels, each of them is one sample.

    strata : ndarray of shape (n_samples,) or None
        Samples of one stratum exchange their labels; None if all do.

    name : str
        One of `SAMPLES`, `WITHIN` and `WHOLE`.
    """

    study: Study
    strata: IntArray | None
    name: str

    @cached_property
    def number(self):
        """The numbers of labels, from `number_groups`."""
        return number_groups(self.study.labels)

    @cached_property
    def exchange(self) -> Exchange:
        """What exchanges labels if there are no covariates."""
        return make_exchange(self.number, self.strata)

    @property
    def n_distinct(self):
        """The number of distinct relabellings; of orders, beside covariates."""
        return count_distinct(self.exchange, self.study.covariates)

    @property
    def reason(self):
        """Why there are so few relabellings, for `warn_insensitive`."""
        return explain_number(self.exchange, self.name)


def count_distinct(exchange, covariates):
    """Count the distinct relabellings; of orders of samples, beside covariates."""
    if covariates is None:
        return exchange.n_distinct
    orders = np.arange(len(exchange.labels))
    return make_exchange(orders, exchange.strata, named=True).n_distinct


def explain_number(exchange, name):
    """Say why there are few relabellings, and what to do."""
    number = f"{exchange.n_distinct} distinct relabelling(s)"
    if name == WITHIN:
        return (
            f"labels that are exchanged within groups have only {number}. Compare more "
            "groups"
        )
    unit = "samples" if name == SAMPLES else "whole groups"
    sizes = ", ".join(map(str, np.sort(np.bincount(exchange.labels))))
    return f"groups of {sizes} {unit} have only {number}. Compare more {unit}"


def choose_scheme(study):
    """Choose what exchanges labels in a study, and average groups if they do."""
    strata, name = None, SAMPLES
    if study.groups is not None:
        groups = np.unique(study.groups, return_inverse=True)[1]
        if vary_within(study.labels, groups):
            strata, name = groups, WITHIN
        else:
            study, name = _average_study(study, groups), WHOLE
    # Covariates may be constant in a pair of groups, or on average.
    if study.covariates is not None and not study.covariates.any():
        study = replace(study, covariates=None)
    scheme = Scheme(study, strata, name)
    if strata is not None:
        check_distinct(scheme.exchange, name)
    return scheme


def vary_within(labels, groups, name="groups"):
    """Return whether labels vary within any group: if so, samples exchange them.

    Raises a ValueError if they do not, and each label is that of one group.
    """
    names, labels = np.unique(labels, return_inverse=True)
    n_labels, n_groups = len(names), int(groups.max()) + 1
    if len(np.unique(groups * n_labels + labels)) > n_groups:
        return True
    if n_groups == n_labels:
        raise ValueError(
            f"y is the same for all samples of each of the {n_groups} {name}, and each "
            "of its values is that of one group only: no other arrangement of labels "
            "is possible. Give more groups of each value of y."
        )
    return False


def check_distinct(exchange, name):
    """Raise a ValueError if there are no relabellings but the observed one."""
    if exchange.n_distinct == 1:
        raise ValueError(
            "No other arrangement of labels is possible, because "
            f"{explain_number(exchange, name)}."
        )


@dataclass(frozen=True, eq=False)
class Units:
    """What a table of differences compares: samples, or groups at their barycenters.

    Parameters
    ----------
    groups : ndarray of shape (n_samples,) or None
        The group of each sample, 0 to n_groups - 1, if groups are compared as a whole.

    strata : ndarray of shape (n_samples,) or None
        The stratum of each sample, 0 to n_strata - 1, if samples exchange their labels
        within strata.
    """

    groups: IntArray | None = None
    strata: IntArray | None = None

    @property
    def name(self):
        """One of `SAMPLES`, `WITHIN` and `WHOLE`."""
        if self.strata is not None:
            return WITHIN
        return SAMPLES if self.groups is None else WHOLE

    def choose(self, labels):
        """Return the labels of the units."""
        if self.groups is None:
            return labels
        return labels[np.unique(self.groups, return_index=True)[1]]

    def average(self, rows):
        """Return the rows of the units: float64 if they are averages."""
        if self.groups is None:
            return rows
        # Averages of differences keep their digits if rows have a large offset.
        first = rows[0].astype(np.float64)
        return first + average_groups(rows - first, self.groups)


def choose_units(labels, groups, name):
    """Choose the units to compare, from groups as `read_groups` returns them."""
    if groups is None:
        return Units()
    if vary_within(labels, groups, name):
        return Units(strata=groups)
    return Units(groups)


def _average_study(study, groups):
    """Return the study of groups, each at the barycenter of its samples."""
    first = np.unique(groups, return_index=True)[1]
    covariates = study.covariates
    if covariates is not None:
        covariates = center(average_groups(covariates, groups))
    options = {"labels": study.labels[first], "covariates": covariates}
    if study.rows is not None:
        # Averages of differences keep their digits if rows have a large offset.
        rows = average_groups(study.rows - study.rows[0], groups)
        return replace(
            study,
            distances=np.sqrt(precise_squares(rows)),
            rows=rows,
            groups=None,
            **options,
        )
    distances = _average_distances(study.distances, groups)
    return replace(study, distances=distances, groups=None, **options)


def _average_distances(distances, groups):
    """Return the distances between the barycenters of groups, (n_groups, n_groups)."""
    squares = average_groups(average_groups(distances**2, groups).T, groups)
    own = squares.diagonal() / 2
    squares = squares - own[:, np.newaxis] - own
    np.fill_diagonal(squares, 0)
    if squares.min() < -_ROUGH * np.abs(distances).max() ** 2:
        first, second = np.unravel_index(squares.argmin(), squares.shape)
        raise ValueError(
            f"Groups number {first} and {second} have no distance between their "
            "barycenters, because the distances in X are far from Euclidean. Give "
            "Wasserstein rows, or one sample for each group."
        )
    squares = np.maximum(squares + squares.T, 0) / 2
    return np.sqrt(squares)
