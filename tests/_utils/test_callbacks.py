"""Callbacks of scikit-learn follow fits, loops and steps."""

import pickle
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

import sktopo
from sktopo._utils import callbacks
from sktopo._utils.callbacks import as_fit_task, follow_loop

has_callbacks = pytest.mark.skipif(
    callbacks.with_callbacks is None, reason="this scikit-learn has no callbacks"
)


class Log:
    """A callback that notes what it is told; pipelines hand it to their steps."""

    max_propagation_depth = None

    def __init__(self, stop_at=None):
        self.events = []
        self.stop_at = stop_at

    def setup(self, estimator, context):
        self.events.append(("setup", context.estimator_name))

    def on_fit_task_begin(self, estimator, context):
        self.events.append(("begin", context.estimator_name, context.task_name))

    def on_fit_task_end(self, estimator, context):
        self.events.append(("end", context.estimator_name, context.task_name))
        if context.task_name == self.stop_at:
            raise RuntimeError("stopped")

    def teardown(self, estimator, context):
        self.events.append(("teardown", context.estimator_name))


@pytest.fixture
def X():
    return np.random.default_rng(0).normal(size=(5, 30, 4))


@has_callbacks
def test_fit_loop_and_steps_are_told(X):
    log = Log()
    graphs = sktopo.FunctionalConnectome().fit_transform(X)
    profiles = sktopo.GraphProfiles(("births", "strengths")).set_callbacks(log)
    rows = profiles.fit_transform(graphs)
    expected = sktopo.GraphProfiles(("births", "strengths")).fit_transform(graphs)
    np.testing.assert_array_equal(rows, expected)
    name = "GraphProfiles"
    step = [("begin", name, "step"), ("end", name, "step")]
    assert log.events == [
        ("setup", name),
        ("begin", name, "fit-transform"),
        ("begin", name, "profiles"),
        *step * 5,
        ("end", name, "profiles"),
        ("end", name, "fit-transform"),
        ("teardown", name),
    ]


@has_callbacks
def test_pipelines_hand_callbacks_to_their_steps(X):
    log = Log()
    chain = make_pipeline(
        sktopo.FunctionalConnectome(),
        sktopo.GraphPersistence(),
        sktopo.TopClusterer(2, random_state=0),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # of estimators without support
        chain.set_callbacks(log).fit(X)
    told = [event for event in log.events if event[0] == "end" and len(event) == 3]
    for name in ("FunctionalConnectome", "GraphPersistence", "TopClusterer"):
        assert any(event[1] == name for event in told), name
    assert log.events[0] == ("setup", "Pipeline")
    assert log.events[-1] == ("teardown", "Pipeline")


@has_callbacks
@pytest.mark.parametrize("stop_at", ["step", None])
def test_nothing_is_left_behind(X, stop_at):
    """Neither a fit that succeeds nor one that fails leaves a context."""
    log = Log(stop_at)
    sampled = sktopo.SampleWise(sktopo.FunctionalConnectome())
    before = set(vars(sampled.set_callbacks(log)))
    if stop_at:
        with pytest.raises(RuntimeError, match="stopped"):
            sampled.fit_transform(X)
    else:
        sampled.fit_transform(X)
    left = {name for name in set(vars(sampled)) - before if "callback" in name}
    assert left == set()
    assert log.events[-1] == ("teardown", "SampleWise")
    assert list(follow_loop([1, 2], "loop")) == [1, 2]
    n_events = len(log.events)
    sktopo.SampleWise(sktopo.FunctionalConnectome()).fit_transform(X)
    assert len(log.events) == n_events
    assert pickle.loads(pickle.dumps(clone(sampled))).n_jobs is None


@has_callbacks
def test_extractors_are_followed_and_clones_share_callbacks():
    torch = pytest.importorskip("torch")
    network = torch.nn.Sequential(torch.nn.Linear(4, 5), torch.nn.Sigmoid())
    stimuli = np.random.default_rng(0).normal(size=(9, 4)).astype(np.float32)
    log = Log()
    extractor = sktopo.ActivationExtractor(stimuli=stimuli).set_callbacks(log)
    extractor.fit_transform([network, network])
    assert log.events[0] == ("setup", "ActivationExtractor")
    assert log.events.count(("end", "ActivationExtractor", "step")) == 2
    assert log.events[-1] == ("teardown", "ActivationExtractor")
    network.append(torch.nn.Linear(5, 3))
    basis = sktopo.recording.InteractionBasis(network).set_callbacks(log)
    clone(basis).fit(stimuli)
    assert log.events[-1] == ("teardown", "InteractionBasis")


def test_older_versions_have_no_callbacks(monkeypatch):
    monkeypatch.setattr(callbacks, "with_callbacks", None)

    def fit(self, X):
        return X

    assert as_fit_task(fit) is fit
    loop = [1, 2]
    assert follow_loop(loop, "loop", 2) is loop
