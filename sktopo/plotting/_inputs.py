"""What several displays draw: mean connectomes, and births and deaths."""

import numpy as np
from scipy.spatial.distance import squareform
from sklearn.utils.validation import check_is_fitted

from sktopo._utils.finite import check_finite
from sktopo._utils.labels import check_labels
from sktopo._utils.matrices import measure_asymmetry, read_matrix
from sktopo._utils.nodes import check_node_names
from sktopo._utils.samples import (
    ANY_SHAPE,
    ANY_SIZE,
    check_kinds,
    count_samples,
    is_stack,
    read_array,
)
from sktopo.barcodes import GraphPersistence, count_nodes
from sktopo.connectomes import FunctionalConnectome
from sktopo.plotting._axes import check_axes
from sktopo.plotting._nodes import read_column_names

# The squares of larger numbers leave the range of float64.
_LARGEST = 1e150


def check_before_computing(display, ax, X, *, y=None):
    """Raise on axes and groups that cannot be drawn, before anything is computed."""
    check_axes(display, ax)
    if y is not None and hasattr(type(X), "__len__"):
        check_labels(y, count_samples(X))


def check_weights(weights, name, *, n_dimensions=(2,)):
    """Validate weights to draw: an array of floats with that many dimensions.

    `name` is for errors.
    """
    weights = read_array(weights, name, "an array of numbers", **ANY_SHAPE, **ANY_SIZE)
    if weights.ndim not in n_dimensions:
        raise ValueError(
            f"{name} has shape {weights.shape}; expected "
            f"{' or '.join(map(str, n_dimensions))} dimensions."
        )
    if weights.ndim == 2 and not len(weights):
        raise ValueError(f"{name} has 0 rows; expected at least 1.")
    check_finite(weights, name)
    largest = float(np.abs(weights).max(initial=0))
    if largest > _LARGEST:
        raise ValueError(
            f"Numbers in {name} reach {largest:.3g}, and those above {_LARGEST:g} "
            "cannot be drawn: their squares overflow. Divide all by one number."
        )
    return weights


def split_steps(estimator):
    """Split a pipeline into all steps but the last, and the last.

    The first part is None if there is only one step, or no pipeline.
    """
    if not hasattr(estimator, "steps"):
        return None, estimator
    return (estimator[:-1] if len(estimator) > 1 else None), estimator[-1]


def check_fitted(estimator, is_right, expected):
    """Raise unless an estimator is of the right kind and fitted.

    `expected` names the right kind in the TypeError.
    """
    if not is_right:
        got = getattr(estimator, "__name__", type(estimator).__name__)
        article = "an" if got[0] in "AEIOUaeiou" else "a"
        what = "the class" if isinstance(estimator, type) else article
        raise TypeError(f"Got {what} {got}; expected {expected}.")
    check_is_fitted(estimator, msg="This %(name)s is not fitted; call `fit` first.")


def compute_connectomes(estimator, X):
    """Compute connectomes with a fitted estimator; return them and the nodes' names.

    The names are None if the estimator does not know them.
    """
    first_steps, last_step = split_steps(estimator)
    # No other estimator of sktopo returns connectomes.
    is_other = type(last_step).__module__.partition(".")[0] == "sktopo"
    is_other &= not isinstance(last_step, FunctionalConnectome)
    is_other |= isinstance(last_step, type) or hasattr(last_step, "predict")
    check_fitted(
        last_step,
        hasattr(last_step, "transform") and not is_other,
        "a fitted FunctionalConnectome, or a Pipeline that ends in one, such as "
        "pipeline[:2]; BarcodeDisplay draws what a GraphPersistence returns, and "
        "EmbeddingDisplay draws clusters",
    )
    connectomes = estimator.transform(X)
    if getattr(last_step, "nodes", None) == "stimuli":
        return connectomes, getattr(last_step, "stimulus_names_", None)
    if hasattr(first_steps, "get_feature_names_out"):
        return connectomes, first_steps.get_feature_names_out()
    return connectomes, getattr(last_step, "feature_names_in_", None)


def read_connectomes(connectomes, node_names):
    """Read connectomes: rows, one row, one matrix, or a stack of matrices.

    Returns their rows, an array (n_connectomes, n_edges), and the names of all nodes:
    those in the columns of data frames if `node_names` is None, and x0, x1, ... if they
    have none.
    """
    given = connectomes
    connectomes = check_kinds(connectomes, "connectomes", "an array of numbers")
    if is_stack(connectomes):
        rows = [
            read_matrix(matrix, f"Sample {k} of connectomes")
            for k, matrix in enumerate(connectomes)
        ]
    else:
        rows = connectomes
    lengths = sorted({np.size(row) for row in rows}) if isinstance(rows, list) else []
    if len(lengths) > 1:
        raise ValueError(
            f"The connectomes have {lengths} edges, and a mean needs nodes that "
            "correspond; draw one connectome at a time."
        )
    rows = np.atleast_2d(check_weights(rows, "connectomes", n_dimensions=(1, 2)))
    if len(rows) == rows.shape[1] > 1:
        upper, lower = (squareform(part, checks=False) for part in (rows, rows.T))
        gap, tolerance, _ = measure_asymmetry(upper, lower)
        rows = upper[None] if gap <= tolerance else rows
    n_nodes = count_nodes(rows.shape[1])
    if n_nodes < 2 or rows.shape[1] != n_nodes * (n_nodes - 1) // 2:
        raise ValueError(
            f"{rows.shape[1]} edges do not form an upper triangle, which has "
            "n(n-1)/2; give connectome rows or symmetric matrices."
        )
    if node_names is None:
        node_names = read_column_names(given)
    return rows, check_node_names(node_names, n_nodes)


def average(rows):
    """Return the mean of rows, in their dtype."""
    # In float64, because sums of float32 may leave its range.
    return np.mean(rows, axis=0, dtype=np.float64).astype(rows.dtype)


def compute_births_and_deaths(estimator, X, *, complete=False):
    """Compute births and deaths with a fitted GraphPersistence, or a pipeline with one.

    Returns two arrays (n_graphs, n_births) and (n_graphs, n_deaths) in units of the
    edge weights, None for those that are not kept. If `complete`, all births and deaths
    must be kept.
    """
    _, persistence = split_steps(estimator)
    check_fitted(
        persistence,
        isinstance(persistence, GraphPersistence),
        "a fitted GraphPersistence, or a Pipeline that ends in one, such as "
        "pipeline[:-1]",
    )
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
