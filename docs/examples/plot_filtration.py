"""
The connectome of one network and its topology
==============================================

This example computes the functional connectome of one network and draws it as a
heatmap. It then draws what the graph filtration finds in it: the maximum spanning tree,
the persistence diagram and the Betti curves.

Needs the extras ``torch`` and ``plot``.
"""

# %%
# The connectome
# --------------
# A network with two hidden layers is shown 450 images. With ``reorder=True``, the units
# of each layer are ordered by a hierarchical clustering, so that units with similar
# responses are neighbours.

import matplotlib.pyplot as plt
from sklearn.pipeline import make_pipeline

from sktopo import ActivationExtractor, FunctionalConnectome, GraphPersistence
from sktopo.datasets import load_digit_networks
from sktopo.plotting import (
    BettiCurvesDisplay,
    ConnectomeDisplay,
    PersistenceDiagramDisplay,
    SpanningTreeDisplay,
)

data = load_digit_networks()
network = data.networks[:1]
model = make_pipeline(
    ActivationExtractor(stimuli=data.stimuli),
    FunctionalConnectome(),
    GraphPersistence(),
).fit(network)

display = ConnectomeDisplay.from_estimator(model[:2], network, reorder=True)
display.ax_.set_title("functional connectome")
display.colorbar_.set_label("|Pearson r|")

# %%
# The strongest edges that connect all units
# ------------------------------------------
# The maximum spanning tree is the strongest set of edges that connects all units. The
# number in each node is the number of the unit in its layer.

display = SpanningTreeDisplay.from_estimator(model[:2], network, label_nodes=True)
display.ax_.set_title("maximum spanning tree")

# %%
# The graph filtration
# --------------------
# Keep the edges above a threshold, and let the threshold grow. Removing an edge of the
# tree splits a component in two: a component is born, and it never dies. Removing any
# other edge ends a cycle that existed from the start. So all points of the diagram lie
# on two lines, and two sorted lists, the births and the deaths, describe it completely.

figure, axes = plt.subplots(1, 3, figsize=(15, 4.4), layout="constrained")
PersistenceDiagramDisplay.from_estimator(model, network, ax=axes[0])
axes[0].set_title("persistence diagram")
BettiCurvesDisplay.from_estimator(model, network, ax=axes[1:])
plt.show()
