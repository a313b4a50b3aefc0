"""What several estimators check, import and report in the same way."""

import functools
import importlib

import numpy as np
from sklearn.base import TransformerMixin
from sklearn.utils import check_array

FLOATS = [np.float64, np.float32]


def check_option(name, value, options):
    """Raise a ValueError unless the parameter `name` is one of the options."""
    if not (isinstance(value, str) and value in options):
        listed = ", ".join(repr(option) for option in options)
        raise ValueError(f"{name}={value!r} is unknown; expected one of {listed}.")


def check_flag(name, value):
    """Raise a TypeError unless the parameter `name` is True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be True or False, got {value!r}.")


def forget(estimator, *learnt):
    """Drop fitted attributes that the next fit may not set again."""
    for name in learnt:
        vars(estimator).pop(name, None)


def is_stack(X):
    """Tell a stack or sequence of tables from a single table."""
    if hasattr(X, "ndim") and not (X.ndim == 1 and X.dtype == object):
        return X.ndim > 2
    return isinstance(X, (list, tuple, np.ndarray)) and len(X) and np.ndim(X[0]) >= 2


def check_samples(X):
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


def import_optional(module, *, extra, purpose):
    """Import a soft dependency, or say which extra of sktopo installs it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(
            f"{purpose} needs {module}, which could not be imported: {error}. "
            f"Install it with: pip install 'sktopo[{extra}]'"
        ) from error


def progress(iterable, *, verbose, description, total=None):
    """Wrap an iterable in a progress bar if `verbose`."""
    if not verbose:
        return iterable
    tqdm = import_optional("tqdm", extra="torch", purpose="verbose=True")
    return tqdm.tqdm(iterable, desc=description, total=total)


class _Dresser(TransformerMixin):
    """Its `transform`, wrapped by TransformerMixin, gives a result its container."""

    def transform(self, X, result):
        """Return the result; the wrapper makes a data frame of it where asked."""
        return result


def set_output_on_tables(cls):
    """Decorate a transformer whose result is a table for some inputs only.

    TransformerMixin would hand a stack of tables to pandas or polars, which refuse
    it, so no Pipeline through such a step could have its output set. Here a stack
    becomes a list of data frames where data frames are asked for, so that the names
    of units reach the next step. What has no common names stays as it is.
    """
    # The wrapper of TransformerMixin keeps what it wraps, as functools.wraps does.
    compute = cls.transform.__wrapped__

    @functools.wraps(compute)
    def transform(self, X):
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

    def fit_transform(self, X, y=None):
        """Fit to X and transform it: ``fit(X, y).transform(X)``."""
        return self.fit(X, y).transform(X)

    cls.transform, cls.fit_transform = transform, fit_transform
    return cls
