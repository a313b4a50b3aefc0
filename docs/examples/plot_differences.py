"""
What differs, and where
=======================

80 digit networks were trained with four strategies, and a test of all networks says
that their topology differs. This example asks the next questions. Which profiles of the
graphs differ, and in which layer? And is it more than one number per network, the mean
correlation, already says?

The strategies change different parts of a network. Dropout acts on the output of the
first hidden layer only, weight decay acts on all weights, and batch normalisation
follows both hidden layers.

Needs the extras ``torch`` and ``plot``, and pandas; takes some seconds.
"""

# %%
# From networks to connectomes
# ----------------------------
# The names of the edges, the columns of the data frame, contain the layers of their
# units: ``lrelu1`` and ``lrelu2``.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.pipeline import make_pipeline

from sktopo import ActivationExtractor, FunctionalConnectome
from sktopo.datasets import load_digit_networks
from sktopo.inference import difference_table
from sktopo.plotting import DifferenceDisplay

data = load_digit_networks()
strategy = np.array(data.target_names)[data.target]
record = make_pipeline(
    ActivationExtractor(stimuli=data.stimuli), FunctionalConnectome()
)
connectomes = record.set_output(transform="pandas").fit_transform(data.networks)
print(connectomes.shape, connectomes.columns[0])

# %%
# All four strategies
# -------------------
# The table has a row for each profile, of the whole graph and of each part of it. The
# four strategies differ everywhere.

table = difference_table(connectomes, strategy, groups="layer", random_state=0)
columns = ["profile", "block", "omega_squared", "adjusted_pvalue", "accuracy", "level"]
columns += ["omega_squared_given_level", "adjusted_pvalue_given_level"]
print(table[columns].to_string(index=False, float_format="%.4f"))

# %%
# Each strategy against the plain networks
# ----------------------------------------
# The colour is the effect size ω²: the share of the squared distances that the strategy
# explains. Each cell holds the p-value, corrected for the 20 cells. Where the groups
# differ, the level stands below it: how much of the squared distance between the groups
# is a difference of means. A frame says that they differ in more than the mean weight
# of their graphs (``level="block"`` would take that of the part instead).

tables = {}
figure, axes = plt.subplots(1, 3, figsize=(20, 5), layout="constrained")
for name, ax in zip(("dropout", "l2", "batch_norm"), axes, strict=True):
    chosen = np.isin(strategy, ["vanilla", name])
    tables[name] = difference_table(
        connectomes[chosen], strategy[chosen], groups="layer", random_state=0
    )
    DifferenceDisplay.from_table(tables[name], ax=ax)
    ax.set_title(f"{name} against vanilla\n{ax.get_title()}", fontsize="small")
plt.show()

# %%
# The layer that was regularised
# ------------------------------
# For each part of the graph: how many of its five profiles differ (corrected p-value of
# at most 0.05), how many of these also differ given the level, and the largest effect.

for name, found in tables.items():
    print(name)
    differs = found["adjusted_pvalue"] <= 0.05
    differs_given = differs & (found["adjusted_pvalue_given_level"] <= 0.05)
    for block in found["block"].unique():
        rows = found["block"] == block
        print(
            f"  {block:15} {differs[rows].sum()} of 5 differ, "
            f"{differs_given[rows].sum()} in more than level; "
            f"largest effect {found['omega_squared'][rows].max():.2f}"
        )

# %%
# - *Dropout* shows within the first hidden layer, where it acts, and in the edges from
#   there to the second. Within the second hidden layer no profile differs. And it is
#   more than a matter of level: networks with dropout differ from plain networks of the
#   same mean weight.
# - *Weight decay* changes all parts of the graph alike, and it changes the level. Given
#   the mean weight, no profile differs.
# - *Batch normalisation* changes all parts, and more than the level.
