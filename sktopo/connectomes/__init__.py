"""Activations to connectome rows: the edge weights of complete graphs."""

from sktopo.connectomes import measures
from sktopo.connectomes._alignment import align_units
from sktopo.connectomes._class_wise import ClassWise
from sktopo.connectomes._connectome import FunctionalConnectome

__all__ = ["ClassWise", "FunctionalConnectome", "align_units", "measures"]
