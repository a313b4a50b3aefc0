"""The baselines and the method as named pipelines, ready to compare."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from sktopo.barcodes._clusterer import TopClusterer
from sktopo.barcodes._kernel import WassersteinKernel
from sktopo.barcodes._persistence import GraphPersistence
from sktopo.baselines._clusterers import MedoidClusterer, SimilarityClusterer
from sktopo.baselines._diagrams import RipsDiagrams
from sktopo.baselines._distances import DiagramDistance, DiagramKernel, DistanceKernel
from sktopo.baselines._graphs import GraphSummaries
from sktopo.baselines._vectors import PersistenceImages, PersistenceLandscapes

if TYPE_CHECKING:
    from typing import Any, Literal

    from sklearn.base import BaseEstimator

    from sktopo._typing import RandomState

# Names of distances in the field's papers, and here.
_DISTANCES: dict[str, Any] = {
    "BD": "bottleneck",
    "WD": "wasserstein",
    "SWK": "sliced_wasserstein",
    "HK": "heat",
    "PF": "persistence_fisher",
    "PWG": "weighted_gaussian",
}


def baseline_kernels(
    *, distance: Literal["sqrt", "inverse"] = "sqrt"
) -> dict[str, Pipeline]:
    """Make classifiers of connectome rows, one per kernel, of one form.

    Each is a Pipeline of two steps: "kernel", itself a pipeline from connectome rows
    to kernel values, and "svc", ``SVC(kernel="precomputed")``. So the kernels can
    also be alternatives in the grid of one GridSearchCV.

    Parameters
    ----------
    distance : {"sqrt", "inverse"}, default="sqrt"
        How weights become distances, see :class:`RipsDiagrams`.

    Returns
    -------
    classifiers : dict of str to Pipeline
        The method: "Top (normalised)", "Top (sum)". Edge weights: "Adj".
        Vietoris-Rips diagrams: "BD" (bottleneck distance), "WD" (Wasserstein
        distance), "SWK" (sliced Wasserstein), "HK" (heat), "PF" (persistence
        Fisher), "PWG" (persistence-weighted Gaussian), "PI" (images), "PL"
        (landscapes). Graph theory: "graph summaries".

    See Also
    --------
    baseline_clusterers : The same for clustering.
    sktopo.comparison.compare_classifiers : Compares them.

    Notes
    -----
    Kernels of distances are ``exp(-d / median)``; "HK" and "PWG" are the kernels
    themselves; rows (barcodes, edge weights, images, landscapes, summaries) go
    through the Gaussian kernel of :class:`sktopo.WassersteinKernel`. Spectral and
    modularity clustering are no kernels.

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
    chains = {
        name: {"rows": rows, "kernel": WassersteinKernel()}
        for name, rows in _barcodes().items()
    }
    for name, metric in _DISTANCES.items():
        chains[name] = {
            "diagrams": RipsDiagrams(distance),
            "distance": DiagramDistance(metric),
            "kernel": DistanceKernel(),
        }
    for name in ("HK", "PWG"):
        chains[name] = {
            "diagrams": RipsDiagrams(distance),
            "kernel": DiagramKernel(_DISTANCES[name]),
        }
    for name, rows in _vectors().items():
        chains[name] = {
            "diagrams": RipsDiagrams(distance),
            "rows": rows,
            "kernel": WassersteinKernel(),
        }
    chains["graph summaries"] = {
        "rows": GraphSummaries(),
        "scaler": StandardScaler(),
        "kernel": WassersteinKernel(),
    }
    return {
        name: _pipeline(kernel=_pipeline(**steps), svc=SVC(kernel="precomputed"))
        for name, steps in chains.items()
    }


def baseline_clusterers(
    n_clusters: int,
    *,
    distance: Literal["sqrt", "inverse"] = "sqrt",
    random_state: RandomState = None,
) -> dict[str, Pipeline]:
    """Make clusterers of connectome rows, each a Pipeline that can predict.

    Parameters
    ----------
    n_clusters : int
        Number of clusters.

    distance : {"sqrt", "inverse"}, default="sqrt"
        How weights become distances, see :class:`RipsDiagrams`.

    random_state : int, RandomState instance or None, default=None
        Randomness of each clusterer, which starts once.

    Returns
    -------
    clusterers : dict of str to Pipeline
        The names of :func:`baseline_kernels`, and "spectral", "modularity". Their
        last step is called "clusterer": k-means (:class:`sktopo.TopClusterer` for
        barcodes and edge weights), or k-medoids (:class:`MedoidClusterer`) for
        distances between diagrams.

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
    top = TopClusterer(n_clusters, random_state=random_state)
    kmeans = KMeans(n_clusters, n_init=1, random_state=random_state)
    medoids = MedoidClusterer(n_clusters, random_state=random_state)
    chains = {
        name: {"rows": rows, "clusterer": top} for name, rows in _barcodes().items()
    }
    for name, metric in _DISTANCES.items():
        chains[name] = {
            "diagrams": RipsDiagrams(distance),
            "distance": DiagramDistance(metric),
            "clusterer": medoids,
        }
    for name, rows in _vectors().items():
        chains[name] = {
            "diagrams": RipsDiagrams(distance),
            "rows": rows,
            "clusterer": kmeans,
        }
    chains["graph summaries"] = {
        "rows": GraphSummaries(),
        "scaler": StandardScaler(),
        "clusterer": kmeans,
    }
    for method in ("spectral", "modularity"):
        clusterer = SimilarityClusterer(
            n_clusters, method=method, random_state=random_state
        )
        chains[method] = {"clusterer": clusterer}
    return {name: clone(_pipeline(**steps)) for name, steps in chains.items()}


def _barcodes() -> dict[str, GraphPersistence]:
    return {
        "Top (normalised)": GraphPersistence(),
        "Top (sum)": GraphPersistence(normalize=False),
        "Adj": GraphPersistence(topology_weight=0),
    }


def _vectors() -> dict[str, PersistenceImages | PersistenceLandscapes]:
    return {"PI": PersistenceImages(), "PL": PersistenceLandscapes()}


def _pipeline(**steps: BaseEstimator) -> Pipeline:
    return Pipeline(list(steps.items()))
