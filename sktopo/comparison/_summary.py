"""Summaries of comparisons."""

from __future__ import annotations

from numbers import Real
from typing import TYPE_CHECKING

from sktopo._utils.optional import import_optional
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

    Raises
    ------
    TypeError
        If `table` is not a data frame of pandas.

    ValueError
        If it has no rows, lacks a column, a score or time is not a number, or a
        candidate or an error not a text.

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
    table = _check_table(table)
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


def _check_table(table):
    """Return a copy whose errors are strings, and whose scores and times are floats."""
    pandas = import_optional("pandas", extra="tables", purpose="A summary")
    if not isinstance(table, pandas.DataFrame):
        raise TypeError(
            "table must be a data frame of pandas, such as compare_classifiers "
            f"returns, got {type(table).__name__}."
        )
    missing = {"candidate", "error", *SECONDS} - set(table)
    if missing or not len(table):
        lacks = f"no columns {sorted(missing)}" if missing else "no rows"
        raise ValueError(
            f"table has {lacks}; expected the table of a comparison, with a row for "
            "each job."
        )
    # Written as CSV and read again, an error that is empty is a missing value.
    changed = {"error": table["error"].fillna("")}
    _check_entries("candidate", table["candidate"], (str, Real), "names")
    _check_entries("error", changed["error"], str, "messages")
    for name in {"score", "inner_score", *SCORES, *SECONDS} & set(table):
        try:
            changed[name] = table[name].astype(float)
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"Column {name!r} of table does not hold numbers: {error}"
            ) from error
    return table.assign(**changed)


def _check_entries(name, column, kinds, expected):
    """Raise a ValueError that names the first entry of another kind, NaN included."""
    for row, entry in enumerate(column):
        if not isinstance(entry, kinds) or entry != entry:
            raise ValueError(
                f"Column {name!r} of table holds {entry!r:.80} in row {row}; expected "
                f"{expected}."
            )
