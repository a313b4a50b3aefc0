"""Activations that the test files of representations share."""

import numpy as np
import pytest


def make_networks(widths=(7, 7, 7, 7), n_stimuli=12, dtype=np.float64):
    """Make activations of networks that respond to common causes."""
    rng = np.random.default_rng(0)
    causes = rng.normal(size=(n_stimuli, 4))
    networks = []
    for width in widths:
        mixed = causes @ rng.normal(size=(4, width))
        networks.append(mixed + 0.3 * rng.normal(size=mixed.shape) + rng.normal())
    return [network.astype(dtype) for network in networks]


@pytest.fixture
def networks():
    return np.array(make_networks())


@pytest.fixture(name="make_networks")
def make_networks_fixture():
    return make_networks
