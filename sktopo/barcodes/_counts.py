"""Weights that pass by, kept as counts on a grid or all of them, and the deaths left.

Both classes have the same methods: `add` takes the weights of a tile, from several
threads if need be, and `find_deaths` returns what is left without the births.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock

import numpy as np

from sktopo.barcodes._quantiles import quantile_vectors

# Bins of the grid. It covers at most four times the range of the weights, so an average
# of midpoints is at most 2 / 2^18, or 0.8e-5, of the range away.
_N_BINS = 2**18


@dataclass(frozen=True)
class Grid:
    """Equal bins to both sides of an origin.

    Parameters
    ----------
    origin : float
        The border between the lower and the upper half of the bins.

    per_bin : float
        One over the width of a bin.
    """

    origin: np.floating
    per_bin: np.floating


class WeightCounts:
    """Count weights in bins, whose width doubles when a weight lies beyond them.

    Two bins then become one exactly, so the counts do not depend on the order of the
    tiles.

    Parameters
    ----------
    tiles : ArrayTiles or TorchTiles
        Counts the weights of a tile.

    first : array or tensor
        Some weights, which set the origin and the first width.
    """

    def __init__(self, tiles, first):
        self._tiles, self._lock = tiles, Lock()
        low, high = map(float, tiles.find_extremes(first))
        origin, dtype = (low + high) / 2, tiles.dtype.type
        smallest = 2 * np.finfo(dtype).eps * max(abs(low), abs(high), 1e-20)
        # The largest weight lies within the last bin, not at its end.
        radius = 1.001 * max((high - low) / 2, smallest)
        self._grid = Grid(dtype(origin), dtype(_N_BINS / 2 / radius))
        self._counts = np.zeros(_N_BINS, np.int64)

    def add(self, weights):
        """Count the weights of a tile."""
        if 0 in weights.shape:  # a single unit, with itself
            return
        low, high = self._tiles.find_extremes(weights)
        with self._lock:
            while not self._holds(low) or not self._holds(high):
                self._double()
            grid = self._grid
        counts = self._tiles.count(weights, grid, _N_BINS)
        with self._lock:
            while grid.per_bin > self._grid.per_bin:
                counts = _merge_pairs(counts)
                grid = Grid(grid.origin, grid.per_bin / 2)
            self._counts += counts

    def find_deaths(self, births, n_zeros, n_quantiles):
        """Average the quantile function of the deaths: (n_quantiles,).

        Parameters
        ----------
        births : ndarray
            Weights that were counted and are births.

        n_zeros : int
            Number of deaths that were not counted and are 0.

        n_quantiles : int
            Number of averages.
        """
        counts = self._counts.copy()
        np.subtract.at(counts, self._places(births), 1)
        # A birth that was computed again can lie in the bin next to its own.
        ranks = np.maximum.accumulate(counts.cumsum()).clip(max=counts.sum())
        origin, per_bin = float(self._grid.origin), float(self._grid.per_bin)
        # Values are in bins from the origin, so that narrow ranges keep their digits.
        values = np.arange(_N_BINS) - (_N_BINS - 1) / 2
        at = values.searchsorted(-origin * per_bin)
        counts = np.insert(np.diff(ranks, prepend=0), at, n_zeros)
        values = np.insert(values, at, -origin * per_bin)
        shares = np.concatenate([[0], counts.cumsum() / counts.sum()])
        sums = np.concatenate([[0], (counts * values).cumsum() / counts.sum()])
        cuts = np.interp(np.linspace(0, 1, n_quantiles + 1), shares, sums)
        averages = origin + np.diff(cuts) * n_quantiles / per_bin
        if len(births):  # the largest weight of a graph is a birth
            averages = averages.clip(max=births.max())
        return np.maximum.accumulate(averages)

    def _places(self, weights):
        places = np.floor((weights - self._grid.origin) * self._grid.per_bin)
        return (places.astype(np.intp) + _N_BINS // 2).clip(0, _N_BINS - 1)

    def _holds(self, weight):
        place = np.floor((weight - self._grid.origin) * self._grid.per_bin)
        return -_N_BINS // 2 <= place < _N_BINS // 2

    def _double(self):
        self._grid = Grid(self._grid.origin, self._grid.per_bin / 2)
        self._counts = _merge_pairs(self._counts)


class AllWeights:
    """Keep all weights.

    Parameters
    ----------
    tiles : ArrayTiles or TorchTiles
        Turns a tile into an array.

    n_weights : int
        How many there will be.
    """

    def __init__(self, tiles, n_weights):
        self._tiles, self._lock = tiles, Lock()
        self._weights = np.empty(n_weights, tiles.dtype)
        self._stop = 0

    def add(self, weights):
        """Keep the weights of a tile."""
        weights = self._tiles.to_numpy(weights)
        with self._lock:
            start = self._stop
            self._stop = stop = start + weights.size
        self._weights[start:stop] = weights.ravel()

    def find_deaths(self, births, n_zeros, n_quantiles):
        """Return all deaths, ascending, or averages of their quantile function."""
        weights = self._weights
        weights.sort()
        places = _find_places(weights, np.sort(births))
        kept = np.ones(len(weights), bool)
        kept[places] = False
        deaths = weights[kept]
        if n_zeros:
            zeros = np.zeros(n_zeros, deaths.dtype)
            deaths = np.insert(deaths, deaths.searchsorted(0), zeros)
        if n_quantiles is None:
            return deaths
        return quantile_vectors(deaths[None], n_quantiles)[0]


def _merge_pairs(counts):
    merged = np.zeros_like(counts)
    quarter = len(counts) // 4
    merged[quarter : 3 * quarter] = counts.reshape(-1, 2).sum(axis=1)
    return merged


def _find_places(weights, births):
    """Find distinct places of births among weights, both ascending.

    A birth that was computed again can differ from its weight by rounding.
    """
    if not len(births):
        return np.empty(0, np.intp)
    places = weights.searchsorted(births)
    is_there = weights.take(places, mode="clip") == births
    slack = 64 * np.finfo(weights.dtype).eps * np.abs(weights[[0, -1]]).max()
    places = np.sort(np.where(is_there, places, weights.searchsorted(births - slack)))
    ranks = np.arange(len(births))
    places = np.maximum.accumulate(places - ranks) + ranks
    return np.minimum(places, len(weights) - len(births) + ranks)
