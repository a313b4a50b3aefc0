"""
One network, seen through its connectome
========================================

From the connectome of one network to what the graph filtration makes of it: the
heatmap, the maximum spanning tree, the persistence diagram and the Betti curves.

Needs the extras ``torch`` and ``plot``.
"""

# %%
# The connectome
# --------------
# 450 images are shown to a network of two hidden layers. Within each layer the units
# are put in the order of a hierarchical clustering, so that those that respond alike
# come together.

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
# The edges that hold it together
# -------------------------------
# The maximum spanning tree joins all units by the strongest edges that can. Numbers are
# those of the units in their layer.

display = SpanningTreeDisplay.from_estimator(model[:2], network, label_units=True)
display.ax_.set_title("maximum spanning tree")

# %%
# What a growing threshold takes apart
# ------------------------------------
# Keep the edges above a threshold, and let it grow. When an edge of the tree goes, a
# component is born, which never dies; when any other edge goes, a cycle dies that was
# there from the start. Therefore the diagram has nothing between its two borders, and
# two sorted lists say all there is to say.

figure, axes = plt.subplots(1, 3, figsize=(15, 4.4), layout="constrained")
PersistenceDiagramDisplay.from_estimator(model, network, ax=axes[0])
axes[0].set_title("persistence diagram")
BettiCurvesDisplay.from_estimator(model, network, ax=axes[1:])
plt.show()
