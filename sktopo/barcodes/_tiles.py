"""Standardised units, and the weights between blocks of them, in NumPy or torch.

The weight of two units is the product of their rows in a matrix of standardised units
(n_nodes, n_observations). A tile holds the weights of a block of units to another.
NumPy's tiles and torch's have the same methods, so the same code scans either.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from sktopo._utils.optional import import_optional
from sktopo.connectomes._units import standardize

# Numbers of activations that are standardised, or multiplied in float64, at once.
_CHUNK = 2**22
# A tile with more candidates than this share is partitioned: that is then faster than
# sorting the candidates.
_MOST_CANDIDATES = 1 / 16


@dataclass(frozen=True)
class Units:
    """Standardised units: their products, times a scale, are weights.

    Parameters
    ----------
    rows : ndarray of shape (n_nodes, n_observations)
        A row for each unit.

    scale : float
        What products are multiplied by. It keeps covariances in the range of float32.

    bound : float or None
        What the size of a product cannot exceed but by rounding: 1 for correlations.

    absolute : bool
        Whether weights are absolute values.
    """

    rows: np.ndarray
    scale: float
    bound: float | None
    absolute: bool

    def multiply(self, first, second):
        """Compute the weights of pairs, but for their scale, in float64: (n_pairs,)."""
        products = np.empty(len(first))
        for part in cut(len(first), max(1, _CHUNK // self.rows.shape[1])):
            pairs = [self.rows[nodes[part]].astype(float) for nodes in (first, second)]
            np.einsum("ij,ij->i", *pairs, out=products[part])
        return self.orient(products)

    def orient(self, products):
        """Turn products into weights, in place, but for their scale."""
        if self.absolute:
            np.abs(products, out=products)
        if self.bound is not None:
            np.minimum(products, self.bound, out=products)
            if not self.absolute:
                np.maximum(products, -self.bound, out=products)
        return products


def cut(n, size):
    """Cut a range of n numbers, which may be 0, into slices of a size."""
    return [slice(start, min(start + size, n)) for start in range(0, n, size)]


def standardize_units(activations, measure, absolute, nodes):
    """Return the `Units` of those columns of activations that `nodes` lists.

    None of them is constant. The measure is a name in `MEASURES` whose weights are
    products of standardised units.
    """
    n_observations = len(activations)
    rows = np.empty((len(nodes), n_observations), dtype=activations.dtype)
    deviations = np.ones(len(nodes))
    for part in cut(len(nodes), max(1, _CHUNK // n_observations)):
        columns = activations[:, nodes[part]]
        if measure == "spearman":
            columns = rankdata(columns, axis=0)
        scores, _, _, deviations[part] = standardize(columns)
        rows[part] = scores.T / np.sqrt(n_observations)
    if measure != "covariance":
        return Units(rows, 1.0, 1.0, absolute)
    largest = deviations.max(initial=0) or 1.0
    rows *= (deviations / largest)[:, None].astype(rows.dtype)
    return Units(rows, square_size(largest), None, absolute)


def count_unit_bytes(activations):
    """Count the bytes of standardised units, and those of the work on a chunk."""
    # The columns, and their scores and three temporaries in float64.
    n_working = min(activations.size, _CHUNK) * (activations.itemsize + 4 * 8)
    return activations.nbytes, n_working


def square_size(size):
    """Square the size of units, or raise a ValueError if float64 cannot hold it."""
    with np.errstate(over="ignore", under="ignore"):
        squared = np.float64(size) ** 2
    if np.isfinite(squared) and squared >= np.finfo(float).tiny:
        return float(squared)
    raise ValueError(
        f"the largest deviation of a unit is {size:.3g}, whose square float64 cannot "
        "hold. Scale the activations, or use measure='correlation'."
    )


def make_tiles(units, device):
    """Make tiles that are computed by NumPy or, on a device, by torch."""
    return ArrayTiles(units) if device is None else TorchTiles(units, device)


def check_device(device, dtype=None):
    """Raise an error unless a device of torch holds numbers, of a dtype if given."""
    if device is None:
        return
    torch = import_optional("torch", extra="torch", purpose=f"device={device!r}")
    held = np.dtype(dtype or np.float32)
    where = "" if dtype is None else f" for {held}"
    try:
        numbers = torch.zeros(1, dtype=getattr(torch, held.name))
        numbers.to(torch.device(device)).cpu()
    except (TypeError, RuntimeError, AssertionError) as error:
        raise ValueError(
            f"device={device!r} cannot be used{where}; expected None or a device of "
            f"torch that holds numbers, such as 'cuda' or 'cpu'. torch says: {error}"
        ) from error


class ArrayTiles:
    """Tiles of weights in NumPy.

    Parameters
    ----------
    units : Units
        The units.
    """

    # Number of units in a block. It is always the same and each tile is computed by
    # one thread, so that results do not depend on the number of threads.
    block = 1024

    def __init__(self, units):
        self.units = units
        self.dtype = units.rows.dtype

    def compute(self, nodes, others):
        """Compute the weights of some units, a slice or indices, to others."""
        rows = self.units.rows
        return self.units.orient(rows[nodes] @ rows[others].T)

    def upper(self, tile):
        """Return the weights above the diagonal of a tile of units with themselves."""
        return tile[np.triu_indices(len(tile), 1)]

    def ignore_diagonal(self, tile):
        """Make the weight of a unit to itself the smallest."""
        np.fill_diagonal(tile, -np.inf)

    def find_extremes(self, weights):
        """Return the smallest and the largest weight, in their dtype."""
        return weights.min(), weights.max()

    def count(self, weights, grid, n_bins):
        """Count the weights in each bin of a grid that holds them all: (n_bins,)."""
        places = weights - grid.origin
        places *= grid.per_bin
        np.floor(places, out=places)
        places += n_bins // 2
        return np.bincount(places.ravel().astype(np.intp), minlength=n_bins)

    def find_candidates(self, tile, limits, k):
        """Find weights above the limit of their row that can be its k largest.

        Returns their rows, columns and values; those of a row in the order of columns.
        """
        tile = np.ascontiguousarray(tile)
        found = tile > limits[:, None]
        if k < tile.shape[1] and np.count_nonzero(found) > _MOST_CANDIDATES * tile.size:
            found &= tile >= np.partition(tile, -k, axis=1)[:, [-k]]
        flat = np.flatnonzero(found)
        return *np.divmod(flat, tile.shape[1]), tile.ravel()[flat]

    def find_candidates_of_columns(self, tile, limits, k):
        """Do as `find_candidates` for the columns: returns columns, rows and values."""
        found = tile > limits
        if k < len(tile) and np.count_nonzero(found) > _MOST_CANDIDATES * tile.size:
            return self.find_candidates(tile.T, limits, k)
        flat = np.flatnonzero(found)
        rows, columns = np.divmod(flat, tile.shape[1])
        return columns, rows, tile.ravel()[flat]

    def to_numpy(self, tile):
        """Return a tile as an array."""
        return tile


class TorchTiles:
    """Tiles of weights in torch, with the methods of `ArrayTiles`.

    Parameters
    ----------
    units : Units
        The units.

    device : str or torch.device
        Where the tiles are computed. Products of float32 are not rounded to TF32.
    """

    def __init__(self, units, device):
        self.torch = import_optional("torch", extra="torch", purpose=f"{device=!r}")
        self.units = units
        self.dtype = units.rows.dtype
        self._rows = self.torch.as_tensor(units.rows).to(device)
        # Large products make good use of a GPU.
        on_cpu = self._rows.device.type == "cpu"
        self.block = ArrayTiles.block if on_cpu else 8192

    def compute(self, nodes, others):
        """Compute the weights of some units, a slice or indices, to others."""
        with self._full_precision():
            tile = self._rows[nodes] @ self._rows[others].T
        if self.units.absolute:
            tile.abs_()
        if self.units.bound is not None:
            tile.clamp_(-self.units.bound, self.units.bound)
        return tile

    @contextmanager
    def _full_precision(self):
        matmul = self.torch.backends.cuda.matmul
        before, matmul.allow_tf32 = matmul.allow_tf32, False
        try:
            yield
        finally:
            matmul.allow_tf32 = before

    def upper(self, tile):
        """Return the weights above the diagonal of a tile of units with themselves."""
        first, second = self.torch.triu_indices(
            *tile.shape, offset=1, device=tile.device
        )
        return tile[first, second]

    def ignore_diagonal(self, tile):
        """Make the weight of a unit to itself the smallest."""
        tile.fill_diagonal_(-np.inf)

    def find_extremes(self, weights):
        """Return the smallest and the largest weight, in their dtype."""
        extremes = self.torch.aminmax(weights)
        return tuple(self.dtype.type(weight.item()) for weight in extremes)

    def count(self, weights, grid, n_bins):
        """Count the weights in each bin of a grid that holds them all: (n_bins,)."""
        places = weights - float(grid.origin)
        places.mul_(float(grid.per_bin)).floor_().add_(n_bins // 2)
        counts = self.torch.bincount(places.ravel().long(), minlength=n_bins)
        return counts.cpu().numpy()

    def find_candidates(self, tile, limits, k):
        """Find weights above the limit of their row that can be its k largest.

        Returns their rows, columns and values; those of a row in the order of columns.
        """
        limits = self.torch.tensor(limits, device=tile.device)
        found = tile > limits[:, None]
        if k < tile.shape[1] and int(found.sum()) > _MOST_CANDIDATES * tile.numel():
            found &= tile >= tile.topk(k, dim=1, sorted=False).values.amin(1)[:, None]
        rows, columns = found.nonzero(as_tuple=True)
        return tuple(
            part.cpu().numpy() for part in (rows, columns, tile[rows, columns])
        )

    def find_candidates_of_columns(self, tile, limits, k):
        """Do as `find_candidates` for the columns: returns columns, rows and values."""
        return self.find_candidates(tile.T, limits, k)

    def to_numpy(self, tile):
        """Return a tile as an array."""
        return tile.cpu().numpy()
