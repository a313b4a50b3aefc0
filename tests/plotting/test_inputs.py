"""What displays draw: mean connectomes, and births and deaths."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.spatial.distance import squareform
from sklearn.cluster import KMeans
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

from sktopo import GraphPersistence
from sktopo import barcodes as bc
from sktopo.plotting import ConnectomeDisplay, SpanningTreeDisplay
from sktopo.plotting._inputs import (
    average,
    compute_births_and_deaths,
    read_connectomes,
    split_steps,
)

pytest.importorskip("matplotlib")


@pytest.mark.parametrize("display", [ConnectomeDisplay, SpanningTreeDisplay])
@pytest.mark.parametrize(
    ("given", "names", "message"),
    [
        (np.ones(5), None, "5 edges do not form an upper triangle"),
        (np.arange(18.0).reshape(2, 3, 3), None, "Sample 0 of connectomes is not sym"),
        (np.ones(3), ["a"], r"shape \(1,\) for graphs of 3 nodes"),
    ],
)
def test_what_is_not_a_connectome_is_refused(display, given, names, message):
    with pytest.raises(ValueError, match=message):
        display.from_connectomes(given, node_names=names)


def test_average_of_rows_and_matrices(make_rows):
    rows = make_rows(3, 4)
    for given in (rows, np.stack([squareform(row) for row in rows])):
        found, names = read_connectomes(given, None)
        assert_allclose(found, rows)
        assert_allclose(average(found), rows.mean(axis=0))
        assert list(names) == ["x0", "x1", "x2", "x3"]


def test_a_mean_of_large_float32_stays_in_its_range():
    rows = np.full((3, 2), 3e38, dtype=np.float32)
    assert average(rows).dtype == np.float32
    assert_allclose(average(rows), rows[0])


def test_steps_of_estimators_and_pipelines():
    first, last = GraphPersistence(), KMeans()
    assert split_steps(last) == (None, last)
    assert split_steps(make_pipeline(last)) == (None, last)
    head, found = split_steps(make_pipeline(first, last))
    assert head.steps == [("graphpersistence", first)]
    assert found is last


def test_what_is_not_kept_is_none(make_rows):
    rows = make_rows(3, 5)
    births, deaths = bc.birth_death_decomposition(rows)
    both = compute_births_and_deaths(GraphPersistence().fit(rows), rows)
    assert_allclose(both[0], births)
    assert_allclose(both[1], deaths)
    balanced = GraphPersistence(normalize="balanced", topology_weight=0.3).fit(rows)
    for found, expected in zip(
        compute_births_and_deaths(balanced, rows), both, strict=True
    ):
        assert_allclose(found, expected)
    only_deaths = GraphPersistence(homology_dimensions=(1,), topology_weight=0.3)
    found = compute_births_and_deaths(only_deaths.fit(rows), rows)
    assert found[0] is None
    assert_allclose(found[1], deaths)
    edges = GraphPersistence(topology_weight=0).fit(rows)
    assert compute_births_and_deaths(edges, rows) == (None, None)


def test_estimators_must_be_fitted():
    with pytest.raises(NotFittedError):
        compute_births_and_deaths(GraphPersistence(), [[0.5]])
