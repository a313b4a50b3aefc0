"""Kernels of distances."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.pipeline import make_pipeline

from sktopo.baselines import (
    DiagramDistance,
    DistanceKernel,
)

gudhi = pytest.importorskip("gudhi")
kmedoids = pytest.importorskip("kmedoids")
networkx = pytest.importorskip("networkx")


def test_sliced_wasserstein_kernel_by_hand(diagrams):
    chain = make_pipeline(DiagramDistance("sliced_wasserstein"), DistanceKernel(0.3))
    library = gudhi.representations.SlicedWassersteinKernel(bandwidth=0.3)
    expected = library.fit(diagrams[:5]).transform(diagrams)
    assert_allclose(chain.fit(diagrams[:5]).transform(diagrams), expected)


def test_the_scale_is_the_training_median():
    distances = np.array([[0, 1.0, 2], [1, 0, 5], [2, 5, 0]])
    kernel = DistanceKernel().fit(distances)
    assert kernel.scale_ == 2
    assert_allclose(kernel.transform([[100.0, 0, 2]]), np.exp([[-50, 0, -1]]))
    assert DistanceKernel().fit(np.zeros((2, 2))).scale_ == 1
    assert DistanceKernel(4).fit(distances).scale_ == 4
