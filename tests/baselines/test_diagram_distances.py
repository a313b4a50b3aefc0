"""Distances and kernels between diagrams, against gudhi called by hand."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sktopo.baselines import (
    DiagramDistance,
    DiagramKernel,
)

gudhi = pytest.importorskip("gudhi")
kmedoids = pytest.importorskip("kmedoids")
networkx = pytest.importorskip("networkx")

METRICS = (
    "bottleneck",
    "wasserstein",
    "sliced_wasserstein",
    "persistence_fisher",
    "heat",
    "weighted_gaussian",
)


def by_hand(metric, A, B):
    """Call gudhi on one pair of diagrams."""
    if metric == "bottleneck":
        return gudhi.bottleneck_distance(A, B)
    if metric == "wasserstein":
        return gudhi.hera.wasserstein_distance(A, B, order=1.0)
    representations = gudhi.representations
    if metric == "sliced_wasserstein":
        return representations.SlicedWassersteinDistance(num_directions=10)(A, B)
    if metric == "persistence_fisher":
        return representations.PersistenceFisherDistance(bandwidth=0.1)(A, B)
    pairs = ((A, A), (B, B), (A, B))
    squares = [kernel_by_hand(metric, *pair) for pair in pairs]
    return np.sqrt(max(squares[0] + squares[1] - 2 * squares[2], 0))


def kernel_by_hand(kernel, A, B):
    representations = gudhi.representations
    if kernel == "heat":
        return representations.PersistenceScaleSpaceKernel(bandwidth=0.1)(A, B)
    weighted = representations.PersistenceWeightedGaussianKernel(
        bandwidth=0.1, weight=lambda point: np.arctan(point[1] - point[0])
    )
    return weighted(A, B)


@pytest.mark.parametrize("metric", METRICS)
def test_distances_by_hand(diagrams, metric):
    import gudhi.hera
    import gudhi.representations  # noqa: F401

    distance = DiagramDistance(metric)
    among = distance.fit_transform(diagrams[:5])
    to_new = distance.transform(diagrams[3:8])
    for i in range(5):
        for j in range(5):
            expected = by_hand(metric, diagrams[i], diagrams[j])
            assert_allclose(among[i, j], expected, rtol=0.02, atol=1e-6)
            expected = by_hand(metric, diagrams[3 + i], diagrams[j])
            assert_allclose(to_new[i, j], expected, rtol=0.02, atol=1e-6)
    assert among.max() > 0
    assert_array_equal(among, among.T)


@pytest.mark.parametrize("kernel", ["heat", "weighted_gaussian"])
def test_kernels_by_hand(diagrams, kernel):
    found = DiagramKernel(kernel).fit(diagrams[:3]).transform(diagrams[:6])
    expected = [[kernel_by_hand(kernel, A, B) for B in diagrams[:3]] for A in diagrams]
    assert_allclose(found, expected[:6])
    K = DiagramKernel(kernel).fit_transform(diagrams)
    assert np.linalg.eigvalsh(K).min() > -1e-8


@pytest.mark.parametrize("metric", METRICS[:4])
def test_an_empty_diagram_is_the_diagonal(metric, diagrams):
    near = np.array([[0.3, 0.3 + 1e-9]])
    distance = DiagramDistance(metric, bandwidth=10.0).fit([[]])
    found, expected = distance.transform([diagrams[0], near])
    by_point = DiagramDistance(metric, bandwidth=10.0).fit([near])
    assert_allclose(found, by_point.transform(diagrams[:1])[0], atol=1e-4)
    assert_allclose(expected, 0, atol=1e-6)
