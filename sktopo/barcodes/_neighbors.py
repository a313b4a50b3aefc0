"""The strongest neighbours of each node, found while tiles of weights pass by."""

from __future__ import annotations

import numpy as np

# Candidates that wait for being merged, in units of the length of the lists.
_WAITING = 0.5


class Neighbors:
    """The k strongest neighbours of each node among those seen so far.

    A neighbour is stronger if its weight is larger, or equal and its number smaller.
    Candidates must come in ascending order of their numbers for each node.

    Parameters
    ----------
    n_nodes : int
        Number of nodes.

    k : int
        Number of neighbours to keep.

    dtype : dtype
        Of the weights.
    """

    def __init__(self, n_nodes, k, dtype):
        self.weights = np.full((n_nodes, k), -np.inf, dtype)
        self.nodes = np.full((n_nodes, k), -1, np.int32)
        self._waiting = {}

    def limits(self, block):
        """Return what a weight must exceed to enter the list of a node."""
        return self.weights[block, -1]

    def offer(self, block, rows, nodes, weights):
        """Keep candidates of a block of nodes until there are enough to merge.

        `rows` are their places within the block, `nodes` the neighbours. Threads may
        offer to different blocks at once.
        """
        waiting = self._waiting.setdefault(block.start, [])
        waiting.append((rows.astype(np.int32), nodes.astype(np.int32), weights))
        size = (block.stop - block.start) * self.nodes.shape[1]
        if sum(len(part) for part, _, _ in waiting) > _WAITING * size:
            self.merge(block)

    def merge(self, block):
        """Merge the candidates that wait for a block into its lists."""
        waiting = self._waiting.pop(block.start, None)
        if waiting:
            self.replace(block, *map(np.concatenate, zip(*waiting, strict=True)))

    def replace(self, block, rows, nodes, weights):
        """Put the strongest of the lists of a block and of candidates in the lists."""
        old, old_nodes = self.weights[block], self.nodes[block]
        places, columns = np.nonzero(old_nodes >= 0)
        rows = np.concatenate([places, rows])
        nodes = np.concatenate([old_nodes[places, columns], nodes])
        weights = np.concatenate([old[places, columns], weights])
        table = keep_strongest(rows, nodes, weights, old.shape)
        self.nodes[block], self.weights[block] = table


def keep_strongest(rows, nodes, weights, shape):
    """Sort candidates of each row, those of one weight being in order, and keep some.

    Returns the nodes and the weights as tables of a shape (n_rows, k); where a row has
    fewer candidates, they end with -1 and -inf.
    """
    n_rows, k = shape
    order = _sort_candidates(rows, weights, n_rows)
    starts = np.cumsum(np.bincount(rows, minlength=n_rows))
    rows = rows[order]
    places = np.arange(len(rows)) - np.concatenate([[0], starts])[rows]
    kept = places < k
    table = np.full(shape, -1, np.int32), np.full(shape, -np.inf, weights.dtype)
    for out, values in zip(table, (nodes, weights), strict=True):
        out[rows[kept], places[kept]] = values[order[kept]]
    return table


def _sort_candidates(rows, weights, n_rows):
    """Return the stable order of candidates by row, then by descending weight."""
    n_bits = len(rows).bit_length()
    if weights.dtype != np.float32 or (n_rows - 1).bit_length() + n_bits > 32:
        return np.lexsort((-weights, rows))
    # Row, weight and place fit into one integer, which sorts eight times faster. The
    # bits of a float ascend with it, or descend if it is negative.
    bits = (0 - weights).view(np.uint32)
    bits = np.where(bits >> 31, ~bits, bits | np.uint32(2**31)).astype(np.uint64)
    keys = rows.astype(np.uint64) << np.uint64(32) | bits
    keys = keys << np.uint64(n_bits) | np.arange(len(rows), dtype=np.uint64)
    keys.sort()
    return (keys & np.uint64(2**n_bits - 1)).astype(np.intp)
