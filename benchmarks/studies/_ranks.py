"""Ranks of the methods over all comparisons, and what they say in words."""

from itertools import product
from textwrap import fill

import numpy as np
import pandas as pd

from benchmarks.studies._methods import (
    PROFILES,
    RANKED,
    SUMMARIES,
    TOP,
    TOP_BALANCED,
    TOP_SUM,
)
from benchmarks.studies._strategies import ALL

# What is scored, and the column of the score.
KINDS = {"clustering": "final", "classification": "accuracy_mean"}
QUESTIONS = {"strategies": "training strategy", "stimuli": "class of the stimuli"}
BOTH = "both"
CELL = ["dataset", "question", "data", "task"]
OWN = (PROFILES, TOP_BALANCED, TOP, TOP_SUM)
N_DRAWS = 9999
LIST = {
    "initial_indent": "- ",
    "subsequent_indent": "  ",
    "break_on_hyphens": False,
}


def add_final_purity(scores):
    """Add the purity of the best of restarts, or the mean where there is none."""
    best = scores["best_purity_mean"].astype(float)
    return scores.assign(final=best.fillna(scores["purity_mean"].astype(float)))


def gather_scores(reports):
    """Gather the scores of all reports, in the accuracy that tables show.

    Parameters
    ----------
    reports : dict of str to dict
        By the name of the study, its reports; see `_summary.read_reports`.

    Returns
    -------
    scores : DataFrame
        Columns `kind`, those of `CELL`, `seed`, `method` and `score`; methods without a
        score are left out.
    """
    parts = []
    for question, found in reports.items():
        for report in found.values():
            table = add_final_purity(report["tables"]["scores"])
            table = table.reindex(columns=["task", "method", *KINDS.values()])
            table.columns = ["task", "method", *KINDS]
            long = table.melt(["task", "method"], var_name="kind", value_name="score")
            options = report["options"]
            long = long.assign(
                question=question,
                dataset=options["dataset"],
                data=report["title"],
                seed=options["seed"],
            )
            parts.append(long.dropna(subset="score"))
    scores = pd.concat(parts, ignore_index=True)
    scores["score"] = scores["score"].astype(float).round(3)
    return scores[["kind", *CELL, "seed", "method", "score"]]


def pivot_scores(scores, kind, question):
    """Make a table of comparisons by methods, means over seeds.

    Only methods that have a score in every comparison are in it.

    Parameters
    ----------
    scores : DataFrame
        What `gather_scores` returned.

    kind : str
        A key of `KINDS`.

    question : str
        A key of `QUESTIONS`, or `BOTH`.

    Returns
    -------
    table : DataFrame of shape (n_comparisons, n_methods)
        Scores; the index has the levels of `CELL`.
    """
    chosen = scores["kind"] == kind
    if question != BOTH:
        chosen &= scores["question"] == question
    table = scores[chosen].pivot_table("score", CELL, "method", "mean", sort=False)
    return table.dropna(axis="columns").round(3)


def rank_methods(scores):
    """Rank the methods in each comparison, and average.

    The rank of a method is one more than the number of ranked methods with a higher
    score; equal scores share their ranks. Methods outside `RANKED` are ranked as if
    each was added alone, so that many forms of one method do not push others down.

    The interval is a bootstrap over pairs of a data set and a question, whose
    comparisons are drawn together because they share networks.

    Parameters
    ----------
    scores : DataFrame
        What `gather_scores` returned.

    Returns
    -------
    ranks : DataFrame
        One row per kind, question (also both together) and method: `mean_rank`, `low`
        and `high` (95 % interval), `mean_score`, `n_first` (comparisons in which no
        ranked method has a higher score), `n_comparisons`, `n_ranked` methods.
    """
    rows = []
    for kind, question in product(KINDS, (*QUESTIONS, BOTH)):
        table = pivot_scores(scores, kind, question)
        if table.empty:
            continue
        ranks, first = rank_cells(table)
        blocks = table.index.droplevel(["data", "task"])
        low, high = bootstrap_means(ranks, blocks)
        one = {
            "kind": kind,
            "question": question,
            "method": table.columns,
            "mean_rank": ranks.mean(axis=0),
            "low": low,
            "high": high,
            "mean_score": table.to_numpy().mean(axis=0),
            "n_first": first.sum(axis=0),
            "n_comparisons": len(table),
            "n_ranked": table.columns.isin(list(RANKED)).sum(),
        }
        rows.append(pd.DataFrame(one).sort_values("mean_rank", kind="stable"))
    return pd.concat(rows, ignore_index=True)


def rank_cells(table):
    """Rank methods among the ranked ones; say where none of these is higher.

    Parameters
    ----------
    table : DataFrame of shape (n_comparisons, n_methods)
        Scores, the higher the better.

    Returns
    -------
    ranks : ndarray of shape (n_comparisons, n_methods)
        From 1; equal scores share the mean of their ranks.

    first : boolean ndarray of shape (n_comparisons, n_methods)
        Where no ranked method has a higher score.
    """
    is_ranked = table.columns.isin(list(RANKED))
    values = table.to_numpy()
    rivals = values[:, None, is_ranked]
    n_higher = (rivals > values[:, :, None]).sum(axis=2)
    n_equal = (rivals == values[:, :, None]).sum(axis=2) - is_ranked
    return 1 + n_higher + n_equal / 2, n_higher == 0


def bootstrap_means(ranks, blocks):
    """Draw blocks of rows with replacement: 95 % intervals of the means of columns."""
    codes, _ = pd.factorize(blocks)
    sizes = np.bincount(codes)
    sums = np.array([ranks[codes == block].sum(axis=0) for block in range(len(sizes))])
    rng = np.random.default_rng(0)
    share = np.full(len(sizes), 1 / len(sizes))
    draws = rng.multinomial(len(sizes), share, size=N_DRAWS)
    means = draws @ sums / (draws @ sizes)[:, None]
    return np.percentile(means, [2.5, 97.5], axis=0)


def tabulate_ranks(ranks):
    """Tabulate mean ranks of all methods, those of both questions with intervals."""
    columns = {}
    for kind, question in product(KINDS, (BOTH, *QUESTIONS)):
        found = ranks[(ranks["kind"] == kind) & (ranks["question"] == question)]
        found = found.set_index("method")
        shown = found["mean_rank"].map("{:.1f}".format)
        if question == BOTH:
            interval = zip(found["low"], found["high"], strict=True)
            shown += [f" ({low:.1f} to {high:.1f})" for low, high in interval]
        columns[f"{kind}, {question}"] = shown
    table = pd.DataFrame(columns)
    order = ranks.groupby("method")["mean_rank"].mean().sort_values(kind="stable")
    return table.loc[order.index].rename_axis("method").reset_index()


def tabulate_rivals(scores, rival=SUMMARIES):
    """Tabulate how clusters of the stimuli compare with those of graph summaries."""
    table = pivot_scores(scores, "clustering", "stimuli")
    difference = table.sub(table[rival], axis=0).round(3)
    found = pd.DataFrame(
        {
            "mean purity": table.mean().round(9),  # equal means may differ by rounding
            "behind in": (difference < 0).sum().map(f"{{}} of {len(table)}".format),
            "mean difference": difference.mean().round(9),
            "largest deficit": difference.clip(upper=0).min().abs(),
        }
    )
    found = found.sort_values("mean purity", ascending=False, kind="stable")
    return found.rename_axis("method").reset_index()


def tabulate_seeds(scores):
    """Tabulate scores over seeds of the training, all strategies together."""
    found = scores[scores["task"] == ALL]
    groups = found.groupby(["data", "method", "kind"], sort=False)
    seeds = groups["score"].agg(["mean", "min", "max", "count"])
    seeds = seeds[seeds["count"] > 1].reset_index()
    if seeds.empty:
        return seeds
    ranges = zip(seeds["mean"], seeds["min"], seeds["max"], strict=True)
    seeds["shown"] = [f"{mean:.3f} ({a:.3f} to {b:.3f})" for mean, a, b in ranges]
    table = seeds.pivot_table(
        "shown", ["data", "method"], "kind", "first", sort=False, fill_value=""
    )
    return table.reset_index()


def state_ranks(scores, ranks):
    """Say in words what is ahead and what is behind: a list in reStructuredText."""
    items = []
    for kind, question in product(KINDS, QUESTIONS):
        found = ranks[(ranks["kind"] == kind) & (ranks["question"] == question)]
        found = found[found["method"].isin(list(RANKED))].reset_index(drop=True)
        if found.empty:
            continue
        best, n = found.iloc[0], found["n_comparisons"].iloc[0]
        own = [_place(found, name) for name in OWN if name in set(found["method"])]
        table = pivot_scores(scores, kind, question)
        sentences = [
            f"**{kind.capitalize()} by {QUESTIONS[question]}**, {n} comparisons of "
            f"{len(found)} methods: the best mean rank is that of {best['method']}, "
            f"{best['mean_rank']:.1f}.",
            f"Forms of this package: {'; '.join(own)}.",
        ]
        if PROFILES in table:
            sentences.append(_state_deficits(table, found))
        items.append(fill(" ".join(sentences), 88, **LIST))
    return "\n\n".join(items)


def _place(found, name):
    """Say at which place a method is, and its mean rank."""
    row = found[found["method"] == name].iloc[0]
    place = 1 + (found["mean_rank"] < row["mean_rank"]).sum()
    return f"{name} at place {place}, mean rank {row['mean_rank']:.1f}"


def _state_deficits(table, found):
    """Say how often the profiles lead, and behind which methods they are most often."""
    own, others = table[PROFILES], table[found["method"]].drop(columns=PROFILES)
    best = others.max(axis=1)
    counts = [(own > best).sum(), (own == best).sum(), (own < best).sum()]
    behind = others.gt(own, axis=0).sum()
    text = (
        f"The profiles are ahead of all others in {counts[0]}, share the lead in "
        f"{counts[1]} and are behind in {counts[2]}"
    )
    if not counts[2]:
        return text + "."
    rival = behind.index[behind.argmax()]
    deficit = (others[rival] - own)[others[rival] > own]
    return (
        f"{text}, most often behind {rival}: in {behind.max()}, by "
        f"{deficit.mean():.3f} on average and by {deficit.max():.3f} at most."
    )
