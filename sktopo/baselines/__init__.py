"""What a user would pick instead: the kernels, distances and clusterers of the field.

The extra ``baselines`` installs what they run on: gudhi, kmedoids, networkx.
"""

from sktopo.baselines._clusterers import MedoidClusterer, SimilarityClusterer
from sktopo.baselines._diagrams import RipsDiagrams
from sktopo.baselines._distances import DiagramDistance, DiagramKernel, DistanceKernel
from sktopo.baselines._graphs import GraphSummaries
from sktopo.baselines._pipelines import baseline_clusterers, baseline_kernels
from sktopo.baselines._vectors import PersistenceImages, PersistenceLandscapes

__all__ = [
    "DiagramDistance",
    "DiagramKernel",
    "DistanceKernel",
    "GraphSummaries",
    "MedoidClusterer",
    "PersistenceImages",
    "PersistenceLandscapes",
    "RipsDiagrams",
    "SimilarityClusterer",
    "baseline_clusterers",
    "baseline_kernels",
]
