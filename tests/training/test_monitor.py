"""TopologyMonitor: what it records, its files, and runs that are killed."""

import os
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from sktopo import (  # noqa: E402
    ActivationExtractor,
    FunctionalConnectome,
    GraphPersistence,
)
from sktopo.recording import Checkpoints  # noqa: E402
from sktopo.training import StoppingRule, TopologyMonitor  # noqa: E402


def change(network, amount):
    """Add to all weights."""
    with torch.no_grad():
        for number, parameter in enumerate(network.parameters()):
            generator = torch.Generator().manual_seed(number)
            parameter += amount * torch.randn(parameter.shape, generator=generator)
    return network


def record_some(monitor, build, n_records=4):
    network = build()
    for step in range(n_records):
        monitor.record(change(network, 0.1), step)
    return monitor


def test_rows_are_those_of_the_pipeline(build, stimuli):
    monitor = record_some(TopologyMonitor(stimuli, n_quantiles=7), build)
    network, networks = build(), []
    for _ in range(4):
        change(network, 0.1)
        networks.append(build())
        networks[-1].load_state_dict(network.state_dict())
    activations = ActivationExtractor(stimuli=stimuli).fit_transform(networks)
    for name, nodes in {"all layers": slice(0, 10), "2": slice(0, 6)}.items():
        rows = FunctionalConnectome().fit_transform(activations[:, :, nodes])
        expected = GraphPersistence(n_quantiles=7).fit_transform(rows)
        found = monitor.rows_[:, monitor.layer_slices_[name]]
        np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert list(monitor.layer_slices_) == ["all layers", "2", "5"]
    assert monitor.rows_.dtype == np.float32
    assert monitor.steps_.tolist() == [0, 1, 2, 3]


def test_stimuli_are_copied_once(build, stimuli):
    array = stimuli.numpy().copy()
    given = {
        "array": (array, array.fill),
        "parts": ((parts := stimuli.clone(),), parts.fill_),
        "named": ({"input": (named := stimuli.clone())}, named.fill_),
    }
    network = build()
    for name, (form, fill) in given.items():
        monitor = TopologyMonitor(form)
        monitor.record(network)
        fill(1)
        monitor.record(network)
        assert monitor.table()["change"].max() == 0, name


def test_loaders_are_not_copied(build, stimuli):
    class Loader:
        def __iter__(self):
            return iter([stimuli[:20], stimuli[20:]])

        def __deepcopy__(self, memo):
            raise AssertionError

    monitor = TopologyMonitor(Loader())
    assert monitor.record(build())


def test_every_and_steps(build, stimuli):
    network = build()
    monitor = TopologyMonitor(stimuli, every=3)
    assert [monitor.record(network) for _ in range(5)] == [
        *(True, False, False, True, False)
    ]
    assert monitor.record(network, 6)
    assert [monitor.record(network) for _ in range(3)] == [False, False, True]
    assert monitor.steps_.tolist() == [0, 3, 6, 9]
    with pytest.raises(ValueError, match=r"step=9 is not above 9.*rewind\(9\) forgets"):
        monitor.record(network, 9)
    assert monitor.rewind(6).steps_.tolist() == [0, 3]
    assert monitor.record(network)
    assert monitor.steps_.tolist() == [0, 3, 6]


def test_an_error_adds_no_record_and_names_the_step(build, stimuli):
    monitor = record_some(TopologyMonitor(stimuli), build)
    before = monitor.rows_
    with pytest.raises(ValueError, match="Step 7: The network has the layers.*'2': 9"):
        monitor.record(build(width=9), 7)
    broken = build()
    broken[0].weight.data[:] = np.nan
    with pytest.raises(ValueError, match="Step 8: .*NaN"):
        monitor.record(broken, 8)
    np.testing.assert_array_equal(monitor.rows_, before)
    assert monitor.steps_.tolist() == [0, 1, 2, 3]


def test_distance_to_a_reference(build, stimuli):
    network = build()
    monitor = TopologyMonitor(stimuli, reference=lambda: build())
    monitor.record(network)
    monitor.record(change(network, 0.5))
    table = monitor.table()
    assert (table["to_reference"][:3] == 0).all()
    np.testing.assert_array_equal(table["to_reference"], table["from_first"])
    assert "to_reference" not in record_some(TopologyMonitor(stimuli), build).table()
    other = TopologyMonitor(stimuli, reference=build(width=8))
    with pytest.raises(ValueError, match="Step 0: The network has the layers"):
        other.record(network)


def test_large_layers_are_streamed(build, stimuli, monkeypatch):
    dense = record_some(TopologyMonitor(stimuli), build)
    monkeypatch.setattr("sktopo.training._network_rows._MOST_DENSE", 0)
    streamed = record_some(TopologyMonitor(stimuli), build)
    np.testing.assert_allclose(streamed.rows_, dense.rows_, atol=2e-5)
    assert streamed.layer_slices_ == dense.layer_slices_


def save_checkpoints(build, folder, steps):
    network = build()
    for step in sorted(steps):
        weights = change(network, 0.1).state_dict()
        torch.save(weights, folder / f"epoch={step // 10}-step={step}.ckpt")


def test_checkpoints_give_the_table_of_the_run(build, stimuli, tmp_path):
    save_checkpoints(build, tmp_path, [5, 100, 20])
    monitor = TopologyMonitor(stimuli)
    network = build()
    for step in (5, 20, 100):
        monitor.record(change(network, 0.1), step)
    found = TopologyMonitor(stimuli)
    found.record_checkpoints(Checkpoints(build, tmp_path))
    expected = monitor.table(run="a")
    table = found.table(run="a")
    assert table[["run", "step", "layer"]].equals(expected[["run", "step", "layer"]])
    numbers = table.columns[3:]
    np.testing.assert_allclose(table[numbers], expected[numbers], rtol=1e-4, atol=1e-6)


def test_steps_of_checkpoints_are_given_and_sorted(build, stimuli, tmp_path):
    save_checkpoints(build, tmp_path, [1, 2, 3])
    checkpoints = Checkpoints(build, tmp_path)
    forward = TopologyMonitor(stimuli).record_checkpoints(checkpoints)
    monitor = TopologyMonitor(stimuli)
    monitor.record_checkpoints(checkpoints[[2, 0, 1]], steps=[30, 10, 20])
    assert monitor.steps_.tolist() == [10, 20, 30]
    np.testing.assert_allclose(monitor.rows_, forward.rows_, rtol=1e-5)
    networks = [checkpoint() for checkpoint in checkpoints]
    monitor = TopologyMonitor(stimuli)
    monitor.record_checkpoints(networks[:2], steps=[7, 4])
    np.testing.assert_allclose(monitor.rows_[::-1], forward.rows_[:2], rtol=1e-5)


def test_wrong_steps_of_checkpoints_are_refused(build, stimuli, tmp_path):
    save_checkpoints(build, tmp_path, [1, 2])
    checkpoints = Checkpoints(build, tmp_path)
    monitor = TopologyMonitor(stimuli)
    for given, message in {
        (1, 1): "'epoch=0-step=1.ckpt' and 'epoch=0-step=2.ckpt' both have the step 1",
        (1,): "There are 1 steps for 2 checkpoints",
        (1, -2): "The step of checkpoint 'epoch=0-step=2.ckpt' must be an integer",
    }.items():
        with pytest.raises(ValueError, match=message):
            monitor.record_checkpoints(checkpoints, steps=given)
    with pytest.raises(ValueError, match="Checkpoint 0 has no step in its name"):
        monitor.record_checkpoints([build])
    with pytest.raises(TypeError, match="type generator; expected Checkpoints"):
        monitor.record_checkpoints(network for network in [build()])
    with pytest.raises(ValueError, match="checkpoints is empty"):
        monitor.record_checkpoints([])
    monitor.record_checkpoints(checkpoints)
    with pytest.raises(ValueError, match="step=1 is not above 2"):
        monitor.record_checkpoints(checkpoints)
    assert len(monitor.steps_) == 2


def test_checkpoints_of_other_layers_are_refused(build, stimuli):
    monitor = TopologyMonitor(stimuli)
    networks = [build(), build(), torch.nn.Sequential(*build()[:3])]
    with pytest.raises(ValueError, match="differ in their layers"):
        monitor.record_checkpoints(networks, steps=[0, 1, 2])


def test_files_hold_all(build, stimuli, tmp_path):
    reference = build()
    monitor = record_some(TopologyMonitor(stimuli, reference=reference), build)
    monitor.save(tmp_path / "run.npz")
    assert [path.name for path in tmp_path.iterdir()] == ["run.npz"]
    with np.load(tmp_path / "run.npz", allow_pickle=False) as file:
        assert all(file[name].dtype != object for name in file)
    loaded = TopologyMonitor.load(tmp_path / "run.npz")
    resumed = TopologyMonitor(stimuli, reference=reference, every=2)
    resumed.resume(tmp_path / "run.npz")
    for other in (loaded, resumed):
        assert other.table().equals(monitor.table())
        assert other.layer_slices_ == monitor.layer_slices_
        assert other.rows_.dtype == monitor.rows_.dtype
    assert resumed.record(build(), 4)
    with pytest.raises(ValueError, match="loaded without stimuli"):
        loaded.record(build(), 4)
    with pytest.raises(ValueError, match="loaded without stimuli"):
        loaded.record_checkpoints([build], steps=[4])
    loaded.save(tmp_path / "copy.npz")
    assert TopologyMonitor.load(tmp_path / "copy.npz").table().equals(loaded.table())


def test_an_empty_monitor_is_saved(stimuli, tmp_path):
    TopologyMonitor(stimuli).save(tmp_path / "run.npz")
    monitor = TopologyMonitor.load(tmp_path / "run.npz")
    assert monitor.rows_.shape == (0, 0)
    assert monitor.layer_slices_ == {}
    assert not monitor.should_stop()
    assert repr(monitor) == "<TopologyMonitor: 0 records>"
    with pytest.raises(ValueError, match="has no records; call record first"):
        monitor.table()


@pytest.mark.parametrize(
    ("parameters", "difference"),
    [
        ({"layers": "2"}, r"layers \(there None, here '2'\)"),
        ({"layers": torch.nn.ReLU}, r"layers \(there None, here 'torch.*ReLU'\)"),
        ({"profiles": ("births",)}, "profiles"),
        ({"n_quantiles": 5}, r"n_quantiles \(there 200, here 5\)"),
        ({"max_nodes": 5}, "max_nodes"),
        ({"reference": torch.nn.ReLU()}, r"reference \(there False, here True\)"),
        ({"stimuli": torch.ones(30, 5)}, "stimuli"),
        ({"stimuli": np.ones((30, 5)), "mask": np.ones((30, 1))}, "mask.*; stimuli"),
    ],
)
def test_other_settings_are_not_resumed(
    build, stimuli, tmp_path, parameters, difference
):
    path = tmp_path / "run.npz"
    record_some(TopologyMonitor(stimuli), build).save(path)
    monitor = TopologyMonitor(**{"stimuli": stimuli, **parameters})
    with pytest.raises(ValueError, match=f"other settings: {difference}"):
        monitor.resume(path)
    assert len(monitor.steps_) == 0


def test_other_versions_are_refused(build, stimuli, tmp_path, monkeypatch):
    path = tmp_path / "run.npz"
    record_some(TopologyMonitor(stimuli), build).save(path)
    monkeypatch.setattr("sktopo.training._monitor._VERSION", 2)
    with pytest.raises(ValueError, match=r"version \(there 1, here 2\)"):
        TopologyMonitor(stimuli).resume(path)
    with pytest.raises(ValueError, match="has version 1 of the settings; expected 2"):
        TopologyMonitor.load(path)


RUN = """
    import os, sys, time, torch
    from pathlib import Path
    from sktopo.training import TopologyMonitor

    def run(folder, pause=0):
        steps, table, checkpoint = [], Path(folder, "run.npz"), Path(folder, "last.pt")
        torch.manual_seed(0)
        stimuli = torch.randn(40, 5)
        network = torch.nn.Sequential(
            torch.nn.Linear(5, 6), torch.nn.ReLU(), torch.nn.Linear(6, 2)
        )
        optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9)
        monitor = TopologyMonitor(stimuli, every=2, batch_size=40)
        start = 0
        if table.exists():
            monitor.resume(table)
        if checkpoint.exists():
            state = torch.load(checkpoint)
            network.load_state_dict(state["network"])
            optimizer.load_state_dict(state["optimizer"])
            torch.set_rng_state(state["numbers"])
            start = state["step"]
        monitor.rewind(start)
        for step in range(start, 30):
            if monitor.record(network, step):
                monitor.save(table)
            network(torch.randn(20, 5)).square().mean().backward()
            optimizer.step()
            optimizer.zero_grad()
            if step % 5 == 4:  # less often than the table is saved
                state = {
                    "network": network.state_dict(),
                    "optimizer": optimizer.state_dict(),
                    "numbers": torch.get_rng_state(),
                    "step": step + 1,
                }
                torch.save(state, Path(folder, "part"))
                os.replace(Path(folder, "part"), checkpoint)
            steps.append(step)
            if pause:
                print(step, flush=True)
                time.sleep(pause)
        return monitor, steps
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL")
def test_a_run_that_was_killed_resumes_its_table(tmp_path):
    code, names = textwrap.dedent(RUN), {}
    exec(code, names)
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    whole.mkdir()
    killed.mkdir()
    with torch.random.fork_rng():
        expected, _ = names["run"](whole)
    command = [sys.executable, "-c", code + "\nrun(sys.argv[1], 0.02)", str(killed)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
        for line in run.stdout:
            if line.strip() == "17":
                os.kill(run.pid, signal.SIGKILL)
                break
    assert run.returncode == -signal.SIGKILL
    assert 16 in TopologyMonitor.load(killed / "run.npz").steps_
    with torch.random.fork_rng():
        found, steps = names["run"](killed)
    assert steps[0] == 15  # the checkpoint is older than the table
    np.testing.assert_array_equal(found.steps_, expected.steps_)
    np.testing.assert_allclose(found.rows_, expected.rows_, rtol=1e-6, atol=1e-7)
    again = TopologyMonitor.load(killed / "run.npz")
    assert again.table().equals(found.table())


def test_stopping(build, stimuli):
    network, monitor = build(), TopologyMonitor(stimuli)
    rule = StoppingRule(patience=2, window=1, burn_in=0, layer="5")
    stops = []
    for amount in (0, 1, 0.001, 0.001, 0.001):
        monitor.record(change(network, amount))
        stops.append(monitor.should_stop(rule))
    assert stops == [False, False, False, False, True]
    assert rule.find_stop(monitor.table()) == 4
    with pytest.raises(ValueError, match="No layer 'fc'; recorded are.*'2', '5'"):
        monitor.should_stop(StoppingRule(layer="fc"))
    with pytest.raises(TypeError, match="rule is of type str; expected a StoppingRule"):
        monitor.should_stop("5")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"every": 0}, "every must be an integer of at least 1, got 0"),
        ({"profiles": ("birth",)}, "has the unknown name 'birth'"),
        ({"profiles": ()}, "is empty"),
        ({"n_quantiles": 0}, "n_quantiles must be an integer"),
        ({"random_state": None}, "random_state must be an integer"),
        ({"stimuli": None}, "stimuli"),
        ({"stimuli": [[np.nan, 1.0]]}, "NaN"),
    ],
)
def test_mistakes_are_found_when_the_monitor_is_made(stimuli, parameters, message):
    with pytest.raises((TypeError, ValueError), match=message):
        TopologyMonitor(**{"stimuli": stimuli, **parameters})


def test_wrong_steps_are_refused(build, stimuli):
    monitor = TopologyMonitor(stimuli)
    for step in (-1, 0.5, "1", True):
        with pytest.raises(ValueError, match="step must be an integer of at least 0"):
            monitor.record(build(), step)
        with pytest.raises(ValueError, match="step must be an integer of at least 0"):
            monitor.rewind(step)
