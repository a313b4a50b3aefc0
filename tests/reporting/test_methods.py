"""The methods paragraph says what was run, and cites it."""

import re
from pathlib import Path

import pytest

import sktopo
from sktopo.reporting._analysis import analyse
from sktopo.reporting._methods import _PAPERS, write_methods

CITING = Path(sktopo.__file__).parents[1] / "docs" / "citing.rst"


def write(study, options):
    return write_methods(study, analyse(study, options), options)


def test_what_was_run_is_stated_and_cited(make_graphs, make_study):
    X, y = make_graphs(3)
    text, bibtex = write(*make_study(X, y, groups=list("aaaabbbb")))
    assert "24 connectomes, matrices of edge weights, were given." in text
    assert "with 99 random relabellings of all connectomes" in text
    assert "p-values of the 20 comparisons" in text  # five profiles of four parts
    assert "5-fold cross-validation" in text
    assert "The 3 pairs of classes" in text
    assert f"sktopo {sktopo.__version__}" in text
    assert "[" not in text
    keys = re.findall(r"@\w+\{(\w+),", bibtex)
    assert len(keys) == len(set(keys)) == 8
    assert "songdechakraiwut2023wasserstein" not in keys  # all of one size
    assert f"version = {{{sktopo.__version__}}}" in bibtex


def test_what_was_not_run_is_not_stated(make_graphs, make_study):
    text, bibtex = write(*make_study(make_graphs(1)[0]))
    assert "PERMANOVA" not in text
    assert "anderson" not in bibtex
    assert "largest mean silhouette" in text
    text, _ = write(*make_study(make_graphs(1)[0], list("abcdefgh")))
    assert "PERMANOVA" not in text
    assert "k-means" not in text


def test_the_design_is_stated(make_graphs, make_study):
    X, y = make_graphs()
    persons = list(range(8)) * 2
    text, bibtex = write(
        *make_study(X, y, sample_groups=persons, covariates=y + X[:, 0])
    )
    assert "within sample groups, accounting for 1 covariate by shuffling" in text
    assert "freedman1983" in bibtex


@pytest.mark.skipif(not CITING.exists(), reason="no documentation here")
@pytest.mark.parametrize("key", ["functional", "clusters", "sizes"])
def test_entries_are_those_of_the_documentation(key):
    page = re.sub(r"\s+", " ", CITING.read_text("utf-8"))
    assert re.sub(r"\s+", " ", _PAPERS[key][2]) in page
