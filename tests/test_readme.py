"""The README works as it is written: snippets, commands, paths."""

import re
import runpy
from configparser import ConfigParser
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def commands():
    """Yield the commands of shell blocks and of the text, without comments."""
    lines = "\n".join(blocks("sh")).splitlines()
    lines += re.findall(r"`((?:make|pip|\.venv/bin/python|python) [^`]*)`", README)
    for line in filter(None, lines):
        yield " ".join(line.split("#")[0].split())


# Fewer folds, settings and processes than the README has take the same path.
SHORTER = {"cv=5": "cv=2", "[0.1, 1, 10, 100]": "[1, 10]", "n_jobs=2": "n_jobs=1"}


def test_snippets_run_one_after_the_other(tmp_path, monkeypatch):
    pytest.importorskip("gudhi")
    pytest.importorskip("torch")
    monkeypatch.chdir(tmp_path)
    script, code = tmp_path / "readme.py", "\n".join(blocks("python"))
    for written, shorter in SHORTER.items():
        assert code.count(written) == 1
        code = code.replace(written, shorter)
    script.write_text(code, encoding="utf-8")
    found = runpy.run_path(str(script))
    stated = re.search(r"purity_score\(.*\)  # (0\.\d\d)$", README, re.MULTILINE)
    assert f"{found['purity']:.2f}" == stated.group(1)
    assert not any(found["table"]["error"])
    assert found["rows"].shape == (80, 2016)
    controls = re.findall(r"reach\s(0\.\d\d)", README)
    sktopo, data = found["sktopo"], found["data"]
    layers = [name.split("[")[0] for name in found["model"][0].node_names_]
    clusterers = sktopo.baselines.baseline_clusterers(4, groups=layers, random_state=0)
    names = "mean |r|", "block moments", "profiles"
    for name, purity in zip(names, controls, strict=True):
        clusterer = clusterers[name].set_params(clusterer__n_init=20)
        labels = clusterer.fit_predict(found["connectomes"])
        assert f"{sktopo.metrics.purity_score(data.target, labels):.2f}" == purity


def test_first_snippet_is_short():
    first = blocks("python")[0]
    assert len([line for line in first.splitlines() if line.strip()]) <= 12


@pytest.mark.parametrize("command", sorted(set(commands())))
def test_commands_name_what_is_there(command):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    config = ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    extras = config["options.extras_require"]
    if command.startswith("make "):
        assert re.search(rf"^{command.split()[1]}:", makefile, re.MULTILINE)
    elif "python -m " in command:
        module = command.split("-m ")[1].split()[0]
        assert find_spec(module) is not None
    else:
        assert command.startswith("pip install ")
        for group in re.findall(r"\.\[([\w,]+)\]", command):
            assert set(group.split(",")) <= set(extras)


def test_commands_are_found():
    assert {"make demo", "make test", "pip install ."} <= set(commands())


@pytest.mark.parametrize(
    "path",
    sorted(
        set(re.findall(r"\]\(([^:)#]+)\)", README))
        | set(re.findall(r"`((?:docs|benchmarks)/[\w/.]+)`", README))
        - {"docs/_build/html"}  # which `make docs` makes
    ),
)
def test_paths_are_there(path):
    assert (ROOT / path).exists()
