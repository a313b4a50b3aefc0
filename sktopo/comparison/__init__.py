"""Compare named estimators on one data set.

Classifiers are compared by nested cross-validation, clusterers over random starts, on
all samples or on held-out folds. Any estimators of scikit-learn can be compared;
those of :mod:`sktopo.baselines` are made for it.
"""

from sktopo.comparison._comparison import (
    compare_classifiers,
    compare_clusterers,
    summarize,
)

__all__ = ["compare_classifiers", "compare_clusterers", "summarize"]
