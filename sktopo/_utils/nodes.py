"""Names of nodes and edges, and the groups (layers) that nodes belong to."""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

# The most names that are made at once. More are made when they are read: scikit-learn
# asks for all names to display an estimator, and shows a hundred.
_MOST_NAMES = 2**16


class LazyNames(NDArrayOperatorsMixin, Sequence[str]):
    """Names that are made when they are read, for graphs of millions of edges.

    Items and slices make only the names that were asked for. `numpy.asarray`, other
    keys and comparisons make all of them.

    Parameters
    ----------
    size : int
        Number of names.

    make : callable
        Returns the names at given positions, an array of objects.
    """

    def __init__(self, size, make):
        self._positions = range(size)
        self._make = make

    def __len__(self):
        return len(self._positions)

    def __getitem__(self, key):
        if isinstance(key, slice):
            return self._make(self._positions[key])
        if isinstance(key, (int, np.integer)):
            return self._make([self._positions[key]])[0]
        return np.asarray(self)[key]

    def __iter__(self):
        return iter(np.asarray(self))  # faster than item by item

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self._make(self._positions), dtype=dtype)

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        inputs = [np.asarray(x) if isinstance(x, LazyNames) else x for x in inputs]
        return getattr(ufunc, method)(*inputs, **kwargs)


def make_names(size, make):
    """Return all names that `make` makes: an array, or LazyNames if they are many."""
    return make(range(size)) if size <= _MOST_NAMES else LazyNames(size, make)


def name_columns(parts, positions):
    """Name the columns at positions of a row.

    Each part is its number of columns with their names, or with what they begin with.
    """
    positions = np.asarray(positions, dtype=np.intp)
    names = np.empty(len(positions), dtype=object)
    start = 0
    for size, label in parts:
        inside = (positions >= start) & (positions < start + size)
        local = positions[inside] - start
        is_prefix = isinstance(label, str)
        names[inside] = [f"{label}{k}" for k in local] if is_prefix else label[local]
        start += size
    return names


def fewest_nodes(n_edges):
    """Return the fewest nodes whose complete graph has so many edges."""
    return (1 + isqrt(8 * n_edges - 7)) // 2 + 1 if n_edges else 1


def find_edges(node, n_nodes):
    """Return the positions of the edges of a node in a connectome row: (n_nodes - 1,).

    They stand in the order of the other nodes.
    """
    before = np.arange(node)
    first = node * (2 * n_nodes - node - 1) // 2
    after = np.arange(first, first + n_nodes - 1 - node)
    return np.append(before * (2 * n_nodes - before - 3) // 2 - 1 + node, after)


def name_edges(nodes, positions):
    """Name the edges at positions of a connectome row by the nodes that they join."""
    n_nodes = len(nodes)
    # The first edge of each node to those after it.
    starts = np.cumsum([0, *range(n_nodes - 1, 0, -1)])
    positions = np.asarray(positions, dtype=np.intp)
    first = starts.searchsorted(positions, side="right") - 1
    second = positions - starts[first] + first + 1
    pairs = zip(first.tolist(), second.tolist(), strict=True)
    return np.array([f"{nodes[i]}--{nodes[j]}" for i, j in pairs], dtype=object)


def check_input_features(names):
    """Raise a ValueError unless `input_features` is None or a list of names."""
    if names is not None and np.ndim(names) != 1:
        raise ValueError(
            f"input_features has shape {np.shape(names)}; expected one name for each "
            "column."
        )


def check_node_names(names, n_nodes):
    """Return the names of all nodes as an array of objects; x0, x1, ... if None."""
    if names is None:
        names = [f"x{node}" for node in range(n_nodes)]
    names = np.asarray(names, dtype=object)
    if names.shape != (n_nodes,):
        raise ValueError(
            f"Got node names of shape {names.shape} for graphs of {n_nodes} nodes; "
            f"expected {n_nodes} names, such as ActivationExtractor's "
            "get_feature_names_out gives."
        )
    return names


def find_layers(names):
    """Find the layers in names such as ``"fc1[0]"``.

    Returns the names of the layers, in the order of their first node, and for each
    node the number of its layer. Nodes whose names do not end in a bracket form one
    layer without a name.
    """
    layer_of_node = [
        str(name).rsplit("[", 1)[0] if str(name).endswith("]") else "" for name in names
    ]
    layers = list(dict.fromkeys(layer_of_node))
    return layers, np.array([layers.index(layer) for layer in layer_of_node])
