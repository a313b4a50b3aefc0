"""The door of ActivationExtractor: what X may be, and what is refused."""

import dataclasses
import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sktopo import ActivationExtractor
from sktopo.recording._samples import Sample, read_samples

torch = pytest.importorskip("torch")
nn = torch.nn


def test_recorded_activations_pass_through():
    recorded = np.random.default_rng(0).normal(size=(3, 7, 4))
    extractor = ActivationExtractor()
    for X in (recorded, recorded[0]):
        assert_array_equal(extractor.fit_transform(X), X)
        assert list(extractor.get_feature_names_out()) == ["x0", "x1", "x2", "x3"]
    ragged = [recorded[0], recorded[1][:5]]
    for found, given in zip(extractor.fit_transform(ragged), ragged, strict=True):
        assert_array_equal(found, given)
    with pytest.raises(ValueError, match="X has 3 features"):
        extractor.fit(recorded).transform(recorded[..., :3])


def test_object_arrays_of_networks(stimuli, make_mlp):
    networks = np.empty(2, dtype=object)
    networks[:] = make_mlp(), make_mlp()
    assert ActivationExtractor(stimuli=stimuli).fit_transform(networks).shape[0] == 2


def change(table, value):
    """Return a copy of a table with a value in row 2, column 1."""
    table = table.copy()
    table[2, 1] = value
    return table


@pytest.mark.parametrize(
    ("parameters", "X", "error", "message"),
    [
        (
            {"model": True, "stimuli": True},
            "networks",
            ValueError,
            "which needs stimuli=; got model= and",
        ),
        ({}, "networks", ValueError, "needs stimuli=; got neither"),
        ({"model": True}, "networks", ValueError, "needs stimuli=; got model="),
        ({"stimuli": True}, "table", ValueError, "needs model=; got stimuli="),
        (
            {"stimuli": True},
            "pairs",
            ValueError,
            "needs neither model= nor stimuli=; got stim",
        ),
        ({"stimuli": True}, "network", TypeError, "single network"),
        ({"stimuli": True}, "states", TypeError, "X holds OrderedDict"),
        ({}, "odd pairs", TypeError, "Sample 1 of X must be a pair"),
        ({}, "swapped", TypeError, "Sample 0 of X must be a torch.nn.Module, got nd"),
        ({"stimuli": True}, "empty", ValueError, "0 samples"),
        ({"stimuli": True}, "objects", TypeError, "X holds object"),
        (
            {"stimuli": "loader"},
            "networks",
            TypeError,
            "stimuli is of type object; expected an array or",
        ),
        ({"stimuli": True}, "mixed", TypeError, "Sample 1 of X must be a torch"),
        ({}, "path", TypeError, "X is of type str; expected a list of networks"),
        ({"stimuli": True}, "generator", TypeError, "X is of type generator"),
        ({"stimuli": True}, "dict", TypeError, "X is of type dict"),
        ({"model": True}, "estimator", TypeError, "X is of type ActivationExtractor"),
        ({"model": True}, "triples", ValueError, r"X\[0\] is not an array"),
        ({"model": True}, "meta", TypeError, "X is a sparse, nested, .*meta tensor"),
        ({"model": True}, "dates", ValueError, "X has the type datetime64"),
        ({"model": True}, "huge", ValueError, "type object|too large"),
        ({"model": True}, "nan", ValueError, "X contains NaN in row 2, column 1"),
        ({}, "infinite", ValueError, "X contains infinity in row 2, column 1"),
        ({"model": "path.pt"}, "table", TypeError, "model must be a torch.nn.Module"),
    ],
)
def test_unclear_input(stimuli, parameters, X, error, message, make_mlp):
    network = make_mlp()
    X = {
        "networks": [network],
        "table": stimuli,
        "pairs": [(network, stimuli)],
        "network": network,
        "states": [network.state_dict()],
        "mixed": [network, "other"],
        "swapped": [(stimuli, network)],
        "empty": [],
        "odd pairs": [(network, stimuli), network],
        "objects": [object()],
        "path": "networks.pt",
        "generator": (network for _ in range(2)),
        "dict": {"a": network},
        "estimator": ActivationExtractor(),
        "triples": [(network, stimuli, stimuli)],
        "meta": torch.zeros(3, 4, device="meta"),
        "dates": np.zeros((3, 4), "M8[s]"),
        "huge": [[10**400]],
        "nan": change(stimuli, np.nan),
        "infinite": change(stimuli, np.inf),
    }[X]
    values = {"model": network, "stimuli": stimuli}
    given = {
        name: {True: values[name], "loader": object()}.get(value, value)
        for name, value in parameters.items()
    }
    with pytest.raises(error, match=message):
        ActivationExtractor(**given).fit(X)


def test_transform_needs_the_kind_that_was_fitted(stimuli, make_mlp):
    network = make_mlp()
    extractor = ActivationExtractor(network).fit(stimuli)
    with pytest.raises(ValueError, match="holds stimulus sets, .* fitted on stimuli"):
        extractor.transform(stimuli[None])


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
def test_tables_as_tensors(stimuli, dtype, make_mlp):
    network = make_mlp()
    table = torch.as_tensor(stimuli).to(dtype).requires_grad_()
    found = ActivationExtractor(network).fit_transform(table)
    expected = ActivationExtractor(network).fit_transform(stimuli)
    assert_allclose(found, expected, atol=1e-6 if dtype == torch.float32 else 0.05)


@pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning")
def test_scripted_networks(stimuli, make_mlp):
    scripted = torch.jit.script(make_mlp())
    with pytest.raises(ValueError, match="TorchScript"):
        ActivationExtractor(stimuli=stimuli).fit([scripted])


@pytest.mark.parametrize("change", [torch.Tensor.to_sparse, torch.Tensor.cfloat])
def test_sparse_and_complex_tensors(stimuli, change, make_mlp):
    with pytest.raises(TypeError, match="expected dense real numbers"):
        ActivationExtractor(stimuli=change(torch.as_tensor(stimuli))).fit([make_mlp()])


def test_errors_name_the_sample(stimuli, make_mlp):
    network = make_mlp()
    with pytest.raises(ValueError, match="stimuli of sample 1 contains NaN in row 0"):
        ActivationExtractor().fit([(network, stimuli), (network, stimuli * np.nan)])
    images = np.ones((6, 1, 8, 8))
    with pytest.raises(ValueError, match="Stimulus set 0 of X .*for one set give"):
        ActivationExtractor(nn.Sequential(nn.Conv2d(3, 2, 3), nn.ReLU())).fit(images)


@pytest.mark.filterwarnings("ignore:Lazy modules are a new feature:UserWarning")
def test_networks_without_weights(stimuli, make_mlp):
    with pytest.raises(ValueError, match="Sample 0 of X has no values for '0.weight'"):
        ActivationExtractor(stimuli=stimuli).fit([make_mlp().to("meta")])
    lazy = nn.Sequential(nn.LazyLinear(3), nn.ReLU())
    with pytest.raises(ValueError, match="no values for '0.weight', which is lazy"):
        ActivationExtractor(stimuli=stimuli).fit([lazy])


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (lambda s: s[:, :3], r"the first of 11 stimuli, of shape \(5, 3\)"),
        (lambda s: s[:0], "0 sample"),
        (lambda s: s.astype(complex), "Complex"),
        (lambda s: np.where(s > 1, np.nan, s), "stimuli contains NaN"),
        (
            lambda s: torch.as_tensor(np.where(s > 1, np.inf, s)),
            "stimuli contains infinity in row",
        ),
        (lambda s: torch.as_tensor(s)[0], "expected .n_stimuli"),
        (lambda s: torch.as_tensor(s).to(torch.uint8), "could not be run"),
        (lambda s: np.full((3, 4), "a"), "strings|convert"),
    ],
)
def test_bad_stimuli(stimuli, bad, message, make_mlp):
    with pytest.raises(ValueError, match=message):
        ActivationExtractor(stimuli=bad(stimuli)).fit([make_mlp()])


def test_without_torch(stimuli, monkeypatch, make_mlp):
    network = make_mlp()
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ImportError, match=r"pip install 'sktopo\[torch\]'"):
        ActivationExtractor(network).fit(stimuli)
    assert_array_equal(ActivationExtractor().fit_transform(stimuli), stimuli)


def test_networks_share_their_inputs(stimuli, make_mlp):
    networks = [make_mlp(), make_mlp()]
    samples = read_samples(networks, ActivationExtractor(stimuli=stimuli), reset=True)
    assert samples.kind == "networks"
    assert [(item.name, item.network) for item in samples.items] == [
        ("Sample 0 of X", networks[0]),
        ("Sample 1 of X", networks[1]),
    ]
    assert all(item.inputs is samples.shared["inputs"] for item in samples.items)
    assert list(samples.shared) == ["inputs"]
    assert not samples.is_table
    assert samples.dtype is None


def test_stimulus_sets_share_their_network(stimuli, make_mlp):
    network = make_mlp()
    sets = [stimuli, stimuli[:3]]
    samples = read_samples(sets, ActivationExtractor(network), reset=True)
    assert samples.kind == "stimulus sets"
    assert samples.shared == {"network": network}
    assert [len(item.inputs) for item in samples.items] == [11, 3]


def test_pairs_share_nothing(stimuli, make_mlp):
    pairs = [(make_mlp(), stimuli), [make_mlp(), -stimuli]]
    samples = read_samples(pairs, ActivationExtractor(), reset=True)
    assert samples.kind == "pairs"
    assert samples.shared == {}
    assert [item.network for item in samples.items] == [pairs[0][0], pairs[1][0]]
    assert_array_equal(samples.items[1].inputs.parts.values[0], -stimuli)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_table_is_one_sample(stimuli, make_mlp, dtype):
    network, table = make_mlp(), stimuli.astype(dtype)
    extractor = ActivationExtractor(network)
    samples = read_samples(table, extractor, reset=True)
    assert samples.kind == "stimuli"
    assert [(item.name, item.network) for item in samples.items] == [
        ("The model", network)
    ]
    assert samples.is_table
    assert samples.dtype == dtype
    assert extractor.n_features_in_ == 4
    as_tensor = read_samples(torch.as_tensor(table), extractor, reset=True)
    assert as_tensor.dtype is None
    with pytest.raises(ValueError, match="X has 3 features"):
        extractor.fit(table).transform(torch.as_tensor(table[:, :3]))


def test_recorded_activations_have_nothing_to_record(stimuli):
    samples = read_samples(stimuli, ActivationExtractor(), reset=True)
    assert samples.kind == "activations"
    assert list(samples.items) == []
    assert_array_equal(samples.activations, stimuli)


def test_samples_cannot_be_changed(stimuli, make_mlp):
    sample = Sample("Sample 0 of X", make_mlp(), stimuli)
    with pytest.raises(dataclasses.FrozenInstanceError):
        sample.inputs = -stimuli
