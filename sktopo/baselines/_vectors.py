"""Persistence diagrams as vectors, images and landscapes, computed by gudhi."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import (
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.utils.validation import check_is_fitted

from sktopo._utils.base import BaseEstimator
from sktopo._utils.optional import import_optional
from sktopo._utils.parameters import check_flag, check_integer, check_positive
from sktopo.baselines._diagrams import check_diagrams

if TYPE_CHECKING:
    from typing import Self

    from numpy.typing import NDArray

    from sktopo._typing import Diagrams


class PersistenceImages(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator
):
    """Turn persistence diagrams into images: Gaussians on a grid.

    Parameters
    ----------
    resolution : int, default=20
        Number of pixels along each axis; the axes are birth and persistence.

    bandwidth : float, default=0.1
        Width of the Gaussian put on each point.

    weighted : bool, default=True
        Whether the weight of a point is its persistence, which makes the image stable
        [1]_, or 1.

    Attributes
    ----------
    image_range_ : ndarray of shape (4,)
        Smallest and largest birth, smallest and largest persistence seen in `fit`:
        the first and last pixel of each axis. 0 to 1 if all diagrams were empty.

    See Also
    --------
    PersistenceLandscapes : Another vectorisation.

    Notes
    -----
    Needs gudhi, which ``pip install 'sktopo[baselines]'`` installs. The image of an
    empty diagram is 0.

    References
    ----------
    .. [1] Adams et al., "Persistence images: a stable vector representation of
       persistent homology", JMLR 2017, arXiv:1507.06217.

    Examples
    --------
    >>> from sktopo.baselines import PersistenceImages
    >>> diagrams = [[[0.1, 0.5]], [[0.1, 0.6], [0.2, 0.3]], []]
    >>> PersistenceImages(2).fit_transform(diagrams).round(1)
    array([[0.1, 0. , 3.9, 2.3],
           [1. , 1.6, 8. , 4.8],
           [0. , 0. , 0. , 0. ]])
    """

    def __init__(
        self, resolution: int = 20, *, bandwidth: float = 0.1, weighted: bool = True
    ) -> None:
        self.resolution = resolution
        self.bandwidth = bandwidth
        self.weighted = weighted

    def fit(self, X: Diagrams, y: object = None) -> Self:
        """Learn the range of births and persistences.

        Parameters
        ----------
        X : list of array-like of shape (n_points, 2)
            Diagrams.

        y : None
            Ignored.

        Returns
        -------
        self : PersistenceImages
            The fitted transformer.

        Raises
        ------
        ImportError
            If gudhi is not installed.

        ValueError
            If a parameter is out of range or X does not hold finite diagrams.
        """
        check_integer("resolution", self.resolution, 1)
        check_positive("bandwidth", self.bandwidth)
        check_flag("weighted", self.weighted)
        images, points = self._library(), _points(check_diagrams(X))
        if len(points):
            self.image_range_ = np.asarray(images.fit([points]).im_range_fixed_)
        else:
            self.image_range_ = np.array([0.0, 1.0, 0.0, 1.0])
        return self

    def transform(self, X: Diagrams) -> NDArray[np.float64]:
        """Compute images.

        Parameters
        ----------
        X : list of array-like of shape (n_points, 2)
            Diagrams.

        Returns
        -------
        images : ndarray of shape (n_samples, resolution ** 2), dtype float64
            Flattened images, rows of equal persistence one after the other.

        Raises
        ------
        ImportError, ValueError
            As `fit`.
        """
        check_is_fitted(self)
        library = self._library(im_range=self.image_range_)
        return _vectorize(library, check_diagrams(X), self._n_features_out)

    @property
    def _n_features_out(self):
        return self.resolution**2

    def _library(self, **known):
        return _import_vectors().PersistenceImage(
            bandwidth=self.bandwidth,
            weight=_persistence if self.weighted else _one,
            resolution=[self.resolution, self.resolution],
            **known,
        )


class PersistenceLandscapes(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator
):
    """Turn persistence diagrams into landscapes: the highest tents at each scale.

    Parameters
    ----------
    n_landscapes : int, default=5
        Number of landscape functions, the highest first.

    resolution : int, default=100
        Number of scales at which each function is taken, at least 2.

    Attributes
    ----------
    grid_ : ndarray of shape (resolution,)
        The scales, between the smallest birth and the largest death seen in `fit`;
        from 0 to 1 if all diagrams were empty.

    See Also
    --------
    PersistenceImages : Another vectorisation.

    Notes
    -----
    Needs gudhi, which ``pip install 'sktopo[baselines]'`` installs, and which
    multiplies landscapes by the root of 2. The landscape of an empty diagram is 0.

    References
    ----------
    .. [1] Bubenik, "Statistical topological data analysis using persistence
       landscapes", JMLR 2015, arXiv:1207.6437.

    Examples
    --------
    >>> from sktopo.baselines import PersistenceLandscapes
    >>> diagrams = [[[0.1, 0.5]], []]
    >>> PersistenceLandscapes(1, resolution=3).fit_transform(diagrams).round(3)
    array([[0.141, 0.283, 0.141],
           [0.   , 0.   , 0.   ]])
    """

    def __init__(self, n_landscapes: int = 5, *, resolution: int = 100) -> None:
        self.n_landscapes = n_landscapes
        self.resolution = resolution

    def fit(self, X: Diagrams, y: object = None) -> Self:
        """Learn the range of scales.

        Parameters
        ----------
        X : list of array-like of shape (n_points, 2)
            Diagrams.

        y : None
            Ignored.

        Returns
        -------
        self : PersistenceLandscapes
            The fitted transformer.

        Raises
        ------
        ImportError
            If gudhi is not installed.

        ValueError
            If a parameter is out of range or X does not hold finite diagrams.
        """
        check_integer("n_landscapes", self.n_landscapes, 1)
        check_integer("resolution", self.resolution, 2)
        points = _points(check_diagrams(X))
        # gudhi prints a message if there is no range, so one is given.
        known = {} if len(points) and np.ptp(points) else {"sample_range": [0.0, 1.0]}
        with np.errstate(over="ignore", invalid="ignore"):
            grid = self._library(**known).fit([points]).grid_
        _check_size(grid)
        self.grid_ = grid
        return self

    def transform(self, X: Diagrams) -> NDArray[np.float64]:
        """Compute landscapes.

        Parameters
        ----------
        X : list of array-like of shape (n_points, 2)
            Diagrams.

        Returns
        -------
        landscapes : ndarray of shape (n_samples, n_landscapes * resolution), \
                dtype float64
            The functions, one after the other.

        Raises
        ------
        ImportError, ValueError
            As `fit`.
        """
        check_is_fitted(self)
        ends = [self.grid_[0], self.grid_[-1]]
        library = self._library(sample_range=ends).fit([])
        return _vectorize(library, check_diagrams(X), self._n_features_out)

    @property
    def _n_features_out(self):
        return self.n_landscapes * self.resolution

    def _library(self, **known):
        return _import_vectors().Landscape(
            num_landscapes=self.n_landscapes, resolution=self.resolution, **known
        )


def _import_vectors():
    return import_optional(
        "gudhi.representations.vector_methods",
        extra="baselines",
        purpose="A vector of persistence diagrams",
    )


def _points(diagrams):
    """Collect the points of all diagrams: (n_points, 2)."""
    return np.vstack(diagrams)


def _vectorize(library, diagrams, n_features):
    """Transform the diagrams that have points; rows of 0 for the others."""
    rows = np.zeros((len(diagrams), n_features))
    full = [i for i, diagram in enumerate(diagrams) if len(diagram)]
    if full:
        library.fit([diagrams[i] for i in full])
        with np.errstate(over="ignore", invalid="ignore"):
            rows[full] = library.transform([diagrams[i] for i in full])
    _check_size(rows)
    return rows


def _check_size(numbers):
    """Raise a ValueError if numbers overflowed."""
    if not np.isfinite(numbers).all():
        raise ValueError(
            "The numbers in the diagrams are too large to be turned into vectors. "
            "Divide all diagrams by one number."
        )


def _persistence(point):
    # gudhi passes birth and persistence.
    return point[1]


def _one(point):
    return 1.0
