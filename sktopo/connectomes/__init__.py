"""Activations to connectome rows: the edge weights of complete graphs."""

from sktopo.connectomes import measures
from sktopo.connectomes._connectome import FunctionalConnectome
from sktopo.connectomes.measures import MEASURES

__all__ = ["MEASURES", "FunctionalConnectome", "measures"]
