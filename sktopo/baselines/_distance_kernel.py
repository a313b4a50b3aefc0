"""Kernels of distances."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import (
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.utils.validation import check_is_fitted

from sktopo._utils.base import BaseEstimator
from sktopo._utils.fitting import fitted_copy
from sktopo._utils.parameters import check_positive
from sktopo._utils.samples import validate_table

if TYPE_CHECKING:
    from typing import Literal, Self

    from numpy.typing import ArrayLike
    from sklearn.utils import Tags

    from sktopo._typing import FloatArray


class DistanceKernel(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    r"""Make kernel values :math:`\exp(-d / s)` of distances.

    Parameters
    ----------
    scale : "median" or float, default="median"
        The distance :math:`s > 0` at which the kernel has fallen to 1/e. "median" is
        that of the nonzero distances seen in `fit`, hence of the training samples
        only; 1 if there are none.

    Attributes
    ----------
    scale_ : float
        The scale in use.

    n_features_in_ : int
        Number of reference samples.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`, if they were all strings.

    See Also
    --------
    DiagramDistance : Computes distances between diagrams.
    RepresentationDistance : Computes distances between networks.

    Notes
    -----
    The kernel is positive definite where the distance is conditionally negative
    definite, as the sliced Wasserstein distance is [1]_. For the bottleneck and the
    Wasserstein distance between diagrams it is not, in general; SVC takes it still.

    References
    ----------
    .. [1] Carriere, Cuturi & Oudot, "Sliced Wasserstein kernel for persistence
       diagrams", ICML 2017, arXiv:1706.03358.

    Examples
    --------
    >>> from sktopo.baselines import DistanceKernel
    >>> DistanceKernel().fit_transform([[0, 2], [2, 0]]).round(3)
    array([[1.   , 0.368],
           [0.368, 1.   ]])
    """

    def __init__(self, scale: float | Literal["median"] = "median") -> None:
        self.scale = scale

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Learn the scale.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_samples)
            Distances among the training samples.

        y : None
            Ignored.

        Returns
        -------
        self : DistanceKernel
            The fitted transformer.

        Raises
        ------
        ValueError
            If `scale` is out of range, X is not a 2-D array of finite numbers that are
            not negative, or their median overflows.
        """
        by_median = isinstance(self.scale, str) and self.scale == "median"
        if not by_median:
            check_positive("scale (if not 'median')", self.scale)
        with fitted_copy(self) as fitted:
            X = validate_table(fitted, X, non_negative=True)
            fitted.scale_ = _median_distance(X) if by_median else float(self.scale)
        return self

    def transform(self, X: ArrayLike) -> FloatArray:
        """Compute kernel values.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_samples_fit)
            Distances to the training samples.

        Returns
        -------
        K : ndarray of shape (n_samples, n_samples_fit)
            Kernel values, float32 if X is, else float64.

        Raises
        ------
        ValueError
            As `fit`, or if the number of columns is not the fitted one.
        """
        check_is_fitted(self)
        X = validate_table(self, X, non_negative=True, reset=False)
        # In float64, where no scale of float32 distances overflows or is lost.
        with np.errstate(over="ignore", under="ignore"):
            K = np.divide(X, -self.scale_, dtype=np.float64)
            return np.exp(K, out=K).astype(X.dtype, copy=False)

    @property
    def _n_features_out(self):
        return self.n_features_in_

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.pairwise = True
        tags.input_tags.positive_only = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _median_distance(X):
    """Compute the median of the distances that are not 0; 1 if there are none."""
    positive = X[X > 0].astype(np.float64)
    with np.errstate(over="ignore"):
        scale = float(np.median(positive)) if positive.size else 1.0
    if not np.isfinite(scale):
        raise ValueError(
            "The median of the distances given to DistanceKernel overflows. Divide all "
            "distances by one constant first."
        )
    return scale
