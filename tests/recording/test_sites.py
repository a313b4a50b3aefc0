"""Which modules are recorded, and on which axis their channels are."""

import dataclasses

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sktopo import ActivationExtractor
from sktopo.recording._sites import ChannelAxes, RecordedSite

torch = pytest.importorskip("torch")
nn = torch.nn


@pytest.mark.parametrize(
    ("layers", "names"),
    [
        (None, ["act1", "act2"]),
        ("fc1", ["fc1"]),
        ("fc*", ["fc1", "fc2"]),
        (["act2", "fc1"], ["fc1", "act2"]),  # in the order of execution
        (nn.Linear, ["fc1", "fc2"]),
        ([nn.Tanh, "fc2", "fc?"], ["fc1", "act1", "fc2"]),
    ],
)
def test_layers(stimuli, layers, names, Net):
    network = Net(
        lambda net, x: net.act2(net.fc2(net.act1(net.fc1(x)))),
        act2=nn.ReLU(),  # defined in another order than run
        act1=nn.Tanh(),
        fc2=nn.Linear(5, 3),
        fc1=nn.Linear(4, 5),
    )
    extractor = ActivationExtractor(network, layers=layers).fit(stimuli)
    found = [name.split("[")[0] for name in extractor.get_feature_names_out()]
    assert list(dict.fromkeys(found)) == names


def test_unknown_layers_list_close_ones(stimuli):
    network = nn.Sequential()
    network.add_module("hidden_one", nn.Linear(4, 2))
    network.add_module("act", nn.ReLU())
    extractor = ActivationExtractor(network, layers="hiden_one")
    with pytest.raises(ValueError, match="Did you mean 'hidden_one'.*hidden_one, act"):
        extractor.fit(stimuli)
    for layers in (nn.Conv2d, "conv*", ["actor", "conv"]):
        with pytest.raises(ValueError, match="No layer of the network matches"):
            ActivationExtractor(network, layers=layers).fit(stimuli)
    with pytest.raises(ValueError, match="names, patterns or module types"):
        ActivationExtractor(network, layers=[3]).fit(stimuli)


def test_layers_that_do_not_run(stimuli, Net):
    network = Net(lambda net, x: net.used(x), used=nn.Tanh(), idle=nn.Tanh())
    found = ActivationExtractor(network).fit(stimuli).get_feature_names_out()
    assert [name.split("[")[0] for name in found] == ["used"] * 4
    with pytest.raises(ValueError, match="'idle'.*does not run"):
        ActivationExtractor(network, layers=["used", "idle"]).fit(stimuli)


def test_softmax_and_attention_are_not_activation_functions(stimuli):
    network = nn.Sequential(nn.Tanh(), nn.Softmax(dim=1))
    assert ActivationExtractor(network).fit(stimuli).n_nodes_ == 4


def test_a_network_that_is_an_activation_function(stimuli):
    extractor = ActivationExtractor(nn.ReLU())
    assert_array_equal(extractor.fit_transform(stimuli), np.maximum(stimuli, 0))
    assert extractor.get_feature_names_out()[0] == "ReLU[0]"


def test_module_with_two_names_is_recorded_once(stimuli, Net):
    act = nn.Tanh()
    network = Net(lambda net, x: net.a(x), a=act, b=act)
    assert ActivationExtractor(network).fit(stimuli).n_nodes_ == 4
    extractor = ActivationExtractor(network, layers=["b"]).fit(stimuli)
    assert extractor.get_feature_names_out()[0] == "b[0]"


def test_activations_of_weights_are_not_recorded(stimuli, make_mlp):
    network = make_mlp()
    nn.utils.parametrize.register_parametrization(network[0], "weight", nn.Softplus())
    found = ActivationExtractor(stimuli=stimuli).fit([network]).node_names_
    assert found[0] == "1[0]"


def test_channel_axis_follows_the_layer_before(tokens):
    conv = nn.Sequential(nn.Conv1d(7, 5, 1), nn.ReLU())
    linear = nn.Sequential(nn.Linear(8, 4), nn.ReLU())
    both = nn.Sequential(*conv, *linear)
    for network, n_nodes in ((conv, 5), (linear, 4), (both, 5 + 4)):
        assert ActivationExtractor(stimuli=tokens).fit([network]).n_nodes_ == n_nodes
    forced = ActivationExtractor(stimuli=tokens, channel_axis=1)
    assert forced.fit([linear]).n_nodes_ == 7
    for axis in (7, -3):
        with pytest.raises(ValueError, match=f"channel_axis={axis} is not an axis"):
            forced.set_params(channel_axis=axis).fit([linear])
    # Convolutional networks with channels last, e.g. ConvNeXt: a linear layer.
    last = nn.Sequential(nn.Unflatten(1, (7, 1)), nn.Linear(8, 4), nn.GELU())
    assert ActivationExtractor(stimuli=tokens).fit([last]).n_nodes_ == 4
    # No layer of known layout before.
    for shape, n_nodes in (((7, 8), 8), ((7, 4, 2), 7)):
        extractor = ActivationExtractor(stimuli=tokens.reshape(6, *shape))
        assert extractor.fit([nn.ReLU()]).n_nodes_ == n_nodes


class SqueezeExcite(nn.Module):
    """Weigh channels by a linear function of their means."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(6, 6)

    def forward(self, x):
        return x * self.fc(x.mean((2, 3)))[..., None, None]


class LayerNorm2d(nn.LayerNorm):
    """Normalise over channels that are axis 1."""

    def forward(self, x):
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


def conv():
    return nn.Conv2d(2, 6, 3, padding=1)


def flat():
    return nn.Flatten(), nn.Linear(40, 84)


class ChannelsLast(nn.Module):
    """Make the channels the last axis."""

    def forward(self, x):
        return x.movedim(1, -1)


@pytest.mark.parametrize(
    ("make", "n_nodes"),
    [
        (lambda: [conv(), SqueezeExcite(), nn.ReLU()], 6),
        (lambda: [conv(), nn.LayerNorm([6, 5, 4]), nn.ReLU()], 6),
        (lambda: [conv(), LayerNorm2d(6), nn.GELU()], 6),
        (lambda: [*flat(), nn.Unflatten(1, (7, 4, 3)), nn.ReLU()], 7),
        (lambda: [conv(), nn.Flatten(2), ChannelsLast(), nn.GELU()], 6),
        (lambda: [conv(), ChannelsLast(), nn.Linear(6, 9), nn.GELU()], 9),
        (lambda: [conv(), nn.Flatten(2), nn.Conv1d(6, 3, 1), nn.ReLU()], 3),
    ],
)
def test_channels_are_found(images, make, n_nodes, seeded):
    network = seeded(lambda: nn.Sequential(*make()))
    assert ActivationExtractor(stimuli=images).fit([network]).n_nodes_ == n_nodes


def test_axis_of_the_last_layer_of_the_same_form():
    axes = ChannelAxes()
    network = nn.Sequential(nn.Conv1d(7, 5, 1), nn.Linear(8, 4), nn.ReLU())
    axes.observe(network[0], torch.zeros(2, 5, 8))
    assert axes.guess((2, 5, 8)) == 1
    axes.observe(network[1], torch.zeros(2, 5, 8))
    axes.observe(network[2], torch.zeros(2, 5, 8))
    assert axes.guess((2, 5, 8)) == -1
    assert axes.guess((2, 5, 9)) == 1  # only the convolution had 5 channels
    assert axes.guess((2, 6, 9)) == -1  # neither: the default for three axes
    assert axes.guess((2, 6, 9, 9)) == 1


def test_names_of_nodes():
    dtype = np.dtype(np.float32)
    site = RecordedSite("act", "output", "", 1, "act#2", 1, 1, (2, 2), dtype)
    assert site.n_nodes == 4
    assert site.node_names == ["act#2[0,0]", "act#2[0,1]", "act#2[1,0]", "act#2[1,1]"]
    some = dataclasses.replace(site, kept=np.array([1, 2]))
    assert some.n_nodes == 2
    assert some.node_names == ["act#2[0,1]", "act#2[1,0]"]
