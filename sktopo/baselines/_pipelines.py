"""The baselines and the method as named pipelines, ready to compare."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from sktopo._utils.labels import check_labels
from sktopo._utils.parameters import check_integer, check_option, read_random_state
from sktopo.barcodes._clusterer import TopClusterer
from sktopo.barcodes._graph_profiles import GraphProfiles
from sktopo.barcodes._kernel import WassersteinKernel
from sktopo.barcodes._persistence import GraphPersistence
from sktopo.baselines._diagram_distances import (
    DISTANCES,
    KERNELS,
    DiagramDistance,
    DiagramKernel,
)
from sktopo.baselines._diagrams import RipsDiagrams
from sktopo.baselines._distance_kernel import DistanceKernel
from sktopo.baselines._graphs import GraphSummaries
from sktopo.baselines._medoids import MedoidClusterer
from sktopo.baselines._similarity import SimilarityClusterer
from sktopo.baselines._vectors import PersistenceImages, PersistenceLandscapes
from sktopo.baselines._weights import WeightSummaries

if TYPE_CHECKING:
    from typing import Literal

    from numpy.typing import ArrayLike

    from sktopo._typing import RandomState


def _list_baselines(distance, groups):
    """List all methods that classify and cluster: steps that end in rows or distances.

    A method is one entry here. Steps called "distance" give distances between samples,
    all others rows.
    """
    diagrams = {"diagrams": RipsDiagrams(distance)}
    methods = {
        "Top (normalised)": {"rows": GraphPersistence()},
        "Top (balanced)": {"rows": GraphPersistence(normalize="balanced")},
        "Top (sum)": {"rows": GraphPersistence(normalize=False)},
        "profiles": {"rows": GraphProfiles(groups=groups)},
        **_list_controls(groups),
        "Adj": {"rows": GraphPersistence(topology_weight=0)},
    }
    for metric, (name, *_) in {**DISTANCES, **KERNELS}.items():
        methods[name] = {**diagrams, "distance": DiagramDistance(metric)}
    methods["PI"] = {**diagrams, "rows": PersistenceImages()}
    methods["PL"] = {**diagrams, "rows": PersistenceLandscapes()}
    methods["graph summaries"] = {"rows": GraphSummaries(), "scaler": StandardScaler()}
    return methods


def _list_controls(groups):
    """List the methods that see the weights alone, as `_list_baselines`."""
    summaries = {
        "mean |r|": WeightSummaries("mean"),
        "moments": WeightSummaries("moments"),
    }
    if groups is not None:
        summaries["block moments"] = WeightSummaries("blocks", groups=groups)
    controls = {
        name: {"rows": rows, "scaler": StandardScaler()}
        for name, rows in summaries.items()
    }
    controls["sorted weights"] = {"rows": WeightSummaries("sorted")}
    return controls


def _check_groups(groups):
    """Raise a ValueError unless `groups` is None, "layer" or a list of labels."""
    if isinstance(groups, str):
        if groups != "layer":
            raise ValueError(
                f"groups={groups!r} is a str; expected the group of each node, such as "
                "['fc1', 'fc1', 'fc2'], 'layer' to read it from the names of edges, or "
                "None."
            )
    elif groups is not None:
        check_labels(groups, None, name="groups", of="node")


def baseline_kernels(
    *,
    distance: Literal["sqrt", "inverse"] = "sqrt",
    groups: ArrayLike | Literal["layer"] | None = None,
) -> dict[str, Pipeline]:
    """Make classifiers of connectome rows, one for each kernel.

    Each is a Pipeline of two steps: "kernel", which is a pipeline from connectome rows
    to kernel values, and "svc", which is ``SVC(kernel="precomputed")``. So the kernels
    can also be alternatives in the grid of one GridSearchCV.

    Parameters
    ----------
    distance : {"sqrt", "inverse"}, default="sqrt"
        How weights become distances, see :class:`RipsDiagrams`.

    groups : array-like of shape (n_nodes,), "layer" or None, default=None
        The groups of the nodes, such as layers or brain systems, see
        :class:`WeightSummaries` and :class:`sktopo.GraphProfiles`. "block moments" is
        listed only if they are given, and "profiles" are then also computed within and
        between groups.

    Returns
    -------
    classifiers : dict of str to Pipeline
        sktopo's method, topological clustering: "Top (normalised)", "Top (balanced)",
        "Top (sum)", and "profiles" of :class:`sktopo.GraphProfiles`. Controls, which
        see the weights alone: ``"mean |r|"`` (mean absolute weight),
        "moments" (mean and deviation), "block moments" (the same within and between
        groups of nodes), "sorted weights". The other names are those of the papers.
        Edge weights, the adjacency matrix: "Adj". Diagrams of Vietoris-Rips complexes:
        "BD" (bottleneck distance), "WD" (Wasserstein distance), "SWK" (sliced
        Wasserstein kernel), "HK" (heat kernel), "PF" (persistence Fisher kernel), "PWG"
        (persistence-weighted Gaussian kernel), "PI" (persistence images), "PL"
        (persistence landscapes). Graph theory: "graph summaries".

    Raises
    ------
    ValueError
        If `distance` is unknown, or `groups` is neither None, "layer" nor a list of
        labels.

    See Also
    --------
    baseline_clusterers : The same for clustering.
    sktopo.comparison.compare_classifiers : Compares them.

    Notes
    -----
    Kernels of distances are ``exp(-d / median)``. "HK" and "PWG" are kernels already.
    Rows (Wasserstein rows, edge weights, images, landscapes, summaries) are given to
    the Gaussian kernel of :class:`sktopo.WassersteinKernel`. Summaries are standardised
    before, but sorted weights are not: their distances are those of the distributions
    of the weights. Spectral and modularity clustering do not have a kernel.

    Examples
    --------
    >>> from sklearn.model_selection import GridSearchCV
    >>> from sktopo.baselines import baseline_kernels
    >>> from sktopo.datasets import make_modular_connectomes
    >>> X, y = make_modular_connectomes(5, n_nodes=12, random_state=0)
    >>> classifiers = baseline_kernels(distance="inverse")
    >>> kernels = [classifiers[name]["kernel"] for name in ("Top (sum)", "Adj")]
    >>> search = GridSearchCV(classifiers["Adj"], {"kernel": kernels}, cv=2)
    >>> len(search.fit(X, y).cv_results_["params"])
    2
    """
    check_option("distance", distance, ("sqrt", "inverse"))
    _check_groups(groups)
    classifiers = {}
    for name, steps in _list_baselines(distance, groups).items():
        last = steps.get("distance")
        if last is None:
            steps = {**steps, "kernel": WassersteinKernel()}
        elif last.metric in KERNELS:
            # These distances come from kernels, which are used themselves.
            steps = {**steps, "kernel": DiagramKernel(last.metric)}
            del steps["distance"]
        else:
            steps = {**steps, "kernel": DistanceKernel()}
        kernel = Pipeline(list(steps.items()))
        svc = SVC(kernel="precomputed")
        classifiers[name] = Pipeline([("kernel", kernel), ("svc", svc)])
    return classifiers


def baseline_clusterers(
    n_clusters: int,
    *,
    distance: Literal["sqrt", "inverse"] = "sqrt",
    groups: ArrayLike | Literal["layer"] | None = None,
    random_state: RandomState = None,
) -> dict[str, Pipeline]:
    """Make clusterers of connectome rows, each a Pipeline that can predict.

    Parameters
    ----------
    n_clusters : int
        Number of clusters.

    distance : {"sqrt", "inverse"}, default="sqrt"
        How weights become distances, see :class:`RipsDiagrams`.

    groups : array-like of shape (n_nodes,), "layer" or None, default=None
        The groups of the nodes, such as layers or brain systems, see
        :class:`WeightSummaries` and :class:`sktopo.GraphProfiles`. "block moments" is
        listed only if they are given, and "profiles" are then also computed within and
        between groups.

    random_state : int, RandomState instance or None, default=None
        Randomness of each clusterer, which starts once.

    Returns
    -------
    clusterers : dict of str to Pipeline
        The names of :func:`baseline_kernels`, and "spectral" and "modularity". The last
        step is called "clusterer". It is k-means (:class:`sktopo.TopClusterer` for
        Wasserstein rows, sorted weights and edge weights), or k-medoids
        (:class:`MedoidClusterer`) for distances between diagrams.

    Raises
    ------
    ValueError
        If a parameter is out of range.

    See Also
    --------
    baseline_kernels : The same for classification.
    sktopo.comparison.compare_clusterers : Compares them.

    Examples
    --------
    >>> from sktopo.baselines import baseline_clusterers
    >>> from sktopo.datasets import make_modular_connectomes
    >>> X, y = make_modular_connectomes(5, n_nodes=12, random_state=0)
    >>> clusterers = baseline_clusterers(3, distance="inverse", random_state=0)
    >>> clusterers["SWK"].fit(X).predict(X[:2]).shape
    (2,)
    """
    check_integer("n_clusters", n_clusters, 1)
    check_option("distance", distance, ("sqrt", "inverse"))
    _check_groups(groups)
    read_random_state(random_state)
    top = TopClusterer(n_clusters, random_state=random_state)
    kmeans = KMeans(n_clusters, n_init=1, random_state=random_state)
    medoids = MedoidClusterer(n_clusters, random_state=random_state)
    clusterers = {}
    for name, steps in _list_baselines(distance, groups).items():
        clusterer = medoids if "distance" in steps else kmeans
        if list(steps) == ["rows"]:  # Wasserstein rows, or sorted or edge weights
            clusterer = top
        clusterers[name] = Pipeline([*steps.items(), ("clusterer", clone(clusterer))])
    for method in ("spectral", "modularity"):
        clusterer = SimilarityClusterer(
            n_clusters, method=method, random_state=random_state
        )
        clusterers[method] = Pipeline([("clusterer", clusterer)])
    return clusterers
