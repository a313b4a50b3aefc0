"""Outputs of layers to nodes, against numbers computed by hand."""

import dataclasses
from typing import NamedTuple

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sktopo import ActivationExtractor
from sktopo.recording._reduce import (
    check_output,
    count_positions,
    list_entries,
    pick_tensor,
    reduce_to_nodes,
    refuse_constant_mean,
)

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
    default = ActivationExtractor(stimuli=tokens).fit([network])
    name = "TransformerEncoderLayer:relu" if activation == "relu" else "activation"
    assert default.get_feature_names_out()[-1] == f"{name}[15]"
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
    n_channels = output.shape[axis]
    by_position = np.moveaxis(output, axis, -1).reshape(2, -1, n_channels)
    expected = {
        "mean": output.mean(axis=positions),
        "max": output.max(axis=positions),
        "last": by_position[:, -1],
        "observations": by_position.reshape(-1, n_channels),
        "units": output,
    }
    for reduce, nodes in expected.items():
        found = reduce_to_nodes(torch.as_tensor(output), None, "conv", reduce, axis)
        assert_allclose(found, nodes)
        n_positions = count_positions(torch.as_tensor(output), reduce, axis)
        assert n_positions == (24 // n_channels if reduce == "observations" else 1)


MASK = torch.tensor([[1, 1, 1, 0], [0, 1, 1, 1], [0, 1, 0, 0]], dtype=torch.bool)


@pytest.mark.parametrize("reduce", ["mean", "max", "last", "observations"])
@pytest.mark.parametrize("padding", [float("nan"), 1e9])
def test_positions_that_are_left_out(reduce, padding):
    """Each stimulus gives what its positions give alone, whatever the padding holds."""
    output = torch.randn(3, 4, 5, generator=torch.Generator().manual_seed(0))
    padded = output.masked_fill(~MASK[..., None], padding)
    found = reduce_to_nodes(padded, MASK, "act", reduce, -1)
    alone = [
        reduce_to_nodes(row[counts][None], None, "act", reduce, -1)
        for row, counts in zip(output, MASK, strict=True)
    ]
    assert_allclose(found, torch.cat(alone), rtol=1e-6)


def test_masks_that_do_not_fit():
    with pytest.raises(ValueError, match="act gave 6 positions, but the mask has 4"):
        reduce_to_nodes(torch.zeros(3, 6, 5), MASK, "act", "mean", -1)
    with pytest.raises(ValueError, match="reduce='units' makes a node of each pos"):
        reduce_to_nodes(torch.zeros(3, 4, 5), MASK, "act", "units", -1)
    # There are no positions to leave out, or all count.
    assert reduce_to_nodes(torch.ones(3, 5), MASK, "pool", "mean", -1).shape == (3, 5)
    full = torch.ones_like(MASK)
    assert reduce_to_nodes(torch.ones(3, 6, 5), full, "x", "units", -1).shape[1:] == (
        6,
        5,
    )


def test_callables_reduce():
    seen = []

    def reduce(tensor, mask):
        seen.append((tensor.shape, mask))
        return tensor.double().std(dim=1)

    output = torch.randn(3, 4, 5)
    found = reduce_to_nodes(output, MASK, "act", reduce, -1)
    assert_allclose(found, output.double().std(dim=1))
    assert seen == [((3, 4, 5), MASK)]
    for wrong, got in ((lambda t, m: t, r"\(3, 4, 5\)"), (lambda t, m: 3, "int")):
        with pytest.raises(
            ValueError, match=rf"act: reduce= returned .*{got}.*; expected"
        ):
            reduce_to_nodes(output, None, "act", wrong, -1)


@pytest.mark.parametrize("shape", [(3, 4, 4), (3, 2, 4, 4)])
def test_means_of_a_softmax_are_refused(shape):
    softmax = torch.randn(shape).softmax(dim=-1)
    axis = 1 if len(shape) > 3 else 1
    with pytest.raises(ValueError, match="drop gave .* as a softmax does"):
        refuse_constant_mean(softmax, "drop", "mean", axis)
    refuse_constant_mean(softmax, "drop", "max", axis)
    refuse_constant_mean(softmax - 1, "drop", "mean", axis)
    refuse_constant_mean(softmax * 2, "drop", "mean", axis)
    if len(shape) == 3:  # the classes are the nodes
        refuse_constant_mean(softmax, "drop", "mean", -1)


def test_outputs_of_one_number_per_stimulus():
    found = reduce_to_nodes(torch.arange(3), None, "count", "mean", -1)
    assert found.dtype == torch.float32
    assert found.tolist() == [[0.0], [1.0], [2.0]]


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (torch.zeros(4, 3), r"shape \(4, 3\) for 2 stimuli.*batch_first=True"),
        (torch.tensor(1.0), r"shape \(\) for 2 stimuli"),
        (torch.zeros(2, 0), "without numbers"),
        (torch.zeros(2, 3, dtype=torch.complex64), "gave complex numbers"),
    ],
)
def test_outputs_that_do_not_become_nodes(output, message):
    with pytest.raises(ValueError, match=message):
        check_output(output, "fc", 2)


def test_the_tensor_with_an_axis_of_stimuli_is_preferred():
    loss, hidden = torch.tensor(1.0), torch.zeros(2, 3)
    assert pick_tensor((loss, hidden), "fc", 2) is not loss
    assert pick_tensor((loss, hidden), "fc", 2).shape == (2, 3)
    assert pick_tensor([loss, None], "fc", 2).shape == ()


def test_entries_of_outputs():
    mean, spread = torch.zeros(2, 3), torch.zeros(2, 4)

    class Pair(NamedTuple):
        mean: torch.Tensor
        spread: torch.Tensor

    for output in ({"mean": mean, "spread": spread}, Pair(mean, spread)):
        assert list(list_entries(output)) == ["mean", "spread"]
        assert pick_tensor(output, "fc", 2, "spread").shape == (2, 4)
        with pytest.raises(ValueError, match="several tensors; .*: mean, spread"):
            pick_tensor(output, "fc", 2)
    assert pick_tensor((mean, spread), "fc", 2, "1").shape == (2, 4)
    assert pick_tensor((mean, spread), "fc", 2, takes_first=True).shape == (2, 3)
    assert list_entries(mean) == {}
