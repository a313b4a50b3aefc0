"""GraphPersistence: Wasserstein rows of graphs."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import cdist, squareform

from sktopo import GraphPersistence
from sktopo import barcodes as bc
from sktopo._utils import memory
from sktopo.barcodes import _parts


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


@pytest.mark.filterwarnings("ignore:X holds negative weights")
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
    persistence = GraphPersistence(topology_weight=weight, fit_inverse_transform=True)
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
    assert_array_equal(GraphPersistence().fit_transform([[0.3], [1]]), [[0.3], [1]])
    for parameters in ({"homology_dimensions": (1,)}, {"n_quantiles": 3}):
        with pytest.raises(
            ValueError,
            match=r"^Sample 0 of X: A graph of 1 edge.* has no deaths .*\(0,\).$",
        ):
            GraphPersistence(**parameters).fit([[0.3], [1]])
        with (
            pytest.warns(UserWarning, match="^2 edges do not form an upper triangle"),
            pytest.raises(
                ValueError, match=r"Sample 0 of X: A graph of 2 edge\(s\) has no"
            ),
        ):
            GraphPersistence(**parameters).fit([[0.3, 1]])


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
    shown = GraphPersistence(n_jobs=2, verbose=True, fit_inverse_transform=True)
    shown.fit(rows)
    barcodes = shown.transform(rows)
    shown_text = capsys.readouterr().err
    assert "2/2" in shown_text and "\rbarcodes: " in shown_text
    shown.inverse_transform(barcodes[:3])
    shown_text = capsys.readouterr().err
    assert "3/3" in shown_text and "\rconnectomes: " in shown_text


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
    persistence = GraphPersistence(n_quantiles=5, fit_inverse_transform=True)
    persistence.fit(make_rows(3, 6)).fit(ragged)
    assert not hasattr(persistence, "template_")
    assert not hasattr(persistence, "n_features_in_")
    assert persistence.transform(ragged).dtype == np.float32


def test_the_template_of_many_single_precision_rows_is_their_mean():
    rows = np.full((200_000, 3), 0.1, dtype=np.float32)
    rows[::2] += np.float32(0.001)
    template = GraphPersistence(fit_inverse_transform=True).fit(rows).template_
    assert template.dtype == np.float32
    assert_allclose(template, rows.astype(np.float64).mean(axis=0), rtol=1e-7)


def test_the_template_of_the_largest_weights_is_their_mean():
    rows = np.array([[1e308, 0], [1.5e308, 2], [0.5e308, 4], [1e308, 6]])
    persistence = GraphPersistence(topology_weight=0, fit_inverse_transform=True)
    persistence.fit(np.column_stack([rows, rows[:, 0]]))
    assert_allclose(persistence.template_, [1e308, 3, 1e308], rtol=1e-15)


NEGATIVE = (
    "^X holds negative weights.*FunctionalConnectome\\(absolute=True\\), and do not "
    "compare with signed ones. .* silence this with .* negative weights'\\).$"
)


def test_warning_of_negative_weights_names_the_line_that_fits(make_rows):
    with pytest.warns(UserWarning, match=NEGATIVE) as caught:
        GraphPersistence().fit(make_rows(3, 5, "negative"))
    assert caught[0].filename == __file__


@pytest.mark.parametrize("as_matrices", [True, False])
def test_negative_weights_warn_once_and_in_fit(make_rows, as_matrices):
    rows = make_rows(3, 5, "negative")
    X = [squareform(row) for row in rows] if as_matrices else rows
    with pytest.warns(UserWarning, match=NEGATIVE) as caught:
        persistence = GraphPersistence().fit(X)
    assert len(caught) == 1
    persistence.transform(X)
    GraphPersistence().fit(np.abs(rows)).transform(rows)
    with warnings.catch_warnings():  # as the message says
        warnings.filterwarnings("ignore", "X holds negative weights")
        GraphPersistence().fit(X)


@pytest.mark.parametrize(
    ("parameters", "n_nodes", "message"),
    [
        (
            {"n_quantiles": 4},
            5,
            "^There is no inverse: n_quantiles is set: averages .* each birth.$",
        ),
        (
            {"homology_dimensions": (0,)},
            5,
            "^There is no inverse: only one of births and deaths is kept.$",
        ),
        ({"homology_dimensions": (1,), "topology_weight": 0.5}, 5, ": only one of"),
    ],
)
def test_no_inverse(make_rows, parameters, n_nodes, message):
    persistence = GraphPersistence(fit_inverse_transform=True, **parameters)
    scaled = persistence.fit_transform(make_rows(3, n_nodes))
    with pytest.raises(ValueError, match=message):
        persistence.inverse_transform(scaled)


def test_no_inverse_without_a_template(make_rows):
    rows = make_rows(3, 6)
    persistence = GraphPersistence()
    scaled = persistence.fit_transform(rows)
    assert not hasattr(persistence, "template_")
    with pytest.raises(AttributeError, match="no attribute 'inverse_trans") as raised:
        persistence.inverse_transform(scaled)
    assert "set fit_inverse_transform=True before fit" in str(raised.value.__cause__)
    persistence.set_params(fit_inverse_transform=True)  # too late
    with pytest.raises(ValueError, match="no template was learnt; fit with fit_inv"):
        persistence.inverse_transform(scaled)
    mixed = GraphPersistence(topology_weight=0.5)  # rows that hold edges need none
    assert_allclose(mixed.inverse_transform(mixed.fit_transform(rows)), rows)


@pytest.mark.parametrize("parameters", [{}, {"n_quantiles": 100}])
def test_memory_beyond_the_input(parameters, measure_peak):
    n_nodes = 1500
    rows = np.random.default_rng(0).random((1, n_nodes * (n_nodes - 1) // 2))
    rows = rows.astype(np.float32)
    persistence = GraphPersistence(**parameters)
    assert measure_peak(lambda: persistence.fit_transform(rows)) < 4 * n_nodes**2


def test_rows_that_do_not_fit_in_memory(monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda: 10**8)
    rows = np.broadcast_to(np.arange(4950.0), (4000, 4950))  # takes no memory
    persistence = GraphPersistence().fit(rows)
    monkeypatch.setattr(_parts, "compute_barcodes", None)  # is not called
    with pytest.raises(
        MemoryError,
        match="^GraphPersistence needs 0.293 GB for graphs of 100 nodes, and 0.1 GB .*"
        "ConnectomePersistence .*max_nodes .*SampleWise ",
    ):
        persistence.transform(rows)


def test_no_inverse_of_incomplete_graphs_or_other_widths(make_rows):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        persistence = GraphPersistence(fit_inverse_transform=True)
        persistence.fit(np.ones((2, 5)))
    with pytest.raises(
        ValueError, match="^There is no inverse: graphs of 5 edges are incomplete.$"
    ):
        persistence.inverse_transform(np.ones((2, 5)))
    persistence = GraphPersistence(fit_inverse_transform=True).fit(make_rows(2, 5))
    with pytest.raises(
        ValueError, match="^X has 3 features.*expecting 10 features as input.$"
    ):
        persistence.inverse_transform(np.ones((2, 3)))


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
    with pytest.raises(
        ValueError,
        match="^n_quantiles is set, .* no edge of their own; .* without n_quantiles.$",
    ):
        GraphPersistence(n_quantiles=2).fit(triangle).edge_names(triangle)


@pytest.mark.parametrize("parameters", [{}, {"topology_weight": 0.5}])
@pytest.mark.parametrize("with_names", [True, False])
def test_names_that_are_made_when_read_are_the_same(
    make_rows, parameters, with_names, monkeypatch
):
    rows = make_rows(2, 6)
    if with_names:
        pandas = pytest.importorskip("pandas")
        rows = pandas.DataFrame(rows, columns=[f"edge{k}" for k in range(15)])
    persistence = GraphPersistence(**parameters).fit(rows)
    expected = persistence.get_feature_names_out()
    monkeypatch.setattr("sktopo._utils.nodes._MOST_NAMES", 3)
    lazy = persistence.get_feature_names_out()
    assert not isinstance(lazy, np.ndarray)
    assert_array_equal(np.asarray(lazy), expected)
    assert [lazy[k] for k in range(len(lazy))] == list(expected)
    assert list(lazy[3:9]) == list(expected[3:9])


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
        ({"homology_dimensions": ([0],)}, ValueError),
        ({"homology_dimensions": (np.array([0, 1]),)}, ValueError),
        ({"homology_dimensions": (None, 0)}, ValueError),
        ({"n_jobs": "2"}, ValueError),
        ({"n_quantiles": 0}, ValueError),
        ({"n_quantiles": 2.5}, ValueError),
        ({"n_quantiles": 3, "normalize": False}, ValueError),
        ({"n_quantiles": 3, "topology_weight": 0.5}, ValueError),
    ],
)
def test_bad_parameters(make_rows, parameters, error):
    with pytest.raises(error, match=f"^{next(iter(parameters))}( |=)"):
        GraphPersistence(**parameters).fit(make_rows(2, 5))
