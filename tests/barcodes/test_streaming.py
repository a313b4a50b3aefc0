"""Barcodes of activations without the matrix, against those of the matrix."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from threadpoolctl import threadpool_info, threadpool_limits

from sktopo._utils import memory
from sktopo.barcodes import _streaming as streaming
from sktopo.barcodes import (
    activation_barcode,
    barcode_edges,
    barcode_rows,
    quantile_vectors,
    split_barcodes,
)
from sktopo.barcodes._tiles import ArrayTiles, standardize_units
from sktopo.connectomes._units import find_constant_units
from sktopo.connectomes.measures import MEASURES

# How far births may be from those of the matrix: roundings of products.
SLACK = {np.dtype(np.float32): 3e-6, np.dtype(np.float64): 1e-13}
MEASURE_NAMES = ("correlation", "spearman", "covariance")


def make_activations(n_nodes, n_observations=30, seed=0, dtype=np.float64):
    """Make random units, some of them constant or alike."""
    rng = np.random.default_rng(seed)
    activations = rng.normal(size=(n_observations, n_nodes))
    activations[:, 1::9] = activations[:, :1]
    activations[:, 2::7] = np.maximum(activations[:, 2::7], 0)
    activations[:, n_nodes // 2 :: 11] = 4
    return activations.astype(dtype)


def find_weights(activations, measure="correlation", absolute=True):
    """Compute the weights of all edges in float64: the row of a connectome."""
    matrix = np.nan_to_num(MEASURES[measure](activations.astype(float)), nan=0.0)
    row = matrix[np.triu_indices(len(matrix), 1)]
    return np.abs(row) if absolute else row


def compute(activations, n_quantiles=50, run=map, absolute=True, device=None):
    """Compute a barcode, with the number of rows that were computed again."""
    nodes = np.flatnonzero(~find_constant_units(activations))
    units = standardize_units(activations, "correlation", absolute, nodes)
    n_nodes = activations.shape[1]
    return streaming.stream_barcode(
        units, nodes, n_nodes, n_quantiles=n_quantiles, run=run, device=device
    )


@pytest.fixture(name="small_blocks", params=[7, 64])
def small_blocks_fixture(request, monkeypatch):
    """Cut small samples into many tiles, and count their weights in bins."""
    monkeypatch.setattr(ArrayTiles, "block", request.param)
    monkeypatch.setattr(streaming, "_FEW_WEIGHTS", 0)
    monkeypatch.setattr(streaming, "_N_NEIGHBORS", 4)


def check_edges(births, edges, row, n_nodes, slack):
    """Check that the edges form a tree and have the weights that births say."""
    first, second = edges.T
    assert (first < second).all()
    position = first * (2 * n_nodes - first - 3) // 2 - 1 + second
    assert_allclose(births, row[position], atol=slack)
    labels = np.arange(n_nodes)
    for a, b in edges:
        assert labels[a] != labels[b]
        labels[labels == labels[b]] = labels[a]


@pytest.mark.parametrize("seed", range(20))
def test_random_shapes(seed, small_blocks):
    rng = np.random.default_rng(seed)
    n_nodes, dtype = int(rng.integers(3, 150)), rng.choice([np.float32, np.float64])
    measure, absolute = rng.choice(MEASURE_NAMES), bool(rng.integers(2))
    activations = make_activations(n_nodes, int(rng.integers(3, 60)), seed, dtype)
    row = find_weights(activations, measure, absolute)
    slack = SLACK[np.dtype(dtype)] * max(1, np.abs(row).max())
    expected, deaths = split_barcodes(barcode_rows(row[None]))
    births, edges, averages = activation_barcode(
        activations, measure=measure, absolute=absolute, n_quantiles=20
    )
    assert births.dtype == averages.dtype == dtype and edges.dtype == np.intp
    assert_allclose(births, expected[0], atol=slack)
    check_edges(births, edges, row, n_nodes, slack)
    exact = quantile_vectors(deaths, 20)[0]
    assert_allclose(averages, exact, atol=1e-5 * np.ptp(row) + slack)
    *_, every = activation_barcode(
        activations, measure=measure, absolute=absolute, n_quantiles=None
    )
    assert_allclose(every, deaths[0], atol=slack)


def make_adverse(kind, n, n_observations=50):
    rng = np.random.default_rng(0)

    def noise(n_columns):
        return rng.normal(size=(n_observations, n_columns)).astype(np.float32)

    return {
        "20 tight clusters": lambda: noise(20)[:, np.arange(n) % 20] + noise(n) / 10,
        "20 clusters in order": lambda: (
            np.repeat(noise(20), n // 20, axis=1) + noise(n) / 10
        ),
        "nested clusters": lambda: (
            np.repeat(noise(n // 400), 400, axis=1) * 4
            + np.repeat(noise(n // 50), 50, axis=1) * 2
            + noise(n) / 20
        ),
        "duplicated units": lambda: noise(n // 60)[:, rng.integers(0, n // 60, n)],
        "random walk": lambda: noise(n).cumsum(axis=1),
        "one global factor": lambda: 3 * noise(1) + noise(n),
        "active once": lambda: (
            np.eye(n_observations, dtype=np.float32)[
                :, rng.integers(0, n_observations, n)
            ]
            * (1 + rng.random(n, dtype=np.float32))
        ),
    }[kind]()


ADVERSE = (
    "20 tight clusters",
    "20 clusters in order",
    "nested clusters",
    "duplicated units",
    "random walk",
    "one global factor",
    "active once",
)


@pytest.mark.parametrize("absolute", [True, False])
@pytest.mark.parametrize("kind", ADVERSE)
def test_adverse_structure_costs_at_most_three_passes(kind, absolute, monkeypatch):
    monkeypatch.setattr(ArrayTiles, "block", 128)
    activations = make_adverse(kind, 1200)
    barcode = compute(activations, absolute=absolute)
    assert barcode.n_again <= 3 * 1200
    row = find_weights(activations, absolute=absolute)
    births, _ = split_barcodes(barcode_rows(row[None]))
    assert_allclose(barcode.births, births[0], atol=3e-6)
    check_edges(barcode.births, barcode.edges, row, 1200, 3e-6)


def make_exact(n_nodes=60, n_observations=16):
    """Make units of balanced signs, whose correlations are exact multiples of 1/4."""
    rng = np.random.default_rng(0)
    signs = np.repeat([-1.0, 1.0], n_observations // 2)
    return np.stack([rng.permutation(signs) for _ in range(n_nodes)], axis=1)


@pytest.mark.parametrize("absolute", [True, False])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("device", [None, "cpu"])
def test_ties_go_to_the_edge_that_comes_first(absolute, dtype, device, small_blocks):
    if device is not None:
        pytest.importorskip("torch")
    activations = make_exact().astype(dtype)
    activations[:, [5, 31]] = 1
    births, edges, _ = activation_barcode(activations, absolute=absolute, device=device)
    row = find_weights(activations, absolute=absolute)
    row = np.round(row * 4) / 4
    assert len(np.unique(row)) <= 9
    position = barcode_edges(row[None])[0, :59]
    first, second = np.triu_indices(60, 1)
    assert_array_equal(edges, np.stack([first, second], axis=1)[position])
    assert_array_equal(births, row[position])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_block_and_threads_change_nothing(dtype, monkeypatch):
    monkeypatch.setattr(streaming, "_FEW_WEIGHTS", 0)
    activations = make_activations(300, dtype=dtype)
    found = []
    for block in (16, 50, 1024):
        monkeypatch.setattr(ArrayTiles, "block", block)
        for n_threads in (1, 4):
            with threadpool_limits(n_threads), streaming.tile_threads(None) as run:
                found.append(compute(activations, run=run))
    for same, other in zip(found[::2], found[1::2], strict=True):
        assert_array_equal(same.births, other.births)
        assert_array_equal(same.edges, other.edges)
        assert_array_equal(same.deaths, other.deaths)
    for other in found[2:]:
        assert_allclose(other.births, found[0].births, atol=SLACK[np.dtype(dtype)])
        assert_allclose(other.deaths, found[0].deaths, atol=1e-5)


@pytest.mark.parametrize("n_threads", [1, 2])
def test_there_are_as_many_threads_as_blas_has(n_threads, monkeypatch):
    made = []

    class Executor(ThreadPoolExecutor):
        def __init__(self, n_workers):
            made.append(n_workers)
            super().__init__(n_workers)

    def count_threads():
        pools = threadpool_info()
        return {x["num_threads"] for x in pools if x["user_api"] == "blas"}

    monkeypatch.setattr(streaming, "ThreadPoolExecutor", Executor)
    with threadpool_limits(n_threads, "blas"):
        with streaming.tile_threads(None) as run:
            assert list(run(abs, [-1, 2])) == [1, 2]
            assert count_threads() == {1}
        assert count_threads() == {n_threads}
        with streaming.tile_threads("cpu") as run:
            assert run is map
    assert made == [n_threads]


def test_negative_births_give_way_to_units_that_never_vary():
    # Both varying units are opposite: their edge of -1 is a death.
    activations = [[0.0, 5, 1], [1, 5, 0], [2, 5, -1]]
    births, edges, deaths = activation_barcode(
        activations, absolute=False, n_quantiles=None
    )
    assert_array_equal(births, [0, 0])
    assert_array_equal(edges, [[1, 2], [0, 1]])
    assert_allclose(deaths, [-1])


@pytest.mark.parametrize("n_quantiles", [None, 2])
def test_no_unit_varies(n_quantiles):
    births, edges, deaths = activation_barcode(np.ones((3, 4)), n_quantiles=n_quantiles)
    assert_array_equal(births, np.zeros(3))
    assert_array_equal(edges, [[0, 3], [0, 2], [0, 1]])
    assert_array_equal(deaths, np.zeros(n_quantiles or 3))


def test_inputs_are_not_changed():
    activations = make_activations(40)
    given = activations.copy()
    activations.flags.writeable = False
    activation_barcode(activations)
    assert_array_equal(activations, given)


def test_errors():
    activations = make_activations(5)
    for name, value, message in (
        ("measure", "partial correlation", "expected one of 'correlation', 'spearman'"),
        ("absolute", 1, "absolute must be True or False"),
        ("n_quantiles", 0, "n_quantiles .* at least 1, got 0"),
        ("verbose", "yes", "verbose must be"),
    ):
        with pytest.raises(ValueError, match=message):
            activation_barcode(activations, **{name: value})
    with pytest.raises(ValueError, match="have 1 unit; expected at least 2"):
        activation_barcode(activations[:, :1])
    with pytest.raises(ValueError, match="has no deaths .* or n_quantiles=None"):
        activation_barcode(activations[:, :2])
    assert len(activation_barcode(activations[:, :2], n_quantiles=None)[2]) == 0
    with pytest.raises(ValueError, match="contains NaN in observation 0, unit 0"):
        activation_barcode(np.full((3, 3), np.nan))
    for size, word in ((1e30, "large"), (1e-30, "small")):
        scaled = (activations * size).astype(np.float32)
        with pytest.raises(ValueError, match=f"is too {word} for float32"):
            activation_barcode(scaled, measure="covariance")


def test_progress_is_shown(capsys):
    pytest.importorskip("tqdm")
    activation_barcode(make_activations(9), verbose=True)
    assert "tiles: 100%" in capsys.readouterr().err


@pytest.mark.parametrize("n_constant", [0, 1])
def test_all_deaths_that_do_not_fit_in_memory(n_constant, monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda: 10**8)
    monkeypatch.setattr(streaming, "standardize_units", None)  # is not called
    activations = np.random.default_rng(0).random((3, 6000))
    activations[:, :n_constant] = 1
    n_bytes = 17_997_000 * ((2 + n_constant) * 8 + 1)
    with pytest.raises(
        MemoryError, match=f"^activation_barcode needs {n_bytes / 1e9:.3g} GB for "
    ):
        activation_barcode(activations, n_quantiles=None)


@pytest.mark.parametrize("n_constant", [0, 300])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_memory_of_all_deaths_is_announced(dtype, n_constant, measure_peak):
    activations = np.random.default_rng(0).random((4, 3000)).astype(dtype)
    activations[:, :n_constant] = 1
    call = partial(activation_barcode, activations, n_quantiles=None)
    n_bytes = streaming.count_death_bytes(3000, 3000 - n_constant, dtype().itemsize)
    # Tiles, one per thread, and candidates that wait are not small beside few deaths.
    with threadpool_limits(1, "blas"):
        n_found = measure_peak(call)
    assert 0.8 * n_bytes < n_found < 1.4 * n_bytes
