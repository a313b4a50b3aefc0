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
    reporting,
    representations,
    training,
)
from sktopo._samplewise import SampleWise
from sktopo._utils.versions import show_versions
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
    SemiNMF,
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
    "SemiNMF",
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
    "reporting",
    "representations",
    "show_versions",
    "training",
]
__version__ = "0.1.0"
