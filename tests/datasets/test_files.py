"""Tables of numbers in files of any kind."""

import builtins
import pickle
import sys

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.io import savemat

from sktopo.datasets import read_recordings
from sktopo.datasets._files import read_files

VALUES = np.random.default_rng(0).normal(size=(6, 4))


def read(paths, key=None):
    _, names, tables = read_files(paths, key, "the caller")
    return names.tolist(), [table.values for table in tables]


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int16, np.float16])
def test_arrays_of_numpy_and_matlab(tmp_path, dtype):
    values = (100 * VALUES).astype(dtype)
    np.save(tmp_path / "a.npy", values)
    np.savez(tmp_path / "b.npz", x=values, subject="s1", tr=1.89)
    np.savez_compressed(tmp_path / "c.npz", x=values)
    savemat(tmp_path / "d.mat", {"ts": values, "TR": 1.89, "names": ["a", "b"]})
    for kind in ("a.npy", "b.npz", "c.npz", "d.mat"):
        names, (found,) = read(tmp_path / kind)
        assert names == [kind[0]]
        assert_array_equal(found, values)
        assert found.dtype == (np.float32 if dtype == np.float32 else np.float64)


def test_the_array_of_a_key(tmp_path):
    content = {"rest": VALUES, "task": VALUES + 1}
    np.savez(tmp_path / "a.npz", **content)
    savemat(tmp_path / "b.mat", content)
    for kind in ("a.npz", "b.mat"):
        assert_array_equal(read(tmp_path / kind, "task")[1][0], VALUES + 1)
        with pytest.raises(
            ValueError,
            match=rf"{kind} cannot be read: it has 2 tables of numbers, \['rest', "
            r"'task'\], among the arrays \['rest', 'task'\]; give the name of one",
        ):
            read(tmp_path / kind)
        with pytest.raises(ValueError, match=r"it has no array 'move', but \['rest'"):
            read(tmp_path / kind, "move")


def test_stacks_and_other_contents_are_refused(tmp_path):
    for content in (np.ones((2, 3, 4)), np.ones(3), np.ones((2, 2)) + 1j, [["a", "b"]]):
        np.save(tmp_path / "a.npy", content)
        with pytest.raises(ValueError, match=r"a\.npy cannot be read: it holds an arr"):
            read(tmp_path / "a.npy")


def test_no_code_in_files_is_run(tmp_path):
    class Evil:
        def __reduce__(self):
            return builtins.print, ("ran",)

    np.save(tmp_path / "a.npy", np.array([[Evil(), 1]], dtype=object))
    (tmp_path / "b.npy").write_bytes(pickle.dumps(Evil()))
    np.savez(tmp_path / "c.npz", x=np.array([[Evil(), 1]], dtype=object))
    for kind in ("a.npy", "b.npy", "c.npz"):
        with pytest.raises(ValueError, match=rf"{kind[0]}\.{kind[2:]} cannot be read"):
            read(tmp_path / kind)


def test_matlab_73_says_what_to_do(tmp_path):
    header = b"MATLAB 7.3 MAT-file".ljust(116) + bytes(8) + b"\x00\x02IM"
    (tmp_path / "a.mat").write_bytes(header + b"\x89HDF\r\n\x1a\n" + bytes(400))
    with pytest.raises(
        ValueError, match=r"a\.mat cannot be read: it is a file of MATL"
    ):
        read(tmp_path / "a.mat")


@pytest.mark.parametrize("suffix", ["npy", "npz", "mat", "csv"])
@pytest.mark.parametrize("content", [b"", b"\x00\xff\xfe" * 100])
def test_damaged_files_are_named(tmp_path, suffix, content):
    (tmp_path / f"a.{suffix}").write_bytes(content)
    with pytest.raises(ValueError, match=rf"a\.{suffix} cannot be read"):
        read(tmp_path / f"a.{suffix}")


def test_folders_patterns_and_lists(tmp_path):
    for person in (10, 9, 1):
        folder = tmp_path / f"sub-{person}"
        folder.mkdir()
        np.save(folder / "rest.npy", VALUES + person)
        np.save(folder / f"task{person}.npy", VALUES)
        (folder / "notes.md").write_text("x")
    folders = [str(tmp_path.joinpath(f"sub-{k}", "rest").relative_to(tmp_path))
               for k in (1, 9, 10)]  # fmt: skip
    names, values = read(str(tmp_path / "sub-*" / "rest.npy"))
    assert names == folders
    assert_array_equal(values[2], VALUES + 10)
    assert read(tmp_path / "sub-9")[0] == ["rest", "task9"]
    two = [tmp_path / "sub-9" / "task9.npy", tmp_path / "sub-1" / "task1.npy"]
    assert read(two)[0] == ["task9", "task1"]


def test_folders_of_several_kinds_and_other_files_are_refused(tmp_path):
    np.save(tmp_path / "a.npy", VALUES)
    np.savetxt(tmp_path / "a.csv", VALUES)
    with pytest.raises(
        ValueError, match=r"holds files that end in \.csv, \.npy\. Choo"
    ):
        read(tmp_path)
    (tmp_path / "b.xlsx").write_bytes(b"x")
    with pytest.raises(ValueError, match=r"b\.xlsx cannot be read; expected files tha"):
        read(tmp_path / "b.xlsx")
    with pytest.raises(ValueError, match="leads to no table; expected files that end"):
        read(tmp_path / "*.tsv")
    with pytest.raises(TypeError, match="key must be a string or None, got 3"):
        read(tmp_path / "a.npy", 3)


def test_parquet(tmp_path, monkeypatch):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(VALUES, columns=list("abcd"))
    # Engines of pandas are large; what matters here is the frame that it reads.
    monkeypatch.setattr(pandas, "read_parquet", lambda path: frame)
    (tmp_path / "a.parquet").touch()
    recording = read_recordings(tmp_path / "a.parquet").data[0]
    assert recording.columns.tolist() == list("abcd")
    assert_array_equal(recording, VALUES)
    frame["person"] = "s1"
    with pytest.raises(ValueError, match=r"a\.parquet cannot be read: column 'person'"):
        read(tmp_path / "a.parquet")


def test_missing_pandas_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    (tmp_path / "a.parquet").touch()
    with pytest.raises(ImportError, match=r"the caller of a\.parquet needs pandas"):
        read(tmp_path / "a.parquet")
    (tmp_path / "a.csv").write_text("a,b\n1,2\n3,4\n")
    with pytest.raises(ImportError, match="read_recordings with as_frame=True needs"):
        read_recordings(tmp_path / "a.csv")
    recordings = read_recordings(tmp_path / "a.csv", as_frame=False)
    assert_array_equal(recordings.data[0], [[1, 2], [3, 4]])
    assert recordings.region_names.tolist() == ["a", "b"]
