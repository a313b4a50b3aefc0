"""The stored digit networks, and networks trained afresh."""

import numpy as np
import pytest

from sktopo.datasets import _training, load_digit_networks, train_digit_networks


@pytest.fixture(scope="package")
def data():
    """Load the stored networks."""
    pytest.importorskip("torch")
    return load_digit_networks()


@pytest.fixture(scope="package")
def fresh():
    """Train one network of each strategy with the seed of the stored ones, less long.

    After 80 of the 370 epochs they are near the stored ones already.
    """
    pytest.importorskip("torch")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_training, "N_EPOCHS", 80)
        return train_digit_networks(1)


@pytest.fixture
def global_state():
    """Provide a function that returns the global state of NumPy and PyTorch."""
    torch = pytest.importorskip("torch")

    def read():
        _, key, position, *_ = np.random.get_state()  # noqa: NPY002
        generator = torch.random.get_rng_state().tolist()
        return key.tolist(), position, generator, torch.get_num_threads()

    return read
