"""Names, patterns, types and callables that select what is recorded."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sktopo import ActivationExtractor
from sktopo.recording._selection import Selection, _translate

torch = pytest.importorskip("torch")
nn = torch.nn


@pytest.mark.parametrize(
    ("pattern", "matches", "others"),
    [
        (
            "blocks.*",
            ["blocks.0", "blocks.11"],
            ["blocks", "blocks.0.mlp", "x.blocks.0"],
        ),
        ("*.act", ["act", "a.act", "a.b.act"], ["a.actor", "a.act.b"]),
        ("**.act", ["act", "a.act", "a.b.act"], ["a.actor"]),
        ("h.**.act", ["h.0.act", "h.0.mlp.act"], ["h.act", "g.0.act"]),
        ("h.*.act", ["h.0.act"], ["h.0.mlp.act"]),
        ("fc?", ["fc1"], ["fc", "fc12", "fc."]),
        ("h.[01].act", ["h.0.act", "h.1.act"], ["h.2.act", "hx0.act"]),
        ("h.[!01].act", ["h.2.act"], ["h.0.act"]),
        ("a[", ["a["], ["a"]),
        ("**", ["a", "a.b"], []),
        ("a.b", ["a.b"], ["axb"]),
    ],
)
def test_patterns(pattern, matches, others):
    import re

    found = [
        name for name in matches + others if re.fullmatch(_translate(pattern), name)
    ]
    assert found == matches


def make_blocks():
    block = [nn.Sequential(nn.Linear(4, 4), nn.ReLU()) for _ in range(3)]
    return nn.Sequential(*block)


@pytest.mark.parametrize(
    ("layers", "names"),
    [
        ("*", ["0", "1", "2"]),
        ("*.1", ["0.1", "1.1", "1", "2.1"]),
        ("1.*", ["1.0", "1.1"]),
        (["2:input", "0"], ["0", "2:input"]),
        ("?.?:input", ["0.0:input", "0.1:input", "1.0:input"]),
        ("Sequential", ["Sequential"]),
        ("", ["Sequential"]),
        (lambda network: [f"{len(network) - 1}.1"], ["2.1"]),
        ([nn.ReLU, "0.0"], ["0.0", "0.1", "1.1", "2.1"]),
    ],
)
def test_what_is_selected(stimuli, seeded, layers, names):
    extractor = ActivationExtractor(stimuli=stimuli, layers=layers)
    extractor.fit([seeded(make_blocks)])
    found = dict.fromkeys(name.split("[")[0] for name in extractor.node_names_)
    assert list(found)[: len(names)] == names


def test_inputs_of_modules(stimuli, seeded):
    network = seeded(make_blocks)
    extractor = ActivationExtractor(stimuli=stimuli, layers=["1:input", "0.1"])
    before, after = np.split(extractor.fit_transform([network])[0], 2, axis=1)
    assert_array_equal(before, after)
    assert extractor.node_names_[4] == "1:input[0]"


class Gates(nn.Module):
    """Calls activation functions as functions and methods."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)
        self.act = nn.Tanh()

    def forward(self, x):
        x = nn.functional.relu(self.fc(x))
        x = self.act(x).sigmoid() * 3
        return torch.relu_(x - 2).softmax(dim=1)


def run_gates(network, stimuli):
    with torch.no_grad():
        first = torch.relu(network.fc(torch.as_tensor(stimuli)))
        second = torch.tanh(first)
        third = torch.sigmoid(second)
        last = third * 3 - 2
        return [x.numpy() for x in (first, second, third, torch.relu(last), last)]


@pytest.mark.parametrize(
    ("layers", "places", "names"),
    [
        (None, [0, 1, 2, 3], ["Gates:relu", "act", "Gates:sigmoid", "Gates:relu#2"]),
        (":relu", [0, 3], ["Gates:relu", "Gates:relu#2"]),
        ("Gates:relu#2", [3], ["Gates:relu#2"]),
        ([":sigmoid", "act"], [1, 2], ["act", "Gates:sigmoid"]),
        ("act:tanh", [1], ["act:tanh"]),
        (["act", ":sub"], [1, 4], ["act", "Gates:sub"]),
    ],
)
def test_functions(stimuli, seeded, layers, places, names):
    network = seeded(Gates)
    extractor = ActivationExtractor(stimuli=stimuli, layers=layers, batch_size=4)
    found = extractor.fit_transform([network])[0]
    outputs = run_gates(network, stimuli)
    assert_allclose(found, np.hstack([outputs[k] for k in places]), atol=1e-6)
    labels = dict.fromkeys(name.split("[")[0] for name in extractor.node_names_)
    assert list(labels) == names


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ("fc:relu", "'fc' has no 'relu', neither a function .* it calls: none"),
        (":gelu", "'' has no 'gelu'.*it calls: relu, sigmoid"),
        ("Gates:relu#3", "'Gates' has no 'relu'.* calls so often"),
        ("act#2", "no output came from the layer 'act#2'.* or not so often"),
        ("ac", "No layer of the network matches 'ac'. Did you mean 'act'"),
        ("fcs:relu", "No layer .* 'fcs:relu'. Did you mean 'fc'"),
        ("a[z-a]", "holds 'a\\[z-a\\]', which is not a pattern of names: bad"),
        (lambda network: 3, "layers must hold names, patterns or module types, got 3"),
        ([], "must hold names"),
        ({"act"}, r"or module types, got \{'act'\}\. Put them in a list\.$"),
        (np.array(["act", "fc"]), r"got array\(.*\)\. Put them in a list\.$"),
        ((name for name in ["act"]), "got <generator .*Put them in a list"),
    ],
)
def test_what_is_not_there(stimuli, layers, message):
    with pytest.raises(ValueError, match=message):
        ActivationExtractor(stimuli=stimuli, layers=layers).fit([Gates()])


def test_entries_of_outputs(stimuli, Net):
    def split(net, x):
        return {"mean": x[:, :3], "spread": x[:, 3:]}

    network = Net(lambda net, x: net.inner(x)["mean"], inner=Net(split))
    for entry, columns in (("mean", slice(3)), ("spread", slice(3, 4))):
        extractor = ActivationExtractor(stimuli=stimuli, layers=f"inner:{entry}")
        assert_array_equal(extractor.fit_transform([network])[0], stimuli[:, columns])
        assert extractor.node_names_[0] == f"inner:{entry}[0]"
    with pytest.raises(ValueError, match="'inner' returned dict .*: mean, spread"):
        ActivationExtractor(stimuli=stimuli, layers="inner").fit([network])


@pytest.mark.parametrize(
    "wrapper", ["compiled", "part compiled", "parallel", "adapter"]
)
def test_wrappers_do_not_change_names(stimuli, seeded, Net, wrapper):
    network = seeded(make_blocks)
    expected = ActivationExtractor(stimuli=stimuli, layers="*.1").fit([network])
    if wrapper == "compiled":
        wrapped = torch.compile(network, backend="eager")
    elif wrapper == "part compiled":
        network[1] = torch.compile(network[1], backend="eager")
        wrapped = network
    elif wrapper == "parallel":
        wrapped = nn.DataParallel(network)
    else:
        inner = Net(lambda net, x: net.model(x), model=network)
        wrapped = Net(lambda net, x: net.base_model(x), base_model=inner)
    extractor = ActivationExtractor(stimuli=stimuli, layers="*.1").fit([wrapped])
    assert_array_equal(extractor.node_names_, expected.node_names_)
    assert_allclose(extractor.transform([wrapped]), expected.transform([network]))


def test_entries_that_one_network_does_not_have():
    network = nn.Sequential(nn.Linear(4, 2), nn.ReLU())
    selection = Selection(network, ["1", "conv"], "Sample 0")
    assert [len(entry.modules) for entry in selection.entries] == [1, 0]
    assert selection.names[network[1]] == "1"
