"""Directions in the activations of a layer: those of PCA, and those that matter next.

Activations are rows (n_stimuli, n_units). Everything is computed in float64.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import eigh, svd

from sktopo._utils.geometry import mean_row


@dataclass(frozen=True, eq=False)
class Rotation:
    """Features of a layer, from the most to the least important one.

    mean : mean activations, (n_units,). They are not a feature: whatever is left out,
        the mean stays.
    components : what turns deviations from the mean into features, (n_units,
        n_features).
    inverse : what turns features into deviations from the mean, (n_features, n_units).
    eigenvalues : importance of the features, (n_features,), positive, in descending
        order.
    """

    mean: np.ndarray
    components: np.ndarray
    inverse: np.ndarray
    eigenvalues: np.ndarray

    def rotate(self, activations):
        """Turn activations into features, (n_stimuli, n_features)."""
        return (activations - self.mean) @ self.components

    def restore(self, features):
        """Turn features into activations; fewer features are the first ones."""
        return self.mean + features @ self.inverse[: features.shape[1]]


def find_principal(activations, tol=0.0):
    """Find the principal components of activations, as a `Rotation`.

    The eigenvalues are variances. Components are left out if their variance is due to
    rounding, or at most `tol` times the largest.
    """
    mean, _ = mean_row(activations, caller="InteractionBasis")
    deviations = activations - mean
    scores, deviation, axes = svd(deviations, full_matrices=False)
    deviation /= len(activations) ** 0.5
    largest = max(float(activations.max()), -float(activations.min()))
    rounding = float(np.finfo(activations.dtype).eps) * largest * len(mean) ** 0.5
    with np.errstate(over="ignore", under="ignore"):
        variance = deviation**2
    is_kept = (deviation > rounding) & (deviation > tol**0.5 * deviation[0])
    is_kept &= variance > 0
    axes = axes[is_kept] * _find_signs(scores[:, is_kept])[:, None]
    return Rotation(mean, axes.T, axes, variance[is_kept])


def whiten(principal):
    """Scale principal components to a variance of one."""
    deviation = np.sqrt(principal.eigenvalues)
    return replace(
        principal,
        components=principal.components / deviation,
        inverse=principal.inverse * deviation[:, None],
    )


def align(white, products, activations, tol):
    """Turn white features to those that matter for what comes next.

    Parameters
    ----------
    white : Rotation
        Features of uncorrelated unit variance.

    products : ndarray of shape (n_white, n_white)
        The mean of JᵀJ over stimuli, J the derivatives of the features of the next
        layer by the white features.

    activations : ndarray of shape (n_stimuli, n_units)
        The activations; the signs of features are chosen by them.

    tol : float
        Features whose eigenvalue is at most `tol` times the largest are left out.

    Returns
    -------
    rotation : Rotation
        The features, scaled so that their variance is their eigenvalue.
    """
    eigenvalues, axes = eigh(products)
    eigenvalues, axes = eigenvalues[::-1], axes[:, ::-1]
    # Smaller eigenvalues are due to rounding.
    tol = max(tol, len(products) * float(np.finfo(np.float64).eps))
    is_kept = eigenvalues > tol * max(eigenvalues[0], 0)
    eigenvalues, axes = eigenvalues[is_kept], axes[:, is_kept]
    axes = axes * _find_signs(white.rotate(activations) @ axes)
    deviation = np.sqrt(eigenvalues)
    return Rotation(
        white.mean,
        white.components @ (axes * deviation),
        (axes / deviation).T @ white.inverse,
        eigenvalues,
    )


def _find_signs(features):
    """Return the signs that make the largest number of each column positive.

    They depend neither on the order of units nor on their scales.
    """
    largest = np.abs(features).argmax(axis=0)
    return np.where(features[largest, range(features.shape[1])] < 0, -1.0, 1.0)
