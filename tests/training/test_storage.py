"""Files of monitors, and the digest of stimuli."""

import os

import numpy as np
import pytest

from sktopo.training._storage import (
    describe_setting,
    digest_stimuli,
    read_arrays,
    write_arrays,
)


def test_a_file_is_replaced_whole(tmp_path, monkeypatch):
    path = tmp_path / "run.npz"
    write_arrays(path, {"a": np.arange(3)}, {"b": {"c": [1, None]}})

    def fail(*args):
        raise OSError("the disk is full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="the disk is full"):
        write_arrays(path, {"a": np.arange(4)}, {"b": 2})
    arrays, plain = read_arrays(path, ("a",), ("b",))
    assert arrays["a"].tolist() == [0, 1, 2]
    assert plain == {"b": {"c": [1, None]}}
    assert [found.name for found in tmp_path.iterdir()] == ["run.npz"]


def test_damaged_files_are_refused(tmp_path):
    path = tmp_path / "run.npz"
    write_arrays(path, {"a": np.arange(3)}, {"b": 1})
    whole = path.read_bytes()
    for content in (b"", b"text", whole[:-30], whole.replace(b"NUMPY", b"NUMPI")):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"run\.npz is not a file that"):
            read_arrays(path, ("a",), ("b",))
    np.savez(path, c=1)
    with pytest.raises(ValueError, match=r"or it is damaged \(KeyError"):
        read_arrays(path, ("a",), ("b",))
    np.savez(path, a=np.array([{}], dtype=object), b="1")
    with pytest.raises(ValueError, match="allow_pickle=False"):
        read_arrays(path, ("a",), ("b",))
    with pytest.raises(FileNotFoundError):
        read_arrays(tmp_path / "none.npz", (), ())


def test_digests_tell_numbers_types_and_shapes_apart():
    array = np.arange(6.0).reshape(3, 2)
    others = [
        array + 1e-9,
        array.T,
        array.ravel(),
        array.astype(np.float32),
        [array],
        (array, array),
        {"x": array},
        {"y": array},
        [[0.0, 1.0]],
        None,
        ["a", "b"],
        ["a", "c"],
    ]
    digests = [digest_stimuli(value) for value in (array, *others)]
    assert len(set(digests)) == len(digests)
    assert digest_stimuli(array.copy()) == digests[0]
    assert digest_stimuli(np.asfortranarray(array)) == digests[0]


def test_digests_of_tensors():
    torch = pytest.importorskip("torch")
    array = np.arange(6.0).reshape(3, 2)
    tensor = torch.from_numpy(array).requires_grad_()
    assert digest_stimuli(tensor) == digest_stimuli(array)
    half = digest_stimuli(tensor.to(torch.bfloat16))
    assert half == digest_stimuli(array.astype(np.float32))


def test_settings_are_plain():
    assert describe_setting(("a", np.int64(3), None)) == ["a", 3, None]
    assert describe_setting(np.mean) == "numpy.mean"
    assert describe_setting(dict) == "builtins.dict"
    mask = np.ones((2, 2))
    assert describe_setting(mask) == digest_stimuli(mask)
