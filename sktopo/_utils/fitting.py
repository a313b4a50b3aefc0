"""Fits that leave an estimator as it was if they fail, and fits that transform."""

from __future__ import annotations

from contextlib import contextmanager
from copy import copy, deepcopy

from sktopo._utils.callbacks import find_callbacks


@contextmanager
def fitted_copy(estimator):
    """Yield a copy to fit, whose attributes the estimator takes over at the end.

    The copy has no fitted attributes, because the fit may not set every one again. If
    an error is raised, the estimator is left as it was.
    """
    fitted = _copy_unfitted(estimator)
    yield fitted
    estimator.__dict__ = fitted.__dict__


def clone_sharing(estimator, *shared):
    """Clone an estimator, whose clone has the objects `shared` and no copies of them.

    They are parameters that are large and never changed. Callbacks are shared too, as
    by all clones of scikit-learn: what they collect belongs together.
    """
    shared = *shared, *find_callbacks(estimator)
    return deepcopy(_copy_unfitted(estimator), {id(one): one for one in shared})


def _copy_unfitted(estimator):
    """Return a shallow copy without fitted attributes."""
    copied = copy(estimator)
    for name in list(vars(copied)):
        if name.endswith("_") and not name.startswith("_"):
            delattr(copied, name)
    return copied


def fit_and_transform(transformer, X, y=None):
    """Fit a transformer and return what it makes of X, by `fit_transform` if it can."""
    if hasattr(transformer, "fit_transform"):
        return transformer.fit_transform(X, y)
    return transformer.fit(X, y).transform(X)
