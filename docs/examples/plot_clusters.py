"""
Clusters of networks
====================

80 digit networks were trained with four strategies. This example clusters them by the
births and deaths of their connectomes, compares the clusters with the strategies, and
shows how the clusters differ.

Needs the extras ``torch`` and ``plot``.
"""

# %%
# Clusters in the plane
# ---------------------
# The Euclidean distance between Wasserstein rows is the Wasserstein distance between
# barcodes. The first two principal components are the plane that keeps most of its
# variance. Points are coloured by training strategy; stars are the barycenters of the
# clusters.

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
persistence = GraphPersistence(fit_inverse_transform=True)
rows = persistence.fit_transform(connectomes)
top = TopClusterer(4, n_init=20, random_state=0).fit(rows)

figure, axes = plt.subplots(1, 2, figsize=(12, 4.8), layout="constrained")
EmbeddingDisplay.from_estimator(top, rows, y=strategy, ax=axes[0])
ClusterConfusionDisplay.from_estimator(top, rows, strategy, ax=axes[1])

# %%
# The barycenters of the clusters
# -------------------------------
# The barycenter of a cluster is the mean of its sorted births and of its sorted deaths.

clusters = [f"cluster {label}" for label in top.labels_]
display = BarcodeDisplay.from_estimator(persistence, connectomes, y=clusters)

# %%
# The Betti curves show the same numbers by threshold: the mean number of components and
# of cycles in the graph of the edges above it.

display = BettiCurvesDisplay.from_barcodes(unscale_barcodes(rows), y=clusters)

# %%
# A connectome for each barycenter
# --------------------------------
# A barycenter is not the barcode of any of the networks. `inverse_transform` finds a
# connectome with exactly its births and deaths. Here its edges are in the order of
# those of the network nearest to the barycenter.

nearest = top.transform(rows).argmin(axis=0)
figure, axes = plt.subplots(1, 4, figsize=(15, 4), sharey=True, layout="compressed")
for label, ax in enumerate(axes):
    persistence.fit(connectomes[nearest[[label]]])
    connectome = persistence.inverse_transform(top.cluster_centers_[[label]])
    display = ConnectomeDisplay.from_connectomes(
        connectome,
        node_names=record[0].get_feature_names_out(),
        reorder=True,
        colorbar=False,
        ax=ax,
    )
    display.im_.set_clim(0, 1)
    ax.set_title(f"cluster {label}, nearest: {strategy[nearest[label]]}")
figure.colorbar(display.im_, ax=axes, label="edge weight |r|")
plt.show()
