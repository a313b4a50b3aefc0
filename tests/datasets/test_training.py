"""Training of the digit networks, and the script that stores them."""

import importlib
import sys
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_digits

from sktopo.datasets import _training, train_digit_networks

STRATEGIES = ["vanilla", "batch_norm", "l2", "dropout"]
DATA_FILE = files("sktopo.datasets") / "data" / "digit_networks.npz"


def pixel_rows(images):
    """Images in [0, 1] as tuples of whole pixel values, comparable exactly."""
    return [tuple(row) for row in np.rint(np.asarray(images) * 16).astype(int)]


def flat_parameters(network):
    """All trained parameters of a network in one float64 array."""
    return np.concatenate(
        [p.detach().numpy().ravel() for p in network.parameters()]
    ).astype(float)


def test_stimuli_are_digits_kept_out_of_training(data):
    pixels, digits = load_digits(return_X_y=True)
    images, labels, stimuli, stimuli_labels = _training.split_digits()
    assert_array_equal(data.stimuli, stimuli)
    assert_array_equal(data.stimuli_labels, stimuli_labels)
    # Training images and stimuli together are the digits, each image once.
    known = sorted(zip(pixel_rows(pixels / 16), digits, strict=True))
    split = sorted(
        [
            *zip(pixel_rows(images), labels, strict=True),
            *zip(pixel_rows(stimuli), stimuli_labels, strict=True),
        ]
    )
    assert split == known
    assert not set(pixel_rows(images)) & set(pixel_rows(stimuli))
    shares = np.bincount(stimuli_labels) / np.bincount(digits)
    assert_allclose(shares, 450 / 1797, atol=0.006)


def test_same_kind_of_bunch(fresh, data):
    assert fresh.keys() == data.keys()
    assert_array_equal(fresh.target, [0, 1, 2, 3])
    assert_array_equal(fresh.stimuli, data.stimuli)
    assert not any(network.training for network in fresh.networks)
    assert fresh.accuracies.min() > 0.9


@pytest.mark.parametrize("index", range(4), ids=STRATEGIES)
def test_reproduces_the_stored_networks(fresh, data, index):
    torch = pytest.importorskip("torch")
    if STRATEGIES[index] == "dropout" and not torch.backends.mkl.is_available():
        pytest.skip("PyTorch draws the masks of dropout with MKL where it has it")
    network = flat_parameters(fresh.networks[index])
    stored = flat_parameters(data.networks[20 * index])
    other = flat_parameters(data.networks[20 * index + 1])
    # Those of other seeds correlate less, however long they are trained.
    assert np.corrcoef(network, stored)[0, 1] > 0.9
    assert np.corrcoef(network, other)[0, 1] < 0.8


def test_random_state(monkeypatch):
    pytest.importorskip("torch")
    monkeypatch.setattr(_training, "N_EPOCHS", 1)
    first = train_digit_networks(1, random_state=3).networks
    # More networks do not change the first ones.
    again = train_digit_networks(2, random_state=3).networks
    other = train_digit_networks(1, random_state=4).networks
    for index in range(4):
        expected = flat_parameters(first[index])
        assert_array_equal(flat_parameters(again[2 * index]), expected)
        assert not np.allclose(flat_parameters(again[2 * index + 1]), expected)
        assert not np.allclose(flat_parameters(other[index]), expected)


def test_progress_bar(monkeypatch, capsys):
    pytest.importorskip("torch")
    pytest.importorskip("tqdm")
    monkeypatch.setattr(_training, "N_EPOCHS", 1)
    train_digit_networks(1)
    assert capsys.readouterr() == ("", "")
    train_digit_networks(1, verbose=True)
    assert "4/4" in capsys.readouterr().err


def test_invalid_number_of_networks():
    pytest.importorskip("torch")
    for bad in (0, 1.5):
        with pytest.raises(ValueError, match="n_networks must be an integer of at"):
            train_digit_networks(bad)
    with pytest.raises(ValueError, match="verbose must be True or False"):
        train_digit_networks(1, verbose="yes")


def test_without_torch_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ImportError, match=r"pip install 'sktopo\[torch\]'"):
        train_digit_networks(1)


def test_global_state_is_untouched(global_state, monkeypatch):
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(_training, "N_EPOCHS", 1)
    # Earlier trainings must not have left the state in which this one would end.
    torch.rand(1)
    n_threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        before = global_state()
        train_digit_networks(1)
        assert global_state() == before
    finally:
        torch.set_num_threads(n_threads)


@pytest.fixture(name="script")
def script_fixture(monkeypatch):
    """Import the script where ``python -m`` finds it."""
    pytest.importorskip("torch")
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2]))
    return importlib.import_module("benchmarks.make_digit_networks")


def test_script_writes_the_same_file_again(script, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(_training, "N_EPOCHS", 1)
    paths = [tmp_path / "first.npz", tmp_path / "again.npz"]
    monkeypatch.setattr(
        script, "train_digit_networks", lambda **_: train_digit_networks(2)
    )
    for path in paths:
        script.main([str(path)])
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert capsys.readouterr().out.count("held-out accuracy") == 8
    with np.load(paths[0]) as written, DATA_FILE.open("rb") as file:
        stored = np.load(file)
        assert written.files == stored.files
        for name in stored.files:
            assert written[name].dtype == stored[name].dtype
        assert_array_equal(written["stimuli"], stored["stimuli"])


def test_script_stacks_the_stored_networks_as_they_are_stored(script, data):
    arrays = script.stack_networks(data)
    with DATA_FILE.open("rb") as file, np.load(file) as stored:
        assert list(arrays) == stored.files
        for name in stored.files:
            assert arrays[name].dtype == stored[name].dtype
            assert_array_equal(arrays[name], stored[name])
