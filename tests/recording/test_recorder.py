"""Running networks: what is recorded, and that networks are left as they were."""

import copy
import pickle
import threading
import time

import numpy as np
import pytest
from joblib import parallel_config
from numpy.testing import assert_allclose, assert_array_equal

from sktopo import ActivationExtractor
from sktopo.recording._inputs import read_inputs
from sktopo.recording._recorder import Recorder, RecordingOptions
from sktopo.recording._samples import Sample

torch = pytest.importorskip("torch")
nn = torch.nn


def test_module_used_twice(stimuli, Net):
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


def test_in_place_activations(stimuli, seeded, by_hand):
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


def test_batch_norm_and_dropout_evaluate(stimuli, seeded, by_hand):
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
def test_a_network_that_raises_half_way_is_left_as_it_was(stimuli, when, Net):
    class Boom(Exception):
        pass

    shown = []

    def forward(net, x):
        shown.append(len(x))
        x = net.act(x)
        if when == "first batch" or len(shown) > 1:
            raise Boom("half way")
        return net.last(x)

    network = Net(forward, act=nn.Dropout(), last=nn.Tanh()).train()
    own = network.act.register_forward_hook(lambda *_: None)
    random = torch.random.get_rng_state()
    extractor = ActivationExtractor(stimuli=stimuli, layers=["act", "last"])
    message = r"Sample 0 of X \(Net\) .* of 11.*, of shape .*: Boom: half way\."
    with pytest.raises(ValueError, match=message) as caught:
        extractor.fit_transform([network])
    assert type(caught.value.__cause__) is Boom
    assert all(module.training for module in network.modules())
    assert len(hooks_of(network)) == 1
    assert torch.equal(torch.random.get_rng_state(), random)
    assert not torch.is_inference_mode_enabled()
    own.remove()


def test_random_numbers_of_torch_are_left_alone(stimuli, Net):
    network = Net(lambda net, x: net.act(x + torch.rand(4)), act=nn.Tanh())
    random = torch.random.get_rng_state()
    found = ActivationExtractor(network).fit_transform(stimuli)
    assert_array_equal(ActivationExtractor(network).fit_transform(stimuli), found)
    assert torch.equal(torch.random.get_rng_state(), random)


def test_threads_take_turns(stimuli, seeded):
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


def test_diverged_networks(stimuli, make_mlp, Net):
    network, broken = make_mlp(), make_mlp()
    broken[0].weight.data[0] = np.nan
    message = r"Sample 1 of X: layer '1' gave NaN at node '1\[0\]' for stimulus 0"
    with pytest.raises(ValueError, match=message):
        ActivationExtractor(stimuli=stimuli).fit([network, broken])
    late = Net(lambda net, x: net.act(x / (x != 5)), act=nn.Identity())
    extractor = ActivationExtractor(stimuli=stimuli, layers="act")
    stimuli[7, 2] = 5
    message = (
        r"Sample 0 of X: layer 'act' gave infinity at node 'act\[2\]' for stim.* 7"
    )
    with pytest.raises(ValueError, match=message):
        extractor.fit([late]).transform([late])


def test_stimuli_that_depend_on_each_other(tokens, seeded):
    # torch's default: the first axis is time.
    network = seeded(lambda: nn.LSTM(8, 5))
    extractor = ActivationExtractor(stimuli=tokens, layers="")
    with pytest.warns(UserWarning, match="Sample 0 of X.*batch_first=True"):
        extractor.fit_transform([network])
    network = nn.Sequential(nn.BatchNorm1d(7, track_running_stats=False), nn.Tanh())
    with pytest.warns(UserWarning, match="normalisation run without its statistics"):
        ActivationExtractor(stimuli=tokens).fit_transform([network])


def test_networks_that_cache_can_be_trained_afterwards(stimuli, seeded, Net):
    def forward(net, x):
        if not hasattr(net, "cached"):
            net.cached = torch.cos(torch.arange(4.0))
        return net.act(net.fc(x) * net.cached)

    network = seeded(lambda: Net(forward, fc=nn.Linear(4, 4), act=nn.Tanh()))
    ActivationExtractor(stimuli=stimuli).fit_transform([network])
    network(torch.as_tensor(stimuli)).sum().backward()
    assert network.fc.weight.grad is not None


def test_networks_whose_eval_does_more_are_left_as_they_were(stimuli, seeded):
    class Merging(nn.Linear):  # as low-rank adapters do
        merged = False

        def train(self, mode=True):
            self.merged = not mode
            return super().train(mode)

    network = nn.Sequential(seeded(lambda: Merging(4, 3)), nn.Tanh()).train()
    ActivationExtractor(stimuli=stimuli).fit_transform([network])
    assert network[0].training and not network[0].merged


def test_networks_that_use_gradients_inside(stimuli, Net):
    def forward(net, x):
        with torch.enable_grad():
            x = x.clone().requires_grad_()
            (slope,) = torch.autograd.grad(net.act(x).sum(), x)
        return net.last(slope)

    network = Net(forward, act=nn.Tanh(), last=nn.ReLU())
    found = ActivationExtractor(network, layers="last").fit_transform(stimuli)
    assert_allclose(found, 1 - np.tanh(stimuli) ** 2, atol=1e-6)


def test_compiled_networks(stimuli, make_mlp):
    network = make_mlp()
    expected = ActivationExtractor(stimuli=stimuli).fit_transform([network])
    compiled = torch.compile(network, backend="eager")
    extractor = ActivationExtractor(stimuli=stimuli)
    assert_allclose(extractor.fit_transform([compiled]), expected, atol=1e-6)
    assert extractor.node_names_[0] == "1[0]"


def test_transformer_with_padding(tokens, seeded, Net):
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


def test_token_identifiers_stay_integers(seeded, Net):
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
    with pytest.raises(ValueError, match=r"of integers are .*: give x\.float\(\)\.$"):
        ActivationExtractor(nn.Sequential(nn.Linear(6, 2), nn.Tanh())).fit(
            torch.as_tensor(words)
        )


@pytest.mark.filterwarnings("ignore:.*quanti:Warning")
@pytest.mark.filterwarnings("ignore:.*depends on the others:UserWarning")
@pytest.mark.filterwarnings("ignore:.*deprecat:Warning")
def test_quantized_networks(stimuli, make_mlp):
    network = torch.ao.quantization.quantize_dynamic(make_mlp(), {nn.Linear})
    found = ActivationExtractor(stimuli=stimuli.astype(float)).fit_transform([network])
    expected = ActivationExtractor(stimuli=stimuli).fit_transform([make_mlp()])
    assert_allclose(found, expected, atol=0.05)


def test_integers_become_floats_for_other_networks(make_mlp, by_hand):
    pixels = np.random.default_rng(4).integers(0, 255, (5, 4), dtype=np.uint8)
    network = make_mlp()
    found = ActivationExtractor(stimuli=pixels).fit_transform([network])
    expected = by_hand(network, pixels.astype(np.float32))[1]
    assert_allclose(found[0][:, :5], expected, atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
def test_precision_of_networks(stimuli, dtype, make_mlp):
    network = make_mlp().to(dtype)
    found = ActivationExtractor(stimuli=stimuli).fit_transform([network])
    assert found.dtype == (np.float64 if dtype == torch.float64 else np.float32)
    exact = ActivationExtractor(stimuli=stimuli).fit_transform([make_mlp()])
    assert_allclose(found, exact, atol=1e-6 if dtype == torch.float64 else 0.05)


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


OPTIONS = RecordingOptions(None, "mean", "auto", 256, None, 0, None)


def test_plan_and_run(stimuli, make_mlp, by_hand):
    network = make_mlp()
    recorder = Recorder(
        Sample("Sample 3 of X", network, read_inputs(stimuli, "stimuli")), OPTIONS
    )
    plan = recorder.plan()
    assert [(site.module, site.call, site.n_nodes) for site in plan.sites] == [
        ("1", 0, 5),
        ("3", 0, 3),
    ]
    assert plan.dtype == np.float32
    assert (plan.n_rows, plan.n_nodes, plan.matched) == (11, 8, {0})
    out = np.full((11, 8), np.nan)
    recorder.run(plan, out)
    _, tanh, _, relu = by_hand(network, stimuli)
    assert_allclose(out, np.hstack([tanh, relu]), atol=1e-6)


@pytest.mark.parametrize("n_stimuli", [1, 2])
def test_few_stimuli(stimuli, make_mlp, n_stimuli):
    found = ActivationExtractor(stimuli=stimuli[:n_stimuli]).fit_transform([make_mlp()])
    assert found.shape == (1, n_stimuli, 8)


def test_recorders_name_the_sample(stimuli, Net):
    def forward(net, x):
        raise KeyError("x")

    sample = Sample(
        "Sample 3 of X", Net(forward, act=nn.Tanh()), read_inputs(stimuli, "stimuli")
    )
    with pytest.raises(ValueError, match="Sample 3 of X .*: KeyError: 'x'") as caught:
        Recorder(sample, OPTIONS).plan()
    assert type(caught.value.__cause__) is KeyError


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit])
def test_networks_that_are_interrupted_are_left_as_they_were(stimuli, Net, interrupt):
    def forward(net, x):
        net.act(x)
        raise interrupt

    network = Net(forward, act=nn.Dropout()).train()
    fast = torch.backends.mha.get_fastpath_enabled()
    with pytest.raises(interrupt):
        ActivationExtractor(stimuli=stimuli, layers="act").fit([network])
    assert all(module.training for module in network.modules())
    assert hooks_of(network) == []
    assert torch.backends.mha.get_fastpath_enabled() == fast
    assert torch.is_grad_enabled()


OUT_OF_MEMORY = (
    "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate "
    "memory: you tried to allocate 133171200 bytes. Error code 12"
)


@pytest.mark.parametrize(
    "error",
    [RuntimeError(OUT_OF_MEMORY), torch.cuda.OutOfMemoryError("x"), MemoryError()],
    ids=["CPU", "GPU", "Python"],
)
def test_memory_that_runs_out_is_told_as_that(stimuli, Net, error):
    def forward(net, x):
        net.act(x)
        raise error

    extractor = ActivationExtractor(stimuli=stimuli, batch_size=7)
    with pytest.raises(MemoryError, match="Sample 0 of X .*because memory ran out"):
        extractor.fit([Net(forward, act=nn.Tanh())])


OUTPUTS = {
    "sparse": lambda x: x.to_sparse(),
    "meta": lambda x: x.to("meta"),
    "no numbers": lambda x: x[:, :0],
    "no tensor": lambda x: None,
    "complex": lambda x: torch.complex(x, x),
    "one number": lambda x: x.sum(),
}


@pytest.mark.parametrize("kind", OUTPUTS)
def test_outputs_that_are_not_recorded(stimuli, Net, make_mlp, kind):
    act = Net(lambda net, x: OUTPUTS[kind](x))
    network = Net(lambda net, x: net.act(x), act=act)
    extractor = ActivationExtractor(stimuli=stimuli, layers="act")
    with pytest.raises(ValueError, match="Sample 0 of X: layer 'act' (gave|returned)"):
        extractor.fit([network])


def test_networks_that_catch_the_errors_of_hooks(stimuli, Net):
    def forward(net, x):
        try:
            return net.act(x[:1])
        except ValueError:
            return x

    network = Net(forward, act=nn.Tanh())
    with pytest.raises(ValueError, match="Sample 0 of X: layer 'act' gave an output"):
        ActivationExtractor(stimuli=stimuli, layers="act").fit([network])


def test_networks_that_contain_themselves(stimuli, make_mlp):
    network = make_mlp()
    network.add_module("self", network)
    with pytest.raises(ValueError, match="Sample 1 of X: the network contains itself"):
        ActivationExtractor(stimuli=stimuli).fit([make_mlp(), network])


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_threads_have_restored_networks_when_an_error_comes(stimuli, Net, n_jobs):
    def forward(net, x):
        if len(x) > 2:
            time.sleep(0.02)
        return net.act(net.drop(x))

    def fail(net, x):
        if len(x) > 2:
            raise KeyError("x")
        return net.act(x)

    networks = [Net(forward, act=nn.Tanh(), drop=nn.Dropout()) for _ in range(5)]
    networks.insert(1, Net(fail, act=nn.Tanh()))
    extractor = ActivationExtractor(stimuli=stimuli, n_jobs=n_jobs)
    with parallel_config(backend="threading"):
        with pytest.raises(ValueError, match="Sample 1 of X"):
            extractor.fit_transform(networks)
    for network in networks:
        assert all(module.training for module in network.modules())
        assert hooks_of(network) == []


@pytest.mark.parametrize("largest", [1, 4])
def test_batches_are_halved_where_memory_runs_out(Net, largest):
    shown = []

    def forward(net, x):
        shown.append(len(x))
        x = net.act(x)
        if len(x) > 5 * largest:
            raise RuntimeError(OUT_OF_MEMORY)
        return net.last(x)

    network = Net(forward, act=nn.Tanh(), last=nn.Tanh())
    stimuli = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)
    extractor = ActivationExtractor(stimuli=stimuli).fit([network])
    with pytest.warns(
        UserWarning, match="Sample 0 of X: memory ran out with up"
    ) as told:
        found = extractor.transform([network])
    assert len(told) == 1
    once = np.tanh(stimuli)
    assert_allclose(found[0], np.hstack([once, np.tanh(once)]), atol=1e-6)
    assert max(shown[-3:]) <= 5 * largest
    extractor.set_params(batch_size=30)
    with pytest.raises(MemoryError, match="Choose a smaller batch_size than 30"):
        extractor.transform([network])
