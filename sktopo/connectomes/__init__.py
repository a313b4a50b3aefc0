"""Activations to connectome rows: the edge weights of complete graphs."""

from sktopo.connectomes import measures
from sktopo.connectomes._class_wise import ClassWise
from sktopo.connectomes._confounds import RegressConfounds, regress_confounds
from sktopo.connectomes._connectome import FunctionalConnectome
from sktopo.connectomes._rows import connectome_rows

__all__ = [
    "ClassWise",
    "FunctionalConnectome",
    "RegressConfounds",
    "connectome_rows",
    "measures",
    "regress_confounds",
]
