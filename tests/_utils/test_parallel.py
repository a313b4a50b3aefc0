"""Running calls in parallel: order, what travels, engines that cannot stream."""

import os
import pickle
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
from joblib import parallel_config
from joblib.parallel import ThreadingBackend
from numpy.testing import assert_array_equal

from sktopo import FunctionalConnectome, GraphPersistence
from sktopo._utils.parallel import _Shared, run_parallel


class AllAtTheEnd(ThreadingBackend):
    """An engine that hands over no result before all are there, as Ray's is."""

    supports_return_generator = False


class Refusing(ThreadingBackend):
    """An engine that must not be used."""

    def configure(self, *args, **kwargs):
        raise AssertionError("an engine was used")


def scale(value, factor=1, offset=0):
    return factor * value + offset


def process_id(_):
    return os.getpid()


ENGINES = {
    "none": nullcontext,
    "threads": lambda: parallel_config(backend="threading"),
    "processes": lambda: parallel_config(backend="loky"),
    "all at the end": lambda: parallel_config(backend=AllAtTheEnd()),
}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("n_jobs", [None, 1, 2])
def test_results_stand_in_order(engine, n_jobs):
    items = [(k,) for k in range(20)]
    with ENGINES[engine]():
        assert list(run_parallel(scale, items, n_jobs=n_jobs)) == list(range(20))
        found = run_parallel(scale, items, shared=(3, 1), n_jobs=n_jobs)
        assert list(found) == list(range(1, 61, 3))
        assert list(run_parallel(scale, [], n_jobs=n_jobs)) == []


def test_calls_go_to_processes():
    found = list(run_parallel(process_id, [(k,) for k in range(4)], n_jobs=2))
    assert os.getpid() not in found
    found = run_parallel(process_id, [(0,), (1,)], n_jobs=2, prefer="threads")
    assert list(found) == 2 * [os.getpid()]


def test_one_job_stays_here_whatever_joblib_was_given():
    items = [(1,), (2,)]
    with parallel_config(backend=Refusing()):
        assert list(run_parallel(scale, items, n_jobs=1)) == [1, 2]
        with pytest.raises(AssertionError, match="an engine was used"):
            list(run_parallel(scale, items, n_jobs=2))


@pytest.mark.parametrize("engine", ["threads", "all at the end"])
def test_errors_are_raised(engine):
    with ENGINES[engine](), pytest.raises(TypeError):
        list(run_parallel(scale, [(1,), (None,)], shared=(2.5,), n_jobs=2))


@pytest.mark.parametrize("n_jobs", ["2", 0, 1.5, 2.0, True, [2], np.nan])
def test_bad_n_jobs(n_jobs):
    message = rf"^n_jobs must be None or an integer other than 0.*got {n_jobs!r}"
    with pytest.raises(ValueError, match=message.replace("[2]", r"\[2\]")):
        run_parallel(scale, [(1,)], n_jobs=n_jobs)  # before anything is called
    with pytest.raises(ValueError, match="^n_jobs must be"):
        GraphPersistence(n_jobs=n_jobs).fit([[0.9, 0.5, 0.7]])
    persistence = GraphPersistence().fit([[0.9, 0.5, 0.7]]).set_params(n_jobs=n_jobs)
    with pytest.raises(ValueError, match="^n_jobs must be"):
        persistence.transform([[0.9, 0.5, 0.7]])


def test_integers_of_numpy_count_jobs():
    assert list(run_parallel(scale, [(1,), (2,)], n_jobs=np.int64(2))) == [1, 2]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_bar_counts_the_calls(engine, n_jobs, capfd):
    pytest.importorskip("tqdm")
    items = [(k,) for k in range(7)]
    with ENGINES[engine]():
        for verbose in (False, True):
            found = run_parallel(
                scale, items, n_jobs=n_jobs, verbose=verbose, description="scaling"
            )
            assert list(found) == list(range(7))
            said = capfd.readouterr().err
            assert ("scaling" in said and "7/7" in said) is verbose


def test_engines_see_shared_values_as_one_large_object():
    shared = _Shared((np.arange(3),))
    assert sys.getsizeof(shared) > 1e6
    assert shared.__weakref__ is None  # there could be one, as lists have none
    (values,) = pickle.loads(pickle.dumps(shared)).values
    assert_array_equal(values, [0, 1, 2])


@pytest.mark.parametrize("engine", ENGINES)
def test_estimators_give_the_same_bits_on_every_engine(engine):
    activations = np.random.default_rng(0).normal(size=(5, 40, 9))
    rows = FunctionalConnectome().fit_transform(activations)
    persistence = GraphPersistence(fit_inverse_transform=True).fit(rows)
    barcodes = persistence.transform(rows)
    back = persistence.inverse_transform(barcodes)
    with ENGINES[engine]():
        found = FunctionalConnectome(n_jobs=2).fit_transform(activations)
        assert_array_equal(found, rows)
        persistence.set_params(n_jobs=2)
        assert_array_equal(persistence.transform(rows), barcodes)
        assert_array_equal(persistence.inverse_transform(barcodes), back)


WORKERS = """
import os, sys, time
from sktopo._utils.parallel import run_parallel

def work(number):
    time.sleep(0.2)
    return os.getpid()

print(*run_parallel(work, [(k,) for k in range(8)], n_jobs=2, prefer="processes"))
sys.stdout.flush()
time.sleep(60)
"""


@pytest.mark.skipif(os.name == "nt", reason="a process keeps its parent's number")
def test_processes_end_soon_after_their_killed_parent():
    with subprocess.Popen(
        [sys.executable, "-c", WORKERS], stdout=subprocess.PIPE, text=True
    ) as parent:
        workers = set(map(int, parent.stdout.readline().split()))
        parent.kill()
    assert workers and parent.pid not in workers
    stop = time.monotonic() + 60
    while any(map(is_running, workers)):
        assert time.monotonic() < stop
        time.sleep(0.1)


def is_running(process):
    """Return whether a process runs. One that ended may wait to be collected."""
    try:
        os.kill(process, 0)
        status = Path(f"/proc/{process}/stat")
        return not (status.exists() and status.read_text().split()[2] == "Z")
    except (ProcessLookupError, FileNotFoundError):
        return False
