"""Activations to connectome rows: the edge weights of complete graphs."""

from sktopo.connectomes import affinities, measures
from sktopo.connectomes._alignment import align_units
from sktopo.connectomes._class_wise import ClassWise
from sktopo.connectomes._confounds import RegressConfounds, regress_confounds
from sktopo.connectomes._connectome import FunctionalConnectome
from sktopo.connectomes._dynamic_connectome import DynamicConnectome
from sktopo.connectomes._feature_table import feature_table
from sktopo.connectomes._rows import connectome_rows
from sktopo.connectomes._semi_nmf import SemiNMF
from sktopo.connectomes._surrogates import phase_randomize
from sktopo.connectomes._windows import SlidingWindows

__all__ = [
    "ClassWise",
    "DynamicConnectome",
    "FunctionalConnectome",
    "RegressConfounds",
    "SemiNMF",
    "SlidingWindows",
    "affinities",
    "align_units",
    "connectome_rows",
    "feature_table",
    "measures",
    "phase_randomize",
    "regress_confounds",
]
