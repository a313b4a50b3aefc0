"""Graphs as users give them, checked and brought to connectome rows."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from math import isqrt

import numpy as np

from sktopo._utils.caller import warn_caller
from sktopo._utils.finite import check_finite_weights
from sktopo._utils.matrices import looks_symmetric, read_matrix
from sktopo._utils.optional import loaded_type
from sktopo._utils.samples import (
    check_columns,
    check_kinds,
    is_stack,
    name_errors,
    read_array,
)
from sktopo.barcodes._layout import warn_incomplete

_EXPECTED = (
    "connectome rows (n_samples, n_edges), symmetric matrices (n_samples, n_nodes, "
    "n_nodes), or a list of rows, matrices or networkx graphs"
)


def check_graphs(estimator, X, *, reset, any_size):
    """Validate graphs and group them by size.

    Parameters
    ----------
    estimator : estimator
        Whose number and names of features are set, or else checked.

    X : array-like or sequence
        Connectome rows, symmetric matrices or graphs of networkx.

    reset : bool
        Whether X is the X of `fit`.

    any_size : bool
        Whether the numbers of edges may differ, between graphs and from `fit`.

    Returns
    -------
    groups : list of (ndarray of shape (k,), ndarray of shape (k, n_edges))
        The samples of each size, ascending, and their connectome rows.
    """
    given, X, graphs = X, _read_samples(X), loaded_type("networkx", "Graph")
    is_condensed = is_stack(X) or (
        isinstance(X, list) and any(isinstance(x, graphs) for x in X)
    )
    if is_condensed:
        X = [_condense(graph, sample) for sample, graph in enumerate(X)]
        if not X:
            raise ValueError("X holds 0 samples; expected at least 1 graph.")
    if differ_in_length(X):
        if not any_size:
            raise ValueError(
                "The rows of X differ in length; give n_quantiles to put graphs of "
                "different sizes into one space."
            )
        groups = group_by_length(
            [
                read_array(row, f"Sample {sample} of X", "a row", ensure_2d=False)
                for sample, row in enumerate(X)
            ]
        )
    else:
        rows = read_array(X, "X", "connectome rows", estimator=estimator)
        groups = [(np.arange(len(rows)), rows)]
        if reset or not any_size:
            check_columns(estimator, X, rows, reset=reset)
    for samples, rows in groups:
        if not is_condensed:  # matrices were checked one by one, with their nodes
            name = partial(_name_sample, given, samples)
            check_finite_weights(rows, name, edges=getattr(given, "columns", None))
        if reset:
            check_not_flattened(rows, "X")
        if reset or any_size:
            warn_incomplete(rows.shape[1])
    return groups


def warn_negative(groups):
    """Warn once if graphs, as `check_graphs` groups them, have negative weights.

    They may be an oversight.
    """
    if any(rows.min() < 0 for _, rows in groups):
        warn_caller(
            "X holds negative weights. Connectomes of recordings are usually absolute "
            "correlations, FunctionalConnectome(absolute=True), and do not compare "
            "with signed ones. If all your weights are signed on purpose, silence "
            "this with warnings.filterwarnings('ignore', 'X holds negative weights')."
        )


def differ_in_length(X):
    """Return whether X is a list of rows of different lengths."""
    if not isinstance(X, list):
        return False
    shapes = {np.shape(row) for row in X}
    if len({len(shape) for shape in shapes}) > 1:
        raise ValueError(
            f"The samples of X have shapes {sorted(shapes)}; expected rows only, or "
            "matrices only."
        )
    return len(shapes) > 1


def group_by_length(rows):
    """Stack rows of equal length: a list of (samples, rows of shape (k, length))."""
    lengths = np.array([len(row) for row in rows])
    groups = []
    for length in np.unique(lengths):
        samples = np.flatnonzero(lengths == length)
        groups.append((samples, np.stack([rows[sample] for sample in samples])))
    return groups


def _read_samples(X):
    """Refuse what is not an array or a sequence; return sequences as lists."""
    graphs = loaded_type("networkx", "Graph")
    if isinstance(X, graphs):
        return [X]
    X = check_kinds(X, "X", _EXPECTED, Sequence, parts=graphs)
    for i, sample in enumerate(X if isinstance(X, list) else ()):
        if isinstance(sample, (list, tuple)):
            with name_errors(f"Sample {i} of X cannot be read as a row or a matrix"):
                X[i] = np.asarray(sample)
    return X


def _condense(graph, sample):
    """Turn a symmetric matrix or a graph of networkx into a connectome row."""
    name, nodes = f"Sample {sample} of X", None
    if isinstance(graph, loaded_type("networkx", "Graph")):
        nodes, graph = list(graph), _weight_matrix(graph, name)
    return read_matrix(graph, name, nodes)


def _weight_matrix(graph, name):
    """Return the weights of a graph of networkx, 0 where there is no edge."""
    if graph.is_multigraph():
        raise ValueError(
            f"{name} is a {type(graph).__name__}, which may have several edges between "
            "two nodes; join them to one edge with one weight first."
        )
    if len(graph) < 2:
        raise ValueError(f"{name} has {len(graph)} node(s); expected two or more.")
    try:
        return sys.modules["networkx"].to_numpy_array(graph)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{name} has edges whose attribute 'weight' is not a number: {error}"
        ) from error


def _name_sample(given, samples, row):
    """Return the words for the sample of a row, with its label in a data frame."""
    sample = samples[row]
    label = given.index[sample] if hasattr(given, "iloc") else sample
    return f"Sample {sample} of X" + ("" if label == sample else f" ({label!r})")


def check_not_flattened(rows, name):
    """Raise if rows of one length read as symmetric matrices, or all as one."""
    n_rows, n_edges = rows.shape
    if n_rows == n_edges > 2:
        upper = np.triu_indices(n_rows, 1)
        pair = rows[upper], rows.T[upper]
        is_constant = np.min(pair) == np.max(pair)
        if looks_symmetric(*pair) or (is_constant and rows.min() < rows.max()):
            raise ValueError(
                f"{name} looks like one symmetric matrix of {n_rows} nodes, but "
                f"samples come in a stack: give {name}[None]."
            )
    n_nodes = isqrt(n_edges)
    if n_nodes < 2 or n_nodes**2 != n_edges:
        return
    squares = rows.reshape(-1, n_nodes, n_nodes)
    first, second = np.triu_indices(n_nodes, 1)
    if looks_symmetric(squares[:, first, second], squares[:, second, first]):
        raise ValueError(
            f"The rows of {name} look like flattened {n_nodes} x {n_nodes} symmetric "
            f"matrices. Give matrices of shape (n_samples, {n_nodes}, {n_nodes}), or "
            "their upper triangles as scipy.spatial.distance.squareform makes them."
        )
