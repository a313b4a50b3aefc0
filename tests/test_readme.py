"""The README works as it is written: snippets, commands, paths."""

import re
import runpy
from configparser import ConfigParser
from importlib.util import find_spec
from pathlib import Path
from textwrap import indent

import pytest
from sklearn.pipeline import make_pipeline

import sktopo
from sktopo.baselines import baseline_clusterers
from sktopo.metrics import purity_score

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


# What the reader has: a folder of checkpoints, and images.
SETUP = """
from pathlib import Path
import torch
from sktopo.datasets import load_digit_networks
data = load_digit_networks()
Path("runs").mkdir()
for label, kind in ((0, "vanilla"), (3, "dropout")):
    for k, network in enumerate(data.networks[label * 20 : label * 20 + 6]):
        torch.save(network.state_dict(), f"runs/{kind}-{k}.pt")
images = data.stimuli

def build():
    return load_digit_networks().networks[0]
"""


def test_the_snippet_runs_on_a_folder_of_checkpoints(tmp_path, monkeypatch):
    for module in ("torch", "pandas", "matplotlib"):
        pytest.importorskip(module)
    monkeypatch.chdir(tmp_path)
    script = tmp_path / "readme.py"
    script.write_text(SETUP + "\n".join(blocks("python")), encoding="utf-8")
    found = runpy.run_path(str(script))
    assert found["connectomes"].shape == (12, 2016)
    assert set(found["kind"]) == {"vanilla", "dropout"}
    table = found["table"].set_index(["profile", "block"])
    assert table["omega_squared"].idxmax()[1] == "lrelu1"


def test_stated_purities_are_those_of_the_demo(digits):
    rows = make_pipeline(
        sktopo.ActivationExtractor(stimuli=digits.stimuli),
        sktopo.FunctionalConnectome(),
    )
    connectomes = rows.fit_transform(digits.networks)
    layers = [name.split("[")[0] for name in rows[0].node_names_]
    clusterers = baseline_clusterers(4, groups=layers, random_state=0)
    names = "Top (normalised)", "profiles", "mean |r|", "block moments"
    stated = re.search(r"Clusters by births and deaths reach [^*]*?\. ", README)
    purities = re.findall(r"0\.\d\d", stated.group())
    for name, purity in zip(names, purities, strict=True):
        clusterer = clusterers[name].set_params(clusterer__n_init=20)
        labels = clusterer.fit_predict(connectomes)
        assert f"{purity_score(digits.target, labels):.2f}" == purity


def test_the_site_opens_with_the_same_snippet():
    index = (ROOT / "docs" / "index.rst").read_text(encoding="utf-8")
    assert indent(blocks("python")[0], "   ") in index


def test_first_snippet_is_short():
    first = blocks("python")[0]
    lines = [line for line in first.splitlines() if line.strip()]
    assert len([line for line in lines if not line.startswith("from ")]) == 6


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
