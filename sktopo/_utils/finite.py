"""Errors that name the first number that is NaN or infinite."""

from __future__ import annotations

import numpy as np
from sklearn.utils import assert_all_finite

from sktopo._utils.nodes import check_node_names, fewest_nodes, name_edges


def check_finite(
    array, name, columns=None, words=("row", "column"), *, allow_nan=False
):
    """Raise a ValueError that says where an array does not hold finite numbers.

    `name` names the array in the error, `columns` its columns. `words` say what rows
    and columns stand for.
    """
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} has the type {array.dtype}; expected numbers.")
    places, value = _find_not_finite(array, allow_nan)
    if not len(places):
        return
    first, where = places[0].tolist(), ""
    if len(first) == 1:
        place = f"at index {first[0]}"
    else:
        row, column = words
        label = ",".join(map(str, first[1:]))
        label += "" if columns is None else f" ({columns[first[1]]!r})"
        place = f"in {row} {first[0]}, {column} {label}"
        where = f", in {len(np.unique(places[:, 1:], axis=0))} {column}(s)"
    raise ValueError(
        f"{name} contains {value} {place}, the first of {len(places)} number(s) that "
        f"are not finite{where}; expected finite numbers. Replace them or leave them "
        "out."
    )


def check_finite_weights(rows, name, nodes=None, edges=None):
    """Raise a ValueError that names the first edge whose weight is not finite.

    `rows` are one connectome row or several. `name` names the graph in the error, and
    is a function of the number of its row if there are several. `nodes` names its
    nodes or `edges` its edges.
    """
    places, value = _find_not_finite(rows)
    if not len(places):
        return
    *row, at = places[0]
    if edges is None:
        names = check_node_names(nodes, fewest_nodes(rows.shape[-1]))
        edges, at = name_edges(names, [at]), 0
    raise ValueError(
        f"{name(*row) if row else name} contains {value} as the weight of edge "
        f"{edges[at]}; expected finite weights. A correlation is NaN if a node never "
        f"varies, and weights that are too large for {rows.dtype} are infinite."
    )


def _find_not_finite(array, allow_nan=False):
    """Return the places of numbers that are not finite, and a word for the first.

    None are found where `sklearn.config_context(assume_finite=True)` applies.
    """
    try:
        assert_all_finite(array, allow_nan=allow_nan)
    except ValueError:
        places = np.argwhere(np.isinf(array) if allow_nan else ~np.isfinite(array))
        return places, "NaN" if np.isnan(array[tuple(places[0])]) else "infinity"
    return (), ""
