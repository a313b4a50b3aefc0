"""What a report holds beside the answer: tables, facts, captions and settings."""

from __future__ import annotations

import platform
from importlib import metadata

import numpy as np

import sktopo
from sktopo._utils.tables import make_table
from sktopo.reporting._figures import MOST_PANELS, name_groups
from sktopo.reporting._page import describe_table, encode_figure, list_profiles
from sktopo.reporting._study import name_class

_PACKAGES = ("numpy", "scipy", "scikit-learn", "pandas", "matplotlib")
# The figure that answers the question, if it was drawn.
_FIRST = ("differences", "embedding")
TITLES = {
    "differences": "Where classes differ",
    "embedding": "All samples in a plane",
    "barycenters": "Births and deaths",
    "connectomes": "Mean connectomes",
}
# Least width of figures in pixels: on small screens they are moved, not shrunk.
_MIN_WIDTHS = {"differences": 62, "embedding": 46, "barycenters": 52, "connectomes": 40}


def collect_tables(study, findings):
    """Collect the tables of a report by name."""
    tables = {"samples": _tabulate_samples(study, findings)}
    if study.design.labels is not None:
        tables["classes"] = _tabulate_classes(study)
    if findings.permanova is not None:
        tables["tests"] = _tabulate_tests(findings)
    for name in ("differences", "pairs", "clusters"):
        table = getattr(findings, name)
        if table is not None:
            tables[name] = table
    return tables


def _tabulate_samples(study, findings):
    """Tabulate the samples: names, classes and what is known of each."""
    columns = {study.noun: study.names}
    if study.design.labels is not None:
        columns["class"] = study.design.names
    if study.design.sample_groups is not None:
        columns["sample group"] = study.design.sample_groups
    if findings.labels is not None:
        columns["cluster"] = findings.labels
    if study.level is not None:
        columns["mean weight"] = study.level
    return make_table({**columns, **study.columns})


def _tabulate_classes(study):
    """Tabulate the classes: how many samples each has, and its mean weight."""
    rows = []
    for label in study.design.classes:
        members = study.design.labels == label
        row = {"class": name_class(label), f"{study.noun}s": int(members.sum())}
        if study.level is not None:
            row["mean weight"] = float(study.level[members].mean())
            one = members.sum() == 1  # which says nothing of how samples deviate
            deviation = np.nan if one else study.level[members].std(ddof=1)
            row["standard deviation"] = float(deviation)
        rows.append(row)
    return make_table(rows)


def _tabulate_tests(findings):
    """Tabulate the tests of births and deaths together."""
    results = {
        "PERMANOVA: position of the classes": findings.permanova,
        "ratio of distances between and within classes": findings.permutation,
    }
    return make_table(
        [
            {
                "test": name,
                "statistic": result.statistic,
                "p": result.pvalue,
                "effect size ω²": getattr(result, "omega_squared", np.nan),
                "relabellings": len(result.null_distribution),
            }
            for name, result in results.items()
        ]
    )


def collect_facts(study):
    """Collect what was compared."""
    facts = {f"{study.noun.capitalize()}s": f"{len(study.names):,}"}
    design = study.design
    facts["Classes"] = "none given"
    if design.labels is not None:
        facts["Classes"] = f"{len(design.classes)}, see the table"
    if design.sample_groups is not None:
        facts["Sample groups"] = f"{len(np.unique(design.sample_groups)):,}"
    if design.covariates is not None:
        names = design.covariate_names
        facts["Covariates"] = ", ".join(names) or f"{design.covariates.shape[1]}"
    return {**facts, **study.facts, "Distance": study.about_rows}


def collect_settings(study, options):
    """Collect parameters and versions."""
    versions = {name: metadata.version(name) for name in _PACKAGES}
    if "ActivationExtractor" in study.settings:
        versions["torch"] = metadata.version("torch")
    listed = ", ".join(f"{name} {version}" for name, version in versions.items())
    return {
        **study.settings,
        "relabellings": f"up to {options.n_permutations:,}",
        "seed": f"{options.seed}",
        "sktopo": sktopo.__version__,
        "packages": listed,
        "Python": platform.python_version(),
    }


def write_captions(study, findings, figures):
    """Write what each figure shows."""
    names = name_groups(study, findings)
    colors = "by class" if study.design.labels is not None else "by cluster"
    captions = {
        "differences": "Profiles of the graph (rows) in its parts (columns). The "
        "brighter, the larger the effect size. Each cell holds the corrected p-value; "
        "if it is at most 0.05, also the share of the difference that is one of the "
        "mean of the profile. A frame: the classes also differ if the mean weight of "
        "the graph is accounted for.",
        "embedding": f"Each point is a {study.noun}, marked {colors}. The nearer two "
        f"points, the more alike the {study.noun}s, as far as two dimensions show it.",
        "barycenters": "Births (left) and deaths (right) from the weakest to the "
        "strongest, averaged over each class; bands are one standard deviation.",
        "connectomes": "The mean weight of each pair of nodes"
        + _say_panels(study, findings)
        + (
            ""
            if study.are_matched
            else f". Nodes of different {study.noun}s do not correspond: in each, "
            "those of a group are sorted by their strength, the strongest first"
        )
        + ".",
    }
    if names is None:
        captions["embedding"] = captions["embedding"].replace(f", marked {colors}", "")
        captions["barycenters"] = captions["barycenters"].replace(
            " over each class", ""
        )
    elif study.design.labels is None:
        captions["barycenters"] = captions["barycenters"].replace("class", "cluster")
    return {name: captions[name] for name in figures}


def _say_panels(study, findings):
    """Say of which classes mean connectomes are drawn."""
    if name_groups(study, findings) is None:
        return ""
    if len(study.design.classes) > MOST_PANELS:
        return f", for the first {MOST_PANELS} classes"
    return ", for each class" if study.design.labels is not None else ""


def describe_report(report):
    """Collect what the template of a report needs."""
    figures = {
        name: {
            "source": encode_figure(figure),
            "caption": report.captions[name],
            "title": TITLES[name],
            "min_width": round(_MIN_WIDTHS[name] * figure.get_figwidth()),
        }
        for name, figure in report.figures.items()
    }
    order = ("classes", "differences", "tests", "pairs", "clusters", "samples")
    tables = dict.fromkeys(order)  # None, unless it was computed
    for name, table in report.tables.items():
        tables[name] = describe_table(name, table)
    differences = report.tables.get("differences")
    return {
        "report": report,
        "seconds": {name: f"{spent:.1f}" for name, spent in report.seconds.items()},
        "version": sktopo.__version__,
        "tables": tables,
        "figures": figures,
        "first": next((name for name in _FIRST if name in figures), None),
        "profiles": [] if differences is None else list_profiles(differences),
    }
