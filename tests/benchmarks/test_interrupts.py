"""Interrupts at random moments leave nothing behind."""

import importlib
import signal
from pathlib import Path

import pytest

pytest.importorskip("torch")
if not hasattr(signal, "setitimer"):
    pytest.skip("needs alarms, which Windows lacks", allow_module_level=True)


@pytest.fixture(name="script")
def script_fixture(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2]))
    previous = signal.getsignal(signal.SIGALRM)
    yield importlib.import_module("benchmarks.interrupts")
    signal.signal(signal.SIGALRM, previous)


# Interrupts also come inside joblib, and where objects are deleted, which cannot raise.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.filterwarnings("ignore:.*successfully executed:UserWarning")
@pytest.mark.parametrize(
    ("kind", "number", "twice"),
    [
        ("one thread", 60, False),
        ("one thread", 20, True),
        ("two threads", 30, False),
        ("training", 8, False),
    ],
)
def test_interrupts_leave_nothing(script, kind, number, twice):
    row = script.interrupt_calls(kind, number, seed=1, twice=twice)
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
