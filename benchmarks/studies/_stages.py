"""Make networks and connectomes of the studies, or load those made before."""

import functools
import time
from argparse import Namespace
from itertools import product

import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.utils import Bunch
from tqdm import tqdm

from benchmarks._measure import collect_facts
from benchmarks.studies._data import TITLES, load_dataset
from benchmarks.studies._files import discard_damaged, load_arrays, save_arrays
from benchmarks.studies._networks import ARCHITECTURES, LABELS, RECORDED, SIZES
from benchmarks.studies._selection import select_settings
from benchmarks.studies._training import draw_seeds, make_plan, train_networks
from sktopo import ActivationExtractor, FunctionalConnectome
from sktopo.comparison._sources import Modules

PACKAGES = ("sktopo", "torch", "matplotlib", "gudhi", "kmedoids", "networkx")
SETTINGS = {
    "none": "fixed beforehand",
    "reduced": "by 5-fold cross-validation on a reduced grid",
    "paper": "by 5-fold cross-validation on the paper's grid",
}


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
    dataset, collection = _prepare(options)
    trained = _train(dataset, collection, options)
    rows = [
        _keep_connectomes(collection, found, dataset.stimuli, options)
        for found in tqdm(trained.values(), desc="connectomes", unit="strategy")
    ]
    collection.update(
        accuracies={name: found.accuracies for name, found in trained.items()},
        connectomes=np.concatenate(rows),
        target=np.repeat(np.arange(len(trained)), options.n_networks),
        target_names=np.array(list(trained)),
        network=np.tile(np.arange(options.n_networks), len(trained)),
    )
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
    dataset, collection = _prepare(options)
    n_classes, fresh = len(dataset.class_names), options.fresh_per_class
    # Group 0 are the networks of study 1.
    groups = range(1, n_classes + 1) if fresh else (0,)
    trained = {group: _train(dataset, collection, options, group) for group in groups}
    rows = {name: [] for name in LABELS.values()}
    cells = list(product(rows, range(n_classes)))
    for name, c in tqdm(cells, desc="connectomes", unit="class"):
        found = trained[c + 1 if fresh else 0][name]
        stimuli = dataset.stimuli[dataset.stimuli_labels == c]
        rows[name].append(
            _keep_connectomes(collection, found, stimuli, options, f"-class{c}")
        )
    n_rows = n_classes * options.n_networks
    collection.update(
        accuracies={
            name: _join_accuracies([trained[g][name].accuracies for g in groups])
            for name in rows
        },
        connectomes={name: np.concatenate(parts) for name, parts in rows.items()},
        target=np.repeat(np.arange(n_classes), options.n_networks),
        target_names=np.array(dataset.class_names),
        network=np.arange(n_rows) % (n_rows if fresh else options.n_networks),
    )
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
        epochs=options.epochs,
        seed=options.seed,
        **_list_places(options),
    )
    folder = options.output / options.report / options.study
    folder.mkdir(parents=True, exist_ok=True)
    collection = Bunch(
        node_names=_name_nodes(options.dataset),
        settings={LABELS[s]: chosen for s, chosen in selected.settings.items()},
        selection=[r | {"strategy": LABELS[r["strategy"]]} for r in selected.table],
        facts=_collect_facts(dataset, selected.settings, options),
        seconds={"selection": selected.seconds, "training": 0.0, "connectomes": 0.0},
        folder=folder,
    )
    return dataset, collection


def _list_places(options):
    """Return the folder of a data set, the device and the jobs, by parameter."""
    folder = options.output / options.dataset
    return {"folder": folder, "device": options.device, "n_jobs": options.n_jobs}


def _train(dataset, collection, options, group=0):
    """Train the networks of all strategies; return what was trained, by strategy."""
    plans = [
        make_plan(
            dataset,
            strategy,
            collection.settings[LABELS[strategy]],
            draw_seeds(options.seed, i, options.n_networks, group),
        )
        for i, strategy in enumerate(LABELS)
    ]
    trained = train_networks(dataset, plans, **_list_places(options))
    collection.seconds["training"] += sum(found.seconds for found in trained)
    return dict(zip(LABELS.values(), trained, strict=True))


def _join_accuracies(groups):
    return {kind: np.concatenate([g[kind] for g in groups]) for kind in groups[0]}


def _keep_connectomes(collection, trained, stimuli, options, ending=""):
    """Compute connectomes of trained networks, or read those computed before."""
    folder = options.output / options.dataset / "connectomes"
    path = folder / f"{trained.key}-{_digest_code()}{ending}.npz"
    discard_damaged(path)
    if not path.exists():
        start = time.process_time()
        connectomes = connectomes_of(
            trained.networks, stimuli, device=options.device, n_jobs=options.n_jobs
        )
        seconds = time.process_time() - start
        save_arrays(path, {"connectomes": connectomes, "seconds": seconds})
    found = load_arrays(path)
    collection.seconds["connectomes"] += float(found["seconds"])
    return found["connectomes"]


@functools.cache
def _digest_code():
    """Hash the code that decides about connectomes: this module and its imports."""
    return Modules().digest(__name__)[:12]


def _name_nodes(name):
    sizes = zip(RECORDED, SIZES[name][1:], strict=False)
    return np.array([f"{layer}[{i}]" for layer, n in sizes for i in range(n)])


def _collect_facts(dataset, settings, options):
    given = {key: value for key, value in vars(options).items() if key != "study"}
    epochs = sorted({settings[s]["epochs"] for s in LABELS})
    sizes = zip(RECORDED, SIZES[dataset.name][1:], strict=False)
    return {
        "data": TITLES[dataset.name],
        "found in": dataset.source,
        "checksum of the data": dataset.digest,
        "images trained on": f"{len(dataset.images)}",
        "stimuli": f"{len(dataset.stimuli)}, a stratified sixth kept out of training",
        "test images": f"{len(dataset.test_images)}",
        "architecture": ARCHITECTURES[dataset.name],
        "nodes": ", ".join(f"{n} of {layer}" for layer, n in sizes),
        "networks per strategy": f"{options.n_networks}",
        "epochs": " or ".join(map(str, epochs)),
        "settings": SETTINGS[options.select],
        "seed": f"{options.seed}",
        "device of the training": options.device,
    } | collect_facts(f"studies {options.study}", Namespace(**given), *PACKAGES)
