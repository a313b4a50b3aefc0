"""Tests whether groups of networks differ in topology, by permutation of their labels.

All are functions of barcode rows and labels, or of distances and labels. What is
permuted are the labels, so no test assumes a distribution.
"""

from sktopo.inference._attribution import attribute_distance
from sktopo.inference._permutation import (
    PermanovaResult,
    PermutationResult,
    pairwise_permutation_test,
    permanova,
    permutation_test,
)

__all__ = [
    "PermanovaResult",
    "PermutationResult",
    "attribute_distance",
    "pairwise_permutation_test",
    "permanova",
    "permutation_test",
]
