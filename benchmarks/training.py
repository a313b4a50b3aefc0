"""Networks trained in a stack and one by one: ``python -m benchmarks.training``.

Twenty networks of the studies, on made-up images of MNIST's size, in batches of 50, on
one thread: the stack of :mod:`benchmarks.studies`, the same by `torch.func.vmap`, and
one network after the other with `torch.optim.SGD`.
"""

import numpy as np
import torch
from torch.func import functional_call, stack_module_state, vmap
from torch.nn.functional import cross_entropy

from benchmarks._measure import (
    collect_facts,
    make_parser,
    ratio,
    report,
    time_in_turn,
)
from benchmarks.studies._networks import (
    ARCHITECTURES,
    FIXED,
    STRATEGIES,
    build_network,
    make_settings,
)
from benchmarks.studies._stack import BATCH_SIZE, LEARNING_RATE, MOMENTUM, Stack
from benchmarks.studies._training import one_thread

N_NETWORKS = 20
# Steps that are timed, and those of an epoch of 50,000 images.
N_STEPS = 50
EPOCH = 1000


def main(argv=None):
    """Measure and report."""
    options = make_parser(__doc__).parse_args(argv)
    n_networks, n_steps = (3, 2) if options.quick else (N_NETWORKS, N_STEPS)
    rng = np.random.default_rng(0)
    images = torch.from_numpy(rng.random((n_steps * 200, 784), dtype=np.float32))
    labels = torch.from_numpy(rng.integers(0, 10, len(images)))
    rows = []
    with one_thread():
        facts = collect_facts("training", options, "torch")
        for name in ("mnist", "fashion-mnist"):
            for strategy in STRATEGIES:
                calls = prepare(name, strategy, n_networks, n_steps, images, labels)
                seconds = {
                    call: [EPOCH / n_steps * s for s in found]
                    for call, found in time_in_turn(
                        calls, repeats=options.repeats
                    ).items()
                }
                case = f"{ARCHITECTURES[name]}, {strategy}"
                rows += compare(case, seconds, n_networks)
    report(
        "training",
        f"{n_networks} networks trained in a stack and one by one",
        {f"An epoch of {EPOCH} steps, {BATCH_SIZE} images each; one thread:": rows},
        facts,
        options,
    )


def prepare(name, strategy, n_networks, n_steps, images, labels):
    """Make the ways of training: calls that each make the same number of steps."""
    settings = make_settings(strategy, epochs=1, **FIXED)
    networks = [
        build_network(name, strategy, settings, seed) for seed in range(n_networks)
    ]
    stack = Stack(networks, range(n_networks), weight_decay=settings["weight_decay"])
    n_images = n_steps * BATCH_SIZE
    rows = [np.arange(len(images))[:n_images]] * n_networks
    calls = {
        "stack": lambda: stack.train_epoch(images, labels, rows),
        "one by one": lambda: [
            train_alone(network, settings, images, labels, n_images)
            for network in networks
        ],
    }
    # Batch normalisation and dropout cannot be mapped without changing them.
    if strategy in ("vanilla", "l2"):
        calls["vmap"] = lambda: train_mapped(
            networks, settings, images, labels, n_images
        )
    return calls


def train_alone(network, settings, images, labels, n_images):
    """Train one network as torch's own tutorials do."""
    optimizer = make_optimizer(network.parameters(), settings)
    for batch in torch.randperm(n_images).split(BATCH_SIZE):
        optimizer.zero_grad()
        cross_entropy(network(images[batch]), labels[batch]).backward()
        optimizer.step()


def train_mapped(networks, settings, images, labels, n_images):
    """Train stacked parameters with a forward pass that is mapped over networks."""
    parameters, _ = stack_module_state(networks)
    parameters = {k: v.detach().requires_grad_() for k, v in parameters.items()}

    def find_loss(own, x, y):
        return cross_entropy(functional_call(networks[0], own, (x,)), y)

    optimizer = make_optimizer(parameters.values(), settings)
    order = torch.stack([torch.randperm(n_images) for _ in networks])
    for batch in order.split(BATCH_SIZE, dim=1):
        optimizer.zero_grad()
        vmap(find_loss)(parameters, images[batch], labels[batch]).sum().backward()
        optimizer.step()


def make_optimizer(parameters, settings):
    """Make torch's gradient descent with the settings of the studies."""
    return torch.optim.SGD(
        parameters,
        lr=LEARNING_RATE,
        momentum=MOMENTUM,
        weight_decay=settings["weight_decay"],
    )


def compare(case, seconds, n_networks):
    """Compare the stack with other ways; give its cost as a number of networks."""
    rows = [
        ratio(case, seconds, "stack", other) for other in seconds if other != "stack"
    ]
    rows[0]["costs as much as, one by one"] = n_networks * rows[0]["ratio"]
    return rows


if __name__ == "__main__":
    main()
