"""Figures of connectomes, barcodes and clusters, as scikit-learn's Display classes.

``from_estimator`` computes with a fitted estimator what it draws, and
``from_predictions`` draws what was computed; both draw at once, ``plot`` draws again.
What was drawn stays in attributes that end in ``_``, to be changed by hand. Colours are
those of Okabe and Ito, viridis and PuOr, which colour-blind readers tell apart; groups
also differ in line style or marker. The extra ``plot`` installs matplotlib.
"""

from sktopo.plotting._barcode import BarcodeDisplay
from sktopo.plotting._clusters import ClusterConfusionDisplay, EmbeddingDisplay
from sktopo.plotting._connectome import ConnectomeDisplay
from sktopo.plotting._filtration import BettiCurvesDisplay, PersistenceDiagramDisplay
from sktopo.plotting._tree import SpanningTreeDisplay

__all__ = [
    "BarcodeDisplay",
    "BettiCurvesDisplay",
    "ClusterConfusionDisplay",
    "ConnectomeDisplay",
    "EmbeddingDisplay",
    "PersistenceDiagramDisplay",
    "SpanningTreeDisplay",
]
