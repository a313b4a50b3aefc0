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
    representations,
)
from sktopo._samplewise import SampleWise
from sktopo.barcodes import (
    ConnectomePersistence,
    GraphPersistence,
    GraphProfiles,
    TopClusterer,
    WassersteinKernel,
)
from sktopo.connectomes import (
    ClassWise,
    DynamicConnectome,
    FunctionalConnectome,
    RegressConfounds,
    SlidingWindows,
)
from sktopo.recording import ActivationExtractor
from sktopo.representations import CovarianceSpectrum, StimulusGeometry

__all__ = [
    "ActivationExtractor",
    "ClassWise",
    "ConnectomePersistence",
    "CovarianceSpectrum",
    "DynamicConnectome",
    "FunctionalConnectome",
    "GraphPersistence",
    "GraphProfiles",
    "RegressConfounds",
    "SampleWise",
    "SlidingWindows",
    "StimulusGeometry",
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
    "representations",
]
__version__ = "0.1.0"
