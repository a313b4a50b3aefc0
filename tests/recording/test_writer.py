"""Writing activations while a network runs."""

import pytest
from numpy.testing import assert_allclose

from sktopo import ActivationExtractor

torch = pytest.importorskip("torch")
nn = torch.nn


def test_networks_that_run_differently_on_later_stimuli(stimuli, Net):
    def forward(net, x):
        return net.last(net.act(x if len(x) == 5 else x[:, :3]))

    network = Net(forward, act=nn.Tanh(), last=nn.Tanh())
    with pytest.raises(ValueError, match="ran differently than on the first"):
        ActivationExtractor(network).fit_transform(stimuli)
    network._forward = lambda net, x: net.last(net.act(net.act(x) if len(x) > 5 else x))
    with pytest.raises(ValueError, match=r"ran differently .*\(call 2, output"):
        ActivationExtractor(network).fit_transform(stimuli)
    network = Net(lambda net, x: net.act(x) if len(x) == 5 else x, act=nn.Tanh())
    with pytest.raises(ValueError, match="layer 'act' .* did not run on stimuli 0"):
        ActivationExtractor(network).fit_transform(stimuli)


def test_the_run_ends_after_the_last_layer(stimuli, Net):
    shown = []

    def forward(net, x):
        x = net.act(net.fc(x))
        shown.append(len(x))
        return x

    network = Net(forward, fc=nn.Linear(4, 4), act=nn.Tanh())
    extractor = ActivationExtractor(stimuli=stimuli, batch_size=6).fit([network])
    shown.clear()
    found = extractor.transform([network])
    assert shown == [5]  # a trial to find the layers
    with torch.no_grad():
        expected = torch.tanh(network.fc(torch.as_tensor(stimuli)))
    assert_allclose(found[0], expected, atol=1e-6)


def test_networks_that_catch_everything_run_on(stimuli, Net):
    """The end of the run is raised in the network, which may not let it through."""

    def forward(net, x):
        try:
            return net.act(x)
        except BaseException:
            return x

    network = Net(forward, act=nn.ReLU())
    extractor = ActivationExtractor(stimuli=stimuli, batch_size=4)
    assert_allclose(extractor.fit_transform([network])[0], stimuli.clip(0))
