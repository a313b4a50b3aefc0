"""Seeing what happens while a network runs."""

import copy
import pickle

import pytest
from numpy.testing import assert_array_equal

from sktopo import ActivationExtractor
from sktopo._utils.interrupts import StopSignal
from sktopo.recording._observer import LocalHook, Observer

torch = pytest.importorskip("torch")
nn = torch.nn


def test_hooks_do_nothing_in_copies():
    outputs = []
    hook = LocalHook(outputs.append)
    hook(1)
    for copied in (pickle.loads(pickle.dumps(hook)), copy.deepcopy(hook)):
        assert copied.function is None
        copied(2)
    assert outputs == [1]


def test_functions_that_the_recording_calls_are_not_recorded(tokens, Net):
    network = Net(
        lambda net, x: net.act(x.clone().mean(dim=2, keepdim=True)), act=nn.Tanh()
    )
    extractor = ActivationExtractor(stimuli=tokens, layers=[":clone", ":mean", "act"])
    extractor.fit([network])
    labels = {name.split("[")[0] for name in extractor.node_names_}
    assert labels == {"Net:clone", "Net:mean", "act"}


def test_parts_that_fail_inside_a_network_are_not_running_afterwards(stimuli, Net):
    """A function after a caught error belongs to the module that calls it."""

    def fail(net, x):
        raise KeyError

    def forward(net, x):
        try:
            net.broken(x)
        except KeyError:
            x = torch.relu(x)
        return net.inner(x)

    network = Net(
        lambda net, x: torch.relu(net.middle(x) - 1),
        middle=Net(forward, broken=Net(fail), inner=Net(lambda _, x: 2 * x)),
    )
    extractor = ActivationExtractor(stimuli=stimuli)
    found = extractor.fit_transform([network])[0]
    names = [name.split("[")[0] for name in extractor.node_names_]
    assert names[4:] == ["Net:relu"] * 4
    relu = stimuli.clip(0)
    assert_array_equal(found[:, 4:], (2 * relu - 1).clip(0))


def test_what_an_observer_returns_takes_the_place_of_what_it_saw(stimuli, Net):
    class Replacing(Observer):
        """Doubles what goes into the first part, the sine, and the last output."""

        def on_input(self, module, args, kwargs):
            return ((2 * args[0],), kwargs) if self.names[module] == "first" else None

        def on_output(self, module, output):
            return 2 * output if self.names[module] == "last" else None

        def on_function(self, module, function, result):
            return 2 * result if function == "sin" else None

    network = Net(
        lambda net, x: net.last(torch.sin(net.first(x))),
        first=nn.Identity(),
        last=nn.Identity(),
    )
    names = {module: name for name, module in network.named_modules()}
    observer = Replacing(network, names, StopSignal())
    x = torch.from_numpy(stimuli)
    with observer.attached(network.modules(), watches_functions=True):
        observer.begin(None)
        found = network(x)
    assert_array_equal(found, 4 * torch.sin(2 * x))
    assert_array_equal(network(x), torch.sin(x))
