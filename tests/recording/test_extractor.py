"""ActivationExtractor on real torch code, against outputs computed by hand."""

import copy
import dataclasses
import pickle
import sys
import threading

import numpy as np
import pytest
from joblib import parallel_config
from numpy.testing import assert_allclose, assert_array_equal

from sktopo import ActivationExtractor

torch = pytest.importorskip("torch")
nn = torch.nn


def seeded(make):
    """Build a network whose weights do not depend on other tests."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        return make()


def make_mlp(n_hidden=5):
    return seeded(
        lambda: nn.Sequential(
            nn.Linear(4, n_hidden), nn.Tanh(), nn.Linear(n_hidden, 3), nn.ReLU()
        )
    )


class Net(nn.Module):
    """A network whose forward is given as a function of itself and the input."""

    def __init__(self, forward, **parts):
        super().__init__()
        self._forward = forward
        for name, part in parts.items():
            self.add_module(name, part)

    def forward(self, x):
        return self._forward(self, x)


@pytest.fixture
def stimuli():
    return np.random.default_rng(0).normal(size=(11, 4)).astype(np.float32)


def by_hand(network, stimuli):
    """Run a Sequential layer by layer; the outputs of all layers."""
    outputs, x = [], torch.as_tensor(stimuli)
    with torch.no_grad():
        for layer in copy.deepcopy(network).eval():
            x = layer(x.clone())
            outputs.append(x.clone().numpy())
    return outputs


# --- what varies ------------------------------------------------------------------


@pytest.mark.parametrize("batch_size", [1, 3, 10, 256])
def test_networks_vary(stimuli, batch_size):
    networks = [make_mlp(), make_mlp()]
    with torch.no_grad():
        networks[1][0].weight.mul_(-2)
    extractor = ActivationExtractor(stimuli=stimuli, batch_size=batch_size)
    found = extractor.fit_transform(networks)
    assert found.shape == (2, 11, 8)
    assert found.dtype == np.float32
    for activations, network in zip(found, networks, strict=True):
        _, tanh, _, relu = by_hand(network, stimuli)
        assert_allclose(activations, np.hstack([tanh, relu]), atol=1e-6)
    assert extractor.n_nodes_ == 8
    assert list(extractor.get_feature_names_out()[[0, 4, 5]]) == [
        "1[0]",
        "1[4]",
        "3[0]",
    ]


def test_stimuli_vary_one_per_row(stimuli):
    network = make_mlp()
    extractor = ActivationExtractor(network).fit(stimuli)
    _, tanh, _, relu = by_hand(network, stimuli)
    assert_allclose(extractor.transform(stimuli), np.hstack([tanh, relu]), atol=1e-6)
    assert extractor.transform(stimuli.astype(float)).dtype == np.float64
    assert extractor.n_features_in_ == 4
    with pytest.raises(ValueError, match="X has 3 features"):
        extractor.transform(stimuli[:, :3])


@pytest.mark.parametrize("kind", [np.asarray, list, torch.as_tensor])
def test_stimulus_sets_vary(stimuli, kind):
    network = make_mlp()
    sets = kind(np.stack([stimuli, -stimuli]))
    found = ActivationExtractor(network).fit_transform(sets)
    assert found.shape == (2, 11, 8)
    assert_allclose(found[1][:, :5], by_hand(network, -stimuli)[1], atol=1e-6)
    ragged = ActivationExtractor(network).fit_transform([stimuli, stimuli[:3]])
    assert [sample.shape for sample in ragged] == [(11, 8), (3, 8)]


def test_both_vary(stimuli):
    pairs = [(make_mlp(), stimuli), (make_mlp(), -stimuli)]
    found = ActivationExtractor().fit_transform(pairs)
    assert_allclose(found[1][:, :5], by_hand(pairs[1][0], -stimuli)[1], atol=1e-6)


def test_recorded_activations_pass_through():
    recorded = np.random.default_rng(0).normal(size=(3, 7, 4))
    extractor = ActivationExtractor()
    for X in (recorded, recorded[0]):
        assert_array_equal(extractor.fit_transform(X), X)
        assert list(extractor.get_feature_names_out()) == ["x0", "x1", "x2", "x3"]
    ragged = [recorded[0], recorded[1][:5]]
    for found, given in zip(extractor.fit_transform(ragged), ragged, strict=True):
        assert_array_equal(found, given)
    with pytest.raises(ValueError, match="X has 3 features"):
        extractor.fit(recorded).transform(recorded[..., :3])


def test_widths_that_differ_give_a_list(stimuli):
    networks = [make_mlp(5), make_mlp(6)]
    extractor = ActivationExtractor(stimuli=stimuli).set_output(transform="pandas")
    found = extractor.fit_transform(networks)
    assert [sample.shape for sample in found] == [(11, 8), (11, 9)]
    with pytest.raises(ValueError, match="no common names"):
        extractor.get_feature_names_out()
    extractor.fit(networks[:1])
    with pytest.raises(ValueError, match="Sample 1 has 9 nodes, .* of 8"):
        extractor.transform(networks)


def test_object_arrays_of_networks(stimuli):
    networks = np.empty(2, dtype=object)
    networks[:] = make_mlp(), make_mlp()
    assert ActivationExtractor(stimuli=stimuli).fit_transform(networks).shape[0] == 2


@pytest.mark.parametrize(
    ("parameters", "X", "error", "message"),
    [
        ({"model": True, "stimuli": True}, "networks", ValueError, "nothing is left"),
        ({}, "networks", ValueError, "needs stimuli=, but neither"),
        ({"model": True}, "networks", ValueError, "needs stimuli=, but model="),
        ({"stimuli": True}, "table", ValueError, "needs model=, but stimuli="),
        ({"stimuli": True}, "pairs", ValueError, "neither model= nor stimuli="),
        ({"stimuli": True}, "network", TypeError, "single network"),
        ({"stimuli": True}, "states", TypeError, "X holds OrderedDict"),
        ({}, "odd pairs", TypeError, "Sample 1 of X must be a pair"),
        ({}, "swapped", TypeError, "Sample 0 of X must be a torch.nn.Module, got nd"),
        ({"stimuli": True}, "empty", ValueError, "0 samples"),
        ({"stimuli": True}, "objects", TypeError, "X holds object"),
        ({"stimuli": "loader"}, "networks", TypeError, "array or a tensor, got object"),
        ({"stimuli": True}, "mixed", TypeError, "Sample 1 of X must be a torch"),
        ({"model": "path.pt"}, "table", TypeError, "model must be a torch.nn.Module"),
    ],
)
def test_unclear_input(stimuli, parameters, X, error, message):
    network = make_mlp()
    X = {
        "networks": [network],
        "table": stimuli,
        "pairs": [(network, stimuli)],
        "network": network,
        "states": [network.state_dict()],
        "mixed": [network, "other"],
        "swapped": [(stimuli, network)],
        "empty": [],
        "odd pairs": [(network, stimuli), network],
        "objects": [object()],
    }[X]
    values = {"model": network, "stimuli": stimuli}
    given = {
        name: {True: values[name], "loader": object()}.get(value, value)
        for name, value in parameters.items()
    }
    with pytest.raises(error, match=message):
        ActivationExtractor(**given).fit(X)


def test_transform_needs_the_kind_that_was_fitted(stimuli):
    network = make_mlp()
    extractor = ActivationExtractor(network).fit(stimuli)
    with pytest.raises(ValueError, match="holds stimulus sets, .* fitted on stimuli"):
        extractor.transform(stimuli[None])


# --- layers -----------------------------------------------------------------------


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
def test_layers(stimuli, layers, names):
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
    for layers in (nn.Conv2d, "conv*", ["act", "conv"]):
        with pytest.raises(ValueError, match="No layer of the network matches"):
            ActivationExtractor(network, layers=layers).fit(stimuli)
    with pytest.raises(ValueError, match="names, patterns or module types"):
        ActivationExtractor(network, layers=[3]).fit(stimuli)


def test_functional_activations_say_which_layers_exist(stimuli):
    network = Net(lambda net, x: torch.relu(net.fc(x)), fc=nn.Linear(4, 2))
    with pytest.raises(ValueError, match="cannot be hooked.*among: fc"):
        ActivationExtractor(network).fit(stimuli)


def test_layers_that_do_not_run(stimuli):
    network = Net(lambda net, x: net.used(x), used=nn.Tanh(), idle=nn.Tanh())
    found = ActivationExtractor(network).fit(stimuli).get_feature_names_out()
    assert [name.split("[")[0] for name in found] == ["used"] * 4
    with pytest.raises(ValueError, match=r"\['idle'\].*does not run"):
        ActivationExtractor(network, layers=["used", "idle"]).fit(stimuli)


def test_softmax_and_attention_are_no_activation_functions(stimuli):
    network = nn.Sequential(nn.Tanh(), nn.Softmax(dim=1))
    assert ActivationExtractor(network).fit(stimuli).n_nodes_ == 4


def test_a_network_that_is_an_activation_function(stimuli):
    extractor = ActivationExtractor(nn.ReLU())
    assert_array_equal(extractor.fit_transform(stimuli), np.maximum(stimuli, 0))
    assert extractor.get_feature_names_out()[0] == "ReLU[0]"


# --- traps ------------------------------------------------------------------------


def test_module_used_twice(stimuli):
    network = Net(
        lambda net, x: net.act(net.fc2(net.act(net.fc1(x)))),
        fc1=nn.Linear(4, 5),
        fc2=nn.Linear(5, 3),
        act=nn.Tanh(),
    )
    extractor = ActivationExtractor(network, batch_size=4)
    found = extractor.fit_transform(stimuli)
    names = list(extractor.get_feature_names_out())
    assert names[4:6] == ["act[4]", "act#2[0]"]
    with torch.no_grad():
        first = torch.tanh(network.fc1(torch.as_tensor(stimuli)))
        second = torch.tanh(network.fc2(first))
    assert_allclose(found, torch.hstack([first, second]), atol=1e-6)


def test_module_with_two_names_is_recorded_once(stimuli):
    act = nn.Tanh()
    network = Net(lambda net, x: net.a(x), a=act, b=act)
    assert ActivationExtractor(network).fit(stimuli).n_nodes_ == 4
    extractor = ActivationExtractor(network, layers=["b"]).fit(stimuli)
    assert extractor.get_feature_names_out()[0] == "b[0]"


def test_in_place_activations(stimuli):
    network = seeded(
        lambda: nn.Sequential(nn.Linear(4, 5), nn.ReLU(inplace=True), nn.Linear(5, 2))
    )
    before = stimuli.copy()
    found = ActivationExtractor(network, layers=["0", "1"]).fit_transform(stimuli)
    linear, relu, _ = by_hand(network, stimuli)
    assert linear.min() < 0
    assert_allclose(found, np.hstack([linear, relu]), atol=1e-6)
    # The very first operation would write to the input, were it not copied.
    for X in (stimuli, torch.as_tensor(stimuli)[None]):
        ActivationExtractor(nn.ReLU(inplace=True)).fit_transform(X)
    assert_array_equal(stimuli, before)


def test_read_only_stimuli(stimuli):
    stimuli.setflags(write=False)
    ActivationExtractor(nn.ReLU(inplace=True)).fit_transform(stimuli)


def test_batch_norm_and_dropout_evaluate(stimuli):
    network = seeded(
        lambda: nn.Sequential(
            nn.Linear(4, 6), nn.ReLU(), nn.BatchNorm1d(6), nn.Dropout(0.5), nn.Tanh()
        )
    )
    network.train()
    network[1].eval()  # modes may be mixed
    state = copy.deepcopy(network.state_dict())
    extractor = ActivationExtractor(stimuli=stimuli)
    found = extractor.fit_transform([network, network])
    assert_array_equal(found[0], found[1])
    outputs = by_hand(network, stimuli)
    assert_allclose(found[0], np.hstack([outputs[1], outputs[4]]), atol=1e-6)
    assert [m.training for m in network] == [True, False, True, True, True]
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, state[name])


def hooks_of(network):
    return [hook for m in network.modules() for hook in m._forward_hooks.values()]


@pytest.mark.parametrize("when", ["first batch", "later batch"])
def test_a_network_that_raises_half_way_is_left_as_it_was(stimuli, when):
    class Boom(Exception):
        pass

    shown = []

    def forward(net, x):
        shown.append(len(x))
        x = net.act(x)
        if when == "first batch" or len(shown) > 2:
            raise Boom("half way")
        return net.last(x)

    network = Net(forward, act=nn.Dropout(), last=nn.Tanh()).train()
    own = network.act.register_forward_hook(lambda *_: None)
    random = torch.random.get_rng_state()
    extractor = ActivationExtractor(stimuli=stimuli, layers=["act", "last"])
    with pytest.raises(Boom, match="half way") as caught:
        extractor.fit_transform([network])
    assert "sample 0 of X" in caught.value.__notes__[0]
    assert all(module.training for module in network.modules())
    assert len(hooks_of(network)) == 1
    assert torch.equal(torch.random.get_rng_state(), random)
    assert not torch.is_inference_mode_enabled()
    own.remove()


def test_random_numbers_of_torch_are_left_alone(stimuli):
    network = Net(lambda net, x: net.act(x + torch.rand(4)), act=nn.Tanh())
    random = torch.random.get_rng_state()
    found = ActivationExtractor(network).fit_transform(stimuli)
    assert_array_equal(ActivationExtractor(network).fit_transform(stimuli), found)
    assert torch.equal(torch.random.get_rng_state(), random)


def test_threads_take_turns(stimuli):
    network = seeded(lambda: nn.Sequential(nn.Linear(4, 5), nn.Dropout(0.5), nn.Tanh()))
    network.train()
    extractor = ActivationExtractor(stimuli=np.tile(stimuli, (40, 1)), batch_size=3)
    expected = extractor.fit_transform([network])
    found = [None] * 4

    def work(k):
        found[k] = extractor.transform([network])

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for activations in found:
        assert_array_equal(activations, expected)
    assert all(module.training for module in network.modules())


def test_networks_that_change_their_way(stimuli):
    def forward(net, x):
        net.act(x)
        return net.act(x) if len(x) != 2 else x

    network = Net(forward, act=nn.Tanh())
    with pytest.raises(ValueError, match="ran otherwise than on the first"):
        ActivationExtractor(network).fit_transform(stimuli)
    network = Net(lambda net, x: net.act(x) if len(x) == 2 else x, act=nn.Tanh())
    with pytest.raises(ValueError, match="did not run on stimuli"):
        ActivationExtractor(network).fit_transform(stimuli)


def test_diverged_networks(stimuli):
    network, broken = make_mlp(), make_mlp()
    broken[0].weight.data[0] = np.nan
    with pytest.raises(ValueError, match="Sample 1 of X: layer '1' gives NaN"):
        ActivationExtractor(stimuli=stimuli).fit([network, broken])
    late = Net(lambda net, x: net.act(x / (x != 5)), act=nn.Identity())
    extractor = ActivationExtractor(stimuli=stimuli, layers="act")
    stimuli[7, 2] = 5
    with pytest.raises(ValueError, match="Sample 0 of X: layer 'act' gave NaN"):
        extractor.fit([late]).transform([late])


def test_stimuli_that_depend_on_each_other(tokens):
    # torch's default: the first axis is time.
    network = seeded(lambda: nn.LSTM(8, 5))
    extractor = ActivationExtractor(stimuli=tokens, layers="")
    with pytest.warns(UserWarning, match="Sample 0 of X.*batch_first=True"):
        extractor.fit([network])
    network = nn.Sequential(nn.BatchNorm1d(7, track_running_stats=False), nn.Tanh())
    with pytest.warns(UserWarning, match="normalisation run without its statistics"):
        ActivationExtractor(stimuli=tokens).fit([network])


def test_networks_that_cache_can_be_trained_afterwards(stimuli):
    def forward(net, x):
        if not hasattr(net, "cached"):
            net.cached = torch.cos(torch.arange(4.0))
        return net.act(net.fc(x) * net.cached)

    network = seeded(lambda: Net(forward, fc=nn.Linear(4, 4), act=nn.Tanh()))
    ActivationExtractor(stimuli=stimuli).fit_transform([network])
    network(torch.as_tensor(stimuli)).sum().backward()
    assert network.fc.weight.grad is not None


def test_networks_whose_eval_does_more_are_left_as_they_were(stimuli):
    class Merging(nn.Linear):  # as low-rank adapters do
        merged = False

        def train(self, mode=True):
            self.merged = not mode
            return super().train(mode)

    network = nn.Sequential(seeded(lambda: Merging(4, 3)), nn.Tanh()).train()
    ActivationExtractor(stimuli=stimuli).fit_transform([network])
    assert network[0].training and not network[0].merged


def test_networks_that_use_gradients_inside(stimuli):
    def forward(net, x):
        with torch.enable_grad():
            x = x.clone().requires_grad_()
            (slope,) = torch.autograd.grad(net.act(x).sum(), x)
        return net.last(slope)

    network = Net(forward, act=nn.Tanh(), last=nn.ReLU())
    found = ActivationExtractor(network, layers="last").fit_transform(stimuli)
    assert_allclose(found, 1 - np.tanh(stimuli) ** 2, atol=1e-6)


def test_compiled_networks(stimuli):
    network = make_mlp()
    expected = ActivationExtractor(stimuli=stimuli).fit_transform([network])
    compiled = torch.compile(network, backend="eager")
    extractor = ActivationExtractor(stimuli=stimuli)
    assert_allclose(extractor.fit_transform([compiled]), expected, atol=1e-6)
    assert extractor.node_names_[0] == "_orig_mod.1[0]"


@pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning")
def test_scripted_networks(stimuli):
    scripted = torch.jit.script(make_mlp())
    with pytest.raises(ValueError, match="TorchScript"):
        ActivationExtractor(stimuli=stimuli).fit([scripted])


def test_activations_of_weights_are_not_recorded(stimuli):
    network = make_mlp()
    nn.utils.parametrize.register_parametrization(network[0], "weight", nn.Softplus())
    found = ActivationExtractor(stimuli=stimuli).fit([network]).node_names_
    assert found[0] == "1[0]"


# --- convolutions, tokens, recurrence ---------------------------------------------


@pytest.fixture
def images():
    return np.random.default_rng(1).normal(size=(6, 2, 5, 4)).astype(np.float32)


def make_cnn():
    return seeded(
        lambda: nn.Sequential(nn.Conv2d(2, 3, 3, padding=1), nn.ReLU(), nn.Flatten())
    )


def test_channels_or_units_as_nodes(images):
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


def test_observations_need_equally_many_positions(images):
    network = nn.Sequential(*make_cnn(), nn.Linear(60, 7), nn.ReLU())
    extractor = ActivationExtractor(stimuli=images, reduce="observations")
    with pytest.raises(ValueError, match="equally many positions, got 1: 20, 4: 1"):
        extractor.fit([network])
    assert extractor.set_params(layers="1").fit([network]).n_nodes_ == 3


def test_rows_are_samples_and_stay_so(images):
    network = nn.Sequential(nn.Unflatten(1, (2, 5, 4)), *make_cnn())
    table = images.reshape(6, -1)
    found = ActivationExtractor(network).fit_transform(table)
    assert_allclose(found, by_hand(network, table)[2].mean(axis=(2, 3)), atol=1e-6)
    with pytest.raises(ValueError, match="several rows of each stimulus"):
        ActivationExtractor(network, reduce="observations").fit(table)


@pytest.fixture
def tokens():
    return np.random.default_rng(2).normal(size=(6, 7, 8)).astype(np.float32)


@pytest.mark.parametrize("activation", [nn.GELU(), "relu"])
def test_transformer_encoder(tokens, activation):
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


def test_channel_axis_follows_the_layer_before(tokens):
    conv = nn.Sequential(nn.Conv1d(7, 5, 1), nn.ReLU())
    linear = nn.Sequential(nn.Linear(8, 4), nn.ReLU())
    both = nn.Sequential(*conv, *linear)
    for network, n_nodes in ((conv, 5), (linear, 4), (both, 5 + 4)):
        assert ActivationExtractor(stimuli=tokens).fit([network]).n_nodes_ == n_nodes
    forced = ActivationExtractor(stimuli=tokens, channel_axis=1)
    assert forced.fit([linear]).n_nodes_ == 7
    for axis in (7, -3):
        with pytest.raises(ValueError, match=f"channel_axis={axis} is no axis"):
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


def last():
    return Net(lambda _, x: x.movedim(1, -1))


@pytest.mark.parametrize(
    ("make", "n_nodes"),
    [
        (lambda: [conv(), SqueezeExcite(), nn.ReLU()], 6),
        (lambda: [conv(), nn.LayerNorm([6, 5, 4]), nn.ReLU()], 6),
        (lambda: [conv(), LayerNorm2d(6), nn.GELU()], 6),
        (lambda: [*flat(), nn.Unflatten(1, (7, 4, 3)), nn.ReLU()], 7),
        (lambda: [conv(), nn.Flatten(2), Net(lambda _, x: x.mT), nn.GELU()], 6),
        (lambda: [conv(), last(), nn.Linear(6, 9), nn.GELU()], 9),
        (lambda: [conv(), nn.Flatten(2), nn.Conv1d(6, 3, 1), nn.ReLU()], 3),
    ],
)
def test_channels_are_found(images, make, n_nodes):
    network = seeded(lambda: nn.Sequential(*make()))
    assert ActivationExtractor(stimuli=images).fit([network]).n_nodes_ == n_nodes


def test_transformer_with_padding(tokens):
    def forward(net, x):
        return net.encoder(x, src_key_padding_mask=x[..., 0] > 1)

    network = seeded(
        lambda: Net(
            forward,
            encoder=nn.TransformerEncoder(
                nn.TransformerEncoderLayer(
                    8, 2, 16, batch_first=True, activation=nn.GELU()
                ),
                num_layers=2,
                enable_nested_tensor=True,
            ),
        )
    )
    fast = torch.backends.mha.get_fastpath_enabled()
    extractor = ActivationExtractor(stimuli=tokens).fit([network])
    assert extractor.n_nodes_ == 32
    assert extractor.transform([network]).shape == (1, 6, 32)
    assert torch.backends.mha.get_fastpath_enabled() == fast


def test_recurrent_layers(tokens):
    network = seeded(lambda: nn.LSTM(8, 3, batch_first=True))
    found = ActivationExtractor(stimuli=tokens, layers="").fit_transform([network])
    with torch.no_grad():
        expected = network(torch.as_tensor(tokens))[0].mean(dim=1)
    assert_allclose(found[0], expected, atol=1e-6)
    wrong = nn.Sequential(nn.Tanh(), Net(lambda _, x: x.transpose(0, 1)))
    with pytest.raises(ValueError, match="batch_first=True"):
        ActivationExtractor(stimuli=tokens, layers="1").fit([wrong])


def test_token_identifiers_stay_integers():
    network = seeded(lambda: nn.Sequential(nn.Embedding(9, 3), nn.Tanh()))
    words = np.random.default_rng(3).integers(0, 9, (10, 6))
    found = ActivationExtractor(network).fit_transform(words)
    expected = torch.tanh(network[0].weight[torch.as_tensor(words)]).mean(dim=1)
    assert_allclose(found, expected.detach(), atol=1e-6)
    tensor = ActivationExtractor(network).fit_transform([torch.as_tensor(words)])
    assert_allclose(tensor[0], found)
    look_up = Net(
        lambda net, x: net.act(nn.functional.embedding(x, network[0].weight)),
        act=nn.Tanh(),
    )
    as_table = ActivationExtractor(look_up).fit_transform(torch.as_tensor(words))
    assert_allclose(as_table, found)
    with pytest.raises(ValueError, match="or a torch tensor of integers"):
        ActivationExtractor(look_up).fit(words)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
def test_tables_as_tensors(stimuli, dtype):
    network = make_mlp()
    table = torch.as_tensor(stimuli).to(dtype).requires_grad_()
    found = ActivationExtractor(network).fit_transform(table)
    expected = ActivationExtractor(network).fit_transform(stimuli)
    assert_allclose(found, expected, atol=1e-6 if dtype == torch.float32 else 0.05)


@pytest.mark.filterwarnings("ignore:.*quanti:Warning")
@pytest.mark.filterwarnings("ignore:.*deprecat:Warning")
def test_quantized_networks(stimuli):
    network = torch.ao.quantization.quantize_dynamic(make_mlp(), {nn.Linear})
    found = ActivationExtractor(stimuli=stimuli.astype(float)).fit_transform([network])
    expected = ActivationExtractor(stimuli=stimuli).fit_transform([make_mlp()])
    assert_allclose(found, expected, atol=0.05)


def test_integers_become_floats_for_other_networks():
    pixels = np.random.default_rng(4).integers(0, 255, (5, 4), dtype=np.uint8)
    network = make_mlp()
    found = ActivationExtractor(stimuli=pixels).fit_transform([network])
    expected = by_hand(network, pixels.astype(np.float32))[1]
    assert_allclose(found[0][:, :5], expected, atol=1e-6)


def test_mappings_and_outputs_without_tensors(stimuli):
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


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
def test_precision_of_networks(stimuli, dtype):
    network = make_mlp().to(dtype)
    found = ActivationExtractor(stimuli=stimuli).fit_transform([network])
    assert found.dtype == (np.float64 if dtype == torch.float64 else np.float32)
    exact = ActivationExtractor(stimuli=stimuli).fit_transform([make_mlp()])
    assert_allclose(found, exact, atol=1e-6 if dtype == torch.float64 else 0.05)


# --- devices, torch, parameters ---------------------------------------------------


@pytest.mark.parametrize("change", [torch.Tensor.to_sparse, torch.Tensor.cfloat])
def test_sparse_and_complex_tensors(stimuli, change):
    with pytest.raises(TypeError, match="expected a dense one of real numbers"):
        ActivationExtractor(stimuli=change(torch.as_tensor(stimuli))).fit([make_mlp()])


def test_errors_name_the_sample(stimuli):
    network = make_mlp()
    with pytest.raises(ValueError, match="stimuli of sample 1 contains NaN"):
        ActivationExtractor().fit([(network, stimuli), (network, stimuli * np.nan)])
    images = np.ones((6, 1, 8, 8))
    with pytest.raises(ValueError, match="Stimulus set 0 of X .*for one set give"):
        ActivationExtractor(nn.Sequential(nn.Conv2d(3, 2, 3), nn.ReLU())).fit(images)


def test_devices_that_are_not_there(stimuli):
    for device in ("cuda:99", "nowhere", "meta"):
        extractor = ActivationExtractor(stimuli=stimuli, device=device)
        with pytest.raises(ValueError, match="cannot be used"):
            extractor.fit([make_mlp()])


@pytest.mark.filterwarnings("ignore:Lazy modules are a new feature:UserWarning")
def test_networks_without_weights(stimuli):
    with pytest.raises(ValueError, match="Sample 0 of X is on the meta device"):
        ActivationExtractor(stimuli=stimuli).fit([make_mlp().to("meta")])
    lazy = nn.Sequential(nn.LazyLinear(3), nn.ReLU())
    with pytest.raises(ValueError, match="lazy parameter '0.weight'"):
        ActivationExtractor(stimuli=stimuli).fit([lazy])


def test_chosen_device_leaves_the_network_where_it_is(stimuli):
    network = make_mlp()
    places = [p.data_ptr() for p in network.parameters()]
    expected = ActivationExtractor(stimuli=stimuli).fit_transform([network])
    found = ActivationExtractor(stimuli=stimuli, device="cpu").fit_transform([network])
    assert_array_equal(found, expected)
    assert [p.data_ptr() for p in network.parameters()] == places


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_gpu_equals_cpu(stimuli):
    network = seeded(
        lambda: nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.Tanh())
    )
    expected = ActivationExtractor(stimuli=stimuli).fit_transform([network])
    random = torch.cuda.get_rng_state()
    found = ActivationExtractor(stimuli=stimuli, device="cuda").fit_transform([network])
    assert_allclose(found, expected, atol=1e-5)
    assert {p.device.type for p in network.parameters()} == {"cpu"}
    assert torch.equal(torch.cuda.get_rng_state(), random)
    network.to("cuda")
    found = ActivationExtractor(stimuli=stimuli).fit_transform([network])
    assert_allclose(found, expected, atol=1e-5)
    found = ActivationExtractor(
        stimuli=torch.as_tensor(stimuli, device="cuda"), device="cpu"
    ).fit_transform([network])
    assert_allclose(found, expected, atol=1e-5)


# --- several jobs -----------------------------------------------------------------


@pytest.fixture
def one_thread():
    """Compute as workers do: with two workers joblib gives each half of the threads."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with parallel_config(backend="loky", inner_max_num_threads=1):
        yield
    torch.set_num_threads(n_threads)


@pytest.mark.usefixtures("one_thread")
def test_jobs_give_the_same_bits_and_leave_networks_as_they_were(stimuli):
    networks = [make_mlp(n_hidden) for n_hidden in (5, 5, 5, 6)]
    for network in networks:
        network[3].train(False)
    sets = [stimuli, -stimuli[:3]]
    before = copy.deepcopy(networks)
    for parameters, X in (
        ({"stimuli": stimuli}, networks[:3]),
        ({"stimuli": torch.as_tensor(stimuli)}, networks[:3]),
        ({"stimuli": stimuli}, networks),  # of two widths
        ({"model": networks[0]}, sets),
        ({"model": networks[0]}, stimuli),
        ({}, [(networks[0], -stimuli), (networks[3], stimuli)]),
        ({}, np.stack([stimuli, -stimuli])),
    ):
        alone = ActivationExtractor(**parameters, batch_size=4, n_jobs=1)
        shared = ActivationExtractor(**parameters, batch_size=4, n_jobs=2)
        expected, found = alone.fit_transform(X), shared.fit_transform(X)
        assert type(found) is type(expected)
        for table, other in zip(found, expected, strict=True):
            assert table.dtype == other.dtype
            assert_array_equal(table, other)
    for network, other in zip(networks, before, strict=True):
        assert [m.training for m in network] == [True, True, True, False]
        assert not any(m._forward_hooks for m in network)
        for name, tensor in network.state_dict().items():
            assert torch.equal(tensor, other.state_dict()[name])


@pytest.mark.usefixtures("one_thread")
def test_errors_of_jobs_name_the_sample(stimuli):
    stimuli[7] = 1e38
    networks = [make_mlp(), make_mlp(), make_mlp()]
    with torch.no_grad():
        networks[1][2].weight.mul_(1e38)
    networks[1][1] = nn.Identity()
    extractor = ActivationExtractor(stimuli=stimuli, layers=nn.ReLU, n_jobs=2)
    with pytest.raises(ValueError, match="Sample 1 of X: layer '3' gave NaN") as caught:
        extractor.fit_transform(networks)
    assert caught.value.__notes__ == ["This happened with sample 1 of X."]


def test_threads_record_into_arrays_of_their_own(stimuli):
    networks = [make_mlp(), make_mlp()]
    extractor = ActivationExtractor(stimuli=stimuli, n_jobs=2)
    with parallel_config(backend="threading"):
        found = extractor.fit_transform(networks)
    assert_array_equal(found, extractor.set_params(n_jobs=1).fit_transform(networks))


def test_weights_can_run_elsewhere(stimuli, monkeypatch):
    # Stands in for a GPU: copies of the weights are run, not the weights.
    from sktopo import _recording

    network = make_mlp()
    expected = ActivationExtractor(stimuli=stimuli).fit_transform([network])
    seen = []

    def on_device(network, device):
        state = {k: v + 0 for k, v in _recording._state(network).items()}
        seen.append(device)
        return (
            lambda x: torch.func.functional_call(network, state, (x,)),
            torch.device("cpu"),
        )

    monkeypatch.setattr(_recording, "_on_device", on_device)
    assert_array_equal(
        ActivationExtractor(stimuli=stimuli).fit_transform([network]), expected
    )
    assert seen


def test_without_torch(stimuli, monkeypatch):
    network = make_mlp()
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ImportError, match=r"pip install 'sktopo\[torch\]'"):
        ActivationExtractor(network).fit(stimuli)
    assert_array_equal(ActivationExtractor().fit_transform(stimuli), stimuli)


class Sending(torch.nn.Sequential):
    """A network that is pickled and copied while it runs, as Dask may do."""

    sent = []

    def forward(self, x):
        """Send the network, then run it."""
        type(self).sent += [pickle.dumps(self), copy.deepcopy(self)]
        return super().forward(x)


def test_networks_sent_while_they_are_recorded(stimuli):
    """Hooks stay behind: copies can be recorded, and write nowhere."""
    Sending.sent.clear()
    n_inputs = stimuli.shape[1]
    network = Sending(torch.nn.Linear(n_inputs, 3), torch.nn.ReLU())
    expected = ActivationExtractor(stimuli=stimuli).fit_transform([network])
    sent, copied = Sending.sent[-2:]
    for again in (pickle.loads(sent), copied):
        activations = ActivationExtractor(stimuli=stimuli).fit_transform([again])
        np.testing.assert_array_equal(activations, expected)


def test_pickle(stimuli):
    extractor = ActivationExtractor(make_mlp()).fit(stimuli)
    again = pickle.loads(pickle.dumps(extractor))
    assert_array_equal(again.transform(stimuli), extractor.transform(stimuli))


def test_progress_bar(stimuli, capsys):
    ActivationExtractor(stimuli=stimuli).fit_transform([make_mlp()])
    assert capsys.readouterr() == ("", "")
    ActivationExtractor(stimuli=stimuli, verbose=True).fit_transform([make_mlp()])
    assert "1/1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (lambda s: s[:, :3], r"first 2 of 11 stimuli, a batch of shape \(2, 3\)"),
        (lambda s: s[:0], "0 sample"),
        (lambda s: s.astype(complex), "Complex"),
        (lambda s: np.where(s > 1, np.nan, s), "stimuli contains NaN"),
        (lambda s: torch.as_tensor(np.where(s > 1, np.inf, s)), "NaN or infinity"),
        (lambda s: torch.as_tensor(s)[0], "expected .n_stimuli"),
        (lambda s: torch.as_tensor(s).to(torch.uint8), "could not be run"),
        (lambda s: np.full((3, 4), "a"), "strings|convert"),
    ],
)
def test_bad_stimuli(stimuli, bad, message):
    with pytest.raises(ValueError, match=message):
        ActivationExtractor(stimuli=bad(stimuli)).fit([make_mlp()])


@pytest.mark.parametrize(
    "parameters",
    [
        {"reduce": "median"},
        {"channel_axis": 0},
        {"channel_axis": "last"},
        {"layers": 0},
        {"layers": []},
        {"batch_size": 0},
        {"batch_size": 2.5},
        {"batch_size": True},
        {"verbose": "yes"},
    ],
)
def test_bad_parameters(stimuli, parameters):
    with pytest.raises(ValueError, match=next(iter(parameters))):
        ActivationExtractor(stimuli=stimuli, **parameters).fit([make_mlp()])
