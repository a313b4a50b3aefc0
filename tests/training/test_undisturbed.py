"""A monitored run equals the same run without a monitor, to the last bit."""

import random

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from sktopo.training import TopologyMonitor  # noqa: E402
from sktopo.training._undisturbed import undisturbed  # noqa: E402


class CountsCalls(torch.nn.Module):
    """Changes its buffers in each call, also in evaluation mode, and draws numbers."""

    def __init__(self):
        super().__init__()
        self.register_buffer("n_calls", torch.zeros(1))
        self.register_buffer("last", torch.zeros(1))
        self.register_buffer("first_run", None)
        self.kept, self.by_size, self.n_runs = None, {}, 0

    def forward(self, x):
        self.n_calls += 1
        self.last = self.last + 1  # another tensor
        self.n_runs += 1
        if self.kept is None:  # what is kept of the first run, here random numbers
            self.kept = torch.rand(1)
            self.first_run = torch.rand(1)
            self.register_buffer("made", torch.rand(1))
            self.by_size[len(x)] = torch.rand(1)
        random.random()
        np.random.rand()  # noqa: NPY002
        torch.rand(1)
        return x


def train(build, stimuli, monitor, n_steps=6):
    """Train a network; return it, its optimiser, losses, and numbers drawn after."""
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002
    torch.manual_seed(0)
    network = build().append(CountsCalls())
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9)
    losses = []

    def record(place, step):
        if monitor is not None and step % 3 == place:
            monitor.record(network)

    for step in range(n_steps):
        network.train(step != 4)  # a user may train in evaluation mode
        for _ in range(2):  # gradients of two batches are accumulated
            x = torch.randn(16, 5) + random.random() + np.random.rand()  # noqa: NPY002
            record(0, step)
            outputs = network(x)
            record(1, step)  # between forward and backward
            loss = (outputs**2).mean()
            loss.backward()
            record(2, step)  # between backward and step
        losses.append(loss.item())
        optimizer.step()
        optimizer.zero_grad()
    drawn = random.random(), np.random.rand(), torch.rand(1).item()  # noqa: NPY002
    return network, optimizer, losses, drawn


def test_a_monitored_run_is_the_same_run(build, stimuli):
    monitor = TopologyMonitor(stimuli)
    found, expected = (train(build, stimuli, m) for m in (monitor, None))
    assert len(monitor.steps_) == 12
    assert found[2:] == expected[2:]
    weights, other_weights = (run[0].state_dict() for run in (found, expected))
    momenta, other_momenta = (run[1].state_dict()["state"] for run in (found, expected))
    assert weights.keys() == other_weights.keys()
    for name, tensor in weights.items():
        assert torch.equal(tensor, other_weights[name]), name
    for index, momentum in momenta.items():
        other = other_momenta[index]["momentum_buffer"]
        assert torch.equal(momentum["momentum_buffer"], other)


def test_modes_gradients_and_hooks_are_left(build, stimuli):
    network = build()
    network[1].eval()
    network[0].weight.requires_grad_(False)
    network(stimuli).sum().backward()
    network[2].register_forward_hook(lambda *_: None)

    def look():
        return [
            (
                module.training,
                list(module._forward_hooks),
                list(module._forward_pre_hooks),
                [
                    (p.requires_grad, None if p.grad is None else p.grad.clone())
                    for p in module.parameters(recurse=False)
                ],
            )
            for module in network.modules()
        ]

    before = look()
    TopologyMonitor(stimuli).record(network)
    for (*first, gradients), (*second, others) in zip(before, look(), strict=True):
        assert first == second
        for (needs, gradient), (other_needs, other) in zip(
            gradients, others, strict=True
        ):
            assert needs == other_needs
            if gradient is None:
                assert other is None
            else:
                assert torch.equal(gradient, other)


def test_cached_weights_keep_their_gradients(stimuli):
    parametrize = torch.nn.utils.parametrize
    linear = torch.nn.utils.parametrizations.weight_norm(torch.nn.Linear(5, 6))
    network = torch.nn.Sequential(linear, torch.nn.ReLU())
    with parametrize.cached():
        TopologyMonitor(stimuli).record(network)
        network(stimuli).sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name


def test_a_reference_is_left(build, stimuli):
    reference = build().append(CountsCalls())
    TopologyMonitor(stimuli, reference=reference).record(build())
    assert reference[-1].n_calls.item() == reference[-1].n_runs == 0


def test_batches_of_a_loader_draw_nothing(build, stimuli):
    data = torch.utils.data.TensorDataset(stimuli)
    loader = torch.utils.data.DataLoader(data, batch_size=7)
    torch.manual_seed(3)
    before = torch.get_rng_state()
    monitor = TopologyMonitor(loader)
    monitor.record(build())
    monitor.record(build())
    assert torch.equal(torch.get_rng_state(), before)
    monitor_of_array = TopologyMonitor(stimuli)
    monitor_of_array.record(build())
    np.testing.assert_allclose(monitor.rows_[0], monitor_of_array.rows_[0], rtol=1e-5)


def test_all_is_restored_when_an_error_is_raised():
    network = CountsCalls()
    states = random.getstate(), np.random.get_state()[1].copy(), torch.get_rng_state()  # noqa: NPY002
    last = network.last
    with pytest.raises(RuntimeError, match="mine"), undisturbed(network):
        network(torch.zeros(1))
        raise RuntimeError("mine")
    assert network.last is last
    assert network.n_calls.item() == last.item() == 0
    assert random.getstate() == states[0]
    np.testing.assert_array_equal(np.random.get_state()[1], states[1])  # noqa: NPY002
    assert torch.equal(torch.get_rng_state(), states[2])


@pytest.mark.parametrize("kind", ["cuda", "xpu", "mps"])
def test_random_numbers_of_each_device_are_restored(kind, monkeypatch):
    """A device that is simulated, since few machines have one."""

    class Devices:
        states = [1, 2]

        is_available = staticmethod(lambda: True)
        is_initialized = staticmethod(lambda: True)

        @classmethod
        def get_rng_state_all(cls):
            return list(cls.states)

        @classmethod
        def set_rng_state_all(cls, states):
            cls.states = states

    class OneDevice:
        states = [1, 2]

        is_available = staticmethod(lambda: True)

        @classmethod
        def get_rng_state(cls):
            return list(cls.states)

        @classmethod
        def set_rng_state(cls, states):
            cls.states = states

    devices = OneDevice if kind == "mps" else Devices
    monkeypatch.setattr(torch, kind, devices)
    with undisturbed(None):
        devices.states = [7, 7]
    assert devices.states == [1, 2]
