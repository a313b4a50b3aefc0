"""Studies of networks."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sktopo import ActivationExtractor, ConnectomePersistence, FunctionalConnectome
from sktopo.reporting import _networks

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

STIMULI = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)


def build(seed, width=6):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(3, width), nn.Tanh(), nn.Linear(width, 4), nn.Tanh())


NETWORKS = [build(seed) for seed in range(4)]


def study(networks, options, matrix="auto", nodes=(None, None), constant_units="zero"):
    return _networks.study_networks(
        networks,
        None,
        options,
        stimuli=STIMULI,
        extraction={"layers": None, "reduce": "mean", "device": None},
        constant_units=constant_units,
        matrix=matrix,
        samples=None,
        nodes=nodes,
        sample_groups=None,
        covariates=None,
    )


def test_connectomes_are_those_of_the_pipeline(make_options):
    found = study(NETWORKS, make_options())
    activations = ActivationExtractor(stimuli=STIMULI).fit_transform(NETWORKS)
    expected = FunctionalConnectome().fit_transform(activations)
    assert_allclose(found.connectomes, expected, atol=1e-6)
    assert_array_equal(found.groups, ["1"] * 6 + ["3"] * 4)
    assert not found.are_matched
    assert found.facts["Stimuli"] == "20"


def test_networks_may_be_built_one_at_a_time(make_options):
    lazy = [lambda seed=seed: build(seed) for seed in range(4)]
    found = study(lazy, make_options())
    assert_array_equal(found.connectomes, study(NETWORKS, make_options()).connectomes)
    found = study(lazy, make_options(), matrix=False)
    assert found.facts["Nodes"] == "10 in the first network"
    widths = [lambda width=width: build(0, width) for width in (6, 5)]
    found = study(widths, make_options())
    assert found.columns["nodes"].tolist() == [10, 9]
    assert "nodes left out" not in found.columns


def test_the_matrix_can_be_left_out(make_options):
    options = make_options()
    found, dense = study(NETWORKS, options, matrix=False), study(NETWORKS, options)
    activations = ActivationExtractor(stimuli=STIMULI).fit_transform(NETWORKS)
    expected = ConnectomePersistence().fit_transform(activations)
    assert_allclose(found.rows, expected, atol=1e-6)
    assert_allclose(found.level, dense.level, atol=1e-4)
    assert found.connectomes is None
    assert "as was asked for" in found.notes[-1]


def test_large_networks_go_without_the_matrix(make_options, monkeypatch):
    monkeypatch.setattr(_networks, "MOST_NODES", 9)
    found = study(NETWORKS, make_options())
    assert found.connectomes is None
    assert "because there are more than 9 units" in found.notes[-1]
    assert study(NETWORKS, make_options(), matrix=True).connectomes is not None


def test_networks_of_two_widths(make_options):
    networks = [build(0), build(1, width=5), build(2), build(3, width=5)]
    found = study(networks, make_options())
    assert found.columns["nodes"].tolist() == [10, 9, 10, 9]
    assert found.connectomes is None
    found = study(networks, make_options(), matrix=False)
    assert found.columns["nodes"].tolist() == [10, 9, 10, 9]
    with pytest.raises(ValueError, match="Leave out groups"):
        study(networks, make_options(), nodes=(None, list("aaaaabbbbb")))


def test_networks_are_in_a_list(make_options):
    with pytest.raises(TypeError, match="networks holds activations"):
        _networks.study_networks(
            [np.ones((4, 3)), np.ones((4, 3))],
            None,
            make_options(),
            stimuli=None,
            extraction={"layers": None, "reduce": "mean", "device": None},
            constant_units="zero",
            matrix="auto",
            samples=None,
            nodes=(None, None),
            sample_groups=None,
            covariates=None,
        )
    with pytest.raises(TypeError, match="networks is of type generator"):
        study((network for network in NETWORKS), make_options())
    with pytest.raises(ValueError, match="networks is empty"):
        study([], make_options())


def test_dead_units_can_be_left_out(make_options):
    dead = build(0)
    with torch.no_grad():
        dead[0].weight[2] = 0
    networks = [dead, build(1)]
    zero = study(networks, make_options())
    assert zero.columns["constant nodes"].tolist() == [1, 0]
    found = study(networks, make_options(), constant_units="drop")
    assert found.columns["nodes left out"].tolist() == [1, 0]
    assert found.connectomes is None
    with torch.no_grad():
        networks[1][0].weight[3] = 0
    found = study(networks, make_options(), constant_units="drop")
    assert found.node_names[0] == "x0"  # each keeps other units
    assert found.groups is None
