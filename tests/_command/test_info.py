"""The command that prints versions."""

import numpy as np

import sktopo
from sktopo._command import main


def test_versions_are_printed(capsys):
    assert main(["info"]) == 0
    out = capsys.readouterr().out
    assert f"sktopo: {sktopo.__version__}\n" in out
    assert f"numpy: {np.__version__}\n" in out
