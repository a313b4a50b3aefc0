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
pytest.importorskip("gudhi.representations")
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


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("unit", [1e-300, 1e-44, 1e-26, 1e18, 1e37, 1e300])
def test_the_unit_of_distances_changes_nothing(unit, dtype):
    distances = np.array([[0, 1.0, 2], [1, 0, 5], [2, 5, 0]])
    if dtype == np.float32 and not 1e-40 < unit < 1e40:
        kernel = DistanceKernel(unit).fit(distances.astype(dtype))
        found = kernel.transform(distances.astype(dtype))
        assert_allclose(found, np.eye(3) if unit < 1 else np.ones((3, 3)))
        return
    K = DistanceKernel().fit_transform((distances * unit).astype(dtype))
    assert K.dtype == dtype
    assert_allclose(K, np.exp(-distances / 2), rtol=10 * np.finfo(dtype).eps)


def test_a_median_that_overflows():
    with pytest.raises(ValueError, match="median of the distances .* overflows"):
        DistanceKernel().fit([[0, 1.7e308], [1.7e308, 0]])
