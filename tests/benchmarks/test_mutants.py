"""The script of mutants: which it draws, and the score it prints."""

import importlib
from pathlib import Path

import pytest

STATUSES = {
    "sktopo.metrics.x_a__mutmut_1": "killed",
    "sktopo.metrics.x_a__mutmut_2": "survived",
    "sktopo.barcodes._kernel.x_b__mutmut_1": "timeout",
    "sktopo.barcodes._kernel.x_b__mutmut_2": "no tests",
    "sktopo.barcodes._kernel.x_b__mutmut_3": "not checked",
    "sktopo.barcodes._kernel.x_b__mutmut_4": "not checked",
}


@pytest.fixture(name="mutants")
def mutants_fixture(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2]))
    return importlib.import_module("benchmarks.mutants")


def test_score(mutants):
    assert mutants.summarize(STATUSES).splitlines() == [
        "sktopo.metrics.x_a__mutmut_2: survived",
        "sktopo.barcodes._kernel.x_b__mutmut_2: no tests",
        "all: 2 of 4 mutants noticed, 50.0%",
        "sktopo.barcodes: 1 of 2 mutants noticed, 50.0%",
        "sktopo.metrics: 1 of 2 mutants noticed, 50.0%",
        "2 mutants were not tried",
    ]


def test_samples_are_of_mutants_not_tried_yet(mutants):
    left = {name for name, status in STATUSES.items() if status == "not checked"}
    assert set(mutants.draw(STATUSES, 9, seed=0)) == left
    one = mutants.draw(STATUSES, 1, seed=3)
    assert one == mutants.draw(dict(reversed(STATUSES.items())), 1, seed=3)
    assert set(one) < left


def test_commands(mutants, monkeypatch, capsys):
    commands = []
    monkeypatch.setattr(mutants, "run_mutmut", lambda *given: commands.append(given))
    monkeypatch.setattr(mutants, "read_statuses", lambda: STATUSES)
    mutants.main(["sktopo.metrics*", "--jobs", "3"])
    mutants.main(["--sample", "2"])
    assert commands[0] == ("run", "sktopo.metrics*", "--max-children", "3")
    assert commands[1] == ("run", mutants.FIRST, "--max-children", "2")
    assert {*commands[2][1:3]} == {
        name for name in STATUSES if "x_b__mutmut_3" in name
    } | {name for name in STATUSES if "x_b__mutmut_4" in name}
    assert "50.0%" in capsys.readouterr().out
