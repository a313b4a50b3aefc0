"""ConnectomePersistence against the two steps that it stands for."""

import pickle
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from sktopo import ConnectomePersistence, FunctionalConnectome, GraphPersistence
from sktopo._utils import memory
from sktopo.barcodes import _connectome_persistence
from sktopo.barcodes import _streaming as streaming
from sktopo.barcodes._tiles import ArrayTiles, count_unit_bytes

RNG = np.random.default_rng(0)
X = RNG.normal(size=(3, 40, 30))
X[1, :, 7] = 2
RAGGED = [RNG.normal(size=(40, n)) for n in (30, 12, 90)]


def chain(measure="correlation", absolute=True, **parameters):
    return make_pipeline(
        FunctionalConnectome(measure, absolute=absolute), GraphPersistence(**parameters)
    )


@pytest.mark.filterwarnings("ignore:.*constant unit", "ignore:X holds negative")
@pytest.mark.parametrize("device", [None, "cpu"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("absolute", [True, False])
@pytest.mark.parametrize("measure", ["correlation", "spearman", "covariance"])
def test_rows_are_those_of_the_chain(measure, absolute, dtype, device):
    if device is not None:
        pytest.importorskip("torch")
    samples = X.astype(dtype)
    for parameters in (
        {"n_quantiles": 11},
        {"n_quantiles": None},
        {"n_quantiles": None, "normalize": False},
        {"n_quantiles": 5, "homology_dimensions": (0,)},
        {"n_quantiles": None, "homology_dimensions": (1,)},
    ):
        expected = chain(measure, absolute, **parameters).fit(samples)
        persistence = ConnectomePersistence(
            measure, absolute=absolute, device=device, **parameters
        )
        rows = persistence.fit_transform(samples)
        slack = 3e-6 if dtype == np.float32 else 1e-13
        assert rows.dtype == dtype
        assert_allclose(rows, expected.transform(samples), atol=slack)
        assert persistence.layout_ == expected[-1].layout_
        names = expected[-1].get_feature_names_out()
        assert_array_equal(persistence.get_feature_names_out(), names)


@pytest.mark.filterwarnings("ignore:.*constant unit", "ignore:X holds negative")
@pytest.mark.parametrize("measure", ["correlation", "covariance"])
@pytest.mark.parametrize("absolute", [True, False])
def test_frames_are_those_of_the_chain(measure, absolute):
    frames = RNG.normal(size=(25, 12)) * 3 + 50
    frames[:, 4] = 1
    for n_quantiles in (None, 7):
        expected = chain(measure, absolute, n_quantiles=n_quantiles).fit(frames)
        persistence = ConnectomePersistence(
            measure, absolute=absolute, n_quantiles=n_quantiles
        ).fit(frames)
        later = frames[:6] + 1
        found = persistence.transform(later)
        assert_allclose(found, expected.transform(later), atol=1e-11)


def test_samples_of_several_widths():
    persistence = ConnectomePersistence(n_quantiles=9).fit(RAGGED)
    expected = chain(n_quantiles=9).fit_transform(RAGGED)
    assert_allclose(persistence.transform(RAGGED), expected, atol=1e-13)
    assert persistence.input_kind_ == "ragged samples"
    with pytest.raises(ValueError, match="give n_quantiles to put graphs"):
        ConnectomePersistence(n_quantiles=None).fit(RAGGED)


@pytest.mark.filterwarnings("ignore:.*constant unit")
def test_deaths_from_counts_are_near(monkeypatch):
    monkeypatch.setattr(streaming, "_FEW_WEIGHTS", 0)
    monkeypatch.setattr(ArrayTiles, "block", 8)
    persistence = ConnectomePersistence(n_quantiles=50).fit(X)
    kinds = persistence.layout_.unscale(persistence.transform(X))
    rows = FunctionalConnectome().fit_transform(X)
    layout = GraphPersistence(n_quantiles=50).fit(rows).layout_
    expected = layout.unscale(GraphPersistence(n_quantiles=50).fit_transform(rows))
    assert_allclose(kinds["birth"], expected["birth"], atol=1e-13)
    assert_allclose(kinds["death"], expected["death"], atol=1e-5 * np.ptp(rows))


@pytest.mark.filterwarnings("ignore:.*constant unit")
def test_memory_maps(tmp_path):
    np.save(tmp_path / "X.npy", X.astype(np.float32))
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    persistence = ConnectomePersistence(n_quantiles=9)
    expected = persistence.fit_transform(X.astype(np.float32))
    assert_array_equal(persistence.fit_transform(mapped), expected)
    assert_array_equal(persistence.fit_transform(list(mapped)), expected)


def test_pickle_and_clone():
    persistence = ConnectomePersistence(n_quantiles=9).fit(X[:1])
    again = pickle.loads(pickle.dumps(persistence))
    assert_array_equal(again.transform(X[:1]), persistence.transform(X[:1]))
    assert clone(persistence).get_params() == persistence.get_params()
    assert not hasattr(clone(persistence), "layout_")


@pytest.mark.parametrize("n_quantiles", [None, 2])
@pytest.mark.parametrize("dimensions", [(0,), (1,), (0, 1)])
def test_two_units_have_no_deaths(n_quantiles, dimensions):
    options = {"n_quantiles": n_quantiles, "homology_dimensions": dimensions}
    pairs, two_steps = X[:, :, :2], chain(**options)
    persistence = ConnectomePersistence(**options)
    if dimensions == (0,) or (n_quantiles is None and 0 in dimensions):
        rows = persistence.fit_transform(pairs)
        assert_allclose(rows, two_steps.fit_transform(pairs), atol=1e-13)
        return
    for estimator in (persistence, two_steps):
        with pytest.raises(
            ValueError, match=r"^Sample 0 of X: A graph .* three edges, or .*=\(0,\)\.$"
        ):
            estimator.fit(pairs)
    if n_quantiles:
        few = [*RAGGED, X[0, :, :2]]
        message = f"^Sample {len(RAGGED)} of X: A graph of 1 edge.* has no deaths"
        with pytest.raises(ValueError, match=message):
            persistence.fit(few)
        with pytest.raises(ValueError, match=message):
            persistence.fit(RAGGED).transform(few)


def test_frames_of_two_units():
    frames = X[0, :, :2]
    with pytest.warns(UserWarning, match="frames of 2 units, which have no deaths"):
        rows = ConnectomePersistence(n_quantiles=2).fit_transform(frames)
    births = FunctionalConnectome().fit_transform(frames)
    assert_allclose(rows[:, :2], np.sqrt(0.5) * np.repeat(births, 2, axis=1))
    assert_array_equal(rows[:, 2:], np.zeros((40, 2)))


@pytest.mark.parametrize("n_constant", [0, 1])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_all_deaths_that_do_not_fit_in_memory(dtype, n_constant, monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda: 10**8)
    activations = np.random.default_rng(0).random((2, 3, 6000), dtype=dtype)
    activations[1, :, :n_constant] = 1
    persistence = ConnectomePersistence(n_quantiles=None, constant_units="zero")
    monkeypatch.setattr(_connectome_persistence, "stream_barcode", None)  # not called
    monkeypatch.setattr(_connectome_persistence, "standardize_units", None)
    itemsize = np.dtype(dtype).itemsize
    # Two rows of the result, the weights, those outside the tree, and a mask.
    n_bytes = 17_997_000 * ((4 + n_constant) * itemsize + 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(
            MemoryError,
            match=f"^ConnectomePersistence needs {n_bytes / 1e9:.3g} GB for graphs of "
            "6,000 nodes, and 0.1 GB are available. n_quantiles keeps averages .*"
            "max_nodes .*SampleWise ",
        ):
            persistence.fit_transform(activations)


@pytest.mark.filterwarnings("ignore:.*constant unit")
def test_births_of_large_graphs_fit(monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda: 10**8)
    asked = []
    monkeypatch.setattr(
        _connectome_persistence, "check_memory", lambda *args: asked.append(args[1])
    )
    persistence = ConnectomePersistence(n_quantiles=None, homology_dimensions=(0,))
    persistence.fit_transform(X)
    n_units = sum(count_unit_bytes(X[0]))
    assert asked == [X.itemsize * 3 * (X.shape[2] - 1) + n_units]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"measure": "partial correlation"},
            "measure='partial correlation' is unknown",
        ),
        ({"measure": np.corrcoef}, "is unknown; expected one of 'correlation'"),
        ({"constant_units": "nan"}, "expected one of 'zero', 'drop', 'raise'"),
        ({"constant_units": "drop", "n_quantiles": None}, "need n_quantiles; got n_q"),
        ({"normalize": False}, "got normalize=False. Give n_quantiles=None"),
        ({"normalize": "balanced"}, r"GraphPersistence\(normalize='balanced'\)"),
        ({"n_quantiles": 0}, "n_quantiles must be an integer of at least 1"),
        ({"homology_dimensions": (2,)}, "homology_dimensions"),
    ],
)
def test_parameters_are_checked_in_fit(parameters, message):
    persistence = ConnectomePersistence(**parameters)
    with pytest.raises(ValueError, match=message):
        persistence.fit(X)
    assert not hasattr(persistence, "layout_")


def test_errors_name_the_sample():
    samples = X.astype(np.float32)
    samples[2] *= 1e30
    persistence = ConnectomePersistence("covariance").fit(samples)
    with pytest.raises(ValueError, match=r"^Sample 2 of X: .* too large for float32"):
        persistence.transform(samples[[0, 0, 2]])
    whole = ConnectomePersistence(n_quantiles=None).fit(X)
    with pytest.raises(ValueError, match="has 29 features"):
        whole.transform(X[:, :, 1:])
    with pytest.raises(ValueError, match="input_features should have length"):
        persistence.get_feature_names_out(["a"])


def test_quantiles_put_samples_of_other_sizes_into_one_space():
    persistence = ConnectomePersistence(n_quantiles=20).fit(X)
    found = persistence.transform([X[0], X[0, :, 5:]])
    alone = persistence.fit_transform([X[0, :, 5:]])
    assert_allclose(found[1:], alone)


def test_names_of_all_births_and_deaths_are_lazy():
    persistence = ConnectomePersistence(n_quantiles=None)
    persistence.fit(RNG.normal(size=(1, 3, 2000)))
    names = persistence.get_feature_names_out()
    assert len(names) == 2000 * 1999 // 2
    assert not isinstance(names, np.ndarray)
    assert (names[0], names[1999]) == ("birth0", "death0")
