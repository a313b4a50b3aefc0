"""The methods that the studies compare: rows or distances, and what learns from them.

A method is one line of `METHODS`, and a pipeline of `sktopo.baselines` or an entry of
`_list_variants`.
"""

from time import process_time
from typing import NamedTuple

import numpy as np
from joblib import Memory
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.cluster import AgglomerativeClustering, SpectralClustering
from sklearn.decomposition import PCA
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import SVC

from sktopo import GraphPersistence, GraphProfiles, WassersteinKernel
from sktopo.barcodes import count_nodes
from sktopo.baselines import DistanceKernel, baseline_clusterers

TOP, TOP_BALANCED, TOP_SUM = "Top (normalised)", "Top (balanced)", "Top (sum)"
EDGES, SUMMARIES, PROFILES = "Adj", "graph summaries", "profiles"
CONTROLS = {
    "mean |r|": "mean weight; k-means",
    "moments": "mean and deviation of the weights, standardised; k-means",
    "block moments": "the same within and between layers, standardised; k-means",
    "sorted weights": "all weights in order, without births and deaths; k-means",
}
# Methods of the package, and what each name stands for. They are ranked.
RANKED = {
    TOP: "barcodes, births and deaths weigh the same; k-means",
    TOP_BALANCED: "barcodes, births and deaths vary the same; k-means",
    TOP_SUM: "barcodes, the published sum; k-means",
    PROFILES: "births, deaths, strengths, spectrum and local weights; k-means",
    EDGES: "edge weights alone (λ = 0); k-means",
    **CONTROLS,
    SUMMARIES: "graph theory, standardised; k-means",
    "BD": "bottleneck distance; k-medoids",
    "WD": "Wasserstein distance of diagrams; k-medoids",
    "SWK": "sliced Wasserstein distance; k-medoids",
    "HK": "heat kernel distance; k-medoids",
    "PF": "persistence Fisher distance; k-medoids",
    "PWG": "persistence-weighted Gaussian distance; k-medoids",
    "PI": "persistence images; k-means",
    "PL": "persistence landscapes; k-means",
    "spectral": "similarity of edge weights; spectral clustering",
    "modularity": "similarity of edge weights; greedy modularity",
}
SINGLE = {
    f"profile {name}": name
    for name in ("births", "deaths", "strengths", "spectrum", "local")
}
PARTLY, WARD, SPECTRAL = (
    "births, deaths, block strengths",
    "profiles, Ward",
    "profiles, spectral",
)
# Parts of the profiles, and other clusterers of them: what was tried.
VARIANTS = {
    **{name: f"{part} of the profiles alone; k-means" for name, part in SINGLE.items()},
    PARTLY: "barcodes of the graph, strengths by layer; k-means",
    WARD: "distances of the profiles; Ward's method",
    SPECTRAL: "distances of the profiles; spectral clustering",
}
METHODS = {**RANKED, **VARIANTS}
# Steps that take less time than to find them in a cache.
NO_MEMORY = Memory(None, verbose=0)
# Relative deviation of float32 connectomes that is rounding.
ROUNDING = 1e-6
# Distances between all pairs of diagrams that take longer than all else together.
SLOW = ("BD", "WD", "PF")


class Method(NamedTuple):
    """A method in parts.

    Attributes
    ----------
    rows : transformer or None
        What is computed of each connectome alone, or of each pair, and so once: rows or
        distances. If None, connectomes stay as they are.

    form : {"rows", "balanced", "features"}
        What that is: rows of which only the distances count; the same, in blocks of
        columns that are then balanced; anything else.

    learned : list of transformer
        What is fitted to that, each time anew.

    clusterer : estimator
        The clusterer.

    kernel : transformer or None
        The kernel of a classifier; None if there is none.
    """

    rows: BaseEstimator | None
    form: str
    learned: list
    clusterer: BaseEstimator
    kernel: BaseEstimator | None


class BlockBalance(TransformerMixin, BaseEstimator):
    """Bring blocks of columns to the same Wasserstein variance.

    This is what the balanced forms of sktopo do, for rows that are computed already.

    Parameters
    ----------
    sizes : list of int
        Number of columns of each block.
    """

    def __init__(self, sizes):
        self.sizes = sizes

    def fit(self, X, y=None):
        """Learn the scale of each block; one that does not vary keeps its own."""
        starts = np.cumsum([0, *self.sizes[:-1]])
        variances = np.add.reduceat(X.var(axis=0), starts)
        scales = np.where(variances > 0, variances, 1) ** -0.5
        self.scale_ = np.repeat(scales, self.sizes)
        return self

    def transform(self, X):
        """Scale the blocks."""
        return X * self.scale_


def make_methods(n_clusters, groups):
    """Make the methods, by name.

    Parameters
    ----------
    n_clusters : int
        Number of clusters.

    groups : ndarray of shape (n_nodes,)
        The layer of each node.

    Returns
    -------
    methods : dict of str to Method
        The names are those of `METHODS`.
    """
    made = {
        name: _split_pipeline(pipeline)
        for name, pipeline in baseline_clusterers(n_clusters, groups=groups).items()
    }
    return {**made, **_list_variants(made[PROFILES], n_clusters)}


def _split_pipeline(pipeline):
    """Split a pipeline of `baseline_clusterers` into the parts of a method."""
    steps = {name: clone(step) for name, step in pipeline.steps}
    clusterer = steps.pop("clusterer")
    if "tol" in clusterer.get_params():
        # The tolerance is a mean over columns, of which there are few here; only labels
        # that settle count.
        clusterer.set_params(tol=0)
    learned = [steps.pop("scaler")] if "scaler" in steps else []
    if not steps:
        return Method(None, "features", [], clusterer, None)
    form = "features" if learned or "distance" in steps else "rows"
    rows = steps.get("rows")
    if isinstance(rows, GraphPersistence) and rows.normalize == "balanced":
        rows.set_params(normalize=True)
        form = "balanced"
    elif isinstance(rows, GraphProfiles) and rows.balance:
        rows.set_params(balance=False)
        form = "balanced"
    kernel = DistanceKernel() if "distance" in steps else WassersteinKernel()
    rows = rows if len(steps) == 1 else Pipeline(list(steps.items()))
    return Method(rows, form, learned, clusterer, kernel)


def _list_variants(bundle, n_clusters):
    """List the methods that only the studies have, beside the bundle of profiles."""
    parts = {name: (profile,) for name, profile in SINGLE.items()}
    parts[PARTLY] = {"births": "graph", "deaths": "graph", "strengths": "groups"}
    variants = {
        name: bundle._replace(rows=clone(bundle.rows).set_params(profiles=profiles))
        for name, profiles in parts.items()
    }
    ward = AgglomerativeClustering(n_clusters)
    variants[WARD] = bundle._replace(clusterer=ward, kernel=None)
    variants[SPECTRAL] = bundle._replace(
        learned=[WassersteinKernel()],
        clusterer=SpectralClustering(n_clusters, n_init=1, affinity="precomputed"),
        kernel=None,
    )
    return variants


def represent(rows, form, X):
    """Compute what a method computes of each connectome or pair.

    Parameters
    ----------
    rows, form
        See `Method`.

    X : ndarray of shape (n_samples, n_edges)
        Connectome rows.

    Returns
    -------
    found : ndarray of shape (n_samples, n_columns)
        Rows, in coordinates of their span, or distances.

    sizes : list of int
        Number of columns of each block.

    seconds : float
        Seconds of processor time; of short runs the least of three, since the first
        loads what the method needs.
    """
    if rows is None:
        return X, [X.shape[1]], 0.0
    seconds = []
    while len(seconds) < 3 and sum(seconds) < 1:
        start = process_time()
        fitted = clone(rows)
        found = fitted.fit_transform(X)
        seconds.append(process_time() - start)
    blocks = [found]
    if form == "balanced":
        blocks = [found[:, columns] for columns in _list_columns(fitted)]
    if form != "features":
        blocks = [span_coordinates(block) for block in blocks]
    sizes = [block.shape[1] for block in blocks]
    return np.hstack(blocks), sizes, min(seconds)


def _list_columns(fitted):
    """List the columns of each block that is balanced."""
    if isinstance(fitted, GraphProfiles):
        return fitted.profile_slices_.values()
    n_births = count_nodes(fitted.n_features_in_) - 1
    return slice(n_births), slice(n_births, None)


def span_coordinates(rows):
    """Write rows in coordinates of their span, if these are fewer: distances stay.

    Rows that differ by rounding only become zeros.
    """
    rows = rows.astype(np.float64)
    centered = rows - rows.mean(axis=0)
    if np.linalg.norm(centered) <= ROUNDING * np.linalg.norm(rows):
        return np.zeros((len(rows), 1))
    if rows.shape[1] <= rows.shape[0]:
        return rows
    return PCA(svd_solver="full").fit_transform(rows)


def make_clusterer(method, sizes):
    """Make the clusterer of what `represent` gave."""
    steps = [*_learn(method, sizes), ("clusterer", clone(method.clusterer))]
    return Pipeline(steps, memory=NO_MEMORY)


def make_classifier(method, sizes):
    """Make the classifier of what `represent` gave; None without a kernel."""
    if method.kernel is None:
        return None
    steps = [
        *_learn(method, sizes),
        ("kernel", clone(method.kernel)),
        ("exponent", FunctionTransformer(raise_kernel)),
        ("svc", SVC(kernel="precomputed")),
    ]
    return Pipeline(steps, memory=NO_MEMORY)


def make_grid(exponents, costs):
    """Make the grid of a classifier.

    The exponent of a Gaussian kernel is its gamma, as a multiple of one over the
    Wasserstein variance of the training rows; that of a kernel of distances is a
    multiple of one over their median.
    """
    settings = [{"exponent": exponent} for exponent in exponents]
    return {"exponent__kw_args": settings, "svc__C": list(costs)}


def _learn(method, sizes):
    balance = [BlockBalance(sizes)] if method.form == "balanced" else []
    steps = [*balance, *map(clone, method.learned)]
    return [(f"learned{k}", step) for k, step in enumerate(steps)]


def raise_kernel(kernel, exponent):
    """Raise the values of a kernel to a power."""
    return kernel**exponent
