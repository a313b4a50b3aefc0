"""Measures that relate the units of one sample, and the dict that names them.

A measure takes activations ``(n_observations, n_nodes)`` and returns a symmetric
matrix ``(n_nodes, n_nodes)`` without changing its input. :data:`MEASURES` maps the
names that :class:`~sktopo.FunctionalConnectome` accepts to these functions, so a new
measure is a function and a line in that dict.

*Parameters of measures.* A measure is chosen by its name, with the defaults of its
function, or as :func:`functools.partial` of that function with other values:
``FunctionalConnectome(partial(coherence, sampling_rate=128, band=(8, 12)))``. Units
that never vary, and memory, are treated alike for both.

*Units that never vary.* The correlation of such a unit is 0 / 0, so its row and column
are NaN, as they are for all measures but the covariance, which is 0.
FunctionalConnectome finds these units itself and replaces their weights as its
parameter `constant_units` says.
"""

from sktopo.connectomes.measures._lagged import lagged_correlation
from sktopo.connectomes.measures._partial import partial_correlation
from sktopo.connectomes.measures._products import correlation, covariance, spearman
from sktopo.connectomes.measures._spectral import coherence, phase_locking_value

__all__ = [
    "MEASURES",
    "coherence",
    "correlation",
    "covariance",
    "lagged_correlation",
    "partial_correlation",
    "phase_locking_value",
    "spearman",
]

#: The measures by name. FunctionalConnectome accepts every name in this dict.
MEASURES = {
    "correlation": correlation,
    "spearman": spearman,
    "partial correlation": partial_correlation,
    "covariance": covariance,
    "lagged correlation": lagged_correlation,
    "coherence": coherence,
    "phase locking value": phase_locking_value,
}
