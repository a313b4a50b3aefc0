"""Functions that are named on the command line."""

import sys

import pytest

from sktopo._command._build import call_build, load_function

CODE = "from neighbour import WIDTH\n\ndef create():\n    return WIDTH\n\nnot_one = 3\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Make a folder with a module and its neighbour, and go there."""
    (tmp_path / "networks_of_mine.py").write_text(CODE)
    (tmp_path / "neighbour.py").write_text("WIDTH = 7\n")
    (tmp_path / "broken.py").write_text("1 / 0\n")
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    for name in ("networks_of_mine", "neighbour", "broken"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize("place", ["networks_of_mine", "networks_of_mine.py"])
def test_functions_are_found_in_the_current_folder(folder, place):
    assert load_function(f"{place}:create")() == 7


def test_functions_are_found_in_a_file_elsewhere(folder, monkeypatch):
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder / "elsewhere")
    path = folder / "networks_of_mine.py"
    assert load_function(f"{path}:create")() == 7
    assert load_function("../networks_of_mine.py:create").__module__ == path.stem


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("create", "expected module:function or path/to/file.py:function"),
        ("networks_of_mine:", "expected module:function"),
        ("networks_of_mine:gone", "has nothing called 'gone'"),
        ("networks_of_mine:not_one", "has no function called 'not_one'"),
        ("gone:create", "importing 'gone' raised ModuleNotFoundError"),
        ("gone.py:create", "there is no file gone.py"),
        ("broken.py:create", "importing 'broken' raised ZeroDivisionError"),
    ],
)
def test_what_cannot_be_found_is_named(folder, name, message):
    with pytest.raises(ValueError, match=message):
        load_function(name)


def test_a_file_is_not_mistaken_for_another_module(folder):
    (folder / "json.py").write_text(CODE)
    with pytest.raises(ValueError, match="another module is called 'json'"):
        load_function("json.py:create")


def test_errors_of_the_function_are_named():
    def build():
        raise KeyError("width")

    with pytest.raises(ValueError, match=r"a:build raised KeyError: 'width'\. It is"):
        call_build(build, "a:build")
    assert call_build(dict, "a:dict") == {}
