"""Tests, tables and clusters of a study."""

import numpy as np
from numpy.testing import assert_array_equal

from sktopo.inference import difference_table, permanova
from sktopo.reporting._analysis import (
    _sort_clusters,
    analyse,
    choose_profiles,
    list_clusterers,
)
from sktopo.reporting._sources import study_rows


def test_findings_are_those_of_the_functions(make_graphs, make_study):
    X, y = make_graphs(3)
    groups = list("aaaabbbb")
    study, options = make_study(X, y, groups=groups)
    found = analyse(study, options)
    run = {"n_permutations": 99, "random_state": 0}
    table = difference_table(X, y, groups=groups, **run)
    assert found.differences.equals(table)
    assert found.permanova.pvalue == permanova(study.rows, y, **run).pvalue
    assert len(found.pairs) == 3
    assert found.reasons == {}


def test_clusters_are_compared_with_controls(make_graphs, make_study):
    X, y = make_graphs(2, shift=5)
    study, options = make_study(X, y, groups=list("aaaabbbb"))
    clusters = analyse(study, options).clusters
    assert list(clusters["clusters by"]) == [
        "births and deaths",
        "profiles",
        "control: mean weight",
        "control: mean and deviation of the weights",
        "control: mean and deviation of each part",
        "control: sorted weights",
    ]
    assert (clusters[["purity", "adjusted_rand"]] == 1).all(axis=None)


def test_two_classes_have_no_pairs(make_graphs, make_study):
    found = analyse(*make_study(*make_graphs()))
    assert found.pairs is None
    assert "pairs" not in found.reasons


def test_what_cannot_be_tested_has_a_reason(make_graphs, make_study):
    X, _ = make_graphs(1)
    alone = analyse(*make_study(X, list("abcdefgh")))
    assert "single connectome" in alone.reasons["tests"]
    assert alone.permanova is None
    assert "clusters" in alone.reasons
    same = analyse(*make_study(np.ones((6, 28)), [0, 0, 0, 1, 1, 1]))
    assert same.permanova is None
    assert "same" in same.reasons["tests"]
    one = analyse(*make_study(X, [0] * 7 + [1]))
    assert one.permanova is not None
    assert "a class has a single connectome" in one.reasons["differences"]


def test_rows_have_a_table_if_their_columns_are_known(make_options):
    rng = np.random.default_rng(0)
    rows, y = rng.random((12, 6)), [0] * 6 + [1] * 6
    given = {"samples": None, "sample_groups": None, "covariates": None}
    options = make_options()
    plain = analyse(study_rows(rows, y, slices=None, level=None, **given), options)
    assert plain.differences is None
    assert list(plain.clusters["clusters by"]) == ["rows"]
    slices, level = {"a": slice(0, 3), "b": slice(3, 6)}, rows.mean(axis=1)
    full = analyse(study_rows(rows, y, slices=slices, level=level, **given), options)
    assert list(full.differences["profile"]) == ["a", "b"]
    assert "adjusted_pvalue_given_level" in full.differences
    assert list(full.clusters["clusters by"]) == ["rows", "control: mean weight"]
    equal = study_rows(rows, y, slices=slices, level=np.ones(12), **given)
    assert "adjusted_pvalue_given_level" not in analyse(equal, options).differences


def test_without_classes_clusters_are_searched(make_graphs, make_study):
    X, y = make_graphs(3, shift=9)
    found = analyse(*make_study(X))
    assert_array_equal(found.labels, y)
    assert max(found.silhouettes, key=found.silhouettes.get) == 3
    assert found.permanova is None
    shifted = analyse(*make_study(X + 2.0**20))
    assert_array_equal(shifted.labels, y)
    for few in (X[:1], X[:2], X[:1].repeat(4, axis=0)):
        left = analyse(*make_study(few))
        assert left.labels is None
        assert "clusters" in left.reasons


def test_large_graphs_have_no_spectrum(make_graphs, make_study, monkeypatch):
    study, _ = make_study(*make_graphs())
    assert "spectrum" in choose_profiles(study)
    monkeypatch.setattr("sktopo.reporting._analysis._MOST_NODES_OF_SPECTRUM", 7)
    assert "spectrum" not in choose_profiles(study)


def test_all_clusterers_start_as_often(make_graphs, make_study):
    study, _ = make_study(*make_graphs())
    for clusterer, _ in list_clusterers(study, 2, 0).values():
        assert clusterer[-1].n_init == 20


def test_clusters_are_numbered_by_their_first_sample():
    assert_array_equal(_sort_clusters(np.array([2, 2, 0, 1, 0])), [0, 0, 1, 2, 1])
