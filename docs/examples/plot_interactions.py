"""
Features that matter, and their interactions
============================================

A network may have more units than it uses. The local interaction basis replaces the
units of each layer by features: directions in which the activations vary *and* that
the next layer reads. Features are nodes, their interactions are edges, and the graph
goes wherever connectomes go.

Needs the extras ``torch`` and ``plot``; takes some seconds.
"""

# %%
# How many features does a network need?
# --------------------------------------
# The network has two hidden layers, of 40 and 24 units. Both are reduced to their first
# features, and the images are classified with what remains. Principal components are
# the control: they are sorted by their variance, whatever the next layer reads.

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LogNorm
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from sktopo import GraphPersistence, WassersteinKernel
from sktopo.datasets import load_digit_networks
from sktopo.plotting import ConnectomeDisplay
from sktopo.recording import InteractionBasis

data = load_digit_networks()
layers = ["lrelu1", "lrelu2", "output"]
network = data.networks[20]  # trained with batch normalisation
bases = {
    name: InteractionBasis(network, layers=layers, basis=name).fit(data.stimuli)
    for name in ("lib", "pca")
}
counts = np.arange(1, 25)
figure, ax = plt.subplots(figsize=(6, 4), layout="constrained")
for (name, basis), label in zip(
    bases.items(), ("local interaction basis", "principal components"), strict=True
):
    accuracies = [
        np.mean(
            basis.reduced_outputs(data.stimuli, n_features=count).argmax(axis=1)
            == data.stimuli_labels
        )
        for count in counts
    ]
    print(name, *(f"{accuracies[k - 1]:.3f}" for k in (3, 6, 9, 12)))
    ax.plot(counts, accuracies, label=label)
ax.axhline(data.accuracies[20], color="grey", linestyle=":", label="whole network")
ax.set(xlabel="features of each hidden layer", ylabel="accuracy")
ax.legend()
plt.show()

# %%
# The graph of interactions
# -------------------------
# An interaction is how much a feature changes a feature of the next layer, squared and
# averaged over the images, by integrated gradients. Features of one layer, and those of
# layers that do not follow each other, are not joined. After the second hidden layer,
# the network is linear: each feature acts on one feature of the outputs. Principal
# components act on many.

figure, axes = plt.subplots(1, 2, figsize=(12, 5.5), layout="constrained")
for ax, (name, basis) in zip(axes, bases.items(), strict=True):
    display = ConnectomeDisplay.from_connectomes(
        basis.interaction_graph()[None],
        node_names=basis.get_feature_names_out(),
        ax=ax,
    )
    largest = basis.interaction_graph().max()
    display.im_.set_norm(LogNorm(largest / 1e5, largest, clip=True))
    ax.set_title(name)
plt.show()

for name, basis in bases.items():
    for first, last, edges in zip(layers, layers[1:], basis.edges_, strict=False):
        shares = np.sort(edges, axis=None)[::-1].cumsum() / edges.sum()
        needed = int(np.searchsorted(shares, 0.95)) + 1
        print(f"{name}, {first} to {last}: {needed} of {edges.size} edges hold 95 %")

# %%
# Many networks
# -------------
# Networks differ in their number of features: those that were trained with batch
# normalisation use more of them. Quantiles compare graphs of different sizes.
# Each graph is divided by its sum first, as the interactions have the squared unit of
# the outputs. A support vector machine then tells how a network was trained.

graphs, sizes = [], []
for network in data.networks:
    basis = InteractionBasis(network, layers=layers, tol=1e-3).fit(data.stimuli)
    graph = basis.interaction_graph()
    graphs.append(graph / graph.sum())
    sizes.append(basis.n_features_)
sizes = np.array(sizes)
for strategy, name in enumerate(data.target_names):
    mean = sizes[data.target == strategy].mean(axis=0)
    print(f"{name}: {mean[0]:.1f} features of 40 units, {mean[1]:.1f} of 24")
classify = make_pipeline(
    GraphPersistence(n_quantiles=20),
    WassersteinKernel(),
    SVC(kernel="precomputed", C=10),
)
accuracy = cross_val_score(classify, graphs, data.target, cv=5).mean()
print(f"accuracy: {accuracy:.2f}")
