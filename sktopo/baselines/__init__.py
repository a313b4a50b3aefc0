"""The usual alternatives to sktopo's method, as estimators.

Summaries of the weights alone, which are the controls of every comparison; persistence
diagrams of Vietoris-Rips complexes with distances, kernels and vectors (computed by
gudhi), k-medoids (kmedoids), summaries from graph theory and modularity clustering
(networkx), and spectral clustering. Measures of representational similarity, such as
CKA, compare activations without connectomes. The extra ``baselines`` installs what
they need; the controls and the measures of similarity need nothing.
"""

from sktopo.baselines._diagram_distances import DiagramDistance, DiagramKernel
from sktopo.baselines._diagrams import RipsDiagrams
from sktopo.baselines._distance_kernel import DistanceKernel
from sktopo.baselines._graphs import GraphSummaries
from sktopo.baselines._medoids import MedoidClusterer
from sktopo.baselines._pipelines import baseline_clusterers, baseline_kernels
from sktopo.baselines._representation_distance import RepresentationDistance
from sktopo.baselines._similarity import SimilarityClusterer
from sktopo.baselines._vectors import PersistenceImages, PersistenceLandscapes
from sktopo.baselines._weights import WeightSummaries

__all__ = [
    "DiagramDistance",
    "DiagramKernel",
    "DistanceKernel",
    "GraphSummaries",
    "MedoidClusterer",
    "PersistenceImages",
    "PersistenceLandscapes",
    "RepresentationDistance",
    "RipsDiagrams",
    "SimilarityClusterer",
    "WeightSummaries",
    "baseline_clusterers",
    "baseline_kernels",
]
