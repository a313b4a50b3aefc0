"""Matrices and triangles of other packages as connectome rows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import squareform

from sktopo import FunctionalConnectome, GraphPersistence
from sktopo.connectomes import connectome_rows

ROWS = np.random.default_rng(0).normal(size=(3, 10))
MATRICES = np.array([squareform(row) + np.eye(5) for row in ROWS])
LOWER, UPPER = np.tril(MATRICES), np.triu(MATRICES)


@pytest.mark.parametrize(
    "X",
    [MATRICES, LOWER, UPPER, np.tril(MATRICES, -1), np.triu(MATRICES, 1)]
    + [np.where(LOWER == 0, np.nan, LOWER), np.where(UPPER == 0, np.nan, UPPER)],
    ids=["full", "lower", "upper", "no diagonal", "no diagonal", "NaN", "NaN"],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_matrices(X, dtype):
    before = X.copy()
    found = connectome_rows(X.astype(dtype))
    assert found.dtype == dtype
    assert_array_equal(found, ROWS.astype(dtype))
    flat = X.reshape(3, 25).astype(dtype)
    assert_array_equal(connectome_rows(list(flat), layout="raveled"), found)
    assert_array_equal(X, before)


@given(n_nodes=st.integers(2, 7), diagonal=st.booleans(), seed=st.integers(0, 99))
def test_triangles(n_nodes, diagonal, seed):
    matrix = np.random.default_rng(seed).normal(size=(n_nodes, n_nodes))
    matrix += matrix.T
    expected = [squareform(matrix, checks=False)]
    k = 0 if diagonal else 1
    for layout, indices in (
        ("lower", np.tril_indices(n_nodes, -k)),
        ("upper", np.triu_indices(n_nodes, k)),
    ):
        X = [matrix[indices]]
        found = connectome_rows(X, layout=layout, diagonal=diagonal)
        assert_array_equal(found, expected)


def test_sizes_may_differ():
    found = connectome_rows([LOWER[0], UPPER[1][:4, :4]])
    assert_array_equal(found[0], ROWS[0])
    assert_array_equal(found[1], squareform(MATRICES[1][:4, :4], checks=False))


def test_data_frames():
    pandas = pytest.importorskip("pandas")
    names = list("abcde")
    tables = [pandas.DataFrame(lower.copy(), names, names) for lower in LOWER]
    assert_array_equal(connectome_rows(tables), ROWS)
    table = pandas.DataFrame(LOWER.reshape(3, 25))
    assert_array_equal(connectome_rows(table, layout="raveled"), ROWS)
    tables[1].iloc[2, 0] = np.inf
    with pytest.raises(ValueError, match="^Sample 1 of X contains infinity .* a--c;"):
        connectome_rows(tables)


def test_the_diagonal_does_not_matter():
    scaled = MATRICES + 8 * np.eye(5)
    vectors = scaled[(slice(None), *np.tril_indices(5))]
    vectors[:, 0] = np.nan
    assert_allclose(connectome_rows(vectors, layout="lower", diagonal=True), ROWS)


def test_the_error_of_graph_persistence_leads_here():
    with pytest.raises(ValueError, match=r"give A \+ A.T, or .*connectome_rows\(X\).$"):
        GraphPersistence().fit(LOWER)
    # Both ways that it names give the barcodes of the symmetric matrix.
    persistence = GraphPersistence(homology_dimensions=(0,))
    expected = persistence.fit_transform(np.abs(MATRICES))
    sums = np.abs(LOWER) + np.abs(LOWER).transpose(0, 2, 1)
    assert_array_equal(persistence.fit_transform(sums), expected)
    rows = connectome_rows(np.abs(LOWER))
    assert_array_equal(persistence.fit_transform(rows), expected)


def test_rows_are_those_of_the_estimator(activations):
    X = np.array([np.corrcoef(sample.T) for sample in activations])
    expected = FunctionalConnectome(absolute=False).fit_transform(activations)
    assert_allclose(connectome_rows(np.tril(X)), expected)


@pytest.mark.parametrize(
    ("X", "options", "error", "message"),
    [
        (MATRICES, {"layout": "dense"}, ValueError, "^layout='dense' is unknown"),
        (ROWS, {"layout": "lower"}, ValueError, "^diagonal=None .* True or False, bec"),
        (MATRICES, {"diagonal": True}, ValueError, "^diagonal=True .* None, because o"),
        (MATRICES[0], {}, ValueError, "^X has 2 dimensions; expected 3 .* X.None. for"),
        (MATRICES[None], {}, ValueError, "^X has 4 dimensions"),
        (
            MATRICES,
            {"layout": "raveled"},
            ValueError,
            "^X has 3 dimensions; expected 2",
        ),
        (MATRICES[:, :4], {}, ValueError, r"^Sample 0 of X has shape \(4, 5\); .* squ"),
        ([[[1.0]]], {}, ValueError, r"^Sample 0 of X has shape \(1, 1\)"),
        (ROWS, {"layout": "raveled"}, ValueError, r"^Sample 0 .* n_nodes² numbers"),
        (
            ROWS[:, :9],
            {"layout": "upper", "diagonal": False},
            ValueError,
            r"^Sample 0 of X has shape \(9,\); expected n_nodes \* \(n_nodes - 1\) / 2",
        ),
        (
            [[1.0]],
            {"layout": "lower", "diagonal": True},
            ValueError,
            r"n_nodes \* \(n_nodes \+ 1\) / 2 numbers of two nodes",
        ),
        (MATRICES + np.tri(5), {}, ValueError, "^Sample 0 of X is not symmetric"),
        (MATRICES * np.nan, {}, ValueError, "^Sample 0 of X contains NaN"),
        ([], {}, ValueError, "^X holds no samples"),
        (np.empty((0, 5, 5)), {}, ValueError, "^X holds no samples"),
        ("X.npy", {}, TypeError, "^X is of type str"),
        ([LOWER[0], None], {}, TypeError, "^Sample 1 of X is of type NoneType"),
        (
            [["a", "b"]],
            {"layout": "raveled"},
            TypeError,
            "Sample 0 of X is of type str",
        ),
    ],
)
def test_what_is_refused(X, options, error, message):
    with pytest.raises(error, match=message):
        connectome_rows(X, **options)
