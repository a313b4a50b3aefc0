"""
Do the groups differ, and is it more than chance?
=================================================

80 digit networks were trained with four strategies. This example tests whether their
topology differs: between all four strategies, between each pair of them, and in births
or deaths alone. Permutations of the labels show how large a difference chance produces.

Needs the extras ``torch`` and ``plot``; takes some seconds.
"""

# %%
# From networks to births and deaths
# ----------------------------------

import matplotlib.pyplot as plt
import numpy as np
from sklearn.pipeline import make_pipeline

from sktopo import ActivationExtractor, FunctionalConnectome, GraphPersistence
from sktopo.datasets import load_digit_networks
from sktopo.inference import pairwise_permutation_test, permanova, permutation_test

data = load_digit_networks()
names = np.array(data.target_names)[data.target]
model = make_pipeline(
    ActivationExtractor(stimuli=data.stimuli),
    FunctionalConnectome(),
    GraphPersistence(),
)
rows = model.fit_transform(data.networks)

# %%
# One test of all four
# --------------------
# The first test compares the ratio of distances between groups to distances within
# groups with the ratios of 99,999 permutations of the labels. The second, PERMANOVA,
# also estimates how much of the variance the groups explain.

result = permutation_test(rows, names, n_permutations=99_999, n_jobs=2, random_state=0)
explained = permanova(rows, names, random_state=0)
print(f"ratio {result.statistic:.3f}, p = {result.pvalue:.1g}")
print(
    f"F = {explained.statistic:.1f}, p = {explained.pvalue:.1g}, "
    f"R² = {explained.r_squared:.2f}, ω² = {explained.omega_squared:.2f}"
)

# %%
# All pairs, with births and deaths, births alone, deaths alone
# -------------------------------------------------------------
# Six pairs need six tests. The p-values are adjusted for the false discovery rate: of
# the pairs with an adjusted p-value of at most 0.05, at most 5 % are expected to be
# false discoveries.

kept = {"births and deaths": (0, 1), "births": (0,), "deaths": (1,)}
tables = {
    title: pairwise_permutation_test(
        rows, names, homology_dimensions=dimensions, random_state=0
    )
    for title, dimensions in kept.items()
}
print(tables["births and deaths"])

# %%
# Chance and the observed ratios
# ------------------------------

groups = list(data.target_names)
figure, axes = plt.subplots(
    1, 4, figsize=(15, 4), width_ratios=(1.3, 1, 1, 1), layout="constrained"
)
left = axes[0]
left.hist(result.null_distribution, bins=60, color="#0072B2")  # Okabe and Ito
left.axvline(result.statistic, color="#D55E00", linewidth=2)
left.text(
    result.statistic - 0.05,
    0.95,
    f"observed {result.statistic:.2f}\np = {result.pvalue:.0e}",
    transform=left.get_xaxis_transform(),
    color="#D55E00",
    ha="right",
    va="top",
)
left.set_xlabel("distance between groups / within groups")
left.set_ylabel("number of permutations")
left.set_title("all four strategies, births and deaths")
left.spines[["top", "right"]].set_visible(False)
for axis, (title, table) in zip(axes[1:], tables.items(), strict=True):
    ratios = np.full((len(groups), len(groups)), np.nan)
    columns = ("group_1", "group_2", "statistic", "adjusted_pvalue")
    for *pair, ratio, pvalue in zip(*(table[c] for c in columns), strict=True):
        column, row = sorted(groups.index(group) for group in pair)
        ratios[row, column] = ratio
        label = f"{ratio:.2f}\np = {pvalue:.2g}"
        color = "white" if ratio > 3 else "black"
        options = {"ha": "center", "va": "center", "fontsize": "small"}
        axis.text(column, row - 1, label, color=color, **options)
    axis.imshow(ratios[1:, :-1], cmap="Blues", vmin=1, vmax=6)
    axis.set_title(title)
    axis.set_xticks(range(len(groups) - 1), groups[:-1])
    axis.set_yticks(range(len(groups) - 1), groups[1:])
    axis.spines[:].set_visible(False)
figure.suptitle("Distance ratios of 80 digit networks, with adjusted p-values of pairs")
plt.show()
