"""Tests of the reading of activations for representations."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sktopo.representations._inputs import read_sample, read_samples


def test_stacks_and_lists_are_samples(networks):
    samples, given = read_samples(networks)
    assert_array_equal(samples, networks)
    assert len(given) == 4
    ragged = [networks[0], networks[1].tolist(), networks[2][:, :3]]
    samples, given = read_samples(ragged)
    assert [sample.shape[1] for sample in samples] == [7, 7, 3]
    assert given[1] is ragged[1]


def test_tables_are_not_samples():
    assert read_samples(np.ones((4, 3))) == (None, None)
    assert read_samples([[1.0, 2.0], [3.0, 4.0]]) == (None, None)


def test_float32_stays(networks):
    samples, _ = read_samples(list(networks.astype(np.float32)))
    assert {sample.dtype for sample in samples} == {np.dtype(np.float32)}


def test_samples_need_observations_and_nodes(networks):
    with pytest.raises(
        ValueError, match=r"^Sample 1 of X has 1 observation\(s\) of 7 unit\(s\)"
    ):
        read_samples([networks[0], networks[1][:1]])
    with pytest.raises(
        ValueError, match=r"^Sample 1 of X has 12 observation\(s\) of 0 unit\(s\)"
    ):
        read_samples([networks[0], networks[1][:, :0]])


def test_matrices_are_refused(networks):
    matrices = [np.corrcoef(network, rowvar=False) for network in networks]
    with pytest.raises(ValueError, match="X holds symmetric matrices"):
        read_samples(matrices)


def test_a_single_sample_may_have_one_node():
    assert read_sample([[1.0], [2.0]], "activations").shape == (2, 1)
    with pytest.raises(ValueError, match=r"^activations: all 1 unit\(s\) are constant"):
        read_sample([[1.0], [1.0]], "activations")
