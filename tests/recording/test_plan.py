"""Which nodes are kept, and how many stimuli are shown at once."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sktopo import ActivationExtractor
from sktopo.recording._plan import choose_nodes
from sktopo.recording._sites import RecordedSite

torch = pytest.importorskip("torch")
nn = torch.nn


@pytest.mark.parametrize("max_nodes", [2, 5, 8, 9])
def test_some_nodes_of_each_layer(stimuli, make_mlp, max_nodes):
    every = ActivationExtractor(stimuli=stimuli)
    full = every.fit_transform([make_mlp()])[0]
    some = ActivationExtractor(stimuli=stimuli, max_nodes=max_nodes)
    found = some.fit_transform([make_mlp(), make_mlp()])
    names = list(every.node_names_)
    places = [names.index(name) for name in some.node_names_]
    assert len(places) == min(max_nodes, 8)
    assert places == sorted(places)
    assert_array_equal(found[0], full[:, places])
    assert_array_equal(found[1], found[0])
    share = sum(name.startswith("1[") for name in some.node_names_)
    assert abs(share - len(places) * 5 / 8) < 1


def make_site(label, n_nodes):
    dtype = np.dtype(np.float32)
    return RecordedSite(label, "output", "", 0, label, -1, 1, (n_nodes,), dtype)


@pytest.mark.parametrize("sizes", [[7], [100, 10], [64, 128, 3, 55], [1, 1, 1]])
@pytest.mark.parametrize("max_nodes", [2, 20, 77])
def test_shares_of_the_layers(sizes, max_nodes):
    """As many as asked for, each layer's share right to less than one node."""
    sites = [make_site(str(k), size) for k, size in enumerate(sizes)]
    kept = choose_nodes(sites, max_nodes, 0)
    counts = np.array([site.n_nodes for site in kept])
    n_nodes = min(max_nodes, sum(sizes))
    assert counts.sum() == n_nodes
    assert (np.abs(counts - np.array(sizes) * n_nodes / sum(sizes)) < 1).all()
    for site in kept:
        assert len(set(site.node_names)) == site.n_nodes


def test_the_seed_chooses_the_nodes():
    sites = [make_site("a", 40), make_site("b", 50)]
    names = [choose_nodes(sites, 20, seed)[1].node_names for seed in (0, 0, 1)]
    assert names[0] == names[1] != names[2]


def test_random_state(stimuli, make_mlp):
    def name_nodes(random_state):
        extractor = ActivationExtractor(
            stimuli=stimuli, max_nodes=4, random_state=random_state
        )
        extractor.fit([make_mlp()])
        again = extractor.transform([make_mlp(), make_mlp()])
        assert_array_equal(again[0], extractor.transform([make_mlp()])[0])
        return list(extractor.node_names_)

    found = [name_nodes(seed) for seed in (0, 0, 1, 2, 3)]
    assert found[0] == found[1]
    assert len(set(map(tuple, found))) > 1


def test_batch_sizes_follow_the_largest_result(stimuli, plan, Net):
    assert plan(nn.Tanh(), stimuli).batch_size == 1024
    # 2**20 numbers of four bytes a stimulus, of which 32 take 2**27 bytes.
    wide = Net(lambda net, x: net.act(x[:, :1].repeat(1, 2**20)), act=nn.Tanh())
    assert plan(wide, stimuli, layers="act").batch_size == 32
    # What comes after the last layer is not computed.
    late = Net(lambda net, x: net.act(x)[:, :1].repeat(1, 2**20), act=nn.Tanh())
    assert plan(late, stimuli).batch_size == 1024


def test_observations_of_layers_without_positions(stimuli, make_mlp):
    """Each row of a table is one observation then."""
    extractor = ActivationExtractor(make_mlp(), reduce="observations")
    expected = ActivationExtractor(make_mlp()).fit_transform(stimuli)
    assert_array_equal(extractor.fit_transform(stimuli), expected)
