"""What show_versions prints."""

import re
from configparser import ConfigParser
from importlib import metadata
from pathlib import Path

import pytest

import sktopo
from sktopo._utils import versions


def read_requirements():
    """Return the names of what setup.cfg requires, and of what extras for users add."""
    config = ConfigParser()
    config.read(Path(__file__).parents[2] / "setup.cfg", encoding="utf-8")
    extras = dict(config["options.extras_require"])
    for name in ("tests", "docs", "dev"):
        extras.pop(name)
    groups = config["options"]["install_requires"], "\n".join(extras.values())
    return [
        {re.match(r"[\w-]+", line)[0] for line in group.split("\n") if line.strip()}
        - {"sktopo"}
        for group in groups
    ]


def test_lists_are_those_of_the_package():
    needed, added = read_requirements()
    assert set(versions.HARD) == needed
    assert set(versions.SOFT) == added


def test_versions_are_printed(capsys):
    assert sktopo.show_versions() is None
    out = capsys.readouterr().out
    assert f"sktopo: {sktopo.__version__}\n" in out
    assert f"numpy: {metadata.version('numpy')}\n" in out
    assert re.search(r"python: 3\.\d+\.\d+", out)
    assert "user_api: blas" in out


def test_what_is_missing_is_said(capsys, monkeypatch):
    def find(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", find)
    sktopo.show_versions()
    assert capsys.readouterr().out.count(": not installed\n") == len(
        versions.HARD + versions.SOFT
    )


@pytest.mark.parametrize("name", versions.SOFT)
def test_nothing_is_imported_for_its_version(name):
    """Names are those of distributions, not of modules."""
    try:
        found = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        pytest.skip(f"{name} is not installed")
    assert found.metadata["Name"].lower() == name.lower()
