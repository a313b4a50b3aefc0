"""Tests whether groups of networks differ in topology, by permutation of their labels.

The tests take Wasserstein rows and labels, or distances and labels. They assume no
distribution of the rows, because they compare a statistic with its values for other
arrangements of the labels. `difference_table` says in which profiles and where groups
differ. `attribute_distance` says which units or edges set groups apart; it describes
the given graphs and is not a test.

`state_test` asks whether windows of recordings differ by more than chance, by
surrogates of the recordings. `state_table` and `transition_table` describe the states
that recordings go through.
"""

from sktopo.inference._attribution import attribute_distance
from sktopo.inference._differences import difference_table
from sktopo.inference._pairwise import pairwise_permutation_test
from sktopo.inference._permanova import PermanovaResult, permanova
from sktopo.inference._permutation import permutation_test
from sktopo.inference._relabelling import PermutationResult
from sktopo.inference._state_test import SurrogateResult, state_test
from sktopo.inference._states import state_table, transition_table

__all__ = [
    "PermanovaResult",
    "PermutationResult",
    "SurrogateResult",
    "attribute_distance",
    "difference_table",
    "pairwise_permutation_test",
    "permanova",
    "permutation_test",
    "state_table",
    "state_test",
    "transition_table",
]
