"""Tables, facts, captions and settings of a report."""

import numpy as np
import pandas
from numpy.testing import assert_allclose

from sktopo.reporting._analysis import analyse
from sktopo.reporting._content import (
    collect_facts,
    collect_settings,
    collect_tables,
    write_captions,
)
from sktopo.reporting._figures import draw_figures


def test_tables_say_what_there_is(make_graphs, make_study):
    X, y = make_graphs()
    study, options = make_study(X, y, sample_groups=list(range(8)) * 2)
    tables = collect_tables(study, analyse(study, options))
    assert list(tables) == ["samples", "classes", "tests", "differences", "clusters"]
    assert list(tables["samples"]) == [
        "connectome",
        "class",
        "sample group",
        "mean weight",
        "nodes",
    ]
    assert tables["classes"]["connectomes"].tolist() == [8, 8]
    assert_allclose(tables["classes"]["mean weight"], [X[:8].mean(), X[8:].mean()])
    deviations = [X[:8].mean(axis=1).std(ddof=1), X[8:].mean(axis=1).std(ddof=1)]
    assert_allclose(tables["classes"]["standard deviation"], deviations)
    study, options = make_study(X[:3], [0, 0, 1])
    classes = collect_tables(study, analyse(study, options))["classes"]
    assert np.isnan(classes["standard deviation"][1])
    study, options = make_study(X)
    tables = collect_tables(study, analyse(study, options))
    assert list(tables) == ["samples", "clusters"]
    assert "cluster" in tables["samples"]


def test_facts_say_what_was_compared(make_graphs, make_study):
    X, y = make_graphs()
    study, _ = make_study(
        X, y, covariates=np.arange(16.0) ** 2, groups=list("aaaabbbb")
    )
    facts = collect_facts(study)
    assert facts["Connectomes"] == "16"
    assert facts["Classes"] == "2, see the table"
    assert facts["Covariates"] == "1"
    assert facts["Groups of nodes"] == "2: a (4), b (4)"
    frame = pandas.DataFrame({"age": np.arange(16.0) ** 2, "motion": X[:, 0]})
    study, _ = make_study(X, y, covariates=frame)
    assert collect_facts(study)["Covariates"] == "age, motion"
    assert study.design.about_covariates == "age, motion"
    assert collect_facts(make_study(X)[0])["Classes"] == "none given"


def test_settings_repeat_the_report(make_graphs, make_study):
    study, options = make_study(*make_graphs())
    settings = collect_settings(study, options)
    assert settings["seed"] == "0"
    assert settings["relabellings"] == "up to 99"
    assert settings["GraphPersistence"] == "GraphPersistence()"
    assert "scikit-learn" in settings["packages"]


def test_captions_say_what_is_marked(make_graphs, make_study):
    X, y = make_graphs()
    for labels, word in ((y, "by class"), (None, "by cluster")):
        study, options = make_study(X, labels, are_matched=labels is None)
        findings = analyse(study, options)
        captions = write_captions(study, findings, draw_figures(study, findings))
        assert word in captions["embedding"]
        is_sorted = "sorted by their strength" in captions["connectomes"]
        assert is_sorted == (labels is not None)
    study, options = make_study(X[:2])
    findings = analyse(study, options)
    captions = write_captions(study, findings, draw_figures(study, findings))
    assert "marked" not in captions["embedding"]
