"""Bad inputs to every public name raise errors that say what is wrong."""

import importlib
import sys
from pathlib import Path

import pytest

LIBRARIES = "gudhi kmedoids matplotlib networkx pandas plotly torch"
for library in LIBRARIES.split():
    pytest.importorskip(library)

ROOT = Path(__file__).parents[1]
# Every so many of the bad inputs: the script runs all of them.
STEP = 3


@pytest.fixture(scope="module", name="script")
def script_fixture():
    """Import the script where ``python -m`` finds it."""
    import matplotlib

    matplotlib.use("agg")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT))
        yield importlib.import_module("benchmarks.bad_inputs")


@pytest.fixture(scope="module", name="entries")
def entries_fixture(script):
    return script.list_entries()


def test_every_public_name_and_parameter_is_tried(script, entries):
    assert script.find_missing(entries) == []


@pytest.mark.filterwarnings("ignore")
def test_good_inputs_are_accepted(entries):
    for entry in entries:
        if entry.is_good:
            entry.call(**entry.good)


@pytest.mark.filterwarnings("ignore")
def test_bad_inputs_are_refused(script, entries):
    table = script.run(entries, step=STEP)
    assert len(table) >= 1500
    offenders = script.find_offenders(table)
    assert offenders.empty, offenders.to_string(max_colwidth=80)


@pytest.mark.filterwarnings("ignore")
def test_all_that_is_listed_is_accepted(script, entries):
    # An entry of the list that nothing needs any more must go.
    names = " ".join(names for _, names in script.ACCEPTED_AT.values()).split()
    names += ["TopClusterer.fit", "FunctionalConnectome.fit"]
    chosen = [entry for entry in entries if entry.name in names]
    table = script.run(chosen, step=1)
    listed = table[table["outcome"] == "accepted, as listed"]
    assert {*script.ACCEPTED, *script.ACCEPTED_AT} <= set(listed["bad value"])


def test_accepted_and_foreign_errors_are_offences(script):
    def fail(error):
        raise error

    found = {
        "accepted": lambda: None,
        "foreign type": lambda: fail(IndexError("list index out of range")),
        "foreign words": lambda: fail(ValueError("raised in a test")),
    }
    for outcome, call in found.items():
        assert script.judge("name", "label", call)[0] == outcome
    from sktopo.barcodes import barcode_rows
    from sktopo.metrics import purity_score

    assert script.judge("name", "label", lambda: purity_score([], []))[0] == "refused"
    assert script.judge("name", "label", lambda: barcode_rows("rows"))[0] == "refused"


@pytest.mark.filterwarnings("ignore")
def test_the_script_fails_if_there_are_offenders(script, monkeypatch, capsys):
    entry = script.list_entries()[0]
    entry.kinds = {"n_edges": {"a good value": lambda good: good}}
    monkeypatch.setattr(script, "list_entries", lambda: [entry])
    monkeypatch.setattr(script, "find_missing", lambda entries: [])
    assert script.main([]) == 1
    assert "accepted: BarcodeLayout(n_edges: a good value)" in capsys.readouterr().out
    entry.kinds = {"n_edges": {"text": lambda good: "ten"}}
    monkeypatch.setattr(sys, "argv", ["bad_inputs"])
    monkeypatch.setattr(script, "judge", lambda *call: ("refused", "our words"))
    assert script.main() == 0
