"""What measures of representational similarity keep of networks, and compare.

A measure has three functions. The first turns activations that vary into an array,
which does not depend on their unit, or into None if there is nothing to compare. The
second is the distance of two such arrays. The third counts the numbers of 8 bytes that
the array has, and those that are needed beside it to compute it. Errors do not name the
sample; callers do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import squareform
from scipy.stats import rankdata
from sklearn.utils import gen_batches

from sktopo._utils.geometry import squared_distances

# Similarities of stimuli that differ by rounding only are equal.
_DECIMALS = 12
# A similarity this close to 1 is that of equal networks.
_ROUNDING = 64 * np.finfo(np.float64).eps
# Similarities of stimuli held at a time to find neighbours.
_NUMBERS = 2**22


def center(activations):
    """Subtract the mean of each node, in a unit in which the numbers are about 1."""
    scores = _halve(activations)
    scores -= scores[0]
    scores = _rescale(scores)
    scores -= scores.mean(axis=0)
    return scores


def _halve(activations):
    """Copy activations to float64, large ones by half, so that no difference overflows.

    One row or column can then be subtracted, which keeps all digits of the others.
    """
    scores = activations.astype(np.float64)
    if max(scores.max(), -scores.min()) > 1:
        scores /= 2
    return scores


def _rescale(scores, axis=None):
    """Bring numbers, or those of each row or column, to about 1, by powers of two."""
    largest = np.abs(scores).max(axis=axis, keepdims=True)
    return np.ldexp(scores, -np.frexp(largest)[1])


def _reduce_width(scores):
    """Return at most n_stimuli columns with the same products between stimuli."""
    if scores.shape[1] <= len(scores):
        return scores
    return np.linalg.qr(scores.T, mode="r").T


# ---- CKA and RSA: inner products
def represent_by_kernel(activations, *, kernel, bandwidth, unbiased):
    """Return the centred Gram matrix of stimuli, scaled to the norm 1.

    It is returned as the vector of `_flatten`, or for the linear kernel of few nodes as
    the factor (n_stimuli, n_nodes) whose product with its transpose it is.
    """
    scores = center(activations)
    n_stimuli, n_nodes = scores.shape
    if unbiased and n_stimuli < 4:
        raise ValueError(
            f"got {n_stimuli} stimuli; unbiased=True needs at least 4, because the "
            "estimator divides by n_stimuli - 3."
        )
    if kernel == "linear" and not unbiased and 2 * n_nodes <= n_stimuli:
        return scores / np.sqrt(np.linalg.norm(scores.T @ scores))
    gram = scores @ scores.T if kernel == "linear" else _apply_rbf(scores, bandwidth)
    size = np.linalg.norm(gram)
    (_center_unbiased if unbiased else _center_gram)(gram)
    vector = _flatten(gram)
    norm = np.linalg.norm(vector)
    # The unbiased estimate is 0 if only one stimulus differs from the others.
    return vector / norm if norm > _ROUNDING * n_stimuli * size else None


def count_by_kernel(n_stimuli, n_nodes, *, kernel, bandwidth, unbiased):
    """Count the numbers of a Gram matrix, or of its factor, and those beside it."""
    n_cells, n_pairs = n_stimuli * n_nodes, n_stimuli**2
    if kernel == "linear" and not unbiased and 2 * n_nodes <= n_stimuli:
        return n_cells, 2 * n_cells + n_nodes**2
    n_kernel = 3 if kernel == "rbf" else 2
    return n_stimuli * (n_stimuli + 1) // 2, 2 * n_cells + n_kernel * n_pairs


def _apply_rbf(scores, bandwidth):
    """Compute a Gaussian kernel minus 1, of a share of the median distance as width."""
    squared, _ = squared_distances(scores, caller="RepresentationDistance")
    distances = np.sqrt(squareform(squared, checks=False))
    width = bandwidth * np.median(distances[distances > 0])
    # Centring takes the 1 away, so a wide kernel keeps its digits without it.
    return np.expm1(squared / (-2 * width**2))


def _center_gram(gram):
    """Subtract the means of rows and columns in place, HKH in the literature."""
    means = gram.mean(axis=0)
    gram -= means
    gram -= means[:, None]
    gram += means.mean()


def _center_unbiased(gram):
    """Subtract such means in place that inner products of matrices are unbiased.

    The diagonal becomes 0. The inner product of two matrices, divided by n(n-3), is the
    HSIC_1 of Song et al. 2012.
    """
    n_stimuli = len(gram)
    np.fill_diagonal(gram, 0)
    means = gram.sum(axis=0) / (n_stimuli - 2)
    gram -= means
    gram -= means[:, None]
    gram += means.sum() / (n_stimuli - 1)
    np.fill_diagonal(gram, 0)


def _flatten(gram):
    """Turn a symmetric matrix into a vector with the same inner products.

    It has n(n+1)/2 numbers, those beside the diagonal times the root of 2.
    """
    beside = squareform(gram, checks=False)
    return np.concatenate([np.sqrt(2) * beside, gram.diagonal()])


def represent_by_ranks(activations):
    """Return the centred ranks of the similarities of stimuli, scaled to the norm 1."""
    patterns = _halve(activations)
    patterns -= patterns[:, :1]
    patterns = _rescale(patterns, axis=1)
    patterns -= patterns.mean(axis=1, keepdims=True)
    patterns = _normalize_rows(patterns)
    # Ranks of dissimilarities are these in reverse, and correlate alike.
    similarities = squareform(patterns @ patterns.T, checks=False)
    ranks = rankdata(similarities.round(_DECIMALS))
    ranks -= ranks.mean()
    norm = np.linalg.norm(ranks)
    return ranks / norm if norm > 0 else None


def count_by_ranks(n_stimuli, n_nodes):
    """Count the numbers of the ranks of pairs, and those beside them."""
    n_pairs = n_stimuli * (n_stimuli - 1) // 2
    return n_pairs, 2 * n_stimuli * n_nodes + 8 * n_pairs


def _normalize_rows(patterns):
    """Divide rows by their norms; rows of zeros stay as they are."""
    norms = np.linalg.norm(patterns, axis=1, keepdims=True)
    return patterns / np.where(norms == 0, 1, norms)


def inner_distance(first, second):
    """Compute 1 minus the inner product of two matrices, each a vector or a factor."""
    if first.ndim == second.ndim == 2:
        products = first.T @ second
        return _find_gap(np.vdot(products, products))
    vectors = (_flatten(x @ x.T) if x.ndim == 2 else x for x in (first, second))
    return _find_gap(np.vdot(*vectors))


def _find_gap(similarity):
    """Return how much a similarity is below 1; 0 if that is due to rounding."""
    gap = 1 - float(similarity)
    return gap if gap > _ROUNDING else 0.0


# ---- Procrustes and CCA: singular values of products
def represent_by_shape(activations):
    """Return centred activations of norm 1, of at most n_stimuli columns."""
    scores = _reduce_width(center(activations))
    return scores / np.linalg.norm(scores)


def count_by_shape(n_stimuli, n_nodes):
    """Count the numbers of scores, and those beside them."""
    return n_stimuli * min(n_stimuli, n_nodes), 3 * n_stimuli * n_nodes


def procrustes_distance(first, second):
    """Compute the norm of the difference after the best rotation."""
    alignment = np.linalg.svd(first.T @ second, compute_uv=False).sum()
    return float(np.sqrt(2 * _find_gap(alignment)))


def represent_by_span(activations, *, variance=1.0):
    """Return an orthonormal basis of the leading principal components of stimuli."""
    scores = center(activations)
    if variance == 1:
        # The span does not depend on the unit of each node, but its rank would.
        scores = _rescale(scores, axis=0)
        lengths = np.linalg.norm(scores, axis=0)
        scores /= np.where(lengths > 0, lengths, 1)
    scores = _reduce_width(scores)
    basis, sizes, _ = np.linalg.svd(scores, full_matrices=False)
    # As numpy.linalg.matrix_rank does it.
    rounding = sizes[0] * max(activations.shape) * np.finfo(activations.dtype).eps
    n_kept, n_stimuli = np.count_nonzero(sizes > rounding), len(activations)
    if variance < 1:
        explained = np.cumsum(sizes**2)
        n_enough = np.searchsorted(explained, variance * explained[-1]) + 1
        n_kept = min(n_kept, n_enough)
    if n_kept >= n_stimuli - 1:
        raise ValueError(
            f"its nodes span all {n_stimuli - 1} dimensions that {n_stimuli} stimuli "
            "can differ in, so its canonical correlations with every network are 1. "
            "Show more stimuli than there are nodes, or keep less of the variance with "
            "measure='svcca'."
        )
    return np.ascontiguousarray(basis[:, :n_kept])


def count_by_span(n_stimuli, n_nodes, *, variance=1.0):
    """Count the numbers of a basis, at most, and those beside it."""
    return n_stimuli * min(n_stimuli, n_nodes), 4 * n_stimuli * n_nodes


def squared_cca_distance(first, second):
    """Compute 1 minus the mean squared canonical correlation of two bases."""
    products = first.T @ second
    return _find_gap(np.vdot(products, products) / min(products.shape))


def mean_cca_distance(first, second):
    """Compute 1 minus the mean canonical correlation of two bases."""
    correlations = np.linalg.svd(first.T @ second, compute_uv=False)
    return _find_gap(correlations.mean())


# ---- Jaccard: sets of neighbours
def represent_by_neighbors(activations, *, n_neighbors):
    """Return the nearest other stimuli of each stimulus, numbered through all pairs."""
    n_stimuli = len(activations)
    if n_neighbors >= n_stimuli:
        raise ValueError(
            f"got {n_stimuli} stimuli; n_neighbors={n_neighbors} needs at least "
            f"{n_neighbors + 1}."
        )
    patterns = _normalize_rows(_rescale(activations.astype(np.float64), axis=1))
    nearest = np.empty((n_stimuli, n_neighbors), dtype=np.int64)
    for part in gen_batches(n_stimuli, max(1, _NUMBERS // n_stimuli)):
        similarities = (patterns[part] @ patterns.T).round(_DECIMALS)
        own = np.arange(n_stimuli)[part]
        similarities[np.arange(len(own)), own] = -np.inf
        least = np.partition(similarities, -n_neighbors, axis=1)[:, [-n_neighbors]]
        chosen, equal = similarities > least, similarities == least
        # Of the stimuli that are equally near, the first are chosen.
        n_missing = n_neighbors - chosen.sum(axis=1, keepdims=True)
        chosen |= equal & (equal.cumsum(axis=1) <= n_missing)
        nearest[part] = np.nonzero(chosen)[1].reshape(-1, n_neighbors)
    return nearest + n_stimuli * np.arange(n_stimuli)[:, None]


def count_by_neighbors(n_stimuli, n_nodes, *, n_neighbors):
    """Count the numbers of neighbours, and those beside them."""
    n_similarities = n_stimuli * min(n_stimuli, max(1, _NUMBERS // n_stimuli))
    return n_stimuli * n_neighbors, 2 * n_stimuli * n_nodes + 4 * n_similarities


def jaccard_distance(first, second):
    """Compute 1 minus the mean share of common neighbours among all neighbours."""
    common = np.isin(first, second, assume_unique=True).sum(axis=1)
    return _find_gap(np.mean(common / (2 * first.shape[1] - common)))


@dataclass(frozen=True)
class Measure:
    """What is kept of a network, and the distance of two.

    represent : takes activations and the parameters of these names.
    compare : takes what is kept of two networks.
    count : takes the numbers of stimuli and of nodes, and the parameters.
    largest : the distance at the similarity 0.
    """

    represent: Callable[..., np.ndarray | None]
    compare: Callable[[np.ndarray, np.ndarray], float]
    count: Callable[..., tuple[float, float]]
    parameters: tuple[str, ...] = ()
    largest: float = 1.0


MEASURES = {
    "cka": Measure(
        represent_by_kernel,
        inner_distance,
        count_by_kernel,
        ("kernel", "bandwidth", "unbiased"),
    ),
    "procrustes": Measure(
        represent_by_shape,
        procrustes_distance,
        count_by_shape,
        largest=float(np.sqrt(2)),
    ),
    "rsa": Measure(represent_by_ranks, inner_distance, count_by_ranks),
    "svcca": Measure(
        represent_by_span, mean_cca_distance, count_by_span, ("variance",)
    ),
    "cca": Measure(represent_by_span, squared_cca_distance, count_by_span),
    "jaccard": Measure(
        represent_by_neighbors,
        jaccard_distance,
        count_by_neighbors,
        ("n_neighbors",),
    ),
}
