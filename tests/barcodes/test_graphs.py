"""Graphs as users give them: what is refused, and why."""

import pathlib
import sys
import warnings
from collections import deque

import networkx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from scipy.spatial.distance import squareform

from sktopo import GraphPersistence
from sktopo.barcodes import barcode_rows


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
    for matrix in (computed[0], np.eye(6), np.eye(6) + 0.5):
        with pytest.raises(ValueError, match="one symmetric matrix of 6 nodes"):
            GraphPersistence().fit(matrix)
    GraphPersistence().fit(np.full((6, 6), 0.5))  # six graphs of equal weights


def test_asymmetric_matrices_raise(make_rows):
    matrices = np.stack([squareform(row) for row in make_rows(3, 6)])
    for gap in (1e-2, 1e-5):
        matrices[1, 2, 4] = matrices[1, 4, 2] + gap
        matrices[1, 3, 3] = 1e9  # the diagonal is ignored
        with pytest.raises(ValueError, match="Sample 1 of X is not symmetric"):
            GraphPersistence().fit(matrices)
    single = np.stack([np.abs(np.corrcoef(make_rows(4, 6)))] * 2).astype(np.float32)
    single[0, 1, 0] *= 1 + 1e-7  # rounding is forgiven
    GraphPersistence().fit(single)


@pytest.mark.parametrize(
    ("X", "error"),
    [
        ([[1.0, np.nan, 2]], "^Sample 0 of X contains NaN.* edge x0--x2; expected"),
        ([[1.0, 3, 2], [1, 2, -np.inf]], "^Sample 1 .* infinity.* edge x1--x2"),
        ([[[0, 1.0], [1, 0]], [[0, np.inf], [np.inf, 0]]], "^Sample 1.*edge x0--x1"),
        ([[[0, 1, 2], [1, 0, 3], [np.nan, 3, 0.0]]], "^Sample 0.*NaN.*edge x0--x2"),
        ([[[1, [2]], [3, 4]], [1]], "^Sample 0 of X cannot be read .*inhomogeneous"),
        ([np.ones((3, 3)), np.ones(3)], r"^Sample 1 of X has shape \(3,\)"),
        ([np.ones((3, 3)), np.ones((2, 3, 3))], "^Sample 1 of X has shape"),
        (
            [np.ones((3, 3)), [["a"] * 3] * 3],
            "^Sample 1 of X cannot be read as a matrix",
        ),
        (np.array([[1, 1j, 2]]), "Complex"),
        ([["a", "b", "c"]], "could not convert|dtype"),
        (np.empty((0, 3)), "0 sample"),
        (np.ones((2, 3, 4)), "shape"),
        (np.ones((2, 1, 1)), "two nodes"),
        (np.empty((0, 3, 3)), "0 samples"),
        ([np.ones(3), np.ones((3, 3))], "expected rows only"),
        (np.full((2, 3, 3), np.nan), "NaN"),
        (np.ones((2, 2, 2, 2)), "shape"),
        ([[10**400] * 3], "^X cannot be read as connectome rows: int too large"),
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


def test_samples_of_data_frames_are_named():
    pandas = pytest.importorskip("pandas")
    columns = ["a--b", "a--c", "b--c"]
    table = pandas.DataFrame([[1.0, 2, 3], [1, np.nan, 3]], columns=columns)
    with pytest.raises(ValueError, match="^Sample 1 of X contains NaN.* edge a--c;"):
        GraphPersistence().fit(table)
    table.index = ["sub-01", "sub-02"]
    with pytest.raises(ValueError, match=r"^Sample 1 of X \('sub-02'\) contains NaN"):
        GraphPersistence().fit(table)
    nodes = ["p", "q", "r"]
    matrix = pandas.DataFrame(squareform([1.0, 2, np.nan]), columns=nodes, index=nodes)
    with pytest.raises(ValueError, match="^Sample 1 of X contains NaN.* edge q--r"):
        GraphPersistence().fit([matrix.fillna(0), matrix])


def test_samples_that_differ_in_size_are_named(make_rows):
    rows = [*make_rows(2, 5), *make_rows(2, 4), *make_rows(1, 5)]
    rows[3][2] = np.nan  # the second of the smaller graphs
    with pytest.raises(ValueError, match="^Sample 3 of X contains NaN.* edge x0--x3"):
        GraphPersistence(n_quantiles=4).fit(rows)


def generate(rows):
    yield from rows


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda rows: "rows.npy", "X is of type str.*Load files"),
        (lambda rows: pathlib.Path("rows.npy"), "X is of type PosixPath|X is of type"),
        (lambda rows: {"a": rows[0]}, "X is of type dict.*list of its values"),
        (lambda rows: {1.0, 2.0}, "X is of type set.*a list of"),
        (generate, "X is of type generator.*a list of"),
        (lambda rows: None, "X is of type NoneType; expected connectome rows"),
        (lambda rows: 3, "X is of type int"),
        (lambda rows: GraphPersistence(), "X is of type GraphPersistence"),
        (lambda rows: GraphPersistence, "X is of type type"),
        (lambda rows: [rows[0], "b"], "Sample 1 of X is of type str"),
        (lambda rows: [rows[0], None], "Sample 1 of X is of type NoneType"),
        (lambda rows: [{}, {}], "Sample 0 of X is of type dict"),
        (lambda rows: (generate(row) for row in rows), "X is of type generator"),
    ],
)
@pytest.mark.parametrize("method", ["fit", "transform"])
def test_other_objects_are_refused(make_rows, make, message, method):
    persistence = GraphPersistence().fit(make_rows(2, 4))
    with pytest.raises(TypeError, match=f"^({message})"):
        getattr(persistence, method)(make(make_rows(2, 4)))


def test_tensors_that_require_gradients_are_refused(make_rows):
    torch = pytest.importorskip("torch")
    tensor = torch.tensor(make_rows(2, 4), requires_grad=True)
    with pytest.raises(
        TypeError, match="^X cannot be read as connectome rows: .*detach"
    ):
        GraphPersistence().fit(tensor)
    with pytest.raises(TypeError, match="^Sample 1 of X cannot be read as a row"):
        GraphPersistence().fit([tensor.tolist()[0], [tensor[1]]])
    matrices = torch.ones((2, 3, 3), requires_grad=True)
    with pytest.raises(TypeError, match="^Sample 0 of X cannot be read as a matrix"):
        GraphPersistence().fit(matrices)


def make_graphs(rows, nodes="dacb"):
    """Make graphs of networkx whose labels are not in the order of the alphabet."""
    graphs = []
    for row in rows:
        graph = networkx.Graph()
        graph.add_nodes_from(nodes)
        pairs = zip(*np.triu_indices(len(nodes), 1), strict=True)
        for (i, j), weight in zip(pairs, row, strict=True):
            graph.add_edge(nodes[i], nodes[j], weight=weight)
        graphs.append(graph)
    return graphs


def test_graphs_of_networkx_are_read_by_their_weights(make_rows):
    rows = make_rows(3, 4)
    graphs = make_graphs(rows)
    persistence = GraphPersistence(normalize=False, topology_weight=0)
    for X in (graphs, tuple(graphs)):
        assert_array_equal(persistence.fit_transform(X), rows)
    assert_array_equal(persistence.transform(graphs[1]), rows[1:2])
    mixed = [graphs[0], squareform(rows[1]), graphs[2]]
    assert_array_equal(persistence.transform(mixed), rows)
    objects = np.empty(3, dtype=object)
    objects[:] = graphs
    assert_array_equal(persistence.transform(objects), rows)
    assert_array_equal(persistence.transform(deque(graphs)), rows)
    assert_array_equal(persistence.transform(deque(rows)), rows)
    lone = GraphPersistence(normalize=False).fit_transform(graphs[1])
    assert_array_equal(lone, barcode_rows(rows[1:2]))


def test_absent_edges_of_networkx_weigh_nothing_and_loops_do_not_count():
    graph = networkx.Graph([("a", "b", {"weight": 0.5}), ("b", "c", {"weight": 2})])
    graph.add_node("d")
    graph.add_edge("a", "a", weight=9)
    graph.add_edge("c", "d")  # without a weight: 1
    found = GraphPersistence(topology_weight=0, normalize=False).fit_transform(graph)
    assert_array_equal(found, [[0.5, 0, 0, 2, 0, 1]])
    sizes = [networkx.complete_graph(5), networkx.karate_club_graph()]
    assert GraphPersistence(n_quantiles=3).fit_transform(sizes).shape == (2, 6)
    with pytest.raises(ValueError, match="differ in length; give n_quantiles"):
        GraphPersistence().fit(sizes)


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (networkx.MultiGraph([(0, 1), (0, 1)]), "is a MultiGraph.*join them"),
        (networkx.DiGraph([(0, 1), (1, 2)]), "only zeros below its diagonal"),
        (networkx.DiGraph([(0, 1), (2, 1)]), "is not symmetric"),
        (networkx.Graph(), r"has 0 node\(s\); expected two"),
        (networkx.empty_graph(1), r"has 1 node\(s\); expected two"),
        (networkx.Graph([(0, 1, {"weight": "x"})]), "attribute 'weight' is not a num"),
        (networkx.Graph([("a", "b", {"weight": np.nan})]), "NaN .*edge a--b"),
    ],
)
def test_bad_graphs_of_networkx_are_named(graph, message):
    with pytest.raises(ValueError, match=f"^Sample 1 of X .*{message}"):
        GraphPersistence().fit([networkx.complete_graph(3), graph])


def test_networkx_is_not_imported(monkeypatch, make_rows):
    monkeypatch.delitem(sys.modules, "networkx")
    GraphPersistence().fit(make_rows(2, 4))
    assert "networkx" not in sys.modules


@pytest.mark.parametrize(("triangle", "side"), [(np.tril, "above"), (np.triu, "below")])
def test_one_triangle_is_to_be_mirrored(make_rows, triangle, side):
    matrices = np.stack([squareform(row) + np.eye(5) for row in make_rows(2, 5)])
    halves = np.stack([matrices[0], triangle(matrices[1])])
    message = rf"^Sample 1 of X has only zeros {side} .* give A \+ A\.T, or "
    with pytest.raises(ValueError, match=message):
        GraphPersistence().fit(halves)
    halves[1] += halves[1].T  # as it says, which doubles the diagonal that is ignored
    expected = GraphPersistence().fit_transform(matrices)
    assert_array_equal(GraphPersistence().fit_transform(halves), expected)


def test_nan_on_the_diagonal_is_ignored(make_rows):
    rows = make_rows(3, 5)
    matrices = np.stack([squareform(row) for row in rows])
    matrices[:, range(5), range(5)] = np.nan
    expected = GraphPersistence().fit_transform(rows)
    assert_array_equal(GraphPersistence().fit_transform(matrices), expected)
    assert_array_equal(GraphPersistence().fit_transform(list(matrices)), expected)


def outcome(X):
    """Return the part of the message of the error that a fit raises, None if none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            GraphPersistence().fit(X)
    except ValueError as error:
        found = str(error)
        return next(
            kind
            for kind in ("flattened", "one symmetric", "not symmetric", "only zeros")
            if kind in found
        )
    return None


def make_kind(kind, rng):
    """Make an input with weights in [0, 1), and what fit says of it."""
    symmetric = np.stack([squareform(rng.integers(0, 1024, 15) / 1024) for _ in "abc"])
    asymmetric = symmetric.copy()
    asymmetric[1, 0, 1] = 1 - asymmetric[1, 1, 0] + 1 / 64
    return {
        "rows": (rng.integers(0, 1024, (4, 36)) / 1024, None),
        "as many rows as edges": (rng.integers(0, 1024, (15, 15)) / 1024, None),
        "matrices": (symmetric, None),
        "flattened": (symmetric.reshape(3, 36), "flattened"),
        "one matrix": (symmetric[0], "one symmetric"),
        "asymmetric": (asymmetric, "not symmetric"),
    }[kind]


KINDS = ("rows", "as many rows as edges", "matrices", "flattened", "one matrix")


@settings(max_examples=40, deadline=None)
@given(
    kind=st.sampled_from([*KINDS, "asymmetric"]),
    seed=st.integers(0, 2**16),
    dtype=st.sampled_from([np.float32, np.float64]),
    data=st.data(),
)
def test_neither_origin_nor_unit_changes_what_is_refused(kind, seed, dtype, data):
    X, expected = make_kind(kind, np.random.default_rng(seed))
    assert outcome(X) == expected
    single = dtype is np.float32
    exponent = data.draw(st.integers(-26, 18) if single else st.integers(-30, 30))
    # Exactly representable, and so are its sums with multiples of 1 / 1024.
    shift = data.draw(st.integers(-64, 64))
    with np.errstate(under="ignore"):
        assert outcome((X + shift).astype(dtype)) == expected
        assert outcome((X * 10.0**exponent).astype(dtype)) == expected
        assert outcome(((X + shift) * 10.0**exponent).astype(dtype)) == expected


@pytest.mark.parametrize(
    ("shape", "spread"), [((15, 15), 1e-6), ((5, 36), 1e-7), ((15, 15), 1e-13)]
)
def test_nearly_equal_weights_are_taken(shape, spread):
    noise = np.random.default_rng(0).random(shape)
    for X in (1 - noise * spread, noise * spread, noise * spread * 1e-20):
        assert GraphPersistence().fit_transform(X).shape == shape
        assert GraphPersistence().fit_transform(X.astype(np.float32)).shape == shape


@given(st.integers(0, 2**16), st.sampled_from([1.0, 1e-3, 1e-6, 1e-10]))
@settings(max_examples=30, deadline=None)
def test_rounding_of_the_size_is_forgiven(seed, spread):
    rng = np.random.default_rng(seed)
    matrix = 1 - spread * squareform(rng.random(15))
    rounded = matrix + np.triu(rng.choice([-1, 0, 1], (6, 6)) * np.finfo(float).eps, 1)
    assert outcome(rounded[None]) is None
    assert outcome(-rounded[None]) is None
    single = matrix.astype(np.float32)
    steps = np.triu(rng.choice([-1, 0, 1], (6, 6)), 1).astype(np.float32)
    single += steps * np.finfo(np.float32).eps / 2
    assert outcome(single[None]) is None
    if spread >= 1e-3:  # float64 numbers that were computed in float32
        assert outcome(single[None].astype(np.float64)) is None


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_single_precision_stays_in_every_form(make_rows, dtype):
    rows = make_rows(3, 5, dtype=dtype)
    matrices = np.stack([squareform(row) for row in rows])
    for X in (rows, list(rows), matrices, list(matrices)):
        assert GraphPersistence().fit_transform(X).dtype == dtype
    assert GraphPersistence().fit_transform(rows.tolist()).dtype == np.float64


def test_asymmetry_is_seen_far_from_the_origin():
    matrix = np.array([[0, 0, 1], [1 / 64, 0, 0.5], [1, 0.5, 0]])
    for shift in (0, 2.0**10, 2.0**16):  # float32 holds them, but not a difference
        shifted = matrix + shift
        assert np.array_equal(shifted.astype(np.float32), shifted)
        assert outcome(shifted[None]) == "not symmetric"


def test_asymmetry_of_the_largest_numbers_does_not_overflow():
    with pytest.raises(ValueError, match="^Sample 0 of X is not symmetric"):
        GraphPersistence().fit([[[0, 1e308], [-1e308, 0]]])
    with pytest.warns(UserWarning, match="negative"):
        GraphPersistence().fit(squareform([1e308, -1e308, 1e308])[None])
    GraphPersistence().fit([[0.0, 1e308, 0], [1e307, 0, 1], [0, 1e308, 3]])


def test_words_in_rows_of_different_lengths():
    persistence = GraphPersistence(n_quantiles=2)
    with pytest.raises(ValueError, match="^Sample 1 of X cannot be read as a row: "):
        persistence.fit([[0.1, 0.2, 0.3], ["a", "b", "c", "d", "e", "f"]])
