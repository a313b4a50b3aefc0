"""Distances and kernels between diagrams, against gudhi called by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import linear_sum_assignment

from sktopo.baselines import DiagramDistance, DiagramKernel, DistanceKernel
from sktopo.baselines._diagram_distances import DISTANCES, KERNELS

gudhi = pytest.importorskip("gudhi")
kmedoids = pytest.importorskip("kmedoids")
networkx = pytest.importorskip("networkx")

METRICS = (*DISTANCES, *KERNELS)


def by_hand(metric, A, B):
    """Call gudhi on one pair of diagrams."""
    if metric == "bottleneck":
        return gudhi.hera.bottleneck_distance(A, B, 0.0)
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


@pytest.mark.parametrize("kernel", KERNELS)
def test_kernels_by_hand(diagrams, kernel):
    found = DiagramKernel(kernel).fit(diagrams[:3]).transform(diagrams[:6])
    expected = [[kernel_by_hand(kernel, A, B) for B in diagrams[:3]] for A in diagrams]
    assert_allclose(found, expected[:6])
    K = DiagramKernel(kernel).fit_transform(diagrams)
    assert np.linalg.eigvalsh(K).min() > -1e-8


@pytest.mark.parametrize("metric", DISTANCES)
def test_an_empty_diagram_is_the_diagonal(metric, diagrams):
    near = np.array([[0.3, 0.3 + 1e-9]])
    distance = DiagramDistance(metric, bandwidth=10.0).fit([[]])
    found, expected = distance.transform([diagrams[0], near])
    by_point = DiagramDistance(metric, bandwidth=10.0).fit([near])
    assert_allclose(found, by_point.transform(diagrams[:1])[0], atol=1e-4)
    assert_allclose(expected, 0, atol=1e-6)


def find_bottleneck(A, B):
    """Find the smallest cost at which a perfect matching exists."""
    n_A, n_B = len(A), len(B)
    costs = np.full((n_A + n_B, n_A + n_B), np.inf)
    costs[:n_A, :n_B] = np.abs(A[:, None] - B).max(axis=2)
    costs[range(n_A), range(n_B, n_B + n_A)] = (A[:, 1] - A[:, 0]) / 2
    costs[range(n_A, n_A + n_B), range(n_B)] = (B[:, 1] - B[:, 0]) / 2
    costs[n_A:, n_B:] = 0
    for cost in np.unique(costs[np.isfinite(costs)]):
        if costs[linear_sum_assignment(costs > cost)].max() <= cost:
            return cost


def test_bottleneck_distances_of_equal_coordinates():
    # The default function of gudhi is wrong for some of these.
    rng = np.random.default_rng(0)
    births = [rng.integers(0, 32, rng.integers(1, 8)) for _ in range(60)]
    diagrams = [
        np.c_[birth, birth + rng.integers(1, 32, len(birth))] / 64 for birth in births
    ]
    found = DiagramDistance("bottleneck").fit_transform(diagrams)
    expected = [[find_bottleneck(A, B) for B in diagrams] for A in diagrams]
    assert_allclose(found, expected, atol=1e-15)


def test_equal_diagrams_are_at_distance_zero():
    diagrams = [[[0.1, 0.5]]] * 6 + [[[0.1, 0.7]]]
    D = DiagramDistance("bottleneck").fit_transform(diagrams)
    assert (D[:6, :6] == 0).all()
    kernel = DistanceKernel().fit(D)
    assert kernel.scale_ == pytest.approx(0.2)
    expected = [*[1] * 6, np.exp(-1)]
    assert_allclose(kernel.transform(D)[0], expected)


@pytest.mark.parametrize("metric", METRICS)
def test_order_and_padding_change_no_bit(metric, diagrams):
    # gudhi's Wasserstein distance of a diagram to itself in another order never ends.
    plain = [*diagrams[:4], np.array([[0.1, 0.5], [0.2, 0.9]])]
    padding = np.repeat([[0.3, 0.3], [0.7, 0.7]], 5, axis=0)
    padded = [np.vstack([padding, diagram[::-1]]) for diagram in plain]
    distance = DiagramDistance(metric)
    expected = distance.fit_transform(plain)
    found = distance.fit_transform(plain + padded)
    for part in (found[:5, :5], found[5:, :5], found[5:, 5:]):
        assert_allclose(part, expected, rtol=0.02)
    assert (found[np.arange(10), np.arange(10) - 5] == 0).all()
    assert_array_equal(distance.fit(plain).transform(padded).diagonal(), np.zeros(5))
    assert_array_equal(distance.transform(padded), distance.transform(plain))
    assert_array_equal(distance.transform([padding]), distance.transform([[]]))


@pytest.mark.parametrize("kernel", KERNELS)
def test_padding_does_not_change_kernels(kernel):
    plain = [[0.1, 0.5], [0.2, 0.9]]
    padded = plain + [[0.3, 0.3]] * 5
    K = DiagramKernel(kernel).fit_transform([plain, padded, [[0.3, 0.3]]])
    assert K[0, 0] == K[1, 1] == K[0, 1] == pytest.approx(K[0, 0]) != 0
    assert not K[2].any()


points = arrays(float, (4, 2), elements=st.floats(0, 1, width=16)).map(
    lambda drawn: np.column_stack([drawn[:, 0], drawn.sum(axis=1) + 2**-8])
)


@pytest.mark.parametrize("metric", METRICS)
@settings(max_examples=10, deadline=None)
@given(st.lists(points, min_size=2, max_size=3), st.integers(-99, 99))
def test_unit_and_origin(metric, diagrams, exponent):
    unit = 2.0**exponent
    power = {**DISTANCES, **KERNELS}[metric][1] / (2 if metric in KERNELS else 1)
    expected = DiagramDistance(metric).fit_transform(diagrams)
    shifted = DiagramDistance(metric).fit_transform([d + 2.0**20 for d in diagrams])
    assert_allclose(shifted, expected, rtol=1e-6, atol=1e-9)
    if metric == "weighted_gaussian":
        return  # the weight of a point is not proportional to its persistence
    distance = DiagramDistance(metric, bandwidth=0.1 * unit)
    found = distance.fit_transform([d * unit for d in diagrams])
    assert_allclose(found / unit**power, expected, rtol=1e-6, atol=1e-9)
    if expected.any():
        kernels = [DistanceKernel().fit_transform(D) for D in (expected, found)]
        assert_allclose(*kernels, atol=1e-6)


@pytest.mark.parametrize("metric", METRICS)
def test_differences_within_rounding_are_no_distances(metric):
    diagram = np.array([[0.1, 0.5], [0.2, 0.9], [0.3, 0.4]])
    near = diagram + [[0, 2e-17], [0, 1.2e-16], [0, 0]]
    assert not np.array_equal(near, diagram)
    assert not DiagramDistance(metric).fit_transform([diagram, near]).any()


@pytest.mark.parametrize("metric", METRICS)
def test_numbers_that_are_too_large_raise(metric):
    with pytest.raises(ValueError, match="too far apart"):
        DiagramDistance(metric).fit_transform([[[-1.7e308, 1.7e308]], [[0, 1]]])
    if metric not in ("bottleneck", "wasserstein", "sliced_wasserstein"):
        huge = [[[0, 1e200]], [[1e200, 3e200]]]
        with pytest.raises(ValueError, match="diagrams 0 and [01] are too large"):
            DiagramDistance(metric).fit_transform(huge)
