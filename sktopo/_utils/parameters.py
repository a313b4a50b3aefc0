"""Checks of parameters, with one wording of what was got and what is expected."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
from sklearn.utils import check_random_state


def check_option(name, value, options):
    """Raise a ValueError unless the parameter `name` is one of the options."""
    if not (isinstance(value, str) and value in options):
        listed = ", ".join(repr(option) for option in options)
        raise ValueError(f"{name}={value!r} is unknown; expected one of {listed}.")


def check_flag(name, value):
    """Raise a ValueError unless the parameter `name` is True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise ValueError(f"{name} must be True or False, got {value!r}.")


def is_integer(value):
    """Return whether `value` is an integer of Python or NumPy, and not a bool."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def check_integer(name, value, smallest):
    """Raise a ValueError unless `value` is an integer of at least `smallest`."""
    if not is_integer(value) or value < smallest:
        raise ValueError(
            f"{name} must be an integer of at least {smallest}, got {value!r}."
        )


def check_real(name, value, low, high):
    """Raise a ValueError unless `value` is a finite number in [low, high]."""
    is_real = isinstance(value, Real) and not isinstance(value, bool)
    if not is_real or not np.isfinite(value) or not low <= value <= high:
        raise ValueError(
            f"{name} must be a finite number in [{low}, {high}], got {value!r}."
        )


def check_positive(name, value):
    """Raise a ValueError unless `value` is a finite number above 0."""
    check_real(name, value, 0, np.inf)
    if value == 0:
        raise ValueError(f"{name} must be positive, got 0.")


def check_n_jobs(n_jobs):
    """Raise a ValueError unless `n_jobs` is None or an integer other than 0."""
    if n_jobs is not None and not (is_integer(n_jobs) and n_jobs != 0):
        raise ValueError(
            "n_jobs must be None or an integer other than 0 (-1 stands for all "
            f"processors), got {n_jobs!r}."
        )


def read_random_state(random_state):
    """Return the generator of random numbers that the parameter stands for."""
    try:
        return check_random_state(random_state)
    except (TypeError, ValueError) as error:
        raise ValueError(
            "random_state must be None, an integer in [0, 4294967295] or a "
            f"numpy.random.RandomState, got {random_state!r:.80}."
        ) from error


def check_transformer(transformer):
    """Raise a TypeError unless `transformer` is a transformer, and not a class."""
    if isinstance(transformer, type):
        raise TypeError(
            f"transformer is the class {transformer.__name__}; expected an "
            f"instance, such as {transformer.__name__}()."
        )
    methods = ("get_params", "fit", "transform")
    if not all(hasattr(transformer, method) for method in methods):
        raise TypeError(
            f"transformer is of type {type(transformer).__name__}; expected a "
            "transformer of scikit-learn, with fit and transform, or a pipeline "
            "that ends in one."
        )
