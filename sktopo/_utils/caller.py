"""Warnings that name the line by which the package was called."""

from __future__ import annotations

import inspect
import os
import warnings

import joblib
import sklearn

# Code that stands between the line of the user and what warns, such as a pipeline.
_PASSED_OVER = tuple(
    folder + os.sep
    for folder in (
        os.path.dirname(os.path.dirname(__file__)),
        os.path.dirname(sklearn.__file__),
        os.path.dirname(joblib.__file__),
    )
)


def warn_caller(message, category=UserWarning):
    """Warn at the line that called the package, however deep the warning arises.

    Where no such line is on the stack, as in a thread of joblib, the line that called
    this function is named.
    """
    frame = inspect.currentframe()
    level = 1
    while frame is not None and frame.f_code.co_filename.startswith(_PASSED_OVER):
        frame = frame.f_back
        level += 1
    warnings.warn(message, category, stacklevel=2 if frame is None else level)
