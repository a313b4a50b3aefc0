"""Compare named estimators on one data set.

Classifiers are compared by nested cross-validation, clusterers over random starts, on
all samples or on held-out folds. Any estimators of scikit-learn can be compared,
those of :mod:`sktopo.baselines` among them. The tables need pandas, which
``pip install 'sktopo[tables]'`` installs.
"""

from sktopo.comparison._classifiers import compare_classifiers
from sktopo.comparison._clusterers import compare_clusterers
from sktopo.comparison._summary import summarize

__all__ = ["compare_classifiers", "compare_clusterers", "summarize"]
