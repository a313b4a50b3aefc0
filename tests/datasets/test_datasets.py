"""Tests of the datasets: simulated connectomes and trained digit networks."""

import pickle
import subprocess
import sys
from importlib.resources import files

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import squareform
from scipy.stats import norm
from sklearn.datasets import load_digits

from sktopo.datasets import _training, load_digit_networks, make_modular_connectomes

STRATEGIES = ["vanilla", "batch_norm", "l2", "dropout"]
DATA_FILE = files("sktopo.datasets") / "data" / "digit_networks.npz"


def pixel_rows(images):
    """Images in [0, 1] as tuples of whole pixel values, comparable exactly."""
    return [tuple(row) for row in np.rint(np.asarray(images) * 16).astype(int)]


def flat_parameters(network):
    """All trained parameters of a network in one float64 array."""
    return np.concatenate(
        [p.detach().numpy().ravel() for p in network.parameters()]
    ).astype(float)


def numpy_random_state():
    """Key and position of NumPy's global generator, comparable with ``==``."""
    _, key, position, *_ = np.random.get_state()  # noqa: NPY002
    return key.tolist(), position


@pytest.fixture(scope="module")
def data():
    pytest.importorskip("torch")
    return load_digit_networks()


@pytest.fixture(scope="module")
def fresh():
    """One network per strategy, trained with the seed of the stored ones."""
    pytest.importorskip("torch")
    return _training.train_digit_networks(1)


def test_modular_shapes_and_groups():
    X, y = make_modular_connectomes(4, n_nodes=7, n_modules=(1, 2, 7, 2))
    assert X.shape == (16, 21)
    assert X.dtype == np.float64
    assert_array_equal(y, np.repeat([0, 1, 2, 3], 4))
    assert y.dtype == np.int64
    assert len(np.unique(X, axis=0)) == 16


def test_modular_defaults_are_those_of_the_paper():
    X, y = make_modular_connectomes(random_state=0)
    explicit, _ = make_modular_connectomes(
        20,
        n_nodes=60,
        n_modules=[2, 3, 5],
        p_within=0.6,
        mu=1,
        sigma=0.5,
        random_state=0,
    )
    assert_array_equal(X, explicit)
    assert_array_equal(np.bincount(y), [20, 20, 20])


@pytest.mark.parametrize("n_modules", [1, 2, 3, 4, 7, 10])
def test_modular_noiseless_rows_are_even_modules_in_squareform_order(n_modules):
    # Without noise the strong edges are exactly those within the modules.
    X, _ = make_modular_connectomes(
        1, n_nodes=10, n_modules=(n_modules,), p_within=1, mu=2.5, sigma=0
    )
    adjacency = squareform(X[0])
    n_found, module = connected_components(adjacency)
    assert n_found == n_modules
    sizes = np.bincount(module)
    assert sizes.max() - sizes.min() <= 1
    same = (module[:, None] == module[None, :]) & ~np.eye(10, dtype=bool)
    assert_array_equal(adjacency, 2.5 * same)


@pytest.mark.parametrize("n_nodes, n_modules", [(20, 2), (17, 3)])
@pytest.mark.parametrize(
    "p_within, mu, sigma", [(0.6, 1.0, 0.5), (0.9, 0.4, 0.8), (0.0, 1.0, 0.2)]
)
def test_modular_moments_within_and_between(n_nodes, n_modules, p_within, mu, sigma):
    X, _ = make_modular_connectomes(
        300,
        n_nodes=n_nodes,
        n_modules=(n_modules,),
        p_within=p_within,
        mu=mu,
        sigma=sigma,
        random_state=0,
    )
    noiseless, _ = make_modular_connectomes(
        1, n_nodes=n_nodes, n_modules=(n_modules,), p_within=1, sigma=0
    )
    within = noiseless[0] > 0
    for edges, p_strong in [(within, p_within), (~within, 1 - p_within)]:
        weights = X[:, edges].ravel()
        # Moments of max(Z, 0) for normal Z, mixed over strong and noise edges.
        first, second = 0, 0
        for share, m in [(p_strong, mu), (1 - p_strong, 0)]:
            above, density = norm.cdf(m / sigma), norm.pdf(m / sigma)
            first += share * (m * above + sigma * density)
            second += share * ((m**2 + sigma**2) * above + m * sigma * density)
        for sample, expected in [(weights, first), (weights**2, second)]:
            standard_error = sample.std() / np.sqrt(sample.size)
            assert abs(sample.mean() - expected) < 4 * standard_error
    assert X.min() == 0


def test_modular_edges_are_independent():
    X, _ = make_modular_connectomes(2000, n_nodes=5, n_modules=(2,), random_state=0)
    correlations = np.corrcoef(X, rowvar=False)[np.triu_indices(10, 1)]
    assert np.abs(correlations).max() < 5 / np.sqrt(2000)


def test_modular_random_state():
    first, _ = make_modular_connectomes(3, random_state=7)
    again, _ = make_modular_connectomes(3, random_state=7)
    other, _ = make_modular_connectomes(3, random_state=8)
    assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    rng = np.random.RandomState(7)
    assert_array_equal(make_modular_connectomes(3, random_state=rng)[0], first)
    following, _ = make_modular_connectomes(3, random_state=rng)
    assert not np.array_equal(following, first)


def test_modular_global_random_state_is_untouched_by_a_seeded_call():
    before = numpy_random_state()
    make_modular_connectomes(2, random_state=0)
    assert numpy_random_state() == before


@pytest.mark.parametrize(
    "parameters, message",
    [
        ({"n_networks": 0}, "n_networks must be an integer of at least 1, got 0"),
        ({"n_networks": 2.5}, "n_networks must be an integer .* got 2.5"),
        ({"n_networks": True}, "n_networks must be an integer .* got True"),
        ({"n_nodes": 1}, "n_nodes must be an integer of at least 2, got 1"),
        ({"n_nodes": 4}, r"between 1 and n_nodes=4, got \(2, 3, 5\)"),
        ({"n_modules": ()}, r"n_modules must be a non-empty .* got \(\)"),
        ({"n_modules": 3}, "n_modules must be a non-empty sequence .* got 3"),
        ({"n_modules": (0, 2)}, r"n_modules must be .* got \(0, 2\)"),
        ({"n_modules": (2, 2.5)}, r"n_modules must be .* got \(2, 2.5\)"),
        ({"n_modules": "23"}, "n_modules must be .* got '23'"),
        ({"p_within": 1.2}, r"p_within must be .* in \[0, 1\], got 1.2"),
        ({"p_within": -0.1}, r"p_within must be .* in \[0, 1\], got -0.1"),
        ({"p_within": np.nan}, "p_within must be a finite number .* got nan"),
        ({"mu": np.inf}, "mu must be a finite number .* got inf"),
        ({"mu": "1"}, "mu must be a finite number .* got '1'"),
        ({"sigma": -1}, r"sigma must be .* in \[0, inf\], got -1"),
    ],
)
def test_modular_invalid_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        make_modular_connectomes(**parameters)


def test_load_attributes(data):
    assert len(data.networks) == 80
    assert data.stimuli.shape == (450, 64)
    assert data.stimuli.dtype == np.float32
    assert (data.stimuli.min(), data.stimuli.max()) == (0, 1)
    assert_array_equal(data.target, np.repeat([0, 1, 2, 3], 20))
    assert data.target_names.tolist() == STRATEGIES
    assert data.stimuli_labels.shape == (450,)
    assert data.accuracies.shape == (80,)
    assert data.DESCR is data.description
    for fact in ("64-40-24-10", "450 of 1797", "370 epochs", *STRATEGIES):
        assert fact in data.DESCR


@pytest.mark.parametrize(
    "strategy, layers",
    [
        ("vanilla", "fc1 lrelu1 fc2 lrelu2 output"),
        ("batch_norm", "fc1 lrelu1 bn1 fc2 lrelu2 bn2 output"),
        ("l2", "fc1 lrelu1 fc2 lrelu2 output"),
        ("dropout", "fc1 lrelu1 dropout fc2 lrelu2 output"),
    ],
)
def test_load_architectures(data, strategy, layers):
    networks = [
        network
        for network, index in zip(data.networks, data.target, strict=True)
        if data.target_names[index] == strategy
    ]
    assert len(networks) == 20
    for network in networks:
        assert [name for name, _ in network.named_children()] == layers.split()
        assert (network.fc1.in_features, network.fc1.out_features) == (64, 40)
        assert (network.fc2.in_features, network.fc2.out_features) == (40, 24)
        assert network.output.out_features == 10
        assert network.lrelu1.negative_slope == 0.01
        assert not any(module.training for module in network.modules())
    if strategy == "dropout":
        assert networks[0].dropout.p == 0.3


def test_load_accuracies_are_those_of_the_networks(data):
    torch = pytest.importorskip("torch")
    stimuli = torch.from_numpy(data.stimuli)
    with torch.inference_mode():
        predicted = [n(stimuli).argmax(1).numpy() for n in data.networks]
    recomputed = np.mean(predicted == data.stimuli_labels, axis=1)
    # Another processor may round one stimulus to the other side.
    assert_allclose(recomputed, data.accuracies, atol=1.5 / 450)
    assert recomputed.min() > 0.95


def test_load_networks_are_all_different(data):
    rows = np.stack([n.fc1.weight.detach().numpy().ravel() for n in data.networks])
    assert len(np.unique(rows, axis=0)) == 80


def test_load_stimuli_are_digits_kept_out_of_training(data):
    pixels, digits = load_digits(return_X_y=True)
    images, labels, stimuli, stimuli_labels = _training.split_digits()
    assert_array_equal(data.stimuli, stimuli)
    assert_array_equal(data.stimuli_labels, stimuli_labels)
    # Training images and stimuli together are the digits, each image once.
    known = sorted(zip(pixel_rows(pixels / 16), digits, strict=True))
    split = sorted(
        [
            *zip(pixel_rows(images), labels, strict=True),
            *zip(pixel_rows(stimuli), stimuli_labels, strict=True),
        ]
    )
    assert split == known
    assert not set(pixel_rows(images)) & set(pixel_rows(stimuli))
    shares = np.bincount(stimuli_labels) / np.bincount(digits)
    assert_allclose(shares, 450 / 1797, atol=0.006)


def test_load_shares_nothing_between_calls(data):
    torch = pytest.importorskip("torch")
    other = load_digit_networks()
    before = data.networks[0].fc1.weight.detach().clone()
    with torch.no_grad():
        other.networks[0].fc1.weight.zero_()
    other.stimuli[:] = 0
    assert torch.equal(data.networks[0].fc1.weight, before)
    assert data.stimuli.max() == 1


def test_load_pickle(data):
    torch = pytest.importorskip("torch")
    stimuli = torch.from_numpy(data.stimuli[:5])
    for network in data.networks[::20]:
        copy = pickle.loads(pickle.dumps(network))
        assert torch.equal(copy(stimuli), network(stimuli))


def test_load_global_defaults_of_torch_do_not_matter(data):
    torch = pytest.importorskip("torch")
    torch.set_default_dtype(torch.float64)
    try:
        networks = load_digit_networks().networks
    finally:
        torch.set_default_dtype(torch.float32)
    for network, expected in zip(networks, data.networks, strict=True):
        assert network.fc1.weight.dtype == torch.float32
        assert torch.equal(network.fc1.weight, expected.fc1.weight)


def test_load_without_torch_states_are_arrays(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    data = load_digit_networks()
    assert len(data.networks) == 80
    assert_array_equal(np.bincount(data.target), [20, 20, 20, 20])
    for state in data.networks:
        assert all(isinstance(values, np.ndarray) for values in state.values())
    # The arrays are enough to compute a network by hand.
    state = data.networks[0]
    hidden = data.stimuli
    for name in ("fc1", "fc2"):
        hidden = hidden @ state[f"{name}.weight"].T + state[f"{name}.bias"]
        hidden = np.where(hidden > 0, hidden, 0.01 * hidden)
    output = hidden @ state["output.weight"].T + state["output.bias"]
    accuracy = np.mean(output.argmax(1) == data.stimuli_labels)
    assert_allclose(accuracy, data.accuracies[0], atol=1.5 / 450)


def test_load_states_with_and_without_torch_agree(data, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    states = load_digit_networks().networks
    for state, network in zip(states, data.networks, strict=True):
        expected = network.state_dict()
        assert state.keys() == expected.keys()
        for name, values in state.items():
            assert_array_equal(values, expected[name].numpy())


def test_load_file_is_small_and_needs_no_pickle():
    content = DATA_FILE.read_bytes()
    assert len(content) < 1_500_000
    with DATA_FILE.open("rb") as file, np.load(file, allow_pickle=False) as archive:
        arrays = dict(archive)
    assert arrays["vanilla/fc1.weight"].shape == (20, 40, 64)
    assert arrays["vanilla/fc1.weight"].dtype == np.float32
    assert arrays["stimuli"].dtype == np.uint8
    assert arrays["stimuli"].max() == 16


def test_train_same_kind_of_bunch(fresh, data):
    assert fresh.keys() == data.keys()
    assert_array_equal(fresh.target, [0, 1, 2, 3])
    assert_array_equal(fresh.stimuli, data.stimuli)
    assert not any(network.training for network in fresh.networks)
    assert fresh.accuracies.min() > 0.9


@pytest.mark.parametrize("index", range(4), ids=STRATEGIES)
def test_train_reproduces_the_stored_networks(fresh, data, index):
    torch = pytest.importorskip("torch")
    if STRATEGIES[index] == "dropout" and not torch.backends.mkl.is_available():
        pytest.skip("PyTorch draws the masks of dropout with MKL where it has it")
    network = flat_parameters(fresh.networks[index])
    stored = flat_parameters(data.networks[20 * index])
    other = flat_parameters(data.networks[20 * index + 1])
    # Equal on the machine that made the file; elsewhere the roundings of other
    # instruction sets grow over the epochs, but the networks stay recognisable.
    assert np.corrcoef(network, stored)[0, 1] > 0.9
    assert np.corrcoef(network, other)[0, 1] < 0.8


def test_train_random_state(monkeypatch):
    pytest.importorskip("torch")
    monkeypatch.setattr(_training, "N_EPOCHS", 1)
    first = _training.train_digit_networks(1, random_state=3).networks
    # More networks do not change the first ones.
    again = _training.train_digit_networks(2, random_state=3).networks
    other = _training.train_digit_networks(1, random_state=4).networks
    for index in range(4):
        expected = flat_parameters(first[index])
        assert_array_equal(flat_parameters(again[2 * index]), expected)
        assert not np.allclose(flat_parameters(again[2 * index + 1]), expected)
        assert not np.allclose(flat_parameters(other[index]), expected)


def test_train_main_writes_the_same_file_again(monkeypatch, tmp_path, capsys):
    pytest.importorskip("torch")
    monkeypatch.setattr(_training, "N_EPOCHS", 1)
    paths = [tmp_path / "first.npz", tmp_path / "again.npz"]
    train = _training.train_digit_networks
    monkeypatch.setattr(_training, "train_digit_networks", lambda **_: train(2))
    for path in paths:
        _training.main([str(path)])
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert capsys.readouterr().out.count("held-out accuracy") == 8
    with np.load(paths[0]) as written, DATA_FILE.open("rb") as file:
        stored = np.load(file)
        assert written.files == stored.files
        for name in stored.files:
            assert written[name].dtype == stored[name].dtype
        assert_array_equal(written["stimuli"], stored["stimuli"])


def test_train_progress_bar(monkeypatch, capsys):
    pytest.importorskip("torch")
    pytest.importorskip("tqdm")
    monkeypatch.setattr(_training, "N_EPOCHS", 1)
    _training.train_digit_networks(1)
    assert capsys.readouterr() == ("", "")
    _training.train_digit_networks(1, verbose=True)
    assert "4/4" in capsys.readouterr().err


def test_train_invalid_number_of_networks():
    pytest.importorskip("torch")
    for bad in (0, 1.5):
        with pytest.raises(ValueError, match="n_networks must be an integer of at"):
            _training.train_digit_networks(bad)


def test_train_without_torch_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ImportError, match=r"pip install 'sktopo\[torch\]'"):
        _training.train_digit_networks(1)


@pytest.mark.parametrize(
    "call",
    [load_digit_networks, lambda: _training.train_digit_networks(1)],
    ids=["load", "train"],
)
def test_global_state_is_untouched(call, monkeypatch):
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(_training, "N_EPOCHS", 1)
    # Earlier trainings must not have left the state in which this one would end.
    torch.rand(1)
    torch_state = torch.random.get_rng_state()
    numpy_state = numpy_random_state()
    n_threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        call()
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(n_threads)
    assert torch.equal(torch.random.get_rng_state(), torch_state)
    assert numpy_random_state() == numpy_state


def test_import_is_light():
    code = (
        "import sys, sktopo.datasets; "
        "print(sorted({'torch', 'matplotlib', 'tqdm'} & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"
