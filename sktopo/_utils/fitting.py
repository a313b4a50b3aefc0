"""Fits that leave an estimator as it was if they fail, and fits that transform."""

from __future__ import annotations

from contextlib import contextmanager
from copy import copy


@contextmanager
def fitted_copy(estimator):
    """Yield a copy to fit, whose attributes the estimator takes over at the end.

    The copy has no fitted attributes, because the fit may not set every one again. If
    an error is raised, the estimator is left as it was.
    """
    fitted = copy(estimator)
    for name in list(vars(fitted)):
        if name.endswith("_") and not name.startswith("_"):
            delattr(fitted, name)
    yield fitted
    estimator.__dict__ = fitted.__dict__


def fit_and_transform(transformer, X, y=None):
    """Fit a transformer and return what it makes of X, by `fit_transform` if it can."""
    if hasattr(transformer, "fit_transform"):
        return transformer.fit_transform(X, y)
    return transformer.fit(X, y).transform(X)
