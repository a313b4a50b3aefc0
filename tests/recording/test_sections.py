"""What a network computes from one layer to the next."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from sktopo.recording._inputs import read_inputs  # noqa: E402
from sktopo.recording._recorder import Recorder, RecordingOptions  # noqa: E402
from sktopo.recording._rotations import Rotation  # noqa: E402
from sktopo.recording._samples import Sample  # noqa: E402
from sktopo.recording._sections import SectionRecorder, choose_points  # noqa: E402


def record(network, stimuli, layers, batch_size="auto"):
    """Record layers; the recorder of what is between them, and the activations."""
    options = RecordingOptions(layers, "units", "auto", batch_size, None, 0, None)
    sample = Sample("The model", network, read_inputs(stimuli, "X"))
    recorder = Recorder(sample, options)
    plan = recorder.plan()
    out = np.empty((plan.n_rows, plan.n_nodes), plan.dtype)
    recorder.run(plan, out)
    tables = [out[:, place] for _, place in plan.place_sites()]
    return SectionRecorder(sample, options, plan.sites), tables


def make_rotation(n_units, seed=0):
    rng = np.random.default_rng(seed)
    components = rng.normal(size=(n_units, n_units)) + 3 * np.eye(n_units)
    return Rotation(
        rng.normal(size=n_units),
        components,
        np.linalg.inv(components),
        np.ones(n_units),
    )


@pytest.mark.parametrize("size", ["auto", 1, 4])
def test_sections_of_a_perceptron(make_mlp, stimuli, by_hand, size):
    network = make_mlp()
    outputs = by_hand(network, stimuli)
    recorder, tables = record(network, stimuli, ["0:input", "1", "2"], size)
    assert_array_equal(tables[0], stimuli)
    for number, expected in ((0, outputs[1]), (1, outputs[2])):
        assert_allclose(recorder.predict(number, tables[number]), expected, rtol=1e-5)
        recorder.check(number, tables[number], expected)
    other = np.ones((3, 5), np.float32)
    expected = network[2](torch.from_numpy(other)).detach().numpy()
    assert_allclose(recorder.predict(1, other), expected, rtol=1e-5)


def test_products_of_derivatives_by_hand(make_mlp, stimuli):
    """From tanh over a layer of weights W to the next tanh: J = diag(1 - t²) W."""
    network = nn.Sequential(*make_mlp()[:3], nn.Tanh()).double()
    recorder, tables = record(network, stimuli, ["1", "3"])
    white, components = make_rotation(5), np.random.default_rng(1).normal(size=(3, 2))
    weights = network[2].weight.detach().numpy()
    expected = np.zeros((5, 5))
    for after in tables[1]:
        jacobian = components.T @ np.diag(1 - after**2) @ weights @ white.inverse.T
        expected += jacobian.T @ jacobian / len(stimuli)
    found = recorder.multiply_derivatives(0, tables[0], white, components)
    assert_allclose(found, expected, rtol=1e-10)


def test_edges_of_a_linear_layer_by_hand(make_mlp, stimuli):
    network = make_mlp().double()
    recorder, tables = record(network, stimuli, ["1", "2"])
    rotation, components = (
        make_rotation(5),
        np.random.default_rng(1).normal(size=(3, 2)),
    )
    features = rotation.rotate(tables[0])
    slopes = components.T @ network[2].weight.detach().numpy() @ rotation.inverse.T
    expected = slopes**2 * (features**2).mean(axis=0)
    for n_intervals in (0, 1, 5):
        found = recorder.measure_edges(0, features, rotation, components, n_intervals)
        assert_allclose(found, expected, rtol=1e-10)


def test_integrated_gradients_add_up(make_mlp, stimuli):
    """The share of the only feature is the difference from the mean."""
    network = nn.Sequential(*make_mlp()[:3], nn.Tanh()).double()
    recorder, tables = record(network, stimuli, ["1", "3"])
    rng = np.random.default_rng(1)
    rotation = Rotation(rng.normal(size=5), None, rng.normal(size=(1, 5)), np.ones(1))
    features, components = rng.normal(size=(11, 1)), rng.normal(size=(3, 2))
    end = recorder.predict(0, rotation.restore(features))
    start = recorder.predict(0, rotation.mean[None])
    expected = (((end - start) @ components) ** 2).mean(axis=0)[:, None]
    found = recorder.measure_edges(0, features, rotation, components, 20)
    assert_allclose(found, expected, rtol=1e-8)


def test_points_of_the_integral():
    assert_array_equal(choose_points(0), ([1], [1]))
    assert_allclose(choose_points(1), ([0.5], [1]))
    points, weights = choose_points(4)
    for power in range(8):
        assert weights @ points**power == pytest.approx(1 / (power + 1))


def test_convolutions_functions_and_repeated_calls(images, Net, seeded):
    def forward(net, x):
        x = F.relu(net.conv(x))
        x = net.act(F.max_pool2d(x, 2).flatten(1))
        return net.act(net.head(x))

    network = seeded(
        lambda: Net(
            forward,
            conv=nn.Conv2d(2, 3, 3, padding=1),
            act=nn.LeakyReLU(inplace=True),
            head=nn.Linear(12, 4),
        )
    )
    recorder, tables = record(network, images, [":relu", "act#1", "act#2"])
    assert [table.shape[1] for table in tables] == [60, 12, 4]
    for number in range(2):
        predicted = recorder.predict(number, tables[number])
        assert_allclose(predicted, tables[number + 1], rtol=1e-5, atol=1e-6)
    white = make_rotation(60)
    products = recorder.multiply_derivatives(0, tables[0], white, np.eye(12))
    assert np.isfinite(products).all() and np.trace(products) > 0


def forward_around(net, x):
    hidden = net.act(net.first(x))
    return net.second(hidden) + net.skip(x)


def forward_beside(net, x):
    return net.second(net.act(net.first(x))) + net.act(net.skip(x))


@pytest.mark.parametrize("forward", [forward_around, forward_beside])
def test_what_passes_a_layer_by_is_refused(forward, stimuli, Net, seeded):
    network = seeded(
        lambda: Net(
            forward,
            first=nn.Linear(4, 3),
            second=nn.Linear(3, 2),
            skip=nn.Linear(4, 2),
            act=nn.ReLU(),
        )
    )
    recorder, (before, after) = record(network, stimuli, ["act#1", "Net"])
    with pytest.raises(ValueError, match="'Net' do not follow from.*'act' alone"):
        recorder.check(0, before, after)


def test_a_residual_connection_within_a_section_is_no_trouble(stimuli, Net, seeded):
    network = seeded(
        lambda: Net(
            lambda net, x: net.head(net.act(x) + net.inner(net.act(x))),
            act=nn.Tanh(),
            inner=nn.Linear(4, 4),
            head=nn.Linear(4, 3),
        )
    )
    recorder, (before, after) = record(network, stimuli, [":input", "head"])
    recorder.check(0, before, after)


DIFFERENTIABLE = "derivatives cannot be computed by torch.func, which raised"


@pytest.mark.parametrize(
    ("forward", "message"),
    [
        (lambda net, x: x if net.one(x).sum() > 1e9 else -x, DIFFERENTIABLE),
        (lambda net, x: F.dropout(net.one(x), 0.5, training=True), DIFFERENTIABLE),
        (lambda net, x: net.two(net.one(x).detach().cpu().numpy()), DIFFERENTIABLE),
    ],
)
def test_what_torch_cannot_differentiate_is_refused(forward, message, stimuli, Net):
    class ToTensor(nn.Module):
        def forward(self, x):
            return torch.from_numpy(x)

    network = Net(forward, one=nn.Linear(4, 40), two=ToTensor())
    if "dropout" in forward.__code__.co_names:
        with pytest.warns(UserWarning, match="depends on the others"):
            recorder, tables = record(network, stimuli, ["one", "Net"])
    else:
        recorder, tables = record(network, stimuli, ["one", "Net"])
    with pytest.raises(ValueError, match=message):
        recorder.check(0, *tables)


def test_only_tensors_can_be_replaced(stimuli, Net, seeded):
    network = seeded(
        lambda: Net(
            lambda net, x: net.head(net.rnn(x[:, None])[0][:, 0]),
            rnn=nn.RNN(4, 3, batch_first=True),
            head=nn.Linear(3, 2),
        )
    )
    recorder, tables = record(network, stimuli, ["rnn", "head"])
    with pytest.raises(ValueError, match="'rnn' gives tuple, of which no tensor can"):
        recorder.check(0, *tables)


def test_memory_that_runs_out(make_mlp, stimuli):
    network = make_mlp()
    recorder, tables = record(network, stimuli, ["1", "2"])

    def run_out(*_):
        raise MemoryError("planted")

    hook = network[2].register_forward_pre_hook(run_out)
    try:
        with pytest.raises(MemoryError, match="smaller batch_size, or layers of fewer"):
            recorder.predict(0, tables[0])
    finally:
        hook.remove()


def test_network_is_left_as_it_was(make_mlp, stimuli):
    network = nn.Sequential(make_mlp(), nn.BatchNorm1d(3), nn.Dropout(0.5))
    network.train()
    state = {name: t.clone() for name, t in network.state_dict().items()}
    random = torch.random.get_rng_state()
    recorder, tables = record(network, stimuli, ["0.1", "2"])
    recorder.check(0, *tables)
    recorder.multiply_derivatives(0, tables[0], make_rotation(5), np.eye(3))
    assert all(module.training for module in network.modules())
    assert not any(module._forward_hooks for module in network.modules())
    assert not any(parameter.grad is not None for parameter in network.parameters())
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, state[name])
    assert torch.equal(torch.random.get_rng_state(), random)


@pytest.mark.parametrize("context", [torch.inference_mode, torch.no_grad])
def test_derivatives_where_gradients_are_switched_off(context, make_mlp, stimuli):
    recorder, tables = record(make_mlp(), stimuli, ["1", "2"])
    given = (0, tables[0], make_rotation(5), np.eye(3))
    expected = recorder.multiply_derivatives(*given)
    with context():
        found = recorder.multiply_derivatives(*given)
    assert_array_equal(found, expected)
    assert found.any()
