"""Networks and stimuli for tests of monitors."""

import pytest

torch = pytest.importorskip("torch")


def build(seed=0, width=6):
    """Build a network with dropout and batch normalisation."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return torch.nn.Sequential(
            torch.nn.Linear(5, width),
            torch.nn.BatchNorm1d(width),
            torch.nn.ReLU(),
            torch.nn.Dropout(0.5),
            torch.nn.Linear(width, 4),
            torch.nn.Tanh(),
            torch.nn.Linear(4, 3),
        )


@pytest.fixture(name="build")
def build_fixture():
    return build


@pytest.fixture(name="stimuli")
def stimuli_fixture():
    return torch.randn(30, 5, generator=torch.Generator().manual_seed(1))
