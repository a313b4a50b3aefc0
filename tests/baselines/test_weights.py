"""Summaries of the weights alone, against plain NumPy on the matrix of weights."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import pdist, squareform
from scipy.stats import wasserstein_distance
from sklearn.utils.estimator_checks import check_estimator

from sktopo import FunctionalConnectome
from sktopo.baselines import WeightSummaries

KINDS = ("mean", "moments", "blocks", "sorted")
GROUPS = ["in", "out", "in", "mid", "out", "in"]


def make(kind):
    return WeightSummaries(kind, groups=GROUPS if kind == "blocks" else None)


@pytest.fixture(name="graphs")
def graphs_fixture():
    """Rows of graphs on six nodes, some weights negative."""
    return np.random.default_rng(0).uniform(-1, 1, (4, 15))


def test_by_hand():
    graph = [[3.0, -1.0, 2.0]]  # edges 01, 02, 12
    assert_array_equal(WeightSummaries("mean").fit_transform(graph), [[2]])
    assert_allclose(WeightSummaries().fit_transform(graph), [[2, np.sqrt(2 / 3)]])
    assert_allclose(
        WeightSummaries("sorted").fit_transform(graph), [np.sqrt([1 / 3, 4 / 3, 3])]
    )
    blocks = WeightSummaries("blocks", groups=[0, 1, 1]).fit(graph)
    assert_array_equal(blocks.transform(graph), [[2, 0, 2, 1]])
    assert {name: list(block) for name, block in blocks.blocks_.items()} == {
        "1": [2],
        "0--1": [0, 1],
    }


def test_moments_of_blocks_are_those_of_submatrices(graphs):
    blocks = WeightSummaries("blocks", groups=GROUPS).fit(graphs)
    names = blocks.get_feature_names_out()
    assert list(names) == [
        f"{moment}[{block}]"
        for block in ("in", "out", "in--out", "in--mid", "out--mid")
        for moment in ("mean", "deviation")
    ]
    nodes = {name: [k for k in range(6) if GROUPS[k] == name] for name in GROUPS}
    for row, found in zip(graphs, blocks.transform(graphs), strict=True):
        matrix = np.abs(squareform(row))
        for block in blocks.blocks_:
            first, *second = block.split("--")
            part = matrix[np.ix_(nodes[first], nodes[(second or [first])[0]])]
            weights = part.ravel() if second else squareform(part)
            summary = dict(zip(names, found, strict=True))
            assert_allclose(summary[f"mean[{block}]"], weights.mean())
            assert_allclose(
                summary[f"deviation[{block}]"], weights.std(), rtol=1e-12, atol=1e-15
            )


def test_layers_are_read_from_names():
    pytest.importorskip("pandas")
    samples = np.random.default_rng(0).normal(size=(3, 9, 4))
    connectome = FunctionalConnectome().set_output(transform="pandas")
    frame = connectome.fit(samples).transform(samples)
    nodes = ["fc1[0]", "fc2[0]", "fc1[1]", "fc2[1]"]
    frame.columns = connectome.get_feature_names_out(nodes)
    found = WeightSummaries("blocks", groups="layer").fit(frame)
    given = WeightSummaries("blocks", groups=[1, 2, 1, 2]).fit(frame)
    assert list(found.blocks_) == ["fc1", "fc2", "fc1--fc2"]
    assert_array_equal(found.transform(frame), given.transform(frame))


def test_distances_of_sorted_weights_are_those_of_distributions(graphs):
    rows = WeightSummaries("sorted").fit_transform(graphs)
    weights = np.sort(np.abs(graphs))
    squares = ((weights[:, None] - weights) ** 2).mean(axis=2)
    assert_allclose(pdist(rows), np.sqrt(squareform(squares)))
    # The distance of order 1 is never larger.
    for pair, distance in zip(
        zip(*np.triu_indices(4, 1), strict=True), pdist(rows), strict=True
    ):
        assert wasserstein_distance(*weights[list(pair)]) <= distance


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1), st.sampled_from(KINDS), st.integers(-900, 900))
def test_units_signs_and_other_samples_do_not_matter(seed, kind, exponent):
    rng = np.random.default_rng(seed)
    graphs = rng.random((5, 15))
    expected = make(kind).fit_transform(graphs)
    changed = graphs * rng.choice([-1, 1], graphs.shape) * 2.0**exponent
    fitted = make(kind).fit(changed)
    assert_array_equal(fitted.transform(changed), expected * 2.0**exponent)
    assert_array_equal(fitted.transform(changed[2:3]), expected[2:3] * 2.0**exponent)


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1), st.sampled_from(KINDS))
def test_nodes_may_be_reordered_with_their_groups(seed, kind):
    rng = np.random.default_rng(seed)
    row, order = rng.random(15), rng.permutation(6)
    moved = squareform(squareform(row)[np.ix_(order, order)])
    groups = [GROUPS[k] for k in order] if kind == "blocks" else None
    other = WeightSummaries(kind, groups=groups).fit([moved])
    expected = make(kind).fit([row])
    values = dict(
        zip(
            map(canonical, other.get_feature_names_out()),
            other.transform([moved])[0],
            strict=True,
        )
    )
    for name, value in zip(
        expected.get_feature_names_out(), expected.transform([row])[0], strict=True
    ):
        assert_allclose(values[canonical(name)], value, rtol=1e-12, atol=1e-15)


def canonical(name):
    """Name a block by its groups in alphabetical order."""
    return tuple(sorted(name.replace("]", "").replace("[", "--").split("--")))


@pytest.mark.parametrize("kind", KINDS)
def test_a_common_offset_raises_means_alone(kind):
    graphs = np.random.default_rng(0).integers(0, 64, (4, 15)) / 64
    summaries = make(kind)
    expected = summaries.fit_transform(graphs)
    found = summaries.transform(graphs + 2.0**20)
    names = summaries.get_feature_names_out()
    rises = np.array([not name.startswith("deviation") for name in names])
    if kind == "sorted":
        rises = rises / np.sqrt(15)
    assert_allclose(found, expected + 2.0**20 * rises, rtol=1e-15, atol=1e-9)


def test_equal_weights_have_no_deviation():
    graphs = np.full((2, 10), 0.1)
    assert_array_equal(WeightSummaries().fit_transform(graphs), [[0.1, 0]] * 2)
    assert_array_equal(WeightSummaries().fit_transform(0 * graphs), [[0, 0]] * 2)


def test_many_rows_are_summarised_in_batches(monkeypatch, graphs):
    from sktopo.baselines import _weights

    expected = make("blocks").fit_transform(graphs)
    monkeypatch.setattr(_weights, "_NUMBERS", 31)  # two rows at a time
    assert_array_equal(make("blocks").fit_transform(graphs), expected)


@pytest.mark.parametrize("kind", KINDS)
def test_precision_and_names(kind, graphs):
    summaries = make(kind).fit(graphs)
    double, single = (
        summaries.transform(graphs.astype(dtype)) for dtype in ("f8", "f4")
    )
    assert (double.dtype, single.dtype) == (np.float64, np.float32)
    assert_allclose(single, double, rtol=1e-5, atol=1e-6)
    assert len(summaries.get_feature_names_out()) == double.shape[1]


def test_names():
    graphs = np.ones((1, 6))
    names = {
        kind: list(WeightSummaries(kind).fit(graphs).get_feature_names_out())
        for kind in ("mean", "moments", "sorted")
    }
    assert names == {
        "mean": ["mean"],
        "moments": ["mean", "deviation"],
        "sorted": [f"weight{k}" for k in range(6)],
    }


@pytest.mark.parametrize("kind", KINDS)
def test_absent_edges_do_not_count(kind):
    summaries = WeightSummaries(kind, groups=[0, 0, 0, 1])
    with pytest.warns(UserWarning, match="5 edges do not form an upper triangle"):
        found = summaries.fit_transform([[1.0, 2, 3, 4, 5]])[0]
    expected = {
        "mean": [3],
        "moments": [3, np.sqrt(2)],
        "sorted": np.arange(1, 6) / np.sqrt(5),
        # Edges 01, 02 and 12; edges 03 and 13.
        "blocks": [7 / 3, np.std([1, 2, 4]), 4, 1],
    }
    assert_allclose(found, expected[kind])


def test_a_block_of_absent_edges_is_left_out():
    summaries = WeightSummaries("blocks", groups=[0, 0, 1, 1])
    with pytest.warns(UserWarning, match="upper triangle"):
        summaries.fit([[1.0, 2, 3, 4, 5]])
    assert list(summaries.blocks_) == ["0", "0--1"]


@pytest.mark.filterwarnings("ignore:.*upper triangle")
@pytest.mark.parametrize("kind", ["mean", "sorted"])
def test_check_estimator_in_full(kind):
    results = check_estimator(WeightSummaries(kind), on_fail=None, on_skip=None)
    assert {r["check_name"] for r in results if r["status"] == "failed"} == set()
    assert sum(r["status"] == "passed" for r in results) > 40


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"kind": "median"}, "^kind='median' is unknown; expected one of 'mean', "),
        ({"kind": "blocks"}, "^kind='blocks' needs groups: the group of each node, or"),
        ({"kind": "blocks", "groups": [0, 1]}, "^groups has 2 labels for 4 nodes"),
        ({"kind": "blocks", "groups": "layer"}, "^groups='layer' needs names of edges"),
    ],
)
def test_errors(parameters, message):
    with pytest.raises(ValueError, match=message):
        WeightSummaries(**parameters).fit(np.ones((2, 6)))
