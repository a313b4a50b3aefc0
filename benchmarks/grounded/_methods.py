"""The methods that are compared: from recordings to distances between samples.

A method is one entry of `METHODS`: a function of a :class:`Recording` that returns
rows, whose Euclidean distances count, or distances.
"""

import warnings
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.grounded._recordings import stack
from sktopo import (
    ClassWise,
    CovarianceSpectrum,
    FunctionalConnectome,
    GraphPersistence,
    GraphProfiles,
    StimulusGeometry,
)
from sktopo._utils.geometry import squared_distances
from sktopo.barcodes import quantile_vectors
from sktopo.baselines import (
    DiagramDistance,
    RepresentationDistance,
    RipsDiagrams,
    WeightSummaries,
)

OURS, CONTROL, REPRESENTATION, DIAGRAMS = (
    "this package",
    "control",
    "representation",
    "diagrams",
)
# What graphs and layers of different sizes are compared by.
N_QUANTILES = 100
N_PROFILE_QUANTILES = 50


class Method(NamedTuple):
    """A method.

    Attributes
    ----------
    about : str
        What it compares, for tables.

    kind : {"this package", "control", "representation", "diagrams"}
        What it is.

    rows, distances : callable or None
        One of the two, a function of a recording: rows (n_samples, n_columns) or
        distances (n_samples, n_samples).

    parts : tuple of str
        In place of a function, the methods whose distances are joined.

    needs : tuple of {"stimuli", "widths"}
        What samples must have in common. A method has no value where they do not.
    """

    about: str
    kind: str
    rows: Callable | None = None
    distances: Callable | None = None
    parts: tuple = ()
    needs: tuple = ()


def barcode_rows(shown, **options):
    """Compute Wasserstein rows of births and deaths."""
    n_quantiles = None if shown.same_width else N_QUANTILES
    persistence = GraphPersistence(n_quantiles=n_quantiles, **options)
    return persistence.fit_transform(shown.connectomes)


def profile_rows(shown, *, layers):
    """Compute profiles of all nodes and, with `layers`, within and between layers."""
    groups = group_nodes(shown) if layers else None
    n_quantiles = None if shown.same_width else N_PROFILE_QUANTILES
    profiles = GraphProfiles(groups=groups, n_quantiles=n_quantiles)
    return profiles.fit_transform(shown.connectomes)


def summary_rows(shown, *, kind):
    """Summarise the weights of each connectome, and standardise the summaries."""
    rows = [
        WeightSummaries(kind, groups=layers).fit_transform(row[None])[0]
        for row, layers in zip(shown.connectomes, shown.layers, strict=True)
    ]
    return StandardScaler().fit_transform(np.array(rows, dtype=np.float64))


def sorted_rows(shown):
    """Sort the weights of each connectome."""
    if shown.same_width:
        return WeightSummaries("sorted").fit_transform(shown.connectomes)
    rows = [np.sort(row)[None] for row in shown.connectomes]
    return np.vstack([quantile_vectors(row, N_QUANTILES) for row in rows])


def diagram_distances(shown, *, metric):
    """Compute distances between diagrams of Vietoris-Rips complexes."""
    diagrams = [RipsDiagrams().fit_transform(row[None])[0] for row in shown.connectomes]
    return DiagramDistance(metric).fit_transform(diagrams)


def geometry_rows(shown, *, power):
    """Compute powers of the Gram matrix of the stimuli, layer by layer."""
    geometry = StimulusGeometry(power, groups=group_nodes(shown))
    return geometry.fit_transform(choose_nodes(shown))


def spectrum_rows(shown, *, normalize):
    """Compute the log spectrum of the covariance, layer by layer."""
    spectrum = CovarianceSpectrum(
        normalize=normalize,
        groups=group_nodes(shown),
        n_quantiles=None if shown.same_width else N_QUANTILES,
    )
    return spectrum.fit_transform(choose_nodes(shown))


def variance_rows(shown):
    """Compute the logarithm of the mean variance of the nodes of each layer."""
    return np.array(
        [
            [
                np.log(activations[:, layers == name].var(axis=0).mean())
                for name in dict.fromkeys(layers.tolist())
            ]
            for activations, layers in zip(shown.activations, shown.layers, strict=True)
        ],
        dtype=np.float64,
    )


def stimulus_graph_rows(shown):
    """Compute balanced barcodes of the graph of stimuli, by the last layer."""
    activations = choose_nodes(shown, last_layer=True)
    chain = make_pipeline(
        FunctionalConnectome(nodes="stimuli"), GraphPersistence(normalize="balanced")
    )
    with warnings.catch_warnings():
        # How much layers of other widths matter is what is judged.
        warnings.filterwarnings("ignore", "The samples differ in their number of units")
        return chain.fit_transform(activations)


def class_rows(shown):
    """Compute balanced barcodes of a connectome for each class of stimuli.

    Where samples are shown different stimuli, they are compared by as many of each
    class as all have.
    """
    classes = np.unique(np.concatenate(shown.labels))
    counts = np.array([[(own == c).sum() for c in classes] for own in shown.labels])
    n_chosen = counts.min(axis=0)
    activations = [
        np.concatenate(
            [a[own == c][:n] for c, n in zip(classes, n_chosen, strict=True)]
        )
        for a, own in zip(shown.activations, shown.labels, strict=True)
    ]
    n_quantiles = None if shown.same_width else N_QUANTILES
    chain = make_pipeline(
        FunctionalConnectome(),
        GraphPersistence(normalize="balanced", n_quantiles=n_quantiles),
    )
    by_class = ClassWise(chain, stimulus_classes=np.repeat(classes, n_chosen))
    return by_class.fit_transform(stack(activations))


def representation_distances(shown, *, last_layer=False, **options):
    """Compare stimulus by stimulus: layer by layer, or only the last layer."""
    groups = None if last_layer else group_nodes(shown)
    measure = RepresentationDistance(groups=groups, **options)
    return measure.fit_transform(choose_nodes(shown, last_layer=last_layer))


def join_distances(parts):
    """Join distances as if rows of the same Wasserstein variance were joined.

    Parameters
    ----------
    parts : list of ndarray of shape (n_samples, n_samples)
        Euclidean distances of each part.

    Returns
    -------
    distances : ndarray of shape (n_samples, n_samples)
        Distances. A part that does not vary adds nothing.
    """
    squares = [part**2 for part in parts]
    return np.sqrt(sum(own / (own.mean() or 1) for own in squares))


def group_nodes(shown):
    """Return the layer of each node; of different widths, by the number of nodes."""
    if shown.same_width:
        return shown.layers[0]
    return {len(layers): layers for layers in shown.layers}


def choose_nodes(shown, *, last_layer=False):
    """Return the activations of all nodes or of the last layer."""
    chosen = []
    for activations, layers in zip(shown.activations, shown.layers, strict=True):
        nodes = layers == layers[-1] if last_layer else slice(None)
        chosen.append(activations[:, nodes])
    return stack(chosen)


def find_distances(name, shown):
    """Compute the distances of a method between the samples of a recording.

    Parameters
    ----------
    name : str
        A key of `METHODS`, one without parts.

    shown : Recording
        The recording.

    Returns
    -------
    distances : ndarray of shape (n_samples, n_samples), dtype float64
        Distances; symmetric.
    """
    method = METHODS[name]
    if method.rows is not None:
        squared, unit = squared_distances(method.rows(shown), caller=name)
        distances = np.sqrt(squared) * unit
    else:
        distances = np.array(method.distances(shown), dtype=np.float64)
    return (distances + distances.T) / 2


NORMALISED, BALANCED, SUM = (
    "births + deaths, normalised",
    "births + deaths, balanced",
    "births + deaths, sum",
)
PROFILES, LAYERED = "profiles", "profiles with layers"
VARIANCES = "layer variances"
CLASSES, GRAPH = "births + deaths within classes", "births + deaths of stimuli"
SPECTRUM, SCALED, HALF, QUARTER = (
    "spectrum of the covariance",
    "spectrum with its scale",
    "stimulus geometry, K^1/2",
    "stimulus geometry, K^1/4",
)
# Distances that are joined; those with a geometry need the same stimuli.
BUNDLES = {
    "bundle of spectrum and barcodes": (SPECTRUM, BALANCED),
    "bundle of K^1/2 and spectrum": (HALF, SPECTRUM),
    "bundle of K^1/4 and spectrum": (QUARTER, SPECTRUM),
    "bundle of K^1/2 and spectrum with its scale": (HALF, SCALED),
    "bundle of K^1/4 and spectrum with its scale": (QUARTER, SCALED),
    "bundle of K^1/2, spectrum and barcodes": (HALF, SPECTRUM, BALANCED),
    "bundle of K^1/4, spectrum and barcodes": (QUARTER, SPECTRUM, BALANCED),
    "bundle of K^1/2 and layer variances": (HALF, VARIANCES),
    "bundle of barcodes and layer variances": (BALANCED, VARIANCES),
}
# The same beside measures that do not see the scale of a layer.
SCALED_MEASURES = {
    f"bundle of {name} and layer variances": (name, VARIANCES)
    for name in ("CKA", "Procrustes", "Jaccard")
}
# Options of the representational measures; all see layers one by one where not said.
MEASURES = {
    "CKA": {"measure": "cka"},
    "CKA, last layer": {"measure": "cka", "last_layer": True},
    "CKA, unbiased": {"measure": "cka", "unbiased": True},
    "CKA, RBF": {"measure": "cka", "kernel": "rbf"},
    "Procrustes": {"measure": "procrustes"},
    "Procrustes, last layer": {"measure": "procrustes", "last_layer": True},
    "RSA": {"measure": "rsa"},
    "RSA, last layer": {"measure": "rsa", "last_layer": True},
    "SVCCA": {"measure": "svcca"},
    "CCA": {"measure": "cca"},
    "Jaccard": {"measure": "jaccard"},
}
METHODS = {
    NORMALISED: Method(
        "barcodes, births and deaths weigh the same", OURS, rows=barcode_rows
    ),
    BALANCED: Method(
        "barcodes, births and deaths vary the same",
        OURS,
        rows=partial(barcode_rows, normalize="balanced"),
    ),
    SUM: Method(
        "barcodes, the published sum",
        OURS,
        rows=partial(barcode_rows, normalize=False),
        needs=("widths",),
    ),
    PROFILES: Method(
        "births, deaths, strengths, spectrum and local weights",
        OURS,
        rows=partial(profile_rows, layers=False),
    ),
    LAYERED: Method(
        "the same, also within and between layers",
        OURS,
        rows=partial(profile_rows, layers=True),
    ),
    CLASSES: Method(
        "balanced barcodes for each class of stimuli", OURS, rows=class_rows
    ),
    GRAPH: Method(
        "balanced barcodes of the graph of stimuli by the last layer",
        OURS,
        rows=stimulus_graph_rows,
    ),
    SPECTRUM: Method(
        "log eigenvalues of the covariance of each layer, divided by their mean",
        OURS,
        rows=partial(spectrum_rows, normalize=True),
    ),
    SCALED: Method(
        "log eigenvalues of the covariance of each layer",
        OURS,
        rows=partial(spectrum_rows, normalize=False),
    ),
    HALF: Method(
        "root of the Gram matrix of the stimuli in each layer",
        OURS,
        rows=partial(geometry_rows, power=0.5),
        needs=("stimuli",),
    ),
    QUARTER: Method(
        "its fourth root",
        OURS,
        rows=partial(geometry_rows, power=0.25),
        needs=("stimuli",),
    ),
    **{
        name: Method(
            "distances, each with the same mean square, joined",
            OURS,
            parts=parts,
            needs=("stimuli",) if {HALF, QUARTER} & set(parts) else (),
        )
        for name, parts in BUNDLES.items()
    },
    "mean |r|": Method("mean weight", CONTROL, rows=partial(summary_rows, kind="mean")),
    "moments": Method(
        "mean and deviation of the weights, standardised",
        CONTROL,
        rows=partial(summary_rows, kind="moments"),
    ),
    "block moments": Method(
        "the same within and between layers",
        CONTROL,
        rows=partial(summary_rows, kind="blocks"),
    ),
    "sorted weights": Method(
        "all weights in order, without births and deaths", CONTROL, rows=sorted_rows
    ),
    VARIANCES: Method(
        "log mean variance of the nodes of each layer", CONTROL, rows=variance_rows
    ),
    "edge weights": Method(
        "each edge with the same edge",
        CONTROL,
        rows=lambda shown: shown.connectomes,
        needs=("widths",),
    ),
    **{
        name: Method(
            "the last layer" if "last_layer" in options else "layers one by one",
            REPRESENTATION,
            distances=partial(representation_distances, **options),
            needs=("stimuli",),
        )
        for name, options in MEASURES.items()
    },
    **{
        name: Method(
            "distances, each with the same mean square, joined",
            CONTROL,
            parts=parts,
            needs=("stimuli",),
        )
        for name, parts in SCALED_MEASURES.items()
    },
    **{
        name: Method(
            "Vietoris-Rips diagrams",
            DIAGRAMS,
            distances=partial(diagram_distances, metric=metric),
        )
        for name, metric in {
            "Wasserstein of diagrams": "wasserstein",
            "persistence Fisher": "persistence_fisher",
            "sliced Wasserstein": "sliced_wasserstein",
            "heat kernel": "heat",
            "weighted Gaussian": "weighted_gaussian",
        }.items()
    },
}
# What was tried on MNIST. The one with the highest mean average precision over the
# designs and architectures there is the method that all other data sets judge.
CANDIDATES = tuple(name for name in METHODS if METHODS[name].kind == OURS)
CHOSEN_ON = "mnist"
# These take most of the time, so they are in the designs only, not under other
# conditions. The bottleneck distance takes three times as long as the slowest of them
# and is left out.
SLOW = (
    "Wasserstein of diagrams",
    "persistence Fisher",
    "heat kernel",
    "weighted Gaussian",
)
