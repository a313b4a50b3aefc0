"""Simulated connectomes whose groups differ in their number of modules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sktopo._utils.parameters import (
    check_integer,
    check_real,
    is_integer,
    read_random_state,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sktopo._typing import RandomState


def make_modular_connectomes(
    n_networks: int = 20,
    *,
    n_nodes: int = 60,
    n_modules: Sequence[int] = (2, 3, 5),
    p_within: float = 0.6,
    mu: float = 1.0,
    sigma: float = 0.5,
    random_state: RandomState = None,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    r"""Make groups of random connectomes that differ in their number of modules.

    The nodes of a connectome are distributed evenly among its modules, whose sizes
    differ by at most one node. An edge is strong, drawn from
    :math:`\mathcal{N}(\mu, \sigma^2)`, with probability `p_within` when its two
    nodes share a module and ``1 - p_within`` when they do not; otherwise it is
    noise, drawn from :math:`\mathcal{N}(0, \sigma^2)`. Negative weights are set
    to 0. This is the simulation study of [1]_.

    Parameters
    ----------
    n_networks : int, default=20
        Number of connectomes in each group.

    n_nodes : int, default=60
        Number of nodes of every connectome, at least 2.

    n_modules : sequence of int, default=(2, 3, 5)
        Number of modules of each group, between 1 and `n_nodes`; as many groups
        are made as there are entries. Equal entries make groups that do not differ,
        which shows the score that is reached by chance.

    p_within : float, default=0.6
        Probability, in [0, 1], that an edge within a module is strong.

    mu : float, default=1.0
        Mean weight of the strong edges, before negative weights are set to 0.

    sigma : float, default=0.5
        Standard deviation of all weights, not negative.

    random_state : int, RandomState instance or None, default=None
        Determines the random weights. Pass an int for reproducible output across
        multiple function calls.

    Returns
    -------
    X : ndarray of shape (n_networks * len(n_modules), n_edges), dtype float64
        Connectome rows: the upper triangles in the order of
        :func:`scipy.spatial.distance.squareform`, with
        ``n_edges = n_nodes * (n_nodes - 1) // 2``. Group after group.

    y : ndarray of shape (n_networks * len(n_modules),), dtype int64
        Group of each connectome: an index into `n_modules`.

    Raises
    ------
    ValueError
        If a parameter is outside the range given above.

    References
    ----------
    .. [1] T. Songdechakraiwut, B. M. Krause, M. I. Banks, K. V. Nourski and
       B. D. Van Veen, "Fast topological clustering with Wasserstein distance",
       ICLR 2022. https://arxiv.org/abs/2112.00101

    Examples
    --------
    >>> from sktopo.datasets import make_modular_connectomes
    >>> X, y = make_modular_connectomes(
    ...     4, n_nodes=10, n_modules=(2, 5), random_state=0
    ... )
    >>> X.shape
    (8, 45)
    >>> y
    array([0, 0, 0, 0, 1, 1, 1, 1])
    """
    check_integer("n_networks", n_networks, 1)
    check_integer("n_nodes", n_nodes, 2)
    check_modules(n_modules, n_nodes)
    check_real("p_within", p_within, 0, 1)
    check_real("mu", mu, -np.inf, np.inf)
    check_real("sigma", sigma, 0, np.inf)
    rng = read_random_state(random_state)

    source, target = np.triu_indices(n_nodes, 1)
    X = np.empty((n_networks * len(n_modules), source.size))
    for group, rows in zip(n_modules, np.split(X, len(n_modules)), strict=True):
        module = np.arange(n_nodes) * group // n_nodes
        within = module[source] == module[target]
        p_strong = np.where(within, p_within, 1 - p_within)
        strong = rng.uniform(size=rows.shape) < p_strong
        # `rows` is a view, so this fills the rows of the group in X.
        rows[:] = rng.normal(mu * strong, sigma)
    if not np.isfinite(X).all():
        raise ValueError(
            f"mu={mu!r} and sigma={sigma!r} give weights that are not finite; choose "
            "smaller ones."
        )
    np.maximum(X, 0, out=X)
    y = np.repeat(np.arange(len(n_modules), dtype=np.int64), n_networks)
    return X, y


def check_modules(n_modules, n_nodes):
    """Raise a ValueError unless `n_modules` are integers between 1 and n_nodes."""
    is_array = isinstance(n_modules, np.ndarray) and n_modules.ndim == 1
    is_sequence = isinstance(n_modules, Sequence) or is_array
    if (
        not is_sequence
        or not len(n_modules)
        or not all(is_integer(m) and 1 <= m <= n_nodes for m in n_modules)
    ):
        raise ValueError(
            "n_modules must be a non-empty sequence of integers between 1 and "
            f"n_nodes={n_nodes}, got {n_modules!r}."
        )
