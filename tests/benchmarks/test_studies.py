"""The paper's studies: data, training, selection of settings, stages."""

import importlib
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.utils import Bunch

import sktopo

torch = pytest.importorskip("torch")
pytest.importorskip("tqdm")

ROOT = Path(__file__).parents[2]
STRATEGIES = ("vanilla", "batch_norm", "l2", "dropout")
LABELS = ("vanilla", "batch norm", "L2", "dropout")


@pytest.fixture(name="studies", scope="module")
def studies_fixture():
    """Import the modules of the studies from where ``python -m`` finds them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT))
        names = ("_data", "_networks", "_selection", "_stack", "_stages", "_training")
        modules = {n: importlib.import_module(f"benchmarks.studies.{n}") for n in names}
        command = importlib.import_module("benchmarks.studies.__main__")
        yield Bunch(**{n[1:]: m for n, m in modules.items()}, command=command)


@pytest.fixture(autouse=True)
def no_data_folder(monkeypatch):
    monkeypatch.delenv("SKTOPO_DATA", raising=False)


@pytest.fixture(name="dataset")
def dataset_fixture(studies):
    """Choose few of the digits, so that epochs are short."""
    dataset = studies.data.load_dataset("digits")
    for images, labels in (("images", "labels"), ("stimuli", "stimuli_labels")):
        dataset[images], dataset[labels] = dataset[images][:130], dataset[labels][:130]
    return dataset


def make_settings(studies, strategy, epochs=3):
    return studies.networks.make_settings(
        strategy, epochs=epochs, slope=0.05, weight_decay=0.02, dropout=0.3
    )


def make_files(folder, name="mnist.npz", shape=(28, 28), n_train=120, n_test=20):
    """Write a small data set in Keras' layout; return its arrays."""
    rng = np.random.default_rng(0)
    arrays = {}
    for kind, n in (("train", n_train), ("test", n_test)):
        arrays[f"x_{kind}"] = rng.integers(0, 256, (n, *shape), dtype=np.uint8)
        arrays[f"y_{kind}"] = np.arange(n, dtype=np.uint8) % 10
    np.savez(folder / name, **arrays)
    return arrays


# Data


def test_local_files_are_split_and_scaled(studies, tmp_path):
    arrays = make_files(tmp_path)
    dataset = studies.data.load_dataset("mnist", data=tmp_path)
    kept, held_out = train_test_split(
        np.arange(120), test_size=20, stratify=arrays["y_train"], random_state=42
    )
    expected = arrays["x_train"].reshape(120, 784) / 255
    np.testing.assert_allclose(dataset.images, expected[kept], atol=1e-6)
    np.testing.assert_allclose(dataset.stimuli, expected[held_out], atol=1e-6)
    np.testing.assert_array_equal(dataset.labels, arrays["y_train"][kept])
    np.testing.assert_array_equal(np.bincount(dataset.stimuli_labels), [2] * 10)
    np.testing.assert_allclose(
        dataset.test_images, arrays["x_test"].reshape(20, 784) / 255, atol=1e-6
    )
    assert dataset.images.dtype == np.float32
    assert dataset.source == "mnist.npz"


def test_the_environment_names_the_folder(studies, tmp_path, monkeypatch):
    make_files(tmp_path, "fashion-mnist.npz")
    monkeypatch.setenv("SKTOPO_DATA", str(tmp_path))
    dataset = studies.data.load_dataset("fashion-mnist")
    assert dataset.class_names[9] == "Ankle boot"


def test_colours_become_the_first_axis(studies, tmp_path):
    arrays = make_files(tmp_path, "cifar10-subset.npz", (32, 32, 3))
    dataset = studies.data.load_dataset("cifar10", data=tmp_path)
    assert dataset.images.shape == (100, 3, 32, 32)
    np.testing.assert_allclose(
        dataset.test_images[4, 2], arrays["x_test"][4, :, :, 2] / 255, atol=1e-6
    )


def test_the_checksum_tells_data_apart(studies, tmp_path):
    arrays = make_files(tmp_path)
    first = studies.data.load_dataset("mnist", data=tmp_path).digest
    assert studies.data.load_dataset("mnist", data=tmp_path).digest == first
    arrays["x_test"][3, 4, 5] ^= 1
    np.savez(tmp_path / "mnist.npz", **arrays)
    assert studies.data.load_dataset("mnist", data=tmp_path).digest != first


def test_digits_are_all_there_once(studies):
    dataset = studies.data.load_dataset("digits")
    parts = dataset.images, dataset.stimuli, dataset.test_images
    assert list(map(len, parts)) == [1284, 256, 257]
    found = np.sort(np.rint(16 * np.concatenate(parts)), axis=0)
    np.testing.assert_array_equal(found, np.sort(load_digits().data, axis=0))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x_train": None}, "lacks"),
        ({"x_train": np.zeros((120, 28, 28))}, "float64"),
        ({"x_train": np.zeros((120, 28, 27), dtype=np.uint8)}, "28, 27"),
        ({"y_train": np.zeros(119, dtype=np.uint8)}, "119"),
        ({"y_test": np.zeros(20, dtype=np.uint8)}, "0 to 9"),
    ],
)
def test_files_that_are_something_else_are_refused(studies, tmp_path, change, message):
    arrays = {k: v for k, v in (make_files(tmp_path) | change).items() if v is not None}
    np.savez(tmp_path / "mnist.npz", **arrays)
    with pytest.raises(ValueError, match=message):
        studies.data.load_dataset("mnist", data=tmp_path)


def fake_openml(n_train, n_test, n_pixels, scale=1):
    rng = np.random.default_rng(0)
    found = Bunch(
        data=rng.integers(0, 256, (n_train + n_test, n_pixels)).astype(float) * scale,
        target=np.array([str(i % 10) for i in range(n_train + n_test)], dtype=object),
    )
    asked = []

    def fetch(name, **options):
        asked.append((name, options))
        return found

    return found, asked, fetch


def use_small_openml(studies, monkeypatch, fetch, name):
    """Let OpenML's whole data set be one of 100 + 20 images."""
    *facts, _, classes = studies.data.SOURCES[name]
    monkeypatch.setitem(studies.data.SOURCES, name, (*facts, 100, classes))
    monkeypatch.setattr(studies.data, "N_TEST", 20)
    monkeypatch.setattr(studies.data, "fetch_openml", fetch)


def test_openml_is_read(studies, monkeypatch, tmp_path):
    found, asked, fetch = fake_openml(100, 20, 784)
    use_small_openml(studies, monkeypatch, fetch, "mnist")
    dataset = studies.data.load_dataset("mnist", cache=tmp_path)
    ((name, options),) = asked
    assert name == "mnist_784"
    assert options["version"] == 1
    assert options["data_home"] == tmp_path
    np.testing.assert_allclose(dataset.test_images, found.data[100:] / 255, atol=1e-6)
    np.testing.assert_array_equal(dataset.test_labels, np.arange(100, 120) % 10)
    assert dataset.source == "OpenML"


def test_openml_has_colours_one_after_the_other(studies, monkeypatch):
    found, _, fetch = fake_openml(100, 20, 3072)
    use_small_openml(studies, monkeypatch, fetch, "cifar10")
    dataset = studies.data.load_dataset("cifar10")
    expected = found.data[100:].reshape(20, 3, 32, 32) / 255
    np.testing.assert_allclose(dataset.test_images, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("fake", "message"),
    [
        ((100, 21, 784), "121, 784"),
        ((100, 20, 783), "783"),
        ((100, 20, 784, 0.5), "by"),
    ],
)
def test_openml_with_other_data_is_refused(studies, monkeypatch, fake, message):
    use_small_openml(studies, monkeypatch, fake_openml(*fake)[2], "mnist")
    with pytest.raises(ValueError, match=message):
        studies.data.load_dataset("mnist")


def test_without_data_both_ways_are_named(studies, monkeypatch, tmp_path):
    def fail(*args, **options):
        raise OSError("no network")

    monkeypatch.setattr(studies.data, "fetch_openml", fail)
    with pytest.raises(FileNotFoundError) as raised:
        studies.data.load_dataset("mnist", data=tmp_path)
    for part in ("mnist.npz", "SKTOPO_DATA", str(tmp_path), "mnist_784", "no network"):
        assert part in str(raised.value)
    with pytest.raises(ValueError, match="dataset must be one of"):
        studies.data.load_dataset("minst")


# Networks and their training


@pytest.mark.parametrize(
    ("name", "n_parameters"),
    [
        ("mnist", 784 * 128 + 128 + 128 * 64 + 64 + 64 * 10 + 10),
        ("fashion-mnist", 784 * 256 + 256 + 256 * 128 + 128 + 128 * 10 + 10),
        # Six convolutions, three fully connected layers.
        (
            "cifar10",
            896 + 9248 + 18496 + 36928 + 73856 + 147584 + 524544 + 32896 + 1290,
        ),
    ],
)
def test_networks_are_those_of_the_paper(studies, name, n_parameters):
    settings = make_settings(studies, "vanilla")
    network = studies.networks.build_network(name, "vanilla", settings, 0)
    assert sum(p.numel() for p in network.parameters()) == n_parameters
    assert network.lrelu1.negative_slope == 0.05


@pytest.mark.parametrize(
    ("strategy", "added"),
    [
        ("vanilla", {}),
        ("l2", {}),
        ("batch_norm", {"lrelu1": "bn1", "lrelu2": "bn2", "conv_lrelu3": "conv_bn3"}),
        ("dropout", {"lrelu1": "dropout"}),
    ],
)
def test_strategies_add_layers_behind_activations(studies, strategy, added):
    settings = make_settings(studies, strategy)
    network = studies.networks.build_network("cifar10", strategy, settings, 0)
    names = [name for name, _ in network.named_children()]
    plain = [n for n in names if "bn" not in n and n != "dropout"]
    assert plain[:5] == ["conv1", "conv_lrelu1", "conv2", "conv_lrelu2", "pool1"]
    assert plain[-5:] == ["fc1", "lrelu1", "fc2", "lrelu2", "output"]
    extra = len(names) - len(plain)
    assert extra == {"batch_norm": 8, "dropout": 1}.get(strategy, 0)
    for before, after in added.items():
        assert names[names.index(before) + 1] == after


def test_building_leaves_the_global_generator_alone(studies):
    settings = make_settings(studies, "vanilla")
    state = torch.random.get_rng_state()
    first, same, other = (
        studies.networks.build_network("digits", "vanilla", settings, seed).fc1.weight
        for seed in (1, 1, 2)
    )
    assert torch.equal(torch.random.get_rng_state(), state)
    assert torch.equal(first, same)
    assert not torch.equal(first, other)


def test_deep_networks_start_from_weights_that_keep_the_variance(studies):
    settings = make_settings(studies, "vanilla")
    deep, flat = (
        studies.networks.build_network(name, "vanilla", settings, 0)
        for name in ("cifar10", "mnist")
    )
    expected = (2 / ((1 + 0.05**2) * 64 * 9)) ** 0.5
    assert deep.conv5.weight.std().item() == pytest.approx(expected, rel=0.02)
    assert not deep.conv5.bias.any()
    # Torch's own are uniform up to one over the root of the number of inputs.
    assert flat.fc1.weight.abs().max().item() == pytest.approx(1 / 28, rel=1e-3)
    assert flat.fc1.bias.any()


class DropoutDrawnByNumpy(torch.nn.Module):
    """Dropout with the draws of a generator, as the stack makes them."""

    def __init__(self, rate, generator):
        super().__init__()
        self.rate, self.generator = rate, generator

    def forward(self, x):
        kept = self.generator.random(tuple(x.shape), dtype=np.float32) >= self.rate
        return x * torch.from_numpy(kept) / (1 - self.rate)


def train_alone(network, seed, images, labels, rows, *, epochs, weight_decay):
    """Train one network as torch's own tutorials do."""
    network.train()
    optimizer = torch.optim.SGD(
        network.parameters(), lr=0.01, momentum=0.9, weight_decay=weight_decay
    )
    for epoch in range(epochs):
        generator = np.random.default_rng([seed, epoch])
        if hasattr(network, "dropout"):
            network.dropout = DropoutDrawnByNumpy(0.3, generator)
        order = torch.from_numpy(generator.permutation(rows)[:100])
        for batch in order.split(50):
            optimizer.zero_grad()
            outputs = network(images[batch])
            torch.nn.functional.cross_entropy(outputs, labels[batch]).backward()
            optimizer.step()
    return network.state_dict()


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("name", ["digits", "cifar10"])
def test_a_stack_trains_the_networks_that_torch_trains_one_by_one(
    studies, monkeypatch, name, strategy
):
    # Pictures and convolutions so small that a test can afford them.
    monkeypatch.setitem(studies.networks.CHANNELS, "cifar10", ((3, 4, 5), (5, 6, 7)))
    monkeypatch.setitem(studies.networks.SIZES, "cifar10", (28, 9, 8, 10))
    shape = {"digits": (64,), "cifar10": (3, 8, 8)}[name]
    rng = np.random.default_rng(0)
    images = torch.from_numpy(rng.random((170, *shape), dtype=np.float32))
    labels = torch.from_numpy(rng.integers(0, 10, 170))
    settings, decay = make_settings(studies, strategy), 0.02 * (strategy == "l2")
    seeds = [3, 11, 4]
    # Each has images of its own, as the folds of a cross-validation have.
    rows = [np.arange(10 * k, 110 + 20 * k) for k in range(3)]
    networks = [
        studies.networks.build_network(name, strategy, settings, s) for s in seeds
    ]
    start = [{n: v.clone() for n, v in net.state_dict().items()} for net in networks]
    stack = studies.stack.Stack(networks, seeds, weight_decay=settings["weight_decay"])
    for _ in range(3):
        stack.train_epoch(images, labels, rows)
    states = stack.states()
    for k, network in enumerate(networks):
        alone = train_alone(
            network, seeds[k], images, labels, rows[k], epochs=3, weight_decay=decay
        )
        assert set(alone) == set(states)
        for key, values in alone.items():
            np.testing.assert_allclose(states[key][k], values, atol=1e-5, err_msg=key)
            assert not torch.equal(values, start[k][key])


def test_unknown_layers_are_refused(studies):
    network = torch.nn.Sequential(torch.nn.Linear(4, 2), torch.nn.Tanh())
    stack = studies.stack.Stack([network], [0])
    with pytest.raises(TypeError, match="Tanh"):
        stack.step(torch.zeros(1, 5, 4), torch.zeros(5, dtype=torch.int64), [])


def make_plans(studies, dataset, epochs=3, n_networks=2):
    return [
        studies.training.make_plan(
            dataset,
            strategy,
            make_settings(studies, strategy, epochs),
            studies.training.draw_seeds(0, i, n_networks),
        )
        for i, strategy in enumerate(STRATEGIES)
    ]


def states_of(trained):
    return [
        {f"{k} {i} {name}": values for name, values in network.state_dict().items()}
        for k, found in enumerate(trained)
        for i, network in enumerate(found.networks)
    ]


def test_seeds_differ_and_do_not_depend_on_how_many_follow(studies):
    draw = studies.training.draw_seeds
    groups = [draw(s, i, 20, g) for s in (0, 1) for i in range(4) for g in (0, 1)]
    assert len({seed for group in groups for seed in group}) == 16 * 20
    assert draw(0, 2, 5) == draw(0, 2, 20)[:5]


def test_an_interrupted_training_ends_in_the_same_networks(
    studies, dataset, monkeypatch, tmp_path
):
    plans = make_plans(studies, dataset)
    whole = studies.training.train_networks(dataset, plans, folder=tmp_path / "whole")

    monkeypatch.setattr(studies.training, "CHECKPOINT_EVERY", 0)
    advance, calls = studies.training._advance, []

    def break_down(*args):
        calls.append(args)
        if len(calls) == 7:
            raise KeyboardInterrupt
        return advance(*args)

    monkeypatch.setattr(studies.training, "_advance", break_down)
    with pytest.raises(KeyboardInterrupt):
        studies.training.train_networks(dataset, plans, folder=tmp_path / "broken")
    left = sorted((tmp_path / "broken" / "checkpoints").iterdir())
    assert [studies.training._read_epoch(path) for path in left] == [2, 1, 1, 2]
    again = studies.training.train_networks(dataset, plans, folder=tmp_path / "broken")
    # Twelve epochs in all, one call for each, six of them before the interruption.
    assert len(calls) == 7 + 6
    for first, second in zip(states_of(whole), states_of(again), strict=True):
        assert first.keys() == second.keys()
        assert all(torch.equal(first[key], second[key]) for key in first)
    assert not list((tmp_path / "broken" / "checkpoints").iterdir())


def test_networks_are_found_again_only_for_the_same_parameters(
    studies, dataset, monkeypatch, tmp_path
):
    (plan, *_) = make_plans(studies, dataset, epochs=1)
    (first,) = studies.training.train_networks(dataset, [plan], folder=tmp_path)
    stack = studies.stack.Stack
    trained = []

    def train_epoch(self, *args):
        trained.append(self.seeds)
        return original(self, *args)

    original = stack.train_epoch
    monkeypatch.setattr(stack, "train_epoch", train_epoch)
    (same,) = studies.training.train_networks(dataset, [plan], folder=tmp_path)
    assert trained == []
    assert torch.equal(first.networks[1].fc1.weight, same.networks[1].fc1.weight)
    np.testing.assert_array_equal(first.accuracies["test"], same.accuracies["test"])
    assert first.seconds == same.seconds > 0
    for change in ({"seeds": [7]}, {"digest": "0"}, {"momentum": 0.5}):
        studies.training.train_networks(dataset, [plan | change], folder=tmp_path)
    assert trained == [[7], plan["seeds"], plan["seeds"]]
    record = next((tmp_path / "networks").glob(f"*{same.key}.json"))
    content = json.loads(record.read_text())
    assert content["parameters"] == plan
    assert set(content["versions"]) == {"torch", "numpy"}


def test_accuracies_are_of_the_kept_networks(studies, dataset, tmp_path):
    plans = make_plans(studies, dataset, epochs=100)
    for found in studies.training.train_networks(dataset, plans, folder=tmp_path):
        for kind, images, labels in (
            ("train", dataset.images, dataset.labels),
            ("held-out", dataset.stimuli, dataset.stimuli_labels),
            ("test", dataset.test_images, dataset.test_labels),
        ):
            for k, network in enumerate(found.networks):
                assert not network.training
                right = network(torch.from_numpy(images)).argmax(1).numpy() == labels
                assert found.accuracies[kind][k] == pytest.approx(right.mean())
        assert found.accuracies["train"].min() > 0.5


def test_training_that_diverges_is_told(studies, dataset, tmp_path):
    dataset.images[:] = np.inf
    with pytest.raises(ValueError, match="diverged"):
        studies.training.train_networks(
            dataset, make_plans(studies, dataset, epochs=1)[:1], folder=tmp_path
        )


def test_sets_are_stacked_whole_and_convolutions_one_by_one(studies):
    for name, sizes in (("mnist", [5]), ("cifar10", [1] * 5)):
        plan = {"dataset": name, "strategy": "vanilla", "seeds": list(range(5))}
        parts = studies.training._divide(Path("folder"), plan, "cpu")
        assert [len(own) for _, own, _ in parts] == sizes
        assert [seed for _, own, _ in parts for seed in own] == plan["seeds"]
        assert len({checkpoint for *_, checkpoint in parts}) == len(sizes)
        (whole,) = studies.training._divide(Path("folder"), plan, "cuda")
        assert whole[1] == plan["seeds"]


# Selection of settings


def test_grids_have_each_setting_once(studies):
    counts = {
        name: [
            len(studies.networks.list_settings(s, grid, epochs=1)) for s in STRATEGIES
        ]
        for name, grid in studies.networks.GRIDS.items()
    }
    assert counts == {"paper": [2, 2, 6, 8], "reduced": [2, 2, 4, 4]}


def test_without_selection_settings_are_those_of_the_stored_networks(studies, dataset):
    selected = studies.selection.select_settings(dataset, grid="none", folder=None)
    assert selected.table == []
    plain = {"epochs": 100, "slope": 0.01, "weight_decay": 0.0, "dropout": 0.0}
    assert selected.settings == {
        "vanilla": plain,
        "batch_norm": plain,
        "l2": plain | {"weight_decay": 0.005},
        "dropout": plain | {"dropout": 0.3},
    }


def test_the_best_setting_is_selected_and_measured_once(
    studies, dataset, monkeypatch, tmp_path
):
    grid = {
        "epochs": (1, 2),
        "slope": (0.01, 0.1),
        "weight_decay": (0.001,),
        "dropout": (0.1,),
    }
    monkeypatch.setitem(studies.networks.GRIDS, "paper", grid)
    tried = []
    original = studies.selection._try_setting

    def try_setting(plan, *args):
        tried.append(plan)
        if len(tried) == 4:
            raise KeyboardInterrupt
        original(plan, *args)

    monkeypatch.setattr(studies.selection, "_try_setting", try_setting)
    with pytest.raises(KeyboardInterrupt):
        studies.selection.select_settings(dataset, grid="paper", folder=tmp_path)
    selected = studies.selection.select_settings(dataset, grid="paper", folder=tmp_path)
    assert len(tried) == 8 + 1
    assert len(selected.table) == 8 * 2
    for strategy, settings in selected.settings.items():
        rows = [row for row in selected.table if row["strategy"] == strategy]
        best = max(row["accuracy"] for row in rows)
        chosen = [r for r in rows if all(r[k] == v for k, v in settings.items())]
        assert [row["accuracy"] for row in chosen] == [best]


def test_folds_are_tested_on_images_they_were_not_trained_on(
    studies, dataset, monkeypatch, tmp_path
):
    # Labels that only who has seen an image can know.
    rng = np.random.default_rng(0)
    dataset.images = rng.random((200, 64), dtype=np.float32) * 4
    dataset.labels = rng.permutation(200) % 10
    monkeypatch.setattr(studies.networks, "STRATEGIES", ("vanilla",))
    selected = studies.selection.select_settings(
        dataset, grid="reduced", epochs=100, folder=tmp_path
    )
    (trained,) = studies.training.train_networks(
        dataset, make_plans(studies, dataset, epochs=100)[:1], folder=tmp_path
    )
    assert trained.accuracies["train"].min() > 0.5
    assert max(row["accuracy"] for row in selected.table) < 0.3


# Stages


def read_quick(studies, tmp_path, study, *more):
    given = ["--quick", "--output", str(tmp_path), "--n-networks", "2", "--epochs", "1"]
    return studies.command.read_options(
        [study, *given, "--n-jobs", "1", "--select", "none", *more]
    )


def correlate(network, stimuli):
    """Correlate the hidden units of a fully connected network, layer by layer."""
    x = torch.from_numpy(stimuli)
    with torch.no_grad():
        first = network.lrelu1(network.fc1(x))
        second = network[: list(network._modules).index("lrelu2") + 1](x)
    matrix = np.abs(np.corrcoef(torch.cat([first, second], dim=1).numpy().T))
    return matrix[np.triu_indices(64, 1)]


def load_trained(studies, options, group=0):
    dataset, collection = studies.stages._prepare(options)
    return dataset, studies.stages._train(dataset, collection, options, group)


def test_study_1_has_a_connectome_for_every_network(studies, tmp_path):
    options = read_quick(studies, tmp_path, "strategies")
    found = studies.stages.collect_strategies(options)
    dataset, trained = load_trained(studies, options)
    assert found.connectomes.shape == (8, 64 * 63 // 2)
    assert found.connectomes.dtype == np.float32
    np.testing.assert_array_equal(found.target, [0, 0, 1, 1, 2, 2, 3, 3])
    np.testing.assert_array_equal(found.network, [0, 1] * 4)
    for row, target, k in zip(
        found.connectomes, found.target, found.network, strict=True
    ):
        network = trained[LABELS[target]].networks[k]
        np.testing.assert_allclose(row, correlate(network, dataset.stimuli), atol=1e-4)
    assert list(found.node_names[[0, 39, 40, 63]]) == [
        "lrelu1[0]",
        "lrelu1[39]",
        "lrelu2[0]",
        "lrelu2[23]",
    ]
    assert found.folder.is_dir()
    assert set(found.seconds) == {"selection", "training", "connectomes"}


def test_study_2_shows_each_class_to_all_networks(studies, tmp_path):
    options = read_quick(studies, tmp_path, "stimuli")
    found = studies.stages.collect_stimuli(options)
    dataset, trained = load_trained(studies, options)
    np.testing.assert_array_equal(found.target, np.repeat(np.arange(10), 2))
    np.testing.assert_array_equal(found.network, [0, 1] * 10)
    for strategy in LABELS:
        assert found.connectomes[strategy].shape == (20, 64 * 63 // 2)
        stimuli = dataset.stimuli[dataset.stimuli_labels == 7]
        expected = correlate(trained[strategy].networks[1], stimuli)
        np.testing.assert_allclose(found.connectomes[strategy][15], expected, atol=1e-4)


def test_fresh_networks_for_every_class(studies, tmp_path):
    options = read_quick(studies, tmp_path, "stimuli", "--fresh-per-class")
    found = studies.stages.collect_stimuli(options)
    np.testing.assert_array_equal(found.network, np.arange(20))
    dataset, trained = load_trained(studies, options, group=8)
    stimuli = dataset.stimuli[dataset.stimuli_labels == 7]
    expected = correlate(trained["L2"].networks[1], stimuli)
    np.testing.assert_allclose(found.connectomes["L2"][15], expected, atol=1e-4)
    assert found.accuracies["L2"]["test"].shape == (20,)
    assert len(list((tmp_path / "digits" / "networks").glob("*.npz"))) == 40
    assert found.seconds["training"] > 0


def test_what_was_finished_is_not_made_again(studies, tmp_path, monkeypatch):
    options = read_quick(studies, tmp_path, "strategies")
    first = studies.stages.collect_strategies(options)

    def fail(*args, **given):
        raise AssertionError("made again")

    monkeypatch.setattr(studies.stages, "connectomes_of", fail)
    monkeypatch.setattr(studies.training, "_advance", fail)
    again = studies.stages.collect_strategies(options)
    np.testing.assert_array_equal(first.connectomes, again.connectomes)
    assert first.seconds == again.seconds


def cut(path):
    path.write_bytes(path.read_bytes()[:-20])


def fill(path):
    path.write_bytes(b"PK\x03\x04" + bytes(996))


@pytest.mark.parametrize("damage", [cut, fill])
@pytest.mark.parametrize("name", ["networks/*.npz", "networks/*.json", "connectomes/*"])
def test_damaged_files_are_named_and_made_again(studies, tmp_path, name, damage):
    options = read_quick(studies, tmp_path, "strategies")
    first = studies.stages.collect_strategies(options)
    path = sorted((tmp_path / "digits").glob(name))[1]
    damage(path)
    with pytest.warns(UserWarning, match="is damaged") as caught:
        again = studies.stages.collect_strategies(options)
    assert [str(path) in str(warning.message) for warning in caught] == [True]
    np.testing.assert_array_equal(first.connectomes, again.connectomes)


def test_a_damaged_checkpoint_is_named_and_its_training_starts_again(
    studies, dataset, monkeypatch, tmp_path
):
    (plan, *_) = make_plans(studies, dataset, epochs=2)
    (whole,) = studies.training.train_networks(dataset, [plan], folder=tmp_path / "a")
    monkeypatch.setattr(studies.training, "CHECKPOINT_EVERY", 0)
    ((*_, checkpoint),) = studies.training._divide(tmp_path / "b", plan, "cpu")
    studies.training._advance(
        plan, plan["seeds"], checkpoint, dataset.images, dataset.labels, "cpu"
    )
    cut(checkpoint)
    with pytest.warns(UserWarning, match=checkpoint.name):
        (found,) = studies.training.train_networks(
            dataset, [plan], folder=tmp_path / "b"
        )
    states = zip(states_of([whole]), states_of([found]), strict=True)
    for one, other in states:
        assert all(torch.equal(one[key], other[key]) for key in one)


def test_a_damaged_selection_is_named(studies, dataset, monkeypatch, tmp_path):
    monkeypatch.setattr(studies.networks, "STRATEGIES", ("vanilla",))
    options = {"grid": "reduced", "epochs": 1, "folder": tmp_path}
    first = studies.selection.select_settings(dataset, **options)
    path = next((tmp_path / "selection").iterdir())
    cut(path)
    with pytest.warns(UserWarning, match=path.name):
        again = studies.selection.select_settings(dataset, **options)
    assert first.table == again.table


def test_another_version_makes_networks_again(studies, tmp_path, monkeypatch):
    options = read_quick(studies, tmp_path, "strategies")
    for n_files, version in ((4, sktopo.__version__), (4, None), (8, "99")):
        monkeypatch.setattr(sktopo, "__version__", version or sktopo.__version__)
        studies.stages.collect_strategies(options)
        for folder in ("networks", "connectomes"):
            found = list((tmp_path / "digits" / folder).glob("*.npz"))
            assert len(found) == n_files


def test_options_have_their_defaults(studies, tmp_path):
    read = studies.command.read_options
    assert vars(read(["strategies"])) | {"data": None} == {
        "study": "strategies",
        "dataset": "mnist",
        "quick": False,
        "data": None,
        "output": Path("studies"),
        "n_networks": 20,
        "epochs": None,
        "device": "cpu",
        "n_jobs": 2,
        "seed": 0,
        "select": "reduced",
        "fresh_per_class": False,
        "methods": None,
        "report": "mnist",
    }
    cifar = read(["stimuli", "--dataset", "cifar10"])
    assert (cifar.n_networks, cifar.select) == (5, "none")
    quick = read(["stimuli", "--quick", "--epochs", "3"])
    assert (quick.dataset, quick.n_networks, quick.epochs) == ("digits", 5, 3)
    quick = read(["stimuli", "--quick", "--dataset", "mnist"])
    assert (quick.n_networks, quick.epochs, quick.select) == (5, 1, "none")
    for options, report in (
        (["--seed", "2"], "mnist-seed2"),
        (["--select", "none"], "mnist-fixed"),
        (["--select", "paper", "--seed", "1"], "mnist-paper-seed1"),
        (["--dataset", "cifar10"], "cifar10"),
    ):
        assert read(["strategies", *options]).report == report
    assert read(["stimuli", "--methods", "Adj", "mean |r|"]).methods[1] == "mean |r|"
    for wrong in (
        ["nothing"],
        ["strategies", "--n-networks", "0"],
        ["strategies", "--methods", "Top"],
    ):
        with pytest.raises(SystemExit):
            read(wrong)


@pytest.mark.parametrize("study", ["strategies", "stimuli"])
def test_the_command_hands_the_collection_to_its_report(
    studies, monkeypatch, tmp_path, study
):
    report = importlib.import_module("benchmarks.studies._report")
    handed = []
    monkeypatch.setattr(studies.stages, f"collect_{study}", lambda options: study)
    monkeypatch.setattr(report, "report_study", lambda *args: handed.append(args))
    studies.command.main([study, "--output", str(tmp_path)])
    ((collection, options),) = handed
    assert (collection, options.study) == (study, study)


def test_the_command_runs_the_benchmark_of_runtime(studies, monkeypatch, tmp_path):
    runtime = importlib.import_module("benchmarks.runtime")
    given = []
    monkeypatch.setattr(runtime, "main", given.append)
    studies.command.main(["runtime", "--output", str(tmp_path)])
    studies.command.main(["runtime", "--output", str(tmp_path), "--quick"])
    plain = ["--output", str(tmp_path / "runtime")]
    assert given == [plain, [*plain, "--quick"]]
    assert sys.modules["benchmarks.runtime"] is runtime
