"""The page about the command line shows what the commands print."""

import re
import shlex
import sys
from pathlib import Path

import numpy as np
import pytest

from sktopo._command import _report, main

PAGE = Path(__file__).parents[2] / "docs" / "guide" / "command_line.rst"


def blocks(kind, text):
    """Return the blocks of code of a kind by their captions, or numbers."""
    pattern = rf"\.\. code-block:: {kind}\n(?:   :caption: (\S+)\n)?\n((?:   .*\n|\n)+)"
    found = re.findall(pattern, text)
    return {
        caption or number: re.sub(r"(?m)^   ", "", code).strip() + "\n"
        for number, (caption, code) in enumerate(found)
    }


TEXT = PAGE.read_text(encoding="utf-8")
COMMANDS = re.findall(
    r"(?m)^\$ sktopo (.*)\n((?:(?!\$ ).*\n)*)",
    "".join(blocks("console", TEXT).values()),
)


@pytest.fixture
def study(tmp_path, monkeypatch):
    """Make the files of the page, and go to their folder."""
    pytest.importorskip("jinja2")
    pytest.importorskip("pandas")
    torch = pytest.importorskip("torch")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(_report, "find_spec", lambda name: None)  # no progress bars
    rng = np.random.default_rng(0)
    for folder in ("subjects", "matrices", "runs"):
        Path(folder).mkdir()
    labels = blocks("text", TEXT)["labels.csv"]
    Path("labels.csv").write_text(labels)
    Path("others.csv").write_text("".join(labels.splitlines(keepends=True)[:5]))
    names = [line.split(",")[0] for line in labels.splitlines()[1:]]
    for number, name in enumerate(names):
        x = rng.normal(size=(40, 6)) + number % 2 * rng.normal(size=(40, 1))
        header = {"header": "a,b,c,d,e,f", "comments": ""}
        np.savetxt(f"subjects/{name}.csv", x, delimiter=",", **header)
        np.savetxt(f"matrices/{name}.csv", np.corrcoef(x.T), delimiter=",")
    Path("train.py").write_text(blocks("python", TEXT)["train.py"])
    np.save("x.npy", rng.normal(size=(50, 20)).astype(np.float32))
    lines = []
    for number in range(6):
        torch.manual_seed(number)
        net = torch.nn.Sequential(
            torch.nn.Linear(20, 16), torch.nn.ReLU(), torch.nn.Linear(16, 3)
        )
        torch.save(net.state_dict(), f"runs/run{number}.pt")
        lines.append(f"run{number}.pt,{('plain', 'dropout')[number % 2]}\n")
    Path("runs.csv").write_text("".join(lines))
    yield
    sys.modules.pop("train", None)


@pytest.mark.parametrize(
    ("command", "printed"), [pair for pair in COMMANDS if "--help" not in pair[0]]
)
def test_commands_print_what_the_page_shows(study, capsys, command, printed):
    main([*shlex.split(command), "--permutations", "9"])
    captured = capsys.readouterr()
    assert (captured.err + captured.out).split() == printed.split()


@pytest.mark.parametrize(
    ("command", "printed"), [pair for pair in COMMANDS if "--help" in pair[0]]
)
def test_page_shows_the_help(capsys, monkeypatch, command, printed):
    """Versions of Python arrange it differently, so only the words are compared."""
    monkeypatch.setenv("COLUMNS", "88")
    with pytest.raises(SystemExit):
        main(shlex.split(command))
    shown = capsys.readouterr().out
    assert set(re.findall(r"[\w./-]+", shown)) == set(re.findall(r"[\w./-]+", printed))


def test_commands_are_found():
    assert len(COMMANDS) == 11
