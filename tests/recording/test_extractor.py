"""ActivationExtractor on torch code, against outputs computed by hand."""

import copy
import pickle

import numpy as np
import pytest
from joblib import parallel_config
from numpy.testing import assert_allclose, assert_array_equal

from sktopo import ActivationExtractor

torch = pytest.importorskip("torch")
nn = torch.nn


@pytest.mark.parametrize("batch_size", [1, 3, 10, 256])
def test_networks_vary(stimuli, batch_size, make_mlp, by_hand):
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


def test_stimuli_vary_one_per_row(stimuli, make_mlp, by_hand):
    network = make_mlp()
    extractor = ActivationExtractor(network).fit(stimuli)
    _, tanh, _, relu = by_hand(network, stimuli)
    assert_allclose(extractor.transform(stimuli), np.hstack([tanh, relu]), atol=1e-6)
    assert extractor.transform(stimuli.astype(float)).dtype == np.float64
    assert extractor.n_features_in_ == 4
    with pytest.raises(ValueError, match="X has 3 features"):
        extractor.transform(stimuli[:, :3])


@pytest.mark.parametrize("kind", [np.asarray, list, torch.as_tensor])
def test_stimulus_sets_vary(stimuli, kind, make_mlp, by_hand):
    network = make_mlp()
    sets = kind(np.stack([stimuli, -stimuli]))
    found = ActivationExtractor(network).fit_transform(sets)
    assert found.shape == (2, 11, 8)
    assert_allclose(found[1][:, :5], by_hand(network, -stimuli)[1], atol=1e-6)
    ragged = ActivationExtractor(network).fit_transform([stimuli, stimuli[:3]])
    assert [sample.shape for sample in ragged] == [(11, 8), (3, 8)]


def test_both_vary(stimuli, make_mlp, by_hand):
    pairs = [(make_mlp(), stimuli), (make_mlp(), -stimuli)]
    found = ActivationExtractor().fit_transform(pairs)
    assert_allclose(found[1][:, :5], by_hand(pairs[1][0], -stimuli)[1], atol=1e-6)


def test_widths_that_differ_give_a_list(stimuli, make_mlp):
    networks = [make_mlp(5), make_mlp(6)]
    extractor = ActivationExtractor(stimuli=stimuli).set_output(transform="pandas")
    found = extractor.fit_transform(networks)
    assert [sample.shape for sample in found] == [(11, 8), (11, 9)]
    with pytest.raises(ValueError, match="no common names"):
        extractor.get_feature_names_out()
    extractor.fit(networks[:1])
    for X in (networks, networks[1:]):  # other widths than the fitted one
        found = extractor.transform(X)
        assert type(found) is list
        assert [sample.shape[1] for sample in found] == [8, 9][-len(X) :]


def test_a_table_gives_a_table(images, by_hand, make_cnn):
    network = nn.Sequential(nn.Unflatten(1, (2, 5, 4)), *make_cnn())
    table = images.reshape(6, -1)
    found = ActivationExtractor(network).fit_transform(table)
    assert_allclose(found, by_hand(network, table)[2].mean(axis=(2, 3)), atol=1e-6)
    with pytest.raises(ValueError, match="several rows of each stimulus"):
        ActivationExtractor(network, reduce="observations").fit(table)


@pytest.fixture
def one_thread():
    """Compute as workers do: with two workers joblib gives each half of the threads."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with parallel_config(backend="loky", inner_max_num_threads=1):
        yield
    torch.set_num_threads(n_threads)


@pytest.mark.usefixtures("one_thread")
def test_jobs_give_the_same_bits_and_leave_networks_as_they_were(stimuli, make_mlp):
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
def test_errors_of_jobs_name_the_sample(stimuli, make_mlp):
    stimuli[7] = 1e38
    networks = [make_mlp(), make_mlp(), make_mlp()]
    with torch.no_grad():
        networks[1][2].weight.mul_(1e38)
    networks[1][1] = nn.Identity()
    extractor = ActivationExtractor(stimuli=stimuli, layers=nn.ReLU, n_jobs=2)
    with pytest.raises(
        ValueError, match="Sample 1 of X: layer '3' gave (NaN|inf.*) at node '3"
    ):
        extractor.fit_transform(networks)


def test_threads_record_into_arrays_of_their_own(stimuli, make_mlp):
    networks = [make_mlp(), make_mlp()]
    extractor = ActivationExtractor(stimuli=stimuli, n_jobs=2)
    with parallel_config(backend="threading"):
        found = extractor.fit_transform(networks)
    assert_array_equal(found, extractor.set_params(n_jobs=1).fit_transform(networks))


def test_pickle(stimuli, make_mlp):
    extractor = ActivationExtractor(make_mlp()).fit(stimuli)
    again = pickle.loads(pickle.dumps(extractor))
    assert_array_equal(again.transform(stimuli), extractor.transform(stimuli))


def test_progress_bar(stimuli, capsys, make_mlp):
    ActivationExtractor(stimuli=stimuli).fit_transform([make_mlp()])
    assert capsys.readouterr() == ("", "")
    ActivationExtractor(stimuli=stimuli, verbose=True).fit_transform([make_mlp()])
    assert "1/1" in capsys.readouterr().err


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
        {"layers": 3},
        {"layers": [{}]},
        {"reduce": None},
        {"device": b"cpu"},
        {"device": "nope"},
        {"n_jobs": "2"},
        {"n_jobs": 0},
    ],
)
def test_bad_parameters(stimuli, parameters, make_mlp):
    with pytest.raises(ValueError, match=next(iter(parameters))):
        ActivationExtractor(stimuli=stimuli, **parameters).fit([make_mlp()])


def test_a_fit_that_fails_leaves_the_extractor_as_it_was(stimuli, make_mlp):
    extractor = ActivationExtractor(stimuli=stimuli).fit([make_mlp()])
    table = ActivationExtractor(make_mlp()).fit(stimuli)
    for fitted, X in (
        (extractor, [make_mlp(9), "a network"]),
        (table, np.full((3, 7), np.nan)),
    ):
        before = dict(vars(fitted))
        with pytest.raises((TypeError, ValueError)):
            fitted.fit(X)
        assert vars(fitted) == before
    assert extractor.fit([make_mlp(9)]).n_nodes_ == 12


def test_the_order_of_networks_changes_nothing(stimuli, make_mlp):
    networks = [make_mlp(), make_mlp().half(), make_mlp().bfloat16()]
    with torch.no_grad():
        networks[0][0].weight.mul_(2)
    extractor = ActivationExtractor(stimuli=stimuli)
    found = extractor.fit_transform(networks)
    assert_array_equal(extractor.fit_transform(networks[::-1]), found[::-1])
    for n_threads in (1, 4):
        before = torch.get_num_threads()
        torch.set_num_threads(n_threads)
        try:
            again = extractor.set_params(batch_size=4).fit_transform(networks)
        finally:
            torch.set_num_threads(before)
        assert_allclose(again, found, atol=1e-2)
        assert_allclose(again[0], found[0], atol=1e-6)


def test_activations_that_do_not_fit_into_memory(stimuli, make_mlp, monkeypatch):
    def full(*args, **kwargs):
        raise MemoryError("Unable to allocate")

    extractor = ActivationExtractor(stimuli=stimuli).fit([make_mlp()])
    monkeypatch.setattr(np, "empty", full)
    with pytest.raises(MemoryError, match="of 1 samples do not fit .*fewer samples"):
        extractor.transform([make_mlp()])
