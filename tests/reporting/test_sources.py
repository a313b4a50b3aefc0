"""Studies of connectomes and of rows."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import squareform

from sktopo import GraphPersistence, GraphProfiles
from sktopo.barcodes import barcode_rows, split_barcodes
from sktopo.reporting._sources import add_graphs, read_level, study_rows
from sktopo.reporting._study import Study, read_design


def test_rows_and_matrices_are_the_same_study(make_graphs, make_study):
    X, y = make_graphs()
    study, _ = make_study(X, y)
    other, _ = make_study(np.array([squareform(row) for row in X]), y)
    assert_array_equal(study.connectomes, other.connectomes)
    assert_allclose(study.rows, GraphPersistence().fit_transform(X), rtol=1e-12)
    assert_array_equal(study.barcodes["births"], split_barcodes(barcode_rows(X))[0])
    assert_allclose(study.level, X.mean(axis=1))
    assert study.facts["Nodes"] == "8"


def test_names_come_from_data_frames(make_study):
    pandas = pytest.importorskip("pandas")
    columns = ["a--b", "a--c", "b--c"]
    X = pandas.DataFrame([[0.1, 0.2, 0.3], [0.3, 0.2, 0.1]], ["p", "q"], columns)
    study, _ = make_study(X)
    assert_array_equal(study.names, ["p", "q"])
    assert_array_equal(study.node_names, ["a", "b", "c"])
    X.columns = ["p[0]--p[1]", "p[0]--q[0]", "p[1]--q[0]"]
    assert_array_equal(make_study(X, groups="layer")[0].groups, ["p", "p", "q"])


def test_graphs_of_different_sizes_are_compared_as_a_whole(make_study):
    rng = np.random.default_rng(0)
    X = [rng.random(n_nodes * (n_nodes - 1) // 2) for n_nodes in (5, 6, 5, 6)]
    study, _ = make_study(X, [0, 0, 1, 1])
    assert study.connectomes is None
    assert study.rows.shape == (4, 400)
    assert study.facts["Nodes"] == "5 to 6"
    assert set(study.profiles[1]) == set(GraphProfiles().profiles)
    assert any("differ in their number of nodes" in note for note in study.notes)
    X[1][:5] = 0  # the edges of the first node
    study, _ = make_study(X, [0, 0, 1, 1])
    assert study.columns["constant nodes"].tolist() == [0, 1, 0, 0]
    with pytest.raises(ValueError, match="Leave out groups"):
        make_study(X, [0, 0, 1, 1], groups=["a"] * 5)


def test_nodes_without_weights_are_counted_by_class(make_graphs, make_study):
    X, y = make_graphs()
    matrices = np.array([squareform(row) for row in X])
    matrices[0, 2], matrices[0, :, 2] = 0, 0
    study, _ = make_study(matrices, y)
    assert study.columns["constant nodes"].tolist() == [1] + [0] * 15
    assert "(means: 0 0.125, 1 0)" in study.notes[-1]


def test_warnings_of_constant_nodes_become_one_note(make_graphs, make_options):
    X, y = make_graphs()
    matrices = np.array([squareform(row) for row in X])
    matrices[3:5, 2], matrices[3:5, :, 2] = 0, 0
    study = Study(read_design("recording", y, 16, None, None), y, None, "")
    raw = "Sample {} of X: 1 constant unit(s) in ...: their weights are set to 0. Pass"
    study.notes += ["other", raw.format(3), raw.format(4)]
    rows = np.array([squareform(matrix) for matrix in matrices])
    add_graphs(study, rows, (None, None), make_options())
    assert study.notes[0] == "other"
    assert study.notes[1].startswith("2 of 16 recordings have nodes that never vary")
    assert "(2 in all): their weights are 0." in study.notes[1]
    assert not any("Sample" in note for note in study.notes)


def test_births_and_deaths_are_not_taken_for_connectomes(make_graphs, make_study):
    with pytest.raises(ValueError, match="look like births and deaths"):
        make_study(barcode_rows(make_graphs(n_nodes=20)[0]))


def test_rows_keep_what_is_given():
    rows = np.arange(12.0).reshape(4, 3)
    given = {"samples": None, "sample_groups": None, "covariates": None}
    slices = {"births": slice(0, 2), "deaths": slice(2, 3)}
    study = study_rows(rows, None, slices=slices, level=[1, 2, 3, 4], **given)
    assert_array_equal(study.rows, rows)
    assert study.profiles[1] == slices
    assert_array_equal(study.level, [1.0, 2, 3, 4])
    with pytest.raises(ValueError, match="two columns or more"):
        study_rows(rows[:, :1], None, slices=None, level=None, **given)


def test_levels_are_numbers_of_rows():
    with pytest.raises(ValueError, match="level has shape"):
        read_level([1.0, 2.0], 3)
    with pytest.raises(ValueError, match="level"):
        read_level([1.0, np.nan], 2)
