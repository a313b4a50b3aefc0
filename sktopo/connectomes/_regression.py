"""Regression of units on confounds, and what it leaves of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import svd

from sktopo.connectomes._units import find_constant_units, standardize

# Units of which up to so many roundings remain are taken for explained exactly.
_ROUNDINGS = 16
# What overflows raises an error at the end.
_QUIET = np.errstate(over="ignore", invalid="ignore")


@dataclass(frozen=True)
class Scaler:
    """How columns are standardised; `deviation` is 0 where they never vary."""

    mean: np.ndarray
    remainder: np.ndarray
    deviation: np.ndarray

    @classmethod
    def fit(cls, table):
        _, mean, remainder, deviation = standardize(table)
        deviation[find_constant_units(table)] = 0
        return cls(mean, remainder, deviation)

    def transform(self, table):
        """Return the scores of a table in float64; 0 in columns that never vary."""
        scores = table - self.mean
        scores -= self.remainder
        scores /= np.where(self.deviation == 0, np.inf, self.deviation)
        return scores


@dataclass(frozen=True)
class Regression:
    """A regression of units on confounds and, if asked for, on their global signal.

    coefficients : ndarray of shape (n_regressors, n_units)
        In deviations of the unit for one deviation of the confound.

    explained : ndarray of shape (n_units,)
        Mask of units of which only rounding errors remain, or that never vary.
    """

    units: Scaler
    confounds: Scaler
    global_signal: bool
    coefficients: np.ndarray
    explained: np.ndarray

    @classmethod
    @_QUIET
    def fit(cls, units, confounds, global_signal, name):
        """Learn the regression; `name` begins the error if nothing would remain."""
        scalers = Scaler.fit(units), Scaler.fit(confounds)
        scores = scalers[0].transform(units)
        regressors = _join(scores, confounds, *scalers, global_signal)
        # Before version 1.14 that of SciPy refuses matrices without columns.
        decompose = svd if regressors.size else np.linalg.svd
        left, sizes, right = decompose(regressors, full_matrices=False)
        smallest = sizes.max(initial=0) * max(regressors.shape) * np.finfo(float).eps
        kept = sizes > smallest
        if len(units) <= kept.sum() + 1:
            raise ValueError(
                f"{name} has {len(units)} observations for {kept.sum()} confound(s), "
                "which explain everything; expected more observations than "
                f"{kept.sum() + 1}, or fewer confounds."
            )
        products = left[:, kept].T @ scores
        coefficients = right[kept].T @ (products / sizes[kept, np.newaxis])
        residuals = scores - left[:, kept] @ products
        remaining = np.sqrt(np.square(residuals).mean(axis=0)) * scalers[0].deviation
        largest = np.maximum(units.max(axis=0), -units.min(axis=0))
        rounding = _ROUNDINGS * np.finfo(units.dtype).eps * largest
        return cls(*scalers, global_signal, coefficients, remaining <= rounding)

    @_QUIET
    def transform(self, units, confounds):
        """Return what remains of the units, with their means, in their dtype."""
        scores = self.units.transform(units)
        regressors = _join(
            scores, confounds, self.units, self.confounds, self.global_signal
        )
        residuals = scores - regressors @ self.coefficients
        residuals[:, self.explained] = 0
        residuals *= self.units.deviation
        residuals += self.units.mean
        residuals = residuals.astype(units.dtype, copy=False)
        if not np.isfinite(residuals).all():
            raise ValueError(
                f"What confounds leave of the units is too large for {units.dtype}. "
                "Divide the recordings by one constant first."
            )
        return residuals


def _join(scores, confounds, of_units, of_confounds, global_signal):
    """Return the standardised confounds, and the global signal as the last column."""
    regressors = of_confounds.transform(confounds)
    if not global_signal:
        return regressors
    weights = of_units.deviation / max(of_units.deviation.max(), np.finfo(float).tiny)
    return np.column_stack([regressors, scores @ weights / len(weights)])
