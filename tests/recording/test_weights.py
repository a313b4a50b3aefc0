"""Weights in files: what is found, read, put into a network, and refused."""

import json
import pickle
from pathlib import Path

import pytest

from sktopo.recording._weights import is_checkpoint, load_weights, read_weights

torch = pytest.importorskip("torch")
nn = torch.nn


class Tied(nn.Module):
    """A network whose input and output share their weights."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(5, 3)
        self.head = nn.Linear(3, 5, bias=False)
        self.head.weight = self.embed.weight


def build():
    return nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))


def are_equal(network, other):
    first, second = network.state_dict(), other.state_dict()
    return first.keys() == second.keys() and all(
        torch.equal(first[key], second[key]) for key in first
    )


def reload(path, network=None, trust=False):
    network = build() if network is None else network
    load_weights(network, read_weights(path, trust), path)
    return network


@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: state,
        lambda state: {"state_dict": state, "epoch": 3},
        lambda state: {"model_state_dict": state, "loss": 0.5},
        lambda state: {"model": {"state_dict": state}},
        lambda state: {"module." + key: value for key, value in state.items()},
        lambda state: {
            "state_dict": {
                "model._orig_mod." + key: value for key, value in state.items()
            },
            "pytorch-lightning_version": "2.0",
            "optimizer_states": [],
        },
    ],
)
def test_state_dicts_and_what_is_around_them(tmp_path, wrap):
    network, path = build(), tmp_path / "a.ckpt"
    torch.save(wrap(network.state_dict()), path)
    assert are_equal(reload(path), network)


def test_old_format_of_torch(tmp_path):
    network, path = build(), tmp_path / "old.pt"
    torch.save(network.state_dict(), path, _use_new_zipfile_serialization=False)
    assert are_equal(reload(path), network)


def test_safetensors_and_folders(tmp_path):
    safetensors = pytest.importorskip("safetensors.torch")
    network = Tied()
    state = {"embed.weight": network.embed.weight.detach()}  # tied weights once
    safetensors.save_file(state, tmp_path / "model.safetensors")
    for path in (tmp_path, tmp_path / "model.safetensors"):
        again = reload(path, Tied())
        assert are_equal(again, network)
        assert again.head.weight is again.embed.weight


def test_folders_with_weights_in_several_files(tmp_path):
    network = build()
    state, index = network.state_dict(), {}
    for part, key in enumerate(state):
        index[key] = f"pytorch_model-{part}.bin"
        torch.save({key: state[key]}, tmp_path / index[key])
    file = tmp_path / "pytorch_model.bin.index.json"
    file.write_text(json.dumps({"weight_map": index}))
    assert is_checkpoint(tmp_path)
    assert are_equal(reload(tmp_path), network)
    (tmp_path / index["0.bias"]).unlink()
    with pytest.raises(ValueError, match="pytorch_model-1.bin cannot be loaded"):
        read_weights(tmp_path, trust=False)
    file.write_text("{")
    with pytest.raises(ValueError, match="index.json is not an index"):
        read_weights(tmp_path, trust=False)


class Opens:
    """An object that creates a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def test_code_in_files_does_not_run(tmp_path):
    path, proof = tmp_path / "a.pt", tmp_path / "proof"
    torch.save({"0.weight": Opens(proof)}, path)
    with pytest.raises(ValueError, match=r"a\.pt holds Python objects .*runs code"):
        read_weights(path, trust=False)
    assert not proof.exists()


def test_whole_modules_need_trust(tmp_path):
    network, path = build(), tmp_path / "whole.pt"
    torch.save(network, path)
    message = r"whole\.pt holds Python objects \(torch\.nn\..*trust=True"
    with pytest.raises(ValueError, match=message):
        read_weights(path, trust=False)
    assert are_equal(reload(path, trust=True), network)


@pytest.mark.parametrize(
    "content", [b"", b"not weights", b"PK\x03\x04 cut", pickle.dumps([1])]
)
@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_damaged_files(tmp_path, content, suffix):
    pytest.importorskip("safetensors")
    path = tmp_path / f"bad{suffix}"
    path.write_bytes(content)
    with pytest.raises(
        ValueError, match=rf"bad\{suffix} .*not a checkpoint|holds list"
    ):
        read_weights(path, trust=False)


def test_files_that_were_cut_short(tmp_path):
    path = tmp_path / "cut.pt"
    torch.save(build().state_dict(), path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(
        ValueError, match=r"cut\.pt cannot be loaded; it may be damaged"
    ):
        read_weights(path, trust=False)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.pop("0.bias"), r"a\.pt .*Sequential: the file lacks '0.bias',"),
        (lambda s: s.update(x=s["0.bias"]), r"the file has 'x', unlike"),
        (
            lambda s: s.update({"0.weight": torch.ones(4, 3)}),
            r"a\.pt: '0.weight' has shape \(4, 3\), but \(2, 3\)",
        ),
        (lambda s: s.update({"0.bias": 3}), "is not a state dict: '0.bias' is of type"),
        (lambda s: s.clear(), r"a\.pt holds .*; expected a state dict"),
    ],
)
def test_weights_of_another_network(tmp_path, change, message):
    state, path = build().state_dict(), tmp_path / "a.pt"
    change(state)
    torch.save(state, path)
    network = build()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    with pytest.raises(ValueError, match=message):
        reload(path, network)
    for key, value in network.state_dict().items():
        assert torch.equal(value, before[key])


def test_many_keys_are_cut():
    with pytest.raises(
        ValueError, match=r"lacks '0.weight', .* and 2 more and has 'x'"
    ):
        load_weights(build(), {"x": torch.ones(1)}, "a.pt")


def test_what_a_checkpoint_is(tmp_path):
    for name in ("a.pt", "b.safetensors", "optimizer.pt", "rng_state_0.pth", "c.txt"):
        (tmp_path / name).touch()
    (tmp_path / "training_args.bin").touch()
    found = [path.name for path in sorted(tmp_path.iterdir()) if is_checkpoint(path)]
    assert found == ["a.pt", "b.safetensors"]
    assert not is_checkpoint(tmp_path)
    with pytest.raises(ValueError, match="is a folder without a checkpoint"):
        read_weights(tmp_path, trust=False)
    with pytest.raises(ValueError, match="gone.pt does not exist"):
        read_weights(Path("gone.pt"), trust=False)
