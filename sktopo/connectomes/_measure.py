"""Measures as FunctionalConnectome is given them: names, functions and parameters."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from scipy.spatial.distance import squareform

from sktopo._utils.nodes import check_node_names, fewest_nodes, name_edges
from sktopo._utils.parameters import check_flag, check_option
from sktopo.connectomes.measures import MEASURES
from sktopo.connectomes.measures._partial import check_shrinkage
from sktopo.connectomes.measures._products import ROWS, count_working_bytes

# Measures whose weights are not correlations, so that Fisher's z is not defined.
_NOT_CORRELATIONS = ("covariance", "coherence", "phase locking value")
# Measures for which the order of observations is that of time.
OF_TIME = ("lagged correlation", "coherence", "phase locking value")
# Bytes for each entry of a matrix (n_nodes, n_nodes) beyond the result, and for each
# activation, of the measures that need whole matrices, and of others that are added.
_WORKING = {
    "partial correlation": (32, 20),
    "lagged correlation": (24, 20),
}
_MOST = (32, 36)
# Correlations that differ from 1 by so many roundings are taken for 1.
_ROUNDINGS = 16


@dataclass(frozen=True)
class KnownMeasure:
    """A measure in `MEASURES`, and the parameters it is called with."""

    name: str
    parameters: dict[str, Any]

    def compute_row(self, activations):
        """Compute the connectome row of activations that were validated."""
        if self.name in ROWS:
            return ROWS[self.name](activations, **self.parameters)
        matrix = MEASURES[self.name](activations, **self.parameters)
        return squareform(matrix, checks=False)

    def count_working_bytes(self, n_observations, n_nodes, itemsize):
        """Count the bytes that are needed beyond the row."""
        if self.name in ROWS:
            return count_working_bytes(self.name, n_observations, n_nodes, itemsize)
        per_weight, per_activation = _WORKING.get(self.name, _MOST)
        n_bytes = (per_weight + itemsize) * n_nodes**2
        return n_bytes + per_activation * n_observations * n_nodes


def find_known(measure):
    """Return the KnownMeasure that is meant; None if it is a callable of the user.

    A measure is known by its name, as its function or as a partial of that.
    """
    if isinstance(measure, str):
        return KnownMeasure(measure, {})
    function, parameters = measure, {}
    if isinstance(measure, partial) and not measure.args:
        function, parameters = measure.func, measure.keywords
    for name, known in MEASURES.items():
        if function is known:
            return KnownMeasure(name, parameters)
    return None


def check_measure(measure, *, nodes, shrinkage, fisher):
    """Raise a ValueError if the measure, or what goes with it, has a wrong value."""
    if not callable(measure):
        check_option("measure", measure, MEASURES)
    check_flag("fisher", fisher)
    known = find_known(measure)
    name = None if known is None else known.name
    if shrinkage is not None:
        check_shrinkage(shrinkage)
        if measure != "partial correlation":
            raise ValueError(
                f"shrinkage={shrinkage!r} is for measure='partial correlation' only, "
                f"got measure={measure!r}. Give shrinkage=None."
            )
    if fisher and name in _NOT_CORRELATIONS:
        raise ValueError(
            f"fisher=True transforms correlations, but measure={name!r} computes other "
            "weights. Give fisher=False."
        )
    if nodes == "stimuli" and name in OF_TIME:
        raise ValueError(
            f"measure={name!r} needs observations in the order of time, but "
            "nodes='stimuli' relates stimuli over units, which have no order. Give "
            "nodes='units', or another measure."
        )


def transform_fisher(row, name, names):
    """Replace correlations by their Fisher z, in place.

    `name` names the sample in the error, `names` its nodes.
    """
    largest = max(row.max(), -row.min())
    if largest > 1 - _ROUNDINGS * np.finfo(row.dtype).eps:
        at = np.abs(row).argmax()
        nodes = check_node_names(names, fewest_nodes(len(row)))
        raise ValueError(
            f"{name}: the weight of edge {name_edges(nodes, [at])[0]} is {row[at]:.6g},"
            " but fisher=True needs correlations between -1 and 1, which themselves "
            "would become infinite. Leave out one of two nodes that repeat each other, "
            "give more observations, or use fisher=False."
        )
    return np.arctanh(row, out=row)
