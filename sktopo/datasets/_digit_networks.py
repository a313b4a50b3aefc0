"""Eighty small trained networks and the images to show them."""

from __future__ import annotations

from collections import OrderedDict
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np
from sklearn.utils import Bunch

from sktopo._utils.optional import import_optional

if TYPE_CHECKING:
    from typing import Any

    import torch
    from numpy.typing import NDArray

    from sktopo._typing import FloatArray, IntArray

STRATEGIES = ("vanilla", "batch_norm", "l2", "dropout")

LAYER_SIZES = (64, 40, 24, 10)

DROPOUT_RATE = 0.3

DESCRIPTION = """\
Digit networks
--------------

Small fully connected networks that classify scikit-learn's 8 x 8 handwritten
digits, trained with four strategies: the study of [1]_ at a size that needs no
download and, with the stored networks, no training.

Every network has two hidden layers, 64-40-24-10, with leaky rectifiers (slope
0.01). Layers, in order: fc1, lrelu1, fc2, lrelu2, output. The hidden layers
lrelu1 and lrelu2 have 40 and 24 units whatever the strategy.

:vanilla: nothing added.
:batch_norm: batch normalisation after each activation (layers bn1 and bn2).
:l2: weight decay 0.005.
:dropout: dropout at rate 0.3 after the first activation (layer dropout).

All were trained by stochastic gradient descent on the cross-entropy, learning
rate 0.01, momentum 0.9, batches of 50, for 370 epochs, which is 10,000 steps; each
network has a seed of its own for its initial weights, the order of its batches and
its dropout. Inputs are pixel values divided by 16.

A stratified quarter of the digits (450 of 1797 images) was kept out of all
training. These images are the stimuli, and the accuracies are measured on them.

.. [1] T. Songdechakraiwut and Y. Wu, "Functional connectomes of neural
   networks", AAAI 2025. https://arxiv.org/abs/2412.15279
"""


def load_digit_networks() -> Bunch:
    """Load 80 trained networks, 20 for each of four training strategies.

    ==================   ==========================================
    Networks             80
    Strategies           4 (vanilla, batch_norm, l2, dropout)
    Hidden units         64 (40 in ``lrelu1`` and 24 in ``lrelu2``)
    Stimuli              450 images of 64 pixels
    Classes of stimuli   10
    ==================   ==========================================

    The networks classify the digits of :func:`sklearn.datasets.load_digits`.
    They come with the package: nothing is downloaded or trained.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the following attributes.

        networks : list of 80 torch.nn.Sequential
            The trained networks, in evaluation mode, with layers ``fc1, lrelu1,
            fc2, lrelu2, output`` (and ``bn1, bn2`` or ``dropout``). Without
            PyTorch, a list of dicts ``{parameter name: ndarray}`` instead.
        stimuli : ndarray of shape (450, 64), dtype float32
            Images that no network was trained on, pixels in [0, 1].
        stimuli_labels : ndarray of shape (450,), dtype int64
            The digit that each stimulus shows.
        target : ndarray of shape (80,), dtype int64
            Training strategy of each network, an index into `target_names`.
        target_names : ndarray of shape (4,), dtype str
            Names of the strategies.
        accuracies : ndarray of shape (80,), dtype float64
            Share of the stimuli that each network classifies correctly.
        DESCR, description : str
            How the networks were made (the same text twice).

    Notes
    -----
    The strategies and their settings are those of [1]_; the data and the layer
    sizes are smaller. Every call returns new networks, and neither NumPy's nor
    PyTorch's global random state is touched.

    References
    ----------
    .. [1] T. Songdechakraiwut and Y. Wu, "Functional connectomes of neural
       networks", AAAI 2025. https://arxiv.org/abs/2412.15279

    Examples
    --------
    >>> from sktopo.datasets import load_digit_networks
    >>> data = load_digit_networks()
    >>> len(data.networks), data.stimuli.shape
    (80, (450, 64))
    >>> [str(name) for name in data.target_names]
    ['vanilla', 'batch_norm', 'l2', 'dropout']
    """
    path = files("sktopo.datasets") / "data" / "digit_networks.npz"
    with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
        arrays = dict(archive)
    states = [
        (strategy, state)
        for strategy in STRATEGIES
        for state in _unstack_states(arrays, strategy)
    ]
    return make_bunch(
        _build_trained(states),
        stimuli=arrays["stimuli"].astype(np.float32) / 16,
        stimuli_labels=arrays["stimuli_labels"].astype(np.int64),
        accuracies=arrays["accuracies"],
    )


def make_bunch(
    networks: list[Any],
    *,
    stimuli: FloatArray,
    stimuli_labels: IntArray,
    accuracies: FloatArray,
) -> Bunch:
    """Bunch of `networks`, equally many per strategy, strategy after strategy."""
    n_per_strategy = len(networks) // len(STRATEGIES)
    return Bunch(
        networks=networks,
        stimuli=stimuli,
        stimuli_labels=stimuli_labels,
        target=np.repeat(np.arange(len(STRATEGIES), dtype=np.int64), n_per_strategy),
        target_names=np.array(STRATEGIES),
        accuracies=accuracies,
        DESCR=DESCRIPTION,
        description=DESCRIPTION,
    )


def build_network(torch: Any, strategy: str) -> torch.nn.Sequential:
    """Return an untrained ``torch.nn.Sequential`` for `strategy`.

    Draws the initial weights from PyTorch's global generator: call it inside
    ``torch.random.fork_rng``. A plain ``Sequential`` can be pickled and needs no
    class of our own, so this module can be imported without PyTorch.
    """
    nn = torch.nn
    # Said in full, so that no global default of the caller changes the network.
    options = {"device": "cpu", "dtype": torch.float32}
    n_inputs, n_first, n_second, n_classes = LAYER_SIZES
    layers = OrderedDict()
    layers["fc1"] = nn.Linear(n_inputs, n_first, **options)
    layers["lrelu1"] = nn.LeakyReLU(0.01)
    if strategy == "batch_norm":
        layers["bn1"] = nn.BatchNorm1d(n_first, **options)
    if strategy == "dropout":
        layers["dropout"] = nn.Dropout(DROPOUT_RATE)
    layers["fc2"] = nn.Linear(n_first, n_second, **options)
    layers["lrelu2"] = nn.LeakyReLU(0.01)
    if strategy == "batch_norm":
        layers["bn2"] = nn.BatchNorm1d(n_second, **options)
    layers["output"] = nn.Linear(n_second, n_classes, **options)
    return nn.Sequential(layers)


def _unstack_states(
    arrays: dict[str, NDArray[Any]], strategy: str
) -> list[dict[str, NDArray[Any]]]:
    """State dicts of arrays, one per network, from the stacks ``strategy/name``."""
    prefix = f"{strategy}/"
    stacks = {
        key.removeprefix(prefix): stack
        for key, stack in arrays.items()
        if key.startswith(prefix)
    }
    n_networks = len(next(iter(stacks.values())))
    return [
        {name: np.asarray(stack[i]) for name, stack in stacks.items()}
        for i in range(n_networks)
    ]


def _build_trained(states: list[tuple[str, dict[str, NDArray[Any]]]]) -> list[Any]:
    """Networks from pairs (strategy, state); the states where torch is absent."""
    try:
        torch = import_optional("torch", extra="torch", purpose="load_digit_networks")
    except ImportError:
        return [state for _, state in states]
    networks = []
    # Building draws initial weights, soon overwritten; the caller's generator must
    # not notice. No devices: everything happens on the CPU.
    with torch.random.fork_rng(devices=[]):
        for strategy, state in states:
            network = build_network(torch, strategy)
            network.load_state_dict(
                {name: torch.as_tensor(values) for name, values in state.items()}
            )
            networks.append(network.eval())
    return networks
