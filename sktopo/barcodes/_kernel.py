"""The Wasserstein kernel between barcodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.metrics.pairwise import euclidean_distances, linear_kernel, rbf_kernel
from sklearn.utils import check_array
from sklearn.utils.validation import check_is_fitted, validate_data

from sktopo._utils.parameters import check_option, check_positive
from sktopo._utils.samples import FLOATS
from sktopo.barcodes._distances import total_variance

if TYPE_CHECKING:
    from typing import Literal, Self

    from numpy.typing import ArrayLike

    from sktopo._typing import FloatArray


class WassersteinKernel(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator
):
    r"""Kernel of the 2-Wasserstein distance between barcodes.

    On the rows of :class:`GraphPersistence` the distance is Euclidean, so the
    kernels are positive semi-definite. Use the estimator as a step before
    ``SVC(kernel="precomputed")``, or hand it over: ``SVC(kernel=WassersteinKernel())``.

    Parameters
    ----------
    kernel : {"gaussian", "laplacian", "linear"}, default="gaussian"
        :math:`\exp(-\gamma W_2^2)`, :math:`\exp(-\gamma W_2)`, or the inner product
        of the rows.

    gamma : "scale" or float, default="scale"
        The coefficient :math:`\gamma > 0`; the linear kernel has none. "scale" is
        one over the Wasserstein variance of the reference rows (for the laplacian
        kernel one over its root, so that no unit remains), or 1 if they are all
        the same. The reference rows are those of `fit`; in a call, those of the
        second argument, so that fitting and predicting agree.

    Attributes
    ----------
    X_fit_ : ndarray of shape (n_samples_fit, n_features)
        The reference rows.

    gamma_ : float or None
        The coefficient in use; None for the linear kernel.

    n_features_in_ : int
        Number of columns seen in `fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`, if they were all strings.

    See Also
    --------
    GraphPersistence : Computes the Wasserstein rows.
    sklearn.metrics.pairwise.rbf_kernel : The gaussian kernel of plain rows.

    Notes
    -----
    Where ``SVC(kernel=WassersteinKernel())`` is searched, the coefficient is the
    parameter ``svc__kernel__gamma``; the ``gamma`` of SVC itself does nothing then.
    `gamma_` after a fit says of what size "scale" is, around which to search.

    scikit-learn's own ``gamma="scale"`` measures the spread of numbers along a row,
    which for barcodes says how births differ from deaths, not how barcodes differ.

    References
    ----------
    .. [1] Songdechakraiwut & Wu, "Functional connectomes of neural networks",
       AAAI 2025, arXiv:2412.15279.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.svm import SVC
    >>> from sktopo import GraphPersistence, WassersteinKernel
    >>> from sktopo.datasets import make_modular_connectomes
    >>> X, y = make_modular_connectomes(10, p_within=0.8, random_state=0)
    >>> model = make_pipeline(
    ...     GraphPersistence(), WassersteinKernel(), SVC(kernel="precomputed")
    ... )
    >>> model.fit(X[::2], y[::2]).score(X[1::2], y[1::2])
    1.0
    """

    def __init__(
        self,
        *,
        kernel: Literal["gaussian", "laplacian", "linear"] = "gaussian",
        gamma: float | Literal["scale"] = "scale",
    ) -> None:
        self.kernel = kernel
        self.gamma = gamma

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Keep the reference rows.

        Parameters
        ----------
        X : array-like of shape (n_samples_fit, n_features)
            Wasserstein rows.

        y : None
            Ignored.

        Returns
        -------
        self : WassersteinKernel
            The fitted kernel.

        Raises
        ------
        ValueError
            If a parameter is out of range or X is not a 2-D array of finite numbers.
        """
        self._check_parameters()
        # A copy, so that later changes of the caller's array do not matter.
        X = validate_data(self, X, dtype=FLOATS, copy=True)
        self.X_fit_ = X
        self.gamma_ = self._coefficient(X)
        return self

    def transform(self, X: ArrayLike) -> FloatArray:
        """Compute the kernel between rows and the reference rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Wasserstein rows.

        Returns
        -------
        K : ndarray of shape (n_samples, n_samples_fit)
            Kernel values, float32 if X is, else float64.

        Raises
        ------
        ValueError
            If X is not a 2-D array of finite numbers of the fitted width.
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype=FLOATS, reset=False)
        return self._evaluate(X, self.X_fit_, self.gamma_)

    def __call__(self, X: ArrayLike, Y: ArrayLike | None = None) -> FloatArray:
        """Compute the kernel between two sets of rows, without fitting.

        Parameters
        ----------
        X : array-like of shape (n_samples_X, n_features)
            Wasserstein rows.

        Y : array-like of shape (n_samples_Y, n_features), default=None
            Reference rows. If None, `X`.

        Returns
        -------
        K : ndarray of shape (n_samples_X, n_samples_Y)
            Kernel values.

        Raises
        ------
        ValueError
            As `fit` and `transform`.
        """
        self._check_parameters()
        X = check_array(X, dtype=FLOATS)
        Y = X if Y is None else check_array(Y, dtype=FLOATS)
        return self._evaluate(X, Y, self._coefficient(Y))

    def _check_parameters(self):
        check_option("kernel", self.kernel, ("gaussian", "laplacian", "linear"))
        if not (isinstance(self.gamma, str) and self.gamma == "scale"):
            check_positive("gamma (if not 'scale')", self.gamma)

    def _coefficient(self, reference):
        if self.kernel == "linear":
            return None
        if self.gamma != "scale":
            return float(self.gamma)
        variance = total_variance(reference)
        if self.kernel == "laplacian":
            variance = variance**0.5
        return 1 / variance if variance >= np.finfo(float).tiny else 1.0

    def _evaluate(self, X, Y, gamma):
        if self.kernel == "linear":
            K = linear_kernel(X, Y)
        elif self.kernel == "gaussian":
            K = rbf_kernel(X, Y, gamma=gamma)
        else:
            K = euclidean_distances(X, Y)
            K *= -gamma
            np.exp(K, out=K)
        return K.astype(X.dtype, copy=False)

    @property
    def _n_features_out(self):
        return len(self.X_fit_)
