"""Training networks to the end, and what rules look at after each epoch."""

from itertools import product

import numpy as np
import torch
from torch import nn

from benchmarks.studies._data import load_dataset
from sktopo import FunctionalConnectome
from sktopo.baselines import RipsDiagrams
from sktopo.training import TopologyMonitor

# Parameters of rules are chosen on the runs of the first set only.
TUNED_ON = "digits"
DATASETS = ("digits", "mnist", "fashion-mnist")
NETWORKS = ("mlp", "cnn")
STRATEGIES = ("vanilla", "dropout", "l2")
# Columns of curves beside the number of the epoch.
COLUMNS = (
    "test_accuracy",
    "validation_loss",
    "train_loss",
    "change",
    "level_change",
    "scale_change",
    "shape_change",
    "mean_lifetime",
)
SIZES = {
    "digits": {"images": 1000, "test": 257, "kept_out": 257},
    "mnist": {"images": 2000, "test": 2000, "kept_out": 300},
    "fashion-mnist": {"images": 2000, "test": 2000, "kept_out": 300},
}
# Rips complexes of more nodes would take most of the time of the study.
N_RIPS_NODES = 64
BATCH = 50


def list_runs(n_seeds, datasets=DATASETS):
    """List the runs: dicts of a data set, a network, a strategy and a seed."""
    keys = ("dataset", "network", "strategy", "seed")
    return [
        dict(zip(keys, values, strict=True))
        for values in product(datasets, NETWORKS, STRATEGIES, range(n_seeds))
    ]


def name_run(run):
    """Return the name of a run, which is also that of its file."""
    return "{dataset}-{network}-{strategy}-{seed}".format(**run)


def load_images(name, data):
    """Load a subset of a data set: images to train on, kept out and to test on.

    Returns a dict of pairs of tensors, images (n, 1, size, size) and labels. Images of
    28 x 28 pixels are averaged over squares of two.
    """
    dataset = load_dataset(name, data=data)
    parts = {
        "images": (dataset.images, dataset.labels),
        "kept_out": (dataset.stimuli, dataset.stimuli_labels),
        "test": (dataset.test_images, dataset.test_labels),
    }
    found = {}
    rng = np.random.default_rng(0)
    for part, (images, labels) in parts.items():
        chosen = rng.permutation(len(images))[: SIZES[name][part]]
        size = int(np.sqrt(np.prod(images.shape[1:])))
        shown = torch.from_numpy(images[chosen]).reshape(-1, 1, size, size)
        if size > 20:
            shown = nn.functional.avg_pool2d(shown, 2)
        found[part] = shown, torch.from_numpy(labels[chosen])
    return found


def build_network(network, strategy, size):
    """Build a small network for images of `size` x `size` pixels and ten classes."""
    drop = [nn.Dropout(0.3)] if strategy == "dropout" else []
    if network == "mlp":
        first = [nn.Flatten(), nn.Linear(size * size, 128), nn.ReLU(), *drop]
        return nn.Sequential(*first, nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))
    convolutions = [
        *(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
    ]
    n_inputs = 32 * (size // 4) ** 2
    dense = [nn.Flatten(), nn.Linear(n_inputs, 64), nn.ReLU(), *drop]
    return nn.Sequential(*convolutions, *dense, nn.Linear(64, 10))


def train_run(run, images, n_epochs):
    """Train a network to the end; return an array of each of `COLUMNS` by epoch.

    Epoch 0 is the network before training.
    """
    torch.manual_seed(1000 * run["seed"] + STRATEGIES.index(run["strategy"]))
    shown, labels = images["images"]
    network = build_network(run["network"], run["strategy"], shown.shape[-1])
    decay = 0.005 if run["strategy"] == "l2" else 0
    optimizer = torch.optim.SGD(
        network.parameters(), lr=0.02, momentum=0.9, weight_decay=decay
    )
    monitor = TopologyMonitor(images["kept_out"][0])
    curves = {name: [] for name in COLUMNS}
    for epoch in range(n_epochs + 1):
        total = 0.0
        if epoch:
            for batch in torch.randperm(len(shown)).split(BATCH):
                optimizer.zero_grad()
                loss = nn.functional.cross_entropy(network(shown[batch]), labels[batch])
                loss.backward()
                optimizer.step()
                total += loss.item() * len(batch)
        curves["train_loss"].append(total / len(shown) if epoch else np.nan)
        monitor.record(network, epoch)
        for name, value in measure(network, images).items():
            curves[name].append(value)
    table = monitor.table()
    table = table[table["layer"] == "all layers"]
    for name in ("change", "level_change", "scale_change", "shape_change"):
        curves[name] = table[name]
    return {name: np.asarray(values, dtype=float) for name, values in curves.items()}


def measure(network, images):
    """Return what other rules look at, and the test accuracy."""
    network.eval()
    recorded = []
    hooks = [
        module.register_forward_hook(lambda *given: recorded.append(given[-1]))
        for module in network.modules()
        if isinstance(module, nn.ReLU)
    ]
    with torch.no_grad():
        shown, labels = images["kept_out"]
        loss = nn.functional.cross_entropy(network(shown), labels).item()
        for hook in hooks:
            hook.remove()
        shown, labels = images["test"]
        accuracy = (network(shown).argmax(dim=1) == labels).float().mean().item()
    network.train()
    return {
        "validation_loss": loss,
        "test_accuracy": accuracy,
        "mean_lifetime": find_mean_lifetime(recorded),
    }


def find_mean_lifetime(recorded):
    """Return the mean lifetime of holes in the Rips complexes of units (H1)."""
    nodes = [x.mean(dim=(2, 3)) if x.ndim == 4 else x for x in recorded]
    nodes = torch.cat(nodes, dim=1).numpy().astype(np.float64)
    nodes = nodes[:, nodes.std(axis=0) > 0]
    chosen = np.linspace(0, nodes.shape[1] - 1, N_RIPS_NODES).astype(int)
    nodes = nodes[:, np.unique(chosen)]
    rows = FunctionalConnectome().fit_transform([nodes])
    (diagram,) = RipsDiagrams().fit_transform(rows.clip(0, 1))
    return float(np.mean(np.diff(diagram))) if len(diagram) else 0.0
