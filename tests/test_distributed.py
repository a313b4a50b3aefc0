"""Fits on a cluster: equal results, workers that die, how often data are sent."""

import gc
import os
import re
import signal
import sys
from collections import Counter
from functools import partial
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest
from joblib import effective_n_jobs, parallel_config
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC
from threadpoolctl import threadpool_limits

from sktopo import (
    ActivationExtractor,
    FunctionalConnectome,
    GraphPersistence,
    SampleWise,
    TopClusterer,
    WassersteinKernel,
)
from sktopo._utils.parallel import run_parallel
from sktopo.comparison import compare_classifiers, compare_clusterers

torch = pytest.importorskip("torch")

# Dask and Ray leave sockets for the garbage collector to close.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")


@pytest.fixture(scope="module")
def client():
    """Start two worker processes of Dask on this machine."""
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            memory_limit="1GiB",
            dashboard_address=":0",
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client
    gc.collect()  # while the warnings of this file are filtered


@pytest.fixture(scope="module")
def ray():
    """Start Ray with two workers on this machine."""
    ray = pytest.importorskip("ray")
    from ray.util.joblib import register_ray

    ray.init(
        num_cpus=2,
        include_dashboard=False,
        object_store_memory=2**27,
        log_to_driver=False,
    )
    register_ray()
    yield ray
    ray.shutdown()
    gc.collect()


@pytest.fixture(params=["dask", "ray"])
def backend(request):
    """Return a function that makes joblib use a backend that has been started."""
    request.getfixturevalue({"dask": "client"}.get(request.param, request.param))
    return lambda **options: parallel_config(request.param, n_jobs=2, **options)


@pytest.fixture(autouse=True)
def one_thread():
    """Compute on one thread, as workers do. More threads can change the last bit."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with threadpool_limits(1):
        yield
    torch.set_num_threads(n_threads)


def make_chain(stimuli):
    """Make a pipeline whose steps run in the worker that fits it."""
    return Pipeline(
        [
            ("activations", ActivationExtractor(stimuli=stimuli, n_jobs=1)),
            ("connectome", FunctionalConnectome(n_jobs=1)),
            ("persistence", GraphPersistence(n_jobs=1)),
            ("svc", SVC(kernel=WassersteinKernel())),
        ]
    )


GRID = {"persistence__topology_weight": [0.5, 1.0], "svc__C": [0.1, 10]}


def as_array(networks):
    """Put networks into an array of objects, which can be scattered."""
    array = np.empty(len(networks), dtype=object)
    array[:] = networks
    return array


# --- the same results -------------------------------------------------------------


def test_steps_give_the_same_bits(small_study, backend):
    networks, stimuli, _ = small_study
    rows = networks
    with backend():
        for step in (
            ActivationExtractor(stimuli=stimuli),
            FunctionalConnectome(),
            GraphPersistence(),
        ):
            alone = step.set_params(n_jobs=1).fit_transform(rows)
            assert_array_equal(step.set_params(n_jobs=2).fit_transform(rows), alone)
            rows = alone


def test_samples_one_by_one_give_the_same_bits(small_study, backend, tmp_path):
    networks, stimuli, _ = small_study
    chain = SampleWise(make_chain(stimuli)[:-1], memory=str(tmp_path)).fit(networks)
    expected = chain.transformer_.transform(networks[:6])
    with backend():
        found = chain.set_params(n_jobs=2).transform(networks[:6])
    assert_array_equal(found, expected)
    assert len(list(tmp_path.glob("**/*.npz"))) == 6
    assert_array_equal(chain.set_params(n_jobs=1).transform(networks[:6]), expected)
    assert len(list(tmp_path.glob("**/*.npz"))) == 6


def test_work_is_done_by_the_workers(client, tmp_path):
    def measure(activations):
        (tmp_path / str(os.getpid())).touch()
        return np.corrcoef(activations.T)

    activations = np.random.default_rng(0).normal(size=(8, 30, 5))
    with parallel_config("dask"):
        FunctionalConnectome(measure, n_jobs=2).fit_transform(activations)
    workers = set(client.run(os.getpid).values())
    assert {int(path.name) for path in tmp_path.iterdir()} <= workers - {os.getpid()}


def test_searches_give_the_same_bits(small_study, backend):
    networks, stimuli, y = small_study
    alone, shared = (
        GridSearchCV(make_chain(stimuli), GRID, cv=2, n_jobs=n_jobs)
        for n_jobs in (None, 2)
    )
    alone.fit(networks, y)
    with backend():
        shared.fit(networks, y)
    for name in ("mean_test_score", "split0_test_score", "split1_test_score"):
        assert_array_equal(shared.cv_results_[name], alone.cv_results_[name])
    assert shared.best_params_ == alone.best_params_
    found, expected = (s.decision_function(networks) for s in (shared, alone))
    assert_array_equal(found, expected)


def compare(networks, stimuli, y, n_jobs):
    """Compare over networks: a search, and clusters from two starts."""
    steps = make_chain(stimuli).steps
    top = Pipeline([*steps[:-1], ("top", TopClusterer(2, n_init=2))])
    classifiers = {"svc": (Pipeline(steps), {"svc__C": GRID["svc__C"]}), "bad": SVC()}
    return (
        compare_classifiers(networks, y, classifiers, cv=2, inner_cv=2, n_jobs=n_jobs),
        compare_clusterers(
            networks, y, {"top": top}, n_starts=2, random_state=0, n_jobs=n_jobs
        ),
    )


def test_comparisons_give_the_same_tables(small_study, backend):
    alone = compare(*small_study, n_jobs=None)
    with backend():
        shared = compare(*small_study, n_jobs=2)
    for found, expected in zip(shared, alone, strict=True):
        assert list(found) == list(expected)
        for name in set(found) - {"fit_seconds", "score_seconds"}:
            # repr shows every digit of a number, and makes NaN equal to NaN.
            assert [*map(repr, found[name])] == [*map(repr, expected[name])]
    assert list(alone[0]["error"] == "") == [True, False, True, False]


@pytest.mark.parametrize(("n_jobs", "inside"), [(1, 2), (2, 1)])
def test_steps_of_a_parallel_comparison_run_in_its_workers(client, n_jobs, inside):
    class OneClusterPerJob(BaseEstimator):
        def fit_predict(self, X):
            return np.arange(len(X)) % effective_n_jobs(None)

    client.wait_for_workers(2, timeout=60)
    candidates = {"clusters": OneClusterPerJob()}
    X, y = np.zeros((6, 1)), np.arange(6) % 2
    with parallel_config("dask"):
        table = compare_clusterers(X, y, candidates, n_starts=2, n_jobs=n_jobs)
    assert list(table["purity"]) == [inside / 2] * 2


# --- workers that die -------------------------------------------------------------


def die_once(folder):
    """Kill this process on the first call."""
    if not (folder / "dead").exists():
        (folder / "dead").touch()
        # Windows has no SIGKILL. There os.kill ends the process at once with SIGTERM.
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))


async def copy_shared_values(dask_scheduler):
    """Copy what all calls share to every worker.

    Dask sends it to one worker and may run all calls there. The values are lost if that
    worker dies before another one has them, as the guide says.
    """
    keys = [key for key in dask_scheduler.tasks if str(key).startswith("_Shared")]
    await dask_scheduler.replicate(keys=keys)


def test_a_killed_worker_does_not_lose_connectomes(client, tmp_path):
    def measure(activations):
        if activations[0, 0] == activations.max():  # the fourth sample of eight
            die_once(tmp_path)
        return np.corrcoef(activations.T)

    # Dask would put each of these arrays on one worker if it were an argument itself.
    activations = np.random.default_rng(0).random(size=(8, 300, 5))
    activations[3, 0, 0] = 2
    before = set(client.run(os.getpid).values())
    connectome = FunctionalConnectome(measure, n_jobs=2)
    with parallel_config("dask"):
        found = connectome.fit_transform(activations)
    assert (tmp_path / "dead").exists()
    client.wait_for_workers(2, timeout=60)
    assert set(client.run(os.getpid).values()) != before
    assert_array_equal(found, connectome.set_params(n_jobs=1).transform(activations))


def test_a_killed_worker_does_not_lose_recordings(client, tmp_path):
    distributed = pytest.importorskip("distributed")

    class MaybeDeadly(torch.nn.Module):
        def __init__(self, deadly=False):
            super().__init__()
            self.act, self.deadly = torch.nn.ReLU(), deadly

        def forward(self, x):
            if self.deadly and len(x) == 50:  # not when the recording is planned
                distributed.get_client().run_on_scheduler(copy_shared_values)
                die_once(tmp_path)
            return self.act(x)

    client.wait_for_workers(2, timeout=60)
    stimuli = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)
    networks = [MaybeDeadly(deadly=number == 5) for number in range(7)]
    with parallel_config("dask"):
        found = ActivationExtractor(stimuli=stimuli, n_jobs=2).fit_transform(networks)
    assert (tmp_path / "dead").exists()
    assert_array_equal(found, [np.maximum(stimuli, 0)] * 7)


# --- how often data are sent ------------------------------------------------------


COUNTED = """
import os, torch

class Counted(torch.nn.Sequential):
    def __reduce_ex__(self, protocol):
        with open(f"{self.folder}/{os.getpid()}", "a") as file:
            file.write(f"{self.number}\\n")
        return super().__reduce_ex__(protocol)
"""


@pytest.fixture
def counted(client, tmp_path, small_study, monkeypatch):
    """Return networks that record when they are pickled, and a function that counts.

    The class is in a module that workers can import. Classes of this file would be
    pickled by value, after a failed attempt by name that would be counted too.
    """
    (tmp_path / "counted.py").write_text(COUNTED)
    monkeypatch.syspath_prepend(tmp_path)
    client.wait_for_workers(2, timeout=60)  # one may be restarting
    client.upload_file(str(tmp_path / "counted.py"))
    from counted import Counted

    networks = [Counted(network) for network in small_study[0]]
    for number, network in enumerate(networks):
        network.number, network.folder = number, str(tmp_path)

    def count(work):
        here = tmp_path / str(os.getpid())
        here.write_text("")
        work()
        return Counter(map(int, here.read_text().split()))

    yield networks, count
    sys.modules.pop("counted")


def test_networks_are_sent_once_with_a_recording(counted, small_study):
    networks, count = counted
    extractor = ActivationExtractor(stimuli=small_study[1], n_jobs=2).fit(networks)
    with parallel_config("dask"):
        pickled = count(lambda: extractor.transform(networks))
    # Once by the client and once by the scheduler, which runs in this process too.
    assert pickled == dict.fromkeys(range(10), 2)


def test_networks_are_sent_once_with_a_comparison(counted, small_study):
    networks, count = counted
    _, stimuli, y = small_study

    def compare_all():
        for table in compare(networks, stimuli, y, n_jobs=2):
            assert "" in set(table["error"])

    with parallel_config("dask"):
        pickled = count(compare_all)
    # Two comparisons, of 4 and of 3 jobs.
    assert pickled == dict.fromkeys(range(10), 2)


def test_networks_are_sent_once_with_a_search_if_scattered(counted, small_study):
    networks, count = counted
    _, stimuli, y = small_study
    X = as_array(networks)
    grid = {"svc__C": np.geomspace(0.1, 10, 4)}
    search = GridSearchCV(make_chain(stimuli), grid, cv=2, n_jobs=2, refit=False)

    def fit(**options):
        with parallel_config("dask", **options):
            search.fit(X, y)

    # Dask also pickles X to name it. Without scattering, each of 8 fits pickles it.
    assert max(count(lambda: fit(scatter=[X])).values()) <= 3
    assert min(count(fit).values()) >= 8


def test_shared_values_are_sent_once(client, tmp_path):
    class Recorded:
        def __reduce__(self):
            with open(tmp_path / "pickled", "a") as file:
                file.write("x")
            return int, (7,)

    with parallel_config("dask"):
        found = run_parallel(
            lambda k, seven: k * seven,
            [(k,) for k in range(30)],
            shared=(Recorded(),),
            n_jobs=2,
        )
        assert list(found) == [7 * k for k in range(30)]
    assert (tmp_path / "pickled").read_text() == "x"


# --- the guide --------------------------------------------------------------------

PAGE = Path(__file__).parent.parent / "docs" / "howto" / "cluster.rst"
BLOCK = re.compile(r"\.\. code-block:: python\n\n((?:   .*\n|\n)+)")


def test_the_code_of_the_guide_runs(client, request, monkeypatch):
    # The page starts a cluster. The one that runs already has as many workers.
    client.wait_for_workers(2, timeout=60)
    connect = partial(type(client), client.scheduler.address)
    monkeypatch.setattr("dask.distributed.Client", lambda **_: connect())
    blocks = [dedent(block) for block in BLOCK.findall(PAGE.read_text("utf-8"))]
    assert len(blocks) == 5
    names = {}
    for block in blocks:
        if "ray" in block:
            try:
                request.getfixturevalue("ray")
            except pytest.skip.Exception:
                continue
        exec(compile(block, PAGE.name, "exec"), names)
    names["client"].close()
    assert names["search"].best_score_ > 0.5
