"""Non-negative factors of affinities in time x recording x pair, some of them missing.

Factors are arrays with a row for each component: time courses ``(n_components,
n_times)``, loadings ``(n_components, n_recordings)`` and weights ``(n_components,
n_edges)``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy.spatial.distance import squareform

from sktopo.connectomes._least_squares import solve_non_negative

# Numbers that are multiplied at a time, so that they stay in the cache.
_NUMBERS = 2**18
# Updates of a factor, and of time courses and loadings in turn, for each product with
# the signals, which takes most of the time.
_SWEEPS = 3
# Directions of normal equations below this share of the largest are left out.
_SINGULAR = 1e-12


class Affinities:
    """Affinities of all pairs of nodes in recordings, which are never written out.

    All sums are in units of `unit`, a power of two.

    The affinity of two nodes is ``sqrt(u v)`` where their signals u and v have the same
    sign, and 0 elsewhere. With ``p = sqrt(max(u, 0))`` and ``m = sqrt(max(-u, 0))`` it
    is the sum of ``p p'`` and ``m m'``, so that sums of affinities are products of
    matrices of the signals.

    Parameters
    ----------
    signals : ndarray of shape (n_recordings, n_times, n_nodes)
        The signals, 0 for missing nodes.

    present : ndarray of shape (n_recordings, n_nodes), dtype bool
        Which nodes a recording has.
    """

    def __init__(self, signals, present):
        self.n_recordings, self.n_times, self.n_nodes = signals.shape
        # A power of two, so that squares of affinities stay in the range of float64.
        largest = max(signals.max(), -signals.min())
        self.unit = 2.0 ** (int(np.frexp(largest)[1]) - 1)
        # In place, because the signals can take most of the memory.
        self._roots = np.empty((2, *signals.shape))
        np.abs(signals, out=self._roots[1])
        self._roots[1] /= self.unit
        np.sqrt(self._roots[1], out=self._roots[1])
        np.multiply(self._roots[1], signals > 0, out=self._roots[0])
        self._roots[1] -= self._roots[0]
        patterns, self._pattern = np.unique(present, axis=0, return_inverse=True)
        self._pattern = self._pattern.reshape(-1)  # 2-D in NumPy 2.0
        first, second = np.triu_indices(self.n_nodes, 1)
        # Pairs that both nodes of are present, for each set of recordings alike.
        self.pairs = (patterns[:, first] & patterns[:, second]).astype(np.float64)

    @cached_property
    def square(self):
        """The sum of the squared affinities."""
        powers = self._roots.reshape(-1, self.n_nodes) ** 2
        return float((powers.sum(axis=1) ** 2 - (powers**2).sum(axis=1)).sum() / 2)

    @cached_property
    def pair_counts(self):
        """For each pair, the number of recordings that have it: (n_edges,)."""
        return np.bincount(self._pattern) @ self.pairs

    def weigh(self, weights):
        """Sum affinities over pairs, weighted: (k, n_recordings, n_times)."""
        matrices = np.stack([squareform(row) for row in weights])
        stacked = np.concatenate(matrices, axis=1)
        rows = self._roots.reshape(-1, self.n_nodes)
        sums = np.empty((len(rows), len(weights)))
        for batch in self._batches(len(weights)):
            products = (rows[batch] @ stacked).reshape(-1, len(weights), self.n_nodes)
            sums[batch] = np.einsum("rkn,rn->rk", products, rows[batch]) / 2
        sums = sums.reshape(2, self.n_recordings, self.n_times, -1).sum(axis=0)
        return np.moveaxis(sums, 2, 0)

    def average(self, time_courses, loadings):
        """Sum affinities over times and recordings, weighted: (k, n_edges)."""
        shares = loadings[:, :, np.newaxis] * time_courses[:, np.newaxis]
        shares = np.tile(shares.reshape(len(shares), -1), 2).T
        rows = self._roots.reshape(-1, self.n_nodes)
        sums = np.zeros((len(time_courses) * self.n_nodes, self.n_nodes))
        for batch in self._batches(len(time_courses)):
            weighted = shares[batch, :, np.newaxis] * rows[batch, np.newaxis]
            sums += weighted.reshape(len(weighted), -1).T @ rows[batch]
        matrices = sums.reshape(-1, self.n_nodes, self.n_nodes)
        first, second = np.triu_indices(self.n_nodes, 1)
        return matrices[:, first, second]

    def relate_weights(self, weights):
        """Multiply weights over the pairs of each recording: (k, k, n_recordings)."""
        products = [(row * weights) @ self.pairs.T for row in weights]
        return np.stack(products)[:, :, self._pattern]

    def relate_loadings(self, loadings):
        """Multiply loadings over the recordings of each pair: (k, k, n_edges)."""
        k = len(loadings)
        products = loadings[:, np.newaxis] * loadings
        alike = np.zeros((k, k, len(self.pairs)))
        np.add.at(alike, (slice(None), slice(None), self._pattern), products)
        return alike @ self.pairs

    def _batches(self, n_components):
        n_rows = max(1, _NUMBERS // (n_components * self.n_nodes))
        starts = range(0, 2 * self.n_recordings * self.n_times, n_rows)
        return [slice(start, start + n_rows) for start in starts]


@dataclass(frozen=True)
class Factors:
    """What a factorisation has found, and its relative error after each iteration."""

    time_courses: Any
    loadings: Any
    weights: Any
    errors: Any
    converged: bool


def factorize(affinities, n_components, *, max_iter, tol, random):
    """Find non-negative factors from a random start: Factors.

    The sum of squared differences to all affinities of pairs that a recording has is
    minimised in one row of a factor after the other (hierarchical alternating least
    squares), so it never grows.
    """
    time_courses, loadings, weights = _start(affinities, n_components, random)
    errors, converged = [], False
    for _ in range(max_iter):
        weighed = affinities.weigh(weights)
        related = affinities.relate_weights(weights)
        for _ in range(_SWEEPS):
            _update_times(time_courses, loadings, weighed, related)
            _update_loadings(loadings, time_courses, weighed, related)
        target = affinities.average(time_courses, loadings)
        normal = _multiply_rows(time_courses)[:, :, np.newaxis]
        normal = normal * affinities.relate_loadings(loadings)
        _update(weights, target, normal)
        errors.append(_measure_error(affinities.square, weights, target, normal))
        normalize(time_courses, loadings, weights)
        if len(errors) > 1 and errors[-2] - errors[-1] <= tol:
            converged = True
            break
    weights *= affinities.unit
    return Factors(time_courses, loadings, weights, np.array(errors), converged)


def normalize(time_courses, loadings, weights):
    """Give time courses and loadings the mean 1, or 0, and the rest to weights."""
    for factor in (time_courses, loadings):
        means = factor.mean(axis=1, keepdims=True)
        weights *= means
        factor /= np.where(means > 0, means, 1)


def count_bytes(n_recordings, n_times, n_nodes, n_components):
    """Count the bytes that a factorisation needs."""
    n_edges = n_nodes * (n_nodes - 1) // 2
    n_signals = n_recordings * n_times * (4 * n_nodes + 4 * n_components)
    # Normal equations and what they are computed from, and pairs by recording.
    n_rows = 2 * n_components**2 + 6 * n_components + n_recordings + 4
    return 8 * (n_signals + n_rows * n_edges + 4 * _NUMBERS)


def _start(affinities, n_components, random):
    """Return the factors of a random start.

    Only times have random numbers, or recordings if there is one time, so that the
    order of the nodes changes nothing.
    """
    time_courses = np.ones((n_components, affinities.n_times))
    loadings = np.ones((n_components, affinities.n_recordings))
    drawn = time_courses if affinities.n_times > 1 else loadings
    drawn[:] = random.random_sample(drawn.shape)
    weights = affinities.average(time_courses, loadings)
    weights /= np.maximum(affinities.pair_counts, 1) * affinities.n_times
    return time_courses, loadings, weights


def _update_times(time_courses, loadings, weighed, related):
    target = np.einsum("kr,krt->kt", loadings, weighed)
    normal = np.einsum("kr,lr,klr->kl", loadings, loadings, related)
    _update(time_courses, target, normal[:, :, np.newaxis])


def _update_loadings(loadings, time_courses, weighed, related):
    target = np.einsum("kt,krt->kr", time_courses, weighed)
    normal = _multiply_rows(time_courses)[:, :, np.newaxis] * related
    _update(loadings, target, normal)


def _update(factor, target, normal):
    """Minimise over one row of a factor after the other, in place.

    Column n of the factor minimises ``x' normal[:, :, n] x / 2 - target[:, n]' x``.
    """
    own = np.einsum("kkn->kn", normal)
    curvature = np.where(own > 0, own, np.inf)
    for _ in range(_SWEEPS):
        for k, row in enumerate(factor):
            slope = target[k] - (normal[k] * factor).sum(axis=0)
            np.maximum(row + slope / curvature[k], 0, out=row)


def _multiply_rows(factor):
    return factor @ factor.T


def _measure_error(square, factor, target, normal):
    """Return the root of the squared differences, as a share of the affinities."""
    explained = 2 * (target * factor).sum()
    explained -= np.einsum("kn,kln,ln->", factor, normal, factor)
    return float(np.sqrt(max(square - explained, 0) / square)) if square else 0.0


def find_loadings(affinities, time_courses, weights):
    """Find the best loadings for given time courses and weights, and their error.

    Returns
    -------
    loadings : ndarray of shape (n_components, n_recordings)
        0 for components of which a recording has no pair.

    error : float
        The relative error with these loadings.
    """
    weights = weights / affinities.unit
    weighed = affinities.weigh(weights)
    target = np.einsum("kt,krt->kr", time_courses, weighed)
    normal = _multiply_rows(time_courses)[:, :, np.newaxis]
    normal = normal * affinities.relate_weights(weights)
    loadings = np.empty_like(target)
    for recording, column in enumerate(target.T):
        loadings[:, recording] = _solve(normal[:, :, recording], column)
    return loadings, _measure_error(affinities.square, loadings, target, normal)


def _solve(normal, target):
    """Minimise ``x' normal x / 2 - target' x`` over non-negative x; 0 where it is free.

    The matrix may be singular. Rounded columns of zeros are kept from `nnls`, which
    takes them for directions.
    """
    solution = np.zeros_like(target)
    sizes = np.sqrt(normal.diagonal())
    used = sizes > 0
    if not used.any():
        return solution
    sizes = sizes[used]
    scaled = normal[np.ix_(used, used)] / sizes / sizes[:, np.newaxis]
    values, vectors = np.linalg.eigh(scaled)
    kept = values > _SINGULAR * values[-1]
    roots, vectors = np.sqrt(values[kept]), vectors[:, kept]
    aim = vectors.T @ (target[used] / sizes) / roots
    found = solve_non_negative(roots[:, np.newaxis] * vectors.T, aim)
    solution[used] = found / sizes
    return solution
