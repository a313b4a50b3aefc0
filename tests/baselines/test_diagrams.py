"""Diagrams of Vietoris-Rips complexes, against gudhi called by hand."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import squareform

from sktopo.baselines import RipsDiagrams

gudhi = pytest.importorskip("gudhi")
kmedoids = pytest.importorskip("kmedoids")
networkx = pytest.importorskip("networkx")


def rips_by_hand(weights, dimension=1):
    """Compute a diagram from distances with gudhi's simplex tree, sorted."""
    complex_ = gudhi.RipsComplex(distance_matrix=weights)
    tree = complex_.create_simplex_tree(max_dimension=2)
    tree.compute_persistence()
    found = tree.persistence_intervals_in_dimension(dimension)
    return sort_points(found[np.isfinite(found).all(axis=1)])


def sort_points(diagram):
    return diagram[np.lexsort(diagram.T)]


@pytest.mark.parametrize("dimension", [0, 1])
def test_sqrt_distances(study, dimension):
    rows = study[0] * np.where(np.arange(91) % 3, 1, -1)  # signs do not matter
    found = RipsDiagrams(homology_dimension=dimension).fit_transform(rows)
    assert sum(len(diagram) for diagram in found) > 20
    for row, diagram in zip(rows, found, strict=True):
        matrix = squareform(np.sqrt(1 - np.abs(row)))
        assert_allclose(sort_points(diagram), rips_by_hand(matrix, dimension))


def test_inverse_distances_are_shortest_paths(study):
    rows = 10 * study[0]
    found = RipsDiagrams("inverse").fit_transform(rows)
    assert sum(len(diagram) for diagram in found) > 20
    for row, diagram in zip(rows, found, strict=True):
        graph = networkx.from_numpy_array(squareform(1 / (1 + row)))
        lengths = dict(networkx.all_pairs_dijkstra_path_length(graph))
        matrix = np.array([[lengths[i][j] for j in range(14)] for i in range(14)])
        # Sums of lengths in another order differ in the last digit.
        expected = rips_by_hand(matrix)
        expected = expected[np.ptp(expected, axis=1) > 1e-12]
        diagram = diagram[np.ptp(diagram, axis=1) > 1e-12]
        assert_allclose(sort_points(diagram), expected)


def test_a_square_by_hand():
    square = [[0.75, 0.19, 0.75, 0.75, 0.19, 0.75]]
    (diagram,) = RipsDiagrams().fit_transform(square)
    assert_allclose(diagram, [[0.5, 0.9]])


@pytest.mark.parametrize("n_edges", [1, 3])
def test_small_graphs_have_no_cycles(n_edges):
    (diagram,) = RipsDiagrams().fit_transform(np.full((1, n_edges), 0.5))
    assert diagram.shape == (0, 2)


def test_weights_beyond_one_raise(study):
    rounded = study[0].astype(np.float32).copy()
    rounded[0, 0] = 1 + 2e-7
    assert len(RipsDiagrams().fit_transform(rounded)) == 16
    with pytest.raises(ValueError, match="at most 1. Use distance='inverse'"):
        RipsDiagrams().fit(2 * study[0])
    with pytest.raises(ValueError, match="at most 1"):
        RipsDiagrams().fit(study[0]).transform(2 * study[0])


def test_incomplete_rows_warn():
    with pytest.warns(UserWarning, match="4 nodes whose last 2 edges are absent"):
        rips = RipsDiagrams().fit([[0.5, 0.6, 0.7, 0.2]])
    padded = RipsDiagrams().fit_transform([[0.5, 0.6, 0.7, 0.2, 0, 0]])
    assert_array_equal(rips.transform([[0.5, 0.6, 0.7, 0.2]])[0], padded[0])
