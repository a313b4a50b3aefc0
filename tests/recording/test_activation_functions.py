"""Which modules are activation functions, and what the default leaves out."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sktopo import ActivationExtractor
from sktopo.recording._inputs import read_inputs
from sktopo.recording._recorder import Recorder, RecordingOptions
from sktopo.recording._samples import Sample

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


def plan(network, stimuli):
    options = RecordingOptions(None, "mean", "auto", "auto", None, 0, None)
    return Recorder(
        Sample("Sample 0", network, read_inputs(stimuli, "stimuli")), options
    ).plan()


def test_a_small_share_of_a_network_is_told(tokens, seeded, Net):
    head = nn.Sequential(nn.Linear(24, 5), nn.ReLU(), nn.Linear(5, 2))
    network = seeded(
        lambda: Net(
            lambda net, x: net.head(net.lstm(x)[0][:, -1]),
            lstm=nn.LSTM(8, 24, batch_first=True),
            head=head,
        )
    )
    hint = plan(network, tokens).hint
    assert "have 5 units, but the layers of the network read 29" in hint
    assert "'head.0:input' (24 units)" in hint
    layers = ["head.0:input", "head.1"]
    extractor = ActivationExtractor(stimuli=tokens, layers=layers)
    assert extractor.fit([network]).n_nodes_ == 29
    with pytest.warns(UserWarning, match="Sample 0 of X: the activation .* 5 units"):
        extractor.set_params(layers=None).fit([network, network])
    assert plan(head, torch.randn(6, 24)).hint == ""


def test_outputs_without_stimuli_are_left_out(stimuli, seeded, Net):
    def forward(net, x):
        bias = net.bias(torch.ones(7, 4))
        return net.act(net.fc(x) + bias.mean(dim=0))

    network = seeded(
        lambda: Net(
            forward,
            bias=nn.Sequential(nn.Linear(4, 4), nn.Tanh()),
            fc=nn.Linear(4, 4),
            act=nn.ReLU(),
        )
    )
    found = plan(network, stimuli)
    assert found.node_names == [f"act[{k}]" for k in range(4)]
    assert "'bias.1' is left out: it gave an output of shape (7, 4)" in found.hint


@pytest.mark.parametrize("max_nodes", [2, 5, 8, 9])
def test_some_nodes_of_each_layer(stimuli, make_mlp, max_nodes):
    every = ActivationExtractor(stimuli=stimuli)
    full = every.fit_transform([make_mlp()])[0]
    some = ActivationExtractor(stimuli=stimuli, max_nodes=max_nodes)
    found = some.fit_transform([make_mlp(), make_mlp()])
    names = list(every.node_names_)
    places = [names.index(name) for name in some.node_names_]
    assert len(places) == min(max_nodes, 8)
    assert places == sorted(places)
    assert_array_equal(found[0], full[:, places])
    assert_array_equal(found[1], found[0])
    share = sum(name.startswith("1[") for name in some.node_names_)
    assert abs(share - len(places) * 5 / 8) < 1
