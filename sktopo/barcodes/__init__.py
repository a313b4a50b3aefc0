"""Barcodes of graph filtrations and their Wasserstein geometry, on plain arrays.

A *connectome row* holds the edge weights of one complete graph on ``n_nodes``
nodes, in the order of :func:`scipy.spatial.distance.squareform`:
``n_edges = n_nodes (n_nodes - 1) / 2`` numbers. Its *barcode* holds the same numbers
in another order: the ``n_births = n_nodes - 1`` births, ascending, then the
``n_deaths`` deaths, ascending. Its *Wasserstein row* is the barcode scaled so that
the Euclidean distance between rows is the Wasserstein distance between barcodes.
Functions take many rows at once.

A row of another length is taken for a graph on the fewest nodes that can have so
many edges, its last edges absent. Such a graph is connected (all edges of its first
node are there), so it has ``n_nodes - 1`` births too, and fewer deaths.
"""

from sktopo.barcodes import profiles
from sktopo.barcodes._clusterer import TopClusterer
from sktopo.barcodes._connectome_persistence import ConnectomePersistence
from sktopo.barcodes._decomposition import (
    DistanceDecomposition,
    DistanceParts,
    decompose_distance,
)
from sktopo.barcodes._distances import (
    barycenter,
    wasserstein_distance,
    wasserstein_distances,
    wasserstein_variance,
)
from sktopo.barcodes._filtration import (
    barcode_edges,
    barcode_rows,
    birth_death_decomposition,
)
from sktopo.barcodes._graph_profiles import GraphProfiles
from sktopo.barcodes._kernel import WassersteinKernel
from sktopo.barcodes._layout import (
    BarcodeLayout,
    check_barcodes,
    count_nodes,
    scale_barcodes,
    split_barcodes,
    unscale_barcodes,
)
from sktopo.barcodes._matched import (
    matched_tree_distance,
    matched_tree_distances,
    merge_order_correlation,
    merge_order_correlations,
)
from sktopo.barcodes._persistence import GraphPersistence
from sktopo.barcodes._quantiles import quantile_vectors
from sktopo.barcodes._streaming import activation_barcode

__all__ = [
    "BarcodeLayout",
    "ConnectomePersistence",
    "DistanceDecomposition",
    "DistanceParts",
    "GraphPersistence",
    "GraphProfiles",
    "TopClusterer",
    "WassersteinKernel",
    "activation_barcode",
    "barcode_edges",
    "barcode_rows",
    "barycenter",
    "birth_death_decomposition",
    "check_barcodes",
    "count_nodes",
    "decompose_distance",
    "matched_tree_distance",
    "matched_tree_distances",
    "merge_order_correlation",
    "merge_order_correlations",
    "profiles",
    "quantile_vectors",
    "scale_barcodes",
    "split_barcodes",
    "unscale_barcodes",
    "wasserstein_distance",
    "wasserstein_distances",
    "wasserstein_variance",
]
