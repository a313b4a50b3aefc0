"""The benchmarks: what they share, and that each reads its options."""

import importlib
import json
import multiprocessing
import sys
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("matplotlib")

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted(path.stem for path in (ROOT / "benchmarks").glob("[a-z]*.py"))


@pytest.fixture(autouse=True)
def root_on_path(monkeypatch):
    """Find the benchmarks where ``python -m`` does."""
    monkeypatch.syspath_prepend(str(ROOT))


@pytest.fixture(name="measure")
def measure_fixture():
    return importlib.import_module("benchmarks._measure")


@pytest.fixture(name="runtime")
def runtime_fixture():
    return importlib.import_module("benchmarks.runtime")


def make_options(**given):
    return Namespace(**{"quick": False, "output": None, "repeats": 7, **given})


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_script_reads_its_options(name, monkeypatch, capsys):
    if name in ("extraction", "interactions", "interrupts", "training"):
        pytest.importorskip("torch")
    if name == "extraction":
        pytest.importorskip("transformers")
    script = importlib.import_module(f"benchmarks.{name}")
    for option, code in (("--help", 0), ("--no-such-option", 2)):
        monkeypatch.setattr(sys, "argv", [name, option])
        with pytest.raises(SystemExit) as stopped:
            script.main()
        assert stopped.value.code == code
    assert "usage" in capsys.readouterr().out


def test_calls_take_turns_and_the_first_round_does_not_count(measure):
    now, called = [0.0], []

    def make_call(name, durations):
        durations = iter(durations)

        def call():
            called.append(name)
            now[0] += next(durations)

        return call

    calls = {"a": make_call("a", [100, 1, 2]), "b": make_call("b", [100, 5, 7])}
    seconds = measure.time_in_turn(calls, repeats=2, clock=lambda: now[0])
    assert called == ["a", "b"] * 3
    assert seconds == {"a": [1, 2], "b": [5, 7]}


def test_ratios_are_of_medians_and_judged(measure):
    seconds = {"ours": [1.0, 3.0, 8.0], "floor": [1.0, 2.0, 2.0]}
    assert measure.ratio("case", seconds, "ours", "floor", at_most=1.4) == {
        "case": "case",
        "ratio of": "ours / floor",
        "ms, first": 3000,
        "ms, second": 2000,
        "ratio": 1.5,
        "ratio of minima": 1,
        "target": "≤ 1.4",
        "met": "NO",
    }
    met = measure.ratio("case", seconds, "ours", "floor", at_least=1.5)
    assert (met["target"], met["met"]) == ("≥ 1.5", "yes")
    assert measure.judge(1.4, at_most=1.4)["met"] == "yes"
    assert measure.judge(1.4, at_least=1.5)["met"] == "NO"
    assert measure.judge(1.4) == {"target": None, "met": None}


def test_processes_send_values_fail_and_are_stopped(measure, capfd):
    before = multiprocessing.active_children()  # other tests' workers
    # What runs in a fresh process must be found there by its name.
    assert list(measure.stream_from_child(map, len, ["a", "bb"])) == [1, 2]
    with pytest.raises(RuntimeError, match="map failed in its process"):
        list(measure.stream_from_child(map, len, [0]))
    assert "TypeError" in capfd.readouterr().err
    with pytest.raises(TimeoutError, match="map took more than 0.001 s"):
        list(measure.stream_from_child(map, len, ["a"], limit=0.001))
    assert set(multiprocessing.active_children()) <= set(before)


def test_memory_is_the_peak_and_holds_the_result(measure):
    def prepare(n_numbers):
        def call():
            np.ones(2 * n_numbers)  # dropped before the result is made
            return np.ones(n_numbers)

        return lambda: None, call

    (peak,) = measure._yield_peak(prepare, (1_000_000,))
    assert peak["arrays"] == pytest.approx(16e6, rel=0.01)
    if peak["resident"] is not None:
        # A process that has done much may hold the memory already.
        assert peak["resident"] < 24e6


def test_facts_hold_no_folder(measure):
    options = make_options(data=ROOT, quick=True, output=ROOT, n_jobs=2, memory=None)
    facts = measure.collect_facts("name", options, "no-such-package")
    assert facts["command"] == (
        "python -m benchmarks.name --quick --repeats 7 --data FOLDER --n-jobs 2"
    )
    assert f"numpy {np.__version__}" in facts["versions"]
    assert "no-such-package not installed" in facts["versions"]
    assert str(ROOT) not in str(facts)


def test_table(measure):
    rows = [{"a": 1, "b": 0.12345}, {"a": None, "c": 12345.6}, {"a": "text"}]
    assert measure.write_table(rows).splitlines() == [
        "| a | b | c |",
        "| --- | --- | --- |",
        "| 1 | 0.123 |  |",
        "|  |  | 12346 |",
        "| text |  |  |",
    ]


def test_report_saves_unless_it_was_a_trial(measure, monkeypatch, tmp_path, capsys):
    from matplotlib.figure import Figure

    monkeypatch.setattr(measure, "RESULTS", tmp_path / "results")
    given = ("name", "Title", {"Heading.": [{"a": 1.5}]}, {"Python": "3"})
    measure.report(*given, make_options(quick=True), figure=Figure())
    assert not (tmp_path / "results").exists()
    text = capsys.readouterr().out
    assert text.startswith("# Title\n\nHeading.\n\n| a |\n") and "- Python: 3" in text
    measure.report(*given, make_options(), figure=Figure())
    measure.report(*given, make_options(quick=True, output=tmp_path / "trial"))
    saved = {str(p.relative_to(tmp_path)) for p in tmp_path.glob("*/*")}
    assert saved == {
        *(f"results/name.{kind}" for kind in ("json", "md", "png")),
        *(f"trial/name.{kind}" for kind in ("json", "md")),
    }
    assert (tmp_path / "results/name.md").read_text(encoding="utf-8") == text
    content = json.loads((tmp_path / "results/name.json").read_text(encoding="utf-8"))
    assert content == {"facts": {"Python": "3"}, "tables": {"Heading.": [{"a": 1.5}]}}


def test_simulated_units_are_strong_and_weak():
    data = importlib.import_module("benchmarks._data")
    rows = data.simulate_connectomes(20, 60, dtype="float32")
    assert rows.shape == (20, 1770) and rows.dtype == np.float32
    assert rows.max() > 0.8 and np.median(rows) < 0.2
    # More factors, weaker correlations.
    groups = rows.mean(axis=1).reshape(4, 5).mean(axis=1)
    assert (np.diff(groups) < 0).all()


def test_the_peer_of_barcodes_computes_the_same(make_rows, kind):
    barcodes = importlib.import_module("benchmarks.barcodes")
    rows = make_rows(3, 12, kind)
    expected = barcodes.barcode_rows(rows)
    np.testing.assert_array_equal(barcodes.scipy_barcodes(rows, 12), expected)


def test_growth_of_powers(runtime):
    times = {n_nodes: 5e-9 * n_nodes**3 for n_nodes in (60, 120, 1000)}
    assert runtime.fit_growth(times) == pytest.approx(3)
    # Graphs below the fit do not count, and two sizes are needed.
    assert runtime.fit_growth({30: 1.0, **times}) == pytest.approx(3)
    assert runtime.fit_growth({30: 1.0, 60: 2.0}) is None


def test_peers_that_are_stopped_stay_in_the_table(runtime, monkeypatch):
    def time_pair(library, kind, n_nodes, options):
        return {"outcome": "measured" if n_nodes < 120 else "stopped: 60 s"}

    monkeypatch.setattr(runtime, "time_pair", time_pair)
    monkeypatch.setattr(runtime, "is_installed", lambda library: library == "gudhi")
    options, sizes = make_options(limit=60.0), (60, 120, 250)
    rows = runtime.time_peer("gudhi", runtime.DIAGRAMS, sizes, options, [])
    outcomes = [row["outcome"].split(":")[0] for row in rows]
    assert outcomes == ["measured", "stopped", "not run"]
    # What starts with the same diagrams need not try.
    monkeypatch.setattr(runtime, "time_pair", lambda *given: {"outcome": "measured"})
    rows = runtime.time_peer("gudhi", "bottleneck", sizes, options, rows)
    assert "diagrams only took more than 60 s" in rows[1]["outcome"]
    assert [row["outcome"] for row in rows[::2]] == ["measured", "not run"]
    rows = runtime.time_peer("ripser", "bottleneck", sizes, options, [])
    assert {row["outcome"] for row in rows} == {"not installed"}
