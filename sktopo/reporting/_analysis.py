"""Tests, the table of differences and clusters of the samples of a study."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, silhouette_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sktopo._utils.geometry import squared_distances
from sktopo._utils.tables import make_table
from sktopo.barcodes import TopClusterer, count_nodes
from sktopo.baselines import baseline_clusterers
from sktopo.inference import (
    PermanovaResult,
    PermutationResult,
    difference_table,
    pairwise_permutation_test,
    permanova,
    permutation_test,
)
from sktopo.metrics import matched_accuracy_score, purity_score
from sktopo.reporting._study import measure_time, name_class, take_notes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sktopo._typing import Table

PROFILES = ("births", "deaths", "strengths", "spectrum", "local")
# The spectrum of larger graphs is not computed.
_MOST_NODES_OF_SPECTRUM = 5000
# Starts of each clusterer, of which the best is taken.
N_STARTS = 20
# The most clusters that are tried where there are no classes.
_MOST_CLUSTERS = 6
_CLUSTERERS = {
    "Top (normalised)": "births and deaths",
    "profiles": "profiles",
    "mean |r|": "control: mean weight",
    "moments": "control: mean and deviation of the weights",
    "block moments": "control: mean and deviation of each part",
    "sorted weights": "control: sorted weights",
}


@dataclass(eq=False)
class Findings:
    """What was computed; what could not be is None, and `reasons` say why."""

    permutation: PermutationResult | None = None
    permanova: PermanovaResult | None = None
    differences: Table | None = None
    pairs: Table | None = None
    clusters: Table | None = None
    labels: NDArray[Any] | None = None  # clusters, where there are no classes
    silhouettes: dict[int, float] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)


def analyse(study, options):
    """Compute what a report says of a study."""
    findings = Findings()
    steps = {
        "tests": _test,
        "differences": _tabulate_differences,
        "pairs": _test_pairs,
        "clusters": _cluster,
    }
    if study.design.labels is None:
        steps = {"clusters": _search_clusters}
    elif study.design.obstacle is not None:
        findings.reasons["tests"] = study.design.obstacle
        steps = {"clusters": _cluster}
    for name, step in steps.items():
        with measure_time(study.seconds, name), take_notes(study.notes):
            try:
                step(study, options, findings)
            except ValueError as error:  # such as: all samples are the same
                findings.reasons[name] = str(error).removesuffix(".")
    return findings


def _run(study, options, groups):
    """Return the options that tests share; `groups` is the name of that parameter."""
    return {
        groups: study.design.sample_groups,
        "covariates": study.design.covariates,
        "n_permutations": options.n_permutations,
        "n_jobs": options.n_jobs,
        "random_state": options.seed,
        "verbose": options.verbose,
    }


def _test(study, options, findings):
    """Test births and deaths together."""
    run = _run(study, options, "groups")
    data = study.rows, study.design.labels
    findings.permutation = permutation_test(*data, **run)
    findings.permanova = permanova(*data, **run)


def choose_profiles(study):
    """Choose the profiles that graphs of their size have."""
    n_nodes = count_nodes(study.connectomes.shape[1])
    is_large = n_nodes > _MOST_NODES_OF_SPECTRUM
    return [name for name in PROFILES if not (is_large and name == "spectrum")]


def _tabulate_differences(study, options, findings):
    """Compute the table of differences, of all profiles that are known."""
    design = study.design
    if study.connectomes is None and study.profiles is None:
        raise ValueError("only Wasserstein rows are known, not which profile is where")
    if design.n_folds is None:
        raise ValueError(
            f"a class has a single {study.noun}; the table needs two or more in each"
        )
    run = {"cv": design.n_folds, **_run(study, options, "sample_groups")}
    if study.connectomes is not None:
        found = difference_table(
            study.connectomes,
            design.labels,
            profiles=choose_profiles(study),
            groups=study.groups,
            **run,
        )
    else:
        rows, slices = study.profiles
        # A level that is the same in all samples explains nothing.
        varies = study.level is not None and np.ptp(study.level) > 0
        level = study.level if varies else None
        found = difference_table(rows, design.labels, slices=slices, level=level, **run)
    findings.differences = found


def _test_pairs(study, options, findings):
    """Test all pairs of classes."""
    if len(study.design.classes) < 3:
        return
    run = _run(study, options, "groups")
    pairs = pairwise_permutation_test(study.rows, study.design.labels, **run)
    for column in ("group_1", "group_2"):
        pairs[column] = [name_class(label) for label in pairs[column].tolist()]
    findings.pairs = pairs


def list_clusterers(study, n_clusters, seed):
    """List clusterers by what they see, each with the rows that it takes."""
    if study.connectomes is not None:
        known = baseline_clusterers(n_clusters, groups=study.groups, random_state=seed)
        return {
            label: (
                known[name].set_params(clusterer__n_init=N_STARTS),
                study.connectomes,
            )
            for name, label in _CLUSTERERS.items()
            if name in known
        }
    top = TopClusterer(n_clusters, n_init=N_STARTS, random_state=seed)
    found = {"births and deaths" if study.barcodes else "rows": (top, study.rows)}
    if study.level is not None:
        kmeans = KMeans(n_clusters, n_init=N_STARTS, random_state=seed)
        control = make_pipeline(StandardScaler(), kmeans)
        found["control: mean weight"] = control, study.level[:, np.newaxis]
    return found


def _cluster(study, options, findings):
    """Cluster without the labels, and compare the clusters with them."""
    labels, classes = study.design.labels, study.design.classes
    if not 1 < len(classes) < len(labels):
        raise ValueError("clusters are compared with two or more classes of samples")
    rows = []
    for name, (clusterer, X) in list_clusterers(
        study, len(classes), options.seed
    ).items():
        found = clusterer.fit_predict(X)
        rows.append(
            {
                "clusters by": name,
                "purity": purity_score(labels, found),
                "matched_accuracy": matched_accuracy_score(labels, found),
                "adjusted_rand": float(adjusted_rand_score(labels, found)),
            }
        )
    findings.clusters = make_table(rows)


def _search_clusters(study, options, findings):
    """Cluster into two groups or more, and choose their number by the silhouette."""
    if len(study.rows) < 3:
        raise ValueError(f"clusters need three {study.noun}s or more")
    squared, _ = squared_distances(study.rows, caller="Report")
    if not squared.any():
        raise ValueError(f"all {study.noun}s are the same")
    distances = np.sqrt(squared)  # a silhouette does not depend on their unit
    found = {}
    for n_clusters in range(2, min(_MOST_CLUSTERS, len(distances) - 1) + 1):
        top = TopClusterer(n_clusters, n_init=N_STARTS, random_state=options.seed)
        labels = top.fit_predict(study.rows)
        if len(np.unique(labels)) > 1:
            found[n_clusters] = labels
            score = silhouette_score(distances, labels, metric="precomputed")
            findings.silhouettes[n_clusters] = float(score)
    best = max(findings.silhouettes, key=findings.silhouettes.get)
    findings.labels = _sort_clusters(found[best])
    findings.clusters = make_table(
        [
            {"number of clusters": n, "silhouette": score}
            for n, score in findings.silhouettes.items()
        ]
    )


def _sort_clusters(labels):
    """Return clusters with numbers in the order of their first sample."""
    order = list(dict.fromkeys(labels.tolist()))
    return np.array([order.index(label) for label in labels.tolist()])
