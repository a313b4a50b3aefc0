"""
Which units set two groups apart
================================

Births know their edge. So the distance between two groups of connectomes can be split,
without remainder, over the layers or units where it comes from.

The groups are `1` and `2` in the tables, in alphabetical order. Needs the extras
``torch`` and ``plot``, and pandas.
"""

# %%
# Two ways of training: which layers
# ----------------------------------
# Units of networks that were trained apart do not correspond, but their layers do.

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
# One network is shown sets of 25 images, of even digits or of odd ones. Now the units
# are the same throughout. The shares are small: no unit alone makes the difference.

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
# The weakest births of one set of images, by the edge that each is.

persistence = GraphPersistence().fit(connectomes)
edges = persistence.edge_names(connectomes, record[-1].get_feature_names_out(units))
print(*edges[0, :5], sep="\n")

# %%
# Shares and trees
# ----------------
# Left, the units with the largest shares; right, the trees of the two mean connectomes.

figure, axes = plt.subplots(1, 3, figsize=(15, 7.5), layout="constrained")
largest = slice(11, None, -1)
names, shares = (np.asarray(table[column])[largest] for column in ("name", "share"))
axes[0].barh(names, 100 * shares, color="#0072B2")
axes[0].set(xlabel="share of the squared distance, %", title="even against odd")
axes[0].spines[["top", "right"]].set_visible(False)
for ax, name in zip(axes[1:], ("even", "odd"), strict=True):
    display = SpanningTreeDisplay.from_predictions(
        connectomes[parity == name], node_names=units, label_units=True, ax=ax
    )
    display.lines_.set_clim(0.4, 1)
    ax.set_title(f"{name} digits")
plt.show()
