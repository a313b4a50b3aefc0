"""What is handed to PyPI: the files of both distributions, and what they say."""

import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from configparser import ConfigParser
from email import message_from_bytes
from pathlib import Path, PurePosixPath

import pytest

import sktopo

pytest.importorskip("build")

ROOT = Path(__file__).parent.parent
NAME = f"sktopo-{sktopo.__version__}"
# What of the repository no distribution holds.
LEFT_OUT = (".ci/", ".github/", ".gitignore", ".pre-commit-config.yaml", "conda/")


def run(*command, cwd):
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def tracked():
    """List the files of the repository, without those that git ignores."""
    listed = ("git", "ls-files", "--cached", "--others", "--exclude-standard")
    done = run(*listed, cwd=ROOT)
    if done.returncode:
        pytest.skip("not a clone")
    return {name for name in done.stdout.split("\n") if (ROOT / name).is_file()}


@pytest.fixture(scope="module")
def distributions(tracked, tmp_path_factory):
    """Build an sdist of a clean copy, and a wheel of the sdist."""
    copy, out = tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("dist")
    for name in tracked:
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, copy / name)
    build = (sys.executable, "-W", "error", "-m", "build", "--no-isolation")
    done = run(*build, "--outdir", str(out), cwd=copy)
    assert done.returncode == 0, done.stderr + done.stdout
    said = [line for line in done.stdout.splitlines() if "warn" in line.lower()]
    # Where Python is told to write no bytecode, setuptools says that it does not.
    assert [line for line in said if "byte-compiling is disabled" not in line] == []
    assert "Deprecat" not in done.stderr + done.stdout
    return out


@pytest.fixture(scope="module")
def wheel(distributions):
    with zipfile.ZipFile(distributions / f"{NAME}-py3-none-any.whl") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def metadata(wheel):
    return message_from_bytes(wheel[f"{NAME}.dist-info/METADATA"])


def test_wheel_holds_the_package_and_nothing_else(wheel, tracked):
    package = {name for name in tracked if name.startswith("sktopo/")}
    about = ("METADATA", "RECORD", "WHEEL", "top_level.txt", "licenses/LICENSE")
    about += ("entry_points.txt",)
    assert set(wheel) == package | {f"{NAME}.dist-info/{name}" for name in about}
    kinds = {PurePosixPath(name).suffix for name in package}
    assert kinds == {".css", ".csv", ".html", ".npz", ".py", ".pyi", ".txt", ".typed"}
    assert sum(map(len, wheel.values())) < 4e6


def test_sdist_holds_what_tests_and_pages_need(distributions, tracked):
    with tarfile.open(distributions / f"{NAME}.tar.gz") as archive:
        held = {
            member.name.removeprefix(f"{NAME}/")
            for member in archive.getmembers()
            if member.isfile()
        }
    written = {name for name in held if name.startswith("sktopo.egg-info/")}
    expected = {name for name in tracked if not name.startswith(LEFT_OUT)}
    assert held - written - {"PKG-INFO"} == expected
    assert not [name for name in held if name.endswith((".pyc", ".ipynb"))]


def test_metadata(metadata):
    assert metadata["Version"] == sktopo.__version__
    assert metadata["License-Expression"] == "BSD-3-Clause"
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["Summary"] and metadata["Author"] and metadata["Keywords"]
    extras = {"torch", "plot", "baselines", "tests", "dev"}
    assert set(metadata.get_all("Provides-Extra")) >= extras
    declared = metadata.get_all("Classifier")
    assert "Typing :: Typed" in declared
    for minor in (11, 12, 13):
        assert f"Programming Language :: Python :: 3.{minor}" in declared


def test_description_shows_on_pypi(metadata):
    assert metadata["Description-Content-Type"].startswith("text/markdown")
    text = metadata.get_payload(decode=True).decode()
    assert text.startswith("# sktopo")
    targets = re.findall(r"]\(([^)]*)\)", text)
    assert targets  # papers
    assert [link for link in targets if not link.startswith("https://")] == []
    assert re.findall(r'(?:!\[[^]]*]\(|<img src=")(?!https://)', text) == []
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text) > 0.9 * len(readme)


def test_version_is_the_same_everywhere():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {sktopo.__version__}\n" in citation
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## (.*)$", changelog, flags=re.MULTILINE)
    pattern = r"\d+\.\d+\.\d+ \((unreleased|\d{4}-\d{2}-\d{2})\)"
    assert all(re.fullmatch(pattern, version) for version in versions)
    assert versions[0].startswith(f"{sktopo.__version__} ")


def pinned(path):
    """Read the pins of a file of constraints."""
    lines = (ROOT / path).read_text(encoding="utf-8").splitlines()
    pins = [line.split("==") for line in lines if line and line[0] != "#"]
    return {name.strip().lower(): version.strip() for name, version in pins}


def test_lowest_versions_are_those_declared(metadata):
    lowest, highest = pinned("constraints-lowest.txt"), pinned("constraints.txt")
    for requirement in metadata.get_all("Requires-Dist"):
        # What is left out, such as a release that shows an estimator in megabytes.
        ranges = re.sub(r"!=[\d.]+,|,!=[\d.]+", "", requirement)
        match = re.match(r"([\w-]+)>=([\d.]+)(?:; extra == \"(\w+)\")?$", ranges)
        if match is None:
            assert requirement.startswith("sktopo["), requirement
            continue
        name, version, extra = match.groups()
        assert name.lower() in highest, requirement
        if extra not in ("dev", "docs"):  # tools, of which one version is enough
            assert lowest[name.lower()] == version, requirement


def test_conda_recipe_is_that_of_the_package(tracked, metadata):
    recipe = (ROOT / "conda/recipe.yaml").read_text(encoding="utf-8")
    assert f'\n  version: "{sktopo.__version__}"\n' in recipe
    assert f"\n  summary: {metadata['Summary']}\n" in recipe
    assert f"\n  license: {metadata['License-Expression']}\n" in recipe
    lowest = metadata["Requires-Python"].removeprefix(">=")
    assert f'\n  python_min: "{lowest}"\n' in recipe
    host, run = (
        set(re.findall(r"    - (.+)", recipe.split(f"\n  {part}:\n")[1].split(":")[0]))
        for part in ("host", "run")
    )
    hard = [one for one in metadata.get_all("Requires-Dist") if "extra ==" not in one]
    needed = [re.fullmatch(r"([\w-]+)(.+)", one).groups() for one in hard]
    # setuptools writes what a version must not be before what it must be.
    needed = {(name, *sorted(ranges.split(","))) for name, ranges in needed}
    split = [line.split(" ", 1) for line in run]
    found = {(name, *sorted(ranges.split(","))) for name, ranges in split}
    assert found == needed | {("python", ">=${{ python_min }}")}
    builds = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (setuptools,) = re.findall(r"setuptools(>=[\d.]+)", builds)
    assert f"setuptools {setuptools}" in host
    config = ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    script = config["options.entry_points"]["console_scripts"].strip()
    assert f"\n      - {script}\n" in recipe


def test_hooks_run_the_ruff_of_the_constraints(tracked):
    hooks = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    assert set(re.findall(r"ruff==([\d.]+)", hooks)) == {
        pinned("constraints.txt")["ruff"]
    }


def test_workflow_runs_every_part(tracked):
    workflow = (ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8")
    script = (ROOT / ".ci/run").read_text(encoding="utf-8")
    (parts,) = re.findall(r"parts=\((\w[\w ]*)\)", script)
    assert f"part: [{parts.replace(' ', ', ')}]" in workflow
    for minor in (11, 12, 13):
        assert (
            f'python: "3.{minor}"' in workflow or f'python: ["3.{minor}"]' in workflow
        )
