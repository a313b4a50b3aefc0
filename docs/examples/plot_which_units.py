"""
Which units differ between groups
=================================

Each birth is the weight of one edge. So the distance between groups of connectomes can
be divided among the layers or units that it comes from, and the shares add up to the
whole distance.

In the tables, the groups are called `1`, `2` and so on, in alphabetical order. Needs
the extras ``torch`` and ``plot``, and pandas.
"""

# %%
# Two ways of training: which layers
# ----------------------------------
# The units of networks that were trained separately do not correspond, but their layers
# do.

import matplotlib.pyplot as plt
import numpy as np
from scipy.spatial.distance import squareform
from sklearn.pipeline import make_pipeline

from sktopo import ActivationExtractor, FunctionalConnectome, GraphPersistence
from sktopo.datasets import load_digit_networks
from sktopo.inference import attribute_distance, permutation_test
from sktopo.plotting import SpanningTreeDisplay

data = load_digit_networks()
strategy = np.array(data.target_names)[data.target]
record = make_pipeline(
    ActivationExtractor(stimuli=data.stimuli), FunctionalConnectome()
)
connectomes = record.fit_transform(data.networks)
units = record[0].get_feature_names_out()
chosen = np.isin(strategy, ["batch_norm", "vanilla"])
layers = attribute_distance(
    connectomes[chosen], strategy[chosen], by="layer", unit_names=units
)
print(layers.to_string(index=False, float_format="%.3f"))

# %%
# More than two groups
# --------------------
# Of all four ways of training, the table divides the squared distances between all
# pairs of groups. Its effect size is then the share of the variance of the
# contributions that the groups explain.

layers = attribute_distance(connectomes, strategy, by="layer", unit_names=units)
print(layers[["name", "share", "omega_squared"]].to_string(index=False))

# %%
# A large effect size is not a test
# ---------------------------------
# The direction of the difference is estimated from the same networks that are then
# measured along it, so effect sizes are too large. Below they stand beside a test: it
# takes the births of the edges within one layer, and permutes the labels. First, the 20
# networks without regularisation are divided into halves at random. Effect sizes of 0.8
# and more, which are often called large, are then no more than chance. Then L2
# regularisation is compared with dropout. The effect size is larger in the second
# layer, but the evidence is stronger in the first.

layer_of_unit = np.array([name.split("[")[0] for name in units])


def compare_layers(connectomes, y):
    """Print the effect size of each layer, and the p-value of a test of this layer."""
    table = attribute_distance(connectomes, y, by="layer", unit_names=units)
    effects = dict(zip(table["name"], table["effect_size"], strict=True))
    for layer in np.unique(layer_of_unit):
        within = np.flatnonzero(layer_of_unit == layer)
        parts = [
            squareform(squareform(row)[np.ix_(within, within)]) for row in connectomes
        ]
        births = GraphPersistence(homology_dimensions=(0,)).fit_transform(parts)
        p = permutation_test(births, y, random_state=0).pvalue
        print(f"{layer}: effect size {effects[f'{layer}--{layer}']:.1f}, p = {p:.4f}")


print("vanilla, two random halves")
half = np.random.default_rng(0).permutation(np.repeat(["a", "b"], 10))
compare_layers(connectomes[strategy == "vanilla"], half)
print("l2 against dropout")
chosen = np.isin(strategy, ["l2", "dropout"])
compare_layers(connectomes[chosen], strategy[chosen])

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
