"""
Communities that come and go
============================

Ten simulated animals are recorded while three communities of neurons work together, one
after the other. A quarter of the neurons of each animal is missing. This example finds
the communities, when they are active, and in which animals.

Needs the extras ``plot`` and ``tables``.
"""

# %%
# Recordings with missing neurons
# -------------------------------
# Each recording is a data frame, whose columns are the neurons that were found in that
# animal. While a community is active, its neurons share a signal. How strong it is
# differs between animals: the last three lack the community C.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.distance import squareform

from sktopo import DynamicConnectome
from sktopo.baselines import SimilarityClusterer
from sktopo.plotting import ConnectomeDisplay

N_ANIMALS, N_TIMES = 10, 300
names = np.array([f"{community}{k}" for community in "ABC" for k in range(8)])
community_of_neuron = np.repeat([0, 1, 2], 8)
rng = np.random.default_rng(0)


def make_smooth(n_columns):
    """Make smooth random signals of variance 1: (n_times, n_columns)."""
    signals = gaussian_filter1d(rng.normal(size=(N_TIMES, n_columns)), 3, axis=0)
    return signals / signals.std(axis=0)


active = gaussian_filter1d(np.repeat(np.eye(3), N_TIMES // 3, axis=0), 5, axis=0)
strength = rng.uniform(1.0, 2.0, size=(N_ANIMALS, 3))
strength[-3:, 2] = 0
recordings = []
for animal in range(N_ANIMALS):
    shared = strength[animal] * active * make_smooth(3)
    recording = make_smooth(len(names)) + shared[:, community_of_neuron]
    found = rng.random(len(names)) > 0.25
    recordings.append(pd.DataFrame(recording[:, found], columns=names[found]))
print([recording.shape for recording in recordings[:3]])

# %%
# Graphs, their time courses, and the animals
# -------------------------------------------
# Two neurons have a large affinity at a moment when both change in the same direction.
# `DynamicConnectome` describes the affinities of all pairs, at all times of all
# animals, by a few graphs. The neurons that an animal lacks are left out of the fit.
# Neurons also change together by chance, so no loading is 0, but those of the third
# graph are smallest in the last three animals.

dynamic = DynamicConnectome(3, random_state=0).fit(recordings)
order = np.argsort(dynamic.time_courses_.argmax(axis=0))
nodes = dynamic.feature_names_in_
by_name = np.argsort(nodes)

figure, axes = plt.subplots(3, 3, figsize=(11, 9), layout="constrained")
for component, (above, middle, below) in zip(order, axes.T, strict=True):
    matrix = squareform(dynamic.components_[component])[np.ix_(by_name, by_name)]
    ConnectomeDisplay.from_connectomes(
        [matrix], node_names=nodes[by_name], colorbar=False, ax=above
    )
    above.set_title(f"component {component}")
    middle.plot(dynamic.time_courses_[:, component], color="C0")
    middle.set(xlabel="time", ylabel="time course", ylim=(0, None))
    below.bar(range(N_ANIMALS), dynamic.loadings_[:, component], color="C1")
    below.set(xlabel="animal", ylabel="loading", xticks=range(N_ANIMALS))

# %%
# The neurons of each community
# -----------------------------
# Each component is a connectome row. Its nodes fall into those that are related to each
# other and the rest. Any method for communities of a weighted graph finds them, here
# the spectral method of `SimilarityClusterer`.

for component in order:
    matrix = squareform(dynamic.components_[component])
    labels = SimilarityClusterer(2, random_state=0).fit(matrix).labels_
    means = [matrix[np.ix_(labels == k, labels == k)].mean() for k in (0, 1)]
    print(component, *sorted(nodes[labels == np.argmax(means)]))

# %%
# New animals
# -----------
# `transform` says how strongly each graph is active in other recordings of the same
# experiment, whatever neurons these lack: one row for each, for any estimator of
# scikit-learn. Here are the first and the last animal, with half of their neurons.

halves = [recording.iloc[:, ::2] for recording in (recordings[0], recordings[-1])]
print(dynamic.transform(halves)[:, order].round(1))
plt.show()
