"""Networks and connectomes of the studies: made, or found again."""

import time
from argparse import Namespace

import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.utils import Bunch
from tqdm import tqdm

from benchmarks._measure import collect_facts
from benchmarks.studies._data import TITLES, load_dataset
from benchmarks.studies._files import load_arrays, save_arrays
from benchmarks.studies._networks import ARCHITECTURES, RECORDED, SIZES, STRATEGIES
from benchmarks.studies._selection import select_settings
from benchmarks.studies._training import draw_seeds, make_plan, train_networks
from sktopo import ActivationExtractor, FunctionalConnectome


def collect_strategies(options):
    """Collect what study 1 reports on, see the package's docstring.

    Parameters
    ----------
    options : argparse.Namespace
        What `__main__.read_options` returned.

    Returns
    -------
    collection : Bunch
        Connectomes of all networks, by strategy.
    """
    dataset, settings, collection = _prepare(options)
    trained = _train(dataset, settings, options)
    collection.accuracies = {s: trained[s].accuracies for s in STRATEGIES}
    rows, spent = [], []
    for strategy in tqdm(STRATEGIES, desc="connectomes", unit="strategy"):
        found = trained[strategy]
        path = _place(options, f"{strategy}-{found.key}.npz")
        row, seconds = _keep_connectomes(path, found.networks, dataset.stimuli, options)
        rows.append(row)
        spent.append(seconds)
    collection.update(
        connectomes=np.concatenate(rows),
        target=np.repeat(np.arange(len(STRATEGIES)), options.n_networks),
        target_names=np.array(STRATEGIES),
        network=np.tile(np.arange(options.n_networks), len(STRATEGIES)),
    )
    collection.seconds |= {
        "training": sum(found.seconds for found in trained.values()),
        "connectomes": sum(spent),
    }
    return collection


def collect_stimuli(options):
    """Collect what study 2 reports on, see the package's docstring.

    Parameters
    ----------
    options : argparse.Namespace
        What `__main__.read_options` returned.

    Returns
    -------
    collection : Bunch
        Connectomes of networks that are shown the stimuli of one class, by strategy
        and class.
    """
    dataset, settings, collection = _prepare(options)
    n_classes, fresh = len(dataset.class_names), options.fresh_per_class
    # Group 0 are the networks of study 1.
    groups = range(1, n_classes + 1) if fresh else (0,)
    trained = {group: _train(dataset, settings, options, group) for group in groups}
    collection.accuracies = {
        s: _join_accuracies([trained[group][s].accuracies for group in groups])
        for s in STRATEGIES
    }
    cells = [(s, c) for s in STRATEGIES for c in range(n_classes)]
    rows, spent = {s: [] for s in STRATEGIES}, []
    for strategy, c in tqdm(cells, desc="connectomes", unit="class"):
        found = trained[c + 1 if fresh else 0][strategy]
        path = _place(options, f"{strategy}-{found.key}-class{c}.npz")
        stimuli = dataset.stimuli[dataset.stimuli_labels == c]
        row, seconds = _keep_connectomes(path, found.networks, stimuli, options)
        rows[strategy].append(row)
        spent.append(seconds)
    n_rows = n_classes * options.n_networks
    collection.update(
        connectomes={s: np.concatenate(parts) for s, parts in rows.items()},
        target=np.repeat(np.arange(n_classes), options.n_networks),
        target_names=np.array(dataset.class_names),
        network=np.arange(n_rows) % (n_rows if fresh else options.n_networks),
    )
    collection.seconds |= {
        "training": sum(trained[g][s].seconds for g in groups for s in STRATEGIES),
        "connectomes": sum(spent),
    }
    return collection


def connectomes_of(networks, stimuli, *, device="cpu", n_jobs=1):
    """Compute the connectomes of networks that are shown stimuli.

    Parameters
    ----------
    networks : list of torch.nn.Module
        Networks with layers ``lrelu1`` and ``lrelu2``, whose units are the nodes.

    stimuli : ndarray of shape (n_stimuli, ...)
        What they are shown.

    device : str, default="cpu"
        Where to run them.

    n_jobs : int, default=1
        Number of connectomes to compute at once.

    Returns
    -------
    connectomes : ndarray of shape (n_networks, n_edges), dtype float32
        Connectome rows, absolute Pearson correlations.
    """
    extractor = ActivationExtractor(
        stimuli=stimuli,
        layers=list(RECORDED),
        device=None if device == "cpu" else device,
    )
    return make_pipeline(extractor, FunctionalConnectome(n_jobs=n_jobs)).fit_transform(
        networks
    )


def _prepare(options):
    """Load data, select settings and begin a collection with what is known then."""
    dataset = load_dataset(options.dataset, data=options.data)
    selected = select_settings(
        dataset,
        grid=options.select,
        folder=options.output / options.dataset,
        epochs=options.epochs,
        seed=options.seed,
        device=options.device,
        n_jobs=options.n_jobs,
    )
    folder = options.output / options.dataset / options.study
    folder.mkdir(parents=True, exist_ok=True)
    collection = Bunch(
        node_names=_name_nodes(options.dataset),
        settings=selected.settings,
        selection=selected.table,
        facts=_collect_facts(dataset, selected.settings, options),
        seconds={"selection": selected.seconds},
        folder=folder,
    )
    return dataset, selected.settings, collection


def _train(dataset, settings, options, group=0):
    """Train the networks of all strategies; a dict by strategy."""
    plans = [
        make_plan(
            dataset,
            strategy,
            settings[strategy],
            draw_seeds(options.seed, i, options.n_networks, group),
        )
        for i, strategy in enumerate(STRATEGIES)
    ]
    trained = train_networks(
        dataset,
        plans,
        folder=options.output / options.dataset,
        device=options.device,
        n_jobs=options.n_jobs,
    )
    return dict(zip(STRATEGIES, trained, strict=True))


def _join_accuracies(groups):
    return {kind: np.concatenate([g[kind] for g in groups]) for kind in groups[0]}


def _place(options, name):
    return options.output / options.dataset / "connectomes" / name


def _keep_connectomes(path, networks, stimuli, options):
    """Compute connectomes once; return them and the processor time it took."""
    if not path.exists():
        start = time.process_time()
        connectomes = connectomes_of(
            networks, stimuli, device=options.device, n_jobs=options.n_jobs
        )
        seconds = time.process_time() - start
        save_arrays(path, {"connectomes": connectomes, "seconds": seconds})
    found = load_arrays(path)
    return found["connectomes"], float(found["seconds"])


def _name_nodes(name):
    sizes = zip(RECORDED, SIZES[name][1:], strict=False)
    return np.array([f"{layer}[{i}]" for layer, n in sizes for i in range(n)])


def _collect_facts(dataset, settings, options):
    given = {key: value for key, value in vars(options).items() if key != "study"}
    epochs = sorted({settings[s]["epochs"] for s in STRATEGIES})
    return {
        "data": TITLES[dataset.name],
        "found in": dataset.source,
        "checksum of the data": dataset.digest,
        "images trained on": f"{len(dataset.images)}",
        "stimuli": f"{len(dataset.stimuli)}, a stratified sixth kept out of training",
        "test images": f"{len(dataset.test_images)}",
        "architecture": ARCHITECTURES[dataset.name],
        "networks per strategy": f"{options.n_networks}",
        "epochs": " or ".join(map(str, epochs)),
        "settings": {
            "none": "fixed beforehand",
            "reduced": "by 5-fold cross-validation on a reduced grid",
            "paper": "by 5-fold cross-validation on the paper's grid",
        }[options.select],
        "seed": f"{options.seed}",
        "device of the training": options.device,
    } | collect_facts(f"studies {options.study}", Namespace(**given), "torch")
