"""Training of the studies' networks, with checkpoints and saved results."""

import time
from contextlib import contextmanager
from importlib.metadata import version

import numpy as np
import torch
from joblib import Parallel, delayed
from sklearn.utils import Bunch
from tqdm import tqdm

from benchmarks.studies import _files
from benchmarks.studies._networks import ARCHITECTURES, CHANNELS, build_network
from benchmarks.studies._stack import BATCH_SIZE, LEARNING_RATE, MOMENTUM, Stack

# Seconds of training between two checkpoints, at least; epochs are never split.
CHECKPOINT_EVERY = 10


def train_networks(dataset, plans, *, folder, device="cpu", n_jobs=1):
    """Train networks, or load them if they were trained before.

    Parameters
    ----------
    dataset : Bunch
        See `load_dataset`.

    plans : list of dict
        What `make_plan` made: each a set of networks that are trained together.

    folder : pathlib.Path
        Where ``networks`` and ``checkpoints`` are kept. A set of networks is found
        again if all agrees: version of sktopo, data, architecture, strategy, settings,
        seeds. A damaged file is named by a warning and made again. The training
        of one that was interrupted goes on from its last checkpoint, and ends in the
        same networks to the last bit, on the same machine.

    device : str, default="cpu"
        Where to train.

    n_jobs : int, default=1
        Number of sets to train at once, in processes of one thread each. The networks
        do not depend on it.

    Returns
    -------
    trained : list of Bunch
        For each plan:

        networks : list of torch.nn.Sequential
            In evaluation mode, on the CPU.
        accuracies : dict of str to ndarray of shape (n_networks,)
            "train", "held-out" (stimuli) and "test".
        seconds : float
            Processor time of training, whether now or before.
        key : str
            What their files are named after.
    """
    parts = []
    for plan in plans:
        arrays, record = (
            _place(folder, plan, "networks", ending) for ending in (".npz", ".json")
        )
        _files.discard_damaged(arrays, record)
        if not (arrays.exists() and record.exists()):
            record.unlink(missing_ok=True)
            parts += _divide(folder, plan, device)
    for *_, checkpoint in parts:
        _files.discard_damaged(checkpoint)
    _train_parts(dataset, parts, device=device, n_jobs=n_jobs)
    return [_finish(dataset, plan, folder, device) for plan in plans]


def make_plan(dataset, strategy, settings, seeds):
    """Describe networks to train: all that determines them, as plain data."""
    return {
        "dataset": dataset.name,
        "digest": dataset.digest,
        "architecture": ARCHITECTURES[dataset.name],
        "strategy": strategy,
        "settings": settings,
        "seeds": [int(seed) for seed in seeds],
        "learning_rate": LEARNING_RATE,
        "momentum": MOMENTUM,
        "batch_size": BATCH_SIZE,
    }


def draw_seeds(seed, strategy, n_networks, group=0):
    """Draw a seed for each network; the first do not depend on how many follow.

    Parameters
    ----------
    seed : int
        Seed of the study.

    strategy, group : int
        Number of the strategy, and of the set within it.

    n_networks : int
        Number of networks.

    Returns
    -------
    seeds : list of int
        The seeds.
    """
    keys = [(strategy, group, network) for network in range(n_networks)]
    return [
        int(np.random.SeedSequence(seed, spawn_key=key).generate_state(1)[0])
        for key in keys
    ]


def build_stack(plan, seeds, device):
    """Build untrained networks of a plan, those of the given seeds, and stack them."""
    networks = [
        build_network(plan["dataset"], plan["strategy"], plan["settings"], seed)
        for seed in seeds
    ]
    decay = plan["settings"]["weight_decay"]
    return Stack(networks, seeds, weight_decay=decay, device=device)


def unstack(plan, states):
    """Build the networks of stacked states, in evaluation mode."""
    networks = []
    for i in range(len(states["output.bias"])):
        network = build_network(plan["dataset"], plan["strategy"], plan["settings"], 0)
        network.load_state_dict(
            {name: torch.as_tensor(values[i]) for name, values in states.items()}
        )
        networks.append(network.eval())
    return networks


def measure_accuracies(networks, images, labels, *, device="cpu"):
    """Measure the share of images that each network classifies correctly.

    Parameters
    ----------
    networks : list of torch.nn.Module
        In evaluation mode.

    images : ndarray of shape (n_images, ...)
        Images.

    labels : ndarray of shape (n_images,)
        Their classes.

    device : str, default="cpu"
        Where to run.

    Returns
    -------
    accuracies : ndarray of shape (n_networks,)
        Between 0 and 1.
    """
    found = []
    with torch.inference_mode():
        for network in networks:
            network.to(device)
            classes = [
                network(batch.to(device)).argmax(dim=1).cpu()
                for batch in torch.from_numpy(images).split(1000)
            ]
            network.to("cpu")
            found.append(np.mean(torch.cat(classes).numpy() == labels))
    return np.array(found)


def put_on_device(images, labels, device):
    """Make tensors of images and labels; convolutions prefer their channels last."""
    # Copies: arrays of another process are read-only, and torch has no such tensors.
    images = torch.tensor(images, device=device)
    if images.ndim == 4:
        images = images.contiguous(memory_format=torch.channels_last)
    return images, torch.tensor(labels, device=device)


@contextmanager
def one_thread():
    """Run torch on one thread: the sums, and so the networks, are then the same."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(n_threads)


def _place(folder, plan, kind, ending):
    return folder / kind / f"{plan['strategy']}-{_files.make_key(plan)}{ending}"


def _divide(folder, plan, device):
    """Divide a plan into stacks: on a CPU convolutions gain nothing by stacking."""
    seeds = plan["seeds"]
    together = 1 if plan["dataset"] in CHANNELS and device == "cpu" else len(seeds)
    return [
        (
            plan,
            seeds[start : start + together],
            _place(folder, plan, "checkpoints", f"-{start}.npz"),
        )
        for start in range(0, len(seeds), together)
    ]


def _train_parts(dataset, parts, *, device, n_jobs):
    """Train the parts in turn, an epoch or more at a time, until all are done."""
    done = [_read_epoch(checkpoint) for *_, checkpoint in parts]
    wanted = [plan["settings"]["epochs"] for plan, *_ in parts]
    if done == wanted:
        return
    bar = tqdm(
        total=sum(wanted),
        initial=sum(done),
        desc=f"training on {dataset.name}",
        unit="epoch",
    )
    with bar, Parallel(n_jobs, prefer="processes", return_as="generator") as parallel:
        while done != wanted:
            behind = [i for i in range(len(parts)) if done[i] < wanted[i]]
            advanced = parallel(
                delayed(_advance)(*parts[i], dataset.images, dataset.labels, device)
                for i in behind
            )
            for i, epoch in zip(behind, advanced, strict=True):
                bar.update(epoch - done[i])
                done[i] = epoch


def _read_epoch(checkpoint):
    if not checkpoint.exists():
        return 0
    with np.load(checkpoint) as file:
        return int(file["epoch"])


def _advance(plan, seeds, checkpoint, images, labels, device):
    """Train a part from its last checkpoint to the next; return the epoch reached."""
    start, busy = time.perf_counter(), time.process_time()
    with one_thread():
        stack = build_stack(plan, seeds, device)
        before = 0.0
        if checkpoint.exists():
            arrays = _files.load_arrays(checkpoint)
            stack.resume(arrays)
            before = float(arrays["seconds"])
        images, labels = put_on_device(images, labels, device)
        rows = [np.arange(len(labels))] * len(seeds)
        while True:
            stack.train_epoch(images, labels, rows)
            done = stack.epoch >= plan["settings"]["epochs"]
            if done or time.perf_counter() - start > CHECKPOINT_EVERY:
                break
        seconds = before + time.process_time() - busy
        saved = stack.progress() | {"seconds": np.array(seconds)}
    _files.save_arrays(checkpoint, saved)
    return stack.epoch


def _finish(dataset, plan, folder, device):
    """Read trained networks; first put them together where that was not yet done."""
    arrays, record = (_place(folder, plan, "networks", e) for e in (".npz", ".json"))
    checkpoints = [checkpoint for *_, checkpoint in _divide(folder, plan, device)]
    if not record.exists():
        states, content = _put_together(dataset, plan, checkpoints, device)
        _files.save_arrays(arrays, states)
        # Written last: if this file exists, the others do too.
        _files.save_json(record, content)
    for checkpoint in checkpoints:
        checkpoint.unlink(missing_ok=True)
    content = _files.load_json(record)
    if content["parameters"] != plan:
        raise ValueError(f"{record} holds other networks; move it away.")
    return Bunch(
        networks=unstack(plan, _files.load_arrays(arrays)),
        accuracies={k: np.array(v) for k, v in content["accuracies"].items()},
        seconds=content["seconds"],
        key=record.stem,
    )


def _put_together(dataset, plan, checkpoints, device):
    """Join the stacks of a plan; return the states and the content of the record."""
    saved = [_files.load_arrays(checkpoint) for checkpoint in checkpoints]
    states = {
        name: np.concatenate([part[name] for part in saved])
        for name in saved[0]
        if name not in ("epoch", "seconds") and not name.startswith("velocity/")
    }
    _check_finite(plan, states)
    networks = unstack(plan, states)
    accuracies = {
        kind: measure_accuracies(networks, *images, device=device).tolist()
        for kind, images in (
            ("train", (dataset.images, dataset.labels)),
            ("held-out", (dataset.stimuli, dataset.stimuli_labels)),
            ("test", (dataset.test_images, dataset.test_labels)),
        )
    }
    return states, {
        "parameters": plan,
        "accuracies": accuracies,
        "seconds": sum(float(part["seconds"]) for part in saved),
        "device": device,
        "versions": {name: version(name) for name in ("torch", "numpy")},
    }


def _check_finite(plan, states):
    if not all(np.isfinite(values).all() for values in states.values()):
        raise ValueError(
            f"Networks trained with {plan['strategy']} {plan['settings']} have weights "
            "that are not finite: their training diverged. Try other settings."
        )
