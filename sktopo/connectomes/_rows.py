"""Connectome rows from matrices and triangles as other packages arrange them."""

from __future__ import annotations

from math import isqrt
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial.distance import squareform

from sktopo._utils.finite import check_finite_weights
from sktopo._utils.matrices import upper_triangle
from sktopo._utils.parameters import check_option
from sktopo._utils.samples import ANY_SHAPE, check_kinds, detach, read_array

if TYPE_CHECKING:
    from typing import Literal

    from numpy.typing import ArrayLike

    from sktopo._typing import FloatArray

_EXPECTED = "an array, a data frame or a list of them"
_LAYOUTS = ("matrix", "raveled", "lower", "upper")


def connectome_rows(
    X: ArrayLike,
    *,
    layout: Literal["matrix", "raveled", "lower", "upper"] = "matrix",
    diagonal: bool | None = None,
) -> FloatArray | list[FloatArray]:
    """Turn matrices and triangles of other packages into connectome rows.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_nodes, n_nodes) or (n_samples, n_numbers), \
            or sequence of array-like
        One connectome for each sample. Those of a sequence may differ in size.

    layout : {"matrix", "raveled", "lower", "upper"}, default="matrix"
        How the weights of a sample are arranged.

        - "matrix": a square matrix, symmetric or with one triangle only, whose other
          side holds zeros or NaN, as the dense output of mne-connectivity
        - "raveled": the n_nodes² numbers of such a matrix, row by row, as the raveled
          output of mne-connectivity
        - "lower": the lower triangle row by row, as nilearn's ``vectorize=True``
        - "upper": the upper triangle row by row, as numpy.triu_indices selects it

    diagonal : bool or None, default=None
        Whether the numbers of a triangle include the diagonal, which must be said for
        "lower" and "upper": ten numbers are the weights of four nodes with their
        diagonal, and of five without. nilearn's include it unless
        ``discard_diagonal=True``. For the other layouts give None.

    Returns
    -------
    connectomes : ndarray of shape (n_samples, n_edges) or list of ndarray
        Connectome rows, the upper triangles row by row without the diagonal, in the
        order of :func:`scipy.spatial.distance.squareform`; float32 if X is, else
        float64. A list of 1-D rows if the samples differ in size.

    Raises
    ------
    ValueError
        If a sample has another shape than the layout says, is neither symmetric nor a
        triangle, or has weights that are not finite, or `diagonal` is not given.

    TypeError
        If X, or a sample in it, is not an array of numbers.

    See Also
    --------
    sktopo.FunctionalConnectome : Computes connectome rows from activations.
    sktopo.GraphPersistence : Takes connectome rows, or symmetric matrices.

    Notes
    -----
    Diagonals are ignored, so it does not matter that nilearn divides its by the square
    root of 2. The sign of weights is kept.

    Examples
    --------
    >>> import numpy as np
    >>> from sktopo.connectomes import connectome_rows
    >>> lower = np.array([[0, 0, 0], [0.1, 0, 0], [0.2, 0.3, 0]])
    >>> connectome_rows([lower])
    array([[0.1, 0.2, 0.3]])

    nilearn's ``sym_matrix_to_vec`` of a correlation matrix of four nodes:

    >>> d = 1 / np.sqrt(2)
    >>> vector = [d, 0.1, d, 0.2, 0.3, d, 0.4, 0.5, 0.6, d]
    >>> connectome_rows([vector], layout="lower", diagonal=True)
    array([[0.1, 0.2, 0.4, 0.3, 0.5, 0.6]])
    """
    check_option("layout", layout, _LAYOUTS)
    is_triangle = layout in ("lower", "upper")
    if not (
        isinstance(diagonal, (bool, np.bool_)) if is_triangle else diagonal is None
    ):
        expected = "True or False, because" if is_triangle else "None, because only"
        raise ValueError(
            f"diagonal={diagonal!r} with layout={layout!r}; expected {expected} the "
            "numbers of a triangle may or may not include the diagonal."
        )
    X = check_kinds(detach(X), "X", _EXPECTED)
    if hasattr(X, "columns"):
        X = read_array(X, "X", "a table of numbers")
    n_dimensions = 3 if layout == "matrix" else 2
    if hasattr(X, "ndim") and X.ndim not in (1, n_dimensions):
        raise ValueError(
            f"X has {X.ndim} dimensions; expected {n_dimensions} for layout={layout!r}."
            " Give X[None] for a single connectome."
        )
    rows = [
        _read_row(sample, f"Sample {i} of X", layout, diagonal)
        for i, sample in enumerate(X)
    ]
    if not rows:
        raise ValueError("X holds no samples; expected at least one.")
    same_size = len({len(row) for row in rows}) == 1
    return np.array(rows) if same_size else rows


def _read_row(sample, name, layout, diagonal):
    """Return the connectome row of one sample, whose errors begin with its name."""
    names = list(sample.columns) if hasattr(sample, "columns") else None
    numbers = read_array(detach(sample), name, "an array of numbers", **ANY_SHAPE)
    if layout in ("lower", "upper"):
        return _read_triangle(numbers, name, layout, diagonal)
    if layout == "raveled":
        n_nodes = isqrt(numbers.size)
        _check_size(numbers, name, n_nodes**2, n_nodes, "n_nodes²")
        numbers = numbers.reshape(n_nodes, n_nodes)
    if numbers.ndim != 2 or numbers.shape[0] != numbers.shape[1] or len(numbers) < 2:
        raise ValueError(
            f"{name} has shape {numbers.shape}; expected a square matrix of two nodes "
            "or more. Choose one matrix for each sample where there are several, such "
            "as those of frequencies."
        )
    for triangle, other in ((numbers, numbers.T), (numbers.T, numbers)):
        # One that is all zeros is the empty side if the other is not.
        absent = np.nan_to_num(squareform(other, checks=False))
        if not absent.any():
            row = squareform(triangle, checks=False)
            check_finite_weights(row, name, names)
            return row
    return upper_triangle(numbers, name, names)


def _read_triangle(numbers, name, layout, diagonal):
    """Return the connectome row of the numbers of a triangle, row by row."""
    n_nodes = (isqrt(8 * numbers.size + 1) + (-1 if diagonal else 1)) // 2
    n_numbers = n_nodes * (n_nodes + (1 if diagonal else -1)) // 2
    formula = f"n_nodes * (n_nodes {'+' if diagonal else '-'} 1) / 2"
    _check_size(numbers, name, n_numbers, n_nodes, formula)
    offset = 0 if diagonal else 1
    matrix = np.zeros((n_nodes, n_nodes), numbers.dtype)
    if layout == "lower":
        matrix.T[np.tril_indices(n_nodes, -offset)] = numbers
    else:
        matrix[np.triu_indices(n_nodes, offset)] = numbers
    row = squareform(matrix, checks=False)
    check_finite_weights(row, name)
    return row


def _check_size(numbers, name, n_numbers, n_nodes, formula):
    """Raise a ValueError unless there are as many numbers as so many nodes have."""
    if numbers.ndim != 1 or numbers.size != n_numbers or n_nodes < 2:
        raise ValueError(
            f"{name} has shape {numbers.shape}; expected {formula} numbers of two "
            "nodes or more."
        )
