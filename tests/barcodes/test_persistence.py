"""GraphPersistence: scaling, weights, sizes, the way back, errors."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import cdist, squareform
from sklearn.exceptions import NotFittedError

from sktopo import GraphPersistence, TopClusterer
from sktopo import barcodes as bc
from sktopo.datasets import make_modular_connectomes


def objective(rows, target, barcode, weight):
    """Compute the normalised topological interpolation objective, afresh."""
    return (1 - weight) * np.mean((rows - target) ** 2) + (
        weight
        * bc.wasserstein_distances(bc.barcode_rows([rows]), [barcode], squared=True)
    ).item()


# --- the rows ---------------------------------------------------------------------


@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("dimensions", [(0, 1), (0,), (1,)])
@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0])
def test_rows_are_a_euclidean_embedding(make_rows, normalize, dimensions, weight):
    rows = make_rows(6, 8, "ties")
    found = GraphPersistence(
        normalize=normalize, topology_weight=weight, homology_dimensions=dimensions
    ).fit_transform(rows)
    total = np.mean if normalize else np.sum
    births, deaths = bc.birth_death_decomposition(rows)
    for i in range(6):
        for j in range(6):
            topology = sum(
                total((part[i] - part[j]) ** 2)
                for dimension, part in enumerate((births, deaths))
                if dimension in dimensions
            )
            geometry = total((rows[i] - rows[j]) ** 2)
            expected = (1 - weight) * geometry + weight * topology
            assert_allclose(np.sum((found[i] - found[j]) ** 2), expected, atol=1e-12)


def test_sum_form_is_the_barcode(make_rows, kind):
    rows = make_rows(4, 7, kind)
    found = GraphPersistence(normalize=False).fit_transform(rows)
    assert_array_equal(found, bc.barcode_rows(rows))


def test_edges_alone(make_rows):
    rows = make_rows(4, 7)
    found = GraphPersistence(normalize=False, topology_weight=0).fit_transform(rows)
    assert_array_equal(found, rows)


@pytest.mark.parametrize("weight", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_is_kept(make_rows, weight, dtype):
    rows = make_rows(3, 6, dtype=dtype)
    persistence = GraphPersistence(topology_weight=weight)
    found = persistence.fit_transform(rows)
    assert found.dtype == dtype
    assert persistence.inverse_transform(found).dtype == dtype


def test_matrices_and_rows_are_the_same(make_rows):
    rows = make_rows(3, 6)
    matrices = np.stack([squareform(row) + 9 * np.eye(6) for row in rows])
    expected = GraphPersistence().fit_transform(rows)
    for X in (matrices, list(matrices)):
        assert_array_equal(GraphPersistence().fit_transform(X), expected)
    assert_array_equal(GraphPersistence().fit(rows).transform(matrices), expected)


def test_two_nodes():
    assert_array_equal(GraphPersistence().fit_transform([[0.3], [-1]]), [[0.3], [-1]])
    for parameters in ({"homology_dimensions": (1,)}, {"n_quantiles": 3}):
        with pytest.raises(ValueError, match="no deaths"):
            GraphPersistence(**parameters).fit([[0.3], [-1]])


def test_incomplete_graphs_warn_and_are_exact():
    rows = np.array([[5.0, 4, 1, 2, 3]])  # 01 02 03 12 13; 23 is absent
    with pytest.warns(UserWarning, match="4 nodes whose last 1 edges are absent"):
        persistence = GraphPersistence(normalize=False).fit(rows)
    assert_array_equal(persistence.transform(rows), [[3, 4, 5, 1, 2]])
    names = ["birth0", "birth1", "birth2", "death0", "death1"]
    assert list(persistence.get_feature_names_out()) == names


def test_input_is_left_alone(make_rows):
    rows = make_rows(3, 8)
    before = rows.copy()
    persistence = GraphPersistence(topology_weight=0.5)
    scaled = persistence.fit_transform(rows)
    kept = scaled.copy()
    persistence.inverse_transform(scaled)
    assert_array_equal(rows, before)
    assert_array_equal(scaled, kept)


@pytest.mark.parametrize("n_jobs", [2, -1])
def test_parallel_equals_sequential(make_rows, n_jobs):
    rows = make_rows(7, 20)
    expected = GraphPersistence().fit_transform(rows)
    assert_array_equal(GraphPersistence(n_jobs=n_jobs).fit_transform(rows), expected)


def test_progress_bar(make_rows, capsys):
    rows = make_rows(4, 20)
    GraphPersistence(n_jobs=2).fit_transform(rows)
    assert capsys.readouterr() == ("", "")
    shown = GraphPersistence(n_jobs=2, verbose=True).fit(rows)
    barcodes = shown.transform(rows)
    assert "2/2" in capsys.readouterr().err
    shown.inverse_transform(barcodes[:3])
    assert "3/3" in capsys.readouterr().err


# --- graphs of different sizes ----------------------------------------------------


def test_sizes_that_differ_share_a_space(make_rows):
    sizes = (5, 7, 5, 9)
    rows = [make_rows(1, size, seed=size + k)[0] for k, size in enumerate(sizes)]
    exact = bc.wasserstein_distances([bc.barcode_rows([row])[0] for row in rows])
    # 720720 is a multiple of all numbers of births and deaths; 4000 is near enough.
    found = GraphPersistence(n_quantiles=4000).fit_transform(rows)
    assert found.shape == (4, 8000)
    assert_allclose(cdist(found, found), exact, atol=1e-3)
    assert np.all(cdist(found, found) <= exact + 1e-12)


def test_quantiles_that_divide_are_exact(make_rows):
    rows = [make_rows(1, 4, seed=1)[0], make_rows(1, 3, seed=2)[0]]
    barcodes = [bc.barcode_rows([row])[0] for row in rows]
    found = GraphPersistence(n_quantiles=6).fit_transform(rows)
    distance = np.linalg.norm(found[0] - found[1])
    assert_allclose(distance, bc.wasserstein_distance(*barcodes), rtol=1e-12)


def test_quantiles_take_any_size_later(make_rows):
    persistence = GraphPersistence(n_quantiles=5).fit(make_rows(3, 6))
    alone = persistence.transform(make_rows(2, 9))
    among = persistence.transform([*make_rows(2, 9), *make_rows(1, 4)])
    assert_array_equal(among[:2], alone)
    names = persistence.get_feature_names_out()
    assert names[0] == "birth_quantile0" and names[-1] == "death_quantile4"
    ragged = GraphPersistence(n_quantiles=5).fit([*make_rows(2, 9), *make_rows(1, 4)])
    assert list(ragged.get_feature_names_out()) == list(names)


def test_refitting_forgets(make_rows):
    ragged = [*make_rows(2, 9, dtype=np.float32), *make_rows(1, 4, dtype=np.float32)]
    persistence = GraphPersistence(n_quantiles=5).fit(make_rows(3, 6)).fit(ragged)
    assert not hasattr(persistence, "template_")
    assert not hasattr(persistence, "n_features_in_")
    assert persistence.transform(ragged).dtype == np.float32
    with pytest.raises(ValueError, match="NaN"):
        persistence.fit([[np.nan] * 10])
    with pytest.raises(NotFittedError):
        persistence.transform(ragged)


def test_incomplete_graphs_warn_later_too(make_rows):
    persistence = GraphPersistence(n_quantiles=3).fit(make_rows(3, 6))
    with pytest.warns(UserWarning, match="4 nodes whose last 1 edges are absent"):
        persistence.transform(np.ones((2, 5)))


def test_sizes_that_differ_need_quantiles(make_rows):
    rows = [make_rows(1, 5)[0], make_rows(1, 6)[0]]
    with pytest.raises(ValueError, match="n_quantiles"):
        GraphPersistence().fit(rows)
    with pytest.raises(ValueError, match="n_quantiles"):
        GraphPersistence().fit([squareform(row) for row in rows])
    with pytest.raises(ValueError, match="X has 15 features, but"):
        GraphPersistence().fit(make_rows(2, 5)).transform(make_rows(2, 6))


# --- the way back -----------------------------------------------------------------


@pytest.mark.parametrize("weight", [0.0, 0.4, 0.9])
@pytest.mark.parametrize("normalize", [True, False])
def test_inverse_with_edges_returns_what_was_transformed(
    make_rows, kind, weight, normalize
):
    rows = make_rows(4, 9, kind)
    persistence = GraphPersistence(topology_weight=weight, normalize=normalize)
    back = persistence.inverse_transform(persistence.fit_transform(rows))
    assert_allclose(back, rows, atol=1e-12)


@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_inverse_without_edges_has_exactly_the_barcode(
    make_rows, kind, normalize, dtype
):
    rows = make_rows(6, 12, kind, dtype=dtype)
    persistence = GraphPersistence(normalize=normalize).fit(rows)
    scaled = persistence.transform(rows)
    for target in (scaled, scaled.mean(axis=0, keepdims=True)):
        back = persistence.inverse_transform(target)
        atol = 1e-6 if dtype == np.float32 else 1e-12
        assert_allclose(persistence.transform(back), target, atol=atol)


@given(st.integers(2, 9), st.integers(0, 2**32 - 1), st.sampled_from([0.1, 1.0]))
def test_inverse_finds_room_for_hard_barcodes(n_nodes, seed, spread):
    # Nearly low-rank graphs whose components grow one node at a time, against a
    # template that would rather pair nodes up: deaths must be left room.
    rng = np.random.default_rng(seed)
    strength = np.sort(rng.random(n_nodes))
    matrix = np.minimum.outer(strength, strength) * rng.uniform(
        1 - spread / 10, 1, (n_nodes, n_nodes)
    )
    row = squareform(np.maximum(matrix, matrix.T), checks=False)
    template = rng.random(row.shape)
    persistence = GraphPersistence().fit([template])
    target = persistence.transform([row])
    back = persistence.inverse_transform(target)
    assert_allclose(persistence.transform(back), target, atol=1e-12)


def test_inverse_follows_the_template(make_rows):
    rows = make_rows(2, 20, seed=8)
    persistence = GraphPersistence().fit(rows[:1])
    assert_array_equal(persistence.template_, rows[0])
    back = persistence.inverse_transform(persistence.transform(rows[1:]))[0]
    rng = np.random.default_rng(0)
    shuffled = [np.sum((rng.permutation(back) - rows[0]) ** 2) for _ in range(50)]
    least = np.sum((np.sort(back) - np.sort(rows[0])) ** 2)  # no tree to respect
    assert np.sum((back - rows[0]) ** 2) < 2 * least < min(shuffled)


def test_inverse_of_a_barcode_no_graph_has():
    persistence = GraphPersistence(normalize=False).fit([[3.0, 2, 1]])
    with pytest.raises(ValueError, match="No graph has this barcode"):
        persistence.inverse_transform([[1.0, 3, 2]])  # the death is above a birth


@pytest.mark.parametrize("weight", [0.5, 0.9, 0.99])
def test_interpolation_lowers_the_objective(weight):
    X, y = make_modular_connectomes(10, random_state=0)
    persistence = GraphPersistence(topology_weight=weight)
    scaled = persistence.fit_transform(X)
    center = scaled[y == 2].mean(axis=0)
    found = persistence.inverse_transform([center])[0]
    target = X[y == 2].mean(axis=0)
    barcode = bc.barcode_rows(X[y == 2]).mean(axis=0)
    start = objective(target, target, barcode, weight)
    assert objective(found, target, barcode, weight) < 0.5 * start
    rng = np.random.default_rng(0)
    for step in (1e-4, 1e-2):
        moved = found + step * rng.normal(size=found.shape)
        assert objective(moved, target, barcode, weight) > objective(
            found, target, barcode, weight
        )


@settings(max_examples=40)
@given(st.integers(3, 9), st.integers(0, 2**32 - 1), st.floats(0.01, 0.99))
def test_interpolation_never_rises_from_step_to_step(n_nodes, seed, weight):
    # Edges of one graph, the barcode of one of another spread: plain steps can rise.
    rng = np.random.default_rng(seed)
    powers = rng.choice([0.2, 1, 4], (2, 1))
    rows = rng.random((2, n_nodes * (n_nodes - 1) // 2)) ** powers
    persistence = GraphPersistence(topology_weight=weight)
    center = persistence.fit_transform(rows)[1:]
    center[:, : rows.shape[1]] = rows[0] * np.sqrt((1 - weight) / rows.shape[1])
    target, barcode = rows[0], bc.barcode_rows(rows)[1]
    reached = []
    for n_steps in range(11):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("sktopo._realization._MAX_STEPS", n_steps)
            found = persistence.inverse_transform(center)[0]
        reached.append(objective(found, target, barcode, weight))
    assert_allclose(reached[0], objective(target, target, barcode, weight))
    assert (np.diff(reached) <= 1e-12).all()
    assert_allclose(persistence.inverse_transform(center)[0], found)  # 10 at most


@pytest.mark.parametrize("weight", [0.9, 0.99])
def test_interpolation_is_as_low_as_300_gradient_steps(weight):
    X, y = make_modular_connectomes(random_state=0)
    X = X[y == 2]
    persistence = GraphPersistence(topology_weight=weight, normalize=False).fit(X)
    center = persistence.transform(X).mean(axis=0, keepdims=True)
    target, barcode = X.mean(axis=0), bc.barcode_rows(X).mean(axis=0)

    def measure(w):
        placed = np.empty_like(w)
        placed[bc.barcode_edges([w])[0]] = barcode
        misfit = (1 - weight) * np.sum((w - target) ** 2)
        return misfit + weight * np.sum((w - placed) ** 2), placed

    def descend(w):
        for _ in range(300):
            placed = measure(w)[1]
            w = w - 0.1 * ((1 - weight) * (w - target) + weight * (w - placed))
        return measure(w)[0]

    lowest = measure(persistence.inverse_transform(center)[0])[0]
    assert lowest < 0.85 * descend(X[0])  # as published, from a network
    assert lowest < 1.0001 * descend(target)


def test_interpolation_is_no_worse_than_its_starts():
    X, y = make_modular_connectomes(10, random_state=0)
    persistence = GraphPersistence(topology_weight=0.999)
    center = persistence.fit_transform(X)[y == 2].mean(axis=0)
    target, barcode = X[y == 2].mean(axis=0), bc.barcode_rows(X[y == 2]).mean(axis=0)
    exact = GraphPersistence().fit([target])
    placed = exact.inverse_transform(bc.scale_barcodes([barcode]))[0]
    found = persistence.inverse_transform([center])[0]
    for start in (target, placed):
        assert objective(found, target, barcode, 0.999) < objective(
            start, target, barcode, 0.999
        )


def test_connectomes_behind_barycenters():
    X, y = make_modular_connectomes(5, p_within=0.8, random_state=0)
    persistence = GraphPersistence()
    top = TopClusterer(3, n_init=20, random_state=0)
    top.fit(persistence.fit_transform(X))
    behind = persistence.inverse_transform(top.cluster_centers_)
    assert_allclose(persistence.transform(behind), top.cluster_centers_, atol=1e-12)


@pytest.mark.parametrize(
    ("parameters", "n_nodes", "message"),
    [
        ({"n_quantiles": 4}, 5, "averages"),
        ({"homology_dimensions": (0,)}, 5, "only one of births and deaths"),
        ({"homology_dimensions": (1,), "topology_weight": 0.5}, 5, "only one"),
    ],
)
def test_no_inverse(make_rows, parameters, n_nodes, message):
    persistence = GraphPersistence(**parameters)
    scaled = persistence.fit_transform(make_rows(3, n_nodes))
    with pytest.raises(ValueError, match=message):
        persistence.inverse_transform(scaled)


def test_no_inverse_of_incomplete_graphs_or_other_widths(make_rows):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        persistence = GraphPersistence().fit(np.ones((2, 5)))
    with pytest.raises(ValueError, match="incomplete"):
        persistence.inverse_transform(np.ones((2, 5)))
    persistence = GraphPersistence().fit(make_rows(2, 5))
    with pytest.raises(ValueError, match="X has 3 features.*expecting 10"):
        persistence.inverse_transform(np.ones((2, 3)))


# --- names and errors -------------------------------------------------------------


@pytest.mark.parametrize("dimensions", [(0, 1), (0,), (1,)])
@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0])
def test_edge_names_say_where_each_number_came_from(make_rows, dimensions, weight):
    rows = make_rows(4, 6, "ties")
    persistence = GraphPersistence(
        topology_weight=weight, homology_dimensions=dimensions, normalize=False
    )
    scaled = persistence.fit_transform(rows)
    names = persistence.edge_names(rows)
    assert names.shape == scaled.shape
    kinds = [name.rstrip("0123456789") for name in persistence.get_feature_names_out()]
    factors = {"x": (1 - weight) ** 0.5, "birth": weight**0.5, "death": weight**0.5}
    for row, row_names, row_scaled in zip(rows, names, scaled, strict=True):
        matrix = squareform(row)
        for name, kind, value in zip(row_names, kinds, row_scaled, strict=True):
            i, j = (int(unit.removeprefix("x")) for unit in name.split("--"))
            assert i < j
            assert matrix[i, j] * factors[kind] == pytest.approx(value)


def test_edge_names_are_the_names_of_columns():
    pandas = pytest.importorskip("pandas")
    triangle = pandas.DataFrame([[0.9, 0.5, 0.7]], columns=["a--b", "a--c", "b--c"])
    persistence = GraphPersistence().fit(triangle)
    assert persistence.edge_names(triangle).tolist() == [["b--c", "a--b", "a--c"]]
    unnamed = GraphPersistence().fit(triangle.to_numpy())
    named = unnamed.edge_names(triangle.to_numpy(), ["p", "q", "r"])
    assert named.tolist() == [["r", "p", "q"]]
    with pytest.raises(ValueError, match="input_features should have length"):
        unnamed.edge_names(triangle.to_numpy(), ["p"])
    with pytest.raises(ValueError, match="no edge of their own"):
        GraphPersistence(n_quantiles=2).fit(triangle).edge_names(triangle)


def test_names(make_rows):
    persistence = GraphPersistence(topology_weight=0.5).fit(make_rows(2, 3))
    births_deaths = ["birth0", "birth1", "death0"]
    assert list(persistence.get_feature_names_out()) == ["x0", "x1", "x2"] + (
        births_deaths
    )
    named = persistence.get_feature_names_out(["a--b", "a--c", "b--c"])
    assert list(named) == ["a--b", "a--c", "b--c", *births_deaths]
    deaths = GraphPersistence(homology_dimensions=(1,)).fit(make_rows(2, 3))
    assert list(deaths.get_feature_names_out()) == ["death0"]


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


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"normalize": "yes"}, ValueError),
        ({"topology_weight": 1.1}, ValueError),
        ({"topology_weight": -0.1}, ValueError),
        ({"topology_weight": "high"}, ValueError),
        ({"topology_weight": np.nan}, ValueError),
        ({"topology_weight": True}, ValueError),
        ({"verbose": "yes"}, ValueError),
        ({"homology_dimensions": (2,)}, ValueError),
        ({"homology_dimensions": ()}, ValueError),
        ({"homology_dimensions": 1}, ValueError),
        ({"n_quantiles": 0}, ValueError),
        ({"n_quantiles": 2.5}, ValueError),
        ({"n_quantiles": 3, "normalize": False}, ValueError),
        ({"n_quantiles": 3, "topology_weight": 0.5}, ValueError),
    ],
)
def test_bad_parameters(make_rows, parameters, error):
    with pytest.raises(error, match=next(iter(parameters))):
        GraphPersistence(**parameters).fit(make_rows(2, 5))
