"""Topological analysis of the functional connectomes of neural networks."""

from sktopo import (
    attribution,
    barcodes,
    baselines,
    comparison,
    datasets,
    inference,
    metrics,
    plotting,
)
from sktopo._activations import ActivationExtractor
from sktopo._clusterer import TopClusterer
from sktopo._connectome import FunctionalConnectome
from sktopo._kernel import WassersteinKernel
from sktopo._persistence import GraphPersistence

__all__ = [
    "ActivationExtractor",
    "FunctionalConnectome",
    "GraphPersistence",
    "TopClusterer",
    "WassersteinKernel",
    "attribution",
    "barcodes",
    "baselines",
    "comparison",
    "datasets",
    "inference",
    "metrics",
    "plotting",
]
__version__ = "0.1.0"
