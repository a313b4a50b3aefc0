"""Summaries of comparisons."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    by_candidate = table.groupby("candidate", sort=False)
    summary = by_candidate["error"].agg(
        n_scored=lambda errors: (errors == "").sum(),
        n_failed=lambda errors: (errors != "").sum(),
    )
    scored = table[table["error"] == ""].groupby("candidate", sort=False)
    for name in ("score", "inner_score", *SCORES):
        if name in table:
            # A score that is NaN without an error is not left out of the mean.
            summary[f"mean_{name}"] = scored[name].agg(lambda v: v.mean(skipna=False))
            summary[f"std_{name}"] = scored[name].agg(
                lambda v: v.std(skipna=False, ddof=0)
            )
    summary["seconds"] = by_candidate[list(SECONDS)].sum().sum(axis=1)
    summary["error"] = by_candidate["error"].agg(lambda v: next(filter(None, v), ""))
    return summary.reset_index()
