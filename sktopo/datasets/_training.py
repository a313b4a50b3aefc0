"""Training of the digit networks."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sktopo._utils.interrupts import (
    StopSignal,
    run_uninterrupted,
    stop_other_threads,
    take_turn,
)
from sktopo._utils.optional import import_optional
from sktopo._utils.parallel import run_parallel
from sktopo._utils.parameters import check_flag, check_integer, read_random_state
from sktopo.datasets._digit_networks import STRATEGIES, build_network, make_bunch

if TYPE_CHECKING:
    from sklearn.utils import Bunch

    from sktopo._typing import RandomState

# 27 batches an epoch: 10,000 steps, as many as 10 epochs of MNIST's 50,000 images.
N_EPOCHS = 370


def train_digit_networks(
    n_networks: int = 20,
    *,
    random_state: RandomState = 0,
    n_jobs: int | None = None,
    verbose: bool = False,
) -> Bunch:
    """Train small networks on the digits with four strategies.

    With the default parameters these are the networks that
    :func:`~sktopo.datasets.load_digit_networks` loads. Each network is trained on one
    thread of the CPU. Global state (random generators, number of threads) is restored,
    also after an interrupt.

    Parameters
    ----------
    n_networks : int, default=20
        Number of networks for each of the four strategies.

    random_state : int, RandomState instance or None, default=0
        Determines the seed of each network, and so its initial weights, the order of
        its batches and its dropout. The first networks of a strategy do not depend on
        `n_networks`.

    n_jobs : int or None, default=None
        Number of networks to train at once, see :term:`n_jobs`.

    verbose : bool, default=False
        Whether to show a progress bar (needs tqdm).

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        The same attributes as in :func:`~sktopo.datasets.load_digit_networks`, with
        ``4 * n_networks`` networks. The stimuli do not depend on `random_state`.

    Raises
    ------
    ImportError
        If PyTorch is not installed (``pip install 'sktopo[torch]'``), or tqdm if
        `verbose` is set.

    ValueError
        If `n_networks` is not an integer of at least 1, `verbose` is not a bool, or
        `random_state` cannot seed a generator.

    Examples
    --------
    >>> from sktopo.datasets import train_digit_networks
    >>> data = train_digit_networks(1)  # too slow to be tested  # doctest: +SKIP
    >>> len(data.networks)  # doctest: +SKIP
    4
    """
    import_optional("torch", extra="torch", purpose="train_digit_networks")
    check_integer("n_networks", n_networks, 1)
    check_flag("verbose", verbose)
    images, labels, stimuli, stimuli_labels = split_digits()
    # One row of seeds per network: a longer study starts with those of a shorter one.
    seeds = read_random_state(random_state).randint(
        np.iinfo(np.int32).max, size=(n_networks, len(STRATEGIES))
    )
    calls = list(zip(np.repeat(STRATEGIES, n_networks), seeds.T.ravel(), strict=True))
    stop = StopSignal()
    try:
        networks = list(
            run_parallel(
                _train_network,
                calls,
                shared=(images, labels, stop),
                n_jobs=n_jobs,
                verbose=verbose,
                description="training networks",
            )
        )
    except BaseException:
        stop_other_threads(stop)
        raise
    predicted = run_uninterrupted(partial(_predict, networks, stimuli), stop)
    return make_bunch(
        networks,
        stimuli=stimuli,
        stimuli_labels=stimuli_labels,
        accuracies=np.mean(predicted == stimuli_labels, axis=1),
    )


def split_digits():
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
    X, y = X.astype(np.float32) / 16, y.astype(np.int64)
    # The split does not depend on the seed of the networks, so that networks that are
    # trained afresh can be compared with the stored ones.
    images, stimuli, labels, stimuli_labels = train_test_split(
        X, y, test_size=450, stratify=y, random_state=0
    )
    return images, labels, stimuli, stimuli_labels


def _predict(networks, stimuli):
    """Return the digit that each network sees in each stimulus."""
    torch = import_optional("torch", extra="torch", purpose="train_digit_networks")
    with torch.inference_mode():
        shown = torch.from_numpy(stimuli)
        return [network(shown).argmax(dim=1).numpy() for network in networks]


def _train_network(strategy, seed, images, labels, stop):
    """Train one network on images and their labels; return it in evaluation mode.

    `stop` is a `StopSignal`.
    """
    torch = import_optional("torch", extra="torch", purpose="train_digit_networks")
    train = partial(_train, torch, strategy, seed, images, labels, stop)
    return run_uninterrupted(train, stop, torch.get_num_threads())


def _train(torch, strategy, seed, images, labels, stop):
    """Train one network where no interrupt comes."""
    images, labels = torch.from_numpy(images), torch.from_numpy(labels)
    # Initial weights and dropout are always drawn from the default generator. It is
    # seeded directly, because torch.manual_seed would seed other devices as well.
    with take_turn(stop), _one_thread(torch), torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(int(seed))
        network = build_network(torch, strategy).train()
        optimizer = torch.optim.SGD(
            network.parameters(),
            lr=0.01,
            momentum=0.9,
            weight_decay=0.005 if strategy == "l2" else 0,
        )
        for _ in range(N_EPOCHS):
            stop.check()
            order = torch.randperm(len(images), device="cpu")
            for batch in order.split(50):
                optimizer.zero_grad()
                outputs = network(images[batch])
                torch.nn.functional.cross_entropy(outputs, labels[batch]).backward()
                optimizer.step()
    optimizer.zero_grad()
    return network.eval()


@contextmanager
def _one_thread(torch):
    """Run PyTorch on one thread: fastest for tiny networks, and reproducible."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(n_threads)
