"""Outputs of layers to nodes, against numbers computed by hand."""

import dataclasses

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sktopo import ActivationExtractor
from sktopo.recording._reduce import pick_tensor, reduce_to_nodes

torch = pytest.importorskip("torch")
nn = torch.nn


def test_channels_or_units_as_nodes(images, by_hand, make_cnn):
    network = make_cnn()
    _, relu, _ = by_hand(network, images)
    expected = {
        "mean": relu.mean(axis=(2, 3)),
        "max": relu.max(axis=(2, 3)),
        "observations": relu.transpose(0, 2, 3, 1).reshape(-1, 3),
        "units": relu.reshape(6, -1),
    }
    for reduce, activations in expected.items():
        extractor = ActivationExtractor(stimuli=images, reduce=reduce, batch_size=4)
        found = extractor.fit_transform([network])[0]
        assert_allclose(found, activations, atol=1e-6)
        names = extractor.get_feature_names_out()
        assert len(names) == activations.shape[1]
        assert names[-1] == ("1[2,4,3]" if reduce == "units" else "1[2]")


def test_observations_need_equally_many_positions(images, make_cnn):
    network = nn.Sequential(*make_cnn(), nn.Linear(60, 7), nn.ReLU())
    extractor = ActivationExtractor(stimuli=images, reduce="observations")
    with pytest.raises(ValueError, match="equally many positions, got 1: 20, 4: 1"):
        extractor.fit([network])
    assert extractor.set_params(layers="1").fit([network]).n_nodes_ == 3


@pytest.mark.parametrize("activation", [nn.GELU(), "relu"])
def test_transformer_encoder(tokens, activation, seeded):
    network = seeded(
        lambda: nn.TransformerEncoderLayer(
            8, 2, 16, batch_first=True, activation=activation
        )
    )
    layers = ["self_attn", "linear1", "norm2"]  # attention returns a tuple
    extractor = ActivationExtractor(stimuli=tokens, layers=layers)
    found = extractor.fit_transform([network])[0]
    assert found.shape == (6, 8 + 16 + 8)
    with torch.no_grad():
        whole = network.eval()(torch.as_tensor(tokens)).mean(dim=1)
        attended, _ = network.self_attn(*[torch.as_tensor(tokens)] * 3)
    assert_allclose(found[:, -8:], whole, atol=1e-5)
    assert_allclose(found[:, :8], attended.mean(dim=1), atol=1e-5)
    if activation != "relu":
        default = ActivationExtractor(stimuli=tokens).fit([network])
        assert default.get_feature_names_out()[-1] == "activation[15]"
    as_observations = ActivationExtractor(
        stimuli=tokens, layers="norm2", reduce="observations"
    ).fit_transform([network])
    assert as_observations.shape == (1, 42, 8)
    assert_allclose(as_observations[0].reshape(6, 7, 8).mean(1), whole, atol=1e-5)


def test_recurrent_layers(tokens, seeded, Net):
    network = seeded(lambda: nn.LSTM(8, 3, batch_first=True))
    found = ActivationExtractor(stimuli=tokens, layers="").fit_transform([network])
    with torch.no_grad():
        expected = network(torch.as_tensor(tokens))[0].mean(dim=1)
    assert_allclose(found[0], expected, atol=1e-6)
    wrong = nn.Sequential(nn.Tanh(), Net(lambda _, x: x.transpose(0, 1)))
    with pytest.raises(ValueError, match="batch_first=True"):
        ActivationExtractor(stimuli=tokens, layers="1").fit([wrong])


def test_mappings_and_outputs_without_tensors(stimuli, Net):
    inner = Net(lambda _, x: {"hidden": torch.tanh(x), "other": None})
    network = Net(lambda net, x: net.inner(x)["hidden"], inner=inner)
    found = ActivationExtractor(network, layers="inner").fit_transform(stimuli)
    assert_allclose(found, np.tanh(stimuli), atol=1e-6)

    @dataclasses.dataclass
    class Output:
        loss: torch.Tensor
        hidden: torch.Tensor

    inner = Net(lambda _, x: Output(x.sum(), torch.tanh(x)))
    network = Net(lambda net, x: net.inner(x).hidden, inner=inner)
    found = ActivationExtractor(network, layers="inner").fit_transform(stimuli)
    assert_allclose(found, np.tanh(stimuli), atol=1e-6)
    network = Net(lambda net, x: net.inner(x) or x, inner=Net(lambda _, x: None))
    with pytest.raises(ValueError, match="returned NoneType"):
        ActivationExtractor(network, layers="inner").fit(stimuli)


@pytest.mark.parametrize("axis", [1, 2, 3, -1])
def test_channels_on_any_axis(axis):
    output = np.arange(48.0, dtype=np.float32).reshape(2, 2, 3, 4)
    positions = tuple({1, 2, 3} - {axis % 4})
    expected = {
        "mean": output.mean(axis=positions)[:, None],
        "max": output.max(axis=positions)[:, None],
        "observations": np.moveaxis(output, axis, -1).reshape(
            2, -1, output.shape[axis]
        ),
        "units": output[:, None],
    }
    for reduce, nodes in expected.items():
        found = reduce_to_nodes(torch.as_tensor(output), "conv", 2, reduce, axis)
        assert_allclose(found, nodes)


def test_outputs_of_one_number_per_stimulus():
    found = reduce_to_nodes(torch.arange(3), "count", 3, "mean", -1)
    assert found.dtype == torch.float32
    assert found.tolist() == [[[0.0]], [[1.0]], [[2.0]]]


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (torch.zeros(4, 3), r"shape \(4, 3\) for 2 stimuli.*batch_first=True"),
        (torch.tensor(1.0), r"shape \(\) for 2 stimuli"),
        (torch.zeros(2, 3, dtype=torch.complex64), "gave complex numbers"),
    ],
)
def test_outputs_that_do_not_become_nodes(output, message):
    with pytest.raises(ValueError, match=message):
        reduce_to_nodes(output, "fc", 2, "mean", 1)


def test_the_tensor_with_an_axis_of_stimuli_is_preferred():
    loss, hidden = torch.tensor(1.0), torch.zeros(2, 3)
    assert pick_tensor((loss, hidden), "fc", 2) is not loss
    assert pick_tensor((loss, hidden), "fc", 2).shape == (2, 3)
    assert pick_tensor([loss, None], "fc", 2).shape == ()
