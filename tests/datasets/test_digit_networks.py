"""The stored digit networks."""

import pickle
import sys
from importlib.resources import files

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sktopo.datasets import _digit_networks, load_digit_networks

STRATEGIES = ["vanilla", "batch_norm", "l2", "dropout"]
DATA_FILE = files("sktopo.datasets") / "data" / "digit_networks.npz"


def test_attributes(data):
    assert len(data.networks) == 80
    assert data.stimuli.shape == (450, 64)
    assert data.stimuli.dtype == np.float32
    assert (data.stimuli.min(), data.stimuli.max()) == (0, 1)
    assert_array_equal(data.target, np.repeat([0, 1, 2, 3], 20))
    assert data.target_names.tolist() == STRATEGIES
    assert data.stimuli_labels.shape == (450,)
    assert data.accuracies.shape == (80,)
    assert data.DESCR is data.description
    for fact in ("64-40-24-10", "450 of 1797", "370 epochs", *STRATEGIES):
        assert fact in data.DESCR


@pytest.mark.parametrize(
    "strategy, layers",
    [
        ("vanilla", "fc1 lrelu1 fc2 lrelu2 output"),
        ("batch_norm", "fc1 lrelu1 bn1 fc2 lrelu2 bn2 output"),
        ("l2", "fc1 lrelu1 fc2 lrelu2 output"),
        ("dropout", "fc1 lrelu1 dropout fc2 lrelu2 output"),
    ],
)
def test_architectures(data, strategy, layers):
    networks = [
        network
        for network, index in zip(data.networks, data.target, strict=True)
        if data.target_names[index] == strategy
    ]
    assert len(networks) == 20
    for network in networks:
        assert [name for name, _ in network.named_children()] == layers.split()
        assert (network.fc1.in_features, network.fc1.out_features) == (64, 40)
        assert (network.fc2.in_features, network.fc2.out_features) == (40, 24)
        assert network.output.out_features == 10
        assert network.lrelu1.negative_slope == 0.01
        assert not any(module.training for module in network.modules())
    if strategy == "dropout":
        assert networks[0].dropout.p == 0.3


def test_accuracies_are_those_of_the_networks(data):
    torch = pytest.importorskip("torch")
    stimuli = torch.from_numpy(data.stimuli)
    with torch.inference_mode():
        predicted = [n(stimuli).argmax(1).numpy() for n in data.networks]
    recomputed = np.mean(predicted == data.stimuli_labels, axis=1)
    # Another processor may round one stimulus to the other side.
    assert_allclose(recomputed, data.accuracies, atol=1.5 / 450)
    assert recomputed.min() > 0.95


def test_networks_are_all_different(data):
    rows = np.stack([n.fc1.weight.detach().numpy().ravel() for n in data.networks])
    assert len(np.unique(rows, axis=0)) == 80


def test_shares_nothing_between_calls(data):
    torch = pytest.importorskip("torch")
    other = load_digit_networks()
    before = data.networks[0].fc1.weight.detach().clone()
    with torch.no_grad():
        other.networks[0].fc1.weight.zero_()
    other.stimuli[:] = 0
    assert torch.equal(data.networks[0].fc1.weight, before)
    assert data.stimuli.max() == 1


def test_pickle(data):
    torch = pytest.importorskip("torch")
    stimuli = torch.from_numpy(data.stimuli[:5])
    for network in data.networks[::20]:
        copy = pickle.loads(pickle.dumps(network))
        assert torch.equal(copy(stimuli), network(stimuli))


def test_global_defaults_of_torch_do_not_matter(data):
    torch = pytest.importorskip("torch")
    torch.set_default_dtype(torch.float64)
    try:
        networks = load_digit_networks().networks
    finally:
        torch.set_default_dtype(torch.float32)
    for network, expected in zip(networks, data.networks, strict=True):
        assert network.fc1.weight.dtype == torch.float32
        assert torch.equal(network.fc1.weight, expected.fc1.weight)


def test_without_torch_states_are_arrays(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    data = load_digit_networks()
    assert len(data.networks) == 80
    assert_array_equal(np.bincount(data.target), [20, 20, 20, 20])
    for state in data.networks:
        assert all(isinstance(values, np.ndarray) for values in state.values())
    # The arrays are enough to compute a network by hand.
    state = data.networks[0]
    hidden = data.stimuli
    for name in ("fc1", "fc2"):
        hidden = hidden @ state[f"{name}.weight"].T + state[f"{name}.bias"]
        hidden = np.where(hidden > 0, hidden, 0.01 * hidden)
    output = hidden @ state["output.weight"].T + state["output.bias"]
    accuracy = np.mean(output.argmax(1) == data.stimuli_labels)
    assert_allclose(accuracy, data.accuracies[0], atol=1.5 / 450)


def test_states_with_and_without_torch_agree(data, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    states = load_digit_networks().networks
    for state, network in zip(states, data.networks, strict=True):
        expected = network.state_dict()
        assert state.keys() == expected.keys()
        for name, values in state.items():
            assert_array_equal(values, expected[name].numpy())


def test_file_is_small_and_needs_no_pickle():
    content = DATA_FILE.read_bytes()
    assert len(content) < 1_500_000
    with DATA_FILE.open("rb") as file, np.load(file, allow_pickle=False) as archive:
        arrays = dict(archive)
    assert arrays["vanilla/fc1.weight"].shape == (20, 40, 64)
    assert arrays["vanilla/fc1.weight"].dtype == np.float32
    assert arrays["stimuli"].dtype == np.uint8
    assert arrays["stimuli"].max() == 16


def test_global_state_is_untouched(global_state):
    before = global_state()
    load_digit_networks()
    assert global_state() == before


@pytest.mark.parametrize(
    "damage", ["missing", "empty", "half", "not a zip", "no array"]
)
def test_damaged_files_are_named(monkeypatch, tmp_path, damage):
    folder = tmp_path / "data"
    folder.mkdir()
    content = DATA_FILE.read_bytes()
    path = folder / "digit_networks.npz"
    if damage == "no array":
        np.savez(path, stimuli=np.zeros((450, 64)))
    elif damage != "missing":
        start = {"empty": b"", "half": content[:5000], "not a zip": bytes(996)}
        path.write_bytes(start[damage])
    monkeypatch.setattr(_digit_networks, "files", lambda package: tmp_path)
    with pytest.raises(ValueError, match=r"digit_networks\.npz, is missing or damaged"):
        load_digit_networks()
