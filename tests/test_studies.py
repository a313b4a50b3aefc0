"""The paper's studies: data, training, selection of settings, stages."""

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

ROOT = Path(__file__).parent.parent
# benchmarks are found where ``python -m`` finds them.
sys.path.insert(0, str(ROOT))
data, files, networks, selection, stack, stages, training, command = (
    importlib.import_module(f"benchmarks.studies.{name}")
    for name in (
        "_data",
        "_files",
        "_networks",
        "_selection",
        "_stack",
        "_stages",
        "_training",
        "__main__",
    )
)
sys.path.remove(str(ROOT))

STRATEGIES = networks.STRATEGIES


def make_settings(strategy, epochs=2):
    return networks.make_settings(
        strategy, epochs=epochs, slope=0.05, weight_decay=0.02, dropout=0.3
    )


def make_images(shape=(64,), n_images=170, seed=0):
    rng = np.random.default_rng(seed)
    images = rng.random((n_images, *shape), dtype=np.float32)
    return images, rng.integers(0, 10, n_images)


class _DropoutDrawnByNumpy(torch.nn.Module):
    """Dropout with the draws of a generator, as the stack makes them."""

    def __init__(self, rate, generator):
        super().__init__()
        self.rate, self.generator = rate, generator

    def forward(self, x):
        kept = self.generator.random(tuple(x.shape), dtype=np.float32) >= self.rate
        return x * torch.from_numpy(kept) / (1 - self.rate)


def train_alone(network, seed, images, labels, rows, *, epochs, weight_decay):
    """Train one network as torch's own tutorials do."""
    network.train()
    optimizer = torch.optim.SGD(
        network.parameters(), lr=0.01, momentum=0.9, weight_decay=weight_decay
    )
    for epoch in range(epochs):
        generator = np.random.default_rng([seed, epoch])
        if hasattr(network, "dropout"):
            network.dropout = _DropoutDrawnByNumpy(0.3, generator)
        order = torch.from_numpy(generator.permutation(rows))
        for batch in order.split(50):
            if len(batch) == 50:
                optimizer.zero_grad()
                outputs = network(images[batch])
                torch.nn.functional.cross_entropy(outputs, labels[batch]).backward()
                optimizer.step()
    return network.state_dict()


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize(
    ("name", "shape"), [("digits", (64,)), ("cifar10", (3, 32, 32))]
)
def test_a_stack_trains_the_networks_that_torch_trains_one_by_one(
    name, shape, strategy
):
    images, labels = map(torch.from_numpy, make_images(shape))
    settings = make_settings(strategy)
    seeds = [3, 11] if name == "cifar10" else [3, 11, 4]
    # Each is trained on images of its own, as the folds of a cross-validation are.
    rows = [np.arange(k, 105 + 20 * k) for k in range(len(seeds))]
    epochs = 1 if name == "cifar10" else 3
    untrained = [networks.build_network(name, strategy, settings, s) for s in seeds]
    trained = stack.Stack(untrained, seeds, weight_decay=settings["weight_decay"])
    for _ in range(epochs):
        trained.train_epoch(images, labels, rows)
    states = trained.states()
    for k, (network, seed) in enumerate(zip(untrained, seeds, strict=True)):
        start = {n: v.clone() for n, v in network.state_dict().items()}
        alone = train_alone(
            network,
            seed,
            images,
            labels,
            rows[k][:],
            epochs=epochs,
            weight_decay=settings["weight_decay"],
        )
        assert set(alone) == set(states)
        for key, values in alone.items():
            np.testing.assert_allclose(states[key][k], values, atol=2e-5, err_msg=key)
            assert not torch.equal(values, start[key]), key
