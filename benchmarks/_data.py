"""Data of the benchmarks: the option ``--data``, and made-up networks."""

import os
from pathlib import Path

import numpy as np

from sktopo import FunctionalConnectome


def add_data_option(parser):
    """Add ``--data FOLDER`` to a parser; SKTOPO_DATA is the default."""
    default = os.environ.get("SKTOPO_DATA")
    parser.add_argument(
        "--data",
        type=Path,
        default=Path(default) if default else None,
        help="data folder",
    )


def find(folder, name):
    """Look for a file in a folder and in its sibling ``networks``."""
    places = [Path(folder) / name, Path(folder).parent / "networks" / name]
    for place in places:
        if place.exists():
            return place
    raise SystemExit(f"No {name}: looked for {' and '.join(map(str, places))}")


def load_connectomes(folder):
    """Load the connectome rows of 80 MNIST networks and their ways of training."""
    with np.load(find(folder, "mnist-strategies-connectomes.npz")) as file:
        return file["connectomes"], file["strategy"]


def simulate_activations(n_samples, n_observations, n_nodes, *, dtype, seed=0):
    """Make activations of networks in four groups: common factors and noise.

    Groups differ in their number of factors. Units differ in how much of them is
    noise, so that every connectome has strong and weak units, as real ones do.

    Parameters
    ----------
    n_samples, n_observations, n_nodes : int
        Numbers of networks, stimuli and units.

    dtype : dtype
        float32 or float64.

    seed : int, default=0
        Seed of the random numbers.

    Returns
    -------
    activations : ndarray of shape (n_samples, n_observations, n_nodes)
        The activations, of group after group.
    """
    rng = np.random.default_rng(seed)
    activations = np.empty((n_samples, n_observations, n_nodes), dtype=dtype)
    for i, sample in enumerate(activations):
        n_factors = (4, 6, 10, 16)[4 * i // n_samples]
        factors = rng.normal(size=(n_observations, n_factors))
        sample[:] = factors @ rng.normal(size=(n_factors, n_nodes))
        noise = rng.standard_normal(sample.shape, dtype=np.float32)
        noise *= n_factors**0.5 * 10 ** rng.uniform(-1, 1, n_nodes)
        sample += noise
    return activations


def simulate_connectomes(n_samples, n_nodes, *, dtype, n_observations=500, seed=0):
    """Make connectome rows, absolute correlations of simulated activations.

    Parameters
    ----------
    n_samples, n_nodes : int
        Numbers of networks and of units.

    dtype : dtype
        float32 or float64.

    n_observations : int, default=500
        Number of stimuli.

    seed : int, default=0
        Seed of the random numbers.

    Returns
    -------
    connectomes : ndarray of shape (n_samples, n_edges)
        Connectome rows.
    """
    return FunctionalConnectome().fit_transform(
        simulate_activations(n_samples, n_observations, n_nodes, dtype=dtype, seed=seed)
    )
