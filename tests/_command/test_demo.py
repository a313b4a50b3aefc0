"""The command that runs the demo."""

import sys

import pytest

from sktopo import demo
from sktopo._command import _demo, main


def test_command_is_the_demo():
    assert _demo.run is demo.run


def test_arguments_reach_the_demo(monkeypatch, tmp_path):
    monkeypatch.setattr(demo, "load_digit_networks", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        main(["demo", "--output", str(tmp_path), "--debug"])


def test_missing_extra_is_named(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "torch", None)
    assert main(["demo"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("sktopo demo: error: The demo needs torch")
    assert "pip install 'sktopo[torch,plot,tables]'" in said
    with pytest.raises(SystemExit, match="The demo needs torch"):
        demo.main([])
