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


# Kinds of calls, how many are interrupted, and whether each is interrupted twice.
CALLS = (
    ("one thread", 40, False),
    ("one thread", 20, True),
    ("two threads", 30, False),
    ("training", 6, False),
)
PROGRAM = """
import json, sys
from benchmarks.interrupts import interrupt_calls
rows = [
    interrupt_calls(kind, number, seed=1, twice=twice)
    for kind, number, twice in json.loads(sys.argv[1])
]
print(json.dumps(rows))
"""


@pytest.fixture(scope="module")
def rows():
    """Interrupt calls of all kinds in a process of their own.

    An interrupt inside pytest or coverage may leave a lock of theirs held.
    """
    # pytest-cov would trace the process through these variables.
    env = {k: v for k, v in os.environ.items() if not k.startswith("COV_CORE")}
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(CALLS)],
        cwd=Path(__file__).parents[2],
        env=env,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


@pytest.mark.parametrize("number", range(len(CALLS)), ids=lambda k: CALLS[k][0])
def test_interrupts_leave_nothing(rows, number):
    row = rows[number]
    assert (row["what"], row["interrupts"]) == CALLS[number][:2]
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


def test_errors_that_follow_an_interrupt_are_told_from_others(script):
    lock, late = RuntimeError("release unlocked lock"), RuntimeError("not started")
    lock.__context__, late.__context__ = script.Interrupted(), lock
    assert script.follows_interrupt(lock) and script.follows_interrupt(late)
    assert not script.follows_interrupt(RuntimeError())
