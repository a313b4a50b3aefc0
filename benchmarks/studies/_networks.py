"""Architectures of the studies and settings of their training strategies."""

from collections import OrderedDict
from itertools import product

import torch
from torch import nn

# Strategies, and what tables and figures call them.
LABELS = {
    "vanilla": "vanilla",
    "batch_norm": "batch norm",
    "l2": "L2",
    "dropout": "dropout",
}
STRATEGIES = tuple(LABELS)
# Units of the fully connected layers; the first number are the inputs.
SIZES = {
    "mnist": (784, 128, 64, 10),
    "fashion-mnist": (784, 256, 128, 10),
    "cifar10": (2048, 256, 128, 10),
    "digits": (64, 40, 24, 10),
}
# Channels of the convolutions, block after block.
CHANNELS = {"cifar10": ((3, 32, 32), (32, 64, 64), (64, 128, 128))}
ARCHITECTURES = {
    "mnist": "784-128-64-10",
    "fashion-mnist": "784-256-128-10",
    "cifar10": (
        "three blocks of two 3×3 convolutions (32, 64, 128 channels) with max pooling, "
        "then 2048-256-128-10; initial weights of He et al."
    ),
    "digits": "64-40-24-10",
}
# What is recorded: outputs of the activation functions of fully connected layers.
RECORDED = ("lrelu1", "lrelu2")
EPOCHS = {"mnist": 10, "fashion-mnist": 6, "cifar10": 6, "digits": 100}
# Without a selection.
FIXED = {"slope": 0.01, "weight_decay": 0.005, "dropout": 0.3}
# The paper's grid, and a small one: epochs are then those of the data set.
GRIDS = {
    "paper": {
        "epochs": (20, 30, 40),
        "slope": (0.01, 0.1),
        "weight_decay": (0.0001, 0.001, 0.01),
        "dropout": (0.1, 0.2, 0.3, 0.4),
    },
    "reduced": {
        "slope": (0.01, 0.1),
        "weight_decay": (0.0005, 0.005),
        "dropout": (0.1, 0.3),
    },
}


def make_settings(strategy, *, epochs, slope, weight_decay, dropout):
    """Make the settings of a strategy: what it does not use is 0."""
    return {
        "epochs": epochs,
        "slope": slope,
        "weight_decay": weight_decay if strategy == "l2" else 0.0,
        "dropout": dropout if strategy == "dropout" else 0.0,
    }


def list_settings(strategy, grid, *, epochs):
    """List the settings of a strategy in a grid, each once, for so many epochs."""
    keys = ("slope", "weight_decay", "dropout")
    found = []
    for values in product(*(grid[key] for key in keys)):
        chosen = dict(zip(keys, values, strict=True))
        settings = make_settings(strategy, epochs=epochs, **chosen)
        if settings not in found:
            found.append(settings)
    return found


def build_network(name, strategy, settings, seed):
    """Build an untrained network.

    Parameters
    ----------
    name : str
        Data set that it is for.

    strategy : {"vanilla", "batch_norm", "l2", "dropout"}
        Decides on further layers: batch normalisation follows each activation
        function, dropout the first one of the fully connected layers.

    settings : dict
        See `make_settings`.

    seed : int
        Seed of the initial weights. Torch's global generator is left as it was.

    Returns
    -------
    network : torch.nn.Sequential
        Layers ``fc1, lrelu1, fc2, lrelu2, output``, and before them for CIFAR-10
        ``conv1, conv_lrelu1`` to ``conv6, conv_lrelu6`` with ``pool1`` to ``pool3``
        and ``flatten``. Initial weights are torch's own, for CIFAR-10 those of He et
        al. [1]_: with torch's, networks this deep do not begin to learn for epochs.

    References
    ----------
    .. [1] He et al., "Delving deep into rectifiers", ICCV 2015, equation 15.
    """
    layers = OrderedDict()
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        _add_convolutions(layers, CHANNELS.get(name, ()), strategy, settings)
        _add_linear(layers, SIZES[name], strategy, settings)
        if name in CHANNELS:
            _initialise(layers.values(), settings["slope"])
    return nn.Sequential(layers)


def _add_convolutions(layers, blocks, strategy, settings):
    pairs = [pair for sizes in blocks for pair in zip(sizes, sizes[1:], strict=False)]
    for i, (n_in, n_out) in enumerate(pairs, start=1):
        layers[f"conv{i}"] = nn.Conv2d(n_in, n_out, 3, padding=1)
        layers[f"conv_lrelu{i}"] = nn.LeakyReLU(settings["slope"])
        if strategy == "batch_norm":
            layers[f"conv_bn{i}"] = nn.BatchNorm2d(n_out)
        if i % 2 == 0:
            layers[f"pool{i // 2}"] = nn.MaxPool2d(2)
    if blocks:
        layers["flatten"] = nn.Flatten()


def _add_linear(layers, sizes, strategy, settings):
    *hidden, n_classes = sizes
    for i, (n_in, n_out) in enumerate(zip(hidden, hidden[1:], strict=False), start=1):
        layers[f"fc{i}"] = nn.Linear(n_in, n_out)
        layers[f"lrelu{i}"] = nn.LeakyReLU(settings["slope"])
        if strategy == "batch_norm":
            layers[f"bn{i}"] = nn.BatchNorm1d(n_out)
        if strategy == "dropout" and i == 1:
            layers["dropout"] = nn.Dropout(settings["dropout"])
    layers["output"] = nn.Linear(hidden[-1], n_classes)


def _initialise(layers, slope):
    """Draw weights that keep the variance from layer to layer; biases are 0."""
    for layer in layers:
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            nn.init.kaiming_normal_(layer.weight, a=slope)
            nn.init.zeros_(layer.bias)
