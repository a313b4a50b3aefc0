"""Small networks and stimuli that the tests of recording share."""

import copy
import gc

import numpy as np
import pytest


@pytest.fixture
def stimuli():
    return np.random.default_rng(0).normal(size=(11, 4)).astype(np.float32)


@pytest.fixture
def images():
    return np.random.default_rng(1).normal(size=(6, 2, 5, 4)).astype(np.float32)


@pytest.fixture
def tokens():
    return np.random.default_rng(2).normal(size=(6, 7, 8)).astype(np.float32)


def build_seeded(make):
    """Build a network whose weights do not depend on other tests."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        return make()


@pytest.fixture
def seeded():
    return build_seeded


@pytest.fixture
def make_mlp():
    from torch import nn

    return lambda n_hidden=5: build_seeded(
        lambda: nn.Sequential(
            nn.Linear(4, n_hidden), nn.Tanh(), nn.Linear(n_hidden, 3), nn.ReLU()
        )
    )


@pytest.fixture
def make_cnn():
    from torch import nn

    return lambda: build_seeded(
        lambda: nn.Sequential(nn.Conv2d(2, 3, 3, padding=1), nn.ReLU(), nn.Flatten())
    )


@pytest.fixture(name="Net")
def network_class():
    from torch import nn

    class Net(nn.Module):
        """A network whose forward is given as a function of itself and the input."""

        def __init__(self, forward, **parts):
            super().__init__()
            self._forward = forward
            for name, part in parts.items():
                self.add_module(name, part)

        def forward(self, x):
            return self._forward(self, x)

    return Net


@pytest.fixture
def by_hand():
    """Run a Sequential layer by layer; the outputs of all layers."""
    import torch

    def run(network, stimuli):
        outputs, x = [], torch.as_tensor(stimuli)
        with torch.no_grad():
            for layer in copy.deepcopy(network).eval():
                x = layer(x.clone())
                outputs.append(x.clone().numpy())
        return outputs

    return run


@pytest.fixture
def plan():
    """Plan the recording of a network; options are those of `RecordingOptions`."""
    from sktopo.recording._inputs import read_inputs
    from sktopo.recording._recorder import Recorder, RecordingOptions
    from sktopo.recording._samples import Sample

    def make(network, stimuli, layers=None, reduce="mean", batch_size="auto"):
        options = RecordingOptions(layers, reduce, "auto", batch_size, None, 0, None)
        sample = Sample("Sample 0", network, read_inputs(stimuli, "stimuli"))
        return Recorder(sample, options).plan()

    return make


@pytest.fixture
def no_garbage_collector():
    """See that memory is free as soon as it can be, and not when it is looked for."""
    gc.disable()
    yield
    gc.enable()
