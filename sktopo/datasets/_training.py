"""Training of the digit networks: ``python -m sktopo.datasets._training OUT.npz``."""

from __future__ import annotations

import argparse
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state

from sktopo._utils.optional import import_optional
from sktopo._utils.parallel import ONE_AT_A_TIME, run_parallel
from sktopo._utils.parameters import check_integer
from sktopo.datasets._digit_networks import STRATEGIES, build_network, make_bunch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    import torch
    from sklearn.utils import Bunch

    from sktopo._typing import FloatArray, IntArray, RandomState

N_STIMULI = 450

# Stimuli must be the same whatever the seed of the networks, so that networks
# trained afresh can be compared with the stored ones.
SPLIT_SEED = 0

# 27 batches an epoch: 10,000 steps, as many as 10 epochs of MNIST's 50,000 images.
N_EPOCHS = 370

BATCH_SIZE = 50

LEARNING_RATE = 0.01

MOMENTUM = 0.9

WEIGHT_DECAY = 0.005


# Threads share the default generator and the number of threads.
def train_digit_networks(
    n_networks: int = 20,
    *,
    random_state: RandomState = 0,
    n_jobs: int | None = None,
    verbose: bool = False,
) -> Bunch:
    """Train small networks on the digits with four strategies.

    With its defaults this makes the networks that
    :func:`~sktopo.datasets.load_digit_networks` loads. Each network is trained on
    one thread of the CPU; all global state (random generators, number of threads)
    is left as it was.

    Parameters
    ----------
    n_networks : int, default=20
        Number of networks for each of the four strategies.

    random_state : int, RandomState instance or None, default=0
        Determines the seed of each network: initial weights, order of the batches
        and dropout. The first networks of a strategy do not depend on how many
        follow.

    n_jobs : int or None, default=None
        Number of networks to train at once, see :term:`n_jobs`.

    verbose : bool, default=False
        Whether to show a progress bar, which needs `tqdm`.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        The same attributes as in :func:`~sktopo.datasets.load_digit_networks`, with
        ``4 * n_networks`` networks. The stimuli do not depend on `random_state`.

    Raises
    ------
    ImportError
        If PyTorch is not installed.

    ValueError
        If `n_networks` is no integer of at least 1.

    Examples
    --------
    >>> from sktopo.datasets._training import train_digit_networks
    >>> data = train_digit_networks(2, random_state=1)  # doctest: +SKIP
    >>> len(data.networks)  # doctest: +SKIP
    8
    """
    torch = import_optional("torch", extra="torch", purpose="train_digit_networks")
    check_integer("n_networks", n_networks, 1)
    images, labels, stimuli, stimuli_labels = split_digits()
    # One row per network: a longer study starts with the seeds of a shorter one.
    seeds = check_random_state(random_state).randint(
        np.iinfo(np.int32).max, size=(n_networks, len(STRATEGIES))
    )
    jobs = [
        (strategy, int(seed))
        for strategy, column in zip(STRATEGIES, seeds.T, strict=True)
        for seed in column
    ]
    networks = list(
        run_parallel(
            _train_network,
            jobs,
            shared=(images, labels),
            n_jobs=n_jobs,
            verbose=verbose,
            description="training networks",
        )
    )
    accuracies = [
        _accuracy(torch, network, stimuli, stimuli_labels) for network in networks
    ]
    return make_bunch(
        networks,
        stimuli=stimuli,
        stimuli_labels=stimuli_labels,
        accuracies=np.array(accuracies),
    )


def split_digits() -> tuple[FloatArray, IntArray, FloatArray, IntArray]:
    """Split the digits into images to train on and stimuli to keep out.

    Returns
    -------
    images : ndarray of shape (1347, 64), dtype float32
        Images to train on, pixels in [0, 1].

    labels : ndarray of shape (1347,), dtype int64
        Their digits.

    stimuli : ndarray of shape (450, 64), dtype float32
        Images kept out, stratified by digit.

    stimuli_labels : ndarray of shape (450,), dtype int64
        Their digits.
    """
    X, y = load_digits(return_X_y=True)
    X = X.astype(np.float32) / 16
    y = y.astype(np.int64)
    images, stimuli, labels, stimuli_labels = train_test_split(
        X, y, test_size=N_STIMULI, stratify=y, random_state=SPLIT_SEED
    )
    return images, labels, stimuli, stimuli_labels


def main(argv: Sequence[str] | None = None) -> None:
    """Train all networks and write them to the file named in `argv`."""
    parser = argparse.ArgumentParser(description="Train the digit networks.")
    parser.add_argument("out", metavar="OUT.npz", help="file to write")
    out = parser.parse_args(argv).out
    data = train_digit_networks(n_jobs=-1, verbose=True)
    with open(out, "wb") as file:
        np.savez_compressed(file, **_stack(data))
    for index, name in enumerate(data.target_names):
        accuracies = data.accuracies[data.target == index]
        print(
            f"{name:10}  held-out accuracy: mean {accuracies.mean():.3f}, "
            f"min {accuracies.min():.3f}"
        )


def _train_network(
    strategy: str, seed: int, images: Any, labels: Any
) -> torch.nn.Sequential:
    """Train one network on `images`; return it in evaluation mode."""
    import torch  # noqa: PLC0415

    images, labels = torch.from_numpy(images), torch.from_numpy(labels)
    # Initial weights and dropout can only draw from the default generator; it is
    # seeded alone because torch.manual_seed would reach other devices as well.
    with ONE_AT_A_TIME, _one_thread(torch), torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        network = build_network(torch, strategy).train()
        optimizer = torch.optim.SGD(
            network.parameters(),
            lr=LEARNING_RATE,
            momentum=MOMENTUM,
            weight_decay=WEIGHT_DECAY if strategy == "l2" else 0,
        )
        for _ in range(N_EPOCHS):
            order = torch.randperm(len(images), device="cpu")
            for batch in order.split(BATCH_SIZE):
                optimizer.zero_grad()
                loss = torch.nn.functional.cross_entropy(
                    network(images[batch]), labels[batch]
                )
                loss.backward()
                optimizer.step()
    optimizer.zero_grad()
    return network.eval()


def _accuracy(
    torch: Any, network: Any, stimuli: FloatArray, stimuli_labels: IntArray
) -> float:
    """Share of the stimuli that `network` classifies correctly."""
    with torch.inference_mode():
        predicted = network(torch.from_numpy(stimuli)).argmax(dim=1).numpy()
    return float(np.mean(predicted == stimuli_labels))


def _stack(data: Bunch) -> dict[str, Any]:
    """Arrays of the data file: parameters stacked per strategy, and the stimuli."""
    arrays = {
        # Pixel values of the digits are whole numbers up to 16.
        "stimuli": np.rint(data.stimuli * 16).astype(np.uint8),
        "stimuli_labels": data.stimuli_labels.astype(np.uint8),
        "accuracies": data.accuracies,
    }
    for index, strategy in enumerate(STRATEGIES):
        states = [
            network.state_dict()
            for network, target in zip(data.networks, data.target, strict=True)
            if target == index
        ]
        for name in states[0]:
            arrays[f"{strategy}/{name}"] = np.stack(
                [state[name].numpy() for state in states]
            )
    return arrays


@contextmanager
def _one_thread(torch: Any) -> Iterator[None]:
    """Run PyTorch on one thread: fastest for tiny networks, and reproducible."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(n_threads)


if __name__ == "__main__":
    main()
