"""Where networks run, and what torch keeps for each thread."""

import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sktopo import ActivationExtractor
from sktopo.recording import _recorder
from sktopo.recording._tensors import get_tensors

torch = pytest.importorskip("torch")
nn = torch.nn


def test_devices_that_are_not_there(stimuli, make_mlp):
    for device in ("cuda:99", "nowhere", "meta"):
        extractor = ActivationExtractor(stimuli=stimuli, device=device)
        with pytest.raises(ValueError, match="cannot be used"):
            extractor.fit([make_mlp()])


def test_chosen_device_leaves_the_network_where_it_is(stimuli, make_mlp):
    network = make_mlp()
    places = [p.data_ptr() for p in network.parameters()]
    expected = ActivationExtractor(stimuli=stimuli).fit_transform([network])
    found = ActivationExtractor(stimuli=stimuli, device="cpu").fit_transform([network])
    assert_array_equal(found, expected)
    assert [p.data_ptr() for p in network.parameters()] == places


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_gpu_equals_cpu(stimuli, seeded):
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


def test_weights_can_run_elsewhere(stimuli, monkeypatch, make_mlp):
    # Stands in for a GPU: copies of the weights are run, not the weights.
    network = make_mlp()
    expected = ActivationExtractor(stimuli=stimuli).fit_transform([network])
    n_runs = []

    class Elsewhere(_recorder.PlacedNetwork):
        def __init__(self, network, device):
            super().__init__(network, device)
            tensors = get_tensors(network)
            self.copies = {name: tensor + 0 for name, tensor in tensors.items()}

        def run(self, batch):
            n_runs.append(1)
            return super().run(batch)

    monkeypatch.setattr(_recorder, "PlacedNetwork", Elsewhere)
    assert_array_equal(
        ActivationExtractor(stimuli=stimuli).fit_transform([network]), expected
    )
    assert len(n_runs) == 2  # a trial and one batch


def test_contexts_of_the_caller_hold_for_the_network(stimuli, Net):
    seen = []

    def forward(net, x):
        seen.append(
            (
                torch.is_autocast_enabled("cpu"),
                torch.is_inference_mode_enabled(),
                torch.get_default_device().type,
            )
        )
        return net.act(x)

    extractor = ActivationExtractor(stimuli=stimuli)
    network = Net(forward, act=nn.Tanh())
    extractor.fit([network])
    with torch.autocast("cpu", torch.bfloat16):
        extractor.fit([network])
    with torch.inference_mode():
        extractor.fit([network])
    with torch.device("meta"):
        extractor.fit([network])
    assert seen == [
        (False, False, "cpu"),
        (True, False, "cpu"),
        (False, True, "cpu"),
        (False, False, "meta"),
    ]
