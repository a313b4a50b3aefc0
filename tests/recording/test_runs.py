"""Samples that are planned before, and samples built when they are recorded."""

import weakref
from functools import partial

import numpy as np
import pytest
from joblib import parallel_config
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.model_selection import GridSearchCV, PredefinedSplit
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from sktopo import ActivationExtractor, FunctionalConnectome, GraphPersistence
from sktopo._utils import memory
from sktopo.recording._recorder import Recorder

torch = pytest.importorskip("torch")
nn = torch.nn


def build_small():
    return nn.Sequential(nn.Linear(4, 3), nn.Tanh())


class Study:
    """Networks that can be gone through again, with or without a length."""

    def __init__(self, *networks):
        self.networks = networks

    def __iter__(self):
        return iter(self.networks)


class SizedStudy(Study):
    """Networks that have a length too."""

    def __len__(self):
        return len(self.networks)


class Watched:
    """Networks that say how many were built."""

    def __init__(self, networks):
        self.networks, self.n_built = networks, 0

    def __iter__(self):
        for network in self.networks:
            yield partial(self.build, network)

    def build(self, network):
        self.n_built += 1
        return network


class SizedWatched(Watched):
    """Networks that have a length too."""

    def __len__(self):
        return len(self.networks)


@pytest.fixture
def networks(make_mlp):
    made = [make_mlp(), make_mlp(), make_mlp()]
    with torch.no_grad():
        for scale, network in enumerate(made):
            network[0].weight.mul_(scale + 1)
    return made


def as_functions(networks):
    return [lambda network=network: network for network in networks]


@pytest.mark.parametrize(
    "make",
    [
        as_functions,
        lambda networks: [networks[0], *as_functions(networks[1:])],
        lambda networks: Study(*networks),
        lambda networks: SizedStudy(*as_functions(networks)),
        lambda networks: dict(enumerate(networks)).values(),
    ],
)
@pytest.mark.parametrize("backend", ["sequential", "threading", "loky"])
def test_networks_that_come_one_by_one(stimuli, networks, make, backend):
    expected = ActivationExtractor(stimuli=stimuli).fit_transform(networks)
    extractor = ActivationExtractor(stimuli=stimuli)
    if backend != "sequential":
        extractor.set_params(n_jobs=2)
    with parallel_config(backend=backend):
        found = extractor.fit_transform(make(networks))
        again = extractor.fit(make(networks)).transform(make(networks))
    assert type(found) is np.ndarray
    assert_allclose(found, expected, atol=1e-6)
    assert extractor.n_nodes_ == 8
    assert_allclose(again, expected, atol=1e-6)


def test_generators_are_used_once(stimuli, networks):
    extractor = ActivationExtractor(stimuli=stimuli)
    expected = extractor.fit_transform(networks)
    generator = (network for network in networks)
    with pytest.raises(TypeError, match="generator, which fit would use up.*fit_trans"):
        extractor.fit(generator)
    found = extractor.fit_transform(network for network in networks)
    assert_array_equal(found, expected)
    assert_array_equal(extractor.transform(iter(networks)), expected)


def test_pairs_with_functions(stimuli, networks):
    pairs = [(networks[0], stimuli), (lambda: networks[1], -stimuli)]
    found = ActivationExtractor().fit_transform(pairs)
    built = [(networks[0], stimuli), (networks[1], -stimuli)]
    assert_array_equal(found, ActivationExtractor().fit_transform(built))
    assert_array_equal(ActivationExtractor().fit_transform(iter(pairs)), found)


def test_a_function_as_model(stimuli, networks):
    calls = []

    def build():
        calls.append(1)
        return networks[0]

    extractor = ActivationExtractor(build)
    found = extractor.fit_transform([stimuli, -stimuli])
    assert len(calls) == 1
    expected = ActivationExtractor(networks[0]).fit_transform([stimuli, -stimuli])
    assert_array_equal(found, expected)


@pytest.mark.parametrize("make", [lambda f: [f] * 3, lambda f: (f() for _ in range(3))])
def test_one_network_is_alive_at_a_time(stimuli, make, no_garbage_collector):
    alive, counts = [], []

    def build():
        counts.append(sum(reference() is not None for reference in alive))
        network = build_small()
        alive.append(weakref.ref(network))
        return network

    ActivationExtractor(stimuli=stimuli).fit_transform(make(build))
    assert counts == [0, 0, 0]


def test_each_network_is_visited_once(stimuli, networks, Net):
    shown = []

    def forward(net, x):
        shown.append(len(x))
        return net.act(x)

    network = Net(forward, act=nn.Tanh())
    for X in ([network], [lambda: network]):
        shown.clear()
        ActivationExtractor(stimuli=stimuli).fit_transform(X)
        assert sum(size == len(stimuli) for size in shown) == 1
        assert sum(shown) <= len(stimuli) + 6  # a small pass of trials


@pytest.mark.parametrize("make", [list, as_functions, iter])
def test_widths_that_differ(stimuli, make_mlp, make):
    networks = [make_mlp(5), make_mlp(5), make_mlp(6)]
    extractor = ActivationExtractor(stimuli=stimuli)
    found = extractor.fit_transform(make(networks))
    assert [table.shape for table in found] == [(11, 8), (11, 8), (11, 9)]
    assert not hasattr(extractor, "n_nodes_")
    alone = extractor.fit_transform(make(networks[2:]))[0]
    assert_array_equal(found[2], alone)


def test_precisions_that_differ(stimuli, make_mlp):
    networks = [make_mlp(), make_mlp().double()]
    extractor = ActivationExtractor(stimuli=stimuli)
    expected = extractor.fit_transform(networks)
    assert expected.dtype == np.float64
    found = extractor.fit_transform(as_functions(networks))
    assert found.dtype == np.float64
    assert_array_equal(found, expected)


def test_errors_of_functions_name_the_sample(stimuli, make_mlp):
    def broken():
        raise KeyError("layer")

    extractor = ActivationExtractor(stimuli=stimuli)
    for bad, error, message in (
        (broken, ValueError, "Sample 1 of X: building the network raised KeyError"),
        (lambda x: x, ValueError, "Sample 1 of X: building .* TypeError: .*argument"),
        (lambda: 3, TypeError, "Sample 1 of X must be a torch.nn.Module, got int"),
        (lambda: nn.Linear(3, 2), ValueError, "Sample 1 of X"),
    ):
        with pytest.raises(error, match=message):
            extractor.fit_transform([make_mlp, bad])
    with pytest.raises(TypeError, match="X holds type; expected torch.nn.Module"):
        extractor.fit([nn.Tanh])


def test_iterables_of_something_else(stimuli, make_mlp):
    extractor = ActivationExtractor(stimuli=stimuli)
    with pytest.raises(ValueError, match=r"X is empty \(0 samples\)"):
        extractor.fit_transform(Study())
    message = "X is of type Study and hands out ndarray; .*for one set of stimuli give"
    with pytest.raises(TypeError, match=message):
        ActivationExtractor(make_mlp()).fit(Study(stimuli))
    with pytest.raises(TypeError, match="Sample 1 of X must be a torch"):
        extractor.fit_transform(Study(make_mlp(), 3))


def test_layers_of_two_architectures(stimuli, make_mlp, Net):
    other = Net(lambda net, x: net.act(x), act=nn.Tanh())
    networks = [make_mlp(), other]
    extractor = ActivationExtractor(stimuli=stimuli, layers=["1", "act"])
    expected = extractor.fit_transform(networks)
    assert [table.shape[1] for table in expected] == [5, 4]
    for found in (
        extractor.fit_transform(as_functions(networks)),
        extractor.fit(as_functions(networks)).transform(as_functions(networks)),
    ):
        assert [table.shape[1] for table in found] == [5, 4]


def test_layers_that_match_no_network(stimuli, networks):
    extractor = ActivationExtractor(stimuli=stimuli, layers=["1", "typo"])
    message = "No layer of the 3 networks in X matches 'typo', given in layers="
    with pytest.raises(ValueError, match=message):
        extractor.fit(networks)
    with pytest.raises(ValueError, match=message):
        extractor.fit_transform(networks)
    with pytest.warns(UserWarning, match=message):
        extractor.fit_transform(as_functions(networks))


@pytest.mark.filterwarnings("ignore:.*constant unit:UserWarning")
def test_folds_of_one_width_each(stimuli, make_mlp):
    networks = [make_mlp(width) for width in (4, 7) for _ in range(4)]
    with torch.no_grad():
        for network in networks[::2]:
            network[2].weight.mul_(5)
    y, folds = np.tile([0, 1], 4), PredefinedSplit(np.repeat([0, 1], 4))
    chain = make_pipeline(
        ActivationExtractor(stimuli=stimuli),
        FunctionalConnectome(constant_units="zero"),
        GraphPersistence(n_quantiles=5),
        SVC(),
    )
    for X in (networks, as_functions(networks)):
        search = GridSearchCV(chain, {"svc__C": [1, 10]}, cv=folds, error_score="raise")
        assert search.fit(X, y).predict(X).shape == (8,)


@pytest.mark.parametrize(
    ("make", "n_fitting", "n_built"),
    [
        # The result and one sample beside it, before anything is recorded.
        (SizedWatched, 3, 1),
        (SizedWatched, 4, 3),
        # Each sample with what is to be the result of those so far.
        (Watched, 2, 2),
        (Watched, 4, 3),
    ],
)
@pytest.mark.parametrize("is_loaded", [False, True])
def test_memory_is_asked_for_before_networks_are_recorded(
    make, n_fitting, n_built, is_loaded, stimuli, networks, monkeypatch
):
    n_bytes = 4 * len(stimuli) * 8
    monkeypatch.setattr(memory, "_SMALL", 0)
    monkeypatch.setattr(memory, "available_memory", lambda: n_fitting * n_bytes)
    recorded = []
    run = Recorder.run
    monkeypatch.setattr(Recorder, "run", lambda *args: (recorded.append(1), run(*args)))
    shown = stimuli
    if is_loaded:
        shown = torch.utils.data.DataLoader(torch.as_tensor(stimuli), batch_size=9)
    study, extractor = make(networks), ActivationExtractor(stimuli=shown)
    if n_fitting == 4:
        assert extractor.fit_transform(study).shape == (3, len(stimuli), 8)
    else:
        with pytest.raises(
            MemoryError, match="^ActivationExtractor needs .* graphs of 8 nodes, and "
        ):
            extractor.fit_transform(study)
    assert study.n_built == n_built
    assert len(recorded) == (3 if n_fitting == 4 else n_built - 1)
