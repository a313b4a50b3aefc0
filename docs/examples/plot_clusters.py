"""
Clusters of networks
====================

80 digit networks, trained in four ways, are clustered by the births and deaths of their
connectomes. Where do they lie, what do the clusters hold, and what sets them apart?

Needs the extras ``torch`` and ``plot``.
"""

# %%
# Clusters and where they lie
# ---------------------------
# The Euclidean distance between rows is the Wasserstein distance between barcodes, so
# the first two principal components show as much of that geometry as a plane can.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.pipeline import make_pipeline

from sktopo import (
    ActivationExtractor,
    FunctionalConnectome,
    GraphPersistence,
    TopClusterer,
)
from sktopo.barcodes import unscale_barcodes
from sktopo.datasets import load_digit_networks
from sktopo.plotting import (
    BarcodeDisplay,
    BettiCurvesDisplay,
    ClusterConfusionDisplay,
    ConnectomeDisplay,
    EmbeddingDisplay,
)

data = load_digit_networks()
strategy = np.array(data.target_names)[data.target]
record = make_pipeline(
    ActivationExtractor(stimuli=data.stimuli), FunctionalConnectome()
)
connectomes = record.fit_transform(data.networks)
persistence = GraphPersistence()
rows = persistence.fit_transform(connectomes)
top = TopClusterer(4, n_init=20, random_state=0).fit(rows)

figure, axes = plt.subplots(1, 2, figsize=(12, 4.8), layout="constrained")
EmbeddingDisplay.from_estimator(top, rows, y=strategy, ax=axes[0])
ClusterConfusionDisplay.from_estimator(top, rows, strategy, ax=axes[1])

# %%
# Their barycenters
# -----------------
# The barycenter of a cluster is the mean of its sorted births and of its sorted deaths.

clusters = [f"cluster {label}" for label in top.labels_]
display = BarcodeDisplay.from_estimator(persistence, connectomes, y=clusters)

# %%
# The same by threshold: how many components and how many cycles are there, on average,
# among the edges above it?

display = BettiCurvesDisplay.from_predictions(unscale_barcodes(rows), y=clusters)

# %%
# The connectome behind each barycenter
# -------------------------------------
# A barycenter is no network. `inverse_transform` finds a connectome that has exactly
# its births and deaths; here each is laid out as the network nearest to it is.

nearest = top.transform(rows).argmin(axis=0)
figure, axes = plt.subplots(1, 4, figsize=(15, 4), sharey=True, layout="compressed")
for label, ax in enumerate(axes):
    persistence.fit(connectomes[nearest[[label]]])
    behind = persistence.inverse_transform(top.cluster_centers_[[label]])
    display = ConnectomeDisplay.from_predictions(
        behind,
        node_names=record[0].get_feature_names_out(),
        reorder=True,
        colorbar=False,
        ax=ax,
    )
    display.im_.set_clim(0, 1)
    ax.set_title(f"cluster {label}, as {strategy[nearest[label]]}")
figure.colorbar(display.im_, ax=axes, label="edge weight |r|")
plt.show()
