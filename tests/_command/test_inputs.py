"""Stimuli in files, and networks that are loaded before the work."""

import re
from pathlib import Path

import numpy as np
import pytest

from sktopo._command._inputs import Inputs, read_stimuli


def test_one_array_is_given_as_it_is(tmp_path):
    x = np.arange(6, dtype=np.float32).reshape(3, 2)
    np.save(tmp_path / "x.npy", x)
    np.savez(tmp_path / "x.npz", anything=x)
    for name in ("x.npy", "x.npz"):
        found = read_stimuli(tmp_path / name)
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, x)


def test_several_arrays_are_inputs_by_name(tmp_path):
    arrays = {"input_ids": np.ones((3, 4), int), "attention_mask": np.eye(3, 4) > 0}
    np.savez(tmp_path / "x.npz", **arrays)
    found = read_stimuli(tmp_path / "x.npz")
    assert list(found) == list(arrays)
    np.testing.assert_array_equal(found["attention_mask"], arrays["attention_mask"])


@pytest.mark.parametrize(
    ("name", "write", "message"),
    [
        ("x.csv", lambda p: p.touch(), "expected a file that ends in .npy or .npz"),
        ("x.npy", lambda p: p.write_bytes(b"nothing"), "cannot be read: "),
        ("x.npz", lambda p: p.write_bytes(b"PK\x03\x04"), "cannot be read: "),
        ("x.npy", lambda p: np.save(p, [{}]), "cannot be read: Object arrays"),
        ("x.npy", lambda p: np.save(p, "text"), "expected numbers"),
        ("x.npy", lambda p: np.save(p, np.ones((0, 3))), r"of shape \(0, 3\)"),
        ("x.npy", lambda p: np.save(p, np.ones((1, 3))), "holds 1 stimulus"),
        ("x.npy", lambda p: np.save(p, [[1.0], [np.nan]]), r"holds nan at \(1, 0\)"),
        (
            "x.npz",
            lambda p: np.savez(p, a=[1.0], b=[1, 2]),
            "different numbers of rows",
        ),
        ("x.npz", lambda p: np.savez(p, a=[1.0], b=[np.inf]), "array 'b' holds inf at"),
    ],
)
def test_faults_of_stimuli_are_named(tmp_path, name, write, message):
    path = tmp_path / name
    write(path)
    with pytest.raises(ValueError, match=re.escape(str(path)) + ".*" + message):
        read_stimuli(path)


def test_a_missing_file_is_an_error_of_the_system():
    with pytest.raises(FileNotFoundError):
        read_stimuli(Path("gone.npy"))


def test_each_network_is_loaded_once():
    loaded = []
    networks = [lambda k=k: loaded.append(k) for k in range(3)]
    Inputs(print, {}, networks).check(verbose=False)
    Inputs(print, {}).check(verbose=True)
    assert loaded == [0, 1, 2]
