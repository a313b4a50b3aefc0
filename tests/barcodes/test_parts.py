"""Births and deaths before they are scaled, and the balanced form of the distance."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import pdist

from sktopo import GraphPersistence, SampleWise, TopClusterer
from sktopo import barcodes as bc
from sktopo._utils import memory
from sktopo.barcodes import _parts

BALANCED = {"normalize": "balanced"}
CONSTANT = "cannot balance births and deaths: the {} of all {} sample"


def variances(rows, layout):
    """Return the Wasserstein variance of births and of deaths in rows of a layout."""
    parts = layout.split(rows.astype(np.float64))
    return np.array([parts[kind].var(axis=0).sum() for kind in ("birth", "death")])


def test_factors_by_hand():
    births = np.array([[0.0, 5], [2, 5], [0, 5], [2, 5]])  # variances 1 and 0
    deaths = np.array([[0.0], [0], [6], [6]])  # variance 9
    factors = _parts.find_factors(births, deaths, rounding=1e-15)
    # In the normalised form 0.5 and 9, which is 4.75 on average.
    assert_allclose(factors, [np.sqrt(4.75 / 0.5), np.sqrt(4.75 / 9)])
    swapped = _parts.find_factors(1e200 * deaths, 1e200 * births, rounding=1e185)
    assert_allclose(swapped, factors[::-1])


@pytest.mark.parametrize("topology_weight", [0.5, 1])
def test_numbers_that_overflow_when_balanced_are_refused(topology_weight):
    graphs = np.array([[0.9, 0.8, 0.1], [0.9, 0.81, 0.7]])
    balanced = GraphPersistence(topology_weight=topology_weight, **BALANCED).fit(graphs)
    assert np.isfinite(balanced.transform(1e306 * graphs)).all()
    with pytest.raises(ValueError, match="balanced by the factors"):
        balanced.transform(1.5e308 * graphs)


@pytest.mark.parametrize("center", [None, "level", "scale", "rank"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "parameters", [{}, {"n_quantiles": 4}, {"topology_weight": 0.3}]
)
def test_variances_are_equal_and_their_sum_is_kept(
    make_rows, parameters, dtype, center
):
    rows = (make_rows(9, 8) ** np.linspace(1, 4, 9)[:, None]).astype(dtype)
    plain = GraphPersistence(center=center, **parameters)
    before = variances(plain.fit_transform(rows), plain.layout_)
    balanced = GraphPersistence(center=center, **BALANCED, **parameters).fit(rows)
    found = balanced.transform(rows)
    assert found.dtype == dtype
    after = variances(found, balanced.layout_)
    assert_allclose(after, [before.mean()] * 2, rtol=1e-5)
    assert not np.allclose(before, after, rtol=1e-2)
    # Later samples are scaled by what was learnt.
    factors = np.sqrt(before.mean() / before)
    assert_allclose(balanced.layout_.factors, factors, rtol=1e-5)
    for kind, part in plain.layout_.split(plain.transform(rows[:2])).items():
        factor = dict(zip(("birth", "death"), factors, strict=True)).get(kind, 1)
        split = balanced.layout_.split(balanced.transform(rows[:2]))
        assert_allclose(split[kind], factor * part, rtol=1e-5, atol=1e-7)


def test_variances_of_graphs_of_several_sizes(make_rows):
    rows = [*make_rows(3, 9), *make_rows(2, 5), *make_rows(2, 7) ** 2]
    rows = [rows[k] for k in (3, 0, 5, 1, 6, 2, 4)]
    plain = GraphPersistence(n_quantiles=6)
    before = variances(plain.fit_transform(rows), plain.layout_)
    balanced = GraphPersistence(n_quantiles=6, **BALANCED)
    found = balanced.fit_transform(rows)
    assert_allclose(variances(found, balanced.layout_), [before.mean()] * 2)
    for k, row in enumerate(rows):
        assert_allclose(balanced.transform([row]), found[k : k + 1])


@pytest.mark.parametrize("center", [None, "rank"])
@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"n_quantiles": 4},
        {"topology_weight": 0.3},
        {"topology_weight": 0},
        {"homology_dimensions": (1,)},
        {"n_jobs": 2},
    ],
)
@pytest.mark.parametrize("normalize", [True, "balanced"])
def test_fit_transform_is_fit_then_transform(make_rows, normalize, parameters, center):
    rows = make_rows(5, 8, dtype=np.float32)
    persistence = GraphPersistence(normalize=normalize, center=center, **parameters)
    found = persistence.fit_transform(rows)
    layout = persistence.layout_
    assert_array_equal(persistence.fit(rows).transform(rows), found)
    assert persistence.layout_ == layout


def test_fit_transform_computes_barcodes_once(make_rows, monkeypatch):
    calls = []

    def compute(rows):
        calls.append(len(rows))
        return bc.barcode_rows(rows)

    monkeypatch.setattr(_parts, "compute_barcodes", compute)
    for parameters in (BALANCED, {**BALANCED, "topology_weight": 0.5}, {}):
        calls.clear()
        GraphPersistence(**parameters).fit_transform(make_rows(4, 6))
        assert calls == [4]


def test_one_kind_has_nothing_to_balance(make_rows, monkeypatch):
    rows = make_rows(4, 6)
    kinds = ({"homology_dimensions": (0,)}, {"topology_weight": 0})
    expected = [GraphPersistence(**kind).fit_transform(rows) for kind in kinds]
    fitted = []
    with monkeypatch.context() as patch:
        patch.setattr(_parts, "compute_barcodes", None)  # is not called
        for kind in kinds:
            fitted.append(GraphPersistence(**BALANCED, **kind).fit(rows))
    for persistence, rows_found in zip(fitted, expected, strict=True):
        assert persistence.layout_.factors == (1.0, 1.0)
        assert_array_equal(persistence.transform(rows), rows_found)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_part_that_does_not_vary_keeps_its_factor(make_rows, dtype):
    deaths = np.array([0.1, 0.2, 0.4, 0.7])
    graphs = np.stack([np.array([0.9, d, 0.8]) for d in deaths]).astype(dtype)
    noise = np.array([0, 1, 2, -1])[:, None] * np.spacing(dtype(0.9))
    cases = {
        "births": graphs + (noise * [1, 0, 1]).astype(dtype),
        "deaths": np.stack([deaths + 0.2, 0 * deaths + 0.01, deaths + 0.1], axis=1),
    }
    for kind, rows in cases.items():
        rows = rows.astype(dtype)
        with pytest.warns(UserWarning, match=CONSTANT.format(kind, 4)) as caught:
            persistence = GraphPersistence(**BALANCED).fit(rows)
        assert caught[0].filename == __file__
        assert persistence.layout_.factors == (1.0, 1.0)
        expected = GraphPersistence().fit_transform(rows)
        assert_array_equal(persistence.transform(rows), expected)
    with pytest.warns(UserWarning, match=CONSTANT.format("births", 1)):
        GraphPersistence(**BALANCED).fit(make_rows(1, 6))
    with pytest.warns(UserWarning, match=CONSTANT.format("deaths", 2)):
        GraphPersistence(**BALANCED).fit([[0.3], [1]])  # two nodes have no deaths


def test_graphs_that_centring_makes_equal_do_not_vary(make_rows):
    one = make_rows(1, 8)[0]
    maps = np.array([[1, 0], [0.3, 7], [1.7, 0.123], [0.01, 50]])
    rows = maps[:, :1] * one + maps[:, 1:]
    with pytest.warns(UserWarning, match=CONSTANT.format("births", 4)):
        GraphPersistence(center="scale", **BALANCED).fit(rows)
    with pytest.warns(UserWarning, match=CONSTANT.format("births", 4)):
        GraphPersistence(center="level", **BALANCED).fit(one + maps[:, 1:])


def test_single_samples_have_nothing_to_balance(make_rows):
    rows = make_rows(3, 6)
    with pytest.warns(UserWarning, match=CONSTANT.format("births", 1)):
        found = SampleWise(GraphPersistence(**BALANCED)).fit_transform(rows)
    assert_array_equal(found, GraphPersistence().fit_transform(rows))


def test_distances_are_those_of_scaled_parts(make_rows):
    rows = make_rows(6, 9) ** 2
    births, deaths = bc.birth_death_decomposition(rows)
    squares = [pdist(part) ** 2 / part.shape[1] for part in (births, deaths)]
    half = (squares[0].mean() + squares[1].mean()) / 2
    expected = sum(half * square / square.mean() for square in squares)
    found = GraphPersistence(**BALANCED).fit_transform(rows)
    assert_allclose(pdist(found) ** 2, expected)


@pytest.mark.parametrize("weight", [0.4, 1.0])
def test_the_way_back(make_rows, weight):
    rows = make_rows(6, 7) ** 2
    persistence = GraphPersistence(
        topology_weight=weight, fit_inverse_transform=True, **BALANCED
    )
    scaled = persistence.fit_transform(rows)
    found = persistence.inverse_transform(scaled)
    assert_allclose(bc.barcode_rows(found), bc.barcode_rows(rows), atol=1e-14)
    if weight < 1:
        assert_allclose(found, rows)
        # The result is nearer to the mean row than the edges of the mean row are.
        center = scaled[:3].mean(axis=0, keepdims=True)
        near = persistence.inverse_transform(center)
        edges = persistence.layout_.unscale(center)["edge"]
        distances = [
            np.linalg.norm(persistence.transform(graph) - center)
            for graph in (near, edges)
        ]
        assert distances[0] < 0.99 * distances[1]
    else:
        top = TopClusterer(2, random_state=0).fit(scaled)
        back = persistence.inverse_transform(top.cluster_centers_)
        assert_allclose(persistence.transform(back), top.cluster_centers_)


def test_names_and_units_stay(make_rows):
    rows = make_rows(4, 6, "ties")
    persistence = GraphPersistence(**BALANCED).fit(rows)
    scaled = persistence.transform(rows)
    plain = GraphPersistence().fit(rows)
    assert_array_equal(persistence.edge_names(rows), plain.edge_names(rows))
    names = persistence.get_feature_names_out()
    assert_array_equal(names, plain.get_feature_names_out())
    births, deaths = bc.birth_death_decomposition(rows)
    parts = persistence.layout_.unscale(scaled)
    assert_allclose(parts["birth"], births, atol=1e-15)
    assert_allclose(parts["death"], deaths, atol=1e-15)
    again = pickle.loads(pickle.dumps(persistence))
    assert again.layout_ == persistence.layout_
    assert hash(again.layout_) == hash(persistence.layout_)
    assert_array_equal(again.transform(rows), scaled)


def test_numbers_too_large_to_balance(make_rows):
    rows = make_rows(3, 5)
    persistence = GraphPersistence(**BALANCED).fit(rows)
    before = dict(vars(persistence))
    large = np.array([[1.7e308] * 10, [1.7e308] * 10, [-1.7e308] * 10])
    with (
        pytest.warns(UserWarning, match="negative"),
        pytest.raises(ValueError, match="^The numbers in sample 2 are too large for G"),
    ):
        persistence.fit(large)
    assert vars(persistence) == before


@pytest.mark.parametrize("center", [None, "rank"])
def test_fit_says_that_barcodes_do_not_fit_in_memory(monkeypatch, center):
    monkeypatch.setattr(memory, "available_memory", lambda: 10**8)
    rows = np.broadcast_to(np.arange(4950.0), (4000, 4950))  # takes no memory
    monkeypatch.setattr(_parts, "compute_barcodes", None)  # is not called
    GraphPersistence().fit(rows)
    with pytest.raises(MemoryError, match="^GraphPersistence needs 0.[23].. GB"):
        GraphPersistence(center=center, **BALANCED).fit(rows)


def test_centred_edges_count_in_memory(monkeypatch):
    rows = np.broadcast_to(np.arange(4950.0), (4000, 4950))
    needed = {}

    def note(name, n_bytes, n_nodes):
        needed[center] = n_bytes
        raise MemoryError

    monkeypatch.setattr(_parts, "check_memory", note)
    for center in (None, "level"):
        persistence = GraphPersistence(center=center, topology_weight=0).fit(rows)
        with pytest.raises(MemoryError):
            persistence.transform(rows)
    assert needed["level"] - needed[None] == 8 * 4000 * 4950


@pytest.mark.parametrize("center", ["level", "scale", "rank"])
@pytest.mark.parametrize("weight", [0, 1])
def test_memory_of_centring(measure_peak, monkeypatch, center, weight):
    needed = []

    def note(name, n_bytes, n_nodes):
        needed.append(n_bytes)

    monkeypatch.setattr(_parts, "check_memory", note)
    n_nodes = 1100
    rows = np.random.default_rng(0).random((1, n_nodes * (n_nodes - 1) // 2))
    persistence = GraphPersistence(center=center, topology_weight=weight).fit(rows)
    peak = measure_peak(lambda: persistence.transform(rows))
    assert peak < 1.1 * needed[-1]


@pytest.mark.parametrize("n_jobs", [None, 2])
@pytest.mark.parametrize(
    "parameters",
    [{}, {"homology_dimensions": (0,)}, {"n_quantiles": 9}, {"topology_weight": 0.5}],
)
def test_memory_of_chunks(measure_peak, monkeypatch, parameters, n_jobs):
    needed = []

    def note(name, n_bytes, n_nodes):
        needed.append(n_bytes)

    monkeypatch.setattr(_parts, "check_memory", note)
    monkeypatch.setattr(_parts, "_CHUNK", 2**20)  # two rows
    rows = np.random.default_rng(0).random((7, 499500)).astype(np.float32)
    persistence = GraphPersistence(n_jobs=n_jobs, **parameters).fit(rows)
    peak = measure_peak(lambda: persistence.transform(rows))
    # Single linkage needs another two rows, in float64, for each job.
    assert peak < 1.1 * needed[-1] + (n_jobs or 1) * 2 * 8 * 499500
    assert peak > 0.5 * needed[-1]


@pytest.mark.filterwarnings("ignore:normalize='balanced' cannot balance")
@pytest.mark.parametrize("n_samples", [1, 3])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_memory_of_balancing(measure_peak, monkeypatch, dtype, n_samples):
    needed = []

    def note(name, n_bytes, n_nodes):
        needed.append(n_bytes)

    monkeypatch.setattr(_parts, "check_memory", note)
    n_edges = 1100 * 1099 // 2
    rows = np.random.default_rng(0).random((n_samples, n_edges), dtype=dtype)
    peak = measure_peak(lambda: GraphPersistence(**BALANCED).fit_transform(rows))
    assert peak < 1.1 * needed[-1]


def test_bad_forms(make_rows):
    for form in ("Balanced", 1, None, ["balanced"]):
        with pytest.raises(
            ValueError, match="^normalize=.*expected one of True, False, 'balanced'.$"
        ):
            GraphPersistence(normalize=form).fit(make_rows(2, 5))
    flag = np.True_
    expected = GraphPersistence().fit_transform(make_rows(2, 5))
    found = GraphPersistence(normalize=flag).fit_transform(make_rows(2, 5))
    assert_array_equal(found, expected)
