"""Which modules are activation functions."""

import numpy as np
import pytest

from sktopo import ActivationExtractor

torch = pytest.importorskip("torch")
nn = torch.nn

ACTIVATIONS = {
    "swish": lambda x: x * torch.sigmoid(x),
    "squared relu": lambda x: torch.relu(x) ** 2,
    "clamp": lambda x: x.clamp(-20, 20),
    "in place": lambda x: x.relu_(),
    "sine": torch.sin,
    "absolute": abs,
}
OTHERS = {
    "identity": lambda x: x,
    "scale": lambda x: 0.5 * x,
    "shift and scale": lambda x: (x - 0.5) / 0.25,
    "softmax": lambda x: x.softmax(dim=-1),
    "normalisation": lambda x: x - x.mean(dim=-1, keepdim=True),
    "reversal": lambda x: x.flip(-1),
    "sort": lambda x: x.sort(dim=-1).values,
    "shape": lambda x: x[:, :3],
    "running sum": lambda x: x.cumsum(dim=-1),
}


@pytest.mark.parametrize("shape", [(4,), (3, 4), (2, 3, 4)])
@pytest.mark.parametrize("name", [*ACTIVATIONS, *OTHERS])
def test_home_made_modules(Net, name, shape):
    """Nonlinear functions of single numbers are activation functions."""
    is_activation = name in ACTIVATIONS
    function = ACTIVATIONS[name] if is_activation else OTHERS[name]
    network = nn.Sequential(Net(lambda _, x: function(x)), nn.Tanh())
    stimuli = np.random.default_rng(0).normal(size=(6, *shape)).astype(np.float32)
    extractor = ActivationExtractor(stimuli=stimuli).fit([network])
    found = {name.split("[")[0] for name in extractor.node_names_}
    assert found == ({"0", "1"} if is_activation else {"1"})


def test_modules_with_parameters_are_not_tried(stimuli, Net):
    scale = Net(lambda net, x: torch.sin(net.weight * x))
    scale.weight = nn.Parameter(torch.ones(4))
    extractor = ActivationExtractor(stimuli=stimuli)
    with pytest.raises(
        ValueError, match="no activation function.*Name layers among: 0"
    ):
        extractor.fit([nn.Sequential(scale)])


@pytest.mark.parametrize("scale", [0, 1e-8, 1e3])
def test_what_a_network_computes_does_not_matter(Net, scale):
    """A swish is one also where its input is 0, small or large."""
    network = nn.Sequential(
        nn.Linear(4, 3), Net(lambda _, x: x * torch.sigmoid(1.702 * x))
    )
    nn.init.constant_(network[0].weight, scale)
    nn.init.zeros_(network[0].bias)
    stimuli = np.ones((6, 4), np.float32)
    extractor = ActivationExtractor(stimuli=stimuli).fit([network])
    assert {name.split("[")[0] for name in extractor.node_names_} == {"1"}


def test_trials_leave_the_state_of_modules_alone(Net):
    class Counting(nn.Module):
        seen = 0

        def forward(self, x):
            self.seen = self.seen + 1
            return torch.sin(x)

    network = nn.Sequential(Counting())
    ActivationExtractor(stimuli=np.ones((6, 4))).fit([network])
    assert network[0].seen == 1  # the one run of the network
