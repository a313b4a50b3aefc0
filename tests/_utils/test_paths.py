"""Files that users point to."""

from pathlib import Path

import pytest

from sktopo._utils.paths import find_paths, name_paths


def list_all(path):
    return list(path.iterdir()) if path.is_dir() else []


def find(paths):
    return find_paths(paths, list_all, "thing", "things")


def test_numbers_in_names_are_sorted_as_numbers(tmp_path):
    for name in ("sub-10", "sub-9", "sub-1"):
        (tmp_path / name).touch()
    assert [path.name for path in find(tmp_path)] == ["sub-1", "sub-9", "sub-10"]
    assert find(str(tmp_path)) == find(tmp_path)


def test_a_sequence_keeps_its_order(tmp_path):
    paths = [tmp_path / "b", tmp_path / "a"]
    for path in paths:
        path.touch()
    assert find(paths) == paths
    assert find([str(path) for path in paths]) == paths


@pytest.mark.parametrize(
    "paths, error, message",
    [
        (
            "nowhere",
            ValueError,
            r"paths='nowhere' leads to no thing; expected things\.",
        ),
        (3, TypeError, "paths is of type int; expected a folder, a pattern or a list"),
        (b"x", TypeError, "paths is of type bytes"),
        ([3], TypeError, r"paths\[0\] is of type int; expected a path"),
        (["nowhere"], ValueError, r"paths\[0\] does not exist: nowhere"),
        ([], ValueError, "paths is empty; expected at least one path"),
    ],
)
def test_errors(paths, error, message):
    with pytest.raises(error, match=message):
        find(paths)


def test_names_are_those_of_the_files_or_tell_the_folders_apart():
    paths = [Path("/a/sub-1/rest.csv"), Path("/a/sub-2/task.csv")]
    assert name_paths(paths) == ["rest.csv", "task.csv"]
    paths[1] = Path("/a/sub-2/rest.csv")
    assert name_paths(paths) == [
        str(Path("sub-1", "rest.csv")),
        str(Path("sub-2", "rest.csv")),
    ]
