"""How much of a network its activation functions cover."""

import pytest

from sktopo import ActivationExtractor

torch = pytest.importorskip("torch")
nn = torch.nn


def test_a_small_share_of_a_network_is_told(tokens, seeded, plan, Net):
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
    with pytest.warns(UserWarning, match="Sample 0 of X: The activation .* 5 units"):
        extractor.set_params(layers=None).fit([network, network])
    assert plan(head, torch.randn(6, 24)).hint == ""


def test_units_that_several_layers_read_are_counted_once(stimuli, seeded, plan, Net):
    """Three layers read the same 40 units; 30 of 70 are recorded."""
    parts = {
        "first": nn.Linear(4, 40),
        "a": nn.Linear(40, 30),
        "b": nn.Linear(40, 30),
        "c": nn.Linear(40, 30),
        "last": nn.Linear(30, 2),
    }

    def forward(net, x):
        x = net.first(x)
        return net.last(torch.relu(net.a(x)) * net.b(x) + net.c(x))

    hint = plan(seeded(lambda: Net(forward, **parts)), stimuli).hint
    assert "have 30 units, but the layers of the network read 70." in hint
    assert "'a:input' (40 units), 'last:input' (30 units)" in hint


def test_layers_of_attention_are_not_counted(tokens, seeded, plan):
    network = seeded(lambda: nn.TransformerEncoderLayer(8, 2, 8, batch_first=True))
    # The layers read 8 units before and 8 after the activation, which is half.
    assert plan(network, tokens).hint == ""


def test_a_layer_that_reads_the_stimuli_is_not_counted(stimuli, seeded, plan, Net):
    network = seeded(
        lambda: Net(
            lambda net, x: torch.relu(net.a(x)) + net.b(x),
            a=nn.Linear(4, 1),
            b=nn.Linear(4, 1),
        )
    )
    assert plan(network, stimuli).hint == ""


@pytest.mark.parametrize(
    "pool", [nn.Identity(), nn.MaxPool2d(2), nn.AdaptiveAvgPool2d(1)]
)
def test_convolutions_before_a_linear_layer_are_no_cause_for_a_hint(images, plan, pool):
    size = 16 * pool(torch.zeros(1, 1, 5, 4)).numel()
    network = nn.Sequential(
        nn.Conv2d(2, 8, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(8, 16, 3, padding=1),
        nn.ReLU(),
        pool,
        nn.Flatten(),
        nn.Linear(size, 6),
        nn.ReLU(),
        nn.Linear(6, 3),
    )
    assert plan(network, images).hint == ""
