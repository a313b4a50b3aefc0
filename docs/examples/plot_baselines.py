"""
Baselines side by side
======================

80 digit networks were trained with four strategies. This example clusters their
connectomes by births and deaths and with the baselines, and compares how well the
clusters agree with the strategies. All clusterers get the same connectomes and the same
number of random starts. Each is timed separately, from connectomes to labels.

Needs the extras ``torch``, ``plot`` and ``baselines``. The times are those of the
machine that built this page.
"""

# %%
# Connectomes for all clusterers
# ------------------------------

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.pipeline import make_pipeline

from sktopo import ActivationExtractor, FunctionalConnectome
from sktopo.baselines import baseline_clusterers
from sktopo.comparison import compare_clusterers, summarize
from sktopo.datasets import load_digit_networks
from sktopo.metrics import purity_score

# joblib warns about lists of many arrays, which are what the diagrams are.
warnings.filterwarnings("ignore", "Persisting input arguments")

data = load_digit_networks()
record = make_pipeline(
    ActivationExtractor(stimuli=data.stimuli), FunctionalConnectome()
)
connectomes = record.fit_transform(data.networks)

# %%
# Ten random starts for each clusterer
# ------------------------------------
# If a candidate fails, for example because a package is missing, its row holds the
# error, and the comparison continues.

layers = [name.split("[")[0] for name in record[0].get_feature_names_out()]
candidates = baseline_clusterers(len(data.target_names), groups=layers)
table = compare_clusterers(
    connectomes, data.target, candidates, n_starts=10, n_jobs=2, random_state=0
)
summary = summarize(table)
names = np.asarray(summary["candidate"])
purity, spread = (np.asarray(summary[f"{m}_purity"]) for m in ("mean", "std"))

# %%
# The time of one start
# ---------------------
# In the comparison above, candidates share diagrams, and starts share distances. Here
# each candidate computes everything itself.

seconds = []
for name, candidate in candidates.items():
    alone = compare_clusterers(
        connectomes, data.target, {name: candidate}, n_starts=1, random_state=0
    )
    seconds.append(summarize(alone)["seconds"][0])
seconds = np.array(seconds)

# %%
# Purity and time
# ---------------
# Purity is the share of networks whose strategy is the most frequent one in their
# cluster. The dotted line is the mean purity of random labels. Bars of TopClusterer are
# red, those of the baselines blue, and those of the controls grey. The controls see
# only the level and the spread of the weights, or the weights in order. A method that
# sees more than that has to do better than they do.

full_names = {
    "Top (normalised)": "TopClusterer, normalised distance",
    "Top (balanced)": "TopClusterer, balanced distance",
    "Top (sum)": "TopClusterer, sum distance",
    "profiles": "TopClusterer, profiles of graph and layers",
    "mean |r|": "mean |r|, one number",
    "moments": "mean and deviation of |r|",
    "block moments": "mean and deviation of |r| per layer block",
    "sorted weights": "sorted |r|, no topology",
    "Adj": "edge weights (Adj)",
    "BD": "bottleneck distance (BD)",
    "WD": "Wasserstein distance (WD)",
    "SWK": "sliced Wasserstein kernel (SWK)",
    "HK": "heat kernel (HK)",
    "PF": "persistence Fisher kernel (PF)",
    "PWG": "persistence-weighted Gaussian (PWG)",
    "PI": "persistence images (PI)",
    "PL": "persistence landscapes (PL)",
}
for error in summary["error"]:
    if error:
        print(error)
scored = np.flatnonzero(np.isfinite(purity))
order = scored[np.lexsort((-seconds[scored], purity[scored]))]
top = np.array([name.startswith(("Top", "profiles")) for name in names])
controls = np.isin(names, ["mean |r|", "moments", "block moments", "sorted weights"])
colors = np.where(top, "#D55E00", "#0072B2")  # Okabe and Ito
colors = np.where(controls, "0.55", colors)[order]
height = np.arange(len(order))
rng = np.random.default_rng(0)
chance = np.mean(
    [purity_score(data.target, rng.integers(4, size=80)) for _ in range(1000)]
)

figure, (left, right) = plt.subplots(
    1, 2, figsize=(11, 5.5), sharey=True, layout="constrained"
)
left.barh(
    height,
    purity[order],
    xerr=spread[order],
    color=colors,
    error_kw={"capsize": 3, "elinewidth": 1.2},
)
left.axvline(chance, color="0.3", linestyle=":", linewidth=1)
left.text(chance + 0.01, -0.95, "random labels", color="0.3", va="center")
left.set_yticks(height, [full_names.get(name, name) for name in names[order]])
left.set_ylim(-1.5, len(order) - 0.4)
left.set_xlim(0, 1)
left.set_xlabel("purity, mean and standard deviation of 10 starts")
right.barh(height, seconds[order], color=colors)
for y, value in zip(height, seconds[order], strict=True):
    label = f"{value:.2f}" if value < 10 else f"{value:.0f}"
    right.text(value * 1.15, y, label, va="center")
right.set_xscale("log")
right.set_xlim(seconds[order].min() / 2, seconds[order].max() * 4)
right.set_xlabel("seconds for one clustering, one core")
for axis in (left, right):
    axis.spines[["top", "right"]].set_visible(False)
figure.suptitle("Clusters of 80 digit networks compared with training strategies")
plt.show()
