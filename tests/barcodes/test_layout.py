"""The layout of barcodes and Wasserstein rows."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics.pairwise import euclidean_distances

from sktopo import ActivationExtractor, FunctionalConnectome, GraphPersistence
from sktopo import barcodes as bc


@pytest.mark.parametrize("n_nodes", range(1, 40))
def test_count_nodes(n_nodes):
    full = n_nodes * (n_nodes - 1) // 2
    assert bc.count_nodes(full) == n_nodes
    assert bc.count_nodes(full + 1) == n_nodes + 1


def test_rows_that_do_not_ascend_are_not_barcodes(make_rows):
    rows = make_rows(3, 6)
    for function in (bc.wasserstein_distances, bc.barycenter, bc.scale_barcodes):
        with pytest.raises(ValueError, match="do not ascend"):
            function(rows)


def test_the_message_says_whether_births_or_deaths_do_not_ascend():
    rows = {"births": [2, 1, 3, 4, 5, 6], "deaths": [1, 2, 3, 6, 5, 4]}
    for name, row in rows.items():
        message = f"^Row 1 of 6 columns is not a barcode: .* the {name} do not ascend. "
        with pytest.raises(ValueError, match=f"{message}.* into barcodes.$"):
            bc.check_barcodes([range(6), row])


@pytest.mark.parametrize("normalize", [True, False])
def test_unscaling_undoes_scaling(make_rows, normalize):
    barcodes = bc.barcode_rows(make_rows(4, 6, dtype=np.float32))
    scaled = bc.scale_barcodes(barcodes, normalize=normalize)
    back = bc.unscale_barcodes(scaled, normalize=normalize)
    assert back.dtype == np.float32
    assert_allclose(back, barcodes, rtol=1e-6)


@pytest.mark.parametrize(
    ("options", "sizes", "scales"),
    [
        ({}, {"birth": 3, "death": 3}, {"birth": 3**-0.5, "death": 3**-0.5}),
        ({"normalize": False}, {"birth": 3, "death": 3}, {"birth": 1, "death": 1}),
        ({"homology_dimensions": (1,)}, {"death": 3}, {"death": 3**-0.5}),
        ({"topology_weight": 0}, {"edge": 6}, {"edge": 6**-0.5}),
        (
            {"topology_weight": 0.75, "normalize": False},
            {"edge": 6, "birth": 3, "death": 3},
            {"edge": 0.5, "birth": 0.75**0.5, "death": 0.75**0.5},
        ),
        ({"n_quantiles": 4}, {"birth": 4, "death": 4}, {"birth": 0.5, "death": 0.5}),
        (
            {"n_quantiles": 4, "factors": (3.0, 0.5)},
            {"birth": 4, "death": 4},
            {"birth": 1.5, "death": 0.25},
        ),
        (
            {"topology_weight": 0.75, "normalize": False, "factors": (2, 4)},
            {"edge": 6, "birth": 3, "death": 3},
            {"edge": 0.5, "birth": 2 * 0.75**0.5, "death": 4 * 0.75**0.5},
        ),
    ],
)
def test_layouts_of_four_nodes_by_hand(options, sizes, scales):
    layout = bc.BarcodeLayout(6, **options)
    assert layout.sizes == sizes
    assert layout.scales == pytest.approx(scales)
    weights = {
        kind: np.arange(size, dtype=float) + k
        for k, (kind, size) in enumerate(sizes.items())
    }
    row = layout.scale(weights)
    assert len(row) == sum(sizes.values())
    for kind, part in layout.split(row).items():
        assert_allclose(part, weights[kind] * scales[kind])
    for kind, part in layout.unscale(row).items():
        assert_allclose(part, weights[kind])


def test_rows_of_another_width_have_another_layout():
    with pytest.raises(
        ValueError,
        match="^Rows of 5 columns do not have this layout, which has 6 columns: .*}.$",
    ):
        bc.BarcodeLayout(6).split(np.zeros((2, 5)))


def test_factors_of_numpy_keep_single_precision():
    layout = bc.BarcodeLayout(3, factors=tuple(np.array([2.0, 3.0])))
    row = layout.scale(layout.split(np.ones(3, dtype=np.float32)))
    assert row.dtype == np.float32
    assert_allclose(row, [2**0.5, 2**0.5, 3], rtol=1e-6)


def test_layout_is_that_of_the_persistence(make_rows):
    rows = make_rows(3, 7)
    persistence = GraphPersistence(topology_weight=0.4).fit(rows)
    parts = persistence.layout_.unscale(persistence.transform(rows))
    assert_allclose(parts["edge"], rows)
    births, deaths = bc.birth_death_decomposition(rows)
    assert_allclose(parts["birth"], births)
    assert_allclose(parts["death"], deaths)


@pytest.mark.parametrize("n_nodes", [16, 40, 64])
def test_wasserstein_rows_are_refused_where_barcodes_are_wanted(n_nodes):
    rng = np.random.default_rng(n_nodes)
    shared = rng.normal(size=(6, 80, 1))
    connectomes = FunctionalConnectome().fit_transform(
        shared + rng.normal(size=(6, 80, n_nodes))
    )
    rows = GraphPersistence().fit_transform(connectomes)
    for function in (
        bc.check_barcodes,
        bc.scale_barcodes,
        bc.wasserstein_distances,
        bc.wasserstein_variance,
    ):
        with pytest.raises(ValueError, match="unscale_barcodes first"):
            function(rows)
    barcodes = bc.unscale_barcodes(rows)
    assert_allclose(barcodes, bc.barcode_rows(connectomes), atol=1e-12)
    assert_allclose(bc.wasserstein_distances(barcodes), euclidean_distances(rows))
    # These take Wasserstein rows as well.
    assert_allclose(bc.barycenter(rows), rows.mean(axis=0))
    assert bc.wasserstein_variance(rows, normalize=False) > 0


def test_large_weights_that_look_scaled_only_warn():
    rng = np.random.default_rng(0)
    chain = np.subtract(*np.triu_indices(30, 1)[::-1]) == 1
    barcodes = bc.barcode_rows(np.where(chain, 9, 0) + 3 * rng.random((20, 435)))
    with pytest.warns(UserWarning, match="look like Wasserstein rows"):
        bc.check_barcodes(barcodes)


def test_barcodes_are_not_taken_for_wasserstein_rows(make_rows, kind):
    for n_nodes in (5, 8, 12, 64):
        barcodes = bc.barcode_rows(make_rows(20, n_nodes, kind))
        assert_array_equal(bc.check_barcodes(barcodes), barcodes)
        assert_array_equal(bc.check_barcodes(barcodes[:1]), barcodes[:1])


def test_small_graphs_that_resemble_each_other_are_not_taken_for_wasserstein_rows():
    rng = np.random.default_rng(0)
    n_apart = 0
    for n_nodes in (5, 6, 8, 10) * 50:
        n_edges = n_nodes * (n_nodes - 1) // 2
        graph = 0.3 * rng.random(n_edges) ** 2
        noise = rng.normal(scale=0.005, size=(10, n_edges))
        barcodes = bc.barcode_rows(np.maximum(graph + noise, 0))
        births, deaths = bc.split_barcodes(barcodes)
        n_apart += (births[:, 0] > deaths[:, -1]).all()
        assert_array_equal(bc.check_barcodes(barcodes), barcodes)
    assert n_apart > 10  # without a least number of nodes some would be refused


def test_trees_of_strong_edges_are_not_taken_for_wasserstein_rows():
    rng = np.random.default_rng(0)
    for n_nodes in (12, 40):
        first, second = np.triu_indices(n_nodes, 1)
        for noise in (0, 0.02, 0.1):
            weights = np.where(second - first == 1, 0.9, 0.0)
            barcodes = bc.barcode_rows(weights + noise * rng.random((9, len(first))))
            assert_array_equal(bc.check_barcodes(barcodes), barcodes)


@pytest.mark.parametrize("n_edges", [-1, 2.0, True, "3", None])
def test_bad_numbers_of_edges(n_edges):
    for function in (bc.count_nodes, bc.BarcodeLayout):
        with pytest.raises(
            ValueError, match="^n_edges must be an integer of at least 0,"
        ):
            function(n_edges)
    assert bc.count_nodes(np.int64(6)) == 4


@pytest.mark.parametrize(
    "options",
    [
        {"normalize": "False"},
        {"topology_weight": 1.5},
        {"homology_dimensions": ([0],)},
        {"homology_dimensions": 0},
        {"n_quantiles": True},
        {"factors": [1.0, 1.0]},
        {"factors": (1.0,)},
        {"factors": (1.0, 0)},
        {"factors": (np.nan, 1.0)},
        {"factors": ("1", 1.0)},
    ],
)
def test_bad_layouts(options):
    with pytest.raises(ValueError, match=f"^{next(iter(options))}( |=)"):
        bc.BarcodeLayout(6, **options)


def test_only_arrays_are_split():
    layout = bc.BarcodeLayout(3)
    for function in (bc.split_barcodes, layout.split, layout.unscale):
        with pytest.raises(
            TypeError, match="^Rows must be a NumPy array, got list; use np.asarray.$"
        ):
            function([1, 2, 3])
        with pytest.raises(
            ValueError, match="^Rows must have columns, got an array of 0 dim.*s.$"
        ):
            function(np.array(1.0))
    with pytest.raises(
        ValueError, match=r"^parts lack \['death'\]; this .* \['birth', 'death'\].$"
    ):
        layout.scale({"birth": np.ones(2)})


def test_rows_may_descend_by_rounding():
    means = np.array([[0.3, 0.1 + 0.2, 0.3]])[:, [1, 0, 2]]
    assert_array_equal(bc.check_barcodes(means), means)
    single = np.array([[1, 1 - 2**-24, 0.5]], dtype=np.float32)
    assert_array_equal(bc.check_barcodes(single), single)
    for falling in (
        [[1, 1 - 1e-12, 0.5]],
        [[1e-300, 0.9e-300, 0]],
        [[1e308, -1e308, 0]],
    ):
        with pytest.raises(ValueError, match="births do not ascend"):
            bc.check_barcodes(falling)
    with pytest.raises(ValueError, match="births do not ascend"):
        bc.check_barcodes(np.array([[1, 1 - 2e-6, 0.5]], dtype=np.float32))


def test_barycenters_of_barcodes_are_barcodes(make_rows):
    barcodes = bc.barcode_rows(make_rows(30, 20, "ties"))
    assert_array_equal(bc.check_barcodes(barcodes.mean(axis=0)[None]).shape, (1, 190))
    for dtype in (np.float32, np.float64):
        center = bc.barycenter((1000 + barcodes / 7).astype(dtype))
        assert_array_equal(bc.check_barcodes([center])[0], center)


def test_unscaled_rows_that_overflow():
    rows = np.full((1, 190), 3e38, dtype=np.float32)
    with pytest.raises(
        ValueError, match="^Barcodes of these rows are too large .* constant first.$"
    ):
        bc.unscale_barcodes(rows)


@pytest.mark.parametrize("n_nodes", [20, 30, 50])
def test_single_wasserstein_rows_are_refused(n_nodes):
    graphs = np.random.default_rng(n_nodes).random((20, n_nodes * (n_nodes - 1) // 2))
    for barcode, row in zip(
        bc.barcode_rows(graphs), GraphPersistence().fit_transform(graphs), strict=True
    ):
        assert_array_equal(bc.check_barcodes([barcode])[0], barcode)
        with pytest.raises(ValueError, match="unscale_barcodes first"):
            bc.wasserstein_distance(row, row)


def test_scaled_rows_of_equal_weights_may_be_barcodes():
    # Unscaled, no death lies above a birth.
    rows = bc.scale_barcodes(np.ones((1, 120)))
    assert_array_equal(bc.check_barcodes(rows), rows)


def test_wasserstein_rows_of_graphs_with_one_cycle_are_refused():
    # The other deaths are 0. The unscaled death of 0.9 lies above the birth of 0.5.
    barcode = np.concatenate([[0.5], np.full(14, 0.95), np.zeros(104), [0.9]])
    assert_array_equal(bc.check_barcodes([barcode]), [barcode])
    with pytest.raises(
        ValueError, match="^The rows look .* their Euclidean distances.$"
    ):
        bc.check_barcodes(bc.scale_barcodes([barcode]))


def test_rows_of_the_bundled_networks_are_refused(digits):
    extractor = ActivationExtractor(stimuli=digits.stimuli)
    connectomes = FunctionalConnectome().fit_transform(
        extractor.fit_transform(digits.networks)
    )
    barcodes = bc.barcode_rows(connectomes)
    rows = GraphPersistence().fit_transform(connectomes)
    for barcode, row in zip(barcodes, rows, strict=True):
        assert_array_equal(bc.check_barcodes([barcode])[0], barcode)
        with pytest.raises(ValueError, match="unscale_barcodes first"):
            bc.check_barcodes([row])
