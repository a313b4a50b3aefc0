"""What several estimators check, import and report in the same way."""

from __future__ import annotations

import functools
import importlib
from numbers import Integral, Real
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial.distance import squareform
from sklearn.base import TransformerMixin
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any, TypeGuard

    from numpy.typing import NDArray

    from sktopo._typing import FloatArray, T, Table

FLOATS = [np.float64, np.float32]
# Largest asymmetry forgiven, as a share of the largest weight: float32 rounding.
SYMMETRY = 1e-6


def check_option(name: str, value: object, options: Iterable[str]) -> None:
    """Raise a ValueError unless the parameter `name` is one of the options."""
    if not (isinstance(value, str) and value in options):
        listed = ", ".join(repr(option) for option in options)
        raise ValueError(f"{name}={value!r} is unknown; expected one of {listed}.")


def check_flag(name: str, value: object) -> None:
    """Raise a ValueError unless the parameter `name` is True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise ValueError(f"{name} must be True or False, got {value!r}.")


def is_integer(value: object) -> TypeGuard[int]:
    """Tell an integer, of Python or NumPy, that is no bool."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def check_integer(name: str, value: Any, smallest: int) -> None:
    """Raise a ValueError unless `value` is an integer of at least `smallest`."""
    if not is_integer(value) or value < smallest:
        raise ValueError(
            f"{name} must be an integer of at least {smallest}, got {value!r}."
        )


def check_real(name: str, value: Any, low: float, high: float) -> None:
    """Raise a ValueError unless `value` is a finite number in [low, high]."""
    is_real = isinstance(value, Real) and not isinstance(value, bool)
    if not is_real or not np.isfinite(value) or not low <= value <= high:
        raise ValueError(
            f"{name} must be a finite number in [{low}, {high}], got {value!r}."
        )


def check_positive(name: str, value: Any) -> None:
    """Raise a ValueError unless `value` is a finite number above 0."""
    check_real(name, value, 0, np.inf)
    if value == 0:
        raise ValueError(f"{name} must be positive, got 0.")


def forget(estimator: object) -> None:
    """Drop all fitted attributes, some of which the next fit may not set again."""
    for name in list(vars(estimator)):
        if name.endswith("_") and not name.startswith("_"):
            delattr(estimator, name)


def is_stack(X: Any) -> bool:
    """Tell a stack or sequence of tables from a single table."""
    if hasattr(X, "ndim") and not (X.ndim == 1 and X.dtype == object):
        return X.ndim > 2
    return (
        isinstance(X, (list, tuple, np.ndarray)) and len(X) > 0 and np.ndim(X[0]) >= 2
    )


def check_samples(X: Any) -> FloatArray | list[FloatArray]:
    """Validate activations of samples, each of shape (n_observations, n_nodes).

    Returns a 3-D array if X is one, else a list of 2-D arrays.
    """
    if not hasattr(X, "ndim") or X.ndim == 1:
        return [check_array(sample, dtype=FLOATS, input_name="X") for sample in X]
    X = check_array(X, dtype=FLOATS, allow_nd=True, input_name="X")
    if X.ndim != 3:
        raise ValueError(
            f"X has {X.ndim} dimensions; expected 3, (n_samples, n_observations, "
            "n_nodes)."
        )
    return X


def check_units(estimator: Any, X: Any, *, reset: bool) -> None:
    """Let `validate_data` check the widths and column names of samples of one width."""
    for sample, table in enumerate(X):
        first = sample == 0
        width = np.shape(table)[1]
        if first or hasattr(table, "columns") or width != estimator.n_features_in_:
            validate_data(
                estimator, table, skip_check_array=True, reset=reset and first
            )


def upper_triangle(matrix: FloatArray, name: str) -> FloatArray:
    """Turn a symmetric matrix into its row of edges; `name` is for errors."""
    row = squareform(matrix, checks=False)
    mirrored = squareform(matrix.T, checks=False)
    gap = np.abs(row - mirrored).max(initial=0)
    if gap > SYMMETRY * max(
        np.abs(row).max(initial=0), np.abs(mirrored).max(initial=0)
    ):
        raise ValueError(
            f"{name} is not symmetric: entries differ from their mirror image by up to "
            f"{gap:.3g}. A connectome relates pairs without direction; symmetrise it "
            "first, e.g. (A + A.T) / 2."
        )
    return row


def import_optional(module: str, *, extra: str, purpose: str) -> Any:
    """Import a soft dependency, or say which extra of sktopo installs it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(
            f"{purpose} needs {module}, which could not be imported: {error}. "
            f"Install it with: pip install 'sktopo[{extra}]'"
        ) from error


def progress(
    iterable: Iterable[T],
    *,
    verbose: bool,
    description: str | None,
    total: int | None = None,
) -> Iterable[T]:
    """Wrap an iterable in a progress bar if `verbose`."""
    if not verbose:
        return iterable
    tqdm = import_optional("tqdm", extra="torch", purpose="verbose=True")
    return tqdm.tqdm(iterable, desc=description, total=total)


def as_table(columns: dict[str, NDArray[Any]]) -> Table:
    """Make a data frame of columns, or leave them a dict where there is no pandas."""
    try:
        pandas = import_optional("pandas", extra="tests", purpose="A data frame")
    except ImportError:
        return columns
    return pandas.DataFrame(columns)


def make_table(rows: Sequence[dict[str, Any]], columns: Iterable[str]) -> Table:
    """Make a data frame of rows, or a dict of arrays where there is no pandas."""
    return as_table(
        {name: _column([row.get(name, np.nan) for row in rows]) for name in columns}
    )


def _column(values: list[Any]) -> NDArray[Any]:
    """Make a column; of objects if it holds any: words, dicts."""
    numeric = all(isinstance(value, (int, float, np.number)) for value in values)
    if numeric:
        return np.array(values)
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


class _Dresser(TransformerMixin):
    """Its `transform`, wrapped by TransformerMixin, gives a result its container."""

    def transform(self, X: Any, result: Any) -> Any:
        """Return the result; the wrapper makes a data frame of it where asked."""
        return result


def set_output_on_tables(cls: type[T]) -> type[T]:
    """Decorate a transformer whose result is a table for some inputs only.

    TransformerMixin would hand a stack of tables to pandas or polars, which refuse
    it, so no Pipeline through such a step could have its output set. Here a stack
    becomes a list of data frames where data frames are asked for, so that the names
    of units reach the next step. What has no common names stays as it is.
    """
    # The wrapper of TransformerMixin keeps what it wraps, as functools.wraps does.
    compute = cls.transform.__wrapped__  # type: ignore[attr-defined]

    @functools.wraps(compute)
    def transform(self: Any, X: Any) -> Any:
        result = compute(self, X)
        if not is_stack(result):
            is_table = isinstance(result, np.ndarray)
            return _Dresser.transform(self, X, result) if is_table else result
        try:
            self.get_feature_names_out()
        except ValueError:  # samples of different widths have no names in common
            return result
        dressed = [_Dresser.transform(self, None, sample) for sample in result]
        return result if isinstance(dressed[0], np.ndarray) else dressed

    def fit_transform(self: Any, X: Any, y: object = None) -> Any:
        """Fit to X and transform it: ``fit(X, y).transform(X)``."""
        return self.fit(X, y).transform(X)

    fit_transform.__qualname__ = f"{cls.__qualname__}.fit_transform"
    cls.transform = transform  # type: ignore[attr-defined]
    cls.fit_transform = fit_transform  # type: ignore[attr-defined]
    return cls
