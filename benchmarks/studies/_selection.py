"""Settings of the training strategies, selected by cross-validation."""

import time

import numpy as np
from sklearn.model_selection import StratifiedKFold
from sklearn.utils import Bunch

from benchmarks.studies import _networks, _training
from benchmarks.studies._files import (
    discard_damaged,
    load_json,
    make_key,
    run_parallel,
    save_json,
)

N_FOLDS = 5
# Group of the seeds: those of the folds are not those of any study.
GROUP = 1000


def select_settings(
    dataset, *, grid, folder, epochs=None, seed=0, device="cpu", n_jobs=1
):
    """Select the settings of each strategy by stratified 5-fold cross-validation.

    The folds of a setting are trained together. What was measured for a setting is
    kept, and found again if data, setting and seeds agree.

    Parameters
    ----------
    dataset : Bunch
        See `load_dataset`; only its training images are used.

    grid : {"none", "reduced", "paper"}
        "paper" searches epochs 20, 30, 40, slope .01, .1, weight decay .0001, .001,
        .01 and dropout .1 to .4; "reduced" slope .01, .1, weight decay .0005, .005 and
        dropout .1, .3 for one number of epochs; "none" takes slope .01, weight decay
        .005 and dropout .3.

    folder : pathlib.Path
        Where ``selection`` is kept.

    epochs : int, default=None
        Number of epochs; None takes those of the grid, or of the data set where the
        grid has none.

    seed : int, default=0
        Seed of folds and networks.

    device : str, default="cpu"
        Where to train.

    n_jobs : int, default=1
        Number of settings to try at once, in processes of one thread each.

    Returns
    -------
    selected : Bunch
        settings : dict of str to dict
            For each strategy what `make_settings` makes: the setting with the highest
            mean accuracy on the folds left out, the first of equals.
        table : list of dict
            One row for each strategy, setting and number of epochs, with the mean and
            the standard deviation of the accuracy over the folds; empty for "none".
        seconds : float
            Processor time of training and testing, whether now or before.
    """
    if grid == "none":
        epochs = epochs or _networks.EPOCHS[dataset.name]
        settings = {
            s: _networks.make_settings(s, epochs=epochs, **_networks.FIXED)
            for s in _networks.STRATEGIES
        }
        return Bunch(settings=settings, table=[], seconds=0.0)
    values = _networks.GRIDS[grid]
    own = values.get("epochs", (_networks.EPOCHS[dataset.name],))
    choices = (epochs,) if epochs else own
    plans = [
        _plan_folds(dataset, strategy, settings, seed)
        for strategy in _networks.STRATEGIES
        for settings in _networks.list_settings(strategy, values, epochs=max(choices))
    ]
    paths = [_place(folder, plan) for plan in plans]
    for path in paths:
        discard_damaged(path)
    calls = [
        (plan, path, dataset.images, dataset.labels, device)
        for plan, path in zip(plans, paths, strict=True)
        if not path.exists()
    ]
    what = f"settings for {dataset.name}"
    run_parallel(_try_setting, calls, n_jobs=n_jobs, what=what, prefer="processes")
    found = [load_json(path) for path in paths]
    table = [
        _make_row(plan, tried["accuracies"][epoch - 1], epoch)
        for plan, tried in zip(plans, found, strict=True)
        for epoch in choices
    ]
    settings = {strategy: _choose(table, strategy) for strategy in _networks.STRATEGIES}
    seconds = sum(tried["seconds"] for tried in found)
    return Bunch(settings=settings, table=table, seconds=seconds)


def _plan_folds(dataset, strategy, settings, seed):
    seeds = _training.draw_seeds(
        seed, _networks.STRATEGIES.index(strategy), N_FOLDS, group=GROUP
    )
    return _training.make_plan(dataset, strategy, settings, seeds) | {"folds": seed}


def _place(folder, plan):
    return folder / "selection" / f"{plan['strategy']}-{make_key(plan)}.json"


def _try_setting(plan, path, images, labels, device):
    """Train a network on each choice of four folds, and test it on the fifth."""
    start = time.process_time()
    folds = StratifiedKFold(N_FOLDS, shuffle=True, random_state=plan["folds"])
    splits = list(folds.split(images, labels))
    accuracies = []
    with _training.one_thread():
        stack = _training.build_stack(plan, plan["seeds"], device)
        tensors = _training.put_on_device(images, labels, device)
        for _ in range(plan["settings"]["epochs"]):
            stack.train_epoch(*tensors, [kept for kept, _ in splits])
            accuracies.append([])
            networks = _training.unstack(plan, stack.states())
            for network, (_, out) in zip(networks, splits, strict=True):
                accuracies[-1] += _training.measure_accuracies(
                    [network], images[out], labels[out], device=device
                ).tolist()
    seconds = time.process_time() - start
    save_json(path, {"parameters": plan, "accuracies": accuracies, "seconds": seconds})


def _make_row(plan, accuracies, epoch):
    return {
        "strategy": plan["strategy"],
        **plan["settings"],
        "epochs": epoch,
        "accuracy": float(np.mean(accuracies)),
        "sd": float(np.std(accuracies)),
    }


def _choose(table, strategy):
    rows = [row for row in table if row["strategy"] == strategy]
    best = max(rows, key=lambda row: row["accuracy"])
    return {key: best[key] for key in ("epochs", "slope", "weight_decay", "dropout")}
