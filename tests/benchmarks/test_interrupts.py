"""Interrupts at random moments leave nothing behind."""

import importlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")
if not hasattr(signal, "setitimer"):
    pytest.skip("needs alarms, which Windows lacks", allow_module_level=True)


@pytest.fixture(name="script")
def script_fixture(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2]))
    return importlib.import_module("benchmarks.interrupts")


CALL = """
import json, sys
from benchmarks.interrupts import interrupt_calls
kind, number, twice = json.loads(sys.argv[1])
print(json.dumps(interrupt_calls(kind, number, seed=1, twice=twice)))
"""


@pytest.mark.parametrize(
    ("kind", "number", "twice"),
    [
        ("one thread", 60, False),
        ("one thread", 20, True),
        ("two threads", 30, False),
        ("training", 8, False),
    ],
)
def test_interrupts_leave_nothing(kind, number, twice):
    # In a process of its own: an interrupt inside pytest or coverage may leave a lock
    # of theirs held. pytest-cov would trace the process through these variables.
    env = {k: v for k, v in os.environ.items() if not k.startswith("COV_CORE")}
    run = subprocess.run(
        [sys.executable, "-c", CALL, json.dumps([kind, number, twice])],
        cwd=Path(__file__).parents[2],
        env=env,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr
    row = json.loads(run.stdout)
    assert row["interrupts"] == number
    assert row["met"] == "yes", row


def test_what_is_left_is_observed(script):
    networks = script.make_networks()
    before = script.observe(networks, None)
    networks[0][1].train()
    networks[1][0].register_forward_hook(lambda *_: None)
    with script.torch.no_grad():
        networks[2][0].weight.add_(1)
        after = script.observe(networks, None)
    changed = {name for name in before if after[name] != before[name]}
    assert changed == {"modes", "hooks", "parameters", "gradients"}
