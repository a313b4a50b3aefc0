"""What was found, in sentences that are true whatever was found."""

from __future__ import annotations

import numpy as np

# Larger p-values are not called a difference.
LEVEL = 0.05
# Parts of the graph that a sentence names.
_MOST_PARTS = 12
PROFILES = {
    "births": "births: the strongest links that hold the graph together",
    "deaths": "deaths: all other links, which close cycles",
    "strengths": "strengths: how strongly each node is linked to the others on average",
    "spectrum": "spectrum: how readily the graph falls into parts (eigenvalues of its "
    "Laplacian)",
    "local": "local: how the links of each node are distributed",
}
_GIVEN = "adjusted_pvalue_given_level"


def write_p(pvalue):
    """Write a p-value."""
    return f"{pvalue:.2g}"


def name_classes(study):
    """Name the classes that are compared: "a and b", or "the 3 classes"."""
    names = list(dict.fromkeys(sorted(study.design.names)))
    if len(names) == 2:
        return " and ".join(names)
    return f"the {len(names)} classes"


def find_smallest(result):
    """Return the smallest p-value that a test can give."""
    n_extra = 0 if result.exact else 1
    return 1 / (len(result.null_distribution) + n_extra)


def write_answer(study, findings):
    """Write the answer: a headline, and paragraphs that explain it."""
    headline, paragraphs = _answer(study, findings)
    # A number and its sign stay in one line.
    return headline, [text.replace(" %", "\N{NO-BREAK SPACE}%") for text in paragraphs]


def _answer(study, findings):
    """Choose what the answer consists of."""
    if study.design.labels is None:
        return _describe_clusters(study, findings)
    if findings.permanova is None:
        why = findings.reasons["tests"]
        return "Whether the classes differ could not be tested.", [
            f"The reason: {why}. So the report describes the {study.noun}s, and says "
            "nothing about chance."
        ]
    paragraphs = []
    if findings.differences is not None:
        paragraphs += _explain_table(study, findings.differences)
    else:
        why = findings.reasons["differences"]
        paragraphs.append(
            f"In which profile the classes differ is not known, because {why}."
        )
    paragraphs.append(_explain_tests(study, findings))
    if findings.pairs is not None:
        paragraphs.append(_explain_pairs(findings.pairs))
    elif "pairs" in findings.reasons:
        paragraphs.append(
            f"Pairs of classes could not be tested: {findings.reasons['pairs']}."
        )
    if findings.clusters is not None:
        paragraphs.append(_compare_clusters(study, findings.clusters))
    return _write_headline(study, findings), paragraphs


def _write_headline(study, findings):
    """Say in one sentence whether a difference was found."""
    names = name_classes(study)
    smallest = find_smallest(findings.permanova)
    if findings.differences is not None:
        found = (findings.differences["adjusted_pvalue"] <= LEVEL).any()
    else:
        found = findings.permanova.pvalue <= LEVEL
    if not found and smallest > LEVEL:
        return (
            "No difference could be found: with so few arrangements of the labels no "
            f"p-value can be below {write_p(smallest)}."
        )
    if not found:
        return f"No difference between {names} was found."
    if len(study.design.classes) > 2:
        return (
            f"{names.capitalize()} are not all alike: the difference is more than "
            "chance."
        )
    return f"{names} differ by more than chance."


def _explain_table(study, table):
    """Explain a table of differences: what, where, and beyond the mean weight."""
    is_found = table["adjusted_pvalue"] <= LEVEL
    n_rows = len(table)
    what = (
        "profile"
        if table["block"].nunique() == 1
        else "combination of profile and part"
    )
    if not is_found.any():
        paragraphs = [
            f"None of the {n_rows} tests, one for each {what} of the graph, "
            "found a difference: the smallest p-value, corrected for all "
            f"{n_rows}, is {write_p(table['adjusted_pvalue'].min())}. This does not "
            f"show that the classes are alike: with {len(study.names)} {study.noun}s "
            "small differences can be missed."
        ]
        return paragraphs + _explain_level(study, table, is_found)
    found = table[is_found]
    strongest = found.loc[found["omega_squared"].idxmax()]
    place = _name_place(strongest["block"])
    text = (
        f"A difference was found in {len(found)} of {n_rows} tests, one for each "
        f"{what} of the graph (p-values are corrected for all {n_rows}; those of at "
        f"most {LEVEL} count). It is largest in the {strongest['profile']} {place}: "
        f"classes explain {100 * strongest['omega_squared']:.0f} % of how much "
        f"{study.noun}s differ there (effect size ω²; corrected p = "
        f"{write_p(strongest['adjusted_pvalue'])}), and "
        f"{100 * strongest['accuracy']:.0f} % of {study.noun}s are put into the right "
        f"class by it alone, on average over classes "
        f"({100 / len(study.design.classes):.0f} % by chance)."
    )
    shares = strongest[["level", "scale", "shape"]].astype(float)
    if shares.notna().all():
        text += (
            f" Of this difference, {100 * shares['level']:.0f} % is one of the mean, "
            f"{100 * shares['scale']:.0f} % one of the spread and "
            f"{100 * shares['shape']:.0f} % one of the shape of the profile."
        )
    paragraphs = [text, *_say_where(table, is_found)]
    return paragraphs + _explain_level(study, table, is_found)


def _name_place(block):
    """Name a part of the graph in a sentence."""
    if block == "all":
        return "of the whole graph"
    first, _, second = str(block).partition("--")
    return f"between {first} and {second}" if second else f"within {first}"


def _say_where(table, is_found):
    """Say in which parts of the graph a difference was found, and in which not."""
    blocks = list(dict.fromkeys(table["block"]))
    if len(blocks) == 1:
        return []
    where = set(table["block"][is_found])
    sentences = []
    for start, listed in (
        ("Parts in which a difference was found", [b for b in blocks if b in where]),
        ("Parts in which none was found", [b for b in blocks if b not in where]),
    ):
        if listed:
            named = [_name_place(b).removeprefix("of ") for b in listed[:_MOST_PARTS]]
            if len(listed) > _MOST_PARTS:
                named.append(f"{len(listed) - _MOST_PARTS} more")
            sentences.append(f"{start}: {', '.join(named)}.")
    return [" ".join(sentences)]


def _explain_level(study, table, is_found):
    """Say whether a difference is more than the mean weight says."""
    if study.level is not None and not np.ptp(study.level):
        return [f"The mean weight is the same in all {study.noun}s."]
    if _GIVEN not in table:
        return [
            "Whether a difference is more than one of the mean weight was not tested, "
            "because the mean weight is not known from the rows."
        ]
    is_given = table[_GIVEN] <= LEVEL
    n_both, n_found = int((is_found & is_given).sum()), int(is_found.sum())
    n_other = int((~is_found & is_given).sum())
    if n_both:
        text = (
            f"More than the mean weight says: in {n_both} of the {n_found}, a "
            f"difference was also found when the mean weight of each {study.noun} was "
            "accounted for (by a linear model; p-values corrected likewise)."
        )
    elif n_found:
        text = (
            f"When the mean weight of each {study.noun} was accounted for (by a linear "
            "model), no difference was found in them any more: the mean weight may be "
            "all that differs."
        )
    else:
        text = (
            ""
            if n_other
            else (
                "Nor was a difference found when the mean weight of each "
                f"{study.noun} was accounted for."
            )
        )
    if n_other:
        text += (
            f" In {n_other} of the tests without a difference, one was found only when "
            "the mean weight was accounted for: compared at the same mean weight, "
            "classes differ there."
        )
    return [text.strip()]


def _explain_tests(study, findings):
    """Explain the tests of births and deaths together."""
    permanova, ratio = findings.permanova, findings.permutation
    what = "births and deaths of the whole graph" if study.barcodes else "rows"
    differ = [p.pvalue <= LEVEL for p in (permanova, ratio)]
    result = {
        (True, True): "a difference was found by both tests",
        (True, False): "a difference was found by the first test only",
        (False, True): "a difference was found by the second test only",
        (False, False): "no difference was found",
    }[tuple(differ)]
    scheme = {
        "samples": f"labels were exchanged among all {study.noun}s",
        "within groups": "labels were exchanged within sample groups only",
        "whole groups": "whole sample groups exchanged their labels, each of them "
        "counted once",
    }[permanova.scheme]
    share = 100 * max(0.0, permanova.omega_squared)
    n = len(permanova.null_distribution)
    how = f"all {n:,} distinct" if permanova.exact else f"{n:,} random"
    text = (
        f"Taking the {what} together, {result}: p = {write_p(permanova.pvalue)} for "
        "the position of the classes (PERMANOVA; classes explain "
        f"{share:.0f} % by ω²), p = {write_p(ratio.pvalue)} "
        "for the ratio of distances between classes to those within. These two "
        f"p-values are not corrected for each other. They come from {how} "
        f"arrangements of the labels; {scheme}."
    )
    if study.design.covariates is not None:
        text += f" All tests account for {study.design.about_covariates}."
    return text


def _explain_pairs(pairs):
    """Say which pairs of classes differ."""
    found = pairs[pairs["adjusted_pvalue"] <= LEVEL]
    text = (
        f"Of the {len(pairs)} pairs of classes, a difference was found in {len(found)}"
    )
    if len(found):
        listed = [
            f"{a} – {b}"
            for a, b in zip(found["group_1"], found["group_2"], strict=True)
        ]
        if len(listed) > _MOST_PARTS:
            listed = [*listed[:_MOST_PARTS], f"{len(listed) - _MOST_PARTS} more"]
        text += f" ({', '.join(listed)})"
    return (
        f"{text}, at a rate of false discoveries of {LEVEL} "
        f"(smallest corrected p = {write_p(pairs['adjusted_pvalue'].min())})."
    )


def _compare_clusters(study, clusters):
    """Compare clusters of topology with those of controls."""
    is_control = clusters["clusters by"].str.startswith("control")
    topology, controls = clusters[~is_control], clusters[is_control]
    best = topology.loc[topology["adjusted_rand"].idxmax()]
    text = (
        f"Sorted into {len(study.design.classes)} clusters without the labels, "
        f"{100 * best['purity']:.0f} % of {study.noun}s are in the majority class of "
        f"their cluster (by {best['clusters by']}; adjusted Rand index "
        f"{best['adjusted_rand']:.2f}, where 0 is chance and 1 is perfect)."
    )
    if not len(controls):
        return text
    control = controls.loc[controls["adjusted_rand"].idxmax()]
    name = control["clusters by"].removeprefix("control: ")
    rand = f"{control['adjusted_rand']:.2f}"
    if best["adjusted_rand"] > control["adjusted_rand"] + 0.005:
        return f"{text} That is more than the best control, {name}, gives: {rand}."
    return f"{text} That is not more than the best control, {name}, gives: {rand}."


def _describe_clusters(study, findings):
    """Write the answer where there are no classes."""
    why = (
        f"No classes of {study.noun}s were given, so there was nothing to test. "
        f"Give a class for each {study.noun} to learn whether classes differ by more "
        "than chance."
    )
    headline = f"{len(study.names)} {study.noun}s, described without classes."
    if findings.labels is None:
        reason = findings.reasons.get("clusters", "")
        return headline, [why, f"Clusters were not computed: {reason}."]
    sizes = np.bincount(findings.labels)
    score = max(findings.silhouettes.values())
    verdict = (
        "which is usually read as no clear structure"
        if score <= 0.25
        else "where values up to 0.25 are usually read as no clear structure"
    )
    text = (
        f"By births and deaths they are most clearly sorted into {len(sizes)} "
        f"clusters, of {', '.join(map(str, sizes))} {study.noun}s: the mean "
        f"silhouette is {score:.2f}, {verdict}, and 1 is perfect. Clusters are always "
        "found, so this is a description and not a test."
    )
    if study.barcodes is None:
        text = text.replace("births and deaths", "the distances between rows")
    return headline, [why, text]
