"""The Wasserstein kernel between barcodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import (
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.metrics.pairwise import linear_kernel
from sklearn.utils.validation import check_is_fitted

from sktopo._utils.base import BaseEstimator
from sktopo._utils.fitting import fitted_copy
from sktopo._utils.geometry import squared_distances, total_variance
from sktopo._utils.parameters import check_option, check_positive
from sktopo._utils.samples import name_errors, read_rows, validate_table

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
    Methods that pass one pair of rows at a time, such as
    ``KernelPCA(kernel=WassersteinKernel(gamma=1.0))``, need a number as `gamma`.

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

    It is not a kernel of :mod:`sklearn.gaussian_process`, whose kernels have gradients.
    There, on Wasserstein rows, use :class:`sklearn.gaussian_process.kernels.RBF`: its
    Euclidean distance is the Wasserstein distance.

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
            If a parameter is out of range, X is not a 2-D array of finite numbers, or
            its rows are so large, or so close to each other, that the coefficient
            "scale" leaves the range of float64.
        """
        self._check_parameters()
        # A copy, so that later changes of the caller's array do not matter.
        with fitted_copy(self) as fitted:
            fitted.X_fit_ = validate_table(fitted, X, copy=True)
            fitted.gamma_ = self._coefficient(fitted.X_fit_)
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
            If X is not a 2-D array of finite numbers of the fitted width, or the
            differences between rows (or the inner products) overflow.
        """
        check_is_fitted(self)
        X = validate_table(self, X, reset=False)
        return self._evaluate(X, self.X_fit_, self.gamma_)

    def __call__(self, X: ArrayLike, Y: ArrayLike | None = None) -> FloatArray:
        """Compute the kernel between two sets of rows, without fitting.

        Parameters
        ----------
        X : array-like of shape (n_samples_X, n_features) or (n_features,)
            Wasserstein rows, or a single one.

        Y : array-like of shape (n_samples_Y, n_features) or (n_features,), default=None
            Reference rows, or a single one if X is one. If None, `X`.

        Returns
        -------
        K : ndarray of shape (n_samples_X, n_samples_Y) or float
            Kernel values, float32 if X is, else float64; of two single rows one number.

        Raises
        ------
        ValueError
            As `fit` and `transform`, or if there are two single rows and `gamma` is
            "scale".
        """
        self._check_parameters()
        with name_errors("X and Y cannot be read as rows of numbers"):
            is_pair = Y is not None and np.ndim(X) == 1 and np.ndim(Y) == 1
        if is_pair:
            return self._evaluate_pair(X, Y)
        X = read_rows(X, "X", estimator=self)
        if Y is None:
            return self._evaluate(X, X, self._coefficient(X))
        Y = read_rows(Y, "Y", estimator=self)
        if X.shape[1] != Y.shape[1]:
            raise ValueError(
                f"X has {X.shape[1]} columns and Y has {Y.shape[1]}; "
                "WassersteinKernel compares rows of the same width."
            )
        return self._evaluate(X, Y, self._coefficient(Y))

    def _evaluate_pair(self, x, y):
        """Compute the kernel of two single rows: a float."""
        if self.kernel != "linear" and self.gamma == "scale":
            raise ValueError(
                "WassersteinKernel got two single rows, which do not determine "
                "gamma='scale'. Give gamma as a number, or fit and transform with "
                "WassersteinKernel and use kernel='precomputed' (or "
                "affinity='precomputed')."
            )
        return float(self([x], [y])[0, 0])

    def _check_parameters(self):
        check_option("kernel", self.kernel, ("gaussian", "laplacian", "linear"))
        if not (isinstance(self.gamma, str) and self.gamma == "scale"):
            check_positive("gamma (if not 'scale')", self.gamma)

    def _coefficient(self, reference):
        if self.kernel == "linear":
            return None
        if self.gamma != "scale":
            return float(self.gamma)
        variance, unit = total_variance(reference, caller="WassersteinKernel")
        if variance == 0:
            return 1.0
        with np.errstate(over="ignore", under="ignore"):
            if self.kernel == "gaussian":
                gamma = np.float64(1 / variance) / unit / unit
            else:
                gamma = np.float64(variance**-0.5) / unit
        if not 0 < gamma < np.inf:
            raise ValueError(
                f"gamma='scale' of WassersteinKernel would be {gamma}, because the "
                f"rows differ by about {variance**0.5 * unit:.1g}. "
                f"{'Divide' if gamma == 0 else 'Multiply'} all rows by one constant "
                "first."
            )
        return float(gamma)

    def _evaluate(self, X, Y, gamma):
        if self.kernel == "linear":
            return _multiply_rows(X, Y)
        K, unit = squared_distances(X, Y, caller="WassersteinKernel")
        with np.errstate(over="ignore", under="ignore"):
            if self.kernel == "gaussian":
                # One factor after the other: their product may leave the range.
                K *= unit
                K *= -gamma
            else:
                np.sqrt(K, out=K)
                K *= -gamma
            K *= unit
            np.exp(K, out=K)
            return K.astype(X.dtype, copy=False)

    @property
    def _n_features_out(self):
        return len(self.X_fit_)


def _multiply_rows(X, Y):
    """Compute the inner products of rows, and refuse those that leave the range."""
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        K = linear_kernel(X, Y).astype(X.dtype, copy=False)
    sizes = [float(np.abs(rows).max()) for rows in (X, Y)]
    is_lost = all(sizes) and sizes[0] * sizes[1] < float(np.finfo(K.dtype).tiny)
    if is_lost or not np.isfinite(K).all():
        raise ValueError(
            f"The inner products of WassersteinKernel are too "
            f"{'small' if is_lost else 'large'} for {K.dtype}. "
            f"{'Multiply' if is_lost else 'Divide'} all rows by one constant first."
        )
    return K
