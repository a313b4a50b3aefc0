"""Architectures of the networks that are known by design."""

from collections import OrderedDict

import torch
from torch import nn

SLOPE = 0.01
# Units of the hidden layers; for "cnn" channels of the convolutions, then units.
SIZES = {"mlp": (128, 64), "cnn": (12, 24, 64)}
# Networks in which layers are compared, deep enough to have near and far ones.
DEEP_SIZES = {"mlp": (64, 64, 64, 64, 64), "cnn": (12, 12, 24, 24, 32)}
N_CLASSES = 10
ABOUT = {
    "mlp": "fully connected layers",
    "cnn": "3×3 convolutions of 2×2 patches, two with max pooling, one dense layer",
}


def build_network(architecture, shape, sizes, seed):
    """Build an untrained network.

    Parameters
    ----------
    architecture : {"mlp", "cnn"}
        Fully connected layers; or convolutions and one fully connected layer. The
        convolutions see patches of 2×2 pixels as channels, which takes a fourth of
        the time of convolutions of the pixels. The first two are followed by max
        pooling.

    shape : tuple of int
        Channels, height and width of an image.

    sizes : sequence of int
        Units of the hidden layers; of convolutions their channels.

    seed : int
        Seed of the initial weights. Torch's global generator is left as it was.

    Returns
    -------
    network : torch.nn.Sequential
        Each hidden layer is followed by a leaky ReLU, ``lrelu1`` and so on. Initial
        weights are those of He et al. [1]_, biases are 0.

    References
    ----------
    .. [1] He et al., "Delving deep into rectifiers", ICCV 2015, equation 15.
    """
    layers = OrderedDict()
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        n_inputs = shape[0] * shape[1] * shape[2]
        *convolutions, last = sizes
        if architecture == "cnn":
            n_inputs = _add_convolutions(layers, shape, convolutions)
            sizes = (last,)
        layers["flatten"] = nn.Flatten()
        for n_units in sizes:
            _add_hidden(layers, "fc", nn.Linear(n_inputs, n_units))
            n_inputs = n_units
        layers["output"] = nn.Linear(n_inputs, N_CLASSES)
        _initialise(layers.values())
    return nn.Sequential(layers)


def _add_convolutions(layers, shape, sizes):
    """Add convolutions; return the number of values that leave them."""
    n_channels, *sides = shape
    layers["patches"] = nn.PixelUnshuffle(2)
    n_channels, sides = 4 * n_channels, [side // 2 for side in sides]
    for i, n_units in enumerate(sizes):
        _add_hidden(layers, "conv", nn.Conv2d(n_channels, n_units, 3, padding=1))
        n_channels = n_units
        if i < 2:
            layers[f"pool{i + 1}"] = nn.MaxPool2d(2)
            sides = [side // 2 for side in sides]
    return n_channels * sides[0] * sides[1]


def _add_hidden(layers, kind, layer):
    number = 1 + sum(name.startswith("lrelu") for name in layers)
    layers[f"{kind}{number}"] = layer
    layers[f"lrelu{number}"] = nn.LeakyReLU(SLOPE)


def _initialise(layers):
    for layer in layers:
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            nn.init.kaiming_normal_(layer.weight, a=SLOPE)
            nn.init.zeros_(layer.bias)


def load_network(plan, states, number):
    """Build a trained network of a set, in evaluation mode, from stacked states."""
    network = build_network(plan["architecture"], plan["shape"], plan["sizes"], 0)
    own = {name: torch.as_tensor(values[number]) for name, values in states.items()}
    network.load_state_dict(own)
    return network.eval()
