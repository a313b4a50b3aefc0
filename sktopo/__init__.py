"""Topological analysis of the functional connectomes of neural networks."""

from sktopo import (
    barcodes,
    baselines,
    comparison,
    connectomes,
    datasets,
    inference,
    metrics,
    plotting,
    recording,
)
from sktopo._samplewise import SampleWise
from sktopo.barcodes import (
    ConnectomePersistence,
    GraphPersistence,
    GraphProfiles,
    TopClusterer,
    WassersteinKernel,
)
from sktopo.connectomes import ClassWise, FunctionalConnectome
from sktopo.recording import ActivationExtractor

__all__ = [
    "ActivationExtractor",
    "ClassWise",
    "ConnectomePersistence",
    "FunctionalConnectome",
    "GraphPersistence",
    "GraphProfiles",
    "SampleWise",
    "TopClusterer",
    "WassersteinKernel",
    "barcodes",
    "baselines",
    "comparison",
    "connectomes",
    "datasets",
    "inference",
    "metrics",
    "plotting",
    "recording",
]
__version__ = "0.1.0"
