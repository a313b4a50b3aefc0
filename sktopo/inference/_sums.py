"""Sums of distances within groups, compared with the sum of the observed groups.

Nearly all sums are computed as few quadratic forms, which is fast. These lose digits
where the sums are small, and they cannot decide between sums that nearly agree. Such
sums are added up again, pair by pair and, if need be, without any rounding.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property
from itertools import combinations_with_replacement
from math import lcm, ldexp

import numpy as np

# Rounding error of quadratic forms, as a share of the largest possible sum.
_ROUGH = 1e-12
# Quadratic forms do not do for sums below this share of their constant part.
_SMALL = 1e-4
# Sums of distances, pair by pair, are right up to this share.
_FINE = 1e-11
# How many rounding errors of the given numbers, without their offset, are forgiven.
_FORGIVEN = 4
# An offset is forgiven one rounding error, at most this share of the spread. Otherwise
# a large offset in float32 would make equal what is not.
_OFFSET = 2e-8
# The number of parts that rows are cut into; each has about 20 bits.
_PARTS = 4


class WithinSums:
    """Weighted sums of distances within groups, for many relabellings.

    Sums that differ from that of the observed groups by rounding errors of the given
    numbers only are set to it.

    Parameters
    ----------
    study : Study
        Samples.

    groups : ndarray of shape (n_samples,)
        Observed labels, 0 to n_groups - 1.

    weights : ndarray of shape (n_groups,)
        Weight of each group: 1, or 1 divided by the size of the group.

    squared : bool
        Whether to sum squared distances.

    share : float
        The part of the sum of all distances that the sums are taken from: 1, or 1
        divided by the number of samples.

    Attributes
    ----------
    distances : ndarray of shape (n_samples, n_samples)
        What is summed.

    observed : float
        The sum of the observed groups. Sums run over both (i, j) and (j, i).

    total : float
        This share of the sum of all distances.

    between : float
        What is left of it without the observed sum.
    """

    def __init__(self, study, groups, weights, squared, share):
        self.distances = study.distances**2 if squared else study.distances
        if not self.distances.any():
            raise ValueError("All samples are the same: there is nothing to compare.")
        self._study, self._groups, self._squared = study, groups, squared
        self._weights = weights
        self.observed = self._add_pairs(groups[np.newaxis])[0]
        self._codes, self._constant = _factor_weights(weights, self.distances.sum())
        # What rounding errors of the distances amount to, whatever the rows.
        if study.rows is None:
            self._inexact = 2 * _FORGIVEN * study.precision * self.observed
        else:
            terms = 0 if squared else _FORGIVEN + study.rows.shape[1] ** 0.5
            self._inexact = terms * np.finfo(np.float64).eps * self.observed
        self._near = _FINE * self.observed + self._inexact + self._bound_slack()
        self._unsure = _ROUGH * self.distances.sum() * weights.max() + self._near
        self.total = share * self.distances.sum()
        self.between = self.total - self.observed
        if abs(self.between) < _SMALL * self.total:
            self.between = self._subtract_from_total(share)

    def __call__(self, labels):
        """Sum distances for labels (n_relabellings, n_samples): (n_relabellings,)."""
        sums = np.full(len(labels), self._constant)
        for code in self._codes.T:
            placed = code.take(labels)
            sums += np.einsum("ij,ij->i", placed @ self.distances, placed)
        unsure = np.abs(sums - self.observed) <= self._unsure
        unsure |= sums <= _SMALL * self._constant
        if unsure.any():
            sums[unsure] = self._add_surely(labels[unsure])
        return sums

    def leave(self, sums):
        """Subtract sums from `total`: what lies between groups, (n_relabellings,)."""
        return np.where(sums == self.observed, self.between, self.total - sums)

    def _add_pairs(self, labels):
        """Add up distances pair by pair, so that small sums keep their digits."""
        return _sum_groups(self.distances, labels, len(self._weights)) @ self._weights

    def _add_surely(self, labels):
        """Add up distances such that sums compare rightly with the observed one."""
        sums = self._add_pairs(labels)
        near = np.flatnonzero(np.abs(sums - self.observed) <= self._near)
        for number, gap in zip(near, self._subtract(labels[near]), strict=True):
            if gap == 0 or abs(gap) <= self._inexact + self._find_slack(labels[number]):
                sums[number] = self.observed
            elif gap > 0:
                above = np.nextafter(self.observed, np.inf)
                sums[number] = max(sums[number], above)
            else:
                below = np.nextafter(self.observed, 0)
                sums[number] = min(sums[number], below)
        return sums

    def _subtract(self, labels):
        """Subtract the observed sum from other sums, rounding only the differences."""
        labels = np.vstack([self._groups, labels])
        whole = [
            _sum_groups(piece, labels, len(self._weights)) for piece, _ in self._pieces
        ]
        return self._add_exactly(whole, self._weights)

    def _subtract_from_total(self, share):
        """Subtract the observed sum from a share of the total, without rounding."""
        sums = []
        for piece, _ in self._pieces:
            within = _sum_groups(piece, self._groups[np.newaxis], len(self._weights))
            rows = np.zeros((2, len(self._weights) + 1))
            rows[0, :-1], rows[1, -1] = within, piece.sum()
            sums.append(rows)
        return self._add_exactly(sums, np.append(self._weights, share))[0]

    def _add_exactly(self, sums, weights):
        """Add up sums of all pieces, and subtract the first of them from the others.

        Parameters
        ----------
        sums : list of ndarray of shape (n_sums, n_groups)
            For each piece, integers.

        weights : ndarray of shape (n_groups,)
            Weights, each 1 or 1 divided by a number of samples.

        Returns
        -------
        differences : list of n_sums - 1 floats
            The differences of weighted sums.
        """
        shares = [
            Fraction(weight).limit_denominator(len(self._groups))
            for weight in weights.tolist()
        ]
        scale = lcm(*(share.denominator for share in shares))
        multiples = np.array([int(share * scale) for share in shares], dtype=object)
        _, lowest = self._pieces[-1]
        totals = sum(
            (part.astype(np.int64).astype(object) @ multiples)
            * 2 ** (exponent - lowest)
            for part, (_, exponent) in zip(sums, self._pieces, strict=True)
        )
        return [ldexp((total - totals[0]) / scale, lowest) for total in totals[1:]]

    @cached_property
    def _pieces(self):
        """The distances in pieces of so few bits that their sums are exact.

        A list of integers (n_samples, n_samples) and their exponents of 2, which
        descend.
        """
        exact = self._squared and self._study.rows is not None
        parts = _square_exactly(self._centred) if exact else [(self.distances, 0)]
        n_bits = 52 - 2 * len(self._groups).bit_length()
        pieces = [
            (piece, exponent + lower)
            for part, exponent in parts
            for piece, lower in _cut(part, n_bits)
        ]
        return sorted(pieces, key=lambda piece: -piece[1])

    @cached_property
    def _centred(self):
        """Rows around an origin that is near many of them."""
        rows = self._study.rows
        middle = (len(rows) - 1) // 2
        return rows - np.partition(rows, middle, axis=0)[middle]

    @cached_property
    def _points(self):
        """Rows around an origin, turned into few columns if there are many."""
        rows = self._centred
        many = rows.shape[1] > len(rows)
        return np.linalg.qr(rows.T, mode="r").T if many else rows

    @cached_property
    def _rounding(self):
        """Rounding errors of rows due to an offset of all.

        As rows or, where `_points` are turned, the length of the error of each sample.
        """
        rows = self._study.rows
        spread = np.ptp(rows, axis=0)
        if rows.shape[1] > len(rows):
            sizes = np.sqrt(np.einsum("ij,ij->i", rows, rows))
            spread = np.linalg.norm(spread)
        else:
            sizes = np.abs(rows)
        return np.minimum(self._study.precision * sizes, _OFFSET * spread)

    def _bound_slack(self):
        """Bound `_find_slack` for all labels whose sum is near the observed one."""
        study = self._study
        if study.rows is None:
            return 0
        radius = np.sqrt((study.distances**2).sum() / len(self._groups))
        size = _FORGIVEN * study.precision * radius + np.linalg.norm(self._rounding)
        if not self._squared:
            return 4 * size * len(self._groups) ** 1.5
        # A sample pulls on the sum by its distance from the mean of its group.
        strongest = (self._weights * np.bincount(self._groups)).max()
        size *= 8 * np.sqrt(strongest)
        return size * np.sqrt(self.observed) + size**2

    def _find_slack(self, labels):
        """Bound what rounding errors of rows add to the difference of two sums.

        A rounding error moves a sample. The bound is how much further this can move
        the sum of the groups in `labels`, (n_samples,), than the observed sum.
        """
        if self._study.rows is None:
            return 0
        points = self._points
        slopes = self._weigh_pairs(labels) - self._weigh_pairs(self._groups)
        pulls = slopes.sum(axis=1)[:, np.newaxis] * points - slopes @ points
        if self._study.rows.shape[1] > len(points):
            # Turned rows have their rounding errors in any direction.
            pulls, points = (np.linalg.norm(part, axis=1) for part in (pulls, points))
        errors = _FORGIVEN * self._study.precision * np.abs(points) + self._rounding
        return np.vdot(np.abs(pulls), errors)

    def _weigh_pairs(self, labels):
        """Return the slope of the sum along each pair, divided by its distance."""
        weights = (labels[:, np.newaxis] == labels) * self._weights[labels]
        if self._squared:
            return 4 * weights
        # Smaller distances are rounding errors, and would make the bound useless.
        return 2 * weights / np.maximum(self.distances, np.finfo(np.float64).eps)


def _factor_weights(weights, total):
    r"""Write the weighted sum of distances within groups as few quadratic forms.

    For one-hot labels H of shape (n_samples, n_groups) and distances D, the sum is
    the trace of ``diag(weights) @ H.T @ D @ H``. The rows of H add up to 1, so a
    number c that is subtracted from all entries of ``diag(weights)`` lowers the sum
    by c times the sum of all distances, whatever the labels. With the largest c that
    leaves a positive semi-definite matrix, the rank falls to n_groups - 1.

    Parameters
    ----------
    weights : ndarray of shape (n_groups,)
        The positive weight of each group.

    total : float
        The sum of all distances.

    Returns
    -------
    codes : ndarray of shape (n_groups, n_groups - 1)
        A factor: ``codes @ codes.T`` is ``diag(weights) - c``.

    constant : float
        The part of the sum that is the same for all labels, c times `total`.
    """
    share = 1 / (1 / weights).sum()
    values, vectors = np.linalg.eigh(np.diag(weights) - share)
    return vectors[:, 1:] * np.sqrt(values[1:]), share * total


def _sum_groups(matrix, labels, n_groups):
    """Sum the entries within each group: (n_relabellings, n_groups)."""
    names = np.arange(n_groups)[:, np.newaxis]
    chosen = (labels[:, np.newaxis] == names).astype(np.float64)
    return np.einsum("rgi,rgi->rg", chosen @ matrix, chosen)


def _square_exactly(rows):
    """Compute the squared distances between rows as sums of matrices of integers.

    Rows are cut into parts of so few bits that their products are exact. Returns a
    list of matrices, (n_samples, n_samples), and their exponents of 2.
    """
    parts = _cut(rows, (51 - rows.shape[1].bit_length()) // 2)
    squares = []
    for (part_1, exponent_1), (part_2, exponent_2) in combinations_with_replacement(
        parts, 2
    ):
        products = part_1 @ part_2.T
        norms = products.diagonal()
        squares.append(
            (
                norms[:, np.newaxis] + norms - products - products.T,
                exponent_1 + exponent_2 + (part_1 is not part_2),
            )
        )
    return squares


def _cut(matrix, n_bits):
    """Cut numbers into a few parts of `n_bits`: a list of integers and exponents."""
    parts = []
    while matrix.any() and len(parts) < _PARTS:
        exponent = int(np.frexp(np.abs(matrix).max())[1]) - n_bits
        part = np.rint(np.ldexp(matrix, -exponent))
        matrix = matrix - np.ldexp(part, exponent)
        parts.append((part, exponent))
    return parts
