"""Eighty small trained networks and the images to show them."""

from __future__ import annotations

import zipfile
import zlib
from collections import OrderedDict
from importlib.resources import files

import numpy as np
from sklearn.utils import Bunch

from sktopo._utils.optional import import_optional

# What NumPy, zipfile and torch raise if a file is damaged, or lacks an array.
_DAMAGES = (
    *(OSError, EOFError, ValueError, TypeError, LookupError, RuntimeError),
    *(AttributeError, NotImplementedError, zipfile.BadZipFile, zlib.error),
)

STRATEGIES = ("vanilla", "batch_norm", "l2", "dropout")

DESCRIPTION = """\
Digit networks
--------------

Small fully connected networks that classify scikit-learn's 8 x 8 handwritten
digits, trained with four strategies. This is the study of [1]_, made so small that
nothing must be downloaded and, with the stored networks, nothing trained.

Every network has two hidden layers, 64-40-24-10, with leaky rectifiers (slope
0.01). The layers are fc1, lrelu1, fc2, lrelu2 and output, in this order. The hidden
layers lrelu1 and lrelu2 have 40 and 24 units, whatever the strategy.

:vanilla: nothing is added.
:batch_norm: batch normalisation after each activation (layers bn1 and bn2).
:l2: weight decay 0.005.
:dropout: dropout at rate 0.3 after the first activation (layer dropout).

All networks were trained by stochastic gradient descent on the cross-entropy, with
learning rate 0.01, momentum 0.9 and batches of 50, for 370 epochs, which is 10,000
steps. Each network has its own seed for its initial weights, the order of its batches
and its dropout. Inputs are pixel values divided by 16.

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
    They are stored in the package, so nothing is downloaded or trained.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the following attributes.

        networks : list of 80 torch.nn.Sequential
            The trained networks, in evaluation mode, with layers ``fc1, lrelu1,
            fc2, lrelu2, output`` (and ``bn1, bn2`` or ``dropout``). Without
            PyTorch, a list of dicts ``{parameter name: ndarray}`` instead.
        stimuli : ndarray of shape (450, 64), dtype float32
            Images that no network was trained on, with pixels in [0, 1].
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

    Raises
    ------
    ValueError
        If the file in the package is missing or damaged.

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
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = dict(archive)
        states = {name: _unstack_states(arrays, name) for name in STRATEGIES}
        return make_bunch(
            _build_networks(states),
            stimuli=arrays["stimuli"].astype(np.float32) / 16,
            stimuli_labels=arrays["stimuli_labels"].astype(np.int64),
            accuracies=arrays["accuracies"],
        )
    except _DAMAGES as error:
        raise ValueError(
            f"The file of the digit networks, {path}, is missing or damaged "
            f"({type(error).__name__}: {error}). Install sktopo again."
        ) from error


def make_bunch(networks, *, stimuli, stimuli_labels, accuracies):
    """Make the Bunch of networks that are sorted by strategy, equally many of each."""
    n_strategies = len(STRATEGIES)
    return Bunch(
        networks=networks,
        stimuli=stimuli,
        stimuli_labels=stimuli_labels,
        target=np.repeat(
            np.arange(n_strategies, dtype=np.int64), len(networks) // n_strategies
        ),
        target_names=np.array(STRATEGIES),
        accuracies=accuracies,
        DESCR=DESCRIPTION,
        description=DESCRIPTION,
    )


def build_network(torch, strategy, device="cpu"):
    """Build the untrained ``torch.nn.Sequential`` of a strategy.

    The initial weights are drawn from PyTorch's global generator, so call this inside
    ``torch.random.fork_rng``. On the device "meta" it has no weights. A plain
    ``Sequential`` can be pickled without a class of this package, and this module can
    be imported without PyTorch.
    """
    nn = torch.nn
    # Given explicitly, so that a global default of the caller changes nothing.
    options = {"device": device, "dtype": torch.float32}
    layers = OrderedDict(fc1=nn.Linear(64, 40, **options), lrelu1=nn.LeakyReLU(0.01))
    if strategy == "batch_norm":
        layers["bn1"] = nn.BatchNorm1d(40, **options)
    if strategy == "dropout":
        layers["dropout"] = nn.Dropout(0.3)
    layers["fc2"] = nn.Linear(40, 24, **options)
    layers["lrelu2"] = nn.LeakyReLU(0.01)
    if strategy == "batch_norm":
        layers["bn2"] = nn.BatchNorm1d(24, **options)
    layers["output"] = nn.Linear(24, 10, **options)
    return nn.Sequential(layers)


def _unstack_states(arrays, strategy):
    """Return the parameters of each network of a strategy, a list of dicts of arrays.

    The file stores them as one array ``strategy/parameter`` for all networks.
    """
    prefix = f"{strategy}/"
    names = [key.removeprefix(prefix) for key in arrays if key.startswith(prefix)]
    stacks = [arrays[prefix + name] for name in names]
    return [
        dict(zip(names, map(np.asarray, values), strict=True))
        for values in zip(*stacks, strict=True)
    ]


def _build_networks(states):
    """Build trained networks from states by strategy, or list the states.

    The states are listed if PyTorch is not installed.
    """
    try:
        torch = import_optional("torch", extra="torch", purpose="load_digit_networks")
    except ImportError:
        return [state for group in states.values() for state in group]
    networks = []
    for strategy, group in states.items():
        for state in group:
            # Without weights of its own, which would be drawn from a global generator.
            network = build_network(torch, strategy, "meta")
            tensors = {name: torch.tensor(state[name], device="cpu") for name in state}
            network.load_state_dict(tensors, assign=True)
            networks.append(network.eval())
    return networks
