"""The maximum spanning tree of one graph from that of a sample, against Kruskal's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from sktopo.barcodes import _sampled_tree, barcode_edges
from sktopo.barcodes._sampled_tree import find_dense_tree


def grow_forest(n_nodes, pairs):
    """Oracle: which pairs, in their order, join two trees of a forest."""
    trees, joins = [{node} for node in range(n_nodes)], []
    for first, second in pairs.tolist():
        joins.append(trees[first] is not trees[second])
        if joins[-1]:
            trees[first] |= trees[second]
            for node in trees[second]:
                trees[node] = trees[first]
    return joins


def check_tree(row, n_nodes):
    """Check that edges form a tree, and that it has the weights of Kruskal's."""
    edges = find_dense_tree(row, n_nodes)
    pairs = np.transpose(np.triu_indices(n_nodes, 1))
    assert len(edges) == n_nodes - 1
    assert all(grow_forest(n_nodes, pairs[edges]))
    strongest = np.argsort(-row)
    births = row[strongest][grow_forest(n_nodes, pairs[strongest])]
    assert_array_equal(np.sort(row[edges]), births[::-1])


def make_graph(kind, n_nodes, seed, dtype):
    """Make a row that a sample of the nodes says little about, or an awkward one."""
    rng = np.random.default_rng(seed)
    noise, nodes = rng.random((n_nodes, n_nodes)), np.arange(n_nodes)
    groups = rng.integers(0, 1 + n_nodes // 4, n_nodes)
    places = rng.permutation(np.cumsum(rng.random(n_nodes)))
    weights = {
        "ties": lambda: np.floor(4 * noise) - 2,
        "constant": lambda: np.zeros(noise.shape),
        "denormal": lambda: np.finfo(dtype).tiny * (noise - 0.5),
        "huge": lambda: np.finfo(dtype).max * (2 * noise - 1),
        "two clusters": lambda: noise + 9 * np.equal.outer(nodes % 2, nodes % 2),
        "many clusters": lambda: noise + 9 * np.equal.outer(groups, groups),
        "chain": lambda: -np.abs(np.subtract.outer(places, places)),
        "hub": lambda: noise + 9 * (nodes == n_nodes // 3),
        "weak nodes": lambda: noise * np.outer(places, places),
        "dead nodes": lambda: noise * np.outer(groups > 1, groups > 1),
    }[kind]()
    weights = np.triu(weights, 1) + np.triu(weights, 1).T
    return weights[np.triu_indices(n_nodes, 1)].astype(dtype)


KINDS = (
    "ties",
    "constant",
    "denormal",
    "huge",
    "two clusters",
    "many clusters",
    "chain",
    "hub",
    "weak nodes",
    "dead nodes",
)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_nodes", [2, 3, 17, 90])
def test_the_tree_is_a_maximum_spanning_tree(kind, dtype, n_nodes):
    check_tree(make_graph(kind, n_nodes, n_nodes, dtype), n_nodes)


@given(
    kind=st.sampled_from(KINDS),
    n_nodes=st.integers(2, 40),
    seed=st.integers(0, 2**32 - 1),
    sample=st.sampled_from([1.5, 2, 4]),
    block=st.sampled_from([1, 50, 2**17]),
    most=st.sampled_from([0, 1 / 16]),
)
def test_any_sample_and_block_give_a_tree(kind, n_nodes, seed, sample, block, most):
    row = make_graph(kind, n_nodes, seed, np.float64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_sampled_tree, "_SAMPLE", sample)
        patch.setattr(_sampled_tree, "_BLOCK", block)
        patch.setattr(_sampled_tree, "_MOST", most)
        check_tree(row, n_nodes)


def test_distinct_weights_have_one_tree(make_rows):
    row = make_rows(1, 300)[0]
    found = find_dense_tree(row, 300)
    assert_array_equal(np.sort(found), np.sort(barcode_edges(row[None])[0, :299]))


@pytest.fixture
def kept(monkeypatch):
    """Count the edges of each graph whose tree is computed."""
    keep, sizes = _sampled_tree._keep_tree, []

    def record(row, edges, *rest):
        sizes.append(sum(map(len, edges)))
        return keep(row, edges, *rest)

    monkeypatch.setattr(_sampled_tree, "_keep_tree", record)
    return sizes


@pytest.mark.parametrize("kind", KINDS)
def test_a_sample_leaves_few_edges(kind, kept):
    n_nodes = 900
    find_dense_tree(make_graph(kind, n_nodes, 0, np.float32), n_nodes)
    assert sum(kept) < 2 * n_nodes**2 / (_sampled_tree._SAMPLE * n_nodes**0.5)


@pytest.mark.parametrize("seed", [0, 1, 42, 123])
def test_a_seed_that_others_use_is_no_harm(seed, kept):
    n_nodes = 900
    dead = np.random.default_rng(seed).permutation(n_nodes)[: n_nodes // 2]
    weights = np.random.default_rng(9).random((n_nodes, n_nodes))
    weights[dead] = weights[:, dead] = 0
    find_dense_tree(weights[np.triu_indices(n_nodes, 1)], n_nodes)
    assert sum(kept) < 2 * n_nodes**2 / (_sampled_tree._SAMPLE * n_nodes**0.5)


def test_few_edges_are_kept_at_a_time(make_rows, kept, monkeypatch):
    monkeypatch.setattr(_sampled_tree, "_SAMPLE", 3 / 600**0.5)  # too few nodes
    monkeypatch.setattr(_sampled_tree, "_BLOCK", 2**12)
    row = make_rows(1, 600)[0]
    check_tree(row, 600)
    assert len(kept) > 2
    assert max(kept) < _sampled_tree._MOST * len(row) + 2**12
