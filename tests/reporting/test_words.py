"""Sentences are true for every outcome."""

import re

import numpy as np
import pytest

from sktopo.inference import PermanovaResult, PermutationResult
from sktopo.reporting._analysis import Findings, analyse
from sktopo.reporting._words import (
    _explain_level,
    _name_place,
    find_smallest,
    write_answer,
    write_p,
)

pandas = pytest.importorskip("pandas")


def make_table(pvalues, given=None, block=("all",)):
    """Make a table of differences of one profile in several parts."""
    n = len(pvalues)
    columns = {
        "profile": ["births"] * n,
        "block": list(block) * (n // len(block)),
        "omega_squared": np.linspace(0.1, 0.5, n),
        "adjusted_pvalue": pvalues,
        "accuracy": [0.75] * n,
        "level": [0.5] * n,
        "scale": [0.25] * n,
        "shape": [0.25] * n,
    }
    if given is not None:
        columns["adjusted_pvalue_given_level"] = given
    return pandas.DataFrame(columns)


def make_findings(pvalue=0.5, n_relabellings=99, exact=False, **other):
    null = np.ones(n_relabellings)
    ratio = PermutationResult(1.0, pvalue, null, exact, "samples")
    position = PermanovaResult(1.0, pvalue, null, exact, "samples", 0.1, 0.05)
    return Findings(permutation=ratio, permanova=position, **other)


def answer(study, findings):
    headline, paragraphs = write_answer(study, findings)
    text = " ".join([headline, *paragraphs])
    assert "nan" not in text
    assert text.lower().count("no difference") == len(
        re.findall("no difference (between .*? )?(was|could be) found", text.lower())
    )
    return headline, text.replace("\N{NO-BREAK SPACE}", " ")


@pytest.fixture(name="pair")
def pair_fixture(make_graphs, make_study):
    return make_study(*make_graphs())[0]


def test_a_difference_was_found(pair):
    table = make_table([0.01, 0.5], [0.02, 0.5], ("fc1", "fc1--fc2"))
    headline, text = answer(pair, make_findings(0.01, differences=table))
    assert headline == "0 and 1 differ by more than chance."
    assert "found in 1 of 2 tests" in text
    assert "in the births within fc1: classes explain 10 %" in text
    assert "75 % of connectomes are put into the right class" in text
    assert "50 % is one of the mean" in text
    assert "Parts in which a difference was found: within fc1." in text
    assert "Parts in which none was found: between fc1 and fc2." in text
    assert "More than the mean weight says: in 1 of the 1" in text
    assert "by both tests" in text


def test_no_difference_was_found(pair):
    table = make_table([0.2, 0.5], [0.9, 0.9])
    headline, text = answer(pair, make_findings(differences=table))
    assert headline == "No difference between 0 and 1 was found."
    assert "smallest p-value, corrected for all 2, is 0.2" in text
    assert "does not show that the classes are alike" in text
    assert "Nor was a difference found when the mean weight" in text


@pytest.mark.parametrize(
    ("pvalues", "given", "expected"),
    [
        ([0.01], [0.9], "the mean weight may be all that differs"),
        ([0.9], [0.01], "only when the mean weight was accounted for"),
        ([0.01], None, "was not tested"),
    ],
)
def test_the_mean_weight(pair, pvalues, given, expected):
    table = make_table(pvalues, given)
    found = _explain_level(pair, table, table["adjusted_pvalue"] <= 0.05)
    assert expected in found[0]


def test_an_equal_mean_weight(pair):
    pair.level = np.ones(len(pair.names))
    table = make_table([0.9], [0.9])
    assert _explain_level(pair, table, table["adjusted_pvalue"] <= 0.05) == [
        "The mean weight is the same in all connectomes."
    ]


def test_too_few_samples_to_find_anything(pair):
    found = make_findings(0.5, 10, True, reasons={"differences": "of a reason"})
    headline, text = answer(pair, found)
    assert headline.startswith("No difference could be found: with so few")
    assert "below 0.1." in headline
    assert "all 10 distinct arrangements" in text
    assert "is not known, because of a reason" in text


def test_many_classes(make_graphs, make_study):
    findings = {}
    for shift in (0, 3):
        study, options = make_study(*make_graphs(6, n_samples=5, shift=shift))
        findings[shift] = answer(study, analyse(study, options))
    assert findings[0][0] == "No difference between the 6 classes was found."
    assert "a difference was found in 0," in findings[0][1]
    assert findings[3][0].startswith("The 6 classes are not all alike")
    assert "Of the 15 pairs of classes" in findings[3][1]


@pytest.mark.parametrize(
    ("y", "expected"),
    [
        (None, "8 connectomes, described without classes."),
        ([1] * 8, "Whether the classes differ could not be tested."),
        (range(8), "Whether the classes differ could not be tested."),
    ],
)
def test_nothing_to_test(make_graphs, make_study, y, expected):
    study, options = make_study(make_graphs(1)[0], None if y is None else list(y))
    headline, text = answer(study, analyse(study, options))
    assert headline == expected
    assert "p =" not in text


def test_groups_of_samples_and_covariates(make_graphs, make_study):
    X, y = make_graphs()
    persons = list(range(8)) * 2
    study, options = make_study(
        X, y, sample_groups=persons, covariates=np.arange(16.0) ** 2
    )
    _, text = answer(study, analyse(study, options))
    assert "exchanged within sample groups only" in text
    assert "account for 1 covariate." in text
    study, options = make_study(X, y, sample_groups=np.arange(16) // 2)
    _, text = answer(study, analyse(study, options))
    assert "whole sample groups exchanged their labels" in text


def test_small_pieces():
    assert [write_p(p) for p in (0.0001, 0.05, 1.0)] == ["0.0001", "0.05", "1"]
    assert _name_place("all") == "of the whole graph"
    found = [find_smallest(make_findings(1, 99, e).permanova) for e in (True, False)]
    assert found == [1 / 99, 1 / 100]
