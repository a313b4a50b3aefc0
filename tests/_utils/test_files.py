"""Files that are written whole or not at all."""

import pytest

from sktopo._utils.files import replace_file


def test_the_file_takes_the_place_of_another(tmp_path):
    path = tmp_path / "kept.bin"
    path.write_bytes(b"old")
    with replace_file(path) as file:
        file.write(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_leaves_the_old_file(tmp_path):
    path = tmp_path / "kept.bin"
    path.write_bytes(b"old")
    with pytest.raises(RuntimeError, match="stopped"), replace_file(path) as file:
        file.write(b"new")
        raise RuntimeError("stopped")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError), replace_file(tmp_path / "no" / "file"):
        pass
