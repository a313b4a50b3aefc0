"""Training of networks that are known by design; trained ones are kept."""

import functools
import time

import numpy as np
import torch

from benchmarks.grounded._designs import (
    DESIGNS,
    PLAIN,
    add_shortcuts,
    augment,
    draw_codes,
    draw_labels,
    lay_out,
    make_stamps,
)
from benchmarks.grounded._networks import build_network, load_network
from benchmarks.studies import _files
from benchmarks.studies._stack import BATCH_SIZE, LEARNING_RATE, MOMENTUM, Stack
from benchmarks.studies._training import draw_seeds, one_thread
from sktopo.comparison._sources import Modules


class DesignedStack(Stack):
    """Networks that are trained together, each on its own labels and images.

    Parameters
    ----------
    networks : list of torch.nn.Sequential
        Untrained networks; they are not changed.

    seeds : list of int
        One for each network, which draws its labels, its shortcuts, the order of its
        images, their shifts and noise.

    task : dict
        What they are trained on, with the keys of `PLAIN`.

    images : ndarray of shape (n_images, n_channels, side, side)
        Images.

    labels : ndarray of shape (n_images,)
        Their classes.
    """

    def __init__(self, networks, seeds, *, task, images, labels):
        super().__init__(networks, seeds)
        # The base class does not know this layer, which has no parameters.
        self._enter = self.layers.pop("patches", torch.nn.Identity())
        self._images = torch.tensor(images)
        self._task = task
        share, reliability = task["random labels"], task["shortcut"]
        self._labels = _draw_each(draw_labels, labels, share, seeds)
        self._codes = self._stamps = None
        if reliability is not None:
            self._codes = _draw_each(draw_codes, labels, reliability, seeds)
            self._stamps = make_stamps(images.shape[-1])

    def train(self, n_epochs):
        """Show all images to each network, n_epochs times."""
        # In place of labels, a batch has numbers of images: see `step`.
        numbers = torch.arange(len(self._images))
        for _ in range(n_epochs):
            self.train_epoch(self._images, numbers, [numbers.numpy()] * len(self.seeds))

    def step(self, images, labels, generators):
        """Make one step of gradient descent; `labels` are the numbers of the images."""
        numbers = labels.view(images.shape[:2])
        if self._task["augmentation"]:
            images = augment(images, self._task["augmentation"], generators)
        if self._codes is not None:
            codes = self._codes.gather(1, numbers)
            images = add_shortcuts(images, codes, self._stamps)
        own = self._labels.gather(1, numbers).flatten()
        super().step(self._enter(images), own, generators)


def _draw_each(draw, labels, amount, seeds):
    return torch.from_numpy(np.stack([draw(labels, amount, seed) for seed in seeds]))


def make_plan(dataset, architecture, task, *, side, sizes, setting, n_networks, seed):
    """Describe networks to train: all that determines them, as plain data.

    Parameters
    ----------
    dataset : Bunch
        See `benchmarks.studies._data.load_dataset`.

    architecture : {"mlp", "cnn"}
        See `build_network`.

    task : dict
        What they are trained on, with the keys of `PLAIN`.

    side : int
        Height and width of the images.

    sizes : sequence of int
        See `build_network`.

    setting : dict
        `n_images` and `epochs`.

    n_networks : int
        Number of networks.

    seed : int
        Seed of the study. Networks of different groups have different seeds.

    Returns
    -------
    plan : dict
        The description.
    """
    n_channels = dataset.images.shape[1] if dataset.images.ndim == 4 else 1
    number, group = _number_task(task)
    return {
        "dataset": dataset.name,
        "digest": dataset.digest,
        "architecture": architecture,
        "shape": [n_channels, side, side],
        "sizes": list(sizes),
        "task": task,
        "n_images": min(setting["n_images"], len(dataset.images)),
        "epochs": setting["epochs"],
        "seeds": draw_seeds(seed, number, n_networks, group),
        "learning_rate": LEARNING_RATE,
        "momentum": MOMENTUM,
        "batch_size": BATCH_SIZE,
    }


def _number_task(task):
    """Return the numbers of the design and of the group; no task is (0, 0)."""
    for number, (design, levels) in enumerate(DESIGNS.items()):
        if task[design] != PLAIN[design]:
            return number, levels.index(task[design])
    return 0, 0


def train_networks(dataset, plans, *, folder, n_jobs):
    """Train the networks of the plans that were not trained before.

    Parameters
    ----------
    dataset : Bunch
        See `benchmarks.studies._data.load_dataset`.

    plans : list of dict
        What `make_plan` made. Equal ones are trained once.

    folder : pathlib.Path
        Where networks are kept, and found again if all agrees: version of sktopo,
        data, code that trains, plan. A damaged file is named by a warning and made
        again.

    n_jobs : int
        Number of plans to train at once, in processes of one thread each. The networks
        do not depend on it.
    """
    missing = {}
    for plan in plans:
        path = place_networks(folder, plan)
        _files.discard_damaged(path)
        if not path.exists():
            missing[path] = plan
    calls = [
        (plan, dataset.images, dataset.labels, path) for path, plan in missing.items()
    ]
    what = f"training on {dataset.name}"
    _files.run_parallel(train_plan, calls, n_jobs=n_jobs, what=what, prefer="processes")


def train_plan(plan, images, labels, path):
    """Train the networks of a plan and keep them."""
    start = time.process_time()
    n_images = plan["n_images"]
    *_, side = plan["shape"]
    with one_thread():
        stack = DesignedStack(
            [
                build_network(plan["architecture"], plan["shape"], plan["sizes"], seed)
                for seed in plan["seeds"]
            ],
            plan["seeds"],
            task=plan["task"],
            images=lay_out(images[:n_images], side),
            labels=labels[:n_images],
        )
        stack.train(plan["epochs"])
    states = stack.states()
    if not all(np.isfinite(values).all() for values in states.values()):
        raise ValueError(f"Training diverged: weights are not finite. Plan: {plan}")
    seconds = np.array(time.process_time() - start)
    _files.save_arrays(path, {**states, "seconds": seconds})


def load_networks(folder, plan, numbers):
    """Load some of the networks of a plan, by their numbers."""
    states = _files.load_arrays(place_networks(folder, plan))
    del states["seconds"]
    return [load_network(plan, states, number) for number in numbers]


def load_seconds(folder, plan):
    """Return the processor time in which the networks of a plan were trained."""
    return float(_files.load_arrays(place_networks(folder, plan))["seconds"])


def place_networks(folder, plan):
    """Return the path of the networks of a plan: equal plans have the same."""
    key = _files.hash_parameters(_digest_code(), plan)
    return folder / "networks" / f"{plan['architecture']}-{key}.npz"


@functools.cache
def _digest_code():
    """Hash the code that trains networks, but not all that its last part imports."""
    modules = Modules()
    parts = ("_designs", "_networks")
    names = [f"{__package__}.{part}" for part in parts]
    whole = modules.digest(*names, "benchmarks.studies._stack")
    return whole, modules[__name__].digest
