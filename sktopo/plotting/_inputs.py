"""What several displays draw: mean connectomes, and births and deaths."""

import numpy as np
from scipy.spatial.distance import squareform
from sklearn.utils import check_array
from sklearn.utils.validation import check_is_fitted

from sktopo._utils.nodes import check_node_names
from sktopo._utils.samples import FLOATS, is_stack, upper_triangle
from sktopo.barcodes import GraphPersistence, count_nodes


def split_steps(estimator):
    """Split a pipeline into all steps but the last, and the last.

    The first part is None if there is only one step, or no pipeline.
    """
    if not hasattr(estimator, "steps"):
        return None, estimator
    return (estimator[:-1] if len(estimator) > 1 else None), estimator[-1]


def find_node_names(estimator):
    """Return the names of the nodes that a fitted connectome estimator relates.

    Returns None if the estimator does not know them.
    """
    first_steps, last_step = split_steps(estimator)
    if hasattr(first_steps, "get_feature_names_out"):
        return first_steps.get_feature_names_out()
    return getattr(last_step, "feature_names_in_", None)


def average_connectomes(connectomes, node_names):
    """Average connectomes: rows, one row, one matrix, or a stack of matrices.

    Returns the mean row of shape (n_edges,), the names of all nodes, and the number of
    connectomes.
    """
    if is_stack(connectomes):
        matrices = check_array(connectomes, dtype=FLOATS, allow_nd=True)
        rows = [upper_triangle(m, f"Matrix {k}") for k, m in enumerate(matrices)]
    else:
        rows = np.atleast_2d(check_array(connectomes, dtype=FLOATS, ensure_2d=False))
        if len(rows) == rows.shape[1] > 1 and np.allclose(rows, rows.T):
            rows = squareform(rows, checks=False)[None]
    row = np.mean(rows, axis=0)
    n_nodes = count_nodes(len(row))
    if len(row) != n_nodes * (n_nodes - 1) // 2:
        raise ValueError(
            f"{len(row)} edges do not form an upper triangle, which has n(n-1)/2; give "
            "connectome rows or symmetric matrices."
        )
    return row, check_node_names(node_names, n_nodes), len(rows)


def compute_births_and_deaths(estimator, X, *, complete=False):
    """Compute births and deaths with a fitted GraphPersistence, or a pipeline with one.

    Returns two arrays (n_graphs, n_births) and (n_graphs, n_deaths) in units of the
    edge weights, None for those that are not kept. If `complete`, all births and deaths
    must be kept.
    """
    _, persistence = split_steps(estimator)
    if not isinstance(persistence, GraphPersistence):
        raise TypeError(
            f"Got a {type(persistence).__name__}; expected a fitted GraphPersistence, "
            "or a Pipeline that ends in one, such as pipeline[:-1]."
        )
    check_is_fitted(persistence)
    layout = persistence.layout_
    is_complete = {"birth", "death"} <= set(layout.sizes) and layout.n_quantiles is None
    if complete and not is_complete:
        raise ValueError(
            "The graph filtration needs all births and deaths; the estimator has "
            f"homology_dimensions={layout.homology_dimensions}, "
            f"n_quantiles={layout.n_quantiles}, "
            f"topology_weight={layout.topology_weight}."
        )
    parts = layout.unscale(np.asarray(estimator.transform(X)))
    return parts.get("birth"), parts.get("death")
