"""Studies of recordings."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sktopo import FunctionalConnectome
from sktopo.reporting._recordings import name_weights, study_recordings

RECORDINGS = np.random.default_rng(0).normal(size=(4, 20, 5))


def study(recordings, options, nodes=(None, None), **parameters):
    return study_recordings(
        recordings,
        None,
        options,
        samples=None,
        nodes=nodes,
        sample_groups=None,
        covariates=None,
        parameters=parameters,
    )


def test_connectomes_are_those_of_the_estimator(make_options):
    found = study(RECORDINGS, make_options(), (list("abcde"), [0, 0, 1, 1, 1]))
    expected = FunctionalConnectome().fit_transform(RECORDINGS)
    assert_allclose(found.connectomes, expected, rtol=1e-12)
    assert_array_equal(found.groups, ["0", "0", "1", "1", "1"])
    assert found.facts["Observations"] == "20 in each recording"
    assert found.are_matched


def test_a_run_goes_on_from_memory(make_options, tmp_path):
    first = study(RECORDINGS, make_options(memory=str(tmp_path)))
    assert list(tmp_path.rglob("*.npz"))
    second = study(RECORDINGS, make_options(memory=str(tmp_path)))
    assert_array_equal(first.connectomes, second.connectomes)


def test_nodes_that_all_recordings_lack_are_left_out(make_options):
    holed = RECORDINGS.copy()
    holed[:, 3, 1] = np.nan
    found = study(
        holed,
        make_options(),
        (list("abcde"), list("ppqqq")),
        missing="drop_nodes",
        constant_units="drop",
    )
    assert_array_equal(found.node_names, list("acde"))
    assert_array_equal(found.groups, list("pqqq"))
    assert found.facts["Nodes left out"] == "1 in each recording"


def test_recordings_that_lack_different_nodes(make_options):
    holed = RECORDINGS.copy()
    for sample in range(4):
        holed[sample, 3, sample] = np.nan
    options = {"missing": "drop_nodes", "constant_units": "drop"}
    found = study(holed, make_options(), (list("abcde"), list("ppqqq")), **options)
    assert not found.are_matched
    assert found.groups is None
    assert found.rows.shape[0] == 4
    holed[0, 3, 2] = np.nan  # one recording keeps fewer than the others
    found = study(holed, make_options(), (list("abcde"), list("ppqqq")), **options)
    assert found.connectomes is None
    assert found.columns["nodes left out"].tolist() == [2, 1, 1, 1]


def test_pairs_of_nodes_share_observations(make_options):
    holed = RECORDINGS.copy()
    holed[0, :5, 0] = np.nan
    found = study(holed, make_options(), missing="pairwise")
    text = found.facts["Least observations of a pair of nodes"]
    assert text == "15 to 20"


def test_one_table_is_not_a_list_of_recordings(make_options):
    with pytest.raises(ValueError, match=r"Give \[recordings\]"):
        study(RECORDINGS[0], make_options())


def test_weights_have_names():
    assert name_weights(FunctionalConnectome()) == "absolute Pearson correlation"
    signed = FunctionalConnectome("spearman", absolute=False, fisher=True)
    assert name_weights(signed) == "Spearman correlation, as Fisher's z"
    own = FunctionalConnectome(np.cov, absolute=False)
    assert name_weights(own) == "cov"
