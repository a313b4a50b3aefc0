"""Graphs as users give them: what is refused, and why."""

import numpy as np
import pytest
from scipy.spatial.distance import squareform

from sktopo import GraphPersistence


def test_flattened_matrices_raise(make_rows):
    rows = make_rows(3, 6)
    flat = np.stack([(squareform(row) + np.eye(6)).ravel() for row in rows])
    with pytest.raises(ValueError, match="flattened 6 x 6 symmetric"):
        GraphPersistence().fit(flat)  # though 36 is also 9 * 8 / 2
    GraphPersistence().fit(np.full((3, 36), 0.5))  # a graph of equal weights is not
    lone = np.zeros((2, 36))
    lone[0, 0] = 0.5
    GraphPersistence().fit(lone)  # nor is one of a single edge
    rng = np.random.default_rng(0)
    computed = [np.corrcoef(rng.normal(size=(6, 20))) for _ in range(3)]
    with pytest.raises(ValueError, match="flattened"):
        GraphPersistence().fit(np.reshape(computed, (3, -1)))  # symmetric but rounded
    with pytest.raises(ValueError, match="flattened"):
        GraphPersistence(n_quantiles=3).fit([computed[0].ravel(), rows[0]])
    with pytest.raises(ValueError, match="one symmetric matrix of 6 nodes"):
        GraphPersistence().fit(computed[0])


def test_asymmetric_matrices_raise(make_rows):
    matrices = np.stack([squareform(row) for row in make_rows(3, 6)])
    for gap in (1e-2, 1e-5):
        matrices[1, 2, 4] = matrices[1, 4, 2] + gap
        matrices[1, 3, 3] = 1e9  # the diagonal is ignored
        with pytest.raises(ValueError, match="sample 1 is not symmetric"):
            GraphPersistence().fit(matrices)
    single = np.stack([np.corrcoef(make_rows(4, 6))] * 2).astype(np.float32)
    single[0, 1, 0] *= 1 + 1e-7  # rounding is forgiven
    GraphPersistence().fit(single)


@pytest.mark.parametrize(
    ("X", "error"),
    [
        ([[1.0, np.nan, 2]], "NaN"),
        ([[1.0, np.inf, 2]], "infinity"),
        (np.array([[1, 1j, 2]]), "Complex"),
        ([["a", "b", "c"]], "could not convert|dtype"),
        (np.empty((0, 3)), "0 sample"),
        (np.ones((2, 3, 4)), "shape"),
        (np.ones((2, 1, 1)), "two nodes"),
        (np.empty((0, 3, 3)), "0 samples"),
        ([np.ones(3), np.ones((3, 3))], "expected rows only"),
        (np.full((2, 3, 3), np.nan), "NaN"),
        (np.ones((2, 2, 2, 2)), "shape"),
        ([1.0, 2, 3], "2D"),
    ],
)
def test_bad_input(X, error):
    with pytest.raises(ValueError, match=error):
        GraphPersistence().fit(X)


def test_sizes_that_differ_need_quantiles(make_rows):
    rows = [make_rows(1, 5)[0], make_rows(1, 6)[0]]
    with pytest.raises(ValueError, match="n_quantiles"):
        GraphPersistence().fit(rows)
    with pytest.raises(ValueError, match="n_quantiles"):
        GraphPersistence().fit([squareform(row) for row in rows])
    with pytest.raises(ValueError, match="X has 15 features, but"):
        GraphPersistence().fit(make_rows(2, 5)).transform(make_rows(2, 6))


def test_incomplete_graphs_warn_later_too(make_rows):
    persistence = GraphPersistence(n_quantiles=3).fit(make_rows(3, 6))
    with pytest.warns(UserWarning, match="4 nodes whose last 1 edges are absent"):
        persistence.transform(np.ones((2, 5)))
