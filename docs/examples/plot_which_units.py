"""
Which units differ between two groups
=====================================

Each birth is the weight of one edge. So the distance between two groups of connectomes
can be divided among the layers or units that it comes from, and the shares add up to
the whole distance.

In the tables, the groups are called `1` and `2`, in alphabetical order. Needs the
extras ``torch`` and ``plot``, and pandas.
"""

# %%
# Two ways of training: which layers
# ----------------------------------
# The units of networks that were trained separately do not correspond, but their layers
# do.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.pipeline import make_pipeline

from sktopo import ActivationExtractor, FunctionalConnectome, GraphPersistence
from sktopo.datasets import load_digit_networks
from sktopo.inference import attribute_distance
from sktopo.plotting import SpanningTreeDisplay

data = load_digit_networks()
strategy = np.array(data.target_names)[data.target]
record = make_pipeline(
    ActivationExtractor(stimuli=data.stimuli), FunctionalConnectome()
)
chosen = np.isin(strategy, ["batch_norm", "vanilla"])
connectomes = record.fit_transform([data.networks[i] for i in np.flatnonzero(chosen)])
units = record[0].get_feature_names_out()
layers = attribute_distance(connectomes, strategy[chosen], by="layer", unit_names=units)
print(layers.to_string(index=False, float_format="%.3f"))

# %%
# Two kinds of images: which units
# --------------------------------
# One network is shown sets of 25 images, either of even or of odd digits. Now all
# connectomes have the same units. The shares are small: no single unit accounts for
# much of the difference.

network = data.networks[0]
is_odd = data.stimuli_labels % 2 == 1
sets, parity = [], []
for name, images in (("even", data.stimuli[~is_odd]), ("odd", data.stimuli[is_odd])):
    images = images[np.random.default_rng(0).permutation(len(images))]
    parts = [images[25 * k : 25 * (k + 1)] for k in range(len(images) // 25)]
    sets += parts
    parity += [name] * len(parts)
record = make_pipeline(ActivationExtractor(network), FunctionalConnectome())
connectomes = record.fit_transform(sets)
parity = np.array(parity)
table = attribute_distance(connectomes, parity, unit_names=units)
print(table.head(8).to_string(index=False, float_format="%.3f"))

# %%
# The edges of a sample
# ---------------------
# These edges have the five smallest births for the first set of images.

persistence = GraphPersistence().fit(connectomes)
edges = persistence.edge_names(connectomes, record[-1].get_feature_names_out(units))
print(*edges[0, :5], sep="\n")

# %%
# Shares and trees
# ----------------
# The bars show the units with the largest shares. The trees are those of the mean
# connectomes of even and of odd digits.

figure, axes = plt.subplots(1, 3, figsize=(15, 7.5), layout="constrained")
largest = slice(11, None, -1)
names, shares = (np.asarray(table[column])[largest] for column in ("name", "share"))
axes[0].barh(names, 100 * shares, color="#0072B2")
axes[0].set(xlabel="share of the squared distance (%)")
axes[0].set_title("even digits against odd digits")
axes[0].spines[["top", "right"]].set_visible(False)
for ax, name in zip(axes[1:], ("even", "odd"), strict=True):
    display = SpanningTreeDisplay.from_connectomes(
        connectomes[parity == name], node_names=units, label_nodes=True, ax=ax
    )
    display.lines_.set_clim(0.4, 1)
    if name == "even":  # one colour bar serves both trees
        display.colorbar_.remove()
    ax.set_title(f"{name} digits")
plt.show()
