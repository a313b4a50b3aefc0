"""The command that makes a report: what it reads, refuses and hands on."""

import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from sktopo._command import _inputs, main

N_SUBJECTS = 6


class Recorder:
    """Stands for the class of reports, and keeps what it is called with."""

    def __init__(self):
        self.calls = []

    def _make(self, name, X, y=None, **options):
        self.calls.append((name, X, y, options))
        return self

    def __getattr__(self, name):
        return lambda X, y=None, **options: self._make(name, X, y, **options)

    def save(self, path):
        Path(path).write_text("a report")


@pytest.fixture
def recorder(monkeypatch):
    recorder = Recorder()
    monkeypatch.setattr(_inputs, "Report", recorder)
    return recorder


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Make a folder with a study of recordings and connectomes, and go there."""
    pytest.importorskip("pandas")
    pytest.importorskip("jinja2")
    pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    for kind in ("recordings", "connectomes"):
        Path(kind).mkdir()
    for number in range(N_SUBJECTS):
        x = rng.normal(size=(40, 5)) + (number % 2) * rng.normal(size=(40, 1))
        name = f"sub-{number}.csv"
        np.savetxt(
            f"recordings/{name}", x, delimiter=",", header="a,b,c,d,e", comments=""
        )
        np.savetxt(f"connectomes/{name}", np.corrcoef(x.T), delimiter=",")
    lines = [f"sub-{k},{'xy'[k % 2]},p{k // 2},{30 + k}" for k in range(N_SUBJECTS)]
    write_lines("labels.csv", ["file,label,person,age", *lines])
    return tmp_path


def write_lines(path, lines):
    Path(path).write_text("\n".join(lines) + "\n")


RECORDINGS = ["report", "--recordings", "recordings/*.csv"]
CONNECTOMES = ["report", "--connectomes", "connectomes"]
LABELS = ["--labels", "labels.csv", "--label-column", "label"]


def test_files_and_labels_are_handed_on(folder, recorder, capsys):
    more = ["--group-column", "person", "--covariates", "age", "--missing", "pairwise"]
    run = ["--seed", "3", "--permutations", "99", "--n-jobs", "2", "--cache", "kept"]
    out = ["--title", "Six", "-o", "six.html"]
    assert main([*RECORDINGS, *LABELS, *more, *run, *out]) == 0
    ((name, X, y, options),) = recorder.calls
    assert name == "from_recordings"
    assert [x.shape for x in X] == [(40, 5)] * N_SUBJECTS
    assert list(X[0].columns) == list("abcde")
    assert list(y) == ["x", "y"] * 3
    assert list(options.pop("sample_groups")) == ["p0", "p0", "p1", "p1", "p2", "p2"]
    covariates = options.pop("covariates")
    assert covariates.columns.to_list() == ["age"]
    np.testing.assert_array_equal(covariates["age"], range(30, 36))
    assert options.pop("verbose") in (True, False)
    assert options == {
        "missing": "pairwise",
        "constant_units": "zero",
        "sample_names": [f"sub-{k}" for k in range(N_SUBJECTS)],
        "title": "Six",
        "n_permutations": 99,
        "random_state": 3,
        "n_jobs": 2,
        "memory": "kept",
    }
    captured = capsys.readouterr()
    assert captured.out == "six.html\n"
    assert captured.err == "6 recordings: 3 x, 3 y\n"
    assert Path("six.html").read_text() == "a report"


def test_labels_are_optional(folder, recorder, capsys):
    assert main([*CONNECTOMES, "--quiet"]) == 0
    ((name, X, y, options),) = recorder.calls
    assert name == "from_connectomes"
    assert X.shape == (N_SUBJECTS, 10)
    assert y is None
    assert options["sample_groups"] is options["covariates"] is options["title"] is None
    assert options["verbose"] is False
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("report.html\n", "")


def test_orientation_is_handed_on(folder, recorder):
    files = sorted(map(str, Path("connectomes").iterdir()))
    assert main(["report", "--recordings", *files, "--node-axis", "0"]) == 0
    assert len(recorder.calls[0][1]) == N_SUBJECTS
    assert recorder.calls[0][3]["sample_names"][0] == "sub-0"


def test_networks_are_handed_on(tmp_path, recorder, monkeypatch, capsys):
    torch = pytest.importorskip("torch")
    pytest.importorskip("jinja2")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    Path("net_of_two.py").write_text(
        "import torch\ndef create():\n    return torch.nn.Linear(3, 2)\n"
    )
    for folder in "ab":
        Path(folder).mkdir()
        torch.save(torch.nn.Linear(3, 2).state_dict(), f"{folder}/net.pt")
    np.save("x.npy", np.ones((4, 3)))
    argv = ["report", "--checkpoints", "*/net.pt", "--build", "net_of_two.py:create"]
    argv += ["--stimuli", "x.npy", "--labels", "folder", "--layers", "a", "b.*", "-q"]
    argv += ["--device", "cpu", "--constant-units", "drop"]
    assert main(argv) == 0
    ((name, networks, y, options),) = recorder.calls
    assert name == "from_networks"
    assert isinstance(networks[1](), torch.nn.Linear)
    assert list(y) == ["a", "b"]
    assert options["layers"] == ["a", "b.*"]
    assert options["device"] == "cpu"
    assert options["constant_units"] == "drop"
    assert options["stimuli"].shape == (4, 3)
    assert options["sample_names"] == ["a/net.pt", "b/net.pt"]

    Path("b/net.pt").write_bytes(Path("b/net.pt").read_bytes()[:50])
    capsys.readouterr()
    assert main(argv) == 2
    said = capsys.readouterr().err
    assert re.match(r"sktopo report: error: b/net\.pt cannot be loaded", said)
    assert said.count("\n") == 1
    assert len(recorder.calls) == 1


NETWORKS = ["report", "--checkpoints", "a.pt", "--build", "m:f", "--stimuli", "x.npy"]


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["report", "--checkpoints", "a.pt"], "--checkpoints needs --build as well."),
        ([*NETWORKS[:5]], "--checkpoints needs --stimuli as well."),
        ([*CONNECTOMES, "--layers", "a"], "--layers is only for --checkpoints."),
        ([*CONNECTOMES, "--missing", "raise"], "--missing is only for --recordings."),
        ([*CONNECTOMES, "--node-axis", "0"], "--node-axis is only for --recordings."),
        ([*CONNECTOMES, "--label-column", "a"], "--label-column is only for --labels."),
        ([*NETWORKS, "--key", "a"], "--key is only for --recordings and --connectomes"),
        (
            [*CONNECTOMES, "--constant-units", "drop"],
            "--constant-units is only for --checkpoints and --recordings.",
        ),
        (
            ["report", "--recordings", "connectomes"],
            "Give --node-axis 1 if its columns are regions",
        ),
        (
            ["report", "--recordings", "recordings", "connectomes"],
            "recordings is a folder beside other paths; expected one folder, or the",
        ),
        ([*NETWORKS], "x.npy: No such file or directory"),
        ([*CONNECTOMES, "--labels", "gone.csv"], "gone.csv: No such file or directory"),
        (["report", "--connectomes", "gone*"], "paths='gone*' leads to no table"),
        (
            ["report", "--connectomes", "a.csv", "b.csv"],
            "paths[0] does not exist: a.csv",
        ),
        ([*CONNECTOMES, "-o", "connectomes"], "connectomes is a folder; expected the"),
        ([*CONNECTOMES, "-o", "no/x.html"], "no/x.html cannot be written: there is no"),
        (
            ["report", "--connectomes", "recordings"],
            "a table of shape (40, 5); expected",
        ),
        ([*CONNECTOMES, "--labels", "few.csv"], "few.csv has no line for 5 of 6 files"),
    ],
)
def test_faults_are_found_before_the_work(folder, recorder, capsys, argv, said):
    write_lines("few.csv", ["file,label", "sub-1,x"])
    assert main(argv) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("sktopo report: error: ")
    assert said in captured.err
    assert captured.err.count("\n") == 1
    assert recorder.calls == []


def test_missing_numbers_are_named_by_file(folder, recorder, capsys):
    path = Path("recordings/sub-3.csv")
    lines = path.read_text().splitlines()
    lines[5] = ",".join(["1", "n/a", "1", "1", "1"])
    write_lines(path, lines)
    assert main([*RECORDINGS, *LABELS]) == 2
    said = "sub-3.csv lacks 1 number(s), the first at time point 4 of region 'b', coun"
    assert said in capsys.readouterr().err
    assert recorder.calls == []
    assert main([*RECORDINGS, *LABELS, "--missing", "drop_frames"]) == 0
    assert np.isnan(recorder.calls[0][1][3].to_numpy()).sum() == 1


def test_missing_extra_is_named(folder, recorder, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    assert main(CONNECTOMES) == 2
    assert "Install it with: pip install 'sktopo[report]'" in capsys.readouterr().err


def test_output_that_cannot_be_written_is_refused(
    folder, recorder, capsys, monkeypatch
):
    def refuse(dir):
        raise PermissionError(13, "Permission denied", dir)

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    assert main(CONNECTOMES) == 2
    said = "report.html cannot be written: Permission denied."
    assert said in capsys.readouterr().err
    assert recorder.calls == []


SLOW = """\
import time
import torch

class Slow(torch.nn.Sequential):
    def forward(self, x):
        with open("runs.txt", "a") as log:
            log.write("x")
        time.sleep(0.2)
        return super().forward(x)

def create():
    return Slow(torch.nn.Linear(3, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
"""


def test_a_killed_run_goes_on(tmp_path, monkeypatch, capsys):
    torch = pytest.importorskip("torch")
    pytest.importorskip("jinja2")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    Path("slow_network.py").write_text(SLOW)
    Path("nets").mkdir()
    for number in range(N_SUBJECTS):
        weights = torch.nn.Sequential(
            torch.nn.Linear(3, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2)
        )
        torch.save(weights.state_dict(), f"nets/{number}.pt")
    np.save("x.npy", np.random.default_rng(0).normal(size=(20, 3)))
    argv = ["report", "--checkpoints", "nets", "--build", "slow_network.py:create"]
    argv += ["--stimuli", "x.npy", "--cache", "kept", "--quiet"]
    process = subprocess.Popen([sys.executable, "-m", "sktopo", *argv])
    while len(list(Path().glob("kept/**/*.npz"))) < 3:
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert not Path("report.html").exists()
    kept = list(Path().glob("kept/**/*.npz"))
    times = [path.stat().st_mtime_ns for path in kept]
    Path("runs.txt").unlink()
    assert main(argv) == 0
    assert [path.stat().st_mtime_ns for path in kept] == times
    # The first two networks run a few times more, to see what can be recorded.
    n_runs = len(Path("runs.txt").read_text())
    Path("runs.txt").unlink()
    assert main([*argv[:-3], "--quiet"]) == 0
    assert n_runs <= len(Path("runs.txt").read_text()) - len(kept)
    assert capsys.readouterr().out == "report.html\n" * 2
    sys.modules.pop("slow_network")
