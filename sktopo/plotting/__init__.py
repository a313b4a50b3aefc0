"""Figures of connectomes, barcodes and clusters, as scikit-learn's Display classes.

``from_estimator`` computes with a fitted estimator what it draws; ``from_connectomes``,
``from_barcodes``, ``from_rows`` and so on draw what you have computed. Both
draw at once, and ``plot`` draws again. The matplotlib artists are attributes that end
in ``_``, so you can change them. Colour-blind readers can distinguish the colours
(those of Okabe and Ito, viridis and PuOr); groups also differ in line style or marker,
up to 50 of them, and come in natural order: "cluster 10" follows "cluster 9". Groups
that are numbered keep their style where another one is empty. Names are drawn as they
are, never as formulas. Names that are too long lose the words that all of them have in
common, and then their middle; where not all names fit, some are left out. Legends
stand beside the axes, or below them in narrow figures, if matplotlib lays out the
figure (``layout="constrained"``, as in new figures of displays). A notebook shows the
figure of a display that ends a cell, once.
The extra ``plot`` installs matplotlib.
"""

from sktopo.plotting._barcode import BarcodeDisplay
from sktopo.plotting._betti import BettiCurvesDisplay
from sktopo.plotting._comparison import ComparisonDisplay
from sktopo.plotting._confusion import ClusterConfusionDisplay
from sktopo.plotting._connectome import ConnectomeDisplay
from sktopo.plotting._decomposition import DecompositionDisplay
from sktopo.plotting._diagram import PersistenceDiagramDisplay
from sktopo.plotting._difference import DifferenceDisplay
from sktopo.plotting._embedding import EmbeddingDisplay
from sktopo.plotting._states import StatesDisplay
from sktopo.plotting._trajectory import TrajectoryDisplay
from sktopo.plotting._tree import SpanningTreeDisplay

__all__ = [
    "BarcodeDisplay",
    "BettiCurvesDisplay",
    "ClusterConfusionDisplay",
    "ComparisonDisplay",
    "ConnectomeDisplay",
    "DecompositionDisplay",
    "DifferenceDisplay",
    "EmbeddingDisplay",
    "PersistenceDiagramDisplay",
    "SpanningTreeDisplay",
    "StatesDisplay",
    "TrajectoryDisplay",
]
