"""The command line: help, exit codes, and errors in one line."""

import subprocess
import sys
import warnings

import pytest

import sktopo
from sktopo._command import _info, main


@pytest.fixture
def run(monkeypatch, capsys):
    """Return a function that runs the command "info" with another body."""

    def run(body, *argv):
        monkeypatch.setattr(_info, "run", lambda args: body())
        code = main(["info", *argv])
        return code, capsys.readouterr().err

    return run


def fail(error):
    raise error


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (ValueError("width is\n  -1."), 2, "width is -1."),
        (ImportError("Install it."), 2, "Install it."),
        (FileNotFoundError(2, "No such file", "x.npy"), 2, "x.npy: No such file"),
        (OSError("no space"), 2, "no space"),
        (MemoryError(), 2, "MemoryError:"),
        (RuntimeError("a: shapes"), 2, "a: shapes"),
        (
            KeyError("x"),
            1,
            "KeyError: 'x'. This is a fault of sktopo; --debug shows where it was "
            "raised",
        ),
    ],
)
def test_errors_are_one_line(run, error, code, said):
    assert run(lambda: fail(error)) == (code, f"sktopo info: error: {said}\n")
    with pytest.raises(type(error)):
        run(lambda: fail(error), "--debug")


def test_interrupts_have_their_own_code(run):
    found = run(lambda: fail(KeyboardInterrupt()))
    assert found == (130, "sktopo info: interrupted\n")


def test_warnings_are_one_line(run):
    def warn():
        warnings.simplefilter("always")
        warnings.warn("two\nlines", stacklevel=1)

    shown = warnings.showwarning
    assert run(warn) == (0, "sktopo info: warning: two lines\n")
    assert warnings.showwarning is shown


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ([], "sktopo: error: the following arguments are required: command. See sk"),
        (["rapport"], "sktopo: error: argument command: invalid choice: 'rapport'"),
        (["report", "--sed"], "sktopo report: error: "),
        (["info", "x"], "unrecognized arguments: x. See sktopo --help.\n"),
    ],
)
def test_wrong_arguments_are_one_line(capsys, argv, said):
    with pytest.raises(SystemExit) as stop:
        main(argv)
    assert stop.value.code == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("command", ["demo", "report", "info"])
def test_help_has_examples(capsys, command):
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    assert stop.value.code == 0
    shown = capsys.readouterr().out
    assert f"usage: sktopo {command}" in shown
    assert f"  sktopo {command}" in shown.partition("examples:")[2]


def test_closed_output_is_no_fault():
    process = subprocess.Popen(
        [sys.executable, "-m", "sktopo", "info"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    process.stdout.close()
    with process.stderr:
        assert process.stderr.read() == b""
    assert process.wait() == 141


def test_version(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert stop.value.code == 0
    assert capsys.readouterr().out == f"sktopo {sktopo.__version__}\n"


def test_module_is_the_command():
    done = subprocess.run(
        [sys.executable, "-m", "sktopo", "report"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("sktopo report: error: one of the arguments")
