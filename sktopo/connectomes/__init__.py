"""Activations to connectome rows: the edge weights of complete graphs."""

from sktopo.connectomes import measures
from sktopo.connectomes._class_wise import ClassWise
from sktopo.connectomes._connectome import FunctionalConnectome
from sktopo.connectomes._surrogates import phase_randomize
from sktopo.connectomes._windows import SlidingWindows

__all__ = [
    "ClassWise",
    "FunctionalConnectome",
    "SlidingWindows",
    "measures",
    "phase_randomize",
]
