"""Summaries of comparisons."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sktopo._utils.tables import make_table
from sktopo.comparison._clusterers import SCORES
from sktopo.comparison._jobs import SECONDS

if TYPE_CHECKING:
    from sktopo._typing import Table


def summarize(table: Table) -> Table:
    """Summarise a comparison: one row per candidate.

    Parameters
    ----------
    table : pandas.DataFrame
        The table of :func:`compare_classifiers` or :func:`compare_clusterers`.

    Returns
    -------
    summary : pandas.DataFrame
        In the order of the candidates: `candidate`, `n_scored` and `n_failed` rows,
        mean and standard deviation of each score over the scored rows
        (`mean_purity`, `std_purity` and so on), `seconds` (the sum over all rows, to
        fit and to score), and the first `error`.

    Examples
    --------
    >>> from sklearn.cluster import KMeans
    >>> from sktopo.comparison import compare_clusterers, summarize
    >>> from sktopo.datasets import make_modular_connectomes
    >>> X, y = make_modular_connectomes(9, n_nodes=12, random_state=0)
    >>> candidates = {"k-means": KMeans(3, n_init=1)}
    >>> table = compare_clusterers(X, y, candidates, n_starts=4, random_state=0)
    >>> [int(n) for n in summarize(table)["n_scored"]]
    [4]
    """
    scores = [name for name in ("score", "inner_score", *SCORES) if name in table]
    rows = []
    for candidate, group in table.groupby("candidate", sort=False):
        scored = group[group["error"] == ""]
        row = {
            "candidate": candidate,
            "n_scored": len(scored),
            "n_failed": len(group) - len(scored),
        }
        for name in scores:
            values = scored[name].astype(float)
            row[f"mean_{name}"] = values.mean()
            row[f"std_{name}"] = values.std(ddof=0)
        row["seconds"] = float(np.sum(scored[list(SECONDS)].to_numpy(dtype=float)))
        row["error"] = next(filter(None, group["error"]), "")
        rows.append(row)
    return make_table(rows, rows[0])
