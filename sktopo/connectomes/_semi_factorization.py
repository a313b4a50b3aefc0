"""Semi-nonnegative factorization of the activations of one network."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning

from sktopo.connectomes._least_squares import solve_non_negative

# Added to cluster memberships of 0 and 1, so that no weight starts at 0, where
# multiplicative updates would leave it (Ding et al. 2010, section 3.3).
_OFFSET = 0.2
# Singular values of features below this share of the largest are rounding.
_SINGULAR = 1e-10
# Added to denominators, which are 0 where a feature explains nothing.
_TINY = 1e-300


@dataclass(frozen=True)
class Factorization:
    """Activations A (n_observations, n_units), approximated by ``weights @ features``.

    Attributes
    ----------
    features : ndarray of shape (n_components, n_units)
        Each of length 1, or 0 if it explains nothing.

    losses : ndarray of shape (n_iter + 1,)
        ``||A - weights @ features||^2`` divided by ``||A||^2``: after the start, and
        after each iteration.

    converged : bool
        Whether the loss had become almost stationary.
    """

    features: np.ndarray
    losses: np.ndarray
    converged: bool


def factorize(activations, n_components, *, keep, init, n_init, max_iter, tol, rng):
    """Factorize activations, a float64 array, from the best of several starts."""
    size = float(np.vdot(activations, activations))
    found = [
        _iterate(
            activations,
            start_weights(activations, n_components, init, rng),
            size,
            keep=keep,
            max_iter=max_iter,
            tol=tol,
        )
        for _ in range(n_init)
    ]
    return min(found, key=lambda result: result.losses[-1])


def start_weights(activations, n_components, init, rng):
    """Draw the first weights of features, (n_observations, n_components), positive."""
    shape = len(activations), n_components
    if init == "random":
        return rng.uniform(_OFFSET, 1, size=shape)
    seed = int(rng.randint(2**31 - 1))
    clusters = KMeans(n_components, n_init=1, random_state=seed)
    with warnings.catch_warnings():
        # Fewer different observations than features leave some weights all alike.
        warnings.simplefilter("ignore", ConvergenceWarning)
        labels = clusters.fit_predict(activations)
    weights = np.full(shape, _OFFSET)
    weights[np.arange(len(weights)), labels] += 1
    return weights


def _iterate(activations, weights, size, *, keep, max_iter, tol):
    """Update features and weights in turn until the loss hardly falls."""
    features, weights = solve_features(activations, weights, keep)
    losses = [_measure_loss(activations, weights, features, size)]
    converged = size == 0
    while not converged and len(losses) <= max_iter:
        weights = update_weights(activations, weights, features)
        features, weights = solve_features(activations, weights, keep)
        losses.append(_measure_loss(activations, weights, features, size))
        converged = abs(losses[-2] - losses[-1]) <= tol
    return Factorization(features, np.array(losses), converged)


def solve_features(activations, weights, keep):
    """Return the features that fit the weights best, and weights of the same product.

    The features are F' = (G'G + eps I)^-1 G'A. The share `keep` of their largest
    numbers is kept, at least one in each. They are then given the length 1, and the
    weights that length.
    """
    gram = weights.T @ weights
    gram.flat[:: len(gram) + 1] += np.finfo(float).eps * np.trace(gram) + _TINY
    features = cho_solve(cho_factor(gram), weights.T @ activations)
    if keep is not None:
        features = keep_largest(features, keep)
    lengths = np.linalg.norm(features, axis=1)
    features /= np.where(lengths > 0, lengths, 1)[:, np.newaxis]
    return features, weights * lengths


def keep_largest(features, keep):
    """Set all but the share `keep` of largest absolute numbers in each row to 0."""
    n_kept = max(1, round(keep * features.shape[1]))
    largest = np.argsort(-np.abs(features), axis=1, kind="stable")[:, :n_kept]
    kept = np.zeros_like(features)
    np.put_along_axis(
        kept, largest, np.take_along_axis(features, largest, axis=1), axis=1
    )
    return kept


def update_weights(activations, weights, features):
    """Multiply weights so that the loss does not grow (Ding et al. 2010, eq. 10)."""
    products, gram = activations @ features.T, features @ features.T
    more = np.maximum(products, 0) + weights @ np.maximum(-gram, 0)
    less = np.maximum(-products, 0) + weights @ np.maximum(gram, 0)
    return weights * np.sqrt(more / (less + _TINY))


def _measure_loss(activations, weights, features, size):
    """Return the squared error as a share of the squared activations."""
    error = activations - weights @ features
    return float(np.vdot(error, error)) / size if size else 0.0


def solve_weights(activations, features):
    """Return the weights that are not negative and fit activations best, row by row.

    Directions that features span by rounding only are left out. Where two features
    are opposites of each other, large weights of both would fit noise along them.
    """
    basis, sizes, rotation = np.linalg.svd(features.T, full_matrices=False)
    kept = sizes > _SINGULAR * sizes[0]
    if not kept.any():
        return np.zeros((len(activations), len(features)))
    matrix = sizes[kept, np.newaxis] * rotation[kept]
    targets = activations @ basis[:, kept]
    return np.array([solve_non_negative(matrix, target) for target in targets])
