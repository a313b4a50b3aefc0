"""What is found in a network while it runs."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sktopo import ActivationExtractor

torch = pytest.importorskip("torch")
nn = torch.nn


def test_outputs_without_stimuli_are_left_out(stimuli, seeded, plan, Net):
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
    assert (
        "each stimulus: 'bias.1'. 'bias.1' gave an output of shape (7, 4)" in found.hint
    )


def test_experts_that_see_some_tokens_say_why(tokens, seeded, plan, Net):
    """Each expert gets the tokens that are routed to it."""

    def route(net, x):
        flat = x.flatten(0, 1)
        return net.act(net.expert(flat[flat[:, 0] > 0])).sum() + x

    experts = seeded(lambda: Net(route, expert=nn.Linear(8, 16), act=nn.GELU()))
    network = Net(lambda net, x: net.experts(x), experts=experts)
    message = "no activation function can be recorded. 'experts.act' gave an output of"
    with pytest.raises(ValueError, match=message):
        plan(network, tokens)
    found = plan(network, tokens, layers="experts")
    assert found.n_nodes == 8


def test_attention_weights_are_refused(tokens, plan, Net):
    """Their means over positions are constant, so only rounding would be related."""
    network = Net(lambda net, x: net.drop((x @ x.mT).softmax(-1)), drop=nn.Dropout())
    with pytest.raises(ValueError, match="Sample 0: layer 'drop' .* as a softmax does"):
        plan(network, tokens[:, None], layers="drop")
    assert plan(network, tokens[:, None], layers="drop", reduce="max").n_nodes == 1


def test_functions_inside_activation_functions_belong_to_them(stimuli, plan, Net):
    network = Net(
        lambda net, x: net.mixed(net.act(x)),
        act=Net(lambda _, x: 0.5 * x * (1 + torch.tanh(x))),
        mixed=Net(lambda _, x: torch.tanh(x) - torch.relu(x).mean(1, keepdim=True)),
    )
    found = plan(network, stimuli)
    assert [site.label for site in found.sites] == ["act", "mixed:tanh", "mixed:relu"]


def test_one_module_in_two_entries_is_recorded_once(stimuli, make_mlp):
    extractor = ActivationExtractor(stimuli=stimuli, layers=["1", nn.Tanh, "?"])
    found = extractor.fit_transform([make_mlp()])
    once = ActivationExtractor(stimuli=stimuli, layers="?").fit_transform([make_mlp()])
    assert_array_equal(found, once)
    assert np.unique(extractor.node_names_).size == len(extractor.node_names_)


def test_experts_that_get_as_many_tokens_as_there_are_stimuli(
    tokens, seeded, plan, Net
):
    """Another trial, with more stimuli, shows that their number has another reason."""

    def route(net, x):
        flat = x.flatten(0, 1)
        return net.few(flat[:5]).sum() + net.many(flat[:9]).sum() + net.act(x)

    network = seeded(lambda: Net(route, few=nn.ReLU(), many=nn.ReLU(), act=nn.Tanh()))
    found = plan(network, tokens)
    assert [site.label for site in found.sites] == ["act"]
    assert "'few'" in found.hint and "'many'" in found.hint


def test_scores_of_attention_are_not_units(tokens, plan):
    class SoftCappedAttention(nn.Module):
        def forward(self, x):
            scores = torch.tanh(x[:, None] @ x[:, None].mT)
            return (scores.softmax(-1) @ x[:, None])[:, 0]

    found = plan(nn.Sequential(SoftCappedAttention(), nn.Tanh()), tokens)
    assert [site.label for site in found.sites] == ["1"]
