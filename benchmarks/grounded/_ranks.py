"""Ranks of the methods over all tests of all reports."""

import numpy as np
import pandas as pd

from benchmarks.grounded._conditions import LAYERS, SAME
from benchmarks.grounded._designs import DESIGNS
from benchmarks.grounded._methods import METHODS
from benchmarks.grounded._scores import ACCURACY, CONFORMITY, DISAGREEMENT, PRECISION
from benchmarks.studies._ranks import bootstrap_means

# The six tests of ReSi; the two of predictions are means over the designs of groups.
TESTS = {
    **{design: (PRECISION, (design,)) for design in DESIGNS},
    LAYERS: (CONFORMITY, (LAYERS,)),
    "accuracy": (ACCURACY, tuple(DESIGNS)),
    "disagreement": (DISAGREEMENT, tuple(DESIGNS)),
}


def gather_tests(reports, *, complete=True):
    """Gather the scores of the tests of all reports.

    Parameters
    ----------
    reports : dict of str to DataFrame
        By the name of the data, the scores of its report, see `tabulate_scores`.

    complete : bool, default=True
        Whether to leave out methods without a value in one of the tests.

    Returns
    -------
    table : DataFrame of shape (n_cells, n_methods)
        Scores, the higher the better; the index has levels "data", "architecture" and
        "test".
    """
    rows = {}
    for data, scores in reports.items():
        scores = scores[scores["condition"] == SAME]
        for architecture, own in scores.groupby("architecture", sort=False):
            for test, (score, designs) in TESTS.items():
                used = own[(own["score"] == score) & own["design"].isin(designs)]
                table = used.pivot(index="method", columns="design", values="value")
                # A method counts that has a value in all designs.
                rows[data, architecture, test] = table.mean(axis=1, skipna=False)
    table = pd.DataFrame(rows).T.rename_axis(["data", "architecture", "test"])
    table = table[[name for name in METHODS if name in table]]
    return table.dropna(axis="columns") if complete else table


def rank_methods(reports):
    """Rank the methods in each test, and average.

    Parameters
    ----------
    reports : dict of str to DataFrame
        As in `gather_tests`.

    Returns
    -------
    ranks : DataFrame
        One row per method, the best first: `mean_rank`, `low` and `high` (95 %
        interval of a bootstrap over pairs of a data set and an architecture, whose
        tests share networks), `mean_score`, `n_first` and `n_tests`.
    """
    table = gather_tests(reports)
    ranks = table.rank(axis=1, ascending=False).to_numpy()
    low, high = bootstrap_means(ranks, table.index.droplevel("test"))
    found = pd.DataFrame(
        {
            "method": table.columns,
            "mean_rank": ranks.mean(axis=0),
            "low": low,
            "high": high,
            "mean_score": table.to_numpy().mean(axis=0),
            "n_first": np.sum(table.T.max().to_numpy()[:, None] == table, axis=0),
            "n_tests": len(table),
        },
        columns=_COLUMNS,
    )
    return found.sort_values("mean_rank", kind="stable", ignore_index=True)


_COLUMNS = ["method", "mean_rank", "low", "high", "mean_score", "n_first", "n_tests"]
