"""Sentences about what came out, made from the rows of the tables."""

import numpy as np

from benchmarks.studies._clusterings import EDGES, TOP, TOP_SUM
from benchmarks.studies._strategies import ALL

# What the tables show: sentences may not tell apart what these do not.
DIGITS = 3
LEVEL = 0.05
MARGIN = 0.05
_ORDINALS = (
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
)


def rank_methods(values, own, what, n_samples):
    """Say where a method stands among others by a score, higher being better.

    Parameters
    ----------
    values : dict of str to float
        The score of each method.

    own : str
        The method.

    what : str
        What the score is, such as ``"purity from single starts"``.

    n_samples : int
        Number of samples, of which scores are shares.

    Returns
    -------
    sentence : str
        Its rank, its score, those that share its rank, and those above it or, if
        there are none, the next and how many samples that one is behind.
    """
    values = {name: round(value, DIGITS) for name, value in values.items()}
    score = values.pop(own)
    order = sorted(values, key=values.get, reverse=True)
    higher = [name for name in order if values[name] > score]
    equal = [name for name in order if values[name] == score]
    below = [name for name in order if values[name] < score]
    shared = f", shared with {join(equal)}" if equal else ""
    place = f"{own} has the {_superlative(len(higher))} {what} of {len(values) + 1}"
    sentence = f"{place} methods, {write(score)}{shared}"
    if higher:
        return f"{sentence}; higher: {_list_scores(higher, values)}."
    if below:
        behind = (score - values[below[0]]) * n_samples
        return (
            f"{sentence}; next: {_list_scores(below[:1], values)}, {behind:.1f} of "
            f"{n_samples} connectomes behind."
        )
    return f"{sentence}."


def tell_purity(rows, task, n_starts):
    """Say where Top stands in one task, with restarts and without."""
    rows = [row for row in rows if row["task"] == task]
    sentences = []
    for what, pick in (
        (f"purity with the best of {n_starts} restarts", final_purity),
        ("mean purity from single starts", lambda row: row["purity_mean"]),
    ):
        values = {row["method"]: pick(row) for row in rows if pick(row) is not None}
        if TOP in values:
            sentences.append(rank_methods(values, TOP, what, rows[0]["n_connectomes"]))
    return sentences


def final_purity(row):
    """Take the purity with the best of restarts, or the mean where there is none."""
    best = row["best_purity_mean"]
    return row["purity_mean"] if best is None else best


def tell_wins(rows, n_starts):
    """Say in which tasks Top (normalised) is ahead, shares the lead, or is behind."""
    told = {"is ahead of all others": [], "shares the highest purity": []}
    behind = []
    tasks = list(dict.fromkeys(row["task"] for row in rows))
    for task in tasks:
        values = {
            row["method"]: round(final_purity(row), DIGITS)
            for row in rows
            if row["task"] == task and final_purity(row) is not None
        }
        own = values.pop(TOP)
        best = max(values.values(), default=-np.inf)
        if own < best:
            winner = max(values, key=values.get)
            behind.append(f"{task} ({write(own)}, {winner} {write(best)})")
        else:
            key = list(told)[own == best]
            told[key].append(f"{task} ({write(own)})")
    parts = [f"{what} in {join(t)}" for what, t in told.items() if t]
    if behind:
        parts.append(f"is behind in {join(behind)}")
    return f"With the best of {n_starts} restarts, {TOP} {'; it '.join(parts)}."


def tell_forms(rows, n_starts):
    """Compare the normalised form with the published sum and with edges, by task."""
    sentences = []
    for other, label in ((TOP_SUM, "the published sum"), (EDGES, "edge weights alone")):
        ahead, behind, same = [], [], []
        for name in dict.fromkeys(row["task"] for row in rows):
            found = {row["method"]: row for row in rows if row["task"] == name}
            own, peer = (round(final_purity(found[m]), DIGITS) for m in (TOP, other))
            told = f"{name} ({write(own)} against {write(peer)})"
            if abs(own - peer) * found[TOP]["n_connectomes"] < 1:
                same.append(told)
            else:
                (ahead if own > peer else behind).append(told)
        parts = [
            f"{what} in {join(tasks)}"
            for what, tasks in (
                ("ahead of it", ahead),
                ("behind it", behind),
                ("less than one connectome apart from it", same),
            )
            if tasks
        ]
        sentences.append(
            f"Against {label}, with the best of {n_starts} restarts, the normalised "
            f"form is {'; '.join(parts)}."
        )
    return sentences


def tell_weights(rows, n_starts):
    """Say at which λ purity is highest, in each form, with all strategies."""
    sentences = []
    rows = [row for row in rows if row["task"] == ALL]
    for form in dict.fromkeys(row["form"] for row in rows):
        values = {
            row["weight"]: round(row["best_purity_mean"], DIGITS)
            for row in rows
            if row["form"] == form
        }
        best = max(values.values())
        where = [f"{weight:g}" for weight, value in values.items() if value == best]
        ends = f"{write(values[0])} at λ = 0 and {write(values[1])} at λ = 1"
        sentences.append(
            f"In the {form} form, with the best of {n_starts} restarts, purity is "
            f"highest, {write(best)}, at λ = {join(where)}; it is {ends}."
        )
    return sentences


def tell_tests(tests, pairs):
    """Say whether strategies differ in topology, and which pairs do."""
    sentences = []
    for row in tests:
        if row["compared"] != "births and deaths":
            continue
        verdict = "differ" if row["pvalue"] <= LEVEL else "do not differ detectably"
        least = " (the least there can be)" if is_least(row) else ""
        explained = (
            f", ω² = {row['omega_squared']:.2f}"
            if row["omega_squared"] is not None
            else ""
        )
        sentences.append(
            f"By the {row['test']} test the barcodes of the strategies {verdict}: "
            f"statistic {row['statistic']:.2f}, p = {row['pvalue']:.2g}{least}"
            f"{explained}."
        )
    for test in dict.fromkeys(row["test"] for row in pairs):
        found = [row for row in pairs if row["test"] == test]
        same = [row for row in found if row["adjusted_pvalue"] > LEVEL]
        told = [
            f"{row['group_1']} and {row['group_2']} (p = {row['adjusted_pvalue']:.2g})"
            for row in same
        ]
        rest = f"; not {join(told)}" if same else ""
        sentences.append(
            f"By the {test} test {len(found) - len(same)} of {len(found)} pairs of "
            f"strategies differ at a false discovery rate of {LEVEL:g}{rest}."
        )
    return sentences


def is_least(row):
    """Tell whether a p-value of random relabellings is the least there can be."""
    return not row["exact"] and row["pvalue"] <= 1.001 / (row["n_relabellings"] + 1)


def tell_accuracies(accuracies):
    """Say which strategy classifies held-out images best and worst."""
    means = {
        name: round(float(np.mean(of["held-out"])), DIGITS)
        for name, of in accuracies.items()
    }
    low, high = min(means, key=means.get), max(means, key=means.get)
    if means[low] == means[high]:
        return f"All strategies classify {write(means[low])} of the held-out images."
    return (
        f"Of the held-out images, which are the stimuli, networks classify between "
        f"{write(means[low])} ({low}) and {write(means[high])} ({high}) correctly."
    )


def tell_seconds(rows):
    """Say how long Top and the fastest and slowest others take for one start."""
    values = {
        row["method"]: row["seconds_alone"]
        for row in rows
        if row["seconds_alone"] is not None
    }
    if TOP not in values or len(values) < 2:
        return []
    own = values.pop(TOP)
    quick, slow = min(values, key=values.get), max(values, key=values.get)
    return [
        f"From connectomes to clusters, one start of {TOP} takes {own:.2g} s of "
        "processor time; of the "
        f"others {quick} takes least, {values[quick]:.2g} s, and {slow} most, "
        f"{values[slow]:.2g} s."
    ]


def tell_errors(rows):
    """Say which methods failed, and why."""
    return [
        f"{row['method']} has no result in {row['task']}: {row['error']}"
        for row in rows
        if row["error"]
    ]


def tell_chance(rows):
    """Say which methods are hardly better than random clusters, and in which tasks."""
    near, chances = {}, {}
    for row in rows:
        chance = round(row["chance"], DIGITS)
        chances.setdefault(chance, {})[row["task"]] = None
        value = final_purity(row)
        if value is not None and round(value, DIGITS) <= chance + MARGIN:
            near.setdefault(row["method"], []).append(row["task"])
    n_tasks = len({row["task"] for row in rows})
    told = [
        f"{method} ({'all' if len(tasks) == n_tasks > 1 else join(tasks)})"
        for method, tasks in near.items()
    ]
    none = f"every method exceeds that by more than {MARGIN}"
    some = f"these do not exceed that by more than {MARGIN}: {join(told)}"
    known = [
        write(chance) + (f" in {join(tasks)}" if len(chances) > 1 else "")
        for chance, tasks in chances.items()
    ]
    return (
        f"Random clusters of equal size have a purity of {join(known)}; "
        f"{some if told else none}."
    )


def tell_networks(rows):
    """Say whether clusters of each form follow the class of stimuli or the network."""
    sentences = []
    for method in dict.fromkeys(row["method"] for row in rows):
        found = [
            row
            for row in rows
            if row["method"] == method and row["adjusted_rand_network"] is not None
        ]
        if not found:
            continue
        n_by_class = sum(
            row["adjusted_rand_class"] > row["adjusted_rand_network"] for row in found
        )
        told = [
            f"{row['strategy']} ({write(row['adjusted_rand_class'])} against "
            f"{write(row['adjusted_rand_network'])})"
            for row in found
        ]
        sentences.append(
            f"Clusters by {method} agree more with the class of the stimuli than with "
            f"the network that was shown them in {n_by_class} of {len(found)} "
            f"strategies (adjusted Rand index): {join(told)}."
        )
    return sentences


def tell_confusions(rows, method, n_pairs=3):
    """Say which two classes share a cluster most often, over all strategies."""
    totals, together = {}, {}
    clusters = {}
    for row in rows:
        if row["method"] == method:
            key = (row["strategy"], row["cluster"])
            clusters.setdefault(key, {})[row["class"]] = row["count"]
            both = (row["strategy"], row["class"])
            totals[both] = totals.get(both, 0) + row["count"]
    for counts in clusters.values():
        for first in counts:
            for second in counts:
                pair = (first, second)
                shared = counts[first] * (counts[second] - (first == second))
                together[pair] = together.get(pair, 0) + shared
    strategies = {strategy for strategy, _ in totals}
    shares = {}
    for (first, second), shared in together.items():
        possible = sum(
            totals[s, first] * (totals[s, second] - (first == second))
            for s in strategies
        )
        shares[first, second] = shared / possible if possible else 0.0
    own = [share for (first, second), share in shares.items() if first == second]
    apart = {pair: share for pair, share in shares.items() if pair[0] < pair[1]}
    order = sorted(apart, key=apart.get, reverse=True)[:n_pairs]
    told = [
        f"{first} and {second} ({apart[first, second]:.2f})" for first, second in order
    ]
    return (
        f"Two connectomes of the same class and strategy share a cluster of {method} "
        f"with a frequency of {np.mean(own):.2f}; of different classes most often "
        f"{join(told)}."
    )


def join(words):
    """Join words as English does."""
    words = list(words)
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def write(value):
    """Write a score as the tables do."""
    return f"{round(value, DIGITS) + 0.0:.{DIGITS}f}"  # no minus before zero


def _superlative(n_higher):
    if not n_higher:
        return "highest"
    if n_higher <= len(_ORDINALS):
        return f"{_ORDINALS[n_higher - 1]} highest"
    return f"{n_higher + 1}th highest"


def _list_scores(names, values):
    return join(f"{name} ({write(values[name])})" for name in names)
