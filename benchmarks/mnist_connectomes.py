"""Top on 80 real MNIST networks: ``python -m benchmarks.mnist_connectomes``.

Reads ``mnist-strategies-connectomes.npz`` and, for the second part,
``mnist-strategies-weights.npz`` and ``mnist.npz``, from ``--data``, from the folder
that the environment variable SKTOPO_DATA names, or from ``networks`` beside it.
"""

import argparse
import time
from collections import OrderedDict

import numpy as np
from sklearn.metrics import adjusted_rand_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from benchmarks._data import add_data_option, find, load_connectomes
from sktopo import (
    ActivationExtractor,
    FunctionalConnectome,
    GraphPersistence,
    TopClusterer,
)
from sktopo.metrics import purity_score


def main():
    """Print purities with their times, and how well activations reproduce."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_data_option(parser)
    args = parser.parse_args()
    if args.data is None:
        parser.error("say where the data is: --data FOLDER, or SKTOPO_DATA=FOLDER")
    X, y = load_connectomes(args.data)
    cluster(X, y)
    reproduce(args.data, X)


def cluster(X, y):
    """Cluster connectomes with 20 starts, seeds 0 to 4; the median time."""
    print(f"{X.shape[0]} connectomes of {X.shape[1]} edges, {X.dtype}; 20 starts")
    print(f"{'rows':34}{'purity, 5 seeds':>24}{'Rand':>7}{'seconds':>9}")
    for name, parameters in (
        ("births, deaths (normalised)", {}),
        ("births, deaths (sum)", {"normalize": False}),
        ("edge weights", {"topology_weight": 0}),
    ):
        purities, rands, seconds = [], [], []
        for seed in range(5):
            start = time.perf_counter()
            labels = make_pipeline(
                GraphPersistence(**parameters),
                TopClusterer(4, n_init=20, random_state=seed),
            ).fit_predict(X)
            seconds.append(time.perf_counter() - start)
            purities.append(purity_score(y, labels))
            rands.append(adjusted_rand_score(y, labels))
        spread = f"{min(purities):.3f} to {max(purities):.3f}"
        print(f"{name:34}{spread:>24}{np.median(rands):7.3f}{np.median(seconds):9.2f}")


def reproduce(folder, X):
    """Compute the connectomes of the stored networks and compare the rows."""
    networks = load_networks(find(folder, "mnist-strategies-weights.npz"))
    with np.load(find(folder, "mnist.npz")) as file:
        images, labels = file["x_train"], file["y_train"]
    _, held_out = train_test_split(
        np.arange(len(labels)), test_size=10_000, stratify=labels, random_state=42
    )
    stimuli = (images[held_out].reshape(-1, 784) / 255).astype(np.float32)
    found = make_pipeline(
        ActivationExtractor(stimuli=stimuli), FunctionalConnectome()
    ).fit_transform(networks)
    gaps = np.abs(found[:, None] - X).max(axis=2)
    print(
        f"{len(networks)} networks, {len(stimuli)} stimuli: largest difference from a "
        f"stored row {gaps.min(axis=1).max():.1e}; rows {gaps.argmin(axis=1).tolist()}"
    )


def load_networks(path):
    """Build the torch networks of the stored weights."""
    import torch  # noqa: PLC0415

    nn, networks = torch.nn, []
    with np.load(path) as file:
        states = {}
        for key in file.files:
            strategy, index, name = key.split(".", 2)
            states.setdefault((strategy, index), {})[name] = torch.as_tensor(file[key])
    for (strategy, _), state in states.items():
        layers = OrderedDict(fc1=nn.Linear(784, 128), lrelu1=nn.LeakyReLU(0.01))
        if strategy == "batch_norm":
            layers["bn1"] = nn.BatchNorm1d(128)
        layers.update(fc2=nn.Linear(128, 64), lrelu2=nn.LeakyReLU(0.01))
        if strategy == "batch_norm":
            layers["bn2"] = nn.BatchNorm1d(64)
        layers["output"] = nn.Linear(64, 10)
        networks.append(nn.Sequential(layers))
        networks[-1].load_state_dict(state)
    return networks


if __name__ == "__main__":
    main()
