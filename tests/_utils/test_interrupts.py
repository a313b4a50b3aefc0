"""Calls that no interrupt stops half way."""

import contextvars
import importlib
import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from sktopo._utils.interrupts import (
    Stopped,
    StopSignal,
    run_uninterrupted,
    stop_other_threads,
    take_turn,
)
from sktopo._utils.parallel import ONE_AT_A_TIME

# An interrupt inside coverage may leave a lock of its own held.
needs_alarms = pytest.mark.skipif(
    not hasattr(signal, "setitimer") or sys.gettrace() is not None,
    reason="needs alarms, which Windows lacks, and no tracer",
)


@pytest.fixture
def is_lock_free(monkeypatch):
    """Return the function that tells whether another thread gets a lock."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2]))
    return importlib.import_module("benchmarks._measure").is_lock_free


@pytest.fixture
def alarm():
    """Provide a function that raises KeyboardInterrupt later, perhaps repeatedly.

    With the time 0 it ends that. An alarm that comes late then raises nothing.
    """
    n_left = 0

    def interrupt(*_):
        nonlocal n_left
        n_left -= 1
        if n_left >= 0:
            raise KeyboardInterrupt

    def set_alarm(*times):
        nonlocal n_left
        n_left = 5 if any(times) else 0
        signal.setitimer(signal.ITIMER_REAL, *times)

    previous = signal.signal(signal.SIGALRM, interrupt)
    yield set_alarm
    set_alarm(0)
    signal.signal(signal.SIGALRM, previous)


def test_results_and_errors():
    assert run_uninterrupted(lambda: 3, StopSignal()) == 3
    error = KeyError("x")

    def fail():
        raise error

    with pytest.raises(KeyError) as caught:
        run_uninterrupted(fail, StopSignal())
    assert caught.value is error
    with pytest.raises(SystemExit):
        run_uninterrupted(lambda: os.sys.exit(2), StopSignal())


def test_only_the_main_thread_takes_a_helper():
    main = threading.get_ident()
    helper = run_uninterrupted(threading.get_ident, StopSignal())
    assert helper != main
    assert run_uninterrupted(threading.get_ident, StopSignal()) == helper

    def call_again():
        return run_uninterrupted(threading.get_ident, StopSignal())

    assert run_uninterrupted(call_again, StopSignal()) == helper


def test_another_number_of_threads_takes_another_helper():
    first = run_uninterrupted(threading.current_thread, StopSignal(), 11)
    assert run_uninterrupted(threading.current_thread, StopSignal(), 11) is first
    assert run_uninterrupted(threading.current_thread, StopSignal()) is first
    second = run_uninterrupted(threading.current_thread, StopSignal(), 12)
    assert second is not first
    first.join(timeout=60)
    assert not first.is_alive()


def test_context_variables_are_those_of_the_caller():
    variable = contextvars.ContextVar("variable", default=0)
    variable.set(5)
    assert run_uninterrupted(variable.get, StopSignal()) == 5


@needs_alarms
@pytest.mark.parametrize("times", [(0.02,), (0.02, 0.002)], ids=["once", "again"])
def test_interrupts_wait_for_what_is_restored(alarm, is_lock_free, times):
    state, stop = [], StopSignal()

    def change():
        with take_turn(stop):
            state.append("changed")
            alarm(*times)
            try:
                while True:
                    time.sleep(0.001)
                    stop.check()
            finally:
                time.sleep(0.03)
                alarm(0)
                state.clear()

    with pytest.raises(KeyboardInterrupt):
        run_uninterrupted(change, stop)
    assert stop.is_set
    assert state == []
    assert is_lock_free(ONE_AT_A_TIME)


def test_stopped_threads_change_nothing_any_more(is_lock_free):
    stop, running, ended = StopSignal(), threading.Event(), []

    def work():
        try:
            with take_turn(stop):
                running.set()
                while True:
                    time.sleep(0.001)
                    stop.check()
        except Stopped:
            ended.append(True)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    running.wait()
    stop_other_threads(stop)
    for thread in threads:
        thread.join(timeout=60)
    assert ended == [True] * 3
    assert is_lock_free(ONE_AT_A_TIME)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_forked_processes_start_a_helper_of_their_own():
    run_uninterrupted(int, StopSignal())
    child = os.fork()
    if not child:
        os._exit(run_uninterrupted(lambda: 7, StopSignal()))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
