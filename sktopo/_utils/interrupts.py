"""Calls that no interrupt stops half way.

Python runs signal handlers in the main thread, between any two of its instructions.
What a handler raises, such as KeyboardInterrupt, may therefore come inside the code
that restores what was changed, and inside the context managers of other packages. No
order of `try` and `finally` prevents that. So a call that changes something for a while
is made in a helper thread, which no handler reaches. The main thread waits for it,
also when it is interrupted.
"""

from __future__ import annotations

import contextlib
import contextvars
import os
import queue
import threading
import weakref

from sktopo._utils.parallel import ONE_AT_A_TIME


class StopSignal:
    """Says whether a running call should stop, since nobody waits for its result."""

    def __init__(self):
        self.is_set = False

    def check(self):
        """Stop the running call if it should, by raising `Stopped`."""
        if self.is_set:
            raise Stopped


class Stopped(BaseException):
    """Raised in a call that stops because its caller was interrupted."""


def run_uninterrupted(function, stop, n_threads=None):
    """Call a function that no interrupt stops half way, and return its result.

    In the main thread the call is made in a helper thread. If the main thread is
    interrupted, `stop` is set, so that the function can stop where it calls
    ``stop.check()``. The interrupt is raised again when the function has ended.
    Other threads are never interrupted, so they call the function themselves.

    Parameters
    ----------
    function : callable
        What to call, without arguments.

    stop : StopSignal
        Is set if the caller is interrupted.

    n_threads : int, default=None
        The number of threads that torch uses in the caller. A helper keeps the number
        with which it started, so another number takes another helper.

    Returns
    -------
    result : object
        What the function returned. What it raised is raised.
    """
    if threading.get_ident() != threading.main_thread().ident:
        return function()
    call = _Call(function)
    # Twice, since an interrupt may come where the first `finally` begins.
    try:
        try:
            _find_helper(n_threads).calls.put(call)
            call.wait()
            return call.give_result()
        finally:
            call.stop_and_wait(stop)
    finally:
        call.stop_and_wait(stop)


@contextlib.contextmanager
def take_turn(stop):
    """Hold `ONE_AT_A_TIME`, inside `run_uninterrupted`; raise `Stopped` if stopped."""
    while not ONE_AT_A_TIME.acquire(timeout=0.1):
        stop.check()
    try:
        stop.check()
        yield
    finally:
        ONE_AT_A_TIME.release()


def stop_other_threads(stop):
    """Stop all calls that have this signal and take turns, and wait for their end."""
    stop.is_set = True
    # Whoever gets the turn after this one stops before it changes anything.
    run_uninterrupted(_wait_for_turn, StopSignal())


def _wait_for_turn():
    with ONE_AT_A_TIME:
        pass


class _Call:
    """A call that the helper makes for the main thread.

    Its methods use operations only that are finished before an interrupt can come: a
    lock of `threading.Event`, say, might stay held.
    """

    def __init__(self, function):
        self.function = function
        self.context = contextvars.copy_context()
        self.owner = {}
        self.ended = threading.Lock()
        self.ended.acquire()
        self.has_ended = False
        self.result = self.error = None

    def make(self):
        """Call the function, unless the caller has given up (in the helper)."""
        if self.owner.setdefault("name", "helper") == "helper":
            try:
                self.result = self.context.run(self.function)
            except BaseException as error:
                self.error = error
        self.function = self.context = None
        self.has_ended = True
        self.ended.release()

    def wait(self):
        """Wait for the end of the call."""
        # In steps, since on some systems no signal is handled before a lock is there.
        while not self.has_ended:
            self.ended.acquire(timeout=0.1)

    def give_result(self):
        """Return the result, or raise the error."""
        if self.error is not None:
            raise self.error
        return self.result

    def stop_and_wait(self, stop):
        """Stop the call, if it has not ended, and wait through further interrupts."""
        interrupt = None
        while not self.has_ended:
            try:
                stop.is_set = True
                if self.owner.setdefault("name", "caller") == "caller":
                    break
                self.wait()
            except BaseException as error:
                interrupt = error
        # The error refers to the frame that refers to this object.
        self.result = self.error = None
        if interrupt is not None:
            raise interrupt


class _Helper:
    """A thread that makes calls one after the other, as long as this object is used."""

    def __init__(self, n_threads):
        self.n_threads = n_threads
        self.process = os.getpid()
        self.calls = queue.SimpleQueue()
        weakref.finalize(self, self.calls.put, None)
        threading.Thread(
            target=_make_calls, args=(self.calls,), name="sktopo", daemon=True
        ).start()


def _make_calls(calls):
    """Make the calls in a queue until None comes."""
    for call in iter(calls.get, None):
        call.make()
        del call  # a waiting helper would keep it alive


_helper = None


def _find_helper(n_threads):
    """Return the helper of the main thread; start one if there is none that fits."""
    global _helper
    helper = _helper
    # A process that was forked has none: threads do not come along. The number of the
    # process says so; an interrupted `Thread.is_alive` may take a thread for dead.
    is_here = helper is not None and helper.process == os.getpid()
    if not is_here or n_threads not in (None, helper.n_threads):
        helper = _helper = _Helper(n_threads)
    return helper
