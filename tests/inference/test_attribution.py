"""Which births, units and layers set groups of connectomes apart."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from sktopo import GraphPersistence
from sktopo import barcodes as bc
from sktopo.inference import attribute_distance

BY = ("unit", "layer", "edge", "rank")


def columns(table):
    return {name: np.asarray(table[name]) for name in list(table)}


def test_by_hand():
    # Births: a 0.6, 0.9 and 0.8, 0.9; b 0.3, 0.9. The first is that of edge 1--2 in
    # a, of edge 0--2 in b; the distance of 0.4 is all at rank 0, its middle at 0.5.
    graphs = [[0.9, 0.5, 0.6], [0.9, 0.5, 0.8], [0.9, 0.3, 0.2]]
    frame = attribute_distance(graphs, list("aab"), by="edge")
    assert list(frame.index) == [0, 1, 2]
    table = columns(frame)
    assert list(table["name"]) == ["x0--x2", "x1--x2", "x0--x1"]
    assert_allclose(table["share"], [0.5, 0.5, 0], atol=1e-12)
    assert_allclose(table["number_1"], [0, 1, 1])
    assert_allclose(table["number_2"], [1, 0, 1])
    assert_allclose(table["mean_1"], [np.nan, 0.7, 0.9])
    assert_allclose(table["mean_2"], [0.3, np.nan, 0.9])
    # What edge 1--2 adds: -0.4 (0.1, 0.3) / 0.16 in a, nothing in b.
    spread = np.std([0.25, 0.75], ddof=0) * np.sqrt(2)
    assert_allclose(table["effect_size"], [np.inf, 0.5 / spread, 0])
    by_rank = columns(attribute_distance(graphs, list("aab"), by="rank"))
    assert list(by_rank["name"]) == ["birth0", "birth1"]
    assert_allclose(by_rank["share"], [1, 0])
    by_unit = columns(attribute_distance(graphs, list("aab"), unit_names=list("pqr")))
    assert dict(zip(by_unit["name"], by_unit["share"].round(12), strict=True)) == {
        "r": 0.5,
        "p": 0.25,
        "q": 0.25,
    }


@settings(max_examples=30)
@given(st.integers(3, 8), st.integers(0, 2**32 - 1), st.integers(0, 1))
def test_shares_split_the_distance_of_the_barycenters(n_nodes, seed, dimension):
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, 9, (6, n_nodes * (n_nodes - 1) // 2)) / 8
    rows[:, 0] += rng.random(6)
    y = np.array([0, 1, 1, 0, 1, 1])
    parts = bc.split_barcodes(bc.barcode_rows(rows))[dimension]
    delta = parts[y == 1].mean(axis=0) - parts[y == 0].mean(axis=0)
    if np.sum(delta**2) < 1e-6:
        return
    names = [f"{'ab'[i % 2]}[{i}]" for i in range(n_nodes)]
    for by in BY:
        table = columns(
            attribute_distance(
                rows, y, by=by, unit_names=names, homology_dimension=dimension
            )
        )
        assert_allclose(table["share"].sum(), 1)
        assert (np.diff(table["share"]) <= 0).all()
        total = parts.shape[1] * (2 if by == "unit" else 1)
        assert_allclose(table["number_1"].sum(), total)
        assert_allclose(table["number_2"].sum(), total)
        weights = np.nan_to_num(table["mean_2"]) * table["number_2"]
        at_both = 2 if by == "unit" else 1
        assert_allclose(weights.sum() / at_both, parts[y == 1].sum(axis=1).mean())
    assert_allclose(  # by rank, the last table
        dict(zip(table["name"], table["share"], strict=True))[
            f"{('birth', 'death')[dimension]}0"
        ],
        delta[0] ** 2 / np.sum(delta**2),
        atol=1e-12,
    )


def test_three_groups_by_hand():
    # The only birth that varies is the larger one, of edge 01 or 02: its mean is 0.4
    # in a, 0.6 in b and 0.8 in c, so that a lies 0.2 below the middle and c above.
    graphs = [
        [0.3, 0.1, 0.1],
        [0.5, 0.1, 0.1],
        [0.6, 0.1, 0.1],
        [0.6, 0.1, 0.1],
        [0.05, 0.8, 0.1],
    ]
    y = list("aabbc")
    table = columns(attribute_distance(graphs, y, by="rank"))
    assert list(table) == [
        *("name", "share", "omega_squared"),
        *("number_1", "mean_1", "number_2", "mean_2", "number_3", "mean_3"),
    ]
    assert list(table["name"]) == ["birth1", "birth0"]
    assert_allclose(table["share"], [1, 0], atol=1e-12)
    means = [table[f"mean_{k}"][0] for k in (1, 2, 3)]
    assert_allclose(means, [0.4, 0.6, 0.8])
    # Sums of squares about the mean of all five, 0.56; two degrees of freedom each.
    between, within = 2 * 0.16**2 + 2 * 0.04**2 + 0.24**2, 2 * 0.1**2
    omega = (between - within) / (between + within + within / 2)
    assert_allclose(table["omega_squared"], [omega, 0])
    edges = columns(attribute_distance(graphs, y, by="edge"))
    shares = dict(zip(edges["name"], edges["share"], strict=True))
    assert_allclose(shares["x0--x1"], 0.5)  # what a contributes
    assert_allclose(shares["x0--x2"], 0.5)  # what c contributes
    assert_allclose(edges["number_3"][list(edges["name"]).index("x0--x1")], 0)


def contribute_by_definition(births, edges, y, n_edges):
    """Contributions of graphs to edges in the direction of each group, by loops."""
    groups = np.unique(y)
    centers = np.array([births[y == group].mean(axis=0) for group in groups])
    middle = centers.mean(axis=0)
    added = np.zeros((len(groups), len(y), n_edges))
    for g, center in enumerate(centers):
        for i, (row, own) in enumerate(zip(births, edges, strict=True)):
            for birth, edge, c, m in zip(row, own, center, middle, strict=True):
                added[g, i, edge] += (c - m) * (birth - m)
    pairs = [np.sum((a - b) ** 2) for a, b in combinations(centers, 2)]
    return added * len(groups) / sum(pairs)


@settings(max_examples=20)
@given(st.integers(2, 5), st.integers(0, 2**32 - 1), st.integers(0, 1))
def test_many_groups_by_definition(n_groups, seed, dimension):
    rng = np.random.default_rng(seed)
    rows = rng.random((3 * n_groups, 10))
    y = rng.permutation([*range(n_groups), *rng.integers(0, n_groups, 2 * n_groups)])
    parts = bc.split_barcodes(bc.barcode_rows(rows))[dimension]
    edges = bc.split_barcodes(bc.barcode_edges(rows))[dimension]
    added = contribute_by_definition(parts, edges, y, 10)
    groups = [y == group for group in np.unique(y)]
    share = sum(
        part[group].mean(axis=0) for part, group in zip(added, groups, strict=True)
    )
    table = columns(
        attribute_distance(rows, y, by="edge", homology_dimension=dimension)
    )
    first, second = np.triu_indices(5, 1)
    order = [
        list(zip(first, second, strict=True)).index(
            tuple(int(node[1:]) for node in name.split("--"))
        )
        for name in table["name"]
    ]
    assert_allclose(table["share"], share[order], atol=1e-12)
    assert_allclose(table["share"].sum(), 1)
    assert (np.diff(table["share"]) <= 0).all()
    if n_groups == 2:
        return
    added = added[:, :, order]  # other edges are births nowhere
    total = ((added - added.mean(axis=1, keepdims=True)) ** 2).sum(axis=(0, 1))
    within = sum(
        ((added[:, group] - added[:, group].mean(axis=1, keepdims=True)) ** 2).sum(
            axis=(0, 1)
        )
        for group in groups
    )
    noise = within / (len(y) - n_groups)
    omega = (total - within - (n_groups - 1) * noise) / (total + noise)
    assert_allclose(table["omega_squared"], omega, atol=1e-9)


def test_each_group_counts_once():
    """Graphs that are given twice change no share, however many groups there are."""
    rng = np.random.default_rng(0)
    rows, y = rng.random((6, 10)), np.array([0, 0, 1, 1, 2, 2])
    expected = columns(attribute_distance(rows, y))
    twice = [0, 1, 2, 3, 4, 5, 4, 5, 4, 5]
    found = columns(attribute_distance(rows[twice], y[twice]))
    assert list(found["name"]) == list(expected["name"])
    for name in ("share", "number_3", "mean_3"):
        assert_allclose(found[name], expected[name])


def test_two_groups_and_three_agree_where_the_third_is_in_the_middle():
    # Half of all pairs of barycenters have half the distance: the shares stay.
    rows = np.random.default_rng(0).random((6, 10))
    y = np.array([0, 0, 0, 2, 2, 2])
    weights = np.sort(rows, axis=1)[:, ::-1]  # the star of node 0 is the tree of all
    middle = (weights[y == 0] + weights[y == 2]) / 2
    all_rows = np.vstack([weights, middle])
    two = columns(attribute_distance(weights, y, by="rank"))
    three = columns(attribute_distance(all_rows, [*y, 1, 1, 1], by="rank"))
    assert list(three["name"]) == list(two["name"])
    assert_allclose(three["share"], two["share"])


def test_a_unit_torn_loose_is_found():
    rng = np.random.default_rng(0)
    first, second = np.triu_indices(15, 1)
    rows = rng.uniform(0.4, 0.9, (40, len(first)))
    y = np.repeat(["whole", "torn"], 20)  # in sorted order, torn comes first
    at_4 = (first == 4) | (second == 4)
    rows[np.ix_(y == "torn", at_4)] *= 0.2
    names = [f"{'in' if node < 10 else 'out'}[{node}]" for node in range(15)]
    units = columns(attribute_distance(rows, y, unit_names=names))
    assert units["name"][0] == "in[4]"
    assert units["share"][0] > 2 * units["share"][1]
    assert units["effect_size"].argmax() == 0
    assert_allclose(units["number_1"][0], 1)  # a leaf of the tree, joined last
    assert units["mean_1"][0] < 0.2 < 0.8 < units["mean_2"][0]
    ranks = columns(attribute_distance(rows, y, by="rank"))
    assert ranks["name"][0] == "birth0"
    assert ranks["share"][0] > 0.9


def test_a_pair_of_layers_drawn_together_is_found():
    rng = np.random.default_rng(1)
    first, second = np.triu_indices(16, 1)
    rows = rng.uniform(0.2, 0.4, (20, len(first)))
    y = np.repeat([0, 1], 10)
    between = (first < 8) & (second >= 8)
    # Other pairs of units in every network, but always across the two layers.
    rows[y == 1] += np.where(between & (rng.random((10, len(first))) < 0.3), 0.5, 0)
    names = [f"{'in' if node < 8 else 'out'}[{node}]" for node in range(16)]
    table = columns(attribute_distance(rows, y, by="layer", unit_names=names))
    assert table["name"][0] == "in--out"
    assert table["share"][0] > 0.6
    assert set(table["name"]) == {"in--out", "in--in", "out--out"}


@pytest.mark.parametrize("by", BY)
def test_names_and_nodes_may_be_reordered(make_rows, by):
    from scipy.spatial.distance import squareform

    rows, y = make_rows(8, 7), np.repeat([0, 1], 4)
    order = np.random.default_rng(0).permutation(7)
    names = np.array([f"{'ab'[i > 3]}[{i}]" for i in range(7)])
    moved = np.stack(
        [squareform(squareform(row)[np.ix_(order, order)]) for row in rows]
    )

    def shares(rows, names):
        table = columns(attribute_distance(rows, y, by=by, unit_names=names))
        sides = ["--".join(sorted(str(name).split("--"))) for name in table["name"]]
        return dict(zip(sides, table["share"], strict=True))

    found, expected = shares(moved, names[order]), shares(rows, names)
    assert found.keys() == expected.keys()
    for name, share in expected.items():
        assert_allclose(found[name], share, atol=1e-12)


def assert_same_tables(found, expected, unit=1.0, offset=0.0, rtol=1e-7):
    found, expected = columns(found), columns(expected)
    assert list(found["name"]) == list(expected["name"])
    for name in ("share", "effect_size", "number_1", "number_2"):
        assert_allclose(found[name], expected[name], rtol=rtol, atol=1e-9)
    for name in ("mean_1", "mean_2"):
        means = expected[name] * unit + offset
        assert_allclose(found[name], means, rtol=max(rtol, 1e-7))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(BY), st.integers(0, 1))
def test_units_offsets_and_precision_do_not_matter(seed, by, dimension):
    rng = np.random.default_rng(seed)
    # Different weights, so that each birth has one edge, and one far larger graph.
    rows = np.stack([rng.permutation(15) for _ in range(7)]) / 16
    rows[0] += 1024
    y = np.array([0, 1, 1, 0, 1, 1, 0])
    names = [f"{'ab'[i % 2]}[{i}]" for i in range(6)]
    options = {"by": by, "unit_names": names, "homology_dimension": dimension}
    expected = attribute_distance(rows, y, **options)
    assert_allclose(expected["share"].sum(), 1)
    for unit in (2.0**-1000, 2.0**-90, 2.0**1000):
        result = attribute_distance(rows * unit, y, **options)
        assert_same_tables(result, expected, unit)
    result = attribute_distance(rows + 2.0**20, y, **options)
    assert_same_tables(result, expected, offset=2.0**20)
    result = attribute_distance(np.float32(rows), y, **options)
    assert_same_tables(result, expected)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_graphs_one_step_apart_differ(dtype):
    low = dtype(0.75)
    rows = np.array([[low, 0.5, 0.25], [np.nextafter(low, dtype(1)), 0.5, 0.25]], dtype)
    table = columns(attribute_distance(rows, [0, 1], by="edge"))
    shares = dict(zip(table["name"], table["share"], strict=True))
    assert shares == {"x0--x1": 1, "x0--x2": 0}


def test_barycenters_that_differ_by_rounding_are_the_same():
    # 0.1 + 0.7 and 0.2 + 0.6 have the same mean, up to rounding.
    rows = [[0.1, 0.9, 0.05], [0.7, 0.9, 0.05], [0.2, 0.9, 0.05], [0.6, 0.9, 0.05]]
    with pytest.raises(ValueError, match="barycenters .* are the same"):
        attribute_distance(rows, [0, 0, 1, 1])


def test_births_and_deaths_are_not_connectomes(make_rows):
    connectomes, y = make_rows(4, 8), [0, 0, 1, 1]
    attribute_distance(connectomes, y)
    for rows in (
        bc.barcode_rows(connectomes),
        GraphPersistence().fit_transform(connectomes),
    ):
        with pytest.raises(
            ValueError, match="^connectomes look like births and deaths, .* returns.$"
        ):
            attribute_distance(rows, y)
    # Whole rows may ascend, because the largest weight is then not among the births.
    attribute_distance(np.sort(connectomes, axis=1), y)


def test_single_graphs_have_no_effect_size(make_rows):
    table = columns(attribute_distance(make_rows(2, 5), [0, 1]))
    assert np.isnan(table["effect_size"]).all()
    assert_allclose(table["share"].sum(), 1)
    table = columns(attribute_distance(make_rows(3, 5), [0, 1, 2]))
    assert np.isnan(table["omega_squared"]).all()
    assert_allclose(table["share"].sum(), 1)


def test_items_that_do_not_vary_have_no_effect():
    graphs = [[0.9, 0.1, 0.1], [0.9, 0.2, 0.1], [0.9, 0.3, 0.1]]
    table = columns(attribute_distance([*graphs, *graphs], [0, 1, 2] * 2, by="edge"))
    effect = dict(zip(table["name"], table["omega_squared"], strict=True))
    assert effect == {"x0--x2": 1, "x0--x1": 0}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"y": ["a"] * 4},
            "^y has the value a only; expected at least two .* groups of the graphs.$",
        ),
        ({"y": [0, 1, 1]}, "inconsistent numbers of samples"),
        ({"y": [0, 1, None, 0]}, "missing label, None, at sample 2"),
        ({"y": [0, 1, np.nan, 0]}, "missing label, nan, at sample 2"),
        ({"y": ["a", np.nan, "a", "a"]}, "missing label, nan, at sample 1"),
        ({"y": [0.5, 0.1, 0.5, 0.1]}, "Unknown label type"),
        ({"connectomes": [["a"]]}, "connectomes cannot be read as a 2-D array"),
        (
            {"connectomes": [[1, 2, np.nan, 3, 4, 5]] * 4},
            "connectomes contains NaN in row 0, column 2",
        ),
        (
            {"homology_dimension": True},
            "^homology_dimension=True must be 0, for births, .* deaths.$",
        ),
        ({"homology_dimension": [0]}, "must be 0, for births"),
        (
            {"by": "node"},
            "^by='node' is unknown; expected one of 'unit', 'layer', 'edge', 'rank'.$",
        ),
        (
            {"by": "layer"},
            "^by='layer' needs unit_names that .*, such as 'fc1.0.'; got .* so on.$",
        ),
        ({"homology_dimension": 2}, "must be 0, for births"),
        ({"unit_names": ["a"]}, r"shape \(1,\) for graphs of 4 nodes"),
        (
            {"connectomes": np.ones((4, 6))},
            "^The barycenters of the groups are the same.$",
        ),
        (
            {"connectomes": np.ones((4, 1)), "homology_dimension": 1},
            "^Graphs of two nodes have no deaths to compare.$",
        ),
    ],
)
def test_errors(make_rows, changed, message):
    arguments = {"connectomes": make_rows(4, 4), "y": [0, 1, 1, 0], **changed}
    with pytest.raises(ValueError, match=message):
        attribute_distance(**arguments)


def test_connectomes_must_be_an_array():
    with pytest.raises(TypeError, match="^connectomes is of type str; expected a 2-D"):
        attribute_distance("rows.npy", [0, 1])


@pytest.mark.usefixtures("without_pandas")
def test_without_pandas_the_error_names_the_extra(make_rows):
    with pytest.raises(ImportError, match=r"pip install 'sktopo\[tables\]'"):
        attribute_distance(make_rows(4, 4), [0, 1, 1, 0])
